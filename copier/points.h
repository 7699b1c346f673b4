#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "pg/test_hooks.h"

namespace pgmoult::copier {

// The places of a run, and of the commands that end one, at which tests let the program or the server die: after each
// of its steps that leave something in the database. Each begins with the stage's name.
inline constexpr std::array<std::string_view, 26> kPoints = {
    "prepare: registered",
    "prepare: shadow made",
    "prepare: triggers made",
    "copy: end fixed",
    "copy: chunk committed",
    "copy: all copied",
    "index: key index built",
    "index: all built",
    "replay: round committed",
    "replay: constraints built",
    "replay: analyzed",
    "verify: chunk recorded",
    "verify: all compared",
    "approach: checked",
    "approach: writes go through",
    "cutover: old schema made",
    "cutover: locked",
    "cutover: before COMMIT",
    "cutover: committed",
    "observe: keys validated",
    "observe: fence dropped",
    "abort: triggers dropped",
    "abort: schemas dropped",
    "finalize: capture ended",
    "finalize: old table dropped",
    "finalize: schemas dropped",
};

// One of kPoints; another name does not compile.
class Point {
 public:
  consteval Point(const char* name) : name_(name) {  // NOLINT(google-explicit-constructor): a checked literal
    if (std::ranges::find(kPoints, name_) == kPoints.end()) {
      throw "not one of kPoints";
    }
  }
  std::string_view name() const { return name_; }

 private:
  std::string_view name_;
};

// The run is there. Does nothing where tests are not built.
inline void Pass(Point point) { pg::PassPointHook(point.name()); }

}  // namespace pgmoult::copier
