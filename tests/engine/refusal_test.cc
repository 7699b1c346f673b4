// What is refused, warned of, and no obstacle, beside the table of refused things (refused_thing_test.cc).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "boost/json/parse.hpp"
#include "boost/json/serialize.hpp"
#include "engine/run.h"
#include "engine/sql.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/status.h"
#include "tests/engine/refusal_fixture.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"
#include "tests/support/server.h"

namespace pgmoult::tests {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kBigint = "ALTER TABLE t ALTER COLUMN id TYPE bigint";

std::optional<engine::Finding> Find(const engine::Plan& plan, std::string_view code) {
  const auto found = std::ranges::find(plan.findings, code, &engine::Finding::code);
  return found == plan.findings.end() ? std::nullopt : std::optional(*found);
}

TEST_F(RefusalTest, APlainTableIsNotRefused) {
  const auto plan = Plan(kBigint);
  ASSERT_TRUE(plan.ok()) << pg::Describe(plan.status());
  EXPECT_THAT(Codes(*plan), ::testing::IsEmpty());
}

TEST_F(RefusalTest, EverythingInTheWayIsNamedAtOnceRefusalsFirst) {
  owner_->Exec(
      "CREATE FUNCTION takes(t) RETURNS int LANGUAGE sql AS 'SELECT 1';"
      "CREATE FUNCTION gives() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t'; ALTER TABLE other ADD whole t");
  const auto plan = Plan(kBigint);
  ASSERT_TRUE(plan.ok()) << pg::Describe(plan.status());
  EXPECT_THAT(Codes(*plan), ::testing::UnorderedElementsAre("function", "function", "row_type_used"));
  EXPECT_FALSE(plan->built);
  EXPECT_TRUE(std::ranges::is_sorted(plan->findings, {}, &engine::Finding::severity));
}

// Updates of the shadow are published as well, and each needs a replica identity: it has one while the run works,
// whatever the table's own is, and the table's own in the end.
TEST_F(RefusalTest, APublicationOfAllTablesIsNoObstacleWhereItIsAllowed) {
  superuser_->Exec("CREATE PUBLICATION news FOR ALL TABLES");
  engine::RunOptions options = SmallOptions();
  options.allow_publish_all = true;
  const struct {
    const char* letter;
    const char* set;
    const char* write;  // during the run
    int64_t rows;       // in the end
  } identities[] = {
      {"d", "DEFAULT", "UPDATE {} SET v = 'new' WHERE id = 1", 1},
      {"f", "FULL", "UPDATE {} SET v = 'new' WHERE id = 1", 1},
      {"i", "USING INDEX {}_once", "UPDATE {} SET v = 'new' WHERE id = 1", 1},
      // PostgreSQL itself allows no UPDATE of such a table.
      {"n", "NOTHING", "INSERT INTO {} VALUES (2, 'new', 2)", 2},
  };
  for (const auto& identity : identities) {
    SCOPED_TRACE(identity.set);
    const std::string table = fmt::format("t_{}", identity.letter);
    owner_->Exec(
        fmt::format("CREATE TABLE {0} (id int PRIMARY KEY, v text, u int NOT NULL CONSTRAINT {0}_once UNIQUE);"
                    "INSERT INTO {0} VALUES (1, 'one', 1); ALTER TABLE {0} REPLICA IDENTITY {1}",
                    table, fmt::format(fmt::runtime(identity.set), table)));
    const std::string change = fmt::format("ALTER TABLE {} ALTER COLUMN id TYPE bigint", table);
    const auto plan = Plan(change, "refusal_owner", options);
    ASSERT_TRUE(plan.ok()) << pg::Describe(plan.status());
    EXPECT_THAT(Codes(*plan), ::testing::IsEmpty());
    engine::Observer observer;
    observer.on_event = [&](std::string_view kind, const std::string& text, const boost::json::value&) {
      if (kind == "stage" && text == "replay") {
        owner_->Exec(fmt::format(fmt::runtime(identity.write), table));
      }
    };
    const auto report = RunChange(TargetOf(*shared, "refusal_owner"), change, options, observer);
    ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
    EXPECT_EQ(report->rows_replayed, 1);
    EXPECT_EQ(superuser_->Scalar<std::string>(fmt::format(
                  "SELECT concat_ws(' ', relreplident, (SELECT indexrelid::regclass FROM pg_index WHERE indrelid = "
                  "c.oid AND indisreplident)) FROM pg_class c WHERE oid = 'public.{}'::regclass",
                  table)),
              identity.letter == std::string("i") ? "i t_i_once" : identity.letter);
    EXPECT_EQ(superuser_->Scalar<int64_t>(fmt::format("SELECT count(*) FROM {}", table)), identity.rows);
    EXPECT_EQ(superuser_->Scalar<int64_t>(fmt::format("SELECT count(*) FROM {} WHERE v = 'new'", table)), 1);
  }
}

TEST_F(RefusalTest, ATrustedOwnersCodeMayRunUnderASuperuser) {
  engine::RunOptions options;
  options.trust_owner = true;
  const auto plan = Plan(kBigint, "", options);
  ASSERT_TRUE(plan.ok()) << pg::Describe(plan.status());
  EXPECT_THAT(Codes(*plan), ::testing::IsEmpty());
  EXPECT_THAT(Codes(*plan, engine::Severity::kWarn), ::testing::Contains("superuser_runs_owner_code"));
}

TEST_F(RefusalTest, AMemberOfTheOwnerMayChangeItsTable) {
  superuser_->Exec("GRANT refusal_owner TO refusal_stranger");
  superuser_->Exec(fmt::format("GRANT CREATE ON DATABASE {} TO refusal_stranger", shared->name()));
  const auto report = RunChange(TargetOf(*shared, "refusal_stranger"), std::string(kBigint));
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(superuser_->Scalar<std::string>("SELECT relowner::regrole::text FROM pg_class WHERE oid = 't'::regclass"),
            "refusal_owner");
}

TEST_F(RefusalTest, S1ATargetOfASubscriptionIsRefused) {
  superuser_->Exec("CREATE SUBSCRIPTION feed CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false)");
  superuser_->Exec(
      "INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate) SELECT oid, 't'::regclass, 'r' FROM "
      "pg_subscription WHERE subname = 'feed'");
  const auto plan = Plan(kBigint);
  superuser_->Exec("ALTER SUBSCRIPTION feed SET (slot_name = NONE)");
  superuser_->Exec("DROP SUBSCRIPTION feed");
  ASSERT_TRUE(plan.ok()) << pg::Describe(plan.status());
  ASSERT_THAT(Codes(*plan), ::testing::ElementsAre("subscription"));
  EXPECT_EQ(plan->findings[0].object.substr(0, 12), "subscription");
  EXPECT_THAT(plan->findings[0].remedy, HasSubstr("out of the subscription"));
}

// A temporary table is seen by its own session alone: to ours it does not exist.
TEST_F(RefusalTest, ATemporaryTableIsNotFoundOrRefused) {
  owner_->Exec("CREATE TEMP TABLE passing (id int PRIMARY KEY)");
  const auto by_name = Plan("ALTER TABLE passing ADD COLUMN x int");
  EXPECT_TRUE(absl::IsNotFound(by_name.status())) << pg::Describe(by_name.status());
  const std::string schema =
      owner_->Scalar<std::string>("SELECT relnamespace::regnamespace::text FROM pg_class WHERE relname = 'passing'");
  const auto qualified = Plan(fmt::format("ALTER TABLE {}.passing ADD COLUMN x int", schema), "");
  ASSERT_TRUE(qualified.ok()) << pg::Describe(qualified.status());
  EXPECT_THAT(Codes(*qualified), ::testing::Contains("temporary_table"));
}

TEST_F(RefusalTest, APreparedTransactionThatHoldsALockIsWarnedOfByName) {
  owner_->Exec("BEGIN");
  owner_->Exec("INSERT INTO t VALUES (2, 'two')");
  owner_->Exec("PREPARE TRANSACTION 'left behind'");
  const auto plan = Plan(kBigint);
  owner_->Exec("ROLLBACK PREPARED 'left behind'");
  ASSERT_TRUE(plan.ok()) << pg::Describe(plan.status());
  const auto found = std::ranges::find(plan->findings, std::string("prepared_transaction"), &engine::Finding::code);
  ASSERT_NE(found, plan->findings.end());
  EXPECT_EQ(found->severity, engine::Severity::kWarn);
  EXPECT_THAT(found->object, HasSubstr("left behind"));
}

TEST_F(RefusalTest, ALimitOfTemporaryFilesIsWarnedOfWhereverItIsSet) {
  const TestDatabase elsewhere;
  const auto objects = [] {
    const auto plan = Plan(kBigint);
    EXPECT_TRUE(plan.ok()) << pg::Describe(plan.status());
    EXPECT_FALSE(plan->refused());
    std::vector<std::string> named;
    for (const engine::Finding& finding : plan->findings) {
      if (finding.code == "temp_file_limit") {
        EXPECT_EQ(finding.severity, engine::Severity::kWarn);
        EXPECT_THAT(finding.remedy, HasSubstr("--capture=row"));
        EXPECT_THAT(finding.message, HasSubstr("9876543"));
        named.push_back(finding.object);
      }
    }
    return named;
  };
  const std::string here = shared->name();
  superuser_->Exec(
      fmt::format("ALTER ROLE refusal_clerk SET temp_file_limit = '9876543kB';"
                  "ALTER ROLE refusal_clerk IN DATABASE {0} SET temp_file_limit = '9876543kB';"
                  "ALTER DATABASE {0} SET temp_file_limit = '9876543kB';"
                  // These two limit nobody here.
                  "ALTER DATABASE {1} SET temp_file_limit = '9876543kB';"
                  "ALTER ROLE refusal_stranger SET temp_file_limit = -1",
                  here, elsewhere.name()));
  const std::vector<std::string> by_settings = objects();
  superuser_->Exec(
      fmt::format("ALTER ROLE refusal_clerk RESET temp_file_limit; ALTER ROLE refusal_stranger RESET temp_file_limit;"
                  "ALTER ROLE refusal_clerk IN DATABASE {0} RESET temp_file_limit;"
                  "ALTER DATABASE {0} RESET temp_file_limit",
                  here));
  EXPECT_THAT(by_settings, ::testing::UnorderedElementsAre("role refusal_clerk",
                                                           fmt::format("role refusal_clerk in database {}", here),
                                                           fmt::format("database {}", here)));
  EXPECT_THAT(objects(), ::testing::IsEmpty());

  const auto limit_is = [this](const std::string& value) {
    return Eventually([&] { return superuser_->Scalar<std::string>("SHOW temp_file_limit") == value; });
  };
  superuser_->Exec("ALTER SYSTEM SET temp_file_limit = '9876543kB'");
  superuser_->Exec("SELECT pg_reload_conf()");
  EXPECT_TRUE(limit_is("9876543kB"));
  const std::vector<std::string> by_server = objects();
  superuser_->Exec("ALTER SYSTEM RESET temp_file_limit");
  superuser_->Exec("SELECT pg_reload_conf()");
  EXPECT_TRUE(limit_is("-1"));
  EXPECT_THAT(by_server, ::testing::ElementsAre("the server"));
}

TEST_F(RefusalTest, AnEventTriggerIsMentionedUnlessItIsDisabled) {
  superuser_->Exec("CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'");
  superuser_->Exec("CREATE EVENT TRIGGER watcher ON ddl_command_end EXECUTE FUNCTION watch()");
  const auto plan = Plan(kBigint);
  ASSERT_TRUE(plan.ok()) << pg::Describe(plan.status());
  EXPECT_FALSE(plan->refused());
  const auto found = Find(*plan, "event_trigger");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->severity, engine::Severity::kNote);
  EXPECT_EQ(found->object, "event trigger watcher");
  EXPECT_THAT(found->message, HasSubstr("ddl_command_end"));
  EXPECT_THAT(found->remedy, HasSubstr("lets them pass"));
  superuser_->Exec("ALTER EVENT TRIGGER watcher DISABLE");
  const auto again = Plan(kBigint);
  ASSERT_TRUE(again.ok()) << pg::Describe(again.status());
  EXPECT_FALSE(Find(*again, "event_trigger"));
}

