ALTER TABLE days_old SET (fillfactor = 50), ADD CHECK (nr <> 1000);
