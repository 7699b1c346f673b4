// Wherever a run may die, it does: the program by kill -9 at every point of copier/points.h, and the server, which then
// recovers as after a crash. Applications write all the while and lose nothing but the sessions that the server took
// with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "copier/points.h"
#include "engine/stage.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/fault/background_run.h"
#include "tests/fault/finished.h"
#include "tests/fault/halt.h"
#include "tests/fault/program.h"
#include "tests/fault/writers.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kRows = 2000;
constexpr char kChange[] = "ALTER TABLE t ALTER COLUMN id TYPE bigint";
constexpr int kKilled = 128 + SIGKILL;

bool BelongsTo(std::string_view point, std::string_view stage) {
  return point.starts_with(stage) && point.substr(stage.size()).starts_with(": ");
}

std::vector<std::string> PointsOfRuns() {
  std::vector<std::string> points;
  for (const std::string_view point : copier::kPoints) {
    if (!BelongsTo(point, "abort") && !BelongsTo(point, "finalize")) {
      points.emplace_back(point);
    }
  }
  return points;
}

std::string NameOfTest(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::erase(name, ':');
  std::ranges::replace(name, ' ', '_');
  return name;
}

TEST(PointsTest, EveryStageHasOne) {
  for (int i = 0; i <= static_cast<int>(engine::Stage::kObserve); ++i) {
    const std::string_view stage = engine::StageName(static_cast<engine::Stage>(i));
    EXPECT_TRUE(std::ranges::any_of(copier::kPoints, [&](std::string_view point) { return BelongsTo(point, stage); }))
        << stage;
  }
}

// A table with all that a run has to do: a foreign key that is validated after the swap, a unique index, another one.
class PointBase : public ::testing::Test, public ::testing::WithParamInterface<std::string> {
 protected:
  PointBase() : session_(std::make_unique<Session>(database_)) {
    session_->Exec(fmt::format(
        "CREATE TABLE parent (k int PRIMARY KEY); INSERT INTO parent VALUES (7);"
        "CREATE TABLE t (id int PRIMARY KEY, n bigint NOT NULL, k int DEFAULT 7 REFERENCES parent, note text UNIQUE, "
        "memo text DEFAULT 'new');"
        "CREATE INDEX ON t (n); INSERT INTO t SELECT g, 0, 7, 'note ' || g, 'memo ' || g FROM generate_series(1, {}) "
        "g; ANALYZE t",
        kRows));
  }

  // The fence is needed where writes are not written through.
  static bool NeedsFence() { return GetParam() == "observe: fence dropped"; }

  void ExpectKeyValid() {
    EXPECT_EQ(session_->Scalar<std::string>("SELECT string_agg(conname || CASE WHEN convalidated THEN '' ELSE ' NOT "
                                            "VALID' END, ', ') FROM pg_constraint WHERE conrelid = 't'::regclass AND "
                                            "contype = 'f'"),
              "t_k_fkey");
  }

  TestDatabase database_;
  std::unique_ptr<Session> session_;
};

class KillPointTest : public PointBase {
 protected:
  std::vector<std::string> Words(std::vector<std::string> words) const {
    words.insert(words.begin() + 1, {"--dsn", database_.Dsn()});
    return words;
  }
  // The program dies at the point, which is thereby proven to be one.
  void DieIn(std::vector<std::string> words) const {
    const Ended died = RunProgram(Words(std::move(words)), {"PGMOULT_TEST_DIE_AT=" + GetParam()});
    ASSERT_EQ(died.code, kKilled) << died.output;
  }
};

class KillPointOfRunTest : public KillPointTest {};
INSTANTIATE_TEST_SUITE_P(Points, KillPointOfRunTest, ::testing::ValuesIn(PointsOfRuns()), NameOfTest);

TEST_P(KillPointOfRunTest, TheSameCommandEndsTheRun) {
  Writers writers(database_, 2, kRows);
  const std::vector<std::string> run = {
      "run", "--alter", kChange, "--chunk-ms", "20", "--dual-write", NeedsFence() ? "never" : "auto"};
  ASSERT_NO_FATAL_FAILURE(DieIn(run));
  const bool all_done = BelongsTo(GetParam(), "observe");
  const bool swapped = all_done || GetParam() == "cutover: committed";
  const Ended again = RunProgram(Words(swapped ? std::vector<std::string>{"resume", "1"} : run));
  EXPECT_EQ(again.code, all_done ? 1 : 0) << again.output;
  EXPECT_THAT(again.output, HasSubstr(all_done ? "nothing to resume" : swapped ? "" : "taken up in stage"));
  EXPECT_THAT(again.output, Not(HasSubstr("REPAIRED")));
  ExpectFinalized(*session_, TargetOf(database_));
  ExpectKeyValid();
  ExpectUnharmed(writers, *session_);
}

// Where a revert does what a run does not, and one of each stage that does the same; it has no copy.
std::vector<std::string> PointsOfReverts() {
  std::vector<std::string> points = PointsOfRuns();
  std::erase_if(points, [](const std::string& point) {
    return BelongsTo(point, "copy") || point == "index: all built" || point == "replay: constraints built" ||
           point == "replay: analyzed" || point == "verify: chunk recorded" || point == "approach: checked";
  });
  return points;
}

class KillPointOfRevertTest : public KillPointTest {};
INSTANTIATE_TEST_SUITE_P(Points, KillPointOfRevertTest, ::testing::ValuesIn(PointsOfReverts()), NameOfTest);

