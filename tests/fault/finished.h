#pragma once

#include <gtest/gtest.h>

#include <string>

#include "engine/control.h"
#include "pg/status.h"
#include "tests/fault/writers.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/run.h"

namespace pgmoult::tests {

// What must be true after a run of table t (id, …), whatever happened on the way.

inline std::string KeyType(Session& session) {
  return session.Scalar<std::string>(
      "SELECT atttypid::regtype::text FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'id'");
}

inline void ExpectNothingLeft(Session& session, const engine::Target& target) {
  EXPECT_TRUE(RunSync(engine::Cleanup(target)).ok());
  EXPECT_EQ(Leftovers(session), "");
}

// Migration 1 has made the key a bigint.
inline void ExpectFinalized(Session& session, const engine::Target& target) {
  EXPECT_EQ(KeyType(session), "bigint");
  const auto finalized = RunSync(engine::Finalize(target, 1));
  EXPECT_TRUE(finalized.ok()) << pg::Describe(finalized.status());
  ExpectNothingLeft(session, target);
}

// Rows of t that the old table, as it was at the swap, does not have, and the other way round.
inline std::string OldAgainstNew(Session& session) {
  return session.Scalar<std::string>(
      "SELECT coalesce(string_agg(x::text, ' '), '') FROM ((TABLE t EXCEPT ALL TABLE pgmoult_1_old.t) UNION ALL (TABLE "
      "pgmoult_1_old.t EXCEPT ALL TABLE t)) x");
}

// The application saw no error of ours, and has what it wrote.
inline void ExpectUnharmed(Writers& writers, Session& session) {
  writers.Stop();
  EXPECT_EQ(writers.errors(), "");
  EXPECT_EQ(writers.Difference(session), "");
}

}  // namespace pgmoult::tests
