#include "engine/observe.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "copier/points.h"
#include "engine/catalog.h"
#include "engine/control.h"
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
using std::chrono::milliseconds;

constexpr std::chrono::seconds kPatience{60};
constexpr milliseconds kStep{100};
constexpr std::chrono::seconds kLook{3};  // at the clock of the server: this machine may sleep

// Whose triggers are the fence's: by OID, so that neither a new name nor a new owner hides one.
struct FencedTable {
  pg::QualifiedName name;
  std::string owner;
};

Awaitable<absl::StatusOr<std::vector<FencedTable>>> ReadFenced(pg::Connection& connection, const Design& design) {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await connection.Query(
                          "/* pgmoult:observe */ SELECT n.nspname::text, c.relname::text, "
                          "pg_catalog.pg_get_userbyid(c.relowner)::text FROM pg_catalog.pg_trigger g JOIN "
                          "pg_catalog.pg_class c ON c.oid = g.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = "
                          "c.relnamespace JOIN pg_catalog.pg_proc f ON f.oid = g.tgfoid JOIN pg_catalog.pg_namespace "
                          "fn ON fn.oid = f.pronamespace WHERE fn.nspname = $1 AND f.proname = 'pgmoult_fence' ORDER "
                          "BY 1, 2",
                          {design.schema_old}));
  std::vector<FencedTable> tables;
  for (int row = 0; row < result.rows(); ++row) {
    std::string schema;
    std::string name;
    std::string owner;
    CO_RETURN_IF_ERROR(result.Read(row, schema, name, owner));
    tables.push_back({pg::QualifiedName(schema, name), std::move(owner)});
  }
  co_return tables;
}

Awaitable<absl::Status> Run(pg::Connection& connection, std::vector<std::string> statements) {
  co_return co_await pg::RunAll(connection, "/* pgmoult:observe */", std::move(statements));
}

Awaitable<absl::StatusOr<bool>> FenceStands(pg::Connection& connection, const Design& design) {
  CO_ASSIGN_OR_RETURN(const std::optional<int64_t> oid, co_await ReadOid(connection, FenceMarker(design)));
  co_return oid.has_value();
}

// A transaction of now: every snapshot that cannot see it, or what came before, is older than the fence allows.
Awaitable<absl::StatusOr<std::string>> ReadXid(pg::Connection& connection) {
  CO_ASSIGN_OR_RETURN(const pg::Result now,
                      co_await connection.Query("/* pgmoult:observe */ SELECT pg_catalog.pg_current_xact_id()::text"));
  co_return now.Scalar<std::string>();
}

// Who has a snapshot that does not see the transaction, or "".
Awaitable<absl::StatusOr<std::string>> ReadSnapshotBefore(pg::Connection& observer, const std::string& xid) {
  CO_ASSIGN_OR_RETURN(const pg::Result old, co_await observer.Query(sql::kOldSnapshots, {xid, std::nullopt}));
  co_return old.rows() == 0 ? std::string() : std::string(old.Text(0, 0));
}

std::string SnapshotsMustEnd(std::string_view old) {
  return fmt::format("snapshots from before the swap must end: {}", old);
}

// Once nobody can write with a snapshot from before the swap any more. Where somebody can for long, it stays.
Awaitable<absl::Status> TakeFenceAway(Context& context) {
  CO_ASSIGN_OR_RETURN(const auto observer, co_await context.sessions.OpenLogin("locks"));
  CO_ASSIGN_OR_RETURN(const std::string xid, co_await ReadXid(*context.journal));
  const pg::Deadline deadline = pg::Deadline::After(kPatience);
  for (;;) {
    CO_ASSIGN_OR_RETURN(const std::string old, co_await ReadSnapshotBefore(*observer, xid));
    if (old.empty()) {
      break;
    }
    if (deadline.Expired()) {
      co_return co_await Record(
          context, "warning",
          fmt::format("a snapshot from before the swap lives on ({}): the fence against its writes "
                      "stays until `pgmoult finalize {}`",
                      old, context.id()),
          nullptr);
    }
    context.progress.waiting = SnapshotsMustEnd(old);
    CO_RETURN_IF_ERROR(co_await pg::SleepFor(kStep));
  }
  context.progress.waiting.clear();
  CO_RETURN_IF_ERROR(co_await DropFence(*context.journal, *observer, context.design, kPatience));
  copier::Pass("observe: fence dropped");
  co_return absl::OkStatus();
}

