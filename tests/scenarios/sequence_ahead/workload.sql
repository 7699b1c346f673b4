SET ROLE scn_owner;
INSERT INTO counters (at_end) VALUES (1);
DELETE FROM counters WHERE id > 20 AND id < 5000;
