#include "checksum/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "checksum/copy_parser.h"

namespace pgmoult::checksum {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

using Field = std::optional<std::string>;
using Row = std::vector<Field>;
using Rows = std::vector<Row>;

// A tuple and the bytes it looks at.
class OwnedTuple {
 public:
  explicit OwnedTuple(const Row& row) {
    for (const Field& field : row) {
      starts_.push_back(raw_.size());
      const auto length = field ? static_cast<uint32_t>(field->size()) : ~uint32_t{0};
      for (int shift = 24; shift >= 0; shift -= 8) {
        raw_.push_back(static_cast<char>(length >> shift & 0xFF));
      }
      raw_ += field.value_or("");
    }
  }

  Tuple tuple() const { return Tuple(raw_, starts_); }

 private:
  std::string raw_;
  std::vector<size_t> starts_;
};

// Key column(s), then the columns. Key text in the tests: the key with "#" before it.
struct Input {
  Rows source = {};
  Rows shadow = {};
  Rows log = {};  // source key text(s), then the key
  int key_columns = 1;
  std::vector<std::string> columns = {"a", "b"};
  CompareLimits limits = {};
};

struct Outcome {
  absl::StatusOr<Comparison> result = absl::UnknownError("not compared");
  bool log_read = false;
  bool detail_read = false;
};

Row WithKeyText(const Row& row, int key_columns) {
  Row out;
  for (int i = 0; i < key_columns; ++i) {
    const Field& key = row[static_cast<size_t>(i)];
    out.emplace_back(key ? Field("#" + *key) : std::nullopt);
  }
  out.insert(out.end(), row.begin(), row.end());
  return out;
}

// What CompareRange() does, with rows that are there already. The second reading sees `again` where it is given.
Outcome CompareRows(const Input& input, const Input* again = nullptr) {
  Outcome outcome;
  RangeComparer comparer(input.key_columns, input.columns, input.limits);
  for (const Side side : {Side::kSource, Side::kShadow}) {
    for (const Row& row : side == Side::kSource ? input.source : input.shadow) {
      if (const absl::Status status = comparer.AddRow(side, OwnedTuple(row).tuple()); !status.ok()) {
        outcome.result = status;
        return outcome;
      }
    }
  }
  outcome.log_read = comparer.FindDifferences();
  if (outcome.log_read) {
    for (const Row& row : input.log) {
      comparer.AddLogged(OwnedTuple(row).tuple());
    }
    outcome.detail_read = comparer.BeginDetail();
  }
  if (outcome.detail_read) {
    const Input& second = again == nullptr ? input : *again;
    for (const Side side : {Side::kSource, Side::kShadow}) {
      for (const Row& row : side == Side::kSource ? second.source : second.shadow) {
        comparer.AddDetail(side, OwnedTuple(WithKeyText(row, input.key_columns)).tuple());
      }
    }
  }
  outcome.result = std::move(comparer).Finish();
  return outcome;
}

Comparison Compared(const Input& input) {
  Outcome outcome = CompareRows(input);
  EXPECT_TRUE(outcome.result.ok()) << std::string(outcome.result.status().message());
  return outcome.result.ok() ? *std::move(outcome.result) : Comparison{};
}

std::vector<std::string> Texts(const Comparison& comparison) {
  std::vector<std::string> out;
  for (const Difference& difference : comparison.differences) {
    std::string text = difference.kind == DifferenceKind::kMissing ? "missing"
                       : difference.kind == DifferenceKind::kExtra ? "extra"
                                                                   : "different";
    for (const std::string& key : difference.key) {
      text += " " + key;
    }
    for (const std::string& column : difference.columns) {
      text += " ." + column;
    }
    out.push_back(text);
  }
  return out;
}

TEST(RangeComparerTest, EqualSidesNeedNoLog) {
  const Outcome outcome = CompareRows({.source = {{"1", "x", "y"}, {"2", std::nullopt, ""}},
                                       .shadow = {{"2", std::nullopt, ""}, {"1", "x", "y"}},
                                       .log = {{"1", "1"}}});
  ASSERT_TRUE(outcome.result.ok());
  EXPECT_FALSE(outcome.log_read);
  EXPECT_TRUE(outcome.result->equal());
  EXPECT_EQ(outcome.result->source.count(), 2U);
  EXPECT_EQ(outcome.result->pending, 0);
  EXPECT_EQ(outcome.result->difference_count, 0);
}

TEST(RangeComparerTest, EmptySidesAreEqual) {
  const Outcome outcome = CompareRows({});
  ASSERT_TRUE(outcome.result.ok());
  EXPECT_FALSE(outcome.log_read);
  EXPECT_TRUE(outcome.result->equal());
}

TEST(RangeComparerTest, NamesTheColumnWithOneBitFlipped) {
  const Comparison comparison =
      Compared({.source = {{"1", "x", "y"}, {"2", "x", "y"}}, .shadow = {{"1", "x", "y"}, {"2", "x", "x"}}});
  EXPECT_FALSE(comparison.equal());
  EXPECT_EQ(comparison.difference_count, 1);
  EXPECT_THAT(Texts(comparison), ElementsAre("different #2 .b"));
}

TEST(RangeComparerTest, FindsEverySingleFlippedBit) {
  const Row row = {"k", "abc", "defg"};
  for (size_t column = 1; column < row.size(); ++column) {
    for (size_t bit = 0; bit < row[column]->size() * 8; ++bit) {
      Row flipped = row;
      (*flipped[column])[bit / 8] = static_cast<char>((*flipped[column])[bit / 8] ^ (1 << bit % 8));
      EXPECT_THAT(Texts(Compared({.source = {row}, .shadow = {flipped}})),
                  ElementsAre(column == 1 ? "different #k .a" : "different #k .b"));
    }
  }
}

TEST(RangeComparerTest, FindsLostAndExtraRows) {
  const Comparison comparison = Compared(
      {.source = {{"1", "x", "y"}, {"2", "x", "y"}, {"3", "", ""}}, .shadow = {{"4", "x", "y"}, {"3", "", ""}}});
  EXPECT_EQ(comparison.difference_count, 3);
  EXPECT_THAT(Texts(comparison), ElementsAre("missing #1", "missing #2", "extra #4"));
}

TEST(RangeComparerTest, FindsRowsWhereOneSideIsEmpty) {
  EXPECT_THAT(Texts(Compared({.source = {{"1", "x", "y"}}})), ElementsAre("missing #1"));
  EXPECT_THAT(Texts(Compared({.shadow = {{"1", "x", "y"}}})), ElementsAre("extra #1"));
}

TEST(RangeComparerTest, FindsARowThatIsTwiceInTheShadow) {
  const Row row = {"1", "x", "y"};
  EXPECT_THAT(Texts(Compared({.source = {row}, .shadow = {row, row}})), ElementsAre("extra #1"));
  EXPECT_THAT(Texts(Compared({.source = {row}, .shadow = {row, row, row}})), ElementsAre("extra #1", "extra #1"));
  EXPECT_THAT(Texts(Compared({.source = {row, row}, .shadow = {row}})), ElementsAre("missing #1"));
}

TEST(RangeComparerTest, FindsTwoPairsOfEqualRows) {
  const Row a = {"1", "x", "y"};
  const Row b = {"2", "x", "y"};
  EXPECT_THAT(Texts(Compared({.source = {a, a}, .shadow = {b, b}})),
              ElementsAre("missing #1", "missing #1", "extra #2", "extra #2"));
}

TEST(RangeComparerTest, FindsAKeyThatIsTwiceInTheShadowWithOtherValues) {
  // The right row and a wrong one; then two wrong ones, of which one makes a pair with the source's.
  EXPECT_THAT(Texts(Compared({.source = {{"1", "x", "y"}}, .shadow = {{"1", "x", "z"}, {"1", "x", "y"}}})),
              ElementsAre("extra #1"));
  EXPECT_THAT(Texts(Compared({.source = {{"1", "x", "y"}}, .shadow = {{"1", "x", "z"}, {"1", "x", "w"}}})),
              ElementsAre("extra #1", "different #1 .b"));
}

TEST(RangeComparerTest, FindsSwappedColumns) {
  EXPECT_THAT(Texts(Compared({.source = {{"1", "x", "y"}}, .shadow = {{"1", "y", "x"}}})),
              ElementsAre("different #1 .a .b"));
}

TEST(RangeComparerTest, TellsValuesOfTheNextRowApart) {
  EXPECT_THAT(Texts(Compared({.source = {{"1", "x", ""}, {"2", "y", ""}}, .shadow = {{"1", "y", ""}, {"2", "x", ""}}})),
              ElementsAre("different #1 .a", "different #2 .a"));
}

TEST(RangeComparerTest, TellsNullFromEmpty) {
  EXPECT_THAT(Texts(Compared({.source = {{"1", std::nullopt, "y"}}, .shadow = {{"1", "", "y"}}})),
              ElementsAre("different #1 .a"));
}

TEST(RangeComparerTest, TellsWhereOneFieldEndsFromTheNext) {
  EXPECT_THAT(Texts(Compared({.source = {{"1", "ab", "c"}}, .shadow = {{"1", "a", "bc"}}})),
              ElementsAre("different #1 .a .b"));
  EXPECT_THAT(Texts(Compared({.source = {{"1", "2x", "v", "w"}}, .shadow = {{"12", "x", "v", "w"}}, .key_columns = 2})),
              ElementsAre("missing #1 #2x", "extra #12 #x"));
}

TEST(RangeComparerTest, KeysThatDifferInBytesAreOneMissingAndOneExtra) {
  const Comparison comparison =
      Compared({.source = {{"A", "x", "y"}}, .shadow = {{"a", "x", "y"}}, .log = {{"A", "A"}}});
  EXPECT_EQ(comparison.pending, 1);
  EXPECT_THAT(Texts(comparison), ElementsAre("extra #a"));
}

TEST(RangeComparerTest, LoggedKeysArePendingAndNeedNoDetail) {
  const Outcome outcome =
      CompareRows({.source = {{"1", "x", "y"}, {"2", "x", "y"}},
                   .shadow = {{"2", "x", "z"}, {"3", "x", "y"}},
                   .log = {{"t3", "3"}, {"t1", "1"}, {"t1", "1"}, {"t2", "2"}, {"t9", "9"}, {"t2", "2"}}});
  ASSERT_TRUE(outcome.result.ok());
  EXPECT_TRUE(outcome.log_read);
  EXPECT_FALSE(outcome.detail_read);
  EXPECT_FALSE(outcome.result->equal());
  EXPECT_EQ(outcome.result->pending, 3);
  EXPECT_THAT(outcome.result->pending_keys, ElementsAre(ElementsAre("t3"), ElementsAre("t1"), ElementsAre("t2")));
  EXPECT_EQ(outcome.result->difference_count, 0);
  EXPECT_THAT(outcome.result->differences, IsEmpty());
}

TEST(RangeComparerTest, WhatTheLogDoesNotExplainIsReported) {
  const Comparison comparison = Compared({.source = {{"1", "x", "y"}, {"2", "x", "y"}},
                                          .shadow = {{"2", "x", "z"}, {"3", "x", "y"}},
                                          .log = {{"t2", "2"}, {"t7", "7"}}});
  EXPECT_EQ(comparison.pending, 1);
  EXPECT_THAT(comparison.pending_keys, ElementsAre(ElementsAre("t2")));
  EXPECT_EQ(comparison.difference_count, 2);
  EXPECT_THAT(Texts(comparison), ElementsAre("missing #1", "extra #3"));
}

TEST(RangeComparerTest, ALoggedKeyExplainsAllItsRowsAndIsCountedOnce) {
  const Comparison comparison = Compared({.source = {{"1", "x", "y"}},
                                          .shadow = {{"1", "x", "z"}, {"1", "x", "w"}, {"1", "x", "v"}},
                                          .log = {{"t1", "1"}, {"t1", "1"}}});
  EXPECT_EQ(comparison.pending, 1);
  EXPECT_EQ(comparison.difference_count, 0);
}

TEST(RangeComparerTest, CompositeKeysAreMatchedWhole) {
  const Comparison comparison = Compared({.source = {{"1", "1", "x", "y"}, {"1", "2", "x", "y"}, {"2", "1", "x", "y"}},
                                          .log = {{"t1", "t2", "1", "2"}},
                                          .key_columns = 2});
  EXPECT_THAT(comparison.pending_keys, ElementsAre(ElementsAre("t1", "t2")));
  EXPECT_THAT(Texts(comparison), ElementsAre("missing #1 #1", "missing #2 #1"));
}

TEST(RangeComparerTest, TheMarkerExplainsNothing) {
  const Comparison comparison = Compared({.source = {{"1", "x", "y"}}, .log = {{std::nullopt, std::nullopt}}});
  EXPECT_EQ(comparison.pending, 0);
  EXPECT_EQ(comparison.difference_count, 1);
}

TEST(RangeComparerTest, LimitsCapWhatIsNamedNotWhatIsCounted) {
  Input input{.limits = {.max_rows = 100, .max_differences = 3, .max_pending_keys = 2}};
  for (int i = 0; i < 20; ++i) {
    input.source.push_back({std::to_string(i), "x", "y"});
    if (i % 2 == 0) {
      input.log.push_back({std::to_string(i), std::to_string(i)});
    }
  }
  const Comparison comparison = Compared(input);
  EXPECT_EQ(comparison.pending, 10);
  EXPECT_THAT(comparison.pending_keys, SizeIs(2));
  EXPECT_EQ(comparison.difference_count, 10);
  EXPECT_THAT(comparison.differences, SizeIs(3));
}

TEST(RangeComparerTest, NoDetailWhereNoneIsWanted) {
  const Outcome outcome = CompareRows({.source = {{"1", "x", "y"}}, .limits = {.max_differences = 0}});
  ASSERT_TRUE(outcome.result.ok());
  EXPECT_FALSE(outcome.detail_read);
  EXPECT_EQ(outcome.result->difference_count, 1);
}

TEST(RangeComparerTest, TooManyRowsOfEitherSideAreOutOfRange) {
  const Rows two = {{"1", "x", "y"}, {"2", "x", "y"}};
  const Rows three = {{"1", "x", "y"}, {"2", "x", "y"}, {"3", "x", "y"}};
  const CompareLimits limits{.max_rows = 2};
  EXPECT_TRUE(CompareRows({.source = two, .shadow = two, .limits = limits}).result.ok());
  EXPECT_TRUE(absl::IsOutOfRange(CompareRows({.source = three, .limits = limits}).result.status()));
  EXPECT_TRUE(absl::IsOutOfRange(CompareRows({.shadow = three, .limits = limits}).result.status()));
}

TEST(RangeComparerTest, ARowThatReadsDifferentlyTheSecondTimeIsAnError) {
  const Input input{.source = {{"1", "x", "y"}}, .shadow = {{"1", "x", "z"}}};
  const Input again{.source = {{"1", "x", "y"}}, .shadow = {{"1", "x", "y"}}};
  EXPECT_TRUE(absl::IsFailedPrecondition(CompareRows(input, &again).result.status()));
}

TEST(RangeComparerTest, ManyRowsWithFewFaults) {
  Input input;
  for (int i = 0; i < 5000; ++i) {
    input.source.push_back({std::to_string(i), "x" + std::to_string(i), "y"});
    input.shadow.push_back({std::to_string(4999 - i), "x" + std::to_string(4999 - i), "y"});
  }
  input.source.erase(input.source.begin() + 17);
  input.shadow[4000][2] = std::nullopt;            // key 999
  input.shadow.erase(input.shadow.begin() + 100);  // key 4899
  EXPECT_THAT(Texts(Compared(input)), UnorderedElementsAre("extra #17", "missing #4899", "different #999 .b"));
}

TEST(CompareLimitsTest, RefusesWhatMakesNoSense) {
  EXPECT_TRUE(CompareLimits{}.Validate().ok());
  EXPECT_TRUE(absl::IsInvalidArgument(CompareLimits{.max_rows = 0}.Validate()));
  EXPECT_TRUE(absl::IsInvalidArgument(CompareLimits{.max_differences = -1}.Validate()));
  EXPECT_TRUE(absl::IsInvalidArgument(CompareLimits{.max_pending_keys = -1}.Validate()));
}

}  // namespace
}  // namespace pgmoult::checksum
