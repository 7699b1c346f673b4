// What the application does to the table, and whether the shadow or the change log knows of it: the protocol's one
// invariant, asked after every kind of statement, for every way of capture. A twin without capture takes the same
// statements: the application must be told the same, and end with the same rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/engine/capture_fixture.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

// One message to the server.
struct Call {
  const char* sql;         // @db@ is the database's name, @dsn@ how to connect to it
  std::string rows = {};   // what a COPY FROM STDIN is fed
  const char* error = "";  // the SQLSTATE it must fail with
};

// What becomes of it in dual-write.
enum class Seen {
  kThrough,  // it reaches the shadow by itself, and nothing is logged; else the keys are logged
  kLogged,   // the keys are logged in dual-write, too
  kNothing,  // there is nothing to know
};

struct Kind {
  const char* name;
  std::vector<Call> calls;
  Seen seen = Seen::kThrough;
  int since = 14;          // PostgreSQL's major version
  const char* needs = "";  // an extension that must be there
};

// Big-endian, as COPY BINARY has it.
std::string Bytes(uint64_t value, int size) {
  std::string bytes;
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(value >> static_cast<unsigned>(shift) & 0xFFU));
  }
  return bytes;
}

// A file of COPY BINARY with the row (id, id, v).
std::string BinaryRow(uint64_t id, const std::string& v) {
  const std::string number = fmt::format("{}{}", Bytes(4, 4), Bytes(id, 4));
  return fmt::format("{}{}{}{}{}{}{}{}", std::string_view("PGCOPY\n\377\r\n\0", 11), Bytes(0, 8), Bytes(3, 2), number,
                     number, Bytes(v.size(), 4), v, Bytes(0xFFFF, 2));
}

// Each works on rows of its own (id / 100), ten of which are there.
std::vector<Kind> PlainKinds() {
  return {
      {"InsertOfSeveralRows", {{"INSERT INTO t SELECT g, g, 'new' FROM generate_series(150, 160) g"}}},
      {"Update", {{"UPDATE t SET v = v || '!' WHERE id BETWEEN 200 AND 205"}}},
      {"UpdateThatReturnsRows", {{"UPDATE t SET v = v || '!' WHERE id BETWEEN 206 AND 209 RETURNING *"}}},
      {"UpdateThatReturnsOldAndNew",
       {{"UPDATE t SET v = v || '?' WHERE id BETWEEN 206 AND 209 RETURNING old.v, new.v, new.*"}},
       Seen::kThrough,
       18},
      {"Delete", {{"DELETE FROM t WHERE id BETWEEN 300 AND 303"}}},
      {"DeleteThatReturnsRows", {{"DELETE FROM t WHERE id BETWEEN 304 AND 306 RETURNING id, v"}}},
      {"OnConflictDoUpdate",
       {{"INSERT INTO t SELECT g, g + 5000, 'c' FROM generate_series(405, 415) g ON CONFLICT (id) DO UPDATE SET v = "
         "'hit' RETURNING id, v"}}},
      {"OnConflictThatChangesTheKey",
       {{"INSERT INTO t SELECT g, g + 5100, 'c' FROM generate_series(400, 402) g ON CONFLICT (id) DO UPDATE SET id = "
         "t.id + 50"}},
       Seen::kLogged},
      {"OnConflictDoNothing",
       {{"INSERT INTO t SELECT g, g + 6000, 'c' FROM generate_series(505, 515) g ON CONFLICT DO NOTHING"}}},
      {"UpdateFrom", {{"UPDATE t SET v = o.v || '?' FROM t o WHERE o.id = t.id + 1 AND t.id BETWEEN 1700 AND 1705"}}},
      {"DeleteUsing", {{"DELETE FROM t USING t o WHERE o.id = t.id + 1 AND t.id BETWEEN 1800 AND 1803"}}},
      {"KeyChange", {{"UPDATE t SET id = id + 50 WHERE id BETWEEN 800 AND 804"}}, Seen::kLogged},
      {"KeyShiftOntoNeighbours",
       {{"UPDATE t SET id = id + 1 WHERE id = 909; UPDATE t SET id = id + 1 WHERE id = 908"}},
       Seen::kLogged},
      {"ValuesMoveBetweenRows",
       {{"UPDATE t SET u = -1 WHERE id = 2200; UPDATE t SET u = 2200 WHERE id = 2201; UPDATE t SET u = 2201 WHERE id = "
         "2200"}}},
      {"StatementThatFails",
       {{"INSERT INTO t SELECT g, g, 'again' FROM generate_series(2399, 2405) g", {}, "23505"}},
       Seen::kNothing},
  };
}

