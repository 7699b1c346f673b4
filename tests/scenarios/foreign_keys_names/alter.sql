ALTER TABLE "Order" ALTER COLUMN id TYPE bigint, ALTER COLUMN "a""b" TYPE varchar(90);
