// A session of the engine is terminated, or another engine comes: the run ends with a clear error and keeps its state.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/fault/background_run.h"
#include "tests/fault/finished.h"
#include "tests/fault/gates.h"
#include "tests/fault/writers.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

using ::testing::HasSubstr;

constexpr char kChange[] = "ALTER TABLE t ALTER COLUMN id TYPE bigint";

// What a session is for, and the gate that holds the run where it has such a session; "" is a postponed cutover.
struct Loss {
  std::string purpose;
  std::string gate;
};

class SessionLossBase : public ::testing::Test {
 protected:
  SessionLossBase() {
    session_.Exec("CREATE TABLE t (id int PRIMARY KEY, n bigint NOT NULL, k int NOT NULL DEFAULT 7)");
    MakeGates(session_);
    session_.Exec(
        "CREATE INDEX t_gate ON t (gate_pass(k)); INSERT INTO t SELECT g, 0, 7 FROM generate_series(1, 8000) g; "
        "ANALYZE t");
  }

  static engine::RunOptions Options() {
    engine::RunOptions options;
    options.chunk_ms = 50;
    return options;
  }

  TestDatabase database_;
  Session session_{database_};
};

class SessionLossTest : public SessionLossBase, public ::testing::WithParamInterface<Loss> {
 protected:
  std::unique_ptr<Gate> GateOf(const Loss& loss) {
    return loss.gate.empty() ? nullptr : std::make_unique<Gate>(database_, loss.gate);
  }
  static engine::RunOptions OptionsFor(const Loss& loss) {
    engine::RunOptions options = Options();
    options.postpone_cutover = loss.gate.empty();
    options.max_hold = std::chrono::seconds(60);
    return options;
  }
  // Waits until the run is where it has that session, ends it, and lets the run go on.
  void Terminate(const Loss& loss, BackgroundRun& run, Gate* gate) {
    if (gate != nullptr) {
      gate->WaitUntilReached();
    } else {
      ASSERT_TRUE(run.WaitForWaiting("postponed"));
    }
    ASSERT_TRUE(Eventually([&] {
      return session_.Scalar<int64_t>(fmt::format(
                 "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname "
                 "= current_database() AND application_name = 'pgmoult 1 {0}' OR datname = "
                 "current_database() AND application_name = 'pgmoult {0}'",
                 loss.purpose)) > 0;
    }));
    if (gate != nullptr) {
      gate->Open();
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Sessions, SessionLossTest,
                         ::testing::Values(Loss{"engine lock", ""}, Loss{"control", ""}, Loss{"replay", ""},
                                           Loss{"copy", "chunk"}, Loss{"scout", "chunk"}, Loss{"index", "index"},
                                           Loss{"analyze", "analyze"}, Loss{"replay", "replay"},
                                           Loss{"verify", "verified"}, Loss{"journal", "stage replay"},
                                           Loss{"journal", "stage approach"}, Loss{"control", "chunk"},
                                           Loss{"journal", "swapped"}),
                         [](const ::testing::TestParamInfo<Loss>& info) {
                           std::string name = fmt::format("{}_{}", info.param.purpose,
                                                          info.param.gate.empty() ? "postponed" : info.param.gate);
                           std::ranges::replace(name, ' ', '_');
                           return name;
                         });

TEST_P(SessionLossTest, StopsTheRunWhichCanBeResumed) {
  const Loss& loss = GetParam();
  Writers writers(database_, 1, 8000);
  engine::RunOptions options = OptionsFor(loss);
  options.retry_for = std::chrono::seconds(0);
  {
    std::unique_ptr<Gate> gate = GateOf(loss);
    BackgroundRun run(TargetOf(database_), kChange, options);
    ASSERT_NO_FATAL_FAILURE(Terminate(loss, run, gate.get()));
    const auto report = run.Finish();
    ASSERT_FALSE(report.ok());
    EXPECT_TRUE(pg::IsConnectionLost(report.status()) || absl::IsUnavailable(report.status()))
        << pg::Describe(report.status());
    EXPECT_THAT(pg::Describe(report.status()), HasSubstr("terminat"));
  }
  EXPECT_EQ(session_.Scalar<std::string>("SELECT state FROM pgmoult.migration WHERE id = 1"), "stopped");
  EXPECT_NE(session_.Scalar<std::string>("SELECT message FROM pgmoult.migration WHERE id = 1"), "");
  BackgroundRun resumed(TargetOf(database_), 1);
  if (loss.gate.empty()) {
    ASSERT_TRUE(resumed.WaitForWaiting("postponed"));
    ASSERT_TRUE(RunSync(engine::Cutover(TargetOf(database_), 1)).ok());
  }
  const auto report = resumed.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(report->repaired, 0);
  ExpectFinalized(session_, TargetOf(database_));
  ExpectUnharmed(writers, session_);
}

TEST_P(SessionLossTest, IsWaitedOutWithinTheRun) {
  const Loss& loss = GetParam();
  Writers writers(database_, 1, 8000);
  std::unique_ptr<Gate> gate = GateOf(loss);
  BackgroundRun run(TargetOf(database_), kChange, OptionsFor(loss));
  ASSERT_NO_FATAL_FAILURE(Terminate(loss, run, gate.get()));
  if (loss.gate.empty()) {
    ASSERT_TRUE(run.WaitForEvent("interrupted"));
    ASSERT_TRUE(Eventually([&] { return RunSync(engine::Cutover(TargetOf(database_), 1)).ok(); }));
  }
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(report->repaired, 0);
  EXPECT_EQ(report->interruptions, 1);
  ExpectFinalized(session_, TargetOf(database_));
  ExpectUnharmed(writers, session_);
}

class TwoEnginesTest : public SessionLossBase {};

TEST_F(TwoEnginesTest, TheSecondIsTurnedAwayAndSaysWhoWorks) {
  engine::RunOptions options = Options();
  options.postpone_cutover = true;
  BackgroundRun run(TargetOf(database_), kChange, options);
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  const std::string pid = session_.Scalar<std::string>(
      "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pgmoult "
      "engine "
      "lock'");
  for (const auto& second : {RunChange(database_, kChange),
                             RunSync(engine::ResumeMigration(TargetOf(database_), 1, {}, engine::StopRequest()))}) {
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(engine::EndKindOf(second.status()), engine::EndKind::kBusy);
    EXPECT_THAT(pg::Describe(second.status()), HasSubstr("pid " + pid));
  }
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM pgmoult.migration"), 1);
  // The first has not noticed.
  ASSERT_TRUE(RunSync(engine::Cutover(TargetOf(database_), 1)).ok());
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  ExpectFinalized(session_, TargetOf(database_));
}

TEST_F(TwoEnginesTest, AnotherTableMayBeChangedMeanwhile) {
  session_.Exec("CREATE TABLE other (id int PRIMARY KEY); INSERT INTO other SELECT generate_series(1, 500)");
  engine::RunOptions options = Options();
  options.postpone_cutover = true;
  BackgroundRun run(TargetOf(database_), kChange, options);
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  const auto other = RunChange(database_, "ALTER TABLE other ALTER COLUMN id TYPE bigint");
  ASSERT_TRUE(other.ok()) << pg::Describe(other.status());
  EXPECT_EQ(other->rows_copied, 500);
  ASSERT_TRUE(RunSync(engine::Cutover(TargetOf(database_), 1)).ok());
  ASSERT_TRUE(run.Finish().ok());
  ASSERT_TRUE(RunSync(engine::Finalize(TargetOf(database_), 2)).ok());
  ExpectFinalized(session_, TargetOf(database_));
}

}  // namespace
}  // namespace pgmoult::tests
