// Promises that need no ledger: what clients were told must add up, and what readers see must balance, by the table's
// name, across the swap.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "fmt/format.h"
#include "pg/status.h"
#include "tests/stress/choices.h"
#include "tests/stress/client.h"
#include "tests/stress/harness.h"
#include "tests/stress/swap_witness.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"

namespace pgmoult::tests {
namespace {

// Threads that repeat a body until they are told to end; the first thing that goes wrong in any of them is kept.
class Crowd {
 public:
  ~Crowd() { Stop(); }

  template <typename Body>
  void Add(Body body) {
    threads_.emplace_back([this, body = std::move(body)]() mutable {
      try {
        while (!stop_) {
          body();
          ++turns_;
        }
      } catch (const std::exception& error) {
        Fail(error.what());
      }
    });
  }
  void Fail(const std::string& what) {
    stop_ = true;
    const std::lock_guard lock(mutex_);
    failure_ += failure_.empty() ? what : "";
  }
  bool AwaitTurns(int64_t more) {
    const int64_t goal = turns_ + more;
    return Eventually([&] { return stop_ || turns_ >= goal; }, std::chrono::minutes(2)) && !stop_;
  }
  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) {
        thread.join();
      }
    }
  }
  std::string failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<int64_t> turns_ = 0;
  mutable std::mutex mutex_;
  std::string failure_;
  std::vector<std::thread> threads_;
};

class StressCounterTest : public ::testing::Test {
 protected:
  // Runs the change under the crowd: some turns before, some in stage approach, some after.
  absl::StatusOr<engine::RunReport> Change(Crowd& crowd, const std::string& change, engine::RunOptions options) {
    EXPECT_TRUE(crowd.AwaitTurns(100)) << crowd.failure();
    std::atomic<bool> ended = false;
    std::atomic<bool> approached = false;
    engine::Observer observer;
    observer.on_event = [&](std::string_view kind, const std::string& text, const boost::json::value& facts) {
      approached = approached || (kind == "stage" && text == "approach");
      if (kind == "swapped") {
        fenced_ = facts.at("fence").as_bool();
      }
    };
    options.postpone_cutover = true;
    std::thread gate([&] {
      const auto start = std::chrono::steady_clock::now();
      const auto until = start + std::chrono::duration<double>(StressSeconds(1));
      const bool opened = Eventually([&] { return ended || (approached && std::chrono::steady_clock::now() >= until); },
                                     std::chrono::hours(24)) &&
                          (ended || crowd.AwaitTurns(500));
      // Also where the crowd has failed: the run must end.
      const bool allowed = ended || RunSync(engine::Cutover(TargetOf(database_), 1)).ok();
      if ((!opened || !allowed) && !ended) {
        crowd.Fail("the cutover cannot be allowed");
      }
    });
    auto report = RunChange(database_, change, options, observer);
    if (report.ok()) {
      EXPECT_TRUE(crowd.AwaitTurns(300)) << crowd.failure();
    }
    ended = true;
    gate.join();
    return report;
  }

  const Seed seed_;
  TestDatabase database_;
  const SwapWitness witness_{database_};
  Client client_{database_};
  bool fenced_ = false;
};

// The ledger that clients keep for themselves: what they were told, by key.
class ToldByKey {
 public:
  static constexpr int64_t kKeys = 1024;

  void Insert(int64_t id, int64_t rows) { inserts_[static_cast<size_t>(id)] += rows; }
  void Update(int64_t id, int64_t rows) { updates_[static_cast<size_t>(id)] += rows; }
  void Delete(int64_t id, int64_t rows) { deletes_[static_cast<size_t>(id)] += rows; }

