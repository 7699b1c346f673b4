#pragma once

#include "absl/status/status.h"

namespace pgmoult::copier {

// The change log holds the "everything" marker: the source was truncated, the shadow must be emptied and copied again.
// A kind of its own, since it is no failure: the runner goes back to the copy.
absl::Status EverythingChanged();
bool IsEverythingChanged(const absl::Status& status);

}  // namespace pgmoult::copier
