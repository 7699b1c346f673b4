#include "pg/connection.h"

#include <libpq-fe.h>

#include <tuple>

#include "absl/cleanup/cleanup.h"
#include "boost/asio/as_tuple.hpp"
#include "boost/asio/cancellation_state.hpp"
#include "boost/asio/deferred.hpp"
#include "boost/asio/experimental/parallel_group.hpp"
#include "boost/asio/this_coro.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "fmt/format.h"
#include "pg/libpq_error.h"
#include "pg/status.h"
#include "pg/test_hooks.h"

namespace pgmoult::pg {

namespace asio = boost::asio;

namespace {

// libpq queues what PQputCopyData gets in our memory: flushed at least every so many bytes.
constexpr size_t kCopyFlushBytes = 64 * 1024;

struct ParamPointers {
  explicit ParamPointers(const Params& params) {
    values.reserve(params.size());
    for (const Param& param : params) {
      values.push_back(param.c_str());
    }
  }
  int size() const { return static_cast<int>(values.size()); }

  std::vector<const char*> values;
};

constexpr int kTextFormat = 0;

}  // namespace

void Connection::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }

Connection::Connection(const Executor& executor, ConnectOptions options)
    : options_(std::move(options)), socket_(executor), timer_(executor) {}

// libpq owns the descriptor: Asio must let go of it before PQfinish closes it.
Connection::~Connection() {
  if (socket_.is_open()) {
    socket_.release();
  }
}

// libpq closes the descriptor of a lost session at once, and its number may be another session's next moment: Asio must
// forget it now, not in our destructor.
void Connection::GiveUp() {
  usable_ = false;
  if (socket_.is_open()) {
    socket_.release();
  }
}

Deadline Connection::Effective(std::optional<Deadline> deadline) const {
  return deadline ? *deadline : Deadline::After(options_.default_timeout);
}

absl::Status Connection::CheckUsable() const {
  return usable_ ? absl::OkStatus() : ConnectionLost("the session had been lost before");
}

Awaitable<absl::Status> Connection::CheckReady(Deadline deadline) {
  CO_RETURN_IF_ERROR(CheckUsable());
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) {
    co_return absl::CancelledError("stopped on request");
  }
  co_return deadline.Expired() ? absl::DeadlineExceededError("no time was left to ask the server") : absl::OkStatus();
}

absl::Status Connection::Lost(std::string_view during) {
  GiveUp();
  std::string message = fmt::format("{}: {}", during, Trimmed(PQerrorMessage(connection_.get())));
  if (!last_words_.empty()) {
    message += fmt::format(" (the server said: {})", last_words_);
  }
  return ConnectionLost(message);
}

absl::Status Connection::SendFailed(std::string_view during) {
  if (PQstatus(connection_.get()) == CONNECTION_BAD) {
    return Lost(during);
  }
  GiveUp();
  return absl::InternalError(fmt::format("{}: {}", during, Trimmed(PQerrorMessage(connection_.get()))));
}

void Connection::OnNotice(const pg_result* notice) {
  const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
  const char* message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
  if (severity == nullptr || message == nullptr) {
    return;
  }
  // To an idle session libpq reports the server's farewell as a notice.
  if (std::string_view(severity) == "FATAL") {
    last_words_ = message;
  } else if (options_.on_notice) {
    options_.on_notice(severity, message);
  }
}

