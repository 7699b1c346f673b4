ALTER TABLE tickets_old SET (fillfactor = 60);
