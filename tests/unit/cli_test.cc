#include "tools/cli.h"
#include "tools/passwords.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tools/units.h"

namespace pgmoult::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

constexpr const char* kVerbs[] = {"plan",    "run",   "resume",   "status",  "pause", "continue",
                                  "cutover", "abort", "finalize", "cleanup", "demo"};

Arguments Parsed(std::vector<std::string> words) {
  const ParsedLine line = ParseCommandLine(std::move(words));
  EXPECT_TRUE(line.arguments.has_value()) << line.text;
  return line.arguments.value_or(Arguments{});
}

std::string UsageErrorOf(std::vector<std::string> words) {
  const ParsedLine line = ParseCommandLine(std::move(words));
  EXPECT_FALSE(line.arguments.has_value());
  EXPECT_EQ(line.exit_code, ExitCode::kUsage);
  return line.text;
}

TEST(CliTest, RunTakesTheDefaultsOfTheEngine) {
  const Arguments arguments = Parsed({"run", "--alter", "ALTER TABLE t ADD c int"});
  EXPECT_EQ(arguments.verb, Verb::kRun);
  EXPECT_EQ(arguments.alter, "ALTER TABLE t ADD c int");
  EXPECT_FALSE(arguments.file.has_value());
  EXPECT_EQ(arguments.options.jobs, 2);
  EXPECT_EQ(arguments.options.verify, engine::VerifyMode::kFull);
  EXPECT_FALSE(arguments.json || arguments.quiet || arguments.options.postpone_cutover);
}

TEST(CliTest, RunTakesEveryOption) {
  const Arguments arguments = Parsed({"run",
                                      "--table",
                                      "shop.t",
                                      "--jobs",
                                      "8",
                                      "--chunk-ms",
                                      "50",
                                      "--verify",
                                      "off",
                                      "--dual-write",
                                      "early",
                                      "--capture",
                                      "row",
                                      "--postpone-cutover",
                                      "--trust-owner",
                                      "--allow-publish-all",
                                      "--max-hold-ms",
                                      "400",
                                      "--lock-budget",
                                      "2m",
                                      "--revert-window",
                                      "48h",
                                      "--wait-old-snapshots",
                                      "1h",
                                      "--on-old-snapshots",
                                      "go-on",
                                      "--cutover-window",
                                      "22:30-04:00",
                                      "--max-pause",
                                      "5s",
                                      "--force-cutover-after",
                                      "1m",
                                      "--json",
                                      "--quiet"});
  const engine::RunOptions& options = arguments.options;
  EXPECT_EQ(arguments.table, "shop.t");
  EXPECT_EQ(options.jobs, 8);
  EXPECT_EQ(options.chunk_ms, 50);
  EXPECT_EQ(options.verify, engine::VerifyMode::kOff);
  EXPECT_EQ(options.dual_write, engine::DualWriteMode::kEarly);
  EXPECT_EQ(options.capture, engine::CaptureMode::kRow);
  EXPECT_TRUE(options.postpone_cutover && options.trust_owner && options.allow_publish_all);
  EXPECT_EQ(options.max_hold, std::chrono::milliseconds(400));
  EXPECT_EQ(options.lock_budget, std::chrono::seconds(120));
  EXPECT_EQ(options.wait_old_snapshots, std::chrono::hours(1));
  EXPECT_EQ(options.revert_window, std::chrono::hours(48));
  EXPECT_EQ(options.on_old_snapshots, engine::OldSnapshots::kGoOn);
  EXPECT_EQ(options.cutover_window, "22:30-04:00");
  EXPECT_EQ(options.max_pause, std::chrono::seconds(5));
  EXPECT_EQ(options.force_cutover_after, std::chrono::minutes(1));
  EXPECT_TRUE(arguments.json && arguments.quiet);
}

TEST(CliTest, AWindowForARevertNeedsWhatARevertNeeds) {
  EXPECT_TRUE(Parsed({"run", "--table", "t", "--no-revert"}).options.no_revert);
  EXPECT_THAT(UsageErrorOf({"run", "--table", "t", "--no-revert", "--revert-window", "1h"}), HasSubstr("give one"));
}

TEST(CliTest, ExactlyOneChangeIsAsked) {
  EXPECT_THAT(UsageErrorOf({"run"}), HasSubstr("exactly one of --alter, --file and --table"));
  EXPECT_THAT(UsageErrorOf({"plan", "--alter", "x", "--table", "t"}), HasSubstr("exactly one of"));
  EXPECT_EQ(Parsed({"plan", "--file", "-"}).file, "-");
}

