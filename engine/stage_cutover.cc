#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "copier/points.h"
#include "engine/capture.h"
#include "engine/catalog.h"
#include "engine/context.h"
#include "engine/dependents.h"
#include "engine/finish.h"
#include "engine/locks.h"
#include "engine/materialized.h"
#include "engine/partition.h"
#include "engine/preflight.h"
#include "engine/sql.h"
#include "engine/swap.h"
#include "engine/tripwire.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/backoff.h"
#include "pg/macros.h"
#include "pg/status.h"
#include "pg/task_group.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;
using pg::Ident;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr int kStrictTries = 25;  // in dual-write, for a log that is empty without a replay; then writers are stopped
constexpr int64_t kMaxLastReplay = 5'000;  // log rows that may be replayed while writers wait
constexpr int64_t kShortLog = 200;         // rows: short enough for a replay while writers wait

double MsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Relations that dependents live on, in a fixed order.
std::vector<PartnerLock> PartnersAt(const Design& design, std::string_view place) {
  std::map<pg::QualifiedName, PartnerLock> partners;
  for (const CarriedDependent& one : design.carried) {
    const pg::QualifiedName relation(one.lock_schema, one.lock_name);
    if (one.lock_name.empty() || one.lock_place != place || relation == design.transfer.source) {
      continue;
    }
    const auto form = one.lock_form == "table"  ? PartnerLock::Form::kTable
                      : one.lock_form == "tree" ? PartnerLock::Form::kTree
                                                : PartnerLock::Form::kOther;
    partners[relation] = {.relation = relation, .role = Ident(one.lock_role), .form = form};
  }
  std::vector<PartnerLock> locks;
  for (auto& [relation, lock] : partners) {
    locks.push_back(std::move(lock));
  }
  return locks;
}

absl::Status Impossible(std::string_view why) {
  return WithEndKind(EndKind::kImpossible, absl::FailedPreconditionError(std::string(why)));
}

// The tries of one cutover.
class Swap {
 public:
  Swap(Context& context, copier::Replayer& replayer)
      : context_(context), design_(context.design), replayer_(replayer) {}

  Awaitable<absl::Status> Run();

 private:
  Awaitable<absl::Status> MakeOldSchema();
  Awaitable<absl::Status> ListLocked();
  Awaitable<absl::Status> TryOnce();
  Awaitable<absl::Status> StrictBody();
  Awaitable<absl::Status> StoppedWritersBody();
  Awaitable<absl::Status> CheckLogShort();
  Awaitable<absl::Status> LimitReplay();
  Awaitable<absl::Status> Exchange(bool fence);
  Awaitable<absl::Status> CheckNothingChanged();
  Awaitable<absl::Status> CheckDependents();
  Awaitable<absl::Status> CheckPartition();
  Awaitable<absl::Status> CheckLogEmpty();
  Awaitable<absl::Status> CheckHold() const;
  Awaitable<absl::Status> WaitForOldSnapshots();
  Awaitable<absl::Status> RunAll(std::vector<std::string> statements);
  Awaitable<absl::StatusOr<bool>> AskTheCatalog();
  Awaitable<absl::Status> ReportTry(const absl::Status& status);

  Context& context_;
  const Design& design_;
  copier::Replayer& replayer_;
  std::unique_ptr<pg::Connection> observer_;
  PoliteLock lock_;
  bool strict_ = false;
  bool fenced_ = false;
  int strict_tries_ = 0;
  Clock::time_point asked_at_;  // for the try's first lock: nobody has waited for us for longer
  Clock::time_point held_since_;
  milliseconds waited_for_snapshots_{0};
  int64_t shadow_oid_ = 0;
  std::vector<pg::QualifiedName> locked_;  // all that the swap locks: tables, partners, and sequences of the source
  std::string moved_before_;               // xid of now: the copy, and what other replayers moved, came before it
};

Awaitable<absl::Status> Swap::RunAll(std::vector<std::string> statements) {
  return pg::RunAll(*context_.journal, "/* pgmoult:cutover */", std::move(statements));
}

