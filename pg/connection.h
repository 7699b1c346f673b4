#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boost/asio/awaitable.hpp"
#include "boost/asio/posix/stream_descriptor.hpp"
#include "boost/asio/steady_timer.hpp"
#include "fmt/format.h"
#include "pg/deadline.h"
#include "pg/result.h"

struct pg_conn;
struct pg_result;

namespace pgmoult::pg {

template <typename T>
using Awaitable = boost::asio::awaitable<T>;

// A statement parameter in text form, or NULL. The server infers its type.
class Param {
 public:
  Param(std::nullopt_t) {}                                            // NOLINT: implicit on purpose
  Param(std::string text) : text_(std::move(text)) {}                 // NOLINT
  Param(const char* text) : text_(text) {}                            // NOLINT
  Param(std::string_view text) : text_(std::string(text)) {}          // NOLINT
  Param(std::optional<std::string> text) : text_(std::move(text)) {}  // NOLINT
  Param(bool value) : text_(value ? "true" : "false") {}              // NOLINT
  template <typename T>
    requires std::is_arithmetic_v<T>
  Param(T value) : text_(fmt::format("{}", value)) {}  // NOLINT

  const char* c_str() const { return text_ ? text_->c_str() : nullptr; }

 private:
  std::optional<std::string> text_;
};
using Params = std::vector<Param>;

struct Statement {
  std::string sql;
  Params params = {};
};

struct Notification {
  std::string channel;
  std::string payload;
  int pid = 0;  // backend that sent it
};

struct ConnectOptions {
  // libpq connection keywords (host, port, dbname, user, …; dbname may be a conninfo string or URI). Empty values and
  // missing keywords take libpq's defaults: environment, service file, .pgpass.
  std::vector<std::pair<std::string, std::string>> keywords = {};
  // Server settings, sent in the start-up packet, so that they hold from the first statement on and after RESET ALL.
  std::vector<std::pair<std::string, std::string>> settings = {};
  // Limit for calls that are given no deadline of their own, and for connecting.
  std::chrono::milliseconds default_timeout{60'000};
  // Called for every NOTICE and WARNING; must not throw. Empty: they are dropped.
  std::function<void(std::string_view severity, std::string_view message)> on_notice = {};
};

// One session. All operations are coroutines on the executor given to Connect(); one operation at a time. Not thread
// safe: one thread, one io_context.
//
// After an operation has returned a status for which usable() is false (connection lost, deadline passed, cancelled in
// the middle), the session can only be destroyed; the server notices by its client_connection_check_interval, which
// Connect() sets, and ends what was running. A server error leaves it usable, unless it is FATAL (IsConnectionLost()).
//
// Cancellation by Asio's slots makes the operation under way, and every later one of the same coroutine thread, return
// a Cancelled status; nothing is thrown. What has not begun by then, or by its deadline, is not sent at all and leaves
// the session usable.
class Connection {
 public:
  // Errors: what the server said (wrong password, unknown database …), with its SQLSTATE; FailedPrecondition for a
  // server of a version that CheckServerVersion() does not let pass; else ConnectionLost (no server there, unknown
  // host), DeadlineExceeded, Cancelled.
  static Awaitable<absl::StatusOr<std::unique_ptr<Connection>>> Connect(ConnectOptions options);

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // One statement by the extended protocol.
  Awaitable<absl::StatusOr<Result>> Query(std::string sql, Params params = {},
                                          std::optional<Deadline> deadline = std::nullopt);
  // Several statements by the simple protocol, without parameters; the last one's result. Without BEGIN they are one
  // transaction.
  Awaitable<absl::StatusOr<Result>> Script(std::string sql, std::optional<Deadline> deadline = std::nullopt);
  Awaitable<absl::Status> Prepare(std::string name, std::string sql, std::optional<Deadline> deadline = std::nullopt);
  Awaitable<absl::StatusOr<Result>> QueryPrepared(std::string name, Params params = {},
                                                  std::optional<Deadline> deadline = std::nullopt);
  // All statements in one round trip, one result each. The first that fails ends it: later ones do not run, and its
  // error is returned. Outside a BEGIN they are one implicit transaction.
  Awaitable<absl::StatusOr<std::vector<Result>>> Pipeline(std::vector<Statement> statements,
                                                          std::optional<Deadline> deadline = std::nullopt);

