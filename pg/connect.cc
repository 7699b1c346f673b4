// How a session begins.

#include <libpq-fe.h>

#include "boost/asio/this_coro.hpp"
#include "fmt/format.h"
#include "pg/connection.h"
#include "pg/libpq_error.h"
#include "pg/macros.h"
#include "pg/server_version.h"
#include "pg/status.h"

namespace pgmoult::pg {

namespace asio = boost::asio;

namespace {

// How often the server looks whether we are still there while it runs a statement of ours: an abandoned index build
// ends within this time of our death.
constexpr char kClientCheckMs[] = "1000";

// "-c name=value". The server's option parser ends a value at white space of its own locale, any byte beyond ASCII
// included, and takes every byte after a backslash as it is.
std::string OptionText(const std::vector<std::pair<std::string, std::string>>& settings) {
  std::string out;
  for (const auto& [name, value] : settings) {
    out += fmt::format("{}-c {}=", out.empty() ? "" : " ", name);
    for (const char c : value) {
      const bool plain = c > ' ' && c < '\x7f' && c != '\\';
      if (!plain) {
        out += '\\';
      }
      out += c;
    }
  }
  return out;
}

constexpr char kUndefinedObject[] = "42704";  // also: a setting that the server does not know

}  // namespace

absl::Status Connection::Refused() {
  const std::optional<ServerErrorFields> fields = RefusalIn(PQerrorMessage(connection_.get()));
  return fields ? Annotate(ServerError(*fields), "cannot connect") : Lost("cannot connect");
}

Awaitable<absl::StatusOr<std::unique_ptr<Connection>>> Connection::Connect(ConnectOptions options) {
  const Executor executor = co_await asio::this_coro::executor;
  std::unique_ptr<Connection> connection(new Connection(executor, options));
  const absl::Status started = co_await connection->Start(Settings::kAll);
  if (SqlState(started) == kUndefinedObject) {
    // A server too old for our settings turns a session away before it has told its version: it is asked without them.
    connection.reset(new Connection(executor, std::move(options)));
    CO_RETURN_IF_ERROR(co_await connection->Start(Settings::kNone));
  }
  if (connection->usable()) {
    CO_RETURN_IF_ERROR(CheckServerVersion(connection->server_version()));
  }
  CO_RETURN_IF_ERROR(started);
  co_return connection;
}

Awaitable<absl::Status> Connection::Start(Settings which) {
  const Deadline deadline = Deadline::After(options_.default_timeout);
  std::vector<std::pair<std::string, std::string>> keywords = {{"client_encoding", "UTF8"},
                                                               {"keepalives_idle", "10"},
                                                               {"keepalives_interval", "5"},
                                                               {"keepalives_count", "3"},
                                                               {"tcp_user_timeout", "30000"}};
  keywords.insert(keywords.end(), options_.keywords.begin(), options_.keywords.end());
  if (which == Settings::kAll) {
    // The server, too, shall notice that the way is gone: by default it would hold our locks for hours.
    std::vector<std::pair<std::string, std::string>> settings = {{"client_connection_check_interval", kClientCheckMs},
                                                                 {"tcp_keepalives_idle", "10"},
                                                                 {"tcp_keepalives_interval", "5"},
                                                                 {"tcp_keepalives_count", "3"}};
    settings.insert(settings.end(), options_.settings.begin(), options_.settings.end());
    keywords.emplace_back("options", OptionText(settings));
  }
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : keywords) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  // Name resolution is the one step of libpq that blocks; hosts are resolved once a run.
  connection_.reset(PQconnectStartParams(names.data(), values.data(), /*expand_dbname=*/1));
  if (connection_ == nullptr) {
    co_return absl::ResourceExhaustedError("out of memory in PQconnectStart");
  }
  PQsetNoticeReceiver(
      connection_.get(), [](void* self, const PGresult* notice) { static_cast<Connection*>(self)->OnNotice(notice); },
      this);
  PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);  // for Refused()
  PostgresPollingStatusType poll = PGRES_POLLING_WRITING;
  if (PQstatus(connection_.get()) == CONNECTION_BAD) {
    poll = PGRES_POLLING_FAILED;
  }
  while (poll != PGRES_POLLING_OK) {
    if (poll == PGRES_POLLING_FAILED) {
      co_return Refused();
    }
    // libpq may have closed the socket and opened another under the same number since the last wait.
    if (socket_.is_open()) {
      socket_.release();
    }
    socket_.assign(PQsocket(connection_.get()));
    CO_RETURN_IF_ERROR(
        Annotate(co_await Wait(poll == PGRES_POLLING_READING, poll == PGRES_POLLING_WRITING, deadline), "connecting"));
    poll = PQconnectPoll(connection_.get());
  }
  if (socket_.is_open()) {
    socket_.release();
  }
  socket_.assign(PQsocket(connection_.get()));
  if (PQsetnonblocking(connection_.get(), 1) != 0) {
    co_return Lost("cannot make the connection non-blocking");
  }
  PQsetErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
  usable_ = true;
  co_return absl::OkStatus();
}

}  // namespace pgmoult::pg
