#pragma once

#include <string>
#include <string_view>

#ifdef PGMOULT_TEST_HOOKS
#include <functional>
#endif

#include "absl/time/clock.h"
#include "absl/time/time.h"

// What tests put between the engine and the server, to hold it before a statement or to give it a fault that they must
// notice. Compiled in where tests are built (PGMOULT_TEST_HOOKS); elsewhere these functions are empty.
namespace pgmoult::pg {

#ifdef PGMOULT_TEST_HOOKS

// Sees every statement of every session of this process before it is sent, on the session's thread, and may change its
// text or wait. Set it before the first session is opened; an empty one takes it away. Not thread safe.
using StatementHook = std::function<void(std::string& sql)>;
void SetStatementHook(StatementHook hook);
void PassStatementHook(std::string& sql);

// Called at each of the places that copier/points.h lists, on the run's thread; may wait, or end the process. Not
// thread safe.
using PointHook = std::function<void(std::string_view point)>;
void SetPointHook(PointHook hook);
void PassPointHook(std::string_view point);
// For a process of its own: kill -9 at the point that the environment variable names, when it is passed for the first
// time.
void DieAtPointNamedBy(const char* variable);

// A fault that no change of a statement's text makes. True where it was switched on by SetFault().
bool HasFault(std::string_view fault);
void SetFault(std::string fault);

// The time of day, or what tests take for it. An empty one takes theirs away. Not thread safe.
absl::Time WallClock();
void SetWallClock(std::function<absl::Time()> clock);

#else

inline void PassStatementHook(std::string& /*sql*/) {}
inline void PassPointHook(std::string_view /*point*/) {}
inline void DieAtPointNamedBy(const char* /*variable*/) {}
inline bool HasFault(std::string_view /*fault*/) { return false; }
inline absl::Time WallClock() { return absl::Now(); }

#endif

}  // namespace pgmoult::pg
