#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boost/json/value.hpp"
#include "engine/catalog.h"
#include "engine/change.h"
#include "engine/options.h"
#include "engine/sessions.h"
#include "engine/shadow.h"

namespace pgmoult::engine {

enum class Severity {
  kRefuse,  // the change is not started
  kWarn,    // it is, but somebody should know
  kNote,    // worth reading once
};

// One thing that preflight found, with what to do about it.
struct Finding {
  Severity severity = Severity::kNote;
  std::string code;    // stable, for machines: "foreign_key_in"
  std::string object;  // what it is about, named as people name it
  std::string message;
  std::string remedy;
};

// Which locks a stage takes on the table, and for how long.
struct StageLock {
  std::string stage;
  std::string lock;
  std::string effect;
};

// What becomes of something that hangs on the table.
struct DependentFate {
  std::string object;  // "view public.orders_open"
  std::string fate;    // "replaced in place, in the swap"
  std::string lock;    // taken for it, on what and when; "none"
};

// What would happen to which object, how, and what it costs. A plain value.
struct Plan {
  Change change;
  TableFacts table;
  ShadowBuild build;              // design, columns
  bool built = false;             // false: refused before a shadow could be tried
  std::vector<Finding> findings;  // refusals first
  std::vector<StageLock> locks;
  std::vector<DependentFate> dependents;
  int64_t disk_bytes_needed = 0;  // shadow with indexes; the log comes on top, a row a written key
  int64_t wal_bytes_needed = 0;
  std::optional<int64_t>
      disk_bytes_free;  // where this machine can see the server's data directory and the table lies there

  bool refused() const;
};

// Reads the catalog, applies the change to an empty shadow in a transaction that is rolled back, and runs every
// preflight rule. Changes nothing. Errors: no connection, no such table, PostgreSQL does not accept the change.
pg::Awaitable<absl::StatusOr<Plan>> MakePlan(const Target& target, Change change, const RunOptions& options);

boost::json::value ToJson(const Plan& plan);
std::string_view SeverityName(Severity severity);

}  // namespace pgmoult::engine
