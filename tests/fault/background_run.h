#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/post.hpp"
#include "engine/run.h"
#include "gtest/gtest.h"
#include "pg/status.h"
#include "tests/support/change.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"

namespace pgmoult::tests {

// A run of the engine on a thread of its own, so that the test can act meanwhile. Calls from the test's thread only.
// The destructor stops a run that has not ended: the database must outlive it.
class BackgroundRun {
 public:
  // A new run of a statement (or a table's name, for a rebuild).
  BackgroundRun(const engine::Target& target, const std::string& statement, const engine::RunOptions& options)
      : BackgroundRun(
            [target, change = Parsed(statement), options](engine::Observer observer, const engine::StopRequest& stop) {
              return engine::RunMigration(target, change, options, std::move(observer), stop);
            }) {}
  // Reverts a migration's swap, or takes a revert up.
  static std::unique_ptr<BackgroundRun> Revert(const engine::Target& target, int64_t id) {
    return std::unique_ptr<BackgroundRun>(
        new BackgroundRun([target, id](engine::Observer observer, const engine::StopRequest& stop) {
          return engine::RevertMigration(target, id, std::move(observer), stop);
        }));
  }
  // Resumes a migration.
  BackgroundRun(const engine::Target& target, int64_t id)
      : BackgroundRun([target, id](engine::Observer observer, const engine::StopRequest& stop) {
          return engine::ResumeMigration(target, id, std::move(observer), stop);
        }) {}
  BackgroundRun(const BackgroundRun&) = delete;
  BackgroundRun& operator=(const BackgroundRun&) = delete;
  ~BackgroundRun() {
    Stop();
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  // As the first Ctrl-C does.
  void Stop() {
    boost::asio::post(context_, [this] { stop_.Stop(); });
  }
  bool ended() const { return ended_; }
  // Waits for the end. A run that does not end is stopped, and the test fails.
  absl::StatusOr<engine::RunReport> Finish() {
    if (!Eventually([this] { return ended(); }, std::chrono::seconds(60))) {
      ADD_FAILURE() << "the run does not end; it is in stage " << engine::StageName(progress().stage) << ", "
                    << progress().doing << ", " << progress().waiting;
      Stop();
    }
    if (thread_.joinable()) {
      thread_.join();
    }
    return result_;
  }

  engine::Progress progress() const {
    const std::scoped_lock lock(mutex_);
    return progress_;
  }
  // The texts of all events of a kind so far.
  std::vector<std::string> Events(std::string_view kind) const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> texts;
    for (const auto& [event_kind, text] : events_) {
      if (event_kind == kind) {
        texts.push_back(text);
      }
    }
    return texts;
  }
  bool SawEvent(std::string_view kind, std::string_view text = "") const {
    for (const std::string& seen : Events(kind)) {
      if (seen.find(text) != std::string::npos) {
        return true;
      }
    }
    return false;
  }
  // Until the event has come; false where the run ended without it.
  bool WaitForEvent(std::string_view kind, std::string_view text = "") const {
    return Eventually([&] { return SawEvent(kind, text) || ended(); }, std::chrono::seconds(60)) &&
           SawEvent(kind, text);
  }
  bool WaitForWaiting(std::string_view text) const {
    return Eventually([&] { return progress().waiting.find(text) != std::string::npos || ended(); }) && !ended();
  }

 private:
  using Start =
      std::function<pg::Awaitable<absl::StatusOr<engine::RunReport>>(engine::Observer, const engine::StopRequest&)>;

  explicit BackgroundRun(const Start& start) {
    engine::Observer observer;
    observer.on_progress = [this](const engine::Progress& progress) {
      const std::scoped_lock lock(mutex_);
      progress_ = progress;
    };
    observer.on_event = [this](std::string_view kind, const std::string& text, const boost::json::value& /*facts*/) {
      const std::scoped_lock lock(mutex_);
      events_.emplace_back(kind, text);
    };
    thread_ = std::thread([this, start, observer] {
      try {
        result_ = RunOn(context_, start(observer, stop_));
      } catch (const std::exception& error) {
        result_ = absl::InternalError(error.what());
      }
      ended_ = true;
    });
  }

  boost::asio::io_context context_{1};
  engine::StopRequest stop_;
  mutable std::mutex mutex_;
  engine::Progress progress_;                                // guarded by mutex_
  std::vector<std::pair<std::string, std::string>> events_;  // guarded by mutex_
  absl::StatusOr<engine::RunReport> result_ = absl::UnknownError("the run has not ended");
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

}  // namespace pgmoult::tests
