#include "tools/progress_display.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "boost/json/object.hpp"
#include "boost/json/serialize.hpp"
#include "fmt/format.h"
#include "tools/units.h"

namespace pgmoult::tools {
namespace {

using engine::Progress;
using engine::Stage;

constexpr int kNarrowest = 20;
constexpr int kBarNarrowest = 8;  // below this a bar says nothing
constexpr int kBarWidest = 40;
constexpr char kGreen[] = "\x1b[32m";
constexpr char kYellow[] = "\x1b[33m";
constexpr char kPlainColour[] = "\x1b[0m";

std::string Coloured(std::string_view text, const char* colour, bool on) {
  return on ? fmt::format("{}{}{}", colour, text, kPlainColour) : std::string(text);
}

// Counts as people may see them: never negative, never more done than there is.
struct Counts {
  double done = 0;
  double total = 0;  // 0: unknown
};

Counts CountsOf(const Progress& progress) {
  Counts counts;
  counts.done = std::isfinite(progress.done) ? std::max(0.0, progress.done) : 0;
  counts.total = std::isfinite(progress.total) ? std::max(0.0, progress.total) : 0;
  if (counts.total > 0) {
    counts.done = std::min(counts.done, counts.total);
  }
  return counts;
}

bool CountsRows(Stage stage) { return stage == Stage::kCopy || stage == Stage::kReplay || stage == Stage::kVerify; }

// Percent of what is not finished stays below 100: 99.97 is not "100.0%".
double PercentOf(const Counts& counts) {
  const double percent = counts.done / counts.total * 100;
  return counts.done < counts.total ? std::min(percent, 99.9) : 100;
}

std::string Bar(double percent, int width) {
  const int inner = width - 2;
  const int filled = std::clamp(static_cast<int>(percent / 100 * inner), 0, inner);
  std::string bar(static_cast<size_t>(filled), '=');
  if (filled > 0 && filled < inner) {
    bar.back() = '>';
  }
  return "[" + bar + std::string(static_cast<size_t>(inner - filled), ' ') + "]";
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string line;
  for (const std::string& part : parts) {
    line += (line.empty() || part.empty() ? "" : "  ") + part;
  }
  return line;
}

// Drops parts until the line has room: `dispensable` names their places, first to go first.
std::string Fit(std::vector<std::string> parts, const std::vector<size_t>& dispensable, int width) {
  for (const size_t place : dispensable) {
    if (DisplayWidth(Joined(parts)) <= width) {
      break;
    }
    parts[place].clear();
  }
  return CutTo(Joined(parts), width);
}

std::string FirstLine(const Progress& progress, int width, bool colour) {
  const Counts counts = CountsOf(progress);
  const bool known = counts.total > 0;
  const bool rows = CountsRows(progress.stage);
  const std::string unit = rows ? " rows" : "";
  const std::string count = known ? fmt::format("{}/{}{}", HumanCount(counts.done), HumanCount(counts.total), unit)
                            : counts.done > 0 ? HumanCount(counts.done) + unit
                                              : std::string();
  const bool moves = std::isfinite(progress.rate) && progress.rate > 0;
  std::string rate = rows && moves ? fmt::format("{}/s", HumanCount(progress.rate)) : "";
  std::string eta = known && counts.done < counts.total ? "ETA " + HumanDuration(progress.eta_seconds) : "";
  const std::string percent = known ? fmt::format("{:5.1f}%", PercentOf(counts)) : "";
  std::string text = Fit({percent, count, std::move(rate), std::move(eta)}, {2, 1, 3}, width);
  const int room = std::min(width - DisplayWidth(text) - 1, kBarWidest);
  if (!known || room < kBarNarrowest) {
    return text;
  }
  return Coloured(Bar(PercentOf(counts), room), kGreen, colour) + " " + text;
}

std::string SecondLine(const Progress& progress, int width, bool colour) {
  const std::string stage(engine::StageName(progress.stage));
  const std::string waiting = progress.waiting.empty() ? "" : "waiting: " + OneLine(progress.waiting);
  const std::string workers =
      progress.workers > 0 ? fmt::format("{} worker{}", progress.workers, progress.workers == 1 ? "" : "s") : "";
  const std::string chunk =
      progress.chunk_rows > 0 && std::isfinite(progress.chunk_ms)
          ? fmt::format("chunk {} rows/{:.0f} ms", HumanCount(static_cast<double>(progress.chunk_rows)),
                        std::clamp(progress.chunk_ms, 0.0, 1e9))
          : "";
  const std::string replayed =
      progress.replayed_rows > 0 ? "replayed " + HumanCount(static_cast<double>(progress.replayed_rows)) : "";
  const std::string elapsed = progress.elapsed_seconds > 0 ? HumanDuration(progress.elapsed_seconds) : "";
  std::string line = Fit({stage, waiting, OneLine(progress.doing), workers, chunk, replayed, elapsed},
                         waiting.empty() ? std::vector<size_t>{6, 5, 4, 3} : std::vector<size_t>{6, 5, 4, 3, 2}, width);
  return waiting.empty() ? line : Coloured(line, kYellow, colour);
}

// A value for a key=value line: quoted where it is not one word.
std::string PlainValue(std::string_view text) {
  std::string line = OneLine(text);
  if (!line.empty() && line.find_first_of(" \"=\\") == std::string::npos) {
    return line;
  }
  std::string quoted = "\"";
  for (const char c : line) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
    }
    quoted += c;
  }
  return quoted + "\"";
}

