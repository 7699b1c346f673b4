ALTER TABLE pages DROP COLUMN body, ADD COLUMN summary text DEFAULT repeat('s', 20);
