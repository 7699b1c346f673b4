// Sessions that live through the swap, with whatever they had prepared, opened or cached before it: each test states
// what happens to them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/fault/background_run.h"
#include "tests/fault/gates.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/roles.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

using ::testing::HasSubstr;

constexpr char kBigint[] = "ALTER TABLE t ALTER COLUMN n TYPE bigint";

// A table of 100 rows, n = id; a run that waits before the swap.
class LiveSessionTest : public ::testing::Test {
 protected:
  LiveSessionTest() {
    session_.Exec(
        "CREATE TABLE t (id int PRIMARY KEY, n int, v text); CREATE TABLE elsewhere (); "
        "INSERT INTO t SELECT g, g, 'row ' || g FROM generate_series(1, 100) g; ANALYZE t");
  }

  void Start(const std::string& change, engine::RunOptions options = SmallOptions()) {
    options.postpone_cutover = true;
    run_ = std::make_unique<BackgroundRun>(TargetOf(database_), change, options);
    ASSERT_TRUE(run_->WaitForWaiting("postponed")) << pg::Describe(run_->Finish().status());
  }
  void AllowCutover() {
    const auto allowed = RunSync(engine::Cutover(TargetOf(database_), 1));
    ASSERT_TRUE(allowed.ok()) << pg::Describe(allowed.status());
  }
  // And shows that the new table is another one: it has a row that the old one lacks.
  engine::RunReport Swap() {
    AllowCutover();
    const auto report = run_->Finish();
    EXPECT_TRUE(report.ok()) << pg::Describe(report.status());
    session_.Exec("INSERT INTO t VALUES (1000, 1000, 'after')");
    return report.ok() ? *report : engine::RunReport();
  }
  bool Swapped() { return session_.Scalar<bool>("SELECT to_regclass('pgmoult_1_old.t') IS NOT NULL"); }

  TestDatabase database_;
  Session session_{database_};
  Session live_{database_};
  std::unique_ptr<BackgroundRun> run_;
};

TEST_F(LiveSessionTest, PreparedStatementsGoOnWhereNoTypeChanges) {
  live_.Exec(
      "PREPARE star AS SELECT * FROM t WHERE id = $1; PREPARE named AS SELECT v FROM t WHERE id = $1; "
      "PREPARE total AS SELECT count(*) FROM t; PREPARE writes AS INSERT INTO t VALUES ($1, $1, $2)");
  // Often enough for a generic plan.
  for (int i = 0; i < 7; ++i) {
    live_.Exec(fmt::format("EXECUTE star(1); EXECUTE named(1); EXECUTE writes({}, 'before')", 200 + i));
  }
  ASSERT_NO_FATAL_FAILURE(Start("t"));
  Swap();
  EXPECT_EQ(live_.Exec("EXECUTE star(1000)").rows(), 1);
  EXPECT_EQ(live_.Scalar<std::string>("EXECUTE named(1000)"), "after");
  EXPECT_EQ(live_.Scalar<int64_t>("EXECUTE total"), 108);
  live_.Exec("EXECUTE writes(1001, 'prepared')");
  EXPECT_EQ(session_.Scalar<std::string>("SELECT v FROM t WHERE id = 1001"), "prepared");
}

// As after the same ALTER by PostgreSQL itself: what a statement gives may not change under it.
TEST_F(LiveSessionTest, APreparedStatementWhoseResultChangesItsTypeHasToBePreparedAgain) {
  session_.Exec("CREATE TABLE native AS TABLE t");
  live_.Exec(
      "PREPARE star AS SELECT * FROM t WHERE id = $1; PREPARE named AS SELECT v FROM t WHERE n = $1; "
      "PREPARE native_star AS SELECT * FROM native; EXECUTE star(1); EXECUTE named(1); EXECUTE native_star");
  ASSERT_NO_FATAL_FAILURE(Start(kBigint));
  Swap();
  session_.Exec("ALTER TABLE native ALTER COLUMN n TYPE bigint");
  const auto star = live_.Try("EXECUTE star(1)");
  EXPECT_EQ(pg::SqlState(star.status()), "0A000");
  EXPECT_THAT(pg::Describe(star.status()), HasSubstr("cached plan must not change result type"));
  EXPECT_EQ(pg::SqlState(live_.Try("EXECUTE native_star").status()), "0A000");
  EXPECT_EQ(live_.Scalar<std::string>("EXECUTE named(1000)"), "after");
  live_.Exec("DEALLOCATE star; PREPARE star AS SELECT * FROM t WHERE id = $1");
  EXPECT_EQ(live_.Exec("EXECUTE star(1000)").rows(), 1);
}

