#include "copier/copy.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "boost/asio/this_coro.hpp"
#include "copier/marker.h"
#include "copier/points.h"
#include "copier/sql_builder.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/backoff.h"
#include "pg/macros.h"
#include "pg/status.h"

namespace pgmoult::copier {
namespace {

using pg::Awaitable;
using std::chrono::milliseconds;

constexpr int kMaxTries = 20;  // of one chunk, for serialization failures
constexpr char kStatementTimeout[] = "57014";
constexpr double kTimedOutMs = 30'000;  // the time-out of a worker's statement
constexpr auto kIdleWait = milliseconds(200);

struct Chunk {
  int64_t number = 0;
  int64_t asked_rows = 0;
  KeyRange range;
};

// What a chunk's transaction did.
struct Done {
  int64_t rows = 0;
  double server_ms = 0;
};

// One run of the copy: a queue that the scout fills and the workers empty. One thread, so no locks.
class Copy {
 public:
  Copy(const Transfer& transfer, CopyOptions options, CopyState state, Gate& gate, LockWait& locks,
       CopyProgress& progress)
      : transfer_(transfer),
        options_(options),
        state_(std::move(state)),
        gate_(gate),
        locks_(locks),
        progress_(progress),
        sizer_(options.sizer) {
    sizer_.SetRowBytes(options.row_bytes);
  }

  Awaitable<absl::Status> Run(const OpenSession& open);

 private:
  Awaitable<absl::Status> Scout(std::unique_ptr<pg::Connection> connection);
  Awaitable<absl::Status> Work(std::unique_ptr<pg::Connection> connection);
  Awaitable<absl::Status> CopyChunk(pg::Connection& connection, const Chunk& chunk);
  Awaitable<absl::StatusOr<bool>> Cut(pg::Connection& connection, const Chunk& chunk);
  Awaitable<absl::Status> TryChunk(pg::Connection& connection, const Chunk& chunk, Done& done);
  Awaitable<absl::Status> CheckMarker(pg::Connection& connection);
  size_t wanted_depth() const { return static_cast<size_t>(options_.jobs) + 1; }
  void Enqueue(KeyRange range, int64_t asked_rows);

