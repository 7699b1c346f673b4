// What others do to the table, the database or the engine while a run is under way, and what must not come of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "engine/control.h"
#include "engine/engine_lock.h"
#include "engine/journal.h"
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

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kChange[] = "ALTER TABLE t ALTER COLUMN id TYPE bigint";

class HazardTest : public ::testing::Test {
 protected:
  HazardTest() {
    session_.Exec(
        "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL, s text); CREATE TABLE elsewhere (); "
        "INSERT INTO t SELECT g, g, 'row ' || g FROM generate_series(1, 3000) g; ANALYZE t");
  }

  engine::Target target(const std::string& role = "") const { return TargetOf(database_, role); }
  static engine::RunOptions Postponed() {
    engine::RunOptions options;
    options.chunk_ms = 50;
    options.postpone_cutover = true;
    return options;
  }
  void AllowCutover(const std::string& role = "") {
    const auto allowed = RunSync(engine::Cutover(target(role), 1));
    ASSERT_TRUE(allowed.ok()) << pg::Describe(allowed.status());
  }
  std::string KeyType(const std::string& table) {
    return session_.Scalar<std::string>(fmt::format(
        "SELECT atttypid::regtype::text FROM pg_attribute WHERE attrelid = '{}'::regclass AND attname = 'id'", table));
  }

  TestDatabase database_;
  Session session_{database_};
};

TEST_F(HazardTest, ATablePutInTheSourcesPlaceIsNotSwappedAway) {
  BackgroundRun run(target(), kChange, Postponed());
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  session_.Exec(
      "BEGIN; ALTER TABLE t RENAME TO t_of_last_month; CREATE TABLE t (LIKE t_of_last_month INCLUDING ALL); "
      "INSERT INTO t VALUES (1, 1, 'new'); COMMIT");
  AllowCutover();
  const auto report = run.Finish();
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(pg::Describe(report.status()), HasSubstr("public.t is another table by now"));
  EXPECT_EQ(KeyType("t"), "integer");
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t"), 1);
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t_of_last_month"), 3000);
}

TEST_F(HazardTest, AbortTakesItsTriggersFromATableThatWasRenamed) {
  BackgroundRun run(target(), kChange, Postponed());
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  run.Stop();
  ASSERT_FALSE(run.Finish().ok());
  session_.Exec(
      "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hazard_stranger') THEN CREATE ROLE "
      "hazard_stranger; END IF; END $$; ALTER TABLE t RENAME TO t_of_last_month; CREATE TABLE t (); ALTER TABLE t "
      "OWNER "
      "TO hazard_stranger");
  const auto aborted = RunSync(engine::Abort(target(), 1));
  ASSERT_TRUE(aborted.ok()) << pg::Describe(aborted.status());
  EXPECT_EQ(Leftovers(session_), "");
}

TEST_F(HazardTest, AnAbortThatNoEngineTookIsObeyedByTheNext) {
  BackgroundRun first(target(), kChange, Postponed());
  ASSERT_TRUE(first.WaitForWaiting("postponed"));
  first.Stop();
  ASSERT_FALSE(first.Finish().ok());
  session_.Exec("INSERT INTO pgmoult.command (migration, verb, author) VALUES (1, 'abort', 'an operator who waits')");
  BackgroundRun second(target(), 1);
  const auto report = second.Finish();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(engine::EndKindOf(report.status()), engine::EndKind::kAborted);
  EXPECT_EQ(Leftovers(session_), "");
}

TEST_F(HazardTest, ARewriteThatNoTriggerSeesIsFoundAndPutRight) {
  BackgroundRun run(target(), kChange, Postponed());
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  // The same type, other values: the definition stays what it was, and no trigger fires.
  session_.Exec("ALTER TABLE t ALTER COLUMN n TYPE int USING n * 100");
  AllowCutover();
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_TRUE(run.SawEvent("tripwire", "rewritten"));
  EXPECT_EQ(report->repaired, 3000);
  EXPECT_EQ(KeyType("t"), "bigint");
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM t WHERE n = id * 100"), 3000);
}

TEST_F(HazardTest, ASequenceGivenToTheTableDuringTheRunIsNotDroppedWithTheOldOne) {
  BackgroundRun run(target(), kChange, Postponed());
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  session_.Exec("CREATE SEQUENCE numbers OWNED BY t.n");
  AllowCutover();
  const auto report = run.Finish();
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(pg::Describe(report.status()), AllOf(HasSubstr("definition"), HasSubstr("numbers")));
  EXPECT_EQ(KeyType("t"), "integer");
}

