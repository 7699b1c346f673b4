#include "tests/support/run.h"

#include "boost/asio/bind_cancellation_slot.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/this_coro.hpp"
#include "tests/support/eventually.h"

namespace pgmoult::tests {

namespace asio = boost::asio;

namespace {

pg::Result Must(const std::string& sql, absl::StatusOr<pg::Result> result) {
  if (!result.ok()) {
    throw std::runtime_error(fmt::format("{}: {}", sql, pg::Describe(result.status())));
  }
  return *std::move(result);
}

pg::Awaitable<absl::StatusOr<pg::Result>> RunScript(pg::Connection& connection, std::string sql) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_return co_await connection.Script(std::move(sql));
}

}  // namespace

bool IsBlocked(Session& observer, int backend_pid) {
  const pg::Result blocked = observer.Exec(
      "SELECT pg_catalog.cardinality(pg_catalog.pg_blocking_pids($1::pg_catalog.int4)) > 0", {pg::Param(backend_pid)});
  return blocked.Scalar<bool>().value_or(false);
}

Session::Session(const TestDatabase& database, const std::string& role) : Session(database.Options(role)) {}

Session::Session(pg::ConnectOptions options) : options_(std::move(options)) {
  auto connected = RunOn(context_, pg::Connection::Connect(options_));
  if (!connected.ok()) {
    throw std::runtime_error("cannot connect: " + pg::Describe(connected.status()));
  }
  connection_ = *std::move(connected);
}

Session::~Session() {
  if (running()) {
    CancelStarted();
    thread_.join();
  }
}

void Session::CheckIdle() const {
  if (running()) {
    throw std::logic_error("a statement runs in the background: call Finish() first");
  }
}

absl::StatusOr<pg::Result> Session::Try(std::string sql) { return Run(connection_->Script(std::move(sql))); }

pg::Result Session::Exec(const std::string& sql) { return Must(sql, Try(sql)); }

absl::StatusOr<pg::Result> Session::Try(std::string sql, pg::Params params) {
  return Run(connection_->Query(std::move(sql), std::move(params)));
}

pg::Result Session::Exec(const std::string& sql, pg::Params params) { return Must(sql, Try(sql, std::move(params))); }

void Session::Start(std::string sql) {
  CheckIdle();
  asio::co_spawn(context_, RunScript(*connection_, std::move(sql)),
                 asio::bind_cancellation_slot(
                     cancel_.slot(), [this](const std::exception_ptr& thrown, absl::StatusOr<pg::Result> result) {
                       finished_ = thrown ? absl::InternalError("the statement threw") : std::move(result);
                     }));
  context_.restart();
  thread_ = std::thread([this] { context_.run(); });
}

absl::StatusOr<pg::Result> Session::Finish() {
  if (!running()) {
    throw std::logic_error("Finish() without Start()");
  }
  thread_.join();
  // A cancellation that came too late must not hit the next statement.
  context_.restart();
  context_.poll();
  return std::exchange(finished_, absl::UnknownError("already fetched"));
}

void Session::CancelStarted() {
  asio::post(context_, [this] { cancel_.emit(asio::cancellation_type::terminal); });
}

void Session::WaitUntilBlocked() {
  if (observer_ == nullptr) {
    observer_ = std::make_unique<Session>(options_);
  }
  if (!Eventually([this] { return IsBlocked(*observer_, backend_pid()); })) {
    throw std::runtime_error(fmt::format("backend {} waits for no lock", backend_pid()));
  }
}

}  // namespace pgmoult::tests
