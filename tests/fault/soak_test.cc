// Random faults, one upon the other, while an application writes: a change, reverts, an end, and again. Every command
// that a fault ends is simply given again. What must come of it is what comes of a quiet run.
//
// In the suite a few rounds; tests/soak.sh MINUTES goes on for that long and prints what it did.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "tests/fault/finished.h"
#include "tests/fault/program.h"
#include "tests/fault/writers.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/run.h"
#include "tests/support/server.h"
#include "tests/support/tcp_proxy.h"

namespace pgmoult::tests {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr int64_t kRows = 4000;
constexpr int kWriters = 4;
constexpr int kRoundsInSuite = 2;
constexpr int kMostStarts = 60;  // of the program, for one command
constexpr std::chrono::seconds kPatience{240};

// What all rounds did, for the end.
struct Tally {
  std::map<std::string, int> faults;
  std::map<std::string, int> commands;  // that were carried to their end
  int rounds = 0;
  int starts = 0;
  int again = 0;  // starts of a command that a fault had ended
  int64_t interruptions = 0;
  int64_t swap_tries = 0;
  int64_t statements = 0;
  int64_t sessions_lost = 0;  // of the application, by the server's restarts
  int rounds_with_errors = 0;
  int rounds_with_lost_rows = 0;
  double longest_hold_ms = 0;
  double longest_stall_ms = 0;
};

void Print(const Tally& tally) {
  fmt::print("soak: {} rounds, {} starts of the program, {} of them after a fault, {} faults waited out within a run\n",
             tally.rounds, tally.starts, tally.again, tally.interruptions);
  for (const auto& [name, number] : tally.faults) {
    fmt::print("soak: fault {:<24} {:>5}\n", name, number);
  }
  for (const auto& [name, number] : tally.commands) {
    fmt::print("soak: command {:<22} {:>5}\n", name, number);
  }
  fmt::print(
      "soak: application: {} statements, {} sessions lost to restarts, rounds with errors {}, with lost rows {}\n",
      tally.statements, tally.sessions_lost, tally.rounds_with_errors, tally.rounds_with_lost_rows);
  fmt::print("soak: swap tries {}, longest hold {:.0f} ms, longest statement of the application {:.0f} ms\n",
             tally.swap_tries, tally.longest_hold_ms, tally.longest_stall_ms);
  std::cout << std::flush;
}

// One table's way through commands and faults.
class Round {
 public:
  Round(uint32_t seed, bool is_long, Tally& tally)
      : random_(seed), is_long_(is_long), tally_(tally), proxy_(database_.server().port()) {
    session_ = std::make_unique<Session>(database_);
    session_->Exec(fmt::format(
        "CREATE TABLE parent (k int PRIMARY KEY); INSERT INTO parent VALUES (7);"
        "CREATE TABLE t (id int PRIMARY KEY, n bigint NOT NULL, k int DEFAULT 7 REFERENCES parent, note text UNIQUE, "
        "memo text DEFAULT 'new');"
        "CREATE INDEX ON t (n); CREATE TABLE elsewhere ();"
        "INSERT INTO t SELECT g, 0, 7, 'note ' || g, 'memo ' || g FROM generate_series(1, {}) g; ANALYZE t",
        kRows));
    writers_.emplace([this] { return std::make_unique<Session>(database_); }, kWriters, kRows, WhenLost::kComeBack,
                     seed);
  }

  void Run() {
    const std::vector<std::string> run = RunWords();
    if (OneIn(8)) {
      Abort(run);
    } else {
      ASSERT_NO_FATAL_FAILURE(Change(run));
      for (uint32_t reverts = Below(4); reverts > 0; --reverts) {
        ASSERT_NO_FATAL_FAILURE(Revert());
      }
    }
    ASSERT_NO_FATAL_FAILURE(End());
  }

 private:
  void Say(std::string_view what) const {
    fmt::print("soak: {:6.1f} s {}\n", std::chrono::duration<double>(Clock::now() - began_).count(), what);
    std::cout << std::flush;
  }

  uint32_t Below(uint32_t end) { return std::uniform_int_distribution<uint32_t>(0, end - 1)(random_); }
  bool OneIn(uint32_t number) { return Below(number) == 0; }
  milliseconds Between(int least, int most) {
    return milliseconds(least + static_cast<int>(Below(static_cast<uint32_t>(most - least))));
  }
  const char* OneOf(std::initializer_list<const char*> words) {
    return words.begin()[Below(static_cast<uint32_t>(words.size()))];
  }