std::string WithoutColours(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const size_t escape = std::min(text.find('\x1b'), text.size());
    plain += text.substr(0, escape);
    text.remove_prefix(escape);
    text.remove_prefix(text.empty() ? 0 : std::min(text.find('m'), text.size() - 1) + 1);
  }
  return plain;
}

}  // namespace

std::string RenderProgress(const Progress& progress, int width, bool colour) {
  width = std::max(width, kNarrowest);
  return FirstLine(progress, width, colour) + "\n" + SecondLine(progress, width, colour);
}

std::string PlainProgress(const Progress& progress) {
  const Counts counts = CountsOf(progress);
  std::string line =
      fmt::format("event=progress migration={} table={} stage={} done={:.0f} total={:.0f}", progress.migration,
                  PlainValue(progress.table), engine::StageName(progress.stage), counts.done, counts.total);
  if (counts.total > 0) {
    line += fmt::format(" percent={:.1f}", PercentOf(counts));
  }
  line += fmt::format(" rate={:.0f}", std::isfinite(progress.rate) ? std::max(0.0, progress.rate) : 0.0);
  if (std::isfinite(progress.eta_seconds) && progress.eta_seconds >= 0) {
    line += fmt::format(" eta_seconds={:.0f}", progress.eta_seconds);
  }
  line +=
      fmt::format(" workers={} chunk_rows={} chunk_ms={:.0f} replayed_rows={} elapsed_seconds={:.0f}", progress.workers,
                  progress.chunk_rows, progress.chunk_ms, progress.replayed_rows, progress.elapsed_seconds);
  line += progress.doing.empty() ? "" : " doing=" + PlainValue(progress.doing);
  line += progress.waiting.empty() ? "" : " waiting=" + PlainValue(progress.waiting);
  return line;
}

std::string PlainEvent(std::string_view kind, std::string_view text, const boost::json::value& facts) {
  std::string line = fmt::format("event={} text={}", PlainValue(kind), PlainValue(text));
  if (!facts.is_object()) {
    return line;
  }
  for (const auto& [key, value] : facts.get_object()) {
    if (value.is_string()) {
      line += fmt::format(" {}={}", std::string(key), PlainValue(std::string(value.get_string())));
    } else if (value.is_double()) {
      line += fmt::format(" {}={:.6g}", std::string(key), value.get_double());
    } else if (value.is_number() || value.is_bool()) {
      line += fmt::format(" {}={}", std::string(key), boost::json::serialize(value));
    }
  }
  return line;
}

