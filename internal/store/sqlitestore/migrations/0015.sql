-- open: an import that has not ended, copied from a store that writes one in several transactions. What has ended keeps the sum that it has.
ALTER TABLE change ADD COLUMN open INTEGER NOT NULL DEFAULT 0;
