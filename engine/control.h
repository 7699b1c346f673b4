#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/design.h"
#include "engine/journal.h"
#include "engine/sessions.h"

namespace pgmoult::engine {

// What operators do from another terminal. Each opens a session of its own; all answers are one sentence.

// A schema that bears our name and belongs to no migration that the journal knows.
struct Orphan {
  std::string schema;
  std::string owner;
  bool keeps_table = false;         // an old one
  std::vector<std::string> tables;  // whose triggers run its functions
  int64_t log_bytes = 0;            // of the change log, with its indexes
  int64_t other_bytes = 0;          // of its other tables, with theirs
};
// All of ours in a database.
struct Picture {
  std::vector<Migration> migrations;
  std::vector<Orphan> orphans;
};
pg::Awaitable<absl::StatusOr<Picture>> LookAtDatabase(const Target& target);

// Asks a running engine to pause, continue, cut over, or to terminate nobody for the swap; an error says why that
// cannot be (no engine, wrong stage).
pg::Awaitable<absl::StatusOr<std::string>> Pause(const Target& target, int64_t id);
pg::Awaitable<absl::StatusOr<std::string>> Continue(const Target& target, int64_t id);
pg::Awaitable<absl::StatusOr<std::string>> Cutover(const Target& target, int64_t id);
pg::Awaitable<absl::StatusOr<std::string>> CallOffForce(const Target& target, int64_t id);

// Back to nothing, at any stage before the swap: stops a running engine and waits until it has taken everything away,
// or takes it away itself where none runs. Refused after the swap.
pg::Awaitable<absl::StatusOr<std::string>> Abort(const Target& target, int64_t id);

// After the swap: drops the old table and everything of ours but the journal's row. An engine that only keeps the old
// table (--revert-window) makes way; one that validates foreign keys is waited for.
pg::Awaitable<absl::StatusOr<std::string>> Finalize(const Target& target, int64_t id);

// Makes a revert of what was swapped the migration's next run, which is then to be taken up. Ends an engine that is
// still at work after the swap. kRefused, kBusy as in run.h.
pg::Awaitable<absl::Status> BeginRevert(const Target& target, int64_t id);

// Removes what dead runs left: unfinished migrations without an engine, finished ones' journal rows, schemas and
// triggers of ours that no journal row knows, and the journal itself where nothing is left in it. One line each.
pg::Awaitable<absl::StatusOr<std::vector<std::string>>> Cleanup(const Target& target);

// Drops triggers, shadow, log and schemas of an unfinished migration under polite locks, then its journal row. Used by
// abort, cleanup and an engine that was told to abort.
pg::Awaitable<absl::Status> TakeAway(pg::Connection& connection, pg::Connection& observer, const Migration& migration);

// What finalize does, under polite locks, for whoever holds the engine lock; the migration is done then.
pg::Awaitable<absl::Status> DropOldTable(pg::Connection& connection, pg::Connection& observer, const Design& design,
                                         int64_t id);

}  // namespace pgmoult::engine
