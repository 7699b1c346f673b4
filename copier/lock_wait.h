#pragma once

#include <chrono>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boost/asio/awaitable.hpp"
#include "pg/backoff.h"
#include "pg/deadline.h"
#include "pg/status.h"
#include "pg/task_group.h"

namespace pgmoult::copier {

// How the workers of a run wait for what others have locked (a TRUNCATE that is not committed, an ALTER): by short
// tries with pauses in between, so that nobody queues behind them for long. One thread.
class LockWait {
 public:
  // What one operation may spend on all its tries; then it ends with what the last one met.
  explicit LockWait(std::chrono::milliseconds budget) : budget_(budget) {}

  // Operations that wait now, after a first try in vain.
  int waiting() const { return waiting_; }

  // Calls `attempt`, which returns an awaitable of an absl::Status or absl::StatusOr, until it ends with something else
  // than a lock that was not got. Each try has the session's own lock_timeout.
  template <typename Attempt>
  auto Run(Attempt attempt) -> decltype(attempt()) {
    auto result = co_await attempt();
    if (!IsLocked(result)) {
      co_return result;
    }
    ++waiting_;
    const absl::Cleanup done = [this] { --waiting_; };
    const pg::Deadline deadline = pg::Deadline::After(budget_);
    pg::Backoff backoff(std::chrono::milliseconds(20), std::chrono::milliseconds(2000));
    while (IsLocked(result) && !deadline.Expired()) {
      if (const absl::Status slept = co_await pg::SleepFor(backoff.Next()); !slept.ok()) {
        co_return slept;
      }
      result = co_await attempt();
    }
    co_return result;
  }

 private:
  static bool IsLocked(const absl::Status& status) { return pg::IsLockNotAvailable(status); }
  template <typename T>
  static bool IsLocked(const absl::StatusOr<T>& result) {
    return pg::IsLockNotAvailable(result.status());
  }

  std::chrono::milliseconds budget_;
  int waiting_ = 0;
};

}  // namespace pgmoult::copier
