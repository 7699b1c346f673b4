#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/support/database.h"
#include "tests/support/run.h"

namespace pgmoult::tests {

// Seed of a test's random choices: $PGMOULT_TEST_SEED, else a new one. Printed, so that a failure can be repeated.
inline uint32_t TestSeed() {
  const char* given = std::getenv("PGMOULT_TEST_SEED");
  const uint32_t seed =
      given != nullptr ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  std::cout << "PGMOULT_TEST_SEED=" << seed << "\n";
  return seed;
}

// What an application does when the server goes away under it.
enum class WhenLost {
  kFail,      // that is an error
  kComeBack,  // connects again, looks whether the last statement was committed, and goes on
};

// An application at work on table t (id, n): sessions that count up, insert, delete and move rows, and keep a ledger of
// what every row must hold. Each owns the ids of its residue class, so that the ledger is exact. The database must
// outlive them.
class Writers {
 public:
  // Rows 1 to `rows` are there, with n = 0.
  Writers(const TestDatabase& database, int count, int64_t rows, WhenLost when_lost = WhenLost::kFail)
      : Writers([&database] { return std::make_unique<Session>(database); }, count, rows, when_lost) {}
  // `connect` is called on their threads; it throws where there is no server.
  Writers(std::function<std::unique_ptr<Session>()> connect, int count, int64_t rows, WhenLost when_lost,
          std::optional<uint32_t> given_seed = std::nullopt)
      : connect_(std::move(connect)), count_(count), when_lost_(when_lost), ledgers_(static_cast<size_t>(count)) {
    const uint32_t seed = given_seed ? *given_seed : TestSeed();
    for (int64_t id = 1; id <= rows; ++id) {
      ledgers_[static_cast<size_t>(id % count)][id] = 0;
    }
    for (int writer = 0; writer < count; ++writer) {
      threads_.emplace_back([this, writer, seed] { Write(writer, seed); });
    }
  }
  Writers(const Writers&) = delete;
  Writers& operator=(const Writers&) = delete;
  ~Writers() { Stop(); }

