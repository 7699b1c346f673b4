#include "pg/connection.h"

#include <chrono>
#include <cstdint>
#include <future>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pg/sql_text.h"
#include "pg/status.h"
#include "pg/task_group.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"
#include "tests/support/server.h"

namespace pgmoult::pg {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using tests::Eventually;
using tests::RunSync;
using tests::Session;
using tests::TestDatabase;
using Clock = std::chrono::steady_clock;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

// Keywords with one of them changed.
ConnectOptions With(ConnectOptions options, std::string name, std::string value) {
  options.keywords.emplace_back(std::move(name), std::move(value));
  return options;
}

Awaitable<absl::Status> ConnectAndClose(ConnectOptions options) {
  co_return (co_await Connection::Connect(std::move(options))).status();
}

absl::Status ConnectStatus(ConnectOptions options) { return RunSync(ConnectAndClose(std::move(options))); }

class ConnectionTest : public ::testing::Test {
 protected:
  Connection& connection() { return session_.connection(); }

  // The session answers, and correctly.
  void ExpectUsable() {
    EXPECT_TRUE(connection().usable());
    EXPECT_FALSE(connection().in_transaction());
    const auto answer = session_.Try("SELECT 42");
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->Text(0, 0), "42");
  }

  void WaitUntilRunning(int backend_pid) {
    EXPECT_TRUE(Eventually([&] { return Runs(backend_pid); })) << "backend " << backend_pid << " runs nothing";
  }
  bool Runs(int backend_pid) {
    const Result active =
        other_.Exec("SELECT 1 FROM pg_stat_activity WHERE pid = $1::int AND state = 'active'", {Param(backend_pid)});
    return active.rows() == 1;
  }

  TestDatabase database_;
  Session session_{database_};
  Session other_{database_};
};

TEST_F(ConnectionTest, SettingsReachTheServerWhateverTheirCharacters) {
  ConnectOptions options = database_.Options();
  options.settings = {{"application_name", R"(two words \ and 'quotes' -c x=y)"},
                      {"search_path", R"("a b", pg_catalog)"},
                      {"lock_timeout", "1234ms"}};
  Session session(options);
  EXPECT_EQ(session.Scalar<std::string>("SHOW application_name"), R"(two words \ and 'quotes' -c x=y)");
  EXPECT_EQ(session.Scalar<std::string>("SHOW search_path"), R"("a b", pg_catalog)");
  session.Exec("SET search_path = public; RESET ALL");
  EXPECT_EQ(session.Scalar<std::string>("SHOW lock_timeout"), "1234ms");
  EXPECT_EQ(session.Scalar<std::string>("SHOW search_path"), R"("a b", pg_catalog)");
  EXPECT_EQ(session.Scalar<std::string>("SHOW client_encoding"), "UTF8");
  EXPECT_EQ(session.Scalar<std::string>("SHOW client_connection_check_interval"), "1s");
  EXPECT_EQ(session.connection().parameter("server_encoding"), "UTF8");
  EXPECT_EQ(session.connection().parameter("no such parameter"), "");
  EXPECT_GE(session.connection().server_version(), 140000);
  EXPECT_EQ(session.backend_pid(), session.Scalar<int32_t>("SELECT pg_backend_pid()"));
}

TEST_F(ConnectionTest, RefusalsCarryTheServersSqlstate) {
  const absl::Status database = ConnectStatus(With(database_.Options(), "dbname", "no such"));
  EXPECT_EQ(SqlState(database), "3D000") << database;
  EXPECT_EQ(Message(database), "cannot connect: database \"no such\" does not exist");
  EXPECT_FALSE(IsConnectionLost(database));

  const absl::Status role = ConnectStatus(With(database_.Options(), "user", "nobody: 12345: "));
  EXPECT_EQ(SqlState(role), "28000") << role;
  EXPECT_EQ(Message(role), "cannot connect: role \"nobody: 12345: \" does not exist");

  ConnectOptions wrong_setting = database_.Options();
  wrong_setting.settings = {{"lock_timeout", "soon"}};
  const absl::Status setting = ConnectStatus(wrong_setting);
  EXPECT_EQ(SqlState(setting), "22023") << setting;
  EXPECT_THAT(Message(setting), HasSubstr("lock_timeout"));
}

