#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boost/json/value.hpp"
#include "copier/copy.h"
#include "engine/design.h"
#include "engine/options.h"
#include "engine/stage.h"
#include "pg/connection.h"

namespace pgmoult::engine {

// The journal: schema `pgmoult` of the target database, the only durable state of a migration. Its form is
// sql/journal.sql. All functions run on a session of the login.

// Where a migration stands, apart from its stage.
enum class State {
  kRunning,  // an engine works on it, or one did and died without a word
  kStopped,  // an engine stopped in order; can be taken up again
  kFailed,   // an engine stopped on an error that trying again would not mend
  kSwapped,  // the new table is in place, the old one is kept
  kDone,     // finalized
  kLapsed,   // --dead-man: no engine for so long that capture has stopped; never written, but read
};
std::string_view StateName(State state);

// One row of pgmoult.migration, as far as people and engines read it.
struct Migration {
  int64_t id = 0;
  std::string statement;
  pg::QualifiedName source;
  int64_t source_oid = 0;
  std::string owner;
  Stage stage = Stage::kPrepare;
  State state = State::kRunning;
  std::string message;  // the last error, or why it waits
  boost::json::value options;
  boost::json::value design;    // Design, as JSON; null before prepare has committed
  boost::json::value progress;  // last written by the engine
  bool engine_alive = false;    // somebody holds its advisory lock
  double age_seconds = 0;
  double silent_seconds = 0;  // since the engine's last heartbeat
  // Where LookAtDatabase() asked, of the tables that are there before the swap, indexes included.
  int64_t log_bytes = 0;
  int64_t shadow_bytes = 0;
  std::string engine;       // host and pid of the engine
  boost::json::value undo;  // while a revert is under way: the design of the swap that it undoes; else null
  bool reverted = false;    // as of the last swap, the old table is in place

  bool IsReverting() const { return !undo.is_null(); }
};

// A command of an operator to a running engine.
struct Command {
  int64_t id = 0;
  std::string verb;    // pause, continue, cutover, no-force, abort, revert, finalize
  std::string author;  // role, and the address it came from
};

// Makes the schema where it is missing; checks its version where it is there.
pg::Awaitable<absl::Status> EnsureJournal(pg::Connection& connection);
// True where the schema is there.
pg::Awaitable<absl::StatusOr<bool>> JournalExists(pg::Connection& connection);

// Adds a migration and returns its id. Lets `owner` write the rows that commit with chunks. 42P01 where the journal has
// gone since EnsureJournal(), with the last migration in it.
pg::Awaitable<absl::StatusOr<int64_t>> AddMigration(pg::Connection& connection, const Migration& migration);
pg::Awaitable<absl::StatusOr<Migration>> ReadMigration(pg::Connection& connection, int64_t id);
// As it is once a swap whose COMMIT may be under way has ended: waits for its row lock (55P03 after lock_timeout). What
// is decided by the stage, while the engine lock is held, is decided by this.
pg::Awaitable<absl::StatusOr<Migration>> ReadSettledMigration(pg::Connection& connection, int64_t id);
pg::Awaitable<absl::StatusOr<std::vector<Migration>>> ReadMigrations(pg::Connection& connection);

pg::Awaitable<absl::Status> SetStage(pg::Connection& connection, int64_t id, Stage stage);
pg::Awaitable<absl::Status> SetState(pg::Connection& connection, int64_t id, State state, std::string message);
// Since the last swap, by the server's clock.
pg::Awaitable<absl::StatusOr<double>> ReadSecondsSinceSwap(pg::Connection& connection, int64_t id);
// In the swap's transaction. What was undone by it is forgotten.
pg::Awaitable<absl::Status> SetSwapped(pg::Connection& connection, int64_t id, std::string message);
// A revert begins, in stage prepare: the design makes room for the revert's own. Chunks, commands and the copy's end
// go.
pg::Awaitable<absl::Status> BeginUndo(pg::Connection& connection, int64_t id, const RunOptions& options);
// It is given up, and the swap stands.
pg::Awaitable<absl::Status> EndUndo(pg::Connection& connection, int64_t id);
// Removes the journal where no migration is in it; true where it did.
pg::Awaitable<absl::StatusOr<bool>> DropEmptyJournal(pg::Connection& connection);
// This engine works on it from now on. What has been swapped stays so.
pg::Awaitable<absl::Status> TakeUp(pg::Connection& connection, int64_t id);
pg::Awaitable<absl::Status> SetDesign(pg::Connection& connection, int64_t id, const boost::json::value& design);
pg::Awaitable<absl::Status> Heartbeat(pg::Connection& connection, int64_t id, const boost::json::value& progress);
pg::Awaitable<absl::Status> AddEvent(pg::Connection& connection, int64_t id, std::string kind,
                                     const boost::json::value& detail);

// The copy's fixed end, and what earlier workers finished.
pg::Awaitable<absl::Status> SetCopyEnd(pg::Connection& connection, int64_t id,
                                       const std::optional<copier::KeyValue>& end);
// nullopt: the end is not fixed yet.
pg::Awaitable<absl::StatusOr<std::optional<copier::CopyState>>> ReadCopyState(pg::Connection& connection,
                                                                              const copier::Transfer& transfer);
// Forgets chunks and end: the copy starts again.
pg::Awaitable<absl::Status> ForgetCopy(pg::Connection& connection, int64_t id);

// Removes a migration's rows, and what its owner could do to the journal for it; the whole schema where it was the
// last.
pg::Awaitable<absl::Status> ForgetMigration(pg::Connection& connection, int64_t id);
// It is done: the row stays, its owner's rights on the journal go.
pg::Awaitable<absl::Status> FinishMigration(pg::Connection& connection, int64_t id);

// Commands: a row is the truth, NOTIFY on channel "pgmoult" a hint.
pg::Awaitable<absl::Status> SendCommand(pg::Connection& connection, int64_t id, std::string verb);
// Those not taken yet, marked as taken, oldest first.
pg::Awaitable<absl::StatusOr<std::vector<Command>>> TakeCommands(pg::Connection& connection, int64_t id);

// What operators asked of earlier engines and still want. Commands that those left lying count as taken.
struct StandingOrders {
  std::optional<std::string> paused_by;  // the author of a pause that nobody ended
  bool cutover_allowed = false;
  bool force_called_off = false;
  bool abort_asked = false;  // within kAbortPatience: somebody waits for it
};
// How long `abort` waits for an engine to obey.
inline constexpr std::chrono::seconds kAbortPatience{180};
pg::Awaitable<absl::StatusOr<StandingOrders>> ReadStandingOrders(pg::Connection& connection, int64_t id);

}  // namespace pgmoult::engine
