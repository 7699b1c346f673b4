#pragma once

#include "absl/status/status.h"

namespace pgmoult::pg {

// The major versions of PostgreSQL that pgmoult works with. An older one lacks settings that every session is given;
// what a newer one keeps in its catalog is not known yet.
inline constexpr int kOldestServer = 14;
inline constexpr int kNewestServer = 18;

// FailedPrecondition, naming what was found and the range, for a server of another version. `version` is a number as
// PQserverVersion() gives it: 150020 is 15.20, 90624 is 9.6.24, 0 is a server that tells none.
absl::Status CheckServerVersion(int version);

}  // namespace pgmoult::pg
