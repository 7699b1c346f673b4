#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/options.h"
#include "engine/run.h"
#include "tests/stress/shape.h"
#include "tests/stress/workload.h"
#include "tests/support/database.h"

namespace pgmoult::tests {

// Options for stress: small chunks, so that many of them meet the load, and a cutover that waits.
engine::RunOptions StressOptions();

// How long each test stays under load at least: PGMOULT_STRESS_SECONDS, else `normally`.
double StressSeconds(double normally);

// A change that is carried out while writers work.
struct Scenario {
  std::string change = "ALTER TABLE t ALTER COLUMN n TYPE bigint, ADD COLUMN added int";
  engine::RunOptions options = StressOptions();
  // While the cutover is postponed only: of the copy, or of what follows it, some dozens of transactions each.
  int pauses = 2;
  double seconds = 1;            // under load before the swap may come
  int commits_before_swap = 20;  // of every writer, in stage approach, when the gate opens
  std::function<void(const std::string& stage)> on_stage = [](const std::string&) {};  // on the engine's thread
};

// What came of it, beyond what was judged already.
struct UnderLoad {
  bool ok = false;  // the run swapped; everything else would be void
  engine::RunReport report;
  bool fenced = false;  // writers were stopped, or old snapshots overridden
  std::vector<std::string> stages;
  int swap_tries = 0;
  int64_t chunks = 0;        // of the copy that was swapped in
  size_t edges = 0;          // ends of different chunks that writers were sent to
  int64_t edge_changes = 0;  // of rows there, committed
};

// Starts the writers, waits until each has committed, runs the change, waits until each has committed against the new
// table, and ends them. Every promise is judged by EXPECT: the run succeeds and repairs nothing; the invariant is never
// broken; no writer meets an error that is not its own; the ledger equals the new table, what was recorded against the
// old one equals the table that is kept, and that one with what was recorded against the new one equals the new table;
// a SwapWitness found both tables equal; finalize leaves nothing behind. And that there was something to judge:
// since the copy began, every kind of step was committed; where the cutover is postponed, the engine is held at the
// beginning of each stage for a look at the invariant.
UnderLoad RunUnderLoad(const TestDatabase& database, const Shape& shape, Workload& workload, const Scenario& scenario);

}  // namespace pgmoult::tests
