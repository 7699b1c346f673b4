#pragma once

#include <memory>
#include <string>

namespace pgmoult::tests {

// Holds a session of this process right before it sends a statement that contains `text`, for the n-th time (from 1),
// until Open() or the end of this object. The session's whole thread stands: with an engine in a BackgroundRun, all of
// the engine. Statements of ours begin with "/* pgmoult:<stage> */".
//
// To be made before the sessions that it shall hold, by the thread that asks. What runs inside one statement is held by
// a Gate of tests/fault/gates.h instead.
class StatementGate {
 public:
  explicit StatementGate(std::string text, int nth = 1);
  StatementGate(const StatementGate&) = delete;
  StatementGate& operator=(const StatementGate&) = delete;
  ~StatementGate();

  // Until a session stands here. Throws where none comes within 40 seconds.
  void WaitUntilReached();
  void Open();

  struct State;

 private:
  std::shared_ptr<State> state_;
};

// Puts a fault (a name of mutants.cc) into the statements of this process, until the end of this object.
class StatementFault {
 public:
  explicit StatementFault(const std::string& mutant);
  StatementFault(const StatementFault&) = delete;
  StatementFault& operator=(const StatementFault&) = delete;
  ~StatementFault();

  // Statements so far.
  int changed() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

// Lets statements of this process pass through gates, faults, and through the mutant that PGMOULT_MUTANT names, as long
// as tests run. Before them.
void InstallStatementHooks();

}  // namespace pgmoult::tests
