// The harness is judged first, without any change under way: what it calls right must be right, and what is wrong it
// must call wrong.

#include "tests/stress/harness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "fmt/format.h"
#include "tests/stress/client.h"
#include "tests/stress/invariant.h"
#include "tests/stress/workload.h"
#include "tests/support/database.h"

namespace pgmoult::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

Shape Small(Shape shape) {
  shape.rows = 300;
  return shape;
}

class StressHarnessTest : public ::testing::Test {
 protected:
  TestDatabase database_;
  Client client_{database_};
};

TEST_F(StressHarnessTest, LedgerEqualsTheTableAfterEveryKindOfWrite) {
  for (const Shape& shape : {Small(IntKey()), Small(CompositeKey()), Small(CaselessKey()), Small(CollatedKey())}) {
    SCOPED_TRACE(shape.create);
    const TestDatabase database;
    Workload workload(database, shape, AllKinds(), NewSeed());
    workload.Start();
    EXPECT_TRUE(workload.AwaitCommits(40));
    workload.Truncate();
    EXPECT_TRUE(workload.AwaitCommits(10));
    workload.Stop();
    EXPECT_THAT(workload.failures(), IsEmpty()) << workload.Summary();
    EXPECT_EQ(workload.DiffWithLedger("t", false), "") << workload.Summary();
    EXPECT_EQ(workload.DiffWithLedger("t", true), "");
  }
}

TEST_F(StressHarnessTest, LedgerEqualsTheTableWithADeferrableConstraint) {
  Workload workload(database_, Small(DeferrableUnique()),
                    EachIsolation({{Step::kUniqueAtOnce, 1}, {Step::kDelete, 1}, {Step::kInsert, 1}}), NewSeed());
  workload.Start();
  EXPECT_TRUE(workload.AwaitCommits(40));
  workload.Stop();
  EXPECT_THAT(workload.failures(), IsEmpty()) << workload.Summary();
  EXPECT_EQ(workload.DiffWithLedger("t", false), "");
}

TEST_F(StressHarnessTest, LedgerNoticesARowThatIsLostChangedOrTooMany) {
  const Workload workload(database_, Small(IntKey()), {}, 1);
  EXPECT_EQ(workload.DiffWithLedger("t", false), "");
  for (const char* tampering : {"DELETE FROM t WHERE id = 30", "UPDATE t SET n = n + 1 WHERE id = 30",
                                "INSERT INTO t (id, v) VALUES (31, 'stranger')", "UPDATE t SET id = 31 WHERE id = 30",
                                "DELETE FROM ledger WHERE k = '30'"}) {
    client_.Must(fmt::format("BEGIN; {}", tampering));
    // Another session does not see it.
    EXPECT_EQ(workload.DiffWithLedger("t", false), "") << tampering;
    client_.Must("COMMIT");
    EXPECT_THAT(workload.DiffWithLedger("t", false), HasSubstr("3")) << tampering;
    client_.Must(
        "TRUNCATE t, ledger; INSERT INTO t (id, v) VALUES (30, 'x'); "
        "INSERT INTO ledger (k, r, rel) VALUES ('30', 'x|0|-', 't'::regclass)");
    EXPECT_EQ(workload.DiffWithLedger("t", false), "");
  }
}

TEST_F(StressHarnessTest, AnErrorThatIsNotTheApplicationsOwnIsAFailure) {
  Workload workload(database_, Small(IntKey()), EachIsolation({{Step::kUpdate, 1}}), NewSeed());
  client_.Must(
      "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = "
      "'40001'; "
      "END $$; CREATE TRIGGER fail AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION fail()");
  workload.Start();
  EXPECT_FALSE(workload.AwaitCommits(1'000'000));
  workload.Stop();
  EXPECT_THAT(workload.failures(), ::testing::Each(::testing::AllOf(HasSubstr("40001"), HasSubstr("rc"))))
      << "a serialization failure is the application's own above READ COMMITTED only";
}

