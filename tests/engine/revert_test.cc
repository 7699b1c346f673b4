// The swap undone: what was written since is in the old table, and what cannot go back stops the revert by name.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/engine/swap_fixture.h"
#include "tests/fault/background_run.h"
#include "tests/fault/halt.h"
#include "tests/fault/writers.h"
#include "tests/support/change.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"
#include "tests/support/tcp_proxy.h"

namespace pgmoult::tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class RevertTest : public SwapFixture {
 protected:
  void Swap(const std::string& statement, const engine::RunOptions& options = SmallOptions()) {
    const auto report = RunChange(target(), statement, options);
    ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  }
  absl::StatusOr<engine::RunReport> Revert(engine::Observer observer = {}) {
    engine::StopRequest stop;
    return RunSync(engine::RevertMigration(target(), 1, std::move(observer), stop));
  }
  void RevertWell() {
    const auto report = Revert();
    ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
    EXPECT_EQ(report->repaired, 0);
  }
  std::string Row(int id) {
    return session_.Scalar<std::string>(fmt::format("SELECT coalesce((SELECT t::text FROM t WHERE id = {}), '-')", id));
  }
  std::string ColumnNames() {
    return session_.Scalar<std::string>(
        "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > "
        "0 AND NOT attisdropped");
  }
  static void AwaitWrites(const Writers& writers) {
    const int64_t before = writers.statements();
    ASSERT_TRUE(Eventually([&] { return writers.statements() > before + 200 || !writers.errors().empty(); }));
  }
  int64_t Count() { return session_.Scalar<int64_t>("SELECT count(*) FROM t"); }
  void ExpectAllGone() {
    const auto finalized = RunSync(engine::Finalize(target(), 1));
    ASSERT_TRUE(finalized.ok()) << pg::Describe(finalized.status());
    ExpectNothingLeft(session_, target());
  }
};

TEST_F(RevertTest, WritesSinceTheSwapAreInTheOldTable) {
  Swap(kChange);
  session_.Exec(
      "INSERT INTO t VALUES (2001, 7); UPDATE t SET n = 8 WHERE id = 1; DELETE FROM t WHERE id = 2; UPDATE t "
      "SET id = 2002 WHERE id = 3");
  RevertWell();
  EXPECT_EQ(KeyType(), "integer");
  EXPECT_EQ(Row(2001), "(2001,7)");
  EXPECT_EQ(Row(1), "(1,8)");
  EXPECT_EQ(Row(2), "-");
  EXPECT_EQ(Row(3), "-");
  EXPECT_EQ(Row(2002), "(2002,0)");
  EXPECT_EQ(Count(), 1000);
  ExpectAllGone();
}

TEST_F(RevertTest, ARevertCanBeRevertedAsOftenAsAnybodyLikes) {
  Swap(kChange);
  for (int i = 0; i < 4; ++i) {
    session_.Exec(fmt::format("INSERT INTO t VALUES ({}, 1); UPDATE t SET n = n + 1 WHERE id <= 10", 5000 + i));
    RevertWell();
    EXPECT_EQ(KeyType(), i % 2 == 0 ? "integer" : "bigint");
  }
  EXPECT_EQ(Row(10), "(10,4)");
  EXPECT_EQ(Count(), 1004);
  ExpectAllGone();
}

TEST_F(RevertTest, NothingIsLostUnderWriters) {
  Writers writers(database_, /*count=*/4, /*rows=*/1000);
  Swap(kChange);
  AwaitWrites(writers);
  RevertWell();
  AwaitWrites(writers);
  RevertWell();
  AwaitWrites(writers);
  RevertWell();
  AwaitWrites(writers);
  ExpectUnharmed(writers, session_);
  EXPECT_EQ(KeyType(), "integer");
  ExpectAllGone();
}

