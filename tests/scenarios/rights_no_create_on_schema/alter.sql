ALTER TABLE "Closed shop".goods ALTER COLUMN id TYPE bigint;
