#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/catalog.h"
#include "engine/design.h"
#include "engine/journal.h"
#include "engine/mapping.h"
#include "engine/options.h"
#include "pg/connection.h"

namespace pgmoult::engine {

// How a swap is undone. A revert is a run in the other direction: its source is the table that the swap put in place,
// its shadow the one that it put aside, which needs no copy since capture has logged every write from the swap on. The
// names of the two schemas change places: a migration's next swap puts its old table where the shadow was.

// What a revert of the design's swap would rest on. Reads on `connection`, within a transaction in which the shadow has
// all of its indexes. `columns`: the target columns, where they come from.
pg::Awaitable<absl::StatusOr<RevertPlan>> PlanRevert(pg::Connection& connection, const Design& design,
                                                     const std::vector<Column>& source_columns,
                                                     const std::vector<ColumnSource>& columns);

// The ALTER TABLE statements that give an empty clone of the new table the old one's columns, by name and type, and
// take the new one's own constraints from it: what hangs on the clone then becomes what it must be on the old table.
// Pure. `is` and `was`: the columns of the new table and of the old one.
std::vector<std::string> UndoColumnsSql(const Design& undone, const std::vector<Column>& is,
                                        const std::vector<Column>& was, const Shape& is_shape, const Shape& was_shape);

// A value that the change made in a way that cannot be turned round stays as it was for as long as possible, and is not
// compared; nor is one that the old table computes, if the new one has been given it. Pure.
void KeepFormerValues(const Design& undone, const std::vector<ColumnSource>& columns, copier::Transfer& transfer);

// Refuses where the table is not the one that the swap put in place, or no longer as it was then: a revert would undo
// more than the swap.
pg::Awaitable<absl::Status> CheckIsAsSwapped(pg::Connection& connection, const Design& undone, int64_t oid);

// The old table and its statistics leave their schema for another one, and come back.
std::vector<std::string> MoveAsideSql(const Design& undone);
std::vector<std::string> MoveBackSql(const Design& undone);

// The capture that a swap leaves behind it: of the new table, for a revert. Only what capture needs is filled in.
Design ReverseCapture(const Design& design);
// Before the swap: its log, empty, and its trigger functions; as the owner. `exists`: an earlier engine has made one.
std::vector<std::string> MakeReverseLogSql(const Design& design, bool exists);
// In the swap, after the exchange: its triggers.
std::vector<std::string> StartReverseCaptureSql(const Design& design, CaptureMode mode);

// Gives up a revert that is under way: the new table stays, its writes are logged as before, and another revert may
// begin. Under polite locks on log and old table. What `undo` of the journal holds becomes the design again.
pg::Awaitable<absl::Status> CallOffRevert(pg::Connection& connection, pg::Connection& observer,
                                          const Migration& migration);

}  // namespace pgmoult::engine
