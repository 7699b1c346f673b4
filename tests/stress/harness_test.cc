// The harness is judged first, without any change under way: what it calls right must be right, and what is wrong it
// must call wrong.

#include "tests/stress/harness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "fmt/format.h"
#include "tests/stress/client.h"
#include "tests/stress/invariant.h"
#include "tests/stress/swap_witness.h"
#include "tests/stress/workload.h"
#include "tests/support/database.h"

namespace pgmoult::tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What an oracle must say: this among other things, or nothing at all.
testing::Matcher<std::string> Says(const std::string& text) {
  return text.empty() ? testing::Matcher<std::string>(IsEmpty()) : testing::Matcher<std::string>(HasSubstr(text));
}

Shape Small(Shape shape) {
  shape.rows = 300;
  return shape;
}

class StressHarnessTest : public ::testing::Test {
 protected:
  const Seed seed_;
  TestDatabase database_;
  Client client_{database_};
};

TEST_F(StressHarnessTest, LedgerEqualsTheTableAfterEveryKindOfWrite) {
  for (const Shape& shape : {Small(IntKey()), Small(CompositeKey()), Small(CaselessKey()), Small(CollatedKey())}) {
    SCOPED_TRACE(shape.create);
    const TestDatabase database;
    Workload workload(database, shape, AllKinds(), seed_.value());
    workload.Start();
    EXPECT_TRUE(workload.AwaitCommits(40));
    workload.Truncate();
    EXPECT_TRUE(workload.AwaitCommits(10));
    workload.Stop();
    EXPECT_THAT(workload.failures(), IsEmpty()) << workload.Summary();
    EXPECT_EQ(workload.DiffWithLedger("t"), "") << workload.Summary();
    EXPECT_EQ(workload.DiffWithItsEntries("t"), "");
  }
}

TEST_F(StressHarnessTest, LedgerEqualsTheTableWithADeferrableConstraint) {
  Workload workload(database_, Small(DeferrableUnique()),
                    EachIsolation({{Step::kUniqueAtOnce, 1}, {Step::kDelete, 1}, {Step::kInsert, 1}}), seed_.value());
  workload.Start();
  EXPECT_TRUE(workload.AwaitCommits(40));
  workload.Stop();
  EXPECT_THAT(workload.failures(), IsEmpty()) << workload.Summary();
  EXPECT_EQ(workload.DiffWithLedger("t"), "");
}

TEST_F(StressHarnessTest, LedgerNoticesARowThatIsLostChangedOrTooMany) {
  const Workload workload(database_, Small(IntKey()), {}, 1);
  EXPECT_EQ(workload.DiffWithLedger("t"), "");
  for (const char* tampering : {"DELETE FROM t WHERE id = 30", "UPDATE t SET n = n + 1 WHERE id = 30",
                                "INSERT INTO t (id, v) VALUES (31, 'stranger')", "UPDATE t SET id = 31 WHERE id = 30",
                                "DELETE FROM ledger WHERE k = '30'"}) {
    client_.Must(fmt::format("BEGIN; {}", tampering));
    // Another session does not see it.
    EXPECT_EQ(workload.DiffWithLedger("t"), "") << tampering;
    client_.Must("COMMIT");
    EXPECT_THAT(workload.DiffWithLedger("t"), HasSubstr("3")) << tampering;
    client_.Must(
        "TRUNCATE t, ledger; INSERT INTO t (id, v) VALUES (30, 'x'); "
        "INSERT INTO ledger (k, r, rel) VALUES ('30', 'x|0|-', 't'::regclass)");
    EXPECT_EQ(workload.DiffWithLedger("t"), "");
  }
}

TEST_F(StressHarnessTest, AnErrorThatIsNotTheApplicationsOwnIsAFailure) {
  Workload workload(database_, Small(IntKey()), EachIsolation({{Step::kUpdate, 1}}), seed_.value());
  client_.Must(
      "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = "
      "'40001'; "
      "END $$; CREATE TRIGGER fail AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION fail()");
  workload.Start();
  EXPECT_FALSE(workload.AwaitCommits(1'000'000));
  workload.Stop();
  EXPECT_THAT(workload.failures(), ::testing::Each(AllOf(HasSubstr("40001"), HasSubstr("rc"))))
      << "a serialization failure is the application's own above READ COMMITTED only";
}

