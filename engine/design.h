#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "boost/json/value.hpp"
#include "copier/transfer.h"
#include "engine/sessions.h"
#include "pg/sql_text.h"

namespace pgmoult::engine {

// One line of what PostgreSQL knows about a table, without its schema and OIDs (sql/shape.sql).
struct ShapeItem {
  std::string kind;  // table, column, index, constraint, …
  std::string name;
  std::string definition;
  auto operator<=>(const ShapeItem&) const = default;
};
using Shape = std::vector<ShapeItem>;
inline constexpr char kSequence[] = "sequence";  // kind of what only a source has: a sequence that a column owns

// What differs between two sets of named definitions (name → was, is; "" where absent), as sentences for people.
std::vector<std::string> DiffDefinitions(const std::map<std::string, std::pair<std::string, std::string>>& definitions);

// What differs between two shapes, as sentences for people: "index t_v_idx: was …, is …". Empty where they are equal.
std::vector<std::string> DiffShapes(const Shape& was, const Shape& is);

// An index or constraint of the new shape that is left out while rows are copied and built afterwards
// (sql/target_indexes.sql).
struct DeferredItem {
  std::string kind;  // index, exclusion, not_valid_check
  std::string name;
  bool unique = false;
  std::string constraint;  // the constraint it belongs to, or ""
  bool deferrable = false;
  std::vector<std::string> columns;  // plain columns; empty where it has expressions
  bool partial = false;
  std::string create_sql;
  std::string tablespace;              // "" for the database's own
  std::vector<std::string> after_sql;  // constraint USING INDEX, comments, statistics targets, marks
  std::string drop_sql;
};

// A sequence that belongs to a column by OWNED BY (serial): handed over to the new table in the swap.
struct OwnedSequence {
  pg::QualifiedName sequence;
  std::string column;  // of the new table; "" where the ALTER dropped it
};

// An identity column's sequences: the position is carried over in the swap.
struct IdentityColumn {
  std::string source_column;
  std::string column;   // of the new table
  bool always = false;  // GENERATED ALWAYS; BY DEFAULT while the shadow is built
};

struct ExtendedStatistics {
  pg::QualifiedName name;  // final
};

// A trigger, policy or rule of the new shape: made in the swap, since it must not see how rows get into the shadow.
struct AttachedItem {
  std::string kind;  // trigger, policy, rule
  std::string name;
  std::vector<std::string> statements;  // that make it, by the shadow's present name
  std::string drop_sql;
};

// What others have hung on the table, or a foreign key of its own (sql/dependents_of.sql).
struct Dependent {
  std::string kind;  // view, materialized view, rule, policy, function, foreign key, publication
  int64_t oid = 0;   // in the catalog of its kind
  std::string name;  // for people: "view public.orders_open"
  std::string text;  // what the table has a part in, without its name
  std::string attributes;
  std::string state;  // what may differ for a while after the swap
};

inline constexpr char kMaterializedView[] = "materialized view";  // a kind of Dependent

// How a dependent gets to the new table (sql/carry_dependents.sql). All statements run as `owner`.
struct CarriedDependent {
  std::string kind;
  int64_t oid = 0;  // in the catalog of its kind
  std::string name;
  std::string owner;
  std::vector<std::string> detach;  // in the swap: away from the old table
  std::vector<std::string> attach;  // in the swap: to the new one, by its present name
  std::vector<std::string> finish;  // after it, by its final name
  std::string lock_schema;          // of a relation that the swap locks for it, or ""
  std::string lock_name;
  std::string lock_role;               // its owner
  std::string lock_form;               // table, tree (with partitions), other
  std::string lock_place;              // early, referencing, referenced: see LockPartners
  std::vector<std::string> stand_ins;  // what is there instead until it is finished, by name
  std::vector<std::string> between;    // what may be there in between
  std::string note;                    // what people should know of it beforehand, or ""
  std::string query;                   // of a materialized view, over the new table by its present name
  bool populated = false;

