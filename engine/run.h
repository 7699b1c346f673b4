#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boost/json/value.hpp"
#include "engine/change.h"
#include "engine/options.h"
#include "engine/plan.h"
#include "engine/sessions.h"
#include "engine/stage.h"

namespace pgmoult::engine {

// A picture of a run, for people; made several times a second.
struct Progress {
  int64_t migration = 0;
  std::string table;
  Stage stage = Stage::kPrepare;
  std::string doing;        // what goes on within the stage: "index t_v_idx", "waiting for pgmoult cutover 7"
  std::string waiting;      // why nothing moves, "" while something does: "paused by alice"
  double done = 0;          // of the stage, in rows or objects
  double total = 0;         // 0: unknown
  double rate = 0;          // rows a second over the last seconds
  double eta_seconds = -1;  // of the stage; negative: unknown
  double chunk_ms = 0;
  int64_t chunk_rows = 0;
  int workers = 0;  // busy
  int64_t replayed_rows = 0;
  double elapsed_seconds = 0;  // of the run
};
boost::json::value ToJson(const Progress& progress);

// What a run did. Seconds are wall time.
struct RunReport {
  int64_t migration = 0;
  std::string table;
  Stage reached = Stage::kPrepare;  // kObserve: swapped
  int64_t rows_copied = 0;
  int64_t rows_verified = 0;
  int64_t rows_replayed = 0;
  int64_t repaired = 0;                   // rows that verify found wrong and put right
  int64_t hot_keys = 0;                   // never seen at rest by verify
  bool reverted = false;                  // the former shape is back
  bool finalized = false;                 // the old table was dropped when --revert-window was over
  bool dual_write = false;                // writes went through to the shadow before the swap
  bool old_snapshots_overridden = false;  // swapped although older snapshots were left
  int interruptions = 0;                  // faults that the run has waited out
  int swap_tries = 0;
  double swap_hold_ms = 0;  // for which the try that succeeded kept others waiting
  double swap_longest_try_ms =
      0;                     // from its first lock that others wait behind to its end, of any try: nobody waited longer
  double swap_wait_ms = 0;   // for locks, all tries together
  int swap_queue = 0;        // sessions that were seen to wait behind a try
  double swap_queue_ms = 0;  // the longest of these waits, as of its last sample
  bool swap_queue_complete = true;  // false: the sampling broke off
  double waited_seconds = 0;        // at closed gates
  std::map<std::string, double> stage_seconds;
  double total_seconds = 0;
};
boost::json::value ToJson(const RunReport& report);

// How to hear of a run, and how to end it. All calls come on the run's own thread.
struct Observer {
  std::function<void(const Progress&)> on_progress = [](const Progress&) {};
  // A change of state: "stage", "warning", "swap_try", …; one sentence for people and the facts for machines.
  std::function<void(std::string_view kind, const std::string& text, const boost::json::value& facts)> on_event =
      [](std::string_view, const std::string&, const boost::json::value&) {};
};

// A request to stop in order, leaving everything so that the run can be resumed or aborted. Made before the run, used
// from its thread (a signal handler of the same io_context).
class StopRequest {
 public:
  void Stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }

 private:
  bool stopped_ = false;
};

// Why a run ended before the swap, as a kind that callers turn into exit codes. kNone: the status has no such kind.
enum class EndKind { kNone, kRefused, kStopped, kAborted, kLockNotGot, kBusy, kImpossible };
EndKind EndKindOf(const absl::Status& status);

// All stages up to the swap. On success the new table is in place and the old one is kept until finalize.
// Statuses that are not OK: EndKindOf() says refused (nothing done), stopped (resumable), aborted (taken back), lock
// not got (nothing lost; resumable), busy (another engine works on the table), impossible (table or shadow are no
// longer what the run began with: only abort helps); pg::IsOutcomeUnknown; pg::IsConnectionLost (resumable); anything
// else has failed and says what state things are in.
pg::Awaitable<absl::StatusOr<RunReport>> RunMigration(const Target& target, Change change, RunOptions options,
                                                      Observer observer, const StopRequest& stop);
// Takes up a run that stopped or died, at the stage and chunk where it was.
pg::Awaitable<absl::StatusOr<RunReport>> ResumeMigration(const Target& target, int64_t id, Observer observer,
                                                         const StopRequest& stop);
// Undoes the last swap of a migration that is not finalized: the table that it put aside is brought up to date,
// verified and swapped back, by the same stages (a revert can be stopped, resumed, aborted and reverted). Takes up a
// revert that was begun. What is lost in a revert is in the plan's RevertPlan::notes.
pg::Awaitable<absl::StatusOr<RunReport>> RevertMigration(const Target& target, int64_t id, Observer observer,
                                                         const StopRequest& stop);

}  // namespace pgmoult::engine
