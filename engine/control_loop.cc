#include "engine/control_loop.h"

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "engine/control.h"
#include "engine/dead_man.h"
#include "engine/tripwire.h"
#include "fmt/format.h"
#include "pg/macros.h"
#include "pg/status.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kTick{100};           // of the control loop: progress, stop requests
constexpr milliseconds kCommandEvery{1000};  // the table is the truth, NOTIFY only a hint
constexpr milliseconds kHeartbeatEvery{2000};
constexpr std::chrono::seconds kTripwireEvery{10};
constexpr std::chrono::seconds kRateWindow{5};
constexpr std::chrono::seconds kStopGrace{5};  // for chunks and rounds to end by themselves

constexpr char kTrippedUrl[] = "pgmoult/tripped";

absl::Status Tripped() {
  absl::Status status = absl::AbortedError("the table was changed during the stage");
  status.SetPayload(kTrippedUrl, absl::Cord("1"));
  return status;
}

// Rate over the last seconds of the current stage.
class RateMeter {
 public:
  void Update(Progress& progress, Clock::time_point now) {
    if (progress.stage != stage_ || (!samples_.empty() && progress.done < samples_.back().second)) {
      samples_.clear();
      stage_ = progress.stage;
    }
    samples_.emplace_back(now, progress.done);
    while (samples_.size() > 2 && now - samples_.front().first > kRateWindow) {
      samples_.pop_front();
    }
    const double seconds = std::chrono::duration<double>(now - samples_.front().first).count();
    progress.rate = seconds > 0.2 ? (progress.done - samples_.front().second) / seconds : 0;
    const double left = progress.total - progress.done;
    progress.eta_seconds = progress.rate > 0 && progress.total > 0 && left >= 0 ? left / progress.rate : -1;
  }

 private:
  std::deque<std::pair<Clock::time_point, double>> samples_;
  Stage stage_ = Stage::kPrepare;
};

Awaitable<absl::Status> Obey(Context& context, pg::Connection& control) {
  CO_ASSIGN_OR_RETURN(const std::vector<Command> commands, co_await TakeCommands(control, context.id()));
  for (const Command& command : commands) {
    if (command.verb == "pause") {
      context.gate.Close(PausedBy(command.author));
    } else if (command.verb == "continue") {
      context.gate.Open();
    } else if (command.verb == "cutover") {
      context.cutover_allowed = true;
    } else if (command.verb == "no-force") {
      context.force_called_off = true;
    } else if (command.verb == "finalize") {
      context.observed_enough = true;
    } else if (command.verb == "revert" && context.progress.stage == Stage::kObserve) {
      context.observed_enough = true;
      context.gate.Stop();  // another engine waits to undo what this one has done
    } else if (command.verb == "abort") {
      context.abort_asked = true;
      context.gate.Stop();
    }
    const std::string text = fmt::format("{} asks: {}", command.author, command.verb);
    context.observer.on_event("command", text, {{"verb", command.verb}, {"author", command.author}});
    CO_RETURN_IF_ERROR(
        co_await AddEvent(control, context.id(), "command", {{"verb", command.verb}, {"author", command.author}}));
  }
  co_return absl::OkStatus();
}

// Ends a stage that would go on working in vain: a changed definition stops the run, touched triggers are made again
// when the stage is entered anew. The stages look for themselves at their beginning, at the gate and in the swap.
Awaitable<absl::Status> WatchTripwire(Context& context, pg::Connection& control) {
  const auto watched = [&context] {
    const Stage stage = context.progress.stage;
    return stage > Stage::kPrepare && stage < Stage::kApproach && !context.making_triggers;
  };
  if (!watched()) {
    co_return absl::OkStatus();
  }
  // Definitions are read under locks of their own, and commands must not wait for what others have locked.
  CO_RETURN_IF_ERROR((co_await control.Query("SET lock_timeout = 200")).status());
  const absl::StatusOr<TripwireReport> report = co_await ReadTripwire(control, context.design);
  CO_RETURN_IF_ERROR((co_await control.Query("RESET lock_timeout")).status());
  if (pg::IsLockNotAvailable(report.status())) {
    co_return absl::OkStatus();  // the next look will tell
  }
  CO_RETURN_IF_ERROR(report.status());
  if (watched()) {
    CO_RETURN_IF_ERROR(co_await WarnOfDependents(context, control, *report));
  }
  const bool touched = !report->definition.empty() || !report->capture.empty();
  co_return (touched && watched()) ? Tripped() : absl::OkStatus();
}