TEST_F(LiveSessionTest, PreparedStatementsOverAViewReadTheNewTable) {
  session_.Exec("CREATE VIEW looks AS SELECT id, v FROM t; CREATE VIEW deep AS SELECT v FROM looks WHERE id > 5");
  live_.Exec("PREPARE seen AS SELECT count(*) FROM deep; PREPARE writes AS UPDATE looks SET v = $1 WHERE id = 1");
  EXPECT_EQ(live_.Scalar<int64_t>("EXECUTE seen"), 95);
  live_.Exec("EXECUTE writes('before')");
  ASSERT_NO_FATAL_FAILURE(Start(kBigint));
  Swap();
  EXPECT_EQ(live_.Scalar<int64_t>("EXECUTE seen"), 96);
  live_.Exec("EXECUTE writes('through the view')");
  EXPECT_EQ(session_.Scalar<std::string>("SELECT v FROM t WHERE id = 1"), "through the view");
  EXPECT_EQ(session_.Scalar<std::string>("SELECT v FROM pgmoult_1_old.t WHERE id = 1"), "before");
}

// A cursor within its transaction holds a snapshot, and the table: the swap waits for it, without an error for anybody.
TEST_F(LiveSessionTest, AnOpenCursorIsReadToItsEndBeforeTheSwap) {
  ASSERT_NO_FATAL_FAILURE(Start(kBigint));
  live_.Exec("BEGIN; DECLARE rows CURSOR FOR SELECT id, n FROM t ORDER BY id");
  EXPECT_EQ(live_.Exec("FETCH 40 FROM rows").rows(), 40);
  AllowCutover();
  ASSERT_TRUE(run_->WaitForWaiting(fmt::format("older snapshots must end first: pid {}", live_.backend_pid())));
  EXPECT_EQ(live_.Exec("FETCH ALL FROM rows").rows(), 60);
  EXPECT_EQ(live_.Scalar<int64_t>("SELECT count(*) FROM t"), 100);
  EXPECT_FALSE(Swapped());
  live_.Exec("COMMIT");
  const auto report = run_->Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_TRUE(Swapped());
}

TEST_F(LiveSessionTest, ACursorWithHoldKeepsTheRowsOfItsTime) {
  ASSERT_NO_FATAL_FAILURE(Start(kBigint));
  live_.Exec("BEGIN; DECLARE rows CURSOR WITH HOLD FOR SELECT id, n FROM t ORDER BY id; COMMIT");
  EXPECT_EQ(live_.Exec("FETCH 40 FROM rows").rows(), 40);
  Swap();
  EXPECT_EQ(live_.Exec("FETCH ALL FROM rows").rows(), 60);
  EXPECT_EQ(live_.Scalar<int64_t>("SELECT count(*) FROM t"), 101);
}

TEST_F(LiveSessionTest, FunctionsWithCachedPlansReadAndWriteTheNewTable) {
  EnsureRole(session_, "live_reader");
  session_.Exec(R"sql(
    CREATE FUNCTION by_plpgsql(k int) RETURNS int LANGUAGE plpgsql AS $$
    DECLARE found_n int; whole record; typed t;
    BEGIN
      SELECT n INTO found_n FROM t WHERE id = k;
      SELECT * INTO whole FROM t WHERE id = k;
      SELECT * INTO typed FROM t WHERE id = k;
      UPDATE t SET v = v || '.' WHERE id = k;
      RETURN found_n + whole.n + typed.n;
    END $$;
    CREATE FUNCTION by_sql(k int) RETURNS text LANGUAGE sql AS 'SELECT v FROM t WHERE id = k';
    CREATE FUNCTION parsed(k int) RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT v FROM t WHERE id = k; END;
    CREATE FUNCTION as_owner(k int) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS
      $$ BEGIN RETURN (SELECT count(*) FROM t WHERE id <= k); END $$)sql");
  Session reader(database_, "live_reader");
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(live_.Scalar<int32_t>("SELECT by_plpgsql(7)"), 21);
    EXPECT_EQ(live_.Scalar<std::string>("SELECT by_sql(8) || parsed(8)"), "row 8row 8");
    EXPECT_EQ(reader.Scalar<int64_t>("SELECT as_owner(10000)"), 100);
  }
  ASSERT_NO_FATAL_FAILURE(Start(kBigint));
  Swap();
  EXPECT_EQ(live_.Scalar<int32_t>("SELECT by_plpgsql(1000)"), 3000);
  EXPECT_EQ(live_.Scalar<std::string>("SELECT by_sql(1000) || parsed(1000)"), "after.after.");
  EXPECT_EQ(reader.Scalar<int64_t>("SELECT as_owner(10000)"), 101);
  EXPECT_EQ(pg::SqlState(reader.Try("SELECT FROM t").status()), "42501") << "the reader has rights that it had not";
}

