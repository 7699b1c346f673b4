ALTER TABLE "Or""ders" ALTER COLUMN id TYPE bigint;
