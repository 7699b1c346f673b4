#include <sys/prctl.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "pg/test_hooks.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/passwords.h"

namespace {

// A password on the command line is refused, but every user of the machine could still read it there for a moment.
void HidePasswords(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (pgmoult::tools::WordHoldsPassword(argv[i])) {
      std::memset(argv[i], 0, std::strlen(argv[i]));
    }
  }
}

// libpq reads PGPASSWORD at every connection. It stays there for it, but on the heap: /proc shows the block that the
// program was started with.
void HidePasswordVariable() {
  constexpr char kName[] = "PGPASSWORD";
  if (char* const given = std::getenv(kName); given != nullptr) {
    const std::string copy = given;
    std::memset(given, 0, copy.size());
    setenv(kName, copy.c_str(), /*overwrite=*/1);
  }
}

// Passwords are in our memory: no core file, and nobody but root may look into the process.
void ForbidDumps() {
  rlimit limit{};
  if (getrlimit(RLIMIT_CORE, &limit) == 0) {
    limit.rlim_cur = 0;
    setrlimit(RLIMIT_CORE, &limit);
  }
  // A core_pattern that is a pipe knows no limit.
  prctl(PR_SET_DUMPABLE, 0);
}

}  // namespace

int main(int argc, char** argv) {
  ForbidDumps();
  HidePasswordVariable();
  // A reader that goes away (`pgmoult run | head`) must not end a run.
  std::signal(SIGPIPE, SIG_IGN);
  pgmoult::pg::DieAtPointNamedBy("PGMOULT_TEST_DIE_AT");  // does nothing but where tests are built
  try {
    const pgmoult::tools::ParsedLine line =
        pgmoult::tools::ParseCommandLine(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
    HidePasswords(argc, argv);
    if (!line.arguments) {
      const bool failed = line.exit_code != pgmoult::tools::ExitCode::kDone;
      std::fputs(line.text.c_str(), failed ? stderr : stdout);
      return static_cast<int>(line.exit_code);
    }
    return pgmoult::tools::RunCommandLine(*line.arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pgmoult: internal error: %s\nWhat a run had done is in the database: pgmoult status\n",
                 error.what());
    return static_cast<int>(pgmoult::tools::ExitCode::kFailed);
  }
}
