#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <thread>

#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/fault/background_run.h"
#include "tests/fault/writers.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

constexpr int64_t kRows = 250'000;
constexpr double kLongestInChunks = 30;  // times what a chunk aims at: slow machines, not long transactions

// A transaction that lives long holds VACUUM back in the whole database. Ours live for a chunk or a round; only index
// builds and ANALYZE have to be as long as they are.
TEST(TransactionAgeTest, NoTransactionOfOursOutlivesAChunk) {
  TestDatabase database;
  Session session(database);
  session.Exec(
      fmt::format("CREATE TABLE t (id int PRIMARY KEY, n bigint NOT NULL, note text); "
                  "INSERT INTO t SELECT g, 0, repeat('x', 100) FROM generate_series(1, {}) g; ANALYZE t",
                  kRows));
  Writers writers(database, 2, 2000);
  engine::RunOptions options;
  options.chunk_ms = 100;
  options.postpone_cutover = true;
  const double longest_seconds = kLongestInChunks * options.chunk_ms / 1000;
  std::map<std::string, double> oldest;  // by purpose
  int64_t samples = 0;
  {
    BackgroundRun run(TargetOf(database), "ALTER TABLE t ALTER COLUMN id TYPE bigint", options);
    bool swaps = false;
    while (!run.ended()) {
      // The load goes on, and so does replay, until it has been seen at work.
      if (!swaps && oldest.contains("replay") && run.SawEvent("stage", "approach")) {
        const auto allowed = RunSync(engine::Cutover(TargetOf(database), 1));
        ASSERT_TRUE(allowed.ok()) << pg::Describe(allowed.status());
        swaps = true;
      }
      const pg::Result found = session.Exec(
          "SELECT split_part(application_name, ' ', 3), extract(epoch FROM clock_timestamp() - xact_start)::float8 "
          "FROM "
          "pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'pgmoult %' AND xact_start IS "
          "NOT NULL");
      for (int row = 0; row < found.rows(); ++row) {
        double& age = oldest[std::string(found.Text(row, 0))];
        age = std::max(age, found.Get<double>(row, 1).value_or(1e9));
        ++samples;
      }
      // The distance of two looks, not a wait for anything.
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    const auto report = run.Finish();
    ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
    EXPECT_GE(report->rows_copied, kRows - 2000);
  }
  EXPECT_GT(samples, 10);
  EXPECT_GT(session.Scalar<int64_t>("SELECT count(*) FROM pgmoult.chunk"), 15) << "too few chunks to tell anything";
  for (const std::string seen : {"copy", "replay", "verify"}) {
    EXPECT_TRUE(oldest.contains(seen)) << "no look found a transaction of " << seen;
  }
  for (const auto& [purpose, age] : oldest) {
    if (purpose != "index" && purpose != "analyze") {
      EXPECT_LT(age, longest_seconds) << purpose;
    }
  }
  writers.Stop();
  EXPECT_EQ(writers.errors(), "");
}

}  // namespace
}  // namespace pgmoult::tests
