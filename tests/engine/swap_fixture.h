#pragma once

#include <gtest/gtest.h>

#include <string>

#include "engine/control.h"
#include "engine/run.h"
#include "pg/status.h"
#include "tests/fault/finished.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/run.h"

namespace pgmoult::tests {

// A small table t (id int, n bigint) whose key a run makes a bigint, and one more that stands for the rest of the
// database.
class SwapFixture : public ::testing::Test {
 protected:
  static constexpr char kChange[] = "ALTER TABLE t ALTER COLUMN id TYPE bigint";

  SwapFixture() {
    session_.Exec(
        "CREATE TABLE t (id int PRIMARY KEY, n bigint NOT NULL); CREATE TABLE elsewhere (); "
        "INSERT INTO t SELECT g, 0 FROM generate_series(1, 1000) g; ANALYZE t");
  }

  engine::Target target() const { return TargetOf(database_); }
  void AllowCutover() const {
    const auto allowed = RunSync(engine::Cutover(target(), 1));
    ASSERT_TRUE(allowed.ok()) << pg::Describe(allowed.status());
  }
  std::string KeyType() { return tests::KeyType(session_); }
  // A snapshot of now that holds no lock on t.
  static void TakeSnapshot(Session& session) {
    session.Exec("BEGIN ISOLATION LEVEL REPEATABLE READ");
    session.Exec("SELECT FROM elsewhere");
  }

  TestDatabase database_;
  Session session_{database_};
};

}  // namespace pgmoult::tests
