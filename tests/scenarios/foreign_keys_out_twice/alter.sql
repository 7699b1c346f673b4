ALTER TABLE parcels ALTER COLUMN weight TYPE float8;
