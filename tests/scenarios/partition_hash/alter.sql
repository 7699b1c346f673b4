ALTER TABLE docs_1 ADD CONSTRAINT body_given CHECK (length(body) > 2), ALTER COLUMN body SET NOT NULL;
