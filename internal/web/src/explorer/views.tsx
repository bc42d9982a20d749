/** @jsxImportSource preact */
// The views that addresses name: start, an entity, two that are connected, a source.
import type { ComponentChildren } from 'preact';
import { memo } from 'preact/compat';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ask, Refused } from './api';
import { Candidates } from './candidates';
import { noted } from './citation';
import { kindLabel, property, selection, spell, typeLabel } from './catalog';
import { Pieces, Standing } from './evidence';
import {
  everyStanding,
  linkBits,
  together,
  upTo,
  type Count,
  type Entity,
  type Evidence,
  type Found,
  type Graph,
  type Line,
  type Link,
  type Paged,
  type Source,
} from './graph';
import { Words } from './panel';
import { linesOf } from './out';
import { Badge, Linked, Options, Problem, SearchBox, entityPage, go, held, isSingle, useAsk, useLast } from './parts';
import { flipped } from './state';
import { spokenIn } from './spoken';
import { Statement, marked, namesOf, placesIn, undo, type Added, type Named, type Passage } from './statement';
import { Workbench, nothing, openingOf, type Opening } from './workbench';
import { words } from './words';

// useTitle names the tab after what it shows.
export function useTitle(title: string | undefined) {
  useEffect(() => {
    document.title = title ? `${title} · ${words.product}` : words.product;
  }, [title]);
}

export function open(found: Found) {
  go(found.type === 'SOURCE' ? `/s/${encodeURIComponent(found.id)}` : entityPage(found.id));
}

// --- start ----------------------------------------------------------------------------------------------------------------

interface Stats {
  stats: { entities: Count[]; links: Count[]; sources: number };
}

interface Central {
  centrality: { edges: { score: number; node: Entity }[] };
}

export function Start({ graph }: { graph: Graph }) {
  const w = words.start;
  useTitle(undefined);
  // each stands for itself: what fails leaves the others
  const stats = useAsk(
    signal =>
      ask<Stats>('query Stats { stats { entities { key count } links { key count } sources } }', {}, signal).then(
        a => a.stats,
      ),
    [graph],
  );
  const connected = useAsk(
    signal =>
      ask<Central>(
        'query Connected { centrality(by: DEGREE, first: 8) { edges { score node { id type name } } } }',
        {},
        signal,
      ).then(a => a.centrality.edges),
    [graph],
  );
  const latest = useAsk(signal => latestChanges(graph, signal), [graph]);
  const sample = document.documentElement.dataset.sample === 'true';
  const sum = (counts: Count[]) => counts.reduce((n, c) => n + c.count, 0);
  return (
    <div class="start">
      <h1>{words.product}</h1>
      <p class="claim">{words.claim}</p>
      <SearchBox graph={graph} label={words.search.label} sources main autofocus onChoose={open} />
      {sample && (
        <section class="card invite">
          <h2>{w.tryTitle}</h2>
          <p>{w.tryText}</p>
          <p>
            <Linked to="/path?from=mary-kaldor&to=protection-of-civilians">{w.tryLink}</Linked>
          </p>
        </section>
      )}
      <div class="columns">
        <Asked of={stats} title={w.title}>
          {({ entities, links, sources }) =>
            sum(entities) === 0 ? (
              <p>{w.empty}</p>
            ) : (
              <>
                <ul class="counts">
                  {entities
                    .filter(c => c.count > 0)
                    .map(c => (
                      <li key={c.key}>
                        <Badge graph={graph} type={c.key} /> {words.number(c.count)}
                      </li>
                    ))}
                </ul>
                <p>
                  {w.links(sum(links))}, {w.sources(sources)}
                </p>
              </>
            )
          }
        </Asked>
        <Asked of={connected} title={w.connected}>
          {edges =>
            edges.length > 0 && (
              <ol class="ranked">
                {edges.map(e => (
                  <li key={e.node.id}>
                    <Linked to={entityPage(e.node.id)}>{e.node.name}</Linked> <Badge graph={graph} type={e.node.type} />{' '}
                    <span class="quiet">{w.links(e.score)}</span>
                  </li>
                ))}
              </ol>
            )
          }
        </Asked>
        <Asked of={latest} title={w.latest}>
          {changed =>
            changed.length > 0 && (
              <ul>
                {changed.map(e => (
                  <li key={e.id}>
                    <Linked to={entityPage(e.id)}>{e.name}</Linked> <Badge graph={graph} type={e.type} />{' '}
                    <time class="quiet" dateTime={e.updatedAt}>
                      {e.updatedAt.slice(0, 10)}
                    </time>
                  </li>
                ))}
              </ul>
            )
          }
        </Asked>
      </div>
    </div>
  );
}

// Asked is a card with what was answered, or why it was not; nothing while it is waited for, or where there is nothing in it.
function Asked<T>({
  of: { answer, problem, again },
  title,
  children,
}: {
  of: { answer: T | null; problem: Error | null; again: () => void };
  title: string;
  children: (answer: T) => ComponentChildren;
}) {
  const content = problem ? <Problem problem={problem} again={again} /> : answer !== null && children(answer);
  return content ? (
    <section class="card">
      <h2>{title}</h2>
      {content}
    </section>
  ) : null;
}

