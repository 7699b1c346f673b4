#include "tools/units.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "fmt/format.h"

namespace pgmoult::tools {
namespace {

struct CodePoint {
  char32_t value = 0;
  size_t bytes = 1;
};

// Broken sequences are taken byte by byte, one column each: nothing may be lost from a name on its way to the screen.
CodePoint ReadCodePoint(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  size_t bytes = 1;
  char32_t value = first;
  if (first >= 0xF0 && first < 0xF8) {
    bytes = 4;
    value = first & 0x07U;
  } else if (first >= 0xE0) {
    bytes = 3;
    value = first & 0x0FU;
  } else if (first >= 0xC0) {
    bytes = 2;
    value = first & 0x1FU;
  }
  if (bytes > text.size() || first >= 0xF8) {
    return {first, 1};
  }
  for (size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0U) != 0x80U) {
      return {first, 1};
    }
    value = (value << 6U) | (next & 0x3FU);
  }
  return {value, bytes};
}

int ColumnsOf(char32_t c) {
  const bool combining = (c >= 0x0300 && c <= 0x036F) || (c >= 0x200B && c <= 0x200F) || (c >= 0xFE00 && c <= 0xFE0F);
  if (combining) {
    return 0;
  }
  const bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
                    (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
                    (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD);
  return wide ? 2 : 1;
}

std::string ThreeDigits(double value) {
  if (value >= 99.95) {
    return fmt::format("{:.0f}", value);
  }
  return value >= 9.995 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
}

template <size_t N>
std::string Scaled(double value, double step, const std::array<std::string_view, N>& units) {
  size_t unit = 0;
  // What would round up to a whole step goes to the next unit: "1.00M", never "1000k".
  while (unit + 1 < units.size() && value >= step - 0.5) {
    value /= step;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f}{}", value, units[0]) : fmt::format("{}{}", ThreeDigits(value), units[unit]);
}

constexpr std::array<std::pair<std::string_view, int64_t>, 5> kUnits = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

absl::Status NotADuration(std::string_view text) {
  return absl::InvalidArgumentError(fmt::format(
      "\"{}\" is not a duration: give a number with ms, s, m, h or d, such as 500ms, 30s, 10m, 1h30m", OneLine(text)));
}

int64_t UnitMs(std::string_view name) {
  for (const auto& [unit, ms] : kUnits) {
    if (unit == name) {
      return ms;
    }
  }
  return 0;
}

}  // namespace

std::string HumanBytes(int64_t bytes) {
  static constexpr std::array<std::string_view, 6> kNames = {" B", " KiB", " MiB", " GiB", " TiB", " PiB"};
  return Scaled(static_cast<double>(std::max<int64_t>(bytes, 0)), 1024, kNames);
}

std::string HumanCount(double count) {
  static constexpr std::array<std::string_view, 5> kNames = {"", "k", "M", "G", "T"};
  if (!std::isfinite(count) || count < 0) {
    count = 0;
  }
  return Scaled(std::min(count, 9.99e14), 1000, kNames);
}

std::string ExactCount(int64_t count) {
  std::string digits = fmt::format("{}", count);
  for (auto place = static_cast<ptrdiff_t>(digits.size()) - 3; place > (count < 0 ? 1 : 0); place -= 3) {
    digits.insert(static_cast<size_t>(place), ",");
  }
  return digits;
}

std::string HumanDuration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) {
    return "--";
  }
  if (seconds < 0.9995) {
    return fmt::format("{:.0f} ms", seconds * 1000);
  }
  if (seconds < 9.95) {
    return fmt::format("{:.1f} s", seconds);
  }
  if (seconds >= 99.0 * 86'400) {
    return ">99d";
  }
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 60) {
    return fmt::format("{} s", whole);
  }
  if (whole < 3600) {
    return fmt::format("{}m {:02}s", whole / 60, whole % 60);
  }
  if (whole < 86'400) {
    return fmt::format("{}h {:02}m", whole / 3600, whole % 3600 / 60);
  }
  return fmt::format("{}d {:02}h", whole / 86'400, whole % 86'400 / 3600);
}

