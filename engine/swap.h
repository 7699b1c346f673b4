#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/design.h"
#include "engine/locks.h"
#include "pg/connection.h"

namespace pgmoult::engine {

// The SQL of the swap. Pure builders, in the order in which they run, as the owner, under ACCESS EXCLUSIVE on source
// and shadow (PROTOCOL.md, "Cutover").

// The shadow gets what it may only have once it is the table: GENERATED ALWAYS, CHECKs that old rows may violate,
// triggers, policies, rules.
std::vector<std::string> FinishShapeSql(const Design& design);
// Exchange of the two names, with extended statistics and serial sequences.
std::vector<std::string> ExchangeNamesSql(const Design& design);
// Carries the position of one identity sequence over; after the exchange.
std::string CarryIdentitySql(const Design& design, const IdentityColumn& identity);

// The fence: until no snapshot from before the swap can exist, a REPEATABLE READ or SERIALIZABLE writer that cannot see
// the swap gets a serialization failure, which it must expect anyway, instead of losing an update.
// It stands on a partition's ancestors and on referencing tables with all of their partitions, too.
std::vector<std::string> CreateFenceSql(const Design& design);
// Takes it off one table, as that table's owner.
std::string DropFenceTriggerSql(const Design& design, const pg::QualifiedName& table);
// What is left then: the function that all of its triggers call, and the table by which it knows who sees the swap. The
// fence stands as long as that is there.
std::vector<std::string> DropFenceSql(const Design& design);
pg::QualifiedName FenceMarker(const Design& design);

// Turns away whoever would write the old table after the exchange. A call of a function or procedure with a parsed body
// that waits for the swap's lock goes on with the table that it was parsed for: functions have no lock that could keep
// the swap away, as views have. Lasts as long as the old table.
std::vector<std::string> GuardOldTableSql(const Design& design);

// What the swap locks besides the table and its shadow.
LockPartners PartnersOf(const Design& design);

}  // namespace pgmoult::engine