Awaitable<absl::Status> Swap::MakeOldSchema() {
  const Ident schema(design_.schema_old);
  const Ident owner(design_.owner);
  co_return co_await pg::InTransaction(
      *context_.journal, "/* pgmoult:cutover */ BEGIN",
      RunAll({fmt::format("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}", schema, owner),
              fmt::format("SET LOCAL ROLE {}", owner), fmt::format("REVOKE ALL ON SCHEMA {} FROM PUBLIC", schema)}));
}

Awaitable<absl::Status> Swap::CheckHold() const {
  co_return MsSince(held_since_) > static_cast<double>(context_.options.max_hold.count())
      ? TryAgain(fmt::format("the lock was held for longer than {} ms", context_.options.max_hold.count()))
      : absl::OkStatus();
}

Awaitable<absl::Status> Swap::ListLocked() {
  CO_ASSIGN_OR_RETURN(
      const pg::Result result,
      co_await observer_->Query("/* pgmoult:cutover */ SELECT n.nspname::text, s.relname::text FROM pg_depend d JOIN "
                                "pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_namespace n ON n.oid = "
                                "s.relnamespace WHERE d.classid = 'pg_class'::regclass AND d.refclassid = "
                                "'pg_class'::regclass AND d.refobjid = $1::oid AND d.deptype IN ('a', 'i')",
                                {design_.source_oid}));
  locked_ = {design_.transfer.source, design_.transfer.shadow};
  for (int row = 0; row < result.rows(); ++row) {
    locked_.emplace_back(std::string(result.Text(row, 0)), std::string(result.Text(row, 1)));
  }
  lock_.partners = {.early = PartnersAt(design_, "early"),
                    .ancestors = AncestorLocks(design_),
                    .referenced = PartnersAt(design_, "referenced"),
                    .referencing = PartnersAt(design_, "referencing")};
  std::ranges::move(DefaultPartitionLock(design_), std::back_inserter(lock_.partners.referencing));
  for (const auto* partners :
       {&lock_.partners.early, &lock_.partners.ancestors, &lock_.partners.referenced, &lock_.partners.referencing}) {
    std::ranges::transform(*partners, std::back_inserter(locked_), &PartnerLock::relation);
  }
  if (design_.partition.default_role.empty() && !design_.partition.default_beside.name.name().empty()) {
    locked_.push_back(design_.partition.default_beside);  // by DETACH and ATTACH themselves
  }
  co_return absl::OkStatus();
}

Awaitable<absl::Status> Swap::CheckLogEmpty() {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await context_.journal->Query(
                          fmt::format("/* pgmoult:cutover */ SELECT EXISTS (SELECT FROM {})", design_.transfer.log)));
  CO_ASSIGN_OR_RETURN(const bool logged, result.Scalar<bool>());
  co_return logged ? TryAgain("the change log was not empty") : absl::OkStatus();
}

// The last look: source, triggers, dependents, shadow.
Awaitable<absl::Status> Swap::CheckNothingChanged() {
  pg::Connection& connection = *context_.journal;
  CO_ASSIGN_OR_RETURN(const TripwireReport tripwire, co_await ReadTripwire(connection, design_));
  if (!tripwire.definition.empty()) {
    co_return Impossible(fmt::format("the definition of {} changed during the run: {}", design_.transfer.source.Plain(),
                                     fmt::join(tripwire.definition, "; ")));
  }
  if (!tripwire.capture.empty()) {
    co_return JumpTo(Stage::kVerify,
                     fmt::format("somebody touched the capture triggers ({})", fmt::join(tripwire.capture, "; ")));
  }
  if (!tripwire.dependents.empty()) {
    co_return DependentsChanged(design_, tripwire.dependents);
  }
  CO_RETURN_IF_ERROR(co_await CheckNothingCame(connection, design_, context_.options));
  CO_RETURN_IF_ERROR(co_await RunAll(FinishShapeSql(design_)));
  CO_ASSIGN_OR_RETURN(const std::optional<int64_t> shadow, co_await ReadOid(connection, design_.transfer.shadow));
  if (!shadow) {
    co_return Impossible("the shadow is gone");
  }
  shadow_oid_ = *shadow;
  CO_ASSIGN_OR_RETURN(const Shape shape, co_await ReadShape(connection, *shadow, design_.source_oid));
  const std::vector<std::string> differences = DiffShapes(design_.expected_shape, shape);
  if (!differences.empty()) {
    co_return Impossible(fmt::format("the shadow is not what the change makes of {}: {}",
                                     design_.transfer.source.Plain(), fmt::join(differences, "; ")));
  }
  co_return absl::OkStatus();
}

