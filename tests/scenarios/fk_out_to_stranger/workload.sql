DELETE FROM strange.towns WHERE id < 4;
