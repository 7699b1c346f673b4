// The swap's manners: it looks before it asks for a lock, keeps to its hours, ends nobody's session unless told to, and
// says what it cost.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "engine/control.h"
#include "engine/locks.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/sql_text.h"
#include "pg/status.h"
#include "pg/test_hooks.h"
#include "tests/engine/swap_fixture.h"
#include "tests/fault/background_run.h"
#include "tests/fault/gates.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/roles.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

using engine::DualWriteMode;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class CutoverTest : public SwapFixture {
 protected:
  static engine::RunOptions Postponed() {
    engine::RunOptions options;
    options.postpone_cutover = true;
    return options;
  }
  bool Alive(const Session& session) {
    return session_.Scalar<bool>(
        fmt::format("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {})", session.backend_pid()));
  }
  // Holds the table, and does nothing.
  static void Hold(Session& session) { session.Exec("BEGIN; LOCK TABLE t IN ACCESS SHARE MODE"); }
  static std::string InTheWay(const Session& session) {
    return fmt::format("in the way of the swap: pid {} ", session.backend_pid());
  }
};

TEST_F(CutoverTest, WaitsForAMomentWithoutBlockersBeforeItsFirstTry) {
  Session reader(database_);
  reader.Exec("SET application_name = 'slow report'");
  BackgroundRun run(target(), kChange, Postponed());
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  Hold(reader);
  // Not somebody whom a try could wait for.
  ASSERT_TRUE(Eventually([&] {
    return session_.Scalar<bool>(
        fmt::format("SELECT clock_timestamp() - xact_start > interval '400 ms' FROM pg_stat_activity WHERE pid = {}",
                    reader.backend_pid()));
  }));
  AllowCutover();
  ASSERT_TRUE(run.WaitForWaiting(InTheWay(reader)));
  EXPECT_THAT(run.progress().waiting, AllOf(HasSubstr("slow report"), HasSubstr("idle in transaction"),
                                            HasSubstr("AccessShareLock on public.t"), Not(HasSubstr("terminated"))));
  // Nobody waits meanwhile, not even for a moment.
  session_.Exec("SET lock_timeout = '1ms'; UPDATE t SET n = 1 WHERE id = 1");
  reader.Exec("COMMIT");
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(report->swap_tries, 1);
  EXPECT_THAT(run.Events("swap_try"), IsEmpty());
  EXPECT_TRUE(run.SawEvent("forecast", "nobody in the way"));
  EXPECT_EQ(session_.Scalar<std::string>("SELECT format('%s %s', id, n) FROM t WHERE id = 1"), "1 1");
}

// Without pg_read_all_stats nobody's age is seen, but who is still there at the second look is.
TEST_F(CutoverTest, SeesBlockersOfOtherRolesWithoutTheRightToSeeWhatTheyDo) {
  MakeOwner(session_, database_, "cutover_owner");
  session_.Exec("ALTER TABLE t OWNER TO cutover_owner");
  BackgroundRun run(TargetOf(database_, "cutover_owner"), kChange, Postponed());
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  Session reader(database_);
  Hold(reader);
  const auto allowed = RunSync(engine::Cutover(TargetOf(database_, "cutover_owner"), 1));
  ASSERT_TRUE(allowed.ok()) << pg::Describe(allowed.status());
  ASSERT_TRUE(run.WaitForWaiting(InTheWay(reader)));
  reader.Exec("COMMIT");
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(report->swap_tries, 1);
  EXPECT_THAT(run.Events("swap_try"), IsEmpty());
  EXPECT_EQ(KeyType(), "bigint");
}

// A day as the test wants it, in the time zone of this machine.
class Clock {
 public:
  explicit Clock(int hour, int minute) {
    Set(hour, minute);
    pg::SetWallClock([this] { return absl::FromUnixSeconds(now_); });
  }
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  ~Clock() { pg::SetWallClock({}); }

  void Set(int hour, int minute) {
    now_ = absl::ToUnixSeconds(absl::FromCivil(absl::CivilMinute(2027, 3, 3, hour, minute), absl::LocalTimeZone()));
  }

 private:
  std::atomic<int64_t> now_ = 0;
};

