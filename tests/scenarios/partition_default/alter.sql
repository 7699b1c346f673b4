ALTER TABLE events_else ALTER COLUMN what SET DEFAULT 'nothing', SET (autovacuum_enabled = off);
