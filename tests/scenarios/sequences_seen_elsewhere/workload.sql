SET ROLE scn_owner;
INSERT INTO drafts (body) VALUES ('draft');
INSERT INTO tickets (body) VALUES ('ticket');
