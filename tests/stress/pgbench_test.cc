// The table everybody knows, under the load everybody knows.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "fmt/format.h"
#include "pg/status.h"
#include "tests/stress/client.h"
#include "tests/stress/harness.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"

namespace pgmoult::tests {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Debian's works with every server; not every server has one beside it.
std::string PgbenchFor(const tools::PrivateServer& server) {
  const std::string of_debian = "/usr/lib/postgresql/15/bin/pgbench";
  return access(of_debian.c_str(), X_OK) == 0 ? of_debian : server.bin_dir() + "/pgbench";
}

// A pgbench under way.
class Pgbench {
 public:
  Pgbench(const TestDatabase& database, std::vector<std::string> arguments)
      : output_(memfd_create("pgbench output", MFD_CLOEXEC)) {
    arguments.insert(arguments.begin(), {PgbenchFor(database.server()), "-h", database.server().socket_dir(), "-p",
                                         fmt::format("{}", database.server().port()), "-U", database.server().user()});
    arguments.push_back(database.name());
    std::vector<char*> argv;
    for (std::string& argument : arguments) {
      argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(output_, STDOUT_FILENO);
      dup2(output_, STDERR_FILENO);
      execv(argv[0], argv.data());
      _exit(127);
    }
  }
  Pgbench(const Pgbench&) = delete;
  Pgbench& operator=(const Pgbench&) = delete;
  ~Pgbench() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(output_);
  }

  bool Running() {
    if (pid_ > 0 && waitpid(pid_, &status_, WNOHANG) == pid_) {
      pid_ = 0;
    }
    return pid_ > 0;
  }
  // What ends -T: transactions under way are finished, the summary is printed. The exit code.
  int End() {
    if (Running()) {
      kill(pid_, SIGALRM);
    }
    return Wait();
  }
  int Wait() {
    if (pid_ > 0) {
      waitpid(pid_, &status_, 0);
      pid_ = 0;
    }
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
  }
  std::string Output() {
    std::string text;
    std::array<char, 4096> piece{};
    for (ssize_t size = 0; (size = pread(output_, piece.data(), piece.size(), static_cast<off_t>(text.size()))) > 0;) {
      text.append(piece.data(), static_cast<size_t>(size));
    }
    return text;
  }

 private:
  int output_;
  pid_t pid_ = 0;
  int status_ = 0;
};

TEST(StressPgbenchTest, NoTransactionFailsAndAllSumsAgreeAcrossAChangeOfTheAccountsKey) {
  const TestDatabase database;
  const char* const scale = std::getenv("PGMOULT_PGBENCH_SCALE");
  Pgbench init(database, {"-i", "-q", "-s", scale == nullptr ? "2" : scale});
  ASSERT_EQ(init.Wait(), 0) << init.Output();
  Client client(database);
  // One with plans made anew, one with plans kept: the swap must not disturb either.
  Pgbench simple(database, {"-n", "-c", "4", "-T", "100000", "-R", "300"});
  Pgbench prepared(database, {"-n", "-c", "4", "-T", "100000", "-R", "300", "-M", "prepared"});
  const auto history = [&] { return std::stoll(client.Must("SELECT count(*) FROM pgbench_history").Value()); };
  ASSERT_TRUE(Eventually([&] { return history() > 100; })) << simple.Output() << prepared.Output();

  engine::RunOptions options;
  options.jobs = 2;
  options.chunk_ms = 20;
  bool alive = false;
  bool fenced = true;
  engine::Observer observer;
  observer.on_event = [&](std::string_view kind, const std::string&, const boost::json::value& facts) {
    if (kind == "swapped") {
      alive = simple.Running() && prepared.Running();
      fenced = facts.at("fence").as_bool();
    }
  };
  const auto report =
      RunChange(database, "ALTER TABLE pgbench_accounts ALTER COLUMN aid TYPE bigint", options, observer);
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status()) << simple.Output() << prepared.Output();
  EXPECT_TRUE(alive) << "the load went on until after the swap\n" << simple.Output() << prepared.Output();
  const int64_t at_swap = history();
  EXPECT_TRUE(Eventually([&] { return history() > at_swap + 300; }));
  for (Pgbench* load : {&simple, &prepared}) {
    EXPECT_EQ(load->End(), 0) << load->Output();
    EXPECT_THAT(load->Output(), HasSubstr("number of transactions actually processed"));
    // Only a pgbench from before 15 does not count them.
    EXPECT_THAT(load->Output(), AnyOf(Not(HasSubstr("number of failed transactions")),
                                      HasSubstr("number of failed transactions: 0 (0.000%)")));
  }
  EXPECT_EQ(client.Must("SELECT pg_typeof(aid)::text FROM pgbench_accounts LIMIT 1").Value(), "bigint");
  EXPECT_EQ(
      client
          .Must("SELECT count(DISTINCT sum) FROM (SELECT sum(abalance) FROM pgbench_accounts UNION ALL SELECT "
                "sum(tbalance) FROM pgbench_tellers UNION ALL SELECT sum(bbalance) FROM pgbench_branches UNION ALL "
                "SELECT sum(delta) FROM pgbench_history) s")
          .Value(),
      "1");
  EXPECT_EQ(report->repaired, 0);
  std::cout << fmt::format(
      "  {} transactions, {:.1f} s, {} tries, fence {}, dual-write {}, held {:.0f} ms, verified {}\n", history(),
      report->total_seconds, report->swap_tries, fenced, report->dual_write, report->swap_hold_ms,
      report->rows_verified);
}

}  // namespace
}  // namespace pgmoult::tests
