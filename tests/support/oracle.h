#pragma once

#include <string>
#include <vector>

#include "tests/support/database.h"
#include "tests/support/run.h"

namespace pgmoult::tests {

// What is compared of two databases that shall be the same: lines of text, without OIDs and file numbers, each with the
// name of the object that it is about.

// The lines of support/catalog_oracle.sql. The session's search_path is pg_catalog afterwards.
std::vector<std::string> CatalogLines(Session& superuser);

// The lines of pg_dump --schema-only, each behind the object that it belongs to; objects in an order of their own, as
// pg_dump's depends on OIDs. No lines where there is no pg_dump that can read the server.
std::vector<std::string> DumpLines(const TestDatabase& database);
// The same of a text that pg_dump has written.
std::vector<std::string> LinesOfDump(const std::string& dump);
bool HasDump(const TestDatabase& database);

// Every row of every table, view and materialized view in the user's schemas as "name: (row)", unordered. `without` is
// a column that is left out everywhere, for values that depend on the order in which rows are read.
std::vector<std::string> RowLines(Session& superuser, const std::string& without = "");

// The lines that one side has more often than the other, at most so many of them, or that they are in another order; ""
// where both sides are equal.
std::string LineDifference(const std::vector<std::string>& natively, const std::vector<std::string>& online);

// The folder of psql for a server: beside its programs, or Debian's.
std::string ClientPrograms(const TestDatabase& database);

// The path of a file of the project: below $PGMOULT_SOURCE_DIR. Throws where that is not set.
std::string SourcePath(const std::string& path);
std::string ReadWholeFile(const std::string& path);

// Runs a command by the shell, with both its outputs together.
struct CommandResult {
  int exit_code = -1;
  std::string output;
};
CommandResult RunCommand(const std::string& command);

}  // namespace pgmoult::tests
