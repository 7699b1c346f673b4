// Rights that nobody wins: a table's owner through a run of somebody else, a stranger through our trigger functions, a
// writer through names of his own, and whoever may make a schema through a journal that he planted.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/control.h"
#include "engine/journal.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/engine/rights_fixture.h"
#include "tests/fault/background_run.h"

namespace pgmoult::tests {
namespace {

using ::testing::HasSubstr;

// By the owner. In a session of ours it tries every way out of its role, and does a superuser's work there; then it
// goes back, so that nobody notices.
constexpr std::string_view kAttack = R"sql(
CREATE FUNCTION shop.attack() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  way text;
BEGIN
  IF current_setting('application_name') NOT LIKE 'pgmoult %' THEN
    RETURN;
  END IF;
  FOREACH way IN ARRAY ARRAY['RESET ROLE', 'SET ROLE NONE', 'SET LOCAL ROLE NONE', 'RESET SESSION AUTHORIZATION',
                             'SET SESSION AUTHORIZATION DEFAULT', 'SET ROLE postgres',
                             'SET SESSION AUTHORIZATION postgres'] LOOP
    BEGIN
      EXECUTE way;
      EXECUTE 'ALTER ROLE rights_pawn SUPERUSER';
      EXECUTE 'SET ROLE rights_owner';
    EXCEPTION WHEN OTHERS THEN
      NULL;
    END;
  END LOOP;
END $$;
CREATE FUNCTION shop.passes(int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM shop.attack(); RETURN true; END';
CREATE FUNCTION shop.same(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM shop.attack(); RETURN $1; END';
CREATE FUNCTION shop.value() RETURNS int VOLATILE LANGUAGE plpgsql AS 'BEGIN PERFORM shop.attack(); RETURN 1; END';
CREATE FUNCTION shop.named(shop.mood) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM shop.attack(); RETURN ''x''; END';
CREATE DOMAIN shop.trap AS int CHECK (shop.passes(VALUE));
CREATE CAST (shop.mood AS text) WITH FUNCTION shop.named(shop.mood) AS ASSIGNMENT;
)sql";

struct Carrier {
  std::string_view name;
  std::string_view table;  // columns after the key
  std::string_view index = {};
  std::string_view change = "ALTER COLUMN id TYPE bigint";
};

const Carrier kCarriers[] = {
    {.name = "check", .table = "v int CHECK (shop.passes(v))"},
    {.name = "index", .table = "v int", .index = "CREATE INDEX ON shop.bait ((shop.same(v)))"},
    {.name = "domain", .table = "v int", .change = "ALTER COLUMN v TYPE shop.trap"},
    {.name = "generated", .table = "v int, g int GENERATED ALWAYS AS (shop.same(v)) STORED"},
    {.name = "default", .table = "v int", .change = "ADD COLUMN w int DEFAULT shop.value()"},
    {.name = "cast", .table = "v int, m shop.mood DEFAULT 'ok'", .change = "ALTER COLUMN m TYPE text"},
    {.name = "using", .table = "v int", .change = "ALTER COLUMN v TYPE bigint USING shop.same(v)"},
};

class AttackTest : public LeastPrivilege {
 protected:
  AttackTest() {
    owner_.Exec(std::string(kAttack));
    superuser_.Exec("CREATE SCHEMA lair AUTHORIZATION rights_stranger");
  }

  void MakeBait(const Carrier& carrier) {
    owner_.Exec(fmt::format(
        "DROP TABLE IF EXISTS shop.bait; CREATE TABLE shop.bait (id int PRIMARY KEY, {}); INSERT INTO shop.bait (id, "
        "v) SELECT g, g FROM generate_series(1, 20) g; {}",
        carrier.table, carrier.index));
  }
  bool Won() {
    const bool won = superuser_.Scalar<bool>("SELECT rolsuper FROM pg_roles WHERE rolname = 'rights_pawn'");
    superuser_.Exec("ALTER ROLE rights_pawn NOSUPERUSER");
    return won;
  }
  // A run of that login, and everything of it gone.
  absl::Status RunAndClean(const engine::Target& target, const Carrier& carrier, bool trust_owner = false) {
    engine::RunOptions options = SmallOptions();
    options.trust_owner = trust_owner;
    // Indexes are built where no role can be left; they are filled by replay, too.
    engine::Observer observer;
    observer.on_event = [this](std::string_view kind, const std::string& text, const boost::json::value&) {
      if (kind == "stage" && text == "verify") {
        owner_.Exec("UPDATE shop.bait SET v = v");
      }
    };
    const auto report = RunChange(target, fmt::format("ALTER TABLE shop.bait {}", carrier.change), options, observer);
    const auto ended = RunSync(report.ok() ? engine::Finalize(target, 1) : engine::Abort(target, 1));
    EXPECT_TRUE(RunSync(engine::Cleanup(target)).ok()) << pg::Describe(ended.status());
    EXPECT_EQ(Leftovers(superuser_), "");
    return report.status();
  }
};

TEST_F(AttackTest, AnOwnersCodeWinsNothingUnlessASuperuserTrustsIt) {
  for (const Carrier& carrier : kCarriers) {
    SCOPED_TRACE(carrier.name);
    MakeBait(carrier);
    const absl::Status refused = RunAndClean(TargetOf(database_), carrier);
    EXPECT_EQ(engine::EndKindOf(refused), engine::EndKind::kRefused) << pg::Describe(refused);
    EXPECT_THAT(pg::Describe(refused), HasSubstr("--trust-owner"));
    EXPECT_FALSE(Won());
    const absl::Status served = RunAndClean(op(), carrier);
    EXPECT_TRUE(served.ok()) << pg::Describe(served);
    EXPECT_FALSE(Won());
    // The attack is real: it is the login that stops it.
    MakeBait(carrier);
    const absl::Status trusted = RunAndClean(TargetOf(database_), carrier, /*trust_owner=*/true);
    EXPECT_TRUE(Won()) << pg::Describe(trusted);
  }
}

TEST_F(AttackTest, ASuperuserLeavesTheMigrationsOfALesserLoginAlone) {
  MakeBait(kCarriers[0]);
  engine::RunOptions options = SmallOptions();
  options.postpone_cutover = true;
  {
    BackgroundRun run(op(), "ALTER TABLE shop.bait ALTER COLUMN id TYPE bigint", options);
    ASSERT_TRUE(run.WaitForWaiting("postponed")) << pg::Describe(run.Finish().status());
  }
  owner_.Exec("TRUNCATE shop.bait; INSERT INTO shop.bait VALUES (1, 1)");  // there is something to copy again
  BackgroundRun superusers(TargetOf(database_), 1);
  EXPECT_FALSE(superusers.WaitForWaiting("postponed"));
  superusers.Stop();
  const auto resumed = superusers.Finish();
  for (const absl::Status& status : {resumed.status(), RunSync(engine::LookAtDatabase(TargetOf(database_))).status(),
                                     RunSync(engine::Abort(TargetOf(database_), 1)).status(),
                                     RunSync(engine::Cleanup(TargetOf(database_))).status()}) {
    EXPECT_THAT(pg::Describe(status), HasSubstr("was made by another login"));
  }
  EXPECT_FALSE(Won());
  const auto aborted = RunSync(engine::Abort(op(), 1));
  EXPECT_TRUE(aborted.ok()) << pg::Describe(aborted.status());
  EXPECT_FALSE(Won());
  EXPECT_EQ(Leftovers(superuser_), "");
}

// Anybody with CREATE on the database may make a schema of that name before us, with tables that look like ours and
// triggers of his own, which would run in the sessions of whoever writes there.
TEST_F(AttackTest, AJournalThatSomebodyElseMadeIsNotWrittenTo) {
  MakeBait(kCarriers[0]);
  superuser_.Exec(fmt::format("GRANT CREATE ON DATABASE {} TO rights_stranger", pg::Ident(database_.name())));
  Session stranger(database_, "rights_stranger");
  ASSERT_TRUE(stranger.Run(engine::EnsureJournal(stranger.connection())).ok());
  stranger.Exec(
      "CREATE FUNCTION lair.trap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'GRANT rights_owner TO "
      "rights_stranger'; ALTER ROLE rights_pawn SUPERUSER; RETURN NEW; EXCEPTION WHEN OTHERS THEN INSERT INTO "
      "lair.caught VALUES (session_user); RETURN NEW; END $$;"
      "CREATE TABLE lair.caught (login text); GRANT USAGE ON SCHEMA lair TO PUBLIC; GRANT INSERT ON lair.caught TO "
      "PUBLIC; GRANT EXECUTE ON FUNCTION lair.trap TO PUBLIC; GRANT USAGE ON SCHEMA pgmoult TO PUBLIC;"
      "GRANT ALL ON ALL TABLES IN SCHEMA pgmoult TO PUBLIC;"
      "CREATE TRIGGER trap BEFORE INSERT OR UPDATE OR DELETE ON pgmoult.migration FOR EACH ROW EXECUTE FUNCTION "
      "lair.trap()");
  superuser_.Exec("CREATE TABLE shop.own (id int PRIMARY KEY)");
  const absl::Status by_op = RunChange(op(), "ALTER TABLE shop.bait ALTER COLUMN id TYPE bigint").status();
  const absl::Status by_superuser = RunChange(database_, "shop.own").status();
  for (const absl::Status& status : {by_op, by_superuser}) {
    EXPECT_THAT(pg::Describe(status), HasSubstr("was made by another login (rights_stranger)"));
  }
  for (const absl::Status& status :
       {RunSync(engine::LookAtDatabase(op())).status(), RunSync(engine::Abort(op(), 1)).status(),
        RunSync(engine::Cleanup(op())).status()}) {
    EXPECT_THAT(pg::Describe(status), HasSubstr("was made by another login (rights_stranger)"));
  }
  EXPECT_FALSE(Won());
  EXPECT_EQ(superuser_.Scalar<int64_t>("SELECT count(*) FROM lair.caught"), 0);
  EXPECT_EQ(superuser_.Scalar<int64_t>("SELECT count(*) FROM pgmoult.migration"), 0);
}

class StrangerTest : public AttackTest, public ::testing::WithParamInterface<engine::DualWriteMode> {
 protected:
  void SetUp() override {
    superuser_.Exec(
        fmt::format("GRANT TEMPORARY ON DATABASE {} TO rights_stranger; GRANT USAGE ON SCHEMA shop TO "
                    "rights_stranger",
                    pg::Ident(database_.name())));
    owner_.Exec(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON shop.t TO rights_stranger; GRANT USAGE ON ALL SEQUENCES IN "
        "SCHEMA shop TO rights_stranger");
    engine::RunOptions options = SmallOptions();
    options.postpone_cutover = true;
    options.dual_write = GetParam();
    run_ = std::make_unique<BackgroundRun>(op(), "shop.t", options);
    ASSERT_TRUE(run_->WaitForWaiting("postponed")) << pg::Describe(run_->Finish().status());
    // Nothing is replayed from now on.
    ASSERT_TRUE(RunSync(engine::Pause(op(), 1)).ok());
    ASSERT_TRUE(run_->WaitForWaiting("paused"));
    ASSERT_TRUE(Eventually([this] {
      return superuser_.Scalar<bool>(
          "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'pgmoult 1 replay' AND state <> "
          "'idle')");
    }));
    superuser_.Exec("DELETE FROM pgmoult_1_new.pgmoult_change_log");
    stranger_.Exec("CREATE TABLE lair.mine (id int PRIMARY KEY, n int, nr int, m text, s text)");
    stranger_.Exec("INSERT INTO lair.mine VALUES (1), (2)");
  }
  std::string Logged() {
    return superuser_.Scalar<std::string>(
        "SELECT coalesce(string_agg(DISTINCT coalesce(id::text, 'everything'), ' '), '') FROM "
        "pgmoult_1_new.pgmoult_change_log");
  }

  // Triggers of the stranger's own table that run `function`, of every form that it could have been made for.
  static std::vector<std::string> Attachments(const std::string& function) {
    std::vector<std::string> statements;
    for (const char* form :
         {"AFTER INSERT ON lair.mine REFERENCING NEW TABLE AS pgmoult_new_rows FOR EACH STATEMENT",
          "AFTER UPDATE ON lair.mine REFERENCING NEW TABLE AS pgmoult_new_rows FOR EACH STATEMENT",
          "AFTER DELETE ON lair.mine REFERENCING OLD TABLE AS pgmoult_old_rows FOR EACH STATEMENT",
          "AFTER INSERT OR UPDATE OR DELETE ON lair.mine FOR EACH ROW", "BEFORE TRUNCATE ON lair.mine"}) {
      statements.push_back(fmt::format("CREATE TRIGGER attached {} EXECUTE FUNCTION {}()", form, function));
    }
    return statements;
  }

  Session stranger_{database_, "rights_stranger"};
  std::unique_ptr<BackgroundRun> run_;
};

TEST_P(StrangerTest, CannotTurnOurTriggerFunctionsOnUs) {
  const pg::Result functions = superuser_.Exec(
      "SELECT format('%I.%I', pronamespace::regnamespace, proname) FROM pg_proc WHERE pronamespace = "
      "'pgmoult_1_new'::regnamespace");
  ASSERT_EQ(functions.rows(), 5);
  for (const bool may_execute : {false, true}) {
    owner_.Exec("GRANT USAGE ON SCHEMA pgmoult_1_new TO rights_stranger");
    if (may_execute) {
      owner_.Exec("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgmoult_1_new TO rights_stranger");
    }
    for (int row = 0; row < functions.rows(); ++row) {
      for (const std::string& attach : Attachments(std::string(functions.Text(row, 0)))) {
        SCOPED_TRACE(attach);
        const auto attached = stranger_.Try(attach);
        if (!may_execute) {
          EXPECT_EQ(pg::SqlState(attached.status()), "42501") << pg::Describe(attached.status());
          continue;
        }
        ASSERT_TRUE(attached.ok()) << pg::Describe(attached.status());
        int fired = 0;
        for (const char* write : {"INSERT INTO lair.mine VALUES (7)", "UPDATE lair.mine SET id = id + 10",
                                  "DELETE FROM lair.mine", "TRUNCATE lair.mine"}) {
          const auto written = stranger_.Try(write);
          const bool stopped = pg::Describe(written.status()).find("of another table") != std::string::npos;
          EXPECT_TRUE(written.ok() || stopped) << pg::Describe(written.status());
          fired += stopped ? 1 : 0;
        }
        EXPECT_GE(fired, 1);
        stranger_.Exec(
            "DROP TRIGGER attached ON lair.mine; INSERT INTO lair.mine VALUES (1), (2) ON CONFLICT DO "
            "NOTHING; DELETE FROM lair.mine WHERE id > 2");
      }
    }
    EXPECT_EQ(Logged(), "");
  }
  EXPECT_EQ(pg::SqlState(stranger_
                             .Try("CREATE OR REPLACE FUNCTION pgmoult_1_new.capture_new() RETURNS trigger LANGUAGE "
                                  "plpgsql AS 'BEGIN RETURN NULL; END'")
                             .status()),
            "42501");
  EXPECT_EQ(superuser_.Scalar<int64_t>("SELECT count(*) FROM pgmoult_1_new.t"), 3000);
}

// Names in the writer's own schemas: of the log, of the tables, of the functions, operators and types in our functions.
TEST_P(StrangerTest, CannotMisleadOurFunctionsByNamesOfHisOwn) {
  stranger_.Exec(
      "CREATE TEMP TABLE pgmoult_change_log (id int); CREATE TEMP TABLE t (id int); CREATE TEMP TABLE pgmoult_new_rows "
      "(id int); CREATE TEMP TABLE pgmoult_old_rows (id int); CREATE TEMP TABLE pgmoult_u (id int);"
      "CREATE TEMP TABLE pg_class (oid int); CREATE DOMAIN pg_temp.int4 AS text; CREATE DOMAIN pg_temp.integer AS text;"
      "CREATE FUNCTION lair.never(int, int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RAISE ''misled''; END';"
      "CREATE FUNCTION lair.never(oid, int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RAISE ''misled''; END';"
      "CREATE OPERATOR lair.<> (LEFTARG = oid, RIGHTARG = int, FUNCTION = lair.never);"
      "CREATE OPERATOR lair.= (LEFTARG = int, RIGHTARG = int, FUNCTION = lair.never);"
      "CREATE OPERATOR lair.<> (LEFTARG = int, RIGHTARG = int, FUNCTION = lair.never);"
      "CREATE OPERATOR lair.> (LEFTARG = int, RIGHTARG = int, FUNCTION = lair.never);"
      "CREATE FUNCTION lair.unnest(int[]) RETURNS SETOF int LANGUAGE plpgsql AS 'BEGIN RAISE ''misled''; END';"
      "CREATE FUNCTION lair.set_config(text, text, bool) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE ''misled''; "
      "END';"
      "CREATE FUNCTION lair.current_setting(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE ''misled''; END';"
      "CREATE AGGREGATE lair.array_agg(int) (SFUNC = pg_catalog.int4pl, STYPE = int);"
      "CREATE AGGREGATE lair.count(*) (SFUNC = pg_catalog.int8inc, STYPE = int8, INITCOND = '0');"
      "GRANT USAGE ON SCHEMA lair TO PUBLIC; SET search_path = lair, pg_temp, pg_catalog");
  for (const char* write : {"INSERT INTO shop.t (id, s) VALUES (5001, 'in'), (5002, 'in')",
                            "UPDATE shop.t SET s = 'up' WHERE id OPERATOR(pg_catalog.=) 10",
                            "UPDATE shop.t SET id = 6000 WHERE id OPERATOR(pg_catalog.=) 11",
                            "DELETE FROM shop.t WHERE id OPERATOR(pg_catalog.=) 12"}) {
    const auto written = stranger_.Try(write);
    EXPECT_TRUE(written.ok()) << pg::Describe(written.status());
  }
  if (GetParam() == engine::DualWriteMode::kNever) {
    EXPECT_EQ(Logged(), "10 11 12 5001 5002 6000");
  }
  EXPECT_EQ(stranger_.Scalar<int64_t>("SELECT pg_catalog.count(*) FROM (TABLE pg_temp.pgmoult_change_log UNION ALL "
                                      "TABLE pg_temp.t UNION ALL TABLE pg_temp.pgmoult_new_rows) x"),
            0);
  ASSERT_TRUE(RunSync(engine::Continue(op(), 1)).ok());
  ASSERT_TRUE(RunSync(engine::Cutover(op(), 1)).ok());
  const auto report = run_->Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(superuser_.Scalar<std::string>("SELECT string_agg(concat_ws(' ', id, s), ', ' ORDER BY id) FROM shop.t "
                                           "WHERE id > 3000 OR id BETWEEN 9 AND 13"),
            "9 row 9, 10 up, 13 row 13, 5001 in, 5002 in, 6000 row 11");
}

INSTANTIATE_TEST_SUITE_P(Bodies, StrangerTest,
                         ::testing::Values(engine::DualWriteMode::kAuto, engine::DualWriteMode::kNever),
                         [](const ::testing::TestParamInfo<engine::DualWriteMode>& info) {
                           return info.param == engine::DualWriteMode::kAuto ? "WriteThrough" : "Log";
                         });

}  // namespace
}  // namespace pgmoult::tests
