#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "engine/context.h"

namespace pgmoult::engine {

// What is left to do after the swap, beside readers and writers: foreign keys were made NOT VALID, and those that were
// valid before are validated now; those of partitioned tables become one again.

// What is to be done right after the swap, for people, or "". Pure.
std::string UnfinishedText(const Design& design);
// The same where something of it is not done yet, else "".
pg::Awaitable<absl::StatusOr<std::string>> ReadUnfinished(pg::Connection& connection, const Design& design);
// Does it, one statement a transaction, each under SHARE UPDATE EXCLUSIVE (a partitioned table's for an instant under
// SHARE ROW EXCLUSIVE), as often as it takes. Can be entered again. Kind kStopped where a row breaks a key.
pg::Awaitable<absl::Status> FinishDependents(Context& context);

}  // namespace pgmoult::engine
