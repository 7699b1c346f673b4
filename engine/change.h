#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "pg/sql_text.h"

namespace pgmoult::engine {

// What one comma-separated part of an ALTER TABLE does.
enum class ActionKind {
  kAddColumn,         // ADD COLUMN, with its default, generation, identity, CHECK, UNIQUE, PRIMARY KEY
  kDropColumn,        // DROP COLUMN, never with CASCADE
  kRenameColumn,      // RENAME COLUMN, always a statement of its own
  kAlterType,         // ALTER COLUMN … TYPE, with COLLATE and USING
  kSetNotNull,        // ALTER COLUMN … SET NOT NULL
  kDropNotNull,       // ALTER COLUMN … DROP NOT NULL
  kSetDefault,        // ALTER COLUMN … SET DEFAULT
  kDropDefault,       // ALTER COLUMN … DROP DEFAULT
  kDropExpression,    // ALTER COLUMN … DROP EXPRESSION: a generated column becomes an ordinary one
  kAddIdentity,       // ALTER COLUMN … ADD GENERATED … AS IDENTITY
  kSetIdentity,       // ALTER COLUMN … SET GENERATED or SET <sequence option>, never RESTART
  kDropIdentity,      // ALTER COLUMN … DROP IDENTITY
  kAddConstraint,     // ADD [CONSTRAINT name] CHECK, UNIQUE or PRIMARY KEY: see Action::constraint_kind
  kDropConstraint,    // DROP CONSTRAINT, never with CASCADE
  kSetStorage,        // ALTER COLUMN … SET STORAGE
  kSetCompression,    // ALTER COLUMN … SET COMPRESSION
  kSetStatistics,     // ALTER COLUMN … SET STATISTICS
  kSetColumnOptions,  // ALTER COLUMN … SET (n_distinct = …) or RESET (…)
  kSetRelOptions,     // SET (fillfactor = …)
  kResetRelOptions,   // RESET (fillfactor)
  kSetTablespace,     // SET TABLESPACE
  kSetLogged,         // SET LOGGED
  kSetUnlogged,       // SET UNLOGGED
  kSetAccessMethod,   // SET ACCESS METHOD
};

enum class ConstraintKind {
  kNone,        // the action adds no table constraint
  kCheck,       // CHECK (…), also NOT VALID
  kUnique,      // UNIQUE (…)
  kPrimaryKey,  // PRIMARY KEY (…)
};

// Names are as PostgreSQL folds them (lower case where unquoted, cut at 63 bytes), without quotes.
struct Action {
  ActionKind kind = ActionKind::kAddColumn;
  std::string column;    // "" where the action is about the whole table
  std::string new_name;  // kRenameColumn only
  // kAlterType: the user's own text of the USING expression, comments inside included. Its column references may be
  // qualified by the table's name. Nothing where there is no USING.
  std::optional<std::string> using_expression;
  ConstraintKind constraint_kind = ConstraintKind::kNone;  // kAddConstraint only
  std::string constraint;   // kAddConstraint ("" where PostgreSQL chooses the name), kDropConstraint
  bool not_valid = false;   // kAddConstraint: CHECK … NOT VALID
  bool missing_ok = false;  // IF EXISTS or IF NOT EXISTS of this action
  std::string text;         // the action as the user wrote it, for messages
};

// A stretch of bytes of Change::statement.
struct TextSpan {
  size_t offset = 0;
  size_t length = 0;
};

// One change of one table, as the user asked for it. A plain value: any thread may hold a copy.
struct Change {
  // From the first to the last token: comments before and after, and semicolons at the end, are left out. Several
  // statements keep the text between them. "" for a rebuild.
  std::string statement;
  std::optional<std::string> database;  // as written in database.schema.table; must be the current one
  std::optional<std::string> schema;    // nothing: found by the caller's search_path
  std::string table;
  bool only = false;            // every statement says ONLY
  bool if_exists = false;       // every statement says IF EXISTS
  std::vector<Action> actions;  // in the order written, over all statements; empty: a rebuild

  std::vector<TextSpan> statement_spans;  // one a statement, without semicolons
  std::vector<TextSpan> name_spans;       // where that statement names the table, qualification included

  bool IsRebuild() const { return actions.empty(); }

  // The statement text with `target` in place of the table's name and every other byte kept. A column reference that is
  // qualified by schema *and* table (s.t.c) is not a table name here, so PostgreSQL refuses it on any other table.
  std::string Retarget(const pg::QualifiedName& target) const;

  // The same, one element a statement and without semicolons: the extended protocol takes one statement at a time.
  std::vector<std::string> RetargetEach(const pg::QualifiedName& target) const;

  // 32 hexadecimal digits, the same for texts that differ only in blanks, comments and the case of unquoted words:
  // XXH3-128 of the tokens. pg_query_fingerprint would not do, as it takes SET DEFAULT 1 for SET DEFAULT 2 and
  // orders_2023 for orders_2024.
  std::string Fingerprint() const;
};

// Reads one or more statements, separated by semicolons, that all alter the same table: ALTER TABLE … action, … and
// ALTER TABLE … RENAME COLUMN. The grammar is PostgreSQL 15's own (libpg_query); nothing is looked up in a database.
// InvalidArgument: a syntax error (PostgreSQL's message, the position in characters, the line with a caret), an action
// that is not done online (its name, and what to do instead), several tables, no statement, or a text over the limits.
absl::StatusOr<Change> ParseChange(std::string_view sql);

// A rebuild of a table under its exact, folded name.
absl::StatusOr<Change> RebuildOf(std::optional<std::string> schema, std::string table);

// A rebuild of the table whose name is written as in SQL: orders, shop.orders, "We""ird"."Ta ble".
absl::StatusOr<Change> ParseRebuild(std::string_view table_name);

}  // namespace pgmoult::engine
