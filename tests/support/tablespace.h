#pragma once

#include <string>

#include "fmt/format.h"
#include "pg/sql_text.h"
#include "tests/support/run.h"

namespace pgmoult::tests {

// Makes sure that a tablespace exists. It lives in the server's own directory and belongs to all databases.
inline void EnsureTablespace(Session& superuser, const std::string& name) {
  if (!superuser.Scalar<bool>(
          fmt::format("SELECT EXISTS (SELECT FROM pg_tablespace WHERE spcname = {})", pg::Literal(name)))) {
    superuser.Exec("SET allow_in_place_tablespaces = on");
    superuser.Exec(fmt::format("CREATE TABLESPACE {} LOCATION ''", pg::Ident(name)));
  }
}

}  // namespace pgmoult::tests
