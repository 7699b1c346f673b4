// Somebody else writes into the shadow, or something goes wrong there: verify finds it, names it, and puts it right.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "boost/json/value.hpp"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/fault/background_run.h"
#include "tests/fault/gates.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

constexpr std::string_view kShadow = "pgmoult_1_new.t";
constexpr int kRows = 500;
constexpr std::string_view kChange = "ALTER TABLE t ALTER COLUMN id TYPE bigint";

// What the run says it found, as the text of the "difference" events, without repeats.
struct Outcome {
  absl::StatusOr<engine::RunReport> report = absl::UnknownError("not run");
  std::vector<std::string> differences;
  std::vector<std::string> keys;
  bool tampered = false;
};

class VerifyTest : public ::testing::Test {
 protected:
  VerifyTest() {
    session_.Exec(fmt::format(
        "CREATE TABLE t (id int PRIMARY KEY, data bytea, a text, b text, r real, d float8, n numeric, at timestamptz);"
        "CREATE UNIQUE INDEX ON t (a);"
        "INSERT INTO t SELECT g, decode(md5(g::text), 'hex'), 'a' || g, 'b' || g, 0, 0, 1.0, 'epoch' "
        "FROM generate_series(1, {}) g",
        kRows));
  }

  // Runs the change; when the event comes for the first time, `tampering` is done by another session, before the run
  // goes on.
  Outcome Run(std::string_view tampering, std::string_view kind, std::string_view text,
              engine::RunOptions options = SmallOptions()) {
    Outcome outcome;
    engine::Observer observer;
    observer.on_event = [&](std::string_view event, const std::string& said, const boost::json::value& facts) {
      if (event == kind && said == text && !outcome.tampered) {
        outcome.tampered = true;
        if (!tampering.empty()) {
          EXPECT_GT(session_.Exec(std::string(tampering)).affected(), 0) << tampering;
        }
      }
      if (event == "difference" && std::ranges::find(outcome.differences, said) == outcome.differences.end()) {
        outcome.differences.push_back(said);
        outcome.keys.emplace_back(facts.at("key").as_string());
      }
    };
    outcome.report = RunChange(database_, std::string(kChange), std::move(options), observer);
    return outcome;
  }

  std::string Rows(std::string_view table) {
    return session_.Scalar<std::string>(fmt::format("SELECT string_agg(t::text, E'\\n' ORDER BY id) FROM {} t", table));
  }

  // The new table holds what the old one held, to the byte.
  void ExpectSwappedAndSame(const std::string& before) {
    EXPECT_EQ(session_.Scalar<std::string>("SELECT atttypid::regtype::text FROM pg_attribute "
                                           "WHERE attrelid = 't'::regclass AND attname = 'id'"),
              "bigint");
    EXPECT_TRUE(Rows("t") == before);
  }

  TestDatabase database_;
  Session session_{database_};
};

struct Tampering {
  std::string_view name;
  std::string_view sql;         // {0}: the shadow, {1}: a key
  std::string_view difference;  // {1}: a key
};

void PrintTo(const Tampering& tampering, std::ostream* out) { *out << tampering.name; }

class TamperingTest : public VerifyTest, public ::testing::WithParamInterface<Tampering> {};

// At the first key, one in the middle, and the last: boundaries of ranges are where rows fall through.
TEST_P(TamperingTest, IsFoundNamedAndPutRight) {
  const std::string before = Rows("t");
  std::string sql;
  std::vector<std::string> expected;
  for (const int key : {1, kRows / 2, kRows}) {
    sql += fmt::format(fmt::runtime(GetParam().sql), kShadow, key) + ";";
    expected.push_back(fmt::format(fmt::runtime(GetParam().difference), kShadow, key));
  }
  const Outcome outcome = Run(sql, "stage", "verify");
  ASSERT_TRUE(outcome.tampered);
  ASSERT_TRUE(outcome.report.ok()) << pg::Describe(outcome.report.status());
  EXPECT_THAT(outcome.differences, UnorderedElementsAreArray(expected));
  EXPECT_EQ(outcome.report->repaired, 3);
  EXPECT_EQ(outcome.report->rows_verified, kRows);
  ExpectSwappedAndSame(before);
}

