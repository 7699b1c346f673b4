#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/context.h"
#include "engine/design.h"
#include "pg/connection.h"

namespace pgmoult::engine {

// Materialized views on the table, and on one another: a materialized view cannot be given another query, so each is
// made anew beside the new table, with all that belongs to it, and populated, before the swap exchanges their places.

// In the transaction that builds the shadow, as the table's owner: makes them without rows and takes them away again.
// The sentences say what a new one lacks; empty where all can be made faithfully.
pg::Awaitable<absl::StatusOr<std::vector<std::string>>> TryMaterializedViews(pg::Connection& connection,
                                                                             const Design& design);

// Makes them, or makes them again, and populates those that are populated; before the tries of the swap, as near to it
// as can be, since their contents are those of this moment. Takes as long as REFRESH takes; nobody waits for it.
pg::Awaitable<absl::Status> MakeMaterializedViews(Context& context);

// Drops the old ones, which read the old table.
std::vector<std::string> DropOldMaterializedSql(const Design& design);

}  // namespace pgmoult::engine
