#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
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

// An application at work on table t (id, n): sessions that count up, insert, delete and move rows, and keep a ledger of
// what every row must hold. Each owns the ids of its residue class, so that the ledger is exact. The database must
// outlive them.
class Writers {
 public:
  // Rows 1 to `rows` are there, with n = 0.
  Writers(const TestDatabase& database, int count, int64_t rows) : count_(count), ledgers_(static_cast<size_t>(count)) {
    const uint32_t seed = TestSeed();
    for (int64_t id = 1; id <= rows; ++id) {
      ledgers_[static_cast<size_t>(id % count)][id] = 0;
    }
    for (int writer = 0; writer < count; ++writer) {
      threads_.emplace_back([this, &database, writer, seed] { Write(database, writer, seed); });
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

  void Write(const TestDatabase& database, int writer, uint32_t seed) {
    try {
      Session session(database);
      std::mt19937 random(seed + static_cast<uint32_t>(writer));
      Ledger& ledger = ledgers_[static_cast<size_t>(writer)];
      int64_t next = 1'000'000LL * count_ + writer;
      while (!stopping_ && WriteOnce(session, random, ledger, next)) {
        ++statements_;
        // The pace of the load: it must leave the processors something for the engine.
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    } catch (const std::exception& error) {
      Report(error.what());
    }
  }

  // One statement and its entry in the ledger; false where it failed.
  bool WriteOnce(Session& session, std::mt19937& random, Ledger& ledger, int64_t& next) {
    auto victim = ledger.begin();
    std::advance(victim, static_cast<std::ptrdiff_t>(random() % ledger.size()));
    const int64_t id = victim->first;
    const uint32_t choice = random() % 100;
    std::string sql = fmt::format("UPDATE t SET n = n + 1 WHERE id = {}", id);
    if (choice < 20) {
      sql = fmt::format("INSERT INTO t (id, n) VALUES ({}, 1)", next);
    } else if (choice < 30) {
      sql = fmt::format("DELETE FROM t WHERE id = {}", id);
    } else if (choice < 40) {
      sql = fmt::format("UPDATE t SET id = {}, n = n + 1 WHERE id = {}", next, id);
    }
    const absl::StatusOr<pg::Result> result = session.Try(sql);
    if (!result.ok() || result->affected() != 1) {
      Report(result.ok() ? fmt::format("{}: {} rows", sql, result->affected())
                         : fmt::format("{}: {}", sql, pg::Describe(result.status())));
      return false;
    }
    if (choice < 20) {
      ledger[next] = 1;
    } else if (choice < 30) {
      ledger.erase(id);
    } else if (choice < 40) {
      const int64_t n = ledger[id];
      ledger.erase(id);
      ledger[next] = n + 1;
    } else {
      ++ledger[id];
    }
    next += choice < 20 || (choice >= 30 && choice < 40) ? count_ : 0;
    return true;
  }

  void Report(const std::string& error) {
    const std::scoped_lock lock(mutex_);
    errors_ += error + "\n";
  }

  int count_;
  std::vector<Ledger> ledgers_;  // each touched by its own thread only, until Stop()
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int64_t> statements_ = 0;
  mutable std::mutex mutex_;
  std::string errors_;  // guarded by mutex_
};

}  // namespace pgmoult::tests