std::vector<Kind> CombinedKinds() {
  return {
      {"WritableCte",
       {{"WITH gone AS (DELETE FROM t WHERE id = 700 RETURNING *), changed AS (UPDATE t SET v = 'w' WHERE id = 701 "
         "RETURNING *) INSERT INTO t SELECT id + 50, u + 7000, v FROM gone"}}},
      {"FiveWritesInOneStatement",
       {{"WITH a AS (INSERT INTO t VALUES (760, 760, 'five') RETURNING id), b AS (UPDATE t SET v = 'five' WHERE id = "
         "702 RETURNING id), c AS (DELETE FROM t WHERE id = 703 RETURNING id), d AS (UPDATE t SET u = NULL WHERE id = "
         "704 RETURNING id), e AS (INSERT INTO t VALUES (705, 705, 'hit') ON CONFLICT (id) DO UPDATE SET v = 'hit' "
         "RETURNING id) SELECT id FROM (TABLE a UNION ALL TABLE b UNION ALL TABLE c UNION ALL TABLE d UNION ALL TABLE "
         "e) AS x ORDER BY id"}}},
      {"DeleteAndInsertOfOneKeyInOneStatement",
       {{"WITH gone AS (DELETE FROM t WHERE id BETWEEN 706 AND 708 RETURNING *) INSERT INTO t SELECT id, u, 'again' "
         "FROM gone RETURNING id"}}},
      {"DeleteAndInsertAgain",
       {{"BEGIN; DELETE FROM t WHERE id = 1000; INSERT INTO t VALUES (1000, 1000, 'again'); COMMIT"}}},
      {"OneRowOverAndOver",
       {{"BEGIN; INSERT INTO t VALUES (1060, 1060, 'a'); UPDATE t SET v = 'b' WHERE id = 1060; UPDATE t SET id = 1061 "
         "WHERE id = 1060; DELETE FROM t WHERE id = 1061; INSERT INTO t VALUES (1061, 1061, 'c'); COMMIT"}},
       Seen::kLogged},
      {"Merge",
       {{"MERGE INTO t USING generate_series(605, 615) g ON t.id = g WHEN MATCHED AND g < 607 THEN DELETE WHEN MATCHED "
         "THEN UPDATE SET v = 'merged' WHEN NOT MATCHED THEN INSERT VALUES (g, g, 'merged')"}},
       Seen::kThrough,
       15},
      {"MergeThatChangesTheKey",
       {{"MERGE INTO t USING generate_series(600, 602) g ON t.id = g WHEN MATCHED THEN UPDATE SET id = t.id + 50"}},
       Seen::kLogged,
       15},
      {"MergeBySourceThatReturnsRows",
       {{"MERGE INTO t USING generate_series(2502, 2511) g ON t.id = g WHEN MATCHED THEN UPDATE SET v = 'merged' WHEN "
         "NOT MATCHED THEN INSERT VALUES (g, g, 'merged') WHEN NOT MATCHED BY SOURCE AND t.id BETWEEN 2500 AND 2501 "
         "THEN DELETE RETURNING merge_action(), t.id, t.v"}},
       Seen::kThrough,
       17},
      {"MergeThatDoesNothing",
       {{"MERGE INTO t USING generate_series(2600, 2605) g ON t.id = g WHEN MATCHED THEN DO NOTHING"}},
       Seen::kNothing,
       15},
      {"NoRowTouched",
       {{"UPDATE t SET v = 'nobody' WHERE id = -1"},
        {"DELETE FROM t WHERE id = -1"},
        {"INSERT INTO t SELECT 1, 1, 'x' WHERE false"},
        {"INSERT INTO t VALUES (2600, -2600, 'x') ON CONFLICT DO NOTHING"},
        {"COPY t (id, u, v) FROM STDIN WHERE id < 0", "2690\t2690\tx\n"}},
       Seen::kNothing},
      {"RowsOnlyLocked",
       {{"BEGIN"},
        {"SELECT * FROM t WHERE id = 2700 FOR UPDATE"},
        {"SELECT * FROM t WHERE id = 2701 FOR NO KEY UPDATE"},
        {"SELECT * FROM t WHERE id = 2702 FOR SHARE"},
        {"SELECT * FROM t WHERE id = 2703 FOR KEY SHARE"},
        {"COMMIT"}},
       Seen::kNothing},
  };
}

