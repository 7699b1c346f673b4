#pragma once

#include <chrono>
#include <thread>

namespace pgmoult::tests {

// Asks `predicate` every few milliseconds until it gives true; false where it has not by the end of `patience`. For
// what another process or thread does in its own time:
//
//   EXPECT_TRUE(Eventually([&] { return watcher.Scalar<bool>("SELECT …"); }));
template <typename Predicate>
bool Eventually(Predicate predicate, std::chrono::milliseconds patience = std::chrono::seconds(20)) {
  constexpr std::chrono::milliseconds kPollInterval{5};
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!predicate()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      return false;
    }
    std::this_thread::sleep_for(kPollInterval);
  }
  return true;
}

}  // namespace pgmoult::tests
