#include "tools/cli_help.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "fmt/format.h"
#include "tools/units.h"

namespace pgmoult::tools {
namespace {

constexpr int kWidth = 80;
constexpr int kOptionIndent = 2;
constexpr int kTextIndent = 8;
constexpr char kGeneral[] = "Options";  // CLI11's group of what has no other

// ID is the only positional there is.
std::string OptionHead(const CLI::Option& option) {
  if (option.get_positional()) {
    return option.get_name(/*positional=*/true);
  }
  std::string head;
  for (const std::string& name : option.get_snames()) {
    head += (head.empty() ? "-" : ", -") + name;
  }
  for (const std::string& name : option.get_lnames()) {
    head += (head.empty() ? "--" : ", --") + name;
  }
  if (const std::string type = option.get_type_name(); option.get_items_expected_max() > 0 && !type.empty()) {
    head += " " + type;
  }
  return head;
}

std::string Entry(const std::string& head, const std::string& description) {
  const std::string margin(static_cast<size_t>(kTextIndent), ' ');
  return fmt::format("{:{}}{}\n{}\n", "", kOptionIndent, head, Wrap(margin + description, kWidth, kTextIndent));
}

// Help as a manual page has it: usage, description, options by group, then the footer, at most 80 columns wide.
class ManualPage : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode /*mode*/) const override {
    const std::string full = app->get_parent() == nullptr || !name.empty()
                                 ? (name.empty() ? app->get_name() : name)
                                 : app->get_parent()->get_name() + " " + app->get_name();
    std::string help = "Usage: " + Usage(*app, full) + "\n\n" + Wrap(app->get_description(), kWidth, 0) + "\n";
    help += Commands(*app);
    for (const std::string& group : app->get_groups()) {
      help += group == kGeneral ? "" : Group(*app, group);
    }
    help += Group(*app, kGeneral);
    return help + "\n" + app->get_footer() + "\n";
  }

 private:
  static std::string Usage(const CLI::App& app, const std::string& full) {
    if (app.get_parent() == nullptr) {
      return full + " COMMAND [OPTION]...";
    }
    std::string usage = full;
    for (const CLI::Option* option : app.get_options()) {
      if (option->get_positional()) {
        usage += option->get_required() ? " ID" : " [ID]";
      }
    }
    if (app.get_option_no_throw("--alter") != nullptr) {
      usage += " {--alter SQL | --file FILE | --table NAME}";
    }
    return usage + " [OPTION]...";
  }

  static std::string Commands(const CLI::App& app) {
    std::vector<std::vector<std::string>> rows;
    for (const Verb verb :
         {Verb::kPlan, Verb::kRun, Verb::kResume, Verb::kStatus, Verb::kPause, Verb::kContinue, Verb::kCutover,
          Verb::kNoForce, Verb::kAbort, Verb::kRevert, Verb::kFinalize, Verb::kCleanup, Verb::kDemo}) {
      rows.push_back({std::string(VerbName(verb)), SummaryOf(verb)});
    }
    return app.get_parent() == nullptr ? "\nCommands:\n" + TextTable(rows, kWidth, kOptionIndent) : "";
  }

  static std::string Group(const CLI::App& app, const std::string& group) {
    std::string entries;
    for (const CLI::Option* option : app.get_options()) {
      if (option->get_group() == group) {
        entries += Entry(OptionHead(*option), option->get_description());
      }
    }
    return entries.empty() ? "" : fmt::format("\n{}:\n{}", group == kGeneral ? "General" : group, entries);
  }
};

constexpr char kRunCodes[] = R"(Exit codes:
  0  done: the new table is in place, the old one is kept
  1  failed: the table is as it was (also: taken back by `pgmoult abort`)
  2  the command line is wrong
  3  stopped: nothing is lost, `pgmoult resume ID` goes on
  4  outcome unknown: the connection broke while the swap was being committed;
     `pgmoult status ID` tells which way it went
  5  refused by preflight: nothing was done
  6  a lock was not got within --lock-budget: trying again is safe
)";

constexpr char kPlanCodes[] = R"(Exit codes:
  0  the change can be done
  1  failed: no connection, no such table, PostgreSQL does not accept the change
  2  the command line is wrong
  5  refused by preflight: the reasons are printed
)";

constexpr char kControlCodes[] = R"(Exit codes:
  0  done
  1  failed: nothing changed
  2  the command line is wrong
  3  the connection broke midway; `pgmoult status` tells how far it got, the
     same command may be given again
  4  outcome unknown: the connection broke while it was being committed;
     `pgmoult status` tells which way it went
  6  a lock was not got within its budget: trying again is safe
)";

