ALTER TABLE "Or""ders" ADD COLUMN "New" int NOT NULL DEFAULT 3, ADD list text[] DEFAULT '{a,"b,c"}', ADD COLUMN more text COLLATE "C" CHECK (more <> ''),
  DROP COLUMN at, DROP COLUMN ratio;
ALTER TABLE "Or""ders" RENAME COLUMN tag TO "Label";
ALTER TABLE "Or""ders" RENAME COLUMN id TO "ID";