// The one function through which every wait passes.
Awaitable<absl::Status> Connection::Wait(bool read, bool write, Deadline deadline) {
  co_await asio::this_coro::throw_if_cancelled(false);
  auto state = co_await asio::this_coro::cancellation_state;
  bool timed_out = deadline.Expired();
  if (state.cancelled() == asio::cancellation_type::none && !timed_out) {
    timer_.expires_at(deadline.time());
    using asio::experimental::make_parallel_group;
    using asio::experimental::wait_for_one;
    constexpr auto kRead = asio::posix::stream_descriptor::wait_read;
    constexpr auto kWrite = asio::posix::stream_descriptor::wait_write;
    if (read && write) {
      const auto done =
          co_await make_parallel_group(timer_.async_wait(asio::deferred), socket_.async_wait(kRead, asio::deferred),
                                       socket_.async_wait(kWrite, asio::deferred))
              .async_wait(wait_for_one(), asio::use_awaitable);
      timed_out = std::get<0>(done)[0] == 0;
    } else {
      const auto done = co_await make_parallel_group(timer_.async_wait(asio::deferred),
                                                     socket_.async_wait(read ? kRead : kWrite, asio::deferred))
                            .async_wait(wait_for_one(), asio::use_awaitable);
      timed_out = std::get<0>(done)[0] == 0;
    }
    state = co_await asio::this_coro::cancellation_state;
  }
  if (state.cancelled() != asio::cancellation_type::none) {
    GiveUp();
    co_return absl::CancelledError("stopped on request");
  }
  if (timed_out) {
    GiveUp();
    co_return NoAnswer("the server did not answer in time");
  }
  co_return absl::OkStatus();
}

Awaitable<absl::Status> Connection::Flush(Deadline deadline) {
  for (;;) {
    const int left = PQflush(connection_.get());
    if (left == 0) {
      co_return absl::OkStatus();
    }
    if (left < 0) {
      // The server may have said why before it closed: what it sent is still to be read by NextResult().
      co_return PQstatus(connection_.get()) == CONNECTION_BAD ? Lost("sending") : absl::OkStatus();
    }
    // Both sides would block if we only wrote while the server only wrote.
    CO_RETURN_IF_ERROR(co_await Wait(/*read=*/true, /*write=*/true, deadline));
    if (PQconsumeInput(connection_.get()) == 0) {
      co_return Lost("sending");
    }
  }
}

Awaitable<absl::StatusOr<Result::Handle>> Connection::NextResult(Deadline deadline) {
  while (PQisBusy(connection_.get()) != 0) {
    CO_RETURN_IF_ERROR(co_await Wait(/*read=*/true, /*write=*/false, deadline));
    // A failure here is not returned at once: a FATAL message may have come before the end of the stream.
    if (PQconsumeInput(connection_.get()) == 0 && PQisBusy(connection_.get()) != 0) {
      co_return Lost("reading");
    }
  }
  Result::Handle result(PQgetResult(connection_.get()));
  if (PQstatus(connection_.get()) == CONNECTION_BAD) {
    GiveUp();
    if (result != nullptr && PQresultStatus(result.get()) == PGRES_FATAL_ERROR) {
      co_return ResultError(result.get());
    }
    co_return Lost("reading");
  }
  co_return result;
}

Awaitable<absl::StatusOr<Result>> Connection::FinishStatement(Deadline deadline) {
  absl::Status error;
  Result::Handle last;
  for (;;) {
    absl::StatusOr<Result::Handle> next = co_await NextResult(deadline);
    if (!next.ok()) {
      // A FATAL error says more than the end of the stream that follows it.
      co_return error.ok() ? next.status() : error;
    }
    Result::Handle result = *std::move(next);
    if (result == nullptr) {
      break;
    }
    switch (PQresultStatus(result.get())) {
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK:
      case PGRES_EMPTY_QUERY:
        last = std::move(result);
        break;
      case PGRES_FATAL_ERROR:
        if (error.ok()) {
          error = ResultError(result.get());
        }
        break;
      default:
        GiveUp();
        co_return absl::InternalError(
            fmt::format("unexpected {} (use CopyOut, CopyIn or Pipeline)", PQresStatus(PQresultStatus(result.get()))));
    }
  }
  if (!error.ok()) {
    co_return error;
  }
  if (last == nullptr) {
    co_return Lost("no result");
  }
  co_return Result(std::move(last));
}

