// Others change what hangs on the table while a run is under way: they are warned of, stopped before the swap, and
// nothing is lost. What they do to the table itself is in hazard_test.cc and statement_kinds_test.cc.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/fault/background_run.h"
#include "tests/fault/gates.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kChange[] = "ALTER TABLE t ADD COLUMN extra int";

struct Case {
  std::string_view sql;
  std::string_view undo;
  std::string_view named;
};

constexpr Case kDependents[] = {
    {"CREATE VIEW seen AS SELECT id FROM t", "DROP VIEW seen", "view public.seen: was absent"},
    {"CREATE OR REPLACE VIEW looks AS SELECT id, v FROM t WHERE id > 7",
     "CREATE OR REPLACE VIEW looks AS SELECT id, v FROM t", "view public.looks: was "},
    {"ALTER VIEW looks SET (security_barrier = true)", "ALTER VIEW looks RESET (security_barrier)",
     "security_barrier=true"},
    {"DROP VIEW looks", "CREATE VIEW looks AS SELECT id, v FROM t", "is absent"},
    {"CREATE POLICY more ON guarded USING (id = (SELECT max(id) FROM t))", "DROP POLICY more ON guarded",
     "policy more on public.guarded: was absent"},
    {"ALTER POLICY those_in_t ON guarded USING (id NOT IN (SELECT id FROM t))",
     "ALTER POLICY those_in_t ON guarded USING (id IN (SELECT id FROM t))", "policy those_in_t on public.guarded"},
    {"CREATE RULE more AS ON INSERT TO guarded DO ALSO DELETE FROM t WHERE id = NEW.id", "DROP RULE more ON guarded",
     "rule more on public.guarded: was absent"},
    {"CREATE OR REPLACE FUNCTION counts() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) + 1 FROM t; END",
     "CREATE OR REPLACE FUNCTION counts() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t; END",
     "function public.counts()"},
    {"DROP FUNCTION counts",
     "CREATE FUNCTION counts() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t; END",
     "function public.counts()"},
    {"CREATE TABLE grandchild (t int CONSTRAINT new_fk REFERENCES t)", "DROP TABLE grandchild",
     "foreign key new_fk of table public.grandchild: was absent"},
    {"ALTER TABLE child DROP CONSTRAINT in_fk", "ALTER TABLE child ADD CONSTRAINT in_fk FOREIGN KEY (t) REFERENCES t",
     "foreign key in_fk of table public.child"},
    {"ALTER TABLE child ALTER CONSTRAINT in_fk DEFERRABLE", "ALTER TABLE child ALTER CONSTRAINT in_fk NOT DEFERRABLE",
     "DEFERRABLE"},
    {"CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (50) TO (100)", "DROP TABLE parts_high",
     "foreign key parts_fk of table public.parts"},
    {"ALTER PUBLICATION news DROP TABLE t", "ALTER PUBLICATION news ADD TABLE t", "publication news"},
    {"CREATE PUBLICATION more FOR TABLE t", "DROP PUBLICATION more", "publication more: was absent"},
    {"CREATE MATERIALIZED VIEW more_stored AS SELECT id FROM t", "DROP MATERIALIZED VIEW more_stored",
     "materialized view public.more_stored: was absent"},
};

class ForeignDdlTest : public ::testing::Test {
 protected:
  ForeignDdlTest() {
    session_.Exec(
        "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT g, 'row' FROM generate_series(1, 100) g; "
        "CREATE TABLE child (t int CONSTRAINT in_fk REFERENCES t); INSERT INTO child VALUES (1); "
        "CREATE TABLE parts (id int, t int CONSTRAINT parts_fk REFERENCES t) PARTITION BY RANGE (id); "
        "CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (50); "
        "CREATE TABLE guarded (id int); CREATE POLICY those_in_t ON guarded USING (id IN (SELECT id FROM t)); "
        "CREATE VIEW looks AS SELECT id, v FROM t; CREATE PUBLICATION news FOR TABLE t; "
        "CREATE FUNCTION counts() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t; END; ANALYZE");
  }

  engine::Target target() const { return TargetOf(database_); }
  static engine::RunOptions Postponed() {
    engine::RunOptions options = SmallOptions();
    options.postpone_cutover = true;
    return options;
  }
  void AllowCutover(int64_t id = 1) {
    const auto allowed = RunSync(engine::Cutover(target(), id));
    ASSERT_TRUE(allowed.ok()) << pg::Describe(allowed.status());
  }
  bool Swapped() { return session_.Scalar<bool>("SELECT to_regclass('pgmoult_1_old.t') IS NOT NULL"); }

  TestDatabase database_;
  Session session_{database_};
};

