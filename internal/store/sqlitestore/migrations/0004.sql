-- A row that is changed again and again is noted once, with the seq of the last load that changed it.
ALTER TABLE changed RENAME TO changed_before;
CREATE TABLE changed (what INTEGER NOT NULL, k INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (what, k)) STRICT, WITHOUT ROWID;
INSERT INTO changed SELECT what, k, max(seq) FROM changed_before GROUP BY what, k;
DROP TABLE changed_before;
CREATE INDEX changed_seq ON changed (what, seq);
