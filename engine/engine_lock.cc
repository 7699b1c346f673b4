#include "engine/engine_lock.h"

#include <chrono>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "pg/deadline.h"
#include "pg/macros.h"
#include "pg/status.h"
#include "pg/task_group.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;

constexpr int32_t kLockClass = 1886217589;     // "pmou"
constexpr int32_t kMembersClass = 1886217590;  // of what an engine's sessions share
constexpr std::chrono::seconds kLastEngineEnds{5};
constexpr std::chrono::seconds kMembersEnd{30};  // the server looks for an abandoned session's client every few seconds
constexpr std::chrono::milliseconds kLockPoll{50};

// Those that hold an advisory lock of two numbers in this database.
constexpr char kHolders[] =
    "FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND "
    "l.granted AND l.objsubid = 2 AND l.classid = $1::pg_catalog.oid AND l.objid = $2::pg_catalog.oid AND l.database = "
    "(SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())";

// As an error that a lost session of our own would give: the run is interrupted, and may come back.
absl::Status LostLock() {
  pg::ServerErrorFields fields;
  fields.sqlstate = "57P01";
  fields.severity = "FATAL";
  fields.message = "this engine has lost its lock on the table; another one may have taken over";
  return pg::ServerError(fields);
}

struct Member {
  int32_t pid = 0;
  std::string who;
};

Awaitable<absl::StatusOr<std::vector<Member>>> ReadMembers(pg::Connection& connection, int64_t source_oid) {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await connection.Query(
                          fmt::format("/* pgmoult:control */ SELECT l.pid, pg_catalog.concat_ws(' ', 'pid', l.pid, "
                                      "'of', a.usename, a.application_name) {} ORDER BY 1",
                                      kHolders),
                          {kMembersClass, source_oid}));
  std::vector<Member> members(static_cast<size_t>(result.rows()));
  for (int row = 0; row < result.rows(); ++row) {
    Member& member = members[static_cast<size_t>(row)];
    CO_RETURN_IF_ERROR(result.Read(row, member.pid, member.who));
  }
  co_return members;
}

// Under the engine lock: its last holder's sessions are ended.
Awaitable<absl::Status> WaitForMembers(pg::Connection& connection, int64_t source_oid) {
  const pg::Deadline deadline = pg::Deadline::After(kMembersEnd);
  for (;;) {
    CO_ASSIGN_OR_RETURN(const std::vector<Member> members, co_await ReadMembers(connection, source_oid));
    if (members.empty()) {
      co_return absl::OkStatus();
    }
    if (deadline.Expired()) {
      co_return absl::UnavailableError(
          fmt::format("{} sessions of an engine that has lost its lock are still at work, {} among them",
                      members.size(), members.front().who));
    }
    for (const Member& member : members) {
      const absl::Status ended = (co_await connection.Query("/* pgmoult:control */ SELECT "
                                                            "pg_catalog.pg_terminate_backend($1)",
                                                            {member.pid}))
                                     .status();
      // Those of another login end by themselves.
      CO_RETURN_IF_ERROR(absl::IsPermissionDenied(ended) ? absl::OkStatus() : ended);
    }
    CO_RETURN_IF_ERROR(co_await pg::SleepFor(kLockPoll));
  }
}

}  // namespace

Awaitable<absl::StatusOr<bool>> TryEngineLock(pg::Connection& connection, int64_t source_oid) {
  const pg::Deadline deadline = pg::Deadline::After(kLastEngineEnds);
  for (;;) {
    CO_ASSIGN_OR_RETURN(
        const pg::Result result,
        co_await connection.Query("/* pgmoult:control */ SELECT pg_catalog.pg_try_advisory_lock($1, $2)",
                                  {kLockClass, static_cast<int32_t>(source_oid)}));
    CO_ASSIGN_OR_RETURN(const bool locked, result.Scalar<bool>());
    if (locked) {
      CO_RETURN_IF_ERROR(co_await WaitForMembers(connection, source_oid));
      co_return true;
    }
    if (deadline.Expired()) {
      co_return false;
    }
    CO_RETURN_IF_ERROR(co_await pg::SleepFor(kLockPoll));
  }
}

Awaitable<absl::StatusOr<std::string>> EngineLockHolder(pg::Connection& connection, int64_t source_oid) {
  CO_ASSIGN_OR_RETURN(
      const pg::Result result,
      co_await connection.Query(
          fmt::format("/* pgmoult:control */ SELECT coalesce((SELECT pg_catalog.format('pid %s of %s, %s', l.pid, "
                      "a.usename, coalesce(a.client_addr::text, 'local')) {}), 'it has just ended: try again')",
                      kHolders),
          {kLockClass, source_oid}));
  co_return result.Scalar<std::string>();
}

Awaitable<absl::Status> EndLockSession(pg::Connection& connection, int64_t source_oid, int pid) {
  co_return (
      co_await connection.Query(fmt::format("/* pgmoult:control */ SELECT pg_catalog.pg_terminate_backend(l.pid) "
                                            "{} AND l.pid = $3",
                                            kHolders),
                                {kLockClass, source_oid, pid}))
      .status();
}

// First the lock, then the look: whoever takes the engine lock looks for members after he has it, so that one of the
// two sees the other.
Awaitable<absl::Status> JoinEngine(pg::Connection& connection, const EngineMembership& engine) {
  std::vector<pg::Statement> statements;
  statements.push_back({"/* pgmoult:session */ SELECT pg_catalog.pg_advisory_lock_shared($1, $2)",
                        {kMembersClass, static_cast<int32_t>(engine.source_oid)}});
  statements.push_back({fmt::format("/* pgmoult:session */ SELECT EXISTS (SELECT {} AND l.pid = $3)", kHolders),
                        {kLockClass, engine.source_oid, engine.lock_pid}});
  CO_ASSIGN_OR_RETURN(const std::vector<pg::Result> results, co_await connection.Pipeline(std::move(statements)));
  CO_ASSIGN_OR_RETURN(const bool ours, results[1].Scalar<bool>());
  co_return ours ? absl::OkStatus() : LostLock();
}

}  // namespace pgmoult::engine
