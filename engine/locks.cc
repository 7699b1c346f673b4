#include "engine/locks.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/cord.h"
#include "engine/sql.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/backoff.h"
#include "pg/macros.h"
#include "pg/status.h"
#include "pg/task_group.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;
using std::chrono::milliseconds;

constexpr char kTryAgainUrl[] = "pgmoult/try-again";
constexpr char kHeldTooLongUrl[] = "pgmoult/held-too-long";
// A waiter cancels an autovacuum only after deadlock_timeout: the polite first lock waits a little longer than that.
constexpr milliseconds kBeyondDeadlockTimeout{2000};
constexpr milliseconds kMargin{1000};  // beyond the time that a lock may be held

absl::Status Marked(std::string_view why, const char* url) {
  absl::Status status = absl::AbortedError(std::string(why));
  status.SetPayload(url, absl::Cord("1"));
  return status;
}

std::string LockTimeoutSql(milliseconds timeout) { return fmt::format("SET LOCAL lock_timeout = {}", timeout.count()); }

std::string LockSql(const PartnerLock& partner, const std::string& mode) {
  switch (partner.form) {
    case PartnerLock::Form::kTable:
      return fmt::format("LOCK TABLE ONLY {} IN {} MODE", partner.relation, mode);
    case PartnerLock::Form::kTree:
      return fmt::format("LOCK TABLE {} IN {} MODE", partner.relation, mode);
    case PartnerLock::Form::kOther:
      // Changes nothing, takes ACCESS EXCLUSIVE on the relation itself and on nothing else.
      return fmt::format("ALTER TABLE {} OWNER TO {}", partner.relation, partner.role);
  }
  return "";
}

// Keeps autovacuum away from partners, too.
Awaitable<absl::Status> EvictFromPartners(pg::Connection& connection, const std::vector<PartnerLock>& partners,
                                          const pg::Ident& role, milliseconds timeout) {
  std::vector<std::string> statements = {LockTimeoutSql(timeout)};
  for (const PartnerLock& partner : partners) {
    if (partner.form != PartnerLock::Form::kOther) {
      statements.push_back(fmt::format("SET LOCAL ROLE {}", partner.role));
      statements.push_back(LockSql(partner, "SHARE UPDATE EXCLUSIVE"));
    }
  }
  statements.push_back(fmt::format("SET LOCAL ROLE {}", role));
  co_return co_await pg::RunAll(connection, "/* pgmoult:locks */", std::move(statements));
}

// What lies between the end of a strong lock's wait and the moment at which others may look for a deadlock.
milliseconds Margin(milliseconds deadlock_timeout) { return deadlock_timeout / 4; }

// Somebody gave it to another owner meanwhile, and our lock has just taken it back: the try must be.
Awaitable<absl::Status> CheckUntouched(pg::Connection& connection, const PartnerLock& partner) {
  CO_ASSIGN_OR_RETURN(
      const pg::Result result,
      co_await connection.Query("/* pgmoult:locks */ SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN "
                                "pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = "
                                "$1::pg_catalog.text AND c.relname = $2::pg_catalog.text AND c.xmin = "
                                "pg_catalog.pg_current_xact_id()::pg_catalog.xid)",
                                {partner.relation.schema.name(), partner.relation.name.name()}));
  CO_ASSIGN_OR_RETURN(const bool touched, result.Scalar<bool>());
  co_return touched ? absl::FailedPreconditionError(fmt::format("{} does not belong to {} any more",
                                                                partner.relation.Plain(), partner.role.name()))
                    : absl::OkStatus();
}

// In order; `timeout` is a statement, run before each.
Awaitable<absl::Status> LockTables(pg::Connection& connection, const std::vector<pg::QualifiedName>& tables,
                                   std::string mode, std::string timeout) {
  std::vector<std::string> statements;
  for (const pg::QualifiedName& table : tables) {
    statements.push_back(timeout);
    statements.push_back(fmt::format("LOCK TABLE ONLY {} IN {} MODE", table, mode));
  }
  co_return co_await pg::RunAll(connection, "/* pgmoult:locks */", std::move(statements));
}

Awaitable<absl::Status> LockEach(pg::Connection& connection, const std::vector<PartnerLock>& partners, std::string mode,
                                 const PoliteLock& lock) {
  for (const PartnerLock& partner : partners) {
    CO_RETURN_IF_ERROR(co_await pg::RunAll(
        connection, "/* pgmoult:locks */",
        {fmt::format("SET LOCAL ROLE {}", partner.role), StrongLockTimeoutSql(lock.deadlock_timeout),
         LockSql(partner, mode), fmt::format("SET LOCAL ROLE {}", lock.role)}));
    if (partner.form == PartnerLock::Form::kOther) {
      CO_RETURN_IF_ERROR(co_await CheckUntouched(connection, partner));
    }
  }
  co_return absl::OkStatus();
}

