SET ROLE scn_owner;
DELETE FROM meters WHERE id IN (3, 13);
UPDATE meters SET id = 104 WHERE id = 4;
UPDATE meters SET id = 115 WHERE id = 15;
INSERT INTO meters VALUES (26, 'late');
INSERT INTO readings SELECT date '2022-11-01' + g * 30, 26, 1 FROM generate_series(1, 20) g;
UPDATE readings SET day = day + 365 WHERE meter = 7;