TEST_F(ConnectionTest, AMissingServerIsALostConnectionThatNamesTheHost) {
  const absl::Status port = ConnectStatus(With(database_.Options(), "port", "1"));
  EXPECT_TRUE(IsConnectionLost(port)) << port;
  EXPECT_THAT(Message(port), HasSubstr("cannot connect: connection to server on socket"));
  const absl::Status host = ConnectStatus(With(database_.Options(), "host", "no-such-host.invalid"));
  EXPECT_TRUE(IsConnectionLost(host)) << host;
  EXPECT_THAT(Message(host), HasSubstr("no-such-host.invalid"));
  EXPECT_FALSE(ConnectStatus(With(database_.Options(), "no_such_keyword", "1")).ok());
}

// On a server of its own, whose pg_hba.conf it may change.
TEST(ConnectionPasswordTest, AWrongPasswordIsRefusedWithItsSqlstate) {
  auto server = tools::PrivateServer::Start(tests::TestServerOptions());
  ASSERT_TRUE(server.ok()) << server.status();
  const TestDatabase database(**server);
  Session admin(database);
  admin.Exec("CREATE ROLE locked LOGIN PASSWORD 'opens it'");
  admin.Exec(
      fmt::format("COPY (SELECT 'host all locked 127.0.0.1/32 scram-sha-256' UNION ALL SELECT 'local all all trust')"
                  " TO {}",
                  Literal(admin.Scalar<std::string>("SHOW hba_file"))));
  admin.Exec("SELECT pg_reload_conf()");
  const ConnectOptions options = {.keywords = database.TcpKeywords(0, "locked")};
  // The postmaster reads the file in its own time; before that it lets no TCP connection go without `trust`.
  absl::Status status;
  ASSERT_TRUE(Eventually([&] {
    status = ConnectStatus(With(options, "password", "is wrong"));
    return !status.ok();
  }));
  EXPECT_EQ(SqlState(status), "28P01") << status;
  EXPECT_EQ(Message(status), "cannot connect: password authentication failed for user \"locked\"");
  EXPECT_FALSE(IsConnectionLost(status));
  EXPECT_TRUE(ConnectStatus(With(options, "password", "opens it")).ok());
  EXPECT_THAT(Message(ConnectStatus(With(options, "passfile", "/nowhere"))), HasSubstr("no password supplied"));
}

TEST_F(ConnectionTest, ParametersArriveAsTheyWereGiven) {
  const std::string text = "it's \"quoted\" \\ $1 ; -- \xC3\xA4\xE2\x82\xAC\xF0\x9F\x90\x98\n\t";
  const Result result =
      session_.Exec("SELECT $1::text, $2::text, $3::text IS NULL, $4::bool, $5::int8, $6::float8, $7::text",
                    {text, "", std::nullopt, false, INT64_MIN, 0.1, std::optional<std::string>("present")});
  std::string quoted;
  std::string empty;
  std::string present;
  bool is_null = false;
  bool flag = true;
  int64_t whole = 0;
  double fraction = 0;
  const absl::Status read = result.Read(0, quoted, empty, is_null, flag, whole, fraction, present);
  ASSERT_TRUE(read.ok()) << read;
  EXPECT_EQ(quoted, text);
  EXPECT_EQ(empty, "");
  EXPECT_TRUE(is_null);
  EXPECT_FALSE(flag);
  EXPECT_EQ(whole, INT64_MIN);
  EXPECT_EQ(fraction, 0.1);
  EXPECT_EQ(present, "present");
}

TEST_F(ConnectionTest, ArrayParametersArriveAsTheyWereGiven) {
  const std::vector<std::string> elements = {"", "NULL", "a,b", "{}", "\"\\", " blank ", "it's"};
  const Result result = session_.Exec("SELECT $1::text[], cardinality($1::text[])", {ArrayText(elements)});
  std::vector<std::string> back;
  int32_t count = 0;
  ASSERT_TRUE(result.Read(0, back, count).ok());
  EXPECT_EQ(back, elements);
  EXPECT_EQ(count, 7);
}

