#include "engine/control.h"

#include <algorithm>
#include <utility>

#include "copier/points.h"
#include "engine/capture.h"
#include "engine/catalog.h"
#include "engine/context.h"
#include "engine/engine_lock.h"
#include "engine/finish.h"
#include "engine/locks.h"
#include "engine/materialized.h"
#include "engine/observe.h"
#include "engine/revert.h"
#include "engine/sql.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/macros.h"
#include "pg/status.h"
#include "pg/task_group.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;
using pg::Ident;
using std::chrono::milliseconds;

constexpr milliseconds kLockBudget{120'000};
constexpr milliseconds kPoll{200};
constexpr char kComment[] = "/* pgmoult:cleanup */";

std::string Mebibytes(int64_t bytes) { return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20)); }

// A session of the login, and what the journal says of one migration.
struct Opened {
  std::unique_ptr<pg::Connection> connection;
  Migration migration;
};

Awaitable<absl::StatusOr<Opened>> Open(const Target& target, int64_t id) {
  const Sessions sessions(target, id);
  Opened opened;
  CO_ASSIGN_OR_RETURN(opened.connection, co_await sessions.OpenLogin("operator"));
  CO_ASSIGN_OR_RETURN(opened.migration, co_await ReadMigration(*opened.connection, id));
  co_return opened;
}

absl::Status NeedsEngine(const Migration& migration, std::string_view does) {
  if (migration.stage == Stage::kObserve) {
    return absl::FailedPreconditionError(
        fmt::format("cannot {} migration {}: it has been swapped already", does, migration.id));
  }
  if (!migration.engine_alive) {
    return absl::FailedPreconditionError(fmt::format(
        "cannot {0} migration {1}: no engine works on it (stage {2}, {3}); `pgmoult resume {1}` or `pgmoult "
        "abort {1}`",
        does, migration.id, StageName(migration.stage), StateName(migration.state)));
  }
  return absl::OkStatus();
}

Awaitable<absl::StatusOr<std::string>> Ask(const Target& target, int64_t id, std::string verb, std::string does,
                                           std::string answer) {
  CO_ASSIGN_OR_RETURN(const Opened opened, co_await Open(target, id));
  CO_RETURN_IF_ERROR(NeedsEngine(opened.migration, does));
  CO_RETURN_IF_ERROR(co_await SendCommand(*opened.connection, id, std::move(verb)));
  co_return fmt::format("migration {} ({}): {}", id, opened.migration.source.Plain(), answer);
}

Awaitable<absl::Status> DropTriggers(pg::Connection& connection, const Design& design) {
  return pg::RunAll(connection, kComment, DropCaptureSql(design));
}

Awaitable<absl::Status> DropSchemas(pg::Connection& connection, const std::vector<std::string>& schemas) {
  std::vector<std::string> statements;
  for (const std::string& schema : schemas) {
    statements.push_back(fmt::format("DROP SCHEMA IF EXISTS {} CASCADE", Ident(schema)));
  }
  return pg::RunAll(connection, kComment, std::move(statements));
}

// The statements run in a transaction of their own as the owner, with short lock time-outs, until they succeed.
Awaitable<absl::Status> DropPolitely(pg::Connection& connection, pg::Connection& observer, const std::string& owner,
                                     std::vector<pg::QualifiedName> tables,
                                     std::function<Awaitable<absl::Status>()> body) {
  PoliteLock lock;
  lock.role = Ident(owner);
  lock.budget = kLockBudget;
  for (const pg::QualifiedName& table : tables) {
    CO_ASSIGN_OR_RETURN(const std::optional<int64_t> oid, co_await ReadOid(connection, table));
    if (oid) {
      lock.tables.push_back(table);
    }
  }
  lock.evict_autovacuum = !lock.tables.empty();
  co_return co_await WithPoliteLock(connection, observer, lock, std::move(body));
}

