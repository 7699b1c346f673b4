#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/catalog.h"
#include "engine/change.h"
#include "engine/design.h"
#include "pg/connection.h"

namespace pgmoult::engine {

// What was found out by building the shadow: the design, and facts that only the plan shows.
struct ShadowBuild {
  Design design;
  std::vector<Column> source_columns;
  std::vector<Column> target_columns;
  std::vector<std::string> refusals;  // what cannot be carried over, as sentences
  std::string refusal_code = "not_carried_over";
  std::string remedy = "change that object first, or leave this table to a plain ALTER TABLE";
  std::vector<std::string> warnings;
};

// Builds the shadow in the transaction that is open on `connection` (a session of the login), in schema
// design.schema_new, which it makes: a faithful clone of the source, the change applied to it by PostgreSQL itself,
// then stripped of everything that is built after the copy. The plan rolls this back, prepare commits it: one code.
//
// `published`: the shadow will be in a FOR ALL TABLES publication, so its deletes need a full replica identity until
// the swap.
// `undone`: the shadow is the table that the swap of that design has put aside, in that design's two schemas with
// their places changed; the clone is there only to learn what becomes of what hangs on the table, and goes again.
// `id` names the schemas. The source is locked ACCESS SHARE. Errors: what the server says about the change
// ("column x does not exist"), annotated with the action; refusals are not errors but part of the result.
pg::Awaitable<absl::StatusOr<ShadowBuild>> BuildShadow(pg::Connection& connection, const TableFacts& table,
                                                       const Change& change, const ValueSettings& values, int64_t id,
                                                       std::string schema_new, std::string schema_old, bool published,
                                                       const Design* undone = nullptr);

}  // namespace pgmoult::engine
