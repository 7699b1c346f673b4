#include "engine/preflight.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "engine/context.h"
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

// A mapping says each new value by one expression over the source's row. What several statements compute one from the
// other, or read under names that an earlier one gave, would come out as something else, without an error.
class OrderRule {
 public:
  explicit OrderRule(const Plan& plan) : plan_(plan) {
    for (const Column& column : plan.build.source_columns) {
      originals_[column.name] = column.name;
    }
    const auto renames = std::ranges::count(plan.change.actions, ActionKind::kRenameColumn, &Action::kind);
    several_ = static_cast<int64_t>(plan.change.statement_spans.size()) - renames > 1;
  }

  std::vector<Finding> Run() {
    for (const Action& action : plan_.change.actions) {
      Look(action);
    }
    return std::move(findings_);
  }

 private:
  void Look(const Action& action) {
    const auto original = originals_.find(action.column);
    const bool of_source = original != originals_.end();
    if (action.kind == ActionKind::kRenameColumn) {
      renamed_ = true;
      if (of_source) {
        std::string name = std::exchange(original->second, "");
        originals_.erase(original);
        originals_[action.new_name] = std::move(name);
      }
    } else if (action.kind == ActionKind::kAlterType) {
      if (action.using_expression && (renamed_ || several_)) {
        Refuse(action, "its USING would be read with the columns as they were before the other statements",
               "say it in one ALTER TABLE, and RENAME COLUMN after it");
      }
      if (of_source && !retyped_.insert(original->second).second) {
        Refuse(action, "its type changes twice", "say the final type only");
      }
    } else if (!of_source && ChangesValues(action.kind) && HasOwnValues()) {
      Refuse(action, "the column is new, and its rows would not get the default that it was added with",
             "leave this action out, and run it by itself after the swap");
    }
  }

  static bool ChangesValues(ActionKind kind) {
    return kind == ActionKind::kSetDefault || kind == ActionKind::kDropDefault || kind == ActionKind::kDropExpression ||
           kind == ActionKind::kAddIdentity || kind == ActionKind::kDropIdentity;
  }

  // Whether an added column takes its values from what the shadow has as its default in the end.
  bool HasOwnValues() const {
    return std::ranges::any_of(plan_.build.target_columns, [this](const Column& column) {
      return static_cast<size_t>(column.number) > plan_.build.source_columns.size() &&
             (!column.missing_value || column.value_of_last_default);
    });
  }

  void Refuse(const Action& action, std::string message, std::string remedy) {
    findings_.push_back({Severity::kRefuse, "statement_order", "column " + action.column,
                         fmt::format("{} (in: {})", message, action.text), std::move(remedy)});
  }

  const Plan& plan_;
  std::map<std::string, std::string> originals_;  // present name of a column of the source → its name there
  std::set<std::string> retyped_;                 // by name in the source
  bool renamed_ = false;                          // by an earlier action
  bool several_ = false;                          // statements besides RENAME COLUMN
  std::vector<Finding> findings_;
};

}  // namespace

pg::Awaitable<absl::StatusOr<std::vector<Finding>>> DependentFindings(pg::Connection& connection,
                                                                      const TableFacts& table,
                                                                      const RunOptions& options) {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await connection.Query(sql::kDependents, {table.oid, options.allow_publish_all}));
  std::vector<Finding> findings(static_cast<size_t>(result.rows()));
  for (int row = 0; row < result.rows(); ++row) {
    Finding& finding = findings[static_cast<size_t>(row)];
    std::string severity;
    CO_RETURN_IF_ERROR(result.Read(row, severity, finding.code, finding.object, finding.message, finding.remedy));
    CO_ASSIGN_OR_RETURN(finding.severity, SeverityOf(severity));
    if (options.trust_owner && finding.code == "superuser_runs_owner_code") {
      finding.severity = Severity::kWarn;
    }
  }
  co_return findings;
}

pg::Awaitable<absl::Status> CheckNothingCame(pg::Connection& connection, const Design& design,
                                             const RunOptions& options) {
  TableFacts table;
  table.oid = design.source_oid;
  CO_ASSIGN_OR_RETURN(const std::vector<Finding> findings, co_await DependentFindings(connection, table, options));
  for (const Finding& finding : findings) {
    if (finding.severity == Severity::kRefuse) {
      co_return WithEndKind(EndKind::kStopped, absl::FailedPreconditionError(
                                                   fmt::format("{}: {} ({}); it came during the run", finding.object,
                                                               finding.message, finding.remedy)));
    }
  }
  co_return absl::OkStatus();
}

std::vector<Finding> RightsFindings(const TableFacts& table, const RunOptions& options) {
  std::vector<Finding> findings;
  const std::string object = table.name.Plain();
  if (!table.login_is_superuser && !table.login_may_be_owner) {
    // Since PostgreSQL 16 there are members who may not SET ROLE.
    findings.push_back(
        {Severity::kRefuse, "not_owner", object,
         fmt::format(
             fmt::runtime(table.login_is_member ? "the login {} is a member of the owner {}, but may not SET ROLE to it"
                                                : "the login {} is not a member of the owner {}"),
             table.login, table.owner),
         fmt::format("connect as {}, or GRANT {} TO {}{}", table.owner, pg::Ident(table.owner), pg::Ident(table.login),
                     table.login_is_member ? " WITH SET TRUE" : "")});
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
    findings.push_back(
        {Severity::kRefuse, build.refusal_code, build.design.transfer.source.Plain(), refusal, build.remedy});
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
  for (const Action& action : plan.change.actions) {
    if (action.kind == ActionKind::kSetUnlogged) {
      findings.push_back(
          {Severity::kRefuse, "set_unlogged", object,
           "an unlogged shadow would be emptied by a crash of the server while the source keeps its rows",
           "leave SET UNLOGGED out, and run it by itself afterwards"});
    }
  }
  if (plan.built) {
    std::ranges::move(OrderRule(plan).Run(), std::back_inserter(findings));
  }
  if (plan.table.name.name.name().starts_with("pgmoult_")) {
    findings.push_back(
        {Severity::kRefuse, "reserved_name", object, "names that begin with pgmoult_ are ours", "rename the table"});
  }
  const bool key_looked_for = !design.key_reason.empty();  // not where a refusal came before
  if (plan.built && design.transfer.key.empty() && key_looked_for) {
    findings.push_back({Severity::kRefuse, "no_key", object, "no key to copy by: " + design.key_reason,
                        "CREATE UNIQUE INDEX CONCURRENTLY on columns that are NOT NULL, then try again"});
  }
  if (!design.type_changes.empty()) {
    findings.push_back(
        {Severity::kNote, "cached_plans", object,
         "a prepared SELECT * fails with \"cached plan must not change result type\" after the swap until it is "
         "prepared again, as after any ALTER TYPE",
         "let clients prepare again, or restart them after the swap"});
  }
  for (const CarriedDependent& one : design.carried) {
    if (!one.note.empty()) {
      findings.push_back({Severity::kWarn, "referenced_type_changes", one.name, one.note,
                          "change the referencing column, too, before its values no longer fit"});
    }
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
  if (plan.built && !design.dual_write_reason.empty() && options.dual_write != DualWriteMode::kNever) {
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