TEST_P(KillPointOfRevertTest, TheSameCommandEndsTheRevert) {
  Writers writers(database_, 2, kRows);
  ASSERT_EQ(RunProgram(Words({"run", "--alter", "ALTER TABLE t DROP COLUMN memo, ADD COLUMN extra int DEFAULT 1",
                              "--chunk-ms", "20", "--dual-write", NeedsFence() ? "never" : "auto"}))
                .code,
            0);
  const int64_t written = writers.statements();
  ASSERT_TRUE(Eventually([&] { return writers.statements() > written + 100 || !writers.errors().empty(); }));
  ASSERT_NO_FATAL_FAILURE(DieIn({"revert", "1"}));
  const bool all_done = BelongsTo(GetParam(), "observe");
  const bool swapped = all_done || GetParam() == "cutover: committed";
  const Ended again = RunProgram(Words({swapped ? "resume" : "revert", "1"}));
  EXPECT_EQ(again.code, all_done ? 1 : 0) << again.output;
  EXPECT_THAT(again.output, HasSubstr(all_done ? "nothing to resume" : swapped ? "" : "has its former shape again"));
  EXPECT_THAT(again.output, Not(HasSubstr("REPAIRED")));
  EXPECT_EQ(session_->Scalar<int64_t>(
                fmt::format("SELECT count(*) FROM t WHERE id <= {} AND memo IS DISTINCT FROM 'memo ' || id", kRows)),
            0);
  ASSERT_TRUE(RunSync(engine::Finalize(TargetOf(database_), 1)).ok());
  ExpectNothingLeft(*session_, TargetOf(database_));
  ExpectKeyValid();
  ExpectUnharmed(writers, *session_);
}

class KillPointOfEndTest : public KillPointTest {};
INSTANTIATE_TEST_SUITE_P(Points, KillPointOfEndTest,
                         ::testing::Values("abort: triggers dropped", "abort: schemas dropped",
                                           "finalize: capture ended", "finalize: old table dropped",
                                           "finalize: schemas dropped"),
                         NameOfTest);

TEST_P(KillPointOfEndTest, TheSameCommandEndsIt) {
  Writers writers(database_, 2, kRows);
  const bool abort = BelongsTo(GetParam(), "abort");
  if (abort) {
    const Ended died = RunProgram(Words({"run", "--alter", kChange}), {"PGMOULT_TEST_DIE_AT=copy: all copied"});
    ASSERT_EQ(died.code, kKilled) << died.output;
  } else {
    ASSERT_EQ(RunProgram(Words({"run", "--alter", kChange})).code, 0);
  }
  const std::vector<std::string> end = {abort ? "abort" : "finalize", "1"};
  ASSERT_NO_FATAL_FAILURE(DieIn(end));
  const Ended again = RunProgram(Words(end));
  EXPECT_EQ(again.code, 0) << again.output;
  EXPECT_EQ(KeyType(*session_), abort ? "integer" : "bigint");
  ExpectNothingLeft(*session_, TargetOf(database_));
  ExpectKeyValid();
  ExpectUnharmed(writers, *session_);
}

// The same, where the run itself finalizes.
class KillPointOfWindowTest : public KillPointTest {};
INSTANTIATE_TEST_SUITE_P(Points, KillPointOfWindowTest,
                         ::testing::Values("finalize: capture ended", "finalize: old table dropped",
                                           "finalize: schemas dropped"),
                         NameOfTest);

TEST_P(KillPointOfWindowTest, ResumeEndsIt) {
  Writers writers(database_, 2, kRows);
  ASSERT_NO_FATAL_FAILURE(DieIn({"run", "--alter", kChange, "--revert-window", "1s"}));
  const Ended again = RunProgram(Words({"resume", "1"}));
  EXPECT_EQ(again.code, 0) << again.output;
  EXPECT_THAT(again.output, HasSubstr("dropped, since --revert-window is over"));
  EXPECT_EQ(KeyType(*session_), "bigint");
  ExpectNothingLeft(*session_, TargetOf(database_));
  ExpectKeyValid();
  ExpectUnharmed(writers, *session_);
}

class ServerCrashTest : public PointBase {};
INSTANTIATE_TEST_SUITE_P(Points, ServerCrashTest, ::testing::ValuesIn(PointsOfRuns()), NameOfTest);

TEST_P(ServerCrashTest, IsWaitedOutWithinTheRun) {
  Writers writers(database_, 2, kRows, WhenLost::kComeBack);
  engine::RunOptions options;
  options.chunk_ms = 20;
  options.dual_write = NeedsFence() ? engine::DualWriteMode::kNever : engine::DualWriteMode::kAuto;
  Halt halt(GetParam());
  BackgroundRun run(TargetOf(database_), kChange, options);
  halt.WaitUntilReached(run);
  session_.reset();
  ASSERT_TRUE(database_.server().Stop(tools::StopMode::kImmediate).ok());
  halt.Release();
  ASSERT_TRUE(
      Eventually([&] { return run.SawEvent("interrupted") || run.ended() || !run.progress().waiting.empty(); }));
  ASSERT_TRUE(database_.server().StartAgain().ok());
  session_ = std::make_unique<Session>(database_);
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(report->repaired, 0);
  ExpectFinalized(*session_, TargetOf(database_));
  ExpectKeyValid();
  ExpectUnharmed(writers, *session_);
  EXPECT_GT(writers.losses(), 0);
}

}  // namespace
}  // namespace pgmoult::tests
