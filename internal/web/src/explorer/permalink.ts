// A view in an address: /view#v=…, or behind any other address of the page. The fragment is never sent to a server.
import type { Graph } from './graph';
import { choice, chosen, type Picture, type State } from './state';

export type Linked = { picture: Picture } & Pick<State, 'selection' | 'focus' | 'time' | 'without' | 'colour' | 'size'>;

// Page is one view of a story, with what is said of it.
export interface Page {
  view: Linked;
  caption: string;
}

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  by: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(by)).arrayBuffer());
}

// viewOf picks what an address keeps of a view. An older page did not write what is left out of it.
const viewOf = ({ picture, selection, focus, time, without = [], colour, size }: Linked): Linked => ({
  picture,
  selection,
  focus,
  time,
  without,
  colour,
  size,
});

// linked is what an address keeps of a view.
export function linked(s: State): Linked {
  const at: Picture['at'] = {};
  for (const [id, [x, y]] of Object.entries(s.picture.at)) {
    at[id] = [Math.round(x), Math.round(y)];
  }
  return viewOf({ ...s, picture: { ...s.picture, at } });
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

// present reads the entities of a view, and returns the view as it is today, with the number of those that are gone. What was
// merged into another entity since is that entity.
export async function present(
  view: Linked,
  graph: Graph,
  signal?: AbortSignal,
): Promise<{ view: Linked; gone: number }> {
  const { picture, selection, focus } = view;
  const ids = await graph.read(picture.ids, signal);
  const now = (id: string) => graph.entities.get(id)?.id ?? id;
  const all = (list: string[]) => [...new Set(list.map(now))];
  const places = Object.entries(picture.at);
  const groups = new Map(picture.groups.map(g => [`${now(g.of)} ${g.kind}`, { ...g, of: now(g.of) }]));
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
      },
      selection: selection && 'links' in selection ? selection : choice(all(chosen(selection))),
      focus: focus && { ...focus, id: now(focus.id) },
    },
    gone: picture.ids.filter(id => !graph.entities.has(id)).length,
  };
}

const strings = (x: unknown): x is string[] => Array.isArray(x) && x.every(s => typeof s === 'string');

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

// isView reports whether something read is a view.
function isView(x: unknown): x is Linked {
  const picture = (x as Partial<Linked> | null)?.picture;
  if (!picture) {
    return false;
  }
  const { ids, pinned, groups, at } = picture;
  const { without = [] } = x as Partial<Linked>;
  return (
    strings(ids) &&
    strings(pinned) &&
    strings(without) &&
    Array.isArray(groups) &&
    at !== null &&
    typeof at === 'object'
  );
}

function isStory(x: unknown): x is Page[] {
  return Array.isArray(x) && x.every(p => typeof p?.caption === 'string' && isView(p.view));
}

// unpack reads the view that an address holds; null where it holds none, or a damaged one.
export async function unpack(hash: string): Promise<Linked | null> {
  const x = await read(hash);
  return isView(x) ? viewOf(x) : null;
}

// unpackStory reads the story that an address holds; null where it holds none, or a damaged one.
export async function unpackStory(hash: string): Promise<Page[] | null> {
  const x = await read(hash);
  return isStory(x) ? x : null;
}

const key = 'throughline.story';

// story is the story that is being made in this tab.
export function story(): Page[] {
  try {
    const pages: unknown = JSON.parse(sessionStorage.getItem(key) ?? '[]');
    return isStory(pages) ? pages : [];
  } catch {
    return [];
  }
}

export function keepStory(pages: Page[]) {
  sessionStorage.setItem(key, JSON.stringify(pages));
}
