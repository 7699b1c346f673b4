#pragma once

#include <string>

#include "fmt/format.h"
#include "pg/sql_text.h"
#include "tests/support/database.h"
#include "tests/support/run.h"

namespace pgmoult::tests {

// Makes sure that a role that may log in exists. Roles belong to the server, not to the database: they stay for the
// tests that follow, so their attributes are set each time.
inline void EnsureRole(Session& superuser, const std::string& name, const std::string& attributes = "") {
  if (!superuser.Scalar<bool>(
          fmt::format("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = {})", pg::Literal(name)))) {
    superuser.Exec(fmt::format("CREATE ROLE {}", pg::Ident(name)));
  }
  superuser.Exec(fmt::format("ALTER ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS INHERIT {}", pg::Ident(name), attributes));
}

// The least that a table's owner needs to have it changed: CREATE on the database and on the table's schema.
inline void MakeOwner(Session& superuser, const TestDatabase& database, const std::string& name) {
  EnsureRole(superuser, name);
  superuser.Exec(fmt::format("GRANT CREATE ON DATABASE {} TO {}", pg::Ident(database.name()), pg::Ident(name)));
  superuser.Exec(fmt::format("GRANT CREATE ON SCHEMA public TO {}", pg::Ident(name)));
}

}  // namespace pgmoult::tests
