-- stray: 1 where the id of a link does not follow from what it says, as it was given one or was corrected since. The index finds
-- these alone by what they say.
ALTER TABLE link ADD COLUMN stray INTEGER NOT NULL DEFAULT 0;
UPDATE link SET stray = 1 WHERE throughline_stray(id, kind, (SELECT n.id FROM node n WHERE n.k = from_k),
  (SELECT n.id FROM node n WHERE n.k = to_k), role, since, until);
CREATE INDEX link_stray ON link (from_k, to_k, stray) WHERE stray > 0;
