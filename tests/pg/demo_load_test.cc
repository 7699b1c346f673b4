#include "tools/demo_load.h"

#include <chrono>
#include <string>

#include "gtest/gtest.h"
#include "pg/status.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"

namespace pgmoult::tools {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using tests::Eventually;
using tests::Session;
using tests::TestDatabase;

constexpr int64_t kRows = 2000;

class DemoLoadTest : public testing::Test {
 protected:
  DemoLoadTest() {
    const absl::Status created = session_.Run(CreateShop(session_.connection(), kRows));
    EXPECT_TRUE(created.ok()) << pg::Describe(created);
  }

  LoadOptions Options() const {
    return {.keywords = database_.ConnectKeywords(), .rows = kRows, .clients = 4, .rate_per_client = 500, .seed = 3};
  }

  // Lets the clients work until they have finished so many transactions.
  LoadReport RunLoad(int64_t transactions) {
    ApplicationLoad load(Options());
    const absl::Status started = load.Start();
    EXPECT_TRUE(started.ok()) << pg::Describe(started);
    EXPECT_TRUE(Eventually([&] { return load.finished() >= transactions; }, seconds(60)));
    return load.Stop();
  }

  LedgerCheck Check() {
    auto check = session_.Run(CheckLedger(session_.connection(), kRows));
    EXPECT_TRUE(check.ok()) << pg::Describe(check.status());
    return check.ok() ? *check : LedgerCheck{.missing = -1};
  }

