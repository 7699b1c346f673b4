#include "engine/control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/status.h"
#include "tests/fault/background_run.h"
#include "tests/fault/gates.h"
#include "tests/fault/program.h"
#include "tests/fault/writers.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kChange[] = "ALTER TABLE t ALTER COLUMN id TYPE bigint";

class ControlTest : public ::testing::Test {
 protected:
  ControlTest() {
    session_.Exec("CREATE TABLE t (id int PRIMARY KEY, n bigint NOT NULL, k int NOT NULL DEFAULT 7)");
    MakeGates(session_);
    session_.Exec(
        "CREATE INDEX t_gate ON t (gate_pass(k)); INSERT INTO t SELECT g, 0, 7 FROM generate_series(1, 3000) g; "
        "ANALYZE t");
  }

  engine::Target target() const { return TargetOf(database_); }
  static engine::RunOptions Postponed() {
    engine::RunOptions options;
    options.chunk_ms = 50;
    options.max_pause = std::chrono::seconds(0);
    options.postpone_cutover = true;
    return options;
  }
  int64_t Chunks() { return session_.Scalar<int64_t>("SELECT count(*) FROM pgmoult.chunk"); }
  // A session of ours stands in a transaction.
  bool Working(const std::string& purpose) {
    return session_.Scalar<bool>(fmt::format(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name "
        "= 'pgmoult 1 {}' AND state <> 'idle')",
        purpose));
  }
  void ExpectUntouched() {
    EXPECT_EQ(Leftovers(session_), "");
    EXPECT_EQ(session_.Scalar<std::string>("SELECT atttypid::regtype::text FROM pg_attribute "
                                           "WHERE attrelid = 't'::regclass AND attname = 'id'"),
              "integer");
    EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), 3000);
  }
  // The engine of the migration is at work for two more heartbeats.
  void LetItLiveOn() {
    for (int beat = 0; beat < 2; ++beat) {
      const std::string last = session_.Scalar<std::string>("SELECT heartbeat_at::text FROM pgmoult.migration");
      ASSERT_TRUE(Eventually(
          [&] { return session_.Scalar<std::string>("SELECT heartbeat_at::text FROM pgmoult.migration") != last; }));
    }
  }
  // Lets a postponed run swap.
  void Finish(BackgroundRun& run) {
    ASSERT_TRUE(RunSync(engine::Cutover(target(), 1)).ok());
    const auto report = run.Finish();
    ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  }

  TestDatabase database_;
  Session session_{database_};
};

TEST_F(ControlTest, PauseStopsTheCopyAndContinueGoesOn) {
  Gate gate(database_, "chunk");
  engine::RunOptions options = Postponed();
  options.jobs = 1;
  BackgroundRun run(target(), kChange, options);
  gate.WaitUntilReached();
  const auto paused = RunSync(engine::Pause(target(), 1));
  ASSERT_TRUE(paused.ok()) << pg::Describe(paused.status());
  EXPECT_THAT(*paused, HasSubstr("migration 1"));
  ASSERT_TRUE(run.WaitForWaiting("paused by"));
  gate.Open();
  // The chunk under way ends; the engine lives on for two heartbeats, and begins no other.
  ASSERT_TRUE(Eventually([this] { return Chunks() == 2; }));
  LetItLiveOn();
  EXPECT_EQ(Chunks(), 2);
  EXPECT_EQ(run.progress().stage, engine::Stage::kCopy);
  EXPECT_FALSE(Working("copy"));
  // Writes are still logged.
  session_.Exec("UPDATE t SET n = 5 WHERE id = 1");
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM pgmoult_1_new.pgmoult_change_log"), 1);
  ASSERT_TRUE(RunSync(engine::Continue(target(), 1)).ok());
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  EXPECT_GT(Chunks(), 2);
  Finish(run);
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT n FROM t WHERE id = 1"), 5);
}