// ACCESS EXCLUSIVE on tables and partners, each at once (see LockPartners).
Awaitable<absl::Status> LockWithPartners(pg::Connection& connection, const PoliteLock& lock) {
  enum Group { kItself, kReferenced, kReferencing };
  constexpr std::array<std::array<Group, 3>, 3> kOrders = {{{kReferencing, kItself, kReferenced},
                                                            {kItself, kReferenced, kReferencing},
                                                            {kReferenced, kItself, kReferencing}}};
  const std::vector<PartnerLock>& ancestors = lock.partners.ancestors;
  for (const Group group : kOrders[static_cast<size_t>(lock.turn) % kOrders.size()]) {
    if (group == kReferenced || group == kReferencing) {
      CO_RETURN_IF_ERROR(co_await LockEach(
          connection, group == kReferenced ? lock.partners.referenced : lock.partners.referencing, lock.mode, lock));
      continue;
    }
    for (size_t i = 0; i < ancestors.size(); ++i) {
      const bool parent = i + 1 == ancestors.size();
      CO_RETURN_IF_ERROR(
          co_await LockEach(connection, {ancestors[i]}, parent ? lock.mode : "SHARE ROW EXCLUSIVE", lock));
    }
    CO_RETURN_IF_ERROR(
        co_await LockTables(connection, lock.tables, lock.mode, StrongLockTimeoutSql(lock.deadlock_timeout)));
  }
  co_return absl::OkStatus();
}

Awaitable<absl::Status> LockAndRun(pg::Connection& connection, const PoliteLock& lock,
                                   const std::function<Awaitable<absl::Status>()>& body) {
  const int64_t most_ms = (lock.max_hold + kMargin).count();
  std::vector<pg::Statement> opening;
  opening.push_back({fmt::format("/* pgmoult:locks */ SET LOCAL ROLE {}", lock.role), {}});
  opening.push_back(
      {fmt::format("/* pgmoult:locks */ SET LOCAL idle_in_transaction_session_timeout = {}", most_ms), {}});
  CO_RETURN_IF_ERROR((co_await connection.Pipeline(std::move(opening))).status());
  if (lock.evict_autovacuum) {
    const milliseconds patience = lock.deadlock_timeout + kBeyondDeadlockTimeout;
    CO_RETURN_IF_ERROR(co_await EvictFromPartners(connection, lock.partners.early, lock.role, patience));
    CO_RETURN_IF_ERROR(co_await EvictFromPartners(connection, lock.partners.ancestors, lock.role, patience));
    CO_RETURN_IF_ERROR(co_await EvictFromPartners(connection, lock.partners.referenced, lock.role, patience));
    CO_RETURN_IF_ERROR(
        co_await LockTables(connection, lock.tables, "SHARE UPDATE EXCLUSIVE", LockTimeoutSql(patience)));
    CO_RETURN_IF_ERROR(co_await EvictFromPartners(connection, lock.partners.referencing, lock.role, patience));
  }
  lock.on_asking();
  CO_RETURN_IF_ERROR(co_await pg::RunAll(connection, "/* pgmoult:locks */",
                                         {fmt::format("SET LOCAL statement_timeout = {}", most_ms), AskedNowSql()}));
  CO_RETURN_IF_ERROR(co_await LockEach(connection, lock.partners.early, "ACCESS EXCLUSIVE", lock));
  CO_RETURN_IF_ERROR(co_await LockWithPartners(connection, lock));
  CO_RETURN_IF_ERROR(co_await body());
  // A COMMIT may have to wait for a standby, and must not be given up.
  co_return (co_await connection.Query("/* pgmoult:locks */ SET LOCAL statement_timeout = 0")).status();
}

}  // namespace

std::string BlockersText(const std::vector<Blocker>& blockers) {
  constexpr size_t kMost = 10;
  std::vector<std::string> seen;
  std::vector<std::string> texts;
  for (const Blocker& blocker : blockers) {
    const auto known = std::ranges::find(seen, blocker.transaction);
    if (known == seen.end()) {
      seen.push_back(blocker.transaction);
      texts.push_back(fmt::format("{} {}", blocker.who, blocker.mode));
    } else {
      texts[static_cast<size_t>(known - seen.begin())] += ", " + blocker.mode;
    }
  }
  if (texts.size() > kMost) {
    const size_t more = texts.size() - kMost;
    texts.resize(kMost);
    texts.push_back(fmt::format("and {} more", more));
  }
  return texts.empty() ? "nobody that this login can see" : fmt::format("{}", fmt::join(texts, "; "));
}

absl::Status TryAgain(std::string_view why) { return Marked(why, kTryAgainUrl); }