// Takes the triggers off their table, whatever its name is by now. One that never got them needs no lock.
Awaitable<absl::Status> EndCapture(pg::Connection& connection, pg::Connection& observer, Design design) {
  CO_ASSIGN_OR_RETURN(const std::vector<CaptureTrigger> triggers, co_await ReadCaptureTriggers(connection, design));
  if (triggers.empty()) {
    co_return absl::OkStatus();
  }
  CO_ASSIGN_OR_RETURN(const auto named, co_await ReadName(connection, design.source_oid));
  design.transfer.source = named.value_or(design.transfer.source);
  co_return co_await DropPolitely(connection, observer, design.owner, {design.transfer.source},
                                  [&connection, &design] { return DropTriggers(connection, design); });
}

Awaitable<absl::Status> DropOld(pg::Connection& connection, const Design& design) {
  const pg::QualifiedName old(Ident(design.schema_old), design.transfer.source.name);
  // Without CASCADE: what somebody else hung on the old table since the swap is not ours to drop.
  std::vector<std::string> statements = DropOldMaterializedSql(design);
  statements.push_back(fmt::format("DROP TABLE IF EXISTS {}", old));
  return pg::RunAll(connection, kComment, std::move(statements));
}

// Schemas first: a migration's row is committed before its schemas are made, so a schema that is there now and whose
// row is not there then belongs to nobody.
Awaitable<absl::StatusOr<Picture>> ReadPicture(pg::Connection& connection) {
  Picture picture;
  CO_ASSIGN_OR_RETURN(const pg::Result result, co_await connection.Query(sql::kOrphans));
  CO_ASSIGN_OR_RETURN(picture.migrations, co_await ReadMigrations(connection));
  for (int row = 0; row < result.rows(); ++row) {
    Orphan orphan;
    int64_t id = 0;
    CO_RETURN_IF_ERROR(result.Read(row, id, orphan.schema, orphan.owner, orphan.keeps_table, orphan.tables,
                                   orphan.log_bytes, orphan.other_bytes));
    const auto migration = std::ranges::find(picture.migrations, id, &Migration::id);
    if (migration == picture.migrations.end()) {
      picture.orphans.push_back(std::move(orphan));
    } else {
      migration->log_bytes += orphan.log_bytes;  // of one direction there is none, or an empty one
      migration->shadow_bytes += orphan.other_bytes;
    }
  }
  co_return picture;
}

// Removes one schema of ours that no journal row knows.
Awaitable<absl::StatusOr<std::string>> CleanOrphan(pg::Connection& connection, pg::Connection& observer,
                                                   Orphan orphan) {
  if (orphan.keeps_table) {
    co_return fmt::format("schema {}: holds a table and is in no journal: look at it and drop it yourself",
                          orphan.schema);
  }
  std::vector<pg::QualifiedName> locked;
  for (const std::string& table : orphan.tables) {
    CO_ASSIGN_OR_RETURN(
        const pg::Result name,
        co_await connection.Query("/* pgmoult:cleanup */ SELECT n.nspname::text, c.relname::text FROM "
                                  "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid "
                                  "= $1::regclass",
                                  {table}));
    pg::QualifiedName qualified;
    std::string table_schema;
    std::string table_name;
    CO_RETURN_IF_ERROR(name.Read(0, table_schema, table_name));
    locked.emplace_back(table_schema, table_name);
  }
  CO_RETURN_IF_ERROR(co_await DropPolitely(connection, observer, orphan.owner, locked, [&connection, &orphan] {
    return DropSchemas(connection, {orphan.schema});
  }));
  co_return fmt::format(
      "schema {}: removed{} ({} of change log, {} of tables)", orphan.schema,
      orphan.tables.empty() ? "" : fmt::format(", with its triggers on {}", fmt::join(orphan.tables, ", ")),
      Mebibytes(orphan.log_bytes), Mebibytes(orphan.other_bytes));
}

