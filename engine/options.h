#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boost/json/value.hpp"
#include "engine/day_window.h"

namespace pgmoult::engine {

enum class VerifyMode { kFull, kOff };
enum class DualWriteMode {
  kAuto,   // on in stage approach, where the change allows it
  kEarly,  // on right after the first replay, for a cutover that is postponed for days
  kNever,  // capture only logs, to the end
};
enum class CaptureMode {
  kStatement,  // statement triggers with transition tables: nearly free for bulk statements
  kRow,        // row triggers: no temporary files, and writes through a parent table are seen
};
enum class OldSnapshots {
  kGiveUp,  // stop before the swap, to be tried again
  kGoOn,    // swap; a REPEATABLE READ transaction from before may read rows of before
};

// What an operator can choose for one run. Defaults are meant to be right.
struct RunOptions {
  int jobs = 2;           // copy workers, and index builds at once; 1 to 64
  double chunk_ms = 100;  // server time a copy or verify chunk aims at; 1 to 10,000
  VerifyMode verify = VerifyMode::kFull;
  DualWriteMode dual_write = DualWriteMode::kAuto;
  CaptureMode capture = CaptureMode::kStatement;
  bool postpone_cutover = false;                 // wait at the gate until `pgmoult cutover ID`
  bool trust_owner = false;                      // a superuser login may run the code of a lesser owner
  bool allow_publish_all = false;                // go on in a database with a FOR ALL TABLES publication
  bool no_revert = false;                        // the swap leaves no capture, and cannot be undone
  std::chrono::milliseconds max_hold{1000};      // of the swap's lock; past it the try is rolled back
  std::chrono::seconds lock_budget{600};         // for getting a lock politely, all tries together
  std::chrono::seconds wait_old_snapshots{300};  // before the swap, for snapshots older than the last replay
  OldSnapshots on_old_snapshots = OldSnapshots::kGiveUp;
  std::string cutover_window;                   // "22:30-04:00", local time, for the swap; "": at any time
  std::chrono::seconds max_pause{30};           // between two tries of the swap that somebody was in the way of
  std::chrono::seconds force_cutover_after{0};  // who is in the way for so long is terminated; 0: nobody is
  std::chrono::seconds revert_window{0};        // after the swap, then the run finalizes; 0: only an operator does
  // Without a sign of life for so long capture stops, and the copy must start again; 0: it never stops. Else at
  // least 10.
  std::chrono::seconds dead_man{0};
  std::chrono::seconds retry_for{600};  // for a server that is gone or has no room; 0: the run ends at once

  absl::Status Validate() const;
};

boost::json::value ToJson(const RunOptions& options);
// nullopt: at any time.
absl::StatusOr<std::optional<DayWindow>> CutoverWindow(const RunOptions& options);
// What differs, as the JSON has it: "jobs is 2, not 8".
std::vector<std::string> DiffOptions(const RunOptions& is, const RunOptions& is_not);
absl::StatusOr<RunOptions> OptionsFromJson(const boost::json::value& json);

}  // namespace pgmoult::engine
