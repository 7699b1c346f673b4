#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checksum/copy_parser.h"
#include "checksum/row_hash.h"
#include "pg/connection.h"

namespace pgmoult::checksum {

// Complete `COPY … TO STDOUT (FORMAT binary)` statements for one range of keys, or one set of keys. "Key" is the key as
// the shadow has it: for the source and the log it is computed by the mapping.
struct RangeQueries {
  std::string source;         // key_columns fields: the key; then one field for each of column_names: the values
  std::string shadow;         // the same
  std::string log;            // key_columns fields: the source's key as text; then key_columns fields: the key
  std::string source_detail;  // as `source`, with key_columns fields, the key as text, before
  std::string shadow_detail;
  int key_columns = 0;
  std::vector<std::string> column_names;
};

struct CompareLimits {
  int64_t max_rows = 1'000'000;       // of either side; a row costs 32 bytes until the range is done, at most doubled
                                      // while the vector grows
  int64_t max_differences = 1'000;    // that are named; the others are counted
  int64_t max_pending_keys = 10'000;  // that are handed back; the others are counted

  absl::Status Validate() const;
};

enum class DifferenceKind : uint8_t {
  kMissing,    // in the source, not in the shadow
  kExtra,      // in the shadow, not in the source: a ghost, or the second row of a key
  kDifferent,  // on both sides, with other values
};

struct Difference {
  DifferenceKind kind = DifferenceKind::kMissing;
  std::vector<std::string> key;      // text of the key as the shadow has it
  std::vector<std::string> columns;  // kDifferent: names of the columns that differ
};

struct Comparison {
  RangeDigest source;
  RangeDigest shadow;
  // Keys that differ and are in the log, so that nothing is known of them: to be looked at again after a replay.
  int64_t pending = 0;
  std::vector<std::vector<std::string>> pending_keys;  // texts of the source's key, each key once; capped
  // What nothing explains. A key that a side holds several times can count more than once.
  int64_t difference_count = 0;
  std::vector<Difference> differences;  // ordered by key text; capped

  bool equal() const { return source == shadow; }
};

// Compares one range. Nothing is written. The caller has begun a REPEATABLE READ READ ONLY transaction and taken its
// locks before the snapshot, so that all statements see the same rows.
//
// Both sides are read once. Where their digests are equal, that is all. Else the log is read, and only if a differing
// key is not in it are both sides read again, to name keys and columns.
//
// Keys are the same here when their bytes are. Keys that the key's own operator takes for equal although their bytes
// differ (citext 'A' and 'a', numeric 1.0 and 1.00) are reported as one kMissing and one kExtra, and one of them may be
// pending; before such a pair is called an error, the caller asks the server whether an equal key is logged.
//
// Log rows with a NULL key (the "everything" marker) are passed over; the caller looks for the marker itself.
//
// Errors: OutOfRange where a side has more than max_rows rows (cut a smaller range; session and transaction go on),
// FailedPrecondition where a row reads differently the second time (no single snapshot, or a volatile expression),
// DataLoss for a broken stream or a wrong number of fields, InvalidArgument, or what the server said.
pg::Awaitable<absl::StatusOr<Comparison>> CompareRange(pg::Connection& connection, const RangeQueries& queries,
                                                       CompareLimits limits = {});

enum class Side : uint8_t { kSource, kShadow };

// The decisions of CompareRange() without its I/O. Calls come in this order: AddRow() for every row of both sides,
// FindDifferences(), AddLogged() for every log row, BeginDetail(), AddDetail() for every row of both sides, Finish().
// After FindDifferences() or BeginDetail() has returned false, only Finish() is left to call. Rows come in any order,
// with the fields that RangeQueries says: a row with fewer is undefined behaviour.
class RangeComparer {
 public:
  RangeComparer(int key_columns, std::vector<std::string> column_names, CompareLimits limits);

  absl::Status AddRow(Side side, const Tuple& row);
  // True where the sides differ, so that the log is needed.
  bool FindDifferences();
  void AddLogged(const Tuple& row);
  // True where some difference is not explained by the log, so that the detail is needed. Called once.
  bool BeginDetail();
  void AddDetail(Side side, const Tuple& row);
  absl::StatusOr<Comparison> Finish() &&;

 private:
  // What is kept of a row.
  struct RowPrint {
    RowHash key;
    RowHash row;
  };
  // A row, or two of the same key, that one side has and the other has not.
  struct Mismatch {
    DifferenceKind kind = DifferenceKind::kMissing;
    bool logged = false;
    RowHash key;
    RowHash rows[2];  // by Side; only the sides that have the row
  };
  // What the second reading found of a mismatch.
  struct Detail {
    bool found[2] = {false, false};
    std::vector<std::string> key;
    std::vector<RowHash> columns[2];
  };

  void AddMismatches(std::span<const RowPrint> source, std::span<const RowPrint> shadow);
  // Place of the key's first mismatch, if it has one.
  size_t FirstOfKey(RowHash key) const;
  // The first key_columns fields.
  std::vector<std::string> TextFields(const Tuple& row) const;

  size_t key_columns_;
  std::vector<std::string> column_names_;
  CompareLimits limits_;
  Comparison comparison_;
  std::vector<RowPrint> rows_[2];     // by Side; given back by FindDifferences()
  std::vector<Mismatch> mismatches_;  // ordered by key; from BeginDetail() on only those that are to be named
  std::vector<Detail> details_;       // of the mismatches at the same places
};

}  // namespace pgmoult::checksum
