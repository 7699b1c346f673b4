#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "copier/transfer.h"

// Pure builders of the statements that move and compare rows. Values are typed literals, so that one text serves both
// protocols and COPY. Every identifier is quoted, every operator is the key index's own.
namespace pgmoult::copier {

// Which table's columns a predicate is about. The log has the source's key columns.
enum class Side { kSource, kShadow, kLog };

// "a", "b" of the key, as named on that side, each with `prefix` ("l.") before it.
std::string KeyList(const Transfer& transfer, Side side, std::string_view prefix = "");
// "a"::pg_catalog.text, … of the key, as named on that side.
std::string KeyTexts(const Transfer& transfer, Side side);
// The key as it is in the shadow, computed from source or log columns.
std::string MappedKeyList(const Transfer& transfer);
// ORDER BY list in scan order; reversed for the greatest key.
std::string KeyOrder(const Transfer& transfer, Side side, bool reversed = false);
// Boolean SQL: the row's key lies in the range. "true" where it is unbounded.
std::string RangePredicate(const Transfer& transfer, Side side, const KeyRange& range);
// left.k1 = right.k1 AND …, with the key's own equality.
std::string KeyEquality(const Transfer& transfer, Side left_side, std::string_view left, Side right_side,
                        std::string_view right);
// Boolean SQL: the row's key is one of `keys` (source key texts), through an index where there is one.
std::string KeySetPredicate(const Transfer& transfer, Side side, const std::vector<KeyValue>& keys);

// The greatest key in scan order; no row where the table is empty.
std::string LastKeySql(const Transfer& transfer);
// The key `rows` rows after `lower`, not beyond `end`; no row where fewer are left.
std::string BoundarySql(const Transfer& transfer, const KeyRange& remaining, int64_t rows);
// `INSERT INTO shadow (…) SELECT … FROM ONLY source` without its WHERE.
std::string InsertSelect(const Transfer& transfer);
std::string ChunkInsertSql(const Transfer& transfer, const KeyRange& range);

// Rows of the change log whose address lies in [first, last) pages; the "everything" marker is never among them.
struct LogWindow {
  int64_t first_page = 0;
  std::optional<int64_t> last_page;  // nullopt: to the end
};
std::string LogWindowPredicate(const Transfer& transfer, const LogWindow& window);
std::string ReplayDeleteSql(const Transfer& transfer, const LogWindow& window);
std::string ReplayInsertSql(const Transfer& transfer, const LogWindow& window);
// Both in one statement, for a transfer that keeps values of rows that are there; returns the number of rows inserted.
std::string ReplayKeepingSql(const Transfer& transfer, const LogWindow& window);
std::string ReplayTrimSql(const Transfer& transfer, const LogWindow& window);
// Boolean SQL, true where the log holds the "everything" marker (a row with a NULL key).
std::string MarkerExists(const Transfer& transfer);

// Statements that give addresses (ctid) of source rows: those of a key range in scan order, those whose keys are in the
// log, and a few all over the table, by direct access only.
std::string RangeRowsSql(const Transfer& transfer, const KeyRange& range);
std::string LoggedRowsSql(const Transfer& transfer);
struct SampleSize {
  int end_rows = 0;  // by key, from each end
  int pages = 0;     // spread evenly
  int rows_per_page = 0;
};
std::string SampleRowsSql(const Transfer& transfer, const SampleSize& size);
// Boolean SQL: no key in the log maps to that of the shadow's row `shadow` (an alias).
std::string NotLogged(const Transfer& transfer, std::string_view shadow);

// `COPY (SELECT <mapped key>, <compared columns> FROM …) TO STDOUT (FORMAT binary)` for rows that meet `where`. With
// `with_key_text`, the key's text form comes first, one field a key column.
std::string CompareCopySql(const Transfer& transfer, Side side, std::string_view where, bool with_key_text);
// The same for the log: key texts, then the mapped key.
std::string LogCopySql(const Transfer& transfer, std::string_view where);
// Names of the compared columns, in the order of CompareCopySql after the key.
std::vector<std::string> ComparedColumns(const Transfer& transfer);

}  // namespace pgmoult::copier