TEST_F(ControlTest, PauseStopsVerifyAndContinueGoesOn) {
  Gate gate(database_, "verified");
  engine::RunOptions options = Postponed();
  options.jobs = 1;
  BackgroundRun run(target(), kChange, options);
  gate.WaitUntilReached();
  const auto stage = [this] { return session_.Scalar<std::string>("SELECT stage FROM pgmoult.migration"); };
  ASSERT_EQ(stage(), "verify");
  ASSERT_TRUE(RunSync(engine::Pause(target(), 1)).ok());
  ASSERT_TRUE(run.WaitForWaiting("paused by"));
  gate.Open();
  // The range under way ends; no other begins.
  const auto verified = [this] {
    return session_.Scalar<std::string>("SELECT format('%s %s', count(*), sum(rows) < 3000) FROM pgmoult.verified");
  };
  ASSERT_TRUE(Eventually([&] { return verified() == "1 t"; })) << verified();
  LetItLiveOn();
  EXPECT_EQ(verified(), "1 t");
  EXPECT_EQ(stage(), "verify");
  // What is written meanwhile is no difference, before and after the place where it stands.
  session_.Exec("UPDATE t SET n = 5 WHERE id IN (1, 3000)");
  ASSERT_TRUE(RunSync(engine::Continue(target(), 1)).ok());
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT sum(rows)::int8 FROM pgmoult.verified"), 3000);
  EXPECT_FALSE(run.SawEvent("difference"));
  Finish(run);
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT sum(n)::int8 FROM t"), 10);
}

TEST_F(ControlTest, APostponedCutoverKeepsTheLogShortUntilItIsAllowed) {
  Writers writers(database_, 2, 3000);
  BackgroundRun run(target(), kChange, Postponed());
  ASSERT_TRUE(run.WaitForWaiting("postponed: waits for `pgmoult cutover 1`"));
  // Whatever is written now reaches the shadow while the swap waits.
  for (int round = 0; round < 3; ++round) {
    const int64_t written = writers.statements();
    ASSERT_TRUE(Eventually([&] { return writers.statements() > written + 100; }));
    ASSERT_TRUE(Eventually(
        [this] { return session_.Scalar<int64_t>("SELECT count(*) FROM pgmoult_1_new.pgmoult_change_log") < 100; }));
  }
  EXPECT_FALSE(run.ended());
  EXPECT_EQ(session_.Scalar<std::string>("SELECT stage FROM pgmoult.migration"), "approach");
  Finish(run);
  writers.Stop();
  EXPECT_EQ(writers.errors(), "");
  EXPECT_EQ(writers.Difference(session_), "");
  // The gate was opened once; there is nothing to cut over a second time.
  EXPECT_THAT(pg::Describe(RunSync(engine::Cutover(target(), 1)).status()), HasSubstr("swapped already"));
}

TEST_F(ControlTest, AbortTakesEverythingBackFromEachStageBeforeTheCutover) {
  for (const std::string where : {"chunk", "index", "stage replay", "verified", "postponed"}) {
    SCOPED_TRACE(where);
    MakeJournalGates(session_);  // an abort takes the journal away
    std::unique_ptr<Gate> gate;
    if (where != "postponed") {
      gate = std::make_unique<Gate>(database_, where);
    }
    BackgroundRun run(target(), kChange, Postponed());
    if (gate != nullptr) {
      gate->WaitUntilReached();
    } else {
      ASSERT_TRUE(run.WaitForWaiting("postponed"));
    }
    const auto aborted = RunSync(engine::Abort(target(), 1));
    ASSERT_TRUE(aborted.ok()) << pg::Describe(aborted.status());
    EXPECT_THAT(*aborted, HasSubstr("taken back"));
    ExpectUntouched();
    const auto report = run.Finish();
    EXPECT_EQ(engine::EndKindOf(report.status()), engine::EndKind::kAborted) << pg::Describe(report.status());
  }
}

// A reader holds the swap back. The order to abort ends the tries; then the reader may go, and nothing is swapped.
TEST_F(ControlTest, AbortDuringTheCutoverEndsTheTries) {
  MakeJournalGates(session_);
  Session reader(database_);
  BackgroundRun run(target(), kChange, Postponed());
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  reader.Exec("BEGIN");
  reader.Exec("SELECT count(*) FROM t");
  ASSERT_TRUE(RunSync(engine::Cutover(target(), 1)).ok());
  ASSERT_TRUE(run.WaitForEvent("swap_try", fmt::format("pid {}", reader.backend_pid())));
  std::future<absl::StatusOr<std::string>> abort =
      std::async(std::launch::async, [this] { return RunSync(engine::Abort(target(), 1)); });
  EXPECT_TRUE(run.WaitForEvent("command", "abort"));
  // The sessions that try are gone; who waits for the reader now wants to take the triggers away.
  EXPECT_TRUE(Eventually([this] {
    return !session_.Scalar<bool>(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'pgmoult 1 control' AND datname = "
        "current_database())");
  }));
  reader.Exec("COMMIT");
  const auto aborted = abort.get();
  ASSERT_TRUE(aborted.ok()) << pg::Describe(aborted.status());
  EXPECT_THAT(*aborted, HasSubstr("taken back"));
  ExpectUntouched();
  const auto report = run.Finish();
  EXPECT_EQ(engine::EndKindOf(report.status()), engine::EndKind::kAborted) << pg::Describe(report.status());
}

