// Partitions as the source of a change: writes by way of the partitioned table are captured, and the new table takes
// the old one's place without reading its rows, or nothing happens.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/fault/background_run.h"
#include "tests/fault/writers.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/roles.h"
#include "tests/support/run.h"
#include "tests/support/server.h"
#include "tests/support/statements.h"

namespace pgmoult::tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Rows 1 to 1000 of t, half of them in leaf.
constexpr char kRange[] =
    "CREATE TABLE t (id int PRIMARY KEY, n bigint NOT NULL CHECK (n >= 0)) PARTITION BY RANGE (id);"
    "CREATE TABLE leaf PARTITION OF t FOR VALUES FROM (1) TO (501);"
    "CREATE TABLE other PARTITION OF t FOR VALUES FROM (501) TO (1001);"
    "CREATE TABLE rest PARTITION OF t DEFAULT;"
    "CREATE INDEX ON t (n); CREATE INDEX leafs_own ON leaf (n, id);"
    "INSERT INTO t SELECT g, 0 FROM generate_series(1, 1000) g; ANALYZE t";
constexpr char kChange[] = "ALTER TABLE leaf ADD CHECK (n < 1000000)";

class PartitionTest : public ::testing::Test {
 protected:
  engine::Target target() const { return TargetOf(database_); }

  // Until the cutover is postponed.
  void Start() {
    engine::RunOptions options = SmallOptions();
    options.postpone_cutover = true;
    run_ = std::make_unique<BackgroundRun>(target(), kChange, options);
    ASSERT_TRUE(run_->WaitForWaiting("postponed")) << pg::Describe(run_->Finish().status());
  }
  void Swap() {
    const auto allowed = RunSync(engine::Cutover(target(), 1));
    ASSERT_TRUE(allowed.ok()) << pg::Describe(allowed.status());
    const auto report = run_->Finish();
    ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
    EXPECT_FALSE(report->dual_write);
  }
  // Starts, lets the statements run while changes are captured, swaps: leaf must hold the same rows.
  void WriteMeanwhile(const std::string& statements) {
    const std::string old = Oid();
    ASSERT_NO_FATAL_FAILURE(Start());
    session_.Exec(statements);
    const std::string rows = Rows();
    ASSERT_NO_FATAL_FAILURE(Swap());
    EXPECT_NE(Oid(), old);
    EXPECT_EQ(Rows(), rows);
    EXPECT_EQ(Rows("t WHERE tableoid = 'leaf'::regclass"), rows) << "not what the partitioned table shows";
  }

  std::string Oid() { return session_.Scalar<std::string>("SELECT 'leaf'::regclass::oid::text"); }
  std::string Rows(std::string_view from = "leaf") {
    return session_.Scalar<std::string>(
        fmt::format("SELECT coalesce(string_agg(id || ':' || n, ' ' ORDER BY id), '') FROM {}", from));
  }
  // Where leaf stands, and how its indexes and keys belong to others.
  std::string Place() {
    return session_.Scalar<std::string>(
        "SELECT string_agg(line, E'\\n' ORDER BY line) FROM ("
        "SELECT concat_ws(' ', i.inhrelid::regclass, 'of', i.inhparent::regclass) AS line FROM pg_inherits i WHERE "
        "i.inhrelid = 'leaf'::regclass OR i.inhrelid IN (SELECT indexrelid FROM pg_index WHERE indrelid = "
        "'leaf'::regclass) UNION ALL SELECT 'index ' || pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = "
        "'leaf'::regclass UNION ALL SELECT concat_ws(' ', k.conname, k.conislocal, k.coninhcount, p.conname) FROM "
        "pg_constraint k LEFT JOIN pg_constraint p ON p.oid = k.conparentid WHERE k.conrelid = 'leaf'::regclass AND "
        "k.conname <> 'leaf_n_check' UNION ALL SELECT concat_ws(' ', attname, attislocal, attinhcount) FROM "
        "pg_attribute WHERE attrelid = 'leaf'::regclass AND attnum > 0) x");
  }
  std::string Refused(const engine::Plan& plan) {
    std::string text;
    for (const engine::Finding& finding : plan.findings) {
      if (finding.severity == engine::Severity::kRefuse) {
        text += fmt::format("{}: {}: {} -> {}\n", finding.code, finding.object, finding.message, finding.remedy);
      }
    }
    return text;
  }

  TestDatabase database_;
  Session session_{database_};
  std::unique_ptr<BackgroundRun> run_;
};