Awaitable<absl::StatusOr<std::string>> CleanMigration(pg::Connection& connection, pg::Connection& observer,
                                                      const Migration& migration) {
  const std::string what = fmt::format("migration {} of {}", migration.id, migration.source.Plain());
  if (migration.state == State::kDone) {
    CO_RETURN_IF_ERROR(co_await ForgetMigration(connection, migration.id));
    co_return what + ": done; its journal row is removed";
  }
  if (migration.engine_alive) {
    co_return fmt::format("{}: an engine works on it ({}); left alone", what, migration.engine);
  }
  if (migration.stage == Stage::kObserve) {
    co_return fmt::format("{0}: {1}; `pgmoult finalize {2}` drops it", what,
                          migration.reverted ? "reverted, the other table is kept" : "swapped, its old table is kept",
                          migration.id);
  }
  if (migration.state == State::kStopped) {
    co_return fmt::format("{0}: stopped in order and can go on; left alone (`pgmoult resume {1}`, `pgmoult abort {1}`)",
                          what, migration.id);
  }
  // Kept until this session ends: no engine can take the run up meanwhile.
  CO_ASSIGN_OR_RETURN(const bool locked, co_await TryEngineLock(connection, migration.source_oid));
  if (!locked) {
    co_return what + ": an engine has just taken it up; left alone";
  }
  // What the list said may be minutes old: others' locks were waited for since.
  const absl::StatusOr<Migration> now = co_await ReadSettledMigration(connection, migration.id);
  if (absl::IsNotFound(now.status())) {
    co_return what + ": somebody else has just removed it";
  }
  CO_RETURN_IF_ERROR(now.status());
  if (now->stage == Stage::kObserve || now->state == State::kStopped) {
    co_return what + ": somebody has just taken it further; left alone";
  }
  CO_RETURN_IF_ERROR(co_await TakeAway(connection, observer, *now));
  if (now->IsReverting()) {
    co_return fmt::format("{}: its revert is called off; `pgmoult finalize {}` drops the other table", what,
                          migration.id);
  }
  co_return fmt::format("{}: removed ({} of change log, {} of tables)", what, Mebibytes(migration.log_bytes),
                        Mebibytes(migration.shadow_bytes));
}

absl::Status CheckMayFinalize(const Migration& migration) {
  return migration.stage == Stage::kObserve
             ? absl::OkStatus()
             : absl::FailedPreconditionError(fmt::format(
                   "migration {} has not been swapped (stage {}{}): there is no old table to drop", migration.id,
                   StageName(migration.stage), migration.IsReverting() ? " of a revert" : ""));
}

absl::Status CheckMayRevert(const Migration& migration) {
  if (migration.state == State::kDone) {
    return WithEndKind(EndKind::kRefused, absl::FailedPreconditionError(fmt::format(
                                              "migration {} is finalized: the table that a revert would put back is "
                                              "dropped",
                                              migration.id)));
  }
  return migration.stage == Stage::kObserve
             ? absl::OkStatus()
             : WithEndKind(EndKind::kRefused,
                           absl::FailedPreconditionError(fmt::format(
                               "migration {0} has not been swapped (stage {1}): there is nothing to revert; `pgmoult "
                               "abort {0}` takes it back",
                               migration.id, StageName(migration.stage))));
}

// What the last swap left standing ends before another one: the fence, and keys that stand in for others.
Awaitable<absl::Status> EndObservation(pg::Connection& connection, pg::Connection& observer, const Design& design,
                                       int64_t id) {
  const bool stand_ins =
      std::ranges::any_of(design.carried, [](const CarriedDependent& one) { return !one.stand_ins.empty(); });
  CO_ASSIGN_OR_RETURN(const std::string unfinished, co_await ReadUnfinished(connection, design));
  if (stand_ins && !unfinished.empty()) {
    co_return WithEndKind(EndKind::kRefused,
                          absl::FailedPreconditionError(fmt::format(
                              "migration {0} is not finished: {1}; first `pgmoult resume {0}`", id, unfinished)));
  }
  CO_ASSIGN_OR_RETURN(const std::string old, co_await ReadOldSnapshot(connection, observer, design));
  if (!old.empty()) {
    co_return WithEndKind(EndKind::kBusy, absl::UnavailableError(fmt::format(
                                              "a transaction from before the swap is still there ({}), and its writes "
                                              "must be turned away: end it, then try again",
                                              old)));
  }
  co_return co_await DropFence(connection, observer, design, kLockBudget);
}