TEST_F(CutoverTest, KeepsToItsHours) {
  Clock clock(1, 59);
  engine::RunOptions options;
  options.cutover_window = "02:00-03:00";
  options.max_pause = std::chrono::seconds(0);
  {
    BackgroundRun run(target(), kChange, options);
    ASSERT_TRUE(run.WaitForWaiting("the cutover window 02:00-03:00 opens at 02:00"));
    EXPECT_THAT(run.progress().waiting, HasSubstr("in 1m"));
    // Whatever is written meanwhile is brought over: the log stays short.
    session_.Exec("BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE t SET n = 1 WHERE id = 1; COMMIT");
    EXPECT_TRUE(Eventually(
        [this] { return session_.Scalar<bool>("SELECT NOT EXISTS (SELECT FROM pgmoult_1_new.pgmoult_change_log)"); }));
    Session reader(database_);
    Hold(reader);
    clock.Set(2, 0);
    ASSERT_TRUE(run.WaitForEvent("swap_try", fmt::format("pid {}", reader.backend_pid())));
    clock.Set(3, 0);
    ASSERT_TRUE(run.WaitForWaiting("opens at 02:00"));
    EXPECT_THAT(run.progress().waiting, HasSubstr("in 23h"));
    EXPECT_EQ(run.progress().stage, engine::Stage::kApproach);
    reader.Exec("COMMIT");
    clock.Set(2, 59);
    const auto report = run.Finish();
    ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  }
  EXPECT_EQ(KeyType(), "bigint");
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT n FROM t WHERE id = 1"), 1);
}

TEST_F(CutoverTest, TerminatesBlockersOnlyWhereItIsToldTo) {
  Session reader(database_);
  engine::RunOptions options = Postponed();
  options.force_cutover_after = std::chrono::seconds(1);
  BackgroundRun run(target(), kChange, options);
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  Hold(reader);
  AllowCutover();
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_FALSE(Alive(reader));
  EXPECT_TRUE(run.SawEvent("warning", "unless `pgmoult no-force 1`"));
  EXPECT_TRUE(run.SawEvent("forced", fmt::format("pid {} (", reader.backend_pid())));
  EXPECT_TRUE(run.SawEvent("forced", "terminated"));
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM pgmoult.event WHERE kind = 'forced'"), 1);
  EXPECT_EQ(KeyType(), "bigint");
}

// PostgreSQL undoes nothing, so no rollback takes long; what counts is what would have to be done again.
TEST_F(CutoverTest, WhoHasWrittenForLongAndIsAtWorkIsSpared) {
  Session writer(database_);
  Session idler(database_);
  Session reader(database_);
  writer.Exec("BEGIN; UPDATE t SET n = 1 WHERE id = 1");
  idler.Exec("BEGIN; UPDATE t SET n = 2 WHERE id = 2");
  reader.Exec("BEGIN; SELECT count(*) FROM t");
  writer.Start("SELECT pg_sleep(1000)");
  reader.Start("SELECT pg_sleep(1000)");
  const auto spared = [&](const Session& session, std::chrono::milliseconds much_work) -> std::string {
    const auto blockers =
        session_.Run(engine::ReadBlockers(session_.connection(), {pg::QualifiedName("public", "t")}, much_work));
    for (const engine::Blocker& blocker : blockers.value()) {
      if (blocker.pid == session.backend_pid()) {
        return blocker.spared;
      }
    }
    return "not there";
  };
  constexpr std::chrono::milliseconds kMuch{10};
  for (Session* session : {&writer, &idler, &reader}) {
    EXPECT_THAT(spared(*session, kMuch), HasSubstr("its transaction is short"));
  }
  ASSERT_TRUE(Eventually([&] { return spared(writer, kMuch).find("its transaction is short") == std::string::npos; }));
  EXPECT_THAT(spared(writer, kMuch), HasSubstr("it has been writing for"));
  EXPECT_EQ(spared(writer, std::chrono::minutes(1)), "");
  EXPECT_EQ(spared(reader, kMuch), "");
  // A client at work is idle, too, between two statements.
  idler.Exec("SELECT FROM elsewhere");
  EXPECT_THAT(spared(idler, std::chrono::seconds(1)), HasSubstr("it has been writing for"));
  EXPECT_TRUE(Eventually([&] { return spared(idler, kMuch).empty(); }));
  session_.Exec(
      fmt::format("SELECT pg_cancel_backend({}), pg_cancel_backend({})", writer.backend_pid(), reader.backend_pid()));
  EXPECT_EQ(pg::SqlState(writer.Finish().status()), "57014");
  EXPECT_EQ(pg::SqlState(reader.Finish().status()), "57014");
}

