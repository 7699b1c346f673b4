SET ROLE scn_owner;
UPDATE offers SET raw = E'\\001\\377', span = '2-3 4 5:6:7', label = 'x' WHERE id % 5 = 0;
INSERT INTO offers (id, day) VALUES (100, '05.06.2025');
