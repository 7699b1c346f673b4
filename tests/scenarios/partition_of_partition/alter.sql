ALTER TABLE cells_24_north SET TABLESPACE scn_space;
