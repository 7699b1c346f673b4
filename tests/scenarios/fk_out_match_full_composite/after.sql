SET ROLE scn_owner;
SELECT tried('INSERT INTO parcels (id) VALUES (500)');
SELECT tried('INSERT INTO parcels (id, zip) VALUES (501, 10)');
SELECT tried('INSERT INTO parcels (id, zip, land, town) VALUES (502, 10, ''land 1'', ''town 4'')');
SELECT tried('INSERT INTO parcels (id, zip, land, town) VALUES (503, 10, ''land 1'', ''town 3'')');
SELECT tried('INSERT INTO parcels (id, to_zip, to_land) VALUES (504, 999, ''none'')');
SELECT tried('INSERT INTO parcels (id, to_zip, to_land, to_town) VALUES (505, 999, ''none'', ''none'')');
SELECT tried('DELETE FROM places WHERE zip = 7');
SELECT tried('UPDATE places SET town = ''old'' WHERE zip IN (7, 8)');
SELECT tried('DELETE FROM places WHERE zip = 9');
SELECT count(*), count(zip), count(town), count(*) FILTER (WHERE town = 'old'), count(to_town), count(*) FILTER (WHERE to_town = 'old')
FROM parcels;
