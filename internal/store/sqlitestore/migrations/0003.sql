-- The index on a link's id has a name now: a load into an empty store drops it and makes it anew when the rows are there.
ALTER TABLE link RENAME TO link_before;
CREATE TABLE link (
  k INTEGER PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL,
  from_k INTEGER NOT NULL REFERENCES node (k), to_k INTEGER NOT NULL REFERENCES node (k),
  role TEXT NOT NULL DEFAULT '', since TEXT NOT NULL DEFAULT '', until TEXT NOT NULL DEFAULT '', evidence TEXT NOT NULL,
  sources TEXT NOT NULL, unverified INTEGER NOT NULL,
  createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL, rev INTEGER NOT NULL
) STRICT;
INSERT INTO link SELECT * FROM link_before ORDER BY k;
DROP TABLE link_before;
CREATE UNIQUE INDEX link_id ON link (id);
