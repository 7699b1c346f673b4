#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/fault/background_run.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"

namespace pgmoult::tests {

inline constexpr char kLog[] = "pgmoult_1_new.pgmoult_change_log";

// A run that waits before the swap, with a table t (id, …) that tests write to.
class CaptureTest : public ::testing::Test {
 protected:
  engine::Target target() const { return TargetOf(database_, login_); }

  // Rebuilds t and returns when the cutover is postponed. Row capture never writes through.
  void Start(engine::DualWriteMode mode, const std::string& change = "t", engine::RunOptions options = {}) {
    options.chunk_ms = 50;
    options.postpone_cutover = true;
    options.dual_write = mode;
    run_ = std::make_unique<BackgroundRun>(target(), change, options);
    const bool waits = run_->WaitForWaiting("postponed");
    ASSERT_TRUE(waits) << pg::Describe(run_->Finish().status());
    ASSERT_EQ(run_->SawEvent("dual_write"),
              mode == engine::DualWriteMode::kAuto && options.capture == engine::CaptureMode::kStatement);
  }
  // No replay from now on; what is logged stays so.
  void Pause() {
    ASSERT_TRUE(RunSync(engine::Pause(target(), 1)).ok());
    ASSERT_TRUE(Eventually([this] {
      return session_.Scalar<bool>(
          "SELECT EXISTS (SELECT FROM pgmoult.event WHERE kind = 'command' AND detail->>'verb' = 'pause') AND NOT "
          "EXISTS "
          "(SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pgmoult 1 replay' "
          "AND state <> 'idle')");
    }));
  }
  void Continue() { ASSERT_TRUE(RunSync(engine::Continue(target(), 1)).ok()); }

  int64_t Logged() { return session_.Scalar<int64_t>(fmt::format("SELECT count(*) FROM {}", kLog)); }
  // Keys that differ between the tables, in one snapshot; those in the log left out where `unlogged`.
  std::string Differing(bool unlogged) {
    return session_.Scalar<std::string>(fmt::format(
        "SELECT coalesce(string_agg(x.id::text, ', ' ORDER BY x.id), '') FROM (SELECT coalesce(s.id, d.id) AS id FROM "
        "public.t s FULL "
        "JOIN pgmoult_1_new.t d ON d.id = s.id WHERE s::text IS DISTINCT FROM d::text) x{}",
        unlogged ? fmt::format(" WHERE NOT EXISTS (SELECT FROM {0} l WHERE l.id = x.id) AND NOT EXISTS (SELECT FROM "
                               "{0} WHERE id IS NULL)",
                               kLog)
                 : ""));
  }
  void ExpectInvariant() { EXPECT_EQ(Differing(/*unlogged=*/true), ""); }
  void ExpectEqualSoon() {
    // In one snapshot: between two a copy may begin anew, which empties the shadow and takes the marker away.
    const std::string equal = fmt::format(
        "SELECT NOT EXISTS (SELECT FROM {}) AND NOT EXISTS (SELECT FROM public.t s FULL JOIN pgmoult_1_new.t d ON d.id "
        "= s.id WHERE s::text IS DISTINCT FROM d::text)",
        kLog);
    EXPECT_TRUE(Eventually([&] { return session_.Scalar<bool>(equal); }))
        << "differing: " << Differing(false) << "; logged: " << Logged();
  }
  engine::RunReport Swap() {
    const auto allowed = RunSync(engine::Cutover(target(), 1));
    EXPECT_TRUE(allowed.ok()) << pg::Describe(allowed.status());
    const auto report = run_->Finish();
    EXPECT_TRUE(report.ok()) << pg::Describe(report.status());
    return report.ok() ? *report : engine::RunReport();
  }

  TestDatabase database_;
  Session session_{database_};
  std::string login_;  // of the engine; the superuser where empty
  std::unique_ptr<BackgroundRun> run_;
};

}  // namespace pgmoult::tests
