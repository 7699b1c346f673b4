#include "tools/plan_text.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "tools/units.h"

namespace pgmoult::tools {
namespace {

using engine::Column;
using engine::DeferredItem;
using engine::Design;
using engine::DualWriteMode;
using engine::Finding;
using engine::Plan;
using engine::RunOptions;
using engine::Severity;

constexpr int kWidth = 80;
constexpr int kLabel = 11;        // "Dual-write "
constexpr size_t kMostRows = 40;  // of one table; more would hide the rest of the plan

std::string Labelled(std::string_view label, std::string_view text) { return Hang(label, text, kWidth, kLabel) + "\n"; }

std::string Item(std::string_view mark, std::string_view text) {
  return Hang(fmt::format("  {} ", mark), text, kWidth, 3 + static_cast<int>(mark.size())) + "\n";
}

std::string Indented(std::string_view text, int indent) {
  return Wrap(std::string(static_cast<size_t>(indent), ' ').append(text), kWidth, indent) + "\n";
}

int Count(const Plan& plan, Severity severity) {
  return static_cast<int>(std::ranges::count(plan.findings, severity, &Finding::severity));
}

std::string Plural(size_t count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

// The table's own text: blanks kept, other control characters not.
std::string StatementText(const Plan& plan) {
  return plan.change.IsRebuild() ? "rebuild of the table as it is" : OneLine(plan.change.statement);
}

std::string TableText(const Plan& plan) {
  const engine::TableFacts& table = plan.table;
  return fmt::format("{}: about {} rows, {} with TOAST, indexes {}; owner {}, database {}", OneLine(table.name.Plain()),
                     HumanCount(table.rows), HumanBytes(table.heap_bytes), HumanBytes(table.index_bytes),
                     OneLine(table.owner), OneLine(table.database));
}

std::string Verdict(const Plan& plan) {
  if (plan.refused()) {
    const int refusals = Count(plan, Severity::kRefuse);
    return fmt::format("REFUSED: {} reason{}; nothing was changed", refusals, refusals == 1 ? "" : "s");
  }
  const int warnings = Count(plan, Severity::kWarn);
  return warnings == 0 ? "can be done online"
                       : fmt::format("can be done online; {} warning{} to read", warnings, warnings == 1 ? "" : "s");
}

std::string FindingsText(const Plan& plan, Severity severity, std::string_view title) {
  std::string text;
  int number = 0;
  for (const Finding& finding : plan.findings) {
    if (finding.severity != severity) {
      continue;
    }
    text +=
        Item(fmt::format("{}.", ++number), fmt::format("{}: {}", OneLine(finding.object), OneLine(finding.message)));
    if (!finding.remedy.empty()) {
      text += Indented("-> " + OneLine(finding.remedy), 5);
    }
  }
  return text.empty() ? "" : fmt::format("\n{}\n{}", title, text);
}

std::string KeyColumns(const Design& design) {
  std::vector<std::string> names;
  names.reserve(design.transfer.key.size());
  for (const copier::KeyColumn& column : design.transfer.key) {
    names.push_back(column.name.name());
  }
  return fmt::format("({})", fmt::join(names, ", "));
}

std::string KeyText(const Design& design) {
  return OneLine(fmt::format("{} of {}: {}", KeyColumns(design), design.key_name, design.key_reason));
}

const Column* FindColumn(const std::vector<Column>& columns, std::string_view name) {
  const auto found = std::ranges::find(columns, name, &Column::name);
  return found == columns.end() ? nullptr : &*found;
}

// What PostgreSQL fills in by itself.
std::string ComputedText(const Column& column) {
  if (!column.generated.empty()) {
    return "generated";
  }
  if (!column.identity.empty()) {
    return "identity";
  }
  return column.default_expression ? "its default: " + *column.default_expression : "NULL";
}

bool ReadsSource(const engine::ShadowBuild& build, std::string_view expression) {
  return std::ranges::any_of(build.source_columns, [expression](const Column& source) {
    return expression.find(pg::Ident(source.name).Quoted()) != std::string_view::npos;
  });
}

// Why the column's value may be refused, out of sentences that begin with "column <name>: ".
std::string WhyItMayFail(const Design& design, const std::string& column) {
  const std::string start = fmt::format("column {}: ", column);
  for (const std::string& sentence : design.lossy) {
    if (sentence.starts_with(start)) {
      return sentence.substr(start.size());
    }
  }
  return "";
}

std::string ColumnsText(const engine::ShadowBuild& build) {
  std::vector<std::vector<std::string>> table = {{"  column", "type", "can fail", "from"}};
  size_t same = 0;
  size_t hidden = 0;
  for (const ColumnRow& row : ColumnRows(build)) {
    if (!row.changed) {
      ++same;
    } else if (table.size() > kMostRows) {
      ++hidden;
    } else {
      table.push_back({"  " + OneLine(row.target), OneLine(row.type),
                       row.can_fail.empty() ? (row.dropped ? "-" : "no") : "YES", OneLine(row.from)});
    }
  }
  std::string text = "\nColumns\n";
  text += table.size() > 1 ? TextTable(table, kWidth, 0) : "";
  text += hidden > 0 ? Indented(fmt::format("{} more changed columns: see --json", hidden), 2) : "";
  return text + Indented(table.size() > 1 ? fmt::format("{} copied as they are", Plural(same, "other column"))
                                          : fmt::format("all {} are copied as they are", same),
                         2);
}

// Built in stage replay rather than index: what old rows, copied while writes went on, could violate for a moment.
bool IsLate(const Design& design, const DeferredItem& item) {
  return item.name != design.shadow_key_index && (item.unique || item.kind != "index");
}

std::string DeferredText(const Design& design) {
  if (design.deferred.empty()) {
    return "";
  }
  std::vector<std::vector<std::string>> rows = {{"  name", "what", "built"}};
  for (const DeferredItem& item : design.deferred) {
    if (rows.size() > kMostRows) {
      break;
    }
    std::string what = item.kind == "index" && item.unique ? "unique index" : item.kind;
    std::ranges::replace(what, '_', ' ');
    what += item.constraint.empty() || item.constraint == item.name ? "" : ", constraint " + item.constraint;
    rows.push_back(
        {"  " + OneLine(item.name), OneLine(what),
         IsLate(design, item) ? "in replay, when the rows are up to date" : "in index, right after the copy"});
  }
  std::string text = "\nIndexes and constraints\n" + TextTable(rows, kWidth, 0);
  const size_t shown = rows.size() - 1;
  return text + (shown < design.deferred.size()
                     ? Indented(fmt::format("{} more: see --json", design.deferred.size() - shown), 2)
                     : "");
}

std::string DualWriteText(const Design& design, const RunOptions& options) {
  if (!design.dual_write_possible) {
    return "not possible, writes are logged to the end: " + OneLine(design.dual_write_reason);
  }
  switch (options.dual_write) {
    case DualWriteMode::kAuto:
      return "possible: writes go through to the new table shortly before the swap";
    case DualWriteMode::kEarly:
      return "early: writes go through to the new table right after the first replay";
    case DualWriteMode::kNever:
      return "possible, but off (--dual-write never): writes are logged to the end";
  }
  return "";
}

std::string StepsText(const Plan& plan, const RunOptions& options) {
  const Design& design = plan.build.design;
  const auto late = static_cast<size_t>(
      std::ranges::count_if(design.deferred, [&design](const DeferredItem& item) { return IsLate(design, item); }));
  const bool key_is_among =
      std::ranges::find(design.deferred, design.shadow_key_index, &DeferredItem::name) != design.deferred.end();
  const size_t early = design.deferred.size() - late - (key_is_among ? 1 : 0);
  std::string text = "\nWhat happens\n";
  const auto step = [&text](std::string_view stage, std::string_view what) {
    text += Hang(fmt::format("  {}", stage), what, kWidth, 12) + "\n";
  };
  step("prepare", "a new, empty table is made next to this one; triggers record every write from now on");
  step("copy",
       fmt::format("about {} rows go over by {}, in chunks of about {:.0f} ms, {}", HumanCount(plan.table.rows),
                   OneLine(KeyColumns(design)), options.chunk_ms, Plural(static_cast<size_t>(options.jobs), "worker")));
  step("index", early == 0
                    ? "nothing but the key's own index"
                    : fmt::format("the key's own index and {}",
                                  early == 1 ? std::string("1 other index") : fmt::format("{} other indexes", early)));
  step("replay", late == 0 ? "rows written meanwhile are brought up to date"
                           : fmt::format("rows written meanwhile are brought up to date; {} built",
                                         late == 1 ? "1 unique index or constraint is"
                                                   : fmt::format("{} unique indexes or constraints are", late)));
  step("verify", options.verify == engine::VerifyMode::kFull ? "every row of both tables is compared"
                                                             : "left out (--verify off)");
  step("approach", options.postpone_cutover ? "waits for `pgmoult cutover ID`" : "writes are followed up to the swap");
  step("cutover", fmt::format("the new table takes the name, under a lock of at most {} ms", options.max_hold.count()));
  step("observe", "the old table is kept until `pgmoult finalize ID`");
  return text;
}

std::string LocksText(const Plan& plan) {
  if (plan.locks.empty()) {
    return "";
  }
  std::string text = "\nLocks on the table\n";
  for (const engine::StageLock& lock : plan.locks) {
    text += Hang("  " + lock.stage, fmt::format("{}: {}", lock.lock, lock.effect), kWidth, 12) + "\n";
  }
  return text;
}

std::string DependentsText(const Plan& plan) {
  if (plan.dependents.empty()) {
    return "";
  }
  std::string text = "\nWhat hangs on the table\n";
  for (const engine::DependentFate& one : plan.dependents) {
    text += Item("-", fmt::format("{}: {}. Lock: {}", OneLine(one.object), one.fate, OneLine(one.lock)));
  }
  return text;
}

std::string SpaceText(const Plan& plan) {
  std::string text = fmt::format("about {} for the new table, until finalize", HumanBytes(plan.disk_bytes_needed));
  if (plan.disk_bytes_free) {
    text += fmt::format("; {} are free{}", HumanBytes(*plan.disk_bytes_free),
                        *plan.disk_bytes_free < plan.disk_bytes_needed ? ": NOT ENOUGH" : "");
  } else {
    text += "; how much is free cannot be seen from here";
  }
  return text;
}

bool HasFinding(const Plan& plan, std::string_view code) {
  return std::ranges::find(plan.findings, code, &Finding::code) != plan.findings.end();
}

// The engine may have said it already, as a finding.
std::string PreparedText(const Plan& plan) {
  if (plan.build.design.type_changes.empty() || HasFinding(plan, "cached_plans")) {
    return "";
  }
  return "\n" + Labelled("Clients",
                         "column types change: prepared statements that return them fail once with \"cached "
                         "plan must not change result type\" after the swap; let clients prepare again");
}

}  // namespace

std::vector<ColumnRow> ColumnRows(const engine::ShadowBuild& build) {
  const auto& pairs = build.design.transfer.columns;
  std::vector<ColumnRow> rows;
  for (const Column& target : build.target_columns) {
    ColumnRow row;
    row.target = target.name;
    row.type = target.type;
    const auto pair = std::ranges::find_if(
        pairs, [&target](const copier::ColumnPair& candidate) { return candidate.target.name() == target.name; });
    const Column* source = FindColumn(build.source_columns, target.name);
    if (pair == pairs.end()) {
      row.from = ComputedText(target);
      row.changed = source == nullptr || source->type != target.type || source->generated != target.generated;
    } else {
      row.from = ReadsSource(build, pair->expression) || source != nullptr ? pair->expression : ComputedText(target);
      row.changed =
          source == nullptr || source->type != target.type || pair->expression != pg::Ident(target.name).Quoted();
    }
    row.can_fail = WhyItMayFail(build.design, target.name);
    row.changed = row.changed || !row.can_fail.empty();
    rows.push_back(std::move(row));
  }
  for (const Column& source : build.source_columns) {
    const std::string quoted = pg::Ident(source.name).Quoted();
    const bool used = FindColumn(build.target_columns, source.name) != nullptr ||
                      std::ranges::any_of(pairs, [&quoted](const copier::ColumnPair& pair) {
                        return pair.expression.find(quoted) != std::string::npos;
                      });
    if (!used) {
      rows.push_back({.target = source.name,
                      .type = source.type,
                      .from = "(dropped)",
                      .changed = true,
                      .dropped = true,
                      .can_fail = ""});
    }
  }
  return rows;
}

std::string PlanText(const Plan& plan, const RunOptions& options, const std::string& run_command) {
  std::string text =
      Labelled("Table", TableText(plan)) + Labelled("Change", StatementText(plan)) + Labelled("Verdict", Verdict(plan));
  text += FindingsText(plan, Severity::kRefuse, "Refused because");
  text += FindingsText(plan, Severity::kWarn, "Warnings");
  if (plan.built && !plan.build.design.transfer.key.empty()) {
    const Design& design = plan.build.design;
    text += StepsText(plan, options);
    text += "\n" + Labelled("Key", KeyText(design)) + Labelled("Dual-write", DualWriteText(design, options)) +
            Labelled("Disk", SpaceText(plan)) +
            Labelled("WAL", fmt::format("about {}", HumanBytes(plan.wal_bytes_needed)));
    text +=
        ColumnsText(plan.build) + DeferredText(design) + DependentsText(plan) + LocksText(plan) + PreparedText(plan);
  }
  text += FindingsText(plan, Severity::kNote, "Notes");
  return text + (plan.refused() ? "\nNext: do what the arrows say, then plan again.\n"
                                : fmt::format("\nNext: {}\n", run_command));
}

std::string PlanSummary(const Plan& plan) {
  std::string text = Labelled("Table", TableText(plan)) + Labelled("Change", StatementText(plan));
  if (plan.built && !plan.build.design.transfer.key.empty()) {
    text += Labelled("Key", KeyText(plan.build.design));
    for (const ColumnRow& row : ColumnRows(plan.build)) {
      if (row.changed) {
        text += Labelled("Column", OneLine(fmt::format("{} {} from {}", row.target, row.type, row.from)));
      }
    }
  }
  text += Labelled("Verdict", Verdict(plan));
  return text + FindingsText(plan, Severity::kRefuse, "Refused because") +
         FindingsText(plan, Severity::kWarn, "Warnings");
}

}  // namespace pgmoult::tools
