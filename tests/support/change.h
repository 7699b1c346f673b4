#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine/change.h"
#include "engine/control.h"
#include "engine/plan.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/support/database.h"
#include "tests/support/run.h"

namespace pgmoult::tests {

inline engine::Target TargetOf(const TestDatabase& database, const std::string& role = "") {
  return {.keywords = database.ConnectKeywords(role)};
}

inline engine::Change Parsed(const std::string& statement) {
  absl::StatusOr<engine::Change> change = statement.starts_with("ALTER") || statement.starts_with("alter")
                                              ? engine::ParseChange(statement)
                                              : engine::ParseRebuild(statement);
  if (!change.ok()) {
    throw std::runtime_error(pg::Describe(change.status()));
  }
  return *std::move(change);
}

// Options for small tables: little chunks, so that many of them meet the load.
inline engine::RunOptions SmallOptions() {
  engine::RunOptions options;
  options.jobs = 3;
  options.chunk_ms = 5;
  options.max_pause = std::chrono::seconds(0);
  return options;
}

// Runs a change (an ALTER TABLE statement, or a table's name for a rebuild) in this process, on the calling thread.
inline absl::StatusOr<engine::RunReport> RunChange(const engine::Target& target, const std::string& statement,
                                                   engine::RunOptions options = SmallOptions(),
                                                   engine::Observer observer = {}) {
  engine::StopRequest stop;
  return RunSync(engine::RunMigration(target, Parsed(statement), std::move(options), std::move(observer), stop));
}

inline absl::StatusOr<engine::RunReport> RunChange(const TestDatabase& database, const std::string& statement,
                                                   engine::RunOptions options = SmallOptions(),
                                                   engine::Observer observer = {}) {
  return RunChange(TargetOf(database), statement, std::move(options), std::move(observer));
}

inline absl::StatusOr<engine::Plan> PlanChange(const TestDatabase& database, const std::string& statement,
                                               const engine::RunOptions& options = {}, const std::string& role = "") {
  return RunSync(engine::MakePlan(TargetOf(database, role), Parsed(statement), options));
}

// Everything in the database that bears our name, as text; "" where nothing is left.
inline std::string Leftovers(Session& session) {
  return session.Scalar<std::string>(
      "SELECT coalesce(string_agg(what, ', ' ORDER BY what), '') FROM ("
      "SELECT 'schema ' || nspname AS what FROM pg_namespace WHERE nspname LIKE 'pgmoult%' UNION ALL "
      "SELECT 'trigger ' || tgname FROM pg_trigger WHERE tgname LIKE 'pgmoult%' UNION ALL "
      "SELECT 'function ' || proname FROM pg_proc WHERE proname LIKE 'pgmoult%' OR proname LIKE 'capture_%' UNION ALL "
      "SELECT 'relation ' || relname FROM pg_class WHERE relname LIKE 'pgmoult%') AS all_of_ours");
}

// Ends all sessions of ours in the database, as a crash of the engine looks from the server. They may take a moment.
inline void EndOurSessions(Session& session) {
  session.Exec(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgmoult %' AND datname = "
      "current_database()");
}

}  // namespace pgmoult::tests
