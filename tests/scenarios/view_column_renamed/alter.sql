ALTER TABLE parcels RENAME COLUMN weight TO "Mass, g";
ALTER TABLE parcels RENAME COLUMN "to" TO destination;
ALTER TABLE parcels ADD COLUMN weight text DEFAULT 'another one';
