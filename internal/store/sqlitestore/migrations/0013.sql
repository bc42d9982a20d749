-- made: the import that created a record which went. Rows without keep the sum that they have.
ALTER TABLE change_item ADD COLUMN made INTEGER NOT NULL DEFAULT 0;
