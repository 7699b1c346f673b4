ALTER TABLE flags ALTER COLUMN state DROP DEFAULT, ALTER COLUMN state TYPE boolean USING state = 'on', ALTER COLUMN state SET DEFAULT false,
  ALTER COLUMN small TYPE bigint, ALTER COLUMN late TYPE date, ALTER COLUMN list TYPE bigint[];
