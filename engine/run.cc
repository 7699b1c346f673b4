#include "engine/run.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <utility>

#include "boost/describe.hpp"
#include "boost/json/value_from.hpp"
#include "copier/marker.h"
#include "engine/begin.h"
#include "engine/context.h"
#include "engine/control.h"
#include "engine/control_loop.h"
#include "engine/finish.h"
#include "engine/misfits.h"
#include "engine/observe.h"
#include "engine/retry.h"
#include "engine/tripwire.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/backoff.h"
#include "pg/macros.h"
#include "pg/status.h"
#include "pg/task_group.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kTick{100};  // of progress while nothing runs

Awaitable<absl::Status> RunStage(Context& context, Stage stage) {
  switch (stage) {
    case Stage::kPrepare:
      return PrepareStage(context);
    case Stage::kCopy:
      return CopyStage(context);
    case Stage::kIndex:
      return IndexStage(context);
    case Stage::kReplay:
      return ReplayStage(context);
    case Stage::kVerify:
      return VerifyStage(context);
    case Stage::kApproach:
      return ApproachStage(context);
    case Stage::kCutover:
      return CutoverStage(context);
    case Stage::kObserve:
      return ObserveStage(context);
  }
  return ObserveStage(context);
}

Awaitable<absl::Status> EnterStage(Context& context, Stage stage) {
  context.progress.stage = stage;
  context.report.reached = stage;
  Show(context, "", 0, 0);
  context.progress.waiting.clear();
  CO_RETURN_IF_ERROR(co_await Record(context, "stage", std::string(StageName(stage)), nullptr));
  if (IsCaptured(stage)) {
    CO_RETURN_IF_ERROR(co_await CheckTripwire(context));
    if (context.design.must_verify && stage > Stage::kVerify) {
      co_return JumpTo(Stage::kVerify, "the capture triggers were touched");
    }
  }
  co_return absl::OkStatus();
}

// The one runner: stages in order, and back where one says so.
Awaitable<absl::Status> RunStages(Context& context, Stage stage) {
  for (;;) {
    const Clock::time_point started = Clock::now();
    absl::Status status = co_await EnterStage(context, stage);
    if (status.ok()) {
      status = co_await RunStage(context, stage);
    }
    context.report.stage_seconds[std::string(StageName(stage))] +=
        std::chrono::duration<double>(Clock::now() - started).count();
    if (context.replayer != nullptr) {
      context.report.rows_replayed = std::max(context.report.rows_replayed, context.replayer->rows_replayed());
    }
    Stage next = static_cast<Stage>(static_cast<int>(stage) + 1);
    if (copier::IsEverythingChanged(status)) {
      CO_RETURN_IF_ERROR(co_await RestartCopy(context));
      next = Stage::kCopy;
    } else if (const auto target = JumpTarget(status)) {
      next = *target;
    } else if (IsCaptured(stage) && IsDataError(status)) {
      co_return co_await NameMisfits(context, status);
    } else {
      CO_RETURN_IF_ERROR(status);
    }
    if (stage == Stage::kObserve) {
      co_return absl::OkStatus();
    }
    if (next < Stage::kObserve) {  // the swap has written its own
      CO_RETURN_IF_ERROR(co_await SetStage(*context.journal, context.id(), next));
    }
    stage = next;
  }
}

// What is to be done after the swap, for people, or "".
Awaitable<absl::StatusOr<std::string>> ReadLeftToDo(Context& context) {
  CO_ASSIGN_OR_RETURN(std::string unfinished, co_await ReadUnfinished(*context.journal, context.design));
  const bool to_drop = unfinished.empty() && context.options.revert_window.count() > 0 && !context.observed_enough;
  co_return to_drop ? "the old table is still to be dropped (--revert-window)" : unfinished;
}

