// A table on which everything hangs that is carried over: the swap takes all of it to the new table, or does not
// happen.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/run.h"
#include "tests/support/statements.h"

namespace pgmoult::tests {
namespace {

using ::testing::HasSubstr;

constexpr char kChange[] = "ALTER TABLE t ADD COLUMN extra int";

constexpr char kSetup[] = R"sql(
CREATE TABLE elsewhere (id int PRIMARY KEY);
INSERT INTO elsewhere SELECT generate_series(1, 20);
CREATE TABLE t (id int PRIMARY KEY, other int CONSTRAINT out_fk REFERENCES elsewhere,
                parent int CONSTRAINT self_fk REFERENCES t, v text);
INSERT INTO t SELECT g, 1 + g % 20, nullif(g - 1, 0), 'row ' || g FROM generate_series(1, 200) g;
CREATE TABLE child (id int PRIMARY KEY, t int CONSTRAINT in_fk REFERENCES t ON DELETE CASCADE);
INSERT INTO child SELECT g, g FROM generate_series(1, 200) g;
CREATE TABLE parts (id int, t int CONSTRAINT parts_fk REFERENCES t) PARTITION BY RANGE (id);
CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (50);
CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (50) TO (1000);
INSERT INTO parts SELECT g, g FROM generate_series(1, 100) g;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.v := NEW.v || '!'; RETURN NEW; END $$;
CREATE TRIGGER touches BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
CREATE POLICY everybody ON t USING (true);
CREATE RULE ignores AS ON UPDATE TO t WHERE OLD.id = 77 DO INSTEAD NOTHING;
CREATE VIEW looks AS SELECT id, v FROM t;
CREATE TABLE inbox (id int, v text);
CREATE RULE copy_in AS ON INSERT TO inbox DO ALSO INSERT INTO t (id, v) VALUES (NEW.id, NEW.v);
CREATE TABLE guarded (id int);
CREATE POLICY those_in_t ON guarded USING (id IN (SELECT id FROM t));
CREATE FUNCTION counts() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t; END;
CREATE PUBLICATION news FOR TABLE t;
CREATE MATERIALIZED VIEW stored AS SELECT id, v FROM t;
CREATE UNIQUE INDEX ON stored (id);
ANALYZE;
)sql";

struct Kind {
  std::string_view mutant;
  std::string_view object;  // as the error names it
};

constexpr Kind kKinds[] = {
    {"forget_trigger", "trigger touches"},
    {"forget_policy", "policy everybody"},
    {"forget_rule", "rule ignores"},
    {"forget_own_foreign_key", "foreign key out_fk of table public.t: was "},
    {"forget_own_foreign_key", "foreign key self_fk of table public.t: was "},
    {"forget_foreign_key", "foreign key in_fk of table public.child: was "},
    {"forget_partitioned_foreign_key", "of table public.parts_low: was "},
    {"forget_view", "view public.looks: was "},
    {"forget_rule_elsewhere", "rule copy_in on public.inbox: was "},
    {"forget_policy_elsewhere", "policy those_in_t on public.guarded: was "},
    {"forget_function", "function public.counts(): was "},
    {"forget_publication", "publication news: was "},
    {"forget_materialized_view", "materialized view public.stored: was "},
};

class DependentTest : public ::testing::Test {
 protected:
  DependentTest() { session_.Exec(kSetup); }

  // What the catalog knows to depend on t, our own things left out.
  std::string Dependents() {
    return session_.Scalar<std::string>(
        "SELECT string_agg(DISTINCT line, E'\\n' ORDER BY line) FROM (SELECT deptype::text || ' ' || "
        "pg_describe_object(classid, objid, objsubid) AS line FROM pg_depend WHERE refclassid = 'pg_class'::regclass "
        "AND refobjid = 't'::regclass AND classid <> 'pg_type'::regclass) d WHERE line !~ "
        "'RI_ConstraintTrigger|pg_toast|pgmoult'");
  }
  int64_t Rows() { return session_.Scalar<int64_t>("SELECT count(*) FROM t"); }

