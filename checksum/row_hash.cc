#include "checksum/row_hash.h"

#include <xxhash.h>

#include <charconv>
#include <system_error>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "pg/test_hooks.h"

namespace pgmoult::checksum {
namespace {

constexpr size_t kHalfDigits = 16;

// Sum modulo 2^128, with the carry from low to high.
RowHash Sum(RowHash a, RowHash b) {
  const uint64_t low = a.low + b.low;
  const uint64_t carry = low < a.low ? 1 : 0;
  return {.low = low, .high = a.high + b.high + carry};
}

// True if the whole text is one number of that base.
bool Parse(std::string_view text, int base, uint64_t& value) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto [stop, error] = std::from_chars(begin, end, value, base);
  return error == std::errc() && stop == end;
}

// A fault that tests switch on: the row with the length words of its NULLs made those of empty values.
std::string WithoutNullMarkers(std::string_view raw) {
  constexpr std::string_view kNullLength = "\xff\xff\xff\xff";
  std::string row(raw);
  for (size_t at = row.find(kNullLength); at != std::string::npos; at = row.find(kNullLength)) {
    row.replace(at, kNullLength.size(), kNullLength.size(), '\0');
  }
  return row;
}

}  // namespace

RowHash HashRow(std::string_view raw) {
  const std::string faulty = pg::HasFault("hash_without_null_markers") ? WithoutNullMarkers(raw) : std::string();
  const std::string_view hashed = faulty.empty() ? raw : faulty;
  const XXH128_hash_t hash = XXH3_128bits(hashed.data(), hashed.size());
  return {.low = hash.low64, .high = hash.high64};
}

void RangeDigest::Add(RowHash hash) {
  ++count_;
  sum_ = Sum(sum_, hash);
}

void RangeDigest::Merge(const RangeDigest& other) {
  count_ += other.count_;
  sum_ = Sum(sum_, other.sum_);
}

std::string RangeDigest::ToText() const { return fmt::format("{}:{:016x}{:016x}", count_, sum_.high, sum_.low); }

absl::StatusOr<RangeDigest> RangeDigest::FromText(std::string_view text) {
  RangeDigest digest;
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos && text.size() - colon - 1 == 2 * kHalfDigits) {
    const std::string_view hex = text.substr(colon + 1);
    // Writing it again catches the forms that from_chars takes besides ours: leading zeros, upper case.
    if (Parse(text.substr(0, colon), 10, digest.count_) && Parse(hex.substr(0, kHalfDigits), 16, digest.sum_.high) &&
        Parse(hex.substr(kHalfDigits), 16, digest.sum_.low) && digest.ToText() == text) {
      return digest;
    }
  }
  return absl::InvalidArgumentError(fmt::format("not a range digest (count:32 hex digits): '{}'", text));
}

}  // namespace pgmoult::checksum
