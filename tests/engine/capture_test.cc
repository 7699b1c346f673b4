// What the application does to the table, and whether the shadow or the change log knows of it: the protocol's one
// invariant, asked after every kind of statement.
#include "engine/capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/engine/capture_fixture.h"
#include "tests/fault/background_run.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"
#include "tests/support/server.h"

namespace pgmoult::tests {
namespace {

// One kind of write. `through`: in dual-write it reaches the shadow by itself, nothing is logged.
struct Kind {
  const char* name;
  const char* sql;
  bool through;
  int from = 14;  // the first major version that has it
};

// Each works on rows of its own (id / 100), ten of which are there.
constexpr Kind kKinds[] = {
    {"InsertOfSeveralRows", "INSERT INTO t SELECT g, g, 'new' FROM generate_series(150, 160) g", true},
    {"Update", "UPDATE t SET v = v || '!' WHERE id BETWEEN 200 AND 205", true},
    {"Delete", "DELETE FROM t WHERE id BETWEEN 300 AND 303", true},
    {"OnConflictDoUpdate",
     "INSERT INTO t SELECT g, g + 5000, 'c' FROM generate_series(405, 415) g ON CONFLICT (id) DO UPDATE SET v = 'hit'",
     true},
    {"OnConflictDoNothing",
     "INSERT INTO t SELECT g, g + 6000, 'c' FROM generate_series(505, 515) g ON CONFLICT DO NOTHING", true},
    {"Merge",
     "MERGE INTO t USING generate_series(605, 615) g ON t.id = g WHEN MATCHED AND g < 607 THEN DELETE WHEN MATCHED "
     "THEN "
     "UPDATE SET v = 'merged' WHEN NOT MATCHED THEN INSERT VALUES (g, g, 'merged')",
     true, 15},
    {"WritableCte",
     "WITH gone AS (DELETE FROM t WHERE id = 700 RETURNING *), changed AS (UPDATE t SET v = 'w' WHERE id = 701 "
     "RETURNING *) "
     "INSERT INTO t SELECT id + 50, u + 7000, v FROM gone",
     true},
    {"KeyChange", "UPDATE t SET id = id + 50 WHERE id BETWEEN 800 AND 804", false},
    {"KeyShiftOntoNeighbours", "UPDATE t SET id = id + 1 WHERE id = 909; UPDATE t SET id = id + 1 WHERE id = 908",
     false},
    {"DeleteAndInsertAgain", "BEGIN; DELETE FROM t WHERE id = 1000; INSERT INTO t VALUES (1000, 1000, 'again'); COMMIT",
     true},
    {"SavepointRolledBack",
     "BEGIN; UPDATE t SET v = 'kept' WHERE id = 1100; SAVEPOINT s; UPDATE t SET v = 'lost' WHERE id = 1101; "
     "DELETE FROM t WHERE id = 1102; ROLLBACK TO s; UPDATE t SET v = 'kept' WHERE id = 1103; COMMIT",
     true},
    {"TransactionRolledBack", "BEGIN; DELETE FROM t WHERE id = 1200; ROLLBACK", true},
    {"ReplicaRole",
     "SET session_replication_role = replica; UPDATE t SET v = 'replica' WHERE id = 1300; DELETE FROM t WHERE id = "
     "1301; "
     "INSERT INTO t VALUES (1350, 1350, 'replica'); RESET session_replication_role",
     false},
    {"PreparedTransaction", "BEGIN; UPDATE t SET v = 'two-phase' WHERE id = 1400; PREPARE TRANSACTION 'capture_test'",
     true},
    {"CommitPrepared", "COMMIT PREPARED 'capture_test'", true},
    {"CurrentOfCursor",
     "BEGIN; DECLARE c CURSOR FOR SELECT * FROM t WHERE id = 1500 FOR UPDATE; FETCH c; "
     "UPDATE t SET v = 'cursor' WHERE CURRENT OF c; COMMIT",
     true},
    {"ExceptionBlock",
     "DO $$ BEGIN UPDATE t SET v = 'kept' WHERE id = 1600; BEGIN UPDATE t SET v = 'lost' WHERE id = 1601; RAISE "
     "EXCEPTION "
     "'no'; EXCEPTION WHEN raise_exception THEN NULL; END; DELETE FROM t WHERE id = 1602; END $$",
     true},
    {"UpdateFrom", "UPDATE t SET v = o.v || '?' FROM t o WHERE o.id = t.id + 1 AND t.id BETWEEN 1700 AND 1705", true},
    {"DeleteUsing", "DELETE FROM t USING t o WHERE o.id = t.id + 1 AND t.id BETWEEN 1800 AND 1803", true},
    {"SerializableWriter", "BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE t SET v = 'ser' WHERE id = 1900; COMMIT", false},
    {"RepeatableReadWriter", "BEGIN ISOLATION LEVEL REPEATABLE READ; DELETE FROM t WHERE id = 2000; COMMIT", false},
    {"NoRowTouched", "UPDATE t SET v = 'nobody' WHERE id = -1", true},
    {"ValuesMoveBetweenRows",
     "UPDATE t SET u = -1 WHERE id = 2200; UPDATE t SET u = 2200 WHERE id = 2201; UPDATE t SET u = 2201 WHERE id = "
     "2200",
     true},
};

class CaptureKindsTest : public CaptureTest, public ::testing::WithParamInterface<engine::DualWriteMode> {
 protected:
  CaptureKindsTest() {
    session_.Exec(
        "CREATE TABLE t (id int PRIMARY KEY, u int UNIQUE, v text); "
        "INSERT INTO t SELECT h * 100 + g, h * 100 + g, 'old' FROM generate_series(1, 30) h, generate_series(0, 9) g; "
        "ANALYZE t");
  }
};

INSTANTIATE_TEST_SUITE_P(Modes, CaptureKindsTest,
                         ::testing::Values(engine::DualWriteMode::kAuto, engine::DualWriteMode::kNever),
                         [](const ::testing::TestParamInfo<engine::DualWriteMode>& info) {
                           return std::string(info.param == engine::DualWriteMode::kAuto ? "WrittenThrough" : "Logged");
                         });

TEST_P(CaptureKindsTest, EveryKindOfStatementIsKnown) {
  ASSERT_NO_FATAL_FAILURE(Start(GetParam()));
  ASSERT_NO_FATAL_FAILURE(Pause());
  const bool dual = GetParam() == engine::DualWriteMode::kAuto;
  Session writer(database_);
  for (const Kind& kind : ForThisServer(kKinds)) {
    SCOPED_TRACE(kind.name);
    const int64_t before = Logged();
    const auto written = writer.Try(kind.sql);
    EXPECT_TRUE(written.ok()) << pg::Describe(written.status());
    ExpectInvariant();
    if (dual && kind.through) {
      EXPECT_EQ(Logged(), before) << "it should have been written through";
    } else if (dual) {
      EXPECT_GT(Logged(), before) << "its snapshot must not be used to write through";
    }
  }
  SCOPED_TRACE("COPY");
  const int64_t before = Logged();
  int piece = 0;
  const auto copied =
      writer.Run(writer.connection().CopyIn("COPY t FROM STDIN", [&piece]() -> absl::StatusOr<std::string> {
        return ++piece == 1 ? "2350\t2350\tcopied\n" : "";
      }));
  EXPECT_TRUE(copied.ok()) << pg::Describe(copied.status());
  ExpectInvariant();
  EXPECT_EQ(Logged() == before, dual);
  ASSERT_NO_FATAL_FAILURE(Continue());
  ExpectEqualSoon();
  EXPECT_EQ(Swap().repaired, 0);
}

TEST_P(CaptureKindsTest, ARoleWithoutRightsOnOurSchemasWritesAsBefore) {
  const std::string role = database_.name() + "_app";
  session_.Exec(fmt::format("CREATE ROLE {0} LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON t TO {0}", role));
  ASSERT_NO_FATAL_FAILURE(Start(GetParam()));
  ASSERT_NO_FATAL_FAILURE(Pause());
  Session app(database_, role);
  EXPECT_EQ(pg::SqlState(app.Try(fmt::format("SELECT FROM {}", kLog)).status()), "42501");
  // Nor do temporary tables of the same names lead us astray.
  app.Exec("CREATE TEMP TABLE t (id int, u int, v text); CREATE TEMP TABLE pgmoult_change_log (id int)");
  EXPECT_EQ(app.Exec("UPDATE public.t SET v = 'app' WHERE id = 101").affected(), 1);
  EXPECT_EQ(app.Exec("DELETE FROM public.t WHERE id = 102 RETURNING *").rows(), 1);
  ExpectInvariant();
  ASSERT_NO_FATAL_FAILURE(Continue());
  ExpectEqualSoon();
  Swap();
}

TEST_P(CaptureKindsTest, TruncateStartsTheCopyAgain) {
  ASSERT_NO_FATAL_FAILURE(Start(GetParam()));
  session_.Exec(
      "BEGIN; INSERT INTO t VALUES (9000, 9000, 'before'); TRUNCATE t; INSERT INTO t SELECT g, g, 'refilled' "
      "FROM generate_series(1, 700) g; COMMIT");
  ASSERT_TRUE(run_->WaitForEvent("truncated"));
  ASSERT_TRUE(run_->WaitForWaiting("postponed"));
  ExpectEqualSoon();
  // Capture is what it was before.
  session_.Exec("UPDATE t SET v = 'after' WHERE id < 5; DELETE FROM t WHERE id = 7");
  ExpectInvariant();
  ExpectEqualSoon();
  const engine::RunReport report = Swap();
  EXPECT_EQ(report.repaired, 0);
  EXPECT_EQ(report.dual_write, GetParam() == engine::DualWriteMode::kAuto);
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), 699);
}