TEST_F(RevertTest, ADroppedColumnKeepsItsValuesAndGivesNewRowsItsDefault) {
  session_.Exec(
      "ALTER TABLE t ADD COLUMN note text DEFAULT 'new', ADD COLUMN u int UNIQUE; UPDATE t SET note = 'note ' || id, u "
      "= id");
  Swap("ALTER TABLE t DROP COLUMN note");
  // A unique value goes from one row to another, which only works where the old rows go first.
  session_.Exec(
      "UPDATE t SET n = 5 WHERE id = 1; INSERT INTO t VALUES (2001, 6, 2001); DELETE FROM t WHERE id = 3; UPDATE t SET "
      "u = NULL WHERE id IN (10, 11); UPDATE t SET u = 21 - id WHERE id IN (10, 11)");
  RevertWell();
  EXPECT_EQ(Row(1), "(1,5,\"note 1\",1)");
  EXPECT_EQ(Row(2), "(2,0,\"note 2\",2)");
  EXPECT_EQ(Row(3), "-");
  EXPECT_EQ(Row(10), "(10,0,\"note 10\",11)");
  EXPECT_EQ(Row(11), "(11,0,\"note 11\",10)");
  EXPECT_EQ(Row(2001), "(2001,6,new,2001)");
  ExpectAllGone();
}

TEST_F(RevertTest, NamesAndTypesComeBack) {
  session_.Exec(
      "ALTER TABLE t ADD COLUMN m bigint; CREATE VIEW v AS SELECT id, n FROM t; CREATE TABLE child (t int REFERENCES "
      "t, k int); INSERT INTO child VALUES (5, 5)");
  Swap(
      "ALTER TABLE t RENAME COLUMN n TO total; ALTER TABLE t ALTER COLUMN m TYPE numeric(20, 2), ADD COLUMN extra int "
      "DEFAULT 3 NOT NULL");
  session_.Exec("INSERT INTO t VALUES (2001, 7, 8, 9)");
  EXPECT_EQ(ColumnNames(), "id total m extra");
  RevertWell();
  EXPECT_EQ(ColumnNames(), "id n m");
  EXPECT_EQ(Row(2001), "(2001,7,8)");
  EXPECT_THAT(session_.Scalar<std::string>("SELECT pg_get_viewdef('v'::regclass)"), Not(HasSubstr("total")));
  EXPECT_EQ(pg::SqlState(session_.Try("INSERT INTO child VALUES (77777, 1)").status()), "23503");
  ExpectAllGone();
}

TEST_F(RevertTest, WhatTheChangeRoundedIsAsItWasUnlessSomebodyChangedIt) {
  session_.Exec("ALTER TABLE t ADD COLUMN a numeric(10, 4) DEFAULT 1.2345, ADD COLUMN j jsonb DEFAULT '{\"k\": 1}'");
  Swap(
      "ALTER TABLE t ALTER COLUMN a TYPE numeric(10, 2), ALTER COLUMN j DROP DEFAULT, ALTER COLUMN j TYPE text USING j "
      "->> 'k'");
  EXPECT_EQ(Row(1), "(1,0,1.23,1)");
  session_.Exec(
      "UPDATE t SET n = 1 WHERE id = 1; UPDATE t SET a = 9.99 WHERE id = 2; UPDATE t SET j = '[2]' WHERE id = 3");
  RevertWell();
  EXPECT_EQ(Row(1), "(1,1,1.2345,\"{\"\"k\"\": 1}\")");
  EXPECT_EQ(Row(2), "(2,0,9.9900,\"{\"\"k\"\": 1}\")");
  EXPECT_EQ(Row(3), "(3,0,1.2345,[2])");
  EXPECT_EQ(Row(4), "(4,0,1.2345,\"{\"\"k\"\": 1}\")");
  ExpectAllGone();
}

TEST_F(RevertTest, APartitionFollowsWritesByWayOfTheWhole) {
  session_.Exec(
      "DROP TABLE t; CREATE TABLE whole (id int, n bigint NOT NULL) PARTITION BY RANGE (id); CREATE TABLE t PARTITION "
      "OF "
      "whole (PRIMARY KEY (id)) FOR VALUES FROM (0) TO (10000); CREATE TABLE rest PARTITION OF whole DEFAULT; INSERT "
      "INTO "
      "whole SELECT g, 0 FROM generate_series(1, 1000) g");
  Swap("ALTER TABLE t ADD CONSTRAINT small CHECK (n < 1000)");
  session_.Exec(
      "INSERT INTO whole VALUES (2001, 7); UPDATE whole SET n = 8 WHERE id = 1; UPDATE whole SET id = 20000 WHERE id = "
      "2; "
      "DELETE FROM t WHERE id = 3");
  RevertWell();
  EXPECT_EQ(Row(2001), "(2001,7)");
  EXPECT_EQ(Row(1), "(1,8)");
  EXPECT_EQ(Count(), 999);
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM whole"), 1000);
  session_.Exec("INSERT INTO whole VALUES (2002, 5000)");
  ExpectAllGone();
}