bool IsTryAgain(const absl::Status& status) { return status.GetPayload(kTryAgainUrl).has_value(); }

absl::Status HeldTooLong(std::string_view why) { return Marked(why, kHeldTooLongUrl); }

bool IsHeldTooLong(const absl::Status& status) {
  return pg::SqlState(status) == "57014" || status.GetPayload(kHeldTooLongUrl).has_value();
}

bool IsIdledTooLong(const absl::Status& status) { return pg::SqlState(status) == "25P03"; }

milliseconds StrongLockTimeout(milliseconds deadlock_timeout) {
  static thread_local absl::BitGen random;
  const int64_t whole = std::clamp<int64_t>(deadlock_timeout.count() / 2, 20, 300);
  return milliseconds(absl::Uniform<int64_t>(absl::IntervalClosed, random, whole / 3, whole));
}

Awaitable<absl::StatusOr<milliseconds>> ReadDeadlockTimeout(pg::Connection& connection) {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await connection.Query("/* pgmoult:locks */ SELECT setting::pg_catalog.int8 FROM "
                                                "pg_catalog.pg_settings WHERE name = 'deadlock_timeout'"));
  CO_ASSIGN_OR_RETURN(const int64_t ms, result.Scalar<int64_t>());
  co_return milliseconds(ms);
}

Awaitable<absl::StatusOr<std::vector<Blocker>>> ReadBlockers(pg::Connection& connection,
                                                             const std::vector<pg::QualifiedName>& tables,
                                                             milliseconds much_work) {
  const pg::NameArrays arrays(tables);
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await connection.Query(sql::kBlockers, {arrays.schemas, arrays.names,
                                                                 std::chrono::duration<double>(much_work).count()}));
  std::vector<Blocker> blockers(static_cast<size_t>(result.rows()));
  for (int row = 0; row < result.rows(); ++row) {
    Blocker& blocker = blockers[static_cast<size_t>(row)];
    CO_RETURN_IF_ERROR(result.Read(row, blocker.who, blocker.mode, blocker.pid, blocker.transaction, blocker.granted,
                                   blocker.seconds, blocker.yields, blocker.spared));
  }
  co_return blockers;
}

std::string AskedNowSql() {
  return "SELECT pg_catalog.set_config('pgmoult.asked_at', pg_catalog.date_part('epoch', "
         "pg_catalog.clock_timestamp())::pg_catalog.text, true)";
}

// Never 0, which would be no time-out.
std::string StrongLockTimeoutSql(milliseconds deadlock_timeout) {
  return fmt::format(
      "SELECT pg_catalog.set_config('lock_timeout', greatest(1, least({}, {} - 1000 * (pg_catalog.date_part('epoch', "
      "pg_catalog.clock_timestamp()) - pg_catalog.current_setting('pgmoult.asked_at')::pg_catalog.float8)))"
      "::pg_catalog.int4::pg_catalog.text, true)",
      StrongLockTimeout(deadlock_timeout).count(), (deadlock_timeout - Margin(deadlock_timeout)).count());
}

Awaitable<absl::Status> TryPoliteLock(pg::Connection& connection, const PoliteLock& lock,
                                      const std::function<Awaitable<absl::Status>()>& body) {
  co_return co_await pg::InTransaction(connection, "/* pgmoult:locks */ BEGIN", LockAndRun(connection, lock, body));
}

Awaitable<absl::Status> WithPoliteLock(pg::Connection& connection, pg::Connection& observer, PoliteLock lock,
                                       std::function<Awaitable<absl::Status>()> body) {
  CO_ASSIGN_OR_RETURN(lock.deadlock_timeout, co_await ReadDeadlockTimeout(connection));
  const pg::Deadline deadline = pg::Deadline::After(lock.budget);
  pg::Backoff backoff(milliseconds(100), milliseconds(10'000));
  for (int tries = 1;; ++tries) {
    lock.turn = tries - 1;
    const absl::Status status = co_await TryPoliteLock(connection, lock, body);
    if (!pg::IsLockNotAvailable(status) && !IsTryAgain(status) && !IsHeldTooLong(status)) {
      co_return status;
    }
    CO_ASSIGN_OR_RETURN(const std::vector<Blocker> blockers, co_await ReadBlockers(observer, lock.tables));
    if (deadline.Expired()) {
      co_return absl::DeadlineExceededError(
          fmt::format("{} on {} was not got in {} tries over {} s ({}); in the way: {}", lock.mode,
                      lock.tables.empty() ? "tables of ours" : lock.tables.front().Plain(), tries,
                      std::chrono::duration_cast<std::chrono::seconds>(lock.budget).count(), pg::Describe(status),
                      BlockersText(blockers)));
    }
    CO_RETURN_IF_ERROR(co_await pg::SleepFor(backoff.Next()));
  }
}

}  // namespace pgmoult::engine
