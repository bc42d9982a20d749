-- changed: rows of earlier loads that a load changed or deleted (what: 0 source, 1 node, 2 link), for making a new image from
-- an older one; new rows need no note, their k is larger than any before. It is complete from meta's changedFrom on.
CREATE TABLE changed (seq INTEGER NOT NULL, what INTEGER NOT NULL, k INTEGER NOT NULL, PRIMARY KEY (seq, what, k)) STRICT, WITHOUT ROWID;
INSERT INTO meta SELECT 'changedFrom', value FROM meta WHERE key = 'seq';

-- An image of an earlier seq, kept so that a start need not make it. It can be deleted at any time.
CREATE TABLE snapshot (part INTEGER NOT NULL, chunk INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (part, chunk)) STRICT;
