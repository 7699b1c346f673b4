#include "copier/sql_builder.h"

#include <algorithm>
#include <iterator>
#include <ranges>

#include "fmt/format.h"
#include "fmt/ranges.h"

namespace pgmoult::copier {
namespace {

using pg::Ident;
using pg::Literal;

const Ident& NameOn(const KeyColumn& column, Side side) {
  return side == Side::kShadow ? column.target_name : column.name;
}

std::string Operator(const KeyColumn& column, const std::string& name) {
  return fmt::format("OPERATOR({}.{})", Ident(column.op_schema), name);
}

// A key value as SQL: of the source's type, then of the shadow's where the side is the shadow and they differ.
std::string ValueOn(const KeyColumn& column, Side side, const std::string& text) {
  std::string literal = fmt::format("{}::{}", Literal(text), column.type);
  if (side == Side::kShadow && column.target_type != column.type) {
    return fmt::format("({})::{}", literal, column.target_type);
  }
  return literal;
}

template <typename Range, typename Format>
std::string Joined(const Range& range, std::string_view separator, Format format) {
  std::vector<std::string> parts;
  for (const auto& element : range) {
    parts.push_back(format(element));
  }
  return fmt::format("{}", fmt::join(parts, separator));
}

// A row-wise comparison needs one operator name and one direction for all columns; only then can one index condition
// serve it whole.
bool ComparableAsRow(const std::vector<KeyColumn>& key) {
  return std::ranges::all_of(key, [&key](const KeyColumn& column) {
    return column.descending == key[0].descending && column.op_schema == key[0].op_schema &&
           column.less == key[0].less && column.greater == key[0].greater;
  });
}

enum class Bound { kAfter, kUpTo };

// a > 1 OR (a = 1 AND b > 2) …, written as a >= 1 AND (a > 1 OR (b > 2)) so that the first column can use the index.
std::string NestedComparison(const Transfer& transfer, Side side, const KeyValue& value, Bound bound, size_t at) {
  const KeyColumn& column = transfer.key[at];
  const bool upwards = (bound == Bound::kAfter) != column.descending;
  const bool last = at + 1 == transfer.key.size();
  const std::string name = NameOn(column, side).Quoted();
  const std::string literal = ValueOn(column, side, value[at]);
  const std::string& strict = upwards ? column.greater : column.less;
  const std::string& loose = upwards ? column.greater_equal : column.less_equal;
  if (last) {
    return fmt::format("{} {} {}", name, Operator(column, bound == Bound::kAfter ? strict : loose), literal);
  }
  return fmt::format("({0} {1} {2} AND ({0} {3} {2} OR {4}))", name, Operator(column, loose), literal,
                     Operator(column, strict), NestedComparison(transfer, side, value, bound, at + 1));
}

std::string Comparison(const Transfer& transfer, Side side, const KeyValue& value, Bound bound) {
  if (transfer.key.size() == 1 || !ComparableAsRow(transfer.key)) {
    return NestedComparison(transfer, side, value, bound, 0);
  }
  const KeyColumn& first = transfer.key[0];
  const bool upwards = (bound == Bound::kAfter) != first.descending;
  const std::string& name = bound == Bound::kAfter ? (upwards ? first.greater : first.less)
                                                   : (upwards ? first.greater_equal : first.less_equal);
  std::vector<std::string> literals;
  for (size_t i = 0; i < transfer.key.size(); ++i) {
    literals.push_back(ValueOn(transfer.key[i], side, value[i]));
  }
  return fmt::format("ROW({}) {} ROW({})", KeyList(transfer, side), Operator(first, name), fmt::join(literals, ", "));
}

// The distinct keys of a log window, in key order, as columns k1, k2 … under the alias pgmoult_logged.
std::string LoggedKeys(const Transfer& transfer, const LogWindow& window, bool mapped) {
  std::vector<std::string> keys;
  std::vector<std::string> order;
  for (size_t i = 0; i < transfer.key.size(); ++i) {
    const KeyColumn& column = transfer.key[i];
    keys.push_back(fmt::format("{} AS k{}", mapped ? column.expression : column.name.Quoted(), i + 1));
    order.push_back(fmt::format("k{}", i + 1));
  }
  return fmt::format("(SELECT DISTINCT {} FROM {} WHERE {} ORDER BY {}) AS pgmoult_logged", fmt::join(keys, ", "),
                     transfer.log, LogWindowPredicate(transfer, window), fmt::join(order, ", "));
}

std::string EqualsLogged(const Transfer& transfer, Side side) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < transfer.key.size(); ++i) {
    const KeyColumn& column = transfer.key[i];
    parts.push_back(
        fmt::format("{} {} pgmoult_logged.k{}", NameOn(column, side).Quoted(), Operator(column, column.equal), i + 1));
  }
  return fmt::format("{}", fmt::join(parts, " AND "));
}

