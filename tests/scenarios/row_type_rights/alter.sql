ALTER TABLE ships ADD COLUMN tons int;
