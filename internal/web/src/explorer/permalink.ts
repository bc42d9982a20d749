// A view in an address: /view#v=…, or behind any other address of the page. The fragment is never sent to a server.
import type { Graph } from './graph';
import { choice, chosen, looks, type Picture, type Selection, type State } from './state';

// Ends are what a link joins, and its kind: from, kind, to. By a merge a link gets another id, and keeps these.
type Ends = [from: string, kind: string, to: string];

// What is near is true of all links in what an older page wrote.
export type Linked = { picture: Picture; ends: Ends[]; near: State['near'] | boolean } & Pick<
  State,
  'selection' | 'focus' | 'time' | 'without' | 'denied' | 'colour' | 'size'
>;

// Page is one view of a story, with what is said of it.
export interface Page {
  view: Linked;
  caption: string;
}

// largest is how many bytes an address may hold when they are unpacked: more than any story that an address has room for.
const largest = 16 << 20;

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  by: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  let size = 0;
  const bound = new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, to) => {
      size += chunk.length;
      if (size > largest) {
        to.error(new Error('too large'));
      } else {
        to.enqueue(chunk);
      }
    },
  });
  return new Uint8Array(
    await new Response(new Blob([bytes]).stream().pipeThrough(by).pipeThrough(bound)).arrayBuffer(),
  );
}

// viewOf picks what an address keeps of a view. An older page did not write what is left out of it.
const viewOf = ({
  picture,
  selection,
  focus,
  time,
  without = [],
  denied = false,
  colour,
  size,
  near = [],
  ends = [],
}: Linked): Linked => ({
  picture,
  selection,
  focus,
  time,
  without,
  denied,
  colour,
  size,
  near,
  ends,
});

// linked is what an address keeps of a view.
export function linked(s: State, graph: Graph): Linked {
  const at: Picture['at'] = {};
  for (const [id, [x, y]] of Object.entries(s.picture.at)) {
    at[id] = [Math.round(x), Math.round(y)];
  }
  const links = s.selection && 'links' in s.selection ? s.selection.links.flatMap(id => graph.links.get(id) ?? []) : [];
  const selection = links.length > 0 ? { links: links.map(l => l.id) } : s.selection;
  const ends = links.map((l): Ends => [l.from.id, l.kind, l.to.id]);
  return viewOf({ ...s, selection, ends, picture: { ...s.picture, at } });
}

// address is where a view or a story is shown: the address holds all of it.
export async function address(what: Linked | Page[]): Promise<string> {
  const bytes = await through(new TextEncoder().encode(JSON.stringify(what)), new CompressionStream('deflate-raw'));
  let text = '';
  for (const b of bytes) {
    text += String.fromCharCode(b);
  }
  const packed = btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return `${Array.isArray(what) ? '/story' : '/view'}#v=${packed}`;
}

// present reads the entities of a view and the links among them, and returns the view as it is today, with the number of entities
// that are gone. What was merged into another entity since is that entity, and a link of it that was chosen is the one that it has
// become; one that is gone is chosen no more.
export async function present(
  view: Linked,
  graph: Graph,
  signal?: AbortSignal,
): Promise<{ view: Omit<Linked, 'near'> & Pick<State, 'near'>; gone: number }> {
  const { picture, selection, focus, near } = view;
  const ids = await graph.read(picture.ids, signal);
  await graph.join(ids, view.denied, signal);
  const now = (id: string) => graph.entities.get(id)?.id ?? id;
  const all = (list: string[]) => [...new Set(list.map(now))];
  // a link of an entity that was merged has another id: then all links are meant, rather than too few
  const areThere = (links: string[]) => links.every(id => graph.links.has(id));
  const allNear = () => graph.between(ids, false).map(l => l.id);
  const places = Object.entries(picture.at);
  const groups = new Map(picture.groups.map(g => [`${now(g.of)} ${g.kind}`, { ...g, of: now(g.of) }]));
  const among = selection && 'links' in selection ? graph.between(ids, true) : [];
  const today = (id: string, ends: Ends | undefined): string[] => {
    const same = among.filter(l => l.id === id);
    const alike = ([from, kind, to]: Ends) =>
      among.filter(l => l.kind === kind && l.from.id === now(from) && l.to.id === now(to));
    return (same.length > 0 || !ends ? same : alike(ends)).map(l => l.id);
  };
  const chosenLinks = (list: string[]): Selection => {
    const links = [...new Set(list.flatMap((id, i) => today(id, view.ends[i])))];
    return links.length > 0 ? { links } : null;
  };
  return {
    view: {
      ...view,
      picture: {
        ids,
        groups: [...groups.values()],
        pinned: all(picture.pinned),
        // its own place, where it has one
        at: Object.fromEntries([
          ...places.map(([id, place]) => [now(id), place] as const),
          ...places.filter(([id]) => now(id) === id),
        ]),
        only: picture.only && areThere(picture.only) ? picture.only : null,
      },
      selection: selection && 'links' in selection ? chosenLinks(selection.links) : choice(all(chosen(selection))),
      focus: focus && { ...focus, id: now(focus.id) },
      near: Array.isArray(near) && areThere(near) ? near : near ? allNear() : [],
    },
    gone: picture.ids.filter(id => !graph.entities.has(id)).length,
  };
}

