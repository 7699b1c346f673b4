#include "pg/task_group.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "boost/asio/awaitable.hpp"
#include "boost/asio/bind_cancellation_slot.hpp"
#include "boost/asio/cancellation_signal.hpp"
#include "boost/asio/cancellation_state.hpp"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/this_coro.hpp"

namespace pgmoult::pg {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using std::chrono::hours;
using std::chrono::milliseconds;

// A coroutine that runs on its own and can be cancelled.
struct Running {
  std::optional<absl::Status> result;
  asio::cancellation_signal cancel;
};

class CoroutineTest : public testing::Test {
 protected:
  void Start(Running& running, awaitable<absl::Status> body) {
    asio::co_spawn(io_, std::move(body),
                   asio::bind_cancellation_slot(running.cancel.slot(),
                                                [&running](const std::exception_ptr& exception, absl::Status status) {
                                                  EXPECT_EQ(exception, nullptr);
                                                  running.result = std::move(status);
                                                }));
    RunReady();
  }

  void Cancel(Running& running) {
    running.cancel.emit(asio::cancellation_type::terminal);
    RunReady();
  }

  // Everything that can go on without time passing.
  void RunReady() {
    io_.restart();
    io_.poll();
  }

  // Until nothing is left to do.
  void RunAll() {
    io_.restart();
    io_.run();
  }