absl::StatusOr<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  if (text == "0") {
    return std::chrono::milliseconds(0);
  }
  constexpr double kLimitMs = 365.0 * 86'400'000;
  double total = 0;
  std::string_view rest = text;
  if (rest.empty()) {
    return NotADuration(text);
  }
  while (!rest.empty()) {
    const size_t digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
    const std::string number(rest.substr(0, digits));
    rest.remove_prefix(digits);
    const size_t letters = std::min(rest.find_first_of("0123456789."), rest.size());
    const int64_t unit = UnitMs(rest.substr(0, letters));
    rest.remove_prefix(letters);
    const bool is_number = number.find_first_of("0123456789") != std::string::npos &&
                           std::count(number.begin(), number.end(), '.') <= 1 && number.size() <= 15;
    if (!is_number || unit == 0) {
      return NotADuration(text);
    }
    total += std::stod(number) * static_cast<double>(unit);
  }
  if (total > kLimitMs) {
    return absl::InvalidArgumentError(fmt::format("\"{}\" is longer than 365 days", OneLine(text)));
  }
  return std::chrono::milliseconds(std::llround(total));
}

std::string DurationText(std::chrono::milliseconds duration) {
  const int64_t ms = duration.count();
  for (const auto& [unit, unit_ms] : kUnits) {
    if (ms >= unit_ms && ms % unit_ms == 0) {
      return fmt::format("{}{}", ms / unit_ms, unit);
    }
  }
  return "0";
}

int DisplayWidth(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const CodePoint point = ReadCodePoint(text);
    width += ColumnsOf(point.value);
    text.remove_prefix(point.bytes);
  }
  return width;
}

std::string OneLine(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = ReadCodePoint(text);
    const bool control = point.value < 0x20 || (point.value >= 0x7F && point.value < 0xA0);
    line += control ? std::string_view(" ") : text.substr(0, point.bytes);
    text.remove_prefix(point.bytes);
  }
  return line;
}

std::string CutTo(std::string_view text, int width) {
  if (DisplayWidth(text) <= width) {
    return std::string(text);
  }
  const std::string_view dots = std::string_view("...").substr(0, static_cast<size_t>(std::clamp(width, 0, 3)));
  int room = width - static_cast<int>(dots.size());
  std::string cut;
  while (!text.empty()) {
    const CodePoint point = ReadCodePoint(text);
    room -= ColumnsOf(point.value);
    if (room < 0) {
      break;
    }
    cut += text.substr(0, point.bytes);
    text.remove_prefix(point.bytes);
  }
  return cut.append(dots);
}

std::string PadRight(std::string_view text, int width) {
  const int missing = std::max(0, width - DisplayWidth(text));
  return std::string(text).append(static_cast<size_t>(missing), ' ');
}

std::string PadLeft(std::string_view text, int width) {
  const int missing = std::max(0, width - DisplayWidth(text));
  return std::string(static_cast<size_t>(missing), ' ').append(text);
}

std::string Wrap(std::string_view text, int width, int indent) {
  const std::string margin(static_cast<size_t>(indent), ' ');
  std::string out;
  int column = 0;
  bool line_start = true;
  while (!text.empty()) {
    if (text.front() == '\n') {
      out += "\n" + margin;
      column = indent;
      line_start = true;
      text.remove_prefix(1);
      continue;
    }
    if (text.front() == ' ' && !line_start) {
      text.remove_prefix(1);
      continue;
    }
    // Blanks at the start of a line belong to its first word: they are the author's own indentation.
    const size_t begin = std::min(text.find_first_not_of(' '), text.size());
    const size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    const std::string_view word = text.substr(0, end);
    const int word_width = DisplayWidth(word);
    if (!line_start && column + 1 + word_width > width) {
      out += "\n" + margin;
      column = indent;
      line_start = true;
    }
    out += line_start ? "" : " ";
    out += word;
    column += word_width + (line_start ? 0 : 1);
    line_start = false;
    text.remove_prefix(end);
  }
  return out;
}

std::string Hang(std::string_view head, std::string_view text, int width, int indent) {
  const auto margin = static_cast<size_t>(indent);
  return PadRight(head, indent) + Wrap(std::string(margin, ' ').append(text), width, indent).substr(margin);
}

std::string TextTable(const std::vector<std::vector<std::string>>& rows, int width, int indent) {
  std::vector<int> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
    }
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line(static_cast<size_t>(indent), ' ');
    for (size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();
      line += last ? CutTo(row[i], std::max(8, width - DisplayWidth(line))) : PadRight(row[i], widths[i] + 2);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string ShellQuote(std::string_view word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(word);
  }
  std::string quoted = "'";
  for (const char c : word) {
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return quoted + "'";
}

}  // namespace pgmoult::tools
