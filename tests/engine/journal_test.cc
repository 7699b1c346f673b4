// What the owners of tables that are changed may do in the journal: write down the chunks of their own migrations, for
// as long as they have one.

#include "engine/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/sql_text.h"
#include "pg/status.h"
#include "tests/fault/background_run.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/roles.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

using ::testing::HasSubstr;

constexpr char kDenied[] = "42501";

// Two owners, ann with two tables and bob with one. A third login, the superuser, runs the changes, so that the journal
// is neither's.
class JournalTest : public ::testing::Test {
 protected:
  JournalTest() {
    for (const std::string owner : {"journal_ann", "journal_bob"}) {
      MakeOwner(superuser_, database_, owner);
    }
    ann_ = std::make_unique<Session>(database_, "journal_ann");
    bob_ = std::make_unique<Session>(database_, "journal_bob");
    ann_->Exec("CREATE TABLE first (id int PRIMARY KEY); CREATE TABLE second (id int PRIMARY KEY)");
    bob_->Exec("CREATE TABLE third (id int PRIMARY KEY)");
  }

  engine::Target target() const { return TargetOf(database_); }
  static engine::RunOptions Options(bool postponed) {
    engine::RunOptions options = SmallOptions();
    options.trust_owner = true;
    options.postpone_cutover = postponed;
    return options;
  }
  static std::string Change(const std::string& table) {
    return fmt::format("ALTER TABLE {} ALTER COLUMN id TYPE bigint", table);
  }
  // A change up to the swap; gives the migration's number.
  int64_t Swap(const std::string& table) {
    const auto report = RunChange(database_, Change(table), Options(/*postponed=*/false));
    if (!report.ok()) {
      throw std::runtime_error(pg::Describe(report.status()));
    }
    return report->migration;
  }
  void Finalize(int64_t migration) {
    const auto finalized = RunSync(engine::Finalize(target(), migration));
    ASSERT_TRUE(finalized.ok()) << pg::Describe(finalized.status());
  }
  // Rights in schema pgmoult that the catalog knows of, whatever their kind.
  std::string Rights(const std::string& role) {
    return superuser_.Scalar<std::string>(fmt::format(
        "SELECT coalesce(string_agg(what, ', ' ORDER BY what), '') FROM ("
        "SELECT concat_ws(' ', x.privilege_type, 'schema') AS what, x.grantee FROM pg_namespace n, "
        "aclexplode(n.nspacl) "
        "x WHERE nspname = 'pgmoult' UNION ALL "
        "SELECT concat_ws(' ', x.privilege_type, c.relname), x.grantee FROM pg_class c, aclexplode(c.relacl) x "
        "WHERE c.relnamespace = to_regnamespace('pgmoult') UNION ALL "
        "SELECT concat_ws(' ', x.privilege_type, c.relname || '.' || a.attname), x.grantee FROM pg_class c JOIN "
        "pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) x WHERE c.relnamespace = "
        "to_regnamespace('pgmoult')) AS rights WHERE grantee = {}::regrole",
        pg::Literal(role)));
  }
  static std::string State(const absl::StatusOr<pg::Result>& result) {
    return result.ok() ? "OK" : pg::SqlState(result.status());
  }

  TestDatabase database_;
  Session superuser_{database_};
  std::unique_ptr<Session> ann_;
  std::unique_ptr<Session> bob_;
};

constexpr char kAllRights[] =
    "INSERT chunk, INSERT verified, SELECT chunk.server_ms, SELECT migration.id, SELECT migration.owner, USAGE schema";

TEST_F(JournalTest, AnOwnerWritesDownChunksOfItsOwnMigrationsOnly) {
  const int64_t anns = Swap("first");
  const int64_t bobs = Swap("third");
  const std::string chunk =
      "INSERT INTO pgmoult.chunk (migration, number, lower_key, upper_key, rows, server_ms) VALUES ({}, 900, '{{1}}', "
      "NULL, 1, 1)";
  const std::string verified =
      "INSERT INTO pgmoult.verified (migration, number, rows, source_digest, shadow_digest, pending) VALUES ({}, 900, "
      "1, '', '', 0)";
  for (const std::string& insert : {chunk, verified}) {
    SCOPED_TRACE(insert);
    const auto others = ann_->Try(fmt::format(fmt::runtime(insert), bobs));
    EXPECT_EQ(State(others), kDenied) << pg::Describe(others.status());
    EXPECT_THAT(pg::Describe(others.status()), HasSubstr(fmt::format("migration {} is not one of journal_ann", bobs)));
    EXPECT_EQ(State(bob_->Try(fmt::format(fmt::runtime(insert), anns))), kDenied);
    EXPECT_EQ(State(ann_->Try(fmt::format(fmt::runtime(insert), 77))), kDenied);
    const auto own = ann_->Try(fmt::format(fmt::runtime(insert), anns));
    EXPECT_TRUE(own.ok()) << pg::Describe(own.status());
    const auto bobs_own = bob_->Try(fmt::format(fmt::runtime(insert), bobs));
    EXPECT_TRUE(bobs_own.ok()) << pg::Describe(bobs_own.status());
  }
  EXPECT_EQ(superuser_.Scalar<std::string>(
                "SELECT string_agg(concat(what, migration), ' ' ORDER BY what, migration) FROM (SELECT 'chunk', "
                "migration FROM pgmoult.chunk WHERE number = 900 UNION ALL SELECT 'verified', migration FROM "
                "pgmoult.verified WHERE number = 900) AS rows (what, migration)"),
            fmt::format("chunk{0} chunk{1} verified{0} verified{1}", anns, bobs));
  // What is written stays, and nothing else can be written or read.
  for (const std::string statement :
       {"UPDATE pgmoult.chunk SET rows = 0", "DELETE FROM pgmoult.chunk", "DELETE FROM pgmoult.verified",
        "TRUNCATE pgmoult.chunk", "SELECT lower_key FROM pgmoult.chunk", "SELECT * FROM pgmoult.verified",
        "SELECT statement FROM pgmoult.migration", "UPDATE pgmoult.migration SET owner = 'journal_ann'",
        "INSERT INTO pgmoult.command (migration, verb, author) VALUES (1, 'abort', '')", "SELECT FROM pgmoult.event",
        "ALTER TABLE pgmoult.chunk DISABLE TRIGGER check_writer", "CREATE TABLE pgmoult.mine ()"}) {
    EXPECT_EQ(State(ann_->Try(statement)), kDenied) << statement;
  }
}