// Without --on-old-snapshots go-on its end is waited for (SwapTest.WaitsForSnapshotsOlderThanTheCopyOfAQuietTable).
TEST_F(LiveSessionTest, ASnapshotFromBeforeTheCopySeesAnEmptyTableWhereTheOperatorGoesOn) {
  live_.Exec("BEGIN ISOLATION LEVEL REPEATABLE READ");
  live_.Exec("SELECT FROM elsewhere");
  engine::RunOptions options = SmallOptions();
  options.wait_old_snapshots = std::chrono::seconds(0);
  options.on_old_snapshots = engine::OldSnapshots::kGoOn;
  ASSERT_NO_FATAL_FAILURE(Start("t", options));
  EXPECT_EQ(live_.Scalar<int64_t>("SELECT count(*) FROM elsewhere"), 0);
  AllowCutover();
  ASSERT_TRUE(run_->WaitForWaiting("snapshots from before the swap must end"));
  EXPECT_EQ(live_.Scalar<int64_t>("SELECT count(*) FROM t"), 0);
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), 100);
  // What it writes by what it sees is not taken.
  EXPECT_EQ(pg::SqlState(live_.Try("INSERT INTO t VALUES (1, 1, 'again')").status()), "40001");
  live_.Exec("ROLLBACK");
  const auto report = run_->Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_TRUE(report->old_snapshots_overridden);
}

// The order of locks of a reader of the view is the swap's own, so neither is in a deadlock with the other.
TEST_F(LiveSessionTest, WhoeverHoldsAViewGetsNoErrorFromASwapThatWantsIt) {
  session_.Exec("CREATE VIEW looks AS SELECT id, v FROM t");
  ASSERT_NO_FATAL_FAILURE(Start(kBigint));
  // The view alone: its text is looked at, nothing of the table.
  live_.Exec("BEGIN; COMMENT ON VIEW looks IS 'held'");
  AllowCutover();
  ASSERT_TRUE(run_->WaitForEvent("swap_try", fmt::format("pid {}", live_.backend_pid())));
  EXPECT_EQ(live_.Scalar<int64_t>("SELECT count(*) FROM looks"), 100);
  EXPECT_EQ(live_.Exec("UPDATE looks SET v = 'held' WHERE id = 1").affected(), 1);
  EXPECT_EQ(live_.Exec("UPDATE t SET v = 'held' WHERE id = 2").affected(), 1);
  EXPECT_FALSE(Swapped());
  live_.Exec("COMMIT");
  const auto report = run_->Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(session_.Scalar<std::string>("SELECT string_agg(v, ' ' ORDER BY id) FROM looks WHERE id < 4"),
            "held held row 3");
  EXPECT_EQ(session_.Scalar<std::string>("SELECT obj_description('looks'::regclass)"), "held");
}

// Who comes to a view or a table in the middle of the swap waits for it, and goes on with the new table.
TEST_F(LiveSessionTest, WhoeverComesByAViewDuringTheSwapWaitsAndReadsTheNewTable) {
  session_.Exec("CREATE VIEW looks AS SELECT id, v FROM t");
  MakeGates(session_);
  engine::RunOptions options = SmallOptions();
  options.max_hold = std::chrono::seconds(20);
  ASSERT_NO_FATAL_FAILURE(Start(kBigint, options));
  live_.Exec("PREPARE seen AS SELECT count(*) FROM looks; EXECUTE seen");
  Gate gate(database_, "swapped");
  AllowCutover();
  gate.WaitUntilReached();
  live_.Start("UPDATE looks SET v = 'in the middle' WHERE id = 1; EXECUTE seen");
  live_.WaitUntilBlocked();
  gate.Open();
  const auto seen = live_.Finish();
  ASSERT_TRUE(seen.ok()) << pg::Describe(seen.status());
  EXPECT_EQ(seen->Scalar<int64_t>().value(), 100);
  const auto report = run_->Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(session_.Scalar<std::string>("SELECT v FROM t WHERE id = 1"), "in the middle");
}

}  // namespace
}  // namespace pgmoult::tests
