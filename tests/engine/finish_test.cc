// Foreign keys after the swap: they were made NOT VALID under its lock and are validated beside readers and writers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
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
#include "tests/support/eventually.h"
#include "tests/support/run.h"
#include "tests/support/statements.h"

namespace pgmoult::tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class FinishTest : public ::testing::Test {
 protected:
  FinishTest() {
    session_.Exec(
        "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT g, 'row' FROM generate_series(1, 100) g; "
        "CREATE TABLE child (id int PRIMARY KEY, t int CONSTRAINT in_fk REFERENCES t); "
        "INSERT INTO child SELECT g, g FROM generate_series(1, 50) g; ANALYZE");
  }

  engine::Target target() const { return TargetOf(database_); }
  void MakePartitions() {
    session_.Exec(
        "CREATE TABLE parts (id int, t int CONSTRAINT parts_fk REFERENCES t) PARTITION BY RANGE (id); "
        "CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (50); "
        "CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (50) TO (1000); "
        "INSERT INTO parts SELECT g, g FROM generate_series(1, 100) g");
  }
  // Each foreign key with what it is a part of, and whether it is valid.
  std::string Keys() {
    return session_.Scalar<std::string>(
        "SELECT string_agg(format('%s of %s%s%s', k.conname, k.conrelid::regclass, ' in ' || "
        "p.conrelid::regclass::text, CASE WHEN NOT k.convalidated THEN ' NOT VALID' END), ', ' ORDER BY k.conname, "
        "k.conrelid::regclass::text) FROM pg_constraint k LEFT JOIN pg_constraint p ON p.oid = k.conparentid WHERE "
        "k.contype = 'f' AND k.confrelid = 't'::regclass");
  }
  bool Swapped() { return session_.Scalar<bool>("SELECT to_regclass('pgmoult_1_old.t') IS NOT NULL"); }
  // What status lists.
  std::string Status() {
    const auto seen = RunSync(engine::LookAtDatabase(target()));
    return !seen.ok() || seen->migrations.size() != 1 ? "?" : seen->migrations.front().message;
  }
  absl::StatusOr<engine::RunReport> Resume() {
    BackgroundRun run(target(), 1);
    return run.Finish();
  }
  void EndTheEnginesSessions() {
    EndOurSessions(session_);
    ASSERT_TRUE(Eventually([this] {
      return !session_.Scalar<bool>(
          "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'pgmoult %' AND datname = "
          "current_database())");
    }));
  }
  void ExpectAllDone(const std::string& keys) {
    EXPECT_EQ(Keys(), keys);
    EXPECT_EQ(Status(), "");
    const auto finalized = RunSync(engine::Finalize(target(), 1));
    ASSERT_TRUE(finalized.ok()) << pg::Describe(finalized.status());
    EXPECT_EQ(Keys(), keys);
    ASSERT_TRUE(RunSync(engine::Cleanup(target())).ok());
    EXPECT_EQ(Leftovers(session_), "");
  }

  TestDatabase database_;
  Session session_{database_};
};

TEST_F(FinishTest, ARowThatBrokeTheKeyBeforeIsNamedAfterTheSwapAndMendedBeforeFinalize) {
  session_.Exec(
      "SET session_replication_role = replica; INSERT INTO child VALUES (999, 999); "
      "RESET session_replication_role");
  const auto report = RunChange(database_, "t");
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(engine::EndKindOf(report.status()), engine::EndKind::kStopped);
  EXPECT_THAT(pg::Describe(report.status()),
              AllOf(HasSubstr("the new table is in place"), HasSubstr("foreign key in_fk of table public.child"),
                    HasSubstr("pgmoult resume 1")));
  EXPECT_TRUE(Swapped());
  EXPECT_EQ(Keys(), "in_fk of child NOT VALID");
  EXPECT_EQ(Status(), "1 foreign key is still to be validated");
  // It binds every new row nevertheless.
  EXPECT_EQ(pg::SqlState(session_.Try("INSERT INTO child VALUES (1000, 1000)").status()), "23503");
  EXPECT_EQ(pg::SqlState(session_.Try("DELETE FROM t WHERE id = 1").status()), "23503");
  const auto refused = RunSync(engine::Finalize(target(), 1));
  EXPECT_THAT(pg::Describe(refused.status()), AllOf(HasSubstr("not finished"), HasSubstr("pgmoult resume 1")));
  EXPECT_TRUE(Swapped());
  // Nothing has been mended.
  EXPECT_EQ(engine::EndKindOf(Resume().status()), engine::EndKind::kStopped);
  EXPECT_EQ(Status(), "1 foreign key is still to be validated");
  session_.Exec("DELETE FROM child WHERE id = 999");
  const auto resumed = Resume();
  ASSERT_TRUE(resumed.ok()) << pg::Describe(resumed.status());
  ExpectAllDone("in_fk of child");
}

TEST_F(FinishTest, AKeyThatWasNotValidStaysSo) {
  session_.Exec(
      "ALTER TABLE child DROP CONSTRAINT in_fk; INSERT INTO child VALUES (999, 999); "
      "ALTER TABLE child ADD CONSTRAINT in_fk FOREIGN KEY (t) REFERENCES t NOT VALID");
  const auto report = RunChange(database_, "t");
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  ExpectAllDone("in_fk of child NOT VALID");
}

