#include "copier/replay.h"

#include <algorithm>
#include <span>
#include <utility>

#include "copier/marker.h"
#include "copier/points.h"
#include "copier/sql_builder.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/backoff.h"
#include "pg/macros.h"
#include "pg/status.h"
#include "pg/task_group.h"

namespace pgmoult::copier {
namespace {

using pg::Awaitable;
using std::chrono::milliseconds;

constexpr int64_t kTidyRows = 20'000;     // deleted log rows after which the log is vacuumed
constexpr int64_t kCompactPages = 1'024;  // 8 MiB: a log larger than this is compacted once it is nearly empty
constexpr char kStatementTimeout[] = "57014";
constexpr int64_t kCompactMaxRows = 20'000;  // live rows that compaction carries through our memory

// Of a row that was there.
bool KeepsValues(const Transfer& transfer) {
  return !transfer.kept.empty() || !std::ranges::all_of(transfer.columns, IsCompared);
}

// The work of a round; the last one takes what was done from the log.
std::vector<std::string> ReplayStatements(const Transfer& transfer, const LogWindow& window) {
  if (KeepsValues(transfer)) {
    return {ReplayKeepingSql(transfer, window), ReplayTrimSql(transfer, window)};
  }
  return {ReplayDeleteSql(transfer, window), ReplayInsertSql(transfer, window), ReplayTrimSql(transfer, window)};
}

// Of the rows of these statements' results.
absl::StatusOr<int64_t> InsertedBy(const Transfer& transfer, std::span<const pg::Result> results) {
  return KeepsValues(transfer) ? results[0].Scalar<int64_t>() : results[1].affected();
}

}  // namespace

Replayer::Replayer(std::unique_ptr<pg::Connection> connection, const Transfer& transfer, ReplayOptions options,
                   LockWait& locks)
    : connection_(std::move(connection)),
      transfer_(transfer),
      options_(options),
      locks_(locks),
      pages_(options.first_pages) {}

Awaitable<absl::StatusOr<ReplayRound>> Replayer::Round() { co_return co_await RoundWithRetries(/*full=*/false); }

Awaitable<absl::StatusOr<ReplayRound>> Replayer::FullRound() { co_return co_await RoundWithRetries(/*full=*/true); }

Awaitable<absl::StatusOr<ReplayRound>> Replayer::FullRoundOnce() { co_return co_await TryRound(/*full=*/true); }

Awaitable<absl::StatusOr<ReplayRound>> Replayer::RoundWithRetries(bool full) {
  pg::Backoff backoff(milliseconds(5), milliseconds(500));
  int duplicates = 0;
  for (int tries = 1;; ++tries) {
    absl::StatusOr<ReplayRound> round = co_await locks_.Run([&] { return TryRound(full); });
    // In log mode nothing but a key outside the window can hold the value; in dual-write a row that was written through
    // after our snapshot can, too. Either way the round is repeated with a new snapshot, and whole.
    const bool duplicate = pg::IsDuplicate(round.status());
    const bool passing = duplicate || pg::IsSerializationFailure(round.status());
    duplicates += duplicate && full ? 1 : 0;
    if (!passing || tries >= options_.max_tries || duplicates >= options_.max_duplicates) {
      co_return round;
    }
    full = full || duplicate;
    CO_RETURN_IF_ERROR(co_await pg::SleepFor(backoff.Next()));
  }
}

Awaitable<absl::StatusOr<ReplayRound>> Replayer::TryRound(bool full) {
  ReplayRound round;
  const absl::Status status = co_await pg::InTransaction(
      *connection_, "/* pgmoult:replay */ BEGIN ISOLATION LEVEL REPEATABLE READ", WorkOff(full, round));
  if (!status.ok()) {
    co_return pg::Annotate(status, fmt::format("replaying changes of {}", transfer_.source.Plain()));
  }
  Pass("replay: round committed");
  rows_replayed_ += round.rows_inserted;
  rows_since_tidy_ += round.log_rows;
  co_return round;
}

Awaitable<absl::Status> Replayer::WorkOff(bool full, ReplayRound& round) {
  // LOCK takes no snapshot; the statement after it does. The other order would let a TRUNCATE slip in between.
  std::vector<pg::Statement> opening;
  opening.push_back({fmt::format("/* pgmoult:replay */ LOCK TABLE ONLY {}, ONLY {} IN ACCESS SHARE MODE",
                                 transfer_.source, transfer_.log),
                     {}});
  opening.push_back({fmt::format("/* pgmoult:replay */ SELECT {}, pg_catalog.pg_relation_size({}::pg_catalog.regclass) "
                                 "/ pg_catalog.current_setting('block_size')::pg_catalog.int8",
                                 MarkerExists(transfer_), pg::Literal(transfer_.log.Quoted())),
                     {}});
  CO_ASSIGN_OR_RETURN(const std::vector<pg::Result> opened, co_await connection_->Pipeline(std::move(opening)));
  bool marked = false;
  int64_t log_pages = 0;
  CO_RETURN_IF_ERROR(opened[1].Read(0, marked, log_pages));
  if (marked) {
    co_return EverythingChanged();
  }
  LogWindow window;
  if (!full && log_pages > pages_) {
    window.first_page = next_page_ < log_pages ? next_page_ : 0;
    window.last_page = window.first_page + pages_;
  }
  const auto started = std::chrono::steady_clock::now();
  std::vector<pg::Statement> work;
  for (std::string& statement : ReplayStatements(transfer_, window)) {
    work.push_back({std::move(statement), {}});
  }
  work.push_back({"/* pgmoult:replay */ SELECT pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text", {}});
  CO_ASSIGN_OR_RETURN(const std::vector<pg::Result> worked,
                      co_await connection_->Pipeline(std::move(work), pg::Deadline::Never()));
  CO_ASSIGN_OR_RETURN(round.rows_inserted, InsertedBy(transfer_, worked));
  round.log_rows = worked[worked.size() - 2].affected();
  round.whole = window.first_page == 0 && !window.last_page;
  round.lap = !window.last_page || *window.last_page >= log_pages;
  CO_ASSIGN_OR_RETURN(const std::optional<std::string> xid, worked.back().Scalar<std::optional<std::string>>());
  if (round.moved() && xid) {
    last_moving_xid_ = *xid;
  }
  if (window.last_page) {
    next_page_ = *window.last_page;
    const double factor =
        static_cast<double>(options_.round_target.count()) /
        std::max(1.0, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count());
    pages_ = std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(pages_) * std::clamp(factor, 0.1, 2.0)));
  }
  co_return absl::OkStatus();
}

