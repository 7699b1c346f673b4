#pragma once

#include "absl/status/status.h"

namespace pgmoult::engine {

// What trying again may mend: the run counts as stopped, not as failed. Pure.
bool IsPassing(const absl::Status& status);
// Of these, what a run waits out by itself: the server or the way to it was gone (classes 08 and 57P), or the server
// had no room (class 53: disk, memory, connections; not 53400, a limit of the operator's own), or the way leads to a
// standby for now (its promotion is under way). Locks and time-outs have budgets of their own. Pure.
bool IsWaitedOut(const absl::Status& status);

}  // namespace pgmoult::engine
