#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "boost/asio/cancellation_signal.hpp"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/io_context.hpp"
#include "fmt/format.h"
#include "pg/connection.h"
#include "pg/status.h"
#include "tests/support/database.h"

namespace pgmoult::tests {

// Runs a coroutine to its end on the calling thread. What it throws comes out here.
template <typename T>
T RunOn(boost::asio::io_context& context, pg::Awaitable<T> task) {
  std::optional<T> result;
  std::exception_ptr error;
  boost::asio::co_spawn(context, std::move(task), [&result, &error](std::exception_ptr thrown, T value) {
    error = std::move(thrown);
    result.emplace(std::move(value));
  });
  context.restart();
  context.run();
  if (error) {
    std::rethrow_exception(error);
  }
  return *std::move(result);
}

// The same on an io_context of its own: nothing that lives on it may outlast the coroutine.
template <typename T>
T RunSync(pg::Awaitable<T> task) {
  boost::asio::io_context context(1);
  return RunOn(context, std::move(task));
}

// A session with blocking calls. One statement may run in the background meanwhile, so that several sessions give any
// interleaving one wants:
//
//   Session a(database), b(database);
//   a.Exec("BEGIN"); a.Exec("LOCK TABLE t");
//   b.Start("INSERT INTO t VALUES (1)");
//   b.WaitUntilBlocked();
//   a.Exec("COMMIT");
//   ASSERT_TRUE(b.Finish().ok());
//
// What is not said to return a status throws std::runtime_error on failure, which fails the test. Statements have 60
// seconds, or what ConnectOptions says. Not thread safe.
class Session {
 public:
  explicit Session(const TestDatabase& database, const std::string& role = "");
  explicit Session(pg::ConnectOptions options);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  // Abandons a statement that still runs.
  ~Session();

  // One or several statements without parameters; the last one's result.
  pg::Result Exec(const std::string& sql);
  absl::StatusOr<pg::Result> Try(std::string sql);
  // One statement with parameters.
  pg::Result Exec(const std::string& sql, pg::Params params);
  absl::StatusOr<pg::Result> Try(std::string sql, pg::Params params);

  // The value of a statement that gives one row with one column; for the types see pg::Result.
  template <typename T>
  T Scalar(const std::string& sql) {
    absl::StatusOr<T> value = Exec(sql).template Scalar<T>();
    if (!value.ok()) {
      throw std::runtime_error(fmt::format("{}: {}", sql, pg::Describe(value.status())));
    }
    return *std::move(value);
  }

  // Runs the statements in the background, until Finish(). No other call but backend_pid(), WaitUntilBlocked() and
  // running() in between.
  void Start(std::string sql);
  absl::StatusOr<pg::Result> Finish();
  // Between Start() and Finish().
  bool running() const { return thread_.joinable(); }
  // Returns when this session waits for a lock; throws where it does not within 20 seconds.
  void WaitUntilBlocked();
  // Cancels the coroutine of the statement in the background. The session is unusable afterwards.
  void CancelStarted();

  // Runs any coroutine on this session's io_context.
  template <typename T>
  T Run(pg::Awaitable<T> task) {
    CheckIdle();
    return RunOn(context_, std::move(task));
  }

  pg::Connection& connection() { return *connection_; }
  int backend_pid() const { return connection_->backend_pid(); }

 private:
  void CheckIdle() const;

  pg::ConnectOptions options_;
  boost::asio::io_context context_{1};
  std::unique_ptr<pg::Connection> connection_;
  std::unique_ptr<Session> observer_;  // looks at this one from outside; made when first needed
  std::thread thread_;
  boost::asio::cancellation_signal cancel_;  // touched by thread_ only, while that runs
  absl::StatusOr<pg::Result> finished_;
};

// True when this backend is waiting for a lock now.
bool IsBlocked(Session& observer, int backend_pid);

}  // namespace pgmoult::tests
