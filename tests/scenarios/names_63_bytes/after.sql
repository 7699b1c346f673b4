SELECT count(*) FROM v_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY relname COLLATE "C";
