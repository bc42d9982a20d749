/** @jsxImportSource preact */
// A statement that somebody adds while reading: from, kind, to, and the words of the source that say so.
import { useEffect, useState } from 'preact/hooks';
import { ask, chunks } from './api';
import { kindLabel, typeLabel } from './catalog';
import { together, type Found, type Graph } from './graph';
import { Options, Problem, SearchBox } from './parts';
import { words } from './words';

const w = words.statement;

// Passage is what somebody marked in a text, in code points.
export interface Passage {
  start: number;
  end: number;
  text: string;
}

// Named is a name of the graph that stands in a text.
export interface Named {
  id: string;
  type: string;
  name: string;
  description: string | null;
  // Where it stands, in code points.
  places: [number, number][];
}

// marked is the passage that is selected within an element that holds nothing but a text; null for none.
export function marked(body: HTMLElement): Passage | null {
  const selection = getSelection();
  if (!selection || selection.rangeCount === 0 || selection.isCollapsed) {
    return null;
  }
  const range = selection.getRangeAt(0);
  if (!body.contains(range.commonAncestorContainer)) {
    return null;
  }
  const before = document.createRange();
  before.selectNodeContents(body);
  before.setEnd(range.startContainer, range.startOffset);
  const raw = range.toString();
  const text = raw.trim();
  const count = (s: string) => Array.from(s).length;
  const start = count(before.toString()) + count(raw.slice(0, raw.length - raw.trimStart().length));
  return text === '' ? null : { start, end: start + count(text), text };
}

// A name begins with a capital, and so do its words but for numbers and small words within; a point ends it unless it
// stands behind a title or an initial.
const word = "(?:\\p{Lu}\\p{L}{0,2}\\.(?=\\s)|[\\p{Lu}\\p{N}][\\p{L}\\p{N}’'-]*(?:\\.\\p{Lu})*)";
const small = '(?:(?:of|the|and|for|on|in|de|von|van|der|la|et|du)\\s+){0,2}';
const capitals = new RegExp(`(?=\\p{Lu})${word}(?:\\s+${small}${word})*`, 'gu');

// A text's places are where its names may stand: what begins with capitals, in code points.
export type Places = Map<string, [number, number][]>;