  std::vector<std::string> Words(std::vector<std::string> words) const {
    words.insert(words.begin() + 1, {"--dsn", fmt::format("host=127.0.0.1 port={} dbname={} user={}", proxy_.port(),
                                                          database_.name(), database_.server().user())});
    return words;
  }
  // Both changes can be undone without loss, and leave the application what it uses.
  std::vector<std::string> RunWords() {
    changes_key_ = !OneIn(3);
    const std::string change = changes_key_ ? "ALTER TABLE t ALTER COLUMN id TYPE bigint"
                                            : "ALTER TABLE t DROP COLUMN memo, ADD COLUMN extra int DEFAULT 1";
    return {"run",
            "--alter",
            change,
            "--jobs",
            OneOf({"1", "2", "4"}),
            "--chunk-ms",
            OneOf({"10", "20", "50"}),
            "--capture",
            OneOf({"statement", "statement", "row"}),
            "--dual-write",
            OneOf({"auto", "auto", "never", "early"}),
            "--max-pause",
            "1s"};
  }

  // The server may be away, and our session with it.
  Session& Ours() {
    if (session_ == nullptr || !session_->Try("SELECT").ok()) {
      session_ = std::make_unique<Session>(database_);
    }
    return *session_;
  }
  std::string Journal(const std::string& expression) {
    if (!Ours().Scalar<bool>("SELECT to_regclass('pgmoult.migration') IS NOT NULL")) {
      return "";
    }
    return Ours().Scalar<std::string>(
        fmt::format("SELECT coalesce((SELECT ({})::text FROM pgmoult.migration m WHERE id = 1), '')", expression));
  }

  // ---- faults ----

  void Signal(Program& program, int number) {
    if (!ended_) {
      program.Signal(number);
    }
  }
  // A transaction of the application's that has read, and goes on for a while: it is in the way of the swap.
  void HoldTable(milliseconds time) {
    Session reader(database_);
    reader.Exec("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t WHERE id < 10");
    std::this_thread::sleep_for(time);
    reader.Exec("COMMIT");
  }
  void Restart(tools::StopMode mode) {
    session_.reset();
    ASSERT_TRUE(database_.server().Stop(mode).ok());
    std::this_thread::sleep_for(Between(0, 1000));
    const absl::Status started = database_.server().StartAgain();
    ASSERT_TRUE(started.ok()) << started;
  }
  void EndSessions(std::string_view function, bool all) {
    Ours().Exec(
        fmt::format("SELECT {}(pid) FROM (SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND "
                    "application_name LIKE 'pgmoult%' ORDER BY pg_catalog.hashint4(pid + {}) LIMIT {}) one",
                    function, Below(1000), all ? "ALL" : "1"));
  }
  void Inject(Program& program) {
    struct Fault {
      const char* name;
      int weight;
      std::function<void()> make;
    };
    const std::vector<Fault> faults = {
        {"kill -9", 8, [&] { Signal(program, SIGKILL); }},
        {"stop (SIGINT)", 4, [&] { Signal(program, SIGINT); }},
        {"frozen process", 4,
         [&] {
           Signal(program, SIGSTOP);
           std::this_thread::sleep_for(Between(200, 3000));
           Signal(program, SIGCONT);
         }},
        {"session terminated", 8, [&] { EndSessions("pg_terminate_backend", /*all=*/false); }},
        {"all sessions terminated", 4, [&] { EndSessions("pg_terminate_backend", /*all=*/true); }},
        {"statement cancelled", 4, [&] { EndSessions("pg_cancel_backend", /*all=*/false); }},
        {"connections cut", 6, [&] { proxy_.CutAll(); }},
        {"request cut", 6, [&] { proxy_.CutBefore("", static_cast<int>(1 + Below(60))); }},
        {"request truncated", 6, [&] { proxy_.CutAfterClientBytes(static_cast<int64_t>(Below(20000))); }},
        {"reply lost", 6, [&] { proxy_.DropRepliesAfter("", static_cast<int>(1 + Below(60))); }},
        {"reply to COMMIT lost", 6, [&] { proxy_.DropRepliesAfter("COMMIT", static_cast<int>(1 + Below(4))); }},
        {"slow network", 3,
         [&] {
           proxy_.Delay(Between(5, 80));
           std::this_thread::sleep_for(Between(500, 2000));
           proxy_.Pass();
         }},
        {"network refuses", 3,
         [&] {
           proxy_.Refuse();
           proxy_.CutAll();
           std::this_thread::sleep_for(Between(200, 3000));
           proxy_.Pass();
         }},
        {"black hole", is_long_ ? 1 : 0,  // it takes a minute to be noticed
         [&] {
           proxy_.BlackHole();
           std::this_thread::sleep_for(Between(100, 1000));
           proxy_.Pass();
         }},
        {"table held by a reader", 6, [&] { HoldTable(Between(300, 4000)); }},
        {"server restarted (fast)", 3, [&] { Restart(tools::StopMode::kFast); }},
        {"server killed (immediate)", 3, [&] { Restart(tools::StopMode::kImmediate); }},
    };
    int total = 0;
    for (const Fault& fault : faults) {
      total += fault.weight;
    }
    int at = static_cast<int>(Below(static_cast<uint32_t>(total)));
    for (const Fault& fault : faults) {
      at -= fault.weight;
      if (at < 0) {
        ++tally_.faults[fault.name];
        Say(fault.name);
        fault.make();
        return;
      }
    }
  }

