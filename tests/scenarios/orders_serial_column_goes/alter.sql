ALTER TABLE "Or""ders" DROP COLUMN ticket;
