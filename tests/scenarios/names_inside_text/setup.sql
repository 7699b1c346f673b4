-- The table's name stands in its dependents as column, alias, literal, function and as the beginning of other names.
CREATE SCHEMA t AUTHORIZATION scn_owner;
SET ROLE scn_owner;
CREATE TABLE t (id int PRIMARY KEY, t int NOT NULL, "t.t" text, u text);
CREATE TABLE t2 (id int PRIMARY KEY, t int, t2 int);
CREATE TABLE "t.t" (id int PRIMARY KEY, t text);
CREATE TABLE t.t (id int PRIMARY KEY, u text);
CREATE TABLE t.t2 (id int PRIMARY KEY, t text);
INSERT INTO t SELECT g, g * 2, 't.t ' || g, 'public.t' FROM generate_series(1, 20) g;
INSERT INTO t2 SELECT g, g, g FROM generate_series(1, 15) g;
INSERT INTO "t.t" SELECT g, 'FROM t' FROM generate_series(1, 10) g;
INSERT INTO t.t SELECT g, 'u' || g FROM generate_series(1, 12) g;
INSERT INTO t.t2 SELECT g, 't' || g FROM generate_series(1, 12) g;
CREATE FUNCTION t(t int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT t + 1';
CREATE VIEW tt AS SELECT t.t, t.id AS public, t2.t AS t2, "t.t".t AS "t.t", 'FROM public.t' AS "FROM t", t(t.t) AS "public.t"
  FROM t JOIN t2 USING (id) JOIN "t.t" USING (id) WHERE t."t.t" <> 'FROM t WHERE public.t.t = 1';
CREATE VIEW other AS SELECT t.id, public.t FROM t2 t JOIN t.t public2 ON public2.id = t.id, (SELECT t.t FROM t) public;
CREATE VIEW swapped AS SELECT t2.t FROM t t2 JOIN t2 t ON t.id = t2.id JOIN t.t2 x ON x.id = t.id;
CREATE FUNCTION t.count_t(t int, "t.t" text) RETURNS bigint BEGIN ATOMIC
  SELECT count(*) FROM t WHERE t.t > count_t.t AND t."t.t" <> count_t."t.t" AND u = 'public.t';
END;
CREATE RULE t AS ON INSERT TO t.t DO ALSO UPDATE t SET u = 't.t' WHERE t.id = NEW.id;
CREATE POLICY t ON t.t2 USING (EXISTS (SELECT FROM t WHERE t.id = t2.id AND t.u <> 't.t2'));
CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.u := tg_argv[0]; RETURN NEW; END';
CREATE TRIGGER t BEFORE UPDATE OF t ON t FOR EACH ROW WHEN (OLD.u <> 'ON public.t') EXECUTE FUNCTION fired('t ON public.t ');
CREATE STATISTICS t_t ON t, u FROM t;
CREATE INDEX t_on_t ON t (t) WHERE u <> ' ON public.t USING btree (';
RESET ROLE;
