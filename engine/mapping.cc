#include "engine/mapping.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/sql_text.h"

namespace pgmoult::engine {
namespace {

using pg::Ident;

bool SameType(const Column& a, const Column& b) { return a.type == b.type && a.collation == b.collation; }

// A value of the column's type without modifier, coerced to the modifier as an assignment does: with an error, not a
// cut.
std::string Coerced(const Column& target, const std::string& value) {
  const std::string cast = fmt::format("({})::{}", value, target.base_type);
  switch (target.length_function_arguments) {
    case 3:  // (value, modifier, is_explicit)
      return fmt::format("{}({}, {}, false)", target.length_function, cast, target.modifier);
    case 2:
      return fmt::format("{}({}, {})", target.length_function, cast, target.modifier);
    default:
      return fmt::format("({})::{}", value, target.type);
  }
}

const ColumnSource* FindBySource(const std::vector<ColumnSource>& columns, const std::string& name) {
  const auto found = std::ranges::find_if(
      columns, [&name](const ColumnSource& column) { return column.source && column.source->name == name; });
  return found == columns.end() ? nullptr : &*found;
}

// A narrower integer either takes a key as it is or fails.
bool BothIntegers(const ColumnSource& column) {
  const auto integer = [](const Column& c) {
    return c.base_type == "smallint" || c.base_type == "integer" || c.base_type == "bigint";
  };
  return integer(*column.source) && integer(column.target);
}

// As the mapping has it; but of a key that no row of the shadow can have, since the narrower integer does not take it,
// it makes NULL: the log may name it long after the row that did not fit is gone.
std::string KeyExpression(const ColumnSource& column) {
  std::string expression = MappingExpression(column);
  const std::string& type = column.target.base_type;
  const bool narrower = type != column.source->base_type && BothIntegers(column) && !column.cast.cannot_fail;
  if (!narrower) {
    return expression;
  }
  const auto [least, greatest] = type == "smallint" ? std::pair<int64_t, int64_t>(INT16_MIN, INT16_MAX)
                                                    : std::pair<int64_t, int64_t>(INT32_MIN, INT32_MAX);
  return fmt::format("CASE WHEN {} BETWEEN {} AND {} THEN {} END", Ident(column.source->name), least, greatest,
                     expression);
}

// Why the column cannot be part of a key in the new shape; "" where it can.
std::string KeyObstacle(const ColumnSource* column) {
  if (column == nullptr) {
    return "the change drops a column of it";
  }
  if (column->user_expression) {
    return "the change computes a column of it with USING";
  }
  if (!column->target.generated.empty()) {
    return "the new shape generates a column of it";
  }
  if (!SameType(*column->source, column->target) && !column->cast.immutable) {
    return "the new type of a column of it depends on session settings";
  }
  if (!SameType(*column->source, column->target) && !column->cast.cannot_fail && !BothIntegers(*column)) {
    return "the new type of a column of it can round or cut a key";
  }
  if (!column->cast.order_kept) {
    return "the new type of a column of it sorts differently";
  }
  return "";
}

}  // namespace

bool IsExact(const ColumnSource& column) {
  return column.source && !column.user_expression &&
         (SameType(*column.source, column.target) || column.cast.cannot_fail || BothIntegers(column));
}

std::string MappingExpression(const ColumnSource& column) {
  const Column& target = column.target;
  if (!column.source) {
    if (target.missing_value && target.base_type.ends_with("[]")) {
      // An array of arrays would be read as one of two dimensions.
      return fmt::format("({}::pg_catalog.text[])[1]::{}", pg::Literal(*target.missing_value), target.base_type);
    }
    if (target.missing_value) {
      return fmt::format("({}::{}[])[1]", pg::Literal(*target.missing_value), target.base_type);
    }
    return fmt::format("NULL::{}", target.type);
  }
  if (column.user_expression) {
    return Coerced(target, *column.user_expression);
  }
  std::string name = Ident(column.source->name).Quoted();
  if (column.source->type == target.type) {
    return name;
  }
  return Coerced(target, name);
}

Mapping BuildMapping(const std::vector<ColumnSource>& columns) {
  Mapping mapping;
  for (const ColumnSource& column : columns) {
    const Column& target = column.target;
    const std::string compare_cast = target.has_binary_output ? "" : "::pg_catalog.text";
    if (!target.generated.empty()) {
      // The shadow computes it; where the source has the same column the values can be compared.
      if (column.source && SameType(*column.source, target) && target.has_binary_output) {
        mapping.computed.push_back({Ident(target.name), Ident(column.source->name).Quoted()});
      } else {
        mapping.lossy.push_back(
            fmt::format("column {}: its expression may fail on a value, and then stops the run", target.name));
      }
      continue;
    }
    const bool own_default = !column.source && !target.missing_value &&
                             (target.default_expression || !target.identity.empty() || target.is_domain);
    if (own_default) {
      mapping.safe_to_write_through = false;  // a new value at every write
      continue;
    }
    mapping.columns.push_back({.target = Ident(target.name),
                               .expression = MappingExpression(column),
                               .compare_cast = compare_cast,
                               .forward = "",
                               .made = {}});
    if (!column.source) {
      if (target.not_null && !target.missing_value) {
        mapping.refusals.push_back(fmt::format(
            "column {} is NOT NULL and has no default: rows that are there have no value for it", target.name));
      }
      continue;
    }
    const bool changed = !SameType(*column.source, target);
    if (changed) {
      mapping.type_changes.push_back(fmt::format("column {}: {} to {}", target.name, column.source->type, target.type));
    }
    if (column.user_expression || (changed && !column.cast.cannot_fail)) {
      mapping.lossy.push_back(fmt::format("column {}: {} may fail on a value, and then stops the run", target.name,
                                          column.user_expression
                                              ? "USING " + *column.user_expression
                                              : fmt::format("{} to {}", column.source->type, target.type)));
    }
    if (column.user_expression || (changed && !(column.cast.immutable && column.cast.cannot_fail))) {
      mapping.safe_to_write_through = false;
    }
    if ((changed || column.user_expression) && target.cast_would_cut) {
      mapping.refusals.push_back(
          fmt::format("column {}: a cast to {} would cut values silently where ALTER TABLE fails; leave the length out "
                      "and put it into a CHECK",
                      target.name, target.type));
    }
  }
  return mapping;
}

KeyChoice ChooseKey(const std::vector<KeyCandidate>& candidates, const std::vector<ColumnSource>& columns) {
  KeyChoice choice;
  std::vector<std::string> passed_over;
  for (const KeyCandidate& candidate : candidates) {
    std::string obstacle = candidate.unusable;
    for (const copier::KeyColumn& column : candidate.columns) {
      if (obstacle.empty()) {
        obstacle = KeyObstacle(FindBySource(columns, column.name.name()));
      }
    }
    if (!obstacle.empty()) {
      passed_over.push_back(fmt::format("{}: {}", candidate.index, obstacle));
      continue;
    }
    choice.candidate = &candidate;
    for (copier::KeyColumn column : candidate.columns) {
      const ColumnSource& source = *FindBySource(columns, column.name.name());
      column.target_name = Ident(source.target.name);
      column.target_type = source.target.base_type;
      column.expression = KeyExpression(source);
      choice.columns.push_back(std::move(column));
    }
    choice.reason = candidate.primary ? "the primary key" : "the smallest usable unique index";
    if (!passed_over.empty()) {
      choice.reason += fmt::format(" (passed over: {})", fmt::join(passed_over, "; "));
    }
    return choice;
  }
  choice.reason = passed_over.empty()
                      ? "the table has no unique index: make one on NOT NULL columns (CREATE UNIQUE INDEX CONCURRENTLY)"
                      : fmt::format(
                            "no unique index can serve ({}): one is needed that is valid, immediate, without "
                            "expressions or WHERE, on NOT NULL columns that the change keeps",
                            fmt::join(passed_over, "; "));
  return choice;
}

}  // namespace pgmoult::engine