// One-column keys: an array, which is an index scan in key order whatever the statistics say.
std::string LoggedKeyArray(const Transfer& transfer, const LogWindow& window, bool mapped) {
  const KeyColumn& column = transfer.key[0];
  return fmt::format("ANY (ARRAY(SELECT DISTINCT {} FROM {} WHERE {}))",
                     mapped ? column.expression : column.name.Quoted(), transfer.log,
                     LogWindowPredicate(transfer, window));
}

std::string ColumnList(const Transfer& transfer) {
  return Joined(transfer.columns, ", ", [](const ColumnPair& pair) { return pair.target.Quoted(); });
}

std::string ExpressionList(const Transfer& transfer) {
  return Joined(transfer.columns, ", ", [](const ColumnPair& pair) { return pair.expression; });
}

}  // namespace

std::string KeyList(const Transfer& transfer, Side side, std::string_view prefix) {
  return Joined(transfer.key, ", ",
                [&](const KeyColumn& column) { return fmt::format("{}{}", prefix, NameOn(column, side)); });
}

std::string KeyTexts(const Transfer& transfer, Side side) {
  return Joined(transfer.key, ", ",
                [side](const KeyColumn& column) { return fmt::format("{}::pg_catalog.text", NameOn(column, side)); });
}

std::string MappedKeyList(const Transfer& transfer) {
  return Joined(transfer.key, ", ", [](const KeyColumn& column) { return column.expression; });
}

std::string KeyOrder(const Transfer& transfer, Side side, bool reversed) {
  return Joined(transfer.key, ", ", [&](const KeyColumn& column) {
    // The key index's own order, which need not be the type's default one (text_pattern_ops).
    return fmt::format("{} USING {}", NameOn(column, side),
                       Operator(column, column.descending != reversed ? column.greater : column.less));
  });
}

std::string RangePredicate(const Transfer& transfer, Side side, const KeyRange& range) {
  std::vector<std::string> parts;
  if (range.lower) {
    parts.push_back(Comparison(transfer, side, *range.lower, Bound::kAfter));
  }
  if (range.upper) {
    parts.push_back(Comparison(transfer, side, *range.upper, Bound::kUpTo));
  }
  return parts.empty() ? "true" : fmt::format("{}", fmt::join(parts, " AND "));
}

std::string KeyEquality(const Transfer& transfer, Side left_side, std::string_view left, Side right_side,
                        std::string_view right) {
  return Joined(transfer.key, " AND ", [&](const KeyColumn& column) {
    return fmt::format("{}{} {} {}{}", left, NameOn(column, left_side), Operator(column, column.equal), right,
                       NameOn(column, right_side));
  });
}

std::string KeySetPredicate(const Transfer& transfer, Side side, const std::vector<KeyValue>& keys) {
  if (transfer.key.size() == 1) {
    const KeyColumn& column = transfer.key[0];
    std::vector<std::string> texts;
    for (const KeyValue& key : keys) {
      texts.push_back(key[0]);
    }
    const std::string& type = side == Side::kShadow ? column.target_type : column.type;
    const std::string array = fmt::format("{}::{}[]", Literal(pg::ArrayText(texts)), column.type);
    return fmt::format("{} {} ANY ({}{})", NameOn(column, side), Operator(column, column.equal), array,
                       type == column.type ? "" : fmt::format("::{}[]", type));
  }
  if (keys.empty()) {
    return "false";
  }
  return "(" +
         Joined(keys, " OR ",
                [&](const KeyValue& key) {
                  std::vector<std::string> parts;
                  for (size_t i = 0; i < transfer.key.size(); ++i) {
                    const KeyColumn& column = transfer.key[i];
                    parts.push_back(fmt::format("{} {} {}", NameOn(column, side), Operator(column, column.equal),
                                                ValueOn(column, side, key[i])));
                  }
                  return fmt::format("({})", fmt::join(parts, " AND "));
                }) +
         ")";
}

