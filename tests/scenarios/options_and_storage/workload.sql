SET ROLE scn_owner;
UPDATE blobs SET a = repeat('x', 9000), d = NULL WHERE id % 7 = 0;
UPDATE blobs SET c = 'short' WHERE id % 5 = 0;
