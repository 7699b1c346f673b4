#include "tests/support/server.h"

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/support/statements.h"

namespace pgmoult::tests {
namespace {

// Stops the server while the process is still whole, not among the destructors of static objects.
class ServerEnvironment : public ::testing::Environment {
 public:
  void TearDown() override { server_.reset(); }

  tools::PrivateServer& Get() {
    if (server_ == nullptr) {
      auto started = tools::PrivateServer::Start(TestServerOptions());
      if (!started.ok()) {
        throw std::runtime_error("no test server: " + std::string(started.status().message()));
      }
      server_ = *std::move(started);
    }
    return *server_;
  }

 private:
  std::unique_ptr<tools::PrivateServer> server_;
};

// GoogleTest owns it.
ServerEnvironment* const kEnvironment = [] {
  auto environment = std::make_unique<ServerEnvironment>();
  ServerEnvironment* const raw = environment.get();
  ::testing::AddGlobalTestEnvironment(environment.release());
  InstallStatementHooks();
  return raw;
}();

}  // namespace

tools::PrivateServerOptions TestServerOptions() {
  return {.settings = {{"fsync", "off"},
                       {"max_connections", "200"},
                       {"max_prepared_transactions", "10"},
                       {"wal_level", "logical"},
                       {"log_lock_waits", "on"}}};
}

int ServerMajor() {
  const auto folder = tools::FindServerPrograms(TestServerOptions().bin_dir);
  if (!folder.ok()) {
    throw std::runtime_error(std::string(folder.status().message()));
  }
  FILE* const pipe = popen(fmt::format("'{}/postgres' --version", *folder).c_str(), "r");
  int major = 0;
  const bool read = pipe != nullptr && fscanf(pipe, "postgres (PostgreSQL) %d", &major) == 1;
  if (pipe == nullptr || pclose(pipe) != 0 || !read) {
    throw std::runtime_error(fmt::format("{}/postgres does not tell its version", *folder));
  }
  return major;
}

tools::PrivateServer& SharedServer() { return kEnvironment->Get(); }

}  // namespace pgmoult::tests
