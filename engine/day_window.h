#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pgmoult::engine {

// A span of each day, in local time: "22:30-04:00". It may span midnight. At its end it is closed.
struct DayWindow {
  int from = 0;  // minutes after midnight
  int to = 0;

  // InvalidArgument where it is none, or empty.
  static absl::StatusOr<DayWindow> Parse(std::string_view text);
  // How long until it is open next; zero while it is.
  absl::Duration OpensIn(absl::Time now, absl::TimeZone zone) const;
};

// What people read: "opens at 22:30 (CET), in 3 h".
std::string OpeningText(absl::Duration opens_in, absl::Time now, absl::TimeZone zone);

}  // namespace pgmoult::engine
