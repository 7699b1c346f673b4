#pragma once

#include <chrono>
#include <list>
#include <memory>

#include "absl/status/status.h"
#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/awaitable.hpp"
#include "boost/asio/cancellation_signal.hpp"
#include "boost/asio/steady_timer.hpp"

namespace pgmoult::pg {

// Coroutines that live and fail together: the first that ends with an error cancels all others, and Join() returns that
// error once every one has ended. Nothing outlives the group: Join() must be awaited before it is destroyed. One
// thread.
class TaskGroup {
 public:
  explicit TaskGroup(boost::asio::any_io_executor executor);
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  void Spawn(boost::asio::awaitable<absl::Status> task);
  // Asks every task to end; those that do return Cancelled, which is not reported as an error of the group.
  void Cancel();
  // Waits for all tasks; the first error, or OK. If the awaiting coroutine is cancelled, so are the tasks, and the
  // result is Cancelled.
  boost::asio::awaitable<absl::Status> Join();

  int running() const { return running_; }

 private:
  void OnDone(absl::Status status);

  boost::asio::any_io_executor executor_;
  boost::asio::steady_timer done_;  // never expires; cancelled to wake Join()
  std::list<boost::asio::cancellation_signal> signals_;
  int running_ = 0;
  bool cancelled_ = false;
  absl::Status first_error_;
};

// Runs `main` with `background` beside it; background is cancelled when main ends. Main's status, Cancelled included;
// where background fails first, main is cancelled and background's error is the result.
boost::asio::awaitable<absl::Status> WithBackground(boost::asio::awaitable<absl::Status> main,
                                                    boost::asio::awaitable<absl::Status> background);

// Waits; Cancelled where the coroutine is cancelled meanwhile.
boost::asio::awaitable<absl::Status> SleepFor(std::chrono::steady_clock::duration delay);

// True once the running coroutine thread has been cancelled.
boost::asio::awaitable<bool> IsCancelled();

// A condition that coroutines of one thread wait for: Notify() wakes all that wait now.
class Event {
 public:
  void Notify();
  // Returns at the next Notify(), or when `delay` has passed without one; Cancelled where the coroutine is cancelled.
  boost::asio::awaitable<absl::Status> WaitFor(std::chrono::steady_clock::duration delay);

 private:
  std::list<boost::asio::steady_timer*> waiters_;
};

}  // namespace pgmoult::pg
