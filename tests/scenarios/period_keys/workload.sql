SET ROLE scn_owner;
UPDATE stays SET during = daterange('2024-03-01', '2024-04-01') WHERE id % 3 = 0;
