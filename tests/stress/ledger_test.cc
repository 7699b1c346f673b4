// A change is carried out while writers of every kind work: nothing is lost, nothing comes back, nobody meets an error
// of ours, and the invariant holds in every snapshot.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/stress/client.h"
#include "tests/stress/harness.h"
#include "tests/stress/shape.h"
#include "tests/stress/workload.h"
#include "tests/support/database.h"

namespace pgmoult::tests {
namespace {

using engine::CaptureMode;
using engine::DualWriteMode;

constexpr char kWiderKey[] = "ALTER TABLE t ALTER COLUMN id TYPE bigint";

class StressLedgerTest : public ::testing::Test {
 protected:
  UnderLoad Run(const Shape& shape, std::vector<WriterSpec> writers, const Scenario& scenario) {
    Workload workload(database_, shape, std::move(writers), seed_.value());
    return RunUnderLoad(database_, shape, workload, scenario);
  }

  const Seed seed_;
  TestDatabase database_;
};

TEST_F(StressLedgerTest, NothingIsLostUnderEveryKindOfWriteAtEveryIsolationLevel) {
  Run(IntKey(), AllKinds(), {.change = kWiderKey, .seconds = 3});
}

TEST_F(StressLedgerTest, NothingIsLostWithACompositeKey) { Run(CompositeKey(), AllKinds(), {}); }

TEST_F(StressLedgerTest, NothingIsLostWithAKeyInAnotherOrderThanTheDatabases) { Run(CollatedKey(), AllKinds(), {}); }

TEST_F(StressLedgerTest, NothingIsLostWithKeysThatAreEqualButNotIdentical) { Run(CaselessKey(), AllKinds(), {}); }

TEST_F(StressLedgerTest, NothingIsLostWithDualWriteOnEarly) {
  Scenario scenario{.change = kWiderKey};
  scenario.options.dual_write = DualWriteMode::kEarly;
  const UnderLoad run = Run(IntKey(), AllKinds(), scenario);
  EXPECT_TRUE(run.report.dual_write);
}

TEST_F(StressLedgerTest, NothingIsLostWithoutDualWrite) {
  Scenario scenario{.change = kWiderKey};
  scenario.options.dual_write = DualWriteMode::kNever;
  const UnderLoad run = Run(IntKey(), AllKinds(), scenario);
  EXPECT_FALSE(run.report.dual_write);
}

TEST_F(StressLedgerTest, NothingIsLostWithRowCapture) {
  Scenario scenario{.change = kWiderKey};
  scenario.options.capture = CaptureMode::kRow;
  const UnderLoad run = Run(IntKey(), AllKinds(), scenario);
  EXPECT_FALSE(run.report.dual_write);
}

TEST_F(StressLedgerTest, NothingIsLostWithoutAnyWaitBeforeTheSwap) {
  Scenario scenario{.change = kWiderKey, .pauses = 0};
  scenario.options.postpone_cutover = false;
  Run(IntKey(), AllKinds(), scenario);
}

// Verify would mend what capture loses; here nothing does.
TEST_F(StressLedgerTest, NothingIsLostWithoutVerify) {
  Scenario scenario{.change = kWiderKey};
  scenario.options.verify = engine::VerifyMode::kOff;
  Run(IntKey(), AllKinds(), scenario);
}

// All writers at READ COMMITTED, so that nearly every write goes through to the shadow.
TEST_F(StressLedgerTest, NothingIsLostWhereAllWritesGoThrough) {
  std::vector<WriterSpec> writers = AllKinds();
  for (WriterSpec& writer : writers) {
    writer.isolation = Isolation::kReadCommitted;
  }
  const UnderLoad run = Run(IntKey(), std::move(writers), {.change = kWiderKey});
  EXPECT_TRUE(run.report.dual_write);
}

TEST_F(StressLedgerTest, KeysMayMoveAnywhere) {
  Run(IntKey(),
      EachIsolation({{Step::kMoveNear, 3},
                     {Step::kMoveFar, 3},
                     {Step::kSwapKeys, 2},
                     {Step::kDelete, 1},
                     {Step::kReinsert, 2},
                     {Step::kInsert, 1}}),
      {.change = kWiderKey});
}

TEST_F(StressLedgerTest, UniqueValuesMayMoveBetweenRows) {
  Run(IntKey(),
      EachIsolation({{Step::kUniqueThroughNull, 3},
                     {Step::kUniqueThroughThird, 3},
                     {Step::kWritableCte, 2},
                     {Step::kDelete, 1},
                     {Step::kInsert, 1}}),
      {.change = kWiderKey});
}

TEST_F(StressLedgerTest, UniqueValuesMayMoveAtOnceWhereTheConstraintIsDeferrable) {
  const UnderLoad run =
      Run(DeferrableUnique(),
          EachIsolation({{Step::kUniqueAtOnce, 4}, {Step::kWritableCte, 2}, {Step::kDelete, 1}, {Step::kInsert, 1}}),
          {.change = kWiderKey});
  EXPECT_FALSE(run.report.dual_write) << "a deferred error at COMMIT could be caught by nobody";
}

TEST_F(StressLedgerTest, TheEdgesOfChunksAndOfTheTableAreNoExceptions) {
  Shape shape = IntKey();
  shape.rows = 6000;
  Scenario scenario{.change = kWiderKey, .pauses = 6};
  scenario.options.chunk_ms = 4;
  const UnderLoad run = Run(shape, EachIsolation({{Step::kEdge, 5}, {Step::kMoveFar, 1}}), scenario);
  EXPECT_GT(run.chunks, 5);
  EXPECT_GT(run.edges, 3U) << "the edge never moved";
  EXPECT_GT(run.edge_changes, 20) << "no row at an edge was touched";
}

TEST_F(StressLedgerTest, BulkStatementsAreCapturedWhole) {
  std::vector<WriterSpec> writers = EachIsolation({{Step::kUpdate, 4}, {Step::kDelete, 1}, {Step::kInsert, 1}});
  writers.push_back(
      {.name = "bulk", .steps = {{Step::kBulkUpdate, 2}, {Step::kBulkDelete, 2}, {Step::kCopy, 2}, {Step::kMerge, 1}}});
  Run(IntKey(), std::move(writers), {.change = kWiderKey});
}

TEST_F(StressLedgerTest, NothingIsLostInARebuild) {
  Run(IntKey(), EachIsolation({{Step::kUpdate, 2}, {Step::kDelete, 1}, {Step::kUpsert, 1}, {Step::kMoveNear, 1}}),
      {.change = "t"});
}

}  // namespace
}  // namespace pgmoult::tests
