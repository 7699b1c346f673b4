#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tests/support/database.h"
#include "tests/support/run.h"

namespace pgmoult::tests {

// A database as a scenario of tests/scenarios makes it. Failures throw std::runtime_error.
struct ScenarioDatabase {
  // Makes the roles and the tablespace that scenarios use, as they are at first, and runs setup.sql of this folder.
  explicit ScenarioDatabase(const std::string& folder);

  // Runs one of the scenario's files and gives what it prints, with its errors. `options` are psql's; `role` is who
  // logs in, the superuser where empty.
  std::string Psql(std::string_view file, std::string_view options, const std::string& role = "") const;

  std::string folder;
  TestDatabase database;
  std::unique_ptr<Session> superuser;  // its search_path is pg_catalog
};

}  // namespace pgmoult::tests