  bool IsMaterialized() const { return kind == kMaterializedView; }
};

// A trigger of ours as it was made: any DISABLE or ENABLE changes xmin.
struct CaptureTrigger {
  std::string name;
  std::string enabled;  // tgenabled: A or R
  std::string xmin;
};

// A partitioned table that the source is a partition of.
struct Ancestor {
  pg::QualifiedName table;
  std::string owner;
};

// Where the source stands in a partitioned table, and its successor will.
struct PartitionPlace {
  std::vector<Ancestor> ancestors;  // the root first, its parent last; empty where it is no partition
  std::string bound;                // FOR VALUES …, or DEFAULT
  std::string constraint;   // what the bounds demand of each row: a CHECK of the shadow, so that ATTACH need not scan
  std::string attach_role;  // may detach and attach it
  pg::QualifiedName default_beside;  // the sibling that is the default partition; its name is empty where there is none
  std::string default_role;          // its owner, or "" where the login is no member
  bool default_is_tree = false;      // it has partitions
  std::vector<std::string> default_proof;  // statements of what lets ATTACH not read it; none: it is read
  std::vector<std::string> after_attach;   // what is the partition's own about inherited triggers
  Shape final_shape;                       // of the new table once it is attached
};

// A column of the source and what the change made of it.
struct ColumnLink {
  std::string source;
  std::string target;
  std::string forward;  // see copier::ColumnPair
};

// What undoing the swap would rest on (revert.h).
struct RevertPlan {
  std::string problem;                 // why it cannot be undone; "" where it can
  std::vector<copier::KeyColumn> key;  // from the new table to the old one
  std::vector<ColumnLink> columns;     // those that both tables have
  std::vector<std::string> notes;      // what a revert would lose, or could stop on, for people
};

// Everything decided about a migration before its first row is copied; lives in the journal as JSON.
struct Design {
  copier::Transfer transfer;
  int64_t source_oid = 0;
  std::string owner;
  std::string schema_new;           // of shadow and log
  std::string schema_old;           // of the source after the swap
  std::string key_name;             // index the key comes from
  std::string key_reason;           // why this key
  std::string shadow_key_index;     // index of the shadow over the mapped key
  bool shadow_key_is_ours = false;  // a helper index, dropped in the swap
  bool dual_write_possible = false;
  std::string dual_write_reason;          // why not
  ValueSettings values;                   // of every session of this migration
  std::vector<std::string> lossy;         // columns whose mapping can fail on data, for people
  std::vector<std::string> type_changes;  // columns whose type changes, for people
  Shape source_shape;
  Shape expected_shape;  // of the shadow when all is built
  std::vector<DeferredItem> deferred;
  std::vector<OwnedSequence> sequences;
  std::vector<IdentityColumn> identities;
  std::vector<ExtendedStatistics> statistics;
  std::vector<AttachedItem> attached;
  std::vector<Dependent> dependents;        // as they were found
  std::vector<Dependent> final_dependents;  // as they are to be in the end
  std::vector<CarriedDependent> carried;
  PartitionPlace partition;
  std::vector<CaptureTrigger> triggers;
  int64_t dead_man_s = 0;              // without a sign of life of the engine for so long capture stops; 0: never
  std::string filenode;                // of the source since capture began
  bool must_verify = false;            // a trigger was tampered with: a full verify comes before the swap
  bool published = false;              // FOR ALL TABLES was allowed: shadow and log carry REPLICA IDENTITY FULL
  std::string replica_identity = "d";  // relreplident of the new shape
  int64_t shadow_oid = 0;
  bool reverts = false;  // the shadow is a table that a swap has put aside
  RevertPlan revert;
};

inline bool IsPartition(const Design& design) { return !design.partition.ancestors.empty(); }

boost::json::value ToJson(const Design& design);
absl::StatusOr<Design> DesignFromJson(const boost::json::value& json);

}  // namespace pgmoult::engine