const Tampering kTamperings[] = {
    {"OneBitOfBytea", "UPDATE {0} SET data = set_bit(data, 77, 1 - get_bit(data, 77)) WHERE id = {1}",
     "row ({1}) is different in data"},
    {"RowDeleted", "DELETE FROM {0} WHERE id = {1}", "row ({1}) is missing in the shadow"},
    {"ColumnsExchanged", "UPDATE {0} SET a = b, b = a WHERE id = {1}", "row ({1}) is different in a, b"},
    {"NullForText", "UPDATE {0} SET b = NULL WHERE id = {1}", "row ({1}) is different in b"},
    {"EmptyForText", "UPDATE {0} SET b = '' WHERE id = {1}", "row ({1}) is different in b"},
    {"MinusZeroReal", "UPDATE {0} SET r = '-0' WHERE id = {1}", "row ({1}) is different in r"},
    {"MinusZeroDouble", "UPDATE {0} SET d = '-0' WHERE id = {1}", "row ({1}) is different in d"},
    {"NumericScale", "UPDATE {0} SET n = 1.00 WHERE id = {1}", "row ({1}) is different in n"},
    {"OneMicrosecond", "UPDATE {0} SET at = at + interval '1 microsecond' WHERE id = {1}",
     "row ({1}) is different in at"},
    {"NullByteLessBytea", "UPDATE {0} SET data = data || '\\x00' WHERE id = {1}", "row ({1}) is different in data"},
};

INSTANTIATE_TEST_SUITE_P(Kinds, TamperingTest, ::testing::ValuesIn(kTamperings),
                         [](const ::testing::TestParamInfo<Tampering>& info) { return std::string(info.param.name); });

// Nothing and the empty text are two things: from one side to the other, and from one column to the next, where the
// bytes of all values in a row would be the same.
TEST_F(VerifyTest, TellsNullFromTheEmptyText) {
  session_.Exec(
      "UPDATE t SET b = NULL WHERE id = 10; UPDATE t SET b = '' WHERE id = 20;"
      "UPDATE t SET a = NULL, b = '' WHERE id = 30; UPDATE t SET data = NULL WHERE id = 40");
  const std::string before = Rows("t");
  const Outcome outcome =
      Run(fmt::format("UPDATE {} SET b = CASE id WHEN 10 THEN '' END, a = CASE id WHEN 30 THEN '' ELSE a END, "
                      "data = coalesce(data, '') WHERE id IN (10, 20, 30, 40)",
                      kShadow),
          "stage", "verify");
  ASSERT_TRUE(outcome.report.ok()) << pg::Describe(outcome.report.status());
  EXPECT_THAT(outcome.differences,
              ::testing::UnorderedElementsAre("row (10) is different in b", "row (20) is different in b",
                                              "row (30) is different in a, b", "row (40) is different in data, b"));
  EXPECT_EQ(outcome.report->repaired, 4);
  ExpectSwappedAndSame(before);
}

// Keys that the source does not have: before its first, between, and past its last, where no copied range lies.
TEST_F(VerifyTest, FindsRowsThatAreOnlyInTheShadow) {
  session_.Exec("DELETE FROM t WHERE id = 250");
  const std::string before = Rows("t");
  const Outcome outcome =
      Run(fmt::format("INSERT INTO {} SELECT g, NULL, 'ghost' || g FROM unnest(ARRAY[-7, 250, 501, 2147483647]) g",
                      kShadow),
          "stage", "verify");
  ASSERT_TRUE(outcome.report.ok()) << pg::Describe(outcome.report.status());
  EXPECT_THAT(outcome.keys, ::testing::UnorderedElementsAre("-7", "250", "501", "2147483647"));
  EXPECT_THAT(outcome.differences, ::testing::Contains("row (501) is only in the shadow"));
  EXPECT_EQ(outcome.report->repaired, 4);
  ExpectSwappedAndSame(before);
}

