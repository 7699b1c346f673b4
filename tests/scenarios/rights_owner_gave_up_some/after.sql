SET ROLE scn_owner;
SELECT tried('CREATE TABLE more (name varchar(40) REFERENCES goods (name))');
SELECT tried('DELETE FROM goods WHERE id = 1');
SELECT tried('INSERT INTO others VALUES (50, 99)');