TEST_F(PartitionTest, C1WritesThroughThePartitionedTableAreCaptured) {
  session_.Exec(kRange);
  ASSERT_NO_FATAL_FAILURE(
      WriteMeanwhile("UPDATE t SET n = 7 WHERE id IN (1, 2, 600); DELETE FROM t WHERE id = 3;"
                     "UPDATE t SET id = 4000, n = 8 WHERE id = 4; UPDATE t SET id = 3, n = 9 WHERE id = 700;"
                     "DELETE FROM leaf WHERE id = 10; INSERT INTO t VALUES (10, 10);"
                     "INSERT INTO t VALUES (11, 0) ON CONFLICT (id) DO UPDATE SET n = 11; UPDATE leaf SET n = 12 "
                     "WHERE id = 12; UPDATE t SET id = id + 6000 WHERE id BETWEEN 15 AND 16"));
  EXPECT_EQ(Rows("leaf WHERE id IN (1, 2, 3, 4, 10, 11, 12)"), "1:7 2:7 3:9 10:10 11:11 12:12");
}

TEST_F(PartitionTest, C1MergeAndCopyThroughThePartitionedTableAreCaptured) {
  session_.Exec(kRange);
  std::string statements = "DELETE FROM t WHERE id IN (20, 21)";
  if (ServerMajor() >= 15) {
    statements +=
        "; MERGE INTO t USING (VALUES (20), (22), (23)) v (id) ON t.id = v.id WHEN MATCHED AND v.id = 23 THEN DELETE "
        "WHEN MATCHED THEN UPDATE SET n = 5 WHEN NOT MATCHED THEN INSERT VALUES (v.id, 6)";
  }
  ASSERT_NO_FATAL_FAILURE(WriteMeanwhile(statements));
}

TEST_F(PartitionTest, C4TruncateOfThePartitionedTableIsCaptured) {
  session_.Exec(kRange);
  ASSERT_NO_FATAL_FAILURE(WriteMeanwhile("TRUNCATE t; INSERT INTO t SELECT g, 3 FROM generate_series(300, 700) g"));
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM leaf"), 201);
}

TEST_F(PartitionTest, C4TruncateOfThePartitionIsCaptured) {
  session_.Exec(kRange);
  ASSERT_NO_FATAL_FAILURE(WriteMeanwhile("TRUNCATE leaf; INSERT INTO t VALUES (5, 5)"));
  EXPECT_EQ(Rows(), "5:5");
}

TEST_F(PartitionTest, WritersThroughThePartitionedTableGoOnAndLoseNothing) {
  session_.Exec(
      "CREATE TABLE t (id int PRIMARY KEY, n bigint NOT NULL) PARTITION BY HASH (id);"
      "CREATE TABLE leaf PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
      "CREATE TABLE other PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
      "INSERT INTO t SELECT g, 0 FROM generate_series(1, 3000) g; ANALYZE t");
  Writers writers(database_, 2, 3000);
  const auto report = RunChange(database_, kChange);
  const int64_t at_the_swap = writers.statements();
  EXPECT_TRUE(Eventually([&] { return writers.statements() > at_the_swap + 50 || !writers.errors().empty(); }));
  writers.Stop();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(report->repaired, 0);
  EXPECT_EQ(writers.errors(), "");
  EXPECT_EQ(writers.Difference(session_), "");
  ASSERT_TRUE(RunSync(engine::Finalize(target(), 1)).ok());
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'pgmoult%'"), 0);
}

struct Form {
  std::string_view name;
  std::string_view setup;
};

void PrintTo(const Form& form, std::ostream* out) { *out << form.name; }