// Everything that hung on the old table hangs on the new one, in the form that the change gives it, and nothing hangs
// on the old one any more.
Awaitable<absl::Status> Swap::CheckDependents() {
  CO_ASSIGN_OR_RETURN(std::vector<Dependent> now,
                      co_await ReadDependents(*context_.journal, shadow_oid_, design_.source_oid));
  // Of what stands in for a partitioned table's key for a while only the key itself is known.
  for (Dependent& one : now) {
    const bool stands_in = std::ranges::any_of(design_.carried, [&one](const CarriedDependent& carried) {
      return std::ranges::find(carried.stand_ins, one.name) != carried.stand_ins.end();
    });
    if (stands_in) {
      one.attributes.clear();
    }
  }
  std::vector<std::string> differences = DiffDependents(DependentsInSwap(design_), now, /*with_state=*/false);
  CO_ASSIGN_OR_RETURN(const std::vector<Dependent> left,
                      co_await ReadDependents(*context_.journal, design_.source_oid));
  for (const Dependent& one : left) {
    // The old table keeps its foreign keys to itself, and old materialized views keep reading it.
    const bool goes_with_it = (one.kind == "foreign key" || one.kind == kMaterializedView) &&
                              one.name.find(fmt::format(" {}.", design_.schema_old)) != std::string::npos;
    if (!goes_with_it) {
      differences.push_back(fmt::format("{}: still hangs on the old table", one.name));
    }
  }
  co_return differences.empty()
      ? absl::OkStatus()
      : Impossible(fmt::format("what hangs on {} could not be carried over to the new table as it should be: {}",
                               design_.transfer.source.Plain(), fmt::join(differences, "; ")));
}

// The new partition stands where the old one stood, and its indexes are attached as those were.
Awaitable<absl::Status> Swap::CheckPartition() {
  if (!IsPartition(design_)) {
    co_return absl::OkStatus();
  }
  CO_ASSIGN_OR_RETURN(const Shape shape, co_await ReadShape(*context_.journal, shadow_oid_));
  const std::vector<std::string> differences = DiffShapes(design_.partition.final_shape, shape);
  co_return differences.empty()
      ? absl::OkStatus()
      : Impossible(fmt::format("the new partition of {} is not what the change makes of {}: {}",
                               design_.partition.ancestors.back().table.Plain(), design_.transfer.source.Plain(),
                               fmt::join(differences, "; ")));
}

Awaitable<absl::Status> Swap::Exchange(bool fence) {
  CO_RETURN_IF_ERROR(co_await CheckNothingChanged());
  CO_RETURN_IF_ERROR(co_await CheckHold());
  // Sequences are locked, too, and whoever called nextval() may hold one while he waits for us.
  std::vector<std::string> statements = {fmt::format(
      "SET LOCAL lock_timeout = {}", std::max(milliseconds(1), TimeToWait(lock_.deadlock_timeout, asked_at_)).count())};
  const auto append = [&statements](std::vector<std::string> more) {
    std::ranges::move(more, std::back_inserter(statements));
  };
  append(DropCaptureSql(design_));
  append(CarryDependentsSql(design_));
  // DETACH would look for rows of a partitioned table that reference the old one by a key of the partition's own.
  append(DetachPartitionSql(design_));
  append(ExchangeNamesSql(design_));
  for (const IdentityColumn& identity : design_.identities) {
    if (!identity.source_column.empty()) {
      statements.push_back(CarryIdentitySql(design_, identity));
    }
  }
  append(GuardOldTableSql(design_));
  append(AttachPartitionSql(design_));
  if (fence) {
    append(CreateFenceSql(design_));
  }
  fenced_ = fence;
  statements.emplace_back("RESET ROLE");
  CO_RETURN_IF_ERROR(co_await RunAll(std::move(statements)));
  CO_RETURN_IF_ERROR(co_await CheckDependents());
  CO_RETURN_IF_ERROR(co_await CheckPartition());
  CO_RETURN_IF_ERROR(co_await SetStage(*context_.journal, context_.id(), Stage::kObserve));
  CO_RETURN_IF_ERROR(co_await SetState(*context_.journal, context_.id(), State::kSwapped, UnfinishedText(design_)));
  CO_RETURN_IF_ERROR(co_await CheckHold());
  context_.uninterruptible = true;  // what follows is COMMIT
  copier::Pass("cutover: before COMMIT");
  co_return absl::OkStatus();
}

