#include "tests/stress/harness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "boost/json/serialize.hpp"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/status.h"
#include "tests/stress/client.h"
#include "tests/stress/invariant.h"
#include "tests/stress/swap_witness.h"
#include "tests/support/change.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

// What the engine tells about itself, readable from other threads.
class Story {
 public:
  void Add(std::string_view kind, const std::string& text) {
    const std::lock_guard lock(mutex_);
    if (kind == "stage") {
      stages_.push_back(text);
    }
    lines_.push_back(fmt::format("{}: {}", kind, text));
  }
  std::vector<std::string> stages() const {
    const std::lock_guard lock(mutex_);
    return stages_;
  }
  std::string Told() const {
    const std::lock_guard lock(mutex_);
    return fmt::format("{}", fmt::join(lines_, "\n  "));
  }
  bool Reached(const std::string& stage) const {
    const std::vector<std::string> all = stages();
    return std::ranges::find(all, stage) != all.end();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> stages_;
  std::vector<std::string> lines_;
};

// Stages that are long enough for a look while the engine is held, and not yet the swap.
bool IsLookedAt(const std::string& stage) {
  return stage == "copy" || stage == "index" || stage == "replay" || stage == "verify" || stage == "approach";
}

// The operator: pauses the copy while writers go on, and opens the gate of the cutover when enough has happened. What
// cannot be done is a failure of the workload.
void Operate(const TestDatabase& database, Workload& workload, const Scenario& scenario, const Story& story,
             const std::atomic<bool>& ended) {
  const auto started = std::chrono::steady_clock::now();
  // A run that has ended is judged by its report.
  const auto must = [&](bool done, const std::string& what) {
    if (!done && !ended) {
      workload.Fail(what);
    }
    return done && !ended;
  };
  const auto obeyed = [&](const absl::StatusOr<std::string>& answer) {
    return must(answer.ok(), answer.ok() ? "" : pg::Describe(answer.status()));
  };
  const auto reached = [&](const std::string& stage) {
    return must(Eventually([&] { return ended || story.Reached(stage); }, std::chrono::minutes(3)),
                "the run does not come to stage " + stage);
  };
  const engine::Target target = TargetOf(database);
  if (!scenario.options.postpone_cutover) {
    return;
  }
  for (int i = 0; i < scenario.pauses; ++i) {
    const bool paused = reached("copy") && obeyed(RunSync(engine::Pause(target, 1))) &&
                        must(workload.AwaitCommits(5), "writers stand still during a pause") &&
                        obeyed(RunSync(engine::Continue(target, 1)));
    if (!paused) {
      return;
    }
  }
  const auto until = started + std::chrono::duration<double>(scenario.seconds);
  const bool enough =
      reached("approach") && must(workload.AwaitCommits(scenario.commits_before_swap), "writers stand still") &&
      must(workload.AwaitEveryStep(), "some kind of step is never committed") &&
      must(Eventually([&] { return ended || std::chrono::steady_clock::now() >= until; }, std::chrono::hours(24)),
           "the time under load does not pass");
  if (enough) {
    obeyed(RunSync(engine::Cutover(target, 1)));
  }
}

// Follows the copy's frontier, where writers like to be.
void FollowFrontier(const TestDatabase& database, Workload& workload, const std::atomic<bool>& ended) {
  Client client(database, "frontier");
  int64_t turn = 0;
  const bool followed = Eventually(
      [&] {
        if (ended) {
          return true;
        }
        const Answer edge = client.Run(
            fmt::format("SELECT upper_key[1] FROM pgmoult.chunk ORDER BY number DESC OFFSET {} LIMIT 1", turn++ % 4));
        if (edge.ok && !edge.rows.empty()) {
          workload.SetEdge(std::strtoll(edge.Value().c_str(), nullptr, 10));
        } else if (!edge.ok && edge.sqlstate != "42P01" && edge.sqlstate != "3F000") {  // there is no journal yet
          workload.Fail(fmt::format("the frontier cannot be read: {} {}", edge.sqlstate, edge.message));
          return true;
        }
        return false;
      },
      std::chrono::hours(24));
  if (!followed) {
    workload.Fail("the run does not end");
  }
}

void ExpectNothingLeft(const TestDatabase& database, int64_t migration) {
  const auto finalized = RunSync(engine::Finalize(TargetOf(database), migration));
  EXPECT_TRUE(finalized.ok()) << pg::Describe(finalized.status());
  const auto cleaned = RunSync(engine::Cleanup(TargetOf(database)));
  EXPECT_TRUE(cleaned.ok()) << pg::Describe(cleaned.status());
  Session session(database);
  EXPECT_EQ(Leftovers(session), "");
}

}  // namespace

