#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/context.h"
#include "pg/connection.h"

namespace pgmoult::engine {

// Notices what others did to the source or to our triggers since they were last looked at (PROTOCOL.md, "Tripwire").
struct TripwireReport {
  std::vector<std::string> definition;  // what differs in the source's shape: ends the migration
  std::vector<std::string> dependents;  // what differs in what hangs on it: the swap cannot be made as planned
  std::vector<std::string> capture;     // what went past the triggers, or may have: a full verify is needed
};

// What differs in the source's definition, its name included, as sentences.
pg::Awaitable<absl::StatusOr<std::vector<std::string>>> ReadDefinitionChanges(pg::Connection& connection,
                                                                              const Design& design);
// Where the table's rows lie: another file after a rewrite (VACUUM FULL, CLUSTER, an ALTER that computes values), which
// fires no trigger.
pg::Awaitable<absl::StatusOr<std::string>> ReadFilenode(pg::Connection& connection, int64_t oid);
// On any session that may read the catalog; under a lock where the answer must hold.
pg::Awaitable<absl::StatusOr<TripwireReport>> ReadTripwire(pg::Connection& connection, const Design& design);
// Tells people once of each change of the dependents; the journal, too, by `connection`.
pg::Awaitable<absl::Status> WarnOfDependents(Context& context, pg::Connection& connection,
                                             const TripwireReport& report);
// For a swap that cannot be made because of them.
absl::Status DependentsChanged(const Design& design, const std::vector<std::string>& changes);
// At a stage boundary: FailedPrecondition for a changed definition; changed triggers are made again, and the next
// verify is a full one whatever was chosen.
pg::Awaitable<absl::Status> CheckTripwire(Context& context);

}  // namespace pgmoult::engine
