// The n-th message to the server is the one at which something fails, for n = 1, 2, 3 … until a run needs fewer: after
// each the run goes on by itself or is resumed, or was done already, and an application that writes all the while has
// what it wrote.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/fault/writers.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/run.h"
#include "tests/support/tcp_proxy.h"

namespace pgmoult::tests {
namespace {

constexpr int64_t kRows = 400;

constexpr int kStride = 97;  // the suite tries every so many-th n; $PGMOULT_ROUND_TRIP_STRIDE: another number
constexpr int kBytesPerMessage = 1300;  // for the form that counts bytes

struct Form {
  std::string_view name;
  std::function<void(TcpProxy&, int nth, const TestDatabase&)> set;
};

void PrintTo(const Form& form, std::ostream* out) { *out << form.name; }

class RoundTripTest : public ::testing::TestWithParam<Form> {
 protected:
  RoundTripTest() {
    session_.Exec(
        fmt::format("CREATE TABLE t (id int PRIMARY KEY, n bigint NOT NULL, note text UNIQUE);"
                    "INSERT INTO t SELECT g, 0, 'note ' || g FROM generate_series(1, {}) g; ANALYZE t",
                    kRows));
  }
  engine::Target ByProxy() const { return {.keywords = database_.TcpKeywords(proxy_.port())}; }
  engine::Target Direct() const { return TargetOf(database_); }

  // "" where the journal knows of none.
  std::string State() {
    if (!session_.Scalar<bool>("SELECT to_regclass('pgmoult.migration') IS NOT NULL")) {
      return "";
    }
    return session_.Scalar<std::string>("SELECT coalesce(max(state || ', ' || stage), '') FROM pgmoult.migration");
  }
  int64_t Id() { return session_.Scalar<int64_t>("SELECT coalesce(max(id), 0)::int8 FROM pgmoult.migration"); }

  TestDatabase database_;
  Session session_{database_};
  TcpProxy proxy_{database_.server().port()};
};

TEST_P(RoundTripTest, WhereverItFailsNothingIsLost) {
  const char* stride_text = std::getenv("PGMOULT_ROUND_TRIP_STRIDE");
  const int stride = stride_text != nullptr ? std::atoi(stride_text) : kStride;
  Writers writers(database_, 1, kRows);
  std::map<std::string, int> ends;
  int nth = 1 + static_cast<int>(TestSeed() % static_cast<uint32_t>(stride));
  for (;; nth += stride) {
    SCOPED_TRACE(fmt::format("n = {}", nth));
    GetParam().set(proxy_, nth, database_);
    engine::RunOptions options;
    options.retry_for = std::chrono::seconds(nth % 2 == 0 ? 600 : 0);
    auto report = RunChange(ByProxy(), "t", options);
    const bool fired = proxy_.fired();
    proxy_.Pass();
    const std::string state = State();
    const std::string first = pg::Describe(report.status());
    std::string how = !report.ok() ? "again" : report->interruptions > 0 ? "waited out" : "went on";
    if (!report.ok() && !state.empty()) {
      how = state;
      if (!state.ends_with("observe")) {
        engine::StopRequest stop;
        report = RunSync(engine::ResumeMigration(Direct(), Id(), {}, stop));
        ASSERT_TRUE(report.ok()) << state << ": " << first << "\nresumed: " << pg::Describe(report.status());
      }
    } else if (!report.ok()) {
      report = RunChange(Direct(), "t");
      ASSERT_TRUE(report.ok()) << first << "\nagain: " << pg::Describe(report.status());
    }
    ++ends[how];
    const auto finalized = RunSync(engine::Finalize(Direct(), Id()));
    ASSERT_TRUE(finalized.ok()) << how << ", " << first << "\n" << pg::Describe(finalized.status());
    ASSERT_TRUE(RunSync(engine::Cleanup(Direct())).ok());
    ASSERT_EQ(Leftovers(session_), "") << how << ", " << first;
    ASSERT_EQ(writers.errors(), "") << how << ", " << first;
    if (!fired) {
      break;
    }
  }
  writers.Stop();
  EXPECT_EQ(writers.Difference(session_), "");
  std::cout << fmt::format("{} messages: ", nth);
  for (const auto& [how, count] : ends) {
    std::cout << fmt::format("{} x {}; ", count, how);
  }
  std::cout << "\n";
}

INSTANTIATE_TEST_SUITE_P(
    Forms, RoundTripTest,
    ::testing::Values(
        Form{"CutBefore", [](TcpProxy& proxy, int nth, const TestDatabase&) { proxy.CutBefore("", nth); }},
        Form{"Truncated", [](TcpProxy& proxy, int nth,
                             const TestDatabase&) { proxy.CutAfterClientBytes(int64_t{nth} * kBytesPerMessage); }},
        Form{"ReplyLost", [](TcpProxy& proxy, int nth, const TestDatabase&) { proxy.DropRepliesAfter("", nth); }},
        Form{"BackendTerminated",
             [](TcpProxy& proxy, int nth, const TestDatabase& database) {
               proxy.CallAfter(
                   [&database](int client_port) {
                     Session(database).Exec(
                         fmt::format("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                                     "client_port = {}",
                                     client_port));
                   },
                   nth);
             }}),
    [](const ::testing::TestParamInfo<Form>& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace pgmoult::tests
