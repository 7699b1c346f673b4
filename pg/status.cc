#include "pg/status.h"

#include <array>
#include <utility>

#include "absl/strings/cord.h"
#include "fmt/format.h"

namespace pgmoult::pg {
namespace {

// Connection exceptions, shutdowns, and 25P03: the session idled in a transaction for longer than it may.
bool EndsSession(std::string_view sqlstate) {
  return sqlstate.starts_with("08") || sqlstate.starts_with("57P") || sqlstate == "25P03";
}

constexpr char kOutcomeUnknownUrl[] = "pgmoult/outcome-unknown";
constexpr char kConnectionLostUrl[] = "pgmoult/connection-lost";

struct FieldUrl {
  const char* url;
  std::string ServerErrorFields::* field;
};
constexpr std::array<FieldUrl, 10> kFieldUrls = {{
    {"pgmoult/sqlstate", &ServerErrorFields::sqlstate},
    {"pgmoult/severity", &ServerErrorFields::severity},
    {"pgmoult/message", &ServerErrorFields::message},
    {"pgmoult/detail", &ServerErrorFields::detail},
    {"pgmoult/hint", &ServerErrorFields::hint},
    {"pgmoult/context", &ServerErrorFields::context},
    {"pgmoult/schema", &ServerErrorFields::schema},
    {"pgmoult/table", &ServerErrorFields::table},
    {"pgmoult/column", &ServerErrorFields::column},
    {"pgmoult/constraint", &ServerErrorFields::constraint},
}};

absl::StatusCode CodeOf(std::string_view sqlstate) {
  if (sqlstate == "55P03" || sqlstate.starts_with("40")) {
    return absl::StatusCode::kAborted;
  }
  if (sqlstate == "42501") {
    return absl::StatusCode::kPermissionDenied;
  }
  if (sqlstate == "57014") {
    return absl::StatusCode::kCancelled;
  }
  if (EndsSession(sqlstate)) {
    return absl::StatusCode::kUnavailable;
  }
  if (sqlstate.starts_with("53")) {
    return absl::StatusCode::kResourceExhausted;
  }
  return absl::StatusCode::kUnknown;
}

std::string Payload(const absl::Status& status, const char* url) {
  const auto payload = status.GetPayload(url);
  return payload ? std::string(*payload) : std::string();
}

}  // namespace

absl::Status ServerError(const ServerErrorFields& fields) {
  absl::Status status(CodeOf(fields.sqlstate), fields.message);
  for (const FieldUrl& entry : kFieldUrls) {
    if (!(fields.*entry.field).empty()) {
      status.SetPayload(entry.url, absl::Cord(fields.*entry.field));
    }
  }
  return status;
}

ServerErrorFields ErrorFields(const absl::Status& status) {
  ServerErrorFields fields;
  for (const FieldUrl& entry : kFieldUrls) {
    fields.*entry.field = Payload(status, entry.url);
  }
  return fields;
}

std::string SqlState(const absl::Status& status) { return Payload(status, "pgmoult/sqlstate"); }

absl::Status OutcomeUnknown(std::string_view message) {
  absl::Status status(absl::StatusCode::kUnavailable, std::string(message));
  status.SetPayload(kOutcomeUnknownUrl, absl::Cord("1"));
  status.SetPayload(kConnectionLostUrl, absl::Cord("1"));
  return status;
}

bool IsOutcomeUnknown(const absl::Status& status) { return status.GetPayload(kOutcomeUnknownUrl).has_value(); }

absl::Status ConnectionLost(std::string_view message) {
  absl::Status status(absl::StatusCode::kUnavailable, std::string(message));
  status.SetPayload(kConnectionLostUrl, absl::Cord("1"));
  return status;
}

absl::Status NoAnswer(std::string_view message) {
  absl::Status status(absl::StatusCode::kDeadlineExceeded, std::string(message));
  status.SetPayload(kConnectionLostUrl, absl::Cord("1"));
  return status;
}

bool IsConnectionLost(const absl::Status& status) {
  if (status.GetPayload(kConnectionLostUrl).has_value()) {
    return true;
  }
  const std::string sqlstate = SqlState(status);
  return EndsSession(sqlstate);
}

bool IsLockNotAvailable(const absl::Status& status) {
  const std::string sqlstate = SqlState(status);
  return sqlstate == "55P03" || sqlstate == "40P01";
}

bool IsSerializationFailure(const absl::Status& status) {
  const std::string sqlstate = SqlState(status);
  return sqlstate == "40001" || sqlstate == "40P01";
}

bool IsDuplicate(const absl::Status& status) {
  const std::string sqlstate = SqlState(status);
  return sqlstate == "23505" || sqlstate == "23P01";
}

absl::Status Annotate(const absl::Status& status, std::string_view context) {
  if (status.ok()) {
    return status;
  }
  absl::Status annotated(status.code(), fmt::format("{}: {}", context, std::string(status.message())));
  status.ForEachPayload(
      [&annotated](absl::string_view url, const absl::Cord& payload) { annotated.SetPayload(url, payload); });
  return annotated;
}

std::string Describe(const absl::Status& status) {
  const ServerErrorFields fields = ErrorFields(status);
  std::string text(status.message());
  if (!fields.sqlstate.empty()) {
    text += fmt::format(" [SQLSTATE {}]", fields.sqlstate);
  }
  if (!fields.hint.empty()) {
    text += fmt::format(" (hint: {})", fields.hint);
  }
  return text;
}

}  // namespace pgmoult::pg