std::vector<Kind> TransactionKinds() {
  return {
      {"SavepointRolledBack",
       {{"BEGIN; UPDATE t SET v = 'kept' WHERE id = 1100; SAVEPOINT s; UPDATE t SET v = 'lost' WHERE id = 1101; DELETE "
         "FROM t WHERE id = 1102; ROLLBACK TO s; UPDATE t SET v = 'kept' WHERE id = 1103; COMMIT"}}},
      // More than the 64 that a backend keeps at hand.
      {"SeventySubtransactionsDeep",
       {{"CREATE FUNCTION deep(depth int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE t SET v = 'depth ' || depth "
         "WHERE id = 2800 + depth % 10; IF depth > 0 THEN PERFORM deep(depth - 1); END IF; IF depth = 4 THEN RAISE "
         "EXCEPTION 'no'; END IF; EXCEPTION WHEN raise_exception THEN NULL; END $$"},
        {"SELECT deep(70)"}}},
      {"TransactionRolledBack", {{"BEGIN; DELETE FROM t WHERE id = 1200"}, {"ROLLBACK"}}, Seen::kNothing},
      {"TruncateRolledBack", {{"BEGIN; TRUNCATE t; INSERT INTO t VALUES (1, 1, 'x')"}, {"ROLLBACK"}}, Seen::kNothing},
      {"PreparedTransaction",
       {{"BEGIN; UPDATE t SET v = 'two-phase' WHERE id = 1400; DELETE FROM t WHERE id = 1401"},
        {"PREPARE TRANSACTION '@db@ 1'"},
        {"COMMIT PREPARED '@db@ 1'"}}},
      {"PreparedTransactionRolledBack",
       {{"BEGIN; UPDATE t SET v = 'two-phase' WHERE id = 1402; PREPARE TRANSACTION '@db@ 2'"},
        {"ROLLBACK PREPARED '@db@ 2'"}},
       Seen::kNothing},
      {"SerializableWriter",
       {{"BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE t SET v = 'ser' WHERE id = 1900; COMMIT"}},
       Seen::kLogged},
      {"RepeatableReadWriter",
       {{"BEGIN ISOLATION LEVEL REPEATABLE READ; DELETE FROM t WHERE id = 2000; COMMIT"}},
       Seen::kLogged},
      {"TableLockedAndWritten",
       {{"BEGIN; LOCK TABLE t IN SHARE ROW EXCLUSIVE MODE; UPDATE t SET v = 'locked' WHERE id = 2900; COMMIT"},
        {"BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE; DELETE FROM t WHERE id = 2901; COMMIT"}}},
      {"ReplicaRole",
       {{"SET session_replication_role = replica"},
        {"UPDATE t SET v = 'replica' WHERE id = 1300"},
        {"DELETE FROM t WHERE id = 1301"},
        {"INSERT INTO t VALUES (1350, 1350, 'replica')"},
        {"UPDATE t SET id = 1360 WHERE id = 1302"},
        {"RESET session_replication_role"}},
       Seen::kLogged},
      {"LocalRole",
       {{"SET session_replication_role = local"},
        {"UPDATE t SET v = 'local' WHERE id = 1303"},
        {"DELETE FROM t WHERE id = 1304"},
        {"RESET session_replication_role"}}},
      {"AnotherSessionsWriteInATransactionThatIsRolledBack",
       {{"BEGIN; SELECT dblink_exec('@dsn@', 'UPDATE t SET v = ''autonomous'' WHERE id BETWEEN 3000 AND 3004')"},
        {"ROLLBACK"}},
       Seen::kThrough,
       14,
       "dblink"},
  };
}

