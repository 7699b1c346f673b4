#include "engine/preflight.h"

#include <algorithm>

#include "engine/sql.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/macros.h"

namespace pgmoult::engine {
namespace {

absl::StatusOr<Severity> SeverityOf(const std::string& name) {
  if (name == "refuse") {
    return Severity::kRefuse;
  }
  if (name == "warn") {
    return Severity::kWarn;
  }
  if (name == "note") {
    return Severity::kNote;
  }
  return absl::InternalError(fmt::format("unknown severity \"{}\"", name));
}

}  // namespace

pg::Awaitable<absl::StatusOr<std::vector<Finding>>> DependentFindings(pg::Connection& connection,
                                                                      const TableFacts& table, bool allow_publish_all) {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await connection.Query(sql::kDependents, {table.oid, allow_publish_all}));
  std::vector<Finding> findings(static_cast<size_t>(result.rows()));
  for (int row = 0; row < result.rows(); ++row) {
    Finding& finding = findings[static_cast<size_t>(row)];
    std::string severity;
    CO_RETURN_IF_ERROR(result.Read(row, severity, finding.code, finding.object, finding.message, finding.remedy));
    CO_ASSIGN_OR_RETURN(finding.severity, SeverityOf(severity));
  }
  co_return findings;
}

std::vector<Finding> RightsFindings(const TableFacts& table, const RunOptions& options) {
  std::vector<Finding> findings;
  const std::string object = table.name.Plain();
  if (!table.login_is_superuser && !table.login_may_be_owner) {
    findings.push_back(
        {Severity::kRefuse, "not_owner", object,
         fmt::format("the login {} is not a member of the owner {}", table.login, table.owner),
         fmt::format("connect as {}, or GRANT {} TO {}", table.owner, pg::Ident(table.owner), pg::Ident(table.login))});
  }
  if (table.login_is_superuser && !table.owner_is_superuser) {
    // The functions of CHECKs, index expressions and defaults are the owner's code; under a superuser session it could
    // RESET ROLE and do anything.
    findings.push_back(
        {options.trust_owner ? Severity::kWarn : Severity::kRefuse, "superuser_runs_owner_code", object,
         fmt::format("copying runs code of the owner {} in sessions of the superuser {}", table.owner, table.login),
         fmt::format("connect as {}, or say --trust-owner if its functions are trusted", table.owner)});
  }
  return findings;
}

std::vector<Finding> BuildFindings(const ShadowBuild& build) {
  std::vector<Finding> findings;
  for (const std::string& refusal : build.refusals) {
    findings.push_back({Severity::kRefuse, "not_carried_over", build.design.transfer.source.Plain(), refusal,
                        "change that object first, or leave this table to a plain ALTER TABLE"});
  }
  for (const std::string& warning : build.warnings) {
    findings.push_back({Severity::kWarn, "build", build.design.transfer.source.Plain(), warning, ""});
  }
  return findings;
}

std::vector<Finding> ChangeFindings(const Plan& plan, const RunOptions& options) {
  std::vector<Finding> findings;
  const Design& design = plan.build.design;
  const std::string object = plan.table.name.Plain();
  if (plan.change.database && *plan.change.database != plan.table.database) {
    findings.push_back({Severity::kRefuse, "other_database", *plan.change.database,
                        fmt::format("the statement names database {}, this session is in {}", *plan.change.database,
                                    plan.table.database),
                        "connect to that database"});
  }
  if (!design.type_changes.empty()) {
    findings.push_back(
        {Severity::kNote, "cached_plans", object,
         "a prepared SELECT * fails once with \"cached plan must not change result type\" after the swap, "
         "as after any ALTER TYPE",
         "let clients prepare again, or restart them after the swap"});
  }
  for (const OwnedSequence& sequence : design.sequences) {
    const auto column = std::ranges::find(plan.build.target_columns, sequence.column, &Column::name);
    if (column != plan.build.target_columns.end() && column->type == "bigint") {
      findings.push_back(
          {Severity::kNote, "serial_sequence_type", sequence.sequence.Plain(),
           "ALTER COLUMN … TYPE does not change the type of a serial column's sequence (PostgreSQL's own "
           "behaviour): an integer sequence still ends at 2147483647",
           fmt::format("check it, and run ALTER SEQUENCE {} AS bigint", sequence.sequence)});
    }
  }
  for (const std::string& lossy : design.lossy) {
    findings.push_back({Severity::kWarn, "may_fail_on_data", object, lossy,
                        "rows that cannot be converted stop the run; the table stays as it is"});
  }
  if (plan.built && !design.dual_write_possible && options.dual_write != DualWriteMode::kNever) {
    findings.push_back(
        {Severity::kNote, "log_mode", object,
         fmt::format("writes are only logged to the end, never written through: {}. Writers are held for "
                     "the last replay, within --max-hold-ms",
                     design.dual_write_reason),
         ""});
  }
  return findings;
}

}  // namespace pgmoult::engine
