ALTER TABLE words_a ALTER COLUMN word SET COMPRESSION pglz, ALTER COLUMN word SET (n_distinct = 100), SET (parallel_workers = 2);
