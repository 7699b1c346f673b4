#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace pgmoult::pg {

// What a server said about a failed statement. All fields may be empty.
struct ServerErrorFields {
  std::string sqlstate;  // five characters, e.g. "23505"
  std::string severity;  // never localised: ERROR, FATAL, PANIC
  std::string message;   // primary message
  std::string detail;    // may hold row values: kept as payload, never in the status message
  std::string hint;
  std::string context;
  std::string schema;
  std::string table;
  std::string column;
  std::string constraint;
};

// A Status for an error that the server reported; the fields travel as payload. Its code is coarse (class 40 and 55P03:
// Aborted, 42501: PermissionDenied, 08 and 57P0x: Unavailable, 53: ResourceExhausted, 57014: Cancelled, else Unknown):
// callers branch on SqlState(), never on the code.
absl::Status ServerError(const ServerErrorFields& fields);

// The fields of a status made by ServerError(); all empty for any other.
ServerErrorFields ErrorFields(const absl::Status& status);

// The SQLSTATE of a status, "" where it did not come from a server.
std::string SqlState(const absl::Status& status);

// "We sent COMMIT and heard nothing": the transaction may or may not have committed. Never retried blindly; the caller
// reads the catalog or the journal to learn which way it went.
absl::Status OutcomeUnknown(std::string_view message);
bool IsOutcomeUnknown(const absl::Status& status);

// The connection is gone: reported by libpq, or by a FATAL server error of class 57P0x or 08. Says nothing about the
// statement that was under way.
absl::Status ConnectionLost(std::string_view message);
// DeadlineExceeded, and the session was given up for it.
absl::Status NoAnswer(std::string_view message);
bool IsConnectionLost(const absl::Status& status);

// 55P03 (lock_timeout or NOWAIT), 40P01 (deadlock): the lock was not got, trying again is safe.
bool IsLockNotAvailable(const absl::Status& status);

// 40001 or 40P01: the transaction may be repeated with a new snapshot.
bool IsSerializationFailure(const absl::Status& status);

// 23505 or 23P01: a row that a unique or exclusion constraint does not let stand.
bool IsDuplicate(const absl::Status& status);

// The same status with "context: " put before its message; payload and code are kept.
absl::Status Annotate(const absl::Status& status, std::string_view context);

// One line for people: message, SQLSTATE in brackets. Never detail (it may hold row values).
std::string Describe(const absl::Status& status);

}  // namespace pgmoult::pg
