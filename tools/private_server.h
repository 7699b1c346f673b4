#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pgmoult::tools {

struct PrivateServerOptions {
  // Folder of `postgres` and `initdb`. Empty: $PGMOULT_PG_BIN; else Debian's 15, else the newest of 14 to 18.
  std::string bin_dir = {};
  // Lines of postgresql.conf, name and unquoted value; a later line wins. Not for port, listen_addresses and
  // unix_socket_directories, which are the server's own.
  std::vector<std::pair<std::string, std::string>> settings = {};
  // Name of the superuser.
  std::string user = "postgres";
  // Listen on 127.0.0.1 as well as on the Unix socket.
  bool with_tcp = true;
};

// The folder that PrivateServerOptions::bin_dir stands for. Error: NotFound.
absl::StatusOr<std::string> FindServerPrograms(const std::string& bin_dir);

enum class StopMode {
  kFast,       // sessions are ended, a checkpoint is written
  kImmediate,  // as after a crash: the next start recovers from WAL
};

// A PostgreSQL server of our own: a fresh cluster in a temporary folder, open to every local user (no passwords).
//
// The server is a child process in its own session, which the kernel stops (fast shutdown) when we die, be it by
// SIGKILL. Then its folder, $TMPDIR/pgmoult-*, remains and may be deleted; in all other cases the destructor removes
// it. The kernel means the *thread* that made the child: Start(), Restart() and StartAgain() belong on a thread that
// lives as long as the server shall, in doubt the main one.
//
// PostgreSQL refuses to run as root; for root, it and all its files belong to the system user `postgres`.
// Calls block. Not thread safe.
class PrivateServer {
 public:
  using Options = PrivateServerOptions;

  // Creates the cluster and returns when connections are accepted, in one or two seconds. Errors: NotFound (no server
  // programs, no system user), DeadlineExceeded (60 s), else Internal with the last lines of the log.
  static absl::StatusOr<std::unique_ptr<PrivateServer>> Start(Options options = {});

  // A physical standby of a server that runs: a base backup of it that follows it by streaming, open to readers; with
  // the same settings and a port of its own. SELECT pg_promote() makes it a server like any other.
  static absl::StatusOr<std::unique_ptr<PrivateServer>> StartStandby(const PrivateServer& primary);

  PrivateServer(const PrivateServer&) = delete;
  PrivateServer& operator=(const PrivateServer&) = delete;
  // Stops at once and removes the folder.
  ~PrivateServer();

  // Returns when the server process is gone. One that does not obey within 60 s is killed, and DeadlineExceeded says
  // so. A server that had ended by itself gives Internal with its log; one stopped before gives OK.
  absl::Status Stop(StopMode mode);
  // Starts the stopped (or crashed) server with the same port and data.
  absl::Status StartAgain();
  // Stop() and StartAgain().
  absl::Status Restart(StopMode mode);

  // 127.0.0.1, or the socket's folder where with_tcp is off.
  const std::string& host() const { return options_.with_tcp ? kLoopback : directory_; }
  int port() const { return port_; }
  const std::string& socket_dir() const { return directory_; }
  const std::string& user() const { return options_.user; }
  const std::string& bin_dir() const { return options_.bin_dir; }
  const std::string& data_dir() const { return data_dir_; }
  const std::string& log_path() const { return log_path_; }
  // Of the postmaster; 0 while stopped.
  pid_t pid() const { return pid_; }

 private:
  static const std::string kLoopback;

  explicit PrivateServer(Options options) : options_(std::move(options)) {}

  absl::Status MakeDirectory();
  absl::Status InitCluster();
  // Runs one of the server's programs, by name, to its end.
  absl::Status RunTool(std::vector<std::string> words) const;
  absl::Status WriteSettings();
  absl::Status LaunchOnFreePort();
  // Starts the postmaster and waits until it accepts connections or ends.
  absl::Status Launch();
  absl::Status WaitUntilReady();
  absl::Status FailedWith(std::string_view what, const std::string& log_path) const;

  Options options_;
  uid_t uid_ = 0;  // of the server processes
  gid_t gid_ = 0;
  std::string directory_;
  std::string data_dir_;
  std::string log_path_;
  int port_ = 0;
  pid_t pid_ = 0;
};

}  // namespace pgmoult::tools
