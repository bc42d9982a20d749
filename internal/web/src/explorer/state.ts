// What a picture shows, as ids alone: undo, permalinks and stories are made of it.

export type Selection = { entity: string } | { entities: string[] } | { links: string[] } | null;

// chosen lists the entities of a selection.
export const chosen = (s: Selection): string[] =>
  s === null || 'links' in s ? [] : 'entity' in s ? [s.entity] : s.entities;

// flipped is a list with one entry more or less.
export const flipped = (list: string[], entry: string): string[] =>
  list.includes(entry) ? list.filter(other => other !== entry) : [...list, entry];

// toggled is a selection with one entity more or less.
export const toggled = (s: Selection, id: string): Selection => choice(flipped(chosen(s), id));

// choice is the selection of some entities.
export const choice = (ids: string[]): Selection =>
  ids.length > 1 ? { entities: ids } : ids[0] === undefined ? null : { entity: ids[0] };

// Group stands for links of one kind that are too many to draw.
export interface Group {
  of: string;
  kind: string;
  count: number;
}

export interface Picture {
  ids: string[];
  groups: Group[];
  pinned: string[];
  at: Record<string, [number, number]>;
  // The links that a picture of lines is made of; null for all among its entities.
  only: string[] | null;
}

export interface TimeWindow {
  from: number;
  to: number;
  undated: boolean;
  certain: boolean;
}

// The looks that a picture may have.
export const looks = {
  colour: ['type', 'community'],
  size: ['links', 'centrality', 'same'],
} as const;

export interface State {
  picture: Picture;
  past: Picture[];
  future: Picture[];
  selection: Selection;
  // Ids that the picture is cut down to, and from which; null for all of it.
  focus: { id: string; degrees: number } | null;
  time: TimeWindow | null;
  // Kinds of link that are left out.
  without: string[];
  colour: (typeof looks.colour)[number];
  size: (typeof looks.size)[number];
  // Whether links that sources only deny are shown too.
  denied: boolean;
  // The links that are near what was asked for, and not that: they are dashed.
  near: string[];
}

const emptyPicture: Picture = { ids: [], groups: [], pinned: [], at: {}, only: null };

export const initial: State = {
  picture: emptyPicture,
  past: [],
  future: [],
  selection: null,
  focus: null,
  time: null,
  without: [],
  denied: false,
  colour: 'type',
  size: 'links',
  near: [],
};

export type Action =
  | { do: 'open'; picture: Partial<Picture>; state?: Partial<State> }
  | { do: 'show'; ids: string[]; at?: Record<string, [number, number]> }
  | { do: 'group'; groups: Group[] }
  // hide takes away entities, and the groups of another, which stays.
  | { do: 'hide'; ids: string[]; groupsOf?: string }
  | { do: 'pin'; ids: string[]; pinned: boolean }
  // moved by hand is a step of undo.
  | { do: 'moved'; at: Record<string, [number, number]>; byHand?: boolean }
  | { do: 'mark' }
  | { do: 'undo' }
  | { do: 'redo' }
  | { do: 'select'; selection: Selection }
  | { do: 'focus'; focus: State['focus'] }
  | { do: 'time'; time: TimeWindow | null }
  | { do: 'without'; kinds: string[] }
  | { do: 'denied'; denied: boolean }
  | { do: 'look'; colour?: State['colour']; size?: State['size'] };

export const groupId = (g: { of: string; kind: string }) => `group ${g.kind} ${g.of}`;

const same = (a: Group, b: Group) => a.of === b.of && a.kind === b.kind;

function change(s: State, picture: Partial<Picture>): State {
  return { ...s, picture: { ...s.picture, ...picture }, past: [...s.past, s.picture], future: [] };
}

export function reduce(s: State, a: Action): State {
  switch (a.do) {
    case 'open':
      return { ...initial, colour: s.colour, size: s.size, ...a.state, picture: { ...emptyPicture, ...a.picture } };
    case 'show': {
      const ids = [...new Set([...s.picture.ids, ...a.ids])];
      if (ids.length === s.picture.ids.length && !s.picture.only) {
        return s;
      }
      return change(s, { ids, at: { ...s.picture.at, ...a.at }, only: null });
    }
    case 'group': {
      const added = a.groups.filter(g => !s.picture.groups.some(h => same(g, h)));
      return added.length === 0 ? s : change(s, { groups: [...s.picture.groups, ...added] });
    }
    case 'hide': {
      const gone = new Set(a.ids);
      return {
        ...change(s, {
          ids: s.picture.ids.filter(id => !gone.has(id)),
          groups: s.picture.groups.filter(g => !gone.has(g.of) && g.of !== a.groupsOf),
          pinned: s.picture.pinned.filter(id => !gone.has(id)),
        }),
        selection:
          s.selection && 'links' in s.selection ? s.selection : choice(chosen(s.selection).filter(id => !gone.has(id))),
        focus: s.focus && gone.has(s.focus.id) ? null : s.focus,
      };
    }
    case 'pin': {
      const pinned = s.picture.pinned.filter(id => !a.ids.includes(id));
      return change(s, { pinned: a.pinned ? [...pinned, ...a.ids] : pinned });
    }
    case 'moved': {
      const at = { ...s.picture.at, ...a.at };
      return a.byHand ? change(s, { at }) : { ...s, picture: { ...s.picture, at } };
    }
    case 'mark': // what moves from here on is one step of undo
      return change(s, {});
    case 'undo': {
      const before = s.past.at(-1);
      return before ? { ...s, picture: before, past: s.past.slice(0, -1), future: [s.picture, ...s.future] } : s;
    }
    case 'redo': {
      const [after, ...rest] = s.future;
      return after ? { ...s, picture: after, past: [...s.past, s.picture], future: rest } : s;
    }
    case 'select':
      return { ...s, selection: a.selection };
    case 'focus':
      return { ...s, focus: a.focus };
    case 'time':
      return { ...s, time: a.time };
    case 'without':
      return { ...s, without: a.kinds };
    case 'denied':
      return { ...s, denied: a.denied };
    case 'look':
      return { ...s, colour: a.colour ?? s.colour, size: a.size ?? s.size };
  }
}
