ALTER TABLE wide ADD COLUMN one_more int;
