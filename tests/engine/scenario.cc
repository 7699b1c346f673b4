#include "tests/engine/scenario.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "fmt/format.h"
#include "tests/support/change.h"
#include "tests/support/oracle.h"
#include "tests/support/server.h"

namespace pgmoult::tests {
namespace {

std::string Trimmed(std::string text) {
  absl::StripAsciiWhitespace(&text);
  return text;
}

std::vector<std::string> LinesOf(const std::string& path) {
  std::vector<std::string> lines;
  std::istringstream text(ReadWholeFile(path));
  for (std::string line; std::getline(text, line);) {
    if (line = Trimmed(line); !line.empty()) {
      lines.push_back(line);
    }
  }
  return lines;
}

// The two parts of "before<separator>after"; the second is empty where there is no separator.
std::pair<std::string, std::string> SplitAt(const std::string& line, char separator) {
  const size_t at = line.find(separator);
  return {line.substr(0, at), at == std::string::npos ? "" : line.substr(at + 1)};
}

// A rebuild is a comment, so that psql can run the file as well; other comments before the statement are left out.
void ReadAlter(Scenario& scenario) {
  constexpr std::string_view kRebuild = "-- rebuild ";
  std::string rest = Trimmed(ReadWholeFile(scenario.folder + "/alter.sql"));
  while (rest.starts_with("--")) {
    const auto [line, others] = SplitAt(rest, '\n');
    if (line.starts_with(kRebuild)) {
      scenario.rebuild = true;
      scenario.change = Trimmed(line.substr(kRebuild.size()));
    }
    rest = Trimmed(others);
  }
  if (scenario.rebuild != rest.empty()) {
    throw std::runtime_error("alter.sql has neither ALTER TABLE nor the one line -- rebuild <table>");
  }
  if (!scenario.rebuild) {
    scenario.change = rest;
  }
}

bool Flag(const std::string& value) {
  if (value != "true") {
    throw std::runtime_error(fmt::format("'{}' in settings: only true can be said", value));
  }
  return true;
}

void ReadSetting(Scenario& scenario, const std::string& line) {
  const auto [key, value] = SplitAt(line, '=');
  if (key == "login") {
    scenario.login = value;
  } else if (key == "unordered") {
    scenario.unordered = value;
  } else if (key == "way_back" && value == "none") {
    scenario.way_back = false;
  } else if (key == "allow_publish_all") {
    scenario.options.allow_publish_all = Flag(value);
  } else if (key == "trust_owner") {
    scenario.options.trust_owner = Flag(value);
  } else if (key == "capture" && value == "row") {
    scenario.options.capture = engine::CaptureMode::kRow;
  } else if (key != "from" || !absl::SimpleAtoi(value, &scenario.from)) {
    throw std::runtime_error(fmt::format("unknown line in settings: {}", line));
  }
}

}  // namespace

void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

Scenario ReadScenario(const std::string& folder) {
  Scenario scenario;
  scenario.folder = folder;
  scenario.name = std::filesystem::path(folder).filename();
  scenario.options = SmallOptions();
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.insert(entry.path().filename());
  }
  for (const std::string& file : files) {
    static const std::set<std::string> kKnown = {"setup.sql", "alter.sql", "workload.sql",
                                                 "after.sql", "refused",   "settings"};
    if (!kKnown.contains(file)) {
      throw std::runtime_error(fmt::format("{}: a scenario has no file {}", scenario.name, file));
    }
  }
  if (!files.contains("setup.sql") || !files.contains("alter.sql")) {
    throw std::runtime_error(fmt::format("{}: setup.sql or alter.sql is missing", scenario.name));
  }
  scenario.has_workload = files.contains("workload.sql");
  scenario.has_after = files.contains("after.sql");
  ReadAlter(scenario);
  if (files.contains("settings")) {
    for (const std::string& line : LinesOf(folder + "/settings")) {
      ReadSetting(scenario, line);
    }
  }
  if (files.contains("refused")) {
    for (const std::string& line : LinesOf(folder + "/refused")) {
      const auto [code, text] = SplitAt(line, ' ');
      scenario.refused.push_back({.code = code, .text = text});
    }
    if (scenario.refused.empty()) {
      throw std::runtime_error(fmt::format("{}: refused says nothing", scenario.name));
    }
  }
  return scenario;
}

std::vector<std::string> ScenarioFolders() {
  std::vector<std::string> folders;
  if (std::getenv("PGMOULT_SOURCE_DIR") != nullptr) {  // NOLINT(concurrency-mt-unsafe): nobody sets it
    const std::string parent = SourcePath("tests/scenarios");
    if (std::filesystem::is_directory(parent)) {
      // Files beside the folders are scripts that several of them share.
      for (const auto& entry : std::filesystem::directory_iterator(parent)) {
        if (entry.is_directory()) {
          folders.push_back(entry.path());
        }
      }
    }
  }
  std::ranges::sort(folders);
  return folders;
}

std::vector<Scenario> ScenariosForThisServer() {
  std::vector<Scenario> scenarios;
  for (const std::string& folder : ScenarioFolders()) {
    try {
      scenarios.push_back(ReadScenario(folder));
      scenarios.back().number = static_cast<int>(scenarios.size());
    } catch (const std::exception&) {  // AllCanBeRead reports it
      continue;
    }
  }
  return ForThisServer(scenarios);
}

}  // namespace pgmoult::tests
