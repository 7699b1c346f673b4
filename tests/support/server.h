#pragma once

#include "tools/private_server.h"

namespace pgmoult::tests {

// Settings of the servers that tests use: no fsync, room for many sessions, logical decoding and prepared transactions
// possible, lock waits logged.
tools::PrivateServerOptions TestServerOptions();

// The one server of this test process, started at the first call (one or two seconds) and stopped after the last test.
// Call it from the main thread first: the server ends with the thread that started it. A test may stop it, but must
// start it again on the same thread. Throws std::runtime_error where it does not start.
tools::PrivateServer& SharedServer();

}  // namespace pgmoult::tests
