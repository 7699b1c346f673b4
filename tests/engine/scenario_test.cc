// The scenarios of tests/scenarios against the oracle: the same ALTER done by PostgreSQL itself in a database made by
// the same script. What the definitions, the rows and the application can tell of the two must be the same.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/sql_text.h"
#include "pg/status.h"
#include "tests/engine/scenario.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/oracle.h"
#include "tests/support/run.h"
#include "tests/support/scenario_database.h"
#include "tests/support/server.h"

namespace pgmoult::tests {
namespace {

// What is compared, at one moment.
struct Picture {
  std::vector<std::string> dump;
  std::vector<std::string> catalog;
  std::vector<std::string> rows;
};

class ScenarioTest : public ::testing::TestWithParam<Scenario> {
 protected:
  enum class Dump { kYes, kNo };
  static Picture Take(ScenarioDatabase& side, Dump dump = Dump::kYes) {
    return {.dump = dump == Dump::kYes ? DumpLines(side.database) : std::vector<std::string>(),
            .catalog = CatalogLines(*side.superuser),
            .rows = RowLines(*side.superuser, GetParam().unordered)};
  }

  static void ExpectSame(const Picture& native, const Picture& online, std::string_view when) {
    const auto compare = [when](const auto& left, const auto& right, std::string_view what) {
      const std::string difference = LineDifference(left, right);
      EXPECT_TRUE(difference.empty()) << fmt::format("{}, {}:\n{}", when, what, difference);
    };
    compare(native.dump, online.dump, "pg_dump");
    compare(native.catalog, online.catalog, "catalog");
    compare(native.rows, online.rows, "rows");
  }

  void ChangeNatively() {
    if (GetParam().has_workload) {
      native_.Psql("workload.sql", "-q");
    }
    if (!GetParam().rebuild) {
      native_.Psql("alter.sql", "-q", GetParam().login);
    }
  }

  void ChangeOnline() {
    bool worked = !GetParam().has_workload;
    engine::Observer observer;
    observer.on_event = [this, &worked](std::string_view kind, const std::string& text, const boost::json::value&) {
      // A stage may be entered several times.
      if (kind == "stage" && text == "replay" && !worked) {
        worked = true;
        online_.Psql("workload.sql", "-q");
      }
    };
    const auto report = RunChange(Target(), GetParam().change, GetParam().options, observer);
    ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
    ASSERT_TRUE(worked) << "the workload was not run";
    EXPECT_EQ(report->repaired, 0);
    const auto finalized = RunSync(engine::Finalize(Target(), report->migration));
    ASSERT_TRUE(finalized.ok()) << pg::Describe(finalized.status());
    const auto cleaned = RunSync(engine::Cleanup(Target()));
    ASSERT_TRUE(cleaned.ok()) << pg::Describe(cleaned.status());
    EXPECT_EQ(Leftovers(*online_.superuser), "");
  }

  // The change, and the way back: nothing must tell that it was ever made.
  void ChangeAndRevert() {
    const auto report = RunChange(Target(), GetParam().change, GetParam().options);
    ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
    engine::StopRequest stop;
    const auto reverted = RunSync(engine::RevertMigration(Target(), report->migration, {}, stop));
    ASSERT_TRUE(reverted.ok()) << pg::Describe(reverted.status());
    EXPECT_EQ(reverted->repaired, 0);
    const auto finalized = RunSync(engine::Finalize(Target(), report->migration));
    ASSERT_TRUE(finalized.ok()) << pg::Describe(finalized.status());
    ASSERT_TRUE(RunSync(engine::Cleanup(Target())).ok());
    EXPECT_EQ(Leftovers(*online_.superuser), "");
  }
  bool HasWayBack() const {
    constexpr int kStride = 5;  // the suite reverts every so many-th; $PGMOULT_REVERT_STRIDE: another number
    const char* const text = std::getenv("PGMOULT_REVERT_STRIDE");
    const int stride = text == nullptr ? kStride : std::max(1, std::atoi(text));
    if (!GetParam().way_back || GetParam().number % stride != 0) {
      return false;
    }
    const auto plan = PlanChange(online_.database, GetParam().change, GetParam().options, GetParam().login);
    if (!plan.ok() || !plan->build.design.revert.problem.empty()) {
      return false;
    }
    // A revert that leaves something out says so beforehand.
    return std::ranges::none_of(plan->build.design.revert.notes, [](const std::string& note) {
      return absl::StrContains(note, "does not make it again");
    });
  }

  // The change's table, as a superuser finds it.
  static std::string Table(ScenarioDatabase& side) {
    const engine::Change change = Parsed(GetParam().change);
    Session login(side.database, GetParam().login);
    const std::string written =
        change.schema ? pg::QualifiedName(*change.schema, change.table).Quoted() : pg::Ident(change.table).Quoted();
    return login.Scalar<std::string>(
        fmt::format("SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = "
                    "c.relnamespace WHERE c.oid = to_regclass({})",
                    pg::Literal(written)));
  }

