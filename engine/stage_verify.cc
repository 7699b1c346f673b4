#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "boost/asio/this_coro.hpp"
#include "checksum/compare.h"
#include "copier/chunk_sizer.h"
#include "copier/copy.h"
#include "copier/marker.h"
#include "copier/points.h"
#include "copier/sql_builder.h"
#include "engine/catalog.h"
#include "engine/context.h"
#include "engine/journal.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/macros.h"
#include "pg/status.h"
#include "pg/task_group.h"

namespace pgmoult::engine {
namespace {

using checksum::Comparison;
using checksum::Difference;
using copier::KeyRange;
using copier::KeyValue;
using copier::Side;
using pg::Awaitable;
using std::chrono::milliseconds;

constexpr int64_t kMinChunkRows = 256;      // below this a chunk's round trips outweigh its rows
constexpr int64_t kMaxChunkRows = 32'768;   // bounds our memory: about 100 bytes a row while a chunk is compared
constexpr size_t kMaxWaitingKeys = 20'000;  // pending keys that wait for their second look
constexpr size_t kLookBatch = 500;          // keys looked at together
constexpr int kLooks = 5;                   // before a key counts as hot: each time it was in the log again
constexpr int64_t kMaxRepairs = 100'000;    // more wrong rows than this is no accident that a repair should hide
constexpr double kTimedOutMs = 30'000;      // the time-out of a worker's statement
constexpr int kUncutTries = 5;              // of a range that holds too many rows of the shadow
constexpr int kRepairsOfOneRow = 3;
constexpr auto kReplayPause = milliseconds(200);

// A key that was in the log when it was looked at.
struct WaitingKey {
  KeyValue key;
  int looks = 1;
};

// One pass over both tables: workers compare ranges, a keeper replays, a second-looker compares pending keys again once
// they have been replayed. One thread.
class Verify {
 public:
  Verify(Context& context, copier::Replayer& replayer, double total_rows)
      : context_(context), transfer_(context.design.transfer), replayer_(replayer), sizer_(SizerOptions(context)) {
    Show(context_, "", 0, total_rows);
  }

  Awaitable<absl::Status> Run();

 private:
  static copier::ChunkSizerOptions SizerOptions(const Context& context) {
    copier::ChunkSizerOptions options;
    options.target_ms = context.options.chunk_ms;
    options.min_rows = kMinChunkRows;
    options.max_rows = kMaxChunkRows;
    return options;
  }

  Awaitable<absl::Status> Pass();
  Awaitable<absl::Status> Keep();
  Awaitable<absl::Status> Work();
  Awaitable<absl::Status> LookAgain();
  Awaitable<absl::StatusOr<std::optional<KeyRange>>> Claim(pg::Connection& connection, int64_t& asked_rows);
  Awaitable<absl::StatusOr<Comparison>> Compare(pg::Connection& connection, checksum::RangeQueries queries);
  Awaitable<absl::Status> CompareInside(pg::Connection& connection, checksum::RangeQueries queries, Comparison& out);
  Awaitable<absl::Status> DropLogged(pg::Connection& connection, Comparison& comparison);
  Awaitable<absl::StatusOr<bool>> TryRange(pg::Connection& connection, const KeyRange& range, int64_t asked_rows);
  Awaitable<absl::StatusOr<bool>> Cut(pg::Connection& connection, std::deque<KeyRange>& ranges, int64_t rows);
  Awaitable<absl::Status> VerifyRange(pg::Connection& connection, KeyRange range, int64_t asked_rows);
  Awaitable<absl::Status> Repair(pg::Connection& connection, const std::vector<Difference>& differences);
  Awaitable<absl::Status> LogForRepair(pg::Connection& connection, const std::vector<KeyValue>& keys);
  Awaitable<absl::Status> WaitForReplay();
  Awaitable<absl::Status> RecordChunk(pg::Connection& connection, const KeyRange& range, const Comparison& comparison);
  checksum::RangeQueries Queries(const std::string& source, const std::string& shadow, const std::string& log) const;
  checksum::RangeQueries RangeQueriesOf(const KeyRange& range) const;
  checksum::RangeQueries KeyQueriesOf(const std::vector<KeyValue>& keys) const;

