#pragma once

#include <vector>

#include "engine/plan.h"
#include "pg/connection.h"

namespace pgmoult::engine {

// The preflight rules. Each looks at one thing and yields findings with the object's name and what to do about it.

// What the catalog says hangs on the table and cannot be carried over (sql/dependents.sql), as seen by the owner.
pg::Awaitable<absl::StatusOr<std::vector<Finding>>> DependentFindings(pg::Connection& connection,
                                                                      const TableFacts& table,
                                                                      const RunOptions& options);
// The same during a run, on a session whose role is the owner's: kind kStopped, where something came since preflight
// that is in the way of the swap.
pg::Awaitable<absl::Status> CheckNothingCame(pg::Connection& connection, const Design& design,
                                             const RunOptions& options);
// Who may run whose code: pure.
std::vector<Finding> RightsFindings(const TableFacts& table, const RunOptions& options);
// What the change itself brings: statements that lead elsewhere, types that run out, prepared statements. Pure.
std::vector<Finding> ChangeFindings(const Plan& plan, const RunOptions& options);
// What building the clone could not carry over. Pure.
std::vector<Finding> BuildFindings(const ShadowBuild& build);

}  // namespace pgmoult::engine