const Form kForms[] = {
    {"Range", kRange},
    {"Default",
     "CREATE TABLE t (id int PRIMARY KEY, n bigint NOT NULL) PARTITION BY RANGE (id);"
     "CREATE TABLE leaf PARTITION OF t DEFAULT; CREATE TABLE other PARTITION OF t FOR VALUES FROM (2000) TO (3000);"
     "CREATE TABLE more PARTITION OF t FOR VALUES FROM (MINVALUE) TO (1)"},
    {"OfSeveralColumns",
     "CREATE TABLE t (id int, n bigint NOT NULL, v varchar(9) DEFAULT 'k', m numeric(8, 2) DEFAULT 3, PRIMARY KEY (id, "
     "v, m)) PARTITION BY RANGE (v, m); CREATE TABLE leaf PARTITION OF t FOR VALUES FROM ('a', 1.5) TO ('m', "
     "MAXVALUE); CREATE TABLE rest PARTITION OF t DEFAULT"},
    {"ListOfAnExpression",
     "CREATE TABLE t (id int NOT NULL, n bigint NOT NULL, v varchar) PARTITION BY LIST (lower(v)); CREATE TABLE leaf "
     "PARTITION OF t (PRIMARY KEY (id)) FOR VALUES IN ('x', NULL)"},
    {"HashOverDates",
     "CREATE TABLE t (id int, n bigint NOT NULL, at timestamptz DEFAULT '2024-05-05', PRIMARY KEY (id, at)) PARTITION "
     "BY HASH (id); CREATE TABLE half PARTITION OF t FOR VALUES WITH (MODULUS 1, REMAINDER 0) PARTITION BY RANGE (at);"
     "CREATE TABLE leaf PARTITION OF half FOR VALUES FROM ('2024-01-01 00:00+02') TO ('2025-01-01 00:00+02')"},
    {"AttachedWithOtherColumnNumbers",
     "CREATE TABLE t (gone int, id int PRIMARY KEY, n bigint NOT NULL) PARTITION BY RANGE (id); ALTER TABLE t DROP "
     "COLUMN gone; CREATE TABLE leaf (n bigint NOT NULL, id int PRIMARY KEY); ALTER TABLE t ATTACH PARTITION leaf FOR "
     "VALUES FROM (1) TO (5000)"},
    {"OfAnEnumInAnotherSchema",
     "CREATE SCHEMA \"Other One\"; CREATE TYPE \"Other One\".mood AS ENUM ('sad', 'it''s ok'); CREATE TABLE \"Other "
     "One\".t (id int, n bigint NOT NULL CHECK (n > -1), m \"Other One\".mood DEFAULT 'it''s ok', PRIMARY KEY (id, m)) "
     "PARTITION BY LIST (m); CREATE TABLE leaf PARTITION OF \"Other One\".t FOR VALUES IN ('it''s ok'); CREATE INDEX "
     "ON \"Other One\".t (n); CREATE VIEW t AS SELECT id, n, tableoid FROM \"Other One\".t"},
};

class PartitionFormTest : public PartitionTest, public ::testing::WithParamInterface<Form> {};

TEST_P(PartitionFormTest, ItsSuccessorIsAttachedUnreadAndStandsAsItStood) {
  session_.Exec(std::string(GetParam().setup));
  session_.Exec("INSERT INTO t (id, n) SELECT g, g FROM generate_series(1, 700) g ON CONFLICT DO NOTHING");
  const std::string rows = Rows();
  const std::string place = Place();
  const std::string old = Oid();
  ASSERT_NE(rows, "");
  // Fails the swap where ATTACH reads a table.
  const StatementFault watch("watch_attach");
  const auto report = RunChange(database_, kChange);
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(watch.changed(), 1);
  EXPECT_EQ(report->swap_tries, 1);
  EXPECT_NE(Oid(), old);
  EXPECT_EQ(Place(), place);
  EXPECT_EQ(Rows(), rows);
  EXPECT_EQ(Rows("t WHERE tableoid = 'leaf'::regclass"), rows);
  session_.Exec("UPDATE t SET n = n + 1 WHERE id = 100");
  EXPECT_EQ(Rows("leaf WHERE id = 100"), session_.Scalar<std::string>("SELECT id || ':' || n FROM t WHERE id = 100"));
  ASSERT_TRUE(RunSync(engine::Finalize(target(), 1)).ok());
  ASSERT_TRUE(RunSync(engine::Cleanup(target())).ok());
  EXPECT_EQ(Leftovers(session_), "");
}

INSTANTIATE_TEST_SUITE_P(Forms, PartitionFormTest, ::testing::ValuesIn(kForms),
                         [](const ::testing::TestParamInfo<Form>& info) { return std::string(info.param.name); });

