ALTER TABLE flags ALTER COLUMN state TYPE int USING state::int;
