#include "engine/options.h"

#include <cstdint>

#include "boost/describe.hpp"
#include "boost/json/serialize.hpp"
#include "boost/json/value_from.hpp"
#include "boost/json/value_to.hpp"
#include "fmt/format.h"

namespace std::chrono {

void tag_invoke(const boost::json::value_from_tag&, boost::json::value& json, const milliseconds& time) {
  json = static_cast<int64_t>(time.count());
}
milliseconds tag_invoke(const boost::json::value_to_tag<milliseconds>&, const boost::json::value& json) {
  return milliseconds(json.to_number<int64_t>());
}
void tag_invoke(const boost::json::value_from_tag&, boost::json::value& json, const seconds& time) {
  json = static_cast<int64_t>(time.count());
}
seconds tag_invoke(const boost::json::value_to_tag<seconds>&, const boost::json::value& json) {
  return seconds(json.to_number<int64_t>());
}

}  // namespace std::chrono

namespace pgmoult::engine {

BOOST_DESCRIBE_ENUM(VerifyMode, kFull, kOff)
BOOST_DESCRIBE_ENUM(DualWriteMode, kAuto, kEarly, kNever)
BOOST_DESCRIBE_ENUM(CaptureMode, kStatement, kRow)
BOOST_DESCRIBE_ENUM(OldSnapshots, kGiveUp, kGoOn)
BOOST_DESCRIBE_STRUCT(RunOptions, (),
                      (jobs, chunk_ms, verify, dual_write, capture, postpone_cutover, trust_owner, allow_publish_all,
                       no_revert, max_hold, lock_budget, wait_old_snapshots, on_old_snapshots, cutover_window,
                       max_pause, force_cutover_after, revert_window, dead_man, retry_for))

absl::Status RunOptions::Validate() const {
  if (jobs < 1 || jobs > 64) {
    return absl::InvalidArgumentError(fmt::format("--jobs must be from 1 to 64, not {}", jobs));
  }
  if (chunk_ms < 1 || chunk_ms > 10'000) {
    return absl::InvalidArgumentError(fmt::format("--chunk-ms must be from 1 to 10000, not {}", chunk_ms));
  }
  if (max_hold < std::chrono::milliseconds(50)) {
    return absl::InvalidArgumentError("--max-hold-ms must be at least 50");
  }
  const bool negative = wait_old_snapshots.count() < 0 || retry_for.count() < 0 || max_pause.count() < 0 ||
                        force_cutover_after.count() < 0 || revert_window.count() < 0;
  if (lock_budget.count() < 1 || negative) {
    return absl::InvalidArgumentError(
        "--lock-budget must be at least 1 s; --wait-old-snapshots, --retry-for, --max-pause, --force-cutover-after and "
        "--revert-window must not be negative");
  }
  if (no_revert && revert_window.count() > 0) {
    return absl::InvalidArgumentError("--revert-window keeps what a revert needs, --no-revert makes none: give one");
  }
  if (dead_man.count() != 0 && dead_man < std::chrono::seconds(10)) {
    return absl::InvalidArgumentError("--dead-man must be at least 10 s");
  }
  const absl::Status window = CutoverWindow(*this).status();
  return window.ok() ? window
                     : absl::InvalidArgumentError(fmt::format("--cutover-window: {}", std::string(window.message())));
}

absl::StatusOr<std::optional<DayWindow>> CutoverWindow(const RunOptions& options) {
  if (options.cutover_window.empty()) {
    return std::nullopt;
  }
  return DayWindow::Parse(options.cutover_window);
}

boost::json::value ToJson(const RunOptions& options) { return boost::json::value_from(options); }

std::vector<std::string> DiffOptions(const RunOptions& is, const RunOptions& is_not) {
  const boost::json::value other = ToJson(is_not);
  std::vector<std::string> differences;
  for (const auto& [name, value] : ToJson(is).as_object()) {
    if (value != other.at(name)) {
      differences.push_back(fmt::format("{} is {}, not {}", std::string(name), boost::json::serialize(value),
                                        boost::json::serialize(other.at(name))));
    }
  }
  return differences;
}

absl::StatusOr<RunOptions> OptionsFromJson(const boost::json::value& json) {
  auto options = boost::json::try_value_to<RunOptions>(json);
  if (options.has_error()) {
    return absl::DataLossError(
        fmt::format("the journal's options cannot be read by this version: {}", options.error().message()));
  }
  return *options;
}

}  // namespace pgmoult::engine
