ALTER TABLE cache ADD COLUMN at date;
