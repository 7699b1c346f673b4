SET ROLE scn_owner;
UPDATE places SET town = 'new town' WHERE zip < 6;
DELETE FROM places WHERE zip BETWEEN 40 AND 45;
UPDATE parcels SET to_land = p.land, to_town = p.town, to_zip = p.zip FROM places p WHERE p.zip = 7 AND parcels.id < 20;
