#include "tests/support/scenario_database.h"

#include <stdexcept>

#include "fmt/format.h"
#include "pg/sql_text.h"
#include "tests/support/oracle.h"
#include "tests/support/roles.h"
#include "tests/support/tablespace.h"

namespace pgmoult::tests {

namespace {

// What belongs to all databases of a server: it outlives a scenario, and one before may have changed it.
void MakeRoles(Session& superuser) {
  for (const char* role : {"scn_owner", "scn_team", "scn_clerk", "scn_reader", "scn_stranger"}) {
    EnsureRole(superuser, role, "NOCREATEROLE NOCREATEDB NOREPLICATION");
  }
  EnsureTablespace(superuser, "scn_space");
  superuser.Exec(
      "ALTER ROLE scn_team NOLOGIN; ALTER ROLE scn_clerk NOLOGIN; ALTER ROLE scn_reader NOLOGIN;"
      "REVOKE scn_team, scn_clerk, scn_reader, scn_stranger FROM scn_owner;"
      "REVOKE scn_owner, scn_team, scn_clerk, scn_reader FROM scn_stranger;"
      "GRANT scn_team, scn_clerk TO scn_owner; GRANT CREATE ON TABLESPACE scn_space TO scn_owner");
}

}  // namespace

ScenarioDatabase::ScenarioDatabase(const std::string& folder)
    : folder(folder), superuser(std::make_unique<Session>(database)) {
  MakeRoles(*superuser);
  // The same in all major versions: nobody but the owner may create in public.
  superuser->Exec(
      fmt::format("REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT CREATE ON SCHEMA public TO scn_owner;"
                  "GRANT CREATE ON DATABASE {} TO scn_owner",
                  pg::Ident(database.name())));
  Psql("setup.sql", "-q");
  // What the script may have set for the database holds in new sessions.
  superuser = std::make_unique<Session>(database);
  // Names are read in the same way whatever the script has set.
  superuser->Exec("SET search_path = pg_catalog");
}

std::string ScenarioDatabase::Psql(std::string_view file, std::string_view options, const std::string& role) const {
  const CommandResult run = RunCommand(
      fmt::format("PGOPTIONS='-c statement_timeout=60s -c lock_timeout=30s' '{}/psql' -X {} -v ON_ERROR_STOP=1 -d '{}' "
                  "-f '{}/{}'",
                  ClientPrograms(database), options, database.Dsn(role), folder, file));
  if (run.exit_code != 0) {
    throw std::runtime_error(fmt::format("{} fails:\n{}", file, run.output));
  }
  return run.output;
}

}  // namespace pgmoult::tests