  TestDatabase database_;
  Session session_{database_};
};

TEST_F(DemoLoadTest, AnEmptyLedgerEqualsTheTableAtTheStart) {
  const LedgerCheck check = Check();
  EXPECT_TRUE(check.Equal());
  EXPECT_EQ(check.rows, kRows);
  EXPECT_EQ(check.entries, 0);
}

TEST_F(DemoLoadTest, TheLedgerEqualsTheTableAfterTheLoad) {
  const LoadReport report = RunLoad(1500);
  EXPECT_EQ(report.errors, 0) << (report.first_errors.empty() ? "" : report.first_errors.front());
  EXPECT_GE(report.Transactions(), 1500);
  const LedgerCheck check = Check();
  EXPECT_TRUE(check.Equal()) << check.missing << " missing, " << check.extra << " extra, " << check.diverged
                             << " diverged, " << check.forked << " forked, sums off by " << check.rows_off << " and "
                             << check.amount_off;
  EXPECT_GT(check.entries, 1000);
  // All kinds of work have been done: orders came, went, and handed on their references.
  EXPECT_GT(session_.Scalar<int64_t>("SELECT max(id) FROM shop.orders"), kRows);
  EXPECT_LT(session_.Scalar<int64_t>("SELECT count(*) FROM shop.orders WHERE id <= 2000"), kRows);
  EXPECT_GT(session_.Scalar<int64_t>("SELECT count(*) FROM shop.orders WHERE reference <= 2000 AND reference <> id"),
            0);
}

// Whatever happens behind the ledger's back must be seen, or the check proves nothing.
TEST_F(DemoLoadTest, SeesARowThatIsGone) {
  RunLoad(200);
  session_.Exec("DELETE FROM shop.orders WHERE id = (SELECT min(id) FROM shop.orders WHERE version = 0)");
  const LedgerCheck check = Check();
  EXPECT_FALSE(check.Equal());
  EXPECT_EQ(check.missing, 1);
  EXPECT_EQ(check.rows_off, -1);
}

TEST_F(DemoLoadTest, SeesALostInsert) {
  RunLoad(200);
  session_.Exec("DELETE FROM shop.orders WHERE id = (SELECT max(id) FROM shop.orders)");
  EXPECT_EQ(Check().missing, 1);
}

TEST_F(DemoLoadTest, SeesARowThatCameBack) {
  RunLoad(300);
  session_.Exec(
      "INSERT INTO shop.orders SELECT l.order_id, 1, 'open', 0, -1, l.version, NULL, now() FROM shop.ledger l "
      "WHERE l.delta_count = -1 LIMIT 1");
  const LedgerCheck check = Check();
  EXPECT_FALSE(check.Equal());
  EXPECT_EQ(check.extra, 1);
  EXPECT_EQ(check.rows_off, 1);
}

TEST_F(DemoLoadTest, SeesAnotherAmountOfARowThatWasChangedAndOfOneThatWasNot) {
  RunLoad(200);
  session_.Exec("UPDATE shop.orders SET amount = amount + 1 WHERE id = (SELECT max(id) FROM shop.orders)");
  EXPECT_EQ(Check().diverged, 1);
  session_.Exec(
      "UPDATE shop.orders SET amount = amount + 0.01 WHERE id = (SELECT min(id) FROM shop.orders WHERE version = 0)");
  const LedgerCheck check = Check();
  EXPECT_FALSE(check.Equal());
  EXPECT_EQ(check.diverged, 2);
  EXPECT_EQ(check.rows_off, 0);
  EXPECT_EQ(check.amount_off, "1.01");
}

TEST_F(DemoLoadTest, SeesANoteThatWasLost) {
  session_.Exec("UPDATE shop.orders SET note = NULL WHERE id = 1");
  const LedgerCheck check = Check();
  EXPECT_FALSE(check.Equal());
  EXPECT_EQ(check.diverged, 1);
}

// An old version came back and the application went on from there: the last state agrees, the history does not.
TEST_F(DemoLoadTest, SeesAnUpdateThatWasLostOnTheWay) {
  RunLoad(200);
  session_.Exec(
      "INSERT INTO shop.ledger SELECT order_id, version, delta_count, 0, row_hash FROM shop.ledger "
      "WHERE row_hash IS NOT NULL LIMIT 1");
  const LedgerCheck check = Check();
  EXPECT_FALSE(check.Equal());
  EXPECT_EQ(check.forked, 1);
}

TEST_F(DemoLoadTest, AStallIsSeenByClientsAndIsNoError) {
  ApplicationLoad load(Options());
  ASSERT_TRUE(load.Start().ok());
  ASSERT_TRUE(Eventually([&] { return load.finished() >= 100; }));
  load.Enter(LoadPhase::kDuring);
  const auto from = LoadRecorder::TimePoint::clock::now();
  session_.Exec("BEGIN; LOCK TABLE shop.orders; SELECT pg_sleep(0.4); COMMIT");
  load.MarkSwap(from, LoadRecorder::TimePoint::clock::now() + milliseconds(100));
  load.Enter(LoadPhase::kAfter);
  const int64_t finished = load.finished();
  ASSERT_TRUE(Eventually([&] { return load.finished() >= finished + 100; }));
  const LoadReport report = load.Stop();
  EXPECT_EQ(report.errors, 0);
  ASSERT_TRUE(report.swap.has_value());
  EXPECT_GE(report.swap->longest_stall, milliseconds(390));
  EXPECT_GE(report.swap->latency.max(), milliseconds(300));
  EXPECT_TRUE(Check().Equal());
}

TEST_F(DemoLoadTest, ErrorsAreCountedAndTheClientsGoOn) {
  ApplicationLoad load(Options());
  ASSERT_TRUE(load.Start().ok());
  ASSERT_TRUE(Eventually([&] { return load.finished() >= 50; }));
  session_.Exec(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
      "WHERE application_name = 'shop client 1' AND datname = current_database()");
  const auto rolled_back =
      session_.Scalar<int64_t>("SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()");
  session_.Exec("ALTER TABLE shop.orders RENAME TO gone");
  // The server counts a client's failed transactions, at the latest when its session has been idle for a second.
  EXPECT_TRUE(Eventually([&] {
    return session_.Scalar<int64_t>("SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()") >
           rolled_back;
  }));
  session_.Exec("ALTER TABLE shop.gone RENAME TO orders");
  const int64_t finished = load.finished();
  ASSERT_TRUE(Eventually([&] { return load.finished() >= finished + 100; }));
  const LoadReport report = load.Stop();
  EXPECT_GT(report.errors, 1);
  EXPECT_FALSE(report.first_errors.empty());
  EXPECT_LE(report.first_errors.size(), 10U);
  EXPECT_TRUE(Check().Equal()) << "what failed is neither in the table nor in the ledger";
}

TEST_F(DemoLoadTest, CanBeAbandonedAtAnyMoment) {
  {
    ApplicationLoad never_started(Options());
  }
  {
    ApplicationLoad load(Options());
    ASSERT_TRUE(load.Start().ok());
    session_.Exec("BEGIN; LOCK TABLE shop.orders");
    EXPECT_TRUE(Eventually([&] {
      return session_.Scalar<int64_t>("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'") > 0;
    }));
  }
  session_.Exec("ROLLBACK");
}

TEST_F(DemoLoadTest, DoesNotStartWhereItCannotConnect) {
  LoadOptions options = Options();
  options.keywords = database_.ConnectKeywords("nobody_of_this_name");
  ApplicationLoad load(options);
  EXPECT_FALSE(load.Start().ok());
}

}  // namespace
}  // namespace pgmoult::tools
