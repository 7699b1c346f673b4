#include "engine/user_expressions.h"

#include <string_view>
#include <utility>

#include "engine/sql.h"
#include "fmt/format.h"
#include "pg/macros.h"
#include "pg/status.h"

namespace pgmoult::engine {

using pg::Awaitable;

Awaitable<absl::StatusOr<std::string>> UserExpressions::ViewText(std::string expression) {
  const pg::QualifiedName view(design_.schema_new, "pgmoult_using");
  std::vector<pg::Statement> statements;
  statements.push_back({"SELECT pg_catalog.set_config('search_path', $1, true)", {design_.values.search_path}});
  statements.push_back({fmt::format("CREATE VIEW {} AS SELECT {}\n AS pgmoult_value FROM ONLY {} AS {}", view,
                                    expression, table_.name, table_.name.name),
                        {}});
  statements.push_back({"SET LOCAL search_path = pg_catalog", {}});
  statements.push_back({"SELECT pg_catalog.pg_get_viewdef($1::pg_catalog.regclass, false)", {view.Quoted()}});
  statements.push_back({sql::kMoment, {view.Quoted()}});
  statements.push_back({fmt::format("DROP VIEW {}", view), {}});
  CO_ASSIGN_OR_RETURN(const std::vector<pg::Result> results, co_await connection_.Pipeline(std::move(statements)));
  CO_ASSIGN_OR_RETURN(const std::string moment, results[4].Scalar<std::string>());
  if (!moment.empty()) {
    refusals_.push_back(fmt::format(
        "USING {}: {} may give one row two values, one in the copy and another in a replay; declare a function "
        "of your own IMMUTABLE if it is, or add a column with that default instead",
        expression, moment));
  }
  co_return results[3].Scalar<std::string>();
}

Awaitable<absl::StatusOr<std::string>> UserExpressions::Canonical(std::string expression) {
  constexpr std::string_view kHead = " SELECT ";
  constexpr std::string_view kTailStart = " AS pgmoult_value";
  CO_ASSIGN_OR_RETURN(const std::string known, co_await ViewText("NULL::pg_catalog.int4"));
  CO_ASSIGN_OR_RETURN(const std::string text, co_await ViewText(expression));
  const size_t tail_at = known.find(kTailStart);
  const std::string tail = tail_at == std::string::npos ? std::string() : known.substr(tail_at);
  if (tail.empty() || !text.starts_with(kHead) || !text.ends_with(tail)) {
    co_return absl::InternalError(fmt::format("the USING expression \"{}\" has a form that is not known", expression));
  }
  co_return text.substr(kHead.size(), text.size() - kHead.size() - tail.size());
}

Awaitable<absl::StatusOr<std::map<int32_t, std::string>>> UserExpressions::Read(
    const Change& change, const std::vector<Column>& source_columns) {
  std::map<std::string, int32_t> numbers;
  for (size_t i = 0; i < source_columns.size(); ++i) {
    numbers[source_columns[i].name] = static_cast<int32_t>(i + 1);
  }
  std::map<int32_t, std::string> expressions;
  for (const Action& action : change.actions) {
    if (action.kind == ActionKind::kRenameColumn && numbers.contains(action.column)) {
      const int32_t number = numbers[action.column];
      numbers.erase(action.column);
      numbers[action.new_name] = number;
    }
    if (action.kind == ActionKind::kAlterType && action.using_expression && numbers.contains(action.column)) {
      absl::StatusOr<std::string> canonical = co_await Canonical(*action.using_expression);
      CO_RETURN_IF_ERROR(
          pg::Annotate(canonical.status(), fmt::format("USING of column {} (it is read with the source's column names: "
                                                       "put it before a RENAME COLUMN)",
                                                       action.column)));
      expressions[numbers[action.column]] = *std::move(canonical);
    }
  }
  co_return expressions;
}

}  // namespace pgmoult::engine
