#include "engine/write_through.h"

#include <algorithm>
#include <string>
#include <utility>

#include "copier/transfer.h"
#include "fmt/format.h"

namespace pgmoult::engine {

void DecideDualWrite(Design& design, const std::vector<ColumnSource>& columns, bool mapping_is_safe) {
  const auto refuse = [&design](std::string reason) {
    if (design.dual_write_reason.empty()) {
      design.dual_write_reason = std::move(reason);
    }
  };
  if (IsPartition(design)) {
    refuse("it is a partition: writes through the partitioned table fire row triggers only, which never write through");
  }
  if (!std::ranges::all_of(design.transfer.columns, copier::IsCompared)) {
    refuse("a column keeps its former value as long as the new one is not changed");
  }
  if (!mapping_is_safe) {
    refuse("a column's new value depends on the session, on the moment, or may fail on data");
  }
  for (const DeferredItem& item : design.deferred) {
    if (item.deferrable) {
      refuse(fmt::format("{} is deferrable: its error would come at the application's COMMIT", item.name));
    }
  }
  for (const ShapeItem& item : IsPartition(design) ? design.partition.final_shape : design.expected_shape) {
    // A column's NOT NULL, which PostgreSQL 18 lists too, is looked at below.
    const bool constraint = item.kind == "constraint" && !item.definition.starts_with("NOT NULL");
    if (constraint && std::ranges::find(design.source_shape, item) == design.source_shape.end()) {
      refuse(fmt::format("constraint {} is new or changed: writes that break it could only be logged", item.name));
      if (item.definition.find("NOT VALID") == std::string::npos) {
        design.lossy.push_back(
            fmt::format("constraint {}: it is new or changed; a row that breaks it stops the run", item.name));
      }
    }
  }
  for (const ColumnSource& column : columns) {
    if (column.source && column.target.not_null && !column.source->not_null) {
      refuse(fmt::format("column {} becomes NOT NULL: writes that break it could only be logged", column.target.name));
      design.lossy.push_back(
          fmt::format("column {}: it becomes NOT NULL; a row without a value stops the run", column.target.name));
    }
  }
  design.dual_write_possible = design.dual_write_reason.empty();
}

}  // namespace pgmoult::engine
