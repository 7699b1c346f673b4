#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "copier/points.h"
#include "engine/capture.h"
#include "engine/catalog.h"
#include "engine/context.h"
#include "engine/cutover_watch.h"
#include "engine/day_window.h"
#include "engine/dead_man.h"
#include "engine/dependents.h"
#include "engine/finish.h"
#include "engine/last_look.h"
#include "engine/locks.h"
#include "engine/materialized.h"
#include "engine/partition.h"
#include "engine/revert.h"
#include "engine/sql.h"
#include "engine/swap.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/backoff.h"
#include "pg/macros.h"
#include "pg/status.h"
#include "pg/task_group.h"
#include "pg/test_hooks.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;
using pg::Ident;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr int kStrictTries = 25;  // in dual-write, for a log that is empty without a replay; then writers are stopped
constexpr int64_t kMaxLastReplay = 5'000;  // log rows that may be replayed while writers wait
constexpr int64_t kShortLog = 200;         // rows: short enough for a replay while writers wait
constexpr milliseconds kLeastPause{10};    // between two tries
constexpr double kTellEveryMs = 5000;
constexpr milliseconds kStep{100};  // between two looks

double MsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// The tries of one cutover.
class Swap {
 public:
  Swap(Context& context, copier::Replayer& replayer, std::unique_ptr<pg::Connection> observer,
       std::optional<DayWindow> window)
      : context_(context),
        design_(context.design),
        replayer_(replayer),
        watch_(std::move(observer)),
        window_(window),
        queued_before_(context.report.swap_queue) {}

  Awaitable<absl::Status> Run();

 private:
  Awaitable<absl::Status> Prepare();
  Awaitable<absl::Status> MakeOldSchema();
  Awaitable<absl::Status> ListLocked();
  Awaitable<absl::Status> AwaitMoment();
  Awaitable<absl::Status> CatchUp();
  Awaitable<absl::Status> LookAround();
  Awaitable<absl::Status> WaitForOldSnapshots();
  Awaitable<absl::Status> TryOnce();
  Awaitable<absl::Status> StrictBody();
  Awaitable<absl::Status> LastReplayBody();
  Awaitable<absl::Status> CheckLogShort();
  Awaitable<absl::Status> Exchange(bool fence);
  Awaitable<absl::Status> CheckLogEmpty();
  Awaitable<absl::Status> CheckHold() const;
  Awaitable<absl::Status> RunAll(std::vector<std::string> statements);
  Awaitable<absl::StatusOr<bool>> AskTheCatalog();
  Awaitable<absl::Status> ReportTry(const absl::Status& status);
  Awaitable<absl::Status> Pause(const absl::Status& status);
  Awaitable<absl::Status> Attempt(PoliteLock lock);
  Awaitable<absl::Status> TellInTheWay();
  Awaitable<absl::Status> Force();
  bool WindowOpen() const;
  bool MayForce() const;
  std::string ForceText() const;
  void Account();
  Clock::time_point ActiveNow() const;
  boost::json::value Facts() const;

  Context& context_;
  const Design& design_;
  copier::Replayer& replayer_;
  CutoverWatch watch_;
  std::optional<DayWindow> window_;
  int queued_before_;  // sessions, in an earlier window
  PoliteLock lock_;
  Forecast forecast_;  // of the last look
  bool strict_ = false;
  bool fenced_ = false;
  int strict_tries_ = 0;
  int blocked_tries_ = 0;                        // in a row, for want of a lock or because they held it too long
  std::optional<Clock::time_point> asked_at_;    // by the try, for its first lock that others wait behind
  std::optional<Clock::time_point> held_since_;  // nullopt: the try has not got its locks
  Clock::time_point ended_at_;                   // of the try
  Clock::time_point told_at_;                    // people were told who is in the way
  Clock::duration closed_time_{};                // of the gate, as of the last look
  std::set<std::string> warned_of_;              // transactions that are to be terminated, or are spared
  milliseconds waited_for_snapshots_{0};
  std::string moved_before_;  // xid of now: the copy, and what other replayers moved, came before it
};

Awaitable<absl::Status> Swap::RunAll(std::vector<std::string> statements) {
  return pg::RunAll(*context_.journal, "/* pgmoult:cutover */", std::move(statements));
}

