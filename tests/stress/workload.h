#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/stress/choices.h"
#include "tests/stress/client.h"
#include "tests/stress/shape.h"
#include "tests/support/database.h"

namespace pgmoult::tests {

class Program;

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

  // TRUNCATE and new rows, in one transaction, from the calling thread; recorded in the ledger.
  void Truncate();

  // What of table `name` is not as the ledger says: differing keys as text, "" where there are none.
  // All entries together:
  std::string DiffWithLedger(const std::string& name) const;
  // Only those that were made against that very table:
  std::string DiffWithItsEntries(const std::string& name) const;
  // The rows that the old table was left with at the swap, and the entries made against `name` itself, which took its
  // place. What writers told before the swap does not count.
  std::string DiffSinceSwap(const std::string& name, const std::string& old_name) const;

 private:
  struct Writer;
  // What became of a transaction.
  struct Attempt {
    Answer answer;            // the first error, or the last answer
    std::string sql;          // that it belongs to
    std::vector<Step> taken;  // with an effect
    int64_t at_edge = 0;      // of these, how many changed a row at a chunk's edge
  };

  void Work(Writer& writer);
  Attempt CarryOut(const Writer& writer, Client& client, Program& program, const PlannedTransaction& planned,
                   int64_t number, const std::function<void()>& stay) const;
  // Until the others have committed some dozens of transactions, the stage changes, or somebody waits for the table.
  void Stay(const Writer& writer, Client& observer);
  // Counts an error that is the application's own, records any other as a failure.
  void Judge(Writer& writer, const Answer& answer, const std::string& sql);
  bool AllOurs(const std::string& deadlock_detail) const;
  // Folds the entries of which the SQL condition is true over rows (seq, k, r) of before.
  std::string Diff(const std::string& name, const std::string& base, const std::string& which) const;

  const TestDatabase& database_;
  const Shape shape_;
  const uint64_t seed_;
  std::vector<std::unique_ptr<Writer>> writers_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> failed_ = false;
  int64_t next_unique_ = 1'000'000;  // of Truncate()
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
