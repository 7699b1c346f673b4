SET ROLE scn_owner;
TRUNCATE days_old;
INSERT INTO days VALUES ('2023-01-01', 1), ('2024-01-01', 2);
TRUNCATE days;
INSERT INTO days VALUES ('2023-02-02', 3), ('2024-02-02', 4), ('2023-03-03', 5);
UPDATE days SET day = '2025-05-05' WHERE nr = 5;