Awaitable<absl::Status> Swap::MakeOldSchema() {
  const Ident schema(design_.schema_old);
  const Ident owner(design_.owner);
  std::vector<std::string> statements = {fmt::format("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}", schema, owner),
                                         fmt::format("SET LOCAL ROLE {}", owner),
                                         fmt::format("REVOKE ALL ON SCHEMA {} FROM PUBLIC", schema)};
  CO_ASSIGN_OR_RETURN(const std::optional<int64_t> log,
                      co_await ReadOid(*context_.journal, ReverseCapture(design_).transfer.log));
  std::ranges::move(MakeReverseLogSql(design_, log.has_value()), std::back_inserter(statements));
  co_return co_await pg::InTransaction(*context_.journal, "/* pgmoult:cutover */ BEGIN", RunAll(std::move(statements)));
}

Awaitable<absl::Status> Swap::CheckHold() const {
  co_return MsSince(held_since_.value_or(Clock::now())) > static_cast<double>(context_.options.max_hold.count())
      ? HeldTooLong(fmt::format("the lock was held for longer than {} ms", context_.options.max_hold.count()))
      : absl::OkStatus();
}

Awaitable<absl::Status> Swap::ListLocked() {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await watch_.session().Query(
                          "/* pgmoult:cutover */ SELECT n.nspname::text, s.relname::text FROM pg_depend d JOIN "
                          "pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_namespace n ON n.oid = "
                          "s.relnamespace WHERE d.classid = 'pg_class'::regclass AND d.refclassid = "
                          "'pg_class'::regclass AND d.refobjid = $1::oid AND d.deptype IN ('a', 'i')",
                          {design_.source_oid}));
  std::vector<pg::QualifiedName> locked = {design_.transfer.source, design_.transfer.shadow};
  for (int row = 0; row < result.rows(); ++row) {
    locked.emplace_back(std::string(result.Text(row, 0)), std::string(result.Text(row, 1)));
  }
  lock_.partners = PartnersOf(design_);
  for (const auto* partners :
       {&lock_.partners.early, &lock_.partners.ancestors, &lock_.partners.referenced, &lock_.partners.referencing}) {
    std::ranges::transform(*partners, std::back_inserter(locked), &PartnerLock::relation);
  }
  if (design_.partition.default_role.empty() && !design_.partition.default_beside.name.name().empty()) {
    locked.push_back(design_.partition.default_beside);  // by DETACH and ATTACH themselves
  }
  co_return co_await watch_.Watch(std::move(locked), design_.source_oid);
}

Awaitable<absl::Status> Swap::CheckLogEmpty() {
  CO_ASSIGN_OR_RETURN(const pg::Result result, co_await context_.journal->Query(fmt::format(
                                                   "/* pgmoult:cutover */ SELECT EXISTS (SELECT FROM {}), {}",
                                                   design_.transfer.log, HasLapsedSql(design_))));
  bool logged = false;
  bool lapsed = false;
  CO_RETURN_IF_ERROR(result.Read(0, logged, lapsed));
  co_return lapsed ? TryAgain("capture had lapsed (--dead-man)")  // the control loop puts the marker into the log
  : logged         ? TryAgain("the change log was not empty")
                   : absl::OkStatus();
}

Awaitable<absl::Status> Swap::Exchange(bool fence) {
  CO_ASSIGN_OR_RETURN(const int64_t shadow_oid, co_await LookBeforeExchange(context_));
  CO_RETURN_IF_ERROR(co_await CheckHold());
  // Sequences are locked, too, and whoever called nextval() may hold one while he waits for us.
  std::vector<std::string> statements = {StrongLockTimeoutSql(lock_.deadlock_timeout)};
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
  append(StartReverseCaptureSql(design_, CaptureModeOf(context_)));
  if (fence) {
    append(CreateFenceSql(design_));
  }
  fenced_ = fence;
  statements.emplace_back("RESET ROLE");
  CO_RETURN_IF_ERROR(co_await RunAll(std::move(statements)));
  CO_RETURN_IF_ERROR(co_await LookAfterExchange(context_, shadow_oid));
  CO_RETURN_IF_ERROR(co_await SetSwapped(*context_.journal, context_.id(), UnfinishedText(design_)));
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
                      co_await context_.journal->Query(fmt::format(
                          "/* pgmoult:cutover */ SELECT pg_catalog.count(*) > {0} FROM (SELECT FROM {1} LIMIT {0} + 1) "
                          "AS first_rows",
                          kMaxLastReplay, design_.transfer.log)));
  CO_ASSIGN_OR_RETURN(const bool full, result.Scalar<bool>());
  co_return full ? TryAgain(fmt::format("more than {} rows came into the change log", kMaxLastReplay))
                 : absl::OkStatus();
}

