#include "tools/commands.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/signal_set.hpp"
#include "boost/json/serialize.hpp"
#include "engine/control.h"
#include "engine/plan.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/connection.h"
#include "pg/macros.h"
#include "pg/status.h"
#include "tools/demo.h"
#include "tools/password_prompt.h"
#include "tools/plan_text.h"
#include "tools/progress_display.h"
#include "tools/status_text.h"
#include "tools/units.h"

namespace pgmoult::tools {
namespace {

using engine::Migration;
using engine::Target;

// Whole pieces at once: a log that is followed never sees half a line.
void Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void PrintError(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

bool OnTerminal() {
  const char* term = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && term != nullptr && std::strcmp(term, "dumb") != 0;
}

bool WithColour() {
  const char* no_colour = std::getenv("NO_COLOR");
  return OnTerminal() && (no_colour == nullptr || *no_colour == '\0');
}

// Runs the io_context until the coroutine has ended.
template <typename T>
T Await(boost::asio::io_context& io, pg::Awaitable<T> task, const std::function<void()>& on_end = [] {}) {
  std::optional<T> result;
  std::exception_ptr failure;
  boost::asio::co_spawn(io, std::move(task), [&](std::exception_ptr thrown, T value) {
    failure = std::move(thrown);
    result.emplace(std::move(value));
    on_end();
  });
  io.restart();
  io.run();
  if (failure) {
    std::rethrow_exception(failure);
  }
  return std::move(*result);
}

int Code(ExitCode code) { return static_cast<int>(code); }

int UsageFailure(std::string_view verb, const absl::Status& status) {
  PrintError(fmt::format("pgmoult {}: {}\nNothing was changed.\n", verb, std::string(status.message())));
  return Code(ExitCode::kUsage);
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) {
      return absl::InvalidArgumentError(fmt::format("file \"{}\" cannot be read: {}", path, std::strerror(errno)));
    }
  }
  std::istream& stream = path == "-" ? std::cin : file;
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (stream.bad()) {
    return absl::InvalidArgumentError(fmt::format("file \"{}\" cannot be read to its end", path));
  }
  return text;
}

absl::StatusOr<engine::Change> ReadChange(const Arguments& arguments) {
  if (arguments.table) {
    return engine::ParseRebuild(*arguments.table);
  }
  if (arguments.alter) {
    return engine::ParseChange(*arguments.alter);
  }
  ASSIGN_OR_RETURN(const std::string text, ReadText(arguments.file.value_or("-")));
  return engine::ParseChange(text);
}

pg::Awaitable<absl::Status> TryConnect(Target target) {
  pg::ConnectOptions options;
  options.keywords = std::move(target.keywords);
  co_return (co_await pg::Connection::Connect(std::move(options))).status();
}

// The target with a password where one has to be typed: at once with -W, else when the server turns out to want one
// that libpq does not know.
absl::StatusOr<Target> OpenTarget(boost::asio::io_context& io, const ConnectionArguments& connection) {
  if (connection.prompt_password) {
    ASSIGN_OR_RETURN(const std::string password, AskPassword("Password: "));
    return TargetOf(connection, password);
  }
  Target target = TargetOf(connection, std::nullopt);
  if (connection.never_prompt || isatty(STDIN_FILENO) != 1) {
    return target;
  }
  absl::Status tried = Await(io, TryConnect(target));
  if (tried.ok()) {
    return target;
  }
  // libpq has no code for it; the text is not localised, as this program sets no locale.
  if (std::string(tried.message()).find("no password supplied") == std::string::npos) {
    return tried;
  }
  ASSIGN_OR_RETURN(const std::string password, AskPassword("Password: "));
  return TargetOf(connection, password);
}

// Stops a run in order at the first SIGINT, SIGTERM or SIGHUP; the second one is for the caller to obey.
class StopOnSignal {
 public:
  StopOnSignal(boost::asio::io_context& io, engine::StopRequest& stop, std::function<void()> on_first,
               std::function<void()> on_second)
      : signals_(io, SIGINT, SIGTERM, SIGHUP),
        stop_(stop),
        on_first_(std::move(on_first)),
        on_second_(std::move(on_second)) {
    Wait();
  }

  void Cancel() { signals_.cancel(); }

 private:
  void Wait() {
    signals_.async_wait([this](const boost::system::error_code& error, int /*signal*/) {
      if (error) {
        return;
      }
      if (stop_.stopped()) {
        on_second_();
      } else {
        stop_.Stop();
        on_first_();
      }
      Wait();
    });
  }