  // ---- commands ----

  // The program's exit code; faults come while it runs, as many as are left of the command's.
  int RunUnderFaults(const std::vector<std::string>& words, std::string& output) {
    ++tally_.starts;
    Say(words[0]);
    // What a black hole has swallowed of a program that is dead, a server finds out by keepalives; the proxy answers
    // them.
    proxy_.CutAll();
    Program program(Words(words));
    ended_ = false;
    const Clock::time_point give_up = Clock::now() + kPatience;
    Clock::time_point next = Clock::now() + Between(20, 1500);
    int status = 0;
    while (!(ended_ = program.HasEnded(status))) {
      if (Clock::now() > give_up) {
        throw std::runtime_error("the program does not end; it has said:\n" + program.output());
      }
      if (faults_left_ > 0 && Clock::now() >= next) {
        --faults_left_;
        Inject(program);
        next = Clock::now() + Between(20, 1500);
      }
      std::this_thread::sleep_for(milliseconds(5));
    }
    output = program.output();
    Say(fmt::format("{} ends with {}", words[0], status));
    return status;
  }

  // Gives the command until it has done what it is for. `next` says by what the journal holds which command that is by
  // now; none: it is done.
  template <typename Next>
  void Carry(const std::string& what, Next next) {
    faults_left_ = static_cast<int>(Below(8));
    std::string said;
    for (int starts = 0; starts < kMostStarts; ++starts) {
      const std::vector<std::string> words = next();
      if (words.empty()) {
        ++tally_.commands[what];
        return;
      }
      tally_.again += starts > 0 ? 1 : 0;
      std::string output;
      const int code = RunUnderFaults(words, output);
      said += fmt::format("{} {}: exit code {}\n{}\n", words[0], words[1], code, output);
      // A Ctrl-C before its handler is there, or after all is done, ends it as any program.
      ASSERT_TRUE(code <= 6 || code == 128 + SIGKILL || code == 128 + SIGINT) << said;
      ASSERT_THAT(output, ::testing::Not(::testing::HasSubstr("REPAIRED")));
      ASSERT_THAT(output, ::testing::Not(::testing::HasSubstr("Sanitizer")));
      ASSERT_NE(Journal("m.state"), "failed") << said;
    }
    FAIL() << what << " does not come to its end:\n" << said;
  }

  bool Swapped() { return Journal("m.stage") == "observe" && Journal("m.undo IS NULL") == "true"; }
  bool KeysValid() {
    return !Ours().Scalar<bool>(
        "SELECT EXISTS (SELECT FROM pg_constraint WHERE conrelid = 't'::regclass AND NOT convalidated)");
  }
  // What finishes the last swap, where something is left to do after it.
  std::vector<std::string> AfterSwap() { return KeysValid() ? std::vector<std::string>() : Resume(); }
  static std::vector<std::string> Resume() { return {"resume", "1"}; }