// What is left is replayed under the lock, within what is left of the hold budget.
Awaitable<absl::Status> Swap::LastReplayBody() {
  held_since_ = Clock::now();
  copier::Pass("cutover: locked");
  CO_RETURN_IF_ERROR(co_await CheckLogShort());
  const auto most = context_.options.max_hold.count();
  CO_RETURN_IF_ERROR(co_await RunAll({fmt::format("SET LOCAL statement_timeout = {}", most)}));
  CO_RETURN_IF_ERROR(co_await replayer_.FullRoundWithin(*context_.journal));
  CO_RETURN_IF_ERROR(co_await CheckHold());
  CO_RETURN_IF_ERROR(co_await CheckLogEmpty());
  co_return co_await Exchange(/*fence=*/true);
}

// Whatever can be done before the locks: the fewer log rows, the shorter they are held.
Awaitable<absl::Status> Swap::CatchUp() {
  strict_ = context_.dual_write_on && strict_tries_ < kStrictTries;
  if (strict_ && strict_tries_ == 0) {
    // Its dead rows would be read under the lock; what is written through does not count towards the usual vacuum.
    CO_RETURN_IF_ERROR(co_await replayer_.TidyLog(/*always=*/true));
  }
  CO_RETURN_IF_ERROR(co_await replayer_.CatchUp(strict_ ? 0 : kShortLog, strict_ ? 3 : 20));
  co_return co_await CheckDefaultPartition(watch_.session(), design_);
}

bool Swap::WindowOpen() const {
  return !window_ || window_->OpensIn(pg::WallClock(), absl::LocalTimeZone()) == absl::ZeroDuration();
}

// Now, on a clock that stands still while the gate is closed.
Clock::time_point Swap::ActiveNow() const { return Clock::now() - context_.gate.closed_time(); }

bool Swap::MayForce() const { return context_.options.force_cutover_after.count() > 0 && !context_.force_called_off; }

// What will become of those in the way, and how to prevent it; "" where nothing will.
std::string Swap::ForceText() const {
  std::optional<milliseconds> longest;
  for (const InTheWay& one : forecast_.in_the_way) {
    if (one.blocker.granted && one.blocker.spared.empty()) {
      longest = std::max(longest.value_or(milliseconds(0)), one.seen);
    }
  }
  if (!MayForce() || !longest) {
    return "";
  }
  const double left = std::chrono::duration<double>(context_.options.force_cutover_after - *longest).count();
  return fmt::format("; to be terminated {}, unless `pgmoult no-force {}`",
                     left > 0 ? fmt::format("in {:.0f} s", std::ceil(left)) : "now", context_.id());
}

// On the progress line; and where somebody is to be terminated, a warning beforehand.
Awaitable<absl::Status> Swap::TellInTheWay() {
  const std::string force = ForceText();
  bool anew = false;
  for (const InTheWay& one : forecast_.in_the_way) {
    anew = (one.blocker.spared.empty() && warned_of_.insert(one.blocker.transaction).second) || anew;
  }
  // Ages change all the time, and each other text is a line of a log.
  if (anew || context_.progress.waiting.empty() || MsSince(told_at_) > kTellEveryMs) {
    told_at_ = Clock::now();
    context_.progress.waiting = fmt::format("in the way of the swap: {}{}", BlockersText(forecast_.blockers()), force);
  }
  co_return anew && !force.empty()
      ? co_await Record(context_, "warning", context_.progress.waiting, {{"migration", context_.id()}})
      : absl::OkStatus();
}