TEST_F(RevertTest, AValueThatDoesNotFitStopsItInWhateverStageItComes) {
  Swap(kChange);
  for (const char* point : {"verify: all compared", "approach: checked", "cutover: old schema made"}) {
    SCOPED_TRACE(point);
    Halt halt(point);
    const auto run = BackgroundRun::Revert(target(), 1);
    halt.WaitUntilReached(*run);
    session_.Exec("INSERT INTO t VALUES (3000000000, 1)");
    halt.Release();
    const auto stopped = run->Finish();
    ASSERT_FALSE(stopped.ok());
    EXPECT_THAT(pg::Describe(stopped.status()), HasSubstr("3000000000"));
    EXPECT_EQ(KeyType(), "bigint");
    session_.Exec("DELETE FROM t WHERE id = 3000000000");
  }
  RevertWell();
  EXPECT_EQ(Count(), 1000);
  ExpectAllGone();
}

TEST_F(RevertTest, ATruncateSinceTheSwapIsFollowed) {
  Swap(kChange);
  session_.Exec("TRUNCATE t; INSERT INTO t SELECT g, g FROM generate_series(1, 300) g");
  RevertWell();
  EXPECT_EQ(KeyType(), "integer");
  EXPECT_EQ(Count(), 300);
  EXPECT_EQ(Row(7), "(7,7)");
  ExpectAllGone();
}

TEST_F(RevertTest, AValueThatDoesNotFitStopsItAndIsNamed) {
  Swap(kChange);
  session_.Exec("INSERT INTO t VALUES (3000000000, 1), (2001, 2)");
  const auto stopped = Revert();
  ASSERT_FALSE(stopped.ok());
  EXPECT_THAT(pg::Describe(stopped.status()), HasSubstr("3000000000"));
  EXPECT_EQ(KeyType(), "bigint");
  // The new table goes on, and so does its log; the row can go, and the revert with it.
  session_.Exec("DELETE FROM t WHERE id = 3000000000; INSERT INTO t VALUES (2002, 3)");
  RevertWell();
  EXPECT_EQ(KeyType(), "integer");
  EXPECT_EQ(Row(2001), "(2001,2)");
  EXPECT_EQ(Row(2002), "(2002,3)");
  ExpectAllGone();
}

TEST_F(RevertTest, ItCanBeCalledOffAndBegunAnew) {
  session_.Exec(
      "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER a BEFORE INSERT "
      "ON t FOR EACH ROW EXECUTE FUNCTION f()");
  Swap(kChange);
  session_.Exec("INSERT INTO t VALUES (3000000000, 1)");
  ASSERT_FALSE(Revert().ok());
  const auto off = RunSync(engine::Abort(target(), 1));
  ASSERT_TRUE(off.ok()) << pg::Describe(off.status());
  EXPECT_THAT(*off, HasSubstr("the revert is called off"));
  EXPECT_EQ(KeyType(), "bigint");
  EXPECT_TRUE(session_.Scalar<bool>(
      "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'pgmoult_1_old.t'::regclass AND tgname = 'a')"));
  session_.Exec("DELETE FROM t WHERE id = 3000000000; INSERT INTO t VALUES (2001, 1)");
  RevertWell();
  EXPECT_EQ(Row(2001), "(2001,1)");
  EXPECT_TRUE(
      session_.Scalar<bool>("SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 't'::regclass AND tgname = 'a')"));
  ExpectAllGone();
}

TEST_F(RevertTest, AFaultInItsFirstStageDoesNotCallItOff) {
  Swap(kChange);
  Halt halt("prepare: shadow made");
  const auto revert = BackgroundRun::Revert(target(), 1);
  halt.WaitUntilReached(*revert);
  EndOurSessions(session_);
  halt.Release();
  const auto report = revert->Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_TRUE(report->reverted);
  EXPECT_EQ(report->interruptions, 1);
  EXPECT_EQ(KeyType(), "integer");
  ExpectAllGone();
}

