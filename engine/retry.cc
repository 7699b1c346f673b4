#include "engine/retry.h"

#include <string>

#include "engine/sessions.h"
#include "pg/status.h"

namespace pgmoult::engine {

bool IsPassing(const absl::Status& status) {
  return IsWaitedOut(status) || pg::IsLockNotAvailable(status) || pg::IsSerializationFailure(status) ||
         absl::IsDeadlineExceeded(status) || pg::SqlState(status) == "57014";
}

bool IsWaitedOut(const absl::Status& status) {
  const std::string sqlstate = pg::SqlState(status);
  return pg::IsConnectionLost(status) || pg::IsOutcomeUnknown(status) || sqlstate.starts_with("08") ||
         sqlstate.starts_with("57P") || (sqlstate.starts_with("53") && sqlstate != "53400") || sqlstate == "25006" ||
         IsStandby(status);
}

}  // namespace pgmoult::engine