std::vector<Kind> ProgramKinds() {
  return {
      {"CurrentOfCursor",
       {{"BEGIN; DECLARE c CURSOR FOR SELECT * FROM t WHERE id BETWEEN 1500 AND 1501 ORDER BY id FOR UPDATE"},
        {"FETCH c"},
        {"UPDATE t SET v = 'cursor' WHERE CURRENT OF c"},
        {"FETCH c"},
        {"DELETE FROM t WHERE CURRENT OF c RETURNING id"},
        {"COMMIT"}}},
      {"CursorHeldOverTransactions",
       {{"BEGIN; DECLARE held CURSOR WITH HOLD FOR SELECT id, v FROM t WHERE id BETWEEN 1502 AND 1504 ORDER BY id; "
         "COMMIT"},
        {"UPDATE t SET v = 'behind it' WHERE id BETWEEN 1502 AND 1504"},
        {"FETCH ALL FROM held"},
        {"CLOSE held"}}},
      {"ExceptionBlock",
       {{"DO $$ BEGIN UPDATE t SET v = 'kept' WHERE id = 1600; BEGIN UPDATE t SET v = 'lost' WHERE id = 1601; RAISE "
         "EXCEPTION 'no'; EXCEPTION WHEN raise_exception THEN NULL; END; DELETE FROM t WHERE id = 1602; END $$"}}},
      {"LoopInADoBlock",
       {{"DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM t WHERE id BETWEEN 3100 AND 3105 LOOP UPDATE t SET v = "
         "'loop' WHERE id = r.id; END LOOP; EXECUTE 'DELETE FROM t WHERE id = $1' USING 3106; END $$"}}},
      {"TransactionsInADoBlock",
       {{"DO $$ BEGIN UPDATE t SET v = 'kept' WHERE id = 3200; COMMIT; UPDATE t SET v = 'lost' WHERE id = 3201; "
         "ROLLBACK; DELETE FROM t WHERE id = 3202; END $$"}}},
      {"PlpgsqlFunction",
       {{"CREATE FUNCTION write_p(first int) RETURNS int LANGUAGE plpgsql AS $$ DECLARE n int; BEGIN UPDATE t SET v = "
         "'plpgsql' WHERE id BETWEEN first AND first + 3; GET DIAGNOSTICS n = ROW_COUNT; IF NOT FOUND THEN RETURN -1; "
         "END IF; RETURN n; END $$"},
        {"SELECT write_p(3300), write_p(-100)"}}},
      {"SqlFunction",
       {{"CREATE FUNCTION write_s(first int) RETURNS SETOF int LANGUAGE sql AS $$ DELETE FROM t WHERE id = first; "
         "UPDATE "
         "t SET v = 'sql' WHERE id BETWEEN first AND first + 3 RETURNING id $$"},
        {"SELECT * FROM write_s(3305) AS id ORDER BY id"}}},
      {"PreparedStatement",
       {{"PREPARE w (int) AS UPDATE t SET v = v || '.' WHERE id = $1 RETURNING v"},
        {"EXECUTE w (3400)"},
        {"EXECUTE w (3400)"},
        {"EXECUTE w (3401)"},
        {"EXECUTE w (3401)"},
        {"EXECUTE w (3402)"},
        {"EXECUTE w (3402)"},
        {"EXECUTE w (3403)"},
        {"DEALLOCATE w"}}},
      {"PreparedStatementWithAGenericPlan",
       {{"SET plan_cache_mode = force_generic_plan"},
        {"PREPARE g (int) AS DELETE FROM t WHERE id = $1"},
        {"EXECUTE g (3404)"},
        {"EXECUTE g (3405)"},
        {"DEALLOCATE g"},
        {"RESET plan_cache_mode"}}},
      {"CopyText", {{"COPY t (id, u, v) FROM STDIN", "3550\t3550\tcopied\n3551\t\\N\t\\N\n"}}},
      {"CopyBinary", {{"COPY t (id, u, v) FROM STDIN (FORMAT binary)", BinaryRow(3552, "binary")}}},
      {"CopyCsvOfSomeRows", {{"COPY t (id, u, v) FROM STDIN (FORMAT csv) WHERE id > 3553", "3553,1,a\n3554,3554,b\n"}}},
      {"CopyAsPgRestoreDoes",
       {{"BEGIN; SET LOCAL search_path = ''; SET LOCAL row_security = off; SET LOCAL synchronous_commit = off; SET "
         "LOCAL "
         "check_function_bodies = false"},
        {"COPY public.t (id, u, v) FROM STDIN", "3560\t3560\trestored\n"},
        {"COMMIT"}}},
      {"CopyThatFails", {{"COPY t (id, u, v) FROM STDIN", "3570\t3570\tx\n3500\t1\tx\n", "23505"}}, Seen::kNothing},
      {"MaintenanceInBetween",
       {{"UPDATE t SET v = 'before' WHERE id BETWEEN 3600 AND 3602"},
        {"VACUUM t"},
        {"UPDATE t SET v = 'between' WHERE id BETWEEN 3602 AND 3604"},
        {"REINDEX TABLE t"},
        {"ANALYZE t"},
        {"DELETE FROM t WHERE id = 3605"}}},
      // The division fails where they are not.
      {"UpdatesThatAreHot",
       {{"BEGIN; SELECT FROM set_config('kinds.hot', pg_stat_get_xact_tuples_hot_updated('t'::regclass)::text, true)"},
        {"UPDATE t SET v = 'hot' WHERE id BETWEEN 3700 AND 3709"},
        {"SELECT 1 / (pg_stat_get_xact_tuples_hot_updated('t'::regclass) = 10 + "
         "current_setting('kinds.hot')::int)::int"},
        {"COMMIT"}}},
      // The last: they make every later look at the log take long.
      {"MoreRowsThanAreWrittenThrough",
       {{"INSERT INTO t SELECT g, g, 'many' FROM generate_series(100001, 110001) g"},
        {"DELETE FROM t WHERE id > 100000"}},
       Seen::kLogged},
  };
}

