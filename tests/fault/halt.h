#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "pg/test_hooks.h"
#include "tests/fault/background_run.h"
#include "tests/support/eventually.h"

namespace pgmoult::tests {

// Holds the run where it is at a point for the first time.
class Halt {
 public:
  explicit Halt(std::string point) {
    pg::SetPointHook([this, point = std::move(point)](std::string_view passed) {
      std::unique_lock lock(mutex_);
      if (passed == point && !reached_) {
        reached_ = true;
        changed_.wait(lock, [this] { return released_; });
      }
    });
  }
  Halt(const Halt&) = delete;
  Halt& operator=(const Halt&) = delete;
  // The run has ended by then.
  ~Halt() { pg::SetPointHook({}); }

  // Until the run stands there; throws where it ends without.
  void WaitUntilReached(const BackgroundRun& run) {
    const auto reached = [this] {
      const std::scoped_lock lock(mutex_);
      return reached_;
    };
    Eventually([&] { return reached() || run.ended(); }, std::chrono::seconds(40));
    if (!reached()) {
      throw std::runtime_error("the run has not come to the point");
    }
  }
  void Release() {
    const std::scoped_lock lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool reached_ = false;
  bool released_ = false;
};

}  // namespace pgmoult::tests
