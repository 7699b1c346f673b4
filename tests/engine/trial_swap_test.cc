// As trial_test.cc, for locks, replay's plans, verify and the swap.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "copier/sql_builder.h"
#include "engine/control.h"
#include "engine/locks.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/engine/capture_fixture.h"
#include "tests/fault/background_run.h"
#include "tests/fault/finished.h"
#include "tests/fault/gates.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"
#include "tests/support/statements.h"

namespace pgmoult::tests {
namespace {

using engine::DualWriteMode;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class TrialSwapTest : public CaptureTest {
 protected:
  TrialSwapTest() {
    MakeGates(session_);
    session_.Exec(
        "CREATE TABLE t (id int PRIMARY KEY, u int UNIQUE, v text); "
        "INSERT INTO t SELECT g, g, 'old' FROM generate_series(1, 300) g; ANALYZE t");
  }

  // True once a session of the engine waits for a lock of this one, with a statement that contains the text.
  bool EngineWaitsFor(const Session& holder, std::string_view text = "") {
    return Eventually([&] {
      return session_.Scalar<bool>(
          fmt::format("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'pgmoult %' AND query "
                      "LIKE '%{}%' AND {} = ANY (pg_blocking_pids(pid)))",
                      text, holder.backend_pid()));
    });
  }
  // Runs what begins with a lock of the whole table in the background, and returns when it stands in the queue for it:
  // an engine that is held may hold the table itself.
  void StartAsking(Session& session, const std::string& sql) {
    session.Start(sql);
    ASSERT_TRUE(Eventually([&] {
      return session_.Scalar<bool>(
          fmt::format("SELECT EXISTS (SELECT FROM pg_locks WHERE pid = {} AND relation = 't'::regclass AND mode = "
                      "'AccessExclusiveLock')",
                      session.backend_pid()));
    }));
  }
  void ExpectNothingLost(const absl::StatusOr<engine::RunReport>& report) {
    ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
    EXPECT_EQ(OldAgainstNew(session_), "");
  }
};

// A waiter makes an autovacuum give way only after deadlock_timeout, and short lock time-outs end before.
TEST_F(TrialSwapTest, L1AnAutovacuumGivesWay) {
  session_.Exec(
      "INSERT INTO t SELECT g, g, repeat('x', 500) FROM generate_series(301, 3000) g; ALTER TABLE t SET "
      "(autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 100, "
      "autovacuum_vacuum_cost_limit = 1); UPDATE t SET v = v || '!'");
  session_.Exec("ALTER SYSTEM SET autovacuum_naptime = '1s'");
  session_.Exec("SELECT pg_reload_conf()");
  const auto vacuums = [this] {
    return session_.Scalar<bool>(
        "SELECT EXISTS (SELECT FROM pg_stat_activity a JOIN pg_locks l USING (pid) WHERE a.backend_type = 'autovacuum "
        "worker' AND l.relation = 't'::regclass AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted)");
  };
  ASSERT_TRUE(Eventually(vacuums, std::chrono::seconds(60)));
  engine::RunOptions options = SmallOptions();
  options.lock_budget = std::chrono::seconds(4);
  const auto report = RunChange(database_, "t", options);
  session_.Exec("ALTER SYSTEM RESET autovacuum_naptime");
  session_.Exec("SELECT pg_reload_conf()");
  ExpectNothingLost(report);
}

// A client that is held up between two locks must not make an application pay that looks for deadlocks meanwhile: the
// server counts what is left of the time, from the first lock on.
TEST_F(TrialSwapTest, WhatIsLeftForALockIsCountedByTheServer) {
  constexpr std::chrono::milliseconds kDeadlockTimeout{1000};
  session_.Exec("BEGIN");
  session_.Exec(engine::AskedNowSql());
  const auto left = [&] {
    session_.Exec(engine::StrongLockTimeoutSql(kDeadlockTimeout));
    return session_.Scalar<int64_t>("SELECT setting::int8 FROM pg_settings WHERE name = 'lock_timeout'");
  };
  EXPECT_LE(left(), 300);
  session_.Exec("SELECT pg_sleep(0.75)");
  EXPECT_EQ(left(), 1);
}

// PostgreSQL fails at once, without any time-out, the transaction that wants more of a table that it has read where
// another one that has stopped writers waits for it to end. Whoever reads and then writes must get through.
TEST_F(TrialSwapTest, WhoHasReadMayWriteWhileTheSwapWaitsForHim) {
  for (const DualWriteMode mode : {DualWriteMode::kNever, DualWriteMode::kAuto}) {
    for (const bool partners : {false, true}) {
      SCOPED_TRACE(fmt::format("log mode {}, partners {}", mode == DualWriteMode::kNever, partners));
      session_.Exec(partners ? "CREATE TABLE child (t int REFERENCES t)" : "DROP TABLE IF EXISTS child");
      engine::RunOptions options = SmallOptions();
      options.dual_write = mode;
      options.postpone_cutover = true;
      BackgroundRun run(target(), "t", options);
      ASSERT_TRUE(Eventually([&run] { return run.progress().stage == engine::Stage::kApproach; }));
      Session reader(database_);
      reader.Exec("BEGIN");
      reader.Exec("SELECT FROM t WHERE id = 1 FOR KEY SHARE");
      const int64_t id = session_.Scalar<int64_t>("SELECT max(id) FROM pgmoult.migration");
      ASSERT_TRUE(RunSync(engine::Cutover(target(), id)).ok());
      // Until the swap has stood in its queue several times, in whatever order it takes its locks.
      for (int tries = 0; tries < 3; ++tries) {
        ASSERT_TRUE(EngineWaitsFor(reader, "EXCLUSIVE MODE"));
        reader.Exec(fmt::format("UPDATE t SET v = 'turn {}' WHERE id = 1", tries));
      }
      reader.Exec("COMMIT");
      ExpectNothingLost(run.Finish());
      ASSERT_TRUE(RunSync(engine::Finalize(target(), id)).ok());
      ASSERT_TRUE(RunSync(engine::Cleanup(target())).ok());
    }
  }
}

// Statistics of the log from a time when it was full must not turn the replay of a few keys into a scan of the table.
TEST_F(TrialSwapTest, P1ReplayReadsTheTableByItsKeyWhateverTheStatisticsSay) {
  session_.Exec(
      "CREATE TABLE log (id int); INSERT INTO log VALUES (5), (7); CREATE TABLE wide AS SELECT g AS id, repeat('x', "
      "50) "
      "AS v FROM generate_series(1, 20000) g; ALTER TABLE wide ADD PRIMARY KEY (id); CREATE TABLE shadow (LIKE wide "
      "INCLUDING ALL); INSERT INTO shadow TABLE wide; ANALYZE; UPDATE pg_class SET reltuples = 300000, relpages = 1 "
      "WHERE "
      "oid = 'log'::regclass");
  copier::KeyColumn key;
  key.name = pg::Ident("id");
  key.type = "integer";
  key.op_schema = "pg_catalog";
  key.target_name = key.name;
  key.target_type = key.type;
  key.expression = "\"id\"";
  copier::Transfer transfer;
  transfer.source = {"public", "wide"};
  transfer.shadow = {"public", "shadow"};
  transfer.log = {"public", "log"};
  transfer.key = {key};
  transfer.columns = {{.target = key.name, .expression = "\"id\"", .compare_cast = ""},
                      {.target = pg::Ident("v"), .expression = "\"v\"", .compare_cast = ""}};
  const auto plan = [this](const std::string& sql) {
    std::string text;
    const pg::Result lines = session_.Exec("EXPLAIN (COSTS OFF) " + sql);
    for (int row = 0; row < lines.rows(); ++row) {
      text += fmt::format("{}\n", lines.Text(row, 0));
    }
    return text;
  };
  ASSERT_THAT(plan("SELECT * FROM wide WHERE id IN (SELECT id FROM log)"), HasSubstr("Seq Scan on wide"))
      << "the statistics do not mislead: the test shows nothing";
  EXPECT_THAT(plan(copier::ReplayInsertSql(transfer, {})), Not(HasSubstr("Seq Scan on wide")));
  EXPECT_THAT(plan(copier::ReplayDeleteSql(transfer, {})), Not(HasSubstr("Seq Scan on shadow")));
}

// The statement has its snapshot, and waits for the swap in the middle of a function that may not take a new one.
TEST_F(TrialSwapTest, R1AStatementThatWaitedForTheSwapReadsWhatWasWrittenBefore) {
  session_.Exec(
      "CREATE FUNCTION fresh() RETURNS bigint STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM t WHERE "
      "v = 'new'); END $$");
  engine::RunOptions options;
  options.max_hold = std::chrono::seconds(20);
  ASSERT_NO_FATAL_FAILURE(Start(DualWriteMode::kAuto, "t", options));
  session_.Exec("BEGIN ISOLATION LEVEL REPEATABLE READ; UPDATE t SET v = 'new' WHERE id <= 50; COMMIT");
  Gate gate(database_, "swapped");
  ASSERT_TRUE(RunSync(engine::Cutover(target(), 1)).ok());
  gate.WaitUntilReached();
  Session reader(database_);
  Session direct(database_);
  reader.Start("SELECT fresh()");
  direct.Start("SELECT count(*) FROM t WHERE v = 'new'");
  reader.WaitUntilBlocked();
  direct.WaitUntilBlocked();
  gate.Open();
  for (Session* session : {&reader, &direct}) {
    const auto counted = session->Finish();
    ASSERT_TRUE(counted.ok()) << pg::Describe(counted.status());
    EXPECT_EQ(counted->Scalar<int64_t>().value(), 50);
  }
  ExpectNothingLost(run_->Finish());
}

// Between the last round and the lock somebody writes what is only logged.
TEST_F(TrialSwapTest, ModelNoLastReplayTheSwapNeedsAnEmptyLog) {
  ASSERT_NO_FATAL_FAILURE(Start(DualWriteMode::kAuto));
  StatementGate gate("LOCK TABLE ONLY \"public\".\"t\" IN ACCESS EXCLUSIVE");
  ASSERT_TRUE(RunSync(engine::Cutover(target(), 1)).ok());
  gate.WaitUntilReached();
  session_.Exec("BEGIN ISOLATION LEVEL REPEATABLE READ; UPDATE t SET v = 'last' WHERE id = 1; COMMIT");
  gate.Open();
  const auto report = run_->Finish();
  ASSERT_NO_FATAL_FAILURE(ExpectNothingLost(report));
  EXPECT_GE(report->swap_tries, 2);
  EXPECT_EQ(session_.Scalar<std::string>("SELECT v FROM t WHERE id = 1"), "last");
}

// The trigger must not touch the shadow, which an index build of ours has locked: the application would wait for it,
// and every reader behind the application.
TEST_F(TrialSwapTest, T1TruncateWaitsForNoIndexBuild) {
  session_.Exec("ALTER TABLE t ADD k int NOT NULL DEFAULT 7; CREATE INDEX t_gate ON t (gate_pass(k))");
  engine::RunOptions options = SmallOptions();
  options.lock_budget = std::chrono::seconds(4);
  Gate gate(database_, "index");
  run_ = std::make_unique<BackgroundRun>(target(), "t", options);
  gate.WaitUntilReached();
  Session application(database_);
  application.Exec("SET lock_timeout = '20s'");
  const auto truncated = application.Try("TRUNCATE t; INSERT INTO t SELECT g, g, 'new' FROM generate_series(1, 10) g");
  ASSERT_TRUE(truncated.ok()) << pg::Describe(truncated.status());
  EXPECT_EQ(application.Scalar<int64_t>("SELECT count(*) FROM t"), 10);
  gate.Open();
  const auto report = run_->Finish();
  ASSERT_NO_FATAL_FAILURE(ExpectNothingLost(report));
  EXPECT_TRUE(run_->SawEvent("truncated"));
  EXPECT_EQ(report->repaired, 0);
}

// The row lacks in the shadow, and a write of it that went through is not committed: what a repair reads now may be
// gone in a moment, without anything in the log.
TEST_F(TrialSwapTest, V1ARepairWaitsForAnOpenWriteOfItsRow) {
  engine::RunOptions options = SmallOptions();
  options.dual_write = DualWriteMode::kEarly;
  Gate gate(database_, "stage verify");
  run_ = std::make_unique<BackgroundRun>(target(), "t", options);
  gate.WaitUntilReached();
  ASSERT_TRUE(run_->SawEvent("dual_write"));
  session_.Exec("DELETE FROM pgmoult_1_new.t WHERE id = 7");
  Session writer(database_);
  writer.Exec("BEGIN; DELETE FROM t WHERE id = 7");
  ASSERT_EQ(Logged(), 0);
  gate.Open();
  ASSERT_TRUE(EngineWaitsFor(writer));
  writer.Exec("COMMIT");
  ExpectNothingLost(run_->Finish());
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t WHERE id = 7"), 0);
}

// A table that somebody has locked for a while (a load after a TRUNCATE, all in one transaction) is waited for,
// wherever the run comes across it.
TEST_F(TrialSwapTest, WhoeverHasLockedTheTableIsWaitedFor) {
  session_.Exec("INSERT INTO t SELECT g, g, 'old' FROM generate_series(301, 2000) g; ANALYZE t");
  const std::string_view places[] = {"/* pgmoult:copy */ SELECT \"id\" FROM ONLY", "/* pgmoult:copy */ LOCK TABLE",
                                     "/* pgmoult:replay */ LOCK TABLE", "/* pgmoult:verify */ LOCK TABLE"};
  int64_t id = 0;
  for (const std::string_view place : places) {
    SCOPED_TRACE(place);
    StatementGate gate(std::string(place), 2);
    run_ = std::make_unique<BackgroundRun>(target(), "t", SmallOptions());
    gate.WaitUntilReached();
    Session holder(database_);
    ASSERT_NO_FATAL_FAILURE(StartAsking(holder, "BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE"));
    gate.Open();
    EXPECT_TRUE(run_->WaitForWaiting("another session has locked public.t"));
    ASSERT_TRUE(holder.Finish().ok());
    holder.Exec("ROLLBACK");
    const auto report = run_->Finish();
    ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
    EXPECT_EQ(report->repaired, 0);
    ASSERT_TRUE(RunSync(engine::Finalize(target(), ++id)).ok());
    MakeJournalGates(session_);
    session_.Exec(fmt::format("SELECT setval('pgmoult.migration_id_seq', {})", id));
  }
}

// The body names the table by its OID, and no lock of the procedure's holds the call back while it is replaced.
TEST_F(TrialSwapTest, ACallWithAParsedBodyThatWaitedForTheSwapDoesNotWriteTheOldTable) {
  session_.Exec("CREATE PROCEDURE touch() BEGIN ATOMIC UPDATE t SET v = 'called' WHERE id = 1; END");
  engine::RunOptions options = SmallOptions();
  options.max_hold = std::chrono::seconds(20);
  StatementGate gate("pgmoult_1_guard");
  run_ = std::make_unique<BackgroundRun>(target(), "t", options);
  gate.WaitUntilReached();
  Session caller(database_);
  caller.Start("CALL touch()");
  caller.WaitUntilBlocked();
  gate.Open();
  const auto report = run_->Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(pg::SqlState(caller.Finish().status()), "40001");
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM pgmoult_1_old.t WHERE v = 'called'"), 0);
  caller.Exec("CALL touch()");
  EXPECT_EQ(session_.Scalar<std::string>("SELECT v FROM t WHERE id = 1"), "called");
}

// A snapshot from before the lock would show the source of after a TRUNCATE beside the shadow and the log of before.
TEST_F(TrialSwapTest, VerifyTakesItsSnapshotAfterItsLocks) {
  session_.Exec("DELETE FROM t WHERE id > 3");
  StatementGate gate("/* pgmoult:verify */ LOCK TABLE");
  run_ = std::make_unique<BackgroundRun>(target(), "t", SmallOptions());
  gate.WaitUntilReached();
  Session writer(database_);
  ASSERT_NO_FATAL_FAILURE(
      StartAsking(writer, "BEGIN; TRUNCATE t; INSERT INTO t SELECT g, g, 'new' FROM generate_series(1, 100) g"));
  gate.Open();
  // Both stand there: replay is the one that could tell the other in time.
  ASSERT_TRUE(EngineWaitsFor(writer, "pgmoult:replay */%LOCK TABLE"));
  ASSERT_TRUE(EngineWaitsFor(writer, "pgmoult:verify */%LOCK TABLE"));
  ASSERT_TRUE(writer.Finish().ok());
  writer.Exec("COMMIT");
  const auto report = run_->Finish();
  ASSERT_NO_FATAL_FAILURE(ExpectNothingLost(report));
  EXPECT_EQ(report->repaired, 0);
  EXPECT_THAT(run_->Events("difference"), IsEmpty());
  EXPECT_TRUE(run_->SawEvent("truncated"));
}

}  // namespace
}  // namespace pgmoult::tests
