#include "engine/begin.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/capture.h"
#include "engine/catalog.h"
#include "engine/control_loop.h"
#include "engine/dead_man.h"
#include "engine/engine_lock.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/macros.h"
#include "pg/status.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;

Awaitable<absl::StatusOr<std::unique_ptr<pg::Connection>>> LockTable(Target target, int64_t id, int64_t source_oid,
                                                                     std::string table, int last_lock_pid = 0) {
  const Sessions sessions(std::move(target), id);
  CO_ASSIGN_OR_RETURN(auto connection, co_await sessions.OpenLogin("engine lock"));
  if (last_lock_pid != 0) {
    CO_RETURN_IF_ERROR(co_await EndLockSession(*connection, source_oid, last_lock_pid));
  }
  CO_ASSIGN_OR_RETURN(const bool locked, co_await TryEngineLock(*connection, source_oid));
  if (!locked) {
    CO_ASSIGN_OR_RETURN(const std::string holder, co_await EngineLockHolder(*connection, source_oid));
    co_return WithEndKind(EndKind::kBusy, absl::AlreadyExistsError(fmt::format(
                                              "another engine works on {} ({}); see `pgmoult status`", table, holder)));
  }
  co_return connection;
}

// All sessions that the run opens from now on are the engine's.
void HoldLock(Context& context, std::unique_ptr<pg::Connection> lock, int64_t source_oid) {
  context.sessions.set_engine({.source_oid = source_oid, .lock_pid = lock->backend_pid()});
  context.lock = std::move(lock);
}

absl::Status Refusal(const Plan& plan) {
  std::vector<std::string> reasons;
  for (const Finding& finding : plan.findings) {
    if (finding.severity == Severity::kRefuse) {
      reasons.push_back(fmt::format("{}: {}{}", finding.object, finding.message,
                                    finding.remedy.empty() ? "" : fmt::format(" ({})", finding.remedy)));
    }
  }
  return WithEndKind(EndKind::kRefused, absl::FailedPreconditionError(fmt::format(
                                            "{} is refused: {}", plan.table.name.Plain(), fmt::join(reasons, "; "))));
}

void SetIdentity(Context& context, int64_t id, const pg::QualifiedName& source, const std::string& owner) {
  context.design.transfer.migration = id;
  context.design.transfer.source = source;
  context.design.owner = owner;
  context.sessions.set_migration(id);
  context.sessions.set_role(owner);
  context.progress.migration = context.report.migration = id;
  context.progress.table = context.report.table = source.Plain();
}

// One unfinished migration a table: a second statement waits for the first to be finished or taken back.
Awaitable<absl::Status> CheckNoneUnfinished(pg::Connection& connection, const TableFacts& table) {
  CO_ASSIGN_OR_RETURN(const std::vector<Migration> migrations, co_await ReadMigrations(connection));
  for (const Migration& migration : migrations) {
    const bool same = migration.source_oid == table.oid || migration.source == table.name;
    if (same && migration.state != State::kDone) {
      const bool swapped = migration.stage == Stage::kObserve;
      co_return WithEndKind(
          EndKind::kBusy,
          absl::AlreadyExistsError(
              swapped
                  ? fmt::format("migration {0} of {1} has been swapped and keeps its old table: `pgmoult finalize {0}` "
                                "comes first",
                                migration.id, migration.source.Plain())
                  : fmt::format(
                        "migration {0} of {1} is unfinished (stage {2}): `pgmoult resume {0}` or `pgmoult abort {0}`",
                        migration.id, migration.source.Plain(), StageName(migration.stage))));
    }
  }
  co_return absl::OkStatus();
}

// Preflight refuses this to a run; here another login has begun it.
Awaitable<absl::Status> CheckMayRunOwnersCode(pg::Connection& connection, const Migration& migration,
                                              const RunOptions& options) {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await connection.Query(
                          "/* pgmoult:control */ SELECT l.rolsuper AND NOT coalesce(o.rolsuper, false), "
                          "session_user::text FROM pg_roles l LEFT JOIN pg_roles o ON o.rolname = $1 WHERE l.rolname = "
                          "session_user",
                          {migration.owner}));
  bool lends = false;
  std::string login;
  CO_RETURN_IF_ERROR(result.Read(0, lends, login));
  co_return !lends || options.trust_owner
      ? absl::OkStatus()
      : WithEndKind(EndKind::kRefused,
                    absl::FailedPreconditionError(fmt::format(
                        "resuming runs code of the owner {} in sessions of the superuser {}, and the run was not begun "
                        "with --trust-owner: resume with the login that began it, or as {}",
                        migration.owner, login, migration.owner)));
}

