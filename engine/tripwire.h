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
  std::vector<std::string>
      triggers;  // triggers disabled, enabled, dropped: writes may be lost, a full verify is needed
};

// On any session that may read the catalog; under a lock where the answer must hold.
pg::Awaitable<absl::StatusOr<TripwireReport>> ReadTripwire(pg::Connection& connection, const Design& design);
// At a stage boundary: FailedPrecondition for a changed definition; changed triggers are made again, and the next
// verify is a full one whatever was chosen.
pg::Awaitable<absl::Status> CheckTripwire(Context& context);

}  // namespace pgmoult::engine