TEST_P(CaptureKindsTest, TruncateRolledBackChangesNothing) {
  ASSERT_NO_FATAL_FAILURE(Start(GetParam()));
  session_.Exec("BEGIN; SAVEPOINT s; TRUNCATE t; ROLLBACK TO s; UPDATE t SET v = 'kept' WHERE id = 100; COMMIT");
  ExpectEqualSoon();
  EXPECT_EQ(Swap().repaired, 0);
  EXPECT_FALSE(run_->SawEvent("truncated"));
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), 300);
}

// A disabled trigger leaves no trace but its row's xmin, and writes meanwhile are lost to us.
TEST_P(CaptureKindsTest, TriggersDisabledForAWhileAreNoticedAndRepaired) {
  ASSERT_NO_FATAL_FAILURE(Start(GetParam()));
  session_.Exec(
      "ALTER TABLE t DISABLE TRIGGER USER; UPDATE t SET v = 'unseen' WHERE id = 100; DELETE FROM t WHERE id = 101; "
      "INSERT INTO t VALUES (9001, 9001, 'unseen'); ALTER TABLE t ENABLE TRIGGER USER");
  ASSERT_EQ(Differing(/*unlogged=*/true), "100, 101, 9001");
  ASSERT_TRUE(RunSync(engine::Cutover(target(), 1)).ok());
  const auto report = run_->Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(report->repaired, 3);
  EXPECT_TRUE(run_->SawEvent("tripwire", "trigger"));
  EXPECT_EQ(
      session_.Scalar<std::string>("SELECT string_agg(format('%s %s', id, v), ', ' ORDER BY id) FROM t WHERE id IN "
                                   "(100, 101, 9001)"),
      "100 unseen, 9001 unseen");
}

