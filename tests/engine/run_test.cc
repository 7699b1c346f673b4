#include "engine/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "pg/status.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

class RunTest : public ::testing::Test {
 protected:
  TestDatabase database_;
  Session session_{database_};
};

TEST_F(RunTest, TurnsAnIntKeyIntoBigint) {
  session_.Exec(
      "CREATE TABLE t (id int PRIMARY KEY, v text, n numeric(10,2)); CREATE INDEX t_v ON t (v);"
      "INSERT INTO t SELECT g, 'row ' || g, g / 3.0 FROM generate_series(1, 5000) g");
  const auto report = RunChange(database_, "ALTER TABLE t ALTER COLUMN id TYPE bigint");
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(report->rows_copied, 5000);
  EXPECT_EQ(report->rows_verified, 5000);
  EXPECT_EQ(report->repaired, 0);
  EXPECT_EQ(session_.Scalar<std::string>("SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
                                         "WHERE attrelid = 't'::regclass AND attname = 'id'"),
            "bigint");
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), 5000);
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM pgmoult_1_old.t"), 5000);
  const auto finalized = RunSync(engine::Finalize(TargetOf(database_), report->migration));
  ASSERT_TRUE(finalized.ok()) << pg::Describe(finalized.status());
  ASSERT_TRUE(RunSync(engine::Cleanup(TargetOf(database_))).ok());
  EXPECT_EQ(Leftovers(session_), "");
}

}  // namespace
}  // namespace pgmoult::tests
