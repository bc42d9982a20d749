-- Everything a reader of the file needs is in plain columns; what varies by type is JSON.
-- rev is the seq of the load that last wrote the row: what changed since a seq is a range of rev.
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('seq', 0);

CREATE TABLE source (
  k INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, url TEXT NOT NULL DEFAULT '', kind TEXT NOT NULL,
  publisher TEXT NOT NULL DEFAULT '', authors TEXT NOT NULL DEFAULT '[]', publishedOn TEXT NOT NULL DEFAULT '',
  contentHash TEXT NOT NULL DEFAULT '', text TEXT NOT NULL DEFAULT '', rev INTEGER NOT NULL
) STRICT;

CREATE TABLE node (
  k INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL DEFAULT '',
  aliases TEXT NOT NULL DEFAULT '', externalIds TEXT NOT NULL DEFAULT '', props TEXT NOT NULL DEFAULT '',
  createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL, rev INTEGER NOT NULL
) STRICT;

-- evidence: a JSON array of [source id, excerpt, prefix, suffix, stance, verified (true, false or null)].
-- sources: the k of each different source in it, ascending, between blanks; unverified: how many excerpts are not true.
CREATE TABLE link (
  k INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
  from_k INTEGER NOT NULL REFERENCES node (k), to_k INTEGER NOT NULL REFERENCES node (k),
  role TEXT NOT NULL DEFAULT '', since TEXT NOT NULL DEFAULT '', until TEXT NOT NULL DEFAULT '', evidence TEXT NOT NULL,
  sources TEXT NOT NULL, unverified INTEGER NOT NULL,
  createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL, rev INTEGER NOT NULL
) STRICT;
