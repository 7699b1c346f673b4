#pragma once

#include <chrono>
#include <cstdint>

#include "absl/random/random.h"

namespace pgmoult::pg {

// Waiting times between tries: exponential from `first` to `cap`, each drawn uniformly from [half, whole] of its step
// ("equal jitter", so that several waiters drift apart and none comes back at once).
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds cap) : first_(first), cap_(cap), step_(first) {}

  std::chrono::milliseconds Next();
  void Reset() { step_ = first_; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds cap_;
  std::chrono::milliseconds step_;
  absl::BitGen random_;
};

}  // namespace pgmoult::pg
