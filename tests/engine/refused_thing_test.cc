// What hangs on a table and cannot be carried over is refused by name, before anything is done, with a way out: the
// table of all such things.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>

#include "boost/json/serialize.hpp"
#include "engine/run.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/status.h"
#include "tests/engine/refusal_fixture.h"
#include "tests/support/server.h"

namespace pgmoult::tests {
namespace {

using ::testing::HasSubstr;

enum class Login { kOwner, kSuperuser, kStranger };

struct Case {
  std::string_view name;
  std::string_view by_owner = {};      // runs after kTable
  std::string_view by_superuser = {};  // runs after that
  std::string_view code = {};
  std::string_view object = {};  // part of the finding's object
  std::string_view remedy = {};  // part of the finding's remedy
  std::string_view statement = "ALTER TABLE t ALTER COLUMN id TYPE bigint";
  // The statement that the remedy amounts to, by a superuser: afterwards the code is found no more. "": there is none.
  std::string_view way_out = {};
  Login login = Login::kOwner;
  int from = 14;  // the first major version that has it
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

const Case kCases[] = {
    {.name = "ViewWithAColumnOfTheRowType",
     .by_owner = "CREATE VIEW looks AS SELECT t AS whole FROM t",
     .code = "row_type_used",
     .object = "view column public.looks.whole",
     .remedy = "drop it",
     .way_out = "DROP VIEW looks"},
    // What PostgreSQL itself does not allow.
    {.name = "ViewOfTheColumnThatChanges",
     .by_owner = "CREATE VIEW grouped AS SELECT id, v FROM t GROUP BY id",
     .code = "dependent_in_the_way",
     .object = "public.t",
     .remedy = "drop what depends on it",
     .way_out = "DROP VIEW grouped"},
    {.name = "RuleOfTheColumnThatChanges",
     .by_owner = "CREATE RULE copy_in AS ON INSERT TO other DO ALSO INSERT INTO t SELECT NEW.*",
     .code = "dependent_in_the_way",
     .object = "public.t",
     .remedy = "drop what depends on it",
     .way_out = "DROP RULE copy_in ON other"},
    {.name = "PolicyOfTheColumnThatChanges",
     .by_owner = "CREATE POLICY those_in_t ON other USING (id IN (SELECT id FROM t))",
     .code = "dependent_in_the_way",
     .object = "public.t",
     .remedy = "drop what depends on it",
     .way_out = "DROP POLICY those_in_t ON other"},
    {.name = "ViewOfAnotherOwner",
     .by_superuser = "GRANT CREATE ON SCHEMA public TO refusal_stranger; CREATE VIEW looks AS SELECT v FROM t;"
                     "ALTER VIEW looks OWNER TO refusal_stranger",
     .code = "dependent_owner",
     .object = "view public.looks",
     .remedy = "GRANT refusal_stranger TO refusal_owner;",
     .way_out = "GRANT refusal_stranger TO refusal_owner"},
    {.name = "FunctionOfAnotherOwner",
     .by_superuser = "CREATE FUNCTION counts() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t; END",
     .code = "dependent_owner",
     .object = "function public.counts()",
     .remedy = "TO refusal_owner;",
     .way_out = "ALTER FUNCTION counts OWNER TO refusal_owner"},
    {.name = "RuleOfAnotherOwnersTable",
     .by_owner = "CREATE RULE copy_in AS ON INSERT TO other DO ALSO INSERT INTO t SELECT NEW.*",
     .by_superuser = "ALTER TABLE other OWNER TO refusal_stranger",
     .code = "dependent_owner",
     .object = "rule copy_in on public.other",
     .remedy = "GRANT refusal_stranger TO refusal_owner;",
     .statement = "t",
     .way_out = "GRANT refusal_stranger TO refusal_owner"},
    {.name = "PolicyOfAnotherOwnersTable",
     .by_owner = "CREATE POLICY those_in_t ON other USING (id IN (SELECT id FROM t))",
     .by_superuser = "ALTER TABLE other OWNER TO refusal_stranger",
     .code = "dependent_owner",
     .object = "policy those_in_t on public.other",
     .remedy = "GRANT refusal_stranger TO refusal_owner;",
     .statement = "t",
     .way_out = "GRANT refusal_stranger TO refusal_owner"},
    {.name = "ForeignKeyOfAnotherOwnersTable",
     .by_owner = "ALTER TABLE other ADD CONSTRAINT in_fk FOREIGN KEY (id) REFERENCES t;"
                 "GRANT REFERENCES ON t TO refusal_stranger",
     .by_superuser = "ALTER TABLE other OWNER TO refusal_stranger",
     .code = "dependent_owner",
     .object = "foreign key in_fk of table public.other",
     .remedy = "GRANT refusal_stranger TO refusal_owner;",
     .statement = "t",
     .way_out = "GRANT refusal_stranger TO refusal_owner"},
    {.name = "ForeignKeyOfAPartitionedTableWithAPartitionOfAnotherOwner",
     .by_owner = "CREATE TABLE parts (id int CONSTRAINT parts_fk REFERENCES t) PARTITION BY RANGE (id);"
                 "CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (9)",
     .by_superuser = "ALTER TABLE part OWNER TO refusal_stranger",
     .code = "dependent_owner",
     .object = "foreign key parts_fk of table public.parts",
     .remedy = "ALTER TABLE public.part OWNER TO refusal_owner;",
     .way_out = "ALTER TABLE part OWNER TO refusal_owner"},
    {.name = "ViewWhoseOwnerMayNotMakeItAgain",
     .by_superuser = "GRANT refusal_clerk TO refusal_owner; CREATE VIEW looks AS SELECT v FROM t;"
                     "ALTER VIEW looks OWNER TO refusal_clerk",
     .code = "dependent_rights",
     .object = "view public.looks",
     .remedy = "GRANT CREATE ON SCHEMA public TO refusal_clerk;",
     .way_out = "GRANT CREATE ON SCHEMA public TO refusal_clerk"},
    {.name = "FunctionWhoseOwnerMayNotMakeItAgain",
     .by_superuser = "GRANT refusal_clerk TO refusal_owner;"
                     "CREATE FUNCTION counts() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t; END;"
                     "ALTER FUNCTION counts OWNER TO refusal_clerk",
     .code = "dependent_rights",
     .object = "function public.counts()",
     .remedy = "GRANT CREATE ON SCHEMA public TO refusal_clerk;",
     .way_out = "GRANT CREATE ON SCHEMA public TO refusal_clerk"},
    {.name = "TemporaryViewOfAnotherSession",
     .by_owner = "CREATE TEMP VIEW passing AS SELECT v FROM t",
     .code = "temporary_dependent",
     .object = "passing",
     .remedy = "End that session",
     .way_out = "DO $$ BEGIN EXECUTE format('DROP VIEW %s', (SELECT oid::regclass FROM pg_class WHERE relname = "
                "'passing')); END $$"},
    {.name = "ForeignKeyToATableThatMayNotBeReferencedAnyMore",
     .by_owner = "ALTER TABLE t ADD CONSTRAINT out_fk FOREIGN KEY (id) REFERENCES other",
     .by_superuser = "GRANT refusal_stranger TO refusal_owner; ALTER TABLE other OWNER TO refusal_stranger;"
                     "ALTER ROLE refusal_owner NOINHERIT",
     .code = "no_references",
     .object = "foreign key out_fk of table public.t",
     .remedy = "GRANT REFERENCES ON public.other TO refusal_owner;",
     .way_out = "GRANT REFERENCES ON other TO refusal_owner"},
    {.name = "ForeignKeyThatIsNotEnforced",
     .by_owner = "ALTER TABLE other ADD CONSTRAINT in_fk FOREIGN KEY (id) REFERENCES t",
     .by_superuser = "ALTER TABLE t DISABLE TRIGGER ALL",
     .code = "foreign_key_disabled",
     .object = "foreign key in_fk of table public.other",
     .remedy = "ALTER TABLE public.other ENABLE TRIGGER ALL",
     .way_out = "ALTER TABLE t ENABLE TRIGGER ALL"},
    {.name = "ForeignKeyOverAPeriod",
     .by_owner = "CREATE TABLE spans (id int PRIMARY KEY, a int4range NOT NULL, at daterange NOT NULL,"
                 "  UNIQUE (a, at WITHOUT OVERLAPS));"
                 "CREATE TABLE parts_of (a int4range, at daterange, CONSTRAINT within FOREIGN KEY (a, PERIOD at)"
                 "  REFERENCES spans (a, PERIOD at))",
     .code = "foreign_key_period",
     .object = "foreign key within of table public.parts_of",
     .remedy = "add it again",
     .statement = "ALTER TABLE spans ALTER COLUMN id TYPE bigint",
     .way_out = "ALTER TABLE parts_of DROP CONSTRAINT within",
     .from = 18},
    {.name = "PublicationOfAnotherOwner",
     .by_superuser = "CREATE PUBLICATION news FOR TABLE t",
     .code = "publication_owner",
     .object = "publication news",
     .remedy = "ALTER PUBLICATION news OWNER TO refusal_owner",
     .way_out = "ALTER PUBLICATION news OWNER TO refusal_owner"},
    {.name = "PublicationWhoseOwnerIsNoMemberOfTheTables",
     .by_superuser = "GRANT refusal_clerk TO refusal_owner; CREATE PUBLICATION news FOR TABLE t;"
                     "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO refusal_clerk', current_database());"
                     "END $$; ALTER PUBLICATION news OWNER TO refusal_clerk",
     .code = "publication_owner",
     .object = "publication news",
     .remedy = "ALTER PUBLICATION news OWNER TO refusal_owner",
     .way_out = "ALTER PUBLICATION news OWNER TO refusal_owner"},
    {.name = "MaterializedViewsOfOneNameInTwoSchemas",
     .by_owner = "CREATE SCHEMA refusal_second; CREATE MATERIALIZED VIEW stored AS SELECT v FROM t;"
                 "CREATE MATERIALIZED VIEW refusal_second.stored AS SELECT v FROM t",
     .code = "materialized_view",
     .object = "materialized view refusal_second.stored",
     .remedy = "Rename one of them",
     .way_out = "ALTER MATERIALIZED VIEW refusal_second.stored RENAME TO stored_too"},
    {.name = "MaterializedViewOfAnExtension",
     .by_owner = "CREATE MATERIALIZED VIEW stored AS SELECT v FROM t",
     .by_superuser = "ALTER EXTENSION plpgsql ADD MATERIALIZED VIEW stored",
     .code = "extension_member",
     .object = "materialized view public.stored",
     .remedy = "ALTER EXTENSION plpgsql DROP MATERIALIZED VIEW public.stored;",
     .way_out = "ALTER EXTENSION plpgsql DROP MATERIALIZED VIEW stored"},
    {.name = "MaterializedViewOfAnotherOwner",
     .by_superuser = "CREATE MATERIALIZED VIEW stored AS SELECT v FROM t",
     .code = "dependent_owner",
     .object = "materialized view public.stored",
     .remedy = "TO refusal_owner;",
     .way_out = "ALTER MATERIALIZED VIEW stored OWNER TO refusal_owner"},
    {.name = "ConstraintTriggerOfAnotherTableFromIt",
     .by_owner = "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
                 "CREATE CONSTRAINT TRIGGER crosses AFTER INSERT ON other FROM t FOR EACH ROW EXECUTE FUNCTION touch()",
     .code = "trigger_elsewhere",
     .object = "trigger crosses on public.other",
     .remedy = "Drop the trigger",
     .way_out = "DROP TRIGGER crosses ON other"},
    {.name = "TriggerOfAnotherTableWithTheRowTypeInItsWhen",
     .by_owner = "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
                 "CREATE TRIGGER crosses BEFORE UPDATE ON other FOR EACH ROW "
                 "WHEN (ROW(NEW.id, NEW.v)::t IS NOT NULL) EXECUTE FUNCTION touch()",
     .code = "trigger_elsewhere",
     .object = "trigger crosses on public.other",
     .remedy = "Drop the trigger",
     .way_out = "DROP TRIGGER crosses ON other"},
    {.name = "F1ForcedRowSecurity",
     .by_owner = "ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
     .code = "forced_row_security",
     .object = "table public.t",
     .remedy = "NO FORCE ROW LEVEL SECURITY",
     .way_out = "ALTER TABLE t NO FORCE ROW LEVEL SECURITY"},
    {.name = "ForcedRowSecurityWhereTheOwnerBypassesIt",
     .by_owner = "ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
     .code = "forced_row_security",
     .object = "table public.t",
     .remedy = "BYPASSRLS",
     .way_out = "ALTER ROLE refusal_owner BYPASSRLS"},
    {.name = "S2PublicationOfAllTables",
     .by_superuser = "CREATE PUBLICATION news FOR ALL TABLES",
     .code = "publication_all_tables",
     .object = "publication news",
     .remedy = "--allow-publish-all",
     .way_out = "DROP PUBLICATION news"},
    {.name = "PartitionedTable",
     .by_owner = "CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id)",
     .code = "partitioned_table",
     .object = "table public.parts",
     .remedy = "one at a time",
     .statement = "ALTER TABLE parts ALTER COLUMN id TYPE bigint"},
    {.name = "PartitionsInheritedColumn",
     .by_owner = "CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);"
                 "ALTER TABLE parts ATTACH PARTITION t FOR VALUES FROM (0) TO (9)",
     .code = "partition_inherits_it",
     .object = "public.t",
     .remedy = "is changed there",
     .way_out = "ALTER TABLE parts DETACH PARTITION t"},
    {.name = "PartitionsInheritedForeignKey",
     .by_owner = "CREATE TABLE parts (id int PRIMARY KEY REFERENCES other, v text) PARTITION BY RANGE (id);"
                 "ALTER TABLE parts ATTACH PARTITION t FOR VALUES FROM (0) TO (9)",
     .code = "partition_foreign_key",
     .object = "foreign key parts_id_fkey of table public.parts",
     .remedy = "Drop it",
     .statement = "ALTER TABLE t ADD CHECK (id > 0)",
     .way_out = "ALTER TABLE parts DROP CONSTRAINT parts_id_fkey"},
    {.name = "PartitionOfAReferencedTable",
     .by_owner = "CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);"
                 "ALTER TABLE parts ATTACH PARTITION t FOR VALUES FROM (0) TO (9);"
                 "CREATE TABLE child (part int CONSTRAINT to_parts REFERENCES parts)",
     .code = "partition_foreign_key",
     .object = "foreign key to_parts of table public.child",
     .remedy = "Drop it",
     .statement = "ALTER TABLE t ADD CHECK (id > 0)",
     .way_out = "DROP TABLE child"},
    {.name = "PartitionWithoutAnIndexOfTheWhole",
     .by_owner = "CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);"
                 "ALTER TABLE parts ATTACH PARTITION t FOR VALUES FROM (0) TO (9); CREATE INDEX by_v ON ONLY parts (v)",
     .code = "partition_index_missing",
     .object = "index public.by_v",
     .remedy = "ATTACH PARTITION",
     .statement = "ALTER TABLE t ADD CHECK (id > 0)",
     .way_out = "CREATE INDEX t_by_v ON t (v); ALTER INDEX by_v ATTACH PARTITION t_by_v"},
    {.name = "PartitionWithAnIndexTwice",
     .by_owner = "CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);"
                 "ALTER TABLE parts ATTACH PARTITION t FOR VALUES FROM (0) TO (9); CREATE INDEX by_v ON parts (v);"
                 "CREATE INDEX again ON t (v DESC)",
     .code = "partition_index_twice",
     .object = "index public.again",
     .remedy = "create it again",
     .statement = "ALTER TABLE t ADD CHECK (id > 0)",
     .way_out = "DROP INDEX again"},
    {.name = "PartitionWithTwoPartsThatArePutForOneAnother",
     .by_owner = "CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);"
                 "ALTER TABLE parts ATTACH PARTITION t FOR VALUES FROM (0) TO (9); CREATE INDEX z ON parts (v);"
                 "CREATE INDEX a ON parts (v DESC)",
     .code = "partition_index_twice",
     .object = "index public.t_v_idx",
     .remedy = "create it again",
     .statement = "ALTER TABLE t ADD CHECK (id > 0)",
     .way_out = "DROP INDEX z"},
    {.name = "InheritanceParent",
     .by_owner = "CREATE TABLE child () INHERITS (t)",
     .code = "inheritance_parent",
     .object = "table public.t",
     .remedy = "NO INHERIT",
     .way_out = "ALTER TABLE child NO INHERIT t"},
    {.name = "C1InheritanceChild",
     .by_owner = "CREATE TABLE parent (v text); ALTER TABLE t INHERIT parent",
     .code = "inheritance_child",
     .object = "table public.t",
     .remedy = "NO INHERIT",
     .way_out = "ALTER TABLE t NO INHERIT parent"},
    {.name = "RowTypeAsAColumn",
     .by_owner = "ALTER TABLE other ADD COLUMN whole t",
     .code = "row_type_used",
     .object = "other",
     .remedy = "CREATE TYPE",
     .way_out = "ALTER TABLE other DROP COLUMN whole"},
    {.name = "ArrayOfTheRowTypeAsAColumn",
     .by_owner = "ALTER TABLE other ADD COLUMN many t[]",
     .code = "row_type_used",
     .object = "other",
     .remedy = "CREATE TYPE",
     .way_out = "ALTER TABLE other DROP COLUMN many"},
    {.name = "DomainOverTheRowType",
     .by_owner = "CREATE DOMAIN wrapped AS t",
     .code = "row_type_used",
     .object = "wrapped",
     .remedy = "CREATE TYPE",
     .way_out = "DROP DOMAIN wrapped"},
    {.name = "RowTypeAsAnArgument",
     .by_owner = "CREATE FUNCTION takes(t) RETURNS int LANGUAGE sql AS 'SELECT 1'",
     .code = "function",
     .object = "function public.takes(public.t)",
     .remedy = "Drop the function",
     .way_out = "DROP FUNCTION takes"},
    {.name = "RowTypeAsAResult",
     .by_owner = "CREATE FUNCTION gives() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t'",
     .code = "function",
     .object = "function public.gives()",
     .remedy = "Drop the function",
     .way_out = "DROP FUNCTION gives"},
    {.name = "DefaultOfAnotherTableFromTheIdentitySequence",
     .by_owner = "ALTER TABLE t ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;"
                 "ALTER TABLE other ALTER COLUMN id SET DEFAULT nextval('t_id_seq')",
     .code = "expression_elsewhere",
     .object = "other",
     .remedy = "Drop the default",
     .way_out = "ALTER TABLE other ALTER COLUMN id DROP DEFAULT"},
    {.name = "WholeRowCheck",
     .by_owner = "ALTER TABLE t ADD CONSTRAINT whole CHECK (t IS NOT NULL)",
     .code = "whole_row_check",
     .object = "constraint whole of table public.t",
     .remedy = "name the columns",
     .way_out = "ALTER TABLE t DROP CONSTRAINT whole"},
    {.name = "ExpressionThatNamesTheTable",
     .by_owner = "ALTER TABLE t ALTER COLUMN v SET DEFAULT 't'::regclass::text",
     .code = "self_reference",
     .object = "public.t.v",
     .remedy = "create it again",
     .way_out = "ALTER TABLE t ALTER COLUMN v DROP DEFAULT"},
    {.name = "ExtensionMember",
     .by_superuser = "ALTER EXTENSION plpgsql ADD TABLE t",
     .code = "extension_member",
     .object = "extension plpgsql",
     .remedy = "update script",
     .way_out = "ALTER EXTENSION plpgsql DROP TABLE t"},
    {.name = "IndexThatDependsOnAnExtension",
     .by_owner = "CREATE INDEX bound ON t (v)",
     .by_superuser = "ALTER INDEX bound DEPENDS ON EXTENSION plpgsql",
     .code = "depends_on_extension",
     .object = "index public.bound",
     .remedy = "NO DEPENDS ON EXTENSION",
     .way_out = "ALTER INDEX bound NO DEPENDS ON EXTENSION plpgsql"},
    {.name = "TriggerThatDependsOnAnExtension",
     .by_owner = "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
                 "CREATE TRIGGER touches BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch()",
     .by_superuser = "ALTER TRIGGER touches ON t DEPENDS ON EXTENSION plpgsql",
     .code = "depends_on_extension",
     .object = "trigger touches on public.t",
     .remedy = "NO DEPENDS ON EXTENSION",
     .way_out = "ALTER TRIGGER touches ON t NO DEPENDS ON EXTENSION plpgsql"},
    {.name = "FunctionThatDependsOnAnExtension",
     .by_owner = "CREATE FUNCTION counts() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t; END",
     .by_superuser = "ALTER FUNCTION counts DEPENDS ON EXTENSION plpgsql",
     .code = "depends_on_extension",
     .object = "function public.counts()",
     .remedy = "NO DEPENDS ON EXTENSION",
     .way_out = "ALTER FUNCTION counts NO DEPENDS ON EXTENSION plpgsql"},
    // No provider of labels is at hand; what one has said is a row.
    {.name = "SecurityLabel",
     .by_superuser = "INSERT INTO pg_seclabel VALUES ('t'::regclass, 'pg_class'::regclass, 0, 'someone', 'secret')",
     .code = "security_label",
     .object = "table public.t",
     .remedy = "SECURITY LABEL",
     .way_out = "DELETE FROM pg_seclabel"},
    {.name = "SecurityLabelOfAColumn",
     .by_superuser = "INSERT INTO pg_seclabel VALUES ('t'::regclass, 'pg_class'::regclass, 2, 'someone', 'secret')",
     .code = "security_label",
     .object = "table public.t column v",
     .remedy = "SECURITY LABEL",
     .way_out = "DELETE FROM pg_seclabel"},
    // A kind that no list names: what is not known is refused, too.
    {.name = "CastOfTheRowType",
     .by_owner = "CREATE CAST (t AS text) WITH INOUT",
     .code = "unknown_dependent",
     .object = "cast (public.t AS",
     .remedy = "Drop it",
     .way_out = "DROP CAST (t AS text)"},
    {.name = "UnknownSharedDependency",
     .by_superuser = "INSERT INTO pg_shdepend SELECT d.oid, 'pg_class'::regclass, 't'::regclass, 0, "
                     "'pg_authid'::regclass, 'refusal_clerk'::regrole, 'x' FROM pg_database d "
                     "WHERE datname = current_database()",
     .code = "unknown_shared_dependency",
     .object = "role refusal_clerk",
     .remedy = "authors of pgmoult",
     .way_out = "DELETE FROM pg_shdepend WHERE objid = 't'::regclass AND deptype = 'x'"},
    {.name = "InvalidIndex",
     .by_owner = "CREATE INDEX broken ON t (v)",
     .by_superuser = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass",
     .code = "invalid_index",
     .object = "index public.broken",
     .remedy = "REINDEX",
     .way_out = "DROP INDEX broken"},
    {.name = "StatisticsOfAnotherOwner",
     .by_owner = "CREATE STATISTICS others ON id, v FROM t",
     .by_superuser = "ALTER STATISTICS others OWNER TO refusal_stranger",
     .code = "statistics_owner",
     .object = "statistics public.others",
     .remedy = "ALTER STATISTICS public.others OWNER TO refusal_owner",
     .way_out = "ALTER STATISTICS public.others OWNER TO refusal_owner"},
    {.name = "StatisticsOfOneNameInTwoSchemas",
     .by_owner = "CREATE SCHEMA refusal_second; CREATE STATISTICS namesake ON id, v FROM t;"
                 "CREATE STATISTICS refusal_second.namesake ON id, v FROM t",
     .code = "statistics_same_name",
     .object = "refusal_second.namesake",
     .remedy = "ALTER STATISTICS",
     .way_out = "ALTER STATISTICS refusal_second.namesake RENAME TO another"},
    {.name = "GrantBySomebodyElse",
     .by_owner = "GRANT SELECT ON t TO refusal_clerk WITH GRANT OPTION",
     .by_superuser = "SET ROLE refusal_clerk; GRANT SELECT ON t TO refusal_stranger; RESET ROLE",
     .code = "foreign_grantor",
     .object = "role refusal_clerk",
     .remedy = "GRANT refusal_clerk TO refusal_owner",
     .way_out = "GRANT refusal_clerk TO refusal_owner"},
    {.name = "U1Unlogged",
     .by_owner = "ALTER TABLE t SET UNLOGGED",
     .code = "unlogged_table",
     .object = "table public.t",
     .remedy = "SET LOGGED",
     .way_out = "ALTER TABLE t SET LOGGED"},
    {.name = "UnloggedThatIsToBeLogged",
     .by_owner = "ALTER TABLE t SET UNLOGGED",
     .code = "unlogged_table",
     .object = "table public.t",
     .remedy = "SET LOGGED",
     .statement = "ALTER TABLE t SET LOGGED",
     .way_out = "ALTER TABLE t SET LOGGED"},
    {.name = "LoggedThatIsToBeUnlogged",
     .code = "set_unlogged",
     .object = "public.t",
     .remedy = "run it by itself afterwards",
     .statement = "ALTER TABLE t SET UNLOGGED"},
    {.name = "TypedTable",
     .by_owner = "CREATE TYPE shape AS (id int, v text); ALTER TABLE t OF shape",
     .code = "typed_table",
     .object = "table public.t",
     .remedy = "NOT OF",
     .way_out = "ALTER TABLE t NOT OF"},
    {.name = "ViewAsTheTarget",
     .by_owner = "CREATE VIEW looks AS SELECT v FROM other",
     .code = "view_as_table",
     .object = "table public.looks",
     .remedy = "definition",
     .statement = "ALTER TABLE looks ADD COLUMN x int"},
    {.name = "ForeignTableAsTheTarget",
     .by_superuser = "CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER far FOREIGN DATA WRAPPER nowhere;"
                     "CREATE FOREIGN TABLE abroad (id int) SERVER far; ALTER TABLE abroad OWNER TO refusal_owner",
     .code = "foreign_table",
     .object = "table public.abroad",
     .remedy = "over there",
     .statement = "ALTER TABLE abroad ADD COLUMN x int"},
    {.name = "SequenceAsTheTarget",
     .by_owner = "CREATE SEQUENCE numbers",
     .code = "not_a_table",
     .object = "table public.numbers",
     .remedy = "ordinary table",
     .statement = "ALTER TABLE numbers SET UNLOGGED"},
    {.name = "CompositeTypeAsTheTarget",
     .by_owner = "CREATE TYPE pair AS (a int, b int)",
     .code = "not_a_table",
     .object = "table public.pair",
     .remedy = "ordinary table",
     .statement = "ALTER TABLE pair ADD COLUMN c int"},
    {.name = "OldTableOfOurs",
     .by_owner = "CREATE SCHEMA pgmoult_9_old; CREATE TABLE pgmoult_9_old.t (id int PRIMARY KEY)",
     .code = "own_table",
     .object = "table pgmoult_9_old.t",
     .remedy = "table of your own",
     .statement = "ALTER TABLE pgmoult_9_old.t ALTER COLUMN id TYPE bigint"},
    {.name = "NameOfOurs",
     .by_owner = "CREATE TABLE pgmoult_mine (id int PRIMARY KEY)",
     .code = "reserved_name",
     .object = "public.pgmoult_mine",
     .remedy = "rename the table",
     .statement = "ALTER TABLE pgmoult_mine ALTER COLUMN id TYPE bigint"},
    {.name = "SuperuserWithALesserOwner",
     .code = "superuser_runs_owner_code",
     .object = "public.t",
     .remedy = "--trust-owner",
     .way_out = "ALTER TABLE t OWNER TO postgres",
     .login = Login::kSuperuser},
    // What validates its foreign key calls a cast of its type, which may be its own.
    {.name = "SuperuserWithAForeignKeyOfALesserOwner",
     .by_superuser = "ALTER TABLE t OWNER TO postgres; GRANT REFERENCES ON t TO refusal_stranger;"
                     "CREATE TABLE lesser (t int CONSTRAINT lesser_fk REFERENCES t);"
                     "ALTER TABLE lesser OWNER TO refusal_stranger",
     .code = "superuser_runs_owner_code",
     .object = "foreign key lesser_fk of table public.lesser",
     .remedy = "--trust-owner",
     .way_out = "ALTER TABLE lesser OWNER TO postgres",
     .login = Login::kSuperuser},
    {.name = "MaterializedViewWhoseOwnerIsSubjectToRowSecurity",
     .by_owner = "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY all_rows ON t USING (true);"
                 "GRANT SELECT ON t TO refusal_stranger",
     .by_superuser = "GRANT refusal_stranger TO refusal_owner; GRANT CREATE ON SCHEMA public TO refusal_stranger;"
                     "CREATE MATERIALIZED VIEW secluded AS SELECT * FROM t;"
                     "ALTER MATERIALIZED VIEW secluded OWNER TO refusal_stranger",
     .code = "row_security_of_materialized_view",
     .object = "materialized view public.secluded",
     .remedy = "BYPASSRLS",
     .statement = "ALTER TABLE t ADD COLUMN x int",
     .way_out = "ALTER ROLE refusal_stranger BYPASSRLS"},
    {.name = "SystemTable",
     .code = "system_table",
     .object = "table pg_class",
     .remedy = "none",
     .statement = "ALTER TABLE pg_catalog.pg_class ADD COLUMN x int",
     .login = Login::kSuperuser},
    {.name = "LoginThatIsNotTheOwner",
     .code = "not_owner",
     .object = "public.t",
     .remedy = R"(GRANT "refusal_owner" TO "refusal_stranger")",
     .way_out = "GRANT refusal_owner TO refusal_stranger",
     .login = Login::kStranger},
    {.name = "OwnerWithoutCreateOnTheSchema",
     .by_superuser = "REVOKE CREATE ON SCHEMA public FROM refusal_owner",
     .code = "no_create_on_schema",
     .object = "schema public",
     .remedy = "GRANT CREATE ON SCHEMA public TO refusal_owner",
     .way_out = "GRANT CREATE ON SCHEMA public TO refusal_owner"},
    {.name = "LoginWithoutCreateOnTheDatabase",
     .by_superuser = "DO $$ BEGIN EXECUTE format('REVOKE CREATE ON DATABASE %I FROM refusal_owner', "
                     "current_database()); END $$",
     .code = "no_create_on_database",
     .object = "database test_",
     .remedy = "TO refusal_owner;",
     .way_out = "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO refusal_owner', current_database()); "
                "END $$"},
    {.name = "OwnerWithoutCreateOnTheTablespace",
     .by_superuser = "ALTER TABLE t SET TABLESPACE refusal_space",
     .code = "no_create_on_tablespace",
     .object = "tablespace refusal_space",
     .remedy = "GRANT CREATE ON TABLESPACE refusal_space TO refusal_owner;",
     .way_out = "GRANT CREATE ON TABLESPACE refusal_space TO refusal_owner"},
    {.name = "OwnerWithoutCreateOnAnIndexsTablespace",
     .by_superuser = "ALTER INDEX t_pkey SET TABLESPACE refusal_space",
     .code = "no_create_on_tablespace",
     .object = "tablespace refusal_space",
     .remedy = "GRANT CREATE ON TABLESPACE refusal_space TO refusal_owner;",
     .way_out = "GRANT CREATE ON TABLESPACE refusal_space TO refusal_owner"},
    {.name = "OwnerWithoutItsRights",
     .by_owner = "REVOKE INSERT ON t FROM refusal_owner",
     .code = "owner_lacks_privileges",
     .object = "table public.t",
     .remedy = "GRANT INSERT ON public.t TO refusal_owner",
     .way_out = "GRANT INSERT ON public.t TO refusal_owner"},
    {.name = "AnotherDatabase",
     .code = "other_database",
     .object = "elsewhere",
     .remedy = "connect to that database",
     .statement = "ALTER TABLE elsewhere.public.t ADD COLUMN x int"},
};

std::string Role(Login login) {
  return login == Login::kOwner ? "refusal_owner" : login == Login::kStranger ? "refusal_stranger" : "";
}

class RefusedThingTest : public RefusalTest, public ::testing::WithParamInterface<Case> {};

TEST_P(RefusedThingTest, IsRefusedByNameWithAWayOut) {
  const Case& one = GetParam();
  if (!one.by_owner.empty()) {
    owner_->Exec(std::string(one.by_owner));
  }
  if (!one.by_superuser.empty()) {
    superuser_->Exec(std::string(one.by_superuser));
  }
  const auto plan = Plan(one.statement, Role(one.login));
  ASSERT_TRUE(plan.ok()) << pg::Describe(plan.status());
  EXPECT_TRUE(plan->refused());
  const auto found = std::ranges::find(plan->findings, std::string(one.code), &engine::Finding::code);
  ASSERT_NE(found, plan->findings.end()) << fmt::format("{}", fmt::join(Codes(*plan), ", "));
  EXPECT_EQ(found->severity, engine::Severity::kRefuse);
  EXPECT_THAT(found->object, HasSubstr(std::string(one.object)));
  EXPECT_THAT(found->remedy, HasSubstr(std::string(one.remedy)));
  EXPECT_FALSE(found->message.empty());
  EXPECT_THAT(boost::json::serialize(engine::ToJson(*plan)), HasSubstr(std::string(one.code)));

  const std::string before = Picture();
  const std::string of_our_name = Leftovers(*superuser_);
  const auto report = RunChange(TargetOf(*shared, Role(one.login)), std::string(one.statement));
  EXPECT_EQ(engine::EndKindOf(report.status()), engine::EndKind::kRefused) << pg::Describe(report.status());
  EXPECT_THAT(pg::Describe(report.status()), HasSubstr(std::string(one.object)));
  EXPECT_EQ(Leftovers(*superuser_), of_our_name);
  EXPECT_EQ(Picture(), before);

  if (!one.way_out.empty()) {
    superuser_->Exec(std::string(one.way_out));
    const auto again = Plan(one.statement, Role(one.login));
    ASSERT_TRUE(again.ok()) << pg::Describe(again.status());
    EXPECT_THAT(Codes(*again), ::testing::IsEmpty()) << "the way out does not lead out";
  }
}

INSTANTIATE_TEST_SUITE_P(Things, RefusedThingTest, ::testing::ValuesIn(ForThisServer(kCases)),
                         [](const ::testing::TestParamInfo<Case>& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace pgmoult::tests
