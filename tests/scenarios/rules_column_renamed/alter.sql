ALTER TABLE stock RENAME COLUMN many TO "How Many";
