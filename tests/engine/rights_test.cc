// The least that a login and a table's owner need, and what is said where one right is missing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/engine/rights_fixture.h"
#include "tests/fault/background_run.h"

namespace pgmoult::tests {
namespace {

using ::testing::HasSubstr;

constexpr char kChange[] = "ALTER TABLE shop.t ALTER COLUMN id TYPE bigint";

class RightsTest : public LeastPrivilege {
 protected:
  static engine::RunOptions Postponed(engine::DualWriteMode mode = engine::DualWriteMode::kAuto) {
    engine::RunOptions options = SmallOptions();
    options.postpone_cutover = true;
    options.dual_write = mode;
    return options;
  }
  std::vector<engine::Finding> Refusals(std::string_view change) const {
    const auto plan = PlanChange(database_, std::string(change), {}, "rights_op");
    if (!plan.ok()) {
      throw std::runtime_error(pg::Describe(plan.status()));
    }
    std::vector<engine::Finding> refusals;
    std::ranges::copy_if(plan->findings, std::back_inserter(refusals),
                         [](const engine::Finding& finding) { return finding.severity == engine::Severity::kRefuse; });
    return refusals;
  }
  std::vector<std::string> Refused(std::string_view change) const {
    std::vector<std::string> messages;
    for (const engine::Finding& refusal : Refusals(change)) {
      messages.push_back(refusal.message);
    }
    return messages;
  }
  void ExpectNothingLeft() {
    const auto cleaned = RunSync(engine::Cleanup(op()));
    EXPECT_TRUE(cleaned.ok()) << pg::Describe(cleaned.status());
    EXPECT_EQ(Leftovers(superuser_), "");
  }
};

TEST_F(RightsTest, TheLeastPrivilegedLoginDoesEverythingThereIs) {
  for (const engine::DualWriteMode mode : {engine::DualWriteMode::kAuto, engine::DualWriteMode::kNever}) {
    BackgroundRun run(op(), mode == engine::DualWriteMode::kAuto ? kChange : "shop.t", Postponed(mode));
    ASSERT_TRUE(run.WaitForWaiting("postponed")) << pg::Describe(run.Finish().status());
    owner_.Exec("UPDATE shop.t SET s = 'new' WHERE id % 3 = 0");
    ASSERT_TRUE(RunSync(engine::Pause(op(), 1)).ok());
    ASSERT_TRUE(RunSync(engine::Continue(op(), 1)).ok());
    const auto list = RunSync(engine::LookAtDatabase(op()));
    ASSERT_TRUE(list.ok()) << pg::Describe(list.status());
    EXPECT_EQ(list->migrations.size(), 1U);
    run.Stop();
    EXPECT_EQ(engine::EndKindOf(run.Finish().status()), engine::EndKind::kStopped);
    // The next engine finds another file, and reads in the log why.
    owner_.Exec("TRUNCATE shop.t");
    owner_.Exec("INSERT INTO shop.t (id, s) SELECT g, 'second ' || g FROM generate_series(1, 2000) g");
    BackgroundRun resumed(op(), 1);
    ASSERT_TRUE(resumed.WaitForWaiting("postponed")) << pg::Describe(resumed.Finish().status());
    ASSERT_TRUE(RunSync(engine::Cutover(op(), 1)).ok());
    const auto report = resumed.Finish();
    ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
    EXPECT_EQ(superuser_.Scalar<int64_t>("SELECT count(*) FROM shop.t WHERE s LIKE 'second %'"), 2000);
    const auto finalized = RunSync(engine::Finalize(op(), 1));
    ASSERT_TRUE(finalized.ok()) << pg::Describe(finalized.status());
    ExpectNothingLeft();
  }
  EXPECT_EQ(KeyType(), "bigint");
  BackgroundRun taken_back(op(), "shop.t", Postponed());
  ASSERT_TRUE(taken_back.WaitForWaiting("postponed")) << pg::Describe(taken_back.Finish().status());
  const auto aborted = RunSync(engine::Abort(op(), 1));
  EXPECT_TRUE(aborted.ok()) << pg::Describe(aborted.status());
  EXPECT_EQ(engine::EndKindOf(taken_back.Finish().status()), engine::EndKind::kAborted);
  ExpectNothingLeft();
}

struct Missing {
  std::string_view name;
  std::string_view prepare = {};  // by the superuser, after which a run would work
  std::string_view take;          // by the superuser
  std::string_view code;
  std::string_view object;  // part of the finding's object or message: what the right is on
  std::string_view role;    // part of the message: who lacks it
  std::string_view grant;   // part of the remedy
  std::string_view change = kChange;
  int since = 0;  // first server_version_num that knows it
};

constexpr std::string_view kKinds =
    "CREATE SCHEMA kinds; CREATE TYPE kinds.size AS ENUM ('s', 'l'); GRANT USAGE ON SCHEMA kinds TO rights_owner;"
    "CREATE FUNCTION kinds.loud(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT upper($1)';";

const Missing kMissing[] = {
    {.name = "Membership",
     .take = "REVOKE rights_owner FROM rights_op",
     .code = "not_owner",
     .object = "shop.t",
     .role = "rights_op is not a member of the owner rights_owner",
     .grant = R"(GRANT "rights_owner" TO "rights_op")"},
    {.name = "SetRole",
     .take = "GRANT rights_owner TO rights_op WITH INHERIT TRUE, SET FALSE",
     .code = "not_owner",
     .object = "shop.t",
     .role = "rights_op is a member of the owner rights_owner, but may not SET ROLE",
     .grant = R"(GRANT "rights_owner" TO "rights_op" WITH SET TRUE)",
     .since = 160000},
    {.name = "CreateOnTheDatabase",
     .take = "DO $$ BEGIN EXECUTE format('REVOKE CREATE ON DATABASE %I FROM rights_op', current_database()); END $$",
     .code = "no_create_on_database",
     .object = "database test_",
     .role = "rights_op",
     .grant = "TO rights_op"},
    {.name = "CreateOnTheSchema",
     .take = "REVOKE CREATE ON SCHEMA shop FROM rights_owner",
     .code = "no_create_on_schema",
     .object = "schema shop",
     .role = "rights_owner",
     .grant = "GRANT CREATE ON SCHEMA shop TO rights_owner"},
    {.name = "UsageOnTheSchema",
     .take = "REVOKE USAGE ON SCHEMA shop FROM rights_owner",
     .code = "no_usage_on_schema",
     .object = "schema shop",
     .role = "rights_owner",
     .grant = "GRANT USAGE ON SCHEMA shop TO rights_owner"},
    {.name = "SelectOnItsOwnTable",
     .take = "REVOKE SELECT ON shop.t FROM rights_owner",
     .code = "owner_lacks_privileges",
     .object = "SELECT",
     .role = "rights_owner",
     .grant = "GRANT SELECT ON shop.t TO rights_owner"},
    {.name = "ExecuteOnACheckFunction",
     .take = "REVOKE EXECUTE ON FUNCTION shop.positive FROM PUBLIC, rights_owner",
     .code = "no_execute_on_function",
     .object = "function shop.positive(bigint)",
     .role = "rights_owner",
     .grant = "GRANT EXECUTE ON FUNCTION shop.positive(bigint) TO rights_owner"},
    {.name = "ExecuteOnAFunctionOfAnIndex",
     .prepare = "CREATE FUNCTION shop.loud(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT upper($1)';"
                "CREATE INDEX louder ON shop.t (shop.loud(s))",
     .take = "REVOKE EXECUTE ON FUNCTION shop.loud FROM PUBLIC",
     .code = "no_execute_on_function",
     .object = "function shop.loud(text)",
     .role = "rights_owner",
     .grant = "GRANT EXECUTE ON FUNCTION shop.loud(text) TO rights_owner"},
    {.name = "ExecuteOnAFunctionOfADomain",
     .prepare = "CREATE FUNCTION shop.fine(text) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN true; END';"
                "ALTER DOMAIN shop.short ADD CHECK (shop.fine(VALUE))",
     .take = "REVOKE EXECUTE ON FUNCTION shop.fine FROM PUBLIC",
     .code = "no_execute_on_function",
     .object = "function shop.fine(text)",
     .role = "rights_owner",
     .grant = "GRANT EXECUTE ON FUNCTION shop.fine(text) TO rights_owner"},
    {.name = "ExecuteOnAFunctionOfUsing",
     .prepare = kKinds,
     .take = "REVOKE EXECUTE ON FUNCTION kinds.loud FROM PUBLIC",
     .code = "missing_right",
     .object = "function loud",
     .role = "rights_owner",
     .grant = "GRANT EXECUTE ON FUNCTION kinds.loud(text) TO rights_owner",
     .change = "ALTER TABLE shop.t ALTER COLUMN s TYPE varchar USING kinds.loud(s)"},
    {.name = "UsageOnTheSchemaOfAType",
     .prepare = "CREATE SCHEMA kinds; CREATE TYPE kinds.size AS ENUM ('s', 'l'); GRANT USAGE ON SCHEMA kinds TO "
                "rights_owner; ALTER TABLE shop.t ADD COLUMN size kinds.size",
     .take = "REVOKE USAGE ON SCHEMA kinds FROM rights_owner",
     .code = "no_usage_on_schema",
     .object = "type kinds.size",
     .role = "rights_owner",
     .grant = "GRANT USAGE ON SCHEMA kinds TO rights_owner"},
    {.name = "UsageOnAType",
     .take = "REVOKE USAGE ON TYPE shop.mood FROM PUBLIC, rights_owner",
     .code = "no_usage_on_type",
     .object = "type shop.mood",
     .role = "rights_owner",
     .grant = "GRANT USAGE ON TYPE shop.mood TO rights_owner"},
    {.name = "UsageOnTheSchemaOfTheNewType",
     .prepare = kKinds,
     .take = "REVOKE USAGE ON SCHEMA kinds FROM rights_owner",
     .code = "missing_right",
     .object = "schema kinds",
     .role = "rights_owner",
     .grant = "GRANT USAGE ON SCHEMA kinds TO rights_owner",
     .change = "ALTER TABLE shop.t ADD COLUMN size kinds.size"},
    {.name = "UsageOnTheNewType",
     .prepare = kKinds,
     .take = "REVOKE USAGE ON TYPE kinds.size FROM PUBLIC",
     .code = "missing_right",
     .object = "type kinds.size",
     .role = "rights_owner",
     .grant = "GRANT USAGE ON TYPE kinds.size TO rights_owner",
     .change = "ALTER TABLE shop.t ADD COLUMN size kinds.size"},
    {.name = "CreateOnTheTablespace",
     .take = "REVOKE CREATE ON TABLESPACE rights_space FROM rights_owner",
     .code = "no_create_on_tablespace",
     .object = "tablespace rights_space",
     .role = "rights_owner",
     .grant = "GRANT CREATE ON TABLESPACE rights_space TO rights_owner"},
    {.name = "CreateOnTheNewTablespace",
     .prepare = "DROP INDEX shop.by_mood",
     .take = "REVOKE CREATE ON TABLESPACE rights_space FROM rights_owner",
     .code = "missing_right",
     .object = "tablespace rights_space",
     .role = "rights_owner",
     .grant = "GRANT CREATE ON TABLESPACE rights_space TO rights_owner",
     .change = "ALTER TABLE shop.t SET TABLESPACE rights_space"},
    {.name = "CreateOnTheSchemaOfStatistics",
     .prepare = "CREATE SCHEMA counts; GRANT USAGE, CREATE ON SCHEMA counts TO rights_owner; SET ROLE rights_owner;"
                "CREATE STATISTICS counts.other ON id, nr FROM shop.t; RESET ROLE",
     .take = "REVOKE CREATE ON SCHEMA counts FROM rights_owner",
     .code = "no_create_on_schema",
     .object = "schema counts",
     .role = "rights_owner",
     .grant = "GRANT CREATE ON SCHEMA counts TO rights_owner"},
    {.name = "UsageOnTheLanguage",
     .take = "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC",
     .code = "no_usage_on_language",
     .object = "language plpgsql",
     .role = "rights_o",
     .grant = "GRANT USAGE ON LANGUAGE plpgsql TO rights_o"},
};

TEST_F(RightsTest, EachMissingRightIsNamedWithItsGrantBeforeAnythingIsMade) {
  for (const Missing& one : kMissing) {
    SCOPED_TRACE(one.name);
    if (superuser_.connection().server_version() < one.since) {
      continue;
    }
    if (!one.prepare.empty()) {
      superuser_.Exec(std::string(one.prepare));
      ASSERT_EQ(Refused(one.change), std::vector<std::string>());
    }
    superuser_.Exec(std::string(one.take));
    const std::vector<engine::Finding> refusals = Refusals(one.change);
    EXPECT_FALSE(refusals.empty());
    for (const engine::Finding& refusal : refusals) {
      EXPECT_EQ(refusal.code, one.code) << refusal.message;
      EXPECT_THAT(fmt::format("{}: {}", refusal.object, refusal.message), HasSubstr(std::string(one.object)));
      EXPECT_THAT(refusal.message, HasSubstr(std::string(one.role)));
      EXPECT_THAT(refusal.remedy, HasSubstr(std::string(one.grant)));
    }
    const auto report = RunChange(op(), std::string(one.change));
    EXPECT_EQ(engine::EndKindOf(report.status()), engine::EndKind::kRefused) << pg::Describe(report.status());
    ASSERT_EQ(Leftovers(superuser_), "");
    // What is printed can be typed, and is all that was missing.
    for (const engine::Finding& refusal : refusals) {
      const size_t grant = refusal.remedy.find("GRANT ");
      ASSERT_NE(grant, std::string::npos) << refusal.remedy;
      superuser_.Exec(refusal.remedy.substr(grant));
    }
    ASSERT_EQ(Refused(one.change), std::vector<std::string>());
    superuser_.Exec("DROP SCHEMA IF EXISTS kinds, counts CASCADE");
  }
}

}  // namespace
}  // namespace pgmoult::tests