// read reads what address wrote; null for nothing, or for what is damaged.
async function read(hash: string): Promise<unknown> {
  const text = new URLSearchParams(hash.slice(1)).get('v');
  if (!text) {
    return null;
  }
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(await through(bytes, new DecompressionStream('deflate-raw'))));
  } catch {
    return null;
  }
}

type Shape = (x: unknown) => boolean;

const text: Shape = x => typeof x === 'string';
const flag: Shape = x => typeof x === 'boolean';
const number: Shape = x => Number.isFinite(x);
const whole: Shape = x => Number.isInteger(x);
const list =
  (of: Shape): Shape =>
  x =>
    Array.isArray(x) && x.every(of);
const one =
  (...of: unknown[]): Shape =>
  x =>
    of.includes(x);
const either =
  (...of: Shape[]): Shape =>
  x =>
    of.some(is => is(x));
const isObject = (x: unknown): x is { [field: string]: unknown } =>
  typeof x === 'object' && x !== null && !Array.isArray(x);
const fields =
  (of: { [field: string]: Shape }): Shape =>
  x =>
    isObject(x) && Object.entries(of).every(([f, is]) => is(x[f]));
const values =
  (of: Shape): Shape =>
  x =>
    isObject(x) && Object.values(x).every(of);

const view = fields({
  picture: fields({
    ids: list(text),
    groups: list(fields({ of: text, kind: text, count: number })),
    pinned: list(text),
    at: values(x => Array.isArray(x) && x.length === 2 && x.every(number)),
    only: either(one(undefined, null), list(text)), // an older page did not write it
  }),
  selection: either(
    one(null),
    fields({ entity: text }),
    fields({ entities: list(text) }),
    fields({ links: list(text) }),
  ),
  focus: either(one(null), fields({ id: text, degrees: one(1, 2, 3, 4) })),
  time: either(one(null), fields({ from: whole, to: whole, undated: flag, certain: flag })),
  colour: one(...looks.colour),
  size: one(...looks.size),
  // what an older page did not write
  without: either(one(undefined), list(text)),
  denied: either(one(undefined), flag),
  near: either(one(undefined), flag, list(text)),
  ends: either(
    one(undefined),
    list(x => Array.isArray(x) && x.length === 3 && x.every(text)),
  ),
});

// isView reports whether something read is a view, down to the last number: what is not would fail where it is drawn.
const isView = (x: unknown): x is Linked => view(x);

function isStory(x: unknown): x is Page[] {
  return Array.isArray(x) && x.every(p => typeof p?.caption === 'string' && isView(p.view));
}

const viewsOf = (pages: Page[]): Page[] => pages.map(p => ({ ...p, view: viewOf(p.view) }));

// unpack reads the view that an address holds; null where it holds none, or a damaged one.
export async function unpack(hash: string): Promise<Linked | null> {
  const x = await read(hash);
  return isView(x) ? viewOf(x) : null;
}

// holdsView reports whether what stands behind # is a view, or a story.
export const holdsView = (hash: string) => /[#&]v=/.test(hash);

// whose is the address whose picture is shown: with what stands behind #, where that is a view.
export const whose = () => location.pathname + location.search + (holdsView(location.hash) ? location.hash : '');

// keepView writes down, beside an entry of the browser's history, what its picture has become; kept reads it again, after a
// reload or when somebody comes back.
export function keepView(view: Linked) {
  try {
    history.replaceState({ view }, '');
  } catch {
    // what is too large for this browser is not kept
  }
}

export function kept(): Linked | null {
  const view: unknown = (history.state as { view?: unknown } | null)?.view;
  return isView(view) ? viewOf(view) : null;
}

// unpackStory reads the story that an address holds; null where it holds none, or a damaged one.
export async function unpackStory(hash: string): Promise<Page[] | null> {
  const x = await read(hash);
  return isStory(x) ? viewsOf(x) : null;
}

const key = 'throughline.story';

// story is the story that is being made in this tab.
export function story(): Page[] {
  try {
    const pages: unknown = JSON.parse(sessionStorage.getItem(key) ?? '[]');
    return isStory(pages) ? viewsOf(pages) : [];
  } catch {
    return [];
  }
}

export function keepStory(pages: Page[]) {
  sessionStorage.setItem(key, JSON.stringify(pages));
}
