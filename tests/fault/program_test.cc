// The program as people and scripts meet it: each command once against a server, its exit code and what it prints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "boost/json/parse.hpp"
#include "fmt/format.h"
#include "tests/fault/folder.h"
#include "tests/fault/program.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kChange[] = "ALTER TABLE t ALTER COLUMN id TYPE bigint";

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

// Every line as JSON; what does not parse fails the test.
std::vector<json::value> ParsedLines(const std::string& text) {
  std::vector<json::value> values;
  for (const std::string& line : Lines(text)) {
    boost::system::error_code error;
    json::value value = json::parse(line, error);
    EXPECT_FALSE(error) << line;
    values.push_back(std::move(value));
  }
  return values;
}

class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest() {
    session_.Exec(
        "CREATE TABLE t (id int PRIMARY KEY, n bigint NOT NULL); INSERT INTO t SELECT g, 0 FROM generate_series(1, "
        "1000) g; ANALYZE t");
  }

  std::vector<std::string> Words(const std::string& verb, std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {verb, "--dsn", database_.Dsn()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Ended Command(const std::string& verb, std::vector<std::string> more = {}) const {
    return RunProgram(Words(verb, std::move(more)));
  }
  std::string KeyType() {
    return session_.Scalar<std::string>(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'id'");
  }
  bool Journal(const std::string& condition) {
    return session_.Scalar<bool>("SELECT to_regclass('pgmoult.migration') IS NOT NULL") &&
           session_.Scalar<bool>(
               fmt::format("SELECT EXISTS (SELECT FROM pgmoult.migration m WHERE m.id = 1 AND {})", condition));
  }

  TestDatabase database_;
  Session session_{database_};
};

TEST_F(ProgramTest, PlanIsForPeopleAndForMachines) {
  const Ended text = Command("plan", {"--alter", kChange});
  EXPECT_EQ(text.code, 0) << text.output;
  EXPECT_THAT(text.output, HasSubstr("can be done online"));
  const Ended machine = Command("plan", {"--alter", kChange, "--json"});
  EXPECT_EQ(machine.code, 0) << machine.output;
  const std::vector<json::value> lines = ParsedLines(machine.output);
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_TRUE(lines[0].as_object().contains("findings"));
  EXPECT_EQ(KeyType(), "integer");
  EXPECT_EQ(Leftovers(session_), "") << "a plan changes nothing";
}

TEST_F(ProgramTest, EveryLineOfRunAndStatusAsJsonParses) {
  const Ended run = Command("run", {"--alter", kChange, "--json"});
  EXPECT_EQ(run.code, 0) << run.output;
  const std::vector<json::value> lines = ParsedLines(run.output);
  ASSERT_FALSE(lines.empty());
  std::string events;
  for (const json::value& line : lines) {
    EXPECT_TRUE(line.as_object().contains("time"));
    events += std::string(line.at("event").as_string()) + " ";
  }
  EXPECT_THAT(events, ::testing::StartsWith("plan "));
  EXPECT_THAT(events, HasSubstr("stage "));
  EXPECT_THAT(events, HasSubstr("swapped "));
  EXPECT_THAT(events, ::testing::EndsWith("done "));
  EXPECT_EQ(lines.back().at("report").at("rows_copied").to_number<int64_t>(), 1000);
  EXPECT_EQ(KeyType(), "bigint");

  const Ended all = Command("status", {"--json"});
  EXPECT_EQ(all.code, 0) << all.output;
  const std::vector<json::value> array = ParsedLines(all.output);
  ASSERT_THAT(array, SizeIs(1));
  ASSERT_THAT(array[0].as_array(), SizeIs(1));
  EXPECT_EQ(array[0].at(0).at("state").as_string(), "swapped");
  const Ended one = Command("status", {"1", "--json"});
  EXPECT_EQ(one.code, 0) << one.output;
  const std::vector<json::value> object = ParsedLines(one.output);
  ASSERT_THAT(object, SizeIs(1));
  EXPECT_EQ(object[0].at("id").to_number<int64_t>(), 1);
  EXPECT_EQ(Command("status", {"2"}).code, 1) << "there is no such migration";
}

TEST_F(ProgramTest, AQuietRunSaysOneLine) {
  const Ended run = Command("run", {"--alter", kChange, "--quiet"});
  EXPECT_EQ(run.code, 0) << run.output;
  EXPECT_THAT(Lines(run.output), ::testing::ElementsAre(::testing::StartsWith("done: public.t is changed")));
  EXPECT_THAT(run.output, HasSubstr("pgmoult finalize 1"));
}

TEST_F(ProgramTest, TheChangeMayStandInAFile) {
  const Folder folder;
  const std::string path = folder.path() / "change.sql";
  std::ofstream(path) << "-- wider\n" << kChange << ";\n";
  const Ended run = Command("run", {"--file", path});
  EXPECT_EQ(run.code, 0) << run.output;
  EXPECT_EQ(KeyType(), "bigint");
  const Ended absent = Command("run", {"--file", path + ".no"});
  EXPECT_EQ(absent.code, 2) << absent.output;
  EXPECT_THAT(absent.output, HasSubstr("cannot be read"));
}

TEST_F(ProgramTest, OperatorsPauseContinueAndCutOver) {
  Program run(Words("run", {"--alter", kChange, "--postpone-cutover", "--json"}));
  ASSERT_TRUE(Eventually([this] { return Journal("m.stage = 'approach'"); })) << run.output();
  const Ended paused = Command("pause", {"1"});
  EXPECT_EQ(paused.code, 0) << paused.output;
  EXPECT_THAT(paused.output, HasSubstr("pauses"));
  EXPECT_TRUE(Eventually([this] { return Journal("m.progress->>'waiting' LIKE 'paused by%'"); })) << run.output();
  const Ended continued = Command("continue", {"1"});
  EXPECT_EQ(continued.code, 0) << continued.output;
  EXPECT_THAT(continued.output, HasSubstr("goes on"));

  // The table is taken: a second run ends at once, and harms nothing.
  const Ended busy = Command("run", {"--alter", kChange});
  EXPECT_EQ(busy.code, 1) << busy.output;
  EXPECT_THAT(busy.output, HasSubstr("engine"));
  const Ended resumed = Command("resume", {"1"});
  EXPECT_EQ(resumed.code, 1) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("engine"));

  const Ended cutover = Command("cutover", {"1"});
  EXPECT_EQ(cutover.code, 0) << cutover.output;
  EXPECT_EQ(run.Wait(), 0) << run.output();
  ParsedLines(run.output());
  EXPECT_EQ(KeyType(), "bigint");
  EXPECT_EQ(Command("pause", {"1"}).code, 1) << "no engine is at work any more";
}

TEST_F(ProgramTest, WrongUsageIsTwoAndARefusalFive) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"run"},
                                                {"frob"},
                                                Words("run", {"--table", "t", "--jobs", "0"}),
                                                Words("pause"),
                                                Words("plan", {"--alter", "ALTER TABLE t ALTER COLUMN"}),
                                                Words("run", {"--alter", "DROP TABLE t"})}) {
    const Ended wrong = RunProgram(words);
    EXPECT_EQ(wrong.code, 2) << wrong.output;
    EXPECT_THAT(wrong.output, HasSubstr("pgmoult"));
  }
  session_.Exec("CREATE VIEW seen AS SELECT * FROM t");
  for (const char* verb : {"plan", "run"}) {
    const Ended refused = Command(verb, {"--alter", kChange});
    EXPECT_EQ(refused.code, 5) << refused.output;
    EXPECT_THAT(refused.output, HasSubstr("seen"));
    const Ended machine = Command(verb, {"--alter", kChange, "--json"});
    EXPECT_EQ(machine.code, 5) << machine.output;
  }
  EXPECT_EQ(Command("plan", {"--table", "absent"}).code, 1);
  EXPECT_EQ(Leftovers(session_), "");
}

