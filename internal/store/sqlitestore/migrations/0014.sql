-- changesFrom: the seq of the first change that is kept, and changesSince: when the one before it was made, 0 where there was none.
INSERT OR REPLACE INTO meta VALUES ('changesFrom', 1), ('changesSince', 0), ('changesSum', throughline_sum(1, 0));