// Writes down how it ended, on a new session where the old one is gone. Where the journal says that the swap committed,
// whatever came after: what is left to do after it, or "".
Awaitable<absl::StatusOr<std::optional<std::string>>> WriteEnding(Context& context, const absl::Status& status) {
  context.replayer.reset();
  if (pg::IsConnectionLost(status)) {
    context.journal.reset();  // it may be as dead as the other one, and not know it yet
  }
  const bool unlocked = !context.lock->usable();
  if (unlocked || context.journal == nullptr || !context.journal->usable() || context.journal->in_transaction()) {
    context.journal.reset();
    CO_RETURN_IF_ERROR(unlocked ? co_await LockAgain(context) : absl::OkStatus());
    CO_ASSIGN_OR_RETURN(context.journal, co_await context.sessions.OpenLogin("journal"));
  }
  CO_ASSIGN_OR_RETURN(const Migration migration, co_await ReadSettledMigration(*context.journal, context.id()));
  if (migration.state == State::kDone) {
    context.report.finalized = true;
    co_return "";
  }
  if (migration.stage == Stage::kObserve) {
    CO_ASSIGN_OR_RETURN(const std::string unfinished, co_await ReadLeftToDo(context));
    CO_RETURN_IF_ERROR(co_await SetState(*context.journal, context.id(), State::kSwapped, unfinished));
    co_return unfinished;
  }
  // Of a run nothing is worth keeping yet; a revert that was asked for stays asked for, as long as it may go on.
  const bool nothing_yet = migration.stage == Stage::kPrepare && !(migration.IsReverting() && IsWaitedOut(status));
  if (context.abort_asked || nothing_yet) {
    CO_ASSIGN_OR_RETURN(const auto observer, co_await context.sessions.OpenLogin("locks"));
    CO_RETURN_IF_ERROR(co_await TakeAway(*context.journal, *observer, migration));
    co_return std::nullopt;
  }
  const EndKind kind = EndKindOf(status);
  const bool resumable = (kind != EndKind::kNone && kind != EndKind::kImpossible) || IsPassing(status);
  CO_RETURN_IF_ERROR(co_await SetState(*context.journal, context.id(), resumable ? State::kStopped : State::kFailed,
                                       pg::Describe(status)));
  co_return std::nullopt;
}

// The ending as callers are told of it.
absl::Status EndingOf(const Context& context, const absl::Status& ended) {
  if (context.abort_asked) {
    return WithEndKind(EndKind::kAborted,
                       absl::CancelledError(context.undone ? "the revert was called off on an operator's command; the "
                                                             "table stays as the swap has made it"
                                                           : "taken back on an operator's command"));
  }
  // A stop can cost the answer to a chunk's COMMIT; the journal tells which chunks are done.
  const bool stopped = (absl::IsCancelled(ended) && pg::SqlState(ended).empty()) ||
                       (context.gate.stopping() && pg::IsOutcomeUnknown(ended));
  if (stopped) {
    return WithEndKind(EndKind::kStopped,
                       absl::CancelledError(fmt::format("stopped in stage {}", StageName(context.report.reached))));
  }
  const bool passing = EndKindOf(ended) == EndKind::kNone && IsPassing(ended) && !pg::IsConnectionLost(ended);
  return passing ? WithEndKind(pg::IsLockNotAvailable(ended) ? EndKind::kLockNotGot : EndKind::kStopped, ended) : ended;
}

// Runs the stages beside what watches over them; enters a stage anew where the tripwire ended it.
Awaitable<absl::Status> RunWatched(Context& context, Stage stage) {
  for (;;) {
    const absl::Status ended = co_await pg::WithBackground(
        pg::WithBackground(RunStages(context, stage), ControlLoop(context)), WatchLock(context));
    if (!IsTripped(ended)) {
      co_return ended;
    }
    context.replayer.reset();  // what its session and the journal's were about was cut short
    context.making_triggers = false;
    CO_ASSIGN_OR_RETURN(context.journal, co_await context.sessions.OpenLogin("journal"));
    CO_ASSIGN_OR_RETURN(const Migration migration, co_await ReadSettledMigration(*context.journal, context.id()));
    stage = migration.stage;
  }
}

Awaitable<absl::StatusOr<RunReport>> Conduct(Context& context, Stage stage) {
  const absl::Status ended = co_await RunWatched(context, stage);
  context.report.total_seconds = std::chrono::duration<double>(Clock::now() - context.started).count();
  context.report.waited_seconds = std::chrono::duration<double>(context.gate.closed_time()).count();
  if (ended.ok()) {
    co_return context.report;
  }
  const absl::Status result = EndingOf(context, ended);
  const absl::StatusOr<std::optional<std::string>> written = co_await WriteEnding(context, result);
  if (!written.ok()) {
    co_return pg::Annotate(result,
                           fmt::format("(and the journal could not be told: {})", pg::Describe(written.status())));
  }
  if (const std::optional<std::string>& unfinished = *written) {
    context.report.reached = Stage::kObserve;
    if (!unfinished->empty()) {
      co_return WithEndKind(EndKind::kStopped,
                            pg::Annotate(ended, fmt::format("the new table is in place, but {} (`pgmoult resume {}`)",
                                                            *unfinished, context.id())));
    }
    context.observer.on_event("warning", "after the swap: " + pg::Describe(ended), nullptr);
    co_return context.report;
  }
  co_return result;
}

