-- The log: a row for each load that wrote something, and for each record that it changed or deleted. Records that an import created
-- have no row; created has the ranges of their keys instead.
-- a and b are the ends of a link as it is then, wasA and wasB as it was; before and after are lines of the export, '' for none.
CREATE TABLE change (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, by TEXT NOT NULL, action TEXT NOT NULL, note TEXT NOT NULL,
  reverts TEXT NOT NULL, key TEXT NOT NULL, files TEXT NOT NULL,
  created INTEGER NOT NULL, changed INTEGER NOT NULL, removed INTEGER NOT NULL, items INTEGER NOT NULL, sum INTEGER NOT NULL
) STRICT;
CREATE INDEX change_at ON change (at);

CREATE TABLE change_item (
  seq INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, a TEXT NOT NULL, b TEXT NOT NULL, wasA TEXT NOT NULL, wasB TEXT NOT NULL,
  before TEXT NOT NULL, after TEXT NOT NULL, sum INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX change_item_record ON change_item (seq, id);
CREATE INDEX change_item_id ON change_item (id, seq);
CREATE INDEX change_item_a ON change_item (a, seq) WHERE a <> '';
CREATE INDEX change_item_b ON change_item (b, seq) WHERE b <> '';
CREATE INDEX change_item_was_a ON change_item (wasA, seq) WHERE wasA <> '';
CREATE INDEX change_item_was_b ON change_item (wasB, seq) WHERE wasB <> '';

-- what: 0 source, 1 node, 2 link, as in changed.
CREATE TABLE created (what INTEGER NOT NULL, last INTEGER NOT NULL, first INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (what, last)) STRICT, WITHOUT ROWID;
