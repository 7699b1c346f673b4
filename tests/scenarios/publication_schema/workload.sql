UPDATE p SET name = 'w' || id WHERE id < 4;
DELETE FROM p WHERE id = 5;
INSERT INTO p VALUES (100, 'new', 's', 1);