TEST_F(CaptureTest, TheApplicationWritesOnWhenTheShadowIsGone) {
  session_.Exec(
      "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT g, 'x' FROM generate_series(1, 50) g");
  ASSERT_NO_FATAL_FAILURE(Start(engine::DualWriteMode::kAuto));
  session_.Exec("ALTER TABLE pgmoult_1_new.t RENAME TO somewhere_else");
  EXPECT_TRUE(session_.Try("UPDATE t SET v = 'y' WHERE id = 1").ok());
  EXPECT_TRUE(session_.Try("DELETE FROM t WHERE id = 2").ok());
  EXPECT_TRUE(session_.Try("INSERT INTO t VALUES (60, 'z')").ok());
  // The run cannot go on; the application can.
  ASSERT_FALSE(run_->Finish().ok());
  EXPECT_TRUE(session_.Try("UPDATE t SET v = 'y' WHERE id = 3").ok());
  const auto aborted = RunSync(engine::Abort(target(), 1));
  EXPECT_TRUE(aborted.ok()) << pg::Describe(aborted.status());
  EXPECT_EQ(Leftovers(session_), "");
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), 50);
}

TEST_F(CaptureTest, AKeyOfACaseInsensitiveCollationIsFollowed) {
  session_.Exec(
      "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false); "
      "CREATE TABLE t (id text COLLATE ci PRIMARY KEY, v text); INSERT INTO t SELECT 'k' || g, 'x' FROM "
      "generate_series(1, 50) g");
  ASSERT_NO_FATAL_FAILURE(Start(engine::DualWriteMode::kAuto));
  session_.Exec("UPDATE t SET id = 'K1' WHERE id = 'k1'");
  ExpectInvariant();
  session_.Exec("BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE t SET id = 'K2' WHERE id = 'k2'; COMMIT");
  ExpectInvariant();
  ExpectEqualSoon();
  EXPECT_EQ(Swap().repaired, 0);
  EXPECT_EQ(session_.Scalar<std::string>("SELECT string_agg(id, ' ' ORDER BY id) FROM t WHERE id IN ('k1', 'k2')"),
            "K1 K2");
}

