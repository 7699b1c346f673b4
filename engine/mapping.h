#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/catalog.h"
#include "engine/design.h"

namespace pgmoult::engine {

// One column of the new shape, and where its value comes from.
struct ColumnSource {
  Column target;
  std::optional<Column> source;                // nullopt: the ALTER added it
  std::optional<std::string> user_expression;  // USING, in PostgreSQL's own canonical form
  CastFacts cast;                              // where there is a source
};

// What a mapping amounts to.
struct Mapping {
  std::vector<copier::ColumnPair> columns;
  std::vector<copier::ComputedColumn> computed;
  std::vector<std::string> lossy;         // "column v: numeric → integer may fail or round"
  std::vector<std::string> type_changes;  // "column id: integer → bigint"
  std::vector<std::string> refusals;
  bool safe_to_write_through = true;  // no expression depends on the session or can fail
};

// Each value is taken as it is, or refused: what came of it can be turned round by a cast. Pure.
bool IsExact(const ColumnSource& column);
// The SQL value of a target column, with the assignment's own coercion made explicit: an explicit cast to varchar(3)
// cuts silently where an assignment fails, so length functions are called as an assignment calls them. Pure.
std::string MappingExpression(const ColumnSource& column);
Mapping BuildMapping(const std::vector<ColumnSource>& columns);

// The first usable key whose columns all survive the change with at most a plain cast; the reason is for people.
struct KeyChoice {
  const KeyCandidate* candidate = nullptr;  // null: none can serve
  std::string reason;                       // why this one, or why none and which index would do
  std::vector<copier::KeyColumn> columns;   // both sides filled in
};
KeyChoice ChooseKey(const std::vector<KeyCandidate>& candidates, const std::vector<ColumnSource>& columns);

}  // namespace pgmoult::engine