TEST(CliTest, MistakesNameTheOptionAndTheHelp) {
  EXPECT_THAT(UsageErrorOf({"run", "--table", "t", "--jobs", "0"}), HasSubstr("--jobs must be from 1 to 64"));
  EXPECT_THAT(UsageErrorOf({"run", "--table", "t", "--jobs", "many"}), HasSubstr("--jobs"));
  EXPECT_THAT(UsageErrorOf({"run", "--table", "t", "--verify", "some"}), HasSubstr("\"some\" is not one of full|off"));
  EXPECT_THAT(UsageErrorOf({"run", "--table", "t", "--lock-budget", "5"}), HasSubstr("is not a duration"));
  EXPECT_THAT(UsageErrorOf({"run", "--table", "t", "--frob"}), HasSubstr("Try: pgmoult run --help"));
  EXPECT_THAT(UsageErrorOf({"frob"}), HasSubstr("there is no command \"frob\""));
  EXPECT_THAT(UsageErrorOf({}), HasSubstr("no command given"));
  EXPECT_THAT(UsageErrorOf({"-d", "shop", "status"}), HasSubstr("the command comes first"));
}

TEST(CliTest, IdsArePositiveNumbers) {
  EXPECT_EQ(Parsed({"resume", "7"}).id, 7);
  EXPECT_EQ(Parsed({"finalize", "7", "-d", "shop"}).verb, Verb::kFinalize);
  EXPECT_EQ(Parsed({"status"}).id, std::nullopt);
  EXPECT_THAT(UsageErrorOf({"abort"}), HasSubstr("ID is required"));
  for (const char* id : {"0", "seven", "7x", "1.5", "99999999999999999999"}) {
    EXPECT_THAT(UsageErrorOf({"pause", id}), HasSubstr("is not the number of a migration")) << id;
  }
}

TEST(CliTest, HIsTheHostAndHelpIsLong) {
  const Arguments arguments = Parsed({"status", "-h", "db1", "-p5433", "-U", "alice", "-d", "shop", "-w"});
  EXPECT_EQ(arguments.connection.host, "db1");
  EXPECT_THAT(TargetOf(arguments.connection, std::nullopt).keywords,
              ElementsAre(Pair("host", "db1"), Pair("port", "5433"), Pair("user", "alice"), Pair("dbname", "shop")));
  EXPECT_EQ(ConnectionText(arguments.connection), " -h db1 -p 5433 -U alice -d shop -w");
}

TEST(CliTest, ATypedPasswordGoesToLibpqOnly) {
  const Arguments arguments = Parsed({"status", "-W", "--dsn", "postgresql://db1/shop"});
  EXPECT_THAT(TargetOf(arguments.connection, "secret").keywords,
              ElementsAre(Pair("dbname", "postgresql://db1/shop"), Pair("password", "secret")));
  EXPECT_EQ(NextCommand(Verb::kResume, 7, arguments.connection), "pgmoult resume 7 -d postgresql://db1/shop -W");
  EXPECT_THAT(UsageErrorOf({"status", "-W", "-w"}), HasSubstr("excludes"));
  EXPECT_THAT(UsageErrorOf({"status", "-d", "a", "--dsn", "b=c"}), HasSubstr("excludes"));
}

TEST(CliTest, KnowsWhichWordsHoldAPassword) {
  for (const char* word : {"postgres://u:secret@h/d", "--dsn=postgres://h/d?password=secret",
                           "-dhost=h password=secret", "password = 'secret'", "postgresql://h/d?p%61ssword=secret",
                           "postgres://h?sslpassword=s", "--dbname=host=h oauth_client_secret=s"}) {
    EXPECT_TRUE(WordHoldsPassword(word)) << word;
  }
  for (const char* word : {"", "-", "-d", "--dsn", "--dsn=", "postgres://u@h:1/d", "host=h passfile=f", "passwords",
                           "-W", "--password", "ALTER TABLE t ADD password text DEFAULT 'a=b'", "postgres://h/d?"}) {
    EXPECT_FALSE(WordHoldsPassword(word)) << word;
  }
}

TEST(CliTest, PasswordsInConnectionStringsAreNotRepeated) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"postgresql://u:secret@h:5433/d", "postgresql://u@h:5433/d"},
      {"postgres://u:sec?ret@h/d", "postgres://u@h/d"},
      {"postgres://:secret@h/d", "postgres://@h/d"},
      {"postgres://h/d?password=secret&sslmode=require", "postgres://h/d?sslmode=require"},
      {"postgres://h/d?sslmode=require&sslpassword=secret", "postgres://h/d?sslmode=require"},
      {"postgres://u@h:5433/d?application_name=a", "postgres://u@h:5433/d?application_name=a"},
      {"postgres://h1:1,h2:2/d", "postgres://h1:1,h2:2/d"},
      {"host=h password=secret dbname=d", "host=h dbname=d"},
      {"password = 'secret \\' more' host=h", "host=h"},
      {"host=h password=secret\\ more", "host=h"},
      {"password=", ""},
      {"passwords", "passwords"},
      {"shop", "shop"},
  };
  for (const auto& [given, kept] : cases) {
    EXPECT_EQ(WithoutPassword(given), kept);
  }
}