TEST_F(ConnectionTest, ReadsEveryTypeOfTheTable) {
  const auto number = [this](const char* expression) {
    return session_.Scalar<int64_t>(fmt::format("SELECT {}", expression));
  };
  EXPECT_EQ(number("-5::int2"), -5);
  EXPECT_EQ(number("2147483647::int4"), INT32_MAX);
  EXPECT_EQ(number("9223372036854775807::int8"), INT64_MAX);
  EXPECT_EQ(number("4294967295::oid"), 4294967295);
  EXPECT_EQ(number("'77'::xid"), 77);
  EXPECT_EQ(number("'78'::xid8"), 78);
  EXPECT_EQ(session_.Scalar<int32_t>("SELECT 7::int2"), 7);
  EXPECT_EQ(session_.Scalar<double>("SELECT 1.5::float4"), 1.5);
  EXPECT_EQ(session_.Scalar<double>("SELECT 'Infinity'::float8"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(session_.Scalar<double>("SELECT 0.25::numeric"), 0.25);
  EXPECT_EQ(session_.Scalar<double>("SELECT 3"), 3.0);
  EXPECT_TRUE(session_.Scalar<bool>("SELECT true"));
  EXPECT_EQ(session_.Scalar<std::string>("SELECT '2024-02-29'::date"), "2024-02-29");
  EXPECT_EQ(session_.Scalar<std::optional<int64_t>>("SELECT NULL::int8"), std::nullopt);
  EXPECT_EQ(session_.Scalar<std::optional<int64_t>>("SELECT 1::int8"), 1);
  EXPECT_THAT(session_.Scalar<std::vector<std::string>>("SELECT ARRAY[1, 2]"), ElementsAre("1", "2"));
  EXPECT_THAT(session_.Scalar<std::vector<std::string>>("SELECT '{}'::text[]"), ElementsAre());
}

TEST_F(ConnectionTest, AValueOfAnotherTypeIsAnErrorThatNamesTheColumn) {
  const Result result = session_.Exec(
      "SELECT 1::int8 AS big, NULL::int4 AS absent, 'x' AS word, '{{1}}'::int[] AS deep,"
      " '{NULL}'::int[] AS holes, 40000::int8 AS wide");
  const auto check = [](const absl::Status& status, const char* column) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << status;
    EXPECT_THAT(Message(status), HasSubstr(fmt::format("column \"{}\"", column)));
  };
  check(result.Get<bool>(0, 0).status(), "big");
  check(result.Get<int32_t>(0, 5).status(), "wide");
  check(result.Get<int32_t>(0, 1).status(), "absent");
  check(result.Get<std::string>(0, 1).status(), "absent");
  check(result.Get<std::vector<std::string>>(0, 1).status(), "absent");
  check(result.Get<int64_t>(0, 2).status(), "word");
  check(result.Get<std::optional<double>>(0, 2).status(), "word");
  check(result.Get<std::vector<std::string>>(0, 3).status(), "deep");
  check(result.Get<std::vector<std::string>>(0, 4).status(), "holes");
  check(result.Get<std::vector<std::string>>(0, 2).status(), "word");
  EXPECT_EQ(result.Get<std::optional<int32_t>>(0, 1).value(), std::nullopt);
}

TEST_F(ConnectionTest, AResultOfAnotherShapeIsAnErrorNotACrash) {
  const Result two = session_.Exec("SELECT 1 AS a, 2 AS b");
  int32_t value = 0;
  EXPECT_EQ(two.Read(0, value).code(), absl::StatusCode::kInternal);
  EXPECT_EQ(two.Read(1, value, value).code(), absl::StatusCode::kInternal);
  EXPECT_EQ(two.Scalar<int32_t>().status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(session_.Exec("SELECT 1 WHERE false").Scalar<int32_t>().status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(session_.Exec("VALUES (1), (2)").Scalar<int32_t>().status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(two.column_name(1), "b");
  EXPECT_EQ(two.column_name(2), "");
}

TEST_F(ConnectionTest, AServerErrorCarriesItsFieldsAndLeavesTheSessionUsable) {
  session_.Exec("CREATE TABLE t (a int CONSTRAINT one PRIMARY KEY); INSERT INTO t VALUES (1)");
  const absl::Status status = session_.Try("INSERT INTO t VALUES ($1)", {1}).status();
  const ServerErrorFields fields = ErrorFields(status);
  EXPECT_EQ(fields.sqlstate, "23505");
  EXPECT_EQ(fields.severity, "ERROR");
  EXPECT_EQ(fields.schema, "public");
  EXPECT_EQ(fields.table, "t");
  EXPECT_EQ(fields.constraint, "one");
  EXPECT_THAT(fields.detail, HasSubstr("(a)=(1)"));
  EXPECT_THAT(Describe(status), Not(HasSubstr("(a)=(1)"))) << "row values must not get into messages";
  ExpectUsable();
  EXPECT_EQ(SqlState(session_.Try("SELEC", {}).status()), "42601");
  ExpectUsable();
}

TEST_F(ConnectionTest, PreparedStatementsRunWithNewParameters) {
  ASSERT_TRUE(session_.Run(connection().Prepare("add", "SELECT $1::int + $2::int")).ok());
  for (const int value : {1, 20}) {
    const auto sum = session_.Run(connection().QueryPrepared("add", {value, "2"}));
    ASSERT_TRUE(sum.ok()) << sum.status();
    EXPECT_EQ(sum->Scalar<int32_t>().value(), value + 2);
  }
  EXPECT_EQ(SqlState(session_.Run(connection().QueryPrepared("add", {"x", 2})).status()), "22P02");
  EXPECT_EQ(SqlState(session_.Run(connection().QueryPrepared("none", {})).status()), "26000");
  EXPECT_EQ(SqlState(session_.Run(connection().Prepare("add", "SELECT 1"))), "42P05");
  ExpectUsable();
}

TEST_F(ConnectionTest, AScriptIsOneTransactionAndGivesTheLastResult) {
  EXPECT_EQ(session_.Exec("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)").affected(), 2);
  const auto failed = session_.Try("INSERT INTO t VALUES (3); SELECT 1/0; INSERT INTO t VALUES (4)");
  EXPECT_EQ(SqlState(failed.status()), "22012");
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), 2);
  EXPECT_TRUE(session_.Try("").ok()) << "an empty script does nothing";
  const auto two_at_once = session_.Try("SELECT 1; SELECT 2", {});
  EXPECT_EQ(SqlState(two_at_once.status()), "42601") << "Query() takes one statement";
  ExpectUsable();
}

TEST_F(ConnectionTest, ACopyWithoutItsFunctionIsAnErrorAndEndsTheSession) {
  const auto result = session_.Try("COPY (SELECT 1) TO STDOUT");
  EXPECT_EQ(result.status().code(), absl::StatusCode::kInternal) << result.status();
  EXPECT_FALSE(connection().usable());
  EXPECT_TRUE(IsConnectionLost(session_.Try("SELECT 1").status()));
}

TEST_F(ConnectionTest, PipelineGivesResultsInOrder) {
  std::vector<Statement> statements = {{"CREATE TABLE t (a int)"}};
  for (int value = 0; value < 300; ++value) {
    statements.push_back({"INSERT INTO t VALUES ($1::int)", {value}});
    statements.push_back({"SELECT $1::text, repeat('x', 5000)", {value}});
  }
  const auto results = session_.Run(connection().Pipeline(statements));
  ASSERT_TRUE(results.ok()) << results.status();
  ASSERT_EQ(results->size(), 601U);
  for (int value = 0; value < 300; ++value) {
    EXPECT_EQ((*results)[1 + 2 * value].affected(), 1);
    EXPECT_EQ((*results)[2 + 2 * value].Text(0, 0), fmt::format("{}", value));
  }
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), 300);
  const auto none = session_.Run(connection().Pipeline({}));
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_TRUE(none->empty());
  ExpectUsable();
}

