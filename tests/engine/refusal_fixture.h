#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/plan.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/roles.h"
#include "tests/support/run.h"
#include "tests/support/tablespace.h"

namespace pgmoult::tests {

// By the owner, before a test's own script: t is the table to be changed.
inline constexpr std::string_view kTable =
    "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE other (id int PRIMARY KEY, v text);"
    "INSERT INTO t VALUES (1, 'one'); INSERT INTO other VALUES (1, 'one')";

// One database for all tests, emptied before each.
class RefusalTest : public ::testing::Test {
 protected:
  static void TearDownTestSuite() { shared.reset(); }

  RefusalTest() {
    if (shared == nullptr || !Empty().ok()) {
      shared = std::make_unique<TestDatabase>();
    }
    superuser_ = std::make_unique<Session>(*shared);
    MakeOwner(*superuser_, *shared, "refusal_owner");
    EnsureRole(*superuser_, "refusal_stranger");
    EnsureRole(*superuser_, "refusal_clerk");
    EnsureTablespace(*superuser_, "refusal_space");
    // Memberships and rights on what belongs to all databases outlive these.
    superuser_->Exec(
        "REVOKE refusal_owner FROM refusal_stranger; REVOKE refusal_clerk, refusal_stranger FROM refusal_owner;"
        "REVOKE CREATE ON TABLESPACE refusal_space FROM refusal_owner");
    owner_ = std::make_unique<Session>(*shared, "refusal_owner");
    owner_->Exec(std::string(kTable));
  }

  static absl::Status Empty() {
    Session superuser(*shared);
    return superuser
        .Try(
            "DROP EVENT TRIGGER IF EXISTS watcher;"
            "DROP SCHEMA IF EXISTS public, refusal_second, pgmoult_9_old, pgmoult, pgmoult_1_old, pgmoult_1_new "
            "CASCADE;"
            "CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC;"
            "DROP PUBLICATION IF EXISTS news; DROP FOREIGN DATA WRAPPER IF EXISTS nowhere CASCADE")
        .status();
  }

  static absl::StatusOr<engine::Plan> Plan(std::string_view statement, const std::string& role = "refusal_owner",
                                           const engine::RunOptions& options = {}) {
    return PlanChange(*shared, std::string(statement), options, role);
  }

  // Relations, triggers and schemas, with the transactions that last touched them.
  std::string Picture() {
    return superuser_->Scalar<std::string>(
        "SELECT concat_ws(E'\\n', (SELECT string_agg(to_jsonb(c)::text || c.xmin, E'\\n' ORDER BY oid) FROM pg_class c "
        "WHERE oid >= 16384), (SELECT string_agg(to_jsonb(g)::text || g.xmin, E'\\n' ORDER BY oid) FROM pg_trigger g), "
        "(SELECT string_agg(to_jsonb(n)::text || n.xmin, E'\\n' ORDER BY oid) FROM pg_namespace n))");
  }

  static inline std::unique_ptr<TestDatabase> shared;
  std::unique_ptr<Session> superuser_;
  std::unique_ptr<Session> owner_;
};

inline std::vector<std::string> Codes(const engine::Plan& plan, engine::Severity severity = engine::Severity::kRefuse) {
  std::vector<std::string> codes;
  for (const engine::Finding& finding : plan.findings) {
    if (finding.severity == severity) {
      codes.push_back(finding.code);
    }
  }
  return codes;
}

}  // namespace pgmoult::tests
