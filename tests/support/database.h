#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pg/connection.h"
#include "tools/private_server.h"

namespace pgmoult::tests {

using Keywords = std::vector<std::pair<std::string, std::string>>;

// A fresh, empty database; dropped with everything connected to it. Failures throw std::runtime_error in the
// constructor and fail the test in the destructor.
class TestDatabase {
 public:
  // On the shared server, or on one that outlives this object.
  TestDatabase();
  explicit TestDatabase(tools::PrivateServer& server);
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;
  ~TestDatabase();

  const std::string& name() const { return name_; }
  tools::PrivateServer& server() const { return *server_; }

  // For pg::ConnectOptions::keywords, by the Unix socket. `role` is who logs in (no password); the superuser where
  // empty.
  Keywords ConnectKeywords(const std::string& role = "") const;
  // By TCP, to `port` of 127.0.0.1 in place of the server's own where not 0: the way through a TcpProxy.
  Keywords TcpKeywords(int port = 0, const std::string& role = "") const;
  pg::ConnectOptions Options(const std::string& role = "") const { return {.keywords = ConnectKeywords(role)}; }
  // The same as Options() as a conninfo string, for the command line.
  std::string Dsn(const std::string& role = "") const;

 private:
  // Slots and prepared transactions would hold up DROP DATABASE.
  absl::Status RemoveHolders();

  tools::PrivateServer* server_;
  std::string name_;
};

}  // namespace pgmoult::tests
