#include "tools/plan_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "fmt/format.h"
#include "tools/units.h"

namespace pgmoult::tools {
namespace {

using engine::Column;
using engine::Plan;
using engine::Severity;
using ::testing::HasSubstr;
using ::testing::Not;

Column MakeColumn(std::string name, std::string type) {
  Column column;
  column.name = std::move(name);
  column.type = std::move(type);
  return column;
}

// orders(id integer → bigint, v numeric → integer, note kept, extra added, gone dropped).
Plan MakePlan() {
  Plan plan;
  plan.change.statement =
      "ALTER TABLE orders ALTER id TYPE bigint, ALTER v TYPE integer, ADD extra text DEFAULT 'x', "
      "DROP COLUMN gone";
  plan.change.table = "orders";
  plan.change.actions.resize(4);
  plan.table.name = pg::QualifiedName(std::string("public"), std::string("orders"));
  plan.table.rows = 27'100'000;
  plan.table.heap_bytes = int64_t{3400} << 20;
  plan.table.index_bytes = int64_t{1200} << 20;
  plan.table.owner = "shop";
  plan.table.database = "shop";
  plan.built = true;
  plan.disk_bytes_needed = int64_t{5} << 30;
  plan.wal_bytes_needed = int64_t{6} << 30;
  plan.disk_bytes_free = int64_t{100} << 30;

  engine::ShadowBuild& build = plan.build;
  build.source_columns = {MakeColumn("id", "integer"), MakeColumn("v", "numeric"), MakeColumn("note", "text"),
                          MakeColumn("gone", "text")};
  build.target_columns = {MakeColumn("id", "bigint"), MakeColumn("v", "integer"), MakeColumn("note", "text"),
                          MakeColumn("extra", "text")};
  build.target_columns[3].default_expression = "'x'::text";
  engine::Design& design = build.design;
  design.transfer.columns = {{pg::Ident("id"), "(\"id\")::bigint", ""},
                             {pg::Ident("v"), "(\"v\")::integer", ""},
                             {pg::Ident("note"), "\"note\"", ""},
                             {pg::Ident("extra"), "('{x}'::text[])[1]", ""}};
  copier::KeyColumn key;
  key.name = pg::Ident("id");
  design.transfer.key = {key};
  design.key_name = "orders_pkey";
  design.key_reason = "the primary key";
  design.shadow_key_index = "orders_pkey";
  design.lossy = {"column v: numeric to integer may fail on a value, and then stops the run"};
  design.type_changes = {"column id: integer to bigint", "column v: numeric to integer"};
  design.dual_write_reason = "column v may fail";
  engine::DeferredItem primary;
  primary.kind = "index";
  primary.name = "orders_pkey";
  primary.constraint = "orders_pkey";
  primary.unique = true;
  engine::DeferredItem plain;
  plain.kind = "index";
  plain.name = "orders_v_idx";
  engine::DeferredItem unique = plain;
  unique.name = "orders_note_key";
  unique.unique = true;
  design.deferred = {primary, plain, unique};
  plan.locks = {{"prepare", "SHARE ROW EXCLUSIVE", "writers wait for at most 300 ms"},
                {"cutover", "ACCESS EXCLUSIVE", "everybody waits for the swap"}};
  return plan;
}

std::string Text(const Plan& plan) { return PlanText(plan, {}, "pgmoult run -d shop --alter '…'"); }

TEST(ColumnRowsTest, TellChangedFromKept) {
  const auto rows = ColumnRows(MakePlan().build);
  ASSERT_EQ(rows.size(), 5);
  EXPECT_TRUE(rows[0].changed);
  EXPECT_EQ(rows[0].from, "(\"id\")::bigint");
  EXPECT_EQ(rows[0].can_fail, "");
  EXPECT_THAT(rows[1].can_fail, HasSubstr("may fail on a value"));
  EXPECT_FALSE(rows[2].changed);
  EXPECT_EQ(rows[3].from, "its default: 'x'::text");
  EXPECT_EQ(rows[4].target, "gone");
  EXPECT_EQ(rows[4].from, "(dropped)");
}

TEST(ColumnRowsTest, RenamedColumnsAreNotDropped) {
  engine::ShadowBuild build;
  build.source_columns = {MakeColumn("old", "text")};
  build.target_columns = {MakeColumn("new", "text")};
  build.design.transfer.columns = {{pg::Ident("new"), "\"old\"", ""}};
  const auto rows = ColumnRows(build);
  ASSERT_EQ(rows.size(), 1);
  EXPECT_TRUE(rows[0].changed);
  EXPECT_EQ(rows[0].from, "\"old\"");
}

TEST(PlanTextTest, SaysTheVerdictFirstAndTheNextCommandLast) {
  const std::string text = Text(MakePlan());
  EXPECT_LT(text.find("Verdict    can be done online"), text.find("What happens"));
  EXPECT_TRUE(text.ends_with("Next: pgmoult run -d shop --alter '…'\n"));
}

TEST(PlanTextTest, FitsEightyColumns) {
  Plan plan = MakePlan();
  plan.findings = {{Severity::kRefuse, "foreign_key_in",
                    "constraint a_very_long_constraint_name_of_the_order_lines_fkey",
                    "refers to this table from another one, and nobody can say which of both tables its rows mean",
                    "drop the constraint first and add it again afterwards, NOT VALID and then VALIDATE"}};
  std::istringstream lines(Text(plan) + PlanSummary(plan));
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(DisplayWidth(line), 80) << line;
  }
}

TEST(PlanTextTest, RefusalsAreCountedAndComeWithTheirRemedy) {
  Plan plan = MakePlan();
  plan.findings = {{Severity::kRefuse, "foreign_key_in", "constraint lines_fkey", "refers to this table", "drop it"},
                   {Severity::kRefuse, "view", "view v", "reads this table", ""},
                   {Severity::kWarn, "w", "column v", "may fail", ""},
                   {Severity::kNote, "n", "orders", "is large", ""}};
  const std::string text = Text(plan);
  EXPECT_THAT(text, HasSubstr("REFUSED: 2 reasons; nothing was changed"));
  EXPECT_THAT(text, HasSubstr("  1. constraint lines_fkey: refers to this table\n     -> drop it\n"));
  EXPECT_THAT(text, HasSubstr("  2. view v: reads this table\n"));
  EXPECT_THAT(text, HasSubstr("Warnings\n  1. column v: may fail"));
  EXPECT_THAT(text, HasSubstr("Notes\n  1. orders: is large"));
  EXPECT_THAT(text, Not(HasSubstr("pgmoult run")));
}

TEST(PlanTextTest, ShowsChangedColumnsAndCountsTheOthers) {
  const std::string text = Text(MakePlan());
  EXPECT_THAT(text, HasSubstr("  v       integer  YES       (\"v\")::integer\n"));
  EXPECT_THAT(text, HasSubstr("1 other column copied as they are"));
  Plan rebuild = MakePlan();
  rebuild.change.actions.clear();
  rebuild.build.target_columns = rebuild.build.source_columns;
  rebuild.build.design.lossy.clear();
  rebuild.build.design.transfer.columns.clear();
  for (const Column& column : rebuild.build.source_columns) {
    rebuild.build.design.transfer.columns.push_back({pg::Ident(column.name), pg::Ident(column.name).Quoted(), ""});
  }
  EXPECT_THAT(Text(rebuild), HasSubstr("all 4 are copied as they are"));
  EXPECT_THAT(Text(rebuild), HasSubstr("rebuild of the table as it is"));
}

TEST(PlanTextTest, ManyChangedColumnsAreCutAndCounted) {
  Plan plan = MakePlan();
  plan.build.target_columns.clear();
  for (int i = 0; i < 100; ++i) {
    plan.build.target_columns.push_back(MakeColumn(fmt::format("c{}", i), "text"));
  }
  const std::string text = Text(plan);
  EXPECT_THAT(text, HasSubstr("more changed columns: see --json"));
  EXPECT_LT(std::ranges::count(text, '\n'), 120);
}

TEST(PlanTextTest, IndexesSayWhenTheyAreBuilt) {
  const std::string text = Text(MakePlan());
  EXPECT_THAT(text, HasSubstr("  orders_pkey      unique index  in index"));
  EXPECT_THAT(text, HasSubstr("  orders_v_idx     index         in index"));
  EXPECT_THAT(text, HasSubstr("  orders_note_key  unique index  in replay"));
}

TEST(PlanTextTest, DiskThatDoesNotSufficeIsSaid) {
  Plan plan = MakePlan();
  EXPECT_THAT(Text(plan), HasSubstr("100 GiB are free"));
  plan.disk_bytes_free = 1;
  EXPECT_THAT(Text(plan), HasSubstr("1 B are free: NOT"));
  plan.disk_bytes_free.reset();
  EXPECT_THAT(Text(plan), HasSubstr("how much is free"));
}

TEST(PlanTextTest, ClientsWithPreparedStatementsAreWarnedOnce) {
  Plan plan = MakePlan();
  EXPECT_THAT(Text(plan), HasSubstr("prepared statements"));
  plan.findings = {{Severity::kNote, "cached_plans", "public.orders", "told already", ""}};
  EXPECT_THAT(Text(plan), Not(HasSubstr("prepared statements")));
}

TEST(PlanTextTest, NamesCannotMoveTheCursor) {
  Plan plan = MakePlan();
  plan.table.name = pg::QualifiedName(std::string("public"), std::string("a\x1b[2Jb\nc"));
  plan.build.target_columns[0].name = "x\x1b[2J";
  plan.findings = {{Severity::kWarn, "w", "a\x1b[31m", "b\x1b[31m", "c\x1b[31m"}};
  EXPECT_THAT(Text(plan) + PlanSummary(plan), Not(HasSubstr("\x1b")));
}

TEST(PlanSummaryTest, IsShortAndNamesKeyChangesAndWarnings) {
  Plan plan = MakePlan();
  plan.findings = {{Severity::kWarn, "w", "column v", "may fail", ""}, {Severity::kNote, "n", "o", "a note", ""}};
  const std::string text = PlanSummary(plan);
  EXPECT_THAT(text, HasSubstr("Key        (id) of orders_pkey: the primary key"));
  EXPECT_THAT(text, HasSubstr("Column     id bigint from (\"id\")::bigint"));
  EXPECT_THAT(text, HasSubstr("Warnings\n  1. column v: may fail"));
  EXPECT_THAT(text, Not(HasSubstr("a note")));
  EXPECT_LE(std::ranges::count(text, '\n'), 16);
}

}  // namespace
}  // namespace pgmoult::tools
