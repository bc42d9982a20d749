-- evidence: a JSON array of [source id, excerpt, prefix, suffix, stance, verified (true, false or null), start, end]. The last two
-- are there where verified is true: where the excerpt stands in the source's text, in code points. All excerpts are compared
-- with their texts again, in Go.
SELECT 1;
