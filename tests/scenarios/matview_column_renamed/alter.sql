ALTER TABLE hits RENAME page TO url;
ALTER TABLE hits RENAME many TO page;
ALTER TABLE hits RENAME id TO many;
