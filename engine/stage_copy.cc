#include <algorithm>
#include <utility>

#include "copier/copy.h"
#include "copier/points.h"
#include "copier/sql_builder.h"
#include "engine/builds.h"
#include "engine/capture.h"
#include "engine/catalog.h"
#include "engine/context.h"
#include "engine/journal.h"
#include "engine/locks.h"
#include "engine/tripwire.h"
#include "fmt/format.h"
#include "pg/macros.h"
#include "pg/status.h"
#include "pg/task_group.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;

// A chunk, and the step to its end, must go straight to their rows by the key index: any other plan would read the
// table once a chunk.
Awaitable<absl::Status> CheckPlan(Context& context, pg::Connection& worker, const copier::CopyState& state) {
  const copier::Transfer& transfer = context.design.transfer;
  const copier::KeyRange range{.lower = state.frontier ? state.frontier : state.end, .upper = state.end};
  for (const std::string& statement :
       {copier::ChunkInsertSql(transfer, range), copier::BoundarySql(transfer, range, /*rows=*/1000)}) {
    CO_ASSIGN_OR_RETURN(const pg::Result plan,
                        co_await context.lock_wait.Run([&] { return worker.Query("EXPLAIN " + statement); }));
    bool by_index = false;
    for (int row = 0; row < plan.rows(); ++row) {
      by_index = by_index || plan.Text(row, 0).find("Index Cond:") != std::string_view::npos;
    }
    if (!by_index) {
      co_return absl::FailedPreconditionError(
          fmt::format("the planner does not read chunks of {} by index {}; ANALYZE the table, and look for settings "
                      "like enable_indexscan = off",
                      transfer.source.Plain(), context.design.key_name));
    }
  }
  co_return absl::OkStatus();
}

Awaitable<absl::StatusOr<copier::CopyState>> FixTheEnd(Context& context, pg::Connection& worker) {
  CO_ASSIGN_OR_RETURN(std::optional<copier::CopyState> state,
                      co_await ReadCopyState(*context.journal, context.design.transfer));
  if (!state) {
    // Read in a snapshot taken after the triggers were committed: what lies beyond is in the log.
    CO_ASSIGN_OR_RETURN(const std::optional<copier::KeyValue> end,
                        co_await copier::ReadLastKey(worker, context.design.transfer, context.lock_wait));
    CO_RETURN_IF_ERROR(co_await SetCopyEnd(*context.journal, context.id(), end));
    state.emplace();
    state->end = end;
  }
  co_return *std::move(state);
}

// Keeps the picture of the copy up to date while it runs.
Awaitable<absl::Status> WatchCopy(Context& context, const copier::CopyProgress& progress, double total) {
  for (;;) {
    context.progress.done = static_cast<double>(progress.rows);
    context.progress.total = std::max(total, context.progress.done);
    context.progress.chunk_ms = progress.last_chunk_ms;
    context.progress.chunk_rows = progress.chunk_rows;
    context.progress.workers = progress.busy_workers;
    CO_RETURN_IF_ERROR(co_await pg::SleepFor(std::chrono::milliseconds(100)));
  }
}

Awaitable<absl::StatusOr<int64_t>> RowsCopiedBefore(Context& context) {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await context.journal->Query("/* pgmoult:copy */ SELECT coalesce(pg_catalog.sum(rows), "
                                                      "0)::pg_catalog.int8 FROM pgmoult.chunk WHERE migration = $1",
                                                      {context.id()}));
  co_return result.Scalar<int64_t>();
}

// Capture logs again; writers that still run the old bodies are waited out, so that none writes into the new shadow.
Awaitable<absl::Status> BackToLogging(Context& context) {
  pg::Connection& connection = *context.journal;
  for (const std::string& statement : CaptureFunctionsSql(context.design, CaptureBody::kLog)) {
    CO_RETURN_IF_ERROR((co_await connection.Query("/* pgmoult:copy */ " + statement)).status());
  }
  co_return (co_await connection.Query(fmt::format("/* pgmoult:copy */ DROP INDEX IF EXISTS {}",
                                                   pg::QualifiedName(context.design.schema_new, kLogIndex))))
      .status();
}

// Under SHARE ROW EXCLUSIVE on the source: what is read from here on is the file of after the TRUNCATE.
Awaitable<absl::Status> KnowNewFile(Context& context) {
  CO_ASSIGN_OR_RETURN(context.design.filenode, co_await ReadFilenode(*context.journal, context.design.source_oid));
  CO_RETURN_IF_ERROR((co_await context.journal->Query("/* pgmoult:copy */ RESET ROLE")).status());
  co_return co_await SetDesign(*context.journal, context.id(), ToJson(context.design));
}

