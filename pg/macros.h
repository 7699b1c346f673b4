#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Early return on a Status that is not OK, for plain functions (RETURN_…, ASSIGN_…) and coroutines (CO_…).
// The ASSIGN forms are statements: `CO_ASSIGN_OR_RETURN(auto row, co_await Fetch());`.

#define PGMOULT_CONCAT_INNER(a, b) a##b
#define PGMOULT_CONCAT(a, b) PGMOULT_CONCAT_INNER(a, b)

// Keywords and declarations cannot stand in parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define PGMOULT_RETURN_IF_ERROR_WITH(keyword, expression)     \
  do {                                                        \
    if (absl::Status status_ = (expression); !status_.ok()) { \
      keyword status_;                                        \
    }                                                         \
  } while (false)

#define PGMOULT_ASSIGN_OR_RETURN_WITH(keyword, result, target, expression) \
  auto result = (expression);                                              \
  if (!result.ok()) {                                                      \
    keyword result.status();                                               \
  }                                                                        \
  target = *std::move(result)
// NOLINTEND(bugprone-macro-parentheses)

#define RETURN_IF_ERROR(expression) PGMOULT_RETURN_IF_ERROR_WITH(return, expression)
#define CO_RETURN_IF_ERROR(expression) PGMOULT_RETURN_IF_ERROR_WITH(co_return, expression)
#define ASSIGN_OR_RETURN(target, expression) \
  PGMOULT_ASSIGN_OR_RETURN_WITH(return, PGMOULT_CONCAT(result_, __LINE__), target, expression)
#define CO_ASSIGN_OR_RETURN(target, expression) \
  PGMOULT_ASSIGN_OR_RETURN_WITH(co_return, PGMOULT_CONCAT(result_, __LINE__), target, expression)
