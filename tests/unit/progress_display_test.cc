#include "tools/progress_display.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "boost/json/parse.hpp"
#include "tools/units.h"

namespace pgmoult::tools {
namespace {

using engine::Progress;
using engine::Stage;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Progress Copying() {
  Progress progress;
  progress.migration = 7;
  progress.table = "public.orders";
  progress.stage = Stage::kCopy;
  progress.done = 12'300'000;
  progress.total = 27'100'000;
  progress.rate = 215'000;
  progress.eta_seconds = 68;
  progress.chunk_ms = 98;
  progress.chunk_rows = 12'000;
  progress.workers = 2;
  progress.replayed_rows = 4321;
  progress.elapsed_seconds = 75;
  return progress;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

std::string Stripped(std::string text) {
  for (size_t begin = text.find('\x1b'); begin != std::string::npos; begin = text.find('\x1b')) {
    text.erase(begin, text.find('m', begin) - begin + 1);
  }
  return text;
}

TEST(RenderProgressTest, EightyColumnsShowEverything) {
  const auto lines = Lines(RenderProgress(Copying(), 80, false));
  ASSERT_EQ(lines.size(), 2);
  EXPECT_THAT(lines[0], StartsWith("[==="));
  for (const char* text : {"45.4%", "12.3M/27.1M rows", "215k/s", "ETA 1m 08s"}) {
    EXPECT_THAT(lines[0], HasSubstr(text));
  }
  EXPECT_EQ(lines[1], "copy  2 workers  chunk 12.0k rows/98 ms  replayed 4.32k  1m 15s");
}

TEST(RenderProgressTest, WhatItWaitsForIsNeverHidden) {
  Progress progress = Copying();
  progress.waiting = "paused by alice";
  progress.doing = "a very long text about what it does";
  for (int width = 40; width <= 200; ++width) {
    EXPECT_THAT(RenderProgress(progress, width, false), HasSubstr("copy  waiting: paused by alice"));
  }
}

TEST(RenderProgressTest, NoLineIsWiderThanTheTerminalWhateverTheNumbers) {
  std::mt19937_64 random(20240229);
  const std::vector<double> numbers = {
      0, -1, 1, 0.4, 1e3, 27e6, 1e18, std::nan(""), 1e9, 99999, 123456.789, std::numeric_limits<double>::infinity()};
  const std::vector<std::string> texts = {"", "paused", "index \"表の索引\" of \xff", std::string(300, 'x'),
                                          "a\nb\x1b[2Jc"};
  const auto number = [&] { return numbers[random() % numbers.size()]; };
  const auto text = [&] { return texts[random() % texts.size()]; };
  for (int round = 0; round < 4000; ++round) {
    Progress progress;
    progress.stage = static_cast<Stage>(random() % 8);
    progress.done = number();
    progress.total = number();
    progress.rate = number();
    progress.eta_seconds = number();
    progress.chunk_ms = number();
    progress.chunk_rows = static_cast<int64_t>(random() % 1'000'000);
    progress.workers = static_cast<int>(random() % 65);
    progress.replayed_rows = static_cast<int64_t>(random() % 5'000'000'000);
    progress.elapsed_seconds = number();
    progress.waiting = text();
    progress.doing = text();
    const int width = 40 + round % 161;
    const std::string plain = RenderProgress(progress, width, false);
    const auto lines = Lines(plain + "\n");
    ASSERT_EQ(lines.size(), 2) << plain;
    for (const std::string& line : lines) {
      EXPECT_LE(DisplayWidth(line), width) << line;
      EXPECT_THAT(line, Not(HasSubstr("ETA -1")));
      EXPECT_THAT(line, Not(HasSubstr("nan")));
      EXPECT_THAT(line, Not(HasSubstr("inf")));
      EXPECT_THAT(line, Not(HasSubstr("\x1b")));
    }
    EXPECT_EQ(Stripped(RenderProgress(progress, width, true)), plain);
  }
}

TEST(RenderProgressTest, DoneIsNeverMoreThanTotal) {
  Progress progress = Copying();
  progress.done = 30'000'000;
  EXPECT_THAT(RenderProgress(progress, 80, false), HasSubstr("100.0%  27.1M/27.1M rows"));
  progress.done = progress.total - 1;
  EXPECT_THAT(RenderProgress(progress, 80, false), HasSubstr("99.9%"));
}

TEST(RenderProgressTest, AnUnknownTimeIsSaidToBeUnknown) {
  Progress progress = Copying();
  progress.eta_seconds = -1;
  EXPECT_THAT(RenderProgress(progress, 80, false), HasSubstr("ETA --"));
  progress.total = 0;
  EXPECT_THAT(RenderProgress(progress, 80, false), Not(HasSubstr("%")));
}

TEST(RenderProgressTest, ObjectsAreNotCalledRows) {
  Progress progress = Copying();
  progress.stage = Stage::kIndex;
  progress.done = 3;
  progress.total = 5;
  progress.chunk_rows = 0;
  progress.doing = "index orders_v_idx";
  const std::string text = RenderProgress(progress, 80, false);
  EXPECT_THAT(text, HasSubstr("3/5"));
  EXPECT_THAT(text, HasSubstr("index orders_v_idx"));
  EXPECT_THAT(text, Not(HasSubstr("rows")));
}

TEST(PlainProgressTest, IsOneLineOfKeysAndValues) {
  Progress progress = Copying();
  progress.waiting = "a \"lock\"\nof bob";
  EXPECT_EQ(PlainProgress(progress),
            "event=progress migration=7 table=public.orders stage=copy done=12300000 total=27100000 percent=45.4 "
            "rate=215000 eta_seconds=68 workers=2 chunk_rows=12000 chunk_ms=98 replayed_rows=4321 elapsed_seconds=75 "
            "waiting=\"a \\\"lock\\\" of bob\"");
}

TEST(PlainEventTest, PlainFactsFollowTheText) {
  EXPECT_EQ(PlainEvent("swap_try", "try 2: no lock",
                       {{"try", 2}, {"by", "bob"}, {"hold_ms", 68.0594}, {"list", boost::json::array()}}),
            "event=swap_try text=\"try 2: no lock\" try=2 by=bob hold_ms=68.0594");
}

TEST(JsonEventTest, IsOneLineOfJson) {
  const std::string line = JsonEvent("stage", "2026-01-02T03:04:05Z", "a\nb", {{"stage", "copy"}});
  EXPECT_THAT(line, Not(HasSubstr("\n")));
  const boost::json::value json = boost::json::parse(line);
  EXPECT_EQ(json.at("event").as_string(), "stage");
  EXPECT_EQ(json.at("facts").at("stage").as_string(), "copy");
}

// A display with a clock and a terminal of the test's own.
class ProgressDisplayTest : public ::testing::Test {
 protected:
  ProgressDisplay Make(DisplayMode mode) {
    DisplayOptions options;
    options.mode = mode;
    options.write = [this](std::string_view text) { out_ += text; };
    options.write_error = [this](std::string_view text) { error_ += text; };
    options.width = [this] { return width_; };
    options.now = [this] { return now_; };
    return ProgressDisplay(std::move(options));
  }
  std::string Taken() { return std::exchange(out_, ""); }
  void Pass(std::chrono::milliseconds time) { now_ += time; }

  std::string out_;
  std::string error_;
  int width_ = 80;
  std::chrono::system_clock::time_point now_{std::chrono::seconds(1'800'000'000)};
};

TEST_F(ProgressDisplayTest, ATerminalIsDrawnInPlace) {
  ProgressDisplay display = Make(DisplayMode::kTerminal);
  display.OnProgress(Copying());
  EXPECT_EQ(Taken(), RenderProgress(Copying(), 79, false));
  display.OnProgress(Copying());
  EXPECT_EQ(Taken(), "") << "too soon";
  Pass(std::chrono::milliseconds(100));
  display.OnProgress(Copying());
  EXPECT_EQ(Taken(), "\r\x1b[1A\x1b[J" + RenderProgress(Copying(), 79, false));
  display.Finish();
  EXPECT_EQ(Taken(), "\n");
}

TEST_F(ProgressDisplayTest, ANarrowerWindowHasFoldedTheLines) {
  ProgressDisplay display = Make(DisplayMode::kTerminal);
  display.OnProgress(Copying());
  Taken();
  width_ = 40;
  Pass(std::chrono::milliseconds(100));
  display.OnProgress(Copying());
  EXPECT_THAT(Taken(), StartsWith("\r\x1b[3A\x1b[J"));
}

TEST_F(ProgressDisplayTest, WaitingIsShownAtOnce) {
  for (const DisplayMode mode : {DisplayMode::kTerminal, DisplayMode::kPlain}) {
    ProgressDisplay display = Make(mode);
    Progress progress = Copying();
    display.OnProgress(progress);
    Taken();
    progress.waiting = "paused";
    display.OnProgress(progress);
    EXPECT_THAT(Taken(), HasSubstr("paused"));
  }
}

TEST_F(ProgressDisplayTest, EventsStandAboveTheBar) {
  ProgressDisplay display = Make(DisplayMode::kTerminal);
  display.OnProgress(Copying());
  Taken();
  display.OnEvent("stage", "rows are copied", nullptr);
  const std::string text = Taken();
  EXPECT_THAT(text, StartsWith("\r\x1b[1A\x1b[J"));
  EXPECT_THAT(text, HasSubstr("rows are copied\n[==="));
}

TEST_F(ProgressDisplayTest, ALogGetsALineEveryFiveSeconds) {
  ProgressDisplay display = Make(DisplayMode::kPlain);
  int lines = 0;
  for (int i = 0; i <= 100; ++i) {
    display.OnProgress(Copying());
    lines += Taken().empty() ? 0 : 1;
    Pass(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(lines, 3);
  display.OnEvent("swap_try", "try 1", nullptr);
  EXPECT_EQ(Taken(), "time=2027-01-15T08:00:10+00:00 event=swap_try text=\"try 1\"\n");
}

TEST_F(ProgressDisplayTest, QuietTellsWarningsOnStandardError) {
  ProgressDisplay display = Make(DisplayMode::kQuiet);
  display.OnProgress(Copying());
  display.OnEvent("stage", "rows are copied", nullptr);
  display.OnEvent("warning", "a trigger was changed", nullptr);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(error_, "pgmoult: warning: a trigger was changed\n");
}

}  // namespace
}  // namespace pgmoult::tools