TEST(CliTest, ThePlansNextCommandSaysTheSame) {
  const std::vector<std::string> plan = {"plan",      "-h",  "db1",          "--alter", "ALTER TABLE \"o'x\" ADD c int",
                                         "--capture", "row", "--trust-owner"};
  EXPECT_EQ(RunCommand(Parsed(plan)),
            "pgmoult run -h db1 --alter 'ALTER TABLE \"o'\\''x\" ADD c int' --capture row --trust-owner");
  EXPECT_EQ(RunCommand(Parsed({"run", "--file", "a b.sql", "--lock-budget", "90s"})),
            "pgmoult run --file 'a b.sql' --lock-budget 90s");
}

TEST(CliTest, DemoTakesItsOwnOptions) {
  const Arguments arguments =
      Parsed({"demo", "--rows", "1000", "--seconds", "5", "--clients", "3", "--jobs", "1", "--json"});
  EXPECT_EQ(arguments.demo.rows, 1000);
  EXPECT_EQ(arguments.demo.seconds, 5);
  EXPECT_EQ(arguments.demo.clients, 3);
  EXPECT_EQ(arguments.demo.jobs, 1);
  EXPECT_TRUE(arguments.demo.json);
  UsageErrorOf({"demo", "--rows", "0"});
  UsageErrorOf({"demo", "-d", "shop"});
}

TEST(CliTest, EveryHelpFitsEightyColumnsAndSaysTheExitCodes) {
  std::vector<std::vector<std::string>> lines = {{"--help"}};
  for (const char* verb : kVerbs) {
    lines.push_back({verb, "--help"});
  }
  for (const auto& words : lines) {
    const ParsedLine line = ParseCommandLine(words);
    EXPECT_FALSE(line.arguments.has_value());
    EXPECT_EQ(line.exit_code, ExitCode::kDone);
    EXPECT_THAT(line.text, HasSubstr("Exit codes:"));
    EXPECT_THAT(line.text, HasSubstr("Examples:"));
    EXPECT_THAT(line.text, HasSubstr("Environment:"));
    std::istringstream text(line.text);
    for (std::string row; std::getline(text, row);) {
      EXPECT_LE(DisplayWidth(row), 80) << words.front() << ": " << row;
    }
  }
}

// Words that begin with two dashes, without what follows them.
std::set<std::string> LongOptionsIn(const std::string& text) {
  static const std::regex kOption("(^|[^-A-Za-z0-9])(--[a-z][a-z-]*[a-z])");
  std::set<std::string> options;
  for (std::sregex_iterator at(text.begin(), text.end(), kOption), end; at != end; ++at) {
    options.insert((*at)[2]);
  }
  return options;
}

// What the README says about using the program: everything else has options of other programs.
std::string CommandsChapterOfReadme() {
  const char* folder = std::getenv("PGMOULT_SOURCE_DIR");
  std::ifstream file(std::string(folder == nullptr ? "." : folder) + "/README.md");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const size_t begin = text.find("\n## Commands\n");
  EXPECT_NE(begin, std::string::npos) << "PGMOULT_SOURCE_DIR must be the source folder";
  return begin == std::string::npos ? "" : text.substr(begin, text.find("\n## ", begin + 1) - begin);
}

TEST(CliTest, TheReadmeAndTheHelpKnowTheSameOptions) {
  std::string help;
  for (const char* verb : kVerbs) {
    help += ParseCommandLine({verb, "--help"}).text;
  }
  // Known from every program; the connection's long forms stand beside the short ones that the README has.
  const std::set<std::string> general = {"--help",   "--version",  "--host",        "--port",
                                         "--dbname", "--username", "--no-password", "--password"};
  const std::set<std::string> in_help = LongOptionsIn(help);
  const std::set<std::string> in_readme = LongOptionsIn(CommandsChapterOfReadme());
  EXPECT_GT(in_help.size(), 20U);
  for (const std::string& option : in_help) {
    EXPECT_TRUE(in_readme.contains(option) || general.contains(option)) << option << " is not in README.md";
  }
  for (const std::string& option : in_readme) {
    EXPECT_TRUE(in_help.contains(option) || general.contains(option)) << option << " is in no help text";
  }
}

TEST(CliTest, HelpOfRunTellsUnitsAndDefaults) {
  const std::string help = ParseCommandLine({"run", "--help"}).text;
  for (const char* text : {"Usage: pgmoult run {--alter SQL | --file FILE | --table NAME}", "--lock-budget DUR",
                           "Default: 10m.", "Milliseconds", "-h, --host HOST", "--verify full|off"}) {
    EXPECT_THAT(help, HasSubstr(text));
  }
  EXPECT_THAT(help, Not(HasSubstr("-h,--help")));
}

TEST(CliTest, VersionIsPrinted) {
  EXPECT_THAT(ParseCommandLine({"--version"}).text, HasSubstr("pgmoult "));
  EXPECT_EQ(ParseCommandLine({"--version"}).exit_code, ExitCode::kDone);
}

}  // namespace
}  // namespace pgmoult::tools
