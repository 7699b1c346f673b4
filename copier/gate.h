#pragma once

#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "boost/asio/awaitable.hpp"
#include "pg/task_group.h"

namespace pgmoult::copier {

// Where every worker passes before each chunk or round: the one place that an operator, or a throttle, can stop them.
// Nothing in a transaction ever waits here. One thread.
class Gate {
 public:
  // Stops the workers at their next pass; the reason is shown to people ("paused by alice").
  void Close(std::string reason);
  void Open();
  // The run is to end in order: Pass() returns Cancelled from now on, open or closed.
  void Stop();

  bool closed() const { return closed_; }
  bool stopping() const { return stopping_; }
  const std::string& reason() const { return reason_; }
  // Time spent closed so far.
  std::chrono::steady_clock::duration closed_time() const;

  boost::asio::awaitable<absl::Status> Pass();

 private:
  pg::Event changed_;
  bool closed_ = false;
  bool stopping_ = false;
  std::string reason_;
  std::chrono::steady_clock::time_point closed_since_;
  std::chrono::steady_clock::duration closed_before_{};
};

}  // namespace pgmoult::copier
