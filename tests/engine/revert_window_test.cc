// --revert-window: the run keeps the old table for a time and then finalizes by itself; whoever decides sooner is
// obeyed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>

#include "engine/control.h"
#include "engine/run.h"
#include "pg/status.h"
#include "tests/engine/swap_fixture.h"
#include "tests/fault/background_run.h"
#include "tests/support/change.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"
#include "tests/support/statements.h"

namespace pgmoult::tests {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

class RevertWindowTest : public SwapFixture {
 protected:
  static engine::RunOptions Window(seconds window) {
    engine::RunOptions options = SmallOptions();
    options.revert_window = window;
    return options;
  }
  static bool Keeps(const BackgroundRun& run) {
    return Eventually([&] { return run.progress().doing.starts_with("keeps the old table") || run.ended(); }) &&
           !run.ended();
  }
  // As if the swap had been two hours ago.
  void LetTheWindowPass() {
    session_.Exec("UPDATE pgmoult.migration SET swapped_at = swapped_at - interval '2 hours'");
  }
  std::string State() { return session_.Scalar<std::string>("SELECT state FROM pgmoult.migration"); }
  bool OldTableIsKept() { return session_.Scalar<bool>("SELECT to_regclass('pgmoult_1_old.t') IS NOT NULL"); }
  void ExpectFinalized() {
    EXPECT_EQ(State(), "done");
    EXPECT_EQ(KeyType(), "bigint");
    ExpectNothingLeft(session_, target());
  }
};

TEST_F(RevertWindowTest, TheOldTableGoesWhenItIsOver) {
  const auto report = RunChange(target(), kChange, Window(seconds(1)));
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_TRUE(report->finalized);
  ExpectFinalized();
}

TEST_F(RevertWindowTest, AnotherEngineKeepsToTheTimeOfTheSwap) {
  BackgroundRun run(target(), kChange, Window(std::chrono::hours(1)));
  ASSERT_TRUE(Keeps(run));
  run.Stop();
  const auto stopped = run.Finish();
  EXPECT_EQ(engine::EndKindOf(stopped.status()), engine::EndKind::kStopped) << pg::Describe(stopped.status());
  EXPECT_THAT(pg::Describe(stopped.status()), HasSubstr("the new table is in place, but the old table is still"));
  EXPECT_EQ(State(), "swapped");
  EXPECT_TRUE(OldTableIsKept());
  LetTheWindowPass();
  BackgroundRun next(target(), 1);
  const auto report = next.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_TRUE(report->finalized);
  ExpectFinalized();
}

TEST_F(RevertWindowTest, LostSessionsDoNotEndTheWait) {
  BackgroundRun run(target(), kChange, Window(std::chrono::hours(1)));
  ASSERT_TRUE(Keeps(run));
  LetTheWindowPass();
  EndOurSessions(session_);
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_TRUE(report->finalized);
  EXPECT_EQ(report->interruptions, 1);
  ExpectFinalized();
}

TEST_F(RevertWindowTest, FinalizeEndsIt) {
  BackgroundRun run(target(), kChange, Window(std::chrono::hours(1)));
  ASSERT_TRUE(Keeps(run));
  const auto finalized = RunSync(engine::Finalize(target(), 1));
  ASSERT_TRUE(finalized.ok()) << pg::Describe(finalized.status());
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_FALSE(report->finalized);
  ExpectFinalized();
}

TEST_F(RevertWindowTest, RevertEndsItAndHasNone) {
  BackgroundRun run(target(), kChange, Window(std::chrono::hours(1)));
  ASSERT_TRUE(Keeps(run));
  engine::StopRequest stop;
  const auto reverted = RunSync(engine::RevertMigration(target(), 1, {}, stop));
  ASSERT_TRUE(reverted.ok()) << pg::Describe(reverted.status());
  EXPECT_FALSE(reverted->finalized);
  ASSERT_TRUE(run.Finish().ok());
  EXPECT_EQ(KeyType(), "integer");
  EXPECT_EQ(State(), "swapped");
}

// Somebody who reads what is in the way of DROP TABLE finds the run where it was.
TEST_F(RevertWindowTest, WhatHangsOnTheOldTableStopsItByName) {
  BackgroundRun run(target(), kChange, Window(std::chrono::hours(1)));
  ASSERT_TRUE(Keeps(run));
  session_.Exec("CREATE VIEW former AS SELECT * FROM pgmoult_1_old.t");
  LetTheWindowPass();
  const auto report = run.Finish();
  EXPECT_THAT(pg::Describe(report.status()), HasSubstr("2BP01"));
  EXPECT_THAT(pg::Describe(report.status()), HasSubstr("pgmoult resume 1"));
  EXPECT_TRUE(OldTableIsKept());
  session_.Exec("DROP VIEW former");
  BackgroundRun next(target(), 1);
  ASSERT_TRUE(next.Finish().ok());
  ExpectFinalized();
}

// Between a finalize's first look and its lock, another terminal begins a revert.
TEST_F(RevertWindowTest, FinalizeDropsNothingThatARevertNeeds) {
  const auto swapped = RunChange(target(), kChange, SmallOptions());
  ASSERT_TRUE(swapped.ok()) << pg::Describe(swapped.status());
  StatementGate gate("pg_try_advisory_lock");
  auto finalized = std::async(std::launch::async, [this] { return RunSync(engine::Finalize(target(), 1)); });
  gate.WaitUntilReached();
  const absl::Status begun = RunSync(engine::BeginRevert(target(), 1));
  EXPECT_TRUE(begun.ok()) << pg::Describe(begun);
  gate.Open();
  EXPECT_THAT(pg::Describe(finalized.get().status()), HasSubstr("stage prepare of a revert"));
  EXPECT_TRUE(OldTableIsKept());
}

}  // namespace
}  // namespace pgmoult::tests
