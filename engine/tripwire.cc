#include "engine/tripwire.h"

#include <algorithm>

#include "engine/capture.h"
#include "engine/catalog.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/macros.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;

std::vector<std::string> DiffTriggers(const std::vector<CaptureTrigger>& was, const std::vector<CaptureTrigger>& is) {
  std::vector<std::string> sentences;
  for (const CaptureTrigger& expected : was) {
    const auto found = std::ranges::find(is, expected.name, &CaptureTrigger::name);
    if (found == is.end()) {
      sentences.push_back(fmt::format("trigger {} is gone", expected.name));
    } else if (found->enabled != expected.enabled) {
      sentences.push_back(
          fmt::format("trigger {} has state {} instead of {}", expected.name, found->enabled, expected.enabled));
    } else if (found->xmin != expected.xmin) {
      sentences.push_back(fmt::format("trigger {} was disabled for a while, or made again", expected.name));
    }
  }
  return sentences;
}

}  // namespace

Awaitable<absl::StatusOr<TripwireReport>> ReadTripwire(pg::Connection& connection, const Design& design) {
  TripwireReport report;
  CO_ASSIGN_OR_RETURN(const Shape shape, co_await ReadShape(connection, design.source_oid));
  report.definition = DiffShapes(design.source_shape, shape);
  CO_ASSIGN_OR_RETURN(const std::vector<CaptureTrigger> triggers, co_await ReadCaptureTriggers(connection, design));
  report.triggers = DiffTriggers(design.triggers, triggers);
  co_return report;
}

Awaitable<absl::Status> CheckTripwire(Context& context) {
  CO_ASSIGN_OR_RETURN(const TripwireReport report, co_await ReadTripwire(*context.journal, context.design));
  if (!report.definition.empty()) {
    co_return absl::FailedPreconditionError(fmt::format(
        "the definition of {} changed during the run: {}; take the run back (pgmoult abort {}) and start again",
        context.design.transfer.source.Plain(), fmt::join(report.definition, "; "), context.id()));
  }
  if (!report.triggers.empty()) {
    CO_RETURN_IF_ERROR(co_await Record(
        context, "tripwire",
        fmt::format("somebody touched the capture triggers ({}); they are made again and everything will be verified",
                    fmt::join(report.triggers, "; ")),
        {{"triggers", fmt::format("{}", fmt::join(report.triggers, "; "))}}));
    context.design.must_verify = true;  // goes into the journal with the new triggers
    CO_RETURN_IF_ERROR(co_await InstallCapture(context));
  }
  co_return absl::OkStatus();
}

}  // namespace pgmoult::engine
