#include "checksum/row_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace pgmoult::checksum {
namespace {

using Fields = std::vector<std::optional<std::string>>;

std::string BigEndian(uint64_t value, size_t bytes) {
  std::string out;
  for (size_t i = bytes; i-- > 0;) {
    out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
  }
  return out;
}

std::string Raw(const Fields& fields) {
  std::string out;
  for (const auto& field : fields) {
    out += field ? BigEndian(field->size(), 4) + *field : BigEndian(0xFFFF'FFFF, 4);
  }
  return out;
}

std::string Float8(double value) { return BigEndian(std::bit_cast<uint64_t>(value), 8); }

// numeric_send's form of the number 1 with that many digits after the point: digits, weight, sign, scale, digit.
std::string NumericOne(uint16_t scale) {
  return BigEndian(1, 2) + BigEndian(0, 2) + BigEndian(0, 2) + BigEndian(scale, 2) + BigEndian(1, 2);
}

RowHash Hash(const Fields& fields) { return HashRow(Raw(fields)); }

RangeDigest Digest(const std::vector<Fields>& rows) {
  RangeDigest digest;
  for (const Fields& row : rows) {
    digest.Add(Hash(row));
  }
  return digest;
}

TEST(RowHashTest, EqualBytesHaveEqualHashes) {
  EXPECT_EQ(Hash({"a", std::nullopt, "c"}), Hash({"a", std::nullopt, "c"}));
}

// Digests are stored in the manifest, so a hash must never change from one build or machine to another.
TEST(RowHashTest, HashesAreTheOnesOfTheXxh3Specification) {
  EXPECT_EQ(HashRow(""), (RowHash{.low = 0x6001'C324'468D'497F, .high = 0x99AA'06D3'0147'98D8}));
  EXPECT_EQ(HashRow(std::string_view()), HashRow(""));
}

TEST(RowHashTest, NullAndEmptyDiffer) {
  EXPECT_NE(Hash({std::nullopt}), Hash({""}));
  EXPECT_NE(Hash({"k", std::nullopt, ""}), Hash({"k", "", std::nullopt}));
}

TEST(RowHashTest, BytesMovedOverAFieldBoundaryDiffer) {
  EXPECT_NE(Hash({"ab", "c"}), Hash({"a", "bc"}));
  EXPECT_NE(Hash({"ab", ""}), Hash({"", "ab"}));
  EXPECT_NE(Hash({"ab", std::nullopt}), Hash({std::nullopt, "ab"}));
}

TEST(RowHashTest, SwappedColumnsDiffer) { EXPECT_NE(Hash({"k", "x", "y"}), Hash({"k", "y", "x"})); }

TEST(RowHashTest, MissingColumnDiffers) {
  EXPECT_NE(Hash({"k", "x"}), Hash({"k", "x", std::nullopt}));
  EXPECT_NE(Hash({"k", "x"}), Hash({"k", "x", ""}));
}

// Over all the size classes for which XXH3 has code of its own.
TEST(RowHashTest, OneFlippedBitAnywhereDiffers) {
  for (const size_t size : {1, 3, 4, 8, 9, 16, 17, 128, 129, 240, 241, 1100}) {
    std::string raw(size, 'r');
    const RowHash original = HashRow(raw);
    for (size_t bit = 0; bit < 8 * size; ++bit) {
      const char saved = raw[bit / 8];
      raw[bit / 8] = static_cast<char>(saved ^ (1 << bit % 8));
      ASSERT_NE(HashRow(raw), original) << "bit " << bit << " of " << size << " bytes";
      raw[bit / 8] = saved;
    }
  }
}

TEST(RowHashTest, NegativeZeroDiffersFromZero) { EXPECT_NE(Hash({Float8(-0.0)}), Hash({Float8(0.0)})); }

TEST(RowHashTest, NumericScaleDiffers) { EXPECT_NE(Hash({NumericOne(1)}), Hash({NumericOne(2)})); }

TEST(RangeDigestTest, OrderOfRowsDoesNotMatter) {
  std::vector<Fields> rows = {{"1", "a"}, {"2", "b"}, {"3", std::nullopt}, {"4", ""}};
  const RangeDigest digest = Digest(rows);
  while (std::next_permutation(rows.begin(), rows.end())) {
    ASSERT_EQ(Digest(rows), digest);
  }
}

TEST(RangeDigestTest, LostRowIsSeen) { EXPECT_NE(Digest({{"1"}, {"2"}, {"3"}}), Digest({{"1"}, {"3"}})); }

TEST(RangeDigestTest, ExtraRowIsSeen) { EXPECT_NE(Digest({{"1"}, {"2"}}), Digest({{"1"}, {"2"}, {"3"}})); }

TEST(RangeDigestTest, ReplacedRowIsSeen) { EXPECT_NE(Digest({{"1"}, {"2"}}), Digest({{"1"}, {"3"}})); }

TEST(RangeDigestTest, ValuesSwappedBetweenRowsAreSeen) {
  EXPECT_NE(Digest({{"1", "a"}, {"2", "b"}}), Digest({{"1", "b"}, {"2", "a"}}));
}

TEST(RangeDigestTest, PairsOfEqualRowsDoNotCancel) {
  EXPECT_NE(Digest({{"a"}, {"a"}, {"x"}}), Digest({{"b"}, {"b"}, {"x"}}));
  EXPECT_NE(Digest({{"a"}, {"a"}, {"x"}}), Digest({{"x"}}));
  EXPECT_NE(Digest({{"a"}, {"a"}}).sum(), RangeDigest().sum());
}

TEST(RangeDigestTest, RowWhoseHashIsZeroIsSeenInTheCount) {
  RangeDigest digest;
  digest.Add({});
  EXPECT_NE(digest, RangeDigest());
  EXPECT_EQ(digest.sum(), RangeDigest().sum());
}

TEST(RangeDigestTest, MergeGivesTheDigestOfAllRows) {
  RangeDigest merged = Digest({{"1"}, {"2"}});
  merged.Merge(Digest({{"3"}}));
  merged.Merge(RangeDigest());
  EXPECT_EQ(merged, Digest({{"3"}, {"2"}, {"1"}}));
  EXPECT_EQ(merged.count(), 3U);
}

TEST(RangeDigestTest, SumCarriesIntoTheHighHalfAndWrapsAtItsEnd) {
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  RangeDigest digest;
  digest.Add({.low = kMax, .high = 0});
  digest.Add({.low = 1, .high = 0});
  EXPECT_EQ(digest.sum(), (RowHash{.low = 0, .high = 1}));
  digest.Add({.low = kMax, .high = kMax});
  EXPECT_EQ(digest.sum(), (RowHash{.low = kMax, .high = 0}));
}

TEST(RangeDigestTest, TextFormIsFixed) {
  EXPECT_EQ(RangeDigest().ToText(), "0:00000000000000000000000000000000");
  RangeDigest digest;
  digest.Add({.low = 0x0123'4567'89AB'CDEF, .high = 0x0FED'CBA9'8765'4321});
  EXPECT_EQ(digest.ToText(), "1:0fedcba9876543210123456789abcdef");
}

TEST(RangeDigestTest, TextIsReadBack) {
  for (const RangeDigest& digest : {RangeDigest(), Digest({{"1"}}), Digest({{"1"}, {std::nullopt}, {""}})}) {
    const absl::StatusOr<RangeDigest> read = RangeDigest::FromText(digest.ToText());
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, digest);
  }
  const std::string greatest = "18446744073709551615:ffffffffffffffffffffffffffffffff";
  const absl::StatusOr<RangeDigest> read = RangeDigest::FromText(greatest);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->ToText(), greatest);
}

TEST(RangeDigestTest, OtherTextIsRefused) {
  const std::string hex = "0fedcba9876543210123456789abcdef";
  for (const std::string& text : std::initializer_list<std::string>{std::string(),
                                                                    std::string(":"),
                                                                    std::string("1"),
                                                                    "1" + hex,
                                                                    ":" + hex,
                                                                    "-1:" + hex,
                                                                    "+1:" + hex,
                                                                    " 1:" + hex,
                                                                    "01:" + hex,
                                                                    "1 :" + hex,
                                                                    "1: " + hex,
                                                                    "1:" + hex + " ",
                                                                    "1:" + hex.substr(1),
                                                                    "1:" + hex + "0",
                                                                    "1:0FEDCBA9876543210123456789ABCDEF",
                                                                    "1:-fedcba9876543210123456789abcdef",
                                                                    "1:0xedcba9876543210123456789abcdef",
                                                                    "1:0fedcba987654321-123456789abcdef",
                                                                    "18446744073709551616:" + hex,
                                                                    "1:" + hex.substr(1) + "g",
                                                                    "1:" + hex.substr(1) + std::string(1, '\0')}) {
    EXPECT_EQ(RangeDigest::FromText(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace pgmoult::checksum