type Changed = Entity & { updatedAt: string };

// latestChanges reads what was changed last, of every type.
async function latestChanges(graph: Graph, signal: AbortSignal): Promise<Changed[]> {
  const lists = [...graph.catalog.types.values()].filter(t => t.list);
  if (lists.length === 0) {
    return [];
  }
  const answer = await ask<Record<string, { nodes: Changed[] } | null>>(
    `query Latest { ${lists.map(t => `${t.list}(first: 6, orderBy: [{field: UPDATED_AT, direction: DESC}]) { nodes { id type name updatedAt } }`).join(' ')} }`,
    {},
    signal,
    true,
  );
  return Object.values(answer)
    .flatMap(l => l?.nodes ?? [])
    .sort((a, b) => (a.updatedAt < b.updatedAt ? 1 : a.updatedAt > b.updatedAt ? -1 : a.id < b.id ? -1 : 1))
    .slice(0, 6);
}

// --- an entity ------------------------------------------------------------------------------------------------------------

interface Whole extends Entity {
  aliases: string[];
  externalIds: { scheme: string; value: string; url: string | null }[];
  links: { totalCount: number; facets: { by: string; buckets: Count[] }[] };
  denied: { totalCount: number };
}

export function EntityView({ graph, id }: { graph: Graph; id: string }) {
  const w = words.entity;
  const { answer, problem, again } = useAsk(
    signal =>
      ask<{ node: (Whole & { __typename: string; from?: { id: string } }) | null }>(
        `query Entity($id: ID!) {
        node(id: $id) {
          __typename id ... on Link { from { id } } ... on Entity {
            type name description aliases linkCount externalIds { scheme value url }
            links(first: 0) { totalCount facets(by: [KIND]) { by buckets { key count } } }
            denied: links(first: 0, where: {standings: [REFUTED]}) { totalCount }
          }${selection(graph.catalog)}
        }
      }`,
        { id },
        signal,
      ),
    [graph, id],
  );
  const around = useAsk(signal => openingOf(graph, id, signal), [graph, id]);
  const node = answer?.node;
  useTitle(node?.name);
  // the id may be that of something else, which has a page of its own
  useEffect(() => {
    if (node?.__typename === 'Source') {
      go(`/s/${encodeURIComponent(node.id)}`, true);
    } else if (node?.from) {
      go(entityPage(node.from.id), true);
    }
  }, [node]);
  if (problem && !(problem instanceof Refused && problem.code === 'BAD_USER_INPUT')) {
    return <Problem problem={problem} again={again} />;
  }
  if (!answer && !problem) {
    return <p class="quiet">{words.loading}</p>;
  }
  if (!node?.type) {
    return (
      <div class="missing">
        <h1>{w.missing}</h1>
        <p>{w.missingHint}</p>
      </div>
    );
  }
  const facts = (graph.catalog.types.get(node.type)?.properties ?? [])
    .map(p => ({ ...p, value: property(graph.catalog, node, p.name) }))
    .filter(p => p.value !== '');
  return (
    <div class="entity">
      <section class="facts">
        <h1>{node.name}</h1>
        <p>
          <Badge graph={graph} type={node.type} /> <span class="quiet">{w.linked(node.linkCount)}</span>
        </p>
        {node.description && <p>{node.description}</p>}
        <dl>
          {node.aliases.length > 0 && (
            <div>
              <dt>{w.aliases}</dt>
              <dd>{node.aliases.join(', ')}</dd>
            </div>
          )}
          {facts.map(f => (
            <div key={f.name}>
              <dt title={f.description}>{f.label}</dt>
              <dd>{f.value}</dd>
            </div>
          ))}
          {node.externalIds.length > 0 && (
            <div>
              <dt>{w.external}</dt>
              <dd>
                {node.externalIds.map(e => (
                  <span key={e.scheme + e.value} class="register">
                    {e.scheme}{' '}
                    {e.url ? (
                      <a href={e.url} rel="noreferrer">
                        {e.value}
                      </a>
                    ) : (
                      e.value
                    )}
                  </span>
                ))}
              </dd>
            </div>
          )}
        </dl>
        <p>
          <Linked to={`/path?from=${encodeURIComponent(id)}`}>{w.connect}</Linked>
        </p>
        {node.links.totalCount === 0 && <p class="quiet">{w.noLinks}</p>}
        {node.links.facets[0]?.buckets.map(k => (
          <LinksOf key={k.key} graph={graph} id={id} kind={k.key} count={k.count} />
        ))}
        {node.denied.totalCount > 0 && <LinksOf graph={graph} id={id} kind={null} count={node.denied.totalCount} />}
        <Timeline graph={graph} id={id} />
      </section>
      <section class="around" aria-label={w.around}>
        {around.problem && <Problem problem={around.problem} again={around.again} />}
        {around.answer && <Workbench graph={graph} opening={around.answer} />}
      </section>
    </div>
  );
}

interface Edge {
  node: Entity;
  link: Link;
}