TEST_F(ProgramTest, ALockThatIsNotGotIsSix) {
  Session holder(database_);
  holder.Exec("BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE");
  const Ended run = Command("run", {"--alter", kChange, "--lock-budget", "1s"});
  EXPECT_EQ(run.code, 6) << run.output;
  EXPECT_THAT(run.output, HasSubstr("in the way: pid"));
  holder.Exec("ROLLBACK");
  EXPECT_EQ(KeyType(), "integer");
  // Trying again is safe, as the exit code says.
  const Ended again = Command("run", {"--alter", kChange});
  EXPECT_EQ(again.code, 0) << again.output;
}

// Processes whose command line names this path.
int ProcessesOf(const std::string& path) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    const std::string line{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    count += line.find(path) == std::string::npos ? 0 : 1;
  }
  return count;
}

TEST(ProgramDemoTest, AnInterruptedDemoLeavesNoServerAndNoFile) {
  const Folder folder;
  const char* before = std::getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  setenv("TMPDIR", folder.path().c_str(), 1);
  Program demo({"demo", "--rows", "1000", "--seconds", "600"});
  before == nullptr ? unsetenv("TMPDIR") : setenv("TMPDIR", kept.c_str(), 1);
  ASSERT_TRUE(
      Eventually([&] { return demo.output().find("works alone") != std::string::npos; }, std::chrono::seconds(40)))
      << demo.output();
  EXPECT_FALSE(std::filesystem::is_empty(folder.path()));
  EXPECT_GT(ProcessesOf(folder.path()), 0);
  demo.Signal(SIGINT);
  EXPECT_EQ(demo.Wait(), 130) << demo.output();
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "its folder is left";
  EXPECT_EQ(ProcessesOf(folder.path()), 0) << "a server process is left";
}

}  // namespace
}  // namespace pgmoult::tests
