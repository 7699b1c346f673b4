// TRUNCATE is not MVCC and fires no row trigger; a run that meets it starts its copy again and must end right.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <thread>

#include "tests/stress/harness.h"
#include "tests/stress/shape.h"
#include "tests/stress/workload.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"

namespace pgmoult::tests {
namespace {

class StressTruncateTest : public ::testing::Test {
 protected:
  // Truncates once in each of these stages, while the engine works on it.
  void TruncateIn(const std::vector<std::string>& stages, Scenario scenario) {
    Workload workload(database_, shape_,
                      EachIsolation({{Step::kInsert, 1},
                                     {Step::kReinsert, 1},
                                     {Step::kUpsert, 1},
                                     {Step::kUpdate, 2},
                                     {Step::kDelete, 1},
                                     {Step::kMoveNear, 1}}),
                      seed_.value());
    std::map<std::string, std::atomic<int>> wanted;
    for (const std::string& stage : stages) {
      wanted[stage] = 0;
    }
    std::atomic<bool> ended = false;
    scenario.on_stage = [&](const std::string& stage) {
      const auto found = wanted.find(stage);
      if (found != wanted.end() && found->second == 0) {
        found->second = 1;
      }
    };
    std::thread truncator([&] {
      while (!ended) {
        for (auto& [stage, state] : wanted) {
          if (state == 1) {
            workload.Truncate();
            state = 2;
          }
        }
        std::this_thread::yield();
      }
    });
    const UnderLoad run = RunUnderLoad(database_, shape_, workload, scenario);
    ended = true;
    truncator.join();
    for (const auto& [stage, state] : wanted) {
      EXPECT_EQ(state, 2) << stage;
    }
    EXPECT_GT(std::ranges::count(run.stages, "copy"), 1) << "the copy was started again";
  }

  const Seed seed_;
  TestDatabase database_;
  Shape shape_ = IntKey();
};

TEST_F(StressTruncateTest, ARunOutlivesTruncateInEveryStage) {
  TruncateIn({"copy", "index", "replay", "verify", "approach"},
             {.change = "ALTER TABLE t ALTER COLUMN id TYPE bigint"});
}

TEST_F(StressTruncateTest, ARunOutlivesTruncateWhileTheSwapIsTried) {
  TruncateIn({"cutover"}, {.change = "ALTER TABLE t ALTER COLUMN id TYPE bigint"});
}

TEST_F(StressTruncateTest, ARunThatOnlyLogsOutlivesTruncate) {
  Scenario scenario{.change = "ALTER TABLE t ALTER COLUMN id TYPE bigint"};
  scenario.options.dual_write = engine::DualWriteMode::kNever;
  TruncateIn({"copy", "verify", "approach", "cutover"}, scenario);
}

}  // namespace
}  // namespace pgmoult::tests
