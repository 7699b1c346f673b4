SET ROLE scn_clerk;
INSERT INTO staff (id, name, wage) VALUES (50, 'new', 1);
RESET ROLE;
SET ROLE scn_reader;
UPDATE staff SET phone = 'none' WHERE id < 5;
