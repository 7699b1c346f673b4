SET ROLE scn_owner;
UPDATE loose SET a = a + 1000, c = md5(c::text)::uuid WHERE d % 4 = 0;
DELETE FROM loose WHERE d % 9 = 0;
INSERT INTO loose VALUES (NULL, 'x', md5('x')::uuid, 99), (NULL, 'y', md5('y')::uuid, 98);
