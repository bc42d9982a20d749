// A view in an address: /view#v=…, or behind any other address of the page. The fragment is never sent to a server.
import type { Picture, State } from './state';

export type Linked = { picture: Picture } & Pick<State, 'selection' | 'focus' | 'time' | 'colour' | 'size'>;

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  by: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(by)).arrayBuffer());
}

// pack writes a view as text that stands in an address.
export async function pack(s: State): Promise<string> {
  const at: Picture['at'] = {};
  for (const [id, [x, y]] of Object.entries(s.picture.at)) {
    at[id] = [Math.round(x), Math.round(y)];
  }
  const linked: Linked = {
    picture: { ...s.picture, at },
    selection: s.selection,
    focus: s.focus,
    time: s.time,
    colour: s.colour,
    size: s.size,
  };
  const bytes = await through(new TextEncoder().encode(JSON.stringify(linked)), new CompressionStream('deflate-raw'));
  let text = '';
  for (const b of bytes) {
    text += String.fromCharCode(b);
  }
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

const strings = (x: unknown): x is string[] => Array.isArray(x) && x.every(s => typeof s === 'string');

// unpack reads what pack wrote; null where the address holds no view, or a damaged one.
export async function unpack(hash: string): Promise<Linked | null> {
  const text = new URLSearchParams(hash.slice(1)).get('v');
  if (!text) {
    return null;
  }
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0));
    const linked: Linked = JSON.parse(
      new TextDecoder().decode(await through(bytes, new DecompressionStream('deflate-raw'))),
    );
    const { ids, pinned, groups, at } = linked.picture;
    return strings(ids) && strings(pinned) && Array.isArray(groups) && at !== null && typeof at === 'object'
      ? linked
      : null;
  } catch {
    return null;
  }
}