std::string LastKeySql(const Transfer& transfer) {
  return fmt::format("/* pgmoult:copy */ SELECT {} FROM ONLY {} ORDER BY {} LIMIT 1", KeyList(transfer, Side::kSource),
                     transfer.source, KeyOrder(transfer, Side::kSource, /*reversed=*/true));
}

std::string BoundarySql(const Transfer& transfer, const KeyRange& remaining, int64_t rows) {
  return fmt::format("/* pgmoult:copy */ SELECT {} FROM ONLY {} WHERE {} ORDER BY {} OFFSET {} LIMIT 1",
                     KeyList(transfer, Side::kSource), transfer.source,
                     RangePredicate(transfer, Side::kSource, remaining), KeyOrder(transfer, Side::kSource), rows - 1);
}

std::string InsertSelect(const Transfer& transfer) {
  return fmt::format("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM ONLY {}", transfer.shadow,
                     ColumnList(transfer), ExpressionList(transfer), transfer.source);
}

std::string ChunkInsertSql(const Transfer& transfer, const KeyRange& range) {
  return fmt::format("/* pgmoult:copy */ {} WHERE {}", InsertSelect(transfer),
                     RangePredicate(transfer, Side::kSource, range));
}

std::string LogWindowPredicate(const Transfer& transfer, const LogWindow& window) {
  std::string predicate = fmt::format("{} IS NOT NULL", transfer.key[0].name);
  if (window.first_page > 0) {
    predicate += fmt::format(" AND ctid >= '({},0)'::pg_catalog.tid", window.first_page);
  }
  if (window.last_page) {
    predicate += fmt::format(" AND ctid < '({},0)'::pg_catalog.tid", *window.last_page);
  }
  return predicate;
}

std::string ReplayDeleteSql(const Transfer& transfer, const LogWindow& window) {
  if (transfer.key.size() == 1) {
    const KeyColumn& column = transfer.key[0];
    return fmt::format("/* pgmoult:replay */ DELETE FROM {} WHERE {} {} {}", transfer.shadow, column.target_name,
                       Operator(column, column.equal), LoggedKeyArray(transfer, window, /*mapped=*/true));
  }
  return fmt::format(
      "/* pgmoult:replay */ DELETE FROM {0} WHERE ctid = ANY (ARRAY(SELECT d.ctid FROM {1} CROSS JOIN LATERAL "
      "(SELECT ctid FROM {0} WHERE {2} OFFSET 0) AS d))",
      transfer.shadow, LoggedKeys(transfer, window, /*mapped=*/true), EqualsLogged(transfer, Side::kShadow));
}

std::string ReplayInsertSql(const Transfer& transfer, const LogWindow& window) {
  if (transfer.key.size() == 1) {
    const KeyColumn& column = transfer.key[0];
    return fmt::format("/* pgmoult:replay */ {} WHERE {} {} {}", InsertSelect(transfer), column.name,
                       Operator(column, column.equal), LoggedKeyArray(transfer, window, /*mapped=*/false));
  }
  std::vector<std::string> expressions;
  std::vector<std::string> names;
  for (size_t i = 0; i < transfer.columns.size(); ++i) {
    expressions.push_back(fmt::format("{} AS c{}", transfer.columns[i].expression, i + 1));
    names.push_back(fmt::format("s.c{}", i + 1));
  }
  return fmt::format(
      "/* pgmoult:replay */ INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} CROSS JOIN LATERAL "
      "(SELECT {} FROM ONLY {} WHERE {} OFFSET 0) AS s",
      transfer.shadow, ColumnList(transfer), fmt::join(names, ", "), LoggedKeys(transfer, window, /*mapped=*/false),
      fmt::join(expressions, ", "), transfer.source, EqualsLogged(transfer, Side::kSource));
}

