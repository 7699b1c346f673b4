-- Options of the table, of its TOAST table and its indexes, storage and compression of columns, some of them changed.
SET ROLE scn_owner;
CREATE TABLE blobs (id int PRIMARY KEY WITH (fillfactor = 61), a text, b bytea, c text, d text, e jsonb)
  WITH (fillfactor = 71, autovacuum_enabled = off, autovacuum_vacuum_scale_factor = 0.01, autovacuum_freeze_max_age = 300000000,
        toast.autovacuum_enabled = off, toast.autovacuum_vacuum_cost_delay = 3, parallel_workers = 2, user_catalog_table = false,
        toast_tuple_target = 300, log_autovacuum_min_duration = 17);
ALTER TABLE blobs ALTER a SET STORAGE EXTERNAL, ALTER b SET STORAGE MAIN, ALTER c SET STORAGE PLAIN, ALTER d SET COMPRESSION pglz,
  ALTER e SET STORAGE EXTERNAL;
INSERT INTO blobs SELECT g, repeat('a', g * 100), decode(repeat('ab', g * 50), 'hex'), 'c' || g, repeat('d' || g, g * 60),
  jsonb_build_object('e', repeat('e', g * 70)) FROM generate_series(1, 60) g;
CREATE INDEX blobs_c ON blobs (c) WITH (fillfactor = 51, deduplicate_items = off);
RESET ROLE;