Awaitable<absl::StatusOr<Result>> Connection::Query(std::string sql, Params params, std::optional<Deadline> deadline) {
  const Deadline effective = Effective(deadline);
  CO_RETURN_IF_ERROR(co_await CheckReady(effective));
  PassStatementHook(sql);
  const ParamPointers pointers(params);
  if (PQsendQueryParams(connection_.get(), sql.c_str(), pointers.size(), nullptr, pointers.values.data(), nullptr,
                        nullptr, kTextFormat) == 0) {
    co_return SendFailed("sending a statement");
  }
  CO_RETURN_IF_ERROR(co_await Flush(effective));
  co_return co_await FinishStatement(effective);
}

Awaitable<absl::StatusOr<Result>> Connection::Script(std::string sql, std::optional<Deadline> deadline) {
  const Deadline effective = Effective(deadline);
  CO_RETURN_IF_ERROR(co_await CheckReady(effective));
  PassStatementHook(sql);
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0) {
    co_return SendFailed("sending a script");
  }
  CO_RETURN_IF_ERROR(co_await Flush(effective));
  co_return co_await FinishStatement(effective);
}

Awaitable<absl::Status> Connection::Prepare(std::string name, std::string sql, std::optional<Deadline> deadline) {
  const Deadline effective = Effective(deadline);
  CO_RETURN_IF_ERROR(co_await CheckReady(effective));
  PassStatementHook(sql);
  if (PQsendPrepare(connection_.get(), name.c_str(), sql.c_str(), 0, nullptr) == 0) {
    co_return SendFailed("preparing a statement");
  }
  CO_RETURN_IF_ERROR(co_await Flush(effective));
  co_return (co_await FinishStatement(effective)).status();
}

Awaitable<absl::StatusOr<Result>> Connection::QueryPrepared(std::string name, Params params,
                                                            std::optional<Deadline> deadline) {
  const Deadline effective = Effective(deadline);
  CO_RETURN_IF_ERROR(co_await CheckReady(effective));
  const ParamPointers pointers(params);
  if (PQsendQueryPrepared(connection_.get(), name.c_str(), pointers.size(), pointers.values.data(), nullptr, nullptr,
                          kTextFormat) == 0) {
    co_return SendFailed("running a prepared statement");
  }
  CO_RETURN_IF_ERROR(co_await Flush(effective));
  co_return co_await FinishStatement(effective);
}

Awaitable<absl::StatusOr<std::vector<Result>>> Connection::Pipeline(std::vector<Statement> statements,
                                                                    std::optional<Deadline> deadline) {
  const Deadline effective = Effective(deadline);
  CO_RETURN_IF_ERROR(co_await CheckReady(effective));
  if (PQenterPipelineMode(connection_.get()) == 0) {
    co_return SendFailed("starting a pipeline");
  }
  for (Statement& statement : statements) {
    PassStatementHook(statement.sql);
    const ParamPointers pointers(statement.params);
    if (PQsendQueryParams(connection_.get(), statement.sql.c_str(), pointers.size(), nullptr, pointers.values.data(),
                          nullptr, nullptr, kTextFormat) == 0) {
      co_return SendFailed("sending a pipeline");
    }
  }
  if (PQpipelineSync(connection_.get()) == 0) {
    co_return SendFailed("sending a pipeline");
  }
  CO_RETURN_IF_ERROR(co_await Flush(effective));
  absl::Status error;
  std::vector<Result> results;
  // A statement's results end with a null handle, the pipeline with PGRES_PIPELINE_SYNC. A dying server never sends
  // that: NextResult() then reports the loss.
  for (bool synced = false; !synced;) {
    absl::StatusOr<Result::Handle> next = co_await NextResult(effective);
    if (!next.ok()) {
      co_return error.ok() ? next.status() : error;
    }
    Result::Handle result = *std::move(next);
    if (result == nullptr) {
      continue;
    }
    switch (PQresultStatus(result.get())) {
      case PGRES_PIPELINE_SYNC:
        synced = true;
        break;
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK:
      case PGRES_EMPTY_QUERY:
        results.emplace_back(std::move(result));
        break;
      case PGRES_FATAL_ERROR:
        if (error.ok()) {
          error = ResultError(result.get());
        }
        break;
      case PGRES_PIPELINE_ABORTED:
        break;
      default:
        GiveUp();
        co_return absl::InternalError(
            fmt::format("unexpected {} in a pipeline", PQresStatus(PQresultStatus(result.get()))));
    }
  }
  if (PQexitPipelineMode(connection_.get()) == 0) {
    co_return SendFailed("ending a pipeline");
  }
  if (!error.ok()) {
    co_return error;
  }
  co_return results;
}

