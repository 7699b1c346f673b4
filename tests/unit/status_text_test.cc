#include "tools/status_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "pg/status.h"
#include "tools/units.h"

namespace pgmoult::tools {
namespace {

using engine::EndKind;
using engine::Migration;
using engine::Stage;
using engine::State;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

ConnectionArguments Shop() {
  ConnectionArguments connection;
  connection.host = "db1";
  connection.database = "postgresql://alice:secret@db1/shop";
  return connection;
}

Migration MakeMigration(State state, bool alive) {
  Migration migration;
  migration.id = 7;
  migration.statement = "ALTER TABLE orders ADD c int";
  migration.source = pg::QualifiedName(std::string("public"), std::string("orders"));
  migration.owner = "shop";
  migration.stage = Stage::kCopy;
  migration.state = state;
  migration.engine_alive = alive;
  migration.engine = "db1 4711";
  migration.age_seconds = 3700;
  migration.silent_seconds = 2;
  migration.progress = {
      {"done", 1'000'000}, {"total", 4e6},   {"rate", 1e5}, {"eta_seconds", 30.0}, {"waiting", "paused by alice"},
      {"doing", ""},       {"stage", "copy"}};
  return migration;
}

RunPoint Point(int64_t id) { return {.migration = id, .table = "public.orders", .stage = Stage::kCopy, .begun = true}; }

TEST(StatusTableTest, IsOneLineAMigration) {
  const std::string text =
      StatusTable({MakeMigration(State::kRunning, true), MakeMigration(State::kRunning, false)}, 80);
  EXPECT_EQ(text,
            "ID  TABLE          STAGE  STATE    PROGRESS  ENGINE   AGE\n"
            "7   public.orders  copy   running  25.0%     at work  1h 01m\n"
            "7   public.orders  copy   running  25.0%     DEAD     1h 01m\n");
  EXPECT_EQ(StatusTable({}, 80), "no migrations in this database\n");
}

TEST(StatusTableTest, LongNamesFit) {
  Migration migration = MakeMigration(State::kRunning, true);
  migration.source = pg::QualifiedName(std::string(63, 's'), std::string(63, 't'));
  std::istringstream lines(StatusTable({migration}, 80));
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(DisplayWidth(line), 80) << line;
  }
}

TEST(StatusDetailsTest, ARunningOneShowsProgressAndWhatItWaitsFor) {
  const std::string text = StatusDetails(MakeMigration(State::kRunning, true), Shop());
  for (const char* part : {"7 of public.orders", "25.0% of stage copy: 1.00M of 4.00M, 100k/s, ETA 30 s",
                           "Waiting    paused by alice", "at work (db1 4711; last heard of 2.0 s ago)"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, Not(HasSubstr("resume")));
}

TEST(StatusDetailsTest, AnUnreadableProgressIsNoHarm) {
  Migration migration = MakeMigration(State::kRunning, true);
  for (const boost::json::value& progress :
       std::vector<boost::json::value>{nullptr, 5, {{"done", "many"}, {"total", nullptr}}}) {
    migration.progress = progress;
    EXPECT_THAT(StatusDetails(migration, {}), HasSubstr("- of stage copy"));
  }
}

TEST(StatusDetailsTest, ProgressOfAnEarlierStageIsNotShown) {
  Migration migration = MakeMigration(State::kRunning, true);
  migration.stage = Stage::kIndex;
  EXPECT_THAT(StatusDetails(migration, {}), HasSubstr("- of stage index"));
}

TEST(CostTest, ALogThatNobodyReplaysIsSeenToGrow) {
  Migration migration = MakeMigration(State::kRunning, false);
  migration.progress.as_object()["log_bytes"] = 1 << 20;
  migration.log_bytes = 3 << 20;
  migration.shadow_bytes = 100 << 20;
  migration.silent_seconds = 1800;
  const std::string cost =
      "change log 3.00 MiB (grown by 2.00 MiB since the engine was last heard of, 4.00 MiB an hour), new "
      "table 100 MiB";
  EXPECT_THAT(NextStep(migration, {}), HasSubstr("pgmoult abort 7; meanwhile: " + cost));
  EXPECT_THAT(StatusDetails(migration, {}), HasSubstr("Cost       change log 3.00 MiB (grown by 2.00 MiB"));
  migration.state = State::kLapsed;
  EXPECT_THAT(NextStep(migration, {}), HasSubstr("capture has stopped (--dead-man)"));
  migration.engine_alive = true;
  EXPECT_THAT(StatusDetails(migration, {}), Not(HasSubstr("grown")));
}

TEST(OrphanTest, SaysWhatItCostsAndHowToBeRidOfIt) {
  engine::Orphan orphan{.schema = "pgmoult_9_new", .owner = "shop", .tables = {"shop.t"}};
  orphan.log_bytes = 5 << 20;
  EXPECT_EQ(OrphanText(orphan, {}),
            "schema pgmoult_9_new is in no journal, and logs all writes of shop.t; change log 5.00 MiB, other tables 0 "
            "B: pgmoult cleanup");
  orphan.keeps_table = true;
  EXPECT_THAT(OrphanText(orphan, {}), HasSubstr("look at it, and drop it yourself"));
}

TEST(NextStepTest, SaysWhatToType) {
  EXPECT_EQ(NextStep(MakeMigration(State::kRunning, false), {}),
            "no engine is at work: pgmoult resume 7, or pgmoult abort 7");
  EXPECT_EQ(NextStep(MakeMigration(State::kStopped, false), {}),
            "no engine is at work: pgmoult resume 7, or pgmoult abort 7");
  EXPECT_THAT(NextStep(MakeMigration(State::kFailed, false), {}), HasSubstr("mend the cause"));
  EXPECT_THAT(NextStep(MakeMigration(State::kSwapped, false), {}), HasSubstr("pgmoult finalize 7"));
  EXPECT_EQ(NextStep(MakeMigration(State::kDone, false), {}), "");
  EXPECT_EQ(NextStep(MakeMigration(State::kRunning, true), {}), "");
  EXPECT_THAT(NextStep(MakeMigration(State::kStopped, false), Shop()), Not(HasSubstr("secret")));
}

TEST(ReportTextTest, SaysWhatWasDoneAndWhatToTypeWhenSure) {
  engine::RunReport report;
  report.migration = 7;
  report.table = "public.orders";
  report.rows_copied = 27'100'000;
  report.rows_verified = 27'100'001;
  report.rows_replayed = 4321;
  report.swap_tries = 2;
  report.swap_hold_ms = 48;
  report.swap_longest_try_ms = 51;
  report.swap_wait_ms = 312;
  report.swap_queue = 14;
  report.swap_queue_ms = 61;
  report.stage_seconds = {{"copy", 120}, {"cutover", 0.4}, {"verify", 60}};
  report.total_seconds = 200;
  const std::string text = ReportText(report, Shop());
  for (const char* part :
       {"27,100,000 copied, 27,100,001 verified, 4,321 replayed", "2 tries; the lock was held for 48 ms",
        "14 sessions waited behind it, the longest for 61 ms (sampled)",
        "waited 312 ms for locks, and no try kept anybody waiting for more",
        "copy 2m 00s, verify 1m 00s, cutover 400 ms", "schema pgmoult_7_old",
        "pgmoult finalize 7 -h db1 -d postgresql://alice@db1/shop"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, Not(HasSubstr("REPAIRED")));
  report.repaired = 3;
  EXPECT_THAT(ReportText(report, {}), HasSubstr("bug in pgmoult"));
}

TEST(EndingTest, ExitCodesAreThoseOfTheManual) {
  const absl::Status failed = absl::InternalError("x");
  const auto code = [](const absl::Status& status, EndKind kind, int64_t id) {
    return EndingOfRun(status, kind, Point(id), {}).exit_code;
  };
  EXPECT_EQ(code(failed, EndKind::kRefused, 0), ExitCode::kRefused);
  EXPECT_EQ(code(failed, EndKind::kStopped, 7), ExitCode::kStopped);
  EXPECT_EQ(code(failed, EndKind::kAborted, 7), ExitCode::kFailed);
  EXPECT_EQ(code(failed, EndKind::kLockNotGot, 7), ExitCode::kLockNotGot);
  EXPECT_EQ(code(failed, EndKind::kLockNotGot, 0), ExitCode::kLockNotGot);
  EXPECT_EQ(code(failed, EndKind::kBusy, 7), ExitCode::kFailed);
  EXPECT_EQ(code(failed, EndKind::kNone, 7), ExitCode::kFailed);
  EXPECT_EQ(code(pg::ConnectionLost("x"), EndKind::kNone, 7), ExitCode::kStopped);
  EXPECT_EQ(code(pg::ConnectionLost("x"), EndKind::kNone, 0), ExitCode::kFailed);
  EXPECT_EQ(code(pg::OutcomeUnknown("x"), EndKind::kNone, 7), ExitCode::kOutcomeUnknown);
}

TEST(EndingTest, StagePrepareLeavesNothingToResume) {
  RunPoint point = Point(7);
  point.stage = Stage::kPrepare;
  const Ending stopped = EndingOfRun(absl::CancelledError("x"), EndKind::kStopped, point, {});
  EXPECT_EQ(stopped.exit_code, ExitCode::kFailed);
  EXPECT_EQ(stopped.state, "Nothing was changed.");
  const Ending lost = EndingOfRun(pg::ConnectionLost("x"), EndKind::kNone, point, {});
  EXPECT_EQ(lost.exit_code, ExitCode::kStopped);
  EXPECT_THAT(lost.next, ElementsAre("See: pgmoult status 7"));
}

TEST(EndingTest, AResumeThatNeverBeganHasChangedNothing) {
  RunPoint point = Point(7);
  point.begun = false;
  EXPECT_EQ(EndingOfRun(pg::ConnectionLost("x"), EndKind::kNone, point, {}).exit_code, ExitCode::kFailed);
}

TEST(EndingTest, AnUnknownOutcomeSaysHowToFindOut) {
  const Ending ending = EndingOfRun(pg::OutcomeUnknown("x"), EndKind::kNone, Point(7), Shop());
  EXPECT_THAT(ending.next, ElementsAre("Find out: pgmoult status 7 -h db1 -d postgresql://alice@db1/shop"));
}

TEST(EndingTest, ControlCommandsSayWhereToLook) {
  const Ending pause = EndingOfControl(absl::FailedPreconditionError("x"), EndKind::kNone, Verb::kPause, 7, {});
  EXPECT_EQ(pause.exit_code, ExitCode::kFailed);
  EXPECT_THAT(pause.next, ElementsAre("See: pgmoult status 7"));
  EXPECT_EQ(EndingOfControl(pg::ConnectionLost("x"), EndKind::kNone, Verb::kAbort, 7, {}).exit_code,
            ExitCode::kStopped);
  EXPECT_EQ(EndingOfControl(pg::ConnectionLost("x"), EndKind::kNone, Verb::kStatus, 7, {}).exit_code,
            ExitCode::kFailed);
  EXPECT_THAT(EndingOfControl(absl::NotFoundError("x"), EndKind::kNone, Verb::kStatus, 7, {}).next, IsEmpty());
}

TEST(ErrorTextTest, IntegrityErrorsShowTheKey) {
  pg::ServerErrorFields fields;
  fields.sqlstate = "23505";
  fields.message = "could not create unique index \"orders_note_key\"";
  fields.detail = "Key (note)=(a) is duplicated.";
  const absl::Status status = pg::ServerError(fields);
  const Ending ending = EndingOfRun(status, EndKind::kNone, Point(7), {});
  EXPECT_EQ(
      ErrorText("migration 7 of public.orders", status, ending),
      "pgmoult: migration 7 of public.orders: could not create unique index \"orders_note_key\" [SQLSTATE 23505]\n"
      "DETAIL: Key (note)=(a) is duplicated.\n"
      "Failed in stage copy. The table is as it was; the copy is kept, so that you can mend the cause and go on, or "
      "take it back.\n"
      "Continue: pgmoult resume 7\n"
      "Take back: pgmoult abort 7\n");
  fields.sqlstate = "22003";
  EXPECT_THAT(ErrorText("x", pg::ServerError(fields), ending), Not(HasSubstr("DETAIL")));
}

TEST(StoppedTextTest, IsTheOneLineOfTheManual) {
  const RunPoint point = Point(7);
  EXPECT_EQ(StoppedText(point, EndingOfRun(absl::CancelledError(""), EndKind::kStopped, point, {})),
            "stopped in stage copy; nothing is lost. Continue: pgmoult resume 7   Take back: pgmoult abort 7\n");
}

}  // namespace
}  // namespace pgmoult::tools