// Commands that wait for the engine's lock to be free use it as the sign that the engine has ended.
Awaitable<absl::StatusOr<bool>> WaitUntilGone(pg::Connection& connection, const Migration& known) {
  const int64_t id = known.id;
  const pg::Deadline deadline = pg::Deadline::After(kAbortPatience);
  while (!deadline.Expired()) {
    const absl::StatusOr<Migration> migration = co_await ReadMigration(connection, id);
    if (absl::IsNotFound(migration.status())) {
      co_return true;
    }
    CO_RETURN_IF_ERROR(migration.status());
    if (!migration->engine_alive) {
      co_return false;
    }
    CO_RETURN_IF_ERROR(co_await pg::SleepFor(kPoll));
  }
  CO_ASSIGN_OR_RETURN(const std::string holder, co_await EngineLockHolder(connection, known.source_oid));
  co_return absl::DeadlineExceededError(
      fmt::format("the engine of migration {0} has not ended within {1} s ({2}): see `pgmoult status {0}`. If its "
                  "machine is gone for good, end that session (SELECT pg_terminate_backend(pid)) and say this again",
                  id, kAbortPatience.count(), holder));
}

}  // namespace

Awaitable<absl::StatusOr<Picture>> LookAtDatabase(const Target& target) {
  const Sessions sessions(target, 0);
  CO_ASSIGN_OR_RETURN(const auto connection, co_await sessions.OpenLogin("status"));
  co_return co_await ReadPicture(*connection);
}

Awaitable<absl::StatusOr<std::string>> Pause(const Target& target, int64_t id) {
  return Ask(target, id, "pause", /*does=*/"pause",
             "pauses after the chunks that are under way; the application's writes are still logged");
}

Awaitable<absl::StatusOr<std::string>> Continue(const Target& target, int64_t id) {
  return Ask(target, id, "continue", /*does=*/"continue", "goes on");
}

Awaitable<absl::StatusOr<std::string>> Cutover(const Target& target, int64_t id) {
  return Ask(target, id, "cutover", /*does=*/"cut over", "may swap as soon as it gets there");
}

Awaitable<absl::StatusOr<std::string>> CallOffForce(const Target& target, int64_t id) {
  return Ask(target, id, "no-force", /*does=*/"leave blockers alone",
             "terminates nobody who is in the way of the swap; it goes on trying");
}

Awaitable<absl::Status> TakeAway(pg::Connection& connection, pg::Connection& observer, const Migration& migration) {
  if (migration.IsReverting()) {
    co_return co_await CallOffRevert(connection, observer, migration);
  }
  if (!migration.design.is_null()) {
    CO_ASSIGN_OR_RETURN(const Design design, DesignFromJson(migration.design));
    CO_RETURN_IF_ERROR(pg::Annotate(co_await EndCapture(connection, observer, design), "dropping the triggers"));
    copier::Pass("abort: triggers dropped");
    CO_RETURN_IF_ERROR(pg::Annotate(
        co_await DropPolitely(
            connection, observer, design.owner, {design.transfer.log, design.transfer.shadow},
            [&connection, &design] { return DropSchemas(connection, {design.schema_new, design.schema_old}); }),
        fmt::format(
            "the triggers are gone already, shadow and change log could not be dropped; repeat `pgmoult abort {}`",
            migration.id)));
    copier::Pass("abort: schemas dropped");
  }
  co_return co_await ForgetMigration(connection, migration.id);
}

