// What the network and a dying server do to a session.

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pg/connection.h"
#include "pg/status.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"
#include "tests/support/server.h"
#include "tests/support/tcp_proxy.h"

namespace pgmoult::pg {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using tests::Eventually;
using tests::RunSync;
using tests::Session;
using tests::TcpProxy;
using tests::TestDatabase;
using tools::StopMode;
using Clock = std::chrono::steady_clock;

Awaitable<absl::Status> ConnectAndClose(ConnectOptions options) {
  co_return (co_await Connection::Connect(std::move(options))).status();
}

// One session that goes through the proxy, and one that does not.
class ProxyTest : public ::testing::Test {
 protected:
  ProxyTest() { direct_.Exec("CREATE TABLE t (a int)"); }

  ConnectOptions ProxyOptions() { return {.keywords = database_.TcpKeywords(proxy_.port())}; }
  Connection& connection() { return session_.connection(); }
  int64_t Rows() { return direct_.Scalar<int64_t>("SELECT count(*) FROM t"); }
  // The server has noticed that the client is gone.
  bool Gone(int pid) {
    return Eventually(
        [&] { return direct_.Exec("SELECT FROM pg_stat_activity WHERE pid = $1::int", {Param(pid)}).rows() == 0; });
  }

  TestDatabase database_;
  TcpProxy proxy_{database_.server().port()};
  Session session_{ProxyOptions()};
  Session direct_{database_};
};

TEST_F(ProxyTest, PassesEverythingAndDelaysOnRequest) {
  EXPECT_EQ(session_.Scalar<std::string>("SELECT repeat('x', 1000000)"), std::string(1'000'000, 'x'));
  EXPECT_EQ(proxy_.accepted(), 1);
  EXPECT_EQ(proxy_.open(), 1);
  proxy_.Delay(milliseconds(50));
  const auto start = Clock::now();
  session_.Exec("SELECT 1");
  EXPECT_GE(Clock::now() - start, milliseconds(100)) << "once there and once back";
  EXPECT_FALSE(proxy_.fired());
}

TEST_F(ProxyTest, AHalfOpenConnectionIsADeadlineExceeded) {
  proxy_.BlackHole();
  ConnectOptions options = ProxyOptions();
  options.default_timeout = milliseconds(300);
  const absl::Status status = RunSync(ConnectAndClose(options));
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("connecting"));

  proxy_.Pass();
  EXPECT_TRUE(RunSync(ConnectAndClose(ProxyOptions())).ok());
}

// Each on a session of its own, whose default would be longer than any test may take.
TEST_F(ProxyTest, AHalfOpenConnectionEndsEveryOperationByItsDeadline) {
  static constexpr milliseconds kPatience{300};
  const auto source = [] { return absl::StatusOr<std::string>(std::string(65536, 'x') + "\n"); };
  const auto sink = [](std::string_view) { return absl::OkStatus(); };
  using Operation = std::function<absl::Status(Session&, Connection&)>;
  const std::vector<std::pair<std::string, Operation>> operations = {
      {"Query",
       [](Session& session, Connection& on) {
         return session.Run(on.Query("SELECT 1", {}, Deadline::After(kPatience))).status();
       }},
      {"Script",
       [](Session& session, Connection& on) {
         return session.Run(on.Script("SELECT 1; SELECT 2", Deadline::After(kPatience))).status();
       }},
      {"Prepare",
       [](Session& session, Connection& on) {
         return session.Run(on.Prepare("two", "SELECT 2", Deadline::After(kPatience)));
       }},
      {"QueryPrepared",
       [](Session& session, Connection& on) {
         return session.Run(on.QueryPrepared("one", {}, Deadline::After(kPatience))).status();
       }},
      {"Pipeline",
       [](Session& session, Connection& on) {
         return session.Run(on.Pipeline({{"SELECT 1"}, {"SELECT 2"}}, Deadline::After(kPatience))).status();
       }},
      {"CopyIn",
       [&source](Session& session, Connection& on) {
         return session.Run(on.CopyIn("COPY t FROM STDIN", source, Deadline::After(kPatience))).status();
       }},
      {"CopyOut", [&sink](Session& session, Connection& on) {
         return session.Run(on.CopyOut("COPY (SELECT 1) TO STDOUT", sink, Deadline::After(kPatience))).status();
       }}};
  for (const auto& [name, operation] : operations) {
    SCOPED_TRACE(name);
    ConnectOptions options = ProxyOptions();
    options.default_timeout = std::chrono::hours(1);
    Session session(options);
    ASSERT_TRUE(session.Run(session.connection().Prepare("one", "SELECT 1")).ok());
    proxy_.BlackHole();
    const auto start = Clock::now();
    const absl::Status status = operation(session, session.connection());
    EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
    EXPECT_GE(Clock::now() - start, kPatience);
    EXPECT_FALSE(session.connection().usable());
    proxy_.Pass();
  }
}

