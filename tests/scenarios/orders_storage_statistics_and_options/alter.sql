ALTER TABLE "Or""ders" ALTER COLUMN big SET STORAGE EXTENDED, ALTER COLUMN data SET COMPRESSION pglz,
  ALTER COLUMN note SET COMPRESSION default, ALTER COLUMN amount SET STATISTICS 77,
  ALTER COLUMN tag SET (n_distinct = 5), ALTER COLUMN amount RESET (n_distinct),
  SET (fillfactor = 50, toast.autovacuum_enabled = off), RESET (autovacuum_enabled);
