#include "pg/task_group.h"

#include <cassert>
#include <exception>
#include <string>

#include "boost/asio/as_tuple.hpp"
#include "boost/asio/bind_cancellation_slot.hpp"
#include "boost/asio/cancellation_state.hpp"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/this_coro.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "pg/status.h"

namespace pgmoult::pg {

namespace asio = boost::asio;

namespace {

constexpr auto kUseTuple = asio::as_tuple(asio::use_awaitable);

// Statuses, not exceptions, tell of a cancellation in everything this task awaits.
asio::awaitable<absl::Status> WithoutThrowing(asio::awaitable<absl::Status> task) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_return co_await std::move(task);
}

absl::Status FromException(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    return absl::InternalError(std::string("unexpected exception: ") + error.what());
  }
}

}  // namespace

TaskGroup::TaskGroup(asio::any_io_executor executor)
    : executor_(std::move(executor)), done_(executor_, asio::steady_timer::time_point::max()) {}

TaskGroup::~TaskGroup() { assert(running_ == 0 && "Join() must be awaited before the group is destroyed"); }

void TaskGroup::Spawn(asio::awaitable<absl::Status> task) {
  ++running_;
  asio::cancellation_signal& signal = signals_.emplace_back();
  asio::co_spawn(
      executor_, WithoutThrowing(std::move(task)),
      asio::bind_cancellation_slot(signal.slot(), [this](const std::exception_ptr& exception, absl::Status status) {
        OnDone(exception ? FromException(exception) : std::move(status));
      }));
  if (cancelled_) {
    signal.emit(asio::cancellation_type::terminal);
  }
}

void TaskGroup::OnDone(absl::Status status) {
  --running_;
  // A task that ended because we cancelled it says so, or lost the answer to its COMMIT by that; only the error that
  // made us cancel counts.
  const bool by_us = cancelled_ && (absl::IsCancelled(status) || IsOutcomeUnknown(status));
  if (!status.ok() && first_error_.ok() && !by_us) {
    first_error_ = std::move(status);
    Cancel();
  }
  if (running_ == 0) {
    done_.cancel();
  }
}

void TaskGroup::Cancel() {
  cancelled_ = true;
  for (asio::cancellation_signal& signal : signals_) {
    signal.emit(asio::cancellation_type::terminal);
  }
}

asio::awaitable<absl::Status> TaskGroup::Join() {
  co_await asio::this_coro::throw_if_cancelled(false);
  bool outer_cancelled = false;
  while (running_ > 0) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none && !outer_cancelled) {
      outer_cancelled = true;
      Cancel();
      continue;
    }
    co_await done_.async_wait(kUseTuple);
  }
  signals_.clear();
  if (!first_error_.ok()) {
    co_return first_error_;
  }
  co_return outer_cancelled ? absl::CancelledError("stopped on request") : absl::OkStatus();
}

namespace {

asio::awaitable<absl::Status> RunMain(asio::awaitable<absl::Status> main, absl::Status& result, TaskGroup& group) {
  result = co_await std::move(main);
  group.Cancel();
  co_return absl::OkStatus();
}

}  // namespace

asio::awaitable<absl::Status> WithBackground(asio::awaitable<absl::Status> main,
                                             asio::awaitable<absl::Status> background) {
  TaskGroup group(co_await asio::this_coro::executor);
  absl::Status result;
  group.Spawn(RunMain(std::move(main), result, group));
  group.Spawn(std::move(background));
  const absl::Status joined = co_await group.Join();
  co_return joined.ok() || (absl::IsCancelled(joined) && !result.ok()) ? result : joined;
}

asio::awaitable<bool> IsCancelled() {
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

asio::awaitable<absl::Status> SleepFor(std::chrono::steady_clock::duration delay) {
  co_await asio::this_coro::throw_if_cancelled(false);
  asio::steady_timer timer(co_await asio::this_coro::executor, delay);
  if (!co_await IsCancelled()) {
    co_await timer.async_wait(kUseTuple);
  }
  co_return co_await IsCancelled() ? absl::CancelledError("stopped on request") : absl::OkStatus();
}

void Event::Notify() {
  for (asio::steady_timer* waiter : waiters_) {
    waiter->cancel();
  }
}

asio::awaitable<absl::Status> Event::WaitFor(std::chrono::steady_clock::duration delay) {
  co_await asio::this_coro::throw_if_cancelled(false);
  asio::steady_timer timer(co_await asio::this_coro::executor, delay);
  waiters_.push_back(&timer);
  if (!co_await IsCancelled()) {
    co_await timer.async_wait(kUseTuple);
  }
  waiters_.remove(&timer);
  co_return co_await IsCancelled() ? absl::CancelledError("stopped on request") : absl::OkStatus();
}

}  // namespace pgmoult::pg
