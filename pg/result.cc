#include "pg/result.h"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include "fmt/format.h"

namespace pgmoult::pg {
namespace {

// OIDs of built-in types are fixed for ever (pg_type.dat).
constexpr Oid kBool = 16;
constexpr Oid kInt8 = 20;
constexpr Oid kInt2 = 21;
constexpr Oid kInt4 = 23;
constexpr Oid kOid = 26;
constexpr Oid kXid = 28;
constexpr Oid kFloat4 = 700;
constexpr Oid kFloat8 = 701;
constexpr Oid kNumeric = 1700;
constexpr Oid kXid8 = 5069;

template <size_t N>
absl::Status CheckType(const PGresult* result, int column, const std::array<Oid, N>& allowed, const char* wanted) {
  const Oid type = PQftype(result, column);
  if (std::ranges::find(allowed, type) == allowed.end()) {
    return absl::InternalError(fmt::format("column \"{}\" has type OID {}, which cannot be read as {}",
                                           PQfname(result, column), type, wanted));
  }
  return absl::OkStatus();
}

absl::Status CheckNotNull(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) != 0) {
    return absl::InternalError(fmt::format("column \"{}\" is NULL where a value is needed", PQfname(result, column)));
  }
  return absl::OkStatus();
}

template <typename Number>
absl::Status ParseNumber(const PGresult* result, int row, int column, Number& value) {
  RETURN_IF_ERROR(CheckNotNull(result, row, column));
  const char* text = PQgetvalue(result, row, column);
  const char* end = text + PQgetlength(result, row, column);
  const auto [stop, error] = std::from_chars(text, end, value);
  if (error != std::errc() || stop != end) {
    return absl::InternalError(
        fmt::format("column \"{}\": \"{}\" is not a number that fits", PQfname(result, column), text));
  }
  return absl::OkStatus();
}

}  // namespace

void Result::Free::operator()(pg_result* result) const { PQclear(result); }

int Result::rows() const { return PQntuples(handle_.get()); }
int Result::columns() const { return PQnfields(handle_.get()); }

int64_t Result::affected() const {
  const std::string_view text = PQcmdTuples(handle_.get());
  int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

std::string_view Result::command() const { return PQcmdStatus(handle_.get()); }

std::string_view Result::column_name(int column) const {
  const char* name = PQfname(handle_.get(), column);
  return name == nullptr ? std::string_view() : name;
}

std::string_view Result::Text(int row, int column) const {
  return {PQgetvalue(handle_.get(), row, column), static_cast<size_t>(PQgetlength(handle_.get(), row, column))};
}

bool Result::IsNull(int row, int column) const { return PQgetisnull(handle_.get(), row, column) != 0; }

absl::Status Result::CheckOneRow() const {
  return rows() == 1 ? absl::OkStatus() : absl::InternalError(fmt::format("wanted one row and got {}", rows()));
}

absl::Status Result::CheckShape(int row, int columns) const {
  if (row >= rows() || columns != this->columns()) {
    return absl::InternalError(fmt::format("wanted row {} with {} columns of a result with {} rows and {} columns", row,
                                           columns, rows(), this->columns()));
  }
  return absl::OkStatus();
}

absl::Status Result::ReadField(int row, int column, bool& value) const {
  RETURN_IF_ERROR(CheckType<1>(handle_.get(), column, {kBool}, "bool"));
  RETURN_IF_ERROR(CheckNotNull(handle_.get(), row, column));
  value = Text(row, column) == "t";
  return absl::OkStatus();
}

absl::Status Result::ReadField(int row, int column, int32_t& value) const {
  RETURN_IF_ERROR(CheckType<2>(handle_.get(), column, {kInt2, kInt4}, "int32"));
  return ParseNumber(handle_.get(), row, column, value);
}

absl::Status Result::ReadField(int row, int column, int64_t& value) const {
  RETURN_IF_ERROR(CheckType<6>(handle_.get(), column, {kInt2, kInt4, kInt8, kOid, kXid, kXid8}, "int64"));
  return ParseNumber(handle_.get(), row, column, value);
}

absl::Status Result::ReadField(int row, int column, double& value) const {
  RETURN_IF_ERROR(CheckType<6>(handle_.get(), column, {kInt2, kInt4, kInt8, kFloat4, kFloat8, kNumeric}, "double"));
  return ParseNumber(handle_.get(), row, column, value);
}

absl::Status Result::ReadField(int row, int column, std::string& value) const {
  RETURN_IF_ERROR(CheckNotNull(handle_.get(), row, column));
  value = Text(row, column);
  return absl::OkStatus();
}

absl::Status Result::ReadField(int row, int column, std::vector<std::string>& value) const {
  RETURN_IF_ERROR(CheckNotNull(handle_.get(), row, column));
  const std::string_view text = Text(row, column);
  const auto malformed = [&] {
    return absl::InternalError(
        fmt::format("column \"{}\" is not a one-dimensional array without NULLs", column_name(column)));
  };
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') {
    return malformed();
  }
  value.clear();
  const std::string_view body = text.substr(1, text.size() - 2);
  size_t at = 0;
  while (at < body.size()) {
    std::string element;
    const bool quoted = body[at] == '"';
    at += quoted ? 1 : 0;
    while (at < body.size() && body[at] != (quoted ? '"' : ',')) {
      if (body[at] == '{' && !quoted) {
        return malformed();
      }
      at += body[at] == '\\' && at + 1 < body.size() ? 1 : 0;
      element += body[at++];
    }
    at += quoted ? 1 : 0;  // the closing quote
    if (!quoted && element == "NULL") {
      return malformed();
    }
    value.push_back(std::move(element));
    at += 1;  // the comma
  }
  return absl::OkStatus();
}

}  // namespace pgmoult::pg
