#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "boost/json/value.hpp"
#include "engine/run.h"

namespace pgmoult::tools {

// Two lines for a terminal, separated by a line end, neither wider than `width` columns (at least 20): bar, percent,
// rows, rate and ETA; stage, what it waits for or does, workers, chunk, replayed rows. What has no room is left out,
// the least important first; the reason for waiting goes last. Colours add escape sequences, which take no columns.
// Pure.
std::string RenderProgress(const engine::Progress& progress, int width, bool colour);

// "event=progress migration=7 stage=copy done=…": one line without its end, for logs.
std::string PlainProgress(const engine::Progress& progress);
// "event=swap_try text=\"…\" tries=3": the facts that are plain values follow the text.
std::string PlainEvent(std::string_view kind, std::string_view text, const boost::json::value& facts);
// {"event": kind, "time": …, "text": …, "facts": …} in one line.
std::string JsonEvent(std::string_view kind, std::string_view time, std::string_view text,
                      const boost::json::value& facts);
// {"event": kind, "time": …, <key>: value} in one line.
std::string JsonLine(std::string_view kind, std::string_view time, std::string_view key,
                     const boost::json::value& value);

enum class DisplayMode {
  kTerminal,  // two lines drawn again in place, events above them
  kPlain,     // a key=value line every 5 seconds and at every event
  kJson,      // an object a line: progress at most once a second, and every event
  kQuiet,     // nothing but warnings
};

struct DisplayOptions {
  DisplayMode mode = DisplayMode::kPlain;
  bool colour = false;
  std::function<void(std::string_view)> write = [](std::string_view) {};        // standard output
  std::function<void(std::string_view)> write_error = [](std::string_view) {};  // warnings in mode kQuiet
  std::function<int()> width = [] { return 80; };                               // of the terminal, now
  std::function<std::chrono::system_clock::time_point()> now = [] { return std::chrono::system_clock::now(); };
};

// Shows a run to people and to machines. Decides when to draw; all output goes through the functions it was given.
// One thread.
class ProgressDisplay {
 public:
  explicit ProgressDisplay(DisplayOptions options) : options_(std::move(options)) {}

  // Called as often as one likes: draws at most ten times a second, and at once where stage or waiting has changed.
  void OnProgress(const engine::Progress& progress);
  void OnEvent(std::string_view kind, std::string_view text, const boost::json::value& facts);
  // Ends the drawing: what comes next begins on a line of its own. The last picture stays.
  void Finish();

 private:
  using Time = std::chrono::system_clock::time_point;

  std::string Stamp() const;
  void Draw();
  // Takes the two lines off the terminal, however many rows they take by now.
  std::string Erase() const;

  DisplayOptions options_;
  engine::Progress last_;
  std::string drawn_;  // without colours; "" where nothing stands on the terminal
  bool seen_ = false;
  Time last_time_;
};

// The width of the terminal on standard output; 80 where it has none.
int TerminalWidth();

}  // namespace pgmoult::tools