// Under ACCESS EXCLUSIVE on shadow and log: the log's marker goes, together with what it made worthless.
Awaitable<absl::Status> EmptyShadow(Context& context) {
  pg::Connection& connection = *context.journal;
  const Design& design = context.design;
  std::vector<DeferredItem> built = design.deferred;
  if (design.shadow_key_is_ours) {
    built.push_back(KeyIndexItem(design));
  }
  for (const DeferredItem& item : built) {
    CO_ASSIGN_OR_RETURN(const std::optional<int64_t> exists,
                        co_await ReadOid(connection, {design.schema_new, item.name}));
    if (exists) {
      CO_RETURN_IF_ERROR((co_await connection.Query("/* pgmoult:copy */ " + item.drop_sql)).status());
    }
  }
  std::vector<pg::Statement> statements;
  statements.push_back({fmt::format("/* pgmoult:copy */ TRUNCATE ONLY {}", design.transfer.shadow), {}});
  statements.push_back({fmt::format("/* pgmoult:copy */ DELETE FROM {} WHERE {} IS NULL", design.transfer.log,
                                    design.transfer.key[0].name),
                        {}});
  statements.push_back({"/* pgmoult:copy */ RESET ROLE", {}});
  CO_RETURN_IF_ERROR((co_await connection.Pipeline(std::move(statements))).status());
  CO_RETURN_IF_ERROR(co_await ForgetCopy(connection, context.id()));
  co_return co_await SetStage(connection, context.id(), Stage::kCopy);
}

}  // namespace

Awaitable<absl::Status> RestartCopy(Context& context) {
  CO_RETURN_IF_ERROR(co_await Record(
      context, "truncated",
      fmt::format("{} was truncated; the copy starts again", context.design.transfer.source.Plain()), nullptr));
  context.replayer.reset();  // its session would hold locks on the log
  CO_ASSIGN_OR_RETURN(const auto observer, co_await context.sessions.OpenLogin("locks"));
  PoliteLock lock{
      .role = pg::Ident(context.design.owner), .tables = {context.design.transfer.log}, .mode = "ACCESS EXCLUSIVE"};
  lock.budget = context.options.lock_budget;
  lock.evict_autovacuum = false;
  CO_RETURN_IF_ERROR(
      co_await WithPoliteLock(*context.journal, *observer, lock, [&context] { return BackToLogging(context); }));
  PoliteLock barrier = lock;
  barrier.tables = {context.design.transfer.source};
  barrier.mode = "SHARE ROW EXCLUSIVE";
  barrier.evict_autovacuum = true;
  CO_RETURN_IF_ERROR(
      co_await WithPoliteLock(*context.journal, *observer, barrier, [&context] { return KnowNewFile(context); }));
  context.dual_write_on = false;
  lock.tables = {context.design.transfer.shadow, context.design.transfer.log};
  lock.evict_autovacuum = true;
  co_return co_await WithPoliteLock(*context.journal, *observer, lock, [&context] { return EmptyShadow(context); });
}

Awaitable<absl::Status> CopyStage(Context& context) {
  CO_ASSIGN_OR_RETURN(const auto worker, co_await context.sessions.OpenWorker("plan"));
  CO_ASSIGN_OR_RETURN(copier::CopyState state, co_await FixTheEnd(context, *worker));
  copier::Pass("copy: end fixed");
  CO_ASSIGN_OR_RETURN(const TableFacts table, co_await FindTable(*worker, context.design.transfer.source.schema.name(),
                                                                 context.design.transfer.source.name.name(), ""));
  if (state.end) {
    CO_RETURN_IF_ERROR(co_await CheckPlan(context, *worker, state));
  }
  copier::CopyOptions options;
  options.jobs = context.options.jobs;
  options.sizer.target_ms = context.options.chunk_ms;
  options.row_bytes = table.rows > 0 ? static_cast<double>(table.heap_bytes) / table.rows : 0;
  copier::CopyProgress progress;
  CO_ASSIGN_OR_RETURN(progress.rows, co_await RowsCopiedBefore(context));
  Show(context, "", static_cast<double>(progress.rows), table.rows);
  const copier::OpenSession open = context.sessions.WorkerOpener();
  const absl::Status status =
      co_await pg::WithBackground(copier::CopyRows(open, context.design.transfer, options, std::move(state),
                                                   context.gate, context.lock_wait, progress),
                                  WatchCopy(context, progress, table.rows));
  context.report.rows_copied = progress.rows;
  context.failed_chunk = progress.failed;
  context.progress.workers = 0;
  if (status.ok()) {
    copier::Pass("copy: all copied");
  }
  co_return status;
}

}  // namespace pgmoult::engine
