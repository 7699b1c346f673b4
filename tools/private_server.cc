#include "tools/private_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <system_error>
#include <thread>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/macros.h"

namespace pgmoult::tools {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kPatience{60};          // for start and for stop
constexpr milliseconds kPollInterval{5};  // between looks at a process or at its pid file
constexpr int kLogTailLines = 20;
constexpr int kPortAttempts = 20;
constexpr int kPreferredMajor = 15;
constexpr int kOldestMajor = 14;
constexpr int kNewestMajor = 18;
constexpr int kReadyLine = 7;  // of postmaster.pid, from 0: "ready" once connections are accepted

std::string Errno(std::string_view what, int error) {
  return fmt::format("{}: {}", what, std::generic_category().message(error));
}

std::string Trim(std::string text) {
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() { Close(); }

  void Close() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
    fd_ = -1;
  }
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

 private:
  int fd_;
};

bool HasServer(const std::string& bin_dir) {
  return ::access((bin_dir + "/postgres").c_str(), X_OK) == 0 && ::access((bin_dir + "/initdb").c_str(), X_OK) == 0;
}

struct UnixUser {
  uid_t uid;
  gid_t gid;
};

// The user that runs the server: ourselves, or `postgres` where we are root.
absl::StatusOr<UnixUser> ServerUser() {
  if (::geteuid() != 0) {
    return UnixUser{::geteuid(), ::getegid()};
  }
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (::getpwnam_r("postgres", &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return absl::NotFoundError(
        "PostgreSQL does not run as root and there is no system user postgres: install the server's package, or run "
        "as another user");
  }
  return UnixUser{entry.pw_uid, entry.pw_gid};
}

// Everything a child needs, made before the fork: between fork and exec only async-signal-safe calls are allowed.
struct Program {
  Program(std::vector<std::string> arguments, const std::string& log_path, std::string directory, UnixUser user,
          int death_signal)
      : arguments(std::move(arguments)),
        log(::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)),
        directory(std::move(directory)),
        user(user),
        death_signal(death_signal) {
    for (std::string& argument : this->arguments) {
      argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    // The caller's PG* variables name other servers, and its locale would translate the log.
    environment = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"};
    if (const char* libraries = std::getenv("LD_LIBRARY_PATH"); libraries != nullptr) {
      environment.push_back(fmt::format("LD_LIBRARY_PATH={}", libraries));
    }
    for (std::string& variable : environment) {
      envp.push_back(variable.data());
    }
    envp.push_back(nullptr);
  }

  std::vector<std::string> arguments;  // the first is the program's path
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  FileDescriptor log;
  std::string directory;  // to run in
  UnixUser user;
  int death_signal;  // sent when our thread dies
};

// Runs in the child. Returns only on failure, with errno set.
void BecomeProgram(const Program& program, pid_t parent) {
  sigset_t none;
  ::sigemptyset(&none);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGCHLD, SIGUSR1, SIGUSR2, SIGALRM}) {
    ::signal(signal, SIG_DFL);
  }
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setsid();
  if (::geteuid() == 0 &&
      (::setgroups(1, &program.user.gid) != 0 || ::setgid(program.user.gid) != 0 || ::setuid(program.user.uid) != 0)) {
    return;
  }
  // Only now: a change of user clears it. A parent that died before has handed us to another one.
  if (::prctl(PR_SET_PDEATHSIG, program.death_signal) != 0) {
    return;
  }
  if (::getppid() != parent) {
    ::_exit(1);
  }
  const int null = ::open("/dev/null", O_RDONLY);
  if (::chdir(program.directory.c_str()) != 0 || null < 0 || ::dup2(null, STDIN_FILENO) < 0 ||
      ::dup2(program.log.get(), STDOUT_FILENO) < 0 || ::dup2(program.log.get(), STDERR_FILENO) < 0) {
    return;
  }
  // Sockets and pipes of ours would stay open as long as the server; kernels before 5.11 leave them.
  ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  ::execve(program.argv[0], program.argv.data(), program.envp.data());
}

