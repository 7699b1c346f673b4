ALTER TABLE zoo ADD COLUMN extra point3 DEFAULT ROW(1, 2, 'three'), ADD COLUMN extras moods DEFAULT '{ok}', ALTER COLUMN n2 TYPE numeric(12, 6);
