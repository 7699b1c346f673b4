#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "boost/asio/any_io_executor.hpp"
#include "copier/gate.h"
#include "copier/replay.h"
#include "engine/design.h"
#include "engine/journal.h"
#include "engine/run.h"
#include "engine/sessions.h"
#include "pg/connection.h"

namespace pgmoult::engine {

// What the stages of one run share. One thread; lives as long as the run. Stages run one after the other and own
// `journal` and `replayer` while they run; the control loop has a session of its own.
struct Context {
  Context(const Target& target, Change change_in, RunOptions options_in, Observer observer_in,
          const StopRequest& stop_in)
      : sessions(target, 0),
        options(std::move(options_in)),
        change(std::move(change_in)),
        observer(std::move(observer_in)),
        stop(stop_in),
        lock_wait(options.lock_budget) {}

  Sessions sessions;
  RunOptions options;
  Change change;
  Design design;
  std::optional<Design> undone;  // this is a revert of that design's swap
  Observer observer;
  const StopRequest& stop;

  copier::Gate gate;                           // closed: paused; stopping: stop or abort was asked for
  copier::LockWait lock_wait;                  // for tables that others have locked
  std::unique_ptr<pg::Connection> lock;        // holds the engine lock; when it dies, so does the run
  std::unique_ptr<pg::Connection> journal;     // the stages' own session of the login
  std::unique_ptr<copier::Replayer> replayer;  // made when first needed
  Progress progress;
  RunReport report;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();

  std::optional<copier::KeyRange> failed_chunk;  // of the copy: it did not get through

  std::string warned_of;  // changes of dependents

  bool cutover_allowed = false;   // the gate of a postponed cutover is open
  bool force_called_off = false;  // nobody is to be terminated after all
  bool abort_asked = false;       // an operator wants it taken back
  bool observed_enough = false;   // an operator sees to the old table: nothing is to be waited for after the swap
  bool dual_write_on = false;     // the trigger functions write through
  bool uninterruptible = false;   // the swap's COMMIT is under way: a stop waits for it
  bool making_triggers = false;   // the design's triggers and the table's may differ meanwhile

  int64_t id() const { return design.transfer.migration; }
};

// Tells the observer and the journal.
pg::Awaitable<absl::Status> Record(Context& context, std::string kind, std::string text,
                                   const boost::json::value& facts);
// The stage's picture changed: total and done, and what it does.
void Show(Context& context, std::string doing, double done, double total);

// Writes through a partitioned table fire no statement trigger of a partition's.
CaptureMode CaptureModeOf(const Context& context);

// The replayer, on a session of its own.
pg::Awaitable<absl::StatusOr<copier::Replayer*>> GetReplayer(Context& context);

// "Go on with that stage instead": no failure.
absl::Status JumpTo(Stage stage, std::string_view why);
std::optional<Stage> JumpTarget(const absl::Status& status);

// A status with a kind that EndKindOf() reads.
absl::Status WithEndKind(EndKind kind, absl::Status status);

// The stages. Each is re-enterable from the journal alone and ends with its promise kept.
pg::Awaitable<absl::Status> PrepareStage(Context& context);
pg::Awaitable<absl::Status> CopyStage(Context& context);
pg::Awaitable<absl::Status> IndexStage(Context& context);
pg::Awaitable<absl::Status> ReplayStage(Context& context);
pg::Awaitable<absl::Status> VerifyStage(Context& context);
pg::Awaitable<absl::Status> ApproachStage(Context& context);
pg::Awaitable<absl::Status> CutoverStage(Context& context);

// Makes (or makes again) the triggers under a polite lock and remembers them in the design.
pg::Awaitable<absl::Status> InstallCapture(Context& context);
// Empties the shadow after a TRUNCATE of the source: capture only logs again, the shadow is a bare heap as after
// prepare, the copy is forgotten.
pg::Awaitable<absl::Status> RestartCopy(Context& context);
// Capture writes through from now on, where change and options allow it: index on the log, new function bodies.
pg::Awaitable<absl::Status> StartDualWrite(Context& context);

}  // namespace pgmoult::engine
