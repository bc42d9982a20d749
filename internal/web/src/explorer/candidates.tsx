/** @jsxImportSource preact */
// Quotations of a text that somebody may add, one after the other, by mouse or by keyboard. Nothing is written that nobody
// has accepted.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ask } from './api';
import type { Found, Graph } from './graph';
import { Linked, Problem, entityPage, isSingle } from './parts';
import type { Spoken } from './spoken';
import { End, errorBits, type Added, type Named, type Payload } from './statement';
import { words } from './words';

const w = words.candidates;

// atOnce is how many are shown: the others come up as these are dealt with.
const atOnce = 10;

// keyOf names a candidate, so that it is known again when the text has changed elsewhere.
const keyOf = (c: Spoken) => `${c.speaker.id} ${c.said.text}`.slice(0, 200);

const storageKey = (source: string) => `throughline:rejected:${source}`;

// rejectedOf are the candidates of a source that somebody has rejected in this browser.
function rejectedOf(source: string): string[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(storageKey(source)) ?? '[]');
    return Array.isArray(list) ? list.filter(x => typeof x === 'string') : [];
  } catch {
    return []; // no storage, or another's
  }
}

function keepRejected(source: string, list: string[]) {
  try {
    localStorage.setItem(storageKey(source), JSON.stringify(list));
  } catch {
    // then they come up again next time
  }
}

// titleOf is what a quotation is called: how it begins.
function titleOf(text: string): string {
  const all = text.trim().split(/\s+/);
  const some = all
    .slice(0, 9)
    .join(' ')
    .replace(/[.,;:]+$/, '');
  return all.length > 9 ? `${some} …` : some;
}

export function Candidates({
  graph,
  source,
  list,
  names,
  onAdded,
}: {
  graph: Graph;
  source: string;
  list: Spoken[];
  names: Named[];
  onAdded: (added: Added) => void;
}) {
  const [rejected, setRejected] = useState(() => rejectedOf(source));
  const [accepted, setAccepted] = useState<string | null>(null); // until the page was read again
  const shown = useMemo(
    () => list.filter(c => !rejected.includes(keyOf(c)) && keyOf(c) !== accepted),
    [list, rejected, accepted],
  );
  useEffect(() => setAccepted(null), [list]);
  const section = useRef<HTMLElement>(null);
  const next = useRef<number | null>(null); // the candidate that gets the focus when one before it is gone
  const focus = (at: number) => {
    const cards = section.current?.querySelectorAll<HTMLElement>('article') ?? [];
    (cards[Math.max(0, Math.min(at, cards.length - 1))] ?? section.current?.querySelector<HTMLElement>('h2'))?.focus();
  };
  useEffect(() => {
    if (next.current !== null) {
      focus(next.current);
      next.current = null;
    }
  }, [shown]);
  const reject = (list: string[], at: number) => {
    next.current = at;
    keepRejected(source, list);
    setRejected(list);
  };
  if (list.length === 0) {
    return null;
  }
  return (
    <section class="candidates" ref={section} aria-label={w.title}>
      <h2 tabIndex={-1}>{w.count(shown.length)}</h2>
      <p class="quiet">{w.hint}</p>
      <ol>
        {shown.slice(0, atOnce).map((c, at) => (
          <li key={keyOf(c)}>
            <Candidate
              graph={graph}
              source={source}
              candidate={c}
              names={names}
              onMove={by => focus(at + by)}
              onReject={() => reject([...rejected, keyOf(c)], at)}
              onAdded={added => {
                next.current = at;
                setAccepted(keyOf(c));
                onAdded(added);
              }}
            />
          </li>
        ))}
      </ol>
      {rejected.length > 0 && (
        <button type="button" class="plain" onClick={() => reject([], 0)}>
          {w.again}
        </button>
      )}
    </section>
  );
}