  // With what table t must hold; rows are deleted while `updates` is 1 only.
  std::string Difference(Client& client) const {
    std::map<int64_t, int64_t> expected;
    for (size_t id = 0; id < kKeys; ++id) {
      if (inserts_[id] != deletes_[id]) {
        expected[static_cast<int64_t>(id)] = updates_[id] - deletes_[id];
      }
    }
    std::map<int64_t, int64_t> found;
    for (const auto& row : client.Must("SELECT id, updates FROM t").rows) {
      found[std::stoll(*row[0])] = std::stoll(*row[1]);
    }
    std::string text;
    for (int64_t id = 0; id < kKeys; ++id) {
      const auto show = [id](const std::map<int64_t, int64_t>& rows) {
        return rows.contains(id) ? fmt::format("{} updates", rows.at(id)) : "absent";
      };
      text +=
          show(found) == show(expected) ? "" : fmt::format("{}: {} instead of {}; ", id, show(found), show(expected));
    }
    return text;
  }

 private:
  using Counts = std::array<std::atomic<int64_t>, kKeys>;

  Counts inserts_ = {};
  Counts updates_ = {};
  Counts deletes_ = {};
};

// What a statement of its own transaction changed; 0 where it was rolled back with 40001, which is the application's
// own above READ COMMITTED, and comes again with the next turn. Throws after any other error.
int64_t Changed(Client& session, const std::string& sql, std::atomic<int64_t>& retries) {
  const Answer answer = session.Run(sql);
  if (answer.ok) {
    return answer.affected;
  }
  if (answer.sqlstate != "40001" || answer.OfOurs()) {
    throw std::runtime_error(sql + ": " + answer.message);
  }
  ++retries;
  return 0;
}

// By the isolation level of all clients.
class StressCounterByLevelTest : public StressCounterTest, public ::testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(Levels, StressCounterByLevelTest,
                         ::testing::Values("read committed", "repeatable read", "serializable"),
                         [](const ::testing::TestParamInfo<const char*>& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, ' ', '_');
                           return name;
                         });

TEST_P(StressCounterByLevelTest, WhatClientsWereToldIsWhatTheTableHolds) {
  client_.Must("CREATE TABLE t (id int PRIMARY KEY, updates int NOT NULL DEFAULT 0, pad text)");
  ToldByKey told;
  std::atomic<int64_t> retries = 0;
  const auto add_clients = [&](Crowd& crowd) {
    for (uint64_t number = 0; number < 6; ++number) {
      const auto session = std::make_shared<Client>(database_);
      session->Must(fmt::format("SET default_transaction_isolation = '{}'", GetParam()));
      crowd.Add([&, random = std::mt19937_64(seed_.value() + number), session]() mutable {
        const auto id = static_cast<int64_t>(random() % ToldByKey::kKeys);
        const uint64_t choice = random() % 3;
        const uint64_t size = random() % 100;
        const auto changed = [&](const std::string& sql) { return Changed(*session, sql, retries); };
        if (choice == 0) {
          told.Insert(
              id, changed(fmt::format("INSERT INTO t (id, pad) VALUES ({}, repeat('x', {})) ON CONFLICT DO NOTHING", id,
                                      size)));
        } else if (choice == 1) {
          told.Update(id, changed(fmt::format("UPDATE t SET updates = updates + 1 WHERE id = {}", id)));
        } else {
          told.Delete(id, changed(fmt::format("DELETE FROM t WHERE id = {} AND updates = 1", id)));
        }
      });
    }
  };
  {
    Crowd alone;  // first without any change
    add_clients(alone);
    EXPECT_TRUE(alone.AwaitTurns(2000)) << alone.failure();
    alone.Stop();
    ASSERT_EQ(told.Difference(client_), "");
  }
  Crowd crowd;
  add_clients(crowd);
  const auto report = Change(crowd, "ALTER TABLE t ALTER COLUMN id TYPE bigint", StressOptions());
  crowd.Stop();
  EXPECT_EQ(crowd.failure(), "");
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(told.Difference(client_), "");
  EXPECT_EQ(witness_.Verdict(report->migration), "");
  EXPECT_EQ(report->repaired, 0);
  const std::string level = GetParam();
  EXPECT_TRUE(retries == 0 || level != "read committed") << retries << " errors of serialization";
  std::cout << fmt::format("  {} retries, {} tries, fence {}\n", retries.load(), report->swap_tries, fenced_);
}