  void Stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) {
      thread.join();
    }
    threads_.clear();
  }
  int64_t statements() const { return statements_; }
  // The longest that a statement which succeeded took.
  double longest_ms() const { return static_cast<double>(longest_us_) / 1000; }
  // Sessions that were lost.
  int64_t losses() const { return losses_; }
  // What the application's statements failed with; "" as it must be.
  std::string errors() const {
    const std::scoped_lock lock(mutex_);
    return errors_;
  }
  // After Stop(): what of table t is not as the ledgers say; "" where all is well.
  std::string Difference(Session& session) const {
    std::map<int64_t, int64_t> expected;
    for (const auto& ledger : ledgers_) {
      expected.insert(ledger.begin(), ledger.end());
    }
    const pg::Result result = session.Exec("SELECT id, n FROM t ORDER BY id");
    for (int row = 0; row < result.rows(); ++row) {
      const int64_t id = result.Get<int64_t>(row, 0).value_or(-1);
      const int64_t n = result.Get<int64_t>(row, 1).value_or(-1);
      const auto found = expected.find(id);
      if (found == expected.end()) {
        return fmt::format("row {} should not be there", id);
      }
      if (found->second != n) {
        return fmt::format("row {} holds {} instead of {}", id, n, found->second);
      }
      expected.erase(found);
    }
    return expected.empty() ? "" : fmt::format("row {} is missing", expected.begin()->first);
  }

 private:
  using Ledger = std::map<int64_t, int64_t>;

  // A row of the ledger that a statement is about, or nothing: no such row.
  using Entry = std::optional<int64_t>;
  // What a statement does to the row `id`, and to the row `next`, which it may make.
  struct Step {
    std::string sql;
    int64_t id = 0;
    int64_t next = 0;
    Entry id_after;
    Entry next_after;
  };

  void Write(int writer, uint32_t seed) {
    try {
      std::unique_ptr<Session> session = connect_();
      std::mt19937 random(seed + static_cast<uint32_t>(writer));
      Ledger& ledger = ledgers_[static_cast<size_t>(writer)];
      int64_t next = 1'000'000LL * count_ + writer;
      while (!stopping_) {
        const Step step = ChooseStep(random, ledger, next);
        next += count_;
        const auto began = std::chrono::steady_clock::now();
        const absl::StatusOr<pg::Result> result = session->Try(step.sql);
        if (result.ok() && result->affected() == 1) {
          NoteDuration(std::chrono::steady_clock::now() - began);
          Enter(ledger, step);
        } else if (when_lost_ == WhenLost::kComeBack && pg::IsConnectionLost(result.status())) {
          ++losses_;
          session = ComeBack();
          if (!Settle(*session, ledger, step)) {
            break;
          }
        } else {
          Report(result.ok() ? fmt::format("{}: {} rows", step.sql, result->affected())
                             : fmt::format("{}: {}", step.sql, pg::Describe(result.status())));
          break;
        }
        ++statements_;
        // The pace of the load: it must leave the processors something for the engine.
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    } catch (const std::exception& error) {
      Report(error.what());
    }
  }

  static Step ChooseStep(std::mt19937& random, const Ledger& ledger, int64_t next) {
    auto victim = ledger.begin();
    std::advance(victim, static_cast<std::ptrdiff_t>(random() % ledger.size()));
    const auto [id, n] = *victim;
    const uint32_t choice = random() % 100;
    if (choice < 20) {
      return {fmt::format("INSERT INTO t (id, n) VALUES ({}, 1)", next), id, next, n, 1};
    }
    if (choice < 30) {
      return {fmt::format("DELETE FROM t WHERE id = {}", id), id, next, std::nullopt, std::nullopt};
    }
    if (choice < 40) {
      return {fmt::format("UPDATE t SET id = {}, n = n + 1 WHERE id = {}", next, id), id, next, std::nullopt, n + 1};
    }
    return {fmt::format("UPDATE t SET n = n + 1 WHERE id = {}", id), id, next, n + 1, std::nullopt};
  }

  static void Enter(Ledger& ledger, const Step& step) {
    for (const auto& [id, entry] : {std::pair(step.id, step.id_after), std::pair(step.next, step.next_after)}) {
      if (entry) {
        ledger[id] = *entry;
      } else {
        ledger.erase(id);
      }
    }
  }

  // Also where it was stopped meanwhile: the last statement belongs into the ledger, or not. Throws where no server
  // comes back.
  std::unique_ptr<Session> ComeBack() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (;;) {
      try {
        return connect_();
      } catch (const std::exception&) {
        if (std::chrono::steady_clock::now() > deadline) {
          throw;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the server is still away
      }
    }
  }

  // Whether the statement was committed before the session was lost: both rows as before, or both as after.
  bool Settle(Session& session, Ledger& ledger, const Step& step) {
    const auto read = [&session](int64_t id) -> Entry {
      const pg::Result result = session.Exec(fmt::format("SELECT n FROM t WHERE id = {}", id));
      return result.rows() == 0 ? Entry() : result.Get<int64_t>(0, 0).value();
    };
    const Entry id_now = read(step.id);
    const Entry next_now = read(step.next);
    if (id_now == step.id_after && next_now == step.next_after) {
      Enter(ledger, step);
      return true;
    }
    const bool as_before = id_now == Entry(ledger.at(step.id)) && next_now == std::nullopt;
    if (!as_before) {
      Report(fmt::format("{}: after it was lost, the rows are neither as before nor as after", step.sql));
    }
    return as_before;
  }

  void NoteDuration(std::chrono::steady_clock::duration duration) {
    const int64_t us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
    int64_t longest = longest_us_;
    while (us > longest && !longest_us_.compare_exchange_weak(longest, us)) {
    }
  }

  void Report(const std::string& error) {
    const std::scoped_lock lock(mutex_);
    errors_ += error + "\n";
  }

  std::function<std::unique_ptr<Session>()> connect_;
  int count_;
  WhenLost when_lost_;
  std::vector<Ledger> ledgers_;  // each touched by its own thread only, until Stop()
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int64_t> statements_ = 0;
  std::atomic<int64_t> losses_ = 0;
  std::atomic<int64_t> longest_us_ = 0;
  mutable std::mutex mutex_;
  std::string errors_;  // guarded by mutex_
};

}  // namespace pgmoult::tests