TEST_F(ConnectionTest, APipelineEndsAtItsFirstError) {
  session_.Exec("CREATE TABLE t (a int)");
  const auto failed = session_.Run(connection().Pipeline({{"INSERT INTO t VALUES (1)"},
                                                          {"SELECT 1 / $1::int", {0}},
                                                          {"INSERT INTO no_such_table VALUES (2)"},
                                                          {"INSERT INTO t VALUES (2)"}}));
  EXPECT_EQ(SqlState(failed.status()), "22012") << failed.status();
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), 0) << "it is one implicit transaction";
  ExpectUsable();

  session_.Exec("BEGIN");
  const auto inside = session_.Run(connection().Pipeline({{"INSERT INTO t VALUES (1)"}, {"SELEC"}}));
  EXPECT_EQ(SqlState(inside.status()), "42601");
  EXPECT_TRUE(connection().in_transaction());
  EXPECT_TRUE(session_.Run(connection().Rollback()).ok());
  ExpectUsable();
}

TEST_F(ConnectionTest, NoticesReachTheHandler) {
  std::vector<std::string> notices;
  ConnectOptions options = database_.Options();
  options.on_notice = [&notices](std::string_view severity, std::string_view message) {
    notices.push_back(fmt::format("{}: {}", severity, message));
  };
  Session session(options);
  session.Exec("DO $$BEGIN RAISE NOTICE 'first'; RAISE WARNING 'second'; END$$");
  EXPECT_THAT(notices, ElementsAre("NOTICE: first", "WARNING: second"));
}