// Each leaves the table to be copied again.
std::vector<Kind> Truncations() {
  return {
      {"Truncate", {{"TRUNCATE t"}, {"INSERT INTO t SELECT g, g, 'after' FROM generate_series(1, 400) g"}}},
      {"WritesBeforeAndAfterInOneTransaction",
       {{"BEGIN; INSERT INTO t VALUES (9000, 9000, 'before'); DELETE FROM t WHERE id = 5; TRUNCATE t; INSERT INTO t "
         "SELECT g, g, 'refilled' FROM generate_series(1, 700) g; UPDATE t SET id = -id WHERE id = 7; COMMIT"}}},
      {"RestartIdentity",
       {{"TRUNCATE t RESTART IDENTITY"},
        {"INSERT INTO t (id, u, v) SELECT g, g, 'again' FROM generate_series(1, 20) g RETURNING number"}}},
      {"CopyFreezeInTheSameTransaction",
       {{"BEGIN; TRUNCATE t"}, {"COPY t (id, u, v) FROM STDIN (FREEZE)", "1\t1\tfrozen\n2\t2\tfrozen\n"}, {"COMMIT"}}},
      {"ReplicaRole",
       {{"SET session_replication_role = replica"},
        {"INSERT INTO t VALUES (77, 77, 'replica')"},
        {"TRUNCATE t"},
        {"INSERT INTO t VALUES (78, 78, 'replica')"},
        {"RESET session_replication_role"}}},
      {"TwiceWithASavepoint",
       {{"BEGIN; TRUNCATE t; INSERT INTO t VALUES (1, 1, 'kept'); SAVEPOINT s; TRUNCATE t; INSERT INTO t VALUES (2, 2, "
         "'lost'); ROLLBACK TO s; INSERT INTO t VALUES (3, 3, 'kept'); COMMIT"}}},
      {"PreparedTransaction",
       {{"BEGIN; TRUNCATE t; INSERT INTO t SELECT g, g, 'two-phase' FROM generate_series(1, 300) g; PREPARE "
         "TRANSACTION "
         "'@db@ 3'"},
        {"COMMIT PREPARED '@db@ 3'"}}},
  };
}

enum class Mode { kLogged, kWrittenThrough, kRowCapture };