TEST_F(FinishTest, AnEngineThatDiesAfterTheSwapLeavesWhatResumeFinishes) {
  MakePartitions();
  const std::string keys = Keys();
  ASSERT_EQ(keys, "in_fk of child, parts_fk of parts, parts_fk of parts_high in parts, parts_fk of parts_low in parts");
  {
    StatementGate gate("VALIDATE CONSTRAINT in_fk");
    engine::RunOptions options = SmallOptions();
    options.retry_for = std::chrono::seconds(0);
    BackgroundRun run(target(), "t", options);
    gate.WaitUntilReached();
    EXPECT_TRUE(Swapped());
    EXPECT_EQ(Status(), "2 foreign keys are still to be validated");
    EndTheEnginesSessions();
    gate.Open();
    EXPECT_FALSE(run.Finish().ok());
  }
  // The partitions have the key each for itself.
  EXPECT_EQ(Keys(), "in_fk of child NOT VALID, parts_fk of parts_high NOT VALID, parts_fk of parts_low NOT VALID");
  EXPECT_EQ(pg::SqlState(session_.Try("INSERT INTO parts VALUES (7, 7000)").status()), "23503");
  EXPECT_FALSE(RunSync(engine::Finalize(target(), 1)).ok());
  // The next one dies where only the whole is missing.
  {
    StatementGate gate("/* pgmoult:observe */ ALTER TABLE public.parts ADD CONSTRAINT");
    BackgroundRun run(target(), 1);
    gate.WaitUntilReached();
    EndTheEnginesSessions();
    gate.Open();
    EXPECT_FALSE(run.Finish().ok());
  }
  EXPECT_EQ(Keys(), "in_fk of child, parts_fk of parts_high, parts_fk of parts_low");
  const auto resumed = Resume();
  ASSERT_TRUE(resumed.ok()) << pg::Describe(resumed.status());
  ExpectAllDone(keys);
}

// Mending a row is not the only way out, and between swap and finalize life goes on.
TEST_F(FinishTest, WhatItsOwnerDropsOrChangesAfterTheSwapIsNotOursToFinish) {
  MakePartitions();
  session_.Exec(
      "CREATE TABLE second (t int CONSTRAINT second_fk REFERENCES t); SET session_replication_role = replica; "
      "INSERT INTO child VALUES (999, 999); INSERT INTO second VALUES (999); RESET session_replication_role");
  EXPECT_EQ(engine::EndKindOf(RunChange(database_, "t").status()), engine::EndKind::kStopped);
  session_.Exec(
      "ALTER TABLE child DROP CONSTRAINT in_fk; "
      "CREATE TABLE parts_more PARTITION OF parts FOR VALUES FROM (1000) TO (2000)");
  EXPECT_THAT(pg::Describe(Resume().status()), HasSubstr("foreign key second_fk of table public.second"));
  session_.Exec("DROP TABLE second; CREATE TABLE parts_most PARTITION OF parts FOR VALUES FROM (2000) TO (3000)");
  const auto finalized = RunSync(engine::Finalize(target(), 1));
  ASSERT_TRUE(finalized.ok()) << pg::Describe(finalized.status());
  EXPECT_EQ(
      Keys(),
      "parts_fk of parts, parts_fk of parts_high in parts, parts_fk of parts_low in parts, parts_fk of parts_more "
      "in parts, parts_fk of parts_most in parts");
}

// It holds its locks when the event trigger stands at the gate.
TEST_F(FinishTest, AValidationBlocksNoReaderAndNoWriter) {
  MakeGates(session_);
  session_.Exec(R"sql(
    CREATE FUNCTION gate_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF current_query() LIKE '/* pgmoult:observe */%VALIDATE CONSTRAINT%' THEN
        PERFORM public.gate_wait('validate');
      END IF;
    END $$;
    CREATE EVENT TRIGGER gate_ddl ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION gate_ddl())sql");
  Gate gate(database_, "validate");
  BackgroundRun run(target(), "t", SmallOptions());
  gate.WaitUntilReached();
  ASSERT_TRUE(Swapped());
  Session application(database_);
  application.Exec("SET lock_timeout = '20s'");
  for (const char* statement :
       {"INSERT INTO child VALUES (200, 60)", "UPDATE child SET t = 61 WHERE id = 1", "DELETE FROM child WHERE id = 2",
        "INSERT INTO t VALUES (200, 'new')", "UPDATE t SET v = 'new' WHERE id = 3", "DELETE FROM t WHERE id = 99",
        "SELECT FROM t JOIN child ON child.t = t.id"}) {
    const auto done = application.Try(statement);
    EXPECT_TRUE(done.ok()) << statement << ": " << pg::Describe(done.status());
  }
  EXPECT_FALSE(run.ended());
  gate.Open();
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(Keys(), "in_fk of child");
}

// Whoever has the table locked for long keeps the validation away, and nobody waits behind that.
TEST_F(FinishTest, AValidationThatHasToWaitStandsInNobodysWay) {
  Session holder(database_);
  StatementGate gate("VALIDATE CONSTRAINT in_fk");
  BackgroundRun run(target(), "t", SmallOptions());
  gate.WaitUntilReached();
  holder.Exec("BEGIN; LOCK TABLE child IN SHARE UPDATE EXCLUSIVE MODE");
  gate.Open();
  ASSERT_TRUE(Eventually([&] {
    return session_.Scalar<bool>(
        fmt::format("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'pgmoult %' AND {} = ANY "
                    "(pg_blocking_pids(pid)))",
                    holder.backend_pid()));
  }));
  Session application(database_);
  application.Exec("SET lock_timeout = '20s'");
  EXPECT_TRUE(application.Try("INSERT INTO child VALUES (200, 60); UPDATE t SET v = 'new' WHERE id = 3").ok());
  ASSERT_TRUE(run.WaitForWaiting("foreign key in_fk of table public.child: another session holds a lock"));
  EXPECT_EQ(Keys(), "in_fk of child NOT VALID");
  holder.Exec("COMMIT");
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  ExpectAllDone("in_fk of child");
}

}  // namespace
}  // namespace pgmoult::tests
