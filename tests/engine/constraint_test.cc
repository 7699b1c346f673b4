// A change that asks more of the rows than the table does. The application knows nothing of it until the swap: what it
// writes against the new shape succeeds, and it is the run that ends, which names the rows and can be taken back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/fault/background_run.h"
#include "tests/fault/gates.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

// What a row may not hold is "canary" where it is text.
struct Case {
  std::string_view name;
  std::string_view setup;
  std::string_view statement;
  std::string_view write;              // breaks what the statement asks for, in row {0}
  std::string_view named;              // in the error, after the keys
  std::string_view mend;               // takes the write back
  std::string_view clashes_with = "";  // the key of the other row, where two are one too many
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

const Case kCases[] = {
    {"BadText", "", "ALTER TABLE t ALTER COLUMN v TYPE int USING substr(v, 2)::int",
     "UPDATE t SET v = 'canary' WHERE id = {0}", "column \"v\" (integer): text that the type does not read (22P02)",
     "UPDATE t SET v = 'v' || id WHERE id = {0}"},
    {"NotNull", "", "ALTER TABLE t ALTER COLUMN v SET NOT NULL", "UPDATE t SET v = NULL WHERE id = {0}",
     "column \"v\" (text): NULL where a value must be (23502)", "UPDATE t SET v = 'v' || id WHERE id = {0}"},
    {"NotNullOfAnExpression", "", "ALTER TABLE t ADD COLUMN g bigint GENERATED ALWAYS AS (n * 2) STORED NOT NULL",
     "UPDATE t SET n = NULL WHERE id = {0}", "column \"g\" (bigint): NULL where a value must be (23502)",
     "UPDATE t SET n = id WHERE id = {0}"},
    {"Check", "", "ALTER TABLE t ADD CONSTRAINT small CHECK (n < 9000)", "UPDATE t SET n = 9000 WHERE id = {0}",
     "constraint \"small\": the check fails (23514)", "UPDATE t SET n = id WHERE id = {0}"},
    {"Domain", "CREATE DOMAIN little AS bigint CHECK (VALUE < 9000)", "ALTER TABLE t ALTER COLUMN n TYPE little",
     "UPDATE t SET n = 9000 WHERE id = {0}",
     "column \"n\" (public.little), constraint \"little_check\": the check fails (23514)",
     "UPDATE t SET n = id WHERE id = {0}"},
    {"NarrowerInteger", "", "ALTER TABLE t ALTER COLUMN n TYPE int", "UPDATE t SET n = 3000000000 WHERE id = {0}",
     "column \"n\" (integer): number out of range (22003)", "UPDATE t SET n = id WHERE id = {0}"},
    {"NarrowerNumeric", "", "ALTER TABLE t ALTER COLUMN n TYPE numeric(4)", "UPDATE t SET n = 10000 WHERE id = {0}",
     "column \"n\" (numeric(4,0)): number out of range (22003)", "UPDATE t SET n = id WHERE id = {0}"},
    {"NarrowerText", "", "ALTER TABLE t ALTER COLUMN v TYPE varchar(9)",
     "UPDATE t SET v = 'canary canary' WHERE id = {0}", "column \"v\" (character varying(9)): value too long (22001)",
     "UPDATE t SET v = 'v' || id WHERE id = {0}"},
    {"NarrowerTime", "", "ALTER TABLE t ALTER COLUMN d TYPE timestamp",
     "UPDATE t SET d = '300000-01-01' WHERE id = {0}",
     "column \"d\" (timestamp without time zone): date or time out of range (22008)",
     "UPDATE t SET d = '2000-01-01' WHERE id = {0}"},
    {"Unique", "", "ALTER TABLE t ADD CONSTRAINT v_once UNIQUE (v)", "UPDATE t SET v = 'v6' WHERE id = {0}",
     "\"v_once\" on (v): the same value twice (23505)", "UPDATE t SET v = 'v' || id WHERE id = {0}", "6"},
    {"UniqueTogether", "", "ALTER TABLE t ADD CONSTRAINT both_once UNIQUE (k, n)", "UPDATE t SET n = 6 WHERE id = {0}",
     "\"both_once\" on (k, n): the same value twice (23505)", "UPDATE t SET n = id WHERE id = {0}", "6"},
    {"UniqueExpression", "CREATE UNIQUE INDEX t_lower ON t (lower(v)) WHERE n > 0",
     "ALTER TABLE t ALTER COLUMN v TYPE text USING btrim(v)", "UPDATE t SET v = ' V6' WHERE id = {0}",
     "\"t_lower\" on (lower(v)): the same value twice (23505)", "UPDATE t SET v = 'v' || id WHERE id = {0}", "6"},
    {"Exclusion",
     "ALTER TABLE t ADD COLUMN r int4range; UPDATE t SET r = int4range(id * 10, id * 10 + 1);"
     "ALTER TABLE t ADD CONSTRAINT apart EXCLUDE USING gist (r WITH &&)",
     "ALTER TABLE t ALTER COLUMN r TYPE int4range USING int4range(lower(r), upper(r) + 5)",
     "UPDATE t SET r = '[61,63)' WHERE id = {0}", "\"apart\" on (r): values that exclude each other (23P01)",
     "UPDATE t SET r = int4range(id * 10, id * 10 + 1) WHERE id = {0}", "6"},
};

constexpr int kEarly = 5;  // a row that every sample has, and that is copied first

// Errors and journals hold keys, and no other value of a row.
void ExpectNoValues(Session& session, const absl::Status& status) {
  EXPECT_THAT(pg::Describe(status), Not(HasSubstr("canary")));
  const pg::ServerErrorFields fields = pg::ErrorFields(status);
  EXPECT_EQ(fields.detail, "");
  EXPECT_THAT(fields.message, Not(HasSubstr("canary")));
  if (session.Scalar<bool>("SELECT to_regclass('pgmoult.migration') IS NOT NULL")) {
    EXPECT_THAT(session.Scalar<std::string>(
                    "SELECT string_agg(row, '') FROM (SELECT to_jsonb(m)::text FROM pgmoult.migration m UNION ALL "
                    "SELECT to_jsonb(e)::text FROM pgmoult.event e) AS rows (row)"),
                AllOf(HasSubstr("public"), Not(HasSubstr("canary"))));
  }
}

// The table as PostgreSQL knows it: any rewrite, and any change of its definition, shows.
std::string PictureOf(Session& session, const std::string& table) {
  return session.Scalar<std::string>(fmt::format(
      "SELECT string_agg(what, E'\\n') FROM (SELECT to_jsonb(c) - 'reltuples' - 'relpages' - 'relallvisible' - "
      "'relhastriggers' || '{{}}' FROM pg_class c WHERE oid = '{0}'::regclass UNION ALL "
      "SELECT to_jsonb(a) FROM pg_attribute a WHERE attrelid = '{0}'::regclass UNION ALL "
      "SELECT to_jsonb(k) FROM pg_constraint k WHERE conrelid = '{0}'::regclass UNION ALL "
      "SELECT to_jsonb(x) FROM pg_index x WHERE indrelid = '{0}'::regclass) AS rows (row), LATERAL (SELECT row::text) "
      "AS texts (what)",
      table));
}

class ConstraintTest : public ::testing::Test {
 protected:
  engine::Target target() const { return TargetOf(database_); }