  // `COPY … TO STDOUT`: feeds the sink with what arrives, message by message; returns the number of rows. A sink that
  // returns an error ends the copy with it (the rest is read and dropped).
  Awaitable<absl::StatusOr<int64_t>> CopyOut(std::string sql, absl::FunctionRef<absl::Status(std::string_view)> sink,
                                             std::optional<Deadline> deadline = std::nullopt);
  // `COPY … FROM STDIN`: calls the source until it returns an empty string; returns the number of rows.
  Awaitable<absl::StatusOr<int64_t>> CopyIn(std::string sql, absl::FunctionRef<absl::StatusOr<std::string>()> source,
                                            std::optional<Deadline> deadline = std::nullopt);

  // Waits for the next notification of a channel this session listens on. DeadlineExceeded and Cancelled leave the
  // session usable.
  // Also the way to watch an idle session: returns ConnectionLost as soon as the server closes it.
  Awaitable<absl::StatusOr<Notification>> WaitNotification(Deadline deadline);

  // Sends COMMIT. A connection lost before the answer arrives gives OutcomeUnknown.
  Awaitable<absl::Status> Commit();
  // Rolls back where a transaction is open; OK where none is, or the session is lost (the server rolls back).
  Awaitable<absl::Status> Rollback();

  bool usable() const { return usable_; }
  bool in_transaction() const;
  int backend_pid() const;
  int server_version() const;  // e.g. 150020
  // A parameter the server reported at connect or since, e.g. "standard_conforming_strings"; "" where unknown.
  std::string parameter(const std::string& name) const;

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  using Executor = boost::asio::any_io_executor;

  Connection(const Executor& executor, ConnectOptions options);

  enum class Settings { kAll, kNone };
  Awaitable<absl::Status> Start(Settings which);
  Awaitable<absl::Status> Wait(bool read, bool write, Deadline deadline);
  Awaitable<absl::Status> Flush(Deadline deadline);
  // The next PGresult, or a null handle when the statement is over.
  Awaitable<absl::StatusOr<Result::Handle>> NextResult(Deadline deadline);
  // Reads results to the end of the statement; the last one, or the first error.
  Awaitable<absl::StatusOr<Result>> FinishStatement(Deadline deadline);
  Awaitable<absl::Status> Drain(Deadline deadline);
  // Begins a COPY in the direction of PGRES_COPY_OUT or PGRES_COPY_IN.
  Awaitable<absl::Status> StartCopy(const std::string& sql, int direction, Deadline deadline);
  void GiveUp();
  absl::Status Lost(std::string_view during);
  // Why the connection was not made.
  absl::Status Refused();
  void OnNotice(const pg_result* notice);
  absl::Status SendFailed(std::string_view during);
  absl::Status CheckUsable() const;
  // Whether a statement may be begun: the session is there, the coroutine is not cancelled, time is left.
  Awaitable<absl::Status> CheckReady(Deadline deadline);
  Deadline Effective(std::optional<Deadline> deadline) const;

  ConnectOptions options_;
  std::unique_ptr<pg_conn, Finish> connection_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer timer_;
  bool usable_ = false;
  std::string last_words_;  // of a server that ended the session
};

// Runs `body` between BEGIN and COMMIT: `begin` is the whole statement ("BEGIN ISOLATION LEVEL REPEATABLE READ"). Rolls
// back when body fails and returns its error. The body is not started before BEGIN has succeeded.
Awaitable<absl::Status> InTransaction(Connection& connection, std::string begin, Awaitable<absl::Status> body);

// The statements in one pipeline, each with `comment` before it; the first error ends it.
Awaitable<absl::Status> RunAll(Connection& connection, std::string comment, std::vector<std::string> statements);

// Ends the statement that backend `pid` is running, from another session.
Awaitable<absl::Status> CancelBackend(Connection& control, int pid);

}  // namespace pgmoult::pg