// One run meets them all, one after the other: each stops it, and each is undone before it is resumed.
TEST_F(ForeignDdlTest, WhatOthersHangOnTheTableOrTakeFromItStopsTheRunBeforeTheSwap) {
  {
    BackgroundRun run(target(), kChange, Postponed());
    ASSERT_TRUE(run.WaitForWaiting("postponed")) << pg::Describe(run.Finish().status());
    run.Stop();
    ASSERT_FALSE(run.Finish().ok());
  }
  session_.Exec("INSERT INTO pgmoult.command (migration, verb, author) VALUES (1, 'cutover', 'a test')");
  int64_t id = 100;
  for (const Case& one : kDependents) {
    SCOPED_TRACE(one.sql);
    session_.Exec(std::string(one.sql));
    BackgroundRun run(target(), 1);
    const auto report = run.Finish();
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(engine::EndKindOf(report.status()), engine::EndKind::kStopped);
    EXPECT_THAT(pg::Describe(report.status()),
                AllOf(HasSubstr("what hangs on public.t is not what it was"), HasSubstr(std::string(one.named))));
    EXPECT_EQ(session_.Scalar<std::string>("SELECT state FROM pgmoult.migration"), "stopped");
    ASSERT_FALSE(Swapped());
    // The application goes on, and is captured.
    session_.Exec(fmt::format("INSERT INTO t VALUES ({}, 'meanwhile')", ++id));
    session_.Exec(std::string(one.undo));
  }
  BackgroundRun run(target(), 1);
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_TRUE(Swapped());
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT counts()"), 100 + static_cast<int64_t>(std::size(kDependents)));
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid = "
                                     "'t'::regclass AND convalidated"),
            3);
}

TEST_F(ForeignDdlTest, InEarlyStagesTheyAreWarnedOfAndWhatIsUndoneDoesNotStopTheRun) {
  MakeGates(session_);
  Gate gate(database_, "verified");
  BackgroundRun run(target(), kChange, Postponed());
  gate.WaitUntilReached();
  session_.Exec("CREATE VIEW seen AS SELECT id FROM t");
  ASSERT_TRUE(run.WaitForEvent("warning", "view public.seen: was absent"));
  EXPECT_FALSE(run.ended());
  session_.Exec("DROP VIEW seen");
  gate.Open();
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  AllowCutover();
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(run.Events("warning").size(), 1);
}

// Triggers, policies and rules of the table itself are its definition.
TEST_F(ForeignDdlTest, WhatOthersAttachToTheTableItselfEndsTheRun) {
  session_.Exec(
      "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
      "CREATE TRIGGER touches BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch()");
  const Case cases[] = {
      {"CREATE TRIGGER more BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch()", "DROP TRIGGER more ON t",
       "trigger more: was absent"},
      {"ALTER TABLE t DISABLE TRIGGER touches", "ALTER TABLE t ENABLE TRIGGER touches", "trigger touches"},
      {"CREATE POLICY more ON t USING (id > 0)", "DROP POLICY more ON t", "policy more: was absent"},
      {"CREATE RULE more AS ON DELETE TO t DO ALSO NOTHING", "DROP RULE more ON t", "rule more: was absent"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.sql);
    BackgroundRun run(target(), kChange, Postponed());
    ASSERT_TRUE(run.WaitForWaiting("postponed")) << pg::Describe(run.Finish().status());
    session_.Exec(std::string(one.sql));
    AllowCutover();
    const auto report = run.Finish();
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(engine::EndKindOf(report.status()), engine::EndKind::kImpossible);
    EXPECT_THAT(pg::Describe(report.status()), AllOf(HasSubstr("the definition of public.t changed during the run"),
                                                     HasSubstr(std::string(one.named))));
    EXPECT_FALSE(Swapped());
    ASSERT_TRUE(RunSync(engine::Abort(target(), 1)).ok());
    EXPECT_EQ(Leftovers(session_), "");
    session_.Exec(std::string(one.undo));
  }
}

TEST_F(ForeignDdlTest, MaintenanceOfTheTableAndItsIndexesDoesNoHarm) {
  session_.Exec("CREATE INDEX by_v ON t (v)");
  BackgroundRun run(target(), kChange, Postponed());
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  for (const char* statement : {"REINDEX TABLE t", "REINDEX INDEX CONCURRENTLY by_v", "REINDEX TABLE CONCURRENTLY t",
                                "VACUUM t", "ANALYZE t", "REINDEX TABLE child"}) {
    session_.Exec(statement);
    session_.Exec("UPDATE t SET v = v || '.' WHERE id = 5");
  }
  AllowCutover();
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(report->repaired, 0);
  EXPECT_EQ(session_.Scalar<std::string>("SELECT v FROM looks WHERE id = 5"), "row......");
  EXPECT_FALSE(run.SawEvent("warning"));
}

}  // namespace
}  // namespace pgmoult::tests
