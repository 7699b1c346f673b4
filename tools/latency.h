#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace pgmoult::tools {

// Durations in fixed memory (8 KiB): microseconds in logarithmic buckets, 32 to a doubling, so that a percentile is at
// most 1/32 above the true value, and never above the longest. Not thread safe.
class LatencyHistogram {
 public:
  using Duration = std::chrono::nanoseconds;

  // Below 0 counts as 0; more than 19 hours as that.
  void Add(Duration value);
  void Merge(const LatencyHistogram& other);

  int64_t count() const { return count_; }
  Duration max() const { return max_; }
  // The duration that `percent` (0 to 100) of all do not exceed; 0 where there are none.
  Duration Percentile(double percent) const;

 private:
  static constexpr int kSubBits = 5;
  static constexpr int kValueBits = 36;
  static constexpr size_t kBuckets = size_t{kValueBits - kSubBits + 1} << kSubBits;

  static size_t BucketOf(uint64_t micros);
  static uint64_t TopOf(size_t bucket);

  std::array<int64_t, kBuckets> counts_{};
  int64_t count_ = 0;
  Duration max_{0};
};

// The parts of a demo in which the application is watched, in order.
enum class LoadPhase { kBefore, kDuring, kAfter };

// What an application saw in some stretch of time.
struct LoadFigures {
  double seconds = 0;
  int64_t transactions = 0;  // finished in it
  int64_t retries = 0;       // of transactions counted here
  LatencyHistogram latency;
  // Longest time in which no client finished a transaction; one that spans a border belongs to where it ended.
  std::chrono::nanoseconds longest_stall{0};

  double PerSecond() const { return seconds > 0 ? static_cast<double>(transactions) / seconds : 0; }
};

// Sorts finished transactions into phases, by the time they finished, and into a window around the swap, whose moment
// is known only after it has passed: the last ten seconds are kept one by one for that. Times are given, never asked
// for. Not thread safe.
class LoadRecorder {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::seconds kKept{10};

  explicit LoadRecorder(TimePoint start) : phase_start_(start), last_finish_(start) {}

  void Enter(LoadPhase phase, TimePoint now);
  // The window reaches from `from` (at most kKept ago) to `to`, which may be in the future.
  void MarkSwap(TimePoint from, TimePoint to);
  void Finished(TimePoint due, TimePoint now, int64_t retries);
  void End(TimePoint now);

  // After End().
  const LoadFigures& figures(LoadPhase phase) const { return phases_[static_cast<size_t>(phase)]; }
  // Transactions that were under way at any time of the window; nothing where no swap was marked.
  std::optional<LoadFigures> SwapFigures() const;

 private:
  struct Sample {
    TimePoint due;
    TimePoint finished;
    int64_t retries;
  };
  struct Window {
    TimePoint from;
    TimePoint to;
  };

  LoadFigures& current() { return phases_[static_cast<size_t>(phase_)]; }
  void NoteStall(TimePoint now);

  std::array<LoadFigures, 3> phases_;
  LoadPhase phase_ = LoadPhase::kBefore;
  TimePoint phase_start_;
  TimePoint last_finish_;
  TimePoint end_;
  std::deque<Sample> recent_;
  std::optional<Window> window_;
};

}  // namespace pgmoult::tools
