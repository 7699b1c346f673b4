ALTER TABLE days_old SET (fillfactor = 50);