// Terminates who has been in the way for long enough, and may be; of whom is spared it says so once.
Awaitable<absl::Status> Swap::Force() {
  std::vector<std::string> lines;
  std::set<std::string> done;
  for (const InTheWay& one : forecast_.in_the_way) {
    const Blocker& blocker = one.blocker;
    const bool due = MayForce() && !context_.gate.closed() && blocker.granted &&
                     one.seen >= context_.options.force_cutover_after && done.insert(blocker.transaction).second;
    if (due && blocker.spared.empty()) {
      CO_ASSIGN_OR_RETURN(const std::string outcome, co_await watch_.Terminate(blocker));
      lines.push_back(fmt::format("{}: {}", blocker.who, outcome));
    } else if (due && warned_of_.insert(blocker.transaction + " spared").second) {
      lines.push_back(fmt::format("{}: spared, {}", blocker.who, blocker.spared));
    }
  }
  boost::json::array who(lines.begin(), lines.end());
  co_return lines.empty()
      ? absl::OkStatus()
      : co_await Record(context_, "forced",
                        fmt::format("--force-cutover-after {} s: {}", context_.options.force_cutover_after.count(),
                                    fmt::join(lines, "; ")),
                        {{"sessions", std::move(who)}});
}

// The gate, the hour, and who is in the way.
Awaitable<absl::Status> Swap::LookAround() {
  CO_RETURN_IF_ERROR(co_await context_.gate.Pass());
  if (!WindowOpen()) {
    const std::string over = fmt::format("the cutover window {} is over", context_.options.cutover_window);
    CO_RETURN_IF_ERROR(co_await Record(context_, "window", over, nullptr));
    co_return JumpTo(Stage::kApproach, over);
  }
  if (context_.gate.closed_time() != closed_time_) {
    closed_time_ = context_.gate.closed_time();
    watch_.Forget();  // nobody was in the way of a swap that rested
    warned_of_.clear();
  }
  CO_ASSIGN_OR_RETURN(forecast_, co_await watch_.Look());
  if (forecast_.in_the_way.empty()) {
    co_return absl::OkStatus();
  }
  CO_RETURN_IF_ERROR(co_await TellInTheWay());
  co_return co_await Force();
}

// Without a replay in between, which would make more snapshots old. Who has one may be in the way by his locks, too.
Awaitable<absl::Status> Swap::WaitForOldSnapshots() {
  CO_ASSIGN_OR_RETURN(const pg::Result clock,
                      co_await watch_.session().Query("/* pgmoult:cutover */ SELECT clock_timestamp()::text"));
  CO_ASSIGN_OR_RETURN(const std::string caught_up_at, clock.Scalar<std::string>());
  for (;;) {
    const Clock::time_point before = ActiveNow();
    const std::string& moved = replayer_.last_moving_xid().empty() ? moved_before_ : replayer_.last_moving_xid();
    CO_ASSIGN_OR_RETURN(const pg::Result result,
                        co_await watch_.session().Query(sql::kOldSnapshots, {moved, caught_up_at}));
    if (result.rows() == 0) {
      co_return absl::OkStatus();
    }
    const std::string first(result.Text(0, 0));
    if (waited_for_snapshots_ >= context_.options.wait_old_snapshots) {
      if (context_.options.on_old_snapshots == OldSnapshots::kGoOn) {
        context_.report.old_snapshots_overridden = true;
        co_return absl::OkStatus();
      }
      co_return WithEndKind(EndKind::kLockNotGot,
                            absl::DeadlineExceededError(fmt::format(
                                "after {} s there are still snapshots older than the last replay ({} sessions, the "
                                "oldest: {}); they would "
                                "read old rows in the new table. End them and resume, or say --on-old-snapshots go-on",
                                context_.options.wait_old_snapshots.count(), result.rows(), first)));
    }
    CO_RETURN_IF_ERROR(co_await LookAround());
    context_.progress.waiting = fmt::format("older snapshots must end first: {}{}", first, ForceText());
    CO_RETURN_IF_ERROR(co_await pg::SleepFor(kStep));
    waited_for_snapshots_ += std::chrono::duration_cast<milliseconds>(ActiveNow() - before);
  }
}

