ALTER TABLE ages ALTER COLUMN age TYPE bigint, ADD CONSTRAINT short CHECK (length(name) < 3) NOT VALID;