TEST_F(ControlTest, FinalizeBeforeAndAbortAfterTheSwapAreRefused) {
  BackgroundRun run(target(), kChange, Postponed());
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  EXPECT_THAT(pg::Describe(RunSync(engine::Finalize(target(), 1)).status()), HasSubstr("has not been swapped"));
  Finish(run);
  EXPECT_THAT(pg::Describe(RunSync(engine::Abort(target(), 1)).status()),
              AllOf(HasSubstr("has been swapped"), HasSubstr("pgmoult finalize 1")));
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM pgmoult_1_old.t"), 3000);
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), 3000);
  ASSERT_TRUE(RunSync(engine::Finalize(target(), 1)).ok());
  EXPECT_THAT(*RunSync(engine::Finalize(target(), 1)), HasSubstr("already"));
}

TEST_F(ControlTest, CommandsWithoutEngineOrMigrationSayWhatToDo) {
  using Command = std::function<pg::Awaitable<absl::StatusOr<std::string>>(const engine::Target&, int64_t)>;
  const std::vector<Command> all = {engine::Pause, engine::Continue, engine::Cutover, engine::Abort, engine::Finalize};
  for (const Command& command : all) {
    EXPECT_THAT(pg::Describe(RunSync(command(target(), 99)).status()),
                AllOf(HasSubstr("no migration 99"), HasSubstr("pgmoult status")));
  }
  {
    BackgroundRun run(target(), kChange, Postponed());
    ASSERT_TRUE(run.WaitForWaiting("postponed"));
    run.Stop();
    EXPECT_EQ(engine::EndKindOf(run.Finish().status()), engine::EndKind::kStopped);
  }
  for (const Command& command : {Command(engine::Pause), Command(engine::Continue), Command(engine::Cutover)}) {
    EXPECT_THAT(pg::Describe(RunSync(command(target(), 1)).status()),
                AllOf(HasSubstr("no engine"), HasSubstr("pgmoult resume 1"), HasSubstr("pgmoult abort 1")));
  }
  ASSERT_TRUE(RunSync(engine::Abort(target(), 1)).ok());
  ExpectUntouched();
}

TEST_F(ControlTest, AnInterruptStopsInOrderAndStatusTellsEachState) {
  Gate gate(database_, "chunk");
  const auto status = [this] { return RunProgram({"status", "1", "--dsn", database_.Dsn()}).output; };
  {
    Program program({"run", "--dsn", database_.Dsn(), "--alter", kChange, "--chunk-ms", "50"});
    gate.WaitUntilReached();
    EXPECT_THAT(status(), AllOf(HasSubstr("running, in stage copy"), HasSubstr("at work")));
    program.Signal(SIGINT);
    // The gate stays closed: a chunk that does not end is given up after some seconds.
    EXPECT_EQ(program.Wait(), 3) << program.output();
    EXPECT_THAT(program.output(), AllOf(HasSubstr("pgmoult resume 1"), HasSubstr("pgmoult abort 1")));
  }
  EXPECT_THAT(status(), AllOf(HasSubstr("stopped, in stage copy"), HasSubstr("pgmoult resume 1")));
  gate.Open();
  const Ended resumed = RunProgram({"resume", "1", "--dsn", database_.Dsn()});
  EXPECT_EQ(resumed.code, 0) << resumed.output;
  EXPECT_THAT(status(), AllOf(HasSubstr("swapped"), HasSubstr("pgmoult finalize 1")));
  EXPECT_EQ(RunProgram({"finalize", "1", "--dsn", database_.Dsn()}).code, 0);
  EXPECT_THAT(status(), HasSubstr("done"));
  EXPECT_EQ(RunProgram({"cleanup", "--dsn", database_.Dsn()}).code, 0);
  const Ended none = RunProgram({"status", "--dsn", database_.Dsn()});
  EXPECT_EQ(none.code, 0);
  EXPECT_THAT(none.output, HasSubstr("no migrations"));
  EXPECT_EQ(Leftovers(session_), "");
}

