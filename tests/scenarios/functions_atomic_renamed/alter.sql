ALTER TABLE tickets RENAME COLUMN votes TO "Votes!";
ALTER TABLE tickets RENAME COLUMN title TO headline;
ALTER TABLE tickets ALTER COLUMN headline SET DEFAULT 'no headline';