TEST_F(PartitionTest, ALargeDefaultPartitionNeedsAProof) {
  session_.Exec(
      "CREATE TABLE t (id int PRIMARY KEY, n bigint NOT NULL, v text) PARTITION BY RANGE (id);"
      "CREATE TABLE leaf PARTITION OF t FOR VALUES FROM (1) TO (501); CREATE TABLE rest PARTITION OF t DEFAULT;"
      "ALTER TABLE rest ALTER v SET STORAGE PLAIN;"
      "INSERT INTO t SELECT g, 0, repeat('v', CASE WHEN g > 500 THEN 7000 ELSE 1 END) FROM generate_series(1, 1900) g");
  const auto plan = PlanChange(database_, kChange);
  ASSERT_TRUE(plan.ok()) << pg::Describe(plan.status());
  const std::string refused = Refused(*plan);
  ASSERT_THAT(refused, AllOf(HasSubstr("partition_default: "), HasSubstr("public.rest holds ")));
  // The remedy is SQL that can be run as it stands.
  const size_t begin = refused.find("ALTER TABLE");
  ASSERT_NE(begin, std::string::npos);
  session_.Exec(refused.substr(begin, refused.find('\n', begin) - begin));
  const StatementFault watch("watch_attach");
  const auto report = RunChange(database_, kChange);
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(watch.changed(), 1);
  EXPECT_TRUE(session_.Try("INSERT INTO t VALUES (9000, 1, 'rest'), (500, 1, 'none') ON CONFLICT DO NOTHING").ok());
}

// Nothing is locked for it, and the run goes on once the proof is there.
TEST_F(PartitionTest, ADefaultPartitionThatGrowsDuringTheRunNeedsAProof) {
  session_.Exec(kRange);
  ASSERT_NO_FATAL_FAILURE(Start());
  session_.Exec("INSERT INTO t SELECT g, 0 FROM generate_series(2000, 252000) g");
  ASSERT_TRUE(RunSync(engine::Cutover(target(), 1)).ok());
  const auto stopped = run_->Finish();
  const std::string text = pg::Describe(stopped.status());
  EXPECT_EQ(engine::EndKindOf(stopped.status()), engine::EndKind::kStopped) << text;
  const size_t begin = text.find("ALTER TABLE");
  const size_t end = text.rfind(';');
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos) << text;
  session_.Exec(text.substr(begin, end - begin));
  run_ = std::make_unique<BackgroundRun>(target(), 1);
  const auto report = run_->Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
}

TEST_F(PartitionTest, ANotNullOfTheWholeThatIsNotValid) {
  session_.Exec(kRange);
  session_.Exec("ALTER TABLE t ADD COLUMN late int");
  if (ServerMajor() >= 18) {
    session_.Exec(
        "ALTER TABLE leaf ADD CONSTRAINT late_there NOT NULL late NOT VALID;"
        "ALTER TABLE t ADD CONSTRAINT late_is_there NOT NULL late NOT VALID");
  }
  const std::string place = Place();
  const auto report = RunChange(database_, kChange);
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(Place(), place);
}

TEST_F(PartitionTest, InheritedTriggersComeBackAsThePartitionHadThem) {
  session_.Exec(kRange);
  session_.Exec(
      "CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.n := NEW.n * 2; RETURN NEW; END';"
      "CREATE TRIGGER doubles BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION mark();"
      "CREATE TRIGGER sleeps BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION mark();"
      "CREATE TRIGGER leafs BEFORE INSERT ON leaf FOR EACH ROW EXECUTE FUNCTION mark();"
      "ALTER TABLE leaf DISABLE TRIGGER sleeps; ALTER TABLE ONLY t DISABLE TRIGGER doubles;"
      "COMMENT ON TRIGGER doubles ON leaf IS 'of the leaf'");
  constexpr char kTriggers[] =
      "SELECT string_agg(concat_ws(' ', tgname, tgenabled, tgparentid <> 0, obj_description(oid, 'pg_trigger')), ', ' "
      "ORDER BY tgname) FROM pg_trigger WHERE tgrelid = 'leaf'::regclass AND tgname NOT LIKE 'pgmoult%'";
  const auto before = session_.Scalar<std::string>(kTriggers);
  ASSERT_EQ(before, "doubles O t of the leaf, leafs O f, sleeps D t");
  ASSERT_NO_FATAL_FAILURE(WriteMeanwhile("UPDATE t SET n = 5 WHERE id = 1"));
  EXPECT_EQ(session_.Scalar<std::string>(kTriggers), before);
  session_.Exec("UPDATE t SET n = 6 WHERE id = 2; DELETE FROM t WHERE id = 3; INSERT INTO t VALUES (3, 7)");
  EXPECT_EQ(Rows("leaf WHERE id < 4"), "1:10 2:12 3:14");
}

