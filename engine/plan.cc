#include "engine/plan.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>

#include "boost/describe.hpp"
#include "boost/json/value_from.hpp"
#include "engine/misfits.h"
#include "engine/preflight.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/macros.h"
#include "pg/status.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;

constexpr double kIndexGrowth = 1.1;  // freshly built indexes are smaller, wider keys larger
constexpr double kWalPerByte = 1.15;  // WAL of inserts and index builds, per byte written

bool HasFinish(const Design& design) {
  return std::ranges::any_of(design.carried, [](const CarriedDependent& one) { return !one.finish.empty(); });
}

std::vector<StageLock> StageLocks(const Plan& plan, const RunOptions& options) {
  const bool writes_through = plan.build.design.dual_write_possible && options.dual_write != DualWriteMode::kNever;
  return {
      {"prepare", "SHARE UPDATE EXCLUSIVE, then SHARE ROW EXCLUSIVE",
       "writers wait while the triggers are made: each try gives up after at most 300 ms; readers never wait"},
      {"copy", "ACCESS SHARE, one chunk at a time", "nobody waits"},
      {"index", "none on the table", "nobody waits"},
      {"replay", "ACCESS SHARE, one round at a time", "nobody waits"},
      {"verify", "ACCESS SHARE, one chunk at a time", "nobody waits"},
      {"approach", writes_through ? "SHARE on the change log" : "none on the table",
       writes_through ? "writers wait while the log gets an index: each try gives up after at most 300 ms"
                      : "nobody waits"},
      {"cutover",
       writes_through ? "SHARE UPDATE EXCLUSIVE, then ACCESS EXCLUSIVE"
                      : "SHARE UPDATE EXCLUSIVE, SHARE ROW EXCLUSIVE, then ACCESS EXCLUSIVE",
       fmt::format(
           "everybody waits for the swap: each try gives up after at most 300 ms of waiting or {} ms of holding",
           options.max_hold.count())},
      {"observe",
       fmt::format("{}{}",
                   HasFinish(plan.build.design) ? "SHARE UPDATE EXCLUSIVE while foreign keys are validated; " : "",
                   writes_through ? "none on the table, unless a fence was needed"
                                  : "ACCESS EXCLUSIVE, once, to drop the fence"),
       "where there is a fence, everybody waits for an instant while it is dropped; each try gives up after at most "
       "300 ms"},
      {"any", "as prepare, after a TRUNCATE or a touched trigger", "the triggers are looked after, as in prepare"},
      {"finalize", "none on the new table (a fence that is left: as observe)", "nobody waits"},
  };
}

DependentFate FateOf(const CarriedDependent& one) {
  DependentFate fate{.object = one.name, .fate = "", .lock = "none"};
  const std::string relation = one.lock_name.empty() ? "" : pg::QualifiedName(one.lock_schema, one.lock_name).Plain();
  if (!relation.empty()) {
    fate.lock = fmt::format("ACCESS EXCLUSIVE on {}, in the swap", relation);
  }
  if (one.kind == "foreign key") {
    const bool stays = !one.attach.empty();
    fate.fate = !stays               ? "dropped with the column, as the change says"
                : one.finish.empty() ? "made again in the swap; NOT VALID, as it is now"
                                     : "made again in the swap, NOT VALID, and validated right after it";
    if (!one.finish.empty()) {
      fate.lock += relation.empty() ? " besides the table's" : "";
      fate.lock += "; SHARE UPDATE EXCLUSIVE while it is validated";
    }
  } else if (one.IsMaterialized()) {
    fate.fate = one.populated
                    ? "made anew and populated shortly before the swap; until the swap its readers see the old "
                      "contents, from then on the new"
                    : "made anew, not populated, as it is now";
  } else if (one.kind == "publication") {
    fate.fate = "the new table takes the old one's place in it, with its columns and row filter";
  } else {
    fate.fate = "replaced in place, in the swap";
  }
  return fate;
}

std::vector<DependentFate> DependentFates(const Design& design) {
  std::vector<DependentFate> fates;
  for (const AttachedItem& item : design.attached) {
    fates.push_back({.object = fmt::format("{} {}", item.kind, item.name),
                     .fate = "made again on the new table, in the swap",
                     .lock = "none besides the table's"});
  }
  for (const Ancestor& ancestor : design.partition.ancestors) {
    const bool parent = ancestor.table == design.partition.ancestors.back().table;
    fates.push_back(
        {.object = fmt::format("partitioned table {}", ancestor.table.Plain()),
         .fate = parent ? "the old table is detached from it and the new one attached, in the swap"
                        : "nothing: it is locked with its partition",
         .lock = fmt::format("SHARE ROW EXCLUSIVE{} on it, in the swap", parent ? " and then ACCESS EXCLUSIVE" : "")});
  }
  if (!design.partition.default_beside.name.name().empty()) {
    fates.push_back({.object = fmt::format("default partition {}", design.partition.default_beside.Plain()),
                     .fate = "nothing: DETACH and ATTACH lock it",
                     .lock = "ACCESS EXCLUSIVE on it, in the swap"});
  }
  std::ranges::transform(design.carried, std::back_inserter(fates), FateOf);
  return fates;
}

