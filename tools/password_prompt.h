#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace pgmoult::tools {

// Asks on the terminal of this process (/dev/tty), without echo, whatever standard input is. Blocks. Errors: no
// terminal; Cancelled at Ctrl-C or Ctrl-D.
absl::StatusOr<std::string> AskPassword(const std::string& prompt);

}  // namespace pgmoult::tools