std::string NameOf(Mode mode) {
  switch (mode) {
    case Mode::kLogged:
      return "Logged";
    case Mode::kWrittenThrough:
      return "WrittenThrough";
    case Mode::kRowCapture:
      break;
  }
  return "RowCapture";
}

class CaptureKindsTest : public CaptureTest, public ::testing::WithParamInterface<Mode> {
 protected:
  CaptureKindsTest() {
    for (Session* session : {&session_, &twin_}) {
      // Room in each page, so that updates may be HOT.
      session->Exec(
          "CREATE TABLE t (id int PRIMARY KEY, u int UNIQUE, v text, number int GENERATED BY DEFAULT AS IDENTITY) WITH "
          "(fillfactor = 50); INSERT INTO t SELECT h * 100 + g, h * 100 + g, 'old' FROM generate_series(1, 40) h, "
          "generate_series(0, 9) g; ANALYZE t");
    }
  }

  static bool written_through() { return GetParam() == Mode::kWrittenThrough; }
  void StartInMode(const std::string& change = "t") {
    engine::RunOptions options;
    options.capture = GetParam() == Mode::kRowCapture ? engine::CaptureMode::kRow : engine::CaptureMode::kStatement;
    Start(GetParam() == Mode::kLogged ? engine::DualWriteMode::kNever : engine::DualWriteMode::kAuto, change, options);
  }
  // Those that this server can take.
  std::vector<Kind> Possible(std::vector<Kind> kinds) {
    const int version = session_.Scalar<int>("SELECT current_setting('server_version_num')::int / 10000");
    std::erase_if(kinds, [&](const Kind& kind) {
      const std::string needs = kind.needs;
      return version < kind.since ||
             (!needs.empty() && !session_.Scalar<bool>(fmt::format(
                                    "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = '{}')", needs)));
    });
    for (const Kind& kind : kinds) {
      for (Session* session : {&session_, &twin_}) {
        session->Exec(*kind.needs != '\0' ? fmt::format("CREATE EXTENSION IF NOT EXISTS {}", kind.needs) : "");
      }
    }
    return kinds;
  }
  static std::string ErrorText(std::string_view sqlstate) {
    return sqlstate.empty() ? "" : fmt::format("error {}", sqlstate);
  }
  // What the application is told: command tag, rows that were touched, rows that came back; or its error.
  static std::string Told(Session& session, const TestDatabase& database, const Call& call) {
    const std::string sql = absl::StrReplaceAll(call.sql, {{"@db@", database.name()}, {"@dsn@", database.Dsn()}});
    std::string_view rows = call.rows;
    if (!rows.empty()) {
      const auto copied =
          session.Run(session.connection().CopyIn(sql, [&rows] { return std::string(std::exchange(rows, "")); }));
      return copied.ok() ? fmt::format("COPY {}", *copied) : ErrorText(pg::SqlState(copied.status()));
    }
    const auto result = session.Try(sql);
    if (!result.ok()) {
      return ErrorText(pg::SqlState(result.status()));
    }
    std::string text = fmt::format("{}, {} rows", result->command(), result->affected());
    for (int row = 0; row < result->rows(); ++row) {
      for (int column = 0; column < result->columns(); ++column) {
        text += fmt::format("{}{}", column == 0 ? "; " : "|",
                            result->IsNull(row, column) ? "NULL" : result->Text(row, column));
      }
    }
    return text;
  }
  // Both take the calls; the invariant holds after each, and after the last.
  void Carry(const Kind& kind) {
    for (const Call& call : kind.calls) {
      SCOPED_TRACE(call.sql);
      const std::string told = Told(writer_, database_, call);
      EXPECT_EQ(told, Told(twin_, twin_database_, call)) << "with capture, and without";
      EXPECT_EQ(told.starts_with("error ") ? told : "", ErrorText(call.error));
      // While the writer has the table for itself nobody can look.
      if (!session_.Scalar<bool>("SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 't'::regclass AND granted AND "
                                 "mode = 'AccessExclusiveLock')")) {
        ExpectInvariant();
      }
    }
    ExpectInvariant();
  }
  void ExpectTheTwinsRows() {
    constexpr const char* kRows = "SELECT coalesce(string_agg(t::text, ' ' ORDER BY id), '') FROM t";
    EXPECT_EQ(session_.Scalar<std::string>(kRows), twin_.Scalar<std::string>(kRows));
  }