Awaitable<absl::Status> Replayer::FullRoundWithin(pg::Connection& session) {
  std::vector<pg::Statement> work;
  work.push_back({"/* pgmoult:replay */ SET LOCAL enable_seqscan = off", {}});
  work.push_back({fmt::format("/* pgmoult:replay */ SELECT {}", MarkerExists(transfer_)), {}});
  for (std::string& statement : ReplayStatements(transfer_, {})) {
    work.push_back({std::move(statement), {}});
  }
  work.push_back({"/* pgmoult:replay */ SET LOCAL enable_seqscan TO DEFAULT", {}});
  CO_ASSIGN_OR_RETURN(const std::vector<pg::Result> worked, co_await session.Pipeline(std::move(work)));
  CO_ASSIGN_OR_RETURN(const bool marked, worked[1].Scalar<bool>());
  CO_ASSIGN_OR_RETURN(const int64_t inserted, InsertedBy(transfer_, std::span(worked).subspan(2)));
  rows_replayed_ += inserted;
  co_return marked ? EverythingChanged() : absl::OkStatus();
}

Awaitable<absl::Status> Replayer::CatchUp(int64_t enough_rows, int laps) {
  for (int done = 0; done < laps;) {
    CO_ASSIGN_OR_RETURN(const ReplayRound round, co_await Round());
    CO_RETURN_IF_ERROR(co_await TidyLog());
    if (round.whole && round.log_rows <= enough_rows) {
      break;
    }
    done += round.lap ? 1 : 0;
  }
  co_return absl::OkStatus();
}

