#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "tools/cli.h"
#include "tools/commands.h"

namespace {

// A password inside a connection string is taken off the argument list, where every user of the machine could read it.
void HidePasswords(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::string hidden = pgmoult::tools::WithoutPassword(word);
    if (hidden.size() < word.size()) {
      std::memset(argv[i], 0, word.size());
      std::memcpy(argv[i], hidden.data(), hidden.size());
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that goes away (`pgmoult run | head`) must not end a run.
  std::signal(SIGPIPE, SIG_IGN);
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
