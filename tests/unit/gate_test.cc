#include "copier/gate.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <exception>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "boost/asio/bind_cancellation_slot.hpp"
#include "boost/asio/cancellation_signal.hpp"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/io_context.hpp"

namespace pgmoult::copier {
namespace {

namespace asio = boost::asio;

class GateTest : public testing::Test {
 protected:
  // A worker that passes the gate once.
  struct Worker {
    std::optional<absl::Status> passed;
    asio::cancellation_signal cancel;
  };

  void Start(Worker& worker) {
    asio::co_spawn(io_, gate_.Pass(),
                   asio::bind_cancellation_slot(worker.cancel.slot(),
                                                [&worker](const std::exception_ptr& exception, absl::Status status) {
                                                  EXPECT_EQ(exception, nullptr);
                                                  worker.passed = std::move(status);
                                                }));
    RunReady();
  }

  // Everything that can go on without time passing.
  void RunReady() {
    io_.restart();
    io_.poll();
  }

  asio::io_context io_;
  Gate gate_;
};

TEST_F(GateTest, OpenLetsPass) {
  Worker worker;
  Start(worker);
  EXPECT_EQ(worker.passed, absl::OkStatus());
  EXPECT_FALSE(gate_.closed());
  EXPECT_FALSE(gate_.stopping());
}

TEST_F(GateTest, ClosedMakesWaitUntilItOpens) {
  gate_.Close("paused by alice");
  EXPECT_TRUE(gate_.closed());
  EXPECT_EQ(gate_.reason(), "paused by alice");
  std::array<Worker, 3> workers;
  for (Worker& worker : workers) {
    Start(worker);
    EXPECT_FALSE(worker.passed);
  }
  gate_.Open();
  EXPECT_FALSE(gate_.closed());
  EXPECT_EQ(gate_.reason(), "");
  RunReady();
  for (const Worker& worker : workers) {
    EXPECT_EQ(worker.passed, absl::OkStatus());
  }
}

TEST_F(GateTest, OneThatIsWokenAndFindsItClosedAgainGoesOnWaiting) {
  gate_.Close("first");
  Worker worker;
  Start(worker);
  gate_.Open();
  gate_.Close("second");
  RunReady();
  EXPECT_FALSE(worker.passed);
  gate_.Open();
  RunReady();
  EXPECT_EQ(worker.passed, absl::OkStatus());
}

TEST_F(GateTest, StopEndsThoseThatWait) {
  gate_.Close("throttled");
  Worker worker;
  Start(worker);
  gate_.Stop();
  RunReady();
  ASSERT_TRUE(worker.passed);
  EXPECT_TRUE(absl::IsCancelled(*worker.passed));
  EXPECT_TRUE(gate_.stopping());
}

TEST_F(GateTest, StopLastsWhetherOpenOrClosed) {
  gate_.Stop();
  Worker open;
  Start(open);
  ASSERT_TRUE(open.passed);
  EXPECT_TRUE(absl::IsCancelled(*open.passed));
  gate_.Close("paused");
  Worker closed;
  Start(closed);
  ASSERT_TRUE(closed.passed);
  EXPECT_TRUE(absl::IsCancelled(*closed.passed));
  gate_.Open();
  Worker reopened;
  Start(reopened);
  ASSERT_TRUE(reopened.passed);
  EXPECT_TRUE(absl::IsCancelled(*reopened.passed));
}

TEST_F(GateTest, ACancelledWorkerLeavesTheGateAsItIs) {
  gate_.Close("paused");
  Worker cancelled;
  Worker other;
  Start(cancelled);
  Start(other);
  cancelled.cancel.emit(asio::cancellation_type::terminal);
  RunReady();
  ASSERT_TRUE(cancelled.passed);
  EXPECT_TRUE(absl::IsCancelled(*cancelled.passed));
  EXPECT_FALSE(other.passed);
  EXPECT_TRUE(gate_.closed());
  gate_.Open();
  RunReady();
  EXPECT_EQ(other.passed, absl::OkStatus());
}

TEST_F(GateTest, ClosingAgainChangesTheReasonOnly) {
  gate_.Close("replica lag");
  gate_.Close("paused by alice");
  EXPECT_EQ(gate_.reason(), "paused by alice");
  gate_.Open();
  EXPECT_FALSE(gate_.closed());
}

TEST_F(GateTest, CountsTheTimeItIsClosed) {
  const auto zero = std::chrono::steady_clock::duration::zero();
  EXPECT_EQ(gate_.closed_time(), zero);
  gate_.Close("paused");
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (gate_.closed_time() == zero && std::chrono::steady_clock::now() < limit) {
  }
  gate_.Close("still paused");
  const auto first = gate_.closed_time();
  EXPECT_GT(first, zero);
  gate_.Open();
  const auto opened = gate_.closed_time();
  EXPECT_GE(opened, first);
  gate_.Open();
  EXPECT_EQ(gate_.closed_time(), opened);
  gate_.Close("again");
  gate_.Open();
  EXPECT_GE(gate_.closed_time(), opened);
}

}  // namespace
}  // namespace pgmoult::copier
