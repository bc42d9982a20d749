/** @jsxImportSource preact */
// The words behind what is chosen: an entity's links, a link, a step of a line.
import { useState } from 'preact/hooks';
import { cite, reading, type Format } from './citation';
import type { Evidence, Graph, Link } from './graph';
import { Linked, Problem, copied, useAsk, useLast } from './parts';
import { words } from './words';

const w = words.evidence;

export function Piece({ evidence }: { evidence: Evidence }) {
  const { source } = evidence;
  const url = reading(source, evidence.excerpt);
  const about = [source.publisher, source.publishedOn].filter(p => p).join(', ');
  return (
    <figure class="piece">
      <blockquote>
        {evidence.prefix && <span class="beside">{evidence.prefix} </span>}
        <mark>{evidence.excerpt}</mark>
        {evidence.suffix && <span class="beside"> {evidence.suffix}</span>}
      </blockquote>
      <figcaption>
        <p>
          <Linked to={`/s/${encodeURIComponent(source.id)}`}>{source.title}</Linked>
          {about && <span class="quiet"> {about}</span>}
        </p>
        <p class={evidence.verified === false ? 'warning' : 'quiet'}>
          <span aria-hidden="true">{evidence.verified ? '✓ ' : '◌ '}</span>
          {evidence.verified ? w.verified : evidence.verified === false ? w.unverified : w.unchecked}
          {evidence.stance === 'REFUTES' && <strong> {w.refutes}</strong>}
        </p>
        <p class="actions">
          {url && (
            <a href={url} target="_blank" rel="noreferrer">
              {w.read}
            </a>
          )}
          <Copy evidence={evidence} />
        </p>
      </figcaption>
    </figure>
  );
}

function Copy({ evidence }: { evidence: Evidence }) {
  const [said, say] = useState('');
  const copy = async (format: Format) => {
    say(await copied(cite(evidence, format), w.copied));
  };
  return (
    <span class="copy">
      {w.copy}{' '}
      {(Object.keys(w.formats) as Format[]).map(format => (
        <button key={format} type="button" class="plain" onClick={() => copy(format)}>
          {w.formats[format]}
        </button>
      ))}
      <span role="status" class="said">
        {said}
      </span>
    </span>
  );
}

export function Standing({ link }: { link: Link }) {
  return (
    <span class={`standing ${link.standing.toLowerCase()}`}>
      {w.standing[link.standing]}
      {link.standing !== 'REFUTED' && ` · ${w.sources(link.supportCount)}`}
    </span>
  );
}

type Words = Awaited<ReturnType<Graph['evidence']>>;

// Pieces are the words behind a link: three, or those that were read with it, and others when they are asked for.
export function Pieces({ graph, link, have }: { graph: Graph; link: Link; have?: Words }) {
  const [first, setFirst] = useState(have?.nodes.length ?? 3);
  const asked = useAsk(
    async signal => (have && have.nodes.length >= first ? have : graph.evidence(link.id, first, signal)),
    [graph, link.id, first],
  );
  const answer = useLast(asked.answer) ?? have;
  if (asked.problem) {
    return <Problem problem={asked.problem} again={asked.again} />;
  }
  if (!answer) {
    return <p class="quiet">{words.loading}</p>;
  }
  const rest = answer.totalCount - answer.nodes.length;
  return (
    <>
      {answer.nodes.length === 0 && <p class="quiet">{w.none}</p>}
      {answer.nodes.map(e => (
        <Piece key={e.id} evidence={e} />
      ))}
      {rest > 0 && (
        <button type="button" onClick={() => setFirst(first + 20)}>
          {w.more(Math.min(rest, 20))}
        </button>
      )}
    </>
  );
}

// LinkWords shows a link as a sentence, and what says so.
export function LinkWords({ graph, link }: { graph: Graph; link: Link }) {
  return (
    <article class="link-words">
      <h3>{link.sentence}</h3>
      <Standing link={link} />
      <Pieces key={link.id} graph={graph} link={link} />
    </article>
  );
}
