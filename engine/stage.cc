#include "engine/stage.h"

#include <array>
#include <utility>

namespace pgmoult::engine {
namespace {

constexpr std::array<std::pair<Stage, std::string_view>, 8> kNames = {{
    {Stage::kPrepare, "prepare"},
    {Stage::kCopy, "copy"},
    {Stage::kIndex, "index"},
    {Stage::kReplay, "replay"},
    {Stage::kVerify, "verify"},
    {Stage::kApproach, "approach"},
    {Stage::kCutover, "cutover"},
    {Stage::kObserve, "observe"},
}};

}  // namespace

std::string_view StageName(Stage stage) {
  for (const auto& [value, name] : kNames) {
    if (value == stage) {
      return name;
    }
  }
  return "unknown";
}

std::optional<Stage> StageOf(std::string_view name) {
  for (const auto& [value, text] : kNames) {
    if (text == name) {
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace pgmoult::engine