TEST_F(CutoverTest, SparesPreparedTransactionsAndNamesThem) {
  Session other(database_);
  engine::RunOptions options = Postponed();
  options.force_cutover_after = std::chrono::seconds(1);
  BackgroundRun run(target(), kChange, options);
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  other.Exec("BEGIN; UPDATE t SET n = 2 WHERE id = 2; PREPARE TRANSACTION 'kept'");
  AllowCutover();
  ASSERT_TRUE(run.WaitForEvent("forced", "prepared transaction 'kept'"));
  EXPECT_TRUE(run.SawEvent("forced", "spared, a prepared transaction has no session"));
  other.Exec("COMMIT PREPARED 'kept'");
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT n FROM t WHERE id = 2"), 2);
}

TEST_F(CutoverTest, ForceCanBeCalledOffWhileItWaits) {
  Session reader(database_);
  engine::RunOptions options = Postponed();
  options.force_cutover_after = std::chrono::seconds(3);
  options.max_pause = std::chrono::seconds(0);
  BackgroundRun run(target(), kChange, options);
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  Hold(reader);
  AllowCutover();
  ASSERT_TRUE(run.WaitForEvent("warning", "unless `pgmoult no-force 1`"));
  const double warned = run.progress().elapsed_seconds;
  const auto called_off = RunSync(engine::CallOffForce(target(), 1));
  ASSERT_TRUE(called_off.ok()) << pg::Describe(called_off.status());
  ASSERT_TRUE(run.WaitForEvent("command", "no-force"));
  // It goes on trying well beyond that time.
  ASSERT_TRUE(Eventually([&] { return run.progress().elapsed_seconds > warned + 4; }));
  const size_t tries = run.Events("swap_try").size();
  ASSERT_TRUE(Eventually([&] { return run.Events("swap_try").size() > tries + 1; }));
  EXPECT_FALSE(run.SawEvent("forced"));
  EXPECT_EQ(reader.Scalar<int64_t>("SELECT count(*) FROM t"), 1000);
  // Nor after a resume.
  run.Stop();
  EXPECT_EQ(engine::EndKindOf(run.Finish().status()), engine::EndKind::kStopped);
  BackgroundRun resumed(target(), 1);
  ASSERT_TRUE(resumed.WaitForEvent("swap_try"));
  EXPECT_FALSE(resumed.SawEvent("warning", "no-force"));
  reader.Exec("COMMIT");
  const auto report = resumed.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
}

// Nobody is in the way of a swap that rests: each has his time from the end of the pause on.
TEST_F(CutoverTest, ForceBeginsAnewAfterAPause) {
  Session first(database_);
  Session second(database_);
  engine::RunOptions options = Postponed();
  options.force_cutover_after = std::chrono::seconds(3);
  BackgroundRun run(target(), kChange, options);
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  Hold(first);
  AllowCutover();
  ASSERT_TRUE(run.WaitForEvent("warning", fmt::format("pid {} ", first.backend_pid())));
  const double warned = run.progress().elapsed_seconds;
  ASSERT_TRUE(RunSync(engine::Pause(target(), 1)).ok());
  ASSERT_TRUE(run.WaitForWaiting("paused"));
  Hold(second);
  ASSERT_TRUE(Eventually([&] { return run.progress().elapsed_seconds > warned + 4; }));
  ASSERT_TRUE(RunSync(engine::Continue(target(), 1)).ok());
  ASSERT_TRUE(run.WaitForEvent("warning", fmt::format("pid {} ", second.backend_pid())));
  for (Session* session : {&first, &second}) {
    EXPECT_TRUE(Alive(*session));
    EXPECT_TRUE(session->Try("COMMIT").ok());
  }
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_FALSE(run.SawEvent("forced"));
}