  void MakeTable(std::string_view setup = "") {
    session_.Exec(
        "CREATE TABLE t (id int PRIMARY KEY, v text, n bigint, k int NOT NULL DEFAULT 7, d date DEFAULT '2000-01-01');"
        "INSERT INTO t SELECT g, 'v' || g, g FROM generate_series(1, 2000) g;");
    session_.Exec(std::string(setup));
    MakeGates(session_);
    session_.Exec("CREATE INDEX t_gate ON t (gate_pass(k)); CLUSTER t USING t_pkey; ANALYZE t");
    before_ = PictureOf(session_, "t");
  }
  // A row in the middle of its page, and that of the table: no sample has it.
  int Hidden() {
    return session_.Scalar<int>(
        "SELECT min(id) FROM t WHERE id BETWEEN 700 AND 1300 AND split_part(trim(ctid::text, '()'), ',', 2)::int = 20");
  }
  void AbortLeavesNothing() {
    const auto aborted = RunSync(engine::Abort(target(), 1));
    ASSERT_TRUE(aborted.ok()) << pg::Describe(aborted.status());
    EXPECT_EQ(Leftovers(session_), "");
    EXPECT_EQ(PictureOf(session_, "t"), before_);
  }
  void ExpectFailed(const absl::Status& status, std::string_view named) {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(engine::EndKindOf(status), engine::EndKind::kNone) << pg::Describe(status);
    EXPECT_THAT(pg::Describe(status),
                AllOf(HasSubstr("public.t"), HasSubstr(std::string(named)), HasSubstr("nothing was swapped"),
                      HasSubstr("`pgmoult resume 1`"), HasSubstr("`pgmoult abort 1`")));
    EXPECT_EQ(session_.Scalar<std::string>("SELECT state FROM pgmoult.migration"), "failed");
    EXPECT_EQ(session_.Scalar<std::string>("SELECT message FROM pgmoult.migration"), pg::Describe(status));
    ExpectNoValues(session_, status);
    EXPECT_EQ(PictureOf(session_, "t"), before_);
  }

