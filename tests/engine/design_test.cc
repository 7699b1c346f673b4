// What the journal keeps as JSON comes back whole. The members are found by reflection (Boost.PFR) and each is given a
// value that is not its default, so one that is added to a struct and forgotten in its description does not come back.

#include "engine/design.h"

#include <gtest/gtest.h>

#include <boost/pfr.hpp>
#include <chrono>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include "boost/json/parse.hpp"
#include "boost/json/serialize.hpp"
#include "engine/options.h"
#include "fmt/format.h"
#include "pg/sql_text.h"
#include "pg/status.h"

namespace pgmoult::tests {
namespace {

using engine::Design;
using engine::RunOptions;

template <typename T>
concept ComparableLeaf = std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, std::string> ||
                         std::is_same_v<T, pg::Ident> || std::is_same_v<T, pg::QualifiedName> ||
                         std::is_same_v<T, std::chrono::milliseconds> || std::is_same_v<T, std::chrono::seconds>;

// Gives every member, at any depth, a value that is neither its default nor any other member's (but bool and enums).
class Filler {
 public:
  void Fill(bool& value) { value = !value; }
  void Fill(std::string& value) { value = Text(); }
  void Fill(pg::Ident& value) { value = pg::Ident(Text()); }
  void Fill(pg::QualifiedName& value) { value = {pg::Ident(Text()), pg::Ident(Text())}; }
  template <typename T>
    requires std::is_arithmetic_v<T>
  void Fill(T& value) {
    value += static_cast<T>(++count_);
  }
  template <typename T>
    requires std::is_enum_v<T>
  void Fill(T& value) {
    value = static_cast<T>(value == T{} ? 1 : 0);
  }
  template <typename Rep, typename Period>
  void Fill(std::chrono::duration<Rep, Period>& value) {
    value += std::chrono::duration<Rep, Period>(++count_);
  }
  template <typename T>
  void Fill(std::vector<T>& value) {
    value.resize(2);
    for (T& element : value) {
      Fill(element);
    }
  }
  template <typename T>
    requires std::is_aggregate_v<T>
  void Fill(T& value) {
    boost::pfr::for_each_field(value, [this](auto& field) { this->Fill(field); });
  }

 private:
  // With what JSON has to escape.
  std::string Text() { return fmt::format("text \"{}\" \\ \n\t ü", ++count_); }

