SET ROLE scn_owner;
UPDATE version SET version = version + 1;