// Somebody else decides while the run cannot connect.
TEST_F(RevertTest, WhoWaitsToComeBackLearnsThatItWasCalledOff) {
  Swap(kChange);
  TcpProxy proxy(database_.server().port());
  Halt halt("replay: round committed");
  const auto revert = BackgroundRun::Revert({.keywords = database_.TcpKeywords(proxy.port())}, 1);
  halt.WaitUntilReached(*revert);
  proxy.Refuse();
  proxy.CutAll();
  halt.Release();
  ASSERT_TRUE(revert->WaitForEvent("interrupted"));
  const auto aborted = RunSync(engine::Abort(target(), 1));
  ASSERT_TRUE(aborted.ok()) << pg::Describe(aborted.status());
  proxy.Pass();
  const auto report = revert->Finish();
  EXPECT_EQ(engine::EndKindOf(report.status()), engine::EndKind::kAborted) << pg::Describe(report.status());
  EXPECT_EQ(KeyType(), "bigint");
  ExpectAllGone();
}

TEST_F(RevertTest, WhatWasChangedSinceTheSwapIsNamed) {
  Swap(kChange);
  session_.Exec("ALTER TABLE t ADD COLUMN late int");
  const auto refused = Revert();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(engine::EndKindOf(refused.status()), engine::EndKind::kRefused);
  EXPECT_THAT(pg::Describe(refused.status()), AllOf(HasSubstr("since the swap"), HasSubstr("late")));
  EXPECT_EQ(KeyType(), "bigint");
  session_.Exec("ALTER TABLE t DROP COLUMN late");
  RevertWell();
  ExpectAllGone();
}

TEST_F(RevertTest, WhatIsFinalizedOrNotSwappedIsRefused) {
  engine::RunOptions options = SmallOptions();
  options.postpone_cutover = true;
  BackgroundRun run(target(), kChange, options);
  ASSERT_TRUE(Eventually([&run] { return run.progress().stage == engine::Stage::kApproach; }));
  EXPECT_THAT(pg::Describe(Revert().status()), HasSubstr("has not been swapped"));
  AllowCutover();
  ASSERT_TRUE(run.Finish().ok());
  ASSERT_TRUE(RunSync(engine::Finalize(target(), 1)).ok());
  EXPECT_THAT(pg::Describe(Revert().status()), HasSubstr("finalized"));
}

TEST_F(RevertTest, ThePlanSaysWhatItWouldLose) {
  session_.Exec("ALTER TABLE t ADD COLUMN note text");
  const auto plan =
      PlanChange(database_, "ALTER TABLE t ALTER COLUMN id TYPE bigint, DROP COLUMN note, ADD COLUMN extra int");
  ASSERT_TRUE(plan.ok()) << pg::Describe(plan.status());
  std::string said;
  for (const engine::Finding& finding : plan->findings) {
    said += finding.code == "revert" ? finding.message : "";
  }
  EXPECT_THAT(said, AllOf(HasSubstr("column id: bigint to integer"), HasSubstr("column note: rows that are there keep"),
                          HasSubstr("column extra: what is in it is lost")));
}

TEST_F(RevertTest, WhoWantsNonePaysNothingForIt) {
  engine::RunOptions options = SmallOptions();
  options.no_revert = true;
  Swap(kChange, options);
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM pg_trigger WHERE tgrelid = 't'::regclass"), 0);
  EXPECT_THAT(pg::Describe(Revert().status()), HasSubstr("--no-revert"));
  ExpectAllGone();
}

TEST_F(RevertTest, AChangeThatHasNoWayBackIsSaidAndRefused) {
  session_.Exec("ALTER TABLE t ADD COLUMN u int UNIQUE; UPDATE t SET u = id; ALTER TABLE t ALTER u SET NOT NULL");
  Swap(
      "ALTER TABLE t DROP CONSTRAINT t_pkey, DROP CONSTRAINT t_u_key, ADD COLUMN k bigint GENERATED ALWAYS AS IDENTITY "
      "PRIMARY KEY");
  const auto refused = Revert();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(engine::EndKindOf(refused.status()), engine::EndKind::kRefused);
  EXPECT_THAT(pg::Describe(refused.status()), HasSubstr("cannot be reverted"));
  ExpectAllGone();
}

}  // namespace
}  // namespace pgmoult::tests