const longer = (first: number) => first + (first < 100 ? 30 : 100);

// LinksOf lists the links of one kind, or with null those of any that sources only deny, each as a sentence with its words: as the
// name of a kind does not say which of the two is which. Ten at first, and the others when they are asked for.
function LinksOf({ graph, id, kind, count }: { graph: Graph; id: string; kind: string | null; count: number }) {
  const w = words.entity;
  const [first, setFirst] = useState(10);
  const where = kind === null ? { standings: ['REFUTED'] } : { kinds: [kind] };
  const asked = useAsk(
    signal =>
      upTo(
        first,
        async (first, after) =>
          (
            await ask<{ node: { links: Paged<Edge> } | null }>(
              `query LinksOf($id: ID!, $where: LinkFilter!, $first: Int!, $after: String) {
        node(id: $id) { ... on Entity { links(first: $first, after: $after, where: $where) {
          pageInfo { hasNextPage endCursor }
          edges { node { id type name } link { ...LinkBits } }
        } } }
      } ${linkBits}`,
              { id, where, first, after },
              signal,
            )
          ).node?.links,
      ),
    [graph, id, kind, first],
  );
  const { problem, again } = asked;
  const answer = useLast(asked.answer);
  return (
    <section class="kind">
      <h2>
        {kind === null ? w.denied : kindLabel(graph.catalog, kind)} <span class="count">{words.number(count)}</span>
      </h2>
      {kind === null && <p class="quiet">{w.deniedHint}</p>}
      {problem && <Problem problem={problem} again={again} />}
      <ul class="sentences">
        {answer?.list.map(e => (
          <li key={e.link.id}>
            <Linked to={entityPage(e.node.id)}>{e.node.name}</Linked> <Badge graph={graph} type={e.node.type} />{' '}
            <span class="quiet">
              {[kind === null && kindLabel(graph.catalog, e.link.kind), e.link.role, held(e.link.since, e.link.until)]
                .filter(d => d)
                .join(', ')}
            </span>
            <Words graph={graph} link={e.link} />
          </li>
        ))}
      </ul>
      {answer?.more && (
        <button type="button" onClick={() => setFirst(longer(first))}>
          {w.more(Math.min(count, longer(first)) - first)}
        </button>
      )}
    </section>
  );
}

interface Happening {
  id: string;
  date: string;
  caption: string;
  subject: { __typename: string; id: string; from?: { id: string }; to?: { id: string } };
}

function Timeline({ graph, id }: { graph: Graph; id: string }) {
  const [first, setFirst] = useState(30);
  const asked = useAsk(
    signal =>
      upTo(
        first,
        async (first, after) =>
          (
            await ask<{ timeline: Paged<{ node: Happening }> | null }>(
              `query Timeline($id: ID!, $first: Int!, $after: String) { timeline(subjects: [{id: $id}], first: $first, after: $after) {
                pageInfo { hasNextPage endCursor }
                edges { node { id date caption subject { __typename ... on Node { id } ... on Link { from { id } to { id } } } } }
              } }`,
              { id, first, after },
              signal,
            )
          ).timeline,
      ),
    [graph, id, first],
  );
  const answer = useLast(asked.answer);
  const nodes = answer?.list.map(e => e.node) ?? [];
  if (nodes.length === 0 && !asked.problem) {
    return null;
  }
  return (
    <section>
      <h2>{words.entity.timeline}</h2>
      {asked.problem && <Problem problem={asked.problem} again={asked.again} />}
      <ol class="timeline">
        {nodes.map(n => {
          const other = n.subject.from && (n.subject.from.id === id ? n.subject.to?.id : n.subject.from.id);
          const to =
            n.subject.__typename === 'Source'
              ? `/s/${encodeURIComponent(n.subject.id)}`
              : entityPage(other ?? n.subject.id);
          return (
            <li key={n.id}>
              <time>{n.date}</time> <Linked to={to}>{n.caption}</Linked>
            </li>
          );
        })}
      </ol>
      {answer?.more && (
        <button type="button" onClick={() => setFirst(longer(first))}>
          {words.entity.later}
        </button>
      )}
    </section>
  );
}

// --- two that are connected -----------------------------------------------------------------------------------------------

// A condition of the search that lists entities.
function Several({
  graph,
  label,
  ids,
  onIds,
}: {
  graph: Graph;
  label: string;
  ids: string[];
  onIds: (ids: string[]) => void;
}) {
  useAsk(async signal => graph.read(ids, signal), [graph, ids.join(' ')]);
  return (
    <div class="several">
      <SearchBox graph={graph} label={label} onChoose={f => onIds([...new Set([...ids, f.id])])} />
      {ids.map(id => (
        <button
          key={id}
          type="button"
          class="plain"
          onClick={() => onIds(ids.filter(i => i !== id))}
          aria-label={`${words.path.remove}: ${graph.entities.get(id)?.name ?? id}`}
        >
          {graph.entities.get(id)?.name ?? id} ×
        </button>
      ))}
    </div>
  );
}

