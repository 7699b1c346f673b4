#include "fmt/format.h"
#include "pg/connection.h"
#include "pg/macros.h"
#include "pg/status.h"

namespace pgmoult::pg {

Awaitable<absl::Status> InTransaction(Connection& connection, std::string begin, Awaitable<absl::Status> body) {
  CO_RETURN_IF_ERROR((co_await connection.Query(std::move(begin))).status());
  const absl::Status status = co_await std::move(body);
  if (status.ok()) {
    co_return co_await connection.Commit();
  }
  const absl::Status rolled_back = co_await connection.Rollback();
  co_return rolled_back.ok() ? status
                             : Annotate(status, fmt::format("(and ROLLBACK failed: {})", Describe(rolled_back)));
}

Awaitable<absl::Status> RunAll(Connection& connection, std::string comment, std::vector<std::string> statements) {
  std::vector<Statement> batch;
  for (const std::string& statement : statements) {
    batch.push_back({fmt::format("{} {}", comment, statement), {}});
  }
  co_return (co_await connection.Pipeline(std::move(batch))).status();
}

Awaitable<absl::Status> CancelBackend(Connection& control, int pid) {
  co_return (co_await control.Query("SELECT pg_catalog.pg_cancel_backend($1)", {Param(pid)})).status();
}

}  // namespace pgmoult::pg
