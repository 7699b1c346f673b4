ALTER TABLE staff ALTER COLUMN nr TYPE bigint, ALTER COLUMN boss_nr TYPE bigint;
ALTER TABLE staff RENAME COLUMN boss_firm TO "Boss's firm";