// The login is the table's owner, no superuser; its default privileges take rights away from itself and give them to
// everybody, and row level security is on.
TEST_F(CaptureTest, F1X1AnOwnerWithStrangePrivilegesAndRowSecurityIsServed) {
  login_ = database_.name() + "_owner";
  const std::string app = database_.name() + "_app";
  const std::string other = database_.name() + "_other";
  session_.Exec(fmt::format(
      "CREATE ROLE {0} LOGIN; CREATE ROLE {1} LOGIN BYPASSRLS; CREATE ROLE {3} LOGIN; GRANT CREATE ON DATABASE {2} TO "
      "{0}; "
      "GRANT CREATE ON SCHEMA public TO {0}; ALTER DEFAULT PRIVILEGES FOR ROLE {0} REVOKE ALL ON TABLES FROM {0}; "
      "ALTER DEFAULT PRIVILEGES FOR ROLE {0} GRANT SELECT ON TABLES TO PUBLIC; SET ROLE {0}; "
      "CREATE TABLE t (id int PRIMARY KEY, v text); GRANT ALL ON t TO {0}; "
      "INSERT INTO t SELECT g, 'x' FROM generate_series(1, 50) g; ALTER TABLE t ENABLE ROW LEVEL SECURITY; "
      "GRANT SELECT, INSERT, UPDATE, DELETE ON t TO {1}, {3}; RESET ROLE",
      login_, app, database_.name(), other));
  ASSERT_NO_FATAL_FAILURE(Start(engine::DualWriteMode::kAuto));
  Session application(database_, app);
  Session filtered(database_, other);
  EXPECT_EQ(application.Exec("UPDATE t SET v = 'y' WHERE id < 11").affected(), 10);
  EXPECT_EQ(application.Exec("DELETE FROM t WHERE id IN (21, 22)").affected(), 2);
  EXPECT_EQ(filtered.Exec("UPDATE t SET v = 'z'").affected(), 0);
  EXPECT_EQ(pg::SqlState(application.Try("SELECT FROM pgmoult_1_new.t").status()), "42501");
  ExpectInvariant();
  ExpectEqualSoon();
  EXPECT_EQ(Swap().repaired, 0);
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), 48);
  EXPECT_EQ(filtered.Scalar<int64_t>("SELECT count(*) FROM t"), 0) << "row level security was lost";
}

}  // namespace
}  // namespace pgmoult::tests