// The rows come back by two ways, so that the server itself gives a new one its defaults. Both wait until all old ones
// are gone, which a condition that is evaluated once makes sure of: a value that is unique may go from one to another.
std::string ReplayKeepingSql(const Transfer& transfer, const LogWindow& window) {
  std::vector<std::string> gone;
  std::vector<std::string> rows;
  std::vector<std::string> same_key;
  std::vector<std::string> names;
  std::vector<std::string> known;
  std::vector<std::string> kept;
  for (size_t i = 0; i < transfer.key.size(); ++i) {
    const KeyColumn& column = transfer.key[i];
    gone.push_back(fmt::format("{} AS k{}", column.target_name, i + 1));
    rows.push_back(fmt::format("{} AS k{}", column.expression, i + 1));
    same_key.push_back(fmt::format("g.k{0} {1} s.k{0}", i + 1, Operator(column, column.equal)));
  }
  for (size_t i = 0; i < transfer.kept.size(); ++i) {
    gone.push_back(fmt::format("{} AS v{}", transfer.kept[i], i + 1));
    kept.push_back(fmt::format(", g.v{}", i + 1));
  }
  for (size_t i = 0; i < transfer.columns.size(); ++i) {
    const ColumnPair& pair = transfer.columns[i];
    rows.push_back(fmt::format("{} AS c{}", pair.expression, i + 1));
    names.push_back(fmt::format("s.c{}", i + 1));
    if (IsCompared(pair)) {
      known.push_back(names.back());
      continue;
    }
    // As texts: not every type has an equality.
    gone.push_back(fmt::format("({1})::pg_catalog.text AS f{0}, {2} AS o{0}", i + 1, pair.forward, pair.target));
    rows.push_back(fmt::format("{}::pg_catalog.text AS n{}", pair.made, i + 1));
    known.push_back(fmt::format("CASE WHEN g.f{0} IS NOT DISTINCT FROM s.n{0} THEN g.o{0} ELSE s.c{0} END", i + 1));
  }
  std::vector<std::string> kept_names;
  std::ranges::transform(transfer.kept, std::back_inserter(kept_names),
                         [](const Ident& name) { return fmt::format(", {}", name); });
  return fmt::format(
      "/* pgmoult:replay */ WITH gone AS (DELETE FROM {0} WHERE ctid = ANY (ARRAY(SELECT d.ctid FROM {1} CROSS JOIN "
      "LATERAL (SELECT ctid FROM {0} WHERE {2} OFFSET 0) AS d)) RETURNING {3}), current AS (SELECT s.* FROM {4} CROSS "
      "JOIN LATERAL (SELECT {5} FROM ONLY {6} WHERE {7} OFFSET 0) AS s), known AS (INSERT INTO {0} ({8}{9}) "
      "OVERRIDING SYSTEM VALUE SELECT {13}{11} FROM current AS s JOIN gone AS g ON {12} WHERE (SELECT "
      "pg_catalog.count(*) FROM gone) >= 0 RETURNING 1), fresh AS (INSERT INTO {0} ({8}) OVERRIDING SYSTEM VALUE "
      "SELECT {10} FROM current AS s WHERE NOT EXISTS (SELECT FROM gone AS g WHERE {12}) AND (SELECT "
      "pg_catalog.count(*) FROM gone) >= 0 RETURNING 1) SELECT (SELECT pg_catalog.count(*) FROM known) + (SELECT "
      "pg_catalog.count(*) FROM fresh)",
      transfer.shadow, LoggedKeys(transfer, window, /*mapped=*/true), EqualsLogged(transfer, Side::kShadow),
      fmt::join(gone, ", "), LoggedKeys(transfer, window, /*mapped=*/false), fmt::join(rows, ", "), transfer.source,
      EqualsLogged(transfer, Side::kSource), ColumnList(transfer), fmt::join(kept_names, ""), fmt::join(names, ", "),
      fmt::join(kept, ""), fmt::join(same_key, " AND "), fmt::join(known, ", "));
}

std::string ReplayTrimSql(const Transfer& transfer, const LogWindow& window) {
  return fmt::format("/* pgmoult:replay */ DELETE FROM {} WHERE {}", transfer.log,
                     LogWindowPredicate(transfer, window));
}

std::string MarkerExists(const Transfer& transfer) {
  return fmt::format("EXISTS (SELECT FROM {} WHERE {} IS NULL)", transfer.log, transfer.key[0].name);
}

