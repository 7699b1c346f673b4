#include "tools/units.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>

namespace pgmoult::tools {
namespace {

using std::chrono::milliseconds;

TEST(UnitsTest, BytesHaveThreeDigitsAndTheirUnit) {
  EXPECT_EQ(HumanBytes(-5), "0 B");
  EXPECT_EQ(HumanBytes(812), "812 B");
  EXPECT_EQ(HumanBytes(1024), "1.00 KiB");
  EXPECT_EQ(HumanBytes(int64_t{3} << 30), "3.00 GiB");
  EXPECT_EQ(HumanBytes((int64_t{1} << 30) - 1), "1.00 GiB");
  EXPECT_EQ(HumanBytes(std::numeric_limits<int64_t>::max()), "8192 PiB");
}

TEST(UnitsTest, CountsNeverRoundToAThousandOfTheSmallerUnit) {
  EXPECT_EQ(HumanCount(0), "0");
  EXPECT_EQ(HumanCount(999), "999");
  EXPECT_EQ(HumanCount(999.7), "1.00k");
  EXPECT_EQ(HumanCount(12'345), "12.3k");
  EXPECT_EQ(HumanCount(999'999), "1.00M");
  EXPECT_EQ(HumanCount(27'100'000), "27.1M");
  EXPECT_EQ(HumanCount(-1), "0");
  EXPECT_EQ(HumanCount(std::nan("")), "0");
  EXPECT_EQ(HumanCount(std::numeric_limits<double>::infinity()), "0");
}

TEST(UnitsTest, ExactCountsHaveSeparators) {
  EXPECT_EQ(ExactCount(0), "0");
  EXPECT_EQ(ExactCount(999), "999");
  EXPECT_EQ(ExactCount(1000), "1,000");
  EXPECT_EQ(ExactCount(27'100'000), "27,100,000");
  EXPECT_EQ(ExactCount(-100), "-100");
  EXPECT_EQ(ExactCount(-1'000), "-1,000");
}

TEST(UnitsTest, DurationsForPeople) {
  EXPECT_EQ(HumanDuration(0), "0 ms");
  EXPECT_EQ(HumanDuration(0.25), "250 ms");
  EXPECT_EQ(HumanDuration(4.21), "4.2 s");
  EXPECT_EQ(HumanDuration(59.4), "59 s");
  EXPECT_EQ(HumanDuration(59.7), "1m 00s");
  EXPECT_EQ(HumanDuration(68), "1m 08s");
  EXPECT_EQ(HumanDuration(7500), "2h 05m");
  EXPECT_EQ(HumanDuration(3.2 * 86'400), "3d 04h");
  EXPECT_EQ(HumanDuration(1e12), ">99d");
  EXPECT_EQ(HumanDuration(-1), "--");
  EXPECT_EQ(HumanDuration(std::nan("")), "--");
}

TEST(UnitsTest, DurationsAreReadWithTheirUnit) {
  EXPECT_EQ(ParseDuration("500ms").value(), milliseconds(500));
  EXPECT_EQ(ParseDuration("30s").value(), milliseconds(30'000));
  EXPECT_EQ(ParseDuration("10m").value(), milliseconds(600'000));
  EXPECT_EQ(ParseDuration("2h").value(), milliseconds(7'200'000));
  EXPECT_EQ(ParseDuration("1h30m").value(), milliseconds(5'400'000));
  EXPECT_EQ(ParseDuration("1.5s").value(), milliseconds(1500));
  EXPECT_EQ(ParseDuration("0").value(), milliseconds(0));
}

TEST(UnitsTest, DurationsWithoutSenseAreRefused) {
  for (const char* text : {"", "5", "s", "-5s", "5x", "1.2.3s", ".s", "5 s", "5S", "9999d", "99999999999999999999s"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(UnitsTest, DurationTextReadsBack) {
  for (const int64_t ms : {0L, 1L, 500L, 1500L, 30'000L, 90'000L, 600'000L, 7'200'000L, 86'400'000L}) {
    EXPECT_EQ(ParseDuration(DurationText(milliseconds(ms))).value(), milliseconds(ms)) << ms;
  }
  EXPECT_EQ(DurationText(milliseconds(600'000)), "10m");
}

TEST(UnitsTest, WidthCountsColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("äöü"), 3);
  EXPECT_EQ(DisplayWidth("表"), 2);
  EXPECT_EQ(DisplayWidth("\xff\xfe"), 2);
  EXPECT_EQ(DisplayWidth("\xe8"), 1);
}

TEST(UnitsTest, CutKeepsWholeCharacters) {
  EXPECT_EQ(CutTo("abcdef", 6), "abcdef");
  EXPECT_EQ(CutTo("abcdefg", 6), "abc...");
  EXPECT_EQ(CutTo("ääääää", 5), "ää...");
  EXPECT_EQ(CutTo("表表表", 5), "表...");
  EXPECT_EQ(CutTo("abcdef", 2), "..");
  EXPECT_EQ(CutTo("abcdef", 0), "");
}

TEST(UnitsTest, ControlCharactersCannotMoveTheCursor) {
  EXPECT_EQ(OneLine("a\nb\x1b[2Jc\td\x7f"), "a b [2Jc d ");
  EXPECT_EQ(OneLine("\xc2\x9b"
                    "2J"),
            " 2J");
  EXPECT_EQ(OneLine("äöü"), "äöü");
}

TEST(UnitsTest, WrappedLinesHaveRoom) {
  const std::string text = "the quick brown fox jumps over the lazy dog again and again";
  for (int width = 12; width < 70; ++width) {
    std::istringstream lines(Wrap(text, width, 4));
    std::string joined;
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(DisplayWidth(line), width);
      joined += (joined.empty() ? "" : " ") + line.substr(joined.empty() ? 0 : 4);
    }
    EXPECT_EQ(joined, text);
  }
  EXPECT_EQ(Wrap("unbreakablelongword b", 5, 2), "unbreakablelongword\n  b");
  EXPECT_EQ(Wrap("a\n\nb", 10, 0), "a\n\nb");
}

TEST(UnitsTest, HangingTextStandsBesideItsHead) {
  EXPECT_EQ(Hang("Key", "one two three", 12, 6), "Key   one\n      two\n      three");
  EXPECT_EQ(Hang("Key", "", 12, 6), "Key   ");
}

TEST(UnitsTest, TablesAlignAndCutTheirLastColumn) {
  EXPECT_EQ(TextTable({{"a", "bb", "c"}, {"aaa", "b", "cc"}}, 80, 1), " a    bb  c\n aaa  b   cc\n");
  EXPECT_EQ(TextTable({{"a", "0123456789abcdef"}}, 15, 0), "a  012345678...\n");
}

TEST(UnitsTest, ShellWordsAreQuotedWhereNeeded) {
  EXPECT_EQ(ShellQuote("db1.example"), "db1.example");
  EXPECT_EQ(ShellQuote(""), "''");
  EXPECT_EQ(ShellQuote("it's $HOME"), "'it'\\''s $HOME'");
}

}  // namespace
}  // namespace pgmoult::tools
