#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/sql_text.h"

namespace pgmoult::copier {

// One column of the copy key. The key is what batches are cut by, what the change log records, and what both tables are
// compared by.
struct KeyColumn {
  pg::Ident name;         // in the source and in the change log
  std::string type;       // SQL name without modifier, schema-qualified where needed: "bigint", "public.citext"
  std::string collation;  // the column's, schema-qualified and quoted; "" where the type has none
  std::string op_schema;  // schema of the key index's own operators, which are named below
  std::string less = "<";
  std::string less_equal = "<=";
  std::string greater = ">";
  std::string greater_equal = ">=";
  std::string equal = "=";
  bool descending = false;  // in the key index; scan order follows the index
  pg::Ident target_name;    // in the shadow
  std::string target_type;  // as `type`
  std::string expression;   // target value from source columns; uses no column but this one
};

// How one column of the shadow gets its value.
struct ColumnPair {
  pg::Ident target;
  std::string expression;  // SQL over the source's unqualified columns; what copy, replay, dual-write and checksum use
  std::string compare_cast;  // "" or a cast ("::text") put on both sides where the type has no binary output
  // Of a revert, where the change has made the source's value of the shadow's in a way that cannot be turned round
  // exactly, else "": that way, as SQL over the shadow's columns. What is in the shadow stays where it still gives what
  // the source has in `made`, and the column is not compared.
  std::string forward = {};
  pg::Ident made = {};
};
inline bool IsCompared(const ColumnPair& pair) { return pair.forward.empty(); }

// A column that pgmoult does not write (the shadow computes it) and that can be compared all the same.
struct ComputedColumn {
  pg::Ident target;
  std::string expression;  // the source's value
};

// Everything that says which rows go where. Built by the planner, read by copy, replay, triggers and checksum alike.
struct Transfer {
  int64_t migration = 0;  // id in the journal
  pg::QualifiedName source;
  pg::QualifiedName shadow;
  pg::QualifiedName log;
  std::vector<KeyColumn> key;
  std::vector<ColumnPair> columns;
  std::vector<ComputedColumn> computed;
  // Columns of the shadow that the source has not: a row that is there keeps its value, a new one takes the default.
  std::vector<pg::Ident> kept;
};

// The text forms of one key, in key column order.
using KeyValue = std::vector<std::string>;

// Keys after `lower` (exclusive) up to `upper` (inclusive) in scan order; nullopt is unbounded.
struct KeyRange {
  std::optional<KeyValue> lower;
  std::optional<KeyValue> upper;
};

}  // namespace pgmoult::copier
