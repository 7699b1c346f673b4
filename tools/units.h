#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace pgmoult::tools {

// Numbers and text for people. All pure; any thread.

// "0 B", "812 B", "3.4 GiB": powers of 1024, three significant digits. Negative counts as 0.
std::string HumanBytes(int64_t bytes);
// "812", "12.3k", "27.1M", "1.20G": powers of 1000, three significant digits. Not finite or negative counts as 0.
std::string HumanCount(double count);
// With separators: "27,100,000".
std::string ExactCount(int64_t count);
// "250 ms", "4.2 s", "59 s", "1m 08s", "2h 05m", "3d 04h", ">99d". Negative or not a number: "--".
std::string HumanDuration(double seconds);

// "500ms", "30s", "10m", "2h", "1d", "1h30m", "1.5s". A number without a unit is refused (except 0), as nobody would
// know which one was meant. InvalidArgument says what is expected.
absl::StatusOr<std::chrono::milliseconds> ParseDuration(std::string_view text);
// The shortest text that ParseDuration() reads back as the same: "500ms", "90s", "10m".
std::string DurationText(std::chrono::milliseconds duration);

// Columns that UTF-8 text takes on a terminal: wide East Asian characters take two, combining marks none. Text must be
// free of control characters and escape sequences.
int DisplayWidth(std::string_view text);
// Control characters (line ends, escapes) become blanks, so that no value can move the cursor or break a line.
std::string OneLine(std::string_view text);
// The text, or its start with "..." where it is wider than `width`.
std::string CutTo(std::string_view text, int width);
// The text with blanks at its end (or before it) up to `width`; never cut.
std::string PadRight(std::string_view text, int width);
std::string PadLeft(std::string_view text, int width);
// Lines of at most `width` columns, broken at blanks; each but the first begins with `indent` blanks, which count.
// Words that are wider than a line stand alone. Line ends in the text are kept; several blanks become one, but for
// those at the start of a line.
std::string Wrap(std::string_view text, int width, int indent);

// A label and its text with a hanging indent: the head padded to `indent`, then the text wrapped beside it.
std::string Hang(std::string_view head, std::string_view text, int width, int indent);

// A table for people: columns as wide as their widest cell, two blanks between them, no blank at the end of a line.
// Each row is one line; the last column is cut where the line would be wider than `width`.
std::string TextTable(const std::vector<std::vector<std::string>>& rows, int width, int indent);

// One word of a POSIX shell's command line, quoted only where it must be.
std::string ShellQuote(std::string_view word);

}  // namespace pgmoult::tools
