#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace pgmoult::checksum {

// 128-bit hash of one row.
struct RowHash {
  uint64_t low = 0;
  uint64_t high = 0;

  bool operator==(const RowHash&) const = default;
};

// XXH3-128 (seed 0) of a row's bytes, usually Tuple::raw(): the same on every machine and in every release, so hashes
// may be stored. Not cryptographic: it finds faults, not a forger who chooses row values.
RowHash HashRow(std::string_view raw);

// Digest of a set of rows in no order: their number and the sum of their hashes modulo 2^128. Parts of a set may be
// digested apart and merged.
//
// A sum, not an XOR: under XOR two equal rows cancel, so a row that is there twice, or a pair that is missing, would be
// seen in the number alone, and two pairs {a, a} and {b, b} not at all.
//
// Equal sets always have equal digests. Two sets that differ by a fault have equal digests with a probability of about
// 2^-128. It does not detect
// - the order of the rows, or which part of the set a row was in before Merge();
// - sets made to collide by someone who chooses row values: XXH3 and sums of it can be solved for;
// - what the hashed bytes do not tell apart (columns left out, types whose send function drops a difference).
// It says that sets differ, never in which row.
class RangeDigest {
 public:
  RangeDigest() = default;  // of no rows

  void Add(RowHash hash);
  void Merge(const RangeDigest& other);

  uint64_t count() const { return count_; }
  RowHash sum() const { return sum_; }

  bool operator==(const RangeDigest&) const = default;

  // "count:sum", count in decimal, sum as 32 lower-case hex digits, high half first: for the manifest.
  std::string ToText() const;
  // Takes exactly what ToText() writes; InvalidArgument for anything else.
  static absl::StatusOr<RangeDigest> FromText(std::string_view text);

 private:
  uint64_t count_ = 0;
  RowHash sum_;
};

}  // namespace pgmoult::checksum