TEST_F(StressHarnessTest, ASerializationFailureOutOfAFunctionOfOursIsAFailure) {
  Workload workload(database_, Small(IntKey()),
                    {{.name = "rr", .isolation = Isolation::kRepeatableRead, .steps = {{Step::kUpdate, 1}}}},
                    seed_.value());
  client_.Must(
      "CREATE SCHEMA pgmoult_1_new; CREATE FUNCTION pgmoult_1_new.capture() RETURNS trigger LANGUAGE plpgsql AS $$ "
      "BEGIN "
      "RAISE EXCEPTION 'could not serialize access due to concurrent update' USING ERRCODE = '40001'; END $$; "
      "CREATE TRIGGER capture AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION pgmoult_1_new.capture()");
  workload.Start();
  EXPECT_FALSE(workload.AwaitCommits(1'000'000));
  workload.Stop();
  EXPECT_THAT(workload.failures(), ::testing::Contains(AllOf(HasSubstr("40001"), HasSubstr("rr"))));
  EXPECT_EQ(workload.fence_errors(), 0);
}

TEST_F(StressHarnessTest, StepsCountWhenTheyAreCommittedAndHaveChangedARow) {
  Workload workload(database_, Small(IntKey()),
                    {{.name = "rc", .steps = {{Step::kUpdate, 1}, {Step::kUniqueAtOnce, 1}}}}, seed_.value());
  EXPECT_THAT(workload.MissingSteps(), ::testing::ElementsAre("update", "unique at once"));
  client_.Must("DELETE FROM t WHERE id > 0");  // two rows are never there to exchange anything
  workload.Start();
  EXPECT_TRUE(workload.AwaitCommits(30));
  workload.Stop();
  EXPECT_THAT(workload.MissingSteps(), ::testing::Contains("unique at once"));
}

// A swap as it looks in the catalog, made by hand, with something wrong about it.
struct WrongSwap {
  const char* name;
  const char* in_swap;     // in the swap's transaction, before it tells the journal
  const char* after_swap;  // in one of its own
  // What must be said of it, in part; "" where it is right.
  const char* witness;
  const char* new_table;   // by the whole ledger
  const char* since_swap;  // by the old table and the entries made since
  const char* old_table;   // by the entries made against it
};

constexpr WrongSwap kWrongSwaps[] = {
    {"Nothing", "", "", "", "", "", ""},
    {"WritesAfterIt", "",
     "UPDATE t SET n = 7 WHERE id = 30; INSERT INTO ledger (k, r, rel) SELECT id, concat_ws('|', v, n, u), tableoid "
     "FROM t WHERE id = 30; DELETE FROM t WHERE id = 33; INSERT INTO ledger (k, rel) VALUES ('33', 't'::regclass)",
     "", "", "", ""},
    {"ALostRow", "DELETE FROM t WHERE id = 30", "", "1 rows are missing, as (30,\"first 10\",10,10)",
     "1 keys differ: 30: absent", "1 keys differ: 30: absent", ""},
    {"AChangedRow", "UPDATE t SET n = n + 1 WHERE id = 30", "", "as (30,\"first 10\",11,10)",
     "30: first 10|11|10 instead", "30: first 10|11|10 instead", ""},
    {"ASurplusRow", "INSERT INTO t (id, v) VALUES (31, 'stranger')", "", "1 rows are too many, as (31,stranger,0,)",
     "1 keys differ: 31: stranger", "1 keys differ: 31: stranger", ""},
    {"AValueThatBecameNull", "UPDATE t SET u = NULL WHERE id = 30", "", "as (30,\"first 10\",10,)",
     "30: first 10|10|- instead", "30: first 10|10|- instead", ""},
    // The ledger goes by key and cannot count.
    {"ARowThatIsThereTwice",
     "ALTER TABLE t DROP CONSTRAINT shadow_pkey, DROP CONSTRAINT shadow_u_key; INSERT INTO t SELECT * FROM t WHERE id "
     "= 30",
     "", "1 rows are too many, as (30,\"first 10\",10,10)", "", "", ""},
    {"ARowThatNobodyChangedAfterIt", "", "UPDATE t SET n = n + 1 WHERE id = 30", "", "30: first 10|11|10 instead",
     "30: first 10|11|10 instead", ""},
    {"ARowThatNobodyDeletedAfterIt", "", "DELETE FROM t WHERE id = 30", "", "1 keys differ: 30: absent",
     "1 keys differ: 30: absent", ""},
    // As from a plan that was made before the swap and is not made anew.
    {"AWriteThatWentToTheOldTable", "",
     "ALTER TABLE pgmoult_1_old.t DISABLE TRIGGER USER; UPDATE pgmoult_1_old.t SET n = 7 WHERE id = 30; INSERT INTO "
     "ledger (k, r, rel) SELECT id, concat_ws('|', v, n, "
     "u), tableoid FROM pgmoult_1_old.t WHERE id = 30",
     "the old table was written after the swap", "30: first 10|10|10 instead of first 10|7|10",
     "30: first 10|10|10 instead of first 10|7|10", ""},
    {"AWriteToTheOldTableThatNobodyKnows", "", "DELETE FROM pgmoult_1_old.t WHERE id = 30",
     "the old table was written after the swap", "", "30: first 10|10|10 instead of absent", "30: absent"},
};

