-- Who took a change back, and what somebody did, are looked for.
CREATE INDEX change_reverts ON change (reverts) WHERE reverts <> '';
CREATE INDEX change_by ON change (by, seq);