// A way to begin, again after a fault: a new migration, or one that the journal has.
using Begin = std::function<Awaitable<absl::StatusOr<Begun>>()>;
using TakeUpOne = std::function<Awaitable<absl::StatusOr<Begun>>(int64_t id, int last_lock_pid)>;

// Waits until the run can be taken up again; its error when that is not to be expected any more.
Awaitable<absl::StatusOr<Begun>> TakeUpAgain(const Begin& begin, const absl::Status& fault, const Context& last,
                                             pg::Deadline deadline) {
  constexpr milliseconds kFirst{500};
  constexpr milliseconds kCap{15'000};
  pg::Backoff backoff(kFirst, kCap);
  absl::Status why = fault;
  for (;;) {
    const milliseconds pause = backoff.Next();
    Progress shown = last.progress;
    shown.waiting = fmt::format("trying again in {:.0f} s: {}", std::ceil(static_cast<double>(pause.count()) / 1000.0),
                                pg::Describe(why));
    const pg::Deadline next = pg::Deadline::After(pause);
    while (!next.Expired() && !last.stop.stopped()) {
      last.observer.on_progress(shown);
      CO_RETURN_IF_ERROR(co_await pg::SleepFor(kTick));
    }
    if (last.stop.stopped()) {
      co_return fault;
    }
    if (deadline.Expired()) {
      co_return pg::Annotate(
          fault, fmt::format("given up after {} s of trying again (--retry-for)", last.options.retry_for.count()));
    }
    absl::StatusOr<Begun> begun = co_await begin();
    // Our own engine lock may outlive us for a while, where the server has not heard that we are gone.
    const bool passing = IsWaitedOut(begun.status()) || EndKindOf(begun.status()) == EndKind::kBusy;
    if (begun.ok() || !passing) {
      co_return begun;
    }
    why = begun.status();
  }
}

// A new migration; or the one that an earlier engine has begun, or a try of ours to whose end the answer was lost.
Awaitable<absl::StatusOr<Begun>> BeginOrTakeUp(Target target, Change change, Begin begin, TakeUpOne take_up) {
  CO_ASSIGN_OR_RETURN(const std::optional<int64_t> unfinished, co_await FindUnfinished(target, change));
  co_return unfinished ? co_await take_up(*unfinished, 0) : co_await begin();
}

// Takes the run up where the last one lost its way, and tells the journal why.
Awaitable<absl::StatusOr<Begun>> ComeBack(const Context& last, absl::Status fault, TakeUpOne take_up) {
  CO_ASSIGN_OR_RETURN(Begun begun, co_await take_up(last.id(), last.sessions.engine()->lock_pid));
  CO_RETURN_IF_ERROR(
      co_await AddEvent(*begun.context->journal, last.id(), "interrupted", {{"text", pg::Describe(fault)}}));
  co_return begun;
}

// `run` has found an unfinished migration of the same change.
Awaitable<absl::Status> TellTakenUp(const Begun& begun, const RunOptions& given) {
  Context& context = *begun.context;
  CO_RETURN_IF_ERROR(
      co_await Record(context, "resumed",
                      fmt::format("migration {} had begun this change already: it is taken up in stage {}",
                                  context.id(), StageName(begun.stage)),
                      nullptr));
  const std::vector<std::string> differences = DiffOptions(context.options, given);
  co_return differences.empty()
      ? absl::OkStatus()
      : co_await Record(context, "warning",
                        fmt::format("the options that it was begun with hold: {}", fmt::join(differences, ", ")),
                        nullptr);
}

// After the swap there may be foreign keys to validate, and an old table to drop in time.
Awaitable<absl::Status> CheckSomethingUnfinished(const Begun& begun) {
  Context& context = *begun.context;
  CO_ASSIGN_OR_RETURN(const std::string unfinished, co_await ReadLeftToDo(context));
  const bool nothing = unfinished.empty() || begun.state == State::kDone;
  co_return nothing
      ? absl::FailedPreconditionError(fmt::format(
            "migration {0} has been swapped; there is nothing to resume (pgmoult finalize {0})", context.id()))
      : absl::OkStatus();
}

// Runs to the end; faults that pass are waited out, each for as long as the options say.
Awaitable<absl::StatusOr<RunReport>> ConductPatiently(Begun begun, Begin anew, TakeUpOne take_up) {
  for (;;) {
    Context& context = *begun.context;
    absl::StatusOr<RunReport> ended = co_await Conduct(context, begun.stage);
    const bool wait = IsWaitedOut(ended.status()) && context.options.retry_for.count() > 0 && !context.stop.stopped();
    if (ended.ok() || !wait) {
      co_return ended;
    }
    context.observer.on_event("interrupted", pg::Describe(ended.status()), nullptr);
    // Its sessions go, and with them the engine lock.
    context.replayer.reset();
    context.journal.reset();
    context.lock.reset();
    const pg::Deadline deadline = pg::Deadline::After(context.options.retry_for);
    const Begin come_back = [&] { return ComeBack(context, ended.status(), take_up); };
    absl::StatusOr<Begun> again = co_await TakeUpAgain(come_back, ended.status(), context, deadline);
    if (absl::IsNotFound(again.status()) && anew) {
      again = co_await TakeUpAgain(anew, ended.status(), context, deadline);  // it was taken away before its first row
    }
    if (!again.ok()) {
      co_return again.status();
    }
    const bool called_off = context.undone && again->context->report.reverted != context.report.reverted;
    if (called_off) {
      co_return WithEndKind(EndKind::kAborted,
                            absl::CancelledError("the revert was called off while this run waited; the table stays as "
                                                 "the swap has made it"));
    }
    again->context->started = context.started;
    again->context->report.stage_seconds = context.report.stage_seconds;
    again->context->report.swap_tries = context.report.swap_tries;
    again->context->report.swap_wait_ms = context.report.swap_wait_ms;
    again->context->report.swap_longest_try_ms = context.report.swap_longest_try_ms;
    again->context->report.swap_queue = context.report.swap_queue;
    again->context->report.swap_queue_ms = context.report.swap_queue_ms;
    again->context->report.swap_queue_complete = context.report.swap_queue_complete;
    again->context->report.interruptions = context.report.interruptions + 1;
    begun = *std::move(again);
  }
}

}  // namespace

