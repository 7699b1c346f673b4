#include <utility>

#include "copier/points.h"
#include "engine/capture.h"
#include "engine/catalog.h"
#include "engine/context.h"
#include "engine/dead_man.h"
#include "engine/locks.h"
#include "engine/preflight.h"
#include "engine/revert.h"
#include "engine/shadow.h"
#include "engine/tripwire.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/macros.h"
#include "pg/status.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;

constexpr char kComment[] = "/* pgmoult:prepare */";

// One transaction: shadow, log and trigger functions, and the design in the journal.
Awaitable<absl::Status> MakeShadow(Context& context, const TableFacts& table) {
  const int64_t id = context.id();
  CO_ASSIGN_OR_RETURN(
      ShadowBuild build,
      co_await BuildShadow(*context.journal, table, context.change, context.sessions.values(), id,
                           fmt::format("pgmoult_{}_new", id), fmt::format("pgmoult_{}_old", id),
                           context.options.allow_publish_all, context.undone ? &*context.undone : nullptr));
  if (build.design.transfer.key.empty()) {
    build.refusals.push_back("no key to copy by: " + build.design.key_reason);
  }
  if (!build.refusals.empty()) {
    co_return WithEndKind(EndKind::kRefused,
                          absl::FailedPreconditionError(
                              fmt::format("{} is refused: {}", table.name.Plain(), fmt::join(build.refusals, "; "))));
  }
  context.design = std::move(build.design);
  if (context.options.no_revert) {
    context.design.revert.problem = "it was run with --no-revert";
  }
  if (!context.undone) {  // else the swap has made the log
    context.design.dead_man_s = context.options.dead_man.count();
    CO_RETURN_IF_ERROR(co_await pg::RunAll(*context.journal, kComment, CreateLogSql(context.design)));
    CO_RETURN_IF_ERROR(co_await pg::RunAll(*context.journal, kComment, CreateDeadManSql(context.design)));
  }
  CO_RETURN_IF_ERROR(
      co_await pg::RunAll(*context.journal, kComment, CaptureFunctionsSql(context.design, CaptureBody::kLog)));
  CO_RETURN_IF_ERROR((co_await context.journal->Query("/* pgmoult:prepare */ RESET ROLE")).status());
  co_return co_await SetDesign(*context.journal, id, ToJson(context.design));
}

// Under the lock: every earlier write has committed and is visible to the first chunk; every later one is logged.
Awaitable<absl::Status> MakeTriggers(Context& context) {
  pg::Connection& connection = *context.journal;
  Design& design = context.design;
  CO_ASSIGN_OR_RETURN(const std::vector<std::string> changed, co_await ReadDefinitionChanges(connection, design));
  if (!changed.empty()) {
    co_return WithEndKind(EndKind::kImpossible, absl::FailedPreconditionError(fmt::format(
                                                    "the definition of {} changed while triggers were to be made: {}",
                                                    design.transfer.source.Plain(), fmt::join(changed, "; "))));
  }
  CO_RETURN_IF_ERROR(co_await pg::RunAll(connection, kComment, SignOfLifeSql(design)));
  CO_RETURN_IF_ERROR(co_await pg::RunAll(connection, kComment, DropCaptureSql(design)));
  CO_RETURN_IF_ERROR(co_await pg::RunAll(connection, kComment, CaptureTriggersSql(design, CaptureModeOf(context))));
  CO_RETURN_IF_ERROR(co_await TryLogInsert(connection, design));
  CO_RETURN_IF_ERROR((co_await connection.Query("/* pgmoult:prepare */ RESET ROLE")).status());
  CO_ASSIGN_OR_RETURN(design.triggers, co_await ReadCaptureTriggers(connection, design));
  CO_ASSIGN_OR_RETURN(design.filenode, co_await ReadFilenode(connection, design.source_oid));
  co_return co_await SetDesign(connection, context.id(), ToJson(design));
}

}  // namespace

Awaitable<absl::Status> InstallCapture(Context& context) {
  CO_ASSIGN_OR_RETURN(const auto observer, co_await context.sessions.OpenLogin("locks"));
  PoliteLock lock{.role = pg::Ident(context.design.owner),
                  .tables = {context.design.transfer.source},
                  .mode = "SHARE ROW EXCLUSIVE"};
  lock.budget = context.options.lock_budget;
  context.making_triggers = true;
  const absl::Status status =
      co_await WithPoliteLock(*context.journal, *observer, lock, [&context] { return MakeTriggers(context); });
  context.making_triggers = false;
  if (status.ok()) {
    copier::Pass("prepare: triggers made");
  }
  co_return absl::IsDeadlineExceeded(status) ? WithEndKind(EndKind::kLockNotGot, status) : status;
}

Awaitable<absl::Status> PrepareStage(Context& context) {
  copier::Pass("prepare: registered");
  // A run that died between the two transactions has its design in the journal, and lacks only the triggers.
  if (context.design.source_oid == 0) {
    CO_ASSIGN_OR_RETURN(const TableFacts table,
                        co_await FindTable(*context.journal, context.design.transfer.source.schema.name(),
                                           context.design.transfer.source.name.name(), ""));
    CO_RETURN_IF_ERROR(context.undone ? co_await CheckIsAsSwapped(*context.journal, *context.undone, table.oid)
                                      : absl::OkStatus());
    CO_RETURN_IF_ERROR(
        co_await pg::InTransaction(*context.journal, "/* pgmoult:prepare */ BEGIN", MakeShadow(context, table)));
    copier::Pass("prepare: shadow made");
  }
  Show(context, "making triggers", 0, 0);
  CO_RETURN_IF_ERROR(co_await InstallCapture(context));
  // The other table has every row but those that were logged since the swap.
  co_return context.undone ? JumpTo(Stage::kIndex, "nothing is to be copied") : absl::OkStatus();
}

}  // namespace pgmoult::engine
