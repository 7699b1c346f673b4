#include "tools/private_server.h"

#include <libpq-fe.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "fmt/format.h"
#include "gtest/gtest.h"

namespace pgmoult::tools {
namespace {

// The first value of the answer, or "error: …".
std::string Ask(const PrivateServer& server, const std::string& host, const std::string& sql) {
  const std::string conninfo =
      fmt::format("host={} port={} user={} dbname=postgres connect_timeout=10", host, server.port(), server.user());
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(conninfo.c_str()), &PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()), &PQclear);
  switch (PQresultStatus(result.get())) {
    case PGRES_TUPLES_OK:
      return PQgetvalue(result.get(), 0, 0);
    case PGRES_COMMAND_OK:
      return "";
    default:
      return fmt::format("error: {}", PQerrorMessage(connection.get()));
  }
}

std::string Ask(const PrivateServer& server, const std::string& sql) { return Ask(server, server.host(), sql); }

TEST(PrivateServerTest, AnswersOnTcpAndOnTheSocketAndLeavesNothingBehind) {
  auto server = PrivateServer::Start({.settings = {{"work_mem", "7MB"}, {"cluster_name", "it's \\ ours"}}});
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ((*server)->host(), "127.0.0.1");
  EXPECT_EQ(Ask(**server, "SHOW work_mem"), "7MB");
  EXPECT_EQ(Ask(**server, (*server)->socket_dir(), "SHOW cluster_name"), "it's \\ ours");
  EXPECT_EQ(Ask(**server, "SELECT rolname FROM pg_roles WHERE rolsuper"), "postgres");

  const std::string directory = (*server)->socket_dir();
  const pid_t pid = (*server)->pid();
  EXPECT_TRUE(std::filesystem::exists((*server)->log_path()));
  struct stat owner{};
  ASSERT_EQ(stat(fmt::format("/proc/{}", pid).c_str(), &owner), 0);
  EXPECT_NE(owner.st_uid, 0U);
  server->reset();
  EXPECT_FALSE(std::filesystem::exists(directory));
  EXPECT_NE(kill(pid, 0), 0);
}

TEST(PrivateServerTest, RestartsOnTheSamePortWithItsData) {
  auto started = PrivateServer::Start({.user = "ada"});
  ASSERT_TRUE(started.ok()) << started.status();
  PrivateServer& server = **started;
  const int port = server.port();
  EXPECT_EQ(Ask(server, "CREATE TABLE t AS SELECT 42 AS a"), "");

  ASSERT_TRUE(server.Stop(StopMode::kFast).ok());
  EXPECT_EQ(server.pid(), 0);
  EXPECT_TRUE(Ask(server, "SELECT a FROM t").starts_with("error:"));
  EXPECT_TRUE(server.Stop(StopMode::kFast).ok()) << "stopping twice is no error";
  ASSERT_TRUE(server.StartAgain().ok());
  EXPECT_EQ(Ask(server, "SELECT a FROM t"), "42");
  EXPECT_EQ(server.StartAgain().code(), absl::StatusCode::kFailedPrecondition);

  ASSERT_TRUE(server.Restart(StopMode::kImmediate).ok());
  EXPECT_EQ(server.port(), port);
  EXPECT_EQ(Ask(server, "SELECT a FROM t"), "42");
  EXPECT_EQ(Ask(server, "SELECT current_user"), "ada");
}

TEST(PrivateServerTest, StartsAgainAfterAKilledPostmaster) {
  auto started = PrivateServer::Start();
  ASSERT_TRUE(started.ok()) << started.status();
  PrivateServer& server = **started;
  EXPECT_EQ(Ask(server, "CREATE TABLE t AS SELECT 42 AS a"), "");
  ASSERT_EQ(kill(server.pid(), SIGKILL), 0);
  siginfo_t ended;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(server.pid()), &ended, WEXITED | WNOWAIT), 0);
  const absl::Status status = server.StartAgain();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(Ask(server, "SELECT a FROM t"), "42");
}

TEST(PrivateServerTest, StopTellsThatTheServerHadEndedByItself) {
  auto server = PrivateServer::Start({.with_tcp = false});
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ((*server)->host(), (*server)->socket_dir());
  EXPECT_EQ(Ask(**server, "SHOW listen_addresses"), "");
  const pid_t pid = (*server)->pid();
  ASSERT_EQ(kill(pid, SIGTERM), 0);
  siginfo_t ended;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT), 0);
  const absl::Status status = (*server)->Stop(StopMode::kFast);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_NE(std::string(status.message()).find("received smart shutdown request"), std::string::npos) << status;
}

TEST(PrivateServerTest, ReportsTheLogOfAServerThatDoesNotStart) {
  const auto server = PrivateServer::Start({.settings = {{"work_mem", "many"}}});
  ASSERT_FALSE(server.ok());
  EXPECT_NE(std::string(server.status().message()).find("invalid value for parameter \"work_mem\""), std::string::npos)
      << server.status();
  EXPECT_EQ(PrivateServer::Start({.bin_dir = "/nowhere"}).status().code(), absl::StatusCode::kNotFound);
}

// Starts a server in a process that is then killed.
TEST(PrivateServerTest, AKilledParentTakesTheServerAlong) {
  // As its subreaper we inherit the server when its parent dies, and can wait for its end.
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  struct Message {
    pid_t server;
    std::array<char, 256> directory;
  };
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const pid_t owner = fork();
  ASSERT_GE(owner, 0);
  if (owner == 0) {
    auto server = PrivateServer::Start();
    Message message{};
    if (server.ok()) {
      message.server = (*server)->pid();
      (*server)->socket_dir().copy(message.directory.data(), message.directory.size() - 1);
    }
    [[maybe_unused]] const ssize_t written = write(ends[1], &message, sizeof message);
    while (true) {
      pause();
    }
  }
  close(ends[1]);
  Message message{};
  ASSERT_EQ(read(ends[0], &message, sizeof message), static_cast<ssize_t>(sizeof message));
  close(ends[0]);
  kill(owner, SIGKILL);
  waitpid(owner, nullptr, 0);
  ASSERT_GT(message.server, 0) << "the server did not start";

  int status = -1;
  pid_t ended = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (ended == 0 && std::chrono::steady_clock::now() < deadline) {
    ended = waitpid(message.server, &status, WNOHANG);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(ended, message.server) << "the server outlived its parent";
  if (ended == 0) {
    kill(message.server, SIGQUIT);
    waitpid(message.server, &status, 0);
  }
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "no clean shutdown: " << status;
  std::filesystem::remove_all(message.directory.data());
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

}  // namespace
}  // namespace pgmoult::tools
