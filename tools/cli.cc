#include "tools/cli.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "tools/cli_help.h"
#include "tools/passwords.h"
#include "tools/units.h"

namespace pgmoult::tools {
namespace {

using engine::CaptureMode;
using engine::DualWriteMode;
using engine::OldSnapshots;
using engine::VerifyMode;

constexpr std::array<std::pair<Verb, std::string_view>, 13> kVerbs = {{
    {Verb::kPlan, "plan"},
    {Verb::kRun, "run"},
    {Verb::kResume, "resume"},
    {Verb::kStatus, "status"},
    {Verb::kPause, "pause"},
    {Verb::kContinue, "continue"},
    {Verb::kCutover, "cutover"},
    {Verb::kNoForce, "no-force"},
    {Verb::kAbort, "abort"},
    {Verb::kRevert, "revert"},
    {Verb::kFinalize, "finalize"},
    {Verb::kCleanup, "cleanup"},
    {Verb::kDemo, "demo"},
}};

template <typename Enum>
using Names = std::array<std::pair<std::string_view, Enum>, 2>;

constexpr Names<VerifyMode> kVerifyNames = {{{"full", VerifyMode::kFull}, {"off", VerifyMode::kOff}}};
constexpr Names<CaptureMode> kCaptureNames = {{{"statement", CaptureMode::kStatement}, {"row", CaptureMode::kRow}}};
constexpr Names<OldSnapshots> kOldSnapshotsNames = {
    {{"give-up", OldSnapshots::kGiveUp}, {"go-on", OldSnapshots::kGoOn}}};
constexpr std::array<std::pair<std::string_view, DualWriteMode>, 3> kDualWriteNames = {
    {{"auto", DualWriteMode::kAuto}, {"early", DualWriteMode::kEarly}, {"never", DualWriteMode::kNever}}};

template <typename Table, typename Enum>
std::string_view NameOf(const Table& names, Enum value) {
  const auto found = std::ranges::find_if(names, [value](const auto& entry) { return entry.second == value; });
  return found == names.end() ? "" : found->first;
}

// An option that takes one of a few words.
template <typename Table, typename Enum>
CLI::Option* AddChoice(CLI::App& app, const std::string& name, const Table& names, Enum& target,
                       const std::string& description) {
  std::string words;
  for (const auto& [word, value] : names) {
    words += (words.empty() ? "" : "|") + std::string(word);
  }
  const auto assign = [&names, &target, words, name](const std::string& word) {
    const auto found = std::ranges::find_if(names, [&word](const auto& entry) { return entry.first == word; });
    if (found == names.end()) {
      throw CLI::ValidationError(name, fmt::format("\"{}\" is not one of {}", OneLine(word), words));
    }
    target = found->second;
  };
  return app.add_option_function<std::string>(name, assign, description)->type_name(words);
}

template <typename Duration>
CLI::Option* AddDuration(CLI::App& app, const std::string& name, Duration& target, const std::string& description) {
  const auto assign = [&target, name](const std::string& text) {
    const auto duration = ParseDuration(text);
    if (!duration.ok()) {
      throw CLI::ValidationError(name, std::string(duration.status().message()));
    }
    target = std::chrono::ceil<Duration>(*duration);
  };
  return app.add_option_function<std::string>(name, assign, description)->type_name("DUR");
}

void AddConnection(CLI::App& app, ConnectionArguments& connection) {
  constexpr char kGroup[] = "Connection";
  app.add_option("-h,--host", connection.host, "Server's host name, or the directory of its Unix socket.")
      ->type_name("HOST")
      ->group(kGroup);
  app.add_option("-p,--port", connection.port, "Server's port.")->type_name("PORT")->group(kGroup);
  app.add_option("-U,--username", connection.user, "Login: the table's owner, a member of that role, or a superuser.")
      ->type_name("NAME")
      ->group(kGroup);
  auto* database =
      app.add_option("-d,--dbname", connection.database,
                     "Database: a name, a conninfo string (\"host=db1 dbname=shop\") or a URI "
                     "(postgresql://db1/shop), without a password. What such a string says wins over -h, -p "
                     "and -U.");
  database->type_name("DB")->group(kGroup);
  app.add_option("--dsn", connection.database, "The same as -d with a conninfo string or a URI.")
      ->type_name("DSN")
      ->excludes(database)
      ->group(kGroup);
  auto* never = app.add_flag("-w,--no-password", connection.never_prompt,
                             "Never ask for a password: fail where the server wants one and libpq knows none.");
  never->group(kGroup);
  app.add_flag("-W,--password", connection.prompt_password,
               "Ask for a password on the terminal before connecting. Without this, it is asked for when the server "
               "wants one.")
      ->excludes(never)
      ->group(kGroup);
}

void AddChange(CLI::App& app, Arguments& arguments) {
  constexpr char kGroup[] = "Change (exactly one of these)";
  app.add_option("--alter", arguments.alter,
                 "The change: one or more ALTER TABLE statements on one table, separated by semicolons.")
      ->type_name("SQL")
      ->group(kGroup);
  app.add_option("--file", arguments.file, "Read the change from a file; - is standard input.")
      ->type_name("FILE")
      ->group(kGroup);
  app.add_option("--table", arguments.table,
                 "Rebuild this table as it is: removes bloat, changes nothing else. Written as in SQL: orders, "
                 "shop.orders, \"Orders\".")
      ->type_name("NAME")
      ->group(kGroup);
}

// The run options that change what the plan says.
void AddPlanned(CLI::App& app, engine::RunOptions& options) {
  constexpr char kGroup[] = "Following writes";
  AddChoice(app, "--capture", kCaptureNames, options.capture,
            "How writes to the table are seen. statement: triggers per statement with transition tables, nearly free "
            "for bulk statements. row: triggers per row, which need no temporary files (temp_file_limit); nothing is "
            "written through. Default: statement.")
      ->group(kGroup);
  AddChoice(app, "--dual-write", kDualWriteNames, options.dual_write,
            "Whether the application's writes go through to the new table before the swap, which makes the swap's lock "
            "shorter. auto: shortly before the swap, where the change allows it. early: right after the first replay, "
            "for a swap that is postponed for days. never: writes are only logged, to the end. Default: auto.")
      ->group(kGroup);
  app.add_flag("--no-revert", options.no_revert,
               "After the swap nothing is logged any more, which spares the application's writes the triggers until "
               "finalize; the swap cannot be undone. Default: `pgmoult revert` can undo it until finalize.")
      ->group(kGroup);
  constexpr char kSafety[] = "Safety";
  app.add_flag("--trust-owner", options.trust_owner,
               "Let a superuser login run the code of a table owner who is not one: functions in defaults, CHECKs and "
               "index expressions run in its sessions. Default: refused.")
      ->group(kSafety);
  app.add_flag("--allow-publish-all", options.allow_publish_all,
               "Go on in a database with a publication FOR ALL TABLES, whose subscribers would see the new table's "
               "rows under a name they do not have. Default: refused.")
      ->group(kSafety);
}

void AddRun(CLI::App& app, engine::RunOptions& options) {
  constexpr char kSpeed[] = "Speed";
  app.add_option("--jobs", options.jobs, "Copy workers, and index builds at once; 1 to 64. Default: 2.")
      ->type_name("N")
      ->group(kSpeed);
  app.add_option("--chunk-ms", options.chunk_ms,
                 "Server time in milliseconds that one chunk of rows aims at, in copy and verify; 1 to 10000. Smaller "
                 "chunks disturb less and cost more. Default: 100.")
      ->type_name("N")
      ->group(kSpeed);
  AddChoice(app, "--verify", kVerifyNames, options.verify,
            "full: compare every row of both tables before the swap. off: trust the copy; saves the time of reading "
            "both tables once more. Default: full.")
      ->group("Safety");
  constexpr char kSwap[] = "Swap";
  app.add_flag("--postpone-cutover", options.postpone_cutover,
               "Do everything up to the swap, keep the new table up to date, and wait for `pgmoult cutover ID`. "
               "Default: swap as soon as possible.")
      ->group(kSwap);
  app.add_option_function<int64_t>(
         "--max-hold-ms", [&options](int64_t ms) { options.max_hold = std::chrono::milliseconds(ms); },
         "Milliseconds for which the swap may hold its ACCESS EXCLUSIVE lock, at least 50; past it the try is rolled "
         "back and made again. Default: 1000.")
      ->type_name("N")
      ->group(kSwap);
  AddDuration(app, "--lock-budget", options.lock_budget,
              "Time for getting a lock politely, all tries together; each try waits for at most 300 ms, so that nobody "
              "queues behind it for longer. When it is spent, the run ends with exit code 6. Default: 10m.")
      ->group(kSwap);
  app.add_option("--cutover-window", options.cutover_window,
                 "Hours of the day, as 22:30-04:00, in this machine's time zone, within which the swap may be tried; "
                 "outside them the new table is kept up to date. Default: at any time.")
      ->type_name("HH:MM-HH:MM")
      ->group(kSwap);
  AddDuration(app, "--max-pause", options.max_pause,
              "The longest pause between two tries of the swap. After a try that found its locks taken, or held them "
              "too long, the pauses are 0, 1, 5, 10, 30 s. Default: 30s.")
      ->group(kSwap);
  AddDuration(
      app, "--force-cutover-after", options.force_cutover_after,
      "Terminate sessions that have been in the way of the swap for so long. Spared are transactions younger than "
      "1 s, those that have been writing for more than a minute unless their client is idle, prepared ones, and "
      "whatever is no client. `pgmoult no-force ID` calls it off. Default: terminate nobody.")
      ->group(kSwap);
  AddDuration(
      app, "--revert-window", options.revert_window,
      "After the swap, go on running and keep the old table for so long, then finalize: drop it, and with it the "
      "way back. `pgmoult revert ID` and `pgmoult finalize ID` end the wait. Default: the run ends with the swap, "
      "and the old table stays until somebody finalizes.")
      ->group(kSwap);
  AddDuration(app, "--wait-old-snapshots", options.wait_old_snapshots,
              "Time to wait before the swap for transactions with snapshots from before the last replay. Default: 5m.")
      ->group(kSwap);
  AddChoice(app, "--on-old-snapshots", kOldSnapshotsNames, options.on_old_snapshots,
            "What to do when that time is over. give-up: stop before the swap, to be resumed. go-on: swap; a "
            "REPEATABLE READ transaction from before may then read the new table as of an older time. "
            "Default: give-up.")
      ->group(kSwap);
  AddDuration(app, "--dead-man", options.dead_man,
              "Let the capture triggers stop logging once the engine has given no sign of life for so long, at least "
              "10s; the copy must then start again. Keeps the change log of a dead engine from growing for ever. "
              "Default: never.")
      ->group("Safety");
  AddDuration(
      app, "--retry-for", options.retry_for,
      "Time for which a fault that passes is waited out: a lost connection, a server that restarts or fails "
      "over, a full disk, no free connection. The run goes on where it was. 0s: it ends at once, to be resumed. "
      "Default: 10m.")
      ->group("Safety");
}

void AddOutput(CLI::App& app, Arguments& arguments, const std::string& json_text) {
  app.add_flag("--json", arguments.json, json_text)->group("Output");
}

void AddRunOutput(CLI::App& app, Arguments& arguments) {
  AddOutput(app, arguments,
            "Print events and progress as JSON, one object a line, each with the keys \"event\" and \"time\".");
  app.add_flag("--quiet", arguments.quiet, "Print warnings, errors and one line at the end, nothing else.")
      ->group("Output");
}

void AddId(CLI::App& app, Arguments& arguments, bool required) {
  app.add_option("ID", arguments.id, "Number of the migration, as `pgmoult status` lists it.")
      ->required(required)
      ->group("Arguments")
      ->type_name("")
      ->check(CLI::Validator(
          [](const std::string& text) {
            const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
            return digits && text.size() <= 18 && text.find_first_not_of('0') != std::string::npos
                       ? std::string()
                       : fmt::format("\"{}\" is not the number of a migration", OneLine(text));
          },
          ""));
}

void AddDemo(CLI::App& app, DemoOptions& demo) {
  constexpr char kGroup[] = "Demo";
  app.add_option("--rows", demo.rows, "Rows of the table that is changed, at least 1000. Default: 2000000.")
      ->check(CLI::Range(int64_t{1000}, int64_t{1'000'000'000}).description(""))
      ->type_name("N")
      ->group(kGroup);
  app.add_option(
         "--seconds", demo.seconds,
         "Seconds of load beside the change: a quarter before it, a quarter after it, each at least 3. Default: 20.")
      ->check(CLI::Range(1, 86'400).description(""))
      ->type_name("N")
      ->group(kGroup);
  app.add_option("--clients", demo.clients, "Sessions that read and write the table meanwhile. Default: 4.")
      ->check(CLI::Range(1, 256).description(""))
      ->type_name("N")
      ->group(kGroup);
  app.add_option("--jobs", demo.jobs, "Copy workers; 1 to 64. Default: 2.")
      ->check(CLI::Range(1, 64).description(""))
      ->type_name("N")
      ->group(kGroup);
  app.add_flag("--json", demo.json, "Print the report as JSON.")->group(kGroup);
}

void AddOptions(CLI::App& app, Verb verb, Arguments& arguments) {
  switch (verb) {
    case Verb::kPlan:
      AddChange(app, arguments);
      AddPlanned(app, arguments.options);
      AddOutput(app, arguments, "Print the plan as one JSON object.");
      break;
    case Verb::kRun:
      AddChange(app, arguments);
      AddRun(app, arguments.options);
      AddPlanned(app, arguments.options);
      AddRunOutput(app, arguments);
      break;
    case Verb::kResume:
    case Verb::kRevert:
      AddId(app, arguments, /*required=*/true);
      AddRunOutput(app, arguments);
      break;
    case Verb::kStatus:
      AddId(app, arguments, /*required=*/false);
      app.add_flag("--watch", arguments.watch, "Show it again every second, until no engine is at work.")
          ->group("Output");
      AddOutput(
          app, arguments,
          "Print JSON: an object for one migration, else an array of them and of schemas of ours that belong to none.");
      break;
    case Verb::kPause:
    case Verb::kContinue:
    case Verb::kCutover:
    case Verb::kNoForce:
    case Verb::kAbort:
    case Verb::kFinalize:
      AddId(app, arguments, /*required=*/true);
      break;
    case Verb::kCleanup:
      break;
    case Verb::kDemo:
      AddDemo(app, arguments.demo);
      return;
  }
  AddConnection(app, arguments.connection);
}

constexpr char kPasswordObjection[] =
    "a password on the command line can be read by every user of this machine. Leave it out, and let libpq find it in "
    "~/.pgpass (or the file that PGPASSFILE names), or in PGPASSWORD; or type it when asked for it (-W)";

// What the parser's own rules cannot say; "" where all is well.
std::string Objection(const Arguments& arguments) {
  if (HoldsPassword(arguments.connection.database)) {
    return kPasswordObjection;
  }
  if (arguments.verb != Verb::kPlan && arguments.verb != Verb::kRun) {
    return "";
  }
  const int given = static_cast<int>(arguments.alter.has_value()) + static_cast<int>(arguments.file.has_value()) +
                    static_cast<int>(arguments.table.has_value());
  if (given != 1) {
    return "give exactly one of --alter, --file and --table";
  }
  const absl::Status valid = arguments.options.Validate();
  return valid.ok() ? "" : std::string(valid.message());
}

ParsedLine UsageError(std::string_view verb, std::string_view message) {
  const std::string command = verb.empty() ? "pgmoult" : fmt::format("pgmoult {}", verb);
  return {.arguments = std::nullopt,
          .text = fmt::format("{}: {}\nTry: {} --help\n", command, message, command),
          .exit_code = ExitCode::kUsage};
}

// What the parser would say less clearly; "" where the first word is a command.
std::string FirstWordObjection(const std::vector<std::string>& words) {
  if (words.empty()) {
    return "no command given";
  }
  const std::string& first = words.front();
  if (first.starts_with("-")) {
    return first == "--help" || first == "--version"
               ? ""
               : fmt::format("the command comes first, options such as {} after it", OneLine(first));
  }
  const bool known = std::ranges::any_of(kVerbs, [&first](const auto& entry) { return entry.second == first; });
  return known ? "" : fmt::format("there is no command \"{}\"", OneLine(first));
}

// Word for word what differs from the defaults.
std::string OptionsText(const engine::RunOptions& options) {
  const engine::RunOptions defaults;
  std::string text;
  const auto add = [&text](bool given, std::string_view option, const std::string& value = "") {
    if (given) {
      text += fmt::format(" {}{}{}", option, value.empty() ? "" : " ", value);
    }
  };
  add(options.jobs != defaults.jobs, "--jobs", fmt::format("{}", options.jobs));
  add(options.chunk_ms != defaults.chunk_ms, "--chunk-ms", fmt::format("{}", options.chunk_ms));
  add(options.verify != defaults.verify, "--verify", std::string(NameOf(kVerifyNames, options.verify)));
  add(options.capture != defaults.capture, "--capture", std::string(NameOf(kCaptureNames, options.capture)));
  add(options.dual_write != defaults.dual_write, "--dual-write",
      std::string(NameOf(kDualWriteNames, options.dual_write)));
  add(options.postpone_cutover, "--postpone-cutover");
  add(options.no_revert, "--no-revert");
  add(options.trust_owner, "--trust-owner");
  add(options.allow_publish_all, "--allow-publish-all");
  add(options.max_hold != defaults.max_hold, "--max-hold-ms", fmt::format("{}", options.max_hold.count()));
  add(options.lock_budget != defaults.lock_budget, "--lock-budget", DurationText(options.lock_budget));
  add(!options.cutover_window.empty(), "--cutover-window", options.cutover_window);
  add(options.max_pause != defaults.max_pause, "--max-pause", DurationText(options.max_pause));
  add(options.force_cutover_after != defaults.force_cutover_after, "--force-cutover-after",
      DurationText(options.force_cutover_after));
  add(options.revert_window != defaults.revert_window, "--revert-window", DurationText(options.revert_window));
  add(options.wait_old_snapshots != defaults.wait_old_snapshots, "--wait-old-snapshots",
      DurationText(options.wait_old_snapshots));
  add(options.on_old_snapshots != defaults.on_old_snapshots, "--on-old-snapshots",
      std::string(NameOf(kOldSnapshotsNames, options.on_old_snapshots)));
  add(options.dead_man != defaults.dead_man, "--dead-man", DurationText(options.dead_man));
  add(options.retry_for != defaults.retry_for, "--retry-for", DurationText(options.retry_for));
  return text;
}

}  // namespace

std::string_view VerbName(Verb verb) {
  const auto* found = std::ranges::find_if(kVerbs, [verb](const auto& entry) { return entry.first == verb; });
  return found == kVerbs.end() ? "" : found->second;
}

ParsedLine ParseCommandLine(std::vector<std::string> words) {
  Arguments arguments;
  CLI::App app(ProgramDescription(), "pgmoult");
  app.formatter(MakeHelpFormatter());
  app.set_help_flag("--help", "Print this help and exit.");
  app.set_version_flag("--version", "pgmoult " PGMOULT_VERSION, "Print the version and exit.");
  app.footer(ProgramFooter());
  app.require_subcommand(1);
  for (const auto& [verb, name] : kVerbs) {
    CLI::App* command = app.add_subcommand(std::string(name), DescriptionOf(verb));
    command->set_help_flag("--help", "Print this help and exit.");
    command->footer(FooterOf(verb));
    command->callback([&arguments, chosen = verb] { arguments.verb = chosen; });
    AddOptions(*command, verb, arguments);
  }
  // What the parser says of a word that it does not take repeats the word.
  const bool holds_password = std::ranges::any_of(words, WordHoldsPassword);
  if (const std::string objection = FirstWordObjection(words); !objection.empty()) {
    return UsageError("", holds_password ? kPasswordObjection : objection);
  }
  std::string verb;
  try {
    std::ranges::reverse(words);
    app.parse(words);
    verb = VerbName(arguments.verb);
  } catch (const CLI::CallForHelp&) {
    return {.arguments = std::nullopt, .text = app.help(), .exit_code = ExitCode::kDone};
  } catch (const CLI::CallForVersion& version) {
    return {.arguments = std::nullopt, .text = fmt::format("{}\n", version.what()), .exit_code = ExitCode::kDone};
  } catch (const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    return UsageError(chosen.empty() ? "" : chosen.front()->get_name(),
                      holds_password ? kPasswordObjection : OneLine(error.what()));
  }
  if (const std::string objection = Objection(arguments); !objection.empty()) {
    return UsageError(verb, objection);
  }
  return {.arguments = std::move(arguments), .text = "", .exit_code = ExitCode::kDone};
}

engine::Target TargetOf(const ConnectionArguments& connection, const std::optional<std::string>& password) {
  engine::Target target;
  const auto add = [&target](const char* keyword, const std::string& value) {
    if (!value.empty()) {
      target.keywords.emplace_back(keyword, value);
    }
  };
  add("host", connection.host);
  add("port", connection.port);
  add("user", connection.user);
  // libpq lets a connection string in dbname overwrite what stands before it.
  add("dbname", connection.database);
  add("password", password.value_or(""));
  return target;
}

std::string ConnectionText(const ConnectionArguments& connection) {
  std::string text;
  const auto add = [&text](std::string_view option, const std::string& value) {
    if (!value.empty()) {
      text += fmt::format(" {} {}", option, ShellQuote(OneLine(value)));
    }
  };
  add("-h", connection.host);
  add("-p", connection.port);
  add("-U", connection.user);
  add("-d", WithoutPassword(connection.database));
  text += connection.never_prompt ? " -w" : "";
  text += connection.prompt_password ? " -W" : "";
  return text;
}

std::string NextCommand(Verb verb, int64_t id, const ConnectionArguments& connection) {
  return fmt::format("pgmoult {} {}{}", VerbName(verb), id, ConnectionText(connection));
}

std::string RunCommand(const Arguments& arguments) {
  std::string text = "pgmoult run" + ConnectionText(arguments.connection);
  if (arguments.alter) {
    text += " --alter " + ShellQuote(*arguments.alter);
  } else if (arguments.file) {
    text += " --file " + ShellQuote(*arguments.file);
  } else if (arguments.table) {
    text += " --table " + ShellQuote(*arguments.table);
  }
  return text + OptionsText(arguments.options);
}

}  // namespace pgmoult::tools