// Free bytes where the server's data lies, if that is on this machine and may be looked at, and the table lies there
// too.
Awaitable<absl::StatusOr<std::optional<int64_t>>> FreeBytes(pg::Connection& connection, int64_t oid) {
  CO_ASSIGN_OR_RETURN(
      const pg::Result result,
      co_await connection.Query(
          "/* pgmoult:plan */ SELECT CASE WHEN (pg_catalog.inet_server_addr() IS NULL OR pg_catalog.inet_server_addr() "
          "= pg_catalog.inet_client_addr()) AND pg_catalog.pg_has_role('pg_read_all_settings', 'MEMBER') "
          "AND NOT EXISTS (SELECT FROM pg_catalog.pg_class WHERE reltablespace <> 0 AND (oid = $1 OR oid IN (SELECT "
          "indexrelid FROM pg_catalog.pg_index WHERE indrelid = $1))) "
          "THEN pg_catalog.current_setting('data_directory', true) END",
          {oid}));
  CO_ASSIGN_OR_RETURN(const std::optional<std::string> directory, result.Scalar<std::optional<std::string>>());
  if (!directory) {
    co_return std::nullopt;
  }
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(*directory, error);
  if (error) {
    co_return std::nullopt;
  }
  co_return static_cast<int64_t>(space.available);
}

void Estimate(Plan& plan) {
  const auto heap = static_cast<double>(plan.table.heap_bytes);
  const auto indexes = static_cast<double>(plan.table.index_bytes) * kIndexGrowth;
  plan.disk_bytes_needed = static_cast<int64_t>(heap + indexes);
  plan.wal_bytes_needed = static_cast<int64_t>((heap + indexes) * kWalPerByte);
}

// Whether the swap could be undone, and what that would lose.
std::vector<Finding> RevertFindings(const std::string& table, const ShadowBuild& build, const RunOptions& options) {
  const RevertPlan& revert = build.design.revert;
  if (!build.refusals.empty() || build.design.transfer.key.empty()) {
    return {};
  }
  if (options.no_revert) {
    return {};  // as asked for
  }
  if (!revert.problem.empty()) {
    return {{Severity::kWarn, "no_revert", table, fmt::format("the swap cannot be undone: {}", revert.problem),
             "be sure before the swap; the old table is kept until `pgmoult finalize`, as it was then"}};
  }
  if (revert.notes.empty()) {
    return {};
  }
  return {{Severity::kNote, "revert", table,
           fmt::format("the swap can be undone until `pgmoult finalize`; then: {}", fmt::join(revert.notes, "; ")),
           ""}};
}

void Add(std::vector<Finding>& findings, std::vector<Finding> more) {
  std::ranges::move(more, std::back_inserter(findings));
}

// Refusals first; within a severity in the order found.
std::vector<Finding> BySeverity(std::vector<Finding> findings) {
  std::vector<Finding> ordered;
  for (const Severity severity : {Severity::kRefuse, Severity::kWarn, Severity::kNote}) {
    std::ranges::copy_if(findings, std::back_inserter(ordered),
                         [severity](const Finding& finding) { return finding.severity == severity; });
  }
  return ordered;
}

// In a transaction that the caller rolls back.
Awaitable<absl::Status> TryChange(pg::Connection& connection, const ValueSettings& values, const RunOptions& options,
                                  Plan& plan) {
  const std::string schema = fmt::format("pgmoult_plan_{}", connection.backend_pid());
  if (plan.table.login_is_superuser || plan.table.login_may_be_owner) {
    CO_RETURN_IF_ERROR(
        (co_await connection.Query(fmt::format("/* pgmoult:plan */ SET LOCAL ROLE {}", pg::Ident(plan.table.owner))))
            .status());
    CO_ASSIGN_OR_RETURN(std::vector<Finding> dependents, co_await DependentFindings(connection, plan.table, options));
    Add(plan.findings, std::move(dependents));
    CO_RETURN_IF_ERROR((co_await connection.Query("/* pgmoult:plan */ RESET ROLE")).status());
  }
  if (plan.refused()) {
    co_return absl::OkStatus();
  }
  CO_ASSIGN_OR_RETURN(plan.build, co_await BuildShadow(connection, plan.table, plan.change, values, 0, schema,
                                                       "pgmoult_0_old", options.allow_publish_all));
  plan.built = true;
  const Design& design = plan.build.design;
  if (plan.build.refusals.empty() && !design.transfer.key.empty() && !design.lossy.empty()) {
    CO_ASSIGN_OR_RETURN(const Misfits misfits, co_await SampleMisfits(connection, design));
    if (!misfits.rows.empty()) {
      plan.findings.push_back({Severity::kRefuse, "data_does_not_fit", plan.table.name.Plain(),
                               fmt::format("of a sample, {}", MisfitsText(design, misfits)),
                               "mend the rows, and look for others: only a few hundred were tried"});
    }
  }
  co_return absl::OkStatus();
}

