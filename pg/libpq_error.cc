#include "pg/libpq_error.h"

#include <libpq-fe.h>

#include <algorithm>

namespace pgmoult::pg {

std::string Trimmed(const char* text) {
  std::string_view view = text == nullptr ? std::string_view() : std::string_view(text);
  while (!view.empty() && (view.back() == '\n' || view.back() == ' ')) {
    view.remove_suffix(1);
  }
  return std::string(view);
}

absl::Status ResultError(const pg_result* result) {
  const auto field = [result](int code) {
    const char* text = PQresultErrorField(result, code);
    return text == nullptr ? std::string() : std::string(text);
  };
  ServerErrorFields fields;
  fields.sqlstate = field(PG_DIAG_SQLSTATE);
  fields.severity = field(PG_DIAG_SEVERITY_NONLOCALIZED);
  fields.message = field(PG_DIAG_MESSAGE_PRIMARY);
  fields.detail = field(PG_DIAG_MESSAGE_DETAIL);
  fields.hint = field(PG_DIAG_MESSAGE_HINT);
  fields.context = field(PG_DIAG_CONTEXT);
  fields.schema = field(PG_DIAG_SCHEMA_NAME);
  fields.table = field(PG_DIAG_TABLE_NAME);
  fields.column = field(PG_DIAG_COLUMN_NAME);
  fields.constraint = field(PG_DIAG_CONSTRAINT_NAME);
  if (fields.sqlstate.empty()) {
    return ConnectionLost(Trimmed(PQresultErrorMessage(result)));  // made by libpq, not by the server
  }
  return ServerError(fields);
}

std::optional<ServerErrorFields> RefusalIn(std::string_view text) {
  constexpr std::string_view kBefore = ":  ";
  constexpr std::string_view kAfter = ": ";
  constexpr size_t kStateLength = 5;
  for (size_t at = text.rfind(kBefore); at != std::string_view::npos && at > 0; at = text.rfind(kBefore, at - 1)) {
    const std::string_view state = text.substr(at + kBefore.size(), kStateLength);
    const std::string_view rest = text.substr(std::min(text.size(), at + kBefore.size() + kStateLength));
    const bool is_state = state.size() == kStateLength && std::ranges::all_of(state, [](char c) {
                            return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
                          });
    if (is_state && rest.starts_with(kAfter)) {
      ServerErrorFields fields;
      fields.sqlstate = state;
      fields.severity = "FATAL";
      fields.message = rest.substr(kAfter.size(), rest.find('\n') - kAfter.size());
      return fields;
    }
  }
  return std::nullopt;
}

}  // namespace pgmoult::pg