  boost::asio::signal_set signals_;
  engine::StopRequest& stop_;
  std::function<void()> on_first_;
  std::function<void()> on_second_;
};

using StartRun = std::function<pg::Awaitable<absl::StatusOr<engine::RunReport>>(engine::Observer observer,
                                                                                const engine::StopRequest& stop)>;

// One run or resume, from its first event to the exit code.
class RunSession {
 public:
  RunSession(boost::asio::io_context& io, const Arguments& arguments, std::string table)
      : io_(io), arguments_(arguments), display_(Options(arguments)) {
    point_.migration = arguments.id.value_or(0);
    point_.table = std::move(table);
  }

  int Run(const StartRun& start) {
    engine::StopRequest stop;
    StopOnSignal signals(io_, stop, [this] { SayStopping(); }, [this] { LeaveAtOnce(); });
    const auto report = Await(io_, start(MakeObserver(), stop), [&signals] { signals.Cancel(); });
    display_.Finish();
    return report.ok() ? Succeeded(*report) : Failed(report.status());
  }

  static std::string Now() { return absl::FormatTime(absl::RFC3339_sec, absl::Now(), absl::UTCTimeZone()); }

 private:
  static DisplayOptions Options(const Arguments& arguments) {
    DisplayOptions options;
    if (arguments.json) {
      options.mode = DisplayMode::kJson;
    } else if (arguments.quiet) {
      options.mode = DisplayMode::kQuiet;
    } else {
      options.mode = OnTerminal() ? DisplayMode::kTerminal : DisplayMode::kPlain;
    }
    options.colour = WithColour();
    options.write = Print;
    options.write_error = PrintError;
    options.width = TerminalWidth;
    return options;
  }

  engine::Observer MakeObserver() {
    engine::Observer observer;
    observer.on_progress = [this](const engine::Progress& progress) {
      point_.migration = progress.migration > 0 ? progress.migration : point_.migration;
      point_.table = progress.table.empty() ? point_.table : progress.table;
      point_.stage = progress.stage;
      point_.begun = true;
      display_.OnProgress(progress);
    };
    observer.on_event = [this](std::string_view kind, const std::string& text, const boost::json::value& facts) {
      // Sooner than the next picture, for a stage that fails at once.
      if (kind == "stage") {
        point_.stage = engine::StageOf(text).value_or(point_.stage);
      }
      point_.begun = true;
      display_.OnEvent(kind, text, facts);
    };
    return observer;
  }

  void SayStopping() {
    constexpr char kText[] =
        "stopping in order, after what is under way; a second signal leaves at once. Nothing is lost either way.";
    if (arguments_.quiet && !arguments_.json) {
      PrintError(fmt::format("pgmoult: {}\n", kText));
    }
    display_.OnEvent("stopping", kText, boost::json::object());
  }

  [[noreturn]] void LeaveAtOnce() {
    display_.Finish();
    // During the swap, nobody here can tell whether it was committed; before the journal's row is there, nobody can
    // tell how far prepare got.
    const bool unclear =
        point_.migration == 0 || point_.stage == engine::Stage::kPrepare || point_.stage >= engine::Stage::kCutover;
    if (unclear) {
      PrintError(
          fmt::format("left at once; how far it got tells: pgmoult status{}\n", ConnectionText(arguments_.connection)));
    } else {
      PrintError(StoppedText(
          point_, EndingOfRun(absl::CancelledError(""), engine::EndKind::kStopped, point_, arguments_.connection)));
    }
    // No destructor may wait for a server now.
    std::_Exit(Code(point_.stage >= engine::Stage::kCutover ? ExitCode::kOutcomeUnknown : ExitCode::kStopped));
  }

  int Succeeded(const engine::RunReport& report) {
    if (arguments_.json) {
      Print(JsonLine("done", Now(), "report", engine::ToJson(report)) + "\n");
    } else if (arguments_.quiet) {
      const std::string next = NextCommand(Verb::kFinalize, report.migration, arguments_.connection);
      Print(fmt::format("done: {} {} (migration {}); {}\n", OneLine(report.table),
                        report.reverted ? "has its former shape again" : "is changed", report.migration,
                        report.finalized ? "the old table is dropped" : "when sure: " + next));
    } else {
      Print("\n" + ReportText(report, arguments_.connection));
    }
    return Code(ExitCode::kDone);
  }

  int Failed(const absl::Status& status) {
    const engine::EndKind kind = engine::EndKindOf(status);
    const Ending ending = EndingOfRun(status, kind, point_, arguments_.connection);
    if (arguments_.json) {
      Print(JsonLine("error", Now(), "error",
                     {{"message", std::string(status.message())},
                      {"sqlstate", pg::SqlState(status)},
                      {"exit_code", Code(ending.exit_code)},
                      {"migration", point_.migration},
                      {"stage", std::string(engine::StageName(point_.stage))},
                      {"state", ending.state},
                      {"next", boost::json::array(ending.next.begin(), ending.next.end())}}) +
            "\n");
    }
    if (kind == engine::EndKind::kStopped && ending.exit_code == ExitCode::kStopped) {
      // What could not be written down matters; that it was stopped says the line itself.
      const std::string why = pg::Describe(status);
      PrintError((why.starts_with("stopped in stage") ? "" : fmt::format("pgmoult: {}\n", why)) +
                 StoppedText(point_, ending));
      return Code(ending.exit_code);
    }
    PrintError(ErrorText(What(), status, ending));
    return Code(ending.exit_code);
  }