TEST_F(PartitionTest, TheFenceKeepsOldSnapshotsFromWritingThroughAnyAncestor) {
  session_.Exec(
      "CREATE TABLE elsewhere (); CREATE TABLE t (id int PRIMARY KEY, n bigint NOT NULL) PARTITION BY RANGE (id);"
      "CREATE TABLE middle PARTITION OF t FOR VALUES FROM (1) TO (1001) PARTITION BY RANGE (id);"
      "CREATE TABLE leaf PARTITION OF middle FOR VALUES FROM (1) TO (501);"
      "INSERT INTO t SELECT g, 0 FROM generate_series(1, 500) g; ANALYZE t");
  Session old(database_);
  for (const char* table : {"t", "middle", "leaf"}) {
    SCOPED_TRACE(table);
    old.Exec("BEGIN ISOLATION LEVEL REPEATABLE READ");
    old.Exec("SELECT FROM elsewhere");
    BackgroundRun run(target(), "leaf", SmallOptions());
    ASSERT_TRUE(run.WaitForWaiting("snapshots from before the swap must end")) << pg::Describe(run.Finish().status());
    // Everybody else writes on.
    session_.Exec("UPDATE t SET n = n + 1 WHERE id = 3");
    EXPECT_EQ(pg::SqlState(old.Try(fmt::format("UPDATE {} SET n = 70 WHERE id = 2", table)).status()), "40001");
    old.Exec("ROLLBACK");
    const auto report = run.Finish();
    ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
    EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'pgmoult%fence'"), 0);
    ASSERT_TRUE(RunSync(engine::Finalize(target(), report->migration)).ok());
    old.Exec("UPDATE t SET n = n + 1 WHERE id = 2");
  }
  EXPECT_EQ(Rows("leaf WHERE id < 4"), "1:0 2:3 3:3");
}

TEST_F(PartitionTest, ThePartitionedTableMayBelongToAnother) {
  MakeOwner(session_, database_, "part_owner");
  MakeOwner(session_, database_, "part_boss");
  MakeOwner(session_, database_, "part_op");
  session_.Exec("REVOKE part_boss, part_owner FROM part_op; GRANT part_owner TO part_op");
  session_.Exec(kRange);
  session_.Exec("ALTER TABLE t OWNER TO part_boss; ALTER TABLE leaf OWNER TO part_owner");
  const auto plan = PlanChange(database_, kChange, {}, "part_op");
  ASSERT_TRUE(plan.ok()) << pg::Describe(plan.status());
  EXPECT_THAT(Refused(*plan),
              AllOf(HasSubstr("partition_owner: partitioned table public.t"), HasSubstr("GRANT part_boss TO part_op")));
  // The login has both, neither owner is a member of the other.
  session_.Exec("GRANT part_boss TO part_op");
  const std::string rows = Rows();
  const std::string place = Place();
  const auto report = RunChange(TargetOf(database_, "part_op"), kChange);
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(Rows(), rows);
  EXPECT_EQ(Place(), place);
  EXPECT_EQ(session_.Scalar<std::string>("SELECT string_agg(relowner::regrole::text, ' ' ORDER BY relname) FROM "
                                         "pg_class WHERE oid IN ('t'::regclass, 'leaf'::regclass)"),
            "part_owner part_boss");
  const auto finalized = RunSync(engine::Finalize(TargetOf(database_, "part_op"), 1));
  ASSERT_TRUE(finalized.ok()) << pg::Describe(finalized.status());
  session_.Exec("REVOKE part_boss, part_owner FROM part_op");
}

// PostgreSQL writes a bound as the session's settings say.
TEST_F(PartitionTest, IsResumedWhereTheClockIsReadOtherwise) {
  session_.Exec(
      "CREATE TABLE t (id int, n bigint NOT NULL, at timestamptz DEFAULT '2024-05-05', PRIMARY KEY (id, at)) PARTITION "
      "BY RANGE (at); CREATE TABLE leaf PARTITION OF t FOR VALUES FROM ('2024-01-01 00:00+02') TO ('2025-01-01');"
      "INSERT INTO t SELECT g, 0 FROM generate_series(1, 500) g; ANALYZE t");
  ASSERT_NO_FATAL_FAILURE(Start());
  run_->Stop();
  ASSERT_FALSE(run_->Finish().ok());
  session_.Exec(
      "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET TimeZone = ''Asia/Tokyo''', current_database()); EXECUTE "
      "format('ALTER DATABASE %I SET DateStyle = ''SQL, DMY''', current_database()); END $$");
  run_ = std::make_unique<BackgroundRun>(target(), 1);
  ASSERT_TRUE(run_->WaitForWaiting("postponed")) << pg::Describe(run_->Finish().status());
  ASSERT_NO_FATAL_FAILURE(Swap());
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), 500);
}

