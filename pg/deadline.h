#pragma once

#include <chrono>

namespace pgmoult::pg {

// A point on the steady clock by which an operation must have ended. Every operation of Connection takes one.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  static Deadline After(Clock::duration delay) { return Deadline(Clock::now() + delay); }
  // For statements whose length nobody can know (index builds). A dead peer is still noticed, by TCP keepalives.
  static Deadline Never() { return Deadline(Clock::time_point::max()); }

  Clock::time_point time() const { return time_; }
  bool never() const { return time_ == Clock::time_point::max(); }
  bool Expired() const { return !never() && Clock::now() >= time_; }

 private:
  explicit Deadline(Clock::time_point time) : time_(time) {}

  Clock::time_point time_;
};

}  // namespace pgmoult::pg
