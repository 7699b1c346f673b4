ALTER TABLE days_old_some SET (fillfactor = 50);