Awaitable<absl::Status> Replayer::TidyLog(bool always) {
  if (!always && rows_since_tidy_ < kTidyRows) {
    co_return absl::OkStatus();
  }
  rows_since_tidy_ = 0;
  // Truncating the file's end would need an ACCESS EXCLUSIVE lock of VACUUM's own: writers reuse the space instead.
  const absl::Status vacuumed =
      (co_await connection_->Query(fmt::format("/* pgmoult:replay */ VACUUM (TRUNCATE off) {}", transfer_.log), {},
                                   pg::Deadline::Never()))
          .status();
  if (!vacuumed.ok()) {
    co_return pg::IsLockNotAvailable(vacuumed) ? absl::OkStatus() : vacuumed;  // another time
  }
  CO_ASSIGN_OR_RETURN(const pg::Result size,
                      co_await connection_->Query(fmt::format(
                          "/* pgmoult:replay */ SELECT pg_catalog.pg_relation_size({}::pg_catalog.regclass) / "
                          "pg_catalog.current_setting('block_size')::pg_catalog.int8",
                          pg::Literal(transfer_.log.Quoted()))));
  CO_ASSIGN_OR_RETURN(const int64_t pages, size.Scalar<int64_t>());
  if (pages < kCompactPages) {
    co_return absl::OkStatus();
  }
  CO_ASSIGN_OR_RETURN(const pg::Result live, co_await connection_->Query(fmt::format(
                                                 "/* pgmoult:replay */ SELECT pg_catalog.count(*) > {0} FROM (SELECT "
                                                 "FROM {1} LIMIT {0} + 1) AS first_rows",
                                                 kCompactMaxRows, transfer_.log)));
  CO_ASSIGN_OR_RETURN(const bool full, live.Scalar<bool>());
  if (full) {
    co_return absl::OkStatus();  // without the lock yet: a log that is in use is left alone
  }
  const absl::Status status = co_await pg::InTransaction(*connection_, "/* pgmoult:replay */ BEGIN", Compact());
  // Not getting the lock, or finding the log too full, is no failure: the next call tries again.
  const bool later =
      pg::IsLockNotAvailable(status) || absl::IsOutOfRange(status) || pg::SqlState(status) == kStatementTimeout;
  co_return later ? absl::OkStatus() : status;
}

// TRUNCATE is not MVCC: every transaction of ours that reads the log under an older snapshot holds ACCESS SHARE on it
// from before that snapshot, so none is open now that we have the lock.
Awaitable<absl::Status> Replayer::Compact() {
  std::vector<pg::Statement> statements;
  statements.push_back({"/* pgmoult:replay */ SET LOCAL lock_timeout = '200ms'", {}});
  // Writers wait while the log is read: not for longer than this.
  statements.push_back({"/* pgmoult:replay */ SET LOCAL statement_timeout = '200ms'", {}});
  statements.push_back(
      {fmt::format("/* pgmoult:replay */ LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE", transfer_.log), {}});
  statements.push_back({fmt::format("/* pgmoult:replay */ SELECT {} FROM {} LIMIT {}", KeyList(transfer_, Side::kLog),
                                    transfer_.log, kCompactMaxRows + 1),
                        {}});
  CO_ASSIGN_OR_RETURN(const std::vector<pg::Result> results, co_await connection_->Pipeline(std::move(statements)));
  const pg::Result& kept = results[3];
  if (kept.rows() > kCompactMaxRows) {
    co_return absl::OutOfRangeError("the log is too full to be compacted");
  }
  std::vector<pg::Statement> rewrite;
  rewrite.push_back({fmt::format("/* pgmoult:replay */ TRUNCATE ONLY {}", transfer_.log), {}});
  std::vector<std::string> rows;
  for (int row = 0; row < kept.rows(); ++row) {
    std::vector<std::string> values;
    for (int column = 0; column < kept.columns(); ++column) {
      const auto at = static_cast<size_t>(column);
      values.push_back(kept.IsNull(row, column)
                           ? fmt::format("NULL::{}", transfer_.key[at].type)
                           : fmt::format("{}::{}", pg::Literal(kept.Text(row, column)), transfer_.key[at].type));
    }
    rows.push_back(fmt::format("({})", fmt::join(values, ", ")));
  }
  if (!rows.empty()) {
    rewrite.push_back(
        {fmt::format("/* pgmoult:replay */ INSERT INTO {} VALUES {}", transfer_.log, fmt::join(rows, ", ")), {}});
  }
  co_return (co_await connection_->Pipeline(std::move(rewrite))).status();
}

}  // namespace pgmoult::copier