constexpr char kDemoCodes[] = R"(Exit codes:
  0    the change succeeded, no write was lost, the load saw no error
  1    failed
  2    the command line is wrong
  130  ended by a signal
)";

constexpr char kEnvironment[] = R"(Environment:
  PGHOST, PGPORT, PGUSER, PGDATABASE, PGSERVICE, PGPASSFILE, PGSSLMODE, ...
        Defaults of the connection, as for psql; also ~/.pgpass and service
        files. All of them are libpq's own.
  PGPASSWORD
        The password; better in ~/.pgpass. It is never taken from the command
        line.
  NO_COLOR
        Set to anything: no colours on a terminal.
)";

constexpr char kDemoEnvironment[] = R"(Environment:
  PGMOULT_PG_BIN
        Folder of `postgres` and `initdb`. Default: PostgreSQL 15 of Debian,
        else the newest that is installed.
  TMPDIR
        Where the private server's files are kept while the demo runs.
)";

std::string Examples(Verb verb) {
  switch (verb) {
    case Verb::kPlan:
      return R"(Examples:
  pgmoult plan -d shop --alter "ALTER TABLE orders ALTER COLUMN id TYPE bigint"
  pgmoult plan -d shop --file change.sql --json | jq .findings
)";
    case Verb::kRun:
      return R"(Examples:
  pgmoult run -d shop --alter "ALTER TABLE orders ALTER COLUMN id TYPE bigint"
  pgmoult run -h db1 -U shop -d shop --file change.sql --postpone-cutover
  pgmoult run -d shop --table orders            rebuild, to remove bloat
)";
    case Verb::kResume:
      return "Examples:\n  pgmoult resume 7 -d shop\n";
    case Verb::kStatus:
      return R"(Examples:
  pgmoult status -d shop
  pgmoult status 7 -d shop --watch
  pgmoult status -d shop --json | jq '.[] | select(.state == "running")'
)";
    case Verb::kCleanup:
      return "Examples:\n  pgmoult cleanup -d shop\n";
    case Verb::kDemo:
      return "Examples:\n  pgmoult demo\n  pgmoult demo --rows 500000 --seconds 10 --clients 8\n";
    default:
      return fmt::format("Examples:\n  pgmoult {} 7 -d shop\n", VerbName(verb));
  }
}

constexpr char kPlanText[] =
    "Tells what a change would do to which object, how, which locks it takes, and how much disk and WAL it needs. The "
    "change is applied to an empty copy of the table in a transaction that is rolled back, so PostgreSQL itself says "
    "whether it is right. Changes nothing; takes no lock that a reader or writer waits for.";

constexpr char kRunText[] =
    "Changes a table while the application goes on reading and writing it. A new table is made next to the old one, "
    "rows are copied in small chunks, writes that come meanwhile are followed by triggers, both tables are compared, "
    "and the new one takes the old one's place under a lock of well under a second. Until then the table is not "
    "touched but for the triggers. The old table is kept until `pgmoult finalize ID`.\n\n"
    "Prints the plan in short, then progress: two lines in place on a terminal, else a key=value line every 5 seconds "
    "and at every event.\n\n"
    "Ctrl-C (or SIGTERM, SIGHUP) stops in order; a second one leaves at once. Either way nothing is lost: everything "
    "needed to go on is in the database (schema pgmoult), and `pgmoult resume ID` goes on from any machine.\n\n"
    "DUR is a number with ms, s, m, h or d: 500ms, 30s, 10m, 2h.";

constexpr char kAbortText[] =
    "Takes a migration back, at any stage before the swap: triggers, new table and change log are removed, the table "
    "is as it was. A running engine is stopped first; where none runs, this command does it. Refused after the swap.";

constexpr char kRevertText[] =
    "After the swap, until `pgmoult finalize`: puts the old table back, with all that was written since the swap, and "
    "keeps the new one. The old table is brought up to date, both are compared, and they change places under the same "
    "short lock, as in a run, with the options of that run but --postpone-cutover, --cutover-window and "
    "--revert-window. `pgmoult plan` says what a revert would lose. Can be stopped, resumed and aborted (the new table "
    "then stays), and be reverted itself. Prints, stops and ends like `pgmoult run`.";

constexpr char kCleanupText[] =
    "Finds and removes what dead runs left: unfinished migrations that no engine works on, rows of finished ones, "
    "schemas and triggers of ours that no migration knows, and the schema pgmoult itself where nothing is left in it. "
    "Prints one line for each. Running migrations, and old tables that wait for `pgmoult finalize`, are left alone.";

}  // namespace

