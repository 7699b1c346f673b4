#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pg/macros.h"

struct pg_result;

namespace pgmoult::pg {

// The rows of one statement, in text format. Values are read with a C++ type that must fit the column's OID: reading an
// int8 column as bool is an Internal error that names the column, not a wrong value.
//
//   bool          bool
//   int32_t       int2, int4
//   int64_t       int2, int4, int8, oid, xid, xid8
//   double        float4, float8, numeric, and all integers
//   std::string   any type, in its text form
//   vector<string> any one-dimensional array
//   optional<T>   the same, NULL gives nullopt; NULL read into a plain T is an error
class Result {
 public:
  struct Free {
    void operator()(pg_result* result) const;
  };
  using Handle = std::unique_ptr<pg_result, Free>;

  explicit Result(Handle handle) : handle_(std::move(handle)) {}

  int rows() const;
  int columns() const;
  // Rows inserted, updated, deleted, or copied; 0 for other commands.
  int64_t affected() const;
  // The command tag: "COMMIT", "INSERT 0 5".
  std::string_view command() const;
  std::string_view column_name(int column) const;

  // Raw text; "" for NULL.
  std::string_view Text(int row, int column) const;
  bool IsNull(int row, int column) const;

  template <typename T>
  absl::StatusOr<T> Get(int row, int column) const {
    T value{};
    RETURN_IF_ERROR(ReadField(row, column, value));
    return value;
  }

  // Reads a whole row into as many variables as it has columns.
  template <typename... T>
  absl::Status Read(int row, T&... values) const {
    RETURN_IF_ERROR(CheckShape(row, static_cast<int>(sizeof...(T))));
    int column = 0;
    absl::Status status;
    (void)((status = ReadField(row, column++, values), status.ok()) && ...);
    return status;
  }

  // The value of a result that must be one row with one column.
  template <typename T>
  absl::StatusOr<T> Scalar() const {
    RETURN_IF_ERROR(CheckOneRow());
    T value{};
    RETURN_IF_ERROR(Read(0, value));
    return value;
  }

 private:
  absl::Status CheckOneRow() const;
  absl::Status CheckShape(int row, int columns) const;
  absl::Status ReadField(int row, int column, bool& value) const;
  absl::Status ReadField(int row, int column, int32_t& value) const;
  absl::Status ReadField(int row, int column, int64_t& value) const;
  absl::Status ReadField(int row, int column, double& value) const;
  absl::Status ReadField(int row, int column, std::string& value) const;
  absl::Status ReadField(int row, int column, std::vector<std::string>& value) const;

  template <typename T>
  absl::Status ReadField(int row, int column, std::optional<T>& value) const {
    if (IsNull(row, column)) {
      value.reset();
      return absl::OkStatus();
    }
    return ReadField(row, column, value.emplace());
  }

  Handle handle_;
};

}  // namespace pgmoult::pg
