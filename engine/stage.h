#pragma once

#include <optional>
#include <string_view>

namespace pgmoult::engine {

// The stages of a migration, in order: comparisons mean "earlier" and "later".
enum class Stage {
  kPrepare,   // shadow, change log and triggers are made
  kCopy,      // rows go to the shadow, chunk by chunk
  kIndex,     // key index and other non-unique indexes
  kReplay,    // logged keys are brought up to date; unique indexes and exclusion constraints; ANALYZE
  kVerify,    // both tables are compared, chunk by chunk
  kApproach,  // triggers write through where that cannot hurt; the gate of a postponed cutover
  kCutover,   // the swap
  kObserve,   // the new table is in place, the old one is kept
};

// Triggers are on the table, or should be: from the end of prepare until the swap.
inline bool IsCaptured(Stage stage) { return stage > Stage::kPrepare && stage < Stage::kObserve; }

std::string_view StageName(Stage stage);
std::optional<Stage> StageOf(std::string_view name);

}  // namespace pgmoult::engine