// The next moment for a try: caught up, within the hours, nobody in the way and no old snapshot left. Where somebody is
// always in the way the swap is tried after a while all the same: a try makes those who come later wait, for an
// instant, and so makes its own moment.
Awaitable<absl::Status> Swap::AwaitMoment() {
  constexpr std::chrono::seconds kPatience{10};
  const Clock::time_point began = ActiveNow();
  const auto patience = std::min({kPatience, context_.options.max_pause, context_.options.lock_budget});
  for (;;) {
    CO_RETURN_IF_ERROR(co_await context_.gate.Pass());
    CO_RETURN_IF_ERROR(co_await CatchUp());
    CO_RETURN_IF_ERROR(co_await LookAround());
    const Clock::duration waited = ActiveNow() - began;
    const bool undecided = forecast_.undecided && waited < kLongEnoughToBlock + kStep;
    if ((forecast_.in_the_way.empty() && !undecided) || waited >= patience) {
      break;
    }
    CO_RETURN_IF_ERROR(co_await pg::SleepFor(kStep));
  }
  CO_RETURN_IF_ERROR(strict_ ? co_await WaitForOldSnapshots() : absl::OkStatus());
  context_.progress.waiting.clear();
  co_return absl::OkStatus();
}

Awaitable<absl::Status> Swap::Attempt(PoliteLock lock) {
  const absl::Status status =
      co_await TryPoliteLock(*context_.journal, lock, [this] { return strict_ ? StrictBody() : LastReplayBody(); });
  ended_at_ = Clock::now();
  co_return status;
}

Awaitable<absl::Status> Swap::TryOnce() {
  ++context_.report.swap_tries;
  Show(context_, fmt::format("try {}", context_.report.swap_tries), 0, 0);
  PoliteLock lock = lock_;
  lock.turn = context_.report.swap_tries - 1;
  lock.tables = {design_.transfer.source, design_.transfer.shadow};
  asked_at_.reset();
  held_since_.reset();
  lock.on_asking = [this] { asked_at_ = Clock::now(); };
  const int asking = context_.journal->backend_pid();
  co_return co_await watch_.Accompany(Attempt(std::move(lock)), asking, {replayer_.connection().backend_pid()});
}

// Of the try that has just ended.
void Swap::Account() {
  const auto ms = [](Clock::duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); };
  RunReport& report = context_.report;
  const Clock::time_point asked = asked_at_.value_or(ended_at_);
  const Clock::time_point held = held_since_.value_or(ended_at_);
  report.swap_wait_ms += ms(held - asked);
  report.swap_hold_ms = ms(ended_at_ - held);
  report.swap_longest_try_ms = std::max(report.swap_longest_try_ms, ms(ended_at_ - asked));
  report.swap_queue = queued_before_ + static_cast<int>(watch_.queue().sessions.size());
  report.swap_queue_ms = std::max(report.swap_queue_ms, watch_.queue().longest_ms);
  report.swap_queue_complete = report.swap_queue_complete && watch_.queue().complete;
}

// Of all tries so far, and of the last one.
boost::json::value Swap::Facts() const {
  const RunReport& report = context_.report;
  return {{"tries", report.swap_tries},
          {"strict", strict_},
          {"fence", fenced_},
          {"waited_ms", report.swap_wait_ms},
          {"hold_ms", report.swap_hold_ms},
          {"longest_try_ms", report.swap_longest_try_ms},
          {"queued_sessions", report.swap_queue},
          {"queued_longest_ms", report.swap_queue_ms},
          {"oldest_transaction_s", forecast_.oldest_seconds},
          {"rows_written_per_s", forecast_.rows_written_per_second < 0
                                     ? boost::json::value()
                                     : boost::json::value(forecast_.rows_written_per_second)}};
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
  std::string in_the_way;
  if (pg::IsLockNotAvailable(status)) {
    // Where no sample saw them, those who have a lock now.
    std::vector<Blocker> blockers = watch_.waited_for();
    if (blockers.empty()) {
      CO_ASSIGN_OR_RETURN(blockers, co_await ReadBlockers(watch_.session(), watch_.relations()));
    }
    in_the_way = fmt::format("; in the way: {}", BlockersText(blockers));
  }
  co_return co_await Record(
      context_, "swap_try",
      fmt::format("swap, try {}: {}{}", context_.report.swap_tries, pg::Describe(status), in_the_way), Facts());
}

