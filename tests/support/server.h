#pragma once

#include <algorithm>
#include <iterator>
#include <type_traits>
#include <vector>

#include "tools/private_server.h"

namespace pgmoult::tests {

// Settings of the servers that tests use: no fsync, room for many sessions, logical decoding and prepared transactions
// possible, lock waits logged.
tools::PrivateServerOptions TestServerOptions();

// The one server of this test process, started at the first call (one or two seconds) and stopped after the last test.
// Call it from the main thread first: the server ends with the thread that started it. A test may stop it, but must
// start it again on the same thread. Throws std::runtime_error where it does not start.
tools::PrivateServer& SharedServer();

// The major version of the servers that tests use, by their program's own word: no server need be running.
int ServerMajor();

// Of a table of cases those that the server can have, by their member `from`: the major version they begin with.
template <typename Cases>
auto ForThisServer(const Cases& cases) {
  std::vector<std::decay_t<decltype(*std::begin(cases))>> fitting;
  const int major = ServerMajor();
  std::ranges::copy_if(cases, std::back_inserter(fitting), [major](const auto& one) { return one.from <= major; });
  return fitting;
}

}  // namespace pgmoult::tests
