-- A view belongs to a role of which the table's owner is no member, so nobody of ours may change it.
SET ROLE scn_owner;
CREATE TABLE items (id int PRIMARY KEY, label text, price int);
INSERT INTO items SELECT g, 'item ' || g, g * 3 FROM generate_series(1, 30) g;
GRANT SELECT ON items TO scn_stranger;
RESET ROLE;
CREATE SCHEMA strange AUTHORIZATION scn_stranger;
SET ROLE scn_stranger;
CREATE VIEW strange.look AS SELECT id FROM public.items WHERE price > 10;
RESET ROLE;
