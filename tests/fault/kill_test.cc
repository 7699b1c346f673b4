// The program, killed by kill -9 in every stage while an application writes: abort and cleanup leave nothing behind,
// resume ends as if nothing had happened, and the application never notices.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "tests/fault/finished.h"
#include "tests/fault/gates.h"
#include "tests/fault/program.h"
#include "tests/fault/writers.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kRows = 3000;
constexpr int kWriters = 2;
constexpr char kChange[] = "ALTER TABLE t ALTER COLUMN id TYPE bigint";

class KillBase : public ::testing::Test {
 protected:
  explicit KillBase(std::string change = kChange) : change_(std::move(change)) {}

  void SetUp() override {
    MakeTable();
    MakeGates(session_);
    // gate_pass() in an index: a place to stand within index builds and replay rounds.
    session_.Exec(
        fmt::format("CREATE INDEX t_gate ON t (gate_pass(k)); "
                    "INSERT INTO t SELECT g, 0, 7, repeat('x', 50) FROM generate_series(1, {}) g; ANALYZE t",
                    kRows));
    writers_.emplace(database_, kWriters, kRows);
  }
  virtual void MakeTable() {
    session_.Exec("CREATE TABLE t (id int PRIMARY KEY, n bigint NOT NULL, k int NOT NULL DEFAULT 7, note text)");
  }

