SET ROLE scn_owner;
UPDATE keyed SET b = b + 1 WHERE other % 7 = 0;
UPDATE keyed SET a = -a, c = c || '"' WHERE other % 11 = 0;
DELETE FROM keyed WHERE other % 13 = 0;
INSERT INTO keyed VALUES (NULL, '', -9223372036854775808, -32768, 0), ('', '', 9223372036854775807, 32767, -1);
