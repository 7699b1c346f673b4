// Writes that capture could trip over, or that could trip over capture. Every kind of statement by itself is in
// statement_kinds_test.cc.
#include "engine/capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/engine/capture_fixture.h"
#include "tests/fault/background_run.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"
#include "tests/support/server.h"

namespace pgmoult::tests {
namespace {

TEST_F(CaptureTest, TheApplicationWritesOnWhenTheShadowIsGone) {
  session_.Exec(
      "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT g, 'x' FROM generate_series(1, 50) g");
  ASSERT_NO_FATAL_FAILURE(Start(engine::DualWriteMode::kAuto));
  session_.Exec("ALTER TABLE pgmoult_1_new.t RENAME TO somewhere_else");
  EXPECT_TRUE(session_.Try("UPDATE t SET v = 'y' WHERE id = 1").ok());
  EXPECT_TRUE(session_.Try("DELETE FROM t WHERE id = 2").ok());
  EXPECT_TRUE(session_.Try("INSERT INTO t VALUES (60, 'z')").ok());
  // The run cannot go on; the application can.
  ASSERT_FALSE(run_->Finish().ok());
  EXPECT_TRUE(session_.Try("UPDATE t SET v = 'y' WHERE id = 3").ok());
  const auto aborted = RunSync(engine::Abort(target(), 1));
  EXPECT_TRUE(aborted.ok()) << pg::Describe(aborted.status());
  EXPECT_EQ(Leftovers(session_), "");
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), 50);
}

TEST_F(CaptureTest, AKeyOfACaseInsensitiveCollationIsFollowed) {
  session_.Exec(
      "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false); "
      "CREATE TABLE t (id text COLLATE ci PRIMARY KEY, v text); INSERT INTO t SELECT 'k' || g, 'x' FROM "
      "generate_series(1, 50) g");
  ASSERT_NO_FATAL_FAILURE(Start(engine::DualWriteMode::kAuto));
  session_.Exec("UPDATE t SET id = 'K1' WHERE id = 'k1'");
  ExpectInvariant();
  session_.Exec("BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE t SET id = 'K2' WHERE id = 'k2'; COMMIT");
  ExpectInvariant();
  ExpectEqualSoon();
  EXPECT_EQ(Swap().repaired, 0);
  EXPECT_EQ(session_.Scalar<std::string>("SELECT string_agg(id, ' ' ORDER BY id) FROM t WHERE id IN ('k1', 'k2')"),
            "K1 K2");
}

// The login is the table's owner, no superuser; its default privileges take rights away from itself and give them to
// everybody, and row level security is on.
TEST_F(CaptureTest, F1X1AnOwnerWithStrangePrivilegesAndRowSecurityIsServed) {
  login_ = database_.name() + "_owner";
  const std::string app = database_.name() + "_app";
  const std::string other = database_.name() + "_other";
  session_.Exec(fmt::format(
      "CREATE ROLE {0} LOGIN; CREATE ROLE {1} LOGIN BYPASSRLS; CREATE ROLE {3} LOGIN; GRANT CREATE ON DATABASE {2} TO "
      "{0}; "
      "GRANT CREATE ON SCHEMA public TO {0}; ALTER DEFAULT PRIVILEGES FOR ROLE {0} REVOKE ALL ON TABLES FROM {0}; "
      "ALTER DEFAULT PRIVILEGES FOR ROLE {0} GRANT SELECT ON TABLES TO PUBLIC; SET ROLE {0}; "
      "CREATE TABLE t (id int PRIMARY KEY, v text); GRANT ALL ON t TO {0}; "
      "INSERT INTO t SELECT g, 'x' FROM generate_series(1, 50) g; ALTER TABLE t ENABLE ROW LEVEL SECURITY; "
      "GRANT SELECT, INSERT, UPDATE, DELETE ON t TO {1}, {3}; RESET ROLE",
      login_, app, database_.name(), other));
  ASSERT_NO_FATAL_FAILURE(Start(engine::DualWriteMode::kAuto));
  Session application(database_, app);
  Session filtered(database_, other);
  EXPECT_EQ(application.Exec("UPDATE t SET v = 'y' WHERE id < 11").affected(), 10);
  EXPECT_EQ(application.Exec("DELETE FROM t WHERE id IN (21, 22)").affected(), 2);
  EXPECT_EQ(filtered.Exec("UPDATE t SET v = 'z'").affected(), 0);
  EXPECT_EQ(pg::SqlState(application.Try("SELECT FROM pgmoult_1_new.t").status()), "42501");
  ExpectInvariant();
  ExpectEqualSoon();
  // Forced upon the owner, it would hide the rows from our functions, which would take them for deleted.
  ASSERT_NO_FATAL_FAILURE(Pause());
  session_.Exec("ALTER TABLE t FORCE ROW LEVEL SECURITY");
  EXPECT_EQ(application.Exec("UPDATE t SET v = 'forced' WHERE id BETWEEN 30 AND 35").affected(), 6);
  ASSERT_EQ(Differing(/*unlogged=*/true), "");
  session_.Exec("ALTER TABLE t NO FORCE ROW LEVEL SECURITY");
  ASSERT_NO_FATAL_FAILURE(Continue());
  ExpectEqualSoon();
  EXPECT_EQ(Swap().repaired, 0);
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), 48);
  EXPECT_EQ(filtered.Scalar<int64_t>("SELECT count(*) FROM t"), 0) << "row level security was lost";
}

}  // namespace
}  // namespace pgmoult::tests