TEST_F(ConnectionTest, NotificationsCrossSessions) {
  session_.Exec("LISTEN \"a channel\"");
  // One is here before anybody waits, one comes while somebody does.
  other_.Exec("NOTIFY \"a channel\", 'early'");
  auto late = std::async(std::launch::async, [this] {
    std::vector<std::string> payloads;
    for (int i = 0; i < 2; ++i) {
      const auto heard = session_.Run(connection().WaitNotification(Deadline::After(seconds(20))));
      payloads.push_back(heard.ok() ? heard->channel + "/" + heard->payload : heard.status().ToString());
    }
    return payloads;
  });
  other_.Exec("SELECT pg_notify('a channel', 'late')");
  EXPECT_THAT(late.get(), ElementsAre("a channel/early", "a channel/late"));

  const auto start = Clock::now();
  const auto nothing = session_.Run(connection().WaitNotification(Deadline::After(milliseconds(100))));
  EXPECT_TRUE(absl::IsDeadlineExceeded(nothing.status())) << nothing.status();
  EXPECT_GE(Clock::now() - start, milliseconds(100));
  ExpectUsable();
}

TEST_F(ConnectionTest, ATerminatedIdleSessionIsNoticedAtOnce) {
  auto watch = std::async(std::launch::async, [this] {
    return session_.Run(connection().WaitNotification(Deadline::After(seconds(60)))).status();
  });
  other_.Exec("SELECT pg_terminate_backend($1::int)", {connection().backend_pid()});
  const absl::Status status = watch.get();
  EXPECT_TRUE(IsConnectionLost(status)) << status;
  EXPECT_THAT(Message(status), HasSubstr("terminating connection due to administrator command"));
  EXPECT_FALSE(connection().usable());
  EXPECT_TRUE(IsConnectionLost(session_.Try("SELECT 1").status()));
}

TEST_F(ConnectionTest, ASessionTerminatedWhileUnwatchedIsLostAtItsNextStatement) {
  other_.Exec("SELECT pg_terminate_backend($1::int, 10000)", {connection().backend_pid()});
  const absl::Status status = session_.Try("SELECT 1").status();
  EXPECT_TRUE(IsConnectionLost(status)) << status;
  EXPECT_THAT(Message(status), HasSubstr("terminating connection due to administrator command"));
  EXPECT_FALSE(connection().usable());
}

TEST_F(ConnectionTest, ASessionTerminatedInAStatementSaysWhy) {
  session_.Start("SELECT pg_sleep(60)");
  WaitUntilRunning(connection().backend_pid());
  other_.Exec("SELECT pg_terminate_backend($1::int)", {connection().backend_pid()});
  const absl::Status status = session_.Finish().status();
  EXPECT_EQ(SqlState(status), "57P01") << status;
  EXPECT_TRUE(IsConnectionLost(status));
  EXPECT_FALSE(connection().usable());
  EXPECT_TRUE(session_.Run(connection().Rollback()).ok()) << "the server has rolled back";
}

