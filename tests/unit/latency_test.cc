#include "tools/latency.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace pgmoult::tools {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using TimePoint = LoadRecorder::TimePoint;

TEST(LatencyHistogramTest, IsEmptyAtFirst) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0);
  EXPECT_EQ(histogram.max(), microseconds(0));
  EXPECT_EQ(histogram.Percentile(50), microseconds(0));
  EXPECT_EQ(histogram.Percentile(100), microseconds(0));
}

TEST(LatencyHistogramTest, IsExactBelowSixtyFourMicroseconds) {
  LatencyHistogram histogram;
  for (int value = 1; value <= 60; ++value) {
    histogram.Add(microseconds(value));
  }
  EXPECT_EQ(histogram.Percentile(0), microseconds(1));
  EXPECT_EQ(histogram.Percentile(50), microseconds(30));
  EXPECT_EQ(histogram.Percentile(95), microseconds(57));
  EXPECT_EQ(histogram.Percentile(100), microseconds(60));
}

TEST(LatencyHistogramTest, PercentilesAreAtMostAThirtySecondTooHigh) {
  std::mt19937_64 random(20'240'601);
  std::lognormal_distribution<double> draw(7, 3);
  std::vector<microseconds> values;
  LatencyHistogram histogram;
  for (int i = 0; i < 20'000; ++i) {
    values.emplace_back(std::llround(std::min(draw(random), 6e10)));
    histogram.Add(values.back());
  }
  std::ranges::sort(values);
  for (const double percent : {0.1, 1.0, 10.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const auto rank = static_cast<size_t>(std::ceil(percent / 100 * static_cast<double>(values.size())));
    const microseconds exact = values[rank - 1];
    EXPECT_GE(histogram.Percentile(percent), exact) << percent;
    EXPECT_LE(histogram.Percentile(percent), exact + exact / 32 + microseconds(1)) << percent;
  }
  EXPECT_EQ(histogram.max(), values.back());
}

TEST(LatencyHistogramTest, TakesTheImpossible) {
  LatencyHistogram histogram;
  histogram.Add(microseconds(-5));
  EXPECT_EQ(histogram.Percentile(100), microseconds(0));
  histogram.Add(hours(100));
  EXPECT_EQ(histogram.count(), 2);
  EXPECT_EQ(histogram.max(), hours(100));
  EXPECT_GE(histogram.Percentile(100), hours(19));
}

TEST(LatencyHistogramTest, MergeIsTheSameAsAddingAll) {
  std::mt19937_64 random(7);
  std::uniform_int_distribution<int> draw(0, 5'000'000);
  LatencyHistogram left;
  LatencyHistogram right;
  LatencyHistogram all;
  for (int i = 0; i < 1000; ++i) {
    const microseconds value(draw(random));
    (i % 3 == 0 ? left : right).Add(value);
    all.Add(value);
  }
  left.Merge(right);
  EXPECT_EQ(left.count(), all.count());
  EXPECT_EQ(left.max(), all.max());
  for (const double percent : {0.0, 25.0, 50.0, 99.0, 100.0}) {
    EXPECT_EQ(left.Percentile(percent), all.Percentile(percent)) << percent;
  }
}

class LoadRecorderTest : public testing::Test {
 protected:
  TimePoint At(int ms) const { return start_ + milliseconds(ms); }
  void Finish(int due_ms, int finished_ms, int64_t retries = 0) {
    recorder_.Finished(At(due_ms), At(finished_ms), retries);
  }

  const TimePoint start_ = TimePoint(hours(1));
  LoadRecorder recorder_{start_};
};

TEST_F(LoadRecorderTest, CountsEachTransactionInThePhaseInWhichItFinished) {
  Finish(0, 10);
  Finish(100, 120, 1);
  recorder_.Enter(LoadPhase::kDuring, At(1000));
  Finish(990, 1010);
  recorder_.Enter(LoadPhase::kAfter, At(4000));
  Finish(4100, 4110, 2);
  recorder_.End(At(4500));

  const LoadFigures& before = recorder_.figures(LoadPhase::kBefore);
  EXPECT_EQ(before.transactions, 2);
  EXPECT_EQ(before.retries, 1);
  EXPECT_DOUBLE_EQ(before.seconds, 1);
  EXPECT_DOUBLE_EQ(before.PerSecond(), 2);
  EXPECT_EQ(before.latency.max(), milliseconds(20));
  EXPECT_EQ(recorder_.figures(LoadPhase::kDuring).transactions, 1);
  EXPECT_DOUBLE_EQ(recorder_.figures(LoadPhase::kDuring).seconds, 3);
  EXPECT_EQ(recorder_.figures(LoadPhase::kAfter).retries, 2);
  EXPECT_FALSE(recorder_.SwapFigures().has_value());
}

TEST_F(LoadRecorderTest, AStallBelongsToThePhaseInWhichItEnded) {
  Finish(0, 100);
  Finish(0, 300);
  recorder_.Enter(LoadPhase::kDuring, At(1000));
  Finish(0, 1050);
  recorder_.Enter(LoadPhase::kAfter, At(1100));
  recorder_.End(At(3050));
  EXPECT_EQ(recorder_.figures(LoadPhase::kBefore).longest_stall, milliseconds(200));
  EXPECT_EQ(recorder_.figures(LoadPhase::kDuring).longest_stall, milliseconds(750));
  EXPECT_EQ(recorder_.figures(LoadPhase::kAfter).longest_stall, seconds(2)) << "the end counts as well";
}

TEST_F(LoadRecorderTest, TheSwapWindowReachesBackAndForward) {
  for (int ms = 0; ms < 30'000; ms += 100) {
    Finish(ms, ms + 10);
  }
  // Nothing finishes from 29,910 to 30,400: the swap held the lock. It is heard of afterwards.
  Finish(30'000, 30'400, 3);
  recorder_.MarkSwap(At(29'400), At(31'450));
  for (int ms = 30'500; ms < 60'000; ms += 100) {
    Finish(ms, ms + 10);
  }
  recorder_.End(At(60'000));

  const auto swap = recorder_.SwapFigures();
  ASSERT_TRUE(swap.has_value());
  EXPECT_DOUBLE_EQ(swap->seconds, 2.05);
  EXPECT_EQ(swap->longest_stall, milliseconds(490));
  EXPECT_EQ(swap->latency.max(), milliseconds(400));
  EXPECT_EQ(swap->retries, 3);
  EXPECT_EQ(swap->transactions, 6 + 1 + 10);
}

TEST_F(LoadRecorderTest, TheSwapWindowCountsWhatFinishesAfterIt) {
  Finish(0, 10);
  recorder_.MarkSwap(At(5), At(1000));
  Finish(900, 3000);
  recorder_.End(At(3100));
  const auto swap = recorder_.SwapFigures();
  ASSERT_TRUE(swap.has_value());
  EXPECT_EQ(swap->transactions, 1);
  EXPECT_EQ(swap->latency.count(), 2);
  EXPECT_EQ(swap->latency.max(), milliseconds(2100));
  EXPECT_EQ(swap->longest_stall, milliseconds(2990));
}

}  // namespace
}  // namespace pgmoult::tools