// params is the address with other conditions; those that mean nothing go.
function params(q: URLSearchParams, changes: Record<string, string | string[] | null>): string {
  q = new URLSearchParams(q);
  for (const [name, value] of Object.entries(changes)) {
    q.delete(name);
    for (const v of Array.isArray(value) ? value : value ? [value] : []) {
      q.append(name, v);
    }
  }
  return `/path?${q}`;
}

// conditionsOf reads the conditions of an address, and says which of them mean nothing.
function conditionsOf(graph: Graph, query: string): { q: URLSearchParams; strange: string[] } {
  const q = new URLSearchParams();
  const strange: string[] = [];
  const known = (name: string, value: string) => {
    switch (name) {
      case 'kind':
        return graph.catalog.kinds.size === 0 || graph.catalog.kinds.has(value);
      case 'rank':
        return value in words.path.ranks;
      case 'since':
      case 'until':
        return /^\d{4}(-\d\d){0,2}$/.test(value);
      default:
        return true;
    }
  };
  for (const [name, value] of new URLSearchParams(query)) {
    if (value && known(name, value)) {
      q.append(name, value);
    } else if (value) {
      strange.push(`${name}=${value}`);
    }
  }
  return { q, strange };
}

const conditional = ['via', 'avoid', 'kind', 'since', 'until', 'independent'];

// variablesOf are the variables of the question for lines.
function variablesOf(q: URLSearchParams): Record<string, unknown> {
  const [since, until] = [q.get('since'), q.get('until')];
  const where = {
    ...(q.getAll('kind').length > 0 && { kinds: q.getAll('kind') }),
    ...((since || until) && { during: { ...(since && { from: since }), ...(until && { to: until }) } }),
  };
  const list = (k: string) => (q.getAll(k).length > 0 ? q.getAll(k).map(id => ({ id })) : null);
  return {
    from: { id: q.get('from') },
    to: { id: q.get('to') },
    via: list('via'),
    avoid: list('avoid'),
    where: Object.keys(where).length > 0 ? where : null,
    independent: q.get('independent') === 'true',
    rank: q.get('rank') ?? 'SHORTEST',
  };
}

