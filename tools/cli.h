#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/options.h"
#include "engine/sessions.h"
#include "tools/demo.h"

namespace pgmoult::tools {

// Exit codes of the program.
enum class ExitCode {
  kDone = 0,
  kFailed = 1,  // nothing changed
  kUsage = 2,
  kStopped = 3,         // can be resumed
  kOutcomeUnknown = 4,  // the connection broke while the swap was being committed
  kRefused = 5,         // by preflight; nothing done
  kLockNotGot = 6,      // within its budget; trying again is safe
};

enum class Verb {
  kPlan,
  kRun,
  kResume,
  kStatus,
  kPause,
  kContinue,
  kCutover,
  kNoForce,
  kAbort,
  kRevert,
  kFinalize,
  kCleanup,
  kDemo
};
std::string_view VerbName(Verb verb);

// Where the database is, in psql's words. Never holds a password.
struct ConnectionArguments {
  std::string host;
  std::string port;
  std::string user;
  std::string database;          // a name, a conninfo string or a URI; a string's parts win over host, port and user
  bool never_prompt = false;     // -w
  bool prompt_password = false;  // -W
};

// A parsed command line. A plain value; members that the verb does not take have their defaults.
struct Arguments {
  Verb verb = Verb::kStatus;
  ConnectionArguments connection;
  // plan, run: exactly one of these is set.
  std::optional<std::string> alter;
  std::optional<std::string> file;  // "-": standard input
  std::optional<std::string> table;
  engine::RunOptions options;
  std::optional<int64_t> id;
  bool json = false;
  bool quiet = false;
  bool watch = false;
  DemoOptions demo;
};

// Either arguments, or a text to print and the code to exit with: help and version are for standard output (code 0),
// errors for standard error (code 2).
struct ParsedLine {
  std::optional<Arguments> arguments;
  std::string text;
  ExitCode exit_code = ExitCode::kDone;
};

// Reads the words after the program's name. Pure: no environment, no file, no terminal.
ParsedLine ParseCommandLine(std::vector<std::string> words);

// The keywords for libpq: only those given, in an order that lets a connection string win as in psql. `password`, where
// somebody typed one, is the only place that holds it.
engine::Target TargetOf(const ConnectionArguments& connection, const std::optional<std::string>& password);

// The connection options as they would be typed again, each with a blank before it: " -h db1 -d shop"; "" where none
// was given.
std::string ConnectionText(const ConnectionArguments& connection);
// "pgmoult resume 7 -h db1".
std::string NextCommand(Verb verb, int64_t id, const ConnectionArguments& connection);
// The `pgmoult run` that does what the arguments of a plan say.
std::string RunCommand(const Arguments& arguments);

}  // namespace pgmoult::tools