BOOST_DESCRIBE_STRUCT(Progress, (),
                      (migration, table, doing, waiting, done, total, rate, eta_seconds, chunk_ms, chunk_rows, workers,
                       replayed_rows, elapsed_seconds))
BOOST_DESCRIBE_STRUCT(RunReport, (),
                      (migration, table, rows_copied, rows_verified, rows_replayed, repaired, hot_keys, reverted,
                       finalized, dual_write, old_snapshots_overridden, interruptions, swap_tries, swap_hold_ms,
                       swap_longest_try_ms, swap_wait_ms, swap_queue, swap_queue_ms, swap_queue_complete,
                       waited_seconds, stage_seconds, total_seconds))

boost::json::value ToJson(const Progress& progress) {
  boost::json::value json = boost::json::value_from(progress);
  json.as_object()["stage"] = std::string(StageName(progress.stage));
  return json;
}

boost::json::value ToJson(const RunReport& report) {
  boost::json::value json = boost::json::value_from(report);
  json.as_object()["reached"] = std::string(StageName(report.reached));
  return json;
}

Awaitable<absl::StatusOr<RunReport>> RunMigration(const Target& target, Change change, RunOptions options,
                                                  Observer observer, const StopRequest& stop) {
  const Begin begin = [&] { return BeginMigration(target, change, options, observer, stop); };
  const TakeUpOne take_up = [&](int64_t id, int last_lock_pid) {
    return TakeUpMigration(target, id, observer, stop, last_lock_pid);
  };
  const Begin anew = [&] { return BeginOrTakeUp(target, change, begin, take_up); };
  CO_RETURN_IF_ERROR(options.Validate());
  CO_ASSIGN_OR_RETURN(Begun begun, co_await anew());
  CO_RETURN_IF_ERROR(begun.taken_up ? co_await TellTakenUp(begun, options) : absl::OkStatus());
  co_return co_await ConductPatiently(std::move(begun), anew, take_up);
}

Awaitable<absl::StatusOr<RunReport>> ResumeMigration(const Target& target, int64_t id, Observer observer,
                                                     const StopRequest& stop) {
  const TakeUpOne take_up = [&](int64_t migration, int last_lock_pid) {
    return TakeUpMigration(target, migration, observer, stop, last_lock_pid);
  };
  CO_ASSIGN_OR_RETURN(Begun begun, co_await take_up(id, 0));
  if (begun.stage == Stage::kObserve) {
    CO_RETURN_IF_ERROR(co_await CheckSomethingUnfinished(begun));
  }
  co_return co_await ConductPatiently(std::move(begun), /*anew=*/{}, take_up);
}

Awaitable<absl::StatusOr<RunReport>> RevertMigration(const Target& target, int64_t id, Observer observer,
                                                     const StopRequest& stop) {
  CO_RETURN_IF_ERROR(co_await BeginRevert(target, id));
  co_return co_await ResumeMigration(target, id, std::move(observer), stop);
}

}  // namespace pgmoult::engine
