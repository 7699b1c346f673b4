#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/stress/client.h"
#include "tests/stress/shape.h"
#include "tests/support/database.h"

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

// From the environment variable PGMOULT_STRESS_SEED if set, else random; printed.
uint64_t NewSeed();

// Writers, each a thread with a session, and the ledger: table `ledger` in the same database, to which every
// transaction appends what it did to each key, while it holds the row's lock. For one key, ledger order is therefore
// commit order, and the last entry is what the table must hold. Entries name the physical table that was written
// (`rel`), which says which side of a swap they belong to.
//
// 40001 above READ COMMITTED, deadlocks among the writers alone and duplicates of the table's own key (two writers that
// insert the same one) are the application's own; they are counted. Any other error is a failure, and so is a 40001 out
// of a function of ours, but for the fence's, which is counted by itself.
class Workload {
 public:
  // Makes and fills table and ledger.
  Workload(const TestDatabase& database, const Shape& shape, std::vector<WriterSpec> writers, uint64_t seed);
  ~Workload();

  void Start();
  // Forgets which steps were committed up to now.
  void CountStepsAnew();
  // Waits until each kind of step that a writer takes has been committed and has changed a row; false after a failure
  // or 120 s.
  bool AwaitEveryStep();
  // The kinds that have not.
  std::vector<std::string_view> MissingSteps() const;
  // Ends after the transactions under way. Idempotent.
  void Stop();

  // Waits until every writer has committed so many more transactions; false after a failure or 120 s.
  bool AwaitCommits(int more);
  int64_t commits() const;
  // The run's stage, for writers that stay over a change of it and that look for the copy's frontier.
  void SetStage(const std::string& stage);
  // Key number of one of the last chunk edges.
  void SetEdge(int64_t number);
  // Different edges up to now, and committed changes of rows at one.
  size_t edges() const;
  int64_t edge_changes() const { return edge_changes_; }
  // Errors by which the fence that a swap left stopped a writer.
  int64_t fence_errors() const { return fence_errors_; }

  std::vector<std::string> failures() const;
  void Fail(const std::string& what);
  std::string Summary() const;
  uint64_t seed() const { return seed_; }

  // TRUNCATE and new rows, in one transaction, from the calling thread; recorded in the ledger.
  void Truncate();

  // Compares the ledger with table `name`: differing keys as text, "" where there are none. With `old_only`, only
  // entries that were made against that very table count.
  std::string DiffWithLedger(const std::string& name, bool old_only) const;

 private:
  struct Writer;

  void Work(Writer& writer);
  // Until the others have committed some dozens of transactions, the stage changes, or somebody waits for the table.
  void Stay(const Writer& writer, Client& observer);
  // Counts an error that is the application's own, records any other as a failure.
  void Judge(Writer& writer, const Answer& answer, const std::string& sql);
  bool AllOurs(const std::string& deadlock_detail) const;

  const TestDatabase& database_;
  const Shape shape_;
  const uint64_t seed_;
  std::vector<std::unique_ptr<Writer>> writers_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> failed_ = false;
  std::atomic<int64_t> next_high_;
  std::atomic<int64_t> next_low_;
  std::atomic<int64_t> next_unique_ = 1'000'000;
  std::atomic<int64_t> edge_ = 0;
  std::atomic<int> stage_changes_ = 0;
  std::set<Step> steps_;                                // that some writer takes
  std::array<std::atomic<int64_t>, kSteps> done_ = {};  // committed with an effect, by step
  std::atomic<int64_t> edge_changes_ = 0;
  std::atomic<int64_t> fence_errors_ = 0;
  mutable std::mutex mutex_;  // of all that follows
  std::vector<std::string> failures_;
  std::set<int> pids_;
  std::set<int64_t> edges_seen_;
};

}  // namespace pgmoult::tests