  TestDatabase twin_database_;
  Session twin_{twin_database_};
  Session writer_{database_};
};

INSTANTIATE_TEST_SUITE_P(Modes, CaptureKindsTest,
                         ::testing::Values(Mode::kLogged, Mode::kWrittenThrough, Mode::kRowCapture),
                         [](const ::testing::TestParamInfo<Mode>& mode) { return NameOf(mode.param); });

TEST_P(CaptureKindsTest, EveryKindOfStatementIsKnownAndUndisturbed) {
  std::vector<Kind> kinds;
  for (const auto& group : {PlainKinds(), CombinedKinds(), TransactionKinds(), ProgramKinds()}) {
    std::ranges::copy(Possible(group), std::back_inserter(kinds));
  }
  ASSERT_NO_FATAL_FAILURE(StartInMode());
  ASSERT_NO_FATAL_FAILURE(Pause());
  for (const Kind& kind : kinds) {
    SCOPED_TRACE(kind.name);
    const int64_t before = Logged();
    Carry(kind);
    if (kind.seen == Seen::kNothing || (kind.seen == Seen::kThrough && written_through())) {
      EXPECT_EQ(Logged(), before) << "there was nothing to log";
    } else {
      EXPECT_GT(Logged(), before) << "it should have been logged";
    }
    ASSERT_FALSE(HasFailure()) << "what is broken stays so";
  }
  ExpectTheTwinsRows();
  ASSERT_NO_FATAL_FAILURE(Continue());
  ExpectEqualSoon();
  EXPECT_EQ(Swap().repaired, 0);
  ExpectTheTwinsRows();
}

// The new shape must not generate it; such a key is refused.
TEST_P(CaptureKindsTest, AKeyThatIsGeneratedIsKnown) {
  for (Session* session : {&session_, &twin_}) {
    session->Exec(
        "DROP TABLE t; CREATE TABLE t (base int, id int GENERATED ALWAYS AS (base * 2) STORED PRIMARY KEY, v text); "
        "INSERT INTO t (base, v) SELECT g, 'old' FROM generate_series(1, 100) g");
  }
  ASSERT_NO_FATAL_FAILURE(StartInMode("ALTER TABLE t ALTER COLUMN id DROP EXPRESSION"));
  ASSERT_NO_FATAL_FAILURE(Pause());
  Carry({.name = "",
         .calls = {{"UPDATE t SET base = base + 1000 WHERE base < 5 RETURNING *"},
                   {"INSERT INTO t (base, v) VALUES (5, 'hit'), (200, 'new') ON CONFLICT (id) DO UPDATE SET v = 'hit', "
                    "base = t.base + 2000"},
                   {"DELETE FROM t WHERE id = 20"},
                   {"COPY t (base, v) FROM STDIN", "300\tcopied\n"},
                   {"UPDATE t SET v = 'same key' WHERE id = 30"}}});
  ASSERT_NO_FATAL_FAILURE(Continue());
  ExpectEqualSoon();
  EXPECT_EQ(Swap().repaired, 0);
  ExpectTheTwinsRows();
}

TEST_P(CaptureKindsTest, ARoleWithoutRightsOnOurSchemasWritesAsBefore) {
  const std::string role = fmt::format("{}_app", database_.name());
  session_.Exec(fmt::format("CREATE ROLE {0} LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON t TO {0}", role));
  ASSERT_NO_FATAL_FAILURE(StartInMode());
  ASSERT_NO_FATAL_FAILURE(Pause());
  Session app(database_, role);
  EXPECT_EQ(pg::SqlState(app.Try(fmt::format("SELECT FROM {}", kLog)).status()), "42501");
  // Nor do temporary tables of the same names lead us astray.
  app.Exec(
      "CREATE TEMP TABLE t (id int, u int, v text); CREATE TEMP TABLE pgmoult_change_log (id int); CREATE TEMP TABLE "
      "pgmoult_new_rows (id int); CREATE TEMP TABLE pgmoult_old_rows (id int)");
  EXPECT_EQ(app.Exec("UPDATE public.t SET v = 'app' WHERE id = 101").affected(), 1);
  EXPECT_EQ(app.Exec("DELETE FROM public.t WHERE id = 102 RETURNING *").rows(), 1);
  EXPECT_EQ(app.Exec("UPDATE public.t SET id = 150 WHERE id = 103").affected(), 1);
  ExpectInvariant();
  ASSERT_NO_FATAL_FAILURE(Continue());
  ExpectEqualSoon();
  Swap();
}