// In dual-write: nothing may be left to replay, so that every snapshot sees in the new table what it saw in the old.
Awaitable<absl::Status> Swap::StrictBody() {
  held_since_ = Clock::now();
  copier::Pass("cutover: locked");
  CO_RETURN_IF_ERROR(co_await CheckLogEmpty());
  co_return co_await Exchange(/*fence=*/context_.report.old_snapshots_overridden);
}

// A bulk transaction may have committed while we waited for the lock: its rows are replayed without it first.
Awaitable<absl::Status> Swap::CheckLogShort() {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await replayer_.connection().Query(fmt::format(
                          "/* pgmoult:cutover */ SELECT pg_catalog.count(*) > {0} FROM (SELECT FROM {1} LIMIT {0} + 1) "
                          "AS first_rows",
                          kMaxLastReplay, design_.transfer.log)));
  CO_ASSIGN_OR_RETURN(const bool full, result.Scalar<bool>());
  co_return full ? TryAgain(fmt::format("more than {} rows came into the change log", kMaxLastReplay))
                 : absl::OkStatus();
}

// The replay under the lock may take what is left of the hold budget, and no longer.
Awaitable<absl::Status> Swap::LimitReplay() {
  const double left = static_cast<double>(context_.options.max_hold.count()) - MsSince(held_since_);
  co_return (co_await replayer_.connection().Query(
                 fmt::format("SET statement_timeout = {}", std::max<int64_t>(1, static_cast<int64_t>(left)))))
      .status();
}

// Writers wait behind SHARE ROW EXCLUSIVE, readers go on; another session replays what is left; then readers wait too.
Awaitable<absl::Status> Swap::StoppedWritersBody() {
  held_since_ = Clock::now();
  copier::Pass("cutover: locked");
  CO_RETURN_IF_ERROR(co_await CheckLogShort());
  for (;;) {
    // Once: whoever waits for ACCESS EXCLUSIVE behind us (a TRUNCATE) is in the replay's way, and goes only when we do.
    CO_RETURN_IF_ERROR(co_await LimitReplay());
    const absl::StatusOr<copier::ReplayRound> round = co_await replayer_.FullRoundOnce();
    CO_RETURN_IF_ERROR((co_await replayer_.connection().Query("SET statement_timeout = 0")).status());
    if (pg::SqlState(round.status()) == "57014") {
      co_return TryAgain("the last replay took longer than writers may be held");
    }
    CO_RETURN_IF_ERROR(round.status());
    if (!round->moved()) {
      break;
    }
    CO_RETURN_IF_ERROR(co_await CheckHold());
  }
  if (TimeToWait(lock_.deadlock_timeout, asked_at_) <= milliseconds(0)) {
    co_return TryAgain("the last replay left no time for the readers to be waited for");
  }
  PoliteLock all = lock_;
  all.tables = {design_.transfer.source, design_.transfer.shadow};
  CO_RETURN_IF_ERROR(co_await LockTheRest(*context_.journal, all, asked_at_));
  CO_RETURN_IF_ERROR(co_await CheckLogEmpty());
  co_return co_await Exchange(/*fence=*/true);
}

