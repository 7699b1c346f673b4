ALTER TABLE blobs ALTER COLUMN e SET STORAGE EXTENDED, ALTER COLUMN a SET COMPRESSION pglz, RESET (autovacuum_enabled),
  SET (toast.autovacuum_vacuum_cost_delay = 5, fillfactor = 90);