TEST_F(HazardTest, AChangedDefinitionEndsTheStageThatWouldWorkInVain) {
  session_.Exec("CREATE INDEX t_gate ON t (n)");
  MakeGates(session_);
  Gate gate(database_, "verified");
  BackgroundRun run(target(), kChange, Postponed());
  gate.WaitUntilReached();
  session_.Exec("CREATE INDEX somebodys_index ON t (s)");
  // The gate stays closed: stage verify cannot end by itself.
  ASSERT_TRUE(Eventually([&run] { return run.ended(); }, std::chrono::seconds(40)));
  const auto report = run.Finish();
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(pg::Describe(report.status()), AllOf(HasSubstr("definition"), HasSubstr("somebodys_index")));
  EXPECT_EQ(engine::EndKindOf(report.status()), engine::EndKind::kImpossible);
  EXPECT_EQ(run.progress().stage, engine::Stage::kVerify);
}

TEST_F(HazardTest, TouchedTriggersAreMadeAgainWithinTheStage) {
  MakeGates(session_);
  Gate gate(database_, "verified");
  BackgroundRun run(target(), kChange, Postponed());
  gate.WaitUntilReached();
  session_.Exec("ALTER TABLE t DISABLE TRIGGER USER; UPDATE t SET s = 'unseen' WHERE id = 7");
  ASSERT_TRUE(run.WaitForEvent("tripwire"));
  gate.Open();
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  AllowCutover();
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(report->repaired, 1);
  EXPECT_EQ(session_.Scalar<std::string>("SELECT s FROM t WHERE id = 7"), "unseen");
}

TEST_F(HazardTest, ResumeThatWaitedForASwapDoesNotWorkOnTheNewTable) {
  BackgroundRun first(target(), kChange, Postponed());
  ASSERT_TRUE(first.WaitForWaiting("postponed"));
  first.Stop();
  ASSERT_FALSE(first.Finish().ok());
  // The last engine, in the middle of its swap: it holds the engine lock, and its COMMIT comes while resume waits.
  Session engine(database_);
  const auto locked = engine.Run(engine::TryEngineLock(
      engine.connection(), session_.Scalar<int64_t>("SELECT source_oid::int8 FROM pgmoult.migration")));
  ASSERT_TRUE(locked.ok() && *locked);
  BackgroundRun second(target(), 1);
  ASSERT_TRUE(Eventually([this] {
    return session_.Scalar<bool>(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE "
        "'%pg_try_advisory_lock%' AND application_name LIKE 'pgmoult 1 %')");
  }));
  session_.Exec("UPDATE pgmoult.migration SET stage = 'observe', state = 'swapped'");
  engine.Exec("SELECT pg_advisory_unlock_all()");
  const auto report = second.Finish();
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(pg::Describe(report.status()), HasSubstr("has been swapped"));
  EXPECT_EQ(session_.Scalar<std::string>("SELECT stage FROM pgmoult.migration"), "observe");
}

TEST_F(HazardTest, ACommitThatTakesLongIsWaitedForByAbort) {
  BackgroundRun run(target(), kChange, Postponed());
  ASSERT_TRUE(run.WaitForWaiting("postponed"));
  run.Stop();
  ASSERT_FALSE(run.Finish().ok());
  // A swap whose engine is gone and whose COMMIT waits for a standby: the journal row is locked, the new stage not
  // seen.
  Session committing(database_);
  committing.Exec("BEGIN; UPDATE pgmoult.migration SET stage = 'observe', state = 'swapped'");
  const auto early = RunSync(engine::Abort(target(), 1));
  ASSERT_FALSE(early.ok());
  EXPECT_TRUE(pg::IsLockNotAvailable(early.status())) << pg::Describe(early.status());
  committing.Exec("COMMIT");
  const auto late = RunSync(engine::Abort(target(), 1));
  EXPECT_THAT(pg::Describe(late.status()), HasSubstr("has been swapped"));
  EXPECT_EQ(session_.Scalar<int64_t>("SELECT count(*) FROM pgmoult_1_new.t"), 3000);
}

TEST_F(HazardTest, OldSnapshotsOfOtherRolesAreSeenWithoutAnyRights) {
  session_.Exec(
      "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hazard_owner') THEN CREATE ROLE hazard_owner "
      "LOGIN; CREATE ROLE hazard_reader LOGIN; END IF; END $$; ALTER TABLE t OWNER TO hazard_owner; GRANT CREATE ON "
      "SCHEMA public TO hazard_owner; GRANT SELECT ON t, elsewhere TO hazard_reader");
  session_.Exec(fmt::format("GRANT CREATE ON DATABASE {} TO hazard_owner", database_.name()));
  Session reader(database_, "hazard_reader");
  reader.Exec("BEGIN ISOLATION LEVEL REPEATABLE READ");
  reader.Exec("SELECT FROM elsewhere");
  engine::RunOptions options;
  BackgroundRun run(target("hazard_owner"), kChange, options);
  ASSERT_TRUE(run.WaitForWaiting("older snapshots must end first"));
  // The new table would be empty for it.
  EXPECT_EQ(reader.Scalar<int64_t>("SELECT count(*) FROM t"), 3000);
  EXPECT_EQ(KeyType("t"), "integer");
  reader.Exec("COMMIT");
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(KeyType("t"), "bigint");
}

