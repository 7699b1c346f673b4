#include "engine/cutover_watch.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <utility>

#include "boost/asio/this_coro.hpp"
#include "engine/sql.h"
#include "fmt/format.h"
#include "pg/macros.h"
#include "pg/status.h"
#include "pg/task_group.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;
using std::chrono::milliseconds;

constexpr milliseconds kSampleEvery{20};
constexpr double kRateSeconds = 1;  // the least time over which a rate is told: the server counts late

template <typename Integers>
std::string IntegerArray(const Integers& integers) {
  std::vector<std::string> texts;
  std::ranges::transform(integers, std::back_inserter(texts), [](auto value) { return fmt::format("{}", value); });
  return pg::ArrayText(texts);
}

}  // namespace

milliseconds PauseAfter(int failed) {
  constexpr std::array<std::chrono::seconds, 5> kPauses = {std::chrono::seconds(0), std::chrono::seconds(1),
                                                           std::chrono::seconds(5), std::chrono::seconds(10),
                                                           std::chrono::seconds(30)};
  return kPauses[std::min(static_cast<size_t>(std::max(1, failed) - 1), kPauses.size() - 1)];
}

std::vector<Blocker> Forecast::blockers() const {
  std::vector<Blocker> blockers;
  std::ranges::transform(in_the_way, std::back_inserter(blockers), &InTheWay::blocker);
  return blockers;
}

std::string Forecast::Text() const {
  std::string text = in_the_way.empty() ? "nobody in the way" : fmt::format("in the way: {}", BlockersText(blockers()));
  text += oldest_transaction.empty()
              ? "; no other transaction that this login can see"
              : fmt::format("; oldest transaction {:.1f} s ({})", oldest_seconds, oldest_transaction);
  if (rows_written_per_second >= 0) {
    text += fmt::format("; {:.0f} rows written a second", rows_written_per_second);
  }
  return text;
}

Awaitable<absl::Status> CutoverWatch::Watch(std::vector<pg::QualifiedName> relations, int64_t table) {
  const pg::NameArrays arrays(relations);
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await session_->Query(
                          "/* pgmoult:cutover */ SELECT c.oid::int8 FROM unnest($1::text[], $2::text[]) t (schema, "
                          "name) JOIN pg_namespace n ON n.nspname = t.schema JOIN pg_class c ON c.relnamespace = "
                          "n.oid AND c.relname = t.name",
                          {arrays.schemas, arrays.names}));
  oids_.assign(static_cast<size_t>(result.rows()), 0);
  for (int row = 0; row < result.rows(); ++row) {
    CO_RETURN_IF_ERROR(result.Read(row, oids_[static_cast<size_t>(row)]));
  }
  relations_ = std::move(relations);
  table_ = table;
  co_return absl::OkStatus();
}

Awaitable<absl::StatusOr<Forecast>> CutoverWatch::Look() {
  Forecast forecast;
  CO_ASSIGN_OR_RETURN(const std::vector<Blocker> blockers, co_await ReadBlockers(*session_, relations_));
  const Clock::time_point now = Clock::now();
  std::map<std::string, Clock::time_point> seen;
  for (const Blocker& blocker : blockers) {
    const auto before = first_seen_.find(blocker.transaction);
    const Clock::time_point since = before == first_seen_.end() ? now : before->second;
    seen[blocker.transaction] = since;
    // Of whom this login sees no age it knows how long it has seen him.
    const auto seen_for = std::chrono::duration_cast<milliseconds>(now - since);
    const bool old = seen_for >= kLongEnoughToBlock ||
                     std::chrono::duration<double>(blocker.seconds.value_or(0)) >= kLongEnoughToBlock;
    if (!blocker.yields && old) {
      forecast.in_the_way.push_back({blocker, seen_for});
    }
    forecast.undecided = forecast.undecided || (!old && !blocker.seconds);
  }
  first_seen_ = std::move(seen);
  CO_ASSIGN_OR_RETURN(const pg::Result traffic, co_await session_->Query(sql::kTraffic, {table_}));
  int64_t written = 0;
  CO_RETURN_IF_ERROR(traffic.Read(0, forecast.oldest_transaction, forecast.oldest_seconds, written));
  if (written_at_first_ < 0) {
    written_at_first_ = written;
    counted_since_ = now;
  }
  const double seconds = std::chrono::duration<double>(now - counted_since_).count();
  if (seconds >= kRateSeconds) {
    // A crash of the server resets its counters.
    forecast.rows_written_per_second = static_cast<double>(std::max<int64_t>(0, written - written_at_first_)) / seconds;
  }
  co_return forecast;
}