TEST_F(ConnectionTest, ACancelledStatementLeavesTheSessionUsable) {
  session_.Start("SELECT pg_sleep(60)");
  WaitUntilRunning(connection().backend_pid());
  EXPECT_TRUE(other_.Run(CancelBackend(other_.connection(), connection().backend_pid())).ok());
  const absl::Status status = session_.Finish().status();
  EXPECT_EQ(SqlState(status), "57014") << status;
  EXPECT_FALSE(IsConnectionLost(status));
  ExpectUsable();
}

TEST_F(ConnectionTest, ALateAnswerIsDeadlineExceededAndTheServerEndsTheStatement) {
  auto session = std::make_unique<Session>(database_);
  const int pid = session->backend_pid();
  const auto start = Clock::now();
  const auto late =
      session->Run(session->connection().Query("SELECT pg_sleep(60)", {}, Deadline::After(milliseconds(200))));
  EXPECT_TRUE(absl::IsDeadlineExceeded(late.status())) << late.status();
  EXPECT_GE(Clock::now() - start, milliseconds(200));
  EXPECT_FALSE(session->connection().usable());
  session.reset();
  EXPECT_TRUE(Eventually([&] { return !Runs(pid); }, seconds(10)));
}

TEST_F(ConnectionTest, AnExpiredDeadlineSendsNothing) {
  session_.Exec("CREATE TABLE t (a int)");
  const auto late = session_.Run(connection().Query("INSERT INTO t VALUES (1)", {}, Deadline::After(seconds(-1))));
  EXPECT_TRUE(absl::IsDeadlineExceeded(late.status())) << late.status();
  ExpectUsable();
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), 0);
}

Awaitable<absl::Status> SleepInTheServer(ConnectOptions options, int& pid, bool& usable) {
  CO_ASSIGN_OR_RETURN(const auto connection, co_await Connection::Connect(std::move(options)));
  pid = connection->backend_pid();
  const absl::Status status = (co_await connection->Query("SELECT pg_sleep(60)")).status();
  usable = connection->usable();
  co_return status;
}

Awaitable<absl::Status> CancelWhenRunning(TaskGroup& group, ConnectOptions options, const int& pid) {
  CO_ASSIGN_OR_RETURN(const auto watcher, co_await Connection::Connect(std::move(options)));
  const Deadline deadline = Deadline::After(seconds(20));
  for (bool runs = false; !runs && !deadline.Expired();) {
    CO_ASSIGN_OR_RETURN(const Result active,
                        co_await watcher->Query("SELECT FROM pg_stat_activity WHERE pid = $1::int AND state = 'active'"
                                                " AND query LIKE '%pg_sleep%'",
                                                {pid}));
    runs = active.rows() == 1;
    CO_RETURN_IF_ERROR(co_await SleepFor(milliseconds(5)));
  }
  group.Cancel();
  co_return absl::OkStatus();
}

Awaitable<absl::Status> SleepAndCancel(ConnectOptions options, int& pid, bool& usable, absl::Status& sleeper) {
  TaskGroup group(co_await boost::asio::this_coro::executor);
  const auto record = [](Awaitable<absl::Status> task, absl::Status& into) -> Awaitable<absl::Status> {
    into = co_await std::move(task);
    co_return into;
  };
  group.Spawn(record(SleepInTheServer(options, pid, usable), sleeper));
  group.Spawn(CancelWhenRunning(group, options, pid));
  co_return co_await group.Join();
}

TEST_F(ConnectionTest, AGroupsCancellationEndsAStatementHereAndInTheServer) {
  int pid = 0;
  bool usable = true;
  absl::Status sleeper;
  const absl::Status joined = RunSync(SleepAndCancel(database_.Options(), pid, usable, sleeper));
  EXPECT_TRUE(joined.ok()) << joined;
  EXPECT_TRUE(absl::IsCancelled(sleeper)) << sleeper;
  EXPECT_EQ(SqlState(sleeper), "");
  EXPECT_FALSE(usable);
  // The session has been destroyed, so the server's look at its client finds nobody.
  EXPECT_TRUE(Eventually([&] { return !Runs(pid); }, seconds(10)));
}

