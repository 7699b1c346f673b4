ALTER TABLE "My ""Schema"""."select" ADD COLUMN "into ""()" int DEFAULT 5, ALTER COLUMN "$1" SET DEFAULT '$1';
ALTER TABLE "My ""Schema"""."select" RENAME COLUMN ","")" TO "'"",(";
