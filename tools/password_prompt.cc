#include "tools/password_prompt.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <string_view>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"

namespace pgmoult::tools {
namespace {

constexpr size_t kLongest = 1024;

void Say(int terminal, std::string_view text) {
  // Nobody can be told if the terminal itself is gone.
  [[maybe_unused]] const ssize_t written = write(terminal, text.data(), text.size());
}

void EraseLast(std::string& line) {
  // All bytes of one UTF-8 character.
  while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0U) == 0x80U) {
    line.pop_back();
  }
  if (!line.empty()) {
    line.pop_back();
  }
}

absl::StatusOr<std::string> ReadLine(int terminal) {
  std::string line;
  char c = 0;
  while (read(terminal, &c, 1) == 1) {
    switch (c) {
      case '\n':
      case '\r':
        return line;
      case '\x03':
      case '\x04':
        return absl::CancelledError("no password given");
      case '\b':
      case '\x7f':
        EraseLast(line);
        break;
      case '\x15':
        line.clear();
        break;
      default:
        line += c;
    }
    if (line.size() > kLongest) {
      return absl::InvalidArgumentError("the password is too long");
    }
  }
  return absl::CancelledError("the terminal was closed");
}

}  // namespace

absl::StatusOr<std::string> AskPassword(const std::string& prompt) {
  const int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) {
    return absl::FailedPreconditionError("there is no terminal to ask for a password; use .pgpass or PGPASSFILE");
  }
  const absl::Cleanup close_terminal = [terminal] { close(terminal); };
  termios before{};
  if (tcgetattr(terminal, &before) != 0) {
    return absl::FailedPreconditionError("the terminal's settings cannot be read");
  }
  // Without signals: a Ctrl-C must not leave the terminal without echo.
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG | ICANON);
  if (tcsetattr(terminal, TCSAFLUSH, &silent) != 0) {
    return absl::FailedPreconditionError("the terminal's echo cannot be switched off");
  }
  const absl::Cleanup restore = [terminal, &before] { tcsetattr(terminal, TCSAFLUSH, &before); };
  Say(terminal, prompt);
  absl::StatusOr<std::string> line = ReadLine(terminal);
  Say(terminal, "\n");
  return line;
}

}  // namespace pgmoult::tools