Awaitable<absl::StatusOr<std::string>> Abort(const Target& target, int64_t id) {
  CO_ASSIGN_OR_RETURN(const Opened opened, co_await Open(target, id));
  pg::Connection& connection = *opened.connection;
  if (opened.migration.stage == Stage::kObserve) {
    co_return absl::FailedPreconditionError(fmt::format(
        "migration {0} has been swapped: there is nothing to abort; `pgmoult revert {0}` puts the old table back, "
        "`pgmoult finalize {0}` drops it",
        id));
  }
  const std::string done =
      fmt::format("migration {} of {}: {}", id, opened.migration.source.Plain(),
                  opened.migration.IsReverting() ? "the revert is called off, the table stays as the swap has made it"
                                                 : "taken back, nothing is left");
  if (opened.migration.engine_alive) {
    CO_RETURN_IF_ERROR(co_await SendCommand(connection, id, "abort"));
    CO_ASSIGN_OR_RETURN(const bool gone, co_await WaitUntilGone(connection, opened.migration));
    if (gone) {
      co_return done;
    }
  }
  // No engine, or it died while it was at it: we take its lock, so that none can start meanwhile.
  CO_ASSIGN_OR_RETURN(const bool locked, co_await TryEngineLock(connection, opened.migration.source_oid));
  if (!locked) {
    co_return absl::UnavailableError(
        fmt::format("another engine has just started on {}", opened.migration.source.Plain()));
  }
  CO_ASSIGN_OR_RETURN(const Migration now, co_await ReadSettledMigration(connection, id));
  if (opened.migration.IsReverting() && !now.IsReverting() && now.reverted == opened.migration.reverted) {
    co_return done;  // the engine has seen to it
  }
  if (now.stage == Stage::kObserve) {
    co_return absl::FailedPreconditionError(fmt::format("migration {} was swapped before it could be stopped", id));
  }
  const Sessions sessions(target, id);
  CO_ASSIGN_OR_RETURN(const auto observer, co_await sessions.OpenLogin("locks"));
  CO_RETURN_IF_ERROR(co_await TakeAway(connection, *observer, now));
  co_return done;
}

Awaitable<absl::Status> DropOldTable(pg::Connection& connection, pg::Connection& observer, const Design& design,
                                     int64_t id) {
  CO_RETURN_IF_ERROR(pg::Annotate(co_await DropFence(connection, observer, design, kLockBudget), "dropping the fence"));
  CO_RETURN_IF_ERROR(pg::Annotate(co_await EndCapture(connection, observer, ReverseCapture(design)),
                                  "ending the capture for a revert"));
  copier::Pass("finalize: capture ended");
  const pg::QualifiedName old(Ident(design.schema_old), design.transfer.source.name);
  CO_RETURN_IF_ERROR(pg::Annotate(co_await DropPolitely(connection, observer, design.owner, {old},
                                                        [&connection, &design] { return DropOld(connection, design); }),
                                  fmt::format("dropping the old table {}", old.Plain())));
  copier::Pass("finalize: old table dropped");
  CO_RETURN_IF_ERROR(co_await DropPolitely(
      connection, observer, design.owner, {design.transfer.log},
      [&connection, &design] { return DropSchemas(connection, {design.schema_new, design.schema_old}); }));
  copier::Pass("finalize: schemas dropped");
  co_return co_await FinishMigration(connection, id);
}

Awaitable<absl::StatusOr<std::string>> Finalize(const Target& target, int64_t id) {
  CO_ASSIGN_OR_RETURN(const Opened opened, co_await Open(target, id));
  pg::Connection& connection = *opened.connection;
  CO_RETURN_IF_ERROR(CheckMayFinalize(opened.migration));
  if (opened.migration.engine_alive && opened.migration.state != State::kDone) {
    CO_RETURN_IF_ERROR(co_await SendCommand(connection, id, "finalize"));
    CO_RETURN_IF_ERROR((co_await WaitUntilGone(connection, opened.migration)).status());
  }
  CO_ASSIGN_OR_RETURN(const bool locked, co_await TryEngineLock(connection, opened.migration.source_oid));
  if (!locked) {
    co_return absl::UnavailableError(
        fmt::format("another engine has just started on {}", opened.migration.source.Plain()));
  }
  // Another terminal may have begun a revert, or been faster.
  CO_ASSIGN_OR_RETURN(const Migration migration, co_await ReadSettledMigration(connection, id));
  CO_RETURN_IF_ERROR(CheckMayFinalize(migration));
  if (migration.state == State::kDone) {
    co_return fmt::format("migration {} is finalized already", id);
  }
  CO_ASSIGN_OR_RETURN(const Design design, DesignFromJson(migration.design));
  CO_ASSIGN_OR_RETURN(const std::string unfinished, co_await ReadUnfinished(connection, design));
  if (!unfinished.empty()) {
    co_return absl::FailedPreconditionError(fmt::format(
        "migration {0} is not finished: {1} (`pgmoult resume {0}`); the old table is kept", id, unfinished));
  }
  const Sessions sessions(target, id);
  CO_ASSIGN_OR_RETURN(const auto observer, co_await sessions.OpenLogin("locks"));
  CO_RETURN_IF_ERROR(co_await DropOldTable(connection, *observer, design, id));
  co_return fmt::format("migration {} of {}: finalized, the {} table is dropped", id, migration.source.Plain(),
                        migration.reverted ? "other" : "old");
}