// A log that filled meanwhile is no reason to stay away for long; a lock that somebody holds, or that was held too
// long, is: the application gets its time between two tries.
Awaitable<absl::Status> Swap::Pause(const absl::Status& status) {
  const bool stay_away = pg::IsLockNotAvailable(status) || IsHeldTooLong(status) || IsIdledTooLong(status);
  blocked_tries_ = stay_away ? blocked_tries_ + 1 : 0;
  const milliseconds pause =
      stay_away ? std::min<milliseconds>(PauseAfter(blocked_tries_), context_.options.max_pause) : kLeastPause;
  const Clock::time_point end = ActiveNow() + std::max(pause, kLeastPause);
  constexpr milliseconds kLook{1000};
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(end - ActiveNow());
    if (left <= milliseconds(0)) {
      co_return absl::OkStatus();
    }
    CO_RETURN_IF_ERROR(co_await pg::SleepFor(std::min(left, kLook)));
    CO_RETURN_IF_ERROR(stay_away ? co_await LookAround() : absl::OkStatus());
  }
}

Awaitable<absl::Status> Swap::Prepare() {
  lock_.role = Ident(design_.owner);
  CO_ASSIGN_OR_RETURN(lock_.deadlock_timeout, co_await ReadDeadlockTimeout(watch_.session()));
  lock_.max_hold = context_.options.max_hold;
  CO_RETURN_IF_ERROR(co_await MakeOldSchema());
  copier::Pass("cutover: old schema made");
  CO_RETURN_IF_ERROR(co_await ListLocked());
  CO_RETURN_IF_ERROR(co_await MakeMaterializedViews(context_));
  CO_ASSIGN_OR_RETURN(const pg::Result now, co_await watch_.session().Query(
                                                "/* pgmoult:cutover */ SELECT pg_catalog.pg_current_xact_id()::text"));
  CO_ASSIGN_OR_RETURN(moved_before_, now.Scalar<std::string>());
  co_return absl::OkStatus();
}

Awaitable<absl::Status> Swap::Run() {
  CO_RETURN_IF_ERROR(co_await Prepare());
  const Clock::time_point began = ActiveNow();
  for (bool told = false;; told = true) {
    CO_RETURN_IF_ERROR(co_await AwaitMoment());
    if (!told) {
      CO_RETURN_IF_ERROR(co_await Record(context_, "forecast", "before the swap: " + forecast_.Text(), nullptr));
    }
    absl::Status status = co_await TryOnce();
    Account();
    context_.uninterruptible = false;
    if (pg::IsOutcomeUnknown(status)) {
      CO_ASSIGN_OR_RETURN(const bool committed, co_await AskTheCatalog());
      status = committed ? absl::OkStatus() : TryAgain("the connection was lost before the swap committed");
    }
    if (status.ok()) {
      copier::Pass("cutover: committed");
      break;
    }
    const bool again = pg::IsLockNotAvailable(status) || pg::IsSerializationFailure(status) || IsTryAgain(status) ||
                       IsHeldTooLong(status) || IsIdledTooLong(status);
    if (!again) {
      co_return status;
    }
    if (!context_.journal->usable()) {
      CO_ASSIGN_OR_RETURN(context_.journal, co_await context_.sessions.OpenLogin("journal"));
    }
    strict_tries_ += strict_ ? 1 : 0;
    CO_RETURN_IF_ERROR(co_await ReportTry(status));
    if (ActiveNow() - began - waited_for_snapshots_ > context_.options.lock_budget) {
      co_return WithEndKind(EndKind::kLockNotGot,
                            absl::DeadlineExceededError(fmt::format("the swap did not succeed in {} tries: {}",
                                                                    context_.report.swap_tries, pg::Describe(status))));
    }
    CO_RETURN_IF_ERROR(co_await Pause(status));
  }
  context_.replayer.reset();
  co_return co_await Record(
      context_, "swapped",
      fmt::format("{} has its {}; the {} table is {}.{}", design_.transfer.source.Plain(),
                  design_.reverts ? "former shape again" : "new shape", design_.reverts ? "other" : "old",
                  design_.schema_old, design_.transfer.source.name.name()),
      Facts());
}

}  // namespace

Awaitable<absl::Status> CutoverStage(Context& context) {
  CO_ASSIGN_OR_RETURN(copier::Replayer* const replayer, co_await GetReplayer(context));
  CO_ASSIGN_OR_RETURN(std::unique_ptr<pg::Connection> observer, co_await context.sessions.OpenLogin("locks"));
  CO_ASSIGN_OR_RETURN(const std::optional<DayWindow> window, CutoverWindow(context.options));
  Swap swap(context, *replayer, std::move(observer), window);
  co_return co_await swap.Run();
}

}  // namespace pgmoult::engine
