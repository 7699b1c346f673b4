#pragma once

#include <vector>

#include "absl/status/status.h"
#include "engine/context.h"
#include "engine/design.h"

namespace pgmoult::engine {

// Builds indexes and constraints of the shadow, each in one transaction with all that belongs to it (constraint,
// comment, statistics targets), up to `jobs` at once on sessions of their own. Those that are there already are left
// alone.
pg::Awaitable<absl::Status> BuildItems(Context& context, std::vector<DeferredItem> items, int jobs);

// The key index of the shadow; a helper of ours where the new shape has none.
DeferredItem KeyIndexItem(const Design& design);
// Everything but the key index that can be built while capture only logs and the log is not empty: no unique one.
std::vector<DeferredItem> PlainIndexItems(const Design& design);
// Unique indexes and exclusion constraints besides the key's: built right after a full round.
std::vector<DeferredItem> UniqueItems(const Design& design);
// CHECKs that old rows may violate: added NOT VALID under the swap's lock.
std::vector<DeferredItem> NotValidItems(const Design& design);

}  // namespace pgmoult::engine