  Context& context_;
  const copier::Transfer& transfer_;
  copier::Replayer& replayer_;
  copier::ChunkSizer sizer_;
  std::optional<KeyValue> frontier_;
  bool claimed_all_ = false;
  bool claiming_ = false;
  int working_ = 0;
  int64_t next_number_ = 1;
  int64_t laps_ = 0;  // of the keeper through the log
  std::deque<WaitingKey> waiting_;
  std::map<KeyValue, int> repaired_;  // how often each key was; bounded by kMaxRepairs
  pg::Event changed_;
};

checksum::RangeQueries Verify::Queries(const std::string& source, const std::string& shadow,
                                       const std::string& log) const {
  return {.source = copier::CompareCopySql(transfer_, Side::kSource, source, false),
          .shadow = copier::CompareCopySql(transfer_, Side::kShadow, shadow, false),
          .log = copier::LogCopySql(transfer_, log),
          .source_detail = copier::CompareCopySql(transfer_, Side::kSource, source, true),
          .shadow_detail = copier::CompareCopySql(transfer_, Side::kShadow, shadow, true),
          .key_columns = static_cast<int>(transfer_.key.size()),
          .column_names = copier::ComparedColumns(transfer_)};
}

checksum::RangeQueries Verify::RangeQueriesOf(const KeyRange& range) const {
  return Queries(copier::RangePredicate(transfer_, Side::kSource, range),
                 copier::RangePredicate(transfer_, Side::kShadow, range),
                 copier::RangePredicate(transfer_, Side::kLog, range));
}

checksum::RangeQueries Verify::KeyQueriesOf(const std::vector<KeyValue>& keys) const {
  return Queries(copier::KeySetPredicate(transfer_, Side::kSource, keys),
                 copier::KeySetPredicate(transfer_, Side::kShadow, keys),
                 copier::KeySetPredicate(transfer_, Side::kLog, keys));
}

// Ranges tile the key space, the last one without an end, so that rows of the shadow anywhere are looked at.
Awaitable<absl::StatusOr<std::optional<KeyRange>>> Verify::Claim(pg::Connection& connection, int64_t& asked_rows) {
  while (claiming_) {
    CO_RETURN_IF_ERROR(co_await changed_.WaitFor(milliseconds(100)));
  }
  if (claimed_all_) {
    co_return std::nullopt;
  }
  claiming_ = true;
  asked_rows = sizer_.rows();
  auto boundary = co_await copier::ReadBoundary(connection, transfer_, {.lower = frontier_, .upper = std::nullopt},
                                                asked_rows, context_.lock_wait);
  claiming_ = false;
  changed_.Notify();
  CO_RETURN_IF_ERROR(boundary.status());
  claimed_all_ = !boundary->has_value();
  co_return KeyRange{.lower = std::exchange(frontier_, *boundary), .upper = *boundary};
}

Awaitable<absl::Status> Verify::CompareInside(pg::Connection& connection, checksum::RangeQueries queries,
                                              Comparison& out) {
  // Before the snapshot: a TRUNCATE cannot slip in between, nor can the log be compacted under us.
  std::vector<pg::Statement> opening;
  opening.push_back({fmt::format("/* pgmoult:verify */ LOCK TABLE ONLY {}, ONLY {}, ONLY {} IN ACCESS SHARE MODE",
                                 transfer_.source, transfer_.shadow, transfer_.log),
                     {}});
  opening.push_back({fmt::format("/* pgmoult:verify */ SELECT {}", copier::MarkerExists(transfer_)), {}});
  CO_ASSIGN_OR_RETURN(const std::vector<pg::Result> opened, co_await connection.Pipeline(std::move(opening)));
  CO_ASSIGN_OR_RETURN(const bool marked, opened[1].Scalar<bool>());
  if (marked) {
    co_return copier::EverythingChanged();
  }
  CO_ASSIGN_OR_RETURN(out, co_await checksum::CompareRange(connection, queries, {.max_rows = 2 * kMaxChunkRows}));
  co_return co_await DropLogged(connection, out);
}

// Keys that are equal to a logged one by operator but not by bytes are pending, too: only the server can tell.
Awaitable<absl::Status> Verify::DropLogged(pg::Connection& connection, Comparison& comparison) {
  std::vector<Difference> unexplained;
  for (const Difference& difference : comparison.differences) {
    CO_ASSIGN_OR_RETURN(const pg::Result result,
                        co_await connection.Query(
                            fmt::format("/* pgmoult:verify */ SELECT EXISTS (SELECT FROM {} WHERE {})", transfer_.log,
                                        copier::KeySetPredicate(transfer_, Side::kLog, {difference.key}))));
    CO_ASSIGN_OR_RETURN(const bool logged, result.Scalar<bool>());
    if (logged) {
      comparison.pending += 1;
      comparison.difference_count -= 1;
      comparison.pending_keys.push_back(difference.key);
    } else {
      unexplained.push_back(difference);
    }
  }
  comparison.differences = std::move(unexplained);
  co_return absl::OkStatus();
}

Awaitable<absl::StatusOr<Comparison>> Verify::Compare(pg::Connection& connection, checksum::RangeQueries queries) {
  Comparison comparison;
  CO_RETURN_IF_ERROR(co_await context_.lock_wait.Run([&] {
    return pg::InTransaction(connection, "/* pgmoult:verify */ BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                             CompareInside(connection, queries, comparison));
  }));
  co_return comparison;
}

Awaitable<absl::Status> Verify::RecordChunk(pg::Connection& connection, const KeyRange& range,
                                            const Comparison& comparison) {
  co_return (
      co_await connection.Query(
          "/* pgmoult:verify */ INSERT INTO pgmoult.verified (migration, number, lower_key, upper_key, rows, "
          "source_digest, shadow_digest, pending) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
          {transfer_.migration, next_number_++, copier::BoundParam(range.lower), copier::BoundParam(range.upper),
           comparison.source.count(), comparison.source.ToText(), comparison.shadow.ToText(), comparison.pending}))
      .status();
}

// True where the range was compared whole; its chunk is recorded.
Awaitable<absl::StatusOr<bool>> Verify::TryRange(pg::Connection& connection, const KeyRange& range,
                                                 int64_t asked_rows) {
  const auto started = std::chrono::steady_clock::now();
  CO_ASSIGN_OR_RETURN(const Comparison comparison, co_await Compare(connection, RangeQueriesOf(range)));
  const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  if (comparison.difference_count > 0) {
    CO_RETURN_IF_ERROR(co_await Repair(connection, comparison.differences));
    co_return false;
  }
  if (comparison.pending > static_cast<int64_t>(comparison.pending_keys.size())) {
    CO_RETURN_IF_ERROR(co_await WaitForReplay());  // a bulk statement: more keys than can be looked at one by one
    co_return false;
  }
  for (const KeyValue& key : comparison.pending_keys) {
    waiting_.push_back({.key = key});
  }
  sizer_.Record(asked_rows, static_cast<int64_t>(comparison.source.count()), ms);
  context_.report.rows_verified += static_cast<int64_t>(comparison.source.count());
  context_.progress.chunk_ms = ms;
  context_.progress.chunk_rows = sizer_.rows();
  Show(context_, "", context_.progress.done + static_cast<double>(comparison.source.count()),
       std::max(context_.progress.total, context_.progress.done));
  CO_RETURN_IF_ERROR(co_await RecordChunk(connection, range, comparison));
  copier::Pass("verify: chunk recorded");
  co_return true;
}

// Cuts the first range into pieces of about `rows` of the source's rows; false where it cannot be cut.
Awaitable<absl::StatusOr<bool>> Verify::Cut(pg::Connection& connection, std::deque<KeyRange>& ranges, int64_t rows) {
  CO_ASSIGN_OR_RETURN(
      const std::vector<KeyRange> pieces,
      co_await copier::CutRange(connection, transfer_, ranges.front(), rows, context_.gate, context_.lock_wait));
  if (pieces.size() > 1) {
    ranges.pop_front();
    ranges.insert(ranges.begin(), pieces.begin(), pieces.end());
  }
  co_return pieces.size() > 1;
}

Awaitable<absl::Status> Verify::VerifyRange(pg::Connection& connection, KeyRange range, int64_t asked_rows) {
  std::deque<KeyRange> ranges = {std::move(range)};
  int64_t piece_rows = kMaxChunkRows;
  int uncut = 0;
  while (!ranges.empty()) {
    const absl::StatusOr<bool> done = co_await TryRange(connection, ranges.front(), asked_rows);
    const bool too_many = absl::IsOutOfRange(done.status());  // a bulk load came in since the range was cut
    const bool too_slow = pg::SqlState(done.status()) == "57014";
    if (too_many || too_slow) {
      if (too_slow) {
        sizer_.Record(asked_rows, asked_rows, kTimedOutMs);
        piece_rows = std::max<int64_t>(1, (asked_rows > 0 ? asked_rows : piece_rows) / 10);
      }
      CO_ASSIGN_OR_RETURN(const bool cut, co_await Cut(connection, ranges, piece_rows));
      if (!cut) {
        // The rows are the shadow's alone: a bulk DELETE that is in the log, and gone once it has been replayed.
        CO_RETURN_IF_ERROR(too_slow || ++uncut > kUncutTries ? done.status() : absl::OkStatus());
        CO_RETURN_IF_ERROR(co_await WaitForReplay());
      }
      asked_rows = 0;
      continue;
    }
    CO_RETURN_IF_ERROR(done.status());
    if (*done) {
      ranges.pop_front();
    }
  }
  co_return absl::OkStatus();
}

Awaitable<absl::Status> Verify::Repair(pg::Connection& connection, const std::vector<Difference>& differences) {
  if (differences.empty()) {
    co_return co_await WaitForReplay();  // those that were named are all in the log, and there were more than are named
  }
  std::vector<KeyValue> keys;
  for (const Difference& difference : differences) {
    const char* kind = difference.kind == checksum::DifferenceKind::kMissing ? "missing in the shadow"
                       : difference.kind == checksum::DifferenceKind::kExtra ? "only in the shadow"
                                                                             : "different";
    const std::string text =
        fmt::format("row ({}) is {}{}", fmt::join(difference.key, ", "), kind,
                    difference.columns.empty() ? "" : fmt::format(" in {}", fmt::join(difference.columns, ", ")));
    context_.observer.on_event("difference", text, {{"key", fmt::format("{}", fmt::join(difference.key, ", "))}});
    const int times = ++repaired_[difference.key];
    if (times > kRepairsOfOneRow) {
      co_return absl::DataLossError(
          fmt::format("{}, and was so again after {} repairs: the mapping gives another value each time (a volatile or "
                      "session-dependent USING), or something else writes into the shadow; nothing was swapped",
                      text, kRepairsOfOneRow));
    }
    keys.push_back(difference.key);
  }
  context_.report.repaired += static_cast<int64_t>(keys.size());
  if (context_.report.repaired > kMaxRepairs) {
    co_return absl::DataLossError(
        fmt::format("more than {} rows of the shadow were wrong: something else writes into it, or this is a bug; "
                    "nothing was swapped",
                    kMaxRepairs));
  }
  CO_RETURN_IF_ERROR(pg::Annotate(co_await context_.lock_wait.Run([&] {
    return pg::InTransaction(connection, "/* pgmoult:verify */ BEGIN", LogForRepair(connection, keys));
  }),
                                  "logging rows for repair"));
  co_return co_await WaitForReplay();
}

// The lock on the source's rows waits for open writers of them: without it a write-through of the same key, still
// uncommitted, would let the replay make a ghost.
Awaitable<absl::Status> Verify::LogForRepair(pg::Connection& connection, const std::vector<KeyValue>& keys) {
  std::vector<pg::Statement> statements;
  statements.push_back({fmt::format("/* pgmoult:verify */ SELECT FROM ONLY {} WHERE {} FOR SHARE", transfer_.source,
                                    copier::KeySetPredicate(transfer_, Side::kSource, keys)),
                        {}});
  std::vector<std::string> rows;
  for (const KeyValue& key : keys) {
    std::vector<std::string> values;
    for (size_t i = 0; i < key.size(); ++i) {
      values.push_back(fmt::format("{}::{}", pg::Literal(key[i]), transfer_.key[i].type));
    }
    rows.push_back(fmt::format("({})", fmt::join(values, ", ")));
  }
  statements.push_back({fmt::format("/* pgmoult:verify */ INSERT INTO {} ({}) VALUES {}", transfer_.log,
                                    copier::KeyList(transfer_, Side::kLog), fmt::join(rows, ", ")),
                        {}});
  co_return (co_await connection.Pipeline(std::move(statements))).status();
}

// Until the log has been gone through once from a moment after now.
Awaitable<absl::Status> Verify::WaitForReplay() {
  const int64_t enough = laps_ + 2;
  while (laps_ < enough) {
    CO_RETURN_IF_ERROR(co_await changed_.WaitFor(milliseconds(500)));
  }
  co_return absl::OkStatus();
}

Awaitable<absl::Status> Verify::Work() {
  CO_ASSIGN_OR_RETURN(const auto connection, co_await context_.sessions.OpenWorker("verify"));
  for (;;) {
    CO_RETURN_IF_ERROR(co_await context_.gate.Pass());
    while (waiting_.size() > kMaxWaitingKeys) {
      CO_RETURN_IF_ERROR(co_await changed_.WaitFor(milliseconds(100)));
    }
    int64_t asked_rows = 0;
    CO_ASSIGN_OR_RETURN(const std::optional<KeyRange> range, co_await Claim(*connection, asked_rows));
    if (!range) {
      break;
    }
    ++context_.progress.workers;
    const absl::Status status = co_await VerifyRange(*connection, *range, asked_rows);
    --context_.progress.workers;
    CO_RETURN_IF_ERROR(status);
  }
  --working_;
  changed_.Notify();
  co_return absl::OkStatus();
}

// Keeps the log short and the laps counted while ranges are compared.
Awaitable<absl::Status> Verify::Keep() {
  for (;;) {
    CO_ASSIGN_OR_RETURN(const copier::ReplayRound round, co_await replayer_.Round());
    context_.progress.replayed_rows = replayer_.rows_replayed();
    if (round.lap) {
      ++laps_;
      changed_.Notify();
      CO_RETURN_IF_ERROR(co_await replayer_.TidyLog());
      CO_RETURN_IF_ERROR(co_await pg::SleepFor(kReplayPause));
    }
  }
}

Awaitable<absl::Status> Verify::LookAgain() {
  CO_ASSIGN_OR_RETURN(const auto connection, co_await context_.sessions.OpenWorker("verify"));
  while (working_ > 0 || !waiting_.empty()) {
    if (waiting_.empty()) {
      CO_RETURN_IF_ERROR(co_await changed_.WaitFor(milliseconds(200)));
      continue;
    }
    std::vector<WaitingKey> batch;
    std::vector<KeyValue> keys;
    while (!waiting_.empty() && batch.size() < kLookBatch) {
      batch.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
      keys.push_back(batch.back().key);
    }
    CO_RETURN_IF_ERROR(co_await WaitForReplay());
    CO_ASSIGN_OR_RETURN(const Comparison comparison, co_await Compare(*connection, KeyQueriesOf(keys)));
    for (const KeyValue& key : comparison.pending_keys) {
      const auto found = std::ranges::find(batch, key, &WaitingKey::key);
      const int looks = found == batch.end() ? 1 : found->looks + 1;
      if (looks > kLooks) {
        ++context_.report.hot_keys;
      } else {
        waiting_.push_back({.key = key, .looks = looks});
      }
    }
    if (comparison.difference_count > 0) {
      CO_RETURN_IF_ERROR(co_await Repair(*connection, comparison.differences));
      for (const KeyValue& key : keys) {
        waiting_.push_back({.key = key});
      }
    }
    changed_.Notify();
  }
  co_return absl::OkStatus();
}

Awaitable<absl::Status> Verify::Pass() {
  pg::TaskGroup group(co_await boost::asio::this_coro::executor);
  working_ = context_.options.jobs;
  for (int i = 0; i < context_.options.jobs; ++i) {
    group.Spawn(Work());
  }
  group.Spawn(LookAgain());
  co_return co_await group.Join();
}

Awaitable<absl::Status> Verify::Run() { co_return co_await pg::WithBackground(Pass(), Keep()); }

}  // namespace

Awaitable<absl::Status> VerifyStage(Context& context) {
  if (context.options.verify == VerifyMode::kOff && !context.design.must_verify) {
    co_return absl::OkStatus();
  }
  context.report.rows_verified = 0;
  CO_RETURN_IF_ERROR((co_await context.journal->Query(
                          "/* pgmoult:verify */ DELETE FROM pgmoult.verified WHERE migration = $1", {context.id()}))
                         .status());
  CO_ASSIGN_OR_RETURN(const TableFacts shadow,
                      co_await FindTable(*context.journal, context.design.transfer.shadow.schema.name(),
                                         context.design.transfer.shadow.name.name(), ""));
  CO_ASSIGN_OR_RETURN(copier::Replayer* const replayer, co_await GetReplayer(context));
  Verify verify(context, *replayer, shadow.rows);
  CO_RETURN_IF_ERROR(co_await verify.Run());
  copier::Pass("verify: all compared");
  if (context.design.must_verify) {
    context.design.must_verify = false;
    CO_RETURN_IF_ERROR(co_await SetDesign(*context.journal, context.id(), ToJson(context.design)));
  }
  if (context.report.repaired > 0) {
    CO_RETURN_IF_ERROR(co_await Record(
        context, "repaired",
        fmt::format("{} rows of the shadow were wrong and have been put right: somebody else wrote into it, or this is "
                    "a bug; please report it",
                    context.report.repaired),
        {{"rows", context.report.repaired}}));
  }
  co_return absl::OkStatus();
}

}  // namespace pgmoult::engine