  TestDatabase database_;
  Session session_{database_};
};

TEST_F(DependentTest, WhateverHangsOnTheTableIsCarriedOver) {
  const std::string before = Dependents();
  ASSERT_THAT(before, ::testing::AllOf(HasSubstr("constraint parts_fk on table parts_low"), HasSubstr("news"),
                                       HasSubstr("function counts()"), HasSubstr("materialized view stored")));
  const auto report = RunChange(database_, kChange);
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(Dependents(), before);
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT convalidated AND "
                                     "connamespace = 'public'::regnamespace"),
            0);
  // All of it works from the first statement on.
  session_.Exec("UPDATE t SET v = 'new' WHERE id IN (5, 77)");
  EXPECT_EQ(session_.Scalar<std::string>("SELECT string_agg(v, ' ' ORDER BY id) FROM looks WHERE id IN (5, 77)"),
            "new! row 77");
  session_.Exec("INSERT INTO inbox VALUES (500, 'by rule'); DELETE FROM t WHERE id = 200");
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT counts()"), 200);
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM child WHERE t = 200"), 0);
  EXPECT_EQ(pg::SqlState(session_.Try("DELETE FROM t WHERE id = 60").status()), "23503");
  EXPECT_EQ(pg::SqlState(session_.Try("INSERT INTO t (id, other) VALUES (501, 99)").status()), "23503");
  session_.Exec("REFRESH MATERIALIZED VIEW CONCURRENTLY stored");
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM stored WHERE id = 500"), 1);
  // Nothing of it hangs on the old table.
  const auto finalized = RunSync(engine::Finalize(TargetOf(database_), report->migration));
  ASSERT_TRUE(finalized.ok()) << pg::Describe(finalized.status());
  EXPECT_EQ(Dependents(), before);
  ASSERT_TRUE(RunSync(engine::Cleanup(TargetOf(database_))).ok());
  EXPECT_EQ(Leftovers(session_), "");
}

// A swap that forgets one kind is stopped by the comparison under the lock, and the application goes on.
TEST_F(DependentTest, ASwapThatForgetsAKindDoesNotHappenAndNamesIt) {
  const std::string before = Dependents();
  const auto file = [this] { return session_.Scalar<std::string>("SELECT pg_relation_filepath('t')"); };
  const std::string old_file = file();
  int64_t id = 1000;
  for (const Kind& kind : kKinds) {
    SCOPED_TRACE(kind.mutant);
    {
      const StatementFault fault{std::string(kind.mutant)};
      const auto report = RunChange(database_, kChange);
      ASSERT_FALSE(report.ok());
      EXPECT_GE(fault.changed(), 1);
      EXPECT_EQ(engine::EndKindOf(report.status()), engine::EndKind::kImpossible);
      EXPECT_THAT(pg::Describe(report.status()), HasSubstr(std::string(kind.object)));
    }
    EXPECT_EQ(file(), old_file);
    EXPECT_EQ(Dependents(), before);
    // Still captured.
    session_.Exec(fmt::format("INSERT INTO t (id, v) VALUES ({}, 'late')", ++id));
    EXPECT_TRUE(session_.Scalar<bool>(
        fmt::format("SELECT EXISTS (SELECT FROM pgmoult_1_new.pgmoult_change_log WHERE id = {0}) OR EXISTS (SELECT "
                    "FROM pgmoult_1_new.t WHERE id = {0} AND v = 'late')",
                    id)));
    const auto aborted = RunSync(engine::Abort(TargetOf(database_), 1));
    ASSERT_TRUE(aborted.ok()) << pg::Describe(aborted.status());
    EXPECT_EQ(Leftovers(session_), "");
    EXPECT_EQ(Dependents(), before);
  }
  EXPECT_EQ(Rows(), 200 + static_cast<int64_t>(std::size(kKinds)));
}

}  // namespace
}  // namespace pgmoult::tests
