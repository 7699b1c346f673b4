#pragma once

#include <string>
#include <string_view>

#ifdef PGMOULT_TEST_HOOKS
#include <functional>
#endif

// What tests put between the engine and the server, to hold it before a statement or to give it a fault that they must
// notice. Compiled in where tests are built (PGMOULT_TEST_HOOKS); elsewhere these functions are empty.
namespace pgmoult::pg {

#ifdef PGMOULT_TEST_HOOKS

// Sees every statement of every session of this process before it is sent, on the session's thread, and may change its
// text or wait. Set it before the first session is opened; an empty one takes it away. Not thread safe.
using StatementHook = std::function<void(std::string& sql)>;
void SetStatementHook(StatementHook hook);
void PassStatementHook(std::string& sql);

// A fault that no change of a statement's text makes. True where it was switched on by SetFault().
bool HasFault(std::string_view fault);
void SetFault(std::string fault);

#else

inline void PassStatementHook(std::string& /*sql*/) {}
inline bool HasFault(std::string_view /*fault*/) { return false; }

#endif

}  // namespace pgmoult::pg
