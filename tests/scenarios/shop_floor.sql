-- Where the tables of the …orders.sql files live, and what they need; scn_owner makes what follows.
CREATE SCHEMA "Shop Floor" AUTHORIZATION scn_owner;
CREATE SCHEMA other AUTHORIZATION scn_owner;
GRANT USAGE ON SCHEMA "Shop Floor", other TO PUBLIC;
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
SELECT format('ALTER DATABASE %I SET search_path = "Shop Floor", public', current_database()) \gexec
SET search_path = "Shop Floor", public;
SET ROLE scn_owner;
