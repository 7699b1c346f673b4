// The one table that has everything (scenarios/the_monster) is changed while an application uses it in every way: its
// end is that of a twin in which the application did the same, and PostgreSQL the change.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/status.h"
#include "tests/stress/choices.h"
#include "tests/stress/harness.h"
#include "tests/stress/monster_load.h"
#include "tests/stress/monster_program.h"
#include "tests/stress/swap_witness.h"
#include "tests/support/change.h"
#include "tests/support/oracle.h"
#include "tests/support/run.h"
#include "tests/support/scenario_database.h"

namespace pgmoult::tests {
namespace {

using ::testing::IsEmpty;

constexpr int kCommitsInAStage = 4;  // of every writer, while the engine is held at the stage's beginning
constexpr char kOwner[] = "scn_owner";

class StressMonsterTest : public ::testing::Test {
 protected:
  StressMonsterTest() {
    for (ScenarioDatabase* side : {&native_, &online_}) {
      side->superuser->Exec(MonsterProgram::Setup());
    }
  }

  engine::Target Target() const { return TargetOf(online_.database, kOwner); }

  // Runs the change under load. The load goes on until the old table is gone, and a little longer.
  void ChangeOnline(const std::string& change, const std::map<std::string, std::string>& renamed) {
    const SwapWitness witness(online_.database, kOwner, renamed);
    load_.Start();
    ASSERT_TRUE(load_.AwaitCommits(2)) << Failures();
    engine::RunOptions options = StressOptions();
    options.postpone_cutover = false;
    options.max_hold = std::chrono::seconds(10);  // the witness compares all rows under the lock
    std::string story;
    engine::Observer observer;
    observer.on_event = [&](std::string_view kind, const std::string& text, const boost::json::value& /*facts*/) {
      story += fmt::format("  {}: {}\n", kind, text.substr(0, 300));
      if (kind != "stage") {
        return;
      }
      load_.AwaitCommits(kCommitsInAStage);
      // From the copy on everything is captured.
      if (text == "copy" || text == "approach") {
        load_.AwaitEveryKind();
      }
    };
    const auto report = RunChange(Target(), change, options, observer);
    ASSERT_TRUE(report.ok()) << pg::Describe(report.status()) << "\n" << story << Failures();
    EXPECT_TRUE(load_.AwaitEveryKind()) << Failures();
    EXPECT_EQ(report->repaired, 0) << story;
    EXPECT_FALSE(report->dual_write) << "its constraints are deferrable";
    EXPECT_EQ(witness.Verdict(report->migration), "") << story;
    const auto finalized = RunSync(engine::Finalize(Target(), report->migration));
    ASSERT_TRUE(finalized.ok()) << pg::Describe(finalized.status());
    const auto cleaned = RunSync(engine::Cleanup(Target()));
    ASSERT_TRUE(cleaned.ok()) << pg::Describe(cleaned.status());
    EXPECT_TRUE(load_.AwaitCommits(kCommitsInAStage)) << Failures();
    load_.Stop();
    EXPECT_THAT(load_.failures(), IsEmpty()) << story;
    EXPECT_EQ(Leftovers(*online_.superuser), "");
    witness.Leave();
    std::cout << load_.Summary()
              << fmt::format("  {:.1f} s, {} tries, held {:.0f} ms, replayed {}, verified {}\n", report->total_seconds,
                             report->swap_tries, report->swap_hold_ms, report->rows_replayed, report->rows_verified);
  }

  // What differs for other reasons than the change: how far sequences went depends on transactions that were rolled
  // back, and materialized views are fresh after the swap.
  void Level() {
    for (ScenarioDatabase* side : {&native_, &online_}) {
      side->superuser->Exec(
          "REFRESH MATERIALIZED VIEW cave.kept; REFRESH MATERIALIZED VIEW cave.kept_kept;"
          "SELECT setval(format('%I.%I', schemaname, sequencename), 9000001, false) FROM pg_sequences "
          "WHERE schemaname IN ('lair', 'cave')");
    }
  }

