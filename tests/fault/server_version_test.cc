// The program before a server that it cannot work with: every command says so in one line, and asks nothing of it.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "tests/fault/program.h"
#include "tests/support/database.h"
#include "tests/support/run.h"
#include "tests/support/server.h"
#include "tools/private_server.h"

namespace pgmoult::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A message of the protocol: its letter, its length, its content.
std::string Message(char letter, std::string_view content) {
  const uint32_t length = htonl(static_cast<uint32_t>(content.size() + sizeof(uint32_t)));
  std::string message(1, letter);
  message.append(reinterpret_cast<const char*>(&length), sizeof length);  // NOLINT: bytes of the wire
  message += content;
  return message;
}

std::string Words(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) {
    text += word;
    text += '\0';
  }
  return text;
}

// Accepts sessions and tells its version, one after the other. As a real server does, it refuses a session that brings
// settings which came later than it. What a session sends after its start is counted.
class FakeServer {
 public:
  explicit FakeServer(std::string version, bool knows_settings)
      : version_(std::move(version)), knows_settings_(knows_settings), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);  // NOLINT: as the socket API wants it
    if (listener_ < 0 || bind(listener_, any, size) != 0 || listen(listener_, 8) != 0 ||
        getsockname(listener_, any, &size) != 0) {
      throw std::runtime_error("no socket to listen on");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }

  int port() const { return port_; }
  // Sessions that were let in, and the messages but for the farewell that they sent.
  int sessions() const { return sessions_; }
  int requests() const { return requests_; }

 private:
  static bool Read(int socket, size_t bytes, std::string& text) {
    text.assign(bytes, '\0');
    return bytes == 0 || recv(socket, text.data(), bytes, MSG_WAITALL) == static_cast<ssize_t>(bytes);
  }
  // The length at the start of a message, less itself.
  static bool ReadLength(int socket, size_t& length) {
    std::string bytes;
    if (!Read(socket, sizeof(uint32_t), bytes)) {
      return false;
    }
    uint32_t value = 0;
    std::ranges::copy(bytes, reinterpret_cast<char*>(&value));  // NOLINT: bytes of the wire
    length = ntohl(value) - sizeof value;
    return true;
  }

  void Serve() {
    for (int socket = 0; (socket = accept(listener_, nullptr, nullptr)) >= 0; close(socket)) {
      size_t length = 0;
      std::string text;
      if (!ReadLength(socket, length) || !Read(socket, length, text)) {
        continue;
      }
      std::string answer;
      if (!knows_settings_ && text.find("client_connection_check_interval") != std::string::npos) {
        answer =
            Message('E', Words({"SFATAL", "VFATAL", "C42704",
                                "Munrecognized configuration parameter \"client_connection_check_interval\"", ""}));
      } else {
        ++sessions_;
        answer = Message('R', std::string(4, '\0')) + Message('S', Words({"server_version", version_})) +
                 Message('S', Words({"client_encoding", "UTF8"})) + Message('K', std::string(8, '\1')) +
                 Message('Z', "I");
      }
      send(socket, answer.data(), answer.size(), MSG_NOSIGNAL);
      while (Read(socket, 1, text)) {
        requests_ += text == "X" ? 0 : 1;
        if (!ReadLength(socket, length) || !Read(socket, length, text)) {
          break;
        }
      }
    }
  }

  std::string version_;
  bool knows_settings_;
  int listener_;
  int port_ = 0;
  std::atomic<int> sessions_ = 0;
  std::atomic<int> requests_ = 0;
  std::thread thread_;
};

const std::array<std::vector<std::string>, 11> kCommands = {{
    {"plan", "--table", "t"},
    {"run", "--alter", "ALTER TABLE t ADD COLUMN x int"},
    {"resume", "1"},
    {"status"},
    {"status", "1"},
    {"pause", "1"},
    {"continue", "1"},
    {"cutover", "1"},
    {"abort", "1"},
    {"finalize", "1"},
    {"cleanup"},
}};

// Those that would begin something are refused as by preflight; what asks about a run fails.
int CodeOf(const std::string& verb) { return verb == "plan" || verb == "run" || verb == "resume" ? 5 : 1; }

Ended Command(std::vector<std::string> words, const std::string& dsn) {
  words.insert(words.end(), {"--dsn", dsn});
  return RunProgram(std::move(words));
}

TEST(ServerVersionCommandsTest, EveryCommandNamesAVersionThatItCannotWorkWithAndAsksNothingOfTheServer) {
  const struct {
    const char* version;
    const char* named;
    bool knows_settings;
  } servers[] = {
      {"13.22 (Debian 13.22-1.pgdg12+1)", "the server is PostgreSQL 13.22; ", false},
      {"9.6.24", "the server is PostgreSQL 9.6.24; ", false},
      {"19beta1", "the server is PostgreSQL 19.0; ", true},
  };
  for (const auto& [version, named, knows_settings] : servers) {
    FakeServer server(version, knows_settings);
    const std::string dsn =
        fmt::format("host=127.0.0.1 port={} user=u dbname=d sslmode=disable gssencmode=disable", server.port());
    for (const std::vector<std::string>& words : kCommands) {
      const Ended ended = Command(words, dsn);
      EXPECT_EQ(ended.code, CodeOf(words[0])) << words[0] << ended.output;
      EXPECT_THAT(ended.output, HasSubstr(fmt::format("{}this version of pgmoult works with 14 to 18\n", named)));
      EXPECT_THAT(ended.output, Not(HasSubstr("client_connection_check_interval")));
    }
    EXPECT_GE(server.sessions(), static_cast<int>(kCommands.size()));
    EXPECT_EQ(server.requests(), 0);
  }
}

// A setting that a server of the right version does not know is what it is: an error of its own.
TEST(ServerVersionCommandsTest, AnUnknownSettingOnAGoodServerIsReportedAsTheServerSaysIt) {
  FakeServer server("15.1", /*knows_settings=*/false);
  const Ended ended =
      Command({"status"},
              fmt::format("host=127.0.0.1 port={} user=u dbname=d sslmode=disable gssencmode=disable", server.port()));
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.output, HasSubstr("unrecognized configuration parameter"));
}

TEST(ServerVersionCommandsTest, EveryCommandNamesAStandbyAsOneUntilItIsThePrimary) {
  auto started = tools::PrivateServer::Start(TestServerOptions());
  ASSERT_TRUE(started.ok()) << started.status().message();
  tools::PrivateServer& server = **started;
  const TestDatabase database(server);
  const std::string folder = Session(database).Scalar<std::string>("SHOW data_directory");
  ASSERT_TRUE(server.Stop(tools::StopMode::kFast).ok());
  std::ofstream(folder + "/standby.signal").close();
  ASSERT_TRUE(server.StartAgain().ok());
  for (const std::vector<std::string>& words : kCommands) {
    const Ended ended = Command(words, database.Dsn());
    EXPECT_EQ(ended.code, CodeOf(words[0])) << words[0] << ended.output;
    EXPECT_THAT(ended.output, HasSubstr("the server is a standby, which can only be read; connect to its primary"));
  }
  Session(database).Exec("SELECT pg_promote()");
  const Ended ended = Command({"status"}, database.Dsn());
  EXPECT_EQ(ended.code, 0) << ended.output;
}

}  // namespace
}  // namespace pgmoult::tests