function Candidate({
  graph,
  source,
  candidate: c,
  names,
  onMove,
  onReject,
  onAdded,
}: {
  graph: Graph;
  source: string;
  candidate: Spoken;
  names: Named[];
  onMove: (by: number) => void;
  onReject: () => void;
  onAdded: (added: Added) => void;
}) {
  const [editing, setEditing] = useState(false);
  const [text, setText] = useState(c.said.text);
  const [speaker, setSpeaker] = useState<Found | null>(c.speaker);
  const [errors, setErrors] = useState<Payload['errors']>([]);
  const [problem, setProblem] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  const card = useRef<HTMLElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (editing) {
      field.current?.focus();
    }
  }, [editing]);
  const accept = async () => {
    if (busy || !speaker || text.trim() === '') {
      return;
    }
    setBusy(true);
    setErrors([]);
    setProblem(null);
    try {
      const { applyChanges } = await ask<{ applyChanges: (Payload & { change: { id: string } | null }) | null }>(
        `mutation Quote($input: ApplyChangesInput!) { applyChanges(input: $input) { change { id } ${errorBits} } }`,
        {
          input: {
            operations: [
              { createQuote: { name: titleOf(text), text: text.trim(), as: 'quotation' } },
              {
                createLink: {
                  kind: 'SAID',
                  from: { id: speaker.id },
                  to: { as: 'quotation' },
                  evidence: [{ source: { id: source }, start: c.whole.start, end: c.whole.end }],
                },
              },
            ],
          },
        },
      );
      setErrors(applyChanges?.errors ?? []);
      if (applyChanges?.change) {
        onAdded({ sentence: w.sentence(speaker.name, text.trim()), change: applyChanges.change.id });
        return;
      }
    } catch (reason) {
      setProblem(reason as Error);
    }
    setBusy(false);
  };
  const leave = () => {
    setEditing(false);
    card.current?.focus();
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && editing) {
      leave();
      return;
    }
    if (!isSingle(event)) {
      return;
    }
    const does = {
      a: () => void accept(),
      e: () => setEditing(true),
      r: onReject,
      ArrowDown: () => onMove(1),
      ArrowUp: () => onMove(-1),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (does) {
      event.preventDefault();
      event.stopPropagation();
      does();
    }
  };
  const points = Array.from(c.whole.text);
  const ahead = points.slice(0, c.said.start - c.whole.start).join('');
  const behind = points.slice(c.said.end - c.whole.start).join('');
  return (
    <article class="card" ref={card} tabIndex={0} aria-label={w.sentence(c.speaker.name, c.said.text)} onKeyDown={keys}>
      <p>
        <Linked to={entityPage(c.speaker.id)}>{c.speaker.name}</Linked>
      </p>
      <blockquote>
        {ahead}
        <mark>{c.said.text}</mark>
        {behind}
      </blockquote>
      {editing && (
        <div class="edited">
          <label>
            {w.words}
            <textarea rows={3} value={text} ref={field} onInput={event => setText(event.currentTarget.value)} />
          </label>
          <End
            graph={graph}
            label={w.speaker}
            names={names.filter(n => n.type === 'PERSON')}
            value={speaker}
            onChoose={setSpeaker}
          />
        </div>
      )}
      <p>
        <button type="button" aria-keyshortcuts="a" disabled={busy || !speaker} onClick={() => void accept()}>
          {w.accept}
        </button>{' '}
        {editing ? (
          <button type="button" onClick={leave}>
            {w.leave}
          </button>
        ) : (
          <button type="button" aria-keyshortcuts="e" onClick={() => setEditing(true)}>
            {w.edit}
          </button>
        )}{' '}
        <button type="button" aria-keyshortcuts="r" onClick={onReject}>
          {w.reject}
        </button>
      </p>
      {errors.length > 0 && (
        <div role="alert" class="problem">
          {errors.map(e => (
            <p key={e.path.join('.')}>{e.message}</p>
          ))}
        </div>
      )}
      {problem && <Problem problem={problem} />}
    </article>
  );
}
