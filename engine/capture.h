#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/design.h"
#include "engine/options.h"
#include "pg/connection.h"

namespace pgmoult::engine {

// The triggers that record every write of the source (PROTOCOL.md, "Capture" and "Dual-write"). The builders are pure.

// What the trigger functions do with the keys they are given.
enum class CaptureBody {
  kLog,        // insert them into the change log
  kDualWrite,  // write their rows through to the shadow where that cannot hurt, else log them
};

// CREATE OR REPLACE FUNCTION … and REVOKE EXECUTE … for all trigger functions, in the schema of shadow and log.
std::vector<std::string> CaptureFunctionsSql(const Design& design, CaptureBody body);
// CREATE TRIGGER … and ALTER TABLE … ENABLE ALWAYS | REPLICA TRIGGER for all triggers; to be run in one transaction
// under SHARE ROW EXCLUSIVE on the source.
std::vector<std::string> CaptureTriggersSql(const Design& design, CaptureMode mode);
// DROP TRIGGER IF EXISTS … for all triggers that any mode makes.
std::vector<std::string> DropCaptureSql(const Design& design);
// The change log: table, marker index, rights. Uses the key's type and collation.
std::vector<std::string> CreateLogSql(const Design& design);
inline constexpr char kLogIndex[] = "pgmoult_change_log_key";
// The index on the log's key, made before triggers write through.
std::string CreateLogIndexSql(const Design& design);

// Our triggers on the source as they are now, by name.
pg::Awaitable<absl::StatusOr<std::vector<CaptureTrigger>>> ReadCaptureTriggers(pg::Connection& connection,
                                                                               const Design& design);
// Tries the log insert as the owner, so that a missing right is found before any writer meets it. In a transaction of
// the caller's; leaves nothing in the log.
pg::Awaitable<absl::Status> TryLogInsert(pg::Connection& connection, const Design& design);

}  // namespace pgmoult::engine
