#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "copier/transfer.h"
#include "engine/design.h"
#include "pg/connection.h"

namespace pgmoult::engine {

// Reads of PostgreSQL's catalog about one table. All take a session with search_path = pg_catalog.

struct TableFacts {
  int64_t oid = 0;
  pg::QualifiedName name;
  std::string kind;  // relkind
  std::string owner;
  double rows = 0;         // estimated
  int64_t heap_bytes = 0;  // with TOAST
  int64_t index_bytes = 0;
  bool login_is_superuser = false;
  bool owner_is_superuser = false;
  bool login_is_owner = false;      // the same role
  bool login_may_be_owner = false;  // a member of it
  bool login_is_member = false;     // of the owner; since PostgreSQL 16 this alone does not allow SET ROLE
  std::string login;
  std::string database;
};

struct Column {
  int32_t number = 0;
  std::string name;
  std::string type;       // with modifier: "character varying(20)"
  std::string base_type;  // without: "character varying" as a cast target ("bpchar", not "character")
  std::string collation;  // schema-qualified and quoted, "" where none
  bool not_null = false;
  std::string generated;  // attgenerated
  std::string identity;   // attidentity
  std::optional<std::string> default_expression;
  // What ADD COLUMN gives to rows that exist, as a one-element array; PostgreSQL evaluates a default that is not
  // volatile once, at the ALTER. nullopt: no default, or a volatile one.
  std::optional<std::string> missing_value;
  bool value_of_last_default = false;  // missing_value was not kept by PostgreSQL, but computed from the final default
  bool is_domain = false;
  bool has_binary_output = true;
  bool cast_would_cut = false;  // an array or a domain with a length, which an explicit cast enforces by cutting
  // Function that enforces the modifier as an assignment does ("pg_catalog.varchar"), and its number of arguments.
  std::string length_function;
  int32_t length_function_arguments = 0;
  int32_t modifier = -1;
};

// A unique index that might serve as the copy key.
struct KeyCandidate {
  std::string index;
  bool primary = false;
  std::string unusable;  // why it cannot serve; "" where it can
  int64_t bytes = 0;
  std::vector<copier::KeyColumn> columns;  // source side filled in
};

// How a value gets from one type to another by assignment, as far as pg_cast and the type families tell.
struct CastFacts {
  bool immutable = false;    // the same result in every session
  bool cannot_fail = false;  // for every value of the source type
  bool order_kept = false;   // both types compare in one btree family, so mapped keys sort alike
};

// The table by name: `schema` empty looks along `search_path`. NotFound names it and says where it was looked for.
pg::Awaitable<absl::StatusOr<TableFacts>> FindTable(pg::Connection& connection,
                                                    const std::optional<std::string>& schema, const std::string& table,
                                                    const std::string& search_path);
pg::Awaitable<absl::StatusOr<std::vector<Column>>> ReadColumns(pg::Connection& connection, int64_t oid);
pg::Awaitable<absl::StatusOr<std::vector<KeyCandidate>>> ReadKeyCandidates(pg::Connection& connection, int64_t oid);
pg::Awaitable<absl::StatusOr<CastFacts>> ReadCastFacts(pg::Connection& connection, int64_t from_table,
                                                       int32_t from_column, int64_t to_table, int32_t to_column);
// Without the table's name, and without that of the table `clone_of`, where it is a clone of one.
pg::Awaitable<absl::StatusOr<Shape>> ReadShape(pg::Connection& connection, int64_t oid, int64_t clone_of = 0);
// The shape of a table that is to be changed, with the sequences that its columns own.
pg::Awaitable<absl::StatusOr<Shape>> ReadSourceShape(pg::Connection& connection, int64_t oid);
// Those sequences, each with the number of its column among the live ones.
pg::Awaitable<absl::StatusOr<std::vector<std::pair<pg::QualifiedName, int64_t>>>> ReadOwnedSequences(
    pg::Connection& connection, int64_t oid);
pg::Awaitable<absl::StatusOr<std::vector<DeferredItem>>> ReadDeferred(pg::Connection& connection, int64_t oid);
// Triggers, policies and rules of a shadow.
pg::Awaitable<absl::StatusOr<std::vector<AttachedItem>>> ReadAttached(pg::Connection& connection, int64_t oid);
// What the swap would find taken in the source's schema, as sentences: names of the shadow's indexes and sequences.
pg::Awaitable<absl::StatusOr<std::vector<std::string>>> ReadTakenNames(pg::Connection& connection, int64_t shadow,
                                                                       const Design& design);
// nullopt: there is no such table any more.
pg::Awaitable<absl::StatusOr<std::optional<pg::QualifiedName>>> ReadName(pg::Connection& connection, int64_t oid);
pg::Awaitable<absl::StatusOr<std::optional<int64_t>>> ReadOid(pg::Connection& connection,
                                                              const pg::QualifiedName& table);

}  // namespace pgmoult::engine
