#include "copier/chunk_sizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace pgmoult::copier {
namespace {

// A full chunk of the size asked for.
void RecordFull(ChunkSizer& sizer, double server_ms) { sizer.Record(sizer.rows(), sizer.rows(), server_ms); }

// Ends slow start without a change of size: a chunk between half of the target and the target.
ChunkSizer Steady(ChunkSizerOptions options) {
  ChunkSizer sizer(options);
  RecordFull(sizer, options.target_ms * 0.95);
  EXPECT_EQ(sizer.rows(), options.first_rows);
  return sizer;
}

TEST(ChunkSizerTest, StartsSmall) {
  EXPECT_EQ(ChunkSizer({}).rows(), 256);
  EXPECT_EQ(ChunkSizer({.first_rows = 10}).rows(), 10);
}

TEST(ChunkSizerTest, SlowStartDoublesUntilHalfOfTheTarget) {
  ChunkSizer sizer({.target_ms = 100, .first_rows = 100});
  for (const int64_t expected : {200, 400, 800, 1600}) {
    RecordFull(sizer, 49);
    EXPECT_EQ(sizer.rows(), expected);
  }
  RecordFull(sizer, 50);
  EXPECT_EQ(sizer.rows(), 1600);
  // It does not come back: a quick chunk after it no longer doubles.
  RecordFull(sizer, 1);
  EXPECT_EQ(sizer.rows(), 1600);
}

TEST(ChunkSizerTest, GrowsByAtMostOneAndAHalfAfterSlowStart) {
  ChunkSizer sizer = Steady({.target_ms = 100, .first_rows = 1000});
  int64_t before = sizer.rows();
  int changes = 0;
  for (int i = 0; i < 30; ++i) {
    RecordFull(sizer, 1);
    ASSERT_LE(static_cast<double>(sizer.rows()), 1.5 * static_cast<double>(before));
    changes += sizer.rows() != before ? 1 : 0;
    before = sizer.rows();
  }
  EXPECT_GE(changes, 3);
}

TEST(ChunkSizerTest, WaitsForSeveralChunksBeforeItGrows) {
  ChunkSizer sizer = Steady({.target_ms = 100, .first_rows = 1000});
  for (int i = 0; i < 3; ++i) {
    RecordFull(sizer, 80);
    EXPECT_EQ(sizer.rows(), 1000);
  }
}

TEST(ChunkSizerTest, ShrinksInProportion) {
  ChunkSizer sizer = Steady({.target_ms = 100, .first_rows = 1000});
  for (int i = 0; i < 4; ++i) {
    RecordFull(sizer, 200);
  }
  EXPECT_EQ(sizer.rows(), 500);
}

TEST(ChunkSizerTest, IsSteeredByTheSlowChunksNotByTheMean) {
  ChunkSizer sizer = Steady({.target_ms = 100, .first_rows = 1000});
  for (const double ms : {20.0, 20.0, 20.0, 200.0}) {
    RecordFull(sizer, ms);
  }
  EXPECT_EQ(sizer.rows(), 500);
}

TEST(ChunkSizerTest, KeepsItsSizeCloseToTheTarget) {
  ChunkSizer sizer = Steady({.target_ms = 100, .first_rows = 1000});
  for (int i = 0; i < 50; ++i) {
    RecordFull(sizer, i % 2 == 0 ? 96 : 104);
    ASSERT_EQ(sizer.rows(), 1000);
  }
}

TEST(ChunkSizerTest, CutsToATenthFiveTimesOverTheTarget) {
  ChunkSizer sizer = Steady({.target_ms = 100, .first_rows = 1000});
  RecordFull(sizer, 501);
  EXPECT_EQ(sizer.rows(), 100);
}

TEST(ChunkSizerTest, ACutEndsSlowStart) {
  ChunkSizer sizer({.target_ms = 100, .first_rows = 1000});
  RecordFull(sizer, 501);
  EXPECT_EQ(sizer.rows(), 100);
  RecordFull(sizer, 10);
  EXPECT_EQ(sizer.rows(), 100);
}

TEST(ChunkSizerTest, ChunksThatWereUnderWayDoNotCutAgain) {
  ChunkSizer sizer = Steady({.target_ms = 100, .first_rows = 1000});
  sizer.Record(1000, 1000, 900);
  sizer.Record(1000, 1000, 900);
  sizer.Record(1000, 1000, 900);
  EXPECT_EQ(sizer.rows(), 100);
}

TEST(ChunkSizerTest, IgnoresChunksOfAnotherSize) {
  ChunkSizer sizer = Steady({.target_ms = 100, .first_rows = 1000});
  for (int i = 0; i < 20; ++i) {
    sizer.Record(2001, 2001, 300);
    sizer.Record(499, 499, 10);
  }
  EXPECT_EQ(sizer.rows(), 1000);
}

TEST(ChunkSizerTest, IgnoresShortChunks) {
  ChunkSizer sizer({.target_ms = 100, .first_rows = 1000});
  for (int i = 0; i < 20; ++i) {
    sizer.Record(1000, 499, 1);
  }
  EXPECT_EQ(sizer.rows(), 1000);
  sizer.Record(1000, 1000, 1);
  EXPECT_EQ(sizer.rows(), 2000);
}

TEST(ChunkSizerTest, StaysWithinItsBounds) {
  ChunkSizer up({.target_ms = 100, .first_rows = 100, .max_rows = 1000});
  for (int i = 0; i < 40; ++i) {
    RecordFull(up, 1);
  }
  EXPECT_EQ(up.rows(), 1000);

  ChunkSizer down({.target_ms = 100, .first_rows = 100, .min_rows = 7});
  for (int i = 0; i < 40; ++i) {
    RecordFull(down, 5000);
  }
  EXPECT_EQ(down.rows(), 7);
}

TEST(ChunkSizerTest, StaysWithinTheByteBudget) {
  ChunkSizer sizer({.target_ms = 100, .first_rows = 256, .max_bytes = 1 << 20});
  sizer.SetRowBytes(1 << 14);
  EXPECT_EQ(sizer.rows(), 64);
  for (int i = 0; i < 40; ++i) {
    RecordFull(sizer, 1);
  }
  EXPECT_EQ(sizer.rows(), 64);
  // A single row wider than the budget is still copied.
  sizer.SetRowBytes(1 << 21);
  EXPECT_EQ(sizer.rows(), 1);
}

TEST(ChunkSizerTest, UnknownRowWidthIsNoBudget) {
  ChunkSizer sizer({.target_ms = 100, .first_rows = 1000, .max_bytes = 1});
  sizer.SetRowBytes(0);
  EXPECT_EQ(sizer.rows(), 1000);
}

TEST(ChunkSizerTest, FollowsANewTarget) {
  ChunkSizer sizer = Steady({.target_ms = 100, .first_rows = 1000});
  sizer.SetTarget(50);
  for (int i = 0; i < 4; ++i) {
    RecordFull(sizer, 100);
  }
  EXPECT_LT(sizer.rows(), 600);
}

// A server whose time is linear in the rows, with noise of up to ±`noise`.
class LinearServer {
 public:
  LinearServer(double fixed_ms, double ms_per_row, double noise, uint64_t seed)
      : fixed_ms_(fixed_ms), ms_per_row_(ms_per_row), noise_(-noise, noise), random_(seed) {}

