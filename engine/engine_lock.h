#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pg/connection.h"

namespace pgmoult::engine {

// One engine a table. Two advisory locks say so: the engine lock, which one session of the engine holds as long as it
// works on the table, and beside it one that all its other sessions share. Who has the engine lock waits until nobody
// shares the other one any more: what an engine without its lock had begun has ended then, and it can begin nothing
// new.

// False when another engine has held the engine lock for a few seconds (the server may not yet have noticed that the
// last one ended). Sessions that such an engine has left are ended where this login may do that, and waited for;
// Unavailable names those that stay.
pg::Awaitable<absl::StatusOr<bool>> TryEngineLock(pg::Connection& connection, int64_t source_oid);
// Ends the session `pid` where that holds the engine lock: for an engine that has lost the way to its own. The server
// may not notice for hours.
pg::Awaitable<absl::Status> EndLockSession(pg::Connection& connection, int64_t source_oid, int pid);
// Who holds it, for people.
pg::Awaitable<absl::StatusOr<std::string>> EngineLockHolder(pg::Connection& connection, int64_t source_oid);

// What a session must know to belong to an engine.
struct EngineMembership {
  int64_t source_oid = 0;
  int lock_pid = 0;  // of the session that holds the engine lock
};
// The session is one of the engine's from now on. Unavailable, as after a lost connection, where the engine has lost
// its lock.
pg::Awaitable<absl::Status> JoinEngine(pg::Connection& connection, const EngineMembership& engine);

}  // namespace pgmoult::engine
