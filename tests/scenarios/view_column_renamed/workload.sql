SET ROLE scn_owner;
UPDATE plain SET weight = weight + 1 WHERE id > 30;
