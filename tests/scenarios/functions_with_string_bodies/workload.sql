SET ROLE scn_owner;
CALL add_car(50);
SELECT plate_of(3), row_text(4);
