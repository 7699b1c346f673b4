#include "engine/day_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "fmt/format.h"
#include "pg/status.h"

namespace pgmoult::tests {
namespace {

using engine::DayWindow;

// Until the window is open, in minutes, at a moment of an ordinary day.
double OpensIn(const std::string& window, int hour, int minute) {
  const auto parsed = DayWindow::Parse(window);
  if (!parsed.ok()) {
    return -1;
  }
  const absl::TimeZone zone = absl::FixedTimeZone(3600);
  const absl::Time now = absl::FromCivil(absl::CivilMinute(2027, 3, 3, hour, minute), zone);
  return absl::ToDoubleMinutes(parsed->OpensIn(now, zone));
}

TEST(DayWindowTest, IsOpenFromItsFirstMinuteToItsLast) {
  EXPECT_EQ(OpensIn("02:00-03:00", 1, 59), 1);
  EXPECT_EQ(OpensIn("02:00-03:00", 2, 0), 0);
  EXPECT_EQ(OpensIn("02:00-03:00", 2, 59), 0);
  EXPECT_EQ(OpensIn("02:00-03:00", 3, 0), 23 * 60);
  EXPECT_EQ(OpensIn("2:00-3:00", 0, 0), 120);
}

TEST(DayWindowTest, MaySpanMidnight) {
  EXPECT_EQ(OpensIn("22:30-04:00", 22, 29), 1);
  EXPECT_EQ(OpensIn("22:30-04:00", 22, 30), 0);
  EXPECT_EQ(OpensIn("22:30-04:00", 0, 0), 0);
  EXPECT_EQ(OpensIn("22:30-04:00", 3, 59), 0);
  EXPECT_EQ(OpensIn("22:30-04:00", 4, 0), 18 * 60 + 30);
  EXPECT_EQ(OpensIn("22:30-00:00", 0, 0), 22 * 60 + 30);
}

// The hour that is left out when summer time begins: the window opens when the clock has gone past it.
TEST(DayWindowTest, OpensOnADayWithoutItsHourToo) {
  absl::TimeZone berlin;
  if (!absl::LoadTimeZone("Europe/Berlin", &berlin)) {
    berlin = absl::FixedTimeZone(3600);
  }
  const auto window = DayWindow::Parse("02:30-03:30");
  ASSERT_TRUE(window.ok());
  const absl::Time before = absl::FromCivil(absl::CivilMinute(2027, 3, 28, 1, 50), berlin);
  const absl::Duration opens_in = window->OpensIn(before, berlin);
  EXPECT_GT(opens_in, absl::ZeroDuration());
  EXPECT_LE(opens_in, absl::Minutes(70));
  EXPECT_EQ(window->OpensIn(before + opens_in, berlin), absl::ZeroDuration());
}

TEST(DayWindowTest, NothingElseIsOne) {
  for (const char* text : {"", "-", "02:00", "02:00-", "-03:00", "24:00-03:00", "02:60-03:00", "2-3", "02:00-03:00x",
                           "02:00 - 03:00", "02:00-02:00", "+2:00-03:00", "002:00-03:00", "02:-03:00"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(DayWindow::Parse(text).status())) << text;
  }
}

TEST(DayWindowTest, SaysWhenItOpens) {
  const absl::TimeZone zone = absl::FixedTimeZone(3600);
  const absl::Time now = absl::FromCivil(absl::CivilSecond(2027, 3, 3, 21, 15, 30), zone);
  EXPECT_EQ(engine::OpeningText(absl::Minutes(75) - absl::Seconds(30), now, zone),
            fmt::format("opens at 22:30 ({}), in 1h15m", absl::FormatTime("%Z", now, zone)));
}

}  // namespace
}  // namespace pgmoult::tests