TEST_P(CaptureKindsTest, EveryKindOfTruncateStartsTheCopyAgain) {
  ASSERT_NO_FATAL_FAILURE(StartInMode());
  for (const Kind& kind : Truncations()) {
    SCOPED_TRACE(kind.name);
    const size_t before = run_->Events("truncated").size();
    Carry(kind);
    ASSERT_TRUE(Eventually([&] { return run_->Events("truncated").size() > before; }));
    ASSERT_TRUE(run_->WaitForWaiting("postponed"));
    ExpectEqualSoon();
    ExpectTheTwinsRows();
  }
  // Capture is what it was before.
  Carry({.name = "", .calls = {{"UPDATE t SET v = 'after' WHERE id < 5"}, {"DELETE FROM t WHERE id = 7"}}});
  ExpectEqualSoon();
  const engine::RunReport report = Swap();
  EXPECT_EQ(report.repaired, 0);
  EXPECT_EQ(report.dual_write, written_through());
  ExpectTheTwinsRows();
}

TEST_P(CaptureKindsTest, TruncateRolledBackToASavepointChangesNothing) {
  ASSERT_NO_FATAL_FAILURE(StartInMode());
  Carry(
      {.name = "",
       .calls = {{"BEGIN; SAVEPOINT s; TRUNCATE t; INSERT INTO t VALUES (1, 1, 'lost'); ROLLBACK TO s; UPDATE t SET v "
                  "= 'kept' WHERE id = 100; COMMIT"}}});
  ExpectEqualSoon();
  EXPECT_EQ(Swap().repaired, 0);
  EXPECT_FALSE(run_->SawEvent("truncated"));
  ExpectTheTwinsRows();
}

// They move the rows to another file, fire no trigger, and change no row.
TEST_P(CaptureKindsTest, ClusterAndVacuumFullAreNoticedAndFoundHarmless) {
  ASSERT_NO_FATAL_FAILURE(StartInMode());
  Carry({.name = "",
         .calls = {{"UPDATE t SET v = 'before' WHERE id = 100"},
                   {"CLUSTER t USING t_pkey"},
                   {"DELETE FROM t WHERE id = 101"},
                   {"VACUUM FULL t"},
                   {"ALTER TABLE t SET WITHOUT CLUSTER"},
                   {"UPDATE t SET v = 'after' WHERE id = 102"}}});
  ExpectEqualSoon();
  EXPECT_EQ(Swap().repaired, 0);
  EXPECT_TRUE(run_->SawEvent("tripwire", "rewritten"));
  ExpectTheTwinsRows();
}

// A disabled trigger leaves no trace but its row's xmin, and writes meanwhile are lost to us.
TEST_P(CaptureKindsTest, TriggersDisabledForAWhileAreNoticedAndRepaired) {
  ASSERT_NO_FATAL_FAILURE(StartInMode());
  session_.Exec(
      "ALTER TABLE t DISABLE TRIGGER USER; UPDATE t SET v = 'unseen' WHERE id = 100; DELETE FROM t WHERE id = 101; "
      "INSERT INTO t VALUES (9001, 9001, 'unseen'); ALTER TABLE t ENABLE TRIGGER USER");
  ASSERT_EQ(Differing(/*unlogged=*/true), "100, 101, 9001");
  EXPECT_EQ(Swap().repaired, 3);
  EXPECT_TRUE(run_->SawEvent("tripwire", "trigger"));
  EXPECT_EQ(
      session_.Scalar<std::string>("SELECT string_agg(format('%s %s', id, v), ', ' ORDER BY id) FROM t WHERE id IN "
                                   "(100, 101, 9001)"),
      "100 unseen, 9001 unseen");
}

}  // namespace
}  // namespace pgmoult::tests
