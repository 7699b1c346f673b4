#include "engine/last_look.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/catalog.h"
#include "engine/dependents.h"
#include "engine/preflight.h"
#include "engine/swap.h"
#include "engine/tripwire.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/macros.h"
#include "pg/task_group.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;

absl::Status Impossible(std::string_view why) {
  return WithEndKind(EndKind::kImpossible, absl::FailedPreconditionError(std::string(why)));
}

Awaitable<absl::Status> CheckDependents(pg::Connection& connection, const Design& design, int64_t shadow_oid) {
  CO_ASSIGN_OR_RETURN(std::vector<Dependent> now, co_await ReadDependents(connection, shadow_oid, design.source_oid));
  // Of what stands in for a partitioned table's key for a while only the key itself is known.
  for (Dependent& one : now) {
    const bool stands_in = std::ranges::any_of(design.carried, [&one](const CarriedDependent& carried) {
      return std::ranges::find(carried.stand_ins, one.name) != carried.stand_ins.end();
    });
    if (stands_in) {
      one.attributes.clear();
    }
  }
  std::vector<std::string> differences = DiffDependents(DependentsInSwap(design), now, /*with_state=*/false);
  CO_ASSIGN_OR_RETURN(const std::vector<Dependent> left, co_await ReadDependents(connection, design.source_oid));
  for (const Dependent& one : left) {
    // The old table keeps its foreign keys to itself, and old materialized views keep reading it.
    const bool goes_with_it = (one.kind == "foreign key" || one.kind == kMaterializedView) &&
                              one.name.find(fmt::format(" {}.", design.schema_old)) != std::string::npos;
    if (!goes_with_it) {
      differences.push_back(fmt::format("{}: still hangs on the old table", one.name));
    }
  }
  co_return differences.empty()
      ? absl::OkStatus()
      : Impossible(fmt::format("what hangs on {} could not be carried over to the new table as it should be: {}",
                               design.transfer.source.Plain(), fmt::join(differences, "; ")));
}

// Its indexes are attached as the old one's were.
Awaitable<absl::Status> CheckPartition(pg::Connection& connection, const Design& design, int64_t shadow_oid) {
  if (!IsPartition(design)) {
    co_return absl::OkStatus();
  }
  CO_ASSIGN_OR_RETURN(const Shape shape, co_await ReadShape(connection, shadow_oid));
  const std::vector<std::string> differences = DiffShapes(design.partition.final_shape, shape);
  co_return differences.empty()
      ? absl::OkStatus()
      : Impossible(fmt::format("the new partition of {} is not what the change makes of {}: {}",
                               design.partition.ancestors.back().table.Plain(), design.transfer.source.Plain(),
                               fmt::join(differences, "; ")));
}

}  // namespace

Awaitable<absl::StatusOr<int64_t>> LookBeforeExchange(Context& context) {
  pg::Connection& connection = *context.journal;
  const Design& design = context.design;
  CO_ASSIGN_OR_RETURN(const TripwireReport tripwire, co_await ReadTripwire(connection, design));
  if (!tripwire.definition.empty()) {
    co_return Impossible(fmt::format("the definition of {} changed during the run: {}", design.transfer.source.Plain(),
                                     fmt::join(tripwire.definition, "; ")));
  }
  if (!tripwire.capture.empty()) {
    co_return JumpTo(Stage::kVerify,
                     fmt::format("somebody touched the capture triggers ({})", fmt::join(tripwire.capture, "; ")));
  }
  if (!tripwire.dependents.empty()) {
    co_return DependentsChanged(design, tripwire.dependents);
  }
  CO_RETURN_IF_ERROR(co_await CheckNothingCame(connection, design, context.options));
  CO_RETURN_IF_ERROR(co_await pg::RunAll(connection, "/* pgmoult:cutover */", FinishShapeSql(design)));
  CO_ASSIGN_OR_RETURN(const std::optional<int64_t> shadow, co_await ReadOid(connection, design.transfer.shadow));
  if (!shadow) {
    co_return Impossible("the shadow is gone");
  }
  CO_ASSIGN_OR_RETURN(const Shape shape, co_await ReadShape(connection, *shadow, design.source_oid));
  const std::vector<std::string> differences = DiffShapes(design.expected_shape, shape);
  if (!differences.empty()) {
    co_return Impossible(fmt::format("the shadow is not what the change makes of {}: {}",
                                     design.transfer.source.Plain(), fmt::join(differences, "; ")));
  }
  co_return *shadow;
}

Awaitable<absl::Status> LookAfterExchange(Context& context, int64_t shadow_oid) {
  CO_RETURN_IF_ERROR(co_await CheckDependents(*context.journal, context.design, shadow_oid));
  co_return co_await CheckPartition(*context.journal, context.design, shadow_oid);
}

}  // namespace pgmoult::engine