// Sleeps, but for no longer than until an operator sees to the old table.
Awaitable<absl::Status> SleepUnlessAsked(const Context& context, double seconds) {
  const milliseconds wanted(std::llround(seconds * 1000));
  const pg::Deadline deadline = pg::Deadline::After(std::min<milliseconds>(kLook, wanted));
  while (!deadline.Expired() && !context.observed_enough) {
    if (context.gate.stopping()) {
      co_return absl::CancelledError("stopped on request");
    }
    CO_RETURN_IF_ERROR(co_await pg::SleepFor(kStep));
  }
  co_return absl::OkStatus();
}

// Keeps the old table for --revert-window since the swap, and for as long as the fence must stay, then drops it. The
// journal knows when the swap was, so that the window does not begin anew with another engine.
Awaitable<absl::Status> FinalizeInTime(Context& context) {
  pg::Connection& journal = *context.journal;
  const auto window = static_cast<double>(context.options.revert_window.count());
  CO_ASSIGN_OR_RETURN(const bool fenced, co_await FenceStands(journal, context.design));
  CO_ASSIGN_OR_RETURN(const std::string xid, co_await ReadXid(journal));
  while (!context.observed_enough) {
    CO_ASSIGN_OR_RETURN(const double since, co_await ReadSecondsSinceSwap(journal, context.id()));
    const double left = window - since;
    std::string old;
    if (left <= 0 && fenced) {
      CO_ASSIGN_OR_RETURN(old, co_await ReadSnapshotBefore(journal, xid));
    }
    if (left <= 0 && old.empty()) {
      CO_ASSIGN_OR_RETURN(const auto observer, co_await context.sessions.OpenLogin("locks"));
      context.progress.waiting.clear();
      Show(context, "drops the old table", 0, 0);
      CO_RETURN_IF_ERROR(co_await DropOldTable(journal, *observer, context.design, context.id()));
      context.report.finalized = true;
      co_return co_await Record(context, "finalized", "--revert-window is over: the old table is dropped", nullptr);
    }
    context.progress.waiting = old.empty() ? "" : SnapshotsMustEnd(old);
    const absl::Time until = absl::Now() + absl::Seconds(left);
    Show(context,
         fmt::format("keeps the old table until {}, then drops it",
                     absl::FormatTime("%Y-%m-%d %H:%M:%S", until, absl::LocalTimeZone())),
         0, 0);
    CO_RETURN_IF_ERROR(co_await SleepUnlessAsked(context, left > 0 ? left : 1));
  }
  co_return absl::OkStatus();
}

}  // namespace

Awaitable<absl::StatusOr<std::string>> ReadOldSnapshot(pg::Connection& connection, pg::Connection& observer,
                                                       const Design& design) {
  CO_ASSIGN_OR_RETURN(const bool stands, co_await FenceStands(connection, design));
  if (!stands) {
    co_return "";
  }
  CO_ASSIGN_OR_RETURN(const std::string xid, co_await ReadXid(connection));
  co_return co_await ReadSnapshotBefore(observer, xid);
}

Awaitable<absl::Status> DropFence(pg::Connection& connection, pg::Connection& observer, const Design& design,
                                  milliseconds budget) {
  CO_ASSIGN_OR_RETURN(const bool stands, co_await FenceStands(connection, design));
  if (!stands) {
    co_return absl::OkStatus();
  }
  CO_ASSIGN_OR_RETURN(const std::vector<FencedTable> fenced, co_await ReadFenced(connection, design));
  for (const FencedTable& table : fenced) {
    CO_RETURN_IF_ERROR(pg::Annotate(
        co_await WithPoliteLock(connection, observer,
                                {.role = pg::Ident(table.owner), .tables = {table.name}, .budget = budget},
                                [&] { return Run(connection, {DropFenceTriggerSql(design, table.name)}); }),
        fmt::format("taking the fence off {}", table.name.Plain())));
  }
  co_return co_await WithPoliteLock(
      connection, observer, {.role = pg::Ident(design.owner), .tables = {FenceMarker(design)}, .budget = budget},
      [&] { return Run(connection, DropFenceSql(design)); });
}

Awaitable<absl::Status> ObserveStage(Context& context) {
  CO_RETURN_IF_ERROR(co_await FinishDependents(context));
  copier::Pass("observe: keys validated");
  CO_ASSIGN_OR_RETURN(const bool stands, co_await FenceStands(*context.journal, context.design));
  CO_RETURN_IF_ERROR(stands ? co_await TakeFenceAway(context) : absl::OkStatus());
  co_return context.options.revert_window.count() > 0 ? co_await FinalizeInTime(context) : absl::OkStatus();
}

}  // namespace pgmoult::engine