  int count_ = 0;
};

template <ComparableLeaf T>
void ExpectSame(const T& expected, const T& actual, const std::string& where) {
  EXPECT_TRUE(expected == actual) << where << " was not carried";
}

template <typename T>
  requires(std::is_aggregate_v<T> && !ComparableLeaf<T>)
void ExpectSame(const T& expected, const T& actual, const std::string& where);

template <typename T>
void ExpectSame(const std::vector<T>& expected, const std::vector<T>& actual, const std::string& where) {
  ASSERT_EQ(expected.size(), actual.size()) << where;
  for (size_t i = 0; i < expected.size(); ++i) {
    ExpectSame(expected[i], actual[i], fmt::format("{}[{}]", where, i));
  }
}

template <typename T>
  requires(std::is_aggregate_v<T> && !ComparableLeaf<T>)
void ExpectSame(const T& expected, const T& actual, const std::string& where) {
  const auto fields = boost::pfr::structure_tie(actual);
  boost::pfr::for_each_field(expected, [&](const auto& field, auto index) {
    ExpectSame(field, std::get<index>(fields), fmt::format("{} > member {} of {}", where, index + 1, typeid(T).name()));
  });
}

// Through text, as the journal keeps it.
boost::json::value ThroughText(const boost::json::value& json) {
  return boost::json::parse(boost::json::serialize(json));
}

TEST(DesignTest, ComesBackWholeFromTheJournal) {
  Design design;
  Filler().Fill(design);
  const auto back = engine::DesignFromJson(ThroughText(engine::ToJson(design)));
  ASSERT_TRUE(back.ok()) << pg::Describe(back.status());
  ExpectSame(design, *back, "design");
}

TEST(DesignTest, AnEmptyOneComesBackEmpty) {
  const auto back = engine::DesignFromJson(ThroughText(engine::ToJson(Design())));
  ASSERT_TRUE(back.ok()) << pg::Describe(back.status());
  ExpectSame(Design(), *back, "design");
}

TEST(DesignTest, OneOfAnotherVersionIsAnError) {
  Design design;
  Filler().Fill(design);
  boost::json::value json = engine::ToJson(design);
  json.as_object().erase("schema_new");
  EXPECT_TRUE(absl::IsDataLoss(engine::DesignFromJson(json).status()));
  EXPECT_TRUE(absl::IsDataLoss(engine::DesignFromJson(boost::json::value("a text")).status()));
}

TEST(DesignTest, SaysWhatDiffersBetweenTwoShapes) {
  const engine::Shape was = {{"column", "a", "1; integer"}, {"column", "b", "2; text"}, {"index", "i", "btree (a)"}};
  const engine::Shape is = {{"column", "a", "1; bigint"}, {"column", "b", "2; text"}, {"index", "j", "btree (a)"}};
  EXPECT_TRUE(engine::DiffShapes(was, was).empty());
  EXPECT_EQ(engine::DiffShapes(was, is),
            (std::vector<std::string>{"column a: was 1; integer, is 1; bigint", "index i: was btree (a), is absent",
                                      "index j: was absent, is btree (a)"}));
}

TEST(OptionsTest, ComeBackWholeFromTheJournal) {
  RunOptions options;
  Filler().Fill(options);
  const auto back = engine::OptionsFromJson(ThroughText(engine::ToJson(options)));
  ASSERT_TRUE(back.ok()) << pg::Describe(back.status());
  ExpectSame(options, *back, "options");
}

// Members with more than two values: the other ones, too.
TEST(OptionsTest, EveryKindOfDualWriteComesBack) {
  for (const auto mode : {engine::DualWriteMode::kAuto, engine::DualWriteMode::kEarly, engine::DualWriteMode::kNever}) {
    RunOptions options;
    options.dual_write = mode;
    const auto back = engine::OptionsFromJson(ThroughText(engine::ToJson(options)));
    ASSERT_TRUE(back.ok()) << pg::Describe(back.status());
    EXPECT_EQ(back->dual_write, mode);
  }
}

TEST(OptionsTest, UnknownWordsAreAnError) {
  boost::json::value json = engine::ToJson(RunOptions());
  json.as_object()["verify"] = "kSometimes";
  EXPECT_TRUE(absl::IsDataLoss(engine::OptionsFromJson(json).status()));
}

TEST(OptionsTest, AreValidAsTheyComeAndNotOutsideTheirLimits) {
  EXPECT_TRUE(RunOptions().Validate().ok());
  const auto invalid = [](auto spoil) {
    RunOptions options;
    spoil(options);
    return absl::IsInvalidArgument(options.Validate());
  };
  EXPECT_TRUE(invalid([](RunOptions& options) { options.jobs = 0; }));
  EXPECT_TRUE(invalid([](RunOptions& options) { options.jobs = 65; }));
  EXPECT_TRUE(invalid([](RunOptions& options) { options.chunk_ms = 0.5; }));
  EXPECT_TRUE(invalid([](RunOptions& options) { options.chunk_ms = 10'001; }));
  EXPECT_TRUE(invalid([](RunOptions& options) { options.max_hold = std::chrono::milliseconds(49); }));
  EXPECT_TRUE(invalid([](RunOptions& options) { options.lock_budget = std::chrono::seconds(0); }));
  EXPECT_TRUE(invalid([](RunOptions& options) { options.wait_old_snapshots = std::chrono::seconds(-1); }));
  EXPECT_TRUE(invalid([](RunOptions& options) { options.max_pause = std::chrono::seconds(-1); }));
  EXPECT_TRUE(invalid([](RunOptions& options) { options.force_cutover_after = std::chrono::seconds(-1); }));
  EXPECT_TRUE(invalid([](RunOptions& options) { options.dead_man = std::chrono::seconds(9); }));
  EXPECT_TRUE(invalid([](RunOptions& options) { options.cutover_window = "at night"; }));
}

}  // namespace
}  // namespace pgmoult::tests