absl::StatusOr<pid_t> Spawn(const Program& program) {
  if (!program.log.ok()) {
    return absl::InternalError(Errno("cannot open the log file of a child process", errno));
  }
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return absl::InternalError(Errno("pipe", errno));
  }
  FileDescriptor read_end(ends[0]);
  FileDescriptor write_end(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) {
    return absl::InternalError(Errno("fork", errno));
  }
  if (child == 0) {
    BecomeProgram(program, parent);
    const int error = errno;
    [[maybe_unused]] const ssize_t written = ::write(write_end.get(), &error, sizeof error);
    ::_exit(127);
  }
  write_end.Close();
  int error = 0;
  ssize_t length = 0;
  do {
    length = ::read(read_end.get(), &error, sizeof error);  // the end of the pipe says that exec succeeded
  } while (length < 0 && errno == EINTR);
  if (length == 0) {
    return child;
  }
  ::waitpid(child, nullptr, 0);
  return absl::InternalError(Errno(fmt::format("cannot run {} in {}", program.arguments[0], program.directory), error));
}

// Whether the child has ended; takes its exit status then, so that its pid is free.
bool Reap(pid_t child) {
  const pid_t got = ::waitpid(child, nullptr, WNOHANG);
  return got == child || (got < 0 && errno == ECHILD);
}

bool ReapBefore(pid_t child, Clock::time_point deadline) {
  while (!Reap(child)) {
    if (Clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(kPollInterval);
  }
  return true;
}

std::vector<std::string> LastLines(const std::string& path) {
  std::deque<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    lines.push_back(std::move(line));
    if (lines.size() > kLogTailLines) {
      lines.pop_front();
    }
  }
  return {lines.begin(), lines.end()};
}

// A free port below the kernel's ephemeral range (32768 and up). A port of that range could become the source of
// somebody's outgoing connection while the server restarts, or a client's own while it tries to reconnect: TCP then
// connects the client to itself.
std::optional<int> FreePort() {
  std::random_device seed;
  std::uniform_int_distribution<int> any_port(15'000, 32'000);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const int port = any_port(seed);
    const FileDescriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // as PostgreSQL itself does
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (probe.ok() && ::bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      return port;
    }
  }
  return std::nullopt;
}

std::string Quoted(std::string_view value) {
  std::string text = "'";
  for (const char c : value) {
    text += c;
    if (c == '\'' || c == '\\') {
      text += c;
    }
  }
  return text + "'";
}

// What makes a start worth another try: somebody took the port; or the backends of a killed postmaster are not all
// gone.
bool Contains(const std::vector<std::string>& lines, std::string_view words) {
  for (const std::string& line : lines) {
    if (line.find(words) != std::string::npos) {
      return true;
    }
  }
  return false;
}

}  // namespace

const std::string PrivateServer::kLoopback = "127.0.0.1";

absl::StatusOr<std::string> FindServerPrograms(const std::string& bin_dir) {
  std::string named = bin_dir;
  if (const char* variable = std::getenv("PGMOULT_PG_BIN"); named.empty() && variable != nullptr) {
    named = variable;
  }
  if (!named.empty()) {
    if (HasServer(named)) {
      return named;
    }
    return absl::NotFoundError(fmt::format("no programs postgres and initdb in {}", named));
  }
  std::vector<int> majors{kPreferredMajor};
  for (int major = kNewestMajor; major >= kOldestMajor; --major) {
    majors.push_back(major);
  }
  for (const int major : majors) {
    std::string candidate = fmt::format("/usr/lib/postgresql/{}/bin", major);
    if (HasServer(candidate)) {
      return candidate;
    }
  }
  return absl::NotFoundError(
      "no PostgreSQL server found: install one (Debian: postgresql-15), or set PGMOULT_PG_BIN to the folder of "
      "postgres and initdb");
}

