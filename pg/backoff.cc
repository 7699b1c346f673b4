#include "pg/backoff.h"

#include <algorithm>

namespace pgmoult::pg {

std::chrono::milliseconds Backoff::Next() {
  const std::chrono::milliseconds whole = step_;
  step_ = std::min(cap_, step_ * 2);
  return std::chrono::milliseconds(
      absl::Uniform<int64_t>(absl::IntervalClosed, random_, whole.count() / 2, whole.count()));
}

}  // namespace pgmoult::pg
