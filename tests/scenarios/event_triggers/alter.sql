ALTER TABLE rooms ALTER COLUMN size TYPE bigint, ADD COLUMN color text;
