ALTER TABLE "Or""ders" SET TABLESPACE scn_space;