// What is copied wrong before the indexes are built is found as well.
TEST_F(VerifyTest, FindsWhatWentWrongBeforeReplay) {
  const std::string before = Rows("t");
  const Outcome outcome = Run(fmt::format("UPDATE {} SET b = 'x' WHERE id = 3", kShadow), "stage", "replay");
  ASSERT_TRUE(outcome.report.ok()) << pg::Describe(outcome.report.status());
  EXPECT_THAT(outcome.differences, ElementsAre("row (3) is different in b"));
  ExpectSwappedAndSame(before);
}

TEST_F(VerifyTest, FindsThatTheWholeShadowIsGone) {
  const std::string before = Rows("t");
  const Outcome outcome = Run(fmt::format("DELETE FROM {}", kShadow), "stage", "verify");
  ASSERT_TRUE(outcome.report.ok()) << pg::Describe(outcome.report.status());
  EXPECT_EQ(outcome.report->repaired, kRows);
  ExpectSwappedAndSame(before);
}

TEST_F(VerifyTest, SaysNothingWhereNothingIsWrong) {
  const std::string before = Rows("t");
  const Outcome outcome = Run("", "stage", "verify");
  ASSERT_TRUE(outcome.report.ok()) << pg::Describe(outcome.report.status());
  EXPECT_THAT(outcome.differences, IsEmpty());
  EXPECT_EQ(outcome.report->repaired, 0);
  EXPECT_EQ(outcome.report->rows_verified, kRows);
  ExpectSwappedAndSame(before);
}

TEST_F(VerifyTest, LooksAtNothingWhereItIsOff) {
  engine::RunOptions options = SmallOptions();
  options.verify = engine::VerifyMode::kOff;
  const Outcome outcome =
      Run(fmt::format("UPDATE {} SET b = 'wrong' WHERE id = 3", kShadow), "stage", "approach", options);
  ASSERT_TRUE(outcome.report.ok()) << pg::Describe(outcome.report.status());
  EXPECT_THAT(outcome.differences, IsEmpty());
  EXPECT_EQ(outcome.report->rows_verified, 0);
  EXPECT_EQ(session_.Scalar<std::string>("SELECT b FROM t WHERE id = 3"), "wrong");
}

// Somebody who switched a capture trigger off and on again may have lost writes: verify then runs although it is off.
TEST_F(VerifyTest, RunsAllTheSameWhereACaptureTriggerWasTouched) {
  engine::RunOptions options = SmallOptions();
  options.verify = engine::VerifyMode::kOff;
  bool touched = false;
  engine::Observer observer;
  observer.on_event = [&](std::string_view kind, const std::string& text, const boost::json::value&) {
    if (kind == "stage" && text == "replay" && !touched) {
      touched = true;
      session_.Exec(
          "DO $$ DECLARE name text; BEGIN FOR name IN SELECT tgname FROM pg_trigger WHERE tgrelid = 't'::regclass LOOP "
          "EXECUTE format('ALTER TABLE t DISABLE TRIGGER %I', name); END LOOP; "
          "UPDATE t SET b = 'unseen' WHERE id = 42; DELETE FROM t WHERE id = 43; "
          "FOR name IN SELECT tgname FROM pg_trigger WHERE tgrelid = 't'::regclass LOOP "
          "EXECUTE format('ALTER TABLE t ENABLE ALWAYS TRIGGER %I', name); END LOOP; END $$");
    }
  };
  const auto report = RunChange(database_, std::string(kChange), options, observer);
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  ASSERT_TRUE(touched);
  EXPECT_EQ(report->rows_verified, kRows - 1);
  EXPECT_EQ(report->repaired, 2);
  EXPECT_EQ(session_.Scalar<std::string>("SELECT b FROM t WHERE id = 42"), "unseen");
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t WHERE id = 43"), 0);
}

