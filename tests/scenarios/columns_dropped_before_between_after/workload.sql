SET ROLE scn_owner;
UPDATE layers SET late = 'later' WHERE id IN (3, 4);
INSERT INTO after_drop VALUES (100, 'new', 5, 'l');
