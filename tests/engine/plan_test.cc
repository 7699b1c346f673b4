// What a plan says about a change, before anything is done. It must be true, and making it must change nothing.

#include "engine/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_replace.h"
#include "boost/json/parse.hpp"
#include "boost/json/serialize.hpp"
#include "engine/design.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/status.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/roles.h"
#include "tests/support/run.h"
#include "tests/support/server.h"

namespace pgmoult::tests {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// One database for all tests, emptied before each. Every session has the search_path "first, public".
class PlanTest : public ::testing::Test {
 protected:
  static void TearDownTestSuite() { shared.reset(); }

  PlanTest() {
    if (shared == nullptr) {
      shared = std::make_unique<TestDatabase>();
      Session(*shared).Exec(fmt::format("ALTER DATABASE {} SET search_path = first, public", shared->name()));
    }
    session_ = std::make_unique<Session>(*shared);
    session_->Exec(
        "DROP SCHEMA IF EXISTS public, first, pgmoult, pgmoult_1_new, pgmoult_1_old CASCADE;"
        "CREATE SCHEMA public; CREATE SCHEMA first");
  }

  absl::StatusOr<engine::Plan> TryPlan(std::string_view statement) {
    return PlanChange(*shared, std::string(statement));
  }

  engine::Plan Plan(std::string_view statement) {
    absl::StatusOr<engine::Plan> plan = TryPlan(statement);
    if (!plan.ok()) {
      throw std::runtime_error(fmt::format("{}: {}", statement, pg::Describe(plan.status())));
    }
    return *std::move(plan);
  }

  // Everything in the catalog that belongs to users, each row with its xmin, and where the sequences stand.
  std::string Catalog() {
    std::string text;
    for (const std::string_view query :
         {"pg_class c WHERE oid >= 16384", "pg_attribute c WHERE attrelid >= 16384", "pg_constraint c",
          "pg_index c WHERE indrelid >= 16384", "pg_trigger c", "pg_proc c WHERE oid >= 16384", "pg_namespace c",
          "pg_depend c", "pg_sequence c", "pg_type c WHERE oid >= 16384", "pg_attrdef c", "pg_description c",
          "pg_statistic_ext c", "pg_rewrite c WHERE oid >= 16384", "pg_inherits c", "pg_policy c"}) {
      text += session_->Scalar<std::string>(
          fmt::format("SELECT coalesce(string_agg(row, E'\\n' ORDER BY row COLLATE \"C\"), '') || E'\\n' FROM "
                      "(SELECT to_jsonb(c)::text || ' xmin ' || c.xmin AS row FROM {}) rows",
                      query));
    }
    return text + session_->Scalar<std::string>(
                      "SELECT coalesce(string_agg(s::text, E'\\n' ORDER BY s::text), '') FROM pg_sequences s");
  }