TEST_F(JournalTest, AnOwnersRightsEndWithItsLastMigration) {
  const int64_t first = Swap("first");
  const int64_t second = Swap("second");
  const int64_t third = Swap("third");
  EXPECT_EQ(Rights("journal_ann"), kAllRights);
  EXPECT_EQ(Rights("journal_bob"), kAllRights);
  Finalize(first);
  EXPECT_EQ(Rights("journal_ann"), kAllRights) << "the second migration needs them";
  Finalize(second);
  EXPECT_EQ(Rights("journal_ann"), "");
  EXPECT_EQ(Rights("journal_bob"), kAllRights);
  EXPECT_EQ(State(ann_->Try(fmt::format(
                "INSERT INTO pgmoult.chunk (migration, number, rows, server_ms) VALUES ({}, 900, 1, 1)", first))),
            kDenied);
  // Once its tables are gone, nothing of the journal's keeps the role.
  ann_->Exec("DROP TABLE first, second");
  superuser_.Exec(fmt::format("REVOKE CREATE ON DATABASE {} FROM journal_ann", pg::Ident(database_.name())));
  superuser_.Exec("REVOKE CREATE ON SCHEMA public FROM journal_ann");
  const auto dropped = superuser_.Try("DROP ROLE journal_ann");
  EXPECT_TRUE(dropped.ok()) << pg::Describe(dropped.status());
  Finalize(third);
  EXPECT_EQ(Rights("journal_bob"), "");
  ASSERT_TRUE(RunSync(engine::Cleanup(target())).ok());
  EXPECT_EQ(Leftovers(superuser_), "");
}

TEST_F(JournalTest, AbortTakesTheRightsBackAndLeavesThoseOfOthersAtWork) {
  BackgroundRun anns(target(), Change("first"), Options(/*postponed=*/true));
  ASSERT_TRUE(anns.WaitForWaiting("postponed"));
  BackgroundRun bobs(target(), Change("third"), Options(/*postponed=*/true));
  ASSERT_TRUE(bobs.WaitForWaiting("postponed"));
  const auto aborted = RunSync(engine::Abort(target(), anns.progress().migration));
  ASSERT_TRUE(aborted.ok()) << pg::Describe(aborted.status());
  EXPECT_EQ(engine::EndKindOf(anns.Finish().status()), engine::EndKind::kAborted);
  EXPECT_EQ(Rights("journal_ann"), "");
  EXPECT_EQ(Rights("journal_bob"), kAllRights);
  ASSERT_TRUE(RunSync(engine::Cutover(target(), bobs.progress().migration)).ok());
  const auto report = bobs.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  // And they come again with the next one.
  const int64_t again = Swap("first");
  EXPECT_EQ(Rights("journal_ann"), kAllRights);
  Finalize(again);
  EXPECT_EQ(Rights("journal_ann"), "");
}

// An owner that runs its change itself has made the journal, and keeps what it owns.
TEST_F(JournalTest, AnOwnerThatMadeTheJournalKeepsItsOwnRights) {
  const engine::Target by_ann = TargetOf(database_, "journal_ann");
  const auto first = RunChange(by_ann, Change("first"));
  ASSERT_TRUE(first.ok()) << pg::Describe(first.status());
  ASSERT_TRUE(RunSync(engine::Finalize(by_ann, first->migration)).ok());
  const auto second = RunChange(by_ann, Change("second"));
  ASSERT_TRUE(second.ok()) << pg::Describe(second.status());
  ASSERT_TRUE(RunSync(engine::Finalize(by_ann, second->migration)).ok());
  ASSERT_TRUE(RunSync(engine::Cleanup(by_ann)).ok());
  EXPECT_EQ(Leftovers(superuser_), "");
}

}  // namespace
}  // namespace pgmoult::tests