TEST_F(ControlTest, AFailedRunSaysSoInTheStatus) {
  BackgroundRun run(target(), kChange, Postponed());
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  session_.Exec("ALTER TABLE t ADD COLUMN surprise int");
  ASSERT_TRUE(RunSync(engine::Cutover(target(), 1)).ok());
  ASSERT_FALSE(run.Finish().ok());
  const std::string status = RunProgram({"status", "1", "--dsn", database_.Dsn()}).output;
  EXPECT_THAT(status, AllOf(HasSubstr("failed"), HasSubstr("surprise"), HasSubstr("pgmoult abort 1")));
  ASSERT_TRUE(RunSync(engine::Abort(target(), 1)).ok());
  ExpectUntouched();
}

TEST_F(ControlTest, CleanupLeavesARunningEngineAlone) {
  BackgroundRun run(target(), kChange, Postponed());
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  const auto lines = RunSync(engine::Cleanup(target()));
  ASSERT_TRUE(lines.ok()) << pg::Describe(lines.status());
  EXPECT_THAT(fmt::format("{}", fmt::join(*lines, "\n")), HasSubstr("left alone"));
  Finish(run);
  const auto after = RunSync(engine::Cleanup(target()));
  ASSERT_TRUE(after.ok());
  EXPECT_THAT(fmt::format("{}", fmt::join(*after, "\n")), HasSubstr("pgmoult finalize 1"));
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM pgmoult_1_old.t"), 3000);
}

TEST_F(ControlTest, CleanupLeavesAStoppedRunAloneAndSaysHowToGoOn) {
  {
    BackgroundRun run(target(), kChange, Postponed());
    ASSERT_TRUE(run.WaitForWaiting("postponed"));
    run.Stop();
    EXPECT_EQ(engine::EndKindOf(run.Finish().status()), engine::EndKind::kStopped);
  }
  const std::string before = Leftovers(session_);
  const auto lines = RunSync(engine::Cleanup(target()));
  ASSERT_TRUE(lines.ok()) << pg::Describe(lines.status());
  EXPECT_THAT(*lines, ::testing::ElementsAre(AllOf(HasSubstr("migration 1 of public.t"), HasSubstr("left alone"),
                                                   HasSubstr("pgmoult resume 1"), HasSubstr("pgmoult abort 1"))));
  EXPECT_EQ(Leftovers(session_), before);
  // It is as it was: writes are still logged, and the run goes on with them.
  session_.Exec("UPDATE t SET n = 5 WHERE id = 1");
  BackgroundRun resumed(target(), 1);
  ASSERT_TRUE(resumed.WaitForWaiting("postponed"));
  Finish(resumed);
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT n FROM t WHERE id = 1"), 5);
}

TEST_F(ControlTest, CleanupRemovesSchemasThatNoJournalKnows) {
  {
    BackgroundRun run(target(), kChange, Postponed());
    ASSERT_TRUE(run.WaitForWaiting("postponed"));
    run.Stop();
    ASSERT_FALSE(run.Finish().ok());
  }
  session_.Exec("DROP SCHEMA pgmoult CASCADE");
  session_.Exec("CREATE SCHEMA pgmoult_7_old; CREATE TABLE pgmoult_7_old.precious (id int)");
  const auto lines = RunSync(engine::Cleanup(target()));
  ASSERT_TRUE(lines.ok()) << pg::Describe(lines.status());
  EXPECT_THAT(fmt::format("{}", fmt::join(*lines, "\n")), HasSubstr("schema pgmoult_1_new: removed"));
  // What may hold somebody's rows is named, not dropped.
  EXPECT_EQ(Leftovers(session_), "schema pgmoult_7_old");
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM pgmoult_7_old.precious"), 0);
  session_.Exec("DROP SCHEMA pgmoult_7_old CASCADE");
  session_.Exec("INSERT INTO t VALUES (5000, 0, 7); DELETE FROM t WHERE id = 5000");
  ExpectUntouched();
}

TEST_F(ControlTest, FinalizeKeepsAnOldTableThatSomebodyUses) {
  BackgroundRun run(target(), kChange, Postponed());
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  Finish(run);
  session_.Exec("CREATE VIEW still_needed AS SELECT id FROM pgmoult_1_old.t");
  const auto refused = RunSync(engine::Finalize(target(), 1));
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(pg::Describe(refused.status()),
              AllOf(HasSubstr("other objects depend on it"), HasSubstr("pgmoult_1_old.t")));
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM still_needed"), 3000);
  EXPECT_EQ(session_.Scalar<std::string>("SELECT state FROM pgmoult.migration"), "swapped");
  session_.Exec("DROP VIEW still_needed");
  const auto finalized = RunSync(engine::Finalize(target(), 1));
  EXPECT_TRUE(finalized.ok()) << pg::Describe(finalized.status());
}

}  // namespace
}  // namespace pgmoult::tests
