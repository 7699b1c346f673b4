#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pg/connection.h"
#include "pg/sql_text.h"

namespace pgmoult::engine {

// A session, or a prepared transaction, that holds or waits for a lock on one of the tables.
struct Blocker {
  std::string who;          // "pid 123 (alice, psql, idle in transaction for 12 s, query began 10:11:12)" or "prepared
                            // transaction 'gid'"
  std::string mode;         // lock mode and table, with "waits for" before it where it is not granted
  int pid = 0;              // 0: a prepared transaction
  std::string transaction;  // virtual transaction id
  bool granted = true;
  std::optional<double> seconds;  // age of its transaction, where this login may see it
  bool yields = false;            // an autovacuum, which a polite lock sends away
  std::string spared;             // why nobody should terminate it, or ""
};

// Those who hold or await a lock on any of the tables, the oldest first, at most 500 locks; our own sessions left out.
// A session at work that has been writing for longer than `much_work` is spared. Read on any session; what other roles
// run is only seen with pg_monitor.
pg::Awaitable<absl::StatusOr<std::vector<Blocker>>> ReadBlockers(
    pg::Connection& connection, const std::vector<pg::QualifiedName>& tables,
    std::chrono::milliseconds much_work = std::chrono::minutes(1));

// "pid 123 (…) ACCESS SHARE on t; …" for people: the first ten.
std::string BlockersText(const std::vector<Blocker>& blockers);

// A relation besides the table itself that has to be locked with it, ACCESS EXCLUSIVE in the end.
struct PartnerLock {
  pg::QualifiedName relation;
  pg::Ident role;  // who may: its owner
  enum class Form {
    kTable,  // LOCK TABLE ONLY
    kTree,   // LOCK TABLE, with its partitions
    kOther,  // a view: LOCK TABLE would lock all that it reads
  } form = Form::kTable;
};

// Partners by the way in which others come to hold locks on both. Whoever has one lock and waits for another that we
// have keeps us from his for ever, until our try ends: he looks for a deadlock when he has waited for deadlock_timeout,
// and by then, counted from when the try asked for its first lock, we have given up. In which order transactions write
// to several tables is theirs to say: each try begins with another one.
//
// No lock that keeps writers away is ever strengthened: of two that hold a lock on one table and want more of it
// PostgreSQL fails the one that asks last, at once, and that may be a transaction that has read and now writes.
struct LockPartners {
  std::vector<PartnerLock> early;  // views, rules: statements lock them first and then the table
  // Of a partition, the root first: writers lock them and then it. None but the last one, the parent, is locked more
  // than that.
  std::vector<PartnerLock> ancestors;
  std::vector<PartnerLock> referenced;   // by foreign keys of the table: writers lock them, and then may cascade to it
  std::vector<PartnerLock> referencing;  // writers of the table may cascade to them, or come to it from them
  bool any() const { return !early.empty() || !ancestors.empty() || !referenced.empty() || !referencing.empty(); }
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
  bool evict_autovacuum = true;  // SHARE UPDATE EXCLUSIVE on all of them comes first
  LockPartners partners = {};
  std::function<void()> on_asking = [] {};  // called right before a try asks for its first lock that others wait behind
  int turn = 0;                             // of the tries
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
// A try that held its locks for too long, by our own clock or (57014) because a step took longer than
// PoliteLock::max_hold allows; it was rolled back.
absl::Status HeldTooLong(std::string_view why);
bool IsHeldTooLong(const absl::Status& status);
// 25P03: we were silent for that long; the server ended session and try.
bool IsIdledTooLong(const absl::Status& status);

// A strong lock's time-out: jittered, and well under the server's deadlock_timeout.
std::chrono::milliseconds StrongLockTimeout(std::chrono::milliseconds deadlock_timeout);
// A statement that sets it for the rest of the transaction, cut to what is left since AskedNowSql(). The server
// counts, in the same message as the lock: however late that comes, it does not wait for longer.
std::string StrongLockTimeoutSql(std::chrono::milliseconds deadlock_timeout);
// A statement: the transaction asks for its first lock that others wait behind. Every try begins with it.
std::string AskedNowSql();
pg::Awaitable<absl::StatusOr<std::chrono::milliseconds>> ReadDeadlockTimeout(pg::Connection& connection);

}  // namespace pgmoult::engine