// Some writers hold the default partition beside it and wait for the whole, which the swap has.
TEST_F(PartitionTest, TheDefaultPartitionIsLockedBeforeItIsDetached) {
  session_.Exec(kRange);
  ASSERT_NO_FATAL_FAILURE(Start());
  Session writer(database_);
  writer.Exec("BEGIN; INSERT INTO rest VALUES (9000, 1)");
  ASSERT_TRUE(RunSync(engine::Cutover(target(), 1)).ok());
  ASSERT_TRUE(Eventually([&] { return run_->Events("swap_try").size() >= 6; }));
  // In one of three orders the swap has nothing yet where it waits for him, so he is not in its way.
  int waited = 0;
  for (const auto& event : run_->Events("swap_try")) {
    EXPECT_THAT(event, HasSubstr("public.rest"));
    ++waited;
  }
  EXPECT_GE(waited, 6);
  writer.Exec("UPDATE t SET n = 2 WHERE id = 2; COMMIT");
  const auto report = run_->Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(Rows("leaf WHERE id = 2"), "2:2");
}

struct Ddl {
  std::string_view name;
  std::string_view statement;
  std::string_view named;
};

void PrintTo(const Ddl& ddl, std::ostream* out) { *out << ddl.name; }

const Ddl kDdl[] = {
    {"Detach", "ALTER TABLE t DETACH PARTITION leaf", "inheritance parent public.t: was 1, is absent"},
    {"OtherBound",
     "ALTER TABLE t DETACH PARTITION leaf; ALTER TABLE t ATTACH PARTITION leaf FOR VALUES FROM (0) TO (501)",
     "table partition bound: was "},
    {"IndexOfTheWhole", "CREATE INDEX by_both ON t (id, n)", "index leaf_id_n_idx: was absent"},
    {"TriggerOfTheWhole",
     "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER late "
     "BEFORE "
     "INSERT ON t FOR EACH ROW EXECUTE FUNCTION nothing()",
     "inherited trigger late: was absent"},
    {"NewNameAboveIt", "ALTER TABLE t RENAME TO t_of_old", "table ancestors: was public.t, is public.t_of_old"},
    {"DefaultPartitionGoes", "ALTER TABLE t DETACH PARTITION rest", "table default partition beside it: was "},
};

class PartitionDdlTest : public PartitionTest, public ::testing::WithParamInterface<Ddl> {};

TEST_P(PartitionDdlTest, IsNoticedAndNamedAndNothingIsLost) {
  session_.Exec(kRange);
  ASSERT_NO_FATAL_FAILURE(Start());
  session_.Exec(std::string(GetParam().statement));
  ASSERT_TRUE(RunSync(engine::Cutover(target(), 1)).ok());
  const auto report = run_->Finish();
  EXPECT_EQ(engine::EndKindOf(report.status()), engine::EndKind::kImpossible) << pg::Describe(report.status());
  EXPECT_THAT(pg::Describe(report.status()), HasSubstr(std::string(GetParam().named)));
  ASSERT_TRUE(RunSync(engine::Abort(target(), 1)).ok());
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM leaf"), 500);
  EXPECT_EQ(Leftovers(session_), "");
}

INSTANTIATE_TEST_SUITE_P(Statements, PartitionDdlTest, ::testing::ValuesIn(kDdl),
                         [](const ::testing::TestParamInfo<Ddl>& info) { return std::string(info.param.name); });

TEST_F(PartitionTest, ASwapThatForgetsToAttachDoesNotHappen) {
  session_.Exec(kRange);
  const std::string old = Oid();
  const StatementFault fault("forget_attach");
  const auto report = RunChange(database_, kChange);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(fault.changed(), 1);
  EXPECT_EQ(engine::EndKindOf(report.status()), engine::EndKind::kImpossible);
  EXPECT_THAT(pg::Describe(report.status()),
              AllOf(HasSubstr("inheritance parent public.t: was 1, is absent"),
                    HasSubstr("index leaf_pkey: was unique; primary; btree (id); part of public.t_pkey, is ")));
  EXPECT_EQ(Oid(), old);
  session_.Exec("UPDATE t SET n = 1 WHERE id = 1");
  ASSERT_TRUE(RunSync(engine::Abort(target(), 1)).ok());
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), 1000);
  EXPECT_EQ(Leftovers(session_), "");
}

}  // namespace
}  // namespace pgmoult::tests
