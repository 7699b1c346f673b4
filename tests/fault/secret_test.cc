// A password that the program is given stands nowhere but in its memory.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "pg/sql_text.h"
#include "tests/fault/program.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/roles.h"
#include "tests/support/run.h"
#include "tests/support/server.h"
#include "tools/private_server.h"

namespace pgmoult::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kCanary[] = "Kanarienvogel-4711";
constexpr char kWrong[] = "Kanarienvogel-0815";
constexpr char kEveryCanary[] = "Kanarienvogel";
constexpr char kChange[] = "ALTER TABLE secret.t ALTER COLUMN id TYPE bigint";

std::string FileText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// A server that wants passwords from all but the superuser, and logs whatever it is told.
class SecretTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    tools::PrivateServerOptions options = TestServerOptions();
    for (const char* logged : {"log_connections", "log_disconnections", "log_replication_commands"}) {
      options.settings.emplace_back(logged, "on");
    }
    options.settings.emplace_back("log_statement", "all");
    options.settings.emplace_back("log_min_messages", "debug1");
    auto started = tools::PrivateServer::Start(std::move(options));
    if (!started.ok()) {
      throw std::runtime_error(std::string(started.status().message()));
    }
    server = *std::move(started);
    std::ofstream(server->socket_dir() + "/data/pg_hba.conf")
        << "local all postgres trust\nlocal all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n";
    kill(server->pid(), SIGHUP);
  }
  static void TearDownTestSuite() { server.reset(); }

  SecretTest() {
    superuser_.Exec("SET log_statement = none");
    MakeOwner(superuser_, database_, "secret_owner");
    superuser_.Exec(fmt::format("ALTER ROLE secret_owner PASSWORD '{}'", kCanary));
    superuser_.Exec("CREATE SCHEMA secret AUTHORIZATION secret_owner; SET ROLE secret_owner");
    superuser_.Exec("CREATE TABLE secret.t (id int PRIMARY KEY); INSERT INTO secret.t SELECT generate_series(1, 1000)");
    superuser_.Exec("RESET ROLE");
    // The server takes up its new rules in its own time.
    EXPECT_TRUE(Eventually([this] { return RunProgram(Words("status")).code == 1; }));
  }

  std::vector<std::string> Words(const std::string& verb, std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {
        verb,           "-h", server->socket_dir(), "-p", fmt::format("{}", server->port()), "-U",
        "secret_owner", "-d", database_.name()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  static std::vector<std::string> Variable(const char* password = kCanary) {
    return {fmt::format("PGPASSWORD={}", password)};
  }
  // A command that may do what it likes, but not tell.
  Ended Command(const std::string& verb, std::vector<std::string> more = {}, const char* password = kCanary) const {
    const Ended ended = RunProgram(Words(verb, std::move(more)), Variable(password));
    EXPECT_THAT(ended.output, Not(HasSubstr(kEveryCanary)));
    return ended;
  }
  // A run that waits before the swap.
  std::unique_ptr<Program> StartRun(std::vector<std::string> variables, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--alter", kChange, "--postpone-cutover"});
    auto run = std::make_unique<Program>(Words("run", std::move(more)), std::move(variables));
    EXPECT_TRUE(Eventually([this] {
      return superuser_.Scalar<bool>("SELECT to_regclass('pgmoult.migration') IS NOT NULL") &&
             superuser_.Scalar<bool>("SELECT EXISTS (SELECT FROM pgmoult.migration WHERE stage = 'approach')");
    })) << run->output();
    return run;
  }
  // Every row of the journal, as text.
  std::string Journal() {
    std::string text;
    for (const char* table : {"migration", "chunk", "verified", "event", "command"}) {
      text += superuser_.Scalar<std::string>(
          fmt::format("SELECT coalesce(string_agg(t::text, E'\\n'), '') FROM pgmoult.{} t", table));
    }
    return text;
  }
  void ExpectNotInTheLog() {
    const std::string log = FileText(server->log_path());
    EXPECT_THAT(log, HasSubstr("secret_owner")) << "the log tells of nothing";
    EXPECT_EQ(log.find(kEveryCanary), std::string::npos);
  }

  static std::unique_ptr<tools::PrivateServer> server;
  TestDatabase database_{*server};
  Session superuser_{database_};
};

std::unique_ptr<tools::PrivateServer> SecretTest::server;

TEST_F(SecretTest, StandsNeitherInTheProcessListNorInAnythingThatIsWritten) {
  EXPECT_NE(RunProgram(Words("status")).code, 0) << "the server wants no password";
  EXPECT_EQ(Command("plan", {"--alter", kChange}).code, 0);
  EXPECT_EQ(Command("plan", {"--alter", kChange, "--json"}).code, 0);
  for (const char* verbosity : {"--json", "--quiet"}) {
    const auto run = StartRun(Variable(), {verbosity, "--retry-for", "0s"});
    const std::filesystem::path process = fmt::format("/proc/{}", run->pid());
    EXPECT_THAT(FileText(process / "cmdline"), HasSubstr("secret_owner"));
    EXPECT_EQ(FileText(process / "cmdline").find(kEveryCanary), std::string::npos);
    EXPECT_THAT(FileText(process / "environ"), HasSubstr("PGPASSWORD="));
    EXPECT_EQ(FileText(process / "environ").find(kEveryCanary), std::string::npos);
    for (const auto& thread : std::filesystem::directory_iterator(process / "task")) {
      EXPECT_EQ(FileText(thread.path() / "children"), "") << "a child would have inherited the variable";
    }
    EXPECT_EQ(Command("status").code, 0);
    EXPECT_EQ(Command("status", {"1", "--json"}).code, 0);
    EXPECT_EQ(Command("pause", {"1"}).code, 0);
    EXPECT_EQ(Command("continue", {"1"}).code, 0);
    // Sessions that come back after a loss have the password, too.
    superuser_.Exec(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgmoult 1 control'");
    EXPECT_NE(run->Wait(), 0);
    EXPECT_THAT(run->output(), Not(HasSubstr(kEveryCanary)));
    Program resumed(Words("resume", {"1"}), Variable());
    EXPECT_TRUE(Eventually([&resumed] { return resumed.output().find("postponed") != std::string::npos; }))
        << resumed.output();
    EXPECT_EQ(Journal().find(kEveryCanary), std::string::npos);
    EXPECT_EQ(Command("abort", {"1"}).code, 0);
    EXPECT_EQ(resumed.Wait(), 1);
    EXPECT_THAT(resumed.output(), Not(HasSubstr(kEveryCanary)));
    EXPECT_EQ(Command("cleanup").code, 0);
  }
  ExpectNotInTheLog();
}

TEST_F(SecretTest, IsTakenFromAPasswordFile) {
  const std::string path = server->socket_dir() + "/pgpass";
  std::ofstream(path) << "*:*:*:secret_owner:" << kCanary << '\n';
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const Ended run = RunProgram(Words("run", {"--alter", kChange}), {fmt::format("PGPASSFILE={}", path)});
  EXPECT_EQ(run.code, 0) << run.output;
  EXPECT_THAT(run.output, Not(HasSubstr(kEveryCanary)));
  EXPECT_EQ(Journal().find(kEveryCanary), std::string::npos);
  EXPECT_EQ(Command("finalize", {"1"}).code, 0);
  ExpectNotInTheLog();
}

TEST_F(SecretTest, StandsInNoErrorMessage) {
  const Ended wrong = Command("status", {}, kWrong);
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.output, HasSubstr("secret_owner"));
  const Ended by_json = Command("run", {"--alter", kChange, "--json"}, kWrong);
  EXPECT_EQ(by_json.code, 1);
  for (const char* host : {"nowhere.invalid", "/nowhere"}) {
    const Ended unknown = RunProgram({"status", "-h", host, "-U", "secret_owner", "-d", "d"}, Variable());
    EXPECT_NE(unknown.code, 0);
    EXPECT_THAT(unknown.output, HasSubstr(host));
    EXPECT_THAT(unknown.output, Not(HasSubstr(kEveryCanary)));
  }
  ExpectNotInTheLog();
}

TEST_F(SecretTest, IsRefusedOnTheCommandLineWithBetterWays) {
  const std::string where = fmt::format("{} user=secret_owner", database_.Dsn());
  const std::string conninfo = fmt::format("{} password = '{}'", where, kCanary);
  const std::string uri =
      fmt::format("postgresql://secret_owner:{}@127.0.0.1:{}/{}", kCanary, server->port(), database_.name());
  const std::string parameter = fmt::format("postgres://127.0.0.1/d?p%61ssword={}", kCanary);
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"status", "--dsn", conninfo},
        {"status", "-d", uri},
        {"status", fmt::format("--dsn={}", uri)},
        {"status", fmt::format("-d{}", conninfo)},
        {"status", "-d", parameter},
        {"run", "--table", "secret.t", "--dbname", conninfo},
        // Slips of the hand: what is wrong with them is not said by repeating them.
        {"status", uri},
        {"status", "--nds", conninfo},
        {conninfo},
        {"status", "1", uri}}) {
    const Ended refused = RunProgram(words);
    EXPECT_EQ(refused.code, 2) << refused.output;
    EXPECT_THAT(refused.output, Not(HasSubstr(kEveryCanary)));
    for (const char* way : {".pgpass", "PGPASSFILE", "PGPASSWORD", "-W"}) {
      EXPECT_THAT(refused.output, HasSubstr(way));
    }
  }
}

TEST_F(SecretTest, StandsInNoCoreFile) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_CORE, &before), 0);
  rlimit open = before;
  open.rlim_cur = open.rlim_max;
  ASSERT_EQ(setrlimit(RLIMIT_CORE, &open), 0);
  // The address sanitizer forbids core files, too, where it is not told otherwise.
  std::vector<std::string> variables = Variable();
  variables.emplace_back("ASAN_OPTIONS=disable_coredump=0");
  const auto run = StartRun(variables);
  setrlimit(RLIMIT_CORE, &before);
  rlimit limit{};
  ASSERT_EQ(prlimit(run->pid(), RLIMIT_CORE, nullptr, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, 0U);
  // Where the limit counts for nothing, as with a core_pattern that is a pipe, the process itself forbids it.
  ASSERT_EQ(prlimit(run->pid(), RLIMIT_CORE, &open, nullptr), 0);
  run->Signal(SIGABRT);
  EXPECT_EQ(run->Wait(), 128 + SIGABRT);
  EXPECT_FALSE(run->dumped_core());
  EXPECT_EQ(Command("abort", {"1"}).code, 0);
}

}  // namespace
}  // namespace pgmoult::tests
