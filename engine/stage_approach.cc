#include "copier/points.h"
#include "engine/capture.h"
#include "engine/catalog.h"
#include "engine/context.h"
#include "engine/day_window.h"
#include "engine/locks.h"
#include "engine/preflight.h"
#include "engine/tripwire.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/macros.h"
#include "pg/status.h"
#include "pg/task_group.h"
#include "pg/test_hooks.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;

constexpr int64_t kShortLog = 100;
constexpr int kMaxLaps = 20;
constexpr auto kMaxIndexTime = std::chrono::milliseconds(300);  // of the log, while writers wait
constexpr auto kTryFor = std::chrono::seconds(5);               // before the log is replayed again
constexpr auto kKeepPause = std::chrono::milliseconds(200);
constexpr auto kTripwireEvery = std::chrono::seconds(10);

// Under SHARE on the log: writers wait with their log inserts while the (short) log is indexed.
Awaitable<absl::Status> SwitchBodies(Context& context) {
  pg::Connection& connection = *context.journal;
  std::vector<pg::Statement> statements;
  statements.push_back({"/* pgmoult:approach */ DROP INDEX IF EXISTS " +
                            pg::QualifiedName(context.design.schema_new, kLogIndex).Quoted(),
                        {}});
  statements.push_back({"/* pgmoult:approach */ " + CreateLogIndexSql(context.design), {}});
  for (const std::string& statement : CaptureFunctionsSql(context.design, CaptureBody::kDualWrite)) {
    statements.push_back({"/* pgmoult:approach */ " + statement, {}});
  }
  statements.push_back({"/* pgmoult:approach */ RESET ROLE", {}});
  co_return (co_await connection.Pipeline(std::move(statements))).status();
}

// Names may have been taken since preflight, and the owner may have lost the right to create in the table's schema:
// better known now than in the swap.
Awaitable<absl::Status> CheckNames(Context& context) {
  CO_ASSIGN_OR_RETURN(const std::optional<int64_t> shadow,
                      co_await ReadOid(*context.journal, context.design.transfer.shadow));
  CO_ASSIGN_OR_RETURN(const std::vector<std::string> taken,
                      co_await ReadTakenNames(*context.journal, shadow.value_or(0), context.design));
  co_return taken.empty()
      ? absl::OkStatus()
      : WithEndKind(EndKind::kStopped, absl::FailedPreconditionError(fmt::format("{}", fmt::join(taken, "; "))));
}

Awaitable<absl::Status> CheckRights(Context& context) {
  const std::string& schema = context.design.transfer.source.schema.name();
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await context.journal->Query(
                          "/* pgmoult:approach */ SELECT pg_catalog.has_schema_privilege($1::pg_catalog.name, "
                          "$2::pg_catalog.text, 'CREATE')",
                          {context.design.owner, schema}));
  CO_ASSIGN_OR_RETURN(const bool may_create, result.Scalar<bool>());
  co_return may_create ? absl::OkStatus()
                       : absl::PermissionDeniedError(fmt::format(
                             "the owner {0} has no CREATE on schema {1}, which the swap needs: GRANT CREATE ON "
                             "SCHEMA {2} TO {3}, then resume",
                             context.design.owner, schema, pg::Ident(schema), pg::Ident(context.design.owner)));
}

// What hangs on the table must still be such that it can be carried over: better known now than in the swap.
Awaitable<absl::Status> CheckDependents(Context& context) {
  CO_RETURN_IF_ERROR((co_await context.journal->Query(
                          fmt::format("/* pgmoult:approach */ SET LOCAL ROLE {}", pg::Ident(context.design.owner))))
                         .status());
  co_return co_await CheckNothingCame(*context.journal, context.design, context.options);
}

// Why the swap may not come yet; "" where it may.
absl::StatusOr<std::string> WhyWait(const Context& context) {
  if (context.options.postpone_cutover && !context.cutover_allowed) {
    return fmt::format("postponed: waits for `pgmoult cutover {}`", context.id());
  }
  const absl::StatusOr<std::optional<DayWindow>> window = CutoverWindow(context.options);
  if (!window.ok() || !*window) {
    return window.ok() ? "" : absl::StatusOr<std::string>(window.status());
  }
  const absl::Time now = pg::WallClock();
  const absl::TimeZone zone = absl::LocalTimeZone();
  const absl::Duration opens_in = (*window)->OpensIn(now, zone);
  return opens_in == absl::ZeroDuration() ? ""
                                          : fmt::format("the cutover window {} {}", context.options.cutover_window,
                                                        OpeningText(opens_in, now, zone));
}

