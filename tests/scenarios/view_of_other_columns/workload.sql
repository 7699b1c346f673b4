SET ROLE scn_owner;
UPDATE shown_again SET remark = 'w' || id WHERE id % 5 = 0;
INSERT INTO shown VALUES (60, 'mm', 'new');
