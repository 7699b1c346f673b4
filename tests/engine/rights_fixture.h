#pragma once

#include <gtest/gtest.h>

#include <string>

#include "fmt/format.h"
#include "pg/sql_text.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/roles.h"
#include "tests/support/run.h"
#include "tests/support/tablespace.h"

namespace pgmoult::tests {

// A server where nothing is given to PUBLIC, and a login that has the least that README.md asks for: shop.t belongs to
// rights_owner, rights_op may become that role but inherits nothing from it.
class LeastPrivilege : public ::testing::Test {
 protected:
  LeastPrivilege() {
    EnsureRole(superuser_, "rights_owner", "NOCREATEROLE");
    EnsureRole(superuser_, "rights_stranger");
    EnsureRole(superuser_, "rights_pawn");
    EnsureRole(superuser_, "rights_op");
    EnsureTablespace(superuser_, "rights_space");
    // What belongs to all databases outlives a test.
    superuser_.Exec(
        "ALTER ROLE rights_op NOINHERIT; REVOKE rights_owner FROM rights_op, rights_stranger;"
        "GRANT CREATE ON TABLESPACE rights_space TO rights_owner");
    superuser_.Exec(newer_grants() ? "GRANT rights_owner TO rights_op WITH INHERIT FALSE, SET TRUE"
                                   : "GRANT rights_owner TO rights_op");
    superuser_.Exec(
        fmt::format("REVOKE ALL ON DATABASE {0} FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC;"
                    "GRANT CONNECT ON DATABASE {0} TO rights_op, rights_owner, rights_stranger;"
                    "GRANT CREATE ON DATABASE {0} TO rights_op;"
                    "CREATE SCHEMA shop; GRANT USAGE, CREATE ON SCHEMA shop TO rights_owner",
                    pg::Ident(database_.name())));
    owner_.Exec(
        "CREATE FUNCTION shop.positive(bigint) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 > 0; END';"
        "CREATE TYPE shop.mood AS ENUM ('sad', 'ok'); CREATE DOMAIN shop.short AS text CHECK (length(VALUE) < 99);"
        "CREATE TABLE shop.t (id int PRIMARY KEY CHECK (shop.positive(id)), n serial, nr int GENERATED ALWAYS AS "
        "IDENTITY, m shop.mood DEFAULT 'ok', s shop.short, CONSTRAINT late UNIQUE (n));"
        "CREATE INDEX by_mood ON shop.t (m) TABLESPACE rights_space; CREATE STATISTICS shop.together ON n, nr FROM "
        "shop.t;"
        "INSERT INTO shop.t (id, s) SELECT g, 'row ' || g FROM generate_series(1, 3000) g");
  }
  ~LeastPrivilege() override { superuser_.Exec("ALTER ROLE rights_pawn NOSUPERUSER"); }

  // Memberships have options of their own since PostgreSQL 16.
  bool newer_grants() { return superuser_.connection().server_version() >= 160000; }
  engine::Target op() const { return TargetOf(database_, "rights_op"); }
  std::string KeyType() {
    return superuser_.Scalar<std::string>(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'shop.t'::regclass AND attname = "
        "'id'");
  }

  TestDatabase database_;
  Session superuser_{database_};
  Session owner_{OwnerSession()};

 private:
  // The role must be there before its session.
  pg::ConnectOptions OwnerSession() {
    MakeOwner(superuser_, database_, "rights_owner");
    superuser_.Exec(
        fmt::format("REVOKE CREATE ON DATABASE {} FROM rights_owner; REVOKE CREATE ON SCHEMA public FROM "
                    "rights_owner",
                    pg::Ident(database_.name())));
    return database_.Options("rights_owner");
  }
};

}  // namespace pgmoult::tests