Awaitable<absl::Status> Swap::WaitForOldSnapshots() {
  for (;;) {
    const Clock::time_point before = Clock::now();
    const std::string& moved = replayer_.last_moving_xid().empty() ? moved_before_ : replayer_.last_moving_xid();
    CO_ASSIGN_OR_RETURN(const pg::Result result, co_await observer_->Query(sql::kOldSnapshots, {moved}));
    if (result.rows() == 0) {
      break;
    }
    const std::string first(result.Text(0, 0));
    if (waited_for_snapshots_ >= context_.options.wait_old_snapshots) {
      if (context_.options.on_old_snapshots == OldSnapshots::kGoOn) {
        context_.report.old_snapshots_overridden = true;
        break;
      }
      co_return WithEndKind(EndKind::kLockNotGot,
                            absl::DeadlineExceededError(fmt::format(
                                "after {} s there are still snapshots older than the last replay ({} sessions, the "
                                "oldest: {}); they would "
                                "read old rows in the new table. End them and resume, or say --on-old-snapshots go-on",
                                context_.options.wait_old_snapshots.count(), result.rows(), first)));
    }
    context_.progress.waiting = fmt::format("older snapshots must end first: {}", first);
    constexpr milliseconds kStep{20};
    CO_RETURN_IF_ERROR(context_.gate.stopping() ? absl::CancelledError("stopped on request") : absl::OkStatus());
    CO_RETURN_IF_ERROR(co_await pg::SleepFor(kStep));
    waited_for_snapshots_ += std::chrono::duration_cast<milliseconds>(Clock::now() - before);
  }
  context_.progress.waiting.clear();
  co_return absl::OkStatus();
}

Awaitable<absl::Status> Swap::TryOnce() {
  CO_RETURN_IF_ERROR(co_await context_.gate.Pass());
  ++context_.report.swap_tries;
  Show(context_, fmt::format("try {}", context_.report.swap_tries), 0, 0);
  strict_ = context_.dual_write_on && strict_tries_ < kStrictTries;
  if (strict_ && strict_tries_ == 0) {
    // Its dead rows would be read under the lock; what is written through does not count towards the usual vacuum.
    CO_RETURN_IF_ERROR(co_await replayer_.TidyLog(/*always=*/true));
  }
  CO_RETURN_IF_ERROR(co_await replayer_.CatchUp(strict_ ? 0 : kShortLog, strict_ ? 3 : 20));
  if (strict_) {
    CO_RETURN_IF_ERROR(co_await WaitForOldSnapshots());
  }
  CO_RETURN_IF_ERROR(co_await CheckDefaultPartition(*observer_, design_));
  PoliteLock lock = lock_;
  lock.turn = context_.report.swap_tries - 1;
  asked_at_ = Clock::now();
  if (strict_) {
    lock.tables = {design_.transfer.source, design_.transfer.shadow};
    lock.mode = "ACCESS EXCLUSIVE";
    co_return co_await TryPoliteLock(*context_.journal, lock, [this] { return StrictBody(); });
  }
  lock.tables = {design_.transfer.source};
  lock.mode = "SHARE ROW EXCLUSIVE";
  co_return co_await TryPoliteLock(*context_.journal, lock, [this] { return StoppedWritersBody(); });
}

// True where the swap committed: the source then lives in the schema of old tables.
Awaitable<absl::StatusOr<bool>> Swap::AskTheCatalog() {
  pg::Backoff backoff(milliseconds(100), milliseconds(5000));
  for (int tries = 1;; ++tries) {
    auto session = co_await context_.sessions.OpenLogin("journal");
    if (session.ok()) {
      context_.journal = *std::move(session);
      // The old backend may still be committing (a synchronous standby that is away).
      const absl::StatusOr<Migration> migration = co_await ReadSettledMigration(*context_.journal, context_.id());
      if (!migration.ok()) {
        CO_RETURN_IF_ERROR(co_await pg::SleepFor(backoff.Next()));
        continue;
      }
      co_return migration->stage == Stage::kObserve;
    }
    constexpr int kMaxTries = 30;
    if (tries == kMaxTries) {
      co_return session.status();
    }
    CO_RETURN_IF_ERROR(co_await pg::SleepFor(backoff.Next()));
  }
}

