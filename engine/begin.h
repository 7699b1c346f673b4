#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "engine/context.h"

namespace pgmoult::engine {

// How a run begins: a new migration, or one that the journal has.

// What a run is made with: a context with the engine lock, the journal's session and an identity, and where it begins.
struct Begun {
  std::unique_ptr<Context> context;
  Stage stage = Stage::kPrepare;
  State state = State::kRunning;  // that it was found in
  bool taken_up = false;          // an earlier engine had begun it
};

// Plans the change, takes the engine lock, and writes the migration's row. Refusals have kind kRefused, another engine
// or an unfinished migration of the table kBusy.
pg::Awaitable<absl::StatusOr<Begun>> BeginMigration(Target target, Change change, RunOptions options, Observer observer,
                                                    const StopRequest& stop);
// Takes the engine lock of one that was begun, and what the journal knows of it. NotFound where that knows nothing.
// `last_lock_pid`: of the session that held the lock for this engine before it lost the way to it, or 0.
pg::Awaitable<absl::StatusOr<Begun>> TakeUpMigration(Target target, int64_t id, Observer observer,
                                                     const StopRequest& stop, int last_lock_pid = 0);
// Takes the engine lock again where its session was lost. kBusy where another engine has it by now.
pg::Awaitable<absl::Status> LockAgain(Context& context);
// The migration that the same change of the same table began, and that has not been swapped.
pg::Awaitable<absl::StatusOr<std::optional<int64_t>>> FindUnfinished(Target target, Change change);

}  // namespace pgmoult::engine
