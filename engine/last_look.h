#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/context.h"

namespace pgmoult::engine {

// What the swap looks at under its lock, within its transaction. Errors: of kind impossible, naming every difference;
// JumpTo() where only a full verify helps; what CheckNothingCame() says.

// Before the exchange: source, triggers and dependents are as they were, and the shadow, which gets the last of its
// shape here, is what the change makes of the source. The shadow's oid.
pg::Awaitable<absl::StatusOr<int64_t>> LookBeforeExchange(Context& context);
// After it: all that hung on the old table hangs on the new one, in the form that the change gives it, and nothing on
// the old one any more; a partition stands where the old one stood.
pg::Awaitable<absl::Status> LookAfterExchange(Context& context, int64_t shadow_oid);

}  // namespace pgmoult::engine