// Tells the capture triggers that somebody will take what they log. After the swap, and before prepare has made them,
// nobody asks.
Awaitable<absl::Status> BeatCapture(Context& context, pg::Connection& control) {
  if (!IsCaptured(context.progress.stage)) {
    co_return absl::OkStatus();
  }
  const absl::StatusOr<bool> lapsed = co_await GiveSignOfLife(control, context.design);
  if (pg::IsLockNotAvailable(lapsed.status())) {
    co_return absl::OkStatus();  // somebody has locked the log; the flag stays up
  }
  CO_RETURN_IF_ERROR(lapsed.status());
  co_return *lapsed ? co_await TellLapsed(context, control) : absl::OkStatus();
}

}  // namespace

Awaitable<absl::Status> TellLapsed(Context& context, pg::Connection& connection) {
  const std::string text =
      fmt::format("capture had stopped, since there was no sign of life for {} s (--dead-man): the copy starts again",
                  context.design.dead_man_s);
  context.observer.on_event("warning", text, nullptr);
  co_return co_await AddEvent(connection, context.id(), "lapsed", {{"text", text}});
}

std::string PausedBy(const std::string& author) { return fmt::format("paused by {}", author); }

bool IsTripped(const absl::Status& status) { return status.GetPayload(kTrippedUrl).has_value(); }

Awaitable<absl::Status> ControlLoop(Context& context) {
  CO_ASSIGN_OR_RETURN(const auto control, co_await context.sessions.OpenLogin("control"));
  CO_RETURN_IF_ERROR((co_await control->Query("LISTEN pgmoult")).status());
  RateMeter meter;
  Clock::time_point next_command = Clock::now();
  Clock::time_point next_heartbeat = Clock::now();
  Clock::time_point next_tripwire = Clock::now() + kTripwireEvery;
  std::optional<Clock::time_point> stopping_since;
  for (;;) {
    const Clock::time_point now = Clock::now();
    Progress& progress = context.progress;
    progress.elapsed_seconds = std::chrono::duration<double>(now - context.started).count();
    meter.Update(progress, now);
    Progress shown = progress;
    if (context.gate.closed()) {
      shown.waiting = context.gate.reason();
    } else if (context.lock_wait.waiting() > 0 && shown.waiting.empty()) {
      shown.waiting = fmt::format("another session has locked {}", context.design.transfer.source.Plain());
    }
    context.observer.on_progress(shown);
    if (context.stop.stopped()) {
      context.gate.Stop();
    }
    if (context.gate.stopping() && !stopping_since) {
      stopping_since = now;
    }
    const bool building = progress.stage == Stage::kIndex || progress.stage == Stage::kReplay;
    if (stopping_since && !context.uninterruptible && (building || now - *stopping_since > kStopGrace)) {
      co_return absl::CancelledError("stopped on request");
    }
    if (now >= next_command) {
      next_command = now + kCommandEvery;
      CO_RETURN_IF_ERROR(co_await Obey(context, *control));
    }
    if (now >= next_heartbeat) {
      next_heartbeat = now + kHeartbeatEvery;
      CO_RETURN_IF_ERROR(co_await BeatCapture(context, *control));
      const absl::Status beat = co_await Heartbeat(*control, context.id(), ToJson(shown));
      const bool swapping = pg::IsLockNotAvailable(beat);  // the swap has the row until its COMMIT is answered
      CO_RETURN_IF_ERROR(swapping ? absl::OkStatus() : beat);
    }
    if (now >= next_tripwire) {
      next_tripwire = now + kTripwireEvery;
      CO_RETURN_IF_ERROR(co_await WatchTripwire(context, *control));
    }
    const auto notified = co_await control->WaitNotification(pg::Deadline::After(kTick));
    if (notified.ok()) {
      next_command = Clock::now();
    } else if (!absl::IsDeadlineExceeded(notified.status())) {
      co_return notified.status();
    }
  }
}

Awaitable<absl::Status> WatchLock(Context& context) {
  for (;;) {
    const auto notified = co_await context.lock->WaitNotification(pg::Deadline::Never());
    if (!notified.ok()) {
      co_return pg::Annotate(notified.status(), "the session that holds the engine lock");
    }
  }
}

}  // namespace pgmoult::engine
