ALTER TABLE "Or""ders" ADD COLUMN nr bigserial;
