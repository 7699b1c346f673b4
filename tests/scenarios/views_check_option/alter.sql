ALTER TABLE stock ADD COLUMN counted date, ADD CHECK (many <> 13000);
