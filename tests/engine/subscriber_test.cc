// A subscriber that follows the table by logical replication goes on through the swap: two servers, a real
// subscription.

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/fault/background_run.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"
#include "tests/support/server.h"
#include "tools/private_server.h"

namespace pgmoult::tests {
namespace {

struct Case {
  std::string_view name;
  std::string_view publication;  // what comes after CREATE PUBLICATION news
  std::string_view identity;     // REPLICA IDENTITY
  std::string_view columns;      // that the subscriber gets
  std::string_view rows;         // that it gets
  int from = 14;                 // the first major version that has it
  std::string_view change = "ALTER TABLE t ALTER COLUMN id TYPE bigint";
  std::string_view row = "3000000000, 9999, 'big', 1";  // that only the new shape can hold
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

constexpr Case kCases[] = {
    {"Table", "FOR TABLE t", "DEFAULT", "id, code, v, n", "true"},
    {"ByAnIndex", "FOR TABLE t, other", "USING INDEX t_code", "id, code, v, n", "true"},
    {"WholeRow", "FOR TABLE t", "FULL", "id, code, v, n", "true"},
    {"ColumnsAndRows", "FOR TABLE t (id, code, v) WHERE (id > 20)", "DEFAULT", "id, code, v", "id > 20", 15,
     // PostgreSQL itself lets no column of a filter change its type.
     "ALTER TABLE t ALTER COLUMN n TYPE bigint", "9999, 9999, 'big', 3000000000"},
    {"Schema", "FOR TABLES IN SCHEMA public", "FULL", "id, code, v, n", "true", 15},
};

class SubscriberTest : public ::testing::TestWithParam<Case> {
 protected:
  static void SetUpTestSuite() {
    auto started = tools::PrivateServer::Start(TestServerOptions());
    if (!started.ok()) {
      throw std::runtime_error(std::string(started.status().message()));
    }
    second = *std::move(started);
  }
  static void TearDownTestSuite() { second.reset(); }

  void SetUp() override {
    const Case& one = GetParam();
    session_.Exec(fmt::format(
        "CREATE TABLE t (id int PRIMARY KEY, code int NOT NULL, v text, n int); CREATE UNIQUE INDEX t_code ON t "
        "(code); CREATE TABLE other (id int PRIMARY KEY); ALTER TABLE t REPLICA IDENTITY {}; "
        "INSERT INTO t SELECT g, g, 'row ' || g, g FROM generate_series(1, 100) g; CREATE PUBLICATION news {}",
        one.identity, one.publication));
    // Types of the new shape: it must be able to hold what is written after the swap.
    subscriber_.Exec(
        "CREATE TABLE t (id bigint PRIMARY KEY, code int NOT NULL, v text, n int); "
        "CREATE TABLE other (id int PRIMARY KEY)");
    if (one.identity.starts_with("USING")) {
      subscriber_.Exec("CREATE UNIQUE INDEX t_code ON t (code); ALTER TABLE t REPLICA IDENTITY USING INDEX t_code");
    }
    const tools::PrivateServer& publisher = database_.server();
    subscriber_.Exec(
        fmt::format("CREATE SUBSCRIPTION {0} CONNECTION 'host=127.0.0.1 port={1} user={2} dbname={0}' PUBLICATION news",
                    database_.name(), publisher.port(), publisher.user()));
  }
  void TearDown() override { subscriber_.Exec(fmt::format("DROP SUBSCRIPTION IF EXISTS {}", database_.name())); }

  // The rows that the subscriber should have, or has, as one text.
  static std::string Content(Session& session) {
    return session.Scalar<std::string>(
        fmt::format("SELECT coalesce(string_agg(r::text, E'\\n' ORDER BY r), '') FROM (SELECT {} FROM t WHERE {}) r",
                    GetParam().columns, GetParam().rows));
  }
  bool EqualSoon() {
    return Eventually([this] { return Content(session_) == Content(subscriber_); }, std::chrono::seconds(40));
  }
  // Inserts, updates of every kind and deletes, of rows on both sides of the filter; another part of the table each
  // time.
  void Write(int round) {
    const int first = 10 * round + 1;  // to 100
    session_.Exec(
        fmt::format("INSERT INTO t SELECT g, g, 'new', g FROM generate_series({0} * 1000, {0} * 1000 + 5) g; "
                    "UPDATE t SET v = v || '.', n = -n WHERE id BETWEEN {1} AND {1} + 5 OR id % 20 = {0}; "
                    "UPDATE t SET id = id + 500 WHERE id = {1} + 6; UPDATE t SET code = code + 500 WHERE id = {1} + 7; "
                    "DELETE FROM t WHERE id = {1} + 8",
                    round, first));
  }

  static std::unique_ptr<tools::PrivateServer> second;
  TestDatabase database_;
  TestDatabase other_database_{*second};
  Session session_{database_};
  Session subscriber_{other_database_};
};

std::unique_ptr<tools::PrivateServer> SubscriberTest::second;

INSTANTIATE_TEST_SUITE_P(Publications, SubscriberTest, ::testing::ValuesIn(ForThisServer(kCases)),
                         [](const ::testing::TestParamInfo<Case>& info) { return std::string(info.param.name); });

TEST_P(SubscriberTest, GoesOnThroughTheSwap) {
  Write(1);
  ASSERT_TRUE(EqualSoon()) << "before the run";
  engine::RunOptions options = SmallOptions();
  options.postpone_cutover = true;
  const engine::Target target = TargetOf(database_);
  BackgroundRun run(target, std::string(GetParam().change), options);
  ASSERT_TRUE(run.WaitForWaiting("postponed")) << pg::Describe(run.Finish().status());
  Write(2);
  ASSERT_TRUE(EqualSoon()) << "during the run";
  Write(3);
  ASSERT_TRUE(RunSync(engine::Cutover(target, 1)).ok());
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  Write(4);
  EXPECT_TRUE(EqualSoon()) << "after the swap:\n" << Content(session_) << "\n--\n" << Content(subscriber_);
  EXPECT_EQ(session_.Scalar<std::string>(
                "SELECT string_agg(format('%I.%I', schemaname, tablename), ', ' ORDER BY schemaname, tablename) FROM "
                "pg_publication_tables WHERE tablename = 't' OR schemaname LIKE 'pgmoult%'"),
            "public.t");
  session_.Exec(fmt::format("INSERT INTO t VALUES ({})", GetParam().row));
  EXPECT_TRUE(EqualSoon()) << "a big key";
  const auto finalized = RunSync(engine::Finalize(target, 1));
  ASSERT_TRUE(finalized.ok()) << pg::Describe(finalized.status());
  Write(5);
  EXPECT_TRUE(EqualSoon()) << "after finalize";
  EXPECT_EQ(
      subscriber_.Scalar<std::string>("SELECT string_agg(DISTINCT srsubstate::text, '') FROM pg_subscription_rel"),
      "r");
}

}  // namespace
}  // namespace pgmoult::tests
