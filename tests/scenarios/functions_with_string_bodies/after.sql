SET ROLE scn_owner;
SELECT plate_of(50), row_text(50), count_cars();
SELECT * FROM many_doors(4);
CALL add_car(51);
SELECT row_text(51);