TEST_F(ProxyTest, AConnectionThatBecomesHalfOpenInCopyOutEndsItByItsDeadline) {
  int64_t bytes = 0;
  const auto sink = [&](std::string_view piece) {
    bytes += static_cast<int64_t>(piece.size());
    if (bytes > 100'000) {
      proxy_.BlackHole();
    }
    return absl::OkStatus();
  };
  const auto rows = session_.Run(
      connection().CopyOut("COPY (SELECT generate_series(1, 100000000)) TO STDOUT", sink, Deadline::After(seconds(2))));
  EXPECT_TRUE(absl::IsDeadlineExceeded(rows.status())) << rows.status();
  EXPECT_GT(bytes, 100'000);
  EXPECT_FALSE(connection().usable());
}

TEST_F(ProxyTest, ACutIdleSessionIsNoticedAtOnce) {
  auto watch = std::async(std::launch::async, [this] {
    return session_.Run(connection().WaitNotification(Deadline::After(seconds(60)))).status();
  });
  const int pid = connection().backend_pid();
  proxy_.CutAll();
  const absl::Status status = watch.get();
  EXPECT_TRUE(IsConnectionLost(status)) << status << " (and not the wait's deadline)";
  EXPECT_FALSE(connection().usable());
  EXPECT_TRUE(Gone(pid));
  EXPECT_EQ(proxy_.open(), 0);
}

TEST_F(ProxyTest, ACutInAStatementIsALostConnection) {
  const int pid = connection().backend_pid();
  session_.Start("SELECT pg_sleep(60)");
  ASSERT_TRUE(Eventually([&] {
    return direct_.Exec("SELECT FROM pg_stat_activity WHERE pid = $1::int AND wait_event = 'PgSleep'", {pid}).rows() ==
           1;
  }));
  proxy_.CutAll();
  const absl::Status status = session_.Finish().status();
  EXPECT_TRUE(IsConnectionLost(status)) << status;
  EXPECT_FALSE(IsOutcomeUnknown(status));
  EXPECT_TRUE(Gone(pid)) << "client_connection_check_interval ends what nobody waits for";
}

TEST_F(ProxyTest, RefusedAndBrokenConnectsAreLostConnections) {
  proxy_.Refuse();
  const absl::Status refused = RunSync(ConnectAndClose(ProxyOptions()));
  EXPECT_TRUE(IsConnectionLost(refused)) << refused;
  // Wherever the conversation breaks off.
  for (const int bytes : {0, 1, 8, 9, 40}) {
    proxy_.CutAfterClientBytes(bytes);
    ConnectOptions options = ProxyOptions();
    options.keywords.emplace_back("sslmode", "disable");
    const absl::Status broken = RunSync(ConnectAndClose(options));
    EXPECT_TRUE(IsConnectionLost(broken)) << bytes << ": " << broken;
    EXPECT_TRUE(proxy_.fired());
  }
}

TEST_F(ProxyTest, ALostAnswerToCommitIsAnUnknownOutcomeAndTheRowIsThere) {
  session_.Exec("BEGIN");
  session_.Exec("INSERT INTO t VALUES (1)");
  proxy_.DropRepliesAfter("COMMIT");
  const absl::Status status = session_.Run(connection().Commit());
  EXPECT_TRUE(IsOutcomeUnknown(status)) << status;
  EXPECT_TRUE(IsConnectionLost(status));
  EXPECT_TRUE(proxy_.fired());
  EXPECT_FALSE(connection().usable());
  EXPECT_EQ(Rows(), 1);
}

TEST_F(ProxyTest, ACutBeforeCommitIsAnUnknownOutcomeAndTheRowIsNotThere) {
  const int pid = connection().backend_pid();
  session_.Exec("BEGIN");
  session_.Exec("INSERT INTO t VALUES (1)");
  proxy_.CutBefore("COMMIT");
  const absl::Status status = session_.Run(connection().Commit());
  EXPECT_TRUE(IsOutcomeUnknown(status)) << status;
  EXPECT_TRUE(proxy_.fired());
  EXPECT_TRUE(Gone(pid));
  EXPECT_EQ(Rows(), 0);
}

TEST_F(ProxyTest, AHalfOpenConnectionAtCommitIsAnUnknownOutcome) {
  ConnectOptions options = ProxyOptions();
  options.default_timeout = seconds(2);
  Session session(options);
  session.Exec("BEGIN");
  session.Exec("INSERT INTO t VALUES (1)");
  proxy_.BlackHole();
  const absl::Status status = session.Run(session.connection().Commit());
  EXPECT_TRUE(IsOutcomeUnknown(status)) << status;
}

TEST_F(ProxyTest, CommitOfASessionLostBeforeIsALossAndNoUnknownOutcome) {
  session_.Exec("BEGIN");
  session_.Exec("INSERT INTO t VALUES (1)");
  proxy_.CutAll();
  EXPECT_TRUE(IsConnectionLost(session_.Try("INSERT INTO t VALUES (2)").status()));
  const absl::Status status = session_.Run(connection().Commit());
  EXPECT_TRUE(IsConnectionLost(status)) << status;
  EXPECT_FALSE(IsOutcomeUnknown(status)) << "nothing was sent";
}

Awaitable<absl::Status> InsertOne(Connection& connection) {
  co_return (co_await connection.Query("INSERT INTO t VALUES (1)")).status();
}

// Makes the n-th request of a transaction fail, n = 1, 2, 3 … until it goes through.
TEST_F(ProxyTest, InTransactionSurvivesALossAtEveryRequest) {
  int failures = 0;
  for (bool clean = false; !clean;) {
    ASSERT_LT(failures, 20);
    Session session(ProxyOptions());
    proxy_.CutBefore("", failures + 1);
    const absl::Status status =
        session.Run(InTransaction(session.connection(), "BEGIN", InsertOne(session.connection())));
    clean = status.ok();
    if (!clean) {
      ++failures;
      EXPECT_TRUE(IsConnectionLost(status)) << status;
      EXPECT_EQ(IsOutcomeUnknown(status), failures == 3) << "only COMMIT has an unknown outcome: " << status;
      EXPECT_EQ(Rows(), 0);
    }
    proxy_.Pass();
  }
  EXPECT_EQ(failures, 3) << "BEGIN, INSERT and COMMIT";
  EXPECT_EQ(Rows(), 1);
}

TEST_F(ProxyTest, ALossInAPipelineIsALostConnection) {
  proxy_.DropRepliesAfter("generate_series");
  const auto results = session_.Run(
      connection().Pipeline({{"INSERT INTO t SELECT generate_series(1, 10)"}, {"SELECT count(*) FROM t"}}));
  EXPECT_TRUE(IsConnectionLost(results.status())) << results.status();
  EXPECT_FALSE(connection().usable());
  EXPECT_EQ(Rows(), 10);
}

TEST_F(ProxyTest, ALossInCopyInLeavesNoRow) {
  const int pid = connection().backend_pid();
  proxy_.CutAfterClientBytes(1'000'000);
  const auto source = [] { return absl::StatusOr<std::string>(std::string("12345678\n12345678\n")); };
  const auto rows = session_.Run(connection().CopyIn("COPY t FROM STDIN", source));
  EXPECT_TRUE(IsConnectionLost(rows.status())) << rows.status();
  EXPECT_TRUE(Gone(pid));
  EXPECT_EQ(Rows(), 0);
}

TEST_F(ProxyTest, ALossInCopyOutIsNoShortTable) {
  int64_t bytes = 0;
  const auto sink = [&](std::string_view piece) {
    bytes += static_cast<int64_t>(piece.size());
    if (bytes > 1'000'000) {
      proxy_.CutAll();
    }
    return absl::OkStatus();
  };
  const auto rows =
      session_.Run(connection().CopyOut("COPY (SELECT i FROM generate_series(1, 5000000) i) TO STDOUT", sink));
  EXPECT_TRUE(IsConnectionLost(rows.status())) << rows.status();
  EXPECT_FALSE(connection().usable());
}

// The server itself ends. Every test leaves it running.
class ServerLossTest : public ::testing::Test {
 protected:
  void TearDown() override {
    if (server().pid() == 0) {
      StartAgain();
    }
  }

  Connection& connection() { return session_.connection(); }
  tools::PrivateServer& server() { return database_.server(); }

  // The dying server may say why (57P01, 57P02), or not have the time to.
  void ExpectLost(const absl::Status& status) {
    EXPECT_TRUE(IsConnectionLost(status)) << status;
    EXPECT_FALSE(connection().usable());
  }
  void StartAgain() {
    const absl::Status status = server().StartAgain();
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_TRUE(RunSync(ConnectAndClose(database_.Options())).ok()) << "a new session is the way on";
  }

  TestDatabase database_;
  Session session_{database_};
};

TEST_F(ServerLossTest, ARestartLosesSessionsAndTakesNewOnes) {
  for (const StopMode mode : {StopMode::kFast, StopMode::kImmediate}) {
    Session session(database_);
    ASSERT_TRUE(server().Stop(mode).ok());
    const absl::Status absent = RunSync(ConnectAndClose(database_.Options()));
    EXPECT_TRUE(IsConnectionLost(absent)) << absent;
    ASSERT_TRUE(server().StartAgain().ok());
    const absl::Status status = session.Try("SELECT 1").status();
    EXPECT_TRUE(IsConnectionLost(status)) << status;
    EXPECT_FALSE(session.connection().usable());
    EXPECT_TRUE(RunSync(ConnectAndClose(database_.Options())).ok());
  }
}

TEST_F(ServerLossTest, AServerThatDiesInAStatementIsALostConnection) {
  for (const StopMode mode : {StopMode::kFast, StopMode::kImmediate}) {
    Session session(database_);
    session.Start("SELECT pg_sleep(60)");
    ASSERT_TRUE(server().Stop(mode).ok());
    const absl::Status status = session.Finish().status();
    EXPECT_TRUE(IsConnectionLost(status)) << status;
    StartAgain();
  }
}

TEST_F(ServerLossTest, AServerThatDiesInCopyOutIsALostConnection) {
  int64_t rows = 0;
  const auto sink = [&](std::string_view) {
    if (++rows == 1000) {
      EXPECT_TRUE(server().Stop(StopMode::kImmediate).ok());
    }
    return absl::OkStatus();
  };
  ExpectLost(
      session_
          .Run(connection().CopyOut("COPY (SELECT repeat('x', 100) FROM generate_series(1, 5000000)) TO STDOUT", sink))
          .status());
  EXPECT_LT(rows, 5'000'000);
  StartAgain();
}

TEST_F(ServerLossTest, AServerThatDiesInCopyInIsALostConnectionHoweverLongTheSource) {
  session_.Exec("CREATE TABLE t (a text)");
  int pieces = 0;
  const auto source = [&]() -> absl::StatusOr<std::string> {
    if (++pieces == 100) {
      EXPECT_TRUE(server().Stop(StopMode::kImmediate).ok());
    }
    return std::string(20'000, 'x') + "\n";
  };
  ExpectLost(session_.Run(connection().CopyIn("COPY t FROM STDIN", source)).status());
  EXPECT_LT(pieces, 10'000);
  StartAgain();
  Session again(database_);
  EXPECT_EQ(again.Scalar<int64_t>("SELECT count(*) FROM t"), 0);
}

TEST_F(ServerLossTest, AServerThatDiesInAPipelineIsALostConnection) {
  auto lost = std::async(std::launch::async, [this] {
    return session_.Run(connection().Pipeline({{"SELECT 1"}, {"SELECT pg_sleep(60)"}, {"SELECT 2"}})).status();
  });
  Session watcher(database_);
  ASSERT_TRUE(Eventually(
      [&] { return watcher.Exec("SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'").rows() == 1; }));
  ASSERT_TRUE(server().Stop(StopMode::kImmediate).ok());
  ExpectLost(lost.get());
  StartAgain();
}

TEST_F(ServerLossTest, AServerThatDiesWhileASessionIdlesIsNoticedAtOnce) {
  auto watch = std::async(std::launch::async, [this] {
    return session_.Run(connection().WaitNotification(Deadline::After(seconds(60)))).status();
  });
  ASSERT_TRUE(server().Stop(StopMode::kImmediate).ok());
  ExpectLost(watch.get());
  StartAgain();
}

}  // namespace
}  // namespace pgmoult::pg
