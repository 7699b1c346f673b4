INSERT INTO "Days" VALUES ('2023-12-31', 900, 'w'), ('2024-05-05', 901, 'w'), ('2021-01-01', 902, 'w');
UPDATE "Days" SET day = '2023-12-30', v = 'moved in' WHERE nr = 902;
UPDATE "Days" SET day = '2024-12-30' WHERE day = '2023-02-01' RETURNING nr;
UPDATE "Days" SET v = 'changed' WHERE nr BETWEEN 40 AND 50;
DELETE FROM "Days" WHERE nr BETWEEN 60 AND 65;
UPDATE days_23 SET nr = 1000 WHERE nr = 5;