// Keeps in step until the swap may come: an operator has opened the gate, and the hour is right.
Awaitable<absl::Status> KeepInStep(Context& context, copier::Replayer& replayer) {
  Show(context, "keeping in step", 0, 0);
  auto next_look = std::chrono::steady_clock::now() + kTripwireEvery;
  for (;;) {
    CO_ASSIGN_OR_RETURN(context.progress.waiting, WhyWait(context));
    if (context.progress.waiting.empty()) {
      co_return absl::OkStatus();
    }
    CO_RETURN_IF_ERROR(co_await context.gate.Pass());
    CO_RETURN_IF_ERROR(co_await replayer.CatchUp(kShortLog, 1));
    context.progress.replayed_rows = replayer.rows_replayed();
    if (std::chrono::steady_clock::now() >= next_look) {
      CO_RETURN_IF_ERROR(co_await CheckTripwire(context));
      if (context.design.must_verify) {
        co_return JumpTo(Stage::kVerify, "the capture triggers were touched");
      }
      next_look = std::chrono::steady_clock::now() + kTripwireEvery;
    }
    CO_RETURN_IF_ERROR(co_await pg::SleepFor(kKeepPause));
  }
}

}  // namespace

Awaitable<absl::Status> StartDualWrite(Context& context) {
  const bool may = context.design.dual_write_possible && context.options.capture == CaptureMode::kStatement &&
                   context.options.dual_write != DualWriteMode::kNever;
  if (context.dual_write_on || !may) {
    co_return absl::OkStatus();
  }
  CO_ASSIGN_OR_RETURN(copier::Replayer* const replayer, co_await GetReplayer(context));
  CO_ASSIGN_OR_RETURN(const auto observer, co_await context.sessions.OpenLogin("locks"));
  PoliteLock lock{.role = pg::Ident(context.design.owner), .tables = {context.design.transfer.log}, .mode = "SHARE"};
  lock.max_hold = kMaxIndexTime;
  lock.budget = kTryFor;
  lock.evict_autovacuum = false;
  const pg::Deadline deadline = pg::Deadline::After(context.options.lock_budget);
  for (;;) {
    CO_RETURN_IF_ERROR(co_await context.gate.Pass());
    // A log that is long, or full of dead rows, would take long to index.
    CO_RETURN_IF_ERROR(co_await replayer->CatchUp(kShortLog, kMaxLaps));
    CO_RETURN_IF_ERROR(co_await replayer->TidyLog(/*always=*/true));
    const absl::Status status =
        co_await WithPoliteLock(*context.journal, *observer, lock, [&context] { return SwitchBodies(context); });
    if (status.ok()) {
      break;
    }
    if (!absl::IsDeadlineExceeded(status) || deadline.Expired()) {
      co_return absl::IsDeadlineExceeded(status) ? WithEndKind(EndKind::kLockNotGot, status) : status;
    }
  }
  copier::Pass("approach: writes go through");
  context.dual_write_on = true;
  context.report.dual_write = true;
  co_return co_await Record(context, "dual_write", "writes go through to the shadow from now on", nullptr);
}

Awaitable<absl::Status> ApproachStage(Context& context) {
  CO_RETURN_IF_ERROR(co_await CheckRights(context));
  CO_RETURN_IF_ERROR(co_await CheckNames(context));
  CO_RETURN_IF_ERROR(co_await context.lock_wait.Run([&context] {
    return pg::InTransaction(*context.journal, "/* pgmoult:approach */ BEGIN", CheckDependents(context));
  }));
  copier::Pass("approach: checked");
  CO_ASSIGN_OR_RETURN(copier::Replayer* const replayer, co_await GetReplayer(context));
  Show(context, "catching up", 0, 0);
  CO_RETURN_IF_ERROR(co_await StartDualWrite(context));
  CO_RETURN_IF_ERROR(co_await replayer->CatchUp(kShortLog, kMaxLaps));
  co_return co_await KeepInStep(context, *replayer);
}

}  // namespace pgmoult::engine
