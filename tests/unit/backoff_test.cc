#include "pg/backoff.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

namespace pgmoult::pg {
namespace {

using std::chrono::milliseconds;

TEST(BackoffTest, DoublesUpToItsCapAndNeverComesBackAtOnce) {
  for (int round = 0; round < 50; ++round) {
    Backoff backoff(milliseconds(100), milliseconds(1000));
    for (const int step : {100, 200, 400, 800, 1000, 1000, 1000}) {
      const milliseconds delay = backoff.Next();
      EXPECT_GE(delay, milliseconds(step / 2)) << "step " << step;
      EXPECT_LE(delay, milliseconds(step)) << "step " << step;
    }
  }
}

// Several waiters must drift apart. 200 equal draws of 501 values would be a wonder.
TEST(BackoffTest, DrawsFromTheWholeUpperHalfOfAStep) {
  std::set<milliseconds> drawn;
  for (int waiter = 0; waiter < 200; ++waiter) {
    drawn.insert(Backoff(milliseconds(1000), milliseconds(1000)).Next());
  }
  EXPECT_GT(drawn.size(), 50U);
  EXPECT_LT(*drawn.begin(), milliseconds(600));
  EXPECT_GT(*drawn.rbegin(), milliseconds(900));
}

TEST(BackoffTest, ResetBeginsAnew) {
  Backoff backoff(milliseconds(10), milliseconds(1000));
  for (int i = 0; i < 5; ++i) {
    backoff.Next();
  }
  EXPECT_GE(backoff.Next(), milliseconds(160));
  backoff.Reset();
  EXPECT_LE(backoff.Next(), milliseconds(10));
  EXPECT_LE(backoff.Next(), milliseconds(20));
}

}  // namespace
}  // namespace pgmoult::pg