Awaitable<absl::Status> BeginRevert(const Target& target, int64_t id) {
  CO_ASSIGN_OR_RETURN(const Opened opened, co_await Open(target, id));
  pg::Connection& connection = *opened.connection;
  if (opened.migration.IsReverting()) {
    co_return absl::OkStatus();  // begun already: to be taken up
  }
  CO_RETURN_IF_ERROR(CheckMayRevert(opened.migration));
  if (opened.migration.engine_alive) {
    // It waits, or validates foreign keys.
    CO_RETURN_IF_ERROR(co_await SendCommand(connection, id, "revert"));
    CO_RETURN_IF_ERROR((co_await WaitUntilGone(connection, opened.migration)).status());
  }
  CO_ASSIGN_OR_RETURN(const bool locked, co_await TryEngineLock(connection, opened.migration.source_oid));
  if (!locked) {
    co_return WithEndKind(EndKind::kBusy, absl::UnavailableError(fmt::format("another engine has just started on {}",
                                                                             opened.migration.source.Plain())));
  }
  CO_ASSIGN_OR_RETURN(const Migration now, co_await ReadSettledMigration(connection, id));
  CO_RETURN_IF_ERROR(CheckMayRevert(now));
  CO_ASSIGN_OR_RETURN(const Design design, DesignFromJson(now.design));
  if (!design.revert.problem.empty()) {
    co_return WithEndKind(EndKind::kRefused, absl::FailedPreconditionError(fmt::format(
                                                 "migration {} cannot be reverted: {}", id, design.revert.problem)));
  }
  const Sessions sessions(target, id);
  CO_ASSIGN_OR_RETURN(const auto observer, co_await sessions.OpenLogin("locks"));
  CO_RETURN_IF_ERROR(co_await EndObservation(connection, *observer, design, id));
  CO_ASSIGN_OR_RETURN(RunOptions options, OptionsFromJson(now.options));
  // It is wanted now.
  options.postpone_cutover = false;
  options.cutover_window.clear();
  options.revert_window = std::chrono::seconds(0);
  options.dead_man = std::chrono::seconds(0);
  co_return co_await pg::InTransaction(connection, "/* pgmoult:revert */ BEGIN", BeginUndo(connection, id, options));
}

Awaitable<absl::StatusOr<std::vector<std::string>>> Cleanup(const Target& target) {
  const Sessions sessions(target, 0);
  CO_ASSIGN_OR_RETURN(const auto connection, co_await sessions.OpenLogin("cleanup"));
  CO_ASSIGN_OR_RETURN(const auto observer, co_await sessions.OpenLogin("locks"));
  std::vector<std::string> lines;
  CO_ASSIGN_OR_RETURN(const Picture before, co_await ReadPicture(*connection));
  for (const Migration& migration : before.migrations) {
    CO_ASSIGN_OR_RETURN(std::string line, co_await CleanMigration(*connection, *observer, migration));
    lines.push_back(std::move(line));
  }
  CO_ASSIGN_OR_RETURN(const Picture after, co_await ReadPicture(*connection));
  for (const Orphan& orphan : after.orphans) {
    CO_ASSIGN_OR_RETURN(std::string line, co_await CleanOrphan(*connection, *observer, orphan));
    lines.push_back(std::move(line));
  }
  CO_ASSIGN_OR_RETURN(const bool journal, co_await JournalExists(*connection));
  if (journal) {
    CO_ASSIGN_OR_RETURN(const bool dropped, co_await DropEmptyJournal(*connection));
    if (dropped) {
      lines.emplace_back("the journal: removed");
    }
  }
  co_return lines;
}

}  // namespace pgmoult::engine
