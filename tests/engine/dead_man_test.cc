// --dead-man: without a sign of life of the engine capture stops, never the application, and the copy starts again.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/engine/swap_fixture.h"
#include "tests/fault/background_run.h"
#include "tests/fault/finished.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

using engine::DualWriteMode;

class DeadManTest : public SwapFixture, public ::testing::WithParamInterface<DualWriteMode> {
 protected:
  engine::RunOptions Options() const {
    engine::RunOptions options = SmallOptions();
    options.postpone_cutover = true;
    options.dual_write = GetParam();
    options.dead_man = std::chrono::seconds(3600);
    return options;
  }
  // As if the engine had been silent for that long.
  void Age(int hours) {
    session_.Exec(
        fmt::format("SELECT setval('pgmoult_1_new.pgmoult_sign_of_life', last_value - 3600 * {}) FROM "
                    "pgmoult_1_new.pgmoult_sign_of_life; UPDATE pgmoult.migration SET heartbeat_at = "
                    "heartbeat_at - {} * interval '1 hour'",
                    hours, hours));
  }
  int64_t Logged() { return session_.Scalar<int64_t>("SELECT count(*) FROM pgmoult_1_new.pgmoult_change_log"); }
  bool Lapsed() { return session_.Scalar<bool>("SELECT is_called FROM pgmoult_1_new.pgmoult_lapsed"); }
  engine::State State() {
    const auto seen = RunSync(engine::LookAtDatabase(target()));
    return seen.ok() && seen->migrations.size() == 1 ? seen->migrations.front().state : engine::State::kDone;
  }
  // A run that has come to the gate and stopped there.
  void RunAndStop() {
    BackgroundRun run(target(), kChange, Options());
    ASSERT_TRUE(run.WaitForWaiting("postponed"));
    run.Stop();
    ASSERT_EQ(engine::EndKindOf(run.Finish().status()), engine::EndKind::kStopped);
  }
  void ExpectSwapped(BackgroundRun& run) {
    ASSERT_TRUE(run.WaitForWaiting("postponed"));
    AllowCutover();
    const auto report = run.Finish();
    ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
    EXPECT_EQ(report->repaired, 0);
    EXPECT_EQ(KeyType(), "bigint");
    EXPECT_EQ(OldAgainstNew(session_), "");
  }
};

INSTANTIATE_TEST_SUITE_P(Modes, DeadManTest, ::testing::Values(DualWriteMode::kAuto, DualWriteMode::kNever),
                         [](const auto& info) { return info.param == DualWriteMode::kAuto ? "Through" : "Logged"; });

TEST_P(DeadManTest, TheLogOfADeadEngineStopsGrowingAndTheCopyStartsAgain) {
  ASSERT_NO_FATAL_FAILURE(RunAndStop());
  // A snapshot from when the engine was alive.
  Session old(database_);
  TakeSnapshot(old);
  EXPECT_EQ(State(), engine::State::kStopped);
  Age(2);
  EXPECT_EQ(State(), engine::State::kLapsed);
  const int64_t logged = Logged();
  session_.Exec("UPDATE t SET n = 1 WHERE id <= 10");
  EXPECT_TRUE(Lapsed());
  session_.Exec("BEGIN ISOLATION LEVEL SERIALIZABLE; INSERT INTO t VALUES (2000, 1); COMMIT");
  session_.Exec("DELETE FROM t WHERE id = 20; UPDATE t SET id = 3000 WHERE id = 30");
  old.Exec("UPDATE t SET n = 4 WHERE id = 40");
  old.Exec("COMMIT");
  EXPECT_EQ(Logged(), logged);
  BackgroundRun run(target(), 1);
  ASSERT_TRUE(run.WaitForEvent("warning", "--dead-man"));
  ASSERT_TRUE(run.WaitForEvent("stage", "copy"));
  ASSERT_NO_FATAL_FAILURE(ExpectSwapped(run));
  EXPECT_EQ(session_.Scalar<std::string>(
                "SELECT string_agg(format('%s:%s', id, n), ' ' ORDER BY id) FROM t WHERE id IN (10, 20, 30, 40, 2000, "
                "3000)"),
            "10:1 40:4 2000:1 3000:0");
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM pgmoult.event WHERE kind = 'lapsed'"), 1);
  ASSERT_TRUE(RunSync(engine::Finalize(target(), 1)).ok());
  ASSERT_TRUE(RunSync(engine::Cleanup(target())).ok());
}

// Nobody wrote: nothing is lost, and nothing has to be done again.
TEST_P(DeadManTest, ATableThatNobodyHasWrittenMeanwhileIsNotCopiedAgain) {
  ASSERT_NO_FATAL_FAILURE(RunAndStop());
  Age(2);
  BackgroundRun run(target(), 1);
  ASSERT_NO_FATAL_FAILURE(ExpectSwapped(run));
  EXPECT_FALSE(run.SawEvent("stage", "copy"));
  EXPECT_FALSE(run.SawEvent("warning"));
}

// The trigger has found the engine dead; it comes back before the flag is up, and before the writer commits.
TEST_P(DeadManTest, AWriterThatLapsesWhileTheEngineComesBackIsNotLost) {
  ASSERT_NO_FATAL_FAILURE(RunAndStop());
  Age(2);
  Session writer(database_);
  writer.Exec("BEGIN; UPDATE t SET n = 1 WHERE id = 1");
  BackgroundRun run(target(), 1);
  // Its row is not committed: the copy starts again only when it is.
  ASSERT_TRUE(run.WaitForEvent("warning", "--dead-man"));
  EXPECT_TRUE(Eventually([this] { return !Lapsed(); }));
  writer.Exec("COMMIT");
  ASSERT_NO_FATAL_FAILURE(ExpectSwapped(run));
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT n FROM t WHERE id = 1"), 1);
}

// An engine that was frozen goes on: no lapse between its last sign of life and its next one may get into the swap.
TEST_P(DeadManTest, TheSwapLooksAtTheFlagUnderItsLock) {
  BackgroundRun run(target(), kChange, Options());
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  // Without its heartbeat.
  session_.Exec(
      "CREATE FUNCTION pgmoult_1_new.is_lapsed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT "
      "FROM pgmoult.event WHERE kind = 'forecast') THEN PERFORM nextval('pgmoult_1_new.pgmoult_lapsed'); END IF; "
      "RETURN "
      "NEW; END $$; CREATE TRIGGER lapse BEFORE INSERT ON "
      "pgmoult.event "
      "FOR EACH ROW WHEN (NEW.kind = 'forecast') EXECUTE FUNCTION pgmoult_1_new.is_lapsed()");
  AllowCutover();
  ASSERT_TRUE(run.WaitForEvent("swap_try", "capture had lapsed"));
  ASSERT_TRUE(run.WaitForEvent("warning", "--dead-man"));
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(KeyType(), "bigint");
}

}  // namespace
}  // namespace pgmoult::tests