  const Transfer& transfer_;
  CopyOptions options_;
  CopyState state_;
  Gate& gate_;
  LockWait& locks_;
  CopyProgress& progress_;
  ChunkSizer sizer_;
  std::deque<Chunk> queue_;
  bool scouted_ = false;  // no more chunks will come
  pg::Event changed_;
};

void Copy::Enqueue(KeyRange range, int64_t asked_rows) {
  queue_.push_back({.number = state_.next_chunk++, .asked_rows = asked_rows, .range = std::move(range)});
  changed_.Notify();
}

Awaitable<absl::Status> Copy::Run(const OpenSession& open) {
  for (KeyRange& range : state_.missing) {
    Enqueue(std::move(range), 0);
  }
  scouted_ = !state_.end || state_.frontier == state_.end;
  pg::TaskGroup group(co_await boost::asio::this_coro::executor);
  absl::Status opened;
  if (!scouted_) {
    auto session = co_await open("scout");
    opened = session.status();
    if (opened.ok()) {
      group.Spawn(Scout(*std::move(session)));
    }
  }
  for (int i = 0; i < options_.jobs && opened.ok(); ++i) {
    auto session = co_await open("copy");
    opened = session.status();
    if (opened.ok()) {
      group.Spawn(Work(*std::move(session)));
    }
  }
  if (!opened.ok()) {
    group.Cancel();
  }
  const absl::Status joined = co_await group.Join();
  co_return opened.ok() ? joined : opened;
}

Awaitable<absl::Status> Copy::Scout(std::unique_ptr<pg::Connection> connection) {
  while (!scouted_) {
    if (queue_.size() >= wanted_depth()) {
      CO_RETURN_IF_ERROR(co_await changed_.WaitFor(kIdleWait));
      continue;
    }
    CO_RETURN_IF_ERROR(co_await gate_.Pass());
    CO_RETURN_IF_ERROR(co_await CheckMarker(*connection));
    const KeyRange remaining{.lower = state_.frontier, .upper = state_.end};
    const int64_t rows = sizer_.rows();
    auto read = co_await ReadBoundary(*connection, transfer_, remaining, rows, locks_);
    if (pg::SqlState(read.status()) == kStatementTimeout && rows > 1) {
      sizer_.Record(rows, rows, kTimedOutMs);
      continue;
    }
    CO_RETURN_IF_ERROR(read.status());
    std::optional<KeyValue> boundary = *std::move(read);
    if (!boundary) {
      boundary = state_.end;
    }
    scouted_ = boundary == state_.end;
    Enqueue({.lower = std::exchange(state_.frontier, boundary), .upper = boundary}, rows);
  }
  changed_.Notify();
  co_return absl::OkStatus();
}

Awaitable<absl::Status> Copy::CheckMarker(pg::Connection& connection) {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await connection.Query(fmt::format("/* pgmoult:copy */ SELECT {}", MarkerExists(transfer_))));
  CO_ASSIGN_OR_RETURN(const bool marked, result.Scalar<bool>());
  co_return marked ? EverythingChanged() : absl::OkStatus();
}

Awaitable<absl::Status> Copy::Work(std::unique_ptr<pg::Connection> connection) {
  for (;;) {
    CO_RETURN_IF_ERROR(co_await gate_.Pass());
    if (queue_.empty()) {
      if (scouted_) {
        co_return absl::OkStatus();
      }
      CO_RETURN_IF_ERROR(co_await changed_.WaitFor(kIdleWait));
      continue;
    }
    const Chunk chunk = std::move(queue_.front());
    queue_.pop_front();
    changed_.Notify();
    ++progress_.busy_workers;
    const absl::Status status = co_await CopyChunk(*connection, chunk);
    --progress_.busy_workers;
    CO_RETURN_IF_ERROR(status);
  }
}

Awaitable<absl::Status> Copy::CopyChunk(pg::Connection& connection, const Chunk& chunk) {
  pg::Backoff backoff(milliseconds(50), milliseconds(5000));
  for (int tries = 1;; ++tries) {
    Done done;
    const absl::Status status = co_await locks_.Run(
        [&] { return pg::InTransaction(connection, "/* pgmoult:copy */ BEGIN", TryChunk(connection, chunk, done)); });
    if (status.ok()) {
      Pass("copy: chunk committed");
      sizer_.Record(chunk.asked_rows, done.rows, done.server_ms);
      progress_.rows += done.rows;
      progress_.chunks += 1;
      progress_.last_chunk_ms = done.server_ms;
      progress_.chunk_rows = sizer_.rows();
    }
    if (pg::SqlState(status) == kStatementTimeout) {
      CO_ASSIGN_OR_RETURN(const bool cut, co_await Cut(connection, chunk));
      if (cut) {
        co_return absl::OkStatus();
      }
    }
    const bool again = pg::IsSerializationFailure(status) && tries < kMaxTries;
    if (!status.ok() && !again && !progress_.failed) {
      progress_.failed = chunk.range;
    }
    if (!again) {
      co_return pg::Annotate(
          status, fmt::format("copying rows {} of {}", DescribeRange(chunk.range), transfer_.source.Plain()));
    }
    CO_RETURN_IF_ERROR(co_await pg::SleepFor(backoff.Next()));
  }
}

// Rows that are much slower than those the sizer has seen (cold, or wider by far): the chunk comes again in pieces, and
// the sizer starts small. False where a single row takes too long.
Awaitable<absl::StatusOr<bool>> Copy::Cut(pg::Connection& connection, const Chunk& chunk) {
  const bool gap = chunk.asked_rows == 0;  // that an earlier engine left, of unknown size
  const int64_t rows = gap ? sizer_.rows() : std::max<int64_t>(1, chunk.asked_rows / 10);
  sizer_.Record(chunk.asked_rows, chunk.asked_rows, kTimedOutMs);
  CO_ASSIGN_OR_RETURN(std::vector<KeyRange> pieces,
                      co_await CutRange(connection, transfer_, chunk.range, rows, gate_, locks_));
  if (pieces.size() == 1) {
    co_return false;
  }
  for (KeyRange& piece : pieces) {
    Enqueue(std::move(piece), rows);
  }
  co_return true;
}

Awaitable<absl::Status> Copy::TryChunk(pg::Connection& connection, const Chunk& chunk, Done& done) {
  // The lock comes first and takes no snapshot: what the INSERT reads is never older than the lock.
  std::vector<pg::Statement> statements;
  statements.push_back(
      {fmt::format("/* pgmoult:copy */ LOCK TABLE ONLY {} IN ACCESS SHARE MODE", transfer_.source), {}});
  statements.push_back({"/* pgmoult:copy */ SELECT pg_catalog.clock_timestamp()::pg_catalog.text", {}});
  statements.push_back({ChunkInsertSql(transfer_, chunk.range), {}});
  CO_ASSIGN_OR_RETURN(const std::vector<pg::Result> results, co_await connection.Pipeline(std::move(statements)));
  CO_ASSIGN_OR_RETURN(const std::string started, results[1].Scalar<std::string>());
  done.rows = results[2].affected();
  CO_ASSIGN_OR_RETURN(
      const pg::Result recorded,
      co_await connection.Query(
          "/* pgmoult:copy */ INSERT INTO pgmoult.chunk (migration, number, lower_key, upper_key, rows, server_ms) "
          "VALUES ($1, $2, $3, $4, $5, extract(epoch FROM pg_catalog.clock_timestamp() - $6::timestamptz) * 1000) "
          "RETURNING server_ms",
          {transfer_.migration, chunk.number, BoundParam(chunk.range.lower), BoundParam(chunk.range.upper), done.rows,
           started}));
  CO_ASSIGN_OR_RETURN(done.server_ms, recorded.Scalar<double>());
  co_return absl::OkStatus();
}

absl::StatusOr<std::optional<KeyValue>> KeyOf(const pg::Result& result) {
  if (result.rows() == 0) {
    return std::nullopt;
  }
  KeyValue key;
  for (int column = 0; column < result.columns(); ++column) {
    ASSIGN_OR_RETURN(std::string text, result.Get<std::string>(0, column));
    key.push_back(std::move(text));
  }
  return key;
}

}  // namespace

