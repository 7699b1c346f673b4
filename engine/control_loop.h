#pragma once

#include <string>

#include "absl/status/status.h"
#include "engine/context.h"

namespace pgmoult::engine {

// What goes on beside the stages of a run, on its thread.

// Shows progress, takes commands, beats the heart and watches the tripwire; ends with Cancelled when a stop was asked
// for and what is under way did not end by itself, or with what IsTripped() knows.
pg::Awaitable<absl::Status> ControlLoop(Context& context);
// The table was changed during the stage, which is to be entered anew.
bool IsTripped(const absl::Status& status);

// The engine lock is ours as long as its session lives; without it another engine may start. Ends when that does.
pg::Awaitable<absl::Status> WatchLock(Context& context);

// To people and the journal: capture had stopped logging, and what was copied is worth nothing.
pg::Awaitable<absl::Status> TellLapsed(Context& context, pg::Connection& connection);

// Why the gate is closed.
std::string PausedBy(const std::string& author);

}  // namespace pgmoult::engine
