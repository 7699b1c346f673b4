ALTER TABLE "Or""ders" ALTER COLUMN tag TYPE varchar(100), ALTER big TYPE varchar, ALTER qty TYPE numeric,
  ALTER score TYPE numeric, ALTER note TYPE text COLLATE "POSIX", ALTER "Ref No" TYPE text COLLATE mirrored;
