SET ROLE scn_owner;
INSERT INTO north.cities (id) VALUES (103);
INSERT INTO cities (id) VALUES (104);
SELECT * FROM north.everywhere WHERE id > 100 ORDER BY 1, 2;
SELECT * FROM pairs ORDER BY id LIMIT 3;
SELECT north.count_all();
