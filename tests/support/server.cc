#include "tests/support/server.h"

#include <memory>
#include <stdexcept>
#include <string>

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

tools::PrivateServer& SharedServer() { return kEnvironment->Get(); }

}  // namespace pgmoult::tests