TEST_F(CutoverTest, SaysWhoWaitedBehindItAndForHowLong) {
  MakeGates(session_);
  engine::RunOptions options = Postponed();
  options.max_hold = std::chrono::seconds(20);
  BackgroundRun run(target(), kChange, options);
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  Gate gate(database_, "swapped");
  AllowCutover();
  gate.WaitUntilReached();
  Session writer(database_);
  Session reader(database_);
  writer.Start("UPDATE t SET n = 1 WHERE id = 1");
  reader.Start("SELECT count(*) FROM t");
  writer.WaitUntilBlocked();
  reader.WaitUntilBlocked();
  const std::string now = session_.Scalar<std::string>("SELECT clock_timestamp()::text");
  // Two samples of now.
  for (int samples = 0; samples < 2; ++samples) {
    ASSERT_TRUE(Eventually([&] {
      return session_.Scalar<bool>(fmt::format(
          "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'pgmoult 1 locks' AND query "
          "LIKE '%waitstart%' AND state = 'idle' AND query_start > '{}'::timestamptz + {} * interval '50 ms')",
          now, samples));
    }));
  }
  gate.Open();
  ASSERT_TRUE(writer.Finish().ok());
  ASSERT_TRUE(reader.Finish().ok());
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(report->swap_queue, 2);
  EXPECT_GE(report->swap_queue_ms, 50);
  EXPECT_TRUE(report->swap_queue_complete);
  EXPECT_GE(report->swap_hold_ms, report->swap_queue_ms);
  EXPECT_GE(report->swap_longest_try_ms, report->swap_queue_ms) << "somebody waited longer than the try";
  EXPECT_EQ(session_.Scalar<std::string>("SELECT format('%s %s %s', f ->> 'tries', f ->> 'queued_sessions', "
                                         "(f ->> 'queued_longest_ms')::float8 >= 50) FROM pgmoult.event, LATERAL "
                                         "(SELECT detail -> 'facts') x (f) WHERE kind "
                                         "= 'swapped'"),
            "1 2 t");
}

// Protocol, "What a snapshot sees".
class SnapshotTest : public CutoverTest, public ::testing::WithParamInterface<DualWriteMode> {
 protected:
  SnapshotTest() {
    MakeGates(session_);
    session_.Exec(R"sql(
      CREATE FUNCTION total() RETURNS numeric STABLE LANGUAGE plpgsql AS
        $$ BEGIN RETURN (SELECT sum(n) FROM t); END $$;
      CREATE FUNCTION add_one(k int) RETURNS bigint LANGUAGE plpgsql AS
        $$ DECLARE now bigint; BEGIN UPDATE t SET n = n + 1 WHERE id = k RETURNING n INTO now; RETURN now; END $$)sql");
  }

  // Everything but the swap is done, 10 rows were brought over by a replay since the copy; then the swap has its locks.
  void StartAndHold() {
    engine::RunOptions options = Postponed();
    options.dual_write = GetParam();
    options.max_hold = std::chrono::seconds(20);
    run_.emplace(target(), kChange, options);
    ASSERT_TRUE(run_->WaitForWaiting("postponed"));
    session_.Exec("BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE t SET n = 100 WHERE id <= 10; COMMIT");
    ASSERT_TRUE(Eventually(
        [this] { return session_.Scalar<bool>("SELECT NOT EXISTS (SELECT FROM pgmoult_1_new.pgmoult_change_log)"); }));
    gate_.emplace(database_, "swapped");
  }
  void HoldTheSwap() {
    AllowCutover();
    gate_->WaitUntilReached();
  }
  bool Strict() const { return GetParam() == DualWriteMode::kAuto; }
  // In log mode the fence stands until the old snapshots are gone.
  void Finish() {
    const auto report = run_->Finish();
    ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
    EXPECT_EQ(report->dual_write, Strict());
  }

  std::optional<BackgroundRun> run_;
  std::optional<Gate> gate_;
};

INSTANTIATE_TEST_SUITE_P(Modes, SnapshotTest, ::testing::Values(DualWriteMode::kAuto, DualWriteMode::kNever),
                         [](const auto& info) { return info.param == DualWriteMode::kAuto ? "Strict" : "Logged"; });

