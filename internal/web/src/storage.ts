// GraphiQL keeps its state under "graphiql:…". Other programs on the same address (a port on this machine) use
// those names too, and their tabs are not ours, so ours get a prefix.

const prefix = 'throughline:';

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
  return {
    getItem: (key: string) => s.getItem(prefix + key),
    setItem: (key: string, value: string) => s.setItem(prefix + key, value),
    removeItem: (key: string) => s.removeItem(prefix + key),
    clear: () => ownKeys(s).forEach(key => s.removeItem(key)),
    get length() {
      return ownKeys(s).length;
    },
  };
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
