#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "engine/options.h"

namespace pgmoult::tests {

// A refusal that a scenario expects.
struct ExpectedRefusal {
  std::string code;  // of the finding; "error": the change is not accepted at all, with this text in the error
  std::string text;  // part of the finding's object or message
};

// A folder of tests/scenarios; tests/README.md says what its files are. A plain value.
struct Scenario {
  std::string name;
  std::string folder;  // its path
  int number = 0;      // among all, by name
  bool rebuild = false;
  std::string change;  // ALTER TABLE statements, or the table's name as in SQL for a rebuild
  std::vector<ExpectedRefusal> refused;

  std::string login = "scn_owner";
  std::string unordered;  // a column whose values depend on the order in which rows are read
  bool way_back = true;  // false: a revert is refused, or PostgreSQL writes down the same thing in another way after it
  int from = 14;         // the first major version that has what the scenario is about
  engine::RunOptions options;

  bool has_workload = false;
  bool has_after = false;
};

void PrintTo(const Scenario& scenario, std::ostream* out);

// Reads one folder. Throws where a file or a setting is not known, or one that it needs is missing.
Scenario ReadScenario(const std::string& folder);

// Those that the server can have, by name. Folders that cannot be read are left out: ScenarioFolders.AllCanBeRead fails
// for them.
std::vector<Scenario> ScenariosForThisServer();

// Paths of all folders, by name. Empty where PGMOULT_SOURCE_DIR is not set.
std::vector<std::string> ScenarioFolders();

}  // namespace pgmoult::tests