// It has its snapshot before it waits for our lock.
TEST_P(SnapshotTest, RepeatableReadTransactionsInTheQueueLoseNoUpdate) {
  ASSERT_NO_FATAL_FAILURE(StartAndHold());
  Session during(database_);
  during.Exec("PREPARE more AS UPDATE t SET n = n + 1 WHERE id = 3 RETURNING n");
  Session before(database_);
  TakeSnapshot(before);
  // A write after that snapshot, of another row.
  session_.Exec("UPDATE t SET n = n + 1 WHERE id = 2");
  ASSERT_NO_FATAL_FAILURE(HoldTheSwap());
  TakeSnapshot(during);
  before.Start("UPDATE t SET n = n + 1 WHERE id = 1 RETURNING n");
  during.Start("EXECUTE more");
  before.WaitUntilBlocked();
  during.WaitUntilBlocked();
  gate_->Open();
  int64_t expected[] = {100, 101, 100};
  for (const auto& [session, id] : {std::pair(&before, 0), std::pair(&during, 2)}) {
    const auto updated = session->Finish();
    if (Strict()) {
      ASSERT_TRUE(updated.ok()) << pg::Describe(updated.status());
      EXPECT_EQ(updated->Scalar<int64_t>().value_or(-1), ++expected[id]);
      if (session == &before) {
        EXPECT_EQ(session->Scalar<int64_t>("SELECT n FROM t WHERE id = 2"), 100) << "it is not of its snapshot";
        EXPECT_EQ(session->Scalar<std::string>("SELECT total()::text"), "1001");
      }
      session->Exec("COMMIT");
    } else {
      EXPECT_EQ(pg::SqlState(updated.status()), "40001") << pg::Describe(updated.status());
      session->Exec("ROLLBACK");
    }
  }
  ASSERT_NO_FATAL_FAILURE(Finish());
  EXPECT_EQ(session_.Scalar<std::string>("SELECT string_agg(n::text, ' ' ORDER BY id) FROM t WHERE id <= 3"),
            fmt::format("{}", fmt::join(expected, " ")));
}

// The one row that both write: PostgreSQL's own 40001, as without us.
TEST_P(SnapshotTest, ARowWrittenSinceTheSnapshotIsNotWrittenOver) {
  ASSERT_NO_FATAL_FAILURE(StartAndHold());
  Session before(database_);
  TakeSnapshot(before);
  session_.Exec("UPDATE t SET n = n + 1 WHERE id = 1");
  ASSERT_NO_FATAL_FAILURE(HoldTheSwap());
  before.Start("UPDATE t SET n = n + 1 WHERE id = 1");
  before.WaitUntilBlocked();
  gate_->Open();
  EXPECT_EQ(pg::SqlState(before.Finish().status()), "40001");
  before.Exec("ROLLBACK");
  ASSERT_NO_FATAL_FAILURE(Finish());
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT n FROM t WHERE id = 1"), 101);
}

// What has begun before the swap, and finds the new table when it has waited.
TEST_P(SnapshotTest, StatementsInTheQueueCountOnce) {
  ASSERT_NO_FATAL_FAILURE(StartAndHold());
  Session executes(database_);
  executes.Exec("PREPARE more AS UPDATE t SET n = n + 1 WHERE id = 1; EXECUTE more");
  Session calls(database_);
  calls.Exec("SELECT add_one(1)");
  Session stable(database_);
  stable.Exec("SELECT total()");
  Session plain(database_);
  ASSERT_NO_FATAL_FAILURE(HoldTheSwap());
  executes.Start("EXECUTE more");
  calls.Start("SELECT add_one(1)");
  plain.Start("UPDATE t SET n = n + 1 WHERE id = 1");
  stable.Start("SELECT total()");
  for (Session* session : {&executes, &calls, &plain, &stable}) {
    session->WaitUntilBlocked();
  }
  gate_->Open();
  for (Session* session : {&executes, &calls, &plain}) {
    const auto done = session->Finish();
    EXPECT_TRUE(done.ok()) << pg::Describe(done.status());
  }
  const auto total = stable.Finish();
  ASSERT_TRUE(total.ok()) << pg::Describe(total.status());
  if (Strict()) {
    EXPECT_EQ(total->Scalar<std::string>().value_or(""), "1002") << "it has read old rows";
  }
  ASSERT_NO_FATAL_FAILURE(Finish());
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT n FROM t WHERE id = 1"), 105);
}

}  // namespace
}  // namespace pgmoult::tests