export function PathView({ graph, query }: { graph: Graph; query: string }) {
  const w = words.path;
  const { q, strange } = useMemo(() => conditionsOf(graph, query), [graph, query]);
  const [from, to] = [q.get('from') ?? '', q.get('to') ?? ''];
  const named = [from, to, ...q.getAll('via'), ...q.getAll('avoid')].filter(id => id);
  const ends = useAsk(signal => graph.read(named, signal), [graph, query]);
  const unknown = ends.answer ? named.filter(id => !graph.entities.has(id)) : [];
  const backwards = (q.get('since') ?? '') > (q.get('until') ?? '9999');
  const name = (id: string) => graph.entities.get(id)?.name;
  const found = useAsk(
    async signal => {
      if (!ends.answer || unknown.length > 0 || !from || !to || from === to || backwards) {
        return null;
      }
      return graph.paths(variablesOf(q), signal);
    },
    [graph, query, ends.answer],
  );
  const failed = ends.problem ? ends : found;
  const searching =
    from !== '' && to !== '' && from !== to && !backwards && unknown.length === 0 && !failed.problem && !found.answer;
  useTitle(name(from) && name(to) ? `${name(from)} – ${name(to)}` : w.title);
  const [at, setAt] = useState<{ line: number; step: number }>({ line: 0, step: 0 });
  const [hover, setHover] = useState<number | null>(null);
  // once open, they stay so under who changes them
  const [open, setOpen] = useState(false);
  const conditioned = [...conditional, 'rank'].some(k => q.has(k));
  useEffect(() => setOpen(o => o || conditioned), [conditioned]);
  useEffect(() => setAt({ line: 0, step: 0 }), [query]);
  const lines = found.answer
    ? found.answer.lines.length > 0
      ? found.answer.lines
      : found.answer.nearMiss
        ? [found.answer.nearMiss]
        : []
    : [];
  const near = found.answer?.lines.length === 0;
  const line = lines[at.line];
  const opening = useMemo(() => (lines.length > 0 ? spread(lines) : null), [found.answer]);
  const lit = useMemo(() => {
    const l = lines[hover ?? at.line];
    return l && lines.length > 1 ? new Set([...l.nodes.map(n => n.id), ...linksOfLine(l)]) : null;
  }, [found.answer, hover, at.line]);
  const keys = (event: KeyboardEvent) => {
    const by = ({ n: 1, b: -1 } as Record<string, number>)[event.key.toLowerCase()];
    if (by && line && isSingle(event)) {
      setAt(a => ({ ...a, step: Math.max(0, Math.min(line.steps.length - 1, a.step + by)) }));
    }
  };
  const box = (label: string, id: string, which: 'from' | 'to') => (
    <SearchBox
      graph={graph}
      label={label}
      value={
        id && ends.answer
          ? { id, type: graph.entities.get(id)?.type ?? '', name: name(id) ?? id, description: null }
          : null
      }
      onChoose={f => go(params(q, { [which]: f.id }))}
      autofocus={!id && (which === 'from' || from !== '')}
    />
  );
  const step = line?.steps[at.step];
  const hop = step && line && (
    <section class="hop" aria-label={w.chosen}>
      <h2>{words.evidence.step(at.step + 1, line.steps.length)}</h2>
      <p class="hop-sentence">
        {step.link.sentence} <Standing link={step.link} />
      </p>
      <Pieces key={step.link.id} graph={graph} link={step.link} have={step.link.evidence} />
      <p class="actions">
        <button type="button" disabled={at.step === 0} onClick={() => setAt({ ...at, step: at.step - 1 })}>
          {words.evidence.previous}
        </button>
        <button
          type="button"
          disabled={at.step === line.steps.length - 1}
          onClick={() => setAt({ ...at, step: at.step + 1 })}
        >
          {words.evidence.next}
        </button>
      </p>
    </section>
  );
  return (
    <div class="path">
      <h1>{w.title}</h1>
      <form class="ends" onSubmit={event => event.preventDefault()}>
        {box(w.from, from, 'from')}
        <button type="button" onClick={() => go(params(q, { from: to, to: from }))} aria-label={w.swap}>
          ⇄
        </button>
        {box(w.to, to, 'to')}
        <details open={open} onToggle={event => setOpen(event.currentTarget.open)}>
          <summary>{w.options}</summary>
          <div class="options">
            <Several graph={graph} label={w.via} ids={q.getAll('via')} onIds={via => go(params(q, { via }))} />
            <Several graph={graph} label={w.avoid} ids={q.getAll('avoid')} onIds={avoid => go(params(q, { avoid }))} />
            <label>
              {w.rank}{' '}
              <select
                value={q.get('rank') ?? 'SHORTEST'}
                onChange={event => go(params(q, { rank: event.currentTarget.value }))}
              >
                <Options of={Object.entries(w.ranks)} />
              </select>
            </label>
            <fieldset>
              <legend>{w.during}</legend>
              {(['since', 'until'] as const).map(k => (
                <label key={k}>
                  {w[k]}{' '}
                  <input
                    type="number"
                    class="year"
                    min={1}
                    max={9999}
                    value={q.get(k) ?? ''}
                    onChange={event => {
                      const { value, validity } = event.currentTarget;
                      go(params(q, { [k]: value && validity.valid ? value.padStart(4, '0') : null }));
                    }}
                  />
                </label>
              ))}
            </fieldset>
            <label>
              <input
                type="checkbox"
                checked={q.get('independent') === 'true'}
                onChange={event => go(params(q, { independent: event.currentTarget.checked ? 'true' : null }))}
              />{' '}
              {w.independent}
            </label>
            <fieldset class="kinds">
              <legend>{w.kinds}</legend>
              {[...graph.catalog.kinds.keys()].map(k => (
                <label key={k}>
                  <input
                    type="checkbox"
                    checked={q.getAll('kind').includes(k)}
                    onChange={() => go(params(q, { kind: flipped(q.getAll('kind'), k) }))}
                  />{' '}
                  {kindLabel(graph.catalog, k)}
                </label>
              ))}
            </fieldset>
          </div>
        </details>
      </form>
      {from !== '' && from === to && <p role="alert">{w.same}</p>}
      {backwards && <p role="alert">{w.backwards}</p>}
      {unknown.length > 0 && <p role="alert">{w.unknown(unknown.join(', '))}</p>}
      {strange.length > 0 && <p role="alert">{w.strange(strange.join(', '))}</p>}
      {failed.problem && <PathProblem problem={failed.problem} again={failed.again} />}
      <div role="status">
        {searching && <p class="quiet">{w.searching}</p>}
        {found.answer && found.answer.lines.length > 0 && <p class="quiet">{w.lines(found.answer.lines.length)}</p>}
        {found.answer?.lines.length === 0 && (
          <>
            <p>
              <strong>{w.none}</strong>{' '}
              {conditional.some(k => q.has(k))
                ? w.unfulfilled
                : (w.outcome[found.answer.outcome] ?? spell(found.answer.outcome))}
            </p>
            {found.answer.nearMiss && <p>{conditional.some(k => q.has(k)) ? w.nearMiss : w.longer}</p>}
          </>
        )}
      </div>
      {opening && (
        <div class="found" onKeyDown={keys}>
          <ol class={near ? 'told near' : 'told'} onMouseLeave={() => setHover(null)}>
            {lines.map((l, i) => (
              <li key={i} class={i === at.line ? 'current' : ''} onMouseEnter={() => setHover(i)}>
                <h2>{w.line(i + 1, l.length)}</h2>
                <ol class="steps">
                  {l.steps.map((s, j) => (
                    <li key={j}>
                      <button
                        type="button"
                        class="plain step"
                        aria-pressed={i === at.line && j === at.step}
                        onClick={() => setAt({ line: i, step: j })}
                      >
                        {s.link.sentence}{' '}
                        <sup>[{lines.slice(0, i).reduce((n, before) => n + before.length, j + 1)}]</sup>
                      </button>
                      {s.link.evidence.nodes.slice(0, 1).map(e => (
                        <p key={e.id} class="paper">
                          {noted(e)}
                        </p>
                      ))}
                    </li>
                  ))}
                </ol>
              </li>
            ))}
          </ol>
          <Workbench
            graph={graph}
            opening={opening}
            near={near}
            lit={lit}
            step={step?.link.id ?? null}
            query={linesOf(graph, variablesOf(q))}
            lead={hop}
          />
        </div>
      )}
    </div>
  );
}

