#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/eventually.h"

namespace pgmoult::tests {

// The program `pgmoult` as a child process: $PGMOULT_BINARY, else build/dev/pgmoult below the current folder. Killed at
// the end, if it still runs. `variables` ("NAME=value") are set for it on top of our environment.
class Program {
 public:
  explicit Program(std::vector<std::string> words, std::vector<std::string> variables = {})
      : output_(memfd_create("pgmoult output", MFD_CLOEXEC)) {
    const char* given = std::getenv("PGMOULT_BINARY");
    words.insert(words.begin(), given != nullptr ? given : "build/dev/pgmoult");
    std::vector<char*> arguments;
    for (std::string& word : words) {
      arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    std::vector<char*> environment;  // the first of a name counts
    for (std::string& variable : variables) {
      environment.push_back(variable.data());
    }
    for (char** inherited = environ; *inherited != nullptr; ++inherited) {
      environment.push_back(*inherited);
    }
    environment.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output_, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output_, STDERR_FILENO);
    const int error = posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data(), environment.data());
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
      close(output_);
      throw std::runtime_error("cannot start " + words[0] + ": " + std::strerror(error));
    }
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (pid_ > 0) {
      Signal(SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(output_);
  }

  pid_t pid() const { return pid_; }
  void Signal(int number) const { kill(pid_, number); }
  // kill -9, and gone.
  void Kill() {
    Signal(SIGKILL);
    Wait();
  }
  // The exit code; 128 and the signal's number where one ended it. Throws where it does not end within a minute.
  int Wait() {
    int code = 0;
    if (!Eventually([&] { return HasEnded(code); }, std::chrono::seconds(60))) {
      throw std::runtime_error("the program does not end; it has said:\n" + output());
    }
    return code;
  }
  // Whether it has ended, and if so, for the first time, with which code.
  bool HasEnded(int& code) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) {
      return false;
    }
    pid_ = 0;
    dumped_core_ = WIFSIGNALED(status) && WCOREDUMP(status);
    code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
  }
  // After Wait().
  bool dumped_core() const { return dumped_core_; }
  // What it has printed so far, both streams.
  std::string output() const {
    // Not by lseek(): the child writes at the same offset.
    struct stat facts{};
    fstat(output_, &facts);
    std::string text(static_cast<size_t>(facts.st_size), '\0');
    const ssize_t got = pread(output_, text.data(), text.size(), 0);
    text.resize(got < 0 ? 0 : static_cast<size_t>(got));
    return text;
  }

 private:
  int output_;
  pid_t pid_ = 0;
  bool dumped_core_ = false;
};

struct Ended {
  int code = 0;
  std::string output;
};

// Runs the program to its end.
inline Ended RunProgram(std::vector<std::string> words, std::vector<std::string> variables = {}) {
  Program program(std::move(words), std::move(variables));
  const int code = program.Wait();
  return {.code = code, .output = program.output()};
}

}  // namespace pgmoult::tests