  // Nothing is left that hung on the old table: what goes with the new one is what goes with PostgreSQL's.
  void ExpectSameWithoutTheTable() {
    for (ScenarioDatabase* side : {&native_, &online_}) {
      side->superuser->Exec(fmt::format("DROP TABLE {} CASCADE", Table(*side)));
    }
    const std::string difference = LineDifference(CatalogLines(*native_.superuser), CatalogLines(*online_.superuser));
    EXPECT_TRUE(difference.empty()) << "without the table:\n" << difference;
  }

  // A text that is no change throws.
  template <typename Function>
  static auto OrError(Function function) -> decltype(function()) {
    try {
      return function();
    } catch (const std::runtime_error& error) {
      return absl::InvalidArgumentError(error.what());
    }
  }

  void ExpectRefusal() {
    const auto plan = OrError(
        [this] { return PlanChange(online_.database, GetParam().change, GetParam().options, GetParam().login); });
    for (const ExpectedRefusal& expected : GetParam().refused) {
      if (expected.code == "error") {
        EXPECT_TRUE(absl::StrContains(pg::Describe(plan.status()), expected.text)) << pg::Describe(plan.status());
        continue;
      }
      ASSERT_TRUE(plan.ok()) << pg::Describe(plan.status());
      std::string found;
      const bool is_there = std::ranges::any_of(plan->findings, [&](const engine::Finding& finding) {
        found += fmt::format("{} {}: {}: {}\n", engine::SeverityName(finding.severity), finding.code, finding.object,
                             finding.message);
        return finding.severity == engine::Severity::kRefuse && finding.code == expected.code &&
               (absl::StrContains(finding.object, expected.text) || absl::StrContains(finding.message, expected.text));
      });
      EXPECT_TRUE(is_there) << fmt::format("expected: {} {}; found:\n{}", expected.code, expected.text, found);
    }
    const std::string of_our_name = Leftovers(*online_.superuser);
    const auto report = OrError([this] { return RunChange(Target(), GetParam().change, GetParam().options); });
    EXPECT_FALSE(report.ok());
    if (plan.ok()) {
      EXPECT_EQ(engine::EndKindOf(report.status()), engine::EndKind::kRefused) << pg::Describe(report.status());
    }
    EXPECT_EQ(Leftovers(*online_.superuser), of_our_name);
  }

  engine::Target Target() const { return TargetOf(online_.database, GetParam().login); }

  ScenarioDatabase native_{GetParam().folder};
  ScenarioDatabase online_{GetParam().folder};
};

TEST_P(ScenarioTest, EndsAsPostgresDoesIt) {
  const Scenario& scenario = GetParam();
  const Picture start = Take(online_);
  const Picture native_start = Take(native_);
  ExpectSame(native_start, start, "to start with");
  ASSERT_FALSE(HasFailure()) << "setup.sql makes other things each time";
  if (!scenario.refused.empty()) {
    ASSERT_NO_FATAL_FAILURE(ExpectRefusal());
    ExpectSame(start, Take(online_), "after the refusal");
  } else {
    if (HasWayBack()) {
      ASSERT_NO_FATAL_FAILURE(ChangeAndRevert());
      ExpectSame(start, Take(online_), "after a revert");
    }
    ChangeNatively();
    ASSERT_NO_FATAL_FAILURE(ChangeOnline());
    const Picture native = Take(native_);
    const bool unchanged = native.dump == native_start.dump && native.catalog == native_start.catalog;
    EXPECT_TRUE(scenario.rebuild || !unchanged) << "alter.sql does nothing that the oracle can see";
    ExpectSame(native, Take(online_), "after the change");
    if (scenario.has_after) {
      EXPECT_EQ(native_.Psql("after.sql", "-A -t -q"), online_.Psql("after.sql", "-A -t -q"));
      ExpectSame(Take(native_, Dump::kNo), Take(online_, Dump::kNo), "after after.sql");
    }
    ExpectSameWithoutTheTable();
  }
  if (!HasFailure()) {
    std::set<std::string> codes;
    std::ranges::transform(scenario.refused, std::inserter(codes, codes.end()), &ExpectedRefusal::code);
    fmt::print("scenario {}: {}\n", scenario.name,
               codes.empty() ? "identical" : fmt::format("refused as expected ({})", fmt::join(codes, ", ")));
  }
}

// A scenario by the name of its folder.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ScenarioTest);
INSTANTIATE_TEST_SUITE_P(Folders, ScenarioTest, ::testing::ValuesIn(ScenariosForThisServer()),
                         [](const ::testing::TestParamInfo<Scenario>& info) { return info.param.name; });

TEST(ScenarioFoldersTest, AllCanBeRead) {
  const std::vector<std::string> folders = ScenarioFolders();
  EXPECT_FALSE(folders.empty()) << "none in $PGMOULT_SOURCE_DIR/tests/scenarios";
  for (const std::string& folder : folders) {
    EXPECT_NO_THROW(ReadScenario(folder)) << folder;
  }
}

}  // namespace
}  // namespace pgmoult::tests