// placesIn finds what may be a name in a text, in its order.
export function placesIn(text: string): Places {
  const places: Places = new Map();
  const points = new Uint32Array(text.length + 1); // how many code points stand before each unit of UTF-16
  for (let i = 0, n = 0; i < text.length; i++) {
    points[i] = n;
    n += /[\ud800-\udbff]/.test(text.charAt(i)) ? 0 : 1;
    points[i + 1] = n;
  }
  const note = (name: string, at: number) => {
    const trimmed = name.replace(/[’']s?$|-+$/u, '');
    const key = trimmed.replace(/\s+/g, ' ');
    const list = places.get(key) ?? [];
    list.push([points[at] ?? 0, points[at + trimmed.length] ?? 0]);
    places.set(key, list);
  };
  for (const m of text.matchAll(capitals)) {
    // what stands before a name, as a title does, is not a part of it, nor may be what a small word joins: "Ann and Ben"
    const starts = [0, ...[...m[0].matchAll(/\s+(?=[\p{Lu}\p{N}])/gu)].map(space => space.index + space[0].length)];
    // nor what follows when a sentence ends in a short name, which looks like an initial: "Ann Lee. Ben"
    const ends = [...[...m[0].matchAll(/\s+\p{Ll}|\.\s/gu)].map(space => space.index), m[0].length];
    for (const start of starts) {
      for (const end of ends.filter(e => e > start)) {
        note(m[0].slice(start, end), m.index + start);
      }
    }
  }
  for (const short of [...places.keys()].filter(n => n.length <= 2)) {
    places.delete(short);
  }
  return places;
}

// namesOf finds those of some words that are the name or an alias of exactly one entity, beside what is known already.
export async function namesOf(some: string[], places: Places, known: Named[], signal: AbortSignal): Promise<Named[]> {
  const entities = new Map<string, Found>();
  await together(chunks(some, 20), async names => {
    const answer = await ask<{ [alias: string]: Found | null }>(
      `query Names(${names.map((_, k) => `$n${k}: String!`).join(' ')}) {
        ${names.map((_, k) => `n${k}: entity(ref: {name: $n${k}}) { id type name description }`).join(' ')}
      }`,
      Object.fromEntries(names.map((name, k) => [`n${k}`, name])),
      signal,
      true,
    );
    names.forEach((name, k) => answer[`n${k}`] && entities.set(name, answer[`n${k}`] as Found));
  });
  const found = new Map(known.map(n => [n.id, n]));
  for (const name of some) {
    const entity = entities.get(name);
    if (entity) {
      const before = found.get(entity.id)?.places ?? [];
      found.set(entity.id, { ...entity, places: [...before, ...(places.get(name) ?? [])] });
    }
  }
  return [...found.values()];
}

export interface Payload {
  errors: { message: string; path: string[]; nearest?: string | null }[];
}

export interface Added {
  sentence: string;
  change: string;
}

export const errorBits = 'errors { message path ... on ExcerptError { nearest } }';

// undo takes back what was added.
export async function undo(change: string): Promise<string | null> {
  const { revertChange } = await ask<{ revertChange: Payload | null }>(
    `mutation Undo($change: ID!) { revertChange(input: {change: $change}) { ${errorBits} } }`,
    { change },
  );
  return revertChange?.errors[0]?.message ?? null;
}

// End is one of the two that a statement is about: a name of the text, one that is searched, or one that is made.
export function End({
  graph,
  label,
  names,
  value,
  onChoose,
}: {
  graph: Graph;
  label: string;
  names: Named[];
  value: Found | null;
  onChoose: (found: Found | null) => void;
}) {
  return (
    <>
      <div class="end">
        <SearchBox graph={graph} label={label} value={value} onChoose={onChoose} />
        {!value && names.length > 0 && (
          <p class="picks">
            {names.slice(0, 8).map(n => (
              <button key={n.id} type="button" onClick={() => onChoose(n)}>
                {n.name}
              </button>
            ))}
          </p>
        )}
        {!value && <Make graph={graph} onMade={onChoose} />}
      </div>
      {value && (
        <button type="button" class="plain" onClick={() => onChoose(null)}>
          {w.other}
        </button>
      )}
    </>
  );
}

// Make makes an entity that is not there yet, of a type and with a name.
function Make({ graph, onMade }: { graph: Graph; onMade: (made: Found) => void }) {
  const types = [...graph.catalog.types.values()];
  const [type, setType] = useState(types[0]?.name ?? '');
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<Error | null>(null);
  const make = async () => {
    setProblem(null);
    try {
      const field = type.charAt(0).toLowerCase() + type.slice(1);
      const { made } = await ask<{ made: (Payload & { entity: Found | null }) | null }>(
        `mutation Make($name: String!) {
          made: create${type}(input: {name: $name}) { entity: ${field} { id type name description } ${errorBits} }
        }`,
        { name },
      );
      if (made?.entity) {
        onMade(made.entity);
      } else {
        throw new Error(made?.errors[0]?.message ?? words.errors.title);
      }
    } catch (reason) {
      setProblem(reason as Error);
    }
  };
  return (
    <details>
      <summary>{w.make}</summary>
      <label>
        {w.type}{' '}
        <select value={type} onChange={event => setType(event.currentTarget.value)}>
          <Options of={types.map(t => [t.name, typeLabel(graph.catalog, t.key)])} />
        </select>
      </label>{' '}
      <label>
        {w.name} <input type="text" value={name} onInput={event => setName(event.currentTarget.value)} />
      </label>{' '}
      <button type="button" disabled={name.trim() === ''} onClick={() => void make()}>
        {w.makeIt}
      </button>
      {problem && <Problem problem={problem} />}
    </details>
  );
}

// Statement is the form of a new statement. The words are those marked in the text, or are written; either way the server
// compares them with the source, and takes nothing whose words are not there. It is sent by its buttons alone: Enter
// chooses a name, and writes nothing.
export function Statement({
  graph,
  source,
  passage,
  names,
  onAdded,
}: {
  graph: Graph;
  source: string;
  passage: Passage | null;
  names: Named[];
  onAdded: (added: Added) => void;
}) {
  const [from, setFrom] = useState<Found | null>(null);
  const [to, setTo] = useState<Found | null>(null);
  const [kind, setKind] = useState('');
  const [role, setRole] = useState('');
  const [since, setSince] = useState('');
  const [until, setUntil] = useState('');
  const [stance, setStance] = useState<'SUPPORTS' | 'REFUTES'>('SUPPORTS');
  const [excerpt, setExcerpt] = useState('');
  const [errors, setErrors] = useState<Payload['errors']>([]);
  const [problem, setProblem] = useState<Error | null>(null);
  const [checked, setChecked] = useState('');
  const [busy, setBusy] = useState(false);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (passage) {
      setOpen(true);
      setExcerpt(passage.text);
    }
  }, [passage]);
  useEffect(() => setChecked(''), [from, to, kind, role, since, until, stance, excerpt]);
  const write = async (dryRun: boolean) => {
    setBusy(true);
    setErrors([]);
    setProblem(null);
    const place = passage?.text === excerpt ? { start: passage.start, end: passage.end } : { excerpt: excerpt.trim() };
    try {
      const { createLink } = await ask<{
        createLink: (Payload & { link: { sentence: string } | null; change: { id: string } | null }) | null;
      }>(
        `mutation Add($input: CreateLinkInput!) {
          createLink(input: $input) { link { sentence } change { id } ${errorBits} }
        }`,
        {
          input: {
            kind,
            from: { id: from?.id },
            to: { id: to?.id },
            role: role.trim() || undefined,
            since: since.trim() || undefined,
            until: until.trim() || undefined,
            evidence: [{ source: { id: source }, stance, ...place }],
            dryRun,
          },
        },
      );
      setErrors(createLink?.errors ?? []);
      if (createLink?.link && dryRun) {
        setChecked(createLink.link.sentence);
      } else if (createLink?.link && createLink.change) {
        onAdded({ sentence: createLink.link.sentence, change: createLink.change.id });
      }
    } catch (reason) {
      setProblem(reason as Error);
    }
    setBusy(false);
  };
  const ready = from !== null && to !== null && kind !== '' && excerpt.trim() !== '' && !busy;
  const text = (label: string, value: string, set: (s: string) => void, hint?: string) => (
    <label>
      {label} <input type="text" value={value} placeholder={hint} onInput={e => set(e.currentTarget.value)} />
    </label>
  );
  return (
    <details class="card" open={open} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{w.title}</summary>
      <form class="statement" aria-label={w.title} onSubmit={event => event.preventDefault()}>
        <label>
          {w.words}
          <textarea rows={3} value={excerpt} onInput={event => setExcerpt(event.currentTarget.value)} />
        </label>
        <p class="quiet">{w.hint}</p>
        <End graph={graph} label={w.from} names={names} value={from} onChoose={setFrom} />
        <label>
          {w.kind}{' '}
          <select value={kind} onChange={event => setKind(event.currentTarget.value)}>
            <option value="">{w.choose}</option>
            <Options of={[...graph.catalog.kinds.keys()].map(k => [k, kindLabel(graph.catalog, k)])} />
          </select>
        </label>
        <End graph={graph} label={w.to} names={names} value={to} onChoose={setTo} />
        <details>
          <summary>{w.more}</summary>
          {text(w.role, role, setRole)} {text(w.since, since, setSince, w.date)}{' '}
          {text(w.until, until, setUntil, w.date)}{' '}
          <label>
            <input
              type="checkbox"
              checked={stance === 'REFUTES'}
              onChange={event => setStance(event.currentTarget.checked ? 'REFUTES' : 'SUPPORTS')}
            />{' '}
            {w.refutes}
          </label>
        </details>
        <p>
          <button type="button" disabled={!ready} onClick={() => void write(true)}>
            {w.check}
          </button>{' '}
          <button type="button" disabled={!ready} onClick={() => void write(false)}>
            {w.add}
          </button>
        </p>
        <p role="status" class="said">
          {checked && w.checked(checked)}
        </p>
        {errors.length > 0 && (
          <div role="alert" class="problem">
            {errors.map(e => (
              <p key={e.path.join('.')}>
                {e.nearest ? w.absent : e.message}
                {e.nearest && (
                  <>
                    {' '}
                    {w.nearest}{' '}
                    <button type="button" class="plain" onClick={() => setExcerpt(e.nearest ?? '')}>
                      {e.nearest}
                    </button>
                  </>
                )}
              </p>
            ))}
          </div>
        )}
        {problem && <Problem problem={problem} />}
      </form>
    </details>
  );
}
