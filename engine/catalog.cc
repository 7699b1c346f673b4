#include "engine/catalog.h"

#include "engine/sql.h"
#include "fmt/format.h"
#include "pg/macros.h"
#include "pg/status.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;

absl::Status ReadColumn(const pg::Result& result, int row, Column& column) {
  return result.Read(row, column.number, column.name, column.type, column.base_type, column.collation, column.not_null,
                     column.generated, column.identity, column.default_expression, column.missing_value,
                     column.is_domain, column.has_binary_output, column.cast_would_cut, column.length_function,
                     column.length_function_arguments, column.modifier);
}

// The table's OID as the login's search_path finds it.
Awaitable<absl::StatusOr<std::optional<int64_t>>> Resolve(pg::Connection& connection,
                                                          const std::optional<std::string>& schema,
                                                          const std::string& table, const std::string& search_path) {
  if (schema) {
    co_return co_await ReadOid(connection, pg::QualifiedName(*schema, table));
  }
  std::vector<pg::Statement> statements;
  statements.push_back({"/* pgmoult:catalog */ SELECT pg_catalog.set_config('search_path', $1, false)", {search_path}});
  statements.push_back(
      {"/* pgmoult:catalog */ SELECT pg_catalog.to_regclass($1)::pg_catalog.oid", {pg::Ident(table).Quoted()}});
  statements.push_back({"/* pgmoult:catalog */ SELECT pg_catalog.set_config('search_path', 'pg_catalog', false)", {}});
  CO_ASSIGN_OR_RETURN(const std::vector<pg::Result> results, co_await connection.Pipeline(std::move(statements)));
  co_return results[1].Scalar<std::optional<int64_t>>();
}

}  // namespace

Awaitable<absl::StatusOr<std::optional<int64_t>>> ReadOid(pg::Connection& connection, const pg::QualifiedName& table) {
  // Not by to_regclass(), which fails where the login may not look into the schema.
  CO_ASSIGN_OR_RETURN(
      const pg::Result result,
      co_await connection.Query(
          "/* pgmoult:catalog */ SELECT (SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON "
          "n.oid = c.relnamespace WHERE n.nspname = $1::pg_catalog.text AND c.relname = $2::pg_catalog.text)",
          {table.schema.name(), table.name.name()}));
  co_return result.Scalar<std::optional<int64_t>>();
}

Awaitable<absl::StatusOr<TableFacts>> FindTable(pg::Connection& connection, const std::optional<std::string>& schema,
                                                const std::string& table, const std::string& search_path) {
  CO_ASSIGN_OR_RETURN(const std::optional<int64_t> oid, co_await Resolve(connection, schema, table, search_path));
  if (!oid) {
    co_return absl::NotFoundError(
        schema ? fmt::format("there is no table {}.{}", *schema, table)
               : fmt::format("there is no table \"{}\" on the search_path of this login ({})", table, search_path));
  }
  CO_ASSIGN_OR_RETURN(const pg::Result result, co_await connection.Query(sql::kFindTable, {*oid}));
  TableFacts facts;
  std::string found_schema;
  std::string name;
  CO_RETURN_IF_ERROR(result.Read(0, facts.oid, found_schema, name, facts.kind, facts.owner, facts.rows,
                                 facts.heap_bytes, facts.index_bytes, facts.login_is_superuser,
                                 facts.owner_is_superuser, facts.login_is_owner, facts.login_may_be_owner,
                                 facts.login_is_member, facts.login, facts.database));
  facts.name = pg::QualifiedName(found_schema, name);
  co_return facts;
}

Awaitable<absl::StatusOr<std::vector<Column>>> ReadColumns(pg::Connection& connection, int64_t oid) {
  CO_ASSIGN_OR_RETURN(const pg::Result result, co_await connection.Query(sql::kColumns, {oid}));
  std::vector<Column> columns(static_cast<size_t>(result.rows()));
  for (int row = 0; row < result.rows(); ++row) {
    CO_RETURN_IF_ERROR(ReadColumn(result, row, columns[static_cast<size_t>(row)]));
  }
  co_return columns;
}

Awaitable<absl::StatusOr<std::vector<KeyCandidate>>> ReadKeyCandidates(pg::Connection& connection, int64_t oid) {
  CO_ASSIGN_OR_RETURN(const pg::Result result, co_await connection.Query(sql::kKeyCandidates, {oid}));
  std::vector<KeyCandidate> candidates;
  for (int row = 0; row < result.rows(); ++row) {
    KeyCandidate candidate;
    copier::KeyColumn column;
    std::string name;
    std::optional<std::string> op_schema;
    std::optional<std::string> less;
    std::optional<std::string> less_equal;
    std::optional<std::string> greater;
    std::optional<std::string> greater_equal;
    std::optional<std::string> equal;
    CO_RETURN_IF_ERROR(result.Read(row, candidate.index, candidate.primary, candidate.unusable, candidate.bytes, name,
                                   column.type, column.collation, op_schema, less, less_equal, greater, greater_equal,
                                   equal, column.descending));
    if (!(less && less_equal && greater && greater_equal && equal) && candidate.unusable.empty()) {
      candidate.unusable = "its operators are not those of a complete btree family";
    }
    column.name = pg::Ident(name);
    column.op_schema = op_schema.value_or("pg_catalog");
    column.less = less.value_or("<");
    column.less_equal = less_equal.value_or("<=");
    column.greater = greater.value_or(">");
    column.greater_equal = greater_equal.value_or(">=");
    column.equal = equal.value_or("=");
    if (candidates.empty() || candidates.back().index != candidate.index) {
      candidates.push_back(std::move(candidate));
    }
    candidates.back().columns.push_back(std::move(column));
  }
  co_return candidates;
}