  std::string What() const {
    if (point_.migration == 0) {
      return fmt::format("{} of {}", VerbName(arguments_.verb), OneLine(point_.table));
    }
    return point_.table.empty() ? fmt::format("{} {}", VerbName(arguments_.verb), point_.migration)
                                : fmt::format("migration {} of {}", point_.migration, OneLine(point_.table));
  }

  boost::asio::io_context& io_;
  const Arguments& arguments_;
  ProgressDisplay display_;
  RunPoint point_;
};

int FailedBefore(std::string_view what, const absl::Status& status) {
  const ExitCode code = engine::EndKindOf(status) == engine::EndKind::kRefused ? ExitCode::kRefused : ExitCode::kFailed;
  PrintError(ErrorText(what, status, {code, "Nothing was changed.", {}}));
  return Code(code);
}

std::string TableName(const engine::Change& change) {
  return change.schema ? fmt::format("{}.{}", *change.schema, change.table) : change.table;
}

int DoPlan(boost::asio::io_context& io, const Arguments& arguments, const Target& target,
           const engine::Change& change) {
  const std::string what = "plan of " + OneLine(TableName(change));
  const auto plan = Await(io, engine::MakePlan(target, change, arguments.options));
  if (!plan.ok()) {
    return FailedBefore(what, plan.status());
  }
  Print(arguments.json ? boost::json::serialize(engine::ToJson(*plan)) + "\n"
                       : PlanText(*plan, arguments.options, RunCommand(arguments)));
  return Code(plan->refused() ? ExitCode::kRefused : ExitCode::kDone);
}

// Warnings on standard error for who asked for quiet; a refusal is an error for everybody.
void ShowPlan(const Arguments& arguments, const engine::Plan& plan) {
  if (arguments.json) {
    Print(JsonLine("plan", RunSession::Now(), "plan", engine::ToJson(plan)) + "\n");
  } else if (!arguments.quiet && !plan.refused()) {
    Print(PlanSummary(plan) + "\n");
  }
  if (plan.refused()) {
    PrintError(PlanSummary(plan));
  } else if (arguments.quiet && !arguments.json) {
    for (const engine::Finding& finding : plan.findings) {
      if (finding.severity == engine::Severity::kWarn) {
        PrintError(fmt::format("pgmoult: warning: {}: {}\n", OneLine(finding.object), OneLine(finding.message)));
      }
    }
  }
}

int DoRun(boost::asio::io_context& io, const Arguments& arguments, const Target& target, const engine::Change& change) {
  const std::string table = TableName(change);
  const auto plan = Await(io, engine::MakePlan(target, change, arguments.options));
  if (!plan.ok()) {
    return FailedBefore("run of " + OneLine(table), plan.status());
  }
  ShowPlan(arguments, *plan);
  if (plan->refused()) {
    return Code(ExitCode::kRefused);
  }
  RunSession session(io, arguments, table);
  return session.Run([&](engine::Observer observer, const engine::StopRequest& stop) {
    return engine::RunMigration(target, change, arguments.options, std::move(observer), stop);
  });
}

// Resume or revert.
int DoGoOn(boost::asio::io_context& io, const Arguments& arguments, const Target& target) {
  RunSession session(io, arguments, "");
  return session.Run([&](engine::Observer observer, const engine::StopRequest& stop) {
    const auto go_on = arguments.verb == Verb::kRevert ? engine::RevertMigration : engine::ResumeMigration;
    return go_on(target, arguments.id.value_or(0), std::move(observer), stop);
  });
}

int FailedControl(const Arguments& arguments, const absl::Status& status) {
  const int64_t id = arguments.id.value_or(0);
  const Ending ending = EndingOfControl(status, engine::EndKindOf(status), arguments.verb, id, arguments.connection);
  PrintError(
      ErrorText(id > 0 ? fmt::format("{} {}", VerbName(arguments.verb), id) : std::string(VerbName(arguments.verb)),
                status, ending));
  return Code(ending.exit_code);
}

// One look: what was asked for.
absl::StatusOr<engine::Picture> Look(boost::asio::io_context& io, const Arguments& arguments, const Target& target) {
  ASSIGN_OR_RETURN(engine::Picture picture, Await(io, engine::LookAtDatabase(target)));
  if (!arguments.id) {
    return picture;
  }
  picture.orphans.clear();
  std::erase_if(picture.migrations, [&arguments](const Migration& one) { return one.id != *arguments.id; });
  if (picture.migrations.empty()) {
    return absl::NotFoundError(fmt::format("there is no migration {} in this database; pgmoult status{} lists them",
                                           *arguments.id, ConnectionText(arguments.connection)));
  }
  return picture;
}

std::string StatusText(const Arguments& arguments, const engine::Picture& picture) {
  if (arguments.json) {
    if (arguments.id) {
      return boost::json::serialize(MigrationJson(picture.migrations.front())) + "\n";
    }
    boost::json::array array;
    std::ranges::transform(picture.migrations, std::back_inserter(array), MigrationJson);
    std::ranges::transform(picture.orphans, std::back_inserter(array), OrphanJson);
    return boost::json::serialize(array) + "\n";
  }
  if (arguments.id) {
    return StatusDetails(picture.migrations.front(), arguments.connection);
  }
  std::string text = StatusTable(picture.migrations, OnTerminal() ? TerminalWidth() : 120);
  for (const Migration& migration : picture.migrations) {
    if (const std::string next = NextStep(migration, arguments.connection); !next.empty()) {
      text += fmt::format("\n{}: {}", migration.id, next);
    }
  }
  for (const engine::Orphan& orphan : picture.orphans) {
    text += "\n" + OrphanText(orphan, arguments.connection);
  }
  return text.ends_with('\n') ? text : text + "\n";
}

int DoStatus(boost::asio::io_context& io, const Arguments& arguments, const Target& target) {
  const bool in_place = arguments.watch && !arguments.json && OnTerminal();
  while (true) {
    const auto picture = Look(io, arguments, target);
    if (!picture.ok()) {
      return FailedControl(arguments, picture.status());
    }
    // The whole screen, as the text may be longer than what stood there before.
    Print((in_place ? "\x1b[H\x1b[2J" : "") + StatusText(arguments, *picture));
    if (!arguments.watch || std::ranges::none_of(picture->migrations, IsMoving)) {
      return Code(ExitCode::kDone);
    }
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

pg::Awaitable<absl::StatusOr<std::string>> Control(Verb verb, const Target& target, int64_t id) {
  switch (verb) {
    case Verb::kPause:
      return engine::Pause(target, id);
    case Verb::kContinue:
      return engine::Continue(target, id);
    case Verb::kCutover:
      return engine::Cutover(target, id);
    case Verb::kNoForce:
      return engine::CallOffForce(target, id);
    case Verb::kAbort:
      return engine::Abort(target, id);
    default:
      return engine::Finalize(target, id);
  }
}

int DoControl(boost::asio::io_context& io, const Arguments& arguments, const Target& target) {
  const auto answer = Await(io, Control(arguments.verb, target, arguments.id.value_or(0)));
  if (!answer.ok()) {
    return FailedControl(arguments, answer.status());
  }
  Print(OneLine(*answer) + "\n");
  return Code(ExitCode::kDone);
}

int DoCleanup(boost::asio::io_context& io, const Arguments& arguments, const Target& target) {
  const auto lines = Await(io, engine::Cleanup(target));
  if (!lines.ok()) {
    return FailedControl(arguments, lines.status());
  }
  for (const std::string& line : *lines) {
    Print(OneLine(line) + "\n");
  }
  if (lines->empty()) {
    Print("nothing was left behind\n");
  }
  return Code(ExitCode::kDone);
}

}  // namespace

int RunCommandLine(const Arguments& arguments) {
  if (arguments.verb == Verb::kDemo) {
    return RunDemo(arguments.demo);
  }
  const bool takes_change = arguments.verb == Verb::kPlan || arguments.verb == Verb::kRun;
  // The change is read before anybody types a password for nothing.
  const absl::StatusOr<engine::Change> change = takes_change ? ReadChange(arguments) : engine::Change();
  if (!change.ok()) {
    return UsageFailure(VerbName(arguments.verb), change.status());
  }
  boost::asio::io_context io(1);
  const absl::StatusOr<Target> target = OpenTarget(io, arguments.connection);
  if (!target.ok()) {
    return FailedBefore(VerbName(arguments.verb), target.status());
  }
  switch (arguments.verb) {
    case Verb::kPlan:
      return DoPlan(io, arguments, *target, *change);
    case Verb::kRun:
      return DoRun(io, arguments, *target, *change);
    case Verb::kResume:
    case Verb::kRevert:
      return DoGoOn(io, arguments, *target);
    case Verb::kStatus:
      return DoStatus(io, arguments, *target);
    case Verb::kCleanup:
      return DoCleanup(io, arguments, *target);
    default:
      return DoControl(io, arguments, *target);
  }
}

}  // namespace pgmoult::tools
