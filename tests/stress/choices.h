#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgmoult::tests {

// What one step of a transaction does to the table. Every step writes its effect into the ledger by itself.
enum class Step {
  kInsert,              // new keys beyond both ends, several rows
  kReinsert,            // a key that may be there, or may have been: ON CONFLICT DO NOTHING
  kUpsert,              // ON CONFLICT DO UPDATE
  kUpdate,              // one row
  kUpdateMany,          // some rows, one statement
  kDelete,              // one row
  kMoveNear,            // UPDATE of the key to a neighbour's
  kMoveFar,             // UPDATE of the key to a new one beyond the end, or back from there
  kSwapKeys,            // two rows exchange keys through a third
  kUniqueThroughNull,   // two rows exchange u through NULL
  kUniqueThroughThird,  // two rows exchange u through a third value
  kUniqueAtOnce,  // two rows exchange u in one statement, or with u doubled in between (deferrable constraints only)
  kMerge,
  kCopy,         // COPY FROM STDIN
  kWritableCte,  // delete, insert and update in one statement, the new row inheriting u
  kBulkUpdate,   // a tenth of the table
  kBulkDelete,   // a tenth of the table; as many new rows
  kEdge,         // insert, update, delete or move at the edge of a copied chunk, or at the table's ends
};
constexpr size_t kSteps = static_cast<size_t>(Step::kEdge) + 1;

std::string_view StepName(Step step);

enum class Isolation { kReadCommitted, kRepeatableRead, kSerializable };

// One session of the application.
struct WriterSpec {
  std::string name;
  Isolation isolation = Isolation::kReadCommitted;
  std::map<Step, int> steps;       // and how often, relatively
  bool replica_role = false;       // session_replication_role = replica
  bool two_phase = false;          // PREPARE TRANSACTION, then COMMIT PREPARED
  bool long_transactions = false;  // stays in each transaction for a while, and away for a while
};

// Everything, at every isolation level, in seven sessions.
std::vector<WriterSpec> AllKinds();
// One writer at each isolation level that takes these steps.
std::vector<WriterSpec> EachIsolation(const std::map<Step, int>& steps);

// The one number from which all choices of all writers follow: the environment variable PGMOULT_STRESS_SEED if set,
// else random. While it lives, every failure on its thread prints it.
class Seed {
 public:
  Seed();
  uint64_t value() const { return value_; }

 private:
  uint64_t value_;
  ::testing::ScopedTrace trace_;
};

// A step with all that is chosen about it. What it finds in the table, and which chunk edge is the last, is not.
struct PlannedStep {
  Step step = Step::kInsert;
  uint64_t seed = 0;        // of the choices within the step
  int64_t serial = 0;       // no other step of any writer has the same; grows with each step of a writer
  bool nested = false;      // in a subtransaction
  bool taken_back = false;  // by ROLLBACK TO SAVEPOINT
};

struct PlannedTransaction {
  std::vector<PlannedStep> steps;
  std::optional<PlannedStep> late;  // after the stay of a long transaction
  bool gives_up = false;            // ROLLBACK in place of COMMIT
  bool two_phase = false;           // PREPARE TRANSACTION before it
};

// Which of the writers of one workload, counted from 0.
struct WriterPlace {
  size_t writer = 0;
  size_t writers = 1;
};

// The writer's transaction of that number, counted from 0. It depends on the arguments alone: not on what transactions
// before it met, nor on what other writers do.
PlannedTransaction PlanTransaction(const WriterSpec& spec, WriterPlace place, uint64_t seed, int64_t number);

}  // namespace pgmoult::tests