  std::vector<std::string> Words(const std::string& verb, std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {verb, "--dsn", database_.Dsn()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Ended Command(const std::string& verb, std::vector<std::string> more = {}) const {
    return RunProgram(Words(verb, std::move(more)));
  }

  bool Journal(const std::string& condition) {
    return session_.Scalar<bool>(
        fmt::format("SELECT EXISTS (SELECT FROM pgmoult.migration m WHERE m.id = 1 AND {})", condition));
  }
  bool OursAlive(const std::string& purpose) {
    return session_.Scalar<bool>(
        fmt::format("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND "
                    "application_name LIKE 'pgmoult %{}')",
                    purpose));
  }

  // Starts the program, and kills it where it stands in the stage. What held it there goes on holding the dead engine's
  // sessions until Release().
  void KillIn(const std::string& stage) {
    std::vector<std::string> more = {"--alter", change_, "--jobs", "2", "--chunk-ms", "50", "--max-pause", "0s"};
    const std::map<std::string, std::string> gates = {
        {"copy", "chunk"}, {"index", "index"}, {"replay", "replay"}, {"verify", "verified"}};
    const auto gate = gates.find(stage);
    if (gate != gates.end()) {
      gate_ = std::make_unique<Gate>(database_, gate->second);
    } else if (stage == "prepare") {
      blocker_.Exec("BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE");
    } else if (stage == "approach") {
      more.emplace_back("--postpone-cutover");
    } else if (stage == "cutover") {
      blocker_.Exec("BEGIN; LOCK TABLE t IN ACCESS SHARE MODE");
    }
    Program program(Words("run", more));
    if (gate_ != nullptr) {
      gate_->WaitUntilReached();
    }
    const std::map<std::string, std::string> signs = {
        {"prepare", "m.design IS NOT NULL"},
        {"approach", "EXISTS (SELECT FROM pgmoult.event WHERE kind = 'dual_write')"},
        {"cutover", "EXISTS (SELECT FROM pgmoult.event WHERE kind = 'swap_try')"}};
    const auto sign = signs.find(stage);
    const std::string condition =
        fmt::format("m.stage = '{}'{}", stage, sign == signs.end() ? "" : " AND " + sign->second);
    ASSERT_TRUE(Eventually([&] { return Journal(condition); }, std::chrono::seconds(40))) << program.output();
    program.Kill();
    // Idle sessions end at once; one that is busy only when the server looks for its client.
    ASSERT_TRUE(Eventually([this] { return !OursAlive("engine lock"); }));
    if (blocker_.connection().in_transaction()) {
      blocker_.Exec("ROLLBACK");
    }
  }
  void Release() {
    if (gate_ != nullptr) {
      gate_->Open();
    }
  }

  // After the last command: the application saw nothing, and has what it wrote.
  void ExpectApplicationUnharmed() {
    ExpectUnharmed(*writers_, session_);
    EXPECT_GT(writers_->statements(), 0);
  }

  std::string change_;
  TestDatabase database_;
  Session session_{database_};
  Session blocker_{database_};
  std::unique_ptr<Gate> gate_;
  std::optional<Writers> writers_;
};

class KillTest : public KillBase, public ::testing::WithParamInterface<std::string> {};

std::string StageOfTest(const ::testing::TestParamInfo<std::string>& info) { return info.param; }

INSTANTIATE_TEST_SUITE_P(Stages, KillTest,
                         ::testing::Values("prepare", "copy", "index", "replay", "verify", "approach", "cutover"),
                         StageOfTest);

// The gate stays closed: abort and cleanup must get past sessions of the dead engine that are still at work.
TEST_P(KillTest, AbortLeavesNothing) {
  ASSERT_NO_FATAL_FAILURE(KillIn(GetParam()));
  const Ended aborted = Command("abort", {"1"});
  EXPECT_EQ(aborted.code, 0) << aborted.output;
  EXPECT_EQ(Leftovers(session_), "");
  EXPECT_EQ(KeyType(session_), "integer");
  ExpectApplicationUnharmed();
}

TEST_P(KillTest, CleanupLeavesNothing) {
  ASSERT_NO_FATAL_FAILURE(KillIn(GetParam()));
  const Ended cleaned = Command("cleanup");
  EXPECT_EQ(cleaned.code, 0) << cleaned.output;
  EXPECT_THAT(cleaned.output, HasSubstr("removed"));
  EXPECT_EQ(Leftovers(session_), "");
  EXPECT_EQ(KeyType(session_), "integer");
  ExpectApplicationUnharmed();
}

TEST_P(KillTest, ResumeEndsAsIfNothingHadHappened) {
  ASSERT_NO_FATAL_FAILURE(KillIn(GetParam()));
  const Ended other = Command("run", {"--alter", "ALTER TABLE t ADD COLUMN other int"});
  EXPECT_EQ(other.code, 1) << other.output;
  EXPECT_THAT(other.output, HasSubstr("unfinished"));
  EXPECT_THAT(other.output, HasSubstr("pgmoult resume 1"));
  EXPECT_THAT(other.output, HasSubstr("pgmoult abort 1"));
  Release();
  Program resumed(Words("resume", {"1"}));
  if (GetParam() == "approach") {
    ASSERT_TRUE(Eventually([this] { return OursAlive("control"); }));
    const Ended cutover = Command("cutover", {"1"});
    EXPECT_EQ(cutover.code, 0) << cutover.output;
  }
  EXPECT_EQ(resumed.Wait(), 0) << resumed.output();
  EXPECT_THAT(resumed.output(), ::testing::Not(HasSubstr("REPAIRED")));
  EXPECT_EQ(KeyType(session_), "bigint");
  EXPECT_TRUE(Journal("m.state = 'swapped'"));
  const Ended finalized = Command("finalize", {"1"});
  EXPECT_EQ(finalized.code, 0) << finalized.output;
  EXPECT_EQ(Command("cleanup").code, 0);
  EXPECT_EQ(Leftovers(session_), "");
  ExpectApplicationUnharmed();
}

// An engine that is frozen cannot notice that its lock is gone.
class FrozenEngineTest : public KillBase {};

TEST_F(FrozenEngineTest, HasLostItsSessionsBeforeAnotherOneBegins) {
  gate_ = std::make_unique<Gate>(database_, "chunk");
  const std::vector<std::string> run = {"--alter", change_, "--chunk-ms", "50", "--retry-for", "0s"};
  Program frozen(Words("run", run));
  gate_->WaitUntilReached();
  const auto pids = [this](const std::string& condition) {
    return session_.Scalar<std::string>(
        fmt::format("SELECT coalesce(string_agg(pid::text, ', ' ORDER BY pid), '') FROM pg_stat_activity WHERE datname "
                    "= current_database() AND application_name LIKE 'pgmoult %' AND {}",
                    condition));
  };
  const std::string copying = pids("application_name = 'pgmoult 1 copy'");
  ASSERT_NE(copying, "");
  frozen.Signal(SIGSTOP);
  session_.Exec(fmt::format("SELECT pg_terminate_backend({})", pids("application_name = 'pgmoult engine lock'")));
  Program second(Words("run", run));
  ASSERT_TRUE(Eventually([&] { return pids(fmt::format("pid IN ({})", copying)).empty(); }));
  Release();
  EXPECT_EQ(second.Wait(), 0) << second.output();
  EXPECT_THAT(second.output(), ::testing::Not(HasSubstr("REPAIRED")));
  frozen.Signal(SIGCONT);
  // It finds the work done.
  EXPECT_EQ(frozen.Wait(), 0) << frozen.output();
  EXPECT_THAT(frozen.output(), HasSubstr("made by an earlier engine"));
  EXPECT_EQ(KeyType(session_), "bigint");
  EXPECT_TRUE(Journal("m.state = 'swapped'"));
  EXPECT_EQ(Command("finalize", {"1"}).code, 0);
  EXPECT_EQ(Command("cleanup").code, 0);
  EXPECT_EQ(Leftovers(session_), "");
  ExpectApplicationUnharmed();
}

// The table is a partition, and the application writes through the partitioned one.
class KillPartitionTest : public KillBase, public ::testing::WithParamInterface<std::string> {
 protected:
  KillPartitionTest() : KillBase("ALTER TABLE leaf ADD CONSTRAINT added CHECK (n > -1)") {}
  void MakeTable() override {
    session_.Exec(
        "CREATE TABLE t (id int PRIMARY KEY, n bigint NOT NULL, k int NOT NULL DEFAULT 7, note text) PARTITION BY "
        "HASH (id); CREATE TABLE leaf PARTITION OF t FOR VALUES WITH (MODULUS 1, REMAINDER 0)");
  }
  bool Changed() { return session_.Scalar<bool>("SELECT EXISTS (SELECT FROM pg_constraint WHERE conname = 'added')"); }
  std::string Parts() {
    return session_.Scalar<std::string>(
        "SELECT string_agg(inhrelid::regclass || ' of ' || inhparent::regclass, ', ' ORDER BY "
        "inhrelid::regclass::text) "
        "FROM pg_inherits");
  }
};

INSTANTIATE_TEST_SUITE_P(Stages, KillPartitionTest, ::testing::Values("copy", "replay", "verify", "cutover"),
                         StageOfTest);

TEST_P(KillPartitionTest, ResumeEndsAsIfNothingHadHappened) {
  const std::string parts = Parts();
  ASSERT_NO_FATAL_FAILURE(KillIn(GetParam()));
  EXPECT_EQ(Parts(), parts);
  Release();
  const Ended resumed = Command("resume", {"1"});
  EXPECT_EQ(resumed.code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, ::testing::Not(HasSubstr("REPAIRED")));
  EXPECT_TRUE(Changed());
  EXPECT_EQ(Parts(), parts);
  EXPECT_EQ(Command("finalize", {"1"}).code, 0);
  EXPECT_EQ(Command("cleanup").code, 0);
  EXPECT_EQ(Leftovers(session_), "");
  ExpectApplicationUnharmed();
}

TEST_P(KillPartitionTest, AbortLeavesNothing) {
  const std::string parts = Parts();
  ASSERT_NO_FATAL_FAILURE(KillIn(GetParam()));
  const Ended aborted = Command("abort", {"1"});
  EXPECT_EQ(aborted.code, 0) << aborted.output;
  EXPECT_FALSE(Changed());
  EXPECT_EQ(Parts(), parts);
  EXPECT_EQ(Leftovers(session_), "");
  ExpectApplicationUnharmed();
}

class KillAfterSwapTest : public KillBase {};

// Where writes were only logged, a fence stands until snapshots from before the swap are gone.
TEST_F(KillAfterSwapTest, FinalizeWorksAndTakesTheFenceAway) {
  blocker_.Exec("CREATE TABLE elsewhere ()");
  blocker_.Exec("BEGIN ISOLATION LEVEL REPEATABLE READ");
  blocker_.Exec("SELECT FROM elsewhere");
  Program program(Words("run", {"--alter", kChange, "--dual-write", "never"}));
  ASSERT_TRUE(Eventually(
      [this] {
        return Journal("EXISTS (SELECT FROM pgmoult.event WHERE kind = 'stage' AND detail->>'text' = 'observe')");
      },
      std::chrono::seconds(40)))
      << program.output();
  program.Kill();
  const Ended status = Command("status", {"1"});
  EXPECT_EQ(status.code, 0);
  EXPECT_THAT(status.output, HasSubstr("swapped"));
  EXPECT_THAT(status.output, HasSubstr("pgmoult finalize 1"));
  EXPECT_EQ(Command("abort", {"1"}).code, 1);
  EXPECT_EQ(Command("resume", {"1"}).code, 1);
  EXPECT_THAT(Leftovers(session_), HasSubstr("trigger pgmoult_1_fence"));
  const Ended finalized = Command("finalize", {"1"});
  EXPECT_EQ(finalized.code, 0) << finalized.output;
  EXPECT_EQ(Command("cleanup").code, 0);
  EXPECT_EQ(Leftovers(session_), "");
  EXPECT_EQ(KeyType(session_), "bigint");
  ExpectApplicationUnharmed();
}

// The new table is in place, with a foreign key that is still to be validated.
TEST_F(KillAfterSwapTest, ResumeValidatesTheKeysThatAreLeft) {
  session_.Exec(R"sql(
    CREATE TABLE child (t int CONSTRAINT in_fk REFERENCES t ON UPDATE CASCADE ON DELETE CASCADE);
    INSERT INTO child SELECT id FROM t ORDER BY id LIMIT 50 FOR KEY SHARE;
    CREATE FUNCTION gate_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF current_query() LIKE '/* pgmoult:observe */%VALIDATE CONSTRAINT%' THEN
        PERFORM public.gate_wait('validate');
      END IF;
    END $$;
    CREATE EVENT TRIGGER gate_ddl ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION gate_ddl())sql");
  gate_ = std::make_unique<Gate>(database_, "validate");
  Program program(Words("run", {"--alter", kChange}));
  gate_->WaitUntilReached();
  program.Kill();
  ASSERT_TRUE(Eventually([this] { return !OursAlive("engine lock"); }));
  Release();
  const Ended status = Command("status", {"1"});
  EXPECT_EQ(status.code, 0);
  EXPECT_THAT(status.output, HasSubstr("1 foreign key is still to be validated"));
  const auto valid = [this] {
    return session_.Scalar<bool>("SELECT convalidated FROM pg_constraint WHERE conname = 'in_fk'");
  };
  EXPECT_EQ(Command("abort", {"1"}).code, 1);
  // What the dead engine had asked for was never committed.
  ASSERT_TRUE(Eventually([this] { return !OursAlive("journal"); }));
  EXPECT_FALSE(valid());
  const Ended early = Command("finalize", {"1"});
  EXPECT_EQ(early.code, 1) << early.output;
  EXPECT_THAT(early.output, HasSubstr("pgmoult resume 1"));
  const Ended resumed = Command("resume", {"1"});
  EXPECT_EQ(resumed.code, 0) << resumed.output;
  EXPECT_TRUE(valid());
  const Ended finalized = Command("finalize", {"1"});
  EXPECT_EQ(finalized.code, 0) << finalized.output;
  EXPECT_EQ(Command("cleanup").code, 0);
  EXPECT_EQ(Leftovers(session_), "");
  EXPECT_EQ(KeyType(session_), "bigint");
  ExpectApplicationUnharmed();
}

}  // namespace
}  // namespace pgmoult::tests
