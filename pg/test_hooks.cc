#include "pg/test_hooks.h"

#ifdef PGMOULT_TEST_HOOKS

#include <utility>

namespace pgmoult::pg {
namespace {

StatementHook& TheHook() {
  static StatementHook hook;
  return hook;
}

std::string& TheFault() {
  static std::string fault;
  return fault;
}

}  // namespace

void SetStatementHook(StatementHook hook) { TheHook() = std::move(hook); }

void PassStatementHook(std::string& sql) {
  if (TheHook()) {
    TheHook()(sql);
  }
}

bool HasFault(std::string_view fault) { return TheFault() == fault; }
void SetFault(std::string fault) { TheFault() = std::move(fault); }

}  // namespace pgmoult::pg

#endif
