-- sum: of what stands in the row, and wordsSum of a link's evidence, so that damage on the disk is noticed: see sums.go.
ALTER TABLE source ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE node ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE link ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE link ADD COLUMN wordsSum INTEGER NOT NULL DEFAULT 0;
UPDATE source SET sum = throughline_sum(k, id, title, url, kind, publisher, authors, publishedOn, contentHash);
UPDATE node SET sum = throughline_sum(k, id, type, name, description, aliases, externalIds, props, createdAt, updatedAt);
UPDATE link SET sum = throughline_sum(k, id, kind, from_k, to_k, hex(role), since, until, sources, refuters, unverified, createdAt, updatedAt, quoted),
  wordsSum = throughline_sum(k, evidence);