  static std::unique_ptr<TestDatabase> shared;
  std::unique_ptr<Session> session_;
};

std::unique_ptr<TestDatabase> PlanTest::shared;

std::string AllText(const std::vector<std::string>& sentences) { return fmt::format("{}", fmt::join(sentences, "\n")); }

std::vector<std::string> Refusals(const engine::Plan& plan) {
  std::vector<std::string> codes;
  for (const engine::Finding& finding : plan.findings) {
    if (finding.severity == engine::Severity::kRefuse) {
      codes.push_back(finding.code);
    }
  }
  return codes;
}

std::string RefusalText(const engine::Plan& plan) {
  std::vector<std::string> texts;
  for (const engine::Finding& finding : plan.findings) {
    if (finding.severity == engine::Severity::kRefuse) {
      texts.push_back(fmt::format("{} {}: {} {}", finding.code, finding.object, finding.message, finding.remedy));
    }
  }
  return AllText(texts);
}

TEST_F(PlanTest, ChangesNothing) {
  session_->Exec(
      "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, s serial, v text DEFAULT 'x', n numeric,"
      " CHECK (n > 0), UNIQUE (v) DEFERRABLE, EXCLUDE USING btree (s WITH =)) WITH (autovacuum_enabled = off);"
      "CREATE INDEX ON t (lower(v)); CREATE STATISTICS st ON v, n FROM t; CREATE SEQUENCE extra;"
      "COMMENT ON COLUMN t.v IS 'c'; ALTER TABLE t REPLICA IDENTITY FULL;"
      "INSERT INTO t (v, n) SELECT g, g FROM generate_series(1, 50) g; ANALYZE t;"
      "CREATE TABLE looked_at (id int PRIMARY KEY); CREATE VIEW w AS SELECT * FROM looked_at");
  const std::string before = Catalog();
  EXPECT_FALSE(Plan("ALTER TABLE t ALTER COLUMN id TYPE bigint, ADD COLUMN x int DEFAULT nextval('extra'), "
                    "ADD COLUMN y serial, ADD UNIQUE (n), ALTER COLUMN n TYPE int USING n::int")
                   .refused());
  EXPECT_FALSE(Plan("t").refused());
  EXPECT_TRUE(Plan("ALTER TABLE looked_at ALTER COLUMN id TYPE bigint").refused());
  EXPECT_FALSE(TryPlan("ALTER TABLE t ADD COLUMN id int").ok());
  EXPECT_TRUE(Catalog() == before);
  EXPECT_EQ(Leftovers(*session_), "");
}

// --- The key -------------------------------------------------------------------------------------------------------

struct KeyCase {
  std::string_view name;
  std::string_view setup;
  std::string_view key;     // the index; "" where there is none
  std::string_view reason;  // part of the reason
  std::string_view columns;
  std::string_view change = "t";
};

void PrintTo(const KeyCase& one, std::ostream* out) { *out << one.name; }

class PlannedKeyTest : public PlanTest, public ::testing::WithParamInterface<KeyCase> {};

TEST_P(PlannedKeyTest, IsChosenForAReason) {
  const KeyCase& one = GetParam();
  session_->Exec(std::string(one.setup));
  const engine::Plan plan = Plan(one.change);
  const engine::Design& design = plan.build.design;
  EXPECT_EQ(design.key_name, one.key);
  EXPECT_THAT(design.key_reason, HasSubstr(std::string(one.reason)));
  std::vector<std::string> columns;
  for (const copier::KeyColumn& column : design.transfer.key) {
    columns.push_back(fmt::format("{}{}", column.name.name(), column.descending ? " desc" : ""));
  }
  EXPECT_EQ(fmt::format("{}", fmt::join(columns, ", ")), one.columns);
  EXPECT_EQ(plan.refused(), one.key.empty()) << RefusalText(plan);
  if (one.key.empty()) {
    EXPECT_THAT(RefusalText(plan), AllOf(HasSubstr(std::string(one.reason)), HasSubstr("CREATE UNIQUE INDEX")));
  }
}

const KeyCase kKeyCases[] = {
    {"PrimaryKey", "CREATE TABLE t (a int NOT NULL UNIQUE, b text PRIMARY KEY)", "t_pkey", "the primary key", "b"},
    {"CompositeInIndexOrder", "CREATE TABLE t (a int, b text, c date, PRIMARY KEY (c, a))", "t_pkey", "the primary key",
     "c, a"},
    {"Descending", "CREATE TABLE t (a int NOT NULL, b int NOT NULL); CREATE UNIQUE INDEX u ON t (a DESC, b)", "u",
     "smallest usable unique index", "a desc, b"},
    {"IncludedColumnsAreNotOfTheKey", "CREATE TABLE t (a int, b int, PRIMARY KEY (b) INCLUDE (a))", "t_pkey",
     "the primary key", "b"},
    {"SmallestOfSeveral",
     "CREATE TABLE t (a text NOT NULL UNIQUE, b int NOT NULL UNIQUE);"
     "INSERT INTO t SELECT repeat('x', 100) || g, g FROM generate_series(1, 2000) g",
     "t_b_key", "smallest usable unique index", "b"},
    {"NullableIsPassedOver", "CREATE TABLE t (a int UNIQUE, b int NOT NULL, CONSTRAINT z UNIQUE (b))", "z",
     "t_a_key: a column of it is not NOT NULL", "b"},
    {"PartialIsPassedOver",
     "CREATE TABLE t (a int NOT NULL, b int NOT NULL, CONSTRAINT z UNIQUE (b)); CREATE UNIQUE INDEX p ON t (a) WHERE a "
     "> 0",
     "z", "p: it is partial", "b"},
    {"ExpressionIsPassedOver",
     "CREATE TABLE t (a int NOT NULL, b int NOT NULL, CONSTRAINT z UNIQUE (b)); CREATE UNIQUE INDEX e ON t (a, (a + "
     "b))",
     "z", "e: it has an expression", "b"},
    {"DeferrableIsPassedOver", "CREATE TABLE t (a int PRIMARY KEY DEFERRABLE, b int NOT NULL, CONSTRAINT z UNIQUE (b))",
     "z", "t_pkey: it is deferrable", "b"},
    {"DroppedIsPassedOver", "CREATE TABLE t (a int PRIMARY KEY, b int NOT NULL, CONSTRAINT z UNIQUE (b))", "z",
     "t_pkey: the change drops a column of it", "b", "ALTER TABLE t DROP COLUMN a"},
    {"ComputedIsPassedOver", "CREATE TABLE t (a int PRIMARY KEY, b int NOT NULL, CONSTRAINT z UNIQUE (b))", "z",
     "t_pkey: the change computes a column of it with USING", "b",
     "ALTER TABLE t ALTER COLUMN a TYPE bigint USING a + 1"},
    {"OtherOrderIsPassedOver", "CREATE TABLE t (a int PRIMARY KEY, b int NOT NULL, CONSTRAINT z UNIQUE (b))", "z",
     "t_pkey: the new type of a column of it", "b", "ALTER TABLE t ALTER COLUMN a TYPE text"},
    {"None", "CREATE TABLE t (a int)", "", "no unique index", ""},
    {"NoneUsable", "CREATE TABLE t (a int UNIQUE)", "", "t_a_key: a column of it is not NOT NULL", ""},
};

INSTANTIATE_TEST_SUITE_P(Keys, PlannedKeyTest, ::testing::ValuesIn(kKeyCases),
                         [](const ::testing::TestParamInfo<KeyCase>& info) { return std::string(info.param.name); });

TEST_F(PlanTest, AnOrdinaryPrimaryKeyServesTheShadowToo) {
  session_->Exec("CREATE TABLE t (id int PRIMARY KEY)");
  const engine::Plan kept = Plan("ALTER TABLE t ALTER COLUMN id TYPE bigint");
  EXPECT_EQ(kept.build.design.shadow_key_index, "t_pkey");
  EXPECT_FALSE(kept.build.design.shadow_key_is_ours);
  const engine::Plan dropped = Plan("ALTER TABLE t DROP CONSTRAINT t_pkey");
  EXPECT_TRUE(dropped.build.design.shadow_key_is_ours);
  EXPECT_EQ(dropped.build.design.key_name, "t_pkey");
}

// --- The mapping ---------------------------------------------------------------------------------------------------

struct MappingCase {
  std::string_view name;
  std::string_view change;
  std::string_view column;      // of the new shape
  std::string_view expression;  // its value; "" where the shadow itself makes it
  bool can_fail = false;
  bool dual_write = true;
};

void PrintTo(const MappingCase& one, std::ostream* out) { *out << one.name; }

class PlannedMappingTest : public PlanTest, public ::testing::WithParamInterface<MappingCase> {};

TEST_P(PlannedMappingTest, IsWhatTheAlterWouldCompute) {
  const MappingCase& one = GetParam();
  session_->Exec(
      "CREATE FUNCTION first.normal(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower($1)';"
      "CREATE FUNCTION public.normal(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT upper($1)';"
      "CREATE TABLE t (gone int, id int PRIMARY KEY, v varchar(20), w text, n numeric(10, 2), i int,"
      " g int GENERATED ALWAYS AS (id * 2) STORED, at timestamptz); ALTER TABLE t DROP COLUMN gone");
  const engine::Plan plan = Plan(one.change);
  const engine::Design& design = plan.build.design;
  std::string expression;
  for (const copier::ColumnPair& pair : design.transfer.columns) {
    if (pair.target.name() == one.column) {
      expression = pair.expression;
    }
  }
  // From 16 on a view prints the columns of its only table without the table's name.
  EXPECT_EQ(expression, ServerMajor() < 16
                            ? std::string(one.expression)
                            : absl::StrReplaceAll(std::string(one.expression), {{"(t.", "("}, {" t.", " "}}));
  EXPECT_EQ(AllText(design.lossy).find(fmt::format("column {}:", one.column)) != std::string::npos, one.can_fail)
      << AllText(design.lossy);
  EXPECT_EQ(design.dual_write_possible, one.dual_write) << design.dual_write_reason;
  EXPECT_EQ(design.dual_write_reason.empty(), one.dual_write);
  EXPECT_FALSE(plan.refused()) << RefusalText(plan);
}

const MappingCase kMappingCases[] = {
    {"Identity", "t", "v", R"("v")"},
    {"IntToBigint", "ALTER TABLE t ALTER COLUMN i TYPE bigint", "i", R"(("i")::bigint)"},
    {"NumericWithoutLength", "ALTER TABLE t ALTER COLUMN n TYPE numeric", "n", R"(("n")::numeric)"},
    {"NarrowerVarcharFailsRatherThanCuts", "ALTER TABLE t ALTER COLUMN v TYPE varchar(5)", "v",
     R"(pg_catalog."varchar"(("v")::character varying, 9, false))", true, false},
    {"WiderVarchar", "ALTER TABLE t ALTER COLUMN v TYPE varchar(50)", "v",
     R"(pg_catalog."varchar"(("v")::character varying, 54, false))"},
    {"VarcharWithoutLength", "ALTER TABLE t ALTER COLUMN w TYPE varchar", "w", R"(("w")::character varying)"},
    {"VarcharToText", "ALTER TABLE t ALTER COLUMN v TYPE text", "v", R"(("v")::text)"},
    {"NarrowerNumeric", "ALTER TABLE t ALTER COLUMN n TYPE numeric(6, 1)", "n",
     R"(pg_catalog."numeric"(("n")::numeric, 393221))", true, false},
    {"WiderNumeric", "ALTER TABLE t ALTER COLUMN n TYPE numeric(12, 2)", "n",
     R"(pg_catalog."numeric"(("n")::numeric, 786438))"},
    {"TimestampDependsOnTheSession", "ALTER TABLE t ALTER COLUMN at TYPE timestamp", "at",
     R"(("at")::timestamp without time zone)", true, false},
    {"UsingFindsFunctionsAsTheLoginDoes", "ALTER TABLE t ALTER COLUMN w TYPE text USING normal(w)", "w",
     "(first.normal(t.w))::text", true, false},
    {"UsingWithTheTablesName", "ALTER TABLE t ALTER COLUMN w TYPE int USING length(t.v) + t.id -- so be it", "w",
     "((length((t.v)::text) + t.id))::integer", true, false},
    {"UsingIsCoercedAsByAnAssignment", "ALTER TABLE t ALTER COLUMN v TYPE varchar(3) USING w", "v",
     R"(pg_catalog."varchar"((t.w)::character varying, 7, false))", true, false},
    {"AddWithoutDefault", "ALTER TABLE t ADD COLUMN x int", "x", "NULL::integer"},
    {"AddWithConstant", "ALTER TABLE t ADD COLUMN x int NOT NULL DEFAULT 6 * 7", "x", "('{42}'::integer[])[1]"},
    {"AddWithArray", "ALTER TABLE t ADD COLUMN x int[] DEFAULT '{1,2}'", "x",
     R"(('{"{1,2}"}'::pg_catalog.text[])[1]::integer[])"},
    {"AddWithLength", "ALTER TABLE t ADD COLUMN x varchar(3) DEFAULT 'o''k'", "x", "('{o''k}'::character varying[])[1]",
     false, true},
    {"AddWithVolatileDefault", "ALTER TABLE t ADD COLUMN x float8 DEFAULT random()", "x", "", false, false},
    {"AddSerial", "ALTER TABLE t ADD COLUMN x serial", "x", "", false, false},
    {"AddIdentity", "ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS IDENTITY", "x", "", false, false},
    {"AddGenerated", "ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS (id + 1) STORED", "x", "", true},
    {"GeneratedIsLeftToTheShadow", "t", "g", ""},
    {"GeneratedNoLonger", "ALTER TABLE t ALTER COLUMN g DROP EXPRESSION", "g", R"("g")"},
    {"Renamed", R"(ALTER TABLE t RENAME COLUMN v TO "V")", "V", R"("v")"},
    {"NamesExchanged",
     "ALTER TABLE t RENAME COLUMN v TO x; ALTER TABLE t RENAME COLUMN w TO v; ALTER TABLE t RENAME COLUMN x TO w", "v",
     R"("w")"},
    {"RenamedAfterUsing", "ALTER TABLE t ALTER w TYPE text USING normal(w); ALTER TABLE t RENAME COLUMN w TO x", "x",
     "(first.normal(t.w))::text", true, false},
    {"DroppedAndAddedAgain", "ALTER TABLE t DROP COLUMN w, ADD COLUMN w int", "w", "NULL::integer"},
};

INSTANTIATE_TEST_SUITE_P(Columns, PlannedMappingTest, ::testing::ValuesIn(kMappingCases),
                         [](const ::testing::TestParamInfo<MappingCase>& info) {
                           return std::string(info.param.name);
                         });

TEST_F(PlanTest, AValueThatDoesNotFitIsRefusedAndNotCut) {
  session_->Exec(
      "CREATE TABLE t (id int PRIMARY KEY, v varchar(20)); INSERT INTO t VALUES (1, 'short'), (2, 'too long')");
  const auto report = RunChange(*shared, "ALTER TABLE t ALTER COLUMN v TYPE varchar(5)");
  EXPECT_EQ(engine::EndKindOf(report.status()), engine::EndKind::kRefused);
  EXPECT_THAT(pg::Describe(report.status()),
              HasSubstr("(id)=(2): column \"v\" (character varying(5)): value too long"));
  EXPECT_EQ(session_->Scalar<std::string>("SELECT string_agg(v, ',' ORDER BY id) FROM t"), "short,too long");
  EXPECT_EQ(session_->Scalar<int64_t>("SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND "
                                      "attname = 'v' AND atttypmod = 24"),
            1);
}

TEST_F(PlanTest, AColumnAddedWithNowHasOneMomentForAllRows) {
  session_->Exec("CREATE TABLE t (id int PRIMARY KEY)");
  const engine::Plan plan = Plan("ALTER TABLE t ADD COLUMN at timestamptz DEFAULT now()");
  ASSERT_EQ(plan.build.design.transfer.columns.size(), 2U);
  EXPECT_THAT(plan.build.design.transfer.columns[1].expression,
              AllOf(testing::StartsWith("('{\"2"), HasSubstr("timestamp with time zone"), Not(HasSubstr("now"))));
}

TEST_F(PlanTest, GeneratedColumnsAreComparedWhereBothTablesHaveThem) {
  session_->Exec("CREATE TABLE t (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id * 2) STORED)");
  const engine::Plan plan = Plan("ALTER TABLE t ADD COLUMN h int GENERATED ALWAYS AS (id * 3) STORED");
  ASSERT_EQ(plan.build.design.transfer.computed.size(), 1U);
  EXPECT_EQ(plan.build.design.transfer.computed[0].target.name(), "g");
  EXPECT_EQ(plan.build.design.transfer.computed[0].expression, "\"g\"");
}

TEST_F(PlanTest, IdentityAndSerialColumnsKeepTheirSequences) {
  session_->Exec(
      "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, s serial, d serial,"
      " b int GENERATED BY DEFAULT AS IDENTITY)");
  const engine::Design design =
      Plan("ALTER TABLE t DROP COLUMN d; ALTER TABLE t RENAME COLUMN id TO key; ALTER TABLE t RENAME s TO r")
          .build.design;
  ASSERT_EQ(design.identities.size(), 2U);
  EXPECT_EQ(design.identities[0].source_column, "id");
  EXPECT_EQ(design.identities[0].column, "key");
  EXPECT_TRUE(design.identities[0].always);
  EXPECT_FALSE(design.identities[1].always);
  ASSERT_EQ(design.sequences.size(), 2U);
  EXPECT_EQ(design.sequences[0].sequence.Plain(), "first.t_s_seq");
  EXPECT_EQ(design.sequences[0].column, "r");
  EXPECT_EQ(design.sequences[1].column, "") << "its column is dropped";
}

// --- Writing through -----------------------------------------------------------------------------------------------

TEST_F(PlanTest, SaysWhyWritesCannotGoThrough) {
  session_->Exec(
      "CREATE TABLE t (id int PRIMARY KEY, a int, b int UNIQUE DEFERRABLE); CREATE TABLE u (id int PRIMARY KEY, a "
      "int)");
  const auto reason = [this](std::string_view change) {
    const engine::Plan plan = Plan(change);
    EXPECT_EQ(plan.build.design.dual_write_possible, plan.build.design.dual_write_reason.empty());
    const bool noted =
        std::ranges::find(plan.findings, std::string("log_mode"), &engine::Finding::code) != plan.findings.end();
    EXPECT_EQ(noted, !plan.build.design.dual_write_possible);
    const auto approach = std::ranges::find(plan.locks, std::string("approach"), &engine::StageLock::stage);
    EXPECT_EQ(approach->lock.find("SHARE") != std::string::npos, plan.build.design.dual_write_possible);
    return plan.build.design.dual_write_reason;
  };
  EXPECT_EQ(reason("u"), "");
  EXPECT_EQ(reason("ALTER TABLE u ALTER COLUMN id TYPE bigint"), "");
  EXPECT_EQ(reason("ALTER TABLE t DROP CONSTRAINT t_b_key"), "");
  EXPECT_THAT(reason("t"), HasSubstr("t_b_key is deferrable"));
  EXPECT_THAT(reason("ALTER TABLE u ADD CONSTRAINT c CHECK (a > 0)"), HasSubstr("constraint c is new or changed"));
  EXPECT_THAT(reason("ALTER TABLE u ADD UNIQUE (a)"), HasSubstr("u_a_key"));
  EXPECT_THAT(reason("ALTER TABLE u ALTER COLUMN a SET NOT NULL"), HasSubstr("column a becomes NOT NULL"));
  EXPECT_THAT(reason("ALTER TABLE u ALTER COLUMN a TYPE int USING a + 1"), HasSubstr("may fail on data"));
  EXPECT_THAT(reason("ALTER TABLE u ADD COLUMN x uuid DEFAULT gen_random_uuid()"), HasSubstr("depends on the session"));
}

// --- What is not accepted ------------------------------------------------------------------------------------------

TEST_F(PlanTest, PostgresqlSaysWhatItDoesNotAccept) {
  session_->Exec("CREATE TABLE t (id int PRIMARY KEY, v text, j jsonb)");
  const auto expect = [this](std::string_view change, std::string_view state, std::string_view message) {
    const auto plan = TryPlan(change);
    EXPECT_EQ(pg::SqlState(plan.status()), state) << change;
    EXPECT_THAT(pg::Describe(plan.status()),
                AllOf(HasSubstr("PostgreSQL does not accept the change"), HasSubstr(std::string(message))));
  };
  expect("ALTER TABLE t ALTER COLUMN nope TYPE int", "42703", "column \"nope\" of relation \"t\" does not exist");
  expect("ALTER TABLE t ALTER COLUMN v TYPE int", "42804", "column \"v\" cannot be cast automatically to type integer");
  expect("ALTER TABLE t ADD COLUMN v int", "42701", "already exists");
  expect("ALTER TABLE t DROP CONSTRAINT nope", "42704", "does not exist");
  expect("ALTER TABLE t ADD CHECK (nope(v))", "42883", "function nope(text) does not exist");
  expect("ALTER TABLE t ALTER COLUMN v TYPE nope", "42704", "type \"nope\" does not exist");
}

TEST_F(PlanTest, StatementsThatBuildOnOneAnotherAreRefused) {
  session_->Exec("CREATE TABLE t (id int PRIMARY KEY, a text, b text, g int)");
  const auto expect = [this](std::string_view change, std::string_view object) {
    const engine::Plan plan = Plan(change);
    EXPECT_THAT(Refusals(plan), ::testing::Contains("statement_order")) << change;
    EXPECT_THAT(RefusalText(plan), HasSubstr(std::string(object)));
  };
  // Here "a" is the source's b; read in the source it would be another column, and no error.
  expect(
      "ALTER TABLE t RENAME COLUMN a TO c; ALTER TABLE t RENAME COLUMN b TO a; "
      "ALTER TABLE t ALTER COLUMN a TYPE text USING upper(a)",
      "column a");
  expect("ALTER TABLE t ALTER a TYPE int USING length(a); ALTER TABLE t ALTER b TYPE text USING a || 'x'", "column b");
  expect("ALTER TABLE t ALTER a TYPE char(1); ALTER TABLE t ALTER a TYPE text", "column a");
  expect("ALTER TABLE t ALTER a TYPE char(1); ALTER TABLE t RENAME a TO c; ALTER TABLE t ALTER c TYPE text",
         "column c");
  expect("ALTER TABLE t ADD COLUMN x uuid DEFAULT gen_random_uuid(); ALTER TABLE t ALTER x DROP DEFAULT", "column x");
  expect("ALTER TABLE t ADD COLUMN x int DEFAULT 5, ALTER id TYPE bigint; ALTER TABLE t ALTER x SET DEFAULT 6",
         "column x");
  // These say the same in every order.
  for (const std::string_view change :
       {"ALTER TABLE t ALTER a TYPE int USING length(b), ALTER b TYPE int USING length(a)",
        "ALTER TABLE t ALTER a TYPE text USING upper(a); ALTER TABLE t RENAME a TO c",
        "ALTER TABLE t ADD COLUMN x int DEFAULT 5; ALTER TABLE t ALTER x SET DEFAULT 6",
        "ALTER TABLE t RENAME a TO c; ALTER TABLE t ALTER c TYPE varchar(9), ALTER id TYPE bigint",
        "ALTER TABLE t ALTER id TYPE bigint; ALTER TABLE t ALTER g SET DEFAULT 3"}) {
    EXPECT_THAT(Refusals(Plan(change)), IsEmpty()) << change << RefusalText(Plan(change));
  }
  // A default that was given before the last word on it stays what the rows get.
  const engine::Plan plan = Plan("ALTER TABLE t ADD COLUMN x int DEFAULT 5; ALTER TABLE t ALTER x SET DEFAULT 6");
  EXPECT_EQ(plan.build.design.transfer.columns.back().expression, "('{5}'::integer[])[1]");
}

TEST_F(PlanTest, LongerArraysElementsWouldBeCutSoItIsRefused) {
  session_->Exec("CREATE TABLE t (id int PRIMARY KEY, a text[])");
  const engine::Plan plan = Plan("ALTER TABLE t ALTER COLUMN a TYPE varchar(3)[]");
  EXPECT_TRUE(plan.refused());
  EXPECT_THAT(RefusalText(plan), AllOf(HasSubstr("column a"), HasSubstr("cut values")));
}

// --- The table's name ----------------------------------------------------------------------------------------------

TEST_F(PlanTest, FindsTheTableAsTheLoginsSessionsDo) {
  session_->Exec(
      "CREATE TABLE first.t (id int PRIMARY KEY); CREATE TABLE public.t (id int PRIMARY KEY);"
      "CREATE TABLE public.only_there (id int PRIMARY KEY)");
  EXPECT_EQ(Plan("t").table.name.Plain(), "first.t");
  EXPECT_EQ(Plan("T").table.name.Plain(), "first.t");
  EXPECT_EQ(Plan("public.t").table.name.Plain(), "public.t");
  EXPECT_EQ(Plan("only_there").table.name.Plain(), "public.only_there");
  EXPECT_EQ(Plan(fmt::format("ALTER TABLE {}.public.t ADD COLUMN x int", shared->name())).table.name.Plain(),
            "public.t");
}

TEST_F(PlanTest, FindsQuotedNames) {
  session_->Exec(
      R"(CREATE SCHEMA "Odd.Schema"; CREATE TABLE "Odd.Schema"."T ""q"" 'x' ü" ("Id 1" int PRIMARY KEY, "select" text))");
  const engine::Plan plan = Plan(
      R"(ALTER TABLE "Odd.Schema"."T ""q"" 'x' ü" ALTER COLUMN "Id 1" TYPE bigint, ALTER "select" TYPE text USING "select" || 'y')");
  EXPECT_EQ(plan.table.name, pg::QualifiedName(std::string("Odd.Schema"), std::string("T \"q\" 'x' ü")));
  EXPECT_FALSE(plan.refused()) << RefusalText(plan);
  ASSERT_EQ(plan.build.design.transfer.columns.size(), 2U);
  EXPECT_EQ(plan.build.design.transfer.columns[0].expression, R"(("Id 1")::bigint)");
  session_->Exec(R"(DROP SCHEMA "Odd.Schema" CASCADE)");
}

TEST_F(PlanTest, ATableThatIsNotThereIsNotFound) {
  session_->Exec("CREATE TABLE public.\"T\" (id int PRIMARY KEY)");
  for (const std::string_view change : {"nope", "ALTER TABLE nope ADD COLUMN x int",
                                        "ALTER TABLE IF EXISTS nope ADD COLUMN x int", "first.\"T\"", "t"}) {
    const auto plan = TryPlan(change);
    EXPECT_TRUE(absl::IsNotFound(plan.status())) << change << ": " << pg::Describe(plan.status());
  }
  EXPECT_THAT(pg::Describe(TryPlan("nope").status()), AllOf(HasSubstr("\"nope\""), HasSubstr("first, public")));
  EXPECT_THAT(pg::Describe(TryPlan("first.nope").status()), HasSubstr("first.nope"));
}

TEST_F(PlanTest, IfExistsMeansWhatItMeansInPostgresql) {
  session_->Exec("CREATE TABLE t (id int PRIMARY KEY, v text)");
  const engine::Plan plan = Plan(
      "ALTER TABLE IF EXISTS t DROP COLUMN IF EXISTS nope, ADD COLUMN IF NOT EXISTS v int, DROP CONSTRAINT IF EXISTS "
      "nope");
  EXPECT_FALSE(plan.refused());
  EXPECT_EQ(plan.build.design.source_shape, plan.build.design.expected_shape);
}

// --- Shapes, costs, JSON -------------------------------------------------------------------------------------------

TEST_F(PlanTest, TheExpectedShapeDiffersByTheChangeAlone) {
  session_->Exec("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE INDEX t_v ON t (v)");
  const engine::Design design = Plan("ALTER TABLE t ALTER COLUMN id TYPE bigint").build.design;
  EXPECT_THAT(engine::DiffShapes(design.source_shape, design.expected_shape),
              ElementsAre(AllOf(HasSubstr("column id: was 1; integer"), HasSubstr("is 1; bigint"))));
  EXPECT_THAT(AllText(design.type_changes), HasSubstr("column id: integer to bigint"));
}

TEST_F(PlanTest, ASerialColumnThatBecomesBigintHasItsSequenceMentioned) {
  session_->Exec("CREATE TABLE t (id serial PRIMARY KEY)");
  const engine::Plan plan = Plan("ALTER TABLE t ALTER COLUMN id TYPE bigint");
  const auto note = std::ranges::find(plan.findings, std::string("serial_sequence_type"), &engine::Finding::code);
  ASSERT_NE(note, plan.findings.end());
  EXPECT_EQ(note->severity, engine::Severity::kNote);
  EXPECT_THAT(note->remedy, HasSubstr("ALTER SEQUENCE"));
}

TEST_F(PlanTest, CostsGrowWithTheTable) {
  session_->Exec("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'one')");
  const engine::Plan small = Plan("t");
  EXPECT_GT(small.disk_bytes_needed, 0);
  EXPECT_GT(small.wal_bytes_needed, 0);
  session_->Exec("INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(2, 5000) g; ANALYZE t");
  const engine::Plan large = Plan("t");
  const int64_t size = session_->Scalar<int64_t>("SELECT pg_total_relation_size('t')");
  EXPECT_GE(large.disk_bytes_needed, size);
  EXPECT_LE(large.disk_bytes_needed, 2 * size);
  EXPECT_GE(large.wal_bytes_needed, large.disk_bytes_needed);
  EXPECT_NEAR(large.table.rows, 5000, 50);
  EXPECT_GT(large.disk_bytes_free.value_or(0), large.disk_bytes_needed);
}

TEST_F(PlanTest, ItsJsonHoldsTheSame) {
  session_->Exec("CREATE TABLE t (id serial PRIMARY KEY, v text UNIQUE); CREATE INDEX ON t (lower(v))");
  constexpr std::string_view kChange = "ALTER TABLE t ALTER COLUMN id TYPE bigint, ADD CONSTRAINT c CHECK (v <> '')";
  const engine::Plan plan = Plan(kChange);
  const boost::json::value json = boost::json::parse(boost::json::serialize(engine::ToJson(plan)));
  EXPECT_EQ(json.at("table").as_string(), "first.t");
  EXPECT_EQ(std::string_view(json.at("statement").as_string()), kChange);
  EXPECT_FALSE(json.at("refused").as_bool());
  EXPECT_EQ(json.at("disk_bytes_needed").to_number<int64_t>(), plan.disk_bytes_needed);
  EXPECT_EQ(json.at("wal_bytes_needed").to_number<int64_t>(), plan.wal_bytes_needed);
  EXPECT_EQ(json.at("heap_bytes").to_number<int64_t>(), plan.table.heap_bytes);
  EXPECT_EQ(json.at("index_bytes").to_number<int64_t>(), plan.table.index_bytes);
  ASSERT_EQ(json.at("findings").as_array().size(), plan.findings.size());
  ASSERT_FALSE(plan.findings.empty());
  for (size_t i = 0; i < plan.findings.size(); ++i) {
    const boost::json::value& finding = json.at("findings").as_array()[i];
    EXPECT_EQ(std::string_view(finding.at("severity").as_string()), engine::SeverityName(plan.findings[i].severity));
    EXPECT_EQ(std::string_view(finding.at("code").as_string()), plan.findings[i].code);
    EXPECT_EQ(std::string_view(finding.at("object").as_string()), plan.findings[i].object);
    EXPECT_EQ(std::string_view(finding.at("message").as_string()), plan.findings[i].message);
    EXPECT_EQ(std::string_view(finding.at("remedy").as_string()), plan.findings[i].remedy);
  }
  ASSERT_EQ(json.at("locks").as_array().size(), plan.locks.size());
  EXPECT_EQ(std::string_view(json.at("locks").as_array()[0].at("stage").as_string()), "prepare");
  const auto design = engine::DesignFromJson(json.at("design"));
  ASSERT_TRUE(design.ok()) << pg::Describe(design.status());
  EXPECT_EQ(boost::json::serialize(engine::ToJson(*design)), boost::json::serialize(engine::ToJson(plan.build.design)));
}

TEST_F(PlanTest, OptionsOutOfTheirLimitsAreRefusedAtOnce) {
  engine::RunOptions options;
  options.jobs = 0;
  EXPECT_TRUE(absl::IsInvalidArgument(PlanChange(*shared, "nope", options).status()));
}

}  // namespace
}  // namespace pgmoult::tests