TEST_F(HazardTest, NamesThatAreTakenAreFoundInThePlan) {
  session_.Exec("CREATE TABLE other (x int CONSTRAINT t_n_key UNIQUE)");
  const auto plan = PlanChange(database_, "ALTER TABLE t ADD UNIQUE (n)");
  ASSERT_TRUE(plan.ok()) << pg::Describe(plan.status());
  ASSERT_TRUE(plan->refused());
  EXPECT_THAT(plan->findings.front().message, AllOf(HasSubstr("index t_n_key"), HasSubstr("taken")));
  // A serial column's sequence stays where it is, under the name that an identity would get.
  session_.Exec("CREATE TABLE s (id serial PRIMARY KEY, v text)");
  const auto identity =
      PlanChange(database_, "ALTER TABLE s ALTER id DROP DEFAULT, ALTER id ADD GENERATED BY DEFAULT AS IDENTITY");
  ASSERT_TRUE(identity.ok()) << pg::Describe(identity.status());
  ASSERT_TRUE(identity->refused());
  EXPECT_THAT(identity->findings.front().message, AllOf(HasSubstr("sequence s_id_seq"), HasSubstr("taken")));
  EXPECT_FALSE(PlanChange(database_, "ALTER TABLE s ALTER id TYPE bigint")->refused());
  // Names of the source's own indexes are not taken: they go with it.
  EXPECT_FALSE(PlanChange(database_, kChange)->refused());
}

TEST_F(HazardTest, ADomainWithALengthIsRefusedBecauseACastToItCuts) {
  session_.Exec(
      "CREATE DOMAIN code AS varchar(3); CREATE DOMAIN longer_code AS code; CREATE DOMAIN free AS text; "
      "CREATE DOMAIN price AS numeric(12, 2)");
  for (const char* type : {"code", "longer_code", "code[] USING ARRAY[s]"}) {
    SCOPED_TRACE(type);
    const auto plan = PlanChange(database_, fmt::format("ALTER TABLE t ALTER COLUMN s TYPE {}", type));
    ASSERT_TRUE(plan.ok()) << pg::Describe(plan.status());
    ASSERT_TRUE(plan->refused());
    EXPECT_THAT(plan->findings.front().message, HasSubstr("cut values silently"));
  }
  EXPECT_FALSE(PlanChange(database_, "ALTER TABLE t ALTER COLUMN s TYPE free")->refused());
  // A cast to numeric rounds or fails as an assignment does.
  EXPECT_FALSE(PlanChange(database_, "ALTER TABLE t ALTER COLUMN n TYPE price")->refused());
}

TEST_F(HazardTest, UsingThatGivesARowTwoValuesIsRefused) {
  for (const char* expression : {"random()::int", "n + extract(epoch FROM now())::int", "length(current_user)",
                                 "n + pg_backend_pid() * (random() > 2)::int"}) {
    SCOPED_TRACE(expression);
    const auto plan = PlanChange(database_, fmt::format("ALTER TABLE t ALTER COLUMN n TYPE int USING {}", expression));
    ASSERT_TRUE(plan.ok()) << pg::Describe(plan.status());
    EXPECT_TRUE(plan->refused());
  }
  EXPECT_FALSE(PlanChange(database_, "ALTER TABLE t ALTER COLUMN n TYPE int USING n + length(s)")->refused());
}

TEST_F(HazardTest, APauseOutlivesTheEngineThatWasPaused) {
  BackgroundRun first(target(), kChange, Postponed());
  ASSERT_TRUE(first.WaitForWaiting("postponed"));
  ASSERT_TRUE(RunSync(engine::Pause(target(), 1)).ok());
  ASSERT_TRUE(first.WaitForWaiting("paused by"));
  first.Stop();
  ASSERT_FALSE(first.Finish().ok());
  BackgroundRun second(target(), 1);
  ASSERT_TRUE(second.WaitForWaiting("paused by"));
  ASSERT_TRUE(RunSync(engine::Cutover(target(), 1)).ok());
  ASSERT_TRUE(second.WaitForEvent("command", "cutover"));
  second.Stop();
  ASSERT_FALSE(second.Finish().ok());
  // So does the permission to cut over; the pause ends when somebody says so.
  BackgroundRun third(target(), 1);
  ASSERT_TRUE(third.WaitForWaiting("paused by"));
  ASSERT_TRUE(RunSync(engine::Continue(target(), 1)).ok());
  const auto report = third.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(KeyType("t"), "bigint");
}

}  // namespace
}  // namespace pgmoult::tests