absl::StatusOr<std::unique_ptr<PrivateServer>> PrivateServer::Start(Options options) {
  ASSIGN_OR_RETURN(options.bin_dir, FindServerPrograms(options.bin_dir));
  // From here on the destructor cleans up after a failure.
  std::unique_ptr<PrivateServer> server(new PrivateServer(std::move(options)));
  RETURN_IF_ERROR(server->MakeDirectory());
  RETURN_IF_ERROR(server->InitCluster());
  RETURN_IF_ERROR(server->WriteSettings());
  RETURN_IF_ERROR(server->LaunchOnFreePort());
  return server;
}

absl::StatusOr<std::unique_ptr<PrivateServer>> PrivateServer::StartStandby(const PrivateServer& primary) {
  std::unique_ptr<PrivateServer> server(new PrivateServer(primary.options_));
  RETURN_IF_ERROR(server->MakeDirectory());
  RETURN_IF_ERROR(server->RunTool({"pg_basebackup", "--pgdata=" + server->data_dir_, "--host=" + primary.directory_,
                                   fmt::format("--port={}", primary.port_), "--username=" + primary.options_.user,
                                   "--write-recovery-conf", "--checkpoint=fast", "--no-sync"}));
  RETURN_IF_ERROR(server->WriteSettings());
  RETURN_IF_ERROR(server->LaunchOnFreePort());
  return server;
}