Awaitable<absl::StatusOr<CastFacts>> ReadCastFacts(pg::Connection& connection, int64_t from_table, int32_t from_column,
                                                   int64_t to_table, int32_t to_column) {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await connection.Query(sql::kCastFacts, {from_table, from_column, to_table, to_column}));
  CastFacts facts;
  CO_RETURN_IF_ERROR(result.Read(0, facts.immutable, facts.cannot_fail, facts.order_kept));
  co_return facts;
}

Awaitable<absl::StatusOr<Shape>> ReadShape(pg::Connection& connection, int64_t oid, int64_t clone_of) {
  CO_ASSIGN_OR_RETURN(const pg::Result result, co_await connection.Query(sql::kShape, {oid, clone_of}));
  Shape shape(static_cast<size_t>(result.rows()));
  for (int row = 0; row < result.rows(); ++row) {
    ShapeItem& item = shape[static_cast<size_t>(row)];
    CO_RETURN_IF_ERROR(result.Read(row, item.kind, item.name, item.definition));
  }
  co_return shape;
}

Awaitable<absl::StatusOr<std::vector<std::pair<pg::QualifiedName, int64_t>>>> ReadOwnedSequences(
    pg::Connection& connection, int64_t oid) {
  CO_ASSIGN_OR_RETURN(const pg::Result result, co_await connection.Query(sql::kOwned, {oid}));
  std::vector<std::pair<pg::QualifiedName, int64_t>> sequences;
  for (int row = 0; row < result.rows(); ++row) {
    std::string schema;
    std::string name;
    int64_t column = 0;
    CO_RETURN_IF_ERROR(result.Read(row, schema, name, column));
    sequences.emplace_back(pg::QualifiedName(schema, name), column);
  }
  co_return sequences;
}

Awaitable<absl::StatusOr<std::vector<AttachedItem>>> ReadAttached(pg::Connection& connection, int64_t oid,
                                                                  std::string schema) {
  CO_ASSIGN_OR_RETURN(const pg::Result result, co_await connection.Query(sql::kAttached, {oid, std::move(schema)}));
  std::vector<AttachedItem> items(static_cast<size_t>(result.rows()));
  for (int row = 0; row < result.rows(); ++row) {
    AttachedItem& item = items[static_cast<size_t>(row)];
    CO_RETURN_IF_ERROR(result.Read(row, item.kind, item.name, item.statements, item.drop_sql));
  }
  co_return items;
}

Awaitable<absl::StatusOr<std::vector<std::string>>> ReadTakenNames(pg::Connection& connection, int64_t shadow,
                                                                   const Design& design) {
  std::vector<pg::QualifiedName> sequences;
  for (const OwnedSequence& sequence : design.sequences) {
    if (!sequence.column.empty()) {
      sequences.push_back(sequence.sequence);
    }
  }
  const pg::NameArrays arrays(sequences);
  CO_ASSIGN_OR_RETURN(
      const pg::Result result,
      co_await connection.Query(sql::kTakenNames, {design.source_oid, shadow, arrays.schemas, arrays.names}));
  std::vector<std::string> sentences;
  for (int row = 0; row < result.rows(); ++row) {
    sentences.push_back(fmt::format("{} of the new shape: the name is taken in schema {} ({}); rename that first",
                                    result.Text(row, 0), result.Text(row, 1), result.Text(row, 2)));
  }
  co_return sentences;
}

Awaitable<absl::StatusOr<std::optional<pg::QualifiedName>>> ReadName(pg::Connection& connection, int64_t oid) {
  CO_ASSIGN_OR_RETURN(
      const pg::Result result,
      co_await connection.Query("/* pgmoult:catalog */ SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN "
                                "pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::oid",
                                {oid}));
  if (result.rows() == 0) {
    co_return std::nullopt;
  }
  co_return pg::QualifiedName(std::string(result.Text(0, 0)), std::string(result.Text(0, 1)));
}

Awaitable<absl::StatusOr<Shape>> ReadSourceShape(pg::Connection& connection, int64_t oid) {
  CO_ASSIGN_OR_RETURN(Shape shape, co_await ReadShape(connection, oid));
  CO_ASSIGN_OR_RETURN(const auto sequences, co_await ReadOwnedSequences(connection, oid));
  for (const auto& [sequence, column] : sequences) {
    shape.push_back({kSequence, sequence.Plain(), fmt::format("owned by column {}", column)});
  }
  std::ranges::sort(shape);
  co_return shape;
}

Awaitable<absl::StatusOr<std::vector<DeferredItem>>> ReadDeferred(pg::Connection& connection, int64_t oid) {
  CO_ASSIGN_OR_RETURN(const pg::Result result, co_await connection.Query(sql::kTargetIndexes, {oid}));
  std::vector<DeferredItem> items(static_cast<size_t>(result.rows()));
  for (int row = 0; row < result.rows(); ++row) {
    DeferredItem& item = items[static_cast<size_t>(row)];
    bool primary = false;
    bool exclusion = false;
    bool deferred = false;
    std::optional<std::string> constraint;
    std::optional<std::vector<std::string>> columns;
    std::optional<std::string> create_sql;
    std::optional<std::string> tablespace;
    CO_RETURN_IF_ERROR(result.Read(row, item.kind, item.name, item.unique, primary, exclusion, constraint,
                                   item.deferrable, deferred, columns, item.partial, create_sql, tablespace,
                                   item.after_sql, item.drop_sql));
    if (!create_sql) {
      co_return absl::InternalError(fmt::format("the definition of {} has a form that is not known", item.name));
    }
    item.constraint = constraint.value_or("");
    item.columns = columns.value_or(std::vector<std::string>());
    item.create_sql = *create_sql;
    item.tablespace = tablespace.value_or("");
  }
  co_return items;
}

}  // namespace pgmoult::engine
