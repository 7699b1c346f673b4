SET ROLE scn_owner;
SELECT tried('INSERT INTO stays VALUES (100, ''[1,2)'', ''[2024-01-05,2024-01-06)'')');
SELECT tried('INSERT INTO stays VALUES (101, ''[3,4)'', ''[2024-01-05,2024-01-06)'')');
