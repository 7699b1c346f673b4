#include "tests/support/statements.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "pg/test_hooks.h"
#include "tests/support/mutants.h"

namespace pgmoult::tests {

struct StatementGate::State {
  std::string text;
  int nth = 1;
  int seen = 0;
  bool reached = false;
  bool open = false;
};

struct StatementFault::State {
  Mutant mutant;
  int changed = 0;
};

namespace {

// All faults that are in force.
class Faults {
 public:
  static Faults& Instance() {
    static Faults faults;
    return faults;
  }

  void Add(std::shared_ptr<StatementFault::State> fault) {
    const std::scoped_lock lock(mutex_);
    faults_.push_back(std::move(fault));
  }
  void Remove(const std::shared_ptr<StatementFault::State>& fault) {
    const std::scoped_lock lock(mutex_);
    std::erase(faults_, fault);
  }
  int Changed(const StatementFault::State& fault) {
    const std::scoped_lock lock(mutex_);
    return fault.changed;
  }
  void Pass(std::string& sql) {
    const std::scoped_lock lock(mutex_);
    for (const auto& fault : faults_) {
      const std::string before = sql;
      fault->mutant(sql);
      fault->changed += sql == before ? 0 : 1;
    }
  }

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<StatementFault::State>> faults_;  // guarded by mutex_, as is all that they hold
};

// All gates that stand. Sessions of several threads pass here.
class Gates {
 public:
  static Gates& Instance() {
    static Gates gates;
    return gates;
  }

  void Add(std::shared_ptr<StatementGate::State> gate) {
    const std::scoped_lock lock(mutex_);
    gates_.push_back(std::move(gate));
  }
  void Open(const std::shared_ptr<StatementGate::State>& gate) {
    const std::scoped_lock lock(mutex_);
    gate->open = true;
    std::erase(gates_, gate);
    changed_.notify_all();
  }
  bool WaitUntilReached(const StatementGate::State& gate) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(40), [&gate] { return gate.reached; });
  }

  void Pass(std::string_view sql) {
    std::unique_lock lock(mutex_);
    const std::vector<std::shared_ptr<StatementGate::State>> gates = gates_;
    for (const auto& gate : gates) {
      if (gate->open || sql.find(gate->text) == std::string_view::npos || ++gate->seen != gate->nth) {
        continue;
      }
      gate->reached = true;
      changed_.notify_all();
      changed_.wait(lock, [&gate] { return gate->open; });
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<StatementGate::State>> gates_;  // guarded by mutex_, as is all that they hold
};

// Puts gates, and the mutant that PGMOULT_MUTANT names, between this process and its servers.
class HookEnvironment : public ::testing::Environment {
 public:
  void SetUp() override {
    if (const char* name = std::getenv("PGMOULT_MUTANT"); name != nullptr) {
      mutant_ = MakeMutant(name);
      pg::SetFault(name);
    }
    pg::SetStatementHook([this](std::string& sql) {
      // The tests' own statements are left alone.
      if (!sql.starts_with("/* pgmoult:")) {
        return;
      }
      Gates::Instance().Pass(sql);
      Faults::Instance().Pass(sql);
      if (mutant_) {
        const std::scoped_lock lock(mutex_);
        const std::string before = sql;
        mutant_(sql);
        changed_ += sql == before ? 0 : 1;
      }
    });
  }
  void TearDown() override {
    pg::SetStatementHook(nullptr);
    if (mutant_) {
      std::cout << "mutant: " << changed_ << " statements changed\n";
    }
  }

 private:
  std::mutex mutex_;
  Mutant mutant_;    // guarded by mutex_
  int changed_ = 0;  // guarded by mutex_
};

}  // namespace

StatementGate::StatementGate(std::string text, int nth) : state_(std::make_shared<State>()) {
  state_->text = std::move(text);
  state_->nth = nth;
  Gates::Instance().Add(state_);
}

StatementGate::~StatementGate() { Open(); }

void StatementGate::WaitUntilReached() {
  if (!Gates::Instance().WaitUntilReached(*state_)) {
    throw std::runtime_error(fmt::format("no session came to the statement \"{}\"", state_->text));
  }
}

StatementFault::StatementFault(const std::string& mutant) : state_(std::make_shared<State>()) {
  state_->mutant = MakeMutant(mutant);
  Faults::Instance().Add(state_);
}

StatementFault::~StatementFault() { Faults::Instance().Remove(state_); }

int StatementFault::changed() const { return Faults::Instance().Changed(*state_); }

void InstallStatementHooks() {
  ::testing::AddGlobalTestEnvironment(std::make_unique<HookEnvironment>().release());  // GoogleTest owns it
}

void StatementGate::Open() { Gates::Instance().Open(state_); }

}  // namespace pgmoult::tests
