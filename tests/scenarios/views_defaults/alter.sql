ALTER TABLE visits ALTER COLUMN page SET DEFAULT 'changed', ADD COLUMN host text DEFAULT 'here';