Awaitable<absl::Status> Connection::StartCopy(const std::string& sql, int direction, Deadline deadline) {
  if (PQsendQueryParams(connection_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, kTextFormat) == 0) {
    co_return SendFailed("starting a COPY");
  }
  CO_RETURN_IF_ERROR(co_await Flush(deadline));
  CO_ASSIGN_OR_RETURN(const Result::Handle start, co_await NextResult(deadline));
  if (start != nullptr && PQresultStatus(start.get()) == direction) {
    co_return absl::OkStatus();
  }
  const char* const wanted = direction == PGRES_COPY_OUT ? "TO STDOUT" : "FROM STDIN";
  absl::Status error = absl::InternalError(fmt::format("the statement is no COPY {}", wanted));
  if (start != nullptr && PQresultStatus(start.get()) == PGRES_FATAL_ERROR) {
    error = ResultError(start.get());
  }
  const absl::Status drained = co_await Drain(deadline);
  co_return drained.ok() ? error : drained;
}

Awaitable<absl::StatusOr<int64_t>> Connection::CopyOut(std::string sql,
                                                       absl::FunctionRef<absl::Status(std::string_view)> sink,
                                                       std::optional<Deadline> deadline) {
  const Deadline effective = Effective(deadline);
  CO_RETURN_IF_ERROR(co_await CheckReady(effective));
  PassStatementHook(sql);
  CO_RETURN_IF_ERROR(co_await StartCopy(sql, PGRES_COPY_OUT, effective));
  absl::Status sink_error;
  for (;;) {
    char* buffer = nullptr;
    const int length = PQgetCopyData(connection_.get(), &buffer, /*async=*/1);
    const absl::Cleanup free_buffer = [&buffer] { PQfreemem(buffer); };
    if (length > 0) {
      if (sink_error.ok()) {
        sink_error = sink(std::string_view(buffer, static_cast<size_t>(length)));
      }
    } else if (length == 0) {
      CO_RETURN_IF_ERROR(co_await Wait(/*read=*/true, /*write=*/false, effective));
      if (PQconsumeInput(connection_.get()) == 0) {
        co_return Lost("reading a COPY");
      }
    } else {
      break;  // -1: ended; -2: failed. Either way the result that follows says how.
    }
  }
  CO_ASSIGN_OR_RETURN(const Result result, co_await FinishStatement(effective));
  CO_RETURN_IF_ERROR(sink_error);
  co_return result.affected();
}

