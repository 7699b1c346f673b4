#pragma once

#include <string>
#include <vector>

#include "engine/options.h"
#include "engine/plan.h"

namespace pgmoult::tools {

// One column of the new table as people compare it with the old one.
struct ColumnRow {
  std::string target;
  std::string type;
  std::string from;      // "id", "(v)::bigint", "its default", "generated"
  bool changed = false;  // anything but the same column with the same type
  bool dropped = false;  // a column of the old table only
  std::string can_fail;  // why the value may be refused for some row; "" where it cannot
};

// The columns of the new table in order, then those of the old one that are dropped (their `from` says so).
std::vector<ColumnRow> ColumnRows(const engine::ShadowBuild& build);

// The whole plan for people, at most 80 columns wide (single words may be wider), ending with the next command to type.
// `run_command` is that command where the change can be done. Pure.
std::string PlanText(const engine::Plan& plan, const engine::RunOptions& options, const std::string& run_command);

// What `run` prints before it begins: table, key, what becomes of the columns, refusals, warnings. Pure.
std::string PlanSummary(const engine::Plan& plan);

}  // namespace pgmoult::tools
