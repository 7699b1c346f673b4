#include "pg/test_hooks.h"

#ifdef PGMOULT_TEST_HOOKS

#include <csignal>
#include <cstdlib>
#include <utility>

namespace pgmoult::pg {
namespace {

StatementHook& TheHook() {
  static StatementHook hook;
  return hook;
}

PointHook& ThePointHook() {
  static PointHook hook;
  return hook;
}

std::string& TheFault() {
  static std::string fault;
  return fault;
}

std::function<absl::Time()>& TheWallClock() {
  static std::function<absl::Time()> clock;
  return clock;
}

}  // namespace

absl::Time WallClock() { return TheWallClock() ? TheWallClock()() : absl::Now(); }

void SetWallClock(std::function<absl::Time()> clock) { TheWallClock() = std::move(clock); }

void SetStatementHook(StatementHook hook) { TheHook() = std::move(hook); }

void PassStatementHook(std::string& sql) {
  if (TheHook()) {
    TheHook()(sql);
  }
}

void SetPointHook(PointHook hook) { ThePointHook() = std::move(hook); }

void PassPointHook(std::string_view point) {
  if (ThePointHook()) {
    ThePointHook()(point);
  }
}

void DieAtPointNamedBy(const char* variable) {
  const char* const wanted = std::getenv(variable);
  if (wanted != nullptr) {
    SetPointHook([point = std::string(wanted)](std::string_view passed) {
      if (passed == point) {
        std::raise(SIGKILL);
      }
    });
  }
}

bool HasFault(std::string_view fault) { return TheFault() == fault; }
void SetFault(std::string fault) { TheFault() = std::move(fault); }

}  // namespace pgmoult::pg

#endif