Awaitable<absl::StatusOr<int64_t>> Register(pg::Connection& connection, const TableFacts& table,
                                            const Migration& migration) {
  constexpr int kMaxTries = 3;
  for (int tries = 1;; ++tries) {
    CO_RETURN_IF_ERROR(co_await EnsureJournal(connection));
    CO_RETURN_IF_ERROR(co_await CheckNoneUnfinished(connection, table));
    absl::StatusOr<int64_t> id = co_await AddMigration(connection, migration);
    // Somebody has just forgotten the last migration, and the journal with it.
    const bool journal_gone = pg::SqlState(id.status()) == "42P01";
    if (!journal_gone || tries == kMaxTries) {
      co_return id;
    }
  }
}

absl::StatusOr<Change> ChangeOf(const Migration& migration) {
  return migration.statement.empty() ? RebuildOf(migration.source.schema.name(), migration.source.name.name())
                                     : ParseChange(migration.statement);
}

}  // namespace

Awaitable<absl::Status> LockAgain(Context& context) {
  const EngineMembership last = *context.sessions.engine();
  CO_ASSIGN_OR_RETURN(auto lock, co_await LockTable(context.sessions.target(), context.id(), last.source_oid,
                                                    context.progress.table, last.lock_pid));
  HoldLock(context, std::move(lock), last.source_oid);
  co_return absl::OkStatus();
}

Awaitable<absl::StatusOr<std::optional<int64_t>>> FindUnfinished(Target target, Change change) {
  CO_ASSIGN_OR_RETURN(const ValueSettings values, co_await ReadValueSettings(target));
  const Sessions sessions(target, 0);
  CO_ASSIGN_OR_RETURN(const auto connection, co_await sessions.OpenLogin("plan"));
  CO_ASSIGN_OR_RETURN(const bool journal, co_await JournalExists(*connection));
  if (!journal) {
    co_return std::nullopt;
  }
  const auto table = co_await FindTable(*connection, change.schema, change.table, values.search_path);
  if (absl::IsNotFound(table.status())) {
    co_return std::nullopt;  // the plan says so better
  }
  CO_RETURN_IF_ERROR(table.status());
  CO_ASSIGN_OR_RETURN(const std::vector<Migration> migrations, co_await ReadMigrations(*connection));
  for (const Migration& migration : migrations) {
    if (migration.source_oid != table->oid || migration.stage == Stage::kObserve || migration.IsReverting()) {
      continue;
    }
    const absl::StatusOr<Change> known = ChangeOf(migration);
    const bool same = known.ok() && known->IsRebuild() == change.IsRebuild() &&
                      (change.IsRebuild() || known->Fingerprint() == change.Fingerprint());
    if (same) {
      co_return migration.id;
    }
  }
  co_return std::nullopt;
}

Awaitable<absl::StatusOr<Begun>> BeginMigration(Target target, Change change, RunOptions options, Observer observer,
                                                const StopRequest& stop) {
  CO_ASSIGN_OR_RETURN(const Plan plan, co_await MakePlan(target, change, options));
  if (plan.refused()) {
    co_return Refusal(plan);
  }
  auto context = std::make_unique<Context>(target, std::move(change), options, std::move(observer), stop);
  context->sessions.set_values(plan.build.design.values);
  CO_ASSIGN_OR_RETURN(auto lock, co_await LockTable(target, 0, plan.table.oid, plan.table.name.Plain()));
  HoldLock(*context, std::move(lock), plan.table.oid);
  CO_ASSIGN_OR_RETURN(context->journal, co_await context->sessions.OpenLogin("journal"));
  Migration migration;
  migration.statement = context->change.statement;
  migration.source = plan.table.name;
  migration.source_oid = plan.table.oid;
  migration.owner = plan.table.owner;
  migration.options = ToJson(options);
  CO_ASSIGN_OR_RETURN(const int64_t id, co_await Register(*context->journal, plan.table, migration));
  SetIdentity(*context, id, plan.table.name, plan.table.owner);
  co_return Begun{std::move(context), Stage::kPrepare, State::kRunning, /*taken_up=*/false};
}