TEST_F(StressCounterTest, EveryReaderSeesABalancedTableAcrossTheSwap) {
  constexpr int kAccounts = 500;
  client_.Must(
      fmt::format("CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL);"
                  "INSERT INTO accounts SELECT g, 1000 FROM generate_series(1, {}) g; ANALYZE accounts;"
                  "CREATE TABLE moved (id int NOT NULL, amount bigint NOT NULL)",
                  kAccounts));
  Crowd crowd;
  for (uint64_t number = 0; number < 3; ++number) {
    crowd.Add([&, random = std::mt19937_64(seed_.value() + number),
               session = std::make_shared<Client>(database_)]() mutable {
      const auto a = static_cast<int>(random() % (kAccounts - 1)) + 1;
      const auto b = a + 1 + static_cast<int>(random() % static_cast<uint64_t>(kAccounts - a));
      const auto amount = static_cast<int>(random() % 100);
      if (random() % 4 == 0) {
        // Closes one account in favour of another, and opens it again; alone, or an UPDATE that waited for the row
        // would find it gone.
        session->Must(fmt::format(
            "BEGIN; SELECT pg_advisory_xact_lock(1); INSERT INTO moved SELECT {1}, balance FROM accounts WHERE id = "
            "{0} "
            "UNION ALL SELECT {0}, -balance FROM accounts WHERE id = {0}; UPDATE accounts SET balance = "
            "balance + (SELECT balance FROM accounts WHERE id = {0}) WHERE id = {1}; DELETE FROM accounts WHERE id = "
            "{0}; "
            "INSERT INTO accounts VALUES ({0}, 0); COMMIT",
            a, b));
      } else {
        session->Must(fmt::format(
            "BEGIN; SELECT pg_advisory_xact_lock_shared(1); UPDATE accounts SET balance = balance - {2} "
            "WHERE id = {0}; UPDATE accounts SET "
            "balance = balance + {2} WHERE id = {1}; INSERT INTO moved VALUES ({0}, -{2}), ({1}, {2}); COMMIT",
            a, b, amount));
      }
    });
  }
  constexpr const char* kSum = "SELECT count(*) || ' ' || sum(balance) FROM accounts";
  const std::string balanced = fmt::format("{} {}", kAccounts, kAccounts * 1000);
  std::atomic<int64_t> stale = 0;
  crowd.Add([&, session = std::make_shared<Client>(database_)] {
    const std::string seen = session->Must(kSum).Value();
    if (seen != balanced) {
      crowd.Fail("READ COMMITTED saw " + seen);
    }
  });
  crowd.Add([&, session = std::make_shared<Client>(database_)] {
    session->Must("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1");
    // A snapshot that is older than this transaction's first look at the table by name.
    const std::string first = session->Must(kSum).Value();
    const std::string second = session->Must(kSum).Value();
    session->Must("COMMIT");
    if (first != balanced || second != balanced) {
      ++stale;
    }
  });
  const auto report = Change(crowd, "ALTER TABLE accounts ALTER COLUMN id TYPE bigint", StressOptions());
  crowd.Stop();
  EXPECT_EQ(crowd.failure(), "");
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(client_.Must(kSum).Value(), balanced);
  EXPECT_EQ(
      client_
          .Must("SELECT count(*) FROM accounts FULL JOIN (SELECT id, sum(amount) AS amount FROM moved GROUP BY id) "
                "m USING (id) WHERE balance IS DISTINCT FROM 1000 + coalesce(amount, 0)")
          .Value(),
      "0")
      << "accounts that do not hold what was moved to and from them";
  EXPECT_EQ(witness_.Verdict(report->migration), "");
  std::cout << fmt::format("  {} tries, fence {}\n", report->swap_tries, fenced_);
  EXPECT_FALSE(fenced_) << "writers at READ COMMITTED need not be stopped";
  EXPECT_EQ(stale, 0) << "REPEATABLE READ saw a table that never was";
}

}  // namespace
}  // namespace pgmoult::tests
