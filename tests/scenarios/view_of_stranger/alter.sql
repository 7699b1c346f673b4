ALTER TABLE items ADD COLUMN sold boolean DEFAULT false;