PrivateServer::~PrivateServer() {
  Stop(StopMode::kImmediate).IgnoreError();
  if (!directory_.empty()) {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
}

absl::Status PrivateServer::MakeDirectory() {
  ASSIGN_OR_RETURN(const UnixUser user, ServerUser());
  uid_ = user.uid;
  gid_ = user.gid;
  const char* base = std::getenv("TMPDIR");
  std::string path = fmt::format("{}/pgmoult-XXXXXX", base != nullptr && *base != '\0' ? base : "/tmp");
  if (path.size() + sizeof "/.s.PGSQL.65535.lock" > sizeof(sockaddr_un::sun_path)) {
    return absl::InvalidArgumentError(fmt::format("TMPDIR is too long a path for a Unix socket: {}", path));
  }
  if (::mkdtemp(path.data()) == nullptr) {
    return absl::InternalError(Errno(fmt::format("cannot create {}", path), errno));
  }
  directory_ = path;
  data_dir_ = directory_ + "/data";
  log_path_ = directory_ + "/server.log";
  if (::geteuid() == 0 && ::chown(directory_.c_str(), uid_, gid_) != 0) {
    return absl::InternalError(Errno(fmt::format("cannot give {} to the user postgres", directory_), errno));
  }
  return absl::OkStatus();
}

absl::Status PrivateServer::InitCluster() {
  return RunTool({"initdb", "--pgdata=" + data_dir_, "--username=" + options_.user, "--auth=trust", "--encoding=UTF8",
                  "--locale=C.UTF-8", "--no-sync"});
}

absl::Status PrivateServer::RunTool(std::vector<std::string> words) const {
  const std::string name = words[0];
  const std::string log_path = fmt::format("{}/{}.log", directory_, name);
  words[0] = fmt::format("{}/{}", options_.bin_dir, name);
  const Program tool(std::move(words), log_path, directory_, {uid_, gid_}, SIGKILL);
  ASSIGN_OR_RETURN(const pid_t child, Spawn(tool));
  int exit_status = 0;
  while (::waitpid(child, &exit_status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(exit_status) || WEXITSTATUS(exit_status) != 0) {
    return FailedWith(name + " failed", log_path);
  }
  return absl::OkStatus();
}

absl::Status PrivateServer::WriteSettings() {
  std::ofstream file(data_dir_ + "/postgresql.conf", std::ios::app);
  const auto write = [&file](std::string_view name, std::string_view value) {
    file << name << " = " << Quoted(value) << '\n';
  };
  file << '\n';
  write("logging_collector", "off");
  write("log_line_prefix", "%m [%p] ");
  for (const auto& [name, value] : options_.settings) {
    write(name, value);
  }
  write("listen_addresses", options_.with_tcp ? kLoopback : "");
  write("unix_socket_directories", directory_);
  file.close();
  if (!file) {
    return absl::InternalError(fmt::format("cannot write {}/postgresql.conf", data_dir_));
  }
  return absl::OkStatus();
}

absl::Status PrivateServer::Launch() {
  // SIGINT is PostgreSQL's fast shutdown.
  const Program postgres({options_.bin_dir + "/postgres", "-D", data_dir_, "-p", fmt::format("{}", port_)}, log_path_,
                         directory_, {uid_, gid_}, SIGINT);
  ASSIGN_OR_RETURN(pid_, Spawn(postgres));
  return WaitUntilReady();
}

absl::Status PrivateServer::LaunchOnFreePort() {
  for (int attempt = 0;; ++attempt) {
    const std::optional<int> port = FreePort();
    if (!port) {
      return absl::ResourceExhaustedError("no free port between 15000 and 32000 on 127.0.0.1");
    }
    port_ = *port;
    absl::Status status = Launch();
    const bool port_taken = !status.ok() && Contains(LastLines(log_path_), "Address already in use");
    if (!port_taken || attempt + 1 == kPortAttempts) {
      return status;
    }
    ::truncate(log_path_.c_str(), 0);
  }
}

absl::Status PrivateServer::WaitUntilReady() {
  const Clock::time_point deadline = Clock::now() + kPatience;
  while (true) {
    if (Reap(pid_)) {
      pid_ = 0;
      return FailedWith("the private PostgreSQL server did not start", log_path_);
    }
    std::ifstream file(data_dir_ + "/postmaster.pid");
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
      lines.push_back(Trim(std::move(line)));
    }
    // A file that a crash left behind has another pid.
    if (lines.size() > kReadyLine && lines[0] == fmt::format("{}", pid_) && lines[kReadyLine] == "ready") {
      return absl::OkStatus();
    }
    if (Clock::now() > deadline) {
      const absl::Status late = FailedWith("the private PostgreSQL server was not ready within 60 s", log_path_);
      Stop(StopMode::kImmediate).IgnoreError();
      return absl::DeadlineExceededError(late.message());
    }
    std::this_thread::sleep_for(kPollInterval);
  }
}

absl::Status PrivateServer::Stop(StopMode mode) {
  if (pid_ == 0) {
    return absl::OkStatus();
  }
  const pid_t child = std::exchange(pid_, 0);
  if (Reap(child)) {
    return FailedWith("the private PostgreSQL server had ended by itself", log_path_);
  }
  ::kill(child, mode == StopMode::kFast ? SIGINT : SIGQUIT);
  if (ReapBefore(child, Clock::now() + kPatience)) {
    return absl::OkStatus();
  }
  ::kill(child, SIGKILL);
  ReapBefore(child, Clock::now() + kPatience);
  return absl::DeadlineExceededError("the private PostgreSQL server did not stop within 60 s and was killed");
}

absl::Status PrivateServer::StartAgain() {
  if (pid_ != 0 && !Reap(pid_)) {
    return absl::FailedPreconditionError("the private PostgreSQL server is running");
  }
  pid_ = 0;
  const Clock::time_point deadline = Clock::now() + kPatience;
  while (true) {
    std::error_code ignored;
    const auto old_size = std::filesystem::file_size(log_path_, ignored);
    absl::Status status = Launch();
    // The backends of a postmaster that was killed need a moment to notice, and hold its shared memory until then.
    const bool old_backends = Contains(LastLines(log_path_), "is still in use");
    if (status.ok() || !old_backends || Clock::now() > deadline) {
      return status;
    }
    std::filesystem::resize_file(log_path_, old_size, ignored);
    std::this_thread::sleep_for(kPollInterval);
  }
}

absl::Status PrivateServer::Restart(StopMode mode) {
  RETURN_IF_ERROR(Stop(mode));
  return StartAgain();
}

absl::Status PrivateServer::FailedWith(std::string_view what, const std::string& log_path) const {
  return absl::InternalError(fmt::format("{}; the end of its log:\n{}", what, fmt::join(LastLines(log_path), "\n")));
}

}  // namespace pgmoult::tools
