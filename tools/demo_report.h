#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "boost/json/value.hpp"
#include "engine/run.h"
#include "tools/demo.h"
#include "tools/demo_load.h"

namespace pgmoult::tools {

// What a demo found out. A plain value.
struct DemoReport {
  DemoOptions options;
  double rate_per_client = 0;  // planned transactions a second
  std::string statement;
  absl::Status change;    // how the engine's run ended
  engine::RunReport run;  // as far as it came
  LoadReport load;
  LedgerCheck ledger;
  std::string id_type;      // of the changed column, in the end
  int64_t table_bytes = 0;  // at the start, indexes included
  double setup_seconds = 0;
  double total_seconds = 0;
  int64_t peak_memory_bytes = 0;  // of this process: engine and application together
  int cpus = 0;
  std::string server;                                         // "PostgreSQL 15.13"
  std::vector<std::pair<std::string, std::string>> settings;  // of the server

  bool Passed() const;
};

// For people, at most 80 columns wide, with a line end at its end. Pure.
std::string DemoText(const DemoReport& report);
// For machines; the same figures. Times are in milliseconds or seconds, as the names say. Pure.
boost::json::value ToJson(const DemoReport& report);

}  // namespace pgmoult::tools
