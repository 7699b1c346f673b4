ALTER TABLE people ADD COLUMN born date, ADD COLUMN alive boolean DEFAULT true;