engine::RunOptions StressOptions() {
  engine::RunOptions options = SmallOptions();
  options.chunk_ms = 10;
  options.postpone_cutover = true;
  // The application's snapshots are short: none may be in the way for long.
  options.wait_old_snapshots = std::chrono::seconds(60);
  return options;
}

double StressSeconds(double normally) {
  const char* given = std::getenv("PGMOULT_STRESS_SECONDS");
  return given != nullptr ? std::strtod(given, nullptr) : normally;
}

UnderLoad RunUnderLoad(const TestDatabase& database, const Shape& shape, Workload& workload, const Scenario& scenario) {
  UnderLoad result;
  Story story;
  std::atomic<bool> ended = false;
  Scenario timed = scenario;
  timed.seconds = StressSeconds(scenario.seconds);
  const SwapWitness witness(database);
  workload.Start();
  EXPECT_TRUE(workload.AwaitCommits(3)) << fmt::format("{}", fmt::join(workload.failures(), "\n"));
  InvariantWatch watch(database, shape, [&](const std::string& what) { workload.Fail("invariant broken: " + what); });
  std::thread operation([&] { Operate(database, workload, timed, story, ended); });
  std::thread frontier([&] { FollowFrontier(database, workload, ended); });
  bool first_copy = true;
  engine::Observer observer;
  observer.on_event = [&](std::string_view kind, const std::string& text, const boost::json::value& facts) {
    story.Add(kind, text);
    if (kind == "stage") {
      if (text == "copy" && std::exchange(first_copy, false)) {
        workload.CountStepsAnew();
      }
      workload.SetStage(text);
      scenario.on_stage(text);
      if (scenario.options.postpone_cutover && IsLookedAt(text) && !watch.AwaitLook(text)) {
        workload.Fail("nobody looked at the invariant in stage " + text);
      }
    } else if (kind == "difference") {
      workload.Fail("verify found a wrong row: " + text);
    } else if (kind == "swapped") {
      result.fenced = facts.at("fence").as_bool();
      result.swap_tries = static_cast<int>(facts.at("tries").as_int64());
    }
  };
  const auto report = RunChange(database, timed.change, timed.options, observer);
  if (report.ok()) {
    EXPECT_TRUE(workload.AwaitCommits(5)) << "writers stand still after the swap";
    EXPECT_TRUE(workload.AwaitEveryStep()) << fmt::format("{}", fmt::join(workload.MissingSteps(), ", "));
  }
  ended = true;
  operation.join();
  frontier.join();
  watch.Stop();
  workload.Stop();
  result.stages = story.stages();
  EXPECT_THAT(workload.failures(), ::testing::IsEmpty()) << story.Told();
  EXPECT_TRUE(report.ok()) << pg::Describe(report.status()) << "\n  " << story.Told();
  if (!report.ok()) {
    return result;
  }
  result.ok = true;
  result.report = *report;
  EXPECT_EQ(report->repaired, 0);
  const std::string old_table = fmt::format("pgmoult_{}_old.t", report->migration);
  EXPECT_EQ(workload.DiffWithLedger("t"), "") << story.Told();
  EXPECT_EQ(workload.DiffWithItsEntries(old_table), "");
  EXPECT_EQ(workload.DiffSinceSwap("t", old_table), "");
  EXPECT_EQ(witness.Verdict(report->migration), "") << story.Told();
  if (!result.fenced) {
    EXPECT_EQ(workload.fence_errors(), 0) << "there was no fence";
  }
  const std::map<std::string, int64_t> looks = watch.looks();
  for (const std::string& stage : result.stages) {
    EXPECT_TRUE(looks.contains(stage) || !IsLookedAt(stage) || !scenario.options.postpone_cutover) << stage;
  }
  EXPECT_TRUE(std::ranges::any_of(looks, [](const auto& look) { return look.first != "prepare"; }));
  result.chunks = std::stoll(Client(database).Must("SELECT count(*) FROM pgmoult.chunk").Value());
  result.edges = workload.edges();
  result.edge_changes = workload.edge_changes();
  ExpectNothingLeft(database, report->migration);
  std::cout << workload.Summary()
            << fmt::format(
                   "  looks: {}\n  {} chunks, {} edges, {} changes there, {} errors of the fence\n  seconds: {}\n"
                   "  {:.1f} s, {} tries, fence {}, dual-write {}, held {:.0f} ms\n",
                   looks, result.chunks, result.edges, result.edge_changes, workload.fence_errors(),
                   report->stage_seconds, report->total_seconds, result.swap_tries, result.fenced, report->dual_write,
                   report->swap_hold_ms);
  return result;
}

}  // namespace pgmoult::tests