TEST_F(ConnectionTest, ACancelledWatchLeavesTheSessionUsable) {
  session_.Exec("LISTEN a");
  other_.Exec("NOTIFY a");
  const auto body = [](Connection& watched, int& heard) -> Awaitable<absl::Status> {
    TaskGroup group(co_await boost::asio::this_coro::executor);
    Event second_watch;
    const auto watch = [](Connection& idle, int& count, Event& event) -> Awaitable<absl::Status> {
      for (;;) {
        CO_RETURN_IF_ERROR((co_await idle.WaitNotification(Deadline::Never())).status());
        ++count;
        event.Notify();  // who waits for it goes on when this coroutine stands in its next wait
      }
    };
    group.Spawn(watch(watched, heard, second_watch));
    CO_RETURN_IF_ERROR(co_await second_watch.WaitFor(seconds(20)));
    group.Cancel();
    co_return co_await group.Join();
  };
  int heard = 0;
  EXPECT_TRUE(session_.Run(body(connection(), heard)).ok());
  EXPECT_EQ(heard, 1);
  ExpectUsable();
}

Awaitable<absl::Status> InsertThen(Connection& connection, absl::Status end) {
  CO_RETURN_IF_ERROR((co_await connection.Query("INSERT INTO t VALUES (1)")).status());
  co_return end;
}

TEST_F(ConnectionTest, InTransactionCommitsOrRollsBack) {
  session_.Exec("CREATE TABLE t (a int PRIMARY KEY)");
  const auto insert = [this](absl::Status end) {
    return session_.Run(InTransaction(connection(), "BEGIN", InsertThen(connection(), std::move(end))));
  };
  EXPECT_EQ(insert(absl::DataLossError("not wanted")).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(other_.Scalar<int64_t>("SELECT count(*) FROM t"), 0);
  ExpectUsable();
  EXPECT_TRUE(insert(absl::OkStatus()).ok());
  EXPECT_EQ(other_.Scalar<int64_t>("SELECT count(*) FROM t"), 1);
  EXPECT_EQ(SqlState(insert(absl::OkStatus())), "23505");
  ExpectUsable();
  const absl::Status no_begin =
      session_.Run(InTransaction(connection(), "BEGIN NOW", InsertThen(connection(), absl::OkStatus())));
  EXPECT_EQ(SqlState(no_begin), "42601") << "the body must not run without its transaction";
  ExpectUsable();
}

TEST_F(ConnectionTest, CommitOfAFailedTransactionIsAnError) {
  session_.Exec("CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
  session_.Exec("BEGIN");
  session_.Exec("INSERT INTO t VALUES (1)");
  EXPECT_FALSE(session_.Try("SELECT 1/0").ok());
  EXPECT_TRUE(connection().in_transaction());
  const absl::Status failed = session_.Run(connection().Commit());
  EXPECT_EQ(failed.code(), absl::StatusCode::kAborted) << failed;
  EXPECT_FALSE(IsOutcomeUnknown(failed));
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), 0);

  session_.Exec("BEGIN");
  session_.Exec("INSERT INTO t VALUES (1), (1)");
  const absl::Status deferred = session_.Run(connection().Commit());
  EXPECT_EQ(SqlState(deferred), "23505") << deferred;
  EXPECT_FALSE(IsOutcomeUnknown(deferred));
  ExpectUsable();
}

TEST_F(ConnectionTest, SessionsCanBeMadeToWaitForEachOther) {
  session_.Exec("CREATE TABLE t (a int)");
  other_.Exec("BEGIN");
  other_.Exec("LOCK TABLE t");
  session_.Start("INSERT INTO t VALUES (1)");
  session_.WaitUntilBlocked();
  other_.Exec("COMMIT");
  EXPECT_TRUE(session_.Finish().ok());
  other_.Exec("BEGIN");
  other_.Exec("LOCK TABLE t");
  const absl::Status timeout = session_.Try("SET lock_timeout = '10ms'; INSERT INTO t VALUES (1)").status();
  EXPECT_TRUE(IsLockNotAvailable(timeout)) << timeout;
  other_.Exec("COMMIT");
  ExpectUsable();
}

}  // namespace
}  // namespace pgmoult::pg
