#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/catalog.h"
#include "engine/change.h"
#include "engine/design.h"
#include "pg/connection.h"

namespace pgmoult::engine {

// The USING expressions of a change in PostgreSQL's canonical, fully qualified form: the text that it gives back of a
// view over the source with the expression as its only column. Works in the transaction of the shadow's builder, in the
// design's schema_new; leaves search_path = pg_catalog. One thread.
class UserExpressions {
 public:
  UserExpressions(pg::Connection& connection, const TableFacts& table, const Design& design)
      : connection_(connection), table_(table), design_(design) {}

  // By number of the target column. The source's live columns are counted from 1, as in its clone.
  pg::Awaitable<absl::StatusOr<std::map<int32_t, std::string>>> Read(const Change& change,
                                                                     const std::vector<Column>& source_columns);
  // Expressions that may give one row two values.
  const std::vector<std::string>& refusals() const { return refusals_; }

 private:
  pg::Awaitable<absl::StatusOr<std::string>> ViewText(std::string expression);
  pg::Awaitable<absl::StatusOr<std::string>> Canonical(std::string expression);

  pg::Connection& connection_;
  const TableFacts& table_;
  const Design& design_;
  std::vector<std::string> refusals_;
};

}  // namespace pgmoult::engine