  asio::io_context io_;
};

awaitable<absl::Status> Return(absl::Status status) { co_return status; }

awaitable<absl::Status> ReturnAfter(Event& event, absl::Status status) {
  const absl::Status waited = co_await event.WaitFor(hours(1));
  co_return waited.ok() ? status : waited;
}

// Waits, and says whether it was cancelled.
awaitable<absl::Status> WaitLong(absl::Status& seen) {
  seen = co_await SleepFor(hours(1));
  co_return seen;
}

// Fails in its own way when it is cancelled.
awaitable<absl::Status> FailWhenCancelled(absl::Status error) {
  const absl::Status waited = co_await SleepFor(hours(1));
  co_return waited.ok() ? waited : error;
}

// Has work to do after it was cancelled.
awaitable<absl::Status> CleanUpWhenCancelled(Event& cleaned) {
  const absl::Status waited = co_await SleepFor(hours(1));
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  const absl::Status cleaning = co_await cleaned.WaitFor(hours(1));
  co_return cleaning.ok() ? waited : cleaning;
}

awaitable<absl::Status> Throw() {
  throw std::runtime_error("boom");
  co_return absl::OkStatus();
}

awaitable<absl::Status> Join(TaskGroup& group) { co_return co_await group.Join(); }

awaitable<absl::Status> RunInnerGroup(absl::Status& seen) {
  TaskGroup group(co_await asio::this_coro::executor);
  group.Spawn(WaitLong(seen));
  co_return co_await group.Join();
}

class TaskGroupTest : public CoroutineTest {
 protected:
  TaskGroup group_{io_.get_executor()};
  Running join_;
};

TEST_F(TaskGroupTest, JoinsNothing) {
  Start(join_, Join(group_));
  EXPECT_EQ(join_.result, absl::OkStatus());
}

TEST_F(TaskGroupTest, JoinsTasksThatHaveEndedBefore) {
  group_.Spawn(Return(absl::OkStatus()));
  group_.Spawn(Return(absl::OkStatus()));
  RunReady();
  EXPECT_EQ(group_.running(), 0);
  Start(join_, Join(group_));
  EXPECT_EQ(join_.result, absl::OkStatus());
}

TEST_F(TaskGroupTest, JoinWaitsForAll) {
  std::array<Event, 3> events;
  for (Event& event : events) {
    group_.Spawn(ReturnAfter(event, absl::OkStatus()));
  }
  Start(join_, Join(group_));
  for (int left = 3; left > 0; --left) {
    EXPECT_EQ(group_.running(), left);
    EXPECT_FALSE(join_.result);
    events[static_cast<size_t>(left - 1)].Notify();
    RunReady();
  }
  EXPECT_EQ(join_.result, absl::OkStatus());
}

TEST_F(TaskGroupTest, TheFirstErrorCancelsTheOthersAndIsTheResult) {
  Event event;
  absl::Status first;
  absl::Status second;
  group_.Spawn(WaitLong(first));
  group_.Spawn(ReturnAfter(event, absl::InternalError("broken")));
  group_.Spawn(WaitLong(second));
  Start(join_, Join(group_));
  EXPECT_FALSE(join_.result);
  event.Notify();
  RunReady();
  EXPECT_EQ(join_.result, absl::InternalError("broken"));
  EXPECT_TRUE(absl::IsCancelled(first));
  EXPECT_TRUE(absl::IsCancelled(second));
}

TEST_F(TaskGroupTest, LaterErrorsDoNotReplaceTheFirst) {
  Event event;
  group_.Spawn(FailWhenCancelled(absl::DataLossError("later")));
  group_.Spawn(ReturnAfter(event, absl::InternalError("first")));
  Start(join_, Join(group_));
  event.Notify();
  RunReady();
  EXPECT_EQ(join_.result, absl::InternalError("first"));
}

TEST_F(TaskGroupTest, AnErrorBeforeJoinIsKept) {
  absl::Status seen;
  group_.Spawn(WaitLong(seen));
  group_.Spawn(Return(absl::InternalError("early")));
  RunReady();
  EXPECT_EQ(group_.running(), 0);
  Start(join_, Join(group_));
  EXPECT_EQ(join_.result, absl::InternalError("early"));
  EXPECT_TRUE(absl::IsCancelled(seen));
}

TEST_F(TaskGroupTest, CancelIsNoErrorOfTheGroup) {
  absl::Status seen;
  group_.Spawn(WaitLong(seen));
  Start(join_, Join(group_));
  group_.Cancel();
  RunReady();
  EXPECT_EQ(join_.result, absl::OkStatus());
  EXPECT_TRUE(absl::IsCancelled(seen));
}

TEST_F(TaskGroupTest, AFailureAfterCancelIsAnError) {
  group_.Spawn(FailWhenCancelled(absl::DataLossError("cleanup failed")));
  Start(join_, Join(group_));
  group_.Cancel();
  RunReady();
  EXPECT_EQ(join_.result, absl::DataLossError("cleanup failed"));
}

TEST_F(TaskGroupTest, ATaskThatSaysCancelledByItselfIsAnError) {
  absl::Status seen;
  group_.Spawn(WaitLong(seen));
  group_.Spawn(Return(absl::CancelledError("gate stopped")));
  Start(join_, Join(group_));
  EXPECT_EQ(join_.result, absl::CancelledError("gate stopped"));
  EXPECT_TRUE(absl::IsCancelled(seen));
}

TEST_F(TaskGroupTest, ATaskSpawnedAfterCancelIsCancelled) {
  absl::Status seen;
  group_.Cancel();
  group_.Spawn(WaitLong(seen));
  Start(join_, Join(group_));
  EXPECT_EQ(join_.result, absl::OkStatus());
  EXPECT_TRUE(absl::IsCancelled(seen));
}

TEST_F(TaskGroupTest, CancellingTheJoinerCancelsTheTasks) {
  absl::Status first;
  absl::Status second;
  group_.Spawn(WaitLong(first));
  group_.Spawn(WaitLong(second));
  Start(join_, Join(group_));
  Cancel(join_);
  ASSERT_TRUE(join_.result);
  EXPECT_TRUE(absl::IsCancelled(*join_.result));
  EXPECT_TRUE(absl::IsCancelled(first));
  EXPECT_TRUE(absl::IsCancelled(second));
  EXPECT_EQ(group_.running(), 0);
}

TEST_F(TaskGroupTest, AnErrorOfATaskWinsOverTheJoinersCancellation) {
  group_.Spawn(FailWhenCancelled(absl::DataLossError("cleanup failed")));
  Start(join_, Join(group_));
  Cancel(join_);
  EXPECT_EQ(join_.result, absl::DataLossError("cleanup failed"));
}

TEST_F(TaskGroupTest, ACancelledJoinerStillWaitsForItsTasks) {
  Event cleaned;
  group_.Spawn(CleanUpWhenCancelled(cleaned));
  Start(join_, Join(group_));
  Cancel(join_);
  EXPECT_FALSE(join_.result);
  EXPECT_EQ(group_.running(), 1);
  cleaned.Notify();
  RunReady();
  ASSERT_TRUE(join_.result);
  EXPECT_TRUE(absl::IsCancelled(*join_.result));
}

TEST_F(TaskGroupTest, CancellationReachesInnerGroups) {
  absl::Status seen;
  group_.Spawn(RunInnerGroup(seen));
  Start(join_, Join(group_));
  Cancel(join_);
  ASSERT_TRUE(join_.result);
  EXPECT_TRUE(absl::IsCancelled(*join_.result));
  EXPECT_TRUE(absl::IsCancelled(seen));
}

TEST_F(TaskGroupTest, AnExceptionIsAnInternalError) {
  absl::Status seen;
  group_.Spawn(WaitLong(seen));
  group_.Spawn(Throw());
  Start(join_, Join(group_));
  ASSERT_TRUE(join_.result);
  EXPECT_TRUE(absl::IsInternal(*join_.result));
  EXPECT_NE(std::string(join_.result->message()).find("boom"), std::string::npos);
  EXPECT_TRUE(absl::IsCancelled(seen));
}

class EventTest : public CoroutineTest {
 protected:
  Event event_;
};

TEST_F(EventTest, NotifyWakesAllThatWait) {
  std::array<Running, 3> waiters;
  for (Running& waiter : waiters) {
    Start(waiter, event_.WaitFor(hours(1)));
    EXPECT_FALSE(waiter.result);
  }
  event_.Notify();
  RunReady();
  for (const Running& waiter : waiters) {
    EXPECT_EQ(waiter.result, absl::OkStatus());
  }
}

TEST_F(EventTest, NotifyIsNotRemembered) {
  event_.Notify();
  Running waiter;
  Start(waiter, event_.WaitFor(hours(1)));
  EXPECT_FALSE(waiter.result);
  event_.Notify();
  RunReady();
  EXPECT_EQ(waiter.result, absl::OkStatus());
}

TEST_F(EventTest, ReturnsWhenTheDelayHasPassed) {
  Running waiter;
  Start(waiter, event_.WaitFor(milliseconds(1)));
  RunAll();
  EXPECT_EQ(waiter.result, absl::OkStatus());
  event_.Notify();  // Touches no waiter that is gone.
}

TEST_F(EventTest, ACancelledWaiterLeavesTheOthers) {
  Running cancelled;
  Running other;
  Start(cancelled, event_.WaitFor(hours(1)));
  Start(other, event_.WaitFor(hours(1)));
  Cancel(cancelled);
  ASSERT_TRUE(cancelled.result);
  EXPECT_TRUE(absl::IsCancelled(*cancelled.result));
  EXPECT_FALSE(other.result);
  event_.Notify();
  RunReady();
  EXPECT_EQ(other.result, absl::OkStatus());
}

using SleepForTest = CoroutineTest;

TEST_F(SleepForTest, ReturnsAfterTheDelay) {
  Running sleeper;
  const auto started = std::chrono::steady_clock::now();
  Start(sleeper, SleepFor(milliseconds(5)));
  RunAll();
  EXPECT_EQ(sleeper.result, absl::OkStatus());
  EXPECT_GE(std::chrono::steady_clock::now() - started, milliseconds(5));
}

TEST_F(SleepForTest, IsEndedByCancellation) {
  Running sleeper;
  Start(sleeper, SleepFor(hours(1)));
  Cancel(sleeper);
  ASSERT_TRUE(sleeper.result);
  EXPECT_TRUE(absl::IsCancelled(*sleeper.result));
}

awaitable<absl::Status> SleepTwice(absl::Status& first) {
  first = co_await SleepFor(hours(1));
  co_return co_await SleepFor(hours(1));
}

TEST_F(SleepForTest, EveryLaterSleepOfACancelledCoroutineReturnsAtOnce) {
  Running sleeper;
  absl::Status first;
  Start(sleeper, SleepTwice(first));
  Cancel(sleeper);
  EXPECT_TRUE(absl::IsCancelled(first));
  ASSERT_TRUE(sleeper.result);
  EXPECT_TRUE(absl::IsCancelled(*sleeper.result));
}

awaitable<absl::Status> SayWhetherCancelled(bool& before, bool& after) {
  before = co_await IsCancelled();
  (void)co_await SleepFor(hours(1));
  after = co_await IsCancelled();
  co_return absl::OkStatus();
}

TEST_F(CoroutineTest, IsCancelledTellsOfTheWholeCoroutine) {
  Running running;
  bool before = true;
  bool after = false;
  Start(running, SayWhetherCancelled(before, after));
  Cancel(running);
  EXPECT_FALSE(before);
  EXPECT_TRUE(after);
  EXPECT_EQ(running.result, absl::OkStatus());
}

}  // namespace
}  // namespace pgmoult::pg