std::string JsonEvent(std::string_view kind, std::string_view time, std::string_view text,
                      const boost::json::value& facts) {
  return boost::json::serialize(boost::json::object{
      {"event", std::string(kind)}, {"time", std::string(time)}, {"text", std::string(text)}, {"facts", facts}});
}

std::string JsonLine(std::string_view kind, std::string_view time, std::string_view key,
                     const boost::json::value& value) {
  return boost::json::serialize(
      boost::json::object{{"event", std::string(kind)}, {"time", std::string(time)}, {std::string(key), value}});
}

std::string ProgressDisplay::Stamp() const {
  return absl::FormatTime(absl::RFC3339_sec, absl::FromChrono(options_.now()), absl::UTCTimeZone());
}

void ProgressDisplay::OnProgress(const Progress& progress) {
  const Time now = options_.now();
  const bool changed = !seen_ || progress.waiting != last_.waiting || progress.stage != last_.stage;
  last_ = progress;
  std::chrono::milliseconds pause{100};
  if (options_.mode == DisplayMode::kPlain) {
    pause = std::chrono::seconds(5);
  } else if (options_.mode == DisplayMode::kJson) {
    pause = std::chrono::seconds(1);
  }
  // A clock that was set back must not silence the display.
  if (!changed && now >= last_time_ && now - last_time_ < pause) {
    return;
  }
  seen_ = true;
  last_time_ = now;
  switch (options_.mode) {
    case DisplayMode::kTerminal:
      Draw();
      break;
    case DisplayMode::kPlain:
      options_.write(fmt::format("time={} {}\n", Stamp(), PlainProgress(progress)));
      break;
    case DisplayMode::kJson:
      options_.write(JsonLine("progress", Stamp(), "progress", engine::ToJson(progress)) + "\n");
      break;
    case DisplayMode::kQuiet:
      break;
  }
}

void ProgressDisplay::OnEvent(std::string_view kind, std::string_view text, const boost::json::value& facts) {
  const bool warning = kind == "warning";
  switch (options_.mode) {
    case DisplayMode::kTerminal: {
      const std::string line =
          fmt::format("{} {}{}", absl::FormatTime("%H:%M:%S", absl::FromChrono(options_.now()), absl::LocalTimeZone()),
                      warning           ? "warning: "
                      : kind == "stage" ? "stage "
                                        : "",
                      OneLine(text));
      options_.write(Erase() + Coloured(line, kYellow, options_.colour && warning) + "\n");
      if (!drawn_.empty()) {
        drawn_.clear();
        Draw();
      }
      break;
    }
    case DisplayMode::kPlain:
      options_.write(fmt::format("time={} {}\n", Stamp(), PlainEvent(kind, text, facts)));
      break;
    case DisplayMode::kJson:
      options_.write(JsonEvent(kind, Stamp(), text, facts) + "\n");
      break;
    case DisplayMode::kQuiet:
      if (warning) {
        options_.write_error(fmt::format("pgmoult: warning: {}\n", OneLine(text)));
      }
      break;
  }
}

void ProgressDisplay::Finish() {
  if (!drawn_.empty()) {
    options_.write("\n");
    drawn_.clear();
  }
}

void ProgressDisplay::Draw() {
  // The last column stays free: some terminals wrap as soon as it is written.
  const std::string picture = RenderProgress(last_, options_.width() - 1, options_.colour);
  options_.write(Erase() + picture);
  drawn_ = WithoutColours(picture);
}

std::string ProgressDisplay::Erase() const {
  if (drawn_.empty()) {
    return "";
  }
  // A window made narrower since then has folded the lines.
  const int width = std::max(1, options_.width());
  const size_t end = drawn_.find('\n');
  int rows = 0;
  for (const std::string_view line :
       {std::string_view(drawn_).substr(0, end), std::string_view(drawn_).substr(end + 1)}) {
    rows += std::max(1, (DisplayWidth(line) + width - 1) / width);
  }
  return rows > 1 ? fmt::format("\r\x1b[{}A\x1b[J", rows - 1) : "\r\x1b[J";
}

int TerminalWidth() {
  winsize size{};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace pgmoult::tools