  // Definitions and rows. The audit's rows, without the order in which they came, tell what triggers fired.
  void ExpectSame(std::string_view when) {
    const auto compare = [when](const auto& natively, const auto& online, std::string_view what) {
      const std::string difference = LineDifference(natively, online);
      EXPECT_TRUE(difference.empty()) << fmt::format("{}, {}:\n{}", when, what, difference);
    };
    compare(DumpLines(native_.database), DumpLines(online_.database), "pg_dump");
    compare(CatalogLines(*native_.superuser), CatalogLines(*online_.superuser), "catalog");
    compare(RowLines(*native_.superuser, "nr"), RowLines(*online_.superuser, "nr"), "rows");
  }

  // All that the scenario tries of its schema: triggers, keys, views, functions and policies serve the new table.
  void ExpectSameUse() {
    for (ScenarioDatabase* side : {&native_, &online_}) {
      side->superuser->Exec("TRUNCATE lair.audit RESTART IDENTITY");
    }
    EXPECT_EQ(native_.Psql("after.sql", "-A -t -q"), online_.Psql("after.sql", "-A -t -q"));
    ExpectSame("after after.sql");
  }

  std::string Failures() const { return fmt::format("{}", fmt::join(load_.failures(), "\n")); }

  const Seed seed_;
  ScenarioDatabase native_{SourcePath("tests/scenarios/the_monster")};
  ScenarioDatabase online_{SourcePath("tests/scenarios/the_monster")};
  MonsterLoad load_{online_.database, seed_.value()};
};

TEST_F(StressMonsterTest, EverythingThatATableCanHaveIsChangedUnderLoad) {
  ASSERT_NO_FATAL_FAILURE(
      ChangeOnline(ReadWholeFile(SourcePath("tests/scenarios/the_monster/alter.sql")), {{"mood", "Mood"}}));
  EXPECT_THAT(load_.Repeat(native_.database), IsEmpty());
  native_.Psql("alter.sql", "-q", kOwner);
  Level();
  ExpectSame("after the change");
  ExpectSameUse();
}

TEST_F(StressMonsterTest, EverythingThatATableCanHaveIsRebuiltUnderLoad) {
  ASSERT_NO_FATAL_FAILURE(ChangeOnline("lair.\"Monster\"", {}));
  EXPECT_THAT(load_.Repeat(native_.database), IsEmpty());
  Level();
  ExpectSame("after the rebuild");
  for (ScenarioDatabase* side : {&native_, &online_}) {
    side->superuser->Exec("ALTER TABLE lair.\"Monster\" ADD COLUMN note text");  // after.sql asks for it
  }
  ExpectSameUse();
}

// The same as a partition. What it has of its own is all that it had, and more: its place.
TEST_F(StressMonsterTest, EverythingThatAPartitionCanHaveIsRebuiltUnderLoad) {
  for (ScenarioDatabase* side : {&native_, &online_}) {
    side->superuser->Exec(
        "SET ROLE scn_owner; CREATE TABLE lair.hoard (LIKE lair.\"Monster\" INCLUDING GENERATED) PARTITION BY RANGE "
        "(id); CREATE INDEX hoarded ON lair.hoard (region, id); CREATE FUNCTION lair.hoards() RETURNS trigger SECURITY "
        "DEFINER LANGUAGE plpgsql AS 'BEGIN INSERT INTO lair.audit (what) VALUES (''hoard''); RETURN NULL; END';"
        "CREATE TRIGGER hoards AFTER DELETE ON lair.hoard FOR EACH ROW EXECUTE FUNCTION lair.hoards();"
        "ALTER TABLE lair.hoard ATTACH PARTITION lair.\"Monster\" DEFAULT; RESET ROLE");
  }
  ASSERT_NO_FATAL_FAILURE(ChangeOnline("lair.\"Monster\"", {}));
  EXPECT_THAT(load_.Repeat(native_.database), IsEmpty());
  Level();
  ExpectSame("after the rebuild");
  for (ScenarioDatabase* side : {&native_, &online_}) {
    side->superuser->Exec("ALTER TABLE lair.hoard ADD COLUMN note text");
  }
  ExpectSameUse();
}

}  // namespace
}  // namespace pgmoult::tests
