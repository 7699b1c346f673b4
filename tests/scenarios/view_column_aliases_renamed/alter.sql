ALTER TABLE parcels RENAME COLUMN weight TO mass;