  void Change(const std::vector<std::string>& run) {
    Carry("run", [&]() -> std::vector<std::string> {
      if (Swapped()) {
        return AfterSwap();
      }
      return Journal("m.id").empty() || OneIn(2) ? run : Resume();
    });
  }
  void Revert() {
    const std::string before = Journal("m.reverted");
    Carry("revert", [&]() -> std::vector<std::string> {
      if (Journal("m.reverted") != before && Swapped()) {
        return AfterSwap();
      }
      return {"revert", "1"};
    });
  }
  // Begun, and given up where a fault or a moment finds it; a run that has swapped by then stays.
  void Abort(const std::vector<std::string>& run) {
    {
      Program program(Words(run));
      std::this_thread::sleep_for(Between(100, 2500));
      OneIn(2) ? program.Kill() : program.Signal(SIGTERM);
    }
    Carry("abort", [&]() -> std::vector<std::string> {
      return Journal("m.id").empty() || Swapped() ? std::vector<std::string>() : std::vector<std::string>{"abort", "1"};
    });
    if (Swapped()) {
      ASSERT_NO_FATAL_FAILURE(Change(run));
    }
  }

  void End() {
    const bool migrated = !Journal("m.id").empty();
    const bool reverted = Journal("m.reverted") == "true";
    if (migrated) {
      Account();
      Carry("finalize", [&]() -> std::vector<std::string> {
        return Journal("m.state") == "done" ? std::vector<std::string>() : std::vector<std::string>{"finalize", "1"};
      });
    }
    proxy_.Pass();
    faults_left_ = 0;
    std::string output;
    EXPECT_EQ(RunUnderFaults({"cleanup"}, output), 0) << output;
    EXPECT_EQ(Leftovers(Ours()), "");
    EXPECT_TRUE(KeysValid());
    EXPECT_EQ(KeyType(Ours()), migrated && !reverted && changes_key_ ? "bigint" : "integer");
    if (!migrated || reverted) {
      EXPECT_EQ(Ours().Scalar<int64_t>(fmt::format(
                    "SELECT count(*) FROM t WHERE id <= {} AND memo IS DISTINCT FROM 'memo ' || id", kRows)),
                0);
    }
    writers_->Stop();
    const std::string errors = writers_->errors();
    const std::string difference = writers_->Difference(Ours());
    EXPECT_EQ(errors, "");
    EXPECT_EQ(difference, "");
    ++tally_.rounds;
    tally_.rounds_with_errors += errors.empty() ? 0 : 1;
    tally_.rounds_with_lost_rows += difference.empty() ? 0 : 1;
    tally_.statements += writers_->statements();
    tally_.sessions_lost += writers_->losses();
    tally_.longest_stall_ms = std::max(tally_.longest_stall_ms, writers_->longest_ms());
  }
  // What the journal knows of the runs, before it goes.
  void Account() {
    const auto of_events = [this](const std::string& expression) {
      return Ours().Scalar<double>(fmt::format("SELECT coalesce({}, 0)::float8 FROM pgmoult.event", expression));
    };
    tally_.interruptions += static_cast<int64_t>(of_events("count(*) FILTER (WHERE kind = 'interrupted')"));
    tally_.swap_tries += static_cast<int64_t>(of_events("count(*) FILTER (WHERE kind IN ('swap_try', 'swapped'))"));
    tally_.longest_hold_ms =
        std::max(tally_.longest_hold_ms, of_events("max((detail -> 'facts' ->> 'hold_ms')::float8)"));
  }

  Clock::time_point began_ = Clock::now();
  std::mt19937 random_;
  bool is_long_;
  Tally& tally_;
  TestDatabase database_;
  TcpProxy proxy_;
  std::unique_ptr<Session> session_;
  std::optional<Writers> writers_;
  bool changes_key_ = true;
  int faults_left_ = 0;  // of the command that is carried out
  bool ended_ = false;   // the program that runs
};

TEST(SoakTest, WhateverFailsNothingIsLost) {
  const char* minutes = std::getenv("PGMOULT_SOAK_MINUTES");
  const auto end =
      Clock::now() + std::chrono::seconds(minutes == nullptr ? 0 : static_cast<int>(std::atof(minutes) * 60));
  Tally tally;
  uint32_t seed = TestSeed();
  for (int round = 0; minutes == nullptr ? round < kRoundsInSuite : Clock::now() < end; ++round, ++seed) {
    fmt::print("soak: round {}, PGMOULT_TEST_SEED={}\n", round + 1, seed);
    std::cout << std::flush;
    Round(seed, /*is_long=*/minutes != nullptr, tally).Run();
    if (HasFailure()) {
      break;
    }
  }
  Print(tally);
}

}  // namespace
}  // namespace pgmoult::tests
