ALTER TABLE tickets ADD COLUMN assignee text DEFAULT 'nobody', ALTER COLUMN state SET DEFAULT 'new';