template <typename Described>
boost::json::value DescribedJson(const Described& value) {
  return boost::json::value_from(value);
}

}  // namespace

BOOST_DESCRIBE_STRUCT(StageLock, (), (stage, lock, effect))
BOOST_DESCRIBE_STRUCT(DependentFate, (), (object, fate, lock))

bool Plan::refused() const {
  return std::ranges::any_of(findings, [](const Finding& finding) { return finding.severity == Severity::kRefuse; });
}

std::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kRefuse:
      return "refuse";
    case Severity::kWarn:
      return "warn";
    case Severity::kNote:
      return "note";
  }
  return "unknown";
}

Awaitable<absl::StatusOr<Plan>> MakePlan(const Target& target, Change change, const RunOptions& options) {
  CO_RETURN_IF_ERROR(options.Validate());
  CO_ASSIGN_OR_RETURN(const ValueSettings values, co_await ReadValueSettings(target));
  Sessions sessions(target, 0);
  sessions.set_values(values);
  CO_ASSIGN_OR_RETURN(const auto connection, co_await sessions.OpenLogin("plan"));
  Plan plan;
  plan.change = std::move(change);
  CO_ASSIGN_OR_RETURN(plan.table,
                      co_await FindTable(*connection, plan.change.schema, plan.change.table, values.search_path));
  Add(plan.findings, RightsFindings(plan.table, options));
  CO_RETURN_IF_ERROR((co_await connection->Query("/* pgmoult:plan */ BEGIN")).status());
  const absl::Status tried = co_await TryChange(*connection, values, options, plan);
  CO_RETURN_IF_ERROR(co_await connection->Rollback());
  CO_RETURN_IF_ERROR(tried);
  Estimate(plan);
  CO_ASSIGN_OR_RETURN(plan.disk_bytes_free, co_await FreeBytes(*connection, plan.table.oid));
  if (plan.disk_bytes_free && *plan.disk_bytes_free < plan.disk_bytes_needed) {
    plan.findings.push_back({Severity::kRefuse, "disk_short", plan.table.name.Plain(),
                             fmt::format("the shadow needs about {} MB, {} MB are free in the data directory",
                                         plan.disk_bytes_needed >> 20, *plan.disk_bytes_free >> 20),
                             "make room, or move the table's tablespace"});
  } else if (plan.disk_bytes_free && *plan.disk_bytes_free < plan.disk_bytes_needed + plan.wal_bytes_needed) {
    plan.findings.push_back(
        {Severity::kWarn, "disk_tight", plan.table.name.Plain(),
         fmt::format("the shadow needs about {} MB, its WAL {} MB until checkpoints remove it, {} MB "
                     "are free in the data directory",
                     plan.disk_bytes_needed >> 20, plan.wal_bytes_needed >> 20, *plan.disk_bytes_free >> 20),
         "make room, or see to it that WAL is archived and removed in time"});
  }
  Add(plan.findings, BuildFindings(plan.build));
  Add(plan.findings, RevertFindings(plan.table.name.Plain(), plan.build, options));
  Add(plan.findings, ChangeFindings(plan, options));
  plan.findings = BySeverity(std::move(plan.findings));
  plan.locks = StageLocks(plan, options);
  plan.dependents = DependentFates(plan.build.design);
  co_return plan;
}

boost::json::value ToJson(const Plan& plan) {
  boost::json::array findings;
  for (const Finding& finding : plan.findings) {
    findings.push_back({{"severity", std::string(SeverityName(finding.severity))},
                        {"code", finding.code},
                        {"object", finding.object},
                        {"message", finding.message},
                        {"remedy", finding.remedy}});
  }
  const Design& design = plan.build.design;
  boost::json::object json = {
      {"table", plan.table.name.Plain()},
      {"statement", plan.change.statement},
      {"refused", plan.refused()},
      {"findings", std::move(findings)},
      {"rows_estimated", plan.table.rows},
      {"heap_bytes", plan.table.heap_bytes},
      {"index_bytes", plan.table.index_bytes},
      {"disk_bytes_needed", plan.disk_bytes_needed},
      {"wal_bytes_needed", plan.wal_bytes_needed},
      {"disk_bytes_free", plan.disk_bytes_free ? boost::json::value(*plan.disk_bytes_free) : boost::json::value()},
      {"locks", DescribedJson(plan.locks)},
      {"dependents", DescribedJson(plan.dependents)},
  };
  if (plan.built) {
    json["design"] = ToJson(design);
  }
  return json;
}

}  // namespace pgmoult::engine
