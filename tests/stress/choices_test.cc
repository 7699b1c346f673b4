// One seed replays what every writer does, whatever the others do and whatever the server answers.

#include "tests/stress/choices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "tests/stress/client.h"
#include "tests/stress/program.h"
#include "tests/stress/shape.h"

namespace pgmoult::tests {
namespace {

constexpr int64_t kTransactions = 30;

// What was sent in each step, and how each transaction ended, by writer.
using Sent = std::vector<std::string>;
using Script = std::map<std::string, std::vector<Sent>>;

// A server that takes everything, or nothing, and writes down what it was sent.
Wire Recorder(Sent& sent, bool takes) {
  const auto answer = [takes](const std::string& sql) {
    Answer said;
    said.ok = takes;
    said.affected = 12;
    if (sql.starts_with("SELECT")) {
      said.rows = {{"t", "1"}, {"f", "2"}};
    }
    return said;
  };
  return {.run =
              [&sent, answer](const std::string& sql) {
                sent.push_back(sql);
                return answer(sql);
              },
          .copy_in =
              [&sent, answer](const std::string& sql, const std::string& rows) {
                sent.push_back(fmt::format("{}\n{}", sql, rows));
                return answer(sql);
              }};
}

// Who takes the next transaction.
enum class Turns { kInTurn, kOneAfterTheOther };

// What all writers send when each carries out its first transactions.
Script Played(const Shape& shape, uint64_t seed, Turns turns = Turns::kInTurn, bool takes = true) {
  std::vector<WriterSpec> specs = AllKinds();
  specs.push_back({.name = "edges", .steps = {{Step::kEdge, 3}, {Step::kUniqueAtOnce, 1}}});
  const std::atomic<int64_t> edge = 600;
  std::vector<int64_t> numbers(specs.size());
  Script script;
  for (size_t turn = 0; turn < specs.size() * kTransactions; ++turn) {
    const size_t writer = turns == Turns::kInTurn ? turn % specs.size() : specs.size() - 1 - turn / kTransactions;
    const WriterSpec& spec = specs[writer];
    PlannedTransaction planned =
        PlanTransaction(spec, {.writer = writer, .writers = specs.size()}, seed, numbers[writer]++);
    if (planned.late) {
      planned.steps.push_back(*planned.late);
    }
    for (const PlannedStep& step : planned.steps) {
      Sent& sent = script[spec.name].emplace_back();
      std::string sql;
      Program(shape, Recorder(sent, takes), edge).Take(step, sql);
      sent.push_back(fmt::format("nested {}, taken back {}", step.nested, step.taken_back));
    }
    script[spec.name].push_back({fmt::format("gives up {}, two-phase {}", planned.gives_up, planned.two_phase)});
  }
  return script;
}

// Of each step what is sent before anything is answered.
Script Beginnings(Script script) {
  for (auto& [writer, steps] : script) {
    for (Sent& sent : steps) {
      sent.resize(1);
    }
  }
  return script;
}

class ChoicesTest : public ::testing::Test {
 protected:
  const std::vector<Shape> shapes_ = {IntKey(), CompositeKey(), CaselessKey(), CollatedKey(), DeferrableUnique()};
};

TEST_F(ChoicesTest, TheSameSeedReplaysEveryStatementWhateverTheOthersDo) {
  for (const Shape& shape : shapes_) {
    SCOPED_TRACE(shape.create);
    EXPECT_EQ(Played(shape, 7), Played(shape, 7, Turns::kOneAfterTheOther));
  }
}

TEST_F(ChoicesTest, TheSameSeedReplaysEveryStepWhateverTheServerAnswers) {
  for (const Shape& shape : shapes_) {
    SCOPED_TRACE(shape.create);
    EXPECT_EQ(Beginnings(Played(shape, 7)), Beginnings(Played(shape, 7, Turns::kInTurn, /*takes=*/false)));
  }
}

TEST_F(ChoicesTest, AnotherSeedAndAnotherWriterChooseOtherwise) {
  for (const Shape& shape : shapes_) {
    SCOPED_TRACE(shape.create);
    const Script one = Played(shape, 7);
    for (const uint64_t seed : {uint64_t{8}, uint64_t{7} + (uint64_t{1} << 32)}) {
      const Script other = Played(shape, seed);
      for (const auto& [writer, steps] : one) {
        EXPECT_NE(steps, other.at(writer)) << writer;
      }
    }
    EXPECT_NE(one.at("rc 1"), one.at("rc 2"));
  }
}

// u is unique: two writers must never take the same new value, nor one writer twice.
TEST_F(ChoicesTest, NoTwoStepsHaveTheSameSerial) {
  std::set<int64_t> serials;
  size_t steps = 0;
  const std::vector<WriterSpec> specs = AllKinds();
  for (size_t writer = 0; writer < specs.size(); ++writer) {
    for (int64_t number = 0; number < kTransactions; ++number) {
      PlannedTransaction planned =
          PlanTransaction(specs[writer], {.writer = writer, .writers = specs.size()}, 7, number);
      if (planned.late) {
        planned.steps.push_back(*planned.late);
      }
      for (const PlannedStep& step : planned.steps) {
        serials.insert(step.serial);
        ++steps;
      }
    }
  }
  EXPECT_EQ(serials.size(), steps);
}

}  // namespace
}  // namespace pgmoult::tests
