ALTER TABLE "Or""ders" ALTER COLUMN note TYPE varchar(50) USING normal(note) || '.',
  ALTER COLUMN flags DROP DEFAULT, ALTER COLUMN flags TYPE int USING flags::int,
  ALTER COLUMN qty TYPE numeric(8, 2), ALTER COLUMN ratio TYPE real;
