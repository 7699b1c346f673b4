#include "copier/chunk_sizer.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace pgmoult::copier {
namespace {

constexpr size_t kWindow = 10;  // chunks that the p90 is taken over
constexpr size_t kEnough = 5;   // chunks of the current size before it changes again
constexpr double kGrowth = 1.5;
constexpr double kPanicFactor = 5;  // this far over the target: cut to a tenth at once
constexpr double kPanicCut = 10;
constexpr double kSameSize = 2;  // a sample counts if it was asked for at a size within this factor

double Percentile90(const std::deque<double>& samples) {
  std::vector<double> sorted(samples.begin(), samples.end());
  std::ranges::sort(sorted);
  return sorted[static_cast<size_t>(std::ceil(0.9 * static_cast<double>(sorted.size()))) - 1];
}

}  // namespace

ChunkSizer::ChunkSizer(ChunkSizerOptions options) : options_(options), rows_(options.first_rows) {}

void ChunkSizer::SetRowBytes(double row_bytes) {
  row_bytes_ = row_bytes;
  Resize(static_cast<double>(rows_));
}

void ChunkSizer::Resize(double rows) {
  double upper = static_cast<double>(options_.max_rows);
  if (row_bytes_ > 0) {
    upper = std::min(upper, static_cast<double>(options_.max_bytes) / row_bytes_);
  }
  // By at least one row when growing: 1.5 times one row must be two.
  rows = rows > static_cast<double>(rows_) ? std::max(rows, static_cast<double>(rows_ + 1)) : rows;
  // The byte budget goes before the smallest size: rows may be very wide.
  upper = std::max(upper, 1.0);
  const double lower = std::min(static_cast<double>(options_.min_rows), upper);
  rows_ = static_cast<int64_t>(std::clamp(rows, lower, upper));
  recent_ms_.clear();
}

void ChunkSizer::Record(int64_t asked_rows, int64_t rows, double server_ms) {
  if (asked_rows <= 0) {
    return;  // A chunk of an earlier run, cut to a size that is not known.
  }
  if (server_ms > kPanicFactor * options_.target_ms) {
    // Even a chunk of an older size tells that the server is in trouble, unless that size was larger anyway.
    if (static_cast<double>(asked_rows) <= kSameSize * static_cast<double>(rows_)) {
      slow_start_ = false;
      Resize(static_cast<double>(rows_) / kPanicCut);
    }
    return;
  }
  const double ratio = static_cast<double>(asked_rows) / static_cast<double>(rows_);
  if (ratio > kSameSize || ratio < 1 / kSameSize || rows < asked_rows / 2) {
    return;  // Another size, or a short last chunk: says nothing about this one.
  }
  if (slow_start_) {
    if (server_ms < options_.target_ms / 2) {
      Resize(static_cast<double>(rows_) * 2);
      return;
    }
    slow_start_ = false;
  }
  recent_ms_.push_back(server_ms);
  if (recent_ms_.size() > kWindow) {
    recent_ms_.pop_front();
  }
  if (recent_ms_.size() < kEnough) {
    return;
  }
  const double factor = options_.target_ms / std::max(Percentile90(recent_ms_), 0.1);
  if (factor > 1.1 || factor < 0.9) {
    Resize(static_cast<double>(rows_) * std::min(factor, kGrowth));
  }
}

}  // namespace pgmoult::copier
