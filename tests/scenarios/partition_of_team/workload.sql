SET ROLE scn_reader;
INSERT INTO days VALUES ('2023-01-01', 1000, 'new'), ('2025-01-01', 1001, 'new');
UPDATE days SET day = '2023-03-03' WHERE nr = 300;
UPDATE days SET day = '2026-03-03' WHERE nr = 3;