  TestDatabase database_;
  Session session_{database_};
  std::string before_;
};

class ConstraintKindTest : public ConstraintTest, public ::testing::WithParamInterface<Case> {
 protected:
  ConstraintKindTest() { MakeTable(GetParam().setup); }

  std::string Write(int row) const { return fmt::format(fmt::runtime(GetParam().write), row); }
  std::string Mend(int row) const { return fmt::format(fmt::runtime(GetParam().mend), row); }
  // The keys that the error names, in either order, and what is wrong with them.
  void ExpectNamed(const absl::Status& status, int row) {
    const Case& one = GetParam();
    ExpectFailed(status, one.named);
    const std::string key = fmt::format("(id)=({})", row);
    if (one.clashes_with.empty()) {
      EXPECT_THAT(pg::Describe(status),
                  HasSubstr(fmt::format("1 row of public.t cannot take the new shape: {}: {}; ", key, one.named)));
      return;
    }
    const std::string other = fmt::format("(id)=({})", one.clashes_with);
    EXPECT_THAT(pg::Describe(status), AllOf(HasSubstr("1 pair of rows of public.t"),
                                            AnyOf(HasSubstr(fmt::format("{} and {}: {}; ", key, other, one.named)),
                                                  HasSubstr(fmt::format("{} and {}: {}; ", other, key, one.named)))));
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, ConstraintKindTest, ::testing::ValuesIn(kCases),
                         [](const ::testing::TestParamInfo<Case>& info) { return std::string(info.param.name); });

TEST_P(ConstraintKindTest, WhatASampleShowsIsRefusedBeforeAnythingIsMade) {
  session_.Exec(Write(kEarly));
  const std::string why =
      fmt::format("1 row of public.t cannot take the new shape: (id)=({}): {}", kEarly, GetParam().named);
  const auto plan = PlanChange(database_, std::string(GetParam().statement));
  ASSERT_TRUE(plan.ok()) << pg::Describe(plan.status());
  if (!GetParam().clashes_with.empty()) {
    EXPECT_FALSE(plan->refused()) << "rows are tried one by one: that two of them clash is for the index build to say";
    return;
  }
  ASSERT_TRUE(plan->refused());
  EXPECT_EQ(plan->findings[0].code, "data_does_not_fit");
  EXPECT_THAT(plan->findings[0].message, AllOf(HasSubstr(why), Not(HasSubstr("canary"))));
  session_.Exec("DROP SCHEMA pgmoult CASCADE");
  const absl::Status ended = RunChange(database_, std::string(GetParam().statement)).status();
  EXPECT_EQ(engine::EndKindOf(ended), engine::EndKind::kRefused);
  EXPECT_THAT(pg::Describe(ended), HasSubstr(why));
  ExpectNoValues(session_, ended);
  EXPECT_EQ(Leftovers(session_), "");
  EXPECT_EQ(PictureOf(session_, "t"), before_);
}

TEST_P(ConstraintKindTest, WhatNoSampleShowsEndsTheRunWithTheRowsNamed) {
  const int row = Hidden();
  session_.Exec(Write(row));
  session_.Exec("CLUSTER t USING t_pkey");  // the row is where it was
  before_ = PictureOf(session_, "t");
  ExpectNamed(RunChange(database_, std::string(GetParam().statement)).status(), row);
  AbortLeavesNothing();
}

TEST_P(ConstraintKindTest, AWriteDuringTheCopySucceedsAndEndsTheRunWithTheRowsNamed) {
  Gate gate(database_, "chunk");
  BackgroundRun run(target(), std::string(GetParam().statement), SmallOptions());
  gate.WaitUntilReached();
  EXPECT_EQ(session_.Exec(Write(kEarly)).affected(), 1);
  gate.Open();
  ExpectNamed(run.Finish().status(), kEarly);
  AbortLeavesNothing();
}

TEST_P(ConstraintKindTest, ARunThatAWriteEndedWhilePostponedGoesOnOnceTheRowIsMended) {
  engine::RunOptions options = SmallOptions();
  options.postpone_cutover = true;
  BackgroundRun run(target(), std::string(GetParam().statement), options);
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  EXPECT_EQ(session_.Exec(Write(kEarly)).affected(), 1);
  ExpectNamed(run.Finish().status(), kEarly);
  session_.Exec(Mend(kEarly));
  BackgroundRun resumed(target(), 1);
  ASSERT_TRUE(resumed.WaitForWaiting("postponed")) << pg::Describe(resumed.Finish().status());
  ASSERT_TRUE(RunSync(engine::Cutover(target(), 1)).ok());
  const auto report = resumed.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t WHERE v::text IN ('v' || id, id::text) AND n = id"), 2000);
}

TEST_F(ConstraintTest, FromTheSwapOnTheApplicationIsTold) {
  MakeTable();
  const auto report = RunChange(database_,
                                "ALTER TABLE t ALTER COLUMN v SET NOT NULL, ADD CHECK (n < 9000), "
                                "ADD UNIQUE (v)");
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(pg::SqlState(session_.Try("UPDATE t SET v = NULL WHERE id = 5").status()), "23502");
  EXPECT_EQ(pg::SqlState(session_.Try("UPDATE t SET n = 9000 WHERE id = 5").status()), "23514");
  EXPECT_EQ(pg::SqlState(session_.Try("UPDATE t SET v = 'v6' WHERE id = 5").status()), "23505");
}

TEST_F(ConstraintTest, ACastThatNeedsUsingIsTurnedAwayByPostgreSQLItself) {
  MakeTable();
  session_.Exec("DROP SCHEMA pgmoult CASCADE");
  const absl::Status ended = RunChange(database_, "ALTER TABLE t ALTER COLUMN v TYPE int").status();
  EXPECT_THAT(pg::Describe(ended), HasSubstr("\"v\" cannot be cast automatically to type integer"));
  EXPECT_EQ(Leftovers(session_), "");
  EXPECT_EQ(PictureOf(session_, "t"), before_);
}

TEST_F(ConstraintTest, AtMostTenRowsAreNamedAndTheErrorSaysThatThereAreMore) {
  MakeTable();
  Gate gate(database_, "stage replay");
  BackgroundRun run(target(), "ALTER TABLE t ALTER COLUMN n TYPE int", SmallOptions());
  gate.WaitUntilReached();
  session_.Exec("UPDATE t SET n = 3000000000 WHERE id BETWEEN 500 AND 540");
  gate.Open();
  const absl::Status ended = run.Finish().status();
  ExpectFailed(ended, "at least 10 rows of public.t cannot take the new shape: (id)=(500): ");
  EXPECT_THAT(pg::Describe(ended), AllOf(HasSubstr("(id)=(509): "), Not(HasSubstr("(id)=(510)"))));
}

TEST_F(ConstraintTest, RowsThatFailInSeveralWaysAreNamedEachWithItsOwn) {
  MakeTable();
  Gate gate(database_, "stage replay");
  BackgroundRun run(target(), "ALTER TABLE t ALTER COLUMN n TYPE int, ALTER COLUMN v SET NOT NULL", SmallOptions());
  gate.WaitUntilReached();
  session_.Exec("UPDATE t SET n = 3000000000 WHERE id = 8; UPDATE t SET v = NULL WHERE id = 9");
  gate.Open();
  ExpectFailed(run.Finish().status(),
               "2 rows of public.t cannot take the new shape: (id)=(8): column \"n\" (integer): number out of range "
               "(22003); (id)=(9): column \"v\" (text): NULL where a value must be (23502); ");
}

TEST_F(ConstraintTest, AWriteBesideVerifyEndsTheRunWithTheRowNamed) {
  MakeTable();
  Gate gate(database_, "verified");
  BackgroundRun run(target(), "ALTER TABLE t ALTER COLUMN v TYPE int USING substr(v, 2)::int", SmallOptions());
  gate.WaitUntilReached();
  session_.Exec("UPDATE t SET v = 'canary' WHERE id = 1999");
  gate.Open();
  ExpectFailed(run.Finish().status(),
               "1 row of public.t cannot take the new shape: (id)=(1999): column \"v\" (integer)");
  AbortLeavesNothing();
}

TEST_F(ConstraintTest, WhatAFunctionOfTheOwnersSaysOfAValueIsNotRepeated) {
  MakeTable(
      "CREATE FUNCTION number_of(v text) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN "
      "IF v !~ '^v[0-9]+$' THEN RAISE EXCEPTION 'no number in %', v; END IF; RETURN substr(v, 2); END $$");
  const int row = Hidden();
  session_.Exec(fmt::format("UPDATE t SET v = 'canary' WHERE id = {}; CLUSTER t USING t_pkey", row));
  before_ = PictureOf(session_, "t");
  ExpectFailed(RunChange(database_, "ALTER TABLE t ALTER COLUMN v TYPE int USING public.number_of(v)").status(),
               fmt::format("(id)=({}): column \"v\" (integer): a function raised an error (P0001)", row));
}

TEST_F(ConstraintTest, WhereTheRowsCannotBeLookedForTheErrorQuotesNoneAndSaysSo) {
  MakeTable(
      "CREATE FUNCTION no_trial() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF current_query() LIKE '%pgmoult_trial%' THEN RAISE 'not here'; END IF; END $$;"
      "CREATE EVENT TRIGGER no_trial ON ddl_command_start EXECUTE FUNCTION no_trial()");
  session_.Exec("UPDATE t SET v = 'canary' WHERE id = 5");
  const absl::Status ended =
      RunChange(database_, "ALTER TABLE t ALTER COLUMN v TYPE int USING substr(v, 2)::int").status();
  ExpectFailed(ended, "copying rows after the start up to ");
  EXPECT_THAT(pg::Describe(ended), AllOf(HasSubstr("text that the type does not read"), HasSubstr("column v: USING"),
                                         HasSubstr("the rows were not found")));
}

TEST_F(ConstraintTest, KeysOfSeveralColumnsAndNamesThatNeedQuotingAreNamedAsTheyAre) {
  session_.Exec(R"sql(
    CREATE TABLE "we""ird T" ("a b" text COLLATE "C", "c""d" int, "select" text, pgmoult_logged bigint, "k1" bigint,
                              PRIMARY KEY ("a b", "c""d"));
    INSERT INTO "we""ird T" SELECT 'it''s $1; {' || g % 3 || '}', g, 's' || g, g, g FROM generate_series(1, 900) g)sql");
  MakeGates(session_);
  const std::string statement =
      R"(ALTER TABLE "we""ird T" ALTER COLUMN pgmoult_logged TYPE int, ADD CONSTRAINT "one ""only" UNIQUE ("select", "k1"))";
  const std::string before = PictureOf(session_, R"("we""ird T")");
  const std::string write = R"(UPDATE "we""ird T" SET pgmoult_logged = 3000000000 WHERE "c""d" = 3)";
  session_.Exec(write);
  const auto plan = PlanChange(database_, statement);
  ASSERT_TRUE(plan.ok()) << pg::Describe(plan.status());
  const std::string named = R"((a b, c"d)=(it's $1; {0}, 3): column "pgmoult_logged" (integer): number out of range)";
  EXPECT_THAT(plan->findings[0].message, HasSubstr(named));
  session_.Exec(R"(UPDATE "we""ird T" SET pgmoult_logged = 3 WHERE "c""d" = 3)");

  engine::RunOptions options = SmallOptions();
  options.postpone_cutover = true;
  BackgroundRun run(target(), statement, options);
  ASSERT_TRUE(run.WaitForWaiting("postponed")) << pg::Describe(run.Finish().status());
  session_.Exec(write);
  EXPECT_THAT(pg::Describe(run.Finish().status()),
              HasSubstr("1 row of public.we\"ird T cannot take the new shape: " + named));
  session_.Exec(R"(UPDATE "we""ird T" SET pgmoult_logged = 3, "select" = 's8', "k1" = 8 WHERE "c""d" = 3)");
  const absl::Status ended = BackgroundRun(target(), 1).Finish().status();
  EXPECT_THAT(pg::Describe(ended), HasSubstr(R"((a b, c"d)=(it's $1; {0}, 3) and (a b, c"d)=(it's $1; {2}, 8): )"
                                             R"("one ""only" on ("select", k1): the same value twice (23505); )"));
  ASSERT_TRUE(RunSync(engine::Abort(target(), 1)).ok());
  EXPECT_EQ(Leftovers(session_), "");
  EXPECT_EQ(PictureOf(session_, R"("we""ird T")"), before);
}

TEST_F(ConstraintTest, ASampleReadsNoTableFromEndToEnd) {
  session_.Exec(
      "CREATE TABLE big (id int PRIMARY KEY, n bigint);"
      "INSERT INTO big SELECT g, g FROM generate_series(1, 100000) g");
  session_.Exec("VACUUM ANALYZE big");
  const auto reads = [this] {
    return session_.Scalar<int64_t>("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'big'");
  };
  const int64_t before = reads();
  const auto plan = PlanChange(database_, "ALTER TABLE big ALTER COLUMN n TYPE int");
  ASSERT_TRUE(plan.ok()) << pg::Describe(plan.status());
  EXPECT_FALSE(plan->refused());
  ASSERT_TRUE(Eventually([this] {
    return session_.Scalar<bool>(
        "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'pgmoult %')");
  }));
  EXPECT_EQ(reads(), before);
}

}  // namespace
}  // namespace pgmoult::tests
