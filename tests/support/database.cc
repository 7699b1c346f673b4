#include "tests/support/database.h"

#include <unistd.h>

#include <atomic>
#include <stdexcept>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "pg/sql_text.h"
#include "pg/status.h"
#include "tests/support/run.h"
#include "tests/support/server.h"

namespace pgmoult::tests {
namespace {

pg::Awaitable<absl::StatusOr<pg::Result>> RunOne(pg::ConnectOptions options, std::string sql) {
  CO_ASSIGN_OR_RETURN(const auto connection, co_await pg::Connection::Connect(std::move(options)));
  co_return co_await connection->Query(std::move(sql));
}

// One statement in a session of its own.
absl::StatusOr<pg::Result> RunIn(Keywords keywords, std::string sql) {
  return RunSync(RunOne({.keywords = std::move(keywords)}, std::move(sql)));
}

Keywords KeywordsFor(const tools::PrivateServer& server, const std::string& host, int port, const std::string& database,
                     const std::string& role) {
  return {{"host", host},
          {"port", fmt::format("{}", port)},
          {"dbname", database},
          {"user", role.empty() ? server.user() : role}};
}

Keywords AdminKeywords(const tools::PrivateServer& server) {
  return KeywordsFor(server, server.socket_dir(), server.port(), "postgres", "");
}

std::string NextName() {
  static std::atomic<int> counter = 0;
  return fmt::format("test_{}_{}", getpid(), ++counter);
}

}  // namespace

TestDatabase::TestDatabase() : TestDatabase(SharedServer()) {}

TestDatabase::TestDatabase(tools::PrivateServer& server) : server_(&server), name_(NextName()) {
  // Since version 15 a server logs every page of the new database unless told, which takes several times as long.
  static const std::string_view kStrategy = ServerMajor() >= 15 ? " STRATEGY file_copy" : "";
  const auto created = RunIn(AdminKeywords(server), fmt::format("CREATE DATABASE {}{}", pg::Ident(name_), kStrategy));
  if (!created.ok()) {
    throw std::runtime_error("no test database: " + pg::Describe(created.status()));
  }
}

TestDatabase::~TestDatabase() {
  absl::Status status = RemoveHolders();
  if (status.ok()) {
    status = RunIn(AdminKeywords(*server_), fmt::format("DROP DATABASE {} WITH (FORCE)", pg::Ident(name_))).status();
  }
  if (!status.ok()) {
    ADD_FAILURE() << "the test database remains: " << pg::Describe(status);
  }
}

absl::Status TestDatabase::RemoveHolders() {
  ASSIGN_OR_RETURN(const pg::Result prepared,
                   RunIn(AdminKeywords(*server_),
                         fmt::format("SELECT gid FROM pg_prepared_xacts WHERE database = {}", pg::Literal(name_))));
  for (int row = 0; row < prepared.rows(); ++row) {
    RETURN_IF_ERROR(
        RunIn(ConnectKeywords(), fmt::format("ROLLBACK PREPARED {}", pg::Literal(prepared.Text(row, 0)))).status());
  }
  return RunIn(AdminKeywords(*server_),
               fmt::format("SELECT pg_terminate_backend(active_pid, 10000) FROM pg_replication_slots "
                           "WHERE database = {0} AND active_pid IS NOT NULL",
                           pg::Literal(name_)))
      .status();
}

Keywords TestDatabase::ConnectKeywords(const std::string& role) const {
  return KeywordsFor(*server_, server_->socket_dir(), server_->port(), name_, role);
}

Keywords TestDatabase::TcpKeywords(int port, const std::string& role) const {
  return KeywordsFor(*server_, "127.0.0.1", port == 0 ? server_->port() : port, name_, role);
}

std::string TestDatabase::Dsn(const std::string& role) const {
  std::string dsn;
  for (const auto& [name, value] : ConnectKeywords(role)) {
    dsn += fmt::format("{}{}={}", dsn.empty() ? "" : " ", name, value);
  }
  return dsn;
}

}  // namespace pgmoult::tests
