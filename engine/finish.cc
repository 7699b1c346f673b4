#include "engine/finish.h"

#include <algorithm>
#include <vector>

#include "engine/catalog.h"
#include "engine/dependents.h"
#include "engine/locks.h"
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

constexpr char kComment[] = "/* pgmoult:observe */";

// Keys by name. What their owner has dropped or changed since the swap, the partitions of his table too, is his own
// affair.
struct Left {
  std::vector<std::string> unfinished;  // not valid yet
  std::vector<std::string> lost;        // no more there under the name, or their table is not: dropped or renamed
};

Awaitable<absl::StatusOr<Left>> ReadLeft(pg::Connection& connection, const Design& design) {
  CO_ASSIGN_OR_RETURN(const std::optional<int64_t> oid, co_await ReadOid(connection, design.transfer.source));
  std::vector<Dependent> now;
  if (oid) {
    CO_ASSIGN_OR_RETURN(now, co_await ReadDependents(connection, *oid));
  }
  const auto is_there = [&now](const std::string& name) {
    return std::ranges::find(now, name, &Dependent::name) != now.end();
  };
  Left left;
  for (const CarriedDependent& carried : design.carried) {
    if (carried.finish.empty()) {
      continue;
    }
    const auto is = std::ranges::find(now, carried.name, &Dependent::name);
    const bool unfinished = is == now.end() ? std::ranges::any_of(carried.stand_ins, is_there) ||
                                                  std::ranges::any_of(carried.between, is_there)
                                            : !is->state.starts_with("valid");
    if (unfinished) {
      left.unfinished.push_back(carried.name);
    } else if (is == now.end()) {
      left.lost.push_back(carried.name);
    }
  }
  co_return left;
}

// A validation takes as long as it takes.
Awaitable<absl::Status> RunAs(pg::Connection& connection, const std::string& role, milliseconds patience,
                              const std::string& statement) {
  CO_RETURN_IF_ERROR(
      co_await pg::RunAll(connection, kComment,
                          {fmt::format("SET LOCAL ROLE {}", pg::Ident(role)), "SET LOCAL statement_timeout = 0",
                           fmt::format("SET LOCAL lock_timeout = {}", patience.count())}));
  co_return (co_await connection.Query(fmt::format("{} {}", kComment, statement), {}, pg::Deadline::Never())).status();
}

// Whoever holds a lock that is needed is waited for, in short tries; an autovacuum goes after deadlock_timeout.
Awaitable<absl::Status> RunPatiently(Context& context, const CarriedDependent& carried, const std::string& statement) {
  constexpr milliseconds kBeyondDeadlockTimeout{2000};
  pg::Connection& connection = *context.journal;
  CO_ASSIGN_OR_RETURN(const milliseconds deadlock_timeout, co_await ReadDeadlockTimeout(connection));
  const pg::Deadline deadline = pg::Deadline::After(context.options.lock_budget);
  pg::Backoff backoff(milliseconds(100), milliseconds(10'000));
  for (;;) {
    // VALIDATE blocks nobody while it waits. ADD CONSTRAINT holds writers up, so it waits for an instant only.
    const bool validates = statement.find(" VALIDATE CONSTRAINT ") != std::string::npos;
    const milliseconds patience =
        validates ? deadlock_timeout + kBeyondDeadlockTimeout : StrongLockTimeout(deadlock_timeout);
    const absl::Status done = co_await pg::InTransaction(connection, fmt::format("{} BEGIN", kComment),
                                                         RunAs(connection, carried.owner, patience, statement));
    if (!pg::IsLockNotAvailable(done)) {
      co_return done;
    }
    if (deadline.Expired()) {
      co_return WithEndKind(EndKind::kLockNotGot, done);
    }
    context.progress.waiting = fmt::format("{}: another session holds a lock on its table", carried.name);
    CO_RETURN_IF_ERROR(co_await context.gate.Pass());
    CO_RETURN_IF_ERROR(co_await pg::SleepFor(backoff.Next()));
  }
}

std::string UnfinishedText(size_t count) {
  return count == 0 ? ""
                    : fmt::format("{} foreign {} still to be validated", count, count == 1 ? "key is" : "keys are");
}

}  // namespace

std::string UnfinishedText(const Design& design) {
  return UnfinishedText(static_cast<size_t>(
      std::ranges::count_if(design.carried, [](const CarriedDependent& one) { return !one.finish.empty(); })));
}

Awaitable<absl::StatusOr<std::string>> ReadUnfinished(pg::Connection& connection, const Design& design) {
  CO_ASSIGN_OR_RETURN(const Left left, co_await ReadLeft(connection, design));
  co_return UnfinishedText(left.unfinished.size());
}

Awaitable<absl::Status> FinishDependents(Context& context) {
  const Design& design = context.design;
  CO_ASSIGN_OR_RETURN(const Left at_first, co_await ReadLeft(*context.journal, design));
  if (!at_first.lost.empty()) {
    CO_RETURN_IF_ERROR(co_await Record(
        context, "warning",
        fmt::format("no more there under that name, so not validated: {}; whoever renamed it since the swap validates "
                    "it by ALTER TABLE … VALIDATE CONSTRAINT …",
                    fmt::join(at_first.lost, ", ")),
        nullptr));
  }
  const std::vector<std::string>& left = at_first.unfinished;
  if (left.empty()) {
    co_return absl::OkStatus();
  }
  double done = 0;
  for (const CarriedDependent& carried : design.carried) {
    if (std::ranges::find(left, carried.name) == left.end()) {
      continue;
    }
    Show(context, carried.name, done, static_cast<double>(left.size()));
    for (const std::string& statement : carried.finish) {
      const absl::Status status = co_await RunPatiently(context, carried, statement);
      context.progress.waiting.clear();
      const std::string state = pg::SqlState(status);
      const bool there_already = state == "42710";  // an earlier engine got this far
      // A partition that its owner has detached or dropped since.
      const bool gone = !carried.stand_ins.empty() && (state == "42P01" || state == "42704");
      if (state.starts_with("23")) {
        co_return WithEndKind(
            EndKind::kStopped,
            pg::Annotate(status, fmt::format("{0} cannot be validated: a row broke it before the swap already. It is "
                                             "NOT VALID: mend the row, then `pgmoult resume {1}`",
                                             carried.name, context.id())));
      }
      CO_RETURN_IF_ERROR(there_already || gone ? absl::OkStatus() : pg::Annotate(status, carried.name));
    }
    ++done;
  }
  CO_ASSIGN_OR_RETURN(const Left still, co_await ReadLeft(*context.journal, design));
  if (!still.unfinished.empty()) {
    co_return WithEndKind(EndKind::kStopped,
                          absl::FailedPreconditionError(fmt::format(
                              "after the swap somebody changed what was still to be validated: {}; look at it, make it "
                              "as it was, then `pgmoult resume {}`",
                              fmt::join(still.unfinished, ", "), context.id())));
  }
  CO_RETURN_IF_ERROR(co_await SetState(*context.journal, context.id(), State::kSwapped, ""));
  co_return co_await Record(context, "validated", fmt::format("{} foreign keys were validated", left.size()), nullptr);
}

}  // namespace pgmoult::engine
