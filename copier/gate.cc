#include "copier/gate.h"

#include "pg/macros.h"

namespace pgmoult::copier {

void Gate::Close(std::string reason) {
  reason_ = std::move(reason);
  if (!closed_) {
    closed_ = true;
    closed_since_ = std::chrono::steady_clock::now();
  }
}

void Gate::Open() {
  if (closed_) {
    closed_before_ += std::chrono::steady_clock::now() - closed_since_;
  }
  closed_ = false;
  reason_.clear();
  changed_.Notify();
}

void Gate::Stop() {
  stopping_ = true;
  changed_.Notify();
}

std::chrono::steady_clock::duration Gate::closed_time() const {
  return closed_before_ +
         (closed_ ? std::chrono::steady_clock::now() - closed_since_ : std::chrono::steady_clock::duration::zero());
}

boost::asio::awaitable<absl::Status> Gate::Pass() {
  while (closed_ && !stopping_) {
    CO_RETURN_IF_ERROR(co_await changed_.WaitFor(std::chrono::seconds(1)));
  }
  co_return stopping_ ? absl::CancelledError("stopped on request") : absl::OkStatus();
}

}  // namespace pgmoult::copier