pg::Awaitable<absl::Status> CopyRows(const OpenSession& open, const Transfer& transfer, CopyOptions options,
                                     CopyState state, Gate& gate, LockWait& locks, CopyProgress& progress) {
  Copy copy(transfer, options, std::move(state), gate, locks, progress);
  co_return co_await copy.Run(open);
}

pg::Awaitable<absl::StatusOr<std::optional<KeyValue>>> ReadLastKey(pg::Connection& connection, const Transfer& transfer,
                                                                   LockWait& locks) {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await locks.Run([&] { return connection.Query(LastKeySql(transfer)); }));
  co_return KeyOf(result);
}

pg::Awaitable<absl::StatusOr<std::optional<KeyValue>>> ReadBoundary(pg::Connection& connection,
                                                                    const Transfer& transfer, const KeyRange& remaining,
                                                                    int64_t rows, LockWait& locks) {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await locks.Run([&] { return connection.Query(BoundarySql(transfer, remaining, rows)); }));
  co_return KeyOf(result);
}

pg::Awaitable<absl::StatusOr<std::vector<KeyRange>>> CutRange(pg::Connection& connection, const Transfer& transfer,
                                                              KeyRange range, int64_t rows, Gate& gate,
                                                              LockWait& locks) {
  std::vector<KeyRange> pieces;
  for (;;) {
    CO_RETURN_IF_ERROR(co_await gate.Pass());
    CO_ASSIGN_OR_RETURN(std::optional<KeyValue> middle,
                        co_await ReadBoundary(connection, transfer, range, rows, locks));
    if (!middle || middle == range.upper) {
      break;
    }
    pieces.push_back({.lower = std::exchange(range.lower, middle), .upper = middle});
  }
  pieces.push_back(std::move(range));
  co_return pieces;
}

pg::Param BoundParam(const std::optional<KeyValue>& bound) {
  return bound ? pg::Param(pg::ArrayText(*bound)) : pg::Param(std::nullopt);
}

std::string DescribeRange(const KeyRange& range) {
  const auto text = [](const std::optional<KeyValue>& key, const char* unbounded) {
    return key ? fmt::format("({})", fmt::join(*key, ", ")) : std::string(unbounded);
  };
  return fmt::format("after {} up to {}", text(range.lower, "the start"), text(range.upper, "the end"));
}

}  // namespace pgmoult::copier
