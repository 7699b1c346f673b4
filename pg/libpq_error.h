#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "pg/status.h"

struct pg_result;

namespace pgmoult::pg {

// What libpq reports, as Status. For Connection's own use.

// A libpq message without the line ends it closes with; "" for nullptr.
std::string Trimmed(const char* text);

// The status of a result that is PGRES_FATAL_ERROR: what the server said, or ConnectionLost where libpq made it up.
absl::Status ResultError(const pg_result* result);

// Why a server refused a connection. libpq gives no result for that, and the code only within its verbose message:
// `FATAL:  3D000: database "x" does not exist`, on the first line of the server's words. Where several addresses were
// tried, the last one counts. nullopt where no server spoke.
std::optional<ServerErrorFields> RefusalIn(std::string_view text);

}  // namespace pgmoult::pg