std::string SummaryOf(Verb verb) {
  switch (verb) {
    case Verb::kPlan:
      return "tell what a change would do; changes nothing";
    case Verb::kRun:
      return "change a table online, up to the swap";
    case Verb::kResume:
      return "go on with a run that stopped or died";
    case Verb::kStatus:
      return "list migrations, or show one";
    case Verb::kPause:
      return "let a running migration rest";
    case Verb::kContinue:
      return "end a pause";
    case Verb::kCutover:
      return "let a postponed swap happen now";
    case Verb::kNoForce:
      return "call off --force-cutover-after";
    case Verb::kAbort:
      return "take a migration back, before the swap";
    case Verb::kRevert:
      return "put the old table back, after the swap";
    case Verb::kFinalize:
      return "drop the old table, after the swap";
    case Verb::kCleanup:
      return "remove what dead runs left";
    case Verb::kDemo:
      return "show it all on a private server; needs no database";
  }
  return "";
}

std::string DescriptionOf(Verb verb) {
  switch (verb) {
    case Verb::kPlan:
      return kPlanText;
    case Verb::kRun:
      return kRunText;
    case Verb::kResume:
      return "Takes up a run that stopped or died, at the stage and the chunk where it was, with the options it was "
             "started with. May be called from any machine that reaches the database. Prints, stops and ends like "
             "`pgmoult run`.";
    case Verb::kStatus:
      return "Lists the migrations of a database: stage, state, progress, whether an engine is at work, age. With ID, "
             "shows one in detail and says what to type next.";
    case Verb::kPause:
      return "Asks the running engine to rest after the chunk under way. Writes are still followed by the triggers, so "
             "the change log grows; disk space is the only limit. `pgmoult continue ID` ends it.";
    case Verb::kContinue:
      return "Ends the pause of a running migration.";
    case Verb::kCutover:
      return "Lets a migration that was started with --postpone-cutover swap now. Comes back as soon as the engine "
             "has been told; `pgmoult status ID --watch` shows what it does.";
    case Verb::kNoForce:
      return "Lets a migration that was started with --force-cutover-after terminate nobody who is in the way of its "
             "swap, from now on and after a resume, too. It goes on trying.";
    case Verb::kAbort:
      return kAbortText;
    case Verb::kRevert:
      return kRevertText;
    case Verb::kFinalize:
      return "After the swap, when the application is content: drops the old table and everything of ours but the "
             "migration's row in the journal. The old table's rows are gone after this.";
    case Verb::kCleanup:
      return kCleanupText;
    case Verb::kDemo:
      return "Starts a private PostgreSQL server in a temporary folder, loads a table, puts live load on it, changes "
             "the table meanwhile, and reports what the load noticed. Removes everything at the end. Needs "
             "PostgreSQL's "
             "programs on this machine, but no database.";
  }
  return "";
}

std::string FooterOf(Verb verb) {
  if (verb == Verb::kDemo) {
    return fmt::format("{}\n{}\n{}", kDemoCodes, kDemoEnvironment, Examples(verb));
  }
  const bool runs = verb == Verb::kRun || verb == Verb::kResume || verb == Verb::kRevert;
  std::string codes = runs ? kRunCodes : (verb == Verb::kPlan ? kPlanCodes : kControlCodes);
  if (verb == Verb::kStatus) {
    codes = "Exit codes:\n  0  shown\n  1  failed: no connection, no such migration\n  2  the command line is wrong\n";
  }
  return fmt::format("{}\n{}\n{}", codes, kEnvironment, Examples(verb));
}

std::string ProgramDescription() {
  return "Changes PostgreSQL tables online: any ALTER TABLE that rewrites or scans the table, and rebuilds against "
         "bloat, while the application goes on reading and writing.";
}

std::string ProgramFooter() {
  return fmt::format("{}\n{}\n{}", kRunCodes, kEnvironment,
                     R"(Examples:
  pgmoult plan -d shop --alter "ALTER TABLE orders ALTER COLUMN id TYPE bigint"
  pgmoult run  -d shop --alter "ALTER TABLE orders ALTER COLUMN id TYPE bigint"
  pgmoult status -d shop
  pgmoult finalize 7 -d shop

`pgmoult COMMAND --help` tells about a command.)");
}

std::shared_ptr<CLI::FormatterBase> MakeHelpFormatter() { return std::make_shared<ManualPage>(); }

}  // namespace pgmoult::tools
