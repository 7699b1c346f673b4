#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pg/connection.h"
#include "pg/sql_text.h"

namespace pgmoult::engine {

// A session, or a prepared transaction, that holds or waits for a lock on one of the tables.
struct Blocker {
  std::string who;   // "pid 123 (alice, psql, idle in transaction for 12 s, query began 10:11:12)" or "prepared
                     // transaction 'gid'"
  std::string mode;  // lock mode, with "waits for" before it where it is not granted
};

// Those in the way of `mode` ("ACCESS EXCLUSIVE", "SHARE ROW EXCLUSIVE", …) on any of the tables; our own session left
// out. Read on any session; what other roles run is only seen with pg_monitor.
pg::Awaitable<absl::StatusOr<std::vector<Blocker>>> ReadBlockers(pg::Connection& connection,
                                                                 const std::vector<pg::QualifiedName>& tables);

// "pid 123 (…) ACCESS SHARE; …" for people.
std::string BlockersText(const std::vector<Blocker>& blockers);

// A relation besides the table itself that has to be locked with it.
struct PartnerLock {
  pg::QualifiedName relation;
  pg::Ident role;  // who may: its owner
  enum class Form {
    kTable,  // LOCK TABLE ONLY
    kTree,   // LOCK TABLE, with its partitions
    kOther,  // a view: LOCK TABLE would lock all that it reads
  } form = Form::kTable;
  std::string mode = "ACCESS EXCLUSIVE";  // kOther has no other
};

struct PoliteLock {
  pg::Ident role;                         // SET LOCAL ROLE before the first lock: the owner
  std::vector<pg::QualifiedName> tables;  // locked in this order
  std::string mode = "ACCESS EXCLUSIVE";
  std::chrono::milliseconds budget{600'000};         // all tries together
  std::chrono::milliseconds deadlock_timeout{1000};  // the server's; WithPoliteLock reads it
  // The server rolls the try back after a step that takes this long and a second more; after as long a silence (an
  // engine that is frozen) it ends the session, too.
  std::chrono::milliseconds max_hold{2000};
  bool evict_autovacuum = true;          // SHARE UPDATE EXCLUSIVE on all of them comes first
  std::vector<PartnerLock> before = {};  // locked before the tables, as those do who get to the tables by way of them
  std::vector<PartnerLock> after = {};   // locked after them
};

// One try: locks and body in one transaction.
pg::Awaitable<absl::Status> TryPoliteLock(pg::Connection& connection, const PoliteLock& lock,
                                          const std::function<pg::Awaitable<absl::Status>()>& body);

// Runs body in a transaction that holds the lock, without ever making the application wait for long: each try is a
// transaction of its own; first SHARE UPDATE EXCLUSIVE (blocks no reader and no writer, cancels an autovacuum and keeps
// a new one away), then the strong lock with a time-out of 100 to 300 ms, jittered and under half the server's
// deadlock_timeout, so that it is we who yield. `body` makes a fresh coroutine for each try; its error ends the tries,
// unless it is that a lock was not got or an Aborted of ours ("try again").
//
// Errors: DeadlineExceeded when the budget is spent, naming the blockers; else the body's.
pg::Awaitable<absl::Status> WithPoliteLock(pg::Connection& connection, pg::Connection& observer, PoliteLock lock,
                                           std::function<pg::Awaitable<absl::Status>()> body);

// The status of a try that found the world not ready (log not empty, …) and wants another.
absl::Status TryAgain(std::string_view why);
bool IsTryAgain(const absl::Status& status);
// 57014: a step took longer than PoliteLock::max_hold allows; the try was rolled back.
bool IsHeldTooLong(const absl::Status& status);
// 25P03: we were silent for that long; the server ended session and try.
bool IsIdledTooLong(const absl::Status& status);

// Locks within a transaction of the caller's, in order, each within `timeout`.
pg::Awaitable<absl::Status> LockTables(pg::Connection& connection, const std::vector<pg::QualifiedName>& tables,
                                       std::string mode, std::chrono::milliseconds timeout);
// The same for partners: who holds one and waits for our first lock is in a deadlock with us until we give up. He looks
// for it when he has waited for deadlock_timeout; by then, counted from `asked_at`, we must have given up, or the
// application pays. 55P03 where no time is left.
pg::Awaitable<absl::Status> LockPartners(pg::Connection& connection, const std::vector<PartnerLock>& partners,
                                         const pg::Ident& role, std::chrono::milliseconds deadlock_timeout,
                                         std::chrono::steady_clock::time_point asked_at);
// What of a strong lock's time-out is left then; may be negative.
std::chrono::milliseconds TimeToWait(std::chrono::milliseconds deadlock_timeout,
                                     std::chrono::steady_clock::time_point asked_at);
// A strong lock's time-out: jittered, and well under the server's deadlock_timeout.
std::chrono::milliseconds StrongLockTimeout(std::chrono::milliseconds deadlock_timeout);
pg::Awaitable<absl::StatusOr<std::chrono::milliseconds>> ReadDeadlockTimeout(pg::Connection& connection);

}  // namespace pgmoult::engine