Awaitable<absl::StatusOr<int64_t>> Connection::CopyIn(std::string sql,
                                                      absl::FunctionRef<absl::StatusOr<std::string>()> source,
                                                      std::optional<Deadline> deadline) {
  const Deadline effective = Effective(deadline);
  CO_RETURN_IF_ERROR(co_await CheckReady(effective));
  PassStatementHook(sql);
  CO_RETURN_IF_ERROR(co_await StartCopy(sql, PGRES_COPY_IN, effective));
  absl::Status source_error;
  size_t queued = 0;
  for (;;) {
    absl::StatusOr<std::string> piece = source();
    if (!piece.ok()) {
      source_error = piece.status();
      break;
    }
    if (piece->empty()) {
      break;
    }
    if (PQputCopyData(connection_.get(), piece->data(), static_cast<int>(piece->size())) != 1) {
      break;  // The server has ended the COPY, or is gone: the result says which.
    }
    queued += piece->size();
    if (queued >= kCopyFlushBytes) {
      CO_RETURN_IF_ERROR(co_await Flush(effective));
      queued = 0;
    }
  }
  if (PQputCopyEnd(connection_.get(), source_error.ok() ? nullptr : "stopped by the sender") != 1 &&
      PQstatus(connection_.get()) == CONNECTION_BAD) {
    co_return Lost("ending a COPY");
  }
  CO_RETURN_IF_ERROR(co_await Flush(effective));
  absl::StatusOr<Result> result = co_await FinishStatement(effective);
  CO_RETURN_IF_ERROR(source_error);
  CO_RETURN_IF_ERROR(result.status());
  co_return result->affected();
}

Awaitable<absl::Status> Connection::Drain(Deadline deadline) {
  for (;;) {
    CO_ASSIGN_OR_RETURN(const Result::Handle result, co_await NextResult(deadline));
    if (result == nullptr) {
      co_return absl::OkStatus();
    }
  }
}

Awaitable<absl::StatusOr<Notification>> Connection::WaitNotification(Deadline deadline) {
  CO_RETURN_IF_ERROR(CheckUsable());
  for (;;) {
    PGnotify* raw = PQnotifies(connection_.get());
    if (raw != nullptr) {
      Notification notification{.channel = raw->relname, .payload = raw->extra, .pid = raw->be_pid};
      PQfreemem(raw);
      co_return notification;
    }
    const absl::Status waited = co_await Wait(/*read=*/true, /*write=*/false, deadline);
    if (!waited.ok()) {
      // Nothing was under way: the deadline passed, or the watch was called off.
      usable_ = true;
      socket_.assign(PQsocket(connection_.get()));
    }
    CO_RETURN_IF_ERROR(waited);
    if (PQconsumeInput(connection_.get()) == 0) {
      co_return Lost("waiting for a notification");
    }
    // An idle session that is terminated gets an unasked-for FATAL message, which only reading a result brings out.
    if (PQstatus(connection_.get()) == CONNECTION_BAD) {
      co_return Lost("waiting for a notification");
    }
  }
}

Awaitable<absl::Status> Connection::Commit() {
  // What fails here was never sent, so its outcome is known.
  CO_RETURN_IF_ERROR(co_await CheckReady(Effective(std::nullopt)));
  const absl::StatusOr<Result> result = co_await Query("COMMIT");
  if (result.ok()) {
    // COMMIT of a failed transaction is answered by ROLLBACK, without an error.
    co_return result->command() == "COMMIT" ? absl::OkStatus()
                                            : absl::AbortedError("the transaction had failed and was rolled back");
  }
  const absl::Status& status = result.status();
  if (!usable_) {
    co_return OutcomeUnknown(fmt::format("COMMIT was sent and its answer did not arrive: {}", Describe(status)));
  }
  co_return status;
}

Awaitable<absl::Status> Connection::Rollback() {
  if (!usable_ || !in_transaction()) {
    co_return absl::OkStatus();
  }
  const absl::Status status = (co_await Query("ROLLBACK")).status();
  if (absl::IsCancelled(status) && SqlState(status).empty()) {
    // A cancelled coroutine cannot talk to the server any more. Giving up the session rolls back as well.
    GiveUp();
  }
  co_return usable_ ? status : absl::OkStatus();
}

bool Connection::in_transaction() const {
  return connection_ != nullptr && PQtransactionStatus(connection_.get()) != PQTRANS_IDLE;
}

int Connection::backend_pid() const { return PQbackendPID(connection_.get()); }
int Connection::server_version() const { return PQserverVersion(connection_.get()); }

std::string Connection::parameter(const std::string& name) const {
  const char* value = PQparameterStatus(connection_.get(), name.c_str());
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace pgmoult::pg
