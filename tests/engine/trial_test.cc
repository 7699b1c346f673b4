// Every way in which an earlier form of the protocol was broken, tried again: one test a way, every interleaving made
// by hand. Letters and numbers are those of engine/PROTOCOL.md, "What was tried". tests/mutants.sh puts the old forms
// back in and sees that these tests notice.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/engine/capture_fixture.h"
#include "tests/fault/background_run.h"
#include "tests/fault/gates.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"
#include "tests/support/statements.h"

namespace pgmoult::tests {
namespace {

using engine::DualWriteMode;

// The gate "shadow", for replay's work on the shadow.
constexpr char kHold[] = "shadow";

class TrialTest : public CaptureTest {
 protected:
  TrialTest() {
    MakeGates(session_);
    session_.Exec(
        "CREATE TABLE t (id int PRIMARY KEY, u int UNIQUE, v text); "
        "INSERT INTO t SELECT g, g, 'old' FROM generate_series(1, 300) g; ANALYZE t");
  }

  // Replay stops at the gate kHold in the middle of its round, right after it has done that to the shadow.
  void HoldReplayAfter(std::string_view event) {
    session_.Exec(fmt::format(
        "CREATE TRIGGER hold AFTER {} ON pgmoult_1_new.t FOR EACH STATEMENT WHEN (current_setting('application_name') "
        "= 'pgmoult 1 replay') EXECUTE FUNCTION public.gate_row('{}')",
        event, kHold));
  }
  // Returns when the round is over; the next one goes on without a stop.
  void ReleaseReplay(Gate& gate) {
    gate.Open();
    session_.Exec("DROP TRIGGER hold ON pgmoult_1_new.t");
  }
  // A write that is always logged, never written through.
  void WriteLogged(const std::string& sql) {
    session_.Exec(fmt::format("BEGIN ISOLATION LEVEL REPEATABLE READ; {}; COMMIT", sql));
  }
  void ExpectGoodEnd() {
    ExpectEqualSoon();
    EXPECT_EQ(Swap().repaired, 0);
  }
};

// Each trigger has its state back afterwards: only pg_trigger.xmin tells.
TEST_F(TrialTest, C3TriggersSwitchedOffAndOnAgainInOneTransactionAreNoticed) {
  ASSERT_NO_FATAL_FAILURE(Start(DualWriteMode::kAuto));
  const std::string states =
      "SELECT string_agg(tgname || tgenabled::text, ' ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = 't'::regclass";
  const std::string before = session_.Scalar<std::string>(states);
  session_.Exec(
      "DO $$ DECLARE one record; BEGIN CREATE TEMP TABLE were AS SELECT tgname, tgenabled FROM pg_trigger WHERE "
      "tgrelid "
      "= 't'::regclass; ALTER TABLE t DISABLE TRIGGER ALL; UPDATE t SET v = 'unseen' WHERE id = 42; FOR one IN SELECT "
      "* "
      "FROM were LOOP EXECUTE format('ALTER TABLE t ENABLE %s TRIGGER %I', CASE one.tgenabled WHEN 'A' THEN 'ALWAYS' "
      "WHEN 'R' THEN 'REPLICA' ELSE '' END, one.tgname); END LOOP; END $$");
  ASSERT_EQ(session_.Scalar<std::string>(states), before);
  ASSERT_EQ(Differing(/*unlogged=*/true), "42");
  EXPECT_EQ(Swap().repaired, 1);
  EXPECT_EQ(session_.Scalar<std::string>("SELECT v FROM t WHERE id = 42"), "unseen");
}

TEST_F(TrialTest, C5AStatementThatChangesTheReplicationRoleInItsMiddleIsCaptured) {
  session_.Exec(
      "CREATE FUNCTION flip() RETURNS text LANGUAGE sql AS $$ SELECT "
      "set_config('session_replication_role', 'replica', false) $$");
  for (const DualWriteMode mode : {DualWriteMode::kAuto, DualWriteMode::kNever}) {
    SCOPED_TRACE(mode == DualWriteMode::kAuto ? "written through" : "logged");
    ASSERT_NO_FATAL_FAILURE(Start(mode));
    ASSERT_NO_FATAL_FAILURE(Pause());
    Session writer(database_);
    EXPECT_EQ(writer.Exec("UPDATE t SET v = CASE id WHEN 2 THEN flip() ELSE 'x' END WHERE id < 4").affected(), 3);
    EXPECT_EQ(writer.Scalar<std::string>("SHOW session_replication_role"), "replica");
    ExpectInvariant();
    ASSERT_TRUE(RunSync(engine::Continue(target(), 1)).ok());
    ExpectEqualSoon();
    ASSERT_TRUE(RunSync(engine::Abort(target(), 1)).ok());
    EXPECT_FALSE(run_->Finish().ok());
    MakeJournalGates(session_);
    session_.Exec("SELECT setval('pgmoult.migration_id_seq', 1, false)");
  }
}

// Rows lie in descending order, so that the source never sees two equal values; the shadow is written in key order.
TEST_F(TrialTest, D1AStatementThatOnlyTheShadowWouldRefuseSucceeds) {
  session_.Exec("TRUNCATE t; INSERT INTO t SELECT g, g, 'x' FROM generate_series(50, 1, -1) g");
  ASSERT_NO_FATAL_FAILURE(Start(DualWriteMode::kAuto));
  ASSERT_NO_FATAL_FAILURE(Pause());
  const auto shifted = session_.Try("UPDATE t SET u = u + 1");
  ASSERT_TRUE(shifted.ok()) << pg::Describe(shifted.status());
  EXPECT_EQ(shifted->affected(), 50);
  EXPECT_EQ(Logged(), 50);
  ExpectInvariant();
  ASSERT_NO_FATAL_FAILURE(Continue());
  ExpectGoodEnd();
}

// The error would come at COMMIT, where nothing catches it.
TEST_F(TrialTest, D2NothingIsWrittenThroughWhereAUniqueConstraintIsDeferrable) {
  session_.Exec(
      "ALTER TABLE t DROP CONSTRAINT t_u_key, ADD CONSTRAINT t_u_key UNIQUE (u) DEFERRABLE INITIALLY DEFERRED");
  engine::RunOptions options = SmallOptions();
  options.postpone_cutover = true;
  run_ = std::make_unique<BackgroundRun>(target(), "t", options);
  ASSERT_TRUE(run_->WaitForWaiting("postponed"));
  EXPECT_FALSE(run_->SawEvent("dual_write"));
  ASSERT_NO_FATAL_FAILURE(Pause());
  // The first half of an exchange of values, somebody else's write that is only logged, the second half.
  Session writer(database_);
  writer.Exec("BEGIN; UPDATE t SET u = 2 WHERE id = 1");
  WriteLogged("UPDATE t SET v = 'other' WHERE id = 3");
  writer.Exec("UPDATE t SET u = 1 WHERE id = 2");
  EXPECT_TRUE(writer.Try("COMMIT").ok());
  ExpectInvariant();
  ASSERT_NO_FATAL_FAILURE(Continue());
  ExpectGoodEnd();
}

TEST_F(TrialTest, D3WritersGoOnWhenSomebodyMovesWhatTheWriteThroughNames) {
  ASSERT_NO_FATAL_FAILURE(Start(DualWriteMode::kAuto));
  ASSERT_NO_FATAL_FAILURE(Pause());
  session_.Exec("CREATE SCHEMA elsewhere; ALTER TABLE t SET SCHEMA elsewhere");
  EXPECT_TRUE(session_.Try("UPDATE elsewhere.t SET v = 'y' WHERE id = 1").ok());
  session_.Exec("ALTER TABLE elsewhere.t RENAME TO other");
  EXPECT_TRUE(session_.Try("DELETE FROM elsewhere.other WHERE id = 2").ok());
  session_.Exec("ALTER TABLE elsewhere.other RENAME COLUMN v TO w");
  EXPECT_TRUE(session_.Try("INSERT INTO elsewhere.other (id, w) VALUES (1000, 'z')").ok());
  EXPECT_EQ(Logged(), 3);
  session_.Exec(
      "ALTER TABLE elsewhere.other RENAME COLUMN w TO v; ALTER TABLE elsewhere.other RENAME TO t; ALTER TABLE "
      "elsewhere.t SET SCHEMA public; ALTER TABLE pgmoult_1_new.t RENAME TO lost");
  EXPECT_TRUE(session_.Try("UPDATE t SET v = 'y' WHERE id = 3").ok());
  session_.Exec("ALTER TABLE pgmoult_1_new.lost RENAME TO t");
  ExpectInvariant();
  ASSERT_NO_FATAL_FAILURE(Continue());
  ExpectGoodEnd();
}

// Two SERIALIZABLE transactions at the same time, each on rows of its own; OK, or what one of them
// failed with.
absl::Status OverlappingSerializableWriters(const TestDatabase& database) {
  Session first(database);
  Session second(database);
  for (Session* session : {&first, &second}) {
    session->Exec(
        "SET default_transaction_isolation = serializable; SET enable_seqscan = off; SET enable_bitmapscan = off");
    session->Exec("BEGIN");
  }
  // Far apart, so that they share no page of the table or its index.
  first.Exec("UPDATE t SET v = 'first' WHERE id = 1");
  const absl::Status updated = second.Try("UPDATE t SET v = 'second' WHERE id = 19000").status();
  // Each has now written after the other has looked.
  absl::Status updated_again = first.Try("UPDATE t SET v = 'first' WHERE id = 2").status();
  if (!updated_again.ok()) {
    return updated_again;
  }
  first.Exec("COMMIT");
  const absl::Status committed = second.Try("COMMIT").status();
  return updated.ok() ? committed : updated;
}

// A function of ours that read the log before it asked for the isolation level would make each conflict with the other.
TEST_F(TrialTest, D4SerializableWritersMeetNoConflictOfOurMaking) {
  session_.Exec("INSERT INTO t SELECT g, g, 'x' FROM generate_series(301, 20000) g; ANALYZE t");
  ASSERT_TRUE(OverlappingSerializableWriters(database_).ok()) << "they conflict without us";
  ASSERT_NO_FATAL_FAILURE(Start(engine::DualWriteMode::kAuto));
  ASSERT_NO_FATAL_FAILURE(Pause());
  const absl::Status status = OverlappingSerializableWriters(database_);
  EXPECT_TRUE(status.ok()) << pg::Describe(status);
  ExpectInvariant();
  ASSERT_NO_FATAL_FAILURE(Continue());
  ExpectEqualSoon();
  EXPECT_EQ(Swap().repaired, 0);
}

// Equal by operator, not by bytes: the shadow must take the new bytes of the key, too.
TEST_F(TrialTest, D5AKeyThatChangesOnlyItsBytesIsFollowed) {
  session_.Exec(
      "DROP TABLE t; CREATE TABLE t (id numeric PRIMARY KEY, v text); INSERT INTO t SELECT g, 'x' FROM "
      "generate_series(1, 50) g");
  ASSERT_NO_FATAL_FAILURE(Start(DualWriteMode::kAuto));
  ASSERT_NO_FATAL_FAILURE(Pause());
  session_.Exec("UPDATE t SET id = 1.00 WHERE id = 1");
  EXPECT_EQ(Logged(), 0);
  ExpectInvariant();
  ASSERT_NO_FATAL_FAILURE(Continue());
  ExpectEqualSoon();
  Swap();
  EXPECT_EQ(session_.Scalar<std::string>("SELECT id::text FROM t WHERE id = 1"), "1.00");
}

// Whatever lies dead in the log, which an old snapshot keeps from being removed.
TEST_F(TrialTest, D6AWriterLooksItsKeysUpInTheLogAndDoesNotReadIt) {
  ASSERT_NO_FATAL_FAILURE(Start(DualWriteMode::kAuto));
  ASSERT_NO_FATAL_FAILURE(Pause());
  session_.Exec(
      fmt::format("INSERT INTO {0} SELECT g FROM generate_series(1000000, 1030000) g; DELETE FROM {0}", kLog));
  Session writer(database_);  // a fresh one: the counters are the session's
  writer.Exec("BEGIN; UPDATE t SET v = 'y' WHERE id IN (1, 2, 3)");
  EXPECT_EQ(writer.Scalar<std::string>(fmt::format(
                "SELECT format('%s whole, %s by index', seq_scan, idx_scan > 0) FROM pg_stat_xact_user_tables WHERE "
                "relid = '{}'::regclass",
                kLog)),
            "0 whole, t by index");
  writer.Exec("COMMIT");
  EXPECT_EQ(Logged(), 0);
  ASSERT_NO_FATAL_FAILURE(Continue());
  ExpectGoodEnd();
}

// What is logged during a round would keep an "is the log empty" false for ever.
TEST_F(TrialTest, D7AWriteIsLoggedForItsOwnKeysSakeOnly) {
  ASSERT_NO_FATAL_FAILURE(Start(DualWriteMode::kAuto));
  ASSERT_NO_FATAL_FAILURE(Pause());
  WriteLogged("UPDATE t SET v = 'owed' WHERE id = 1");
  ASSERT_EQ(Logged(), 1);
  session_.Exec("UPDATE t SET v = 'through' WHERE id BETWEEN 2 AND 9; DELETE FROM t WHERE id = 10");
  EXPECT_EQ(Logged(), 1) << "other keys go through";
  EXPECT_EQ(Differing(/*unlogged=*/false), "1");
  session_.Exec("UPDATE t SET v = 'owed twice' WHERE id = 1");
  EXPECT_EQ(Logged(), 2) << "a key that a replay owes is logged";
  ExpectInvariant();
  ASSERT_NO_FATAL_FAILURE(Continue());
  ExpectGoodEnd();
}

// The replay that owes the key has taken its snapshot; the row is deleted before it is put in.
TEST_F(TrialTest, ModelNoLogCheckReplayBringsNoDeletedRowBack) {
  ASSERT_NO_FATAL_FAILURE(Start(DualWriteMode::kAuto));
  ASSERT_NO_FATAL_FAILURE(Pause());
  WriteLogged("INSERT INTO t VALUES (5000, 5000, 'short')");
  HoldReplayAfter("DELETE");
  Gate gate(database_, kHold);
  ASSERT_NO_FATAL_FAILURE(Continue());
  gate.WaitUntilReached();
  session_.Exec("DELETE FROM t WHERE id = 5000");
  ReleaseReplay(gate);
  ASSERT_EQ(Differing(/*unlogged=*/true), "");
  ExpectGoodEnd();
}

// A key that is logged again after replay has read its row is not done with.
TEST_F(TrialTest, ModelThreeSnapshotsReplayTakesOnlyWhatItHasSeenOffTheLog) {
  ASSERT_NO_FATAL_FAILURE(Start(DualWriteMode::kNever));
  ASSERT_NO_FATAL_FAILURE(Pause());
  session_.Exec("UPDATE t SET v = 'logged' WHERE id IN (2, 3)");
  HoldReplayAfter("INSERT");
  Gate gate(database_, kHold);
  ASSERT_NO_FATAL_FAILURE(Continue());
  gate.WaitUntilReached();
  session_.Exec("DELETE FROM t WHERE id = 2; UPDATE t SET v = 'again' WHERE id = 3");
  ReleaseReplay(gate);
  ASSERT_EQ(Differing(/*unlogged=*/true), "");
  ExpectGoodEnd();
}

// A writer whose snapshot is older than the copy sees an empty shadow: its DELETE would find nothing there.
TEST_F(TrialTest, ModelRepeatableReadWritersNeverWriteThrough) {
  Session old(database_);
  old.Exec("BEGIN ISOLATION LEVEL REPEATABLE READ");
  ASSERT_EQ(old.Scalar<int64_t>("SELECT count(*) FROM t"), 300);
  ASSERT_NO_FATAL_FAILURE(Start(DualWriteMode::kAuto));
  ASSERT_NO_FATAL_FAILURE(Pause());
  old.Exec("DELETE FROM t WHERE id = 1; UPDATE t SET v = 'late' WHERE id = 2; COMMIT");
  ASSERT_EQ(Differing(/*unlogged=*/true), "");
  EXPECT_EQ(Logged(), 2);
  ASSERT_NO_FATAL_FAILURE(Continue());
  ExpectGoodEnd();
}

// The stale row holds the value in the shadow, and an open replay is just taking it away.
TEST_F(TrialTest, DualWriteWaitsForNoReplay) {
  ASSERT_NO_FATAL_FAILURE(Start(DualWriteMode::kAuto));
  ASSERT_NO_FATAL_FAILURE(Pause());
  WriteLogged("UPDATE t SET u = NULL WHERE id = 7");
  HoldReplayAfter("DELETE");
  Gate gate(database_, kHold);
  ASSERT_NO_FATAL_FAILURE(Continue());
  gate.WaitUntilReached();
  Session writer(database_);
  writer.Exec("SET statement_timeout = '10s'");
  const auto taken = writer.Try("INSERT INTO t VALUES (1000, 7, 'took the value')");
  EXPECT_TRUE(taken.ok()) << pg::Describe(taken.status());
  ReleaseReplay(gate);
  ASSERT_EQ(Differing(/*unlogged=*/true), "");
  ExpectGoodEnd();
}

// One chunk is copied, the next is about to begin: from the first to the last of them, all kinds of writes are seen.
TEST_F(TrialTest, ModelLateTriggerEveryWriteDuringTheCopyIsCaptured) {
  session_.Exec("INSERT INTO t SELECT g, g, 'old' FROM generate_series(301, 5000) g; ANALYZE t");
  engine::RunOptions options = SmallOptions();
  options.jobs = 1;
  StatementGate gate("/* pgmoult:copy */ LOCK TABLE", 2);
  run_ = std::make_unique<BackgroundRun>(target(), "t", options);
  gate.WaitUntilReached();
  ASSERT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM pgmoult.chunk"), 1);
  session_.Exec(
      "DELETE FROM t WHERE id = 1; UPDATE t SET v = 'new' WHERE id = 2; INSERT INTO t VALUES (-5, -5, 'new'); UPDATE t "
      "SET id = 9000 WHERE id = 3; UPDATE t SET id = -4 WHERE id = 4999");
  EXPECT_EQ(session_.Scalar<std::string>(
                fmt::format("SELECT string_agg(DISTINCT id::text, ' ' ORDER BY id::text) FROM {}", kLog)),
            "-4 -5 1 2 3 4999 9000");
  gate.Open();
  const auto report = run_->Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(report->repaired, 0);
  EXPECT_EQ(report->rows_verified, 5000);
}

// Transition tables hold whole rows, and count towards temp_file_limit; --capture row needs none.
TEST_F(TrialTest, B1RowCaptureNeedsNoTemporaryFile) {
  const std::string role = database_.name() + "_bulk";
  session_.Exec(fmt::format(
      "CREATE ROLE {0} LOGIN; ALTER ROLE {0} SET temp_file_limit = '64kB'; ALTER ROLE {0} SET work_mem = '64kB'; GRANT "
      "ALL ON t TO {0}; INSERT INTO t SELECT g, g, repeat('x', 500) FROM generate_series(301, 3000) g",
      role));
  engine::RunOptions options;
  options.capture = engine::CaptureMode::kRow;
  ASSERT_NO_FATAL_FAILURE(Start(DualWriteMode::kNever, "t", options));
  ASSERT_NO_FATAL_FAILURE(Pause());
  Session bulk(database_, role);
  const auto updated = bulk.Try("UPDATE t SET v = v || '!'");
  ASSERT_TRUE(updated.ok()) << pg::Describe(updated.status());
  EXPECT_EQ(updated->affected(), 3000);
  ExpectInvariant();
  ASSERT_NO_FATAL_FAILURE(Continue());
  ExpectGoodEnd();
}

// An apply worker fires neither statement triggers nor ordinary ones. At the start a table that is subscribed to is
// refused, and in the swap: here the subscription comes and goes in between.
TEST_F(TrialTest, S1WhatAnApplyWorkerWritesMeanwhileIsCaptured) {
  const TestDatabase publisher;
  Session source(publisher);
  source.Exec(
      "CREATE TABLE t (id int PRIMARY KEY, u int UNIQUE, v text); INSERT INTO t SELECT g, g, 'old' FROM "
      "generate_series(1, 300) g; CREATE PUBLICATION feed FOR TABLE t");
  source.Exec(fmt::format("SELECT pg_create_logical_replication_slot('{}', 'pgoutput')", publisher.name()));
  ASSERT_NO_FATAL_FAILURE(Start(DualWriteMode::kAuto));
  ASSERT_NO_FATAL_FAILURE(Pause());
  session_.Exec(fmt::format(
      "CREATE SUBSCRIPTION feed CONNECTION '{}' PUBLICATION feed WITH (create_slot = false, slot_name = '{}', "
      "copy_data = false)",
      publisher.Dsn(), publisher.name()));
  source.Exec(
      "INSERT INTO t VALUES (1000, 1000, 'new'); UPDATE t SET v = 'new' WHERE id IN (1, 2); DELETE FROM t WHERE id = "
      "3; "
      "UPDATE t SET id = 2000 WHERE id = 4");
  EXPECT_TRUE(Eventually([this] { return session_.Scalar<bool>("SELECT EXISTS (SELECT FROM t WHERE id = 2000)"); }));
  EXPECT_EQ(Differing(/*unlogged=*/true), "");
  EXPECT_EQ(Differing(/*unlogged=*/false), "1, 2, 3, 4, 1000, 2000");
  session_.Exec(
      "ALTER SUBSCRIPTION feed DISABLE; ALTER SUBSCRIPTION feed SET (slot_name = NONE); DROP SUBSCRIPTION feed");
  ASSERT_NO_FATAL_FAILURE(Continue());
  ExpectGoodEnd();
}

}  // namespace
}  // namespace pgmoult::tests