Awaitable<absl::Status> Swap::ReportTry(const absl::Status& status) {
  CO_ASSIGN_OR_RETURN(const std::vector<Blocker> blockers, co_await ReadBlockers(*observer_, locked_));
  co_return co_await Record(
      context_, "swap_try",
      fmt::format("swap, try {}: {}{}", context_.report.swap_tries, pg::Describe(status),
                  pg::IsLockNotAvailable(status) ? fmt::format("; in the way: {}", BlockersText(blockers)) : ""),
      {{"try", context_.report.swap_tries}, {"strict", strict_}});
}

Awaitable<absl::Status> Swap::Run() {
  CO_ASSIGN_OR_RETURN(observer_, co_await context_.sessions.OpenLogin("locks"));
  lock_.role = Ident(design_.owner);
  CO_ASSIGN_OR_RETURN(lock_.deadlock_timeout, co_await ReadDeadlockTimeout(*observer_));
  lock_.max_hold = context_.options.max_hold;
  CO_RETURN_IF_ERROR(co_await MakeOldSchema());
  copier::Pass("cutover: old schema made");
  CO_RETURN_IF_ERROR(co_await ListLocked());
  CO_RETURN_IF_ERROR(co_await MakeMaterializedViews(context_));
  CO_ASSIGN_OR_RETURN(const pg::Result now,
                      co_await observer_->Query("/* pgmoult:cutover */ SELECT pg_catalog.pg_current_xact_id()::text"));
  CO_ASSIGN_OR_RETURN(moved_before_, now.Scalar<std::string>());
  const Clock::time_point began = Clock::now();
  pg::Backoff backoff(milliseconds(20), milliseconds(10'000));
  for (;;) {
    absl::Status status = co_await TryOnce();
    context_.uninterruptible = false;
    if (pg::IsOutcomeUnknown(status)) {
      CO_ASSIGN_OR_RETURN(const bool committed, co_await AskTheCatalog());
      status = committed ? absl::OkStatus() : TryAgain("the connection was lost before the swap committed");
    }
    if (status.ok()) {
      copier::Pass("cutover: committed");
      context_.report.swap_hold_ms = MsSince(held_since_);
      break;
    }
    if (!pg::IsLockNotAvailable(status) && !pg::IsSerializationFailure(status) && !IsTryAgain(status) &&
        !IsHeldTooLong(status) && !IsIdledTooLong(status)) {
      co_return status;
    }
    if (!context_.journal->usable()) {
      CO_ASSIGN_OR_RETURN(context_.journal, co_await context_.sessions.OpenLogin("journal"));
    }
    strict_tries_ += strict_ ? 1 : 0;
    CO_RETURN_IF_ERROR(co_await ReportTry(status));
    if (Clock::now() - began - waited_for_snapshots_ > context_.options.lock_budget) {
      co_return WithEndKind(EndKind::kLockNotGot,
                            absl::DeadlineExceededError(fmt::format("the swap did not succeed in {} tries: {}",
                                                                    context_.report.swap_tries, pg::Describe(status))));
    }
    // A log that filled meanwhile is no reason to stay away for long; a lock that somebody holds is.
    if (pg::IsLockNotAvailable(status)) {
      CO_RETURN_IF_ERROR(co_await pg::SleepFor(backoff.Next()));
    } else {
      backoff.Reset();
      CO_RETURN_IF_ERROR(co_await pg::SleepFor(milliseconds(10)));
    }
  }
  context_.replayer.reset();
  co_return co_await Record(
      context_, "swapped",
      fmt::format("{} has its new shape; the old table is {}.{}", design_.transfer.source.Plain(), design_.schema_old,
                  design_.transfer.source.name.name()),
      {{"hold_ms", context_.report.swap_hold_ms}, {"tries", context_.report.swap_tries}, {"fence", fenced_}});
}

}  // namespace

Awaitable<absl::Status> CutoverStage(Context& context) {
  CO_ASSIGN_OR_RETURN(copier::Replayer* const replayer, co_await GetReplayer(context));
  Swap swap(context, *replayer);
  co_return co_await swap.Run();
}

}  // namespace pgmoult::engine
