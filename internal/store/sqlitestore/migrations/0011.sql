-- formerIds: of entities that were merged into this one, as JSON. The index finds the few that have some. A row that was
-- damaged before keeps a sum that does not fit.
ALTER TABLE node ADD COLUMN formerIds TEXT NOT NULL DEFAULT '';
CREATE INDEX node_former ON node (k) WHERE formerIds <> '';
UPDATE node SET sum = throughline_sum(k, id, type, name, description, aliases, externalIds, formerIds, props, createdAt, updatedAt)
  WHERE sum = throughline_sum(k, id, type, name, description, aliases, externalIds, props, createdAt, updatedAt);
