// The server goes away under a run, or has no room for it: the run waits for it to come back and goes on, and the
// application has what it wrote.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/fault/background_run.h"
#include "tests/fault/finished.h"
#include "tests/fault/gates.h"
#include "tests/fault/halt.h"
#include "tests/fault/program.h"
#include "tests/fault/writers.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/roles.h"
#include "tests/support/run.h"
#include "tests/support/server.h"
#include "tests/support/tcp_proxy.h"

namespace pgmoult::tests {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kRows = 3000;
constexpr char kChange[] = "ALTER TABLE t ALTER COLUMN id TYPE bigint";

void MakeTable(Session& session) {
  session.Exec(
      fmt::format("CREATE TABLE t (id int PRIMARY KEY, n bigint NOT NULL, note text UNIQUE); INSERT INTO t SELECT g, "
                  "0, 'note ' || g "
                  "FROM generate_series(1, {}) g; ANALYZE t",
                  kRows));
}

engine::RunOptions Options() {
  engine::RunOptions options;
  options.chunk_ms = 20;
  return options;
}

class ServerLossTest : public ::testing::Test {
 protected:
  ServerLossTest() : session_(std::make_unique<Session>(database_)) { MakeTable(*session_); }

  TestDatabase database_;
  std::unique_ptr<Session> session_;
};

TEST_F(ServerLossTest, AFastRestartIsWaitedOut) {
  Writers writers(database_, 2, kRows, WhenLost::kComeBack);
  Halt halt("replay: constraints built");
  BackgroundRun run(TargetOf(database_), kChange, Options());
  halt.WaitUntilReached(run);
  session_.reset();
  ASSERT_TRUE(database_.server().Restart(tools::StopMode::kFast).ok());
  halt.Release();
  session_ = std::make_unique<Session>(database_);
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_GE(report->interruptions, 1);
  EXPECT_EQ(session_->Scalar<int64_t>("SELECT count(*) FROM pgmoult.event WHERE kind = 'interrupted'"),
            report->interruptions);
  ExpectFinalized(*session_, TargetOf(database_));
  ExpectUnharmed(writers, *session_);
}

TEST_F(ServerLossTest, ServerThatStaysAwayEndsTheRunWhichCanBeResumed) {
  Writers writers(database_, 1, kRows, WhenLost::kComeBack);
  engine::RunOptions options = Options();
  options.retry_for = std::chrono::seconds(2);
  {
    Halt halt("copy: all copied");
    BackgroundRun run(TargetOf(database_), kChange, options);
    halt.WaitUntilReached(run);
    session_.reset();
    ASSERT_TRUE(database_.server().Stop(tools::StopMode::kImmediate).ok());
    halt.Release();
    const auto report = run.Finish();
    ASSERT_FALSE(report.ok());
    EXPECT_TRUE(pg::IsConnectionLost(report.status())) << pg::Describe(report.status());
    EXPECT_THAT(pg::Describe(report.status()), HasSubstr("--retry-for"));
  }
  ASSERT_TRUE(database_.server().StartAgain().ok());
  session_ = std::make_unique<Session>(database_);
  BackgroundRun resumed(TargetOf(database_), 1);
  const auto report = resumed.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  ExpectFinalized(*session_, TargetOf(database_));
  ExpectUnharmed(writers, *session_);
}

// The machine of the engine sleeps while the server is restarted.
TEST_F(ServerLossTest, AnEngineThatWasAsleepGoesOn) {
  MakeGates(*session_);
  Writers writers(database_, 1, kRows, WhenLost::kComeBack);
  auto gate = std::make_unique<Gate>(database_, "chunk");
  Program program({"run", "--dsn", database_.Dsn(), "--alter", kChange, "--chunk-ms", "20"});
  gate->WaitUntilReached();
  program.Signal(SIGSTOP);
  session_.reset();
  gate.reset();
  ASSERT_TRUE(database_.server().Restart(tools::StopMode::kFast).ok());
  program.Signal(SIGCONT);
  session_ = std::make_unique<Session>(database_);
  EXPECT_EQ(program.Wait(), 0) << program.output();
  EXPECT_THAT(program.output(), HasSubstr("interrupted"));
  ExpectFinalized(*session_, TargetOf(database_));
  ExpectUnharmed(writers, *session_);
}

// The network swallows everything: nobody says that the connections are gone.
TEST_F(ServerLossTest, ABlackHoleIsWaitedOut) {
  Writers writers(database_, 1, kRows);
  TcpProxy proxy(database_.server().port());
  Halt halt("replay: constraints built");
  BackgroundRun run({.keywords = database_.TcpKeywords(proxy.port())}, kChange, Options());
  halt.WaitUntilReached(run);
  proxy.BlackHole();
  proxy.Pass();  // for new connections
  halt.Release();
  ASSERT_TRUE(Eventually([&] { return run.SawEvent("interrupted") || run.ended(); }, std::chrono::seconds(90)));
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(report->interruptions, 1);
  ExpectFinalized(*session_, TargetOf(database_));
  ExpectUnharmed(writers, *session_);
}

// Every write to /dev/full fails as on a disk without room. PostgreSQL 16 extends files in another way, which it does
// not support.
TEST_F(ServerLossTest, AFullDiskIsWaitedOut) {
  Writers writers(database_, 1, kRows);
  Halt halt("copy: end fixed");
  BackgroundRun run(TargetOf(database_), kChange, Options());
  halt.WaitUntilReached(run);
  const std::filesystem::path file =
      database_.server().data_dir() /
      std::filesystem::path(session_->Scalar<std::string>("SELECT pg_relation_filepath('pgmoult_1_new.t')"));
  const std::filesystem::path kept = file.string() + ".kept";
  std::filesystem::rename(file, kept);
  std::filesystem::create_symlink("/dev/full", file);
  halt.Release();
  ASSERT_TRUE(run.WaitForEvent("interrupted", "53100"));
  EXPECT_TRUE(run.WaitForWaiting("No space left on device"));
  EXPECT_THAT(session_->Scalar<std::string>("SELECT state || ', ' || message FROM pgmoult.migration"),
              HasSubstr("stopped, "));
  std::filesystem::remove(file);
  std::filesystem::rename(kept, file);
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  ExpectFinalized(*session_, TargetOf(database_));
  ExpectUnharmed(writers, *session_);
}

TEST_F(ServerLossTest, ServerWithoutConnectionsToSpareIsWaitedOut) {
  constexpr char kOwner[] = "server_loss_owner";
  MakeOwner(*session_, database_, kOwner);
  session_->Exec(fmt::format("ALTER TABLE t OWNER TO {}", kOwner));
  Writers writers(database_, 1, kRows);
  const engine::Target target = TargetOf(database_, kOwner);
  Halt halt("copy: all copied");
  BackgroundRun run(target, kChange, Options());
  halt.WaitUntilReached(run);
  session_->Exec(fmt::format("ALTER ROLE {} CONNECTION LIMIT 1", kOwner));
  halt.Release();
  ASSERT_TRUE(run.WaitForEvent("interrupted", "53300"));
  session_->Exec(fmt::format("ALTER ROLE {} CONNECTION LIMIT -1", kOwner));
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  ExpectFinalized(*session_, target);
  ExpectUnharmed(writers, *session_);
}

// The primary is gone for good; its standby has all that was committed, since commits waited for it.
TEST(FailoverTest, TheRunGoesOnWithThePromotedStandby) {
  auto primary = tools::PrivateServer::Start(TestServerOptions());
  ASSERT_TRUE(primary.ok()) << primary.status();
  auto database = std::make_unique<TestDatabase>(**primary);
  auto session = std::make_unique<Session>(*database);
  MakeTable(*session);
  auto standby = tools::PrivateServer::StartStandby(**primary);
  ASSERT_TRUE(standby.ok()) << standby.status();
  session->Exec("ALTER SYSTEM SET synchronous_standby_names = '*'");
  session->Exec("SELECT pg_reload_conf()");
  ASSERT_TRUE(Eventually([&] {
    return session->Scalar<bool>("SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync')");
  }));
  const Keywords both = {{"host", (*primary)->socket_dir() + "," + (*standby)->socket_dir()},
                         {"port", fmt::format("{},{}", (*primary)->port(), (*standby)->port())},
                         {"user", (*primary)->user()},
                         {"dbname", database->name()},
                         {"target_session_attrs", "read-write"}};
  Writers writers([&both] { return std::make_unique<Session>(pg::ConnectOptions{.keywords = both}); }, 2, kRows,
                  WhenLost::kComeBack);
  Halt halt("verify: chunk recorded");
  BackgroundRun run({.keywords = both}, kChange, Options());
  halt.WaitUntilReached(run);
  session.reset();
  ASSERT_TRUE((*primary)->Stop(tools::StopMode::kImmediate).ok());
  halt.Release();
  ASSERT_TRUE(run.WaitForEvent("interrupted"));
  {
    Session promoter({.keywords = {{"host", (*standby)->socket_dir()},
                                   {"port", fmt::format("{}", (*standby)->port())},
                                   {"user", (*standby)->user()},
                                   {"dbname", database->name()}}});
    promoter.Exec("SELECT pg_promote()");
  }
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_GE(report->interruptions, 1);
  Session after({.keywords = both});
  ExpectFinalized(after, {.keywords = both});
  ExpectUnharmed(writers, after);
  // For the old primary's database to be dropped.
  ASSERT_TRUE((*primary)->StartAgain().ok());
  session = std::make_unique<Session>(*database);
  session->Exec("ALTER SYSTEM RESET synchronous_standby_names");
  session->Exec("SELECT pg_reload_conf()");
}

}  // namespace
}  // namespace pgmoult::tests
