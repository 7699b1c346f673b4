// A change that asks more of the rows than the table does. The application knows nothing of it until the swap: what it
// writes against the new shape succeeds, and it is the run that ends, by name, and can be taken back.

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
using ::testing::HasSubstr;

struct Case {
  std::string_view name;
  std::string_view statement;
  std::string_view write;  // breaks what the statement asks for
  std::string_view named;  // in the error: the constraint or the column; the type, where the server says no more
  std::string_view mend;   // takes the write back
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

const Case kCases[] = {
    {"NotNull", "ALTER TABLE t ALTER COLUMN v SET NOT NULL", "UPDATE t SET v = NULL WHERE id = 5", "\"v\"",
     "UPDATE t SET v = 'v5' WHERE id = 5"},
    {"Check", "ALTER TABLE t ADD CONSTRAINT small CHECK (n < 9000)", "UPDATE t SET n = 9000 WHERE id = 5", "\"small\"",
     "UPDATE t SET n = 5 WHERE id = 5"},
    {"Unique", "ALTER TABLE t ADD CONSTRAINT v_once UNIQUE (v)", "UPDATE t SET v = 'v6' WHERE id = 5", "v_once",
     "UPDATE t SET v = 'v5' WHERE id = 5"},
    {"NarrowerNumber", "ALTER TABLE t ALTER COLUMN n TYPE int", "UPDATE t SET n = 3000000000 WHERE id = 5", "column n",
     "UPDATE t SET n = 5 WHERE id = 5"},
    {"NarrowerText", "ALTER TABLE t ALTER COLUMN v TYPE varchar(9)", "UPDATE t SET v = 'ten letters' WHERE id = 5",
     "column v", "UPDATE t SET v = 'v5' WHERE id = 5"},
};

class ConstraintTest : public ::testing::TestWithParam<Case> {
 protected:
  ConstraintTest() {
    session_.Exec(
        "CREATE TABLE t (id int PRIMARY KEY, v text, n bigint, k int NOT NULL DEFAULT 7);"
        "INSERT INTO t SELECT g, 'v' || g, g FROM generate_series(1, 2000) g");
    MakeGates(session_);
    session_.Exec("CREATE INDEX t_gate ON t (gate_pass(k)); ANALYZE t");
    before_ = Picture();
  }

  engine::Target target() const { return TargetOf(database_); }
  // The table as PostgreSQL knows it: any rewrite, and any change of its definition, shows.
  std::string Picture() {
    return session_.Scalar<std::string>(
        "SELECT string_agg(what, E'\\n') FROM (SELECT to_jsonb(c) - 'reltuples' - 'relpages' - 'relallvisible' - "
        "'relhastriggers' || '{}' FROM pg_class c WHERE oid = 't'::regclass UNION ALL "
        "SELECT to_jsonb(a) FROM pg_attribute a WHERE attrelid = 't'::regclass UNION ALL "
        "SELECT to_jsonb(k) FROM pg_constraint k WHERE conrelid = 't'::regclass UNION ALL "
        "SELECT to_jsonb(x) FROM pg_index x WHERE indrelid = 't'::regclass) AS rows (row), LATERAL (SELECT row::text) "
        "AS texts (what)");
  }
  void AbortLeavesNothing() {
    const auto aborted = RunSync(engine::Abort(target(), 1));
    ASSERT_TRUE(aborted.ok()) << pg::Describe(aborted.status());
    EXPECT_EQ(Leftovers(session_), "");
    EXPECT_EQ(Picture(), before_);
  }
  void ExpectFailed(const absl::Status& status, std::string_view named) {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(engine::EndKindOf(status), engine::EndKind::kNone) << pg::Describe(status);
    EXPECT_THAT(pg::Describe(status), AllOf(HasSubstr("public.t"), HasSubstr(std::string(named))));
    EXPECT_EQ(session_.Scalar<std::string>("SELECT state FROM pgmoult.migration"), "failed");
    EXPECT_THAT(session_.Scalar<std::string>("SELECT message FROM pgmoult.migration"), HasSubstr(std::string(named)));
  }

  TestDatabase database_;
  Session session_{database_};
  std::string before_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, ConstraintTest, ::testing::ValuesIn(kCases),
                         [](const ::testing::TestParamInfo<Case>& info) { return std::string(info.param.name); });

TEST_P(ConstraintTest, AWriteThatBreaksItSucceedsAndEndsTheRunByName) {
  Gate gate(database_, "stage replay");
  BackgroundRun run(target(), std::string(GetParam().statement), SmallOptions());
  gate.WaitUntilReached();
  EXPECT_EQ(session_.Exec(std::string(GetParam().write)).affected(), 1);
  gate.Open();
  ExpectFailed(run.Finish().status(), GetParam().named);
  AbortLeavesNothing();
}

TEST_P(ConstraintTest, ARunThatAWriteEndedWhilePostponedGoesOnOnceTheRowIsMended) {
  engine::RunOptions options = SmallOptions();
  options.postpone_cutover = true;
  BackgroundRun run(target(), std::string(GetParam().statement), options);
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  EXPECT_EQ(session_.Exec(std::string(GetParam().write)).affected(), 1);
  ExpectFailed(run.Finish().status(), GetParam().named);
  EXPECT_EQ(Picture(), before_);
  session_.Exec(std::string(GetParam().mend));
  BackgroundRun resumed(target(), 1);
  ASSERT_TRUE(resumed.WaitForWaiting("postponed")) << pg::Describe(resumed.Finish().status());
  ASSERT_TRUE(RunSync(engine::Cutover(target(), 1)).ok());
  const auto report = resumed.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  // From now on the application is told.
  EXPECT_FALSE(session_.Try(std::string(GetParam().write)).ok());
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t WHERE v = 'v' || id AND n = id"), 2000);
}

TEST_P(ConstraintTest, WhatIsBrokenBeforeTheStartEndsTheRunByName) {
  session_.Exec(std::string(GetParam().write));
  ExpectFailed(RunChange(database_, std::string(GetParam().statement)).status(), GetParam().named);
  AbortLeavesNothing();
}

}  // namespace
}  // namespace pgmoult::tests