TEST_F(RefusalTest, ALogicalSlotOfThisDatabaseIsMentioned) {
  const TestDatabase elsewhere;
  Session other(elsewhere);
  other.Exec("SELECT pg_create_logical_replication_slot('refusal_elsewhere', 'pgoutput')");
  superuser_->Exec("SELECT pg_create_logical_replication_slot('refusal_feed', 'pgoutput')");
  const auto plan = Plan(kBigint);
  superuser_->Exec("SELECT pg_drop_replication_slot('refusal_feed')");
  const auto again = Plan(kBigint);
  other.Exec("SELECT pg_drop_replication_slot('refusal_elsewhere')");
  ASSERT_TRUE(plan.ok()) << pg::Describe(plan.status());
  EXPECT_FALSE(plan->refused());
  const auto found = Find(*plan, "logical_slot");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->severity, engine::Severity::kNote);
  EXPECT_EQ(found->object, "replication slot refusal_feed");
  EXPECT_THAT(found->remedy, HasSubstr("leaves out the schemas pgmoult*"));
  ASSERT_TRUE(again.ok()) << pg::Describe(again.status());
  EXPECT_FALSE(Find(*again, "logical_slot"));
}

// A transaction counts as long from a minute on. That is not waited for: the same query is asked with no minute in it.
TEST_F(RefusalTest, ALongTransactionIsWarnedOfByItsSession) {
  constexpr std::string_view kMinute = "interval '1 minute'";
  std::string query = engine::sql::kDependents;
  const size_t at = query.find(kMinute);
  ASSERT_NE(at, std::string::npos);
  query.replace(at, kMinute.size(), "interval '0 minutes'");
  Session asking(*shared);
  asking.Exec("SET search_path = pg_catalog");
  const auto warnings = [&] {
    const pg::Result found = asking.Exec(query, {asking.Scalar<int64_t>("SELECT 'public.t'::regclass::oid"), false});
    std::vector<std::string> texts;
    for (int row = 0; row < found.rows(); ++row) {
      if (found.Text(row, 1) == "long_transaction") {
        texts.push_back(fmt::format("{} {}: {} {}", found.Text(row, 0), found.Text(row, 2), found.Text(row, 3),
                                    found.Text(row, 4)));
      }
    }
    return texts;
  };
  owner_->Exec("SET application_name = 'slow report'");
  owner_->Exec("BEGIN");
  owner_->Exec("SELECT FROM other");
  const std::string session = fmt::format("session {}", owner_->backend_pid());
  EXPECT_THAT(warnings(), ::testing::Contains(::testing::AllOf(
                              ::testing::StartsWith("warn " + session), HasSubstr("refusal_owner"),
                              HasSubstr("'slow report'"), HasSubstr("idle in transaction"),
                              HasSubstr(fmt::format("pg_terminate_backend({})", owner_->backend_pid())))));
  owner_->Exec("COMMIT");
  EXPECT_THAT(warnings(), ::testing::Not(::testing::Contains(HasSubstr(session))));
}

}  // namespace
}  // namespace pgmoult::tests
