#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "absl/strings/str_replace.h"
#include "fmt/format.h"
#include "tests/support/database.h"
#include "tests/support/run.h"

namespace pgmoult::tests {

// Settings that a database may have and that change how values look as text, for all sessions from now on.
inline void UseHostileSettings(Session& session, const TestDatabase& database) {
  for (const char* setting :
       {"DateStyle = 'SQL, DMY'", "IntervalStyle = 'sql_standard'", "TimeZone = 'Asia/Kolkata'",
        "extra_float_digits = -15", "bytea_output = 'escape'", "standard_conforming_strings = off",
        "escape_string_warning = off", "quote_all_identifiers = on", "array_nulls = off"}) {
    session.Exec(fmt::format("ALTER DATABASE {} SET {}", database.name(), setting));
  }
}

// Twins are table t, which a run changes, and table control, which gets the same statements and is changed by
// PostgreSQL itself. In statements @t stands for the table.
inline std::string ForTable(std::string_view sql, std::string_view table) {
  return absl::StrReplaceAll(std::string(sql), {{"@t", std::string(table)}});
}

inline void ExecTwins(Session& session, std::string_view sql) {
  for (const char* table : {"t", "control"}) {
    session.Exec(ForTable(sql, table));
  }
}

// The bytes of all rows, in the form that COPY BINARY gives them.
inline std::string BytesOf(Session& session, std::string_view table) {
  return session.Scalar<std::string>(fmt::format(
      "SELECT md5(string_agg(row, '' ORDER BY row)) FROM (SELECT record_send(x) AS row FROM {} x) y", table));
}

// By value both ways, and by bytes.
inline void ExpectTwinsEqual(Session& session) {
  for (const char* sql :
       {"SELECT * FROM t EXCEPT ALL SELECT * FROM control", "SELECT * FROM control EXCEPT ALL SELECT * FROM t"}) {
    EXPECT_EQ(session.Scalar<std::string>(
                  fmt::format("SELECT coalesce(string_agg(x::text, ' '), '') FROM ({} LIMIT 5) x", sql)),
              "")
        << sql;
  }
  EXPECT_EQ(BytesOf(session, "t"), BytesOf(session, "control"));
}

}  // namespace pgmoult::tests
