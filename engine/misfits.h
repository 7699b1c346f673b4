#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "copier/transfer.h"
#include "engine/context.h"
#include "engine/design.h"
#include "pg/connection.h"

namespace pgmoult::engine {

// A row of the source that the new shape cannot take. Holds no value of a row but its key.
struct Misfit {
  copier::KeyValue key;
  copier::KeyValue other;  // the row it clashes with, where two are one too many; else empty
  std::string column;      // of the new shape; what the constraint is on, where rows clash; "" where nobody knows
  std::string type;        // of the column
  std::string constraint;  // "" where it is none
  std::string sqlstate;
};

struct Misfits {
  std::vector<Misfit> rows;
  bool all = false;  // no others are left among those looked at
};

// Whether an error may be about the values of a row: of class 22 or 23, or raised by a function of somebody's.
bool IsDataError(const absl::Status& status);

// "2 rows of public.t cannot take the new shape: (id)=(5): column "n" (integer): number out of range (22003); …"
// PostgreSQL's own words are left out, since they quote values. Pure.
std::string MisfitsText(const Design& design, const Misfits& misfits);

// Tries some hundred rows against the mapping, NOT NULLs and CHECKs of a shadow that BuildShadow() has just made, in
// the transaction and under the role that are open on `connection`: the first and the last by key, and some from pages
// all over the table. Reads no more than that, for a few seconds at most, draws from no sequence, and leaves nothing.
pg::Awaitable<absl::StatusOr<Misfits>> SampleMisfits(pg::Connection& connection, const Design& design);

// What a stage that ended with a data error says to people: the rows, as far as they can be found in bounded time among
// those the stage was about (the chunk, the keys in the log, the rows that clash), and what to type next.
pg::Awaitable<absl::Status> NameMisfits(Context& context, const absl::Status& status);

}  // namespace pgmoult::engine
