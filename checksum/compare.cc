#include "checksum/compare.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "fmt/format.h"
#include "pg/macros.h"
#include "pg/status.h"

namespace pgmoult::checksum {
namespace {

using pg::Awaitable;

constexpr Side kSides[] = {Side::kSource, Side::kShadow};

size_t At(Side side) { return static_cast<size_t>(side); }
std::string_view Name(Side side) { return side == Side::kSource ? "source" : "shadow"; }

auto Order(const RowHash& hash) { return std::tie(hash.high, hash.low); }

bool IsOn(DifferenceKind kind, Side side) {
  return kind != (side == Side::kSource ? DifferenceKind::kExtra : DifferenceKind::kMissing);
}

// `count` fields from `first` on, with their length words, so that NULL and empty hash differently.
RowHash HashFields(const Tuple& row, size_t first, size_t count) {
  const std::string_view from = row.RawFrom(first);
  return HashRow(from.substr(0, from.size() - row.RawFrom(first + count).size()));
}

bool HasNull(const Tuple& row) {
  for (size_t field = 0; field < row.field_count(); ++field) {
    if (!row.Field(field)) {
      return true;
    }
  }
  return false;
}

absl::Status Validate(const RangeQueries& queries) {
  if (queries.key_columns <= 0) {
    return absl::InvalidArgumentError(fmt::format("key_columns is {}; a key has a column", queries.key_columns));
  }
  for (const std::string* sql :
       {&queries.source, &queries.shadow, &queries.log, &queries.source_detail, &queries.shadow_detail}) {
    if (sql->empty()) {
      return absl::InvalidArgumentError("a query of the range is empty");
    }
  }
  return absl::OkStatus();
}

Awaitable<absl::Status> Stream(pg::Connection& connection, const std::string& sql, size_t fields, std::string_view what,
                               CopyParser::OnTuple on_tuple) {
  CopyParser parser({.field_count = static_cast<int>(fields)});
  absl::Status status = (co_await connection.CopyOut(sql, [&parser, on_tuple](std::string_view bytes) {
                          return parser.Feed(bytes, on_tuple);
                        })).status();
  if (status.ok()) {
    status = parser.Finish();
  }
  co_return status.ok() ? status : pg::Annotate(status, fmt::format("reading the {} of a range", what));
}

}  // namespace

absl::Status CompareLimits::Validate() const {
  if (max_rows <= 0 || max_differences < 0 || max_pending_keys < 0) {
    return absl::InvalidArgumentError(
        fmt::format("limits of a comparison must not be negative, and max_rows not 0: max_rows {}, max_differences {}, "
                    "max_pending_keys {}",
                    max_rows, max_differences, max_pending_keys));
  }
  return absl::OkStatus();
}

RangeComparer::RangeComparer(int key_columns, std::vector<std::string> column_names, CompareLimits limits)
    : key_columns_(static_cast<size_t>(key_columns)), column_names_(std::move(column_names)), limits_(limits) {}

absl::Status RangeComparer::AddRow(Side side, const Tuple& row) {
  std::vector<RowPrint>& rows = rows_[At(side)];
  if (rows.size() >= static_cast<size_t>(limits_.max_rows)) {
    return absl::OutOfRangeError(fmt::format("more than {} rows in a range of the {}", limits_.max_rows, Name(side)));
  }
  const RowPrint print = {.key = HashFields(row, 0, key_columns_), .row = HashRow(row.raw())};
  rows.push_back(print);
  (side == Side::kSource ? comparison_.source : comparison_.shadow).Add(print.row);
  return absl::OkStatus();
}

// Both sides have the rows of one key, ordered by row hash. Rows that both have are passed over, as often as both have
// them; of the rest, one of each side makes a pair for as long as there are any.
void RangeComparer::AddMismatches(std::span<const RowPrint> source, std::span<const RowPrint> shadow) {
  std::vector<RowPrint> rest[2];
  const auto order = [](const RowPrint& print) { return Order(print.row); };
  std::ranges::set_difference(source, shadow, std::back_inserter(rest[0]), {}, order, order);
  std::ranges::set_difference(shadow, source, std::back_inserter(rest[1]), {}, order, order);
  for (size_t i = 0; i < std::max(rest[0].size(), rest[1].size()); ++i) {
    Mismatch mismatch;
    mismatch.kind = DifferenceKind::kDifferent;
    for (const Side side : kSides) {
      if (i < rest[At(side)].size()) {
        mismatch.key = rest[At(side)][i].key;
        mismatch.rows[At(side)] = rest[At(side)][i].row;
      } else {
        mismatch.kind = side == Side::kSource ? DifferenceKind::kExtra : DifferenceKind::kMissing;
      }
    }
    mismatches_.push_back(mismatch);
  }
}

bool RangeComparer::FindDifferences() {
  if (!comparison_.equal()) {
    for (std::vector<RowPrint>& rows : rows_) {
      std::ranges::sort(rows, {},
                        [](const RowPrint& print) { return std::tuple_cat(Order(print.key), Order(print.row)); });
    }
    std::span<const RowPrint> left[2] = {rows_[0], rows_[1]};
    while (!left[0].empty() || !left[1].empty()) {
      const bool from_source = left[1].empty() || (!left[0].empty() && Order(left[0][0].key) < Order(left[1][0].key));
      const RowHash key = from_source ? left[0][0].key : left[1][0].key;
      std::span<const RowPrint> group[2];
      for (const Side side : kSides) {
        std::span<const RowPrint>& rows = left[At(side)];
        size_t count = 0;
        while (count < rows.size() && rows[count].key == key) {
          ++count;
        }
        group[At(side)] = rows.first(count);
        rows = rows.subspan(count);
      }
      AddMismatches(group[0], group[1]);
    }
  }
  for (std::vector<RowPrint>& rows : rows_) {
    std::vector<RowPrint>().swap(rows);
  }
  return !mismatches_.empty();
}

size_t RangeComparer::FirstOfKey(RowHash key) const {
  const auto found = std::ranges::lower_bound(mismatches_, Order(key), {},
                                              [](const Mismatch& mismatch) { return Order(mismatch.key); });
  return static_cast<size_t>(found - mismatches_.begin());
}

std::vector<std::string> RangeComparer::TextFields(const Tuple& row) const {
  std::vector<std::string> texts;
  texts.reserve(key_columns_);
  for (size_t field = 0; field < key_columns_; ++field) {
    texts.emplace_back(row.Field(field).value_or("NULL"));
  }
  return texts;
}

void RangeComparer::AddLogged(const Tuple& row) {
  if (HasNull(row)) {
    return;
  }
  const RowHash key = HashFields(row, key_columns_, key_columns_);
  const size_t first = FirstOfKey(key);
  if (first == mismatches_.size() || mismatches_[first].key != key || mismatches_[first].logged) {
    return;  // Not a differing key, or one whose first log row has been seen.
  }
  for (size_t i = first; i < mismatches_.size() && mismatches_[i].key == key; ++i) {
    mismatches_[i].logged = true;
  }
  if (comparison_.pending++ < limits_.max_pending_keys) {
    comparison_.pending_keys.push_back(TextFields(row));
  }
}

bool RangeComparer::BeginDetail() {
  std::erase_if(mismatches_, [](const Mismatch& mismatch) { return mismatch.logged; });
  comparison_.difference_count = static_cast<int64_t>(mismatches_.size());
  mismatches_.resize(std::min(mismatches_.size(), static_cast<size_t>(limits_.max_differences)));
  mismatches_.shrink_to_fit();
  details_.resize(mismatches_.size());
  return !mismatches_.empty();
}

void RangeComparer::AddDetail(Side side, const Tuple& row) {
  const RowHash key = HashFields(row, key_columns_, key_columns_);
  size_t i = FirstOfKey(key);
  if (i == mismatches_.size() || mismatches_[i].key != key) {
    return;
  }
  const RowHash hash = HashRow(row.RawFrom(key_columns_));
  for (; i < mismatches_.size() && mismatches_[i].key == key; ++i) {
    const Mismatch& mismatch = mismatches_[i];
    Detail& detail = details_[i];
    if (!IsOn(mismatch.kind, side) || mismatch.rows[At(side)] != hash || detail.found[At(side)]) {
      continue;
    }
    detail.found[At(side)] = true;
    detail.key = TextFields(row);
    if (mismatch.kind == DifferenceKind::kDifferent) {
      detail.columns[At(side)].reserve(column_names_.size());
      for (size_t column = 0; column < column_names_.size(); ++column) {
        detail.columns[At(side)].push_back(HashFields(row, 2 * key_columns_ + column, 1));
      }
    }
    return;
  }
}

absl::StatusOr<Comparison> RangeComparer::Finish() && {
  for (size_t i = 0; i < details_.size(); ++i) {
    Detail& detail = details_[i];
    const DifferenceKind kind = mismatches_[i].kind;
    for (const Side side : kSides) {
      if (IsOn(kind, side) && !detail.found[At(side)]) {
        return absl::FailedPreconditionError(
            fmt::format("a row of the {} was not the same when it was read again: not one snapshot, or a volatile "
                        "expression among the compared columns",
                        Name(side)));
      }
    }
    Difference difference{.kind = kind, .key = std::move(detail.key), .columns = {}};
    for (size_t column = 0; kind == DifferenceKind::kDifferent && column < column_names_.size(); ++column) {
      if (detail.columns[0][column] != detail.columns[1][column]) {
        difference.columns.push_back(column_names_[column]);
      }
    }
    comparison_.differences.push_back(std::move(difference));
  }
  std::ranges::sort(comparison_.differences, {},
                    [](const Difference& difference) { return std::tie(difference.key, difference.kind); });
  return std::move(comparison_);
}

Awaitable<absl::StatusOr<Comparison>> CompareRange(pg::Connection& connection, const RangeQueries& queries,
                                                   CompareLimits limits) {
  CO_RETURN_IF_ERROR(Validate(queries));
  CO_RETURN_IF_ERROR(limits.Validate());
  const auto keys = static_cast<size_t>(queries.key_columns);
  const size_t fields = keys + queries.column_names.size();
  RangeComparer comparer(queries.key_columns, queries.column_names, limits);
  for (const Side side : kSides) {
    CO_RETURN_IF_ERROR(co_await Stream(connection, side == Side::kSource ? queries.source : queries.shadow, fields,
                                       Name(side),
                                       [&comparer, side](const Tuple& row) { return comparer.AddRow(side, row); }));
  }
  if (!comparer.FindDifferences()) {
    co_return std::move(comparer).Finish();
  }
  CO_RETURN_IF_ERROR(co_await Stream(connection, queries.log, 2 * keys, "log", [&comparer](const Tuple& row) {
    comparer.AddLogged(row);
    return absl::OkStatus();
  }));
  if (!comparer.BeginDetail()) {
    co_return std::move(comparer).Finish();
  }
  for (const Side side : kSides) {
    CO_RETURN_IF_ERROR(co_await Stream(connection,
                                       side == Side::kSource ? queries.source_detail : queries.shadow_detail,
                                       keys + fields, Name(side), [&comparer, side](const Tuple& row) {
                                         comparer.AddDetail(side, row);
                                         return absl::OkStatus();
                                       }));
  }
  co_return std::move(comparer).Finish();
}

}  // namespace pgmoult::checksum