TEST_F(StressHarnessTest, ASerializationFailureOutOfAFunctionOfOursIsAFailure) {
  Workload workload(database_, Small(IntKey()),
                    {{.name = "rr", .isolation = Isolation::kRepeatableRead, .steps = {{Step::kUpdate, 1}}}},
                    NewSeed());
  client_.Must(
      "CREATE SCHEMA pgmoult_1_new; CREATE FUNCTION pgmoult_1_new.capture() RETURNS trigger LANGUAGE plpgsql AS $$ "
      "BEGIN "
      "RAISE EXCEPTION 'could not serialize access due to concurrent update' USING ERRCODE = '40001'; END $$; "
      "CREATE TRIGGER capture AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION pgmoult_1_new.capture()");
  workload.Start();
  EXPECT_FALSE(workload.AwaitCommits(1'000'000));
  workload.Stop();
  EXPECT_THAT(workload.failures(), ::testing::Contains(::testing::AllOf(HasSubstr("40001"), HasSubstr("rr"))));
  EXPECT_EQ(workload.fence_errors(), 0);
}

TEST_F(StressHarnessTest, StepsCountWhenTheyAreCommittedAndHaveChangedARow) {
  Workload workload(database_, Small(IntKey()),
                    {{.name = "rc", .steps = {{Step::kUpdate, 1}, {Step::kUniqueAtOnce, 1}}}}, NewSeed());
  EXPECT_THAT(workload.MissingSteps(), ::testing::ElementsAre("update", "unique at once"));
  client_.Must("DELETE FROM t WHERE id > 0");  // two rows are never there to exchange anything
  workload.Start();
  EXPECT_TRUE(workload.AwaitCommits(30));
  workload.Stop();
  EXPECT_THAT(workload.MissingSteps(), ::testing::Contains("unique at once"));
}

// A migration as it looks in the catalog, made by hand: 100 keys, the first chunk of them copied.
class InvariantTest : public StressHarnessTest {
 protected:
  InvariantTest() {
    client_.Must(
        "CREATE TABLE t (id int PRIMARY KEY, v text, n int, u bigint);"
        "INSERT INTO t SELECT g, 'x', g, g FROM generate_series(1, 100) g;"
        "CREATE SCHEMA pgmoult_1_new;"
        "CREATE TABLE pgmoult_1_new.t (id bigint, v text, n int, u bigint);"
        "CREATE TABLE pgmoult_1_new.pgmoult_change_log (id int);"
        "CREATE SCHEMA pgmoult;"
        "CREATE TABLE pgmoult.migration AS SELECT 1::bigint AS id, 'copy' AS stage, '{90}'::text[] AS copy_end;"
        "CREATE TABLE pgmoult.chunk AS SELECT 1::bigint AS migration, NULL::text[] AS lower_key, '{50}'::text[] AS "
        "upper_key;"
        "INSERT INTO pgmoult_1_new.t SELECT * FROM t WHERE id <= 50;"
        "INSERT INTO pgmoult_1_new.pgmoult_change_log SELECT g FROM generate_series(91, 100) g");
  }

  // Broken keys now.
  std::string Broken(const std::string& change) {
    client_.Must(change);
    return *client_.Must(InvariantSql(IntKey(), 1)).rows.at(0).at(2);
  }
};

TEST_F(InvariantTest, DuringTheCopyCopiedKeysAndThoseBeyondTheEndCount) {
  EXPECT_EQ(Broken(""), "0");
  EXPECT_EQ(Broken("UPDATE t SET v = 'y' WHERE id IN (50, 51)"), "1");
  EXPECT_EQ(Broken("DELETE FROM t WHERE id = 1"), "2");
  EXPECT_EQ(Broken("INSERT INTO t (id) VALUES (101)"), "3");
  EXPECT_EQ(Broken("INSERT INTO pgmoult_1_new.pgmoult_change_log VALUES (1), (50), (101)"), "0");
}

TEST_F(InvariantTest, AfterTheCopyEveryKeyCountsUnlessTheLogHoldsItOrTheMarker) {
  EXPECT_EQ(Broken("UPDATE pgmoult.migration SET stage = 'index'"), "40");
  EXPECT_EQ(Broken("INSERT INTO pgmoult_1_new.t SELECT * FROM t WHERE id BETWEEN 51 AND 90"), "0");
  EXPECT_EQ(Broken("INSERT INTO pgmoult_1_new.t VALUES (7777, 'ghost')"), "1");
  EXPECT_EQ(Broken("DELETE FROM pgmoult_1_new.t WHERE id = 20"), "2");
  EXPECT_EQ(Broken("INSERT INTO pgmoult_1_new.pgmoult_change_log VALUES (NULL)"), "0");
}

}  // namespace
}  // namespace pgmoult::tests