// Keys that are in the log when they are looked at are not wrong, only late. The writes come between the replay and
// every look of verify, from a session that writes as long as verify runs.
TEST_F(VerifyTest, TakesConcurrentWritesForNoDifference) {
  Session writer(database_);
  bool writing = false;
  std::vector<std::string> differences;
  engine::Observer observer;
  observer.on_event = [&](std::string_view kind, const std::string& text, const boost::json::value&) {
    if (kind == "stage" && text == "verify" && !writing) {
      writing = true;
      // Before the first look, so some are in the log for certain; then on and on.
      session_.Exec("UPDATE t SET b = 'early' WHERE id % 10 = 0; DELETE FROM t WHERE id IN (1, 250, 500)");
      writer.Start(
          "DO $$ BEGIN FOR i IN 1..40 LOOP UPDATE t SET b = 'w' || i WHERE id % 7 = i % 7; "
          "DELETE FROM t WHERE id = 300 + i; INSERT INTO t (id, a) VALUES (1000 + i, 'new' || i); COMMIT; END LOOP; "
          "END $$");
    }
    if (kind == "difference") {
      differences.push_back(text);
    }
  };
  const auto report = RunChange(database_, std::string(kChange), SmallOptions(), observer);
  ASSERT_TRUE(writing);
  const auto finished = writer.Finish();
  ASSERT_TRUE(finished.ok()) << pg::Describe(finished.status());
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_THAT(differences, IsEmpty());
  EXPECT_EQ(report->repaired, 0);
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), kRows - 3 + 40 - 40);
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t WHERE id > 1000"), 40);
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t WHERE id % 7 = 5 AND id <= 500 AND b <> 'w40'"), 0);
}

// The replayer stands still with the rows of the log in its hands, so that they are pending for certain: the row that
// was changed, the one that came, the one that went, and the one whose key moved.
TEST_F(VerifyTest, CountsKeysInTheLogAsPendingAndNotAsWrong) {
  MakeGates(session_);
  session_.Exec("ALTER TABLE t ADD COLUMN k int NOT NULL DEFAULT 7; CREATE INDEX t_gate ON t (gate_pass(k))");
  Gate verify(database_, "stage verify");
  BackgroundRun run(TargetOf(database_), std::string(kChange), SmallOptions());
  verify.WaitUntilReached();
  session_.Exec(
      "UPDATE t SET b = 'late' WHERE id = 7; INSERT INTO t (id, a) VALUES (1000, 'late'); DELETE FROM t WHERE id = 250;"
      "UPDATE t SET id = 2000 WHERE id = 500");
  const std::string expected = Rows("t");
  Gate replay(database_, "replay");
  verify.Open();
  // All ranges are compared and recorded while the log is as it was.
  const bool counted = Eventually([this] {
    return session_.Scalar<bool>("SELECT coalesce(sum(rows) = 500 AND sum(pending) = 5, false) FROM pgmoult.verified");
  });
  EXPECT_TRUE(counted) << session_.Scalar<std::string>(
      "SELECT coalesce(string_agg(format('%s rows, %s pending', rows, pending), '; '), 'nothing') FROM "
      "pgmoult.verified");
  replay.WaitUntilReached();
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM pgmoult_1_new.pgmoult_change_log"), 5);
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM pgmoult_1_new.t WHERE id IN (1000, 2000)"), 0);
  replay.Open();
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_THAT(run.Events("difference"), IsEmpty());
  EXPECT_EQ(report->repaired, 0);
  EXPECT_EQ(report->hot_keys, 0);
  ExpectSwappedAndSame(expected);
}

}  // namespace
}  // namespace pgmoult::tests
