#include "engine/cutover_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace pgmoult::tests {
namespace {

TEST(CutoverWatchTest, PausesGrowAndStayAtTheirLongest) {
  std::vector<int64_t> seconds;
  for (int failed = 1; failed <= 7; ++failed) {
    seconds.push_back(std::chrono::duration_cast<std::chrono::seconds>(engine::PauseAfter(failed)).count());
  }
  EXPECT_THAT(seconds, ::testing::ElementsAre(0, 1, 5, 10, 30, 30, 30));
}

TEST(CutoverWatchTest, BlockersAreNamedOnceEachWithAllTheirLocks) {
  engine::Blocker blocker;
  blocker.who = "pid 1 (alice)";
  blocker.mode = "AccessShareLock on t";
  blocker.transaction = "3/4";
  engine::Blocker second = blocker;
  second.mode = "RowShareLock on u";
  std::vector<engine::Blocker> blockers = {blocker, second};
  EXPECT_EQ(engine::BlockersText(blockers), "pid 1 (alice) AccessShareLock on t, RowShareLock on u");
  for (int i = 0; i < 12; ++i) {
    blocker.transaction = "5/" + std::to_string(i);
    blockers.push_back(blocker);
  }
  EXPECT_THAT(engine::BlockersText(blockers), ::testing::EndsWith("; and 3 more"));
  EXPECT_EQ(engine::BlockersText({}), "nobody that this login can see");
}

}  // namespace
}  // namespace pgmoult::tests
