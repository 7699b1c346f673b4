#include "engine/observe.h"

#include "engine/catalog.h"
#include "engine/finish.h"
#include "engine/locks.h"
#include "engine/sql.h"
#include "engine/swap.h"
#include "fmt/format.h"
#include "pg/macros.h"
#include "pg/status.h"
#include "pg/task_group.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;

constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::milliseconds kStep{100};

Awaitable<absl::Status> RunFenceSql(pg::Connection& connection, const Design& design) {
  std::vector<pg::Statement> statements;
  for (const std::string& statement : DropFenceSql(design)) {
    statements.push_back({"/* pgmoult:observe */ " + statement, {}});
  }
  co_return (co_await connection.Pipeline(std::move(statements))).status();
}

Awaitable<absl::Status> DropAncestorFence(pg::Connection& connection, const Design& design, const Ancestor& ancestor) {
  co_return (co_await connection.Query("/* pgmoult:observe */ " + DropAncestorFenceSql(design, ancestor))).status();
}

Awaitable<absl::StatusOr<bool>> FenceStands(pg::Connection& connection, const Design& design) {
  CO_ASSIGN_OR_RETURN(const std::optional<int64_t> oid,
                      co_await ReadOid(connection, {design.schema_old, "pgmoult_swapped"}));
  co_return oid.has_value();
}

}  // namespace

Awaitable<absl::Status> DropFence(pg::Connection& connection, pg::Connection& observer, const Design& design,
                                  std::chrono::milliseconds budget) {
  CO_ASSIGN_OR_RETURN(const bool stands, co_await FenceStands(connection, design));
  if (!stands) {
    co_return absl::OkStatus();
  }
  for (const Ancestor& ancestor : design.partition.ancestors) {
    CO_ASSIGN_OR_RETURN(const std::optional<int64_t> there, co_await ReadOid(connection, ancestor.table));
    if (there) {
      CO_RETURN_IF_ERROR(co_await WithPoliteLock(
          connection, observer, {.role = pg::Ident(ancestor.owner), .tables = {ancestor.table}, .budget = budget},
          [&connection, &design, &ancestor] { return DropAncestorFence(connection, design, ancestor); }));
    }
  }
  PoliteLock lock;
  lock.role = pg::Ident(design.owner);
  lock.tables = {design.transfer.source};
  for (const CarriedDependent* key : ReferencingTables(design)) {
    const pg::QualifiedName table(key->lock_schema, key->lock_name);
    CO_ASSIGN_OR_RETURN(const std::optional<int64_t> oid, co_await ReadOid(connection, table));
    if (oid) {
      lock.partners.referencing.push_back({.relation = table, .role = pg::Ident(key->owner)});
    }
  }
  lock.budget = budget;
  co_return co_await WithPoliteLock(connection, observer, lock,
                                    [&connection, &design] { return RunFenceSql(connection, design); });
}

Awaitable<absl::Status> ObserveStage(Context& context) {
  CO_RETURN_IF_ERROR(co_await FinishDependents(context));
  CO_ASSIGN_OR_RETURN(const bool stands, co_await FenceStands(*context.journal, context.design));
  if (!stands) {
    co_return absl::OkStatus();
  }
  CO_ASSIGN_OR_RETURN(const auto observer, co_await context.sessions.OpenLogin("locks"));
  // A transaction of now: every snapshot that cannot see it, or what came before, is older than the fence allows.
  CO_ASSIGN_OR_RETURN(const pg::Result now, co_await context.journal->Query(
                                                "/* pgmoult:observe */ SELECT pg_catalog.pg_current_xact_id()::text"));
  CO_ASSIGN_OR_RETURN(const std::string xid, now.Scalar<std::string>());
  const pg::Deadline deadline = pg::Deadline::After(kPatience);
  for (;;) {
    CO_ASSIGN_OR_RETURN(const pg::Result old, co_await observer->Query(sql::kOldSnapshots, {xid}));
    if (old.rows() == 0) {
      break;
    }
    if (deadline.Expired()) {
      co_return co_await Record(
          context, "warning",
          fmt::format("a snapshot from before the swap lives on ({}): the fence against its writes "
                      "stays until `pgmoult finalize {}`",
                      old.Text(0, 0), context.id()),
          nullptr);
    }
    context.progress.waiting = fmt::format("snapshots from before the swap must end: {}", old.Text(0, 0));
    CO_RETURN_IF_ERROR(co_await pg::SleepFor(kStep));
  }
  context.progress.waiting.clear();
  co_return co_await DropFence(*context.journal, *observer, context.design, kPatience);
}

}  // namespace pgmoult::engine
