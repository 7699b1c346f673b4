#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/stress/shape.h"
#include "tests/support/database.h"

namespace pgmoult::tests {

// The one statement that judges a migration under way: source, shadow, change log and journal in one snapshot. Columns:
// the stage, rows of the source, keys that differ and are not in the log (where the log has no marker) though the
// shadow must have them, and those keys as text.
std::string InvariantSql(const Shape& shape, int64_t migration);

// Looks at the invariant of migration 1 over and over, from a session of its own, from when there is a change log until
// there is no shadow any more. A key counts from the commit of the chunk that holds it, and every key from the end of
// the copy.
class InvariantWatch {
 public:
  // `on_broken` is told once a look that found something; it is called on the watch's thread.
  InvariantWatch(const TestDatabase& database, const Shape& shape, std::function<void(const std::string&)> on_broken);
  ~InvariantWatch() { Stop(); }
  void Stop();

  // Looks by the stage that they found.
  std::map<std::string, int64_t> looks() const;
  // Waits for one more look that finds this stage; false where none does, within 20 s. What holds the engine in the
  // stage meanwhile is the caller's.
  bool AwaitLook(const std::string& stage) const;

 private:
  void Watch(const TestDatabase& database, const Shape& shape);

  std::function<void(const std::string&)> on_broken_;
  std::atomic<bool> stop_ = false;
  mutable std::mutex mutex_;
  std::map<std::string, int64_t> looks_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace pgmoult::tests