// The table's shadow and a row in the journal, as a migration has them right before its swap.
void MakeMigration(Client& client) {
  client.Must(
      "CREATE TABLE shadow (LIKE t INCLUDING ALL); ALTER TABLE shadow ADD COLUMN added int, ALTER COLUMN n TYPE "
      "bigint; "
      "INSERT INTO shadow SELECT * FROM t; INSERT INTO pgmoult.migration (statement, source_oid, source_schema, "
      "source_name, owner, options) VALUES ('', 't'::regclass, 'public', 't', current_user, '{}')");
}

// Up to the COMMIT.
std::string SwapSql(const std::string& in_swap) {
  return fmt::format(
      "BEGIN; CREATE SCHEMA pgmoult_1_old; ALTER TABLE t SET SCHEMA pgmoult_1_old; ALTER TABLE shadow RENAME TO t; {}; "
      "UPDATE pgmoult.migration SET state = 'swapped'",
      in_swap);
}

class WrongSwapTest : public StressHarnessTest, public ::testing::WithParamInterface<WrongSwap> {};

INSTANTIATE_TEST_SUITE_P(Ways, WrongSwapTest, ::testing::ValuesIn(kWrongSwaps),
                         [](const ::testing::TestParamInfo<WrongSwap>& info) { return std::string(info.param.name); });

TEST_P(WrongSwapTest, IsCalledSoByEachOracleThatCanKnow) {
  const WrongSwap& wrong = GetParam();
  const Workload workload(database_, Small(IntKey()), {}, 1);
  const SwapWitness witness(database_);
  MakeMigration(client_);
  EXPECT_EQ(witness.Verdict(1), "the swap was looked at 0 times");
  client_.Must(SwapSql("DELETE FROM t"));
  client_.Must("ROLLBACK");
  EXPECT_EQ(witness.Verdict(1), "the swap was looked at 0 times") << "a try that was rolled back does not count";
  client_.Must(SwapSql(wrong.in_swap));
  client_.Must("COMMIT");
  client_.Must(wrong.after_swap);
  EXPECT_THAT(witness.Verdict(1), Says(wrong.witness));
  EXPECT_THAT(workload.DiffWithLedger("t"), Says(wrong.new_table));
  EXPECT_THAT(workload.DiffSinceSwap("t", "pgmoult_1_old.t"), Says(wrong.since_swap));
  EXPECT_THAT(workload.DiffWithItsEntries("pgmoult_1_old.t"), Says(wrong.old_table));
}

// An order that takes them for equal must not hide it.
TEST_F(StressHarnessTest, AKeyThatIsSpeltOtherwiseAfterTheSwapIsNoticed) {
  const Workload workload(database_, Small(CaselessKey()), {}, 1);
  const SwapWitness witness(database_);
  MakeMigration(client_);
  client_.Must(SwapSql("UPDATE t SET id = upper(id) WHERE n = 30"));
  client_.Must("COMMIT");
  EXPECT_THAT(witness.Verdict(1), AllOf(HasSubstr("3 rows are missing"), HasSubstr("3 rows are too many")));
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
