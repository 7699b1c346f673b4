#pragma once

#include "absl/status/status.h"
#include "engine/context.h"

namespace pgmoult::engine {

// After the swap: validates foreign keys, then takes the fence away once no snapshot from before can exist. Where one
// lives on, the fence stays (it costs writers next to nothing) until `finalize`, or until --revert-window is over: then
// the old table goes, too.
pg::Awaitable<absl::Status> ObserveStage(Context& context);

// Who may still write with a snapshot from before the swap, where the fence stands against him; "" where nobody does.
pg::Awaitable<absl::StatusOr<std::string>> ReadOldSnapshot(pg::Connection& connection, pg::Connection& observer,
                                                           const Design& design);

// Drops the fence under a polite lock; the new table bears the source's name.
pg::Awaitable<absl::Status> DropFence(pg::Connection& connection, pg::Connection& observer, const Design& design,
                                      std::chrono::milliseconds budget);

}  // namespace pgmoult::engine
