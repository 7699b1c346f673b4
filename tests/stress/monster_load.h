#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/stress/client.h"
#include "tests/stress/monster_program.h"
#include "tests/support/database.h"

namespace pgmoult::tests {

// An application at work on the schema of scenarios/the_monster: each MonsterProgram in a session of its own, and a
// reader of all views, materialized views and functions. What was committed is remembered with what it gave, so that
// Repeat() can do the same in another database.
//
// The application's own errors are 40001: at REPEATABLE READ between writers of one row, or by the fence that a swap
// leaves against older snapshots; at any level for a procedure with a parsed body that waited for the swap. They are
// counted. Any other error is a failure, and so is any of the first kind that names pgmoult.
class MonsterLoad {
 public:
  MonsterLoad(const TestDatabase& database, uint64_t seed);
  ~MonsterLoad() { Stop(); }

  void Start();
  // Ends after the transactions under way. Idempotent.
  void Stop();

  // Waits until every writer has committed so many more transactions, and the reader has read all once more; false
  // after a failure or 120 s.
  bool AwaitCommits(int more);
  // Waits until every kind of step has been committed by somebody once more.
  bool AwaitEveryKind();

  // After Stop(): does what was committed in another database, where Setup() of the programs was done. What a statement
  // gives there must be what it gave here: the differences, as text.
  std::vector<std::string> Repeat(const TestDatabase& twin) const;

  std::vector<std::string> failures() const;
  std::string Summary() const;

 private:
  // What each statement of a committed transaction gave.
  struct Committed {
    MonsterTransaction transaction;
    std::vector<std::string> given;
  };
  struct Writer {
    Writer(int number, uint64_t seed) : program(number, seed) {}
    MonsterProgram program;
    std::vector<Committed> committed;  // of the writer's thread, until that has ended
    std::atomic<int64_t> commits = 0;
    std::thread thread;
  };

  void Work(Writer& writer);
  void Read();
  // Whether a writer's transaction was committed; `sql` is what an error belongs to.
  static Answer CarryOut(Client& client, const MonsterTransaction& transaction, std::vector<std::string>& given,
                         std::string& sql);
  bool IsOwnError(const MonsterTransaction& transaction, const Answer& answer);
  void Fail(const std::string& what);
  bool Await(const std::function<bool()>& condition) const;

  const TestDatabase& database_;
  std::vector<std::unique_ptr<Writer>> writers_;
  std::thread reader_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> failed_ = false;
  std::atomic<int64_t> rounds_ = 0;  // of the reader
  std::atomic<int64_t> hot_errors_ = 0;
  std::atomic<int64_t> fence_errors_ = 0;
  mutable std::mutex mutex_;  // of all that follows
  std::vector<std::string> failures_;
  std::map<std::string, int64_t> kinds_;  // committed, by name
};

}  // namespace pgmoult::tests
