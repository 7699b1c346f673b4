#include "engine/day_window.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "fmt/format.h"

namespace pgmoult::engine {
namespace {

// Two digits, or one.
std::optional<int> NumberBelow(int limit, std::string_view text) {
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size() && text.size() <= 2;
  return whole && number >= 0 && number < limit ? std::optional(number) : std::nullopt;
}

// "22:30" as minutes after midnight.
std::optional<int> MinuteOf(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  const std::optional<int> hour = NumberBelow(24, text.substr(0, colon));
  const std::optional<int> minute = NumberBelow(60, text.substr(colon + 1));
  return hour && minute ? std::optional(60 * *hour + *minute) : std::nullopt;
}

}  // namespace

absl::StatusOr<DayWindow> DayWindow::Parse(std::string_view text) {
  const size_t dash = text.find('-');
  const std::optional<int> from = MinuteOf(text.substr(0, dash));
  const std::optional<int> to =
      dash == std::string_view::npos ? std::nullopt : MinuteOf(text.substr(std::min(dash + 1, text.size())));
  if (!from || !to) {
    return absl::InvalidArgumentError(
        fmt::format("\"{}\" is not a span of the day: it is written as 22:30-04:00", text));
  }
  if (*from == *to) {
    return absl::InvalidArgumentError(fmt::format("\"{}\" is empty", text));
  }
  return DayWindow{.from = *from, .to = *to};
}

absl::Duration DayWindow::OpensIn(absl::Time now, absl::TimeZone zone) const {
  const absl::CivilMinute civil = absl::ToCivilMinute(now, zone);
  const int minute = 60 * civil.hour() + civil.minute();
  const bool open = from < to ? from <= minute && minute < to : minute >= from || minute < to;
  if (open) {
    return absl::ZeroDuration();
  }
  const absl::CivilDay today(civil);
  const absl::CivilMinute opens = absl::CivilMinute(minute < from ? today : today + 1) + from;
  return absl::FromCivil(opens, zone) - now;
}

std::string OpeningText(absl::Duration opens_in, absl::Time now, absl::TimeZone zone) {
  return fmt::format("opens at {}, in {}", absl::FormatTime("%H:%M (%Z)", now + opens_in, zone),
                     absl::FormatDuration(absl::Ceil(opens_in, absl::Minutes(1))));
}

}  // namespace pgmoult::engine
