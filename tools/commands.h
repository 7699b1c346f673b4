#pragma once

#include "tools/cli.h"

namespace pgmoult::tools {

// Does what the command line says, on the calling thread, with an io_context of its own: asks for a password where
// needed, prints to standard output and standard error, handles SIGINT, SIGTERM and SIGHUP while a migration runs.
// Returns the exit code.
int RunCommandLine(const Arguments& arguments);

}  // namespace pgmoult::tools