std::string RangeRowsSql(const Transfer& transfer, const KeyRange& range) {
  return fmt::format("SELECT ctid FROM ONLY {} WHERE {} ORDER BY {}", transfer.source,
                     RangePredicate(transfer, Side::kSource, range), KeyOrder(transfer, Side::kSource));
}

std::string LoggedRowsSql(const Transfer& transfer) {
  return fmt::format("SELECT s.ctid FROM {} CROSS JOIN LATERAL (SELECT ctid FROM ONLY {} WHERE {} OFFSET 0) AS s",
                     LoggedKeys(transfer, {}, /*mapped=*/false), transfer.source,
                     EqualsLogged(transfer, Side::kSource));
}

std::string SampleRowsSql(const Transfer& transfer, const SampleSize& size) {
  const auto end = [&](bool reversed) {
    return fmt::format("(SELECT ctid FROM ONLY {} ORDER BY {} LIMIT {})", transfer.source,
                       KeyOrder(transfer, Side::kSource, reversed), size.end_rows);
  };
  // By address: TABLESAMPLE would count through all pages of the table.
  return fmt::format(
      "{0} UNION {1} UNION (SELECT ctid FROM ONLY {2} WHERE ctid = ANY (ARRAY(SELECT "
      "pg_catalog.format('(%s,%s)', page * pages / {3}, item)::pg_catalog.tid FROM (SELECT "
      "pg_catalog.pg_relation_size({4}::pg_catalog.regclass) / "
      "pg_catalog.current_setting('block_size')::pg_catalog.int8) AS size (pages), "
      "pg_catalog.generate_series(0, {3} - 1) AS page, pg_catalog.generate_series(1, {5}) AS item)))",
      end(/*reversed=*/false), end(/*reversed=*/true), transfer.source, size.pages, Literal(transfer.source.Quoted()),
      size.rows_per_page);
}

std::string NotLogged(const Transfer& transfer, std::string_view shadow) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < transfer.key.size(); ++i) {
    const KeyColumn& column = transfer.key[i];
    parts.push_back(
        fmt::format("{}.{} {} pgmoult_logged.k{}", shadow, column.target_name, Operator(column, column.equal), i + 1));
  }
  return fmt::format("NOT EXISTS (SELECT FROM {} WHERE {})", LoggedKeys(transfer, {}, /*mapped=*/true),
                     fmt::join(parts, " AND "));
}

std::string CompareCopySql(const Transfer& transfer, Side side, std::string_view where, bool with_key_text) {
  const bool source = side == Side::kSource;
  std::vector<std::string> fields;
  if (with_key_text) {
    for (const KeyColumn& column : transfer.key) {
      fields.push_back(fmt::format("({})::pg_catalog.text", source ? column.expression : column.target_name.Quoted()));
    }
  }
  for (const KeyColumn& column : transfer.key) {
    fields.push_back(source ? column.expression : column.target_name.Quoted());
  }
  for (const ColumnPair& pair : transfer.columns | std::views::filter(IsCompared)) {
    fields.push_back(
        fmt::format("{}{}", source ? fmt::format("({})", pair.expression) : pair.target.Quoted(), pair.compare_cast));
  }
  for (const ComputedColumn& column : transfer.computed) {
    fields.push_back(source ? column.expression : column.target.Quoted());
  }
  return fmt::format("/* pgmoult:verify */ COPY (SELECT {} FROM ONLY {} WHERE {}) TO STDOUT (FORMAT binary)",
                     fmt::join(fields, ", "), source ? transfer.source : transfer.shadow, where);
}

std::string LogCopySql(const Transfer& transfer, std::string_view where) {
  return fmt::format("/* pgmoult:verify */ COPY (SELECT {}, {} FROM {} WHERE {}) TO STDOUT (FORMAT binary)",
                     Joined(transfer.key, ", ",
                            [](const KeyColumn& column) { return fmt::format("{}::pg_catalog.text", column.name); }),
                     MappedKeyList(transfer), transfer.log, where);
}

std::vector<std::string> ComparedColumns(const Transfer& transfer) {
  std::vector<std::string> names;
  for (const ColumnPair& pair : transfer.columns | std::views::filter(IsCompared)) {
    names.push_back(pair.target.name());
  }
  for (const ComputedColumn& column : transfer.computed) {
    names.push_back(column.target.name());
  }
  return names;
}

}  // namespace pgmoult::copier
