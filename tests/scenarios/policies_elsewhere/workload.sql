SET ROLE scn_owner;
INSERT INTO teams SELECT g, 'nobody', 0 FROM generate_series(10, 14) g;