Awaitable<absl::StatusOr<Begun>> TakeUpMigration(Target target, int64_t id, Observer observer, const StopRequest& stop,
                                                 int last_lock_pid) {
  Sessions sessions(target, id);
  CO_ASSIGN_OR_RETURN(const ValueSettings values, co_await ReadValueSettings(target));
  CO_ASSIGN_OR_RETURN(auto journal, co_await sessions.OpenLogin("journal"));
  CO_ASSIGN_OR_RETURN(const Migration known, co_await ReadMigration(*journal, id));
  CO_ASSIGN_OR_RETURN(auto lock, co_await LockTable(target, id, known.source_oid, known.source.Plain(), last_lock_pid));
  // Only now does nobody else work on it: the last engine may have swapped while we waited for its lock.
  CO_ASSIGN_OR_RETURN(const Migration migration, co_await ReadSettledMigration(*journal, id));
  CO_ASSIGN_OR_RETURN(const RunOptions options, OptionsFromJson(migration.options));
  CO_RETURN_IF_ERROR(co_await CheckMayRunOwnersCode(*journal, migration, options));
  CO_ASSIGN_OR_RETURN(Change change, ChangeOf(migration));
  auto context = std::make_unique<Context>(target, std::move(change), options, std::move(observer), stop);
  HoldLock(*context, std::move(lock), migration.source_oid);
  context->sessions.set_values(values);
  if (!migration.design.is_null()) {
    CO_ASSIGN_OR_RETURN(context->design, DesignFromJson(migration.design));
    // The server writes dates in definitions as the session's settings say: they are compared with those of then.
    context->sessions.set_values(context->design.values);
  }
  if (migration.IsReverting()) {
    CO_ASSIGN_OR_RETURN(context->undone, DesignFromJson(migration.undo));
  }
  context->report.reverted = migration.reverted != migration.IsReverting();
  SetIdentity(*context, id, migration.source, migration.owner);
  CO_ASSIGN_OR_RETURN(context->journal, co_await context->sessions.OpenLogin("journal"));
  if (!migration.design.is_null()) {
    CO_ASSIGN_OR_RETURN(const std::optional<int64_t> log_index,
                        co_await ReadOid(*context->journal, {context->design.schema_new, kLogIndex}));
    context->dual_write_on = context->report.dual_write = log_index.has_value();
  }
  CO_RETURN_IF_ERROR(co_await TakeUp(*context->journal, id));
  if (!migration.design.is_null() && IsCaptured(migration.stage)) {
    // Before verify takes for errors what was never logged.
    CO_ASSIGN_OR_RETURN(const bool lapsed, co_await GiveSignOfLife(*context->journal, context->design));
    CO_RETURN_IF_ERROR(lapsed ? co_await TellLapsed(*context, *context->journal) : absl::OkStatus());
  }
  CO_ASSIGN_OR_RETURN(const StandingOrders orders, co_await ReadStandingOrders(*context->journal, id));
  context->cutover_allowed = orders.cutover_allowed;
  context->force_called_off = orders.force_called_off;
  if (orders.abort_asked) {
    context->abort_asked = true;
    context->gate.Stop();
  }
  if (orders.paused_by) {
    context->gate.Close(PausedBy(*orders.paused_by));
  }
  CO_ASSIGN_OR_RETURN(
      const pg::Result before,
      co_await context->journal->Query(
          "/* pgmoult:journal */ SELECT (SELECT coalesce(pg_catalog.sum(rows), 0)::pg_catalog.int8 FROM "
          "pgmoult.chunk WHERE migration = $1), (SELECT coalesce(pg_catalog.sum(rows), "
          "0)::pg_catalog.int8 FROM pgmoult.verified WHERE migration = $1)",
          {id}));
  CO_RETURN_IF_ERROR(before.Read(0, context->report.rows_copied, context->report.rows_verified));
  co_return Begun{std::move(context), migration.stage, migration.state, /*taken_up=*/true};
}

}  // namespace pgmoult::engine
