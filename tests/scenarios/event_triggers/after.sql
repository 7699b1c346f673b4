SELECT count(*) FROM big_rooms;
