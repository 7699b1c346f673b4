#include "tests/stress/choices.h"

#include <array>
#include <cstdlib>
#include <iostream>
#include <random>
#include <utility>

#include "fmt/format.h"

namespace pgmoult::tests {
namespace {

constexpr int64_t kMaxSteps = 3;  // of a transaction, one late step not counted

std::map<Step, int> SmallSteps() {
  return {{Step::kInsert, 4},     {Step::kReinsert, 4},          {Step::kUpsert, 3},
          {Step::kUpdate, 8},     {Step::kUpdateMany, 3},        {Step::kDelete, 5},
          {Step::kMoveNear, 3},   {Step::kMoveFar, 3},           {Step::kSwapKeys, 1},
          {Step::kMerge, 1},      {Step::kUniqueThroughNull, 2}, {Step::kUniqueThroughThird, 2},
          {Step::kWritableCte, 2}};
}

uint64_t ReadSeed() {
  const char* given = std::getenv("PGMOULT_STRESS_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << fmt::format("[   seed   ] PGMOULT_STRESS_SEED={}\n", seed) << std::flush;
  return seed;
}

}  // namespace

std::string_view StepName(Step step) {
  constexpr std::array<std::string_view, kSteps> kNames = {
      "insert",    "reinsert", "upsert",       "update",         "update many",       "delete",
      "move near", "move far", "swap keys",    "unique by NULL", "unique by a third", "unique at once",
      "merge",     "copy",     "writable CTE", "bulk update",    "bulk delete",       "edge"};
  return kNames[static_cast<size_t>(step)];
}

std::vector<WriterSpec> AllKinds() {
  const std::map<Step, int> bulk = {{Step::kBulkUpdate, 1}, {Step::kBulkDelete, 1}, {Step::kCopy, 6},
                                    {Step::kMerge, 6},      {Step::kUpsert, 6},     {Step::kUpdateMany, 6}};
  return {{.name = "rc 1", .steps = SmallSteps()},
          {.name = "rc 2", .steps = SmallSteps()},
          {.name = "rr", .isolation = Isolation::kRepeatableRead, .steps = SmallSteps()},
          {.name = "serializable", .isolation = Isolation::kSerializable, .steps = SmallSteps()},
          {.name = "replica", .steps = SmallSteps(), .replica_role = true},
          {.name = "bulk", .steps = bulk, .two_phase = true},
          {.name = "long", .steps = SmallSteps(), .long_transactions = true}};
}

std::vector<WriterSpec> EachIsolation(const std::map<Step, int>& steps) {
  return {{.name = "rc 1", .steps = steps},
          {.name = "rc 2", .steps = steps},
          {.name = "rr", .isolation = Isolation::kRepeatableRead, .steps = steps},
          {.name = "serializable", .isolation = Isolation::kSerializable, .steps = steps}};
}

Seed::Seed()
    : value_(ReadSeed()),
      trace_(__FILE__, __LINE__, fmt::format("PGMOULT_STRESS_SEED={} replays the writers' choices", value_)) {}

PlannedTransaction PlanTransaction(const WriterSpec& spec, WriterPlace place, uint64_t seed, int64_t number) {
  // Each transaction has a sequence of its own, so that nothing a transaction before it met can shift it.
  std::seed_seq mixed{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32),
                      static_cast<uint32_t>(place.writer), static_cast<uint32_t>(number)};
  std::mt19937_64 random(mixed);
  const auto uniform = [&random](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  std::vector<Step> wheel;
  for (const auto& [step, share] : spec.steps) {
    wheel.insert(wheel.end(), static_cast<size_t>(share), step);
  }
  int64_t planned = 0;
  const auto plan = [&] {
    PlannedStep step;
    step.step = wheel[static_cast<size_t>(uniform(0, static_cast<int64_t>(wheel.size()) - 1))];
    step.seed = random();
    step.serial = (number * (kMaxSteps + 1) + planned++) * static_cast<int64_t>(place.writers) +
                  static_cast<int64_t>(place.writer);
    return step;
  };
  PlannedTransaction transaction;
  const int64_t steps = uniform(1, kMaxSteps);
  for (int64_t i = 0; i < steps; ++i) {
    PlannedStep& step = transaction.steps.emplace_back(plan());
    step.taken_back = uniform(0, 5) == 0;
    step.nested = uniform(0, 5) == 0;
  }
  if (spec.long_transactions) {
    transaction.late = plan();
  }
  transaction.gives_up = uniform(0, 9) == 0;
  transaction.two_phase = spec.two_phase && uniform(0, 1) == 0;
  return transaction;
}

}  // namespace pgmoult::tests