  double Copy(int64_t rows) { return Mean(rows) * (1 + noise_(random_)); }
  double Mean(int64_t rows) const { return fixed_ms_ + ms_per_row_ * static_cast<double>(rows); }
  void SetMsPerRow(double ms_per_row) { ms_per_row_ = ms_per_row; }

 private:
  double fixed_ms_;
  double ms_per_row_;
  std::uniform_real_distribution<double> noise_;
  std::mt19937_64 random_;
};

constexpr double kTarget = 100;
constexpr int kSettled = 150;  // chunks after which the size must have been found
constexpr int kWatched = 200;  // chunks for which it must then be kept

TEST(ChunkSizerTest, ConvergesOnALinearServer) {
  for (const double ms_per_row : {0.001, 0.02, 0.5, 4.0}) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      SCOPED_TRACE(testing::Message() << "ms_per_row " << ms_per_row << " seed " << seed);
      LinearServer server(/*fixed_ms=*/2, ms_per_row, /*noise=*/0.15, seed);
      ChunkSizer sizer({.target_ms = kTarget});
      for (int i = 0; i < kSettled; ++i) {
        RecordFull(sizer, server.Copy(sizer.rows()));
      }
      for (int i = 0; i < kWatched; ++i) {
        RecordFull(sizer, server.Copy(sizer.rows()));
        ASSERT_NEAR(server.Mean(sizer.rows()), kTarget, 0.3 * kTarget);
      }
    }
  }
}

TEST(ChunkSizerTest, DoesNotOscillate) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    LinearServer server(/*fixed_ms=*/2, /*ms_per_row=*/0.02, /*noise=*/0.15, seed);
    ChunkSizer sizer({.target_ms = kTarget});
    for (int i = 0; i < kSettled; ++i) {
      RecordFull(sizer, server.Copy(sizer.rows()));
    }
    int64_t least = sizer.rows();
    int64_t most = sizer.rows();
    int changes = 0;
    for (int i = 0; i < kWatched; ++i) {
      const int64_t before = sizer.rows();
      RecordFull(sizer, server.Copy(before));
      least = std::min(least, sizer.rows());
      most = std::max(most, sizer.rows());
      changes += sizer.rows() != before ? 1 : 0;
    }
    EXPECT_LE(static_cast<double>(most), 1.5 * static_cast<double>(least));
    EXPECT_LE(changes, kWatched / 5);
  }
}

TEST(ChunkSizerTest, FollowsAServerThatBecomesSlowerAndFasterAgain) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    LinearServer server(/*fixed_ms=*/2, /*ms_per_row=*/0.02, /*noise=*/0.1, seed);
    ChunkSizer sizer({.target_ms = kTarget});
    for (const double ms_per_row : {0.02, 0.4, 0.02}) {
      server.SetMsPerRow(ms_per_row);
      for (int i = 0; i < kSettled; ++i) {
        RecordFull(sizer, server.Copy(sizer.rows()));
      }
      EXPECT_NEAR(server.Mean(sizer.rows()), kTarget, 0.3 * kTarget);
    }
  }
}

TEST(ChunkSizerTest, ConvergesWithChunksOfOlderSizesUnderWay) {
  LinearServer server(/*fixed_ms=*/2, /*ms_per_row=*/0.02, /*noise=*/0.1, /*seed=*/7);
  ChunkSizer sizer({.target_ms = kTarget});
  std::vector<int64_t> queue(5, sizer.rows());  // asked for, not yet copied
  for (size_t i = 0; i < 400; ++i) {
    int64_t& slot = queue[i % queue.size()];
    sizer.Record(slot, slot, server.Copy(slot));
    slot = sizer.rows();
  }
  EXPECT_NEAR(server.Mean(sizer.rows()), kTarget, 0.3 * kTarget);
}

}  // namespace
}  // namespace pgmoult::copier