function PathProblem({ problem, again }: { problem: Error; again: () => void }) {
  const suggestions = problem instanceof Refused ? (problem.problems[0]?.extensions?.suggestions ?? []) : [];
  return (
    <>
      <Problem problem={problem} again={again} />
      {suggestions.length > 0 && (
        <ul>
          {suggestions.map(s => (
            <li key={s.id}>
              <Linked to={entityPage(s.id)}>{s.name}</Linked>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

// linksOfLine lists the ids of the links that make a line, by step.
const linksOfLine = (l: Line) => l.steps.flatMap(s => [s.link.id, ...s.alternatives.map(a => a.id)]);

// spread places lines from left to right, so that they are read as they are told.
function spread(lines: Line[]): Opening {
  const at: Record<string, [number, number]> = {};
  const ids: string[] = [];
  const only = lines.flatMap(linksOfLine);
  const width = Math.max(...lines.map(l => l.length)) * 150;
  lines.forEach((line, row) => {
    // the first line is straight; the others lie by turns above and below it
    const y = (row % 2 ? -1 : 1) * Math.ceil(row / 2) * 100;
    line.nodes.forEach((n, i) => {
      if (!at[n.id]) {
        at[n.id] = [Math.round((width * i) / line.length), y];
        ids.push(n.id);
      }
    });
  });
  return { ids, at, only };
}

// --- a source: the reading room -------------------------------------------------------------------------------------------

type Marked = Omit<Evidence, 'source'> & { start: number | null; end: number | null; source: { id: string } };

interface Read extends Source {
  text: string | null;
  contentHash: string | null;
  links: Paged<Quoted> & { totalCount: number };
}

interface Quoted {
  link: Link & { evidence: Paged<{ node: Marked }> };
}

const markedBits =
  'edges { node { id excerpt prefix suffix stance verified start end source { id } } } pageInfo { hasNextPage endCursor }';

const readQuery = `query Source($id: ID!, $first: Int!, $after: String) {
  source(ref: {id: $id}) {
    id title url kind publisher authors publishedOn text contentHash
    links(first: $first, after: $after, where: {standings: [${everyStanding.join(', ')}]}) {
      totalCount pageInfo { hasNextPage endCursor }
      edges { link {
        id kind from { id name type description linkCount } to { id name type description linkCount } role since until sentence standing supportCount
        evidence(first: 5) { ${markedBits} }
      } }
    }
  }
}`;

const restQuery = `query Rest($id: ID!, $first: Int!, $after: String) { link(id: $id) { evidence(first: $first, after: $after) { ${markedBits} } } }`;

// linksAtOnce is how many links of a source are read before somebody asks for more.
const linksAtOnce = 1000;

// readSource reads a source with what is quoted from it for the first so many links.
async function readSource(id: string, first: number, signal: AbortSignal): Promise<Read | null> {
  let source: Read | null = null;
  const { list } = await upTo(
    first,
    async (first, after) => {
      ({ source } = await ask<{ source: Read | null }>(readQuery, { id, first, after }, signal));
      return source?.links;
    },
    50,
  );
  await together(
    list.filter(({ link }) => link.evidence.pageInfo.hasNextPage),
    async ({ link }) => {
      const begun = link.evidence;
      const { list: rest } = await upTo(Infinity, async (first, after) => {
        const variables = { id: link.id, first, after: after ?? begun.pageInfo.endCursor };
        return (await ask<{ link: Quoted['link'] | null }>(restQuery, variables, signal)).link?.evidence;
      });
      begun.edges.push(...rest);
    },
  );
  return source && { ...(source as Read), links: { ...(source as Read).links, edges: list } };
}

// piecesOf lists what is quoted from a source, in the order in which it stands there.
function piecesOf(source: Read): { piece: Marked; link: Link }[] {
  return source.links.edges
    .flatMap(({ link }) =>
      link.evidence.edges.filter(e => e.node.source.id === source.id).map(e => ({ piece: e.node, link })),
    )
    .sort((a, b) => (a.piece.start ?? Infinity) - (b.piece.start ?? Infinity) || 0);
}

// How many names of a text are looked for before its marks are drawn anew, and how many before somebody asks for more.
const namesInTurn = 400;
const namesAtOnce = 4000;

// useNames finds the names of a text that the graph knows, part after part: what is found shows meanwhile. more looks on behind
// a bound, of which left is what it left.
function useNames(text: string | null) {
  const places = useMemo(() => placesIn(text ?? ''), [text]);
  const [upTo, setUpTo] = useState(namesAtOnce);
  const [{ at, names }, set] = useState<{ at: number; names: Named[] }>({ at: 0, names: [] });
  const all = useMemo(() => [...places.keys()], [places]);
  useEffect(() => set({ at: 0, names: [] }), [places]);
  const some = all.slice(at, Math.min(at + namesInTurn, upTo));
  const { answer, problem, again } = useAsk(
    async signal => (some.length > 0 ? await namesOf(some, places, names, signal) : null),
    [places, at, some.length],
  );
  useEffect(() => {
    if (answer) {
      set({ at: at + some.length, names: answer });
    }
  }, [answer]);
  return {
    names,
    busy: some.length > 0 && !problem,
    problem,
    again,
    left: some.length > 0 ? 0 : all.length - at,
    more: () => setUpTo(upTo + namesAtOnce),
  };
}

export function SourceView({ graph, id }: { graph: Graph; id: string }) {
  const w = words.source;
  const [first, setFirst] = useState(linksAtOnce);
  const {
    answer: read,
    problem,
    again,
  } = useAsk(
    async signal => {
      const source = await readSource(id, first, signal);
      return { source, elsewhere: !source && (await graph.read([id], signal)).length > 0 };
    },
    [graph, id, first],
  );
  const answer = useLast(read);
  const source = answer?.source;
  const elsewhere = answer?.elsewhere === true;
  useEffect(() => {
    if (elsewhere) {
      go(entityPage(id), true);
    }
  }, [elsewhere]);
  useTitle(source?.title);
  const [chosen, setChosen] = useState<string[]>([]);
  const [passage, setPassage] = useState<Passage | null>(null);
  const [added, setAdded] = useState<Added | null>(null);
  const [said, say] = useState('');
  const server = useAsk(
    signal =>
      ask<{ serverInfo: { readOnly: boolean }; viewer: { role: string } }>(
        '{ serverInfo { readOnly } viewer { role } }',
        {},
        signal,
      ),
    [],
  );
  const writable = server.answer?.serverInfo.readOnly === false && server.answer.viewer.role !== 'READER';
  const text = source?.text ?? null;
  const named = useNames(text);
  const { names } = named;
  const pieces = useMemo(() => (source ? piecesOf(source) : []), [source]);
  const marks = useMemo(
    () =>
      pieces.flatMap(({ piece: p }) =>
        p.start !== null && p.end !== null ? [{ id: p.id, start: p.start, end: p.end }] : [],
      ),
    [pieces],
  );
  // quotations that no link has yet
  const spoken = useMemo(() => {
    const known = pieces.flatMap(({ piece: p, link }) =>
      link.kind === 'SAID' && p.start !== null && p.end !== null ? [{ start: p.start, end: p.end }] : [],
    );
    return writable && text !== null
      ? spokenIn(text, names).filter(c => !known.some(k => k.start < c.said.end && k.end > c.said.start))
      : [];
  }, [writable, text, names, pieces]);
  if (problem) {
    return <Problem problem={problem} again={again} />;
  }
  if (!answer) {
    return <p class="quiet">{words.loading}</p>;
  }
  if (!source) {
    return (
      <div class="missing">
        <h1>{w.missing}</h1>
        <p>{w.missingHint}</p>
      </div>
    );
  }
  const shown = chosen.length > 0 ? pieces.filter(p => chosen.includes(p.piece.id)) : pieces;
  const about = [typeLabel(graph.catalog, source.kind), source.authors.join(', '), source.publisher, source.publishedOn]
    .filter(p => p)
    .join(' · ');
  return (
    <div
      class={source.text === null ? 'source bare' : 'source'}
      aria-busy={named.busy || !(server.answer || server.problem)}
    >
      <header>
        <h1>{source.title}</h1>
        <p class="quiet">{about}</p>
        {source.url && (
          <p>
            <a href={source.url} rel="noreferrer">
              {w.original}
            </a>
          </p>
        )}
      </header>
      <section class="text" aria-label={w.text}>
        {source.text !== null ? (
          <Marks
            text={source.text}
            marks={marks}
            names={names}
            chosen={chosen}
            onChoose={setChosen}
            onMarked={writable ? setPassage : null}
          />
        ) : (
          <p class="quiet">{source.contentHash ? w.notServed : w.noText}</p>
        )}
        {named.left > 0 && <Bound text={w.namesLeft(named.left)} button={w.namesMore} onMore={named.more} />}
        {named.problem && <Problem problem={named.problem} again={named.again} />}
        {server.problem && <Problem problem={server.problem} again={server.again} />}
      </section>
      {writable && (
        <section class="adding">
          <p role="status" class="said">
            {said}
          </p>
          {added && (
            <p>
              <button
                type="button"
                onClick={() =>
                  void undo(added.change).then(
                    wrong => {
                      say(wrong ?? words.statement.undone);
                      setAdded(wrong ? added : null);
                      again();
                    },
                    (reason: Error) => say(reason.message),
                  )
                }
              >
                {words.statement.undo}
              </button>
            </p>
          )}
          <Candidates
            key={source.id}
            graph={graph}
            source={source.id}
            list={spoken}
            names={names}
            onAdded={done => {
              setAdded(done);
              say(words.statement.added(done.sentence));
              again();
            }}
          />
          <Statement
            key={added?.change ?? ''}
            graph={graph}
            source={source.id}
            passage={passage}
            names={names}
            onAdded={done => {
              setAdded(done);
              say(words.statement.added(done.sentence));
              setPassage(null);
              again();
            }}
          />
        </section>
      )}
      <section class="excerpts" aria-live="polite">
        <h2>{chosen.length > 0 ? w.statements : w.excerpts}</h2>
        {source.text !== null && chosen.length === 0 && pieces.length > 0 && <p class="quiet">{w.markHint}</p>}
        {pieces.length === 0 && <p class="quiet">{w.none}</p>}
        {source.links.totalCount > source.links.edges.length && (
          <Bound
            text={w.linksLeft(source.links.edges.length, source.links.totalCount)}
            button={w.linksMore}
            onMore={() => setFirst(first + linksAtOnce)}
          />
        )}
        <ul class="sentences">
          {shown.map(({ piece, link }) => (
            <li key={piece.id}>
              <p>
                <Linked to={entityPage(link.from.id)}>{(link.from as Entity).name}</Linked> →{' '}
                <Linked to={entityPage(link.to.id)}>{(link.to as Entity).name}</Linked>
              </p>
              <p>
                {link.sentence} <Standing link={link} />
              </p>
              <blockquote>
                <mark>{piece.excerpt}</mark>
              </blockquote>
              {piece.stance === 'REFUTES' && (
                <p>
                  <strong>{words.evidence.refutes}</strong>
                </p>
              )}
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

// Bound says that there is more than is shown, and shows more.
function Bound({ text, button, onMore }: { text: string; button: string; onMore: () => void }) {
  return (
    <p class="bound">
      {text}{' '}
      <button type="button" onClick={onMore}>
        {button}
      </button>
    </p>
  );
}

// A stretch of a text, in code points.
interface Span {
  start: number;
  end: number;
}

// cut cuts a stretch of a text wherever something begins or ends within it.
function cut(whole: Span, spans: Span[]): Span[] {
  const at = [...new Set([whole, ...spans].flatMap(s => [s.start, s.end]))]
    .filter(c => c >= whole.start && c <= whole.end)
    .sort((a, b) => a - b);
  return at.slice(0, -1).map((start, i) => ({ start, end: at[i + 1] as number }));
}

// Marks is a text with what is quoted from it marked, and the names that the graph knows. Marks may lie within others. A
// long text is not made anew whenever somebody selects a word of it.
const Marks = memo(function Marks({
  text,
  marks,
  names,
  chosen,
  onChoose,
  onMarked,
}: {
  text: string;
  marks: (Span & { id: string })[];
  names: Named[];
  chosen: string[];
  onChoose: (ids: string[]) => void;
  onMarked: ((passage: Passage) => void) | null;
}) {
  const points = useMemo(() => Array.from(text), [text]);
  const places = names.flatMap(n => n.places.map(([start, end]) => ({ id: n.id, start, end })));
  const withNames = (whole: Span, linked: boolean) =>
    cut(whole, places).map(({ start, end }) => {
      const part = points.slice(start, end).join('');
      const place = places.find(p => p.start <= start && p.end >= end);
      if (!place) {
        return part;
      }
      return linked ? (
        <Linked key={start} to={entityPage(place.id)} class="named">
          {part}
        </Linked>
      ) : (
        <span key={start} class="named">
          {part}
        </span>
      );
    });
  const body = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!onMarked) {
      return;
    }
    const changed = () => {
      const passage = body.current && marked(body.current);
      if (passage) {
        onMarked(passage);
      }
    };
    document.addEventListener('selectionchange', changed);
    return () => document.removeEventListener('selectionchange', changed);
  }, [onMarked]);
  return (
    <div class="body" ref={body}>
      {cut({ start: 0, end: points.length }, marks).map(span => {
        const ids = marks.filter(m => m.start <= span.start && m.end >= span.end).map(m => m.id);
        if (ids.length === 0) {
          return withNames(span, true);
        }
        const pressed = ids.some(id => chosen.includes(id));
        return (
          // not a button, whose words could be neither selected nor broken into lines with those beside them
          <mark
            key={span.start}
            role="button"
            tabIndex={0}
            aria-pressed={pressed}
            onClick={() => getSelection()?.isCollapsed !== false && onChoose(ids)}
            onKeyDown={event => {
              if (event.key === 'Enter' || event.key === ' ') {
                event.preventDefault();
                onChoose(ids);
              }
            }}
          >
            {withNames(span, false)}
          </mark>
        );
      })}
    </div>
  );
});

// Missing is the view of an address that names nothing.
export function Missing() {
  useTitle(words.missing.title);
  return (
    <div class="missing">
      <h1>{words.missing.title}</h1>
      <p>
        {words.missing.text} <Linked to="/">{words.missing.start}</Linked>
      </p>
    </div>
  );
}

// --- a view that somebody made --------------------------------------------------------------------------------------------

export function SavedView({ graph }: { graph: Graph }) {
  useTitle(words.canvas.label);
  return (
    <>
      <h1 class="unseen">{words.canvas.label}</h1>
      <Workbench graph={graph} opening={nothing} />
    </>
  );
}