Awaitable<absl::Status> CutoverWatch::SeeWaitedFor(int asking) {
  CO_ASSIGN_OR_RETURN(const pg::Result blocking,
                      co_await session_->Query("/* pgmoult:cutover */ SELECT pg_blocking_pids($1::int)", {asking}));
  CO_ASSIGN_OR_RETURN(const std::vector<std::string> pids, blocking.Scalar<std::vector<std::string>>());
  if (pids.empty()) {
    co_return absl::OkStatus();
  }
  CO_ASSIGN_OR_RETURN(waited_for_, co_await ReadBlockers(*session_, relations_));
  std::erase_if(waited_for_, [&pids](const Blocker& blocker) {  // 0 stands for a prepared transaction there, too
    return std::ranges::find(pids, fmt::format("{}", blocker.pid)) == pids.end();
  });
  co_return absl::OkStatus();
}

Awaitable<absl::Status> CutoverWatch::Sample(pg::Event& end, int asking, std::vector<int> own) {
  const Clock::time_point began = Clock::now();
  while (trying_) {
    CO_ASSIGN_OR_RETURN(const pg::Result result,
                        co_await session_->Query(sql::kWaiters, {IntegerArray(oids_), IntegerArray(own)}));
    const double ours_ms = std::chrono::duration<double, std::milli>(Clock::now() - began).count();
    bool waiting = false;
    for (int row = 0; row < result.rows(); ++row) {
      int pid = 0;
      double waited_ms = 0;
      CO_RETURN_IF_ERROR(result.Read(row, pid, waited_ms));
      waiting = waiting || pid == asking;
      // Who waited before us does not wait for us.
      if (pid != asking && waited_ms <= ours_ms) {
        queue_.sessions.insert(pid);
        queue_.longest_ms = std::max(queue_.longest_ms, waited_ms);
      }
    }
    CO_RETURN_IF_ERROR(waiting ? co_await SeeWaitedFor(asking) : absl::OkStatus());
    if (trying_) {
      CO_RETURN_IF_ERROR(co_await end.WaitFor(kSampleEvery));
    }
  }
  co_return absl::OkStatus();
}

Awaitable<absl::Status> CutoverWatch::Accompany(Awaitable<absl::Status> attempt, int asking, std::vector<int> own) {
  trying_ = true;
  waited_for_.clear();
  pg::Event end;
  pg::TaskGroup group(co_await boost::asio::this_coro::executor);
  group.Spawn(Sample(end, asking, std::move(own)));
  const absl::Status status = co_await std::move(attempt);
  trying_ = false;
  end.Notify();
  // A swap that has succeeded is not undone because nobody watched.
  const absl::Status sampled = co_await group.Join();
  queue_.complete = queue_.complete && sampled.ok();
  co_return status;
}

Awaitable<absl::StatusOr<std::string>> CutoverWatch::Terminate(Blocker blocker) {
  const absl::StatusOr<pg::Result> result = co_await session_->Query(
      "/* pgmoult:cutover */ SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE l.pid = $1::int AND "
      "l.virtualtransaction = $2::text AND l.granted AND l.locktype = 'relation' AND l.relation = ANY ($3::oid[]) "
      "LIMIT 1",
      {blocker.pid, blocker.transaction, IntegerArray(oids_)});
  if (pg::SqlState(result.status()) == "42501") {
    co_return pg::Describe(result.status());
  }
  CO_RETURN_IF_ERROR(result.status());
  if (result->rows() == 0) {
    co_return "gone by itself";
  }
  CO_ASSIGN_OR_RETURN(const bool sent, result->Scalar<bool>());
  co_return sent ? "terminated" : "could not be sent a signal";
}

}  // namespace pgmoult::engine
