#include "engine/tripwire.h"

#include <algorithm>

#include "copier/sql_builder.h"
#include "engine/capture.h"
#include "engine/catalog.h"
#include "engine/dependents.h"
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

Awaitable<absl::Status> ReadMarker(pg::Connection& connection, const Design& design, bool& exists) {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await connection.Query(
                          fmt::format("/* pgmoult:tripwire */ SELECT {}", copier::MarkerExists(design.transfer))));
  CO_ASSIGN_OR_RETURN(exists, result.Scalar<bool>());
  co_return absl::OkStatus();
}

// The login need not have any right on the log.
Awaitable<absl::Status> ReadMarkerAsOwner(pg::Connection& connection, const Design& design, bool& exists) {
  CO_RETURN_IF_ERROR(
      (co_await connection.Query(fmt::format("/* pgmoult:tripwire */ SET LOCAL ROLE {}", pg::Ident(design.owner))))
          .status());
  co_return co_await ReadMarker(connection, design, exists);
}

}  // namespace

Awaitable<absl::StatusOr<std::vector<std::string>>> ReadDefinitionChanges(pg::Connection& connection,
                                                                          const Design& design) {
  CO_ASSIGN_OR_RETURN(const Shape shape, co_await ReadSourceShape(connection, design.source_oid));
  std::vector<std::string> changes = DiffShapes(design.source_shape, shape);
  // Locks and swap go by name, and must mean the table that was copied.
  CO_ASSIGN_OR_RETURN(const std::optional<int64_t> named, co_await ReadOid(connection, design.transfer.source));
  if (named != design.source_oid) {
    changes.push_back(fmt::format("{} is {}", design.transfer.source.Plain(),
                                  named ? "another table by now" : "no longer the name of the table"));
  }
  co_return changes;
}

Awaitable<absl::StatusOr<std::string>> ReadFilenode(pg::Connection& connection, int64_t oid) {
  CO_ASSIGN_OR_RETURN(
      const pg::Result result,
      co_await connection.Query("/* pgmoult:tripwire */ SELECT coalesce(pg_catalog.pg_relation_filenode($1)::text, '')",
                                {oid}));
  co_return result.Scalar<std::string>();
}

Awaitable<absl::StatusOr<TripwireReport>> ReadTripwire(pg::Connection& connection, const Design& design) {
  TripwireReport report;
  CO_ASSIGN_OR_RETURN(report.definition, co_await ReadDefinitionChanges(connection, design));
  CO_ASSIGN_OR_RETURN(const std::vector<Dependent> dependents, co_await ReadDependents(connection, design.source_oid));
  report.dependents = DiffDependents(design.dependents, dependents, /*with_state=*/true);
  CO_ASSIGN_OR_RETURN(const std::vector<CaptureTrigger> triggers, co_await ReadCaptureTriggers(connection, design));
  report.capture = DiffTriggers(design.triggers, triggers);
  CO_ASSIGN_OR_RETURN(const std::string filenode, co_await ReadFilenode(connection, design.source_oid));
  if (filenode != design.filenode) {
    // A TRUNCATE makes a new file, too, but says so in the log: the copy starts again.
    bool truncated = false;
    if (connection.in_transaction()) {
      CO_RETURN_IF_ERROR(co_await ReadMarker(connection, design, truncated));
    } else {
      CO_RETURN_IF_ERROR(co_await pg::InTransaction(connection, "/* pgmoult:tripwire */ BEGIN",
                                                    ReadMarkerAsOwner(connection, design, truncated)));
    }
    if (!truncated) {
      report.capture.emplace_back("the table was rewritten, which fires no trigger");
    }
  }
  co_return report;
}

absl::Status DependentsChanged(const Design& design, const std::vector<std::string>& changes) {
  return WithEndKind(EndKind::kStopped,
                     absl::FailedPreconditionError(fmt::format(
                         "what hangs on {} is not what it was when the run began: {}. Make it as it was (what is new "
                         "can be made again after the swap), then resume",
                         design.transfer.source.Plain(), fmt::join(changes, "; "))));
}

Awaitable<absl::Status> WarnOfDependents(Context& context, pg::Connection& connection, const TripwireReport& report) {
  const std::string changes = fmt::format("{}", fmt::join(report.dependents, "; "));
  if (changes.empty() || changes == context.warned_of) {
    co_return absl::OkStatus();
  }
  context.warned_of = changes;
  const std::string text = fmt::format("what hangs on {} was changed, which will be in the way of the swap: {}",
                                       context.design.transfer.source.Plain(), changes);
  context.observer.on_event("warning", text, nullptr);
  co_return co_await AddEvent(connection, context.id(), "warning", {{"text", text}});
}

Awaitable<absl::Status> CheckTripwire(Context& context) {
  CO_ASSIGN_OR_RETURN(const TripwireReport report,
                      co_await context.lock_wait.Run([&] { return ReadTripwire(*context.journal, context.design); }));
  if (!report.definition.empty()) {
    co_return WithEndKind(EndKind::kImpossible,
                          absl::FailedPreconditionError(fmt::format("the definition of {} changed during the run: {}",
                                                                    context.design.transfer.source.Plain(),
                                                                    fmt::join(report.definition, "; "))));
  }
  if (!report.dependents.empty() && context.progress.stage >= Stage::kApproach) {
    co_return DependentsChanged(context.design, report.dependents);
  }
  CO_RETURN_IF_ERROR(co_await WarnOfDependents(context, *context.journal, report));
  if (!report.capture.empty()) {
    CO_RETURN_IF_ERROR(co_await Record(
        context, "tripwire",
        fmt::format("somebody touched the capture triggers ({}); they are made again and everything will be verified",
                    fmt::join(report.capture, "; ")),
        {{"triggers", fmt::format("{}", fmt::join(report.capture, "; "))}}));
    context.design.must_verify = true;  // goes into the journal with the new triggers
    CO_RETURN_IF_ERROR(co_await InstallCapture(context));
  }
  co_return absl::OkStatus();
}

}  // namespace pgmoult::engine
