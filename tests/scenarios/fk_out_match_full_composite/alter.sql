ALTER TABLE parcels ADD COLUMN weight numeric DEFAULT 1.5, ALTER COLUMN id TYPE bigint;
