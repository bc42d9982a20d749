// GraphiQL keeps its state under "graphiql:…". Other programs on the same address (a port on this machine) use
// those names too, and their tabs are not ours, so ours get a prefix.
//
// Headers hold tokens, and are never kept: neither with the tabs nor with the history. Whatever is kept goes through here.

const prefix = 'throughline:';

// What holds headers beside other things, and what holds nothing else.
const withHeaders = ['graphiql:tabState', 'graphiql:queries', 'graphiql:favorites'];
const headersOnly = ['graphiql:headers', 'graphiql:shouldPersistHeaders'];

// The value to keep for a key; null for none.
function kept(key: string, value: string): string | null {
  if (headersOnly.includes(key)) {
    return null;
  }
  if (!withHeaders.includes(key)) {
    return value;
  }
  try {
    // a tab's hash is made of its headers too
    return JSON.stringify(JSON.parse(value, (name, v: unknown) => (name === 'headers' || name === 'hash' ? null : v)));
  } catch {
    return null;
  }
}

function usable(): Storage | null {
  try {
    const s = window.localStorage;
    s.setItem(prefix, '1');
    s.removeItem(prefix);
    return s;
  } catch {
    return null; // switched off, or full
  }
}

function ownKeys(s: Storage): string[] {
  return Object.keys(s).filter(key => key.startsWith(prefix));
}

function prefixed(s: Storage) {
  const own = {
    getItem: (key: string) => s.getItem(prefix + key),
    setItem: (key: string, value: string) => {
      const keep = kept(key, value);
      if (keep === null) {
        s.removeItem(prefix + key);
      } else {
        s.setItem(prefix + key, keep);
      }
    },
    removeItem: (key: string) => s.removeItem(prefix + key),
    clear: () => ownKeys(s).forEach(key => s.removeItem(key)),
    get length() {
      return ownKeys(s).length;
    },
  };
  // an earlier version of this page kept them
  for (const key of [...withHeaders, ...headersOnly]) {
    const before = own.getItem(key);
    if (before !== null) {
      own.setItem(key, before);
    }
  }
  return own;
}

function inMemory() {
  const map = new Map<string, string>();
  return {
    getItem: (key: string) => map.get(key) ?? null,
    setItem: (key: string, value: string) => void map.set(key, value),
    removeItem: (key: string) => void map.delete(key),
    clear: () => map.clear(),
    get length() {
      return map.size;
    },
  };
}

const local = usable();

export const storage = local ? prefixed(local) : inMemory();
