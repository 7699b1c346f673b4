#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/design.h"
#include "pg/connection.h"

namespace pgmoult::engine {

// A dead man's switch: where the engine has given no sign of life for Design::dead_man_s, capture logs nothing any
// more, and says so in a flag. What was copied is then worth nothing.
//
// Sign of life and flag are sequences: what nextval() and setval() do is seen at once by every transaction of whatever
// isolation, is not undone with the transaction that did it, and makes no SERIALIZABLE transaction fail.

// The two sequences, made as the owner. Empty without a switch, as are the others.
std::vector<std::string> CreateDeadManSql(const Design& design);
// A sign of life, as the owner.
std::vector<std::string> SignOfLifeSql(const Design& design);
// What every capture function does first.
std::string DeadManCheckSql(const Design& design);
// A condition: the flag is up. Whoever holds a lock that keeps writers away knows by it that none has gone unlogged.
std::string HasLapsedSql(const Design& design);

// A sign of life, and where the flag is up: puts the "everything" marker into the log, which makes the copy start
// again, and takes the flag down. True where it did. On a session of the login, outside a transaction.
pg::Awaitable<absl::StatusOr<bool>> GiveSignOfLife(pg::Connection& connection, const Design& design);

}  // namespace pgmoult::engine
