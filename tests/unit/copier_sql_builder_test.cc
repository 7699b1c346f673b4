#include "copier/sql_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgmoult::copier {
namespace {

using pg::Ident;
using testing::ElementsAre;

// A statement that is written over several lines, as one line.
std::string Flat(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\n') {
      out += text[i];
      continue;
    }
    while (i + 1 < text.size() && text[i + 1] == ' ') {
      ++i;
    }
    if (!out.empty() && i + 1 < text.size()) {
      out += ' ';
    }
  }
  return out;
}

KeyColumn Column(const std::string& name, const std::string& type) {
  KeyColumn column;
  column.name = Ident(name);
  column.type = type;
  column.op_schema = "pg_catalog";
  column.target_name = column.name;
  column.target_type = type;
  column.expression = column.name.Quoted();
  return column;
}

Transfer TransferOf(const std::vector<KeyColumn>& key) {
  Transfer transfer;
  transfer.migration = 7;
  transfer.source = {"public", "orders"};
  transfer.shadow = {"pgmoult_7_new", "orders"};
  transfer.log = {"pgmoult_7_new", "log"};
  transfer.key = key;
  for (const KeyColumn& column : key) {
    transfer.columns.push_back({.target = column.target_name, .expression = column.expression, .compare_cast = ""});
  }
  return transfer;
}

Transfer OneColumn() {
  Transfer transfer = TransferOf({Column("id", "integer")});
  transfer.columns.push_back({.target = Ident("note"), .expression = "\"note\"", .compare_cast = ""});
  return transfer;
}

// integer in the source, bigint in the shadow; a column without binary output and one that the shadow computes.
Transfer WidenedKey() {
  Transfer transfer = OneColumn();
  transfer.key[0].target_type = "bigint";
  transfer.key[0].expression = "(\"id\")::bigint";
  transfer.columns[0].expression = "(\"id\")::bigint";
  transfer.columns[1].compare_cast = "::pg_catalog.text";
  transfer.computed.push_back({.target = Ident("twice"), .expression = "(\"id\" * 2)::bigint"});
  return transfer;
}

Transfer Composite() { return TransferOf({Column("a", "integer"), Column("b", "text")}); }

Transfer MixedDirections() {
  Transfer transfer = Composite();
  transfer.key[1].descending = true;
  return transfer;
}

Transfer Citext() {
  KeyColumn name = Column("name", "public.citext");
  name.op_schema = "public";
  return TransferOf({name});
}

// Names that need quotes everywhere; the key has another name in the shadow.
Transfer QuotedNames() {
  KeyColumn key = Column("Key Col", "text");
  key.target_name = Ident("new\"key");
  Transfer transfer = TransferOf({key});
  transfer.source = {"My Schema", "Odd\"Name"};
  transfer.shadow = {"pgmoult_7_new", "Odd\"Name"};
  return transfer;
}

KeyRange Range(std::optional<KeyValue> lower, std::optional<KeyValue> upper) {
  return {.lower = std::move(lower), .upper = std::move(upper)};
}

TEST(SqlBuilderTest, KeyList) {
  EXPECT_EQ(KeyList(OneColumn(), Side::kSource), R"("id")");
  EXPECT_EQ(KeyList(Composite(), Side::kLog, "l."), R"(l."a", l."b")");
  EXPECT_EQ(KeyList(QuotedNames(), Side::kSource), R"("Key Col")");
  EXPECT_EQ(KeyList(QuotedNames(), Side::kLog), R"("Key Col")");
  EXPECT_EQ(KeyList(QuotedNames(), Side::kShadow), R"("new""key")");
}

TEST(SqlBuilderTest, MappedKeyList) {
  EXPECT_EQ(MappedKeyList(Composite()), R"("a", "b")");
  EXPECT_EQ(MappedKeyList(WidenedKey()), R"(("id")::bigint)");
}

TEST(SqlBuilderTest, KeyOrder) {
  EXPECT_EQ(KeyOrder(OneColumn(), Side::kSource), R"("id" USING OPERATOR("pg_catalog".<))");
  EXPECT_EQ(KeyOrder(Composite(), Side::kSource, /*reversed=*/true),
            R"("a" USING OPERATOR("pg_catalog".>), "b" USING OPERATOR("pg_catalog".>))");
  EXPECT_EQ(KeyOrder(MixedDirections(), Side::kSource),
            R"("a" USING OPERATOR("pg_catalog".<), "b" USING OPERATOR("pg_catalog".>))");
  EXPECT_EQ(KeyOrder(MixedDirections(), Side::kSource, /*reversed=*/true),
            R"("a" USING OPERATOR("pg_catalog".>), "b" USING OPERATOR("pg_catalog".<))");
  EXPECT_EQ(KeyOrder(QuotedNames(), Side::kShadow), R"("new""key" USING OPERATOR("pg_catalog".<))");
}

TEST(SqlBuilderTest, RangeWithoutBoundsIsTrue) { EXPECT_EQ(RangePredicate(OneColumn(), Side::kSource, {}), "true"); }

TEST(SqlBuilderTest, RangeOfAOneColumnKey) {
  const std::string both = Flat(R"(
      "id" OPERATOR("pg_catalog".>) '10'::integer AND "id" OPERATOR("pg_catalog".<=) '20'::integer)");
  EXPECT_EQ(RangePredicate(OneColumn(), Side::kSource, Range(KeyValue{"10"}, KeyValue{"20"})), both);
  EXPECT_EQ(RangePredicate(OneColumn(), Side::kShadow, Range(KeyValue{"10"}, KeyValue{"20"})), both);
  EXPECT_EQ(RangePredicate(OneColumn(), Side::kSource, Range(KeyValue{"10"}, std::nullopt)),
            R"("id" OPERATOR("pg_catalog".>) '10'::integer)");
  EXPECT_EQ(RangePredicate(OneColumn(), Side::kSource, Range(std::nullopt, KeyValue{"-3"})),
            R"("id" OPERATOR("pg_catalog".<=) '-3'::integer)");
}

TEST(SqlBuilderTest, RangeOfADescendingKey) {
  Transfer transfer = OneColumn();
  transfer.key[0].descending = true;
  EXPECT_EQ(RangePredicate(transfer, Side::kSource, Range(KeyValue{"20"}, KeyValue{"10"})), Flat(R"(
      "id" OPERATOR("pg_catalog".<) '20'::integer AND "id" OPERATOR("pg_catalog".>=) '10'::integer)"));
}

TEST(SqlBuilderTest, RangeOfAWidenedKeyCastsOnTheShadowOnly) {
  const KeyRange range = Range(KeyValue{"10"}, KeyValue{"20"});
  const std::string uncast = Flat(R"(
      "id" OPERATOR("pg_catalog".>) '10'::integer AND "id" OPERATOR("pg_catalog".<=) '20'::integer)");
  EXPECT_EQ(RangePredicate(WidenedKey(), Side::kSource, range), uncast);
  EXPECT_EQ(RangePredicate(WidenedKey(), Side::kLog, range), uncast);
  EXPECT_EQ(RangePredicate(WidenedKey(), Side::kShadow, range), Flat(R"(
      "id" OPERATOR("pg_catalog".>) ('10'::integer)::bigint AND
      "id" OPERATOR("pg_catalog".<=) ('20'::integer)::bigint)"));
}

TEST(SqlBuilderTest, RangeOfACompositeKeyIsARowComparison) {
  const KeyRange range = Range(KeyValue{"1", "it's"}, KeyValue{"2", "back\\slash"});
  EXPECT_EQ(RangePredicate(Composite(), Side::kSource, range), Flat(R"(
      ROW("a", "b") OPERATOR("pg_catalog".>) ROW('1'::integer, 'it''s'::text) AND
      ROW("a", "b") OPERATOR("pg_catalog".<=) ROW('2'::integer,  E'back\\slash'::text))"));
}

TEST(SqlBuilderTest, RangeOfADescendingCompositeKeyIsARowComparison) {
  Transfer transfer = MixedDirections();
  transfer.key[0].descending = true;
  EXPECT_EQ(RangePredicate(transfer, Side::kSource, Range(KeyValue{"1", "x"}, KeyValue{"2", "y"})), Flat(R"(
      ROW("a", "b") OPERATOR("pg_catalog".<) ROW('1'::integer, 'x'::text) AND
      ROW("a", "b") OPERATOR("pg_catalog".>=) ROW('2'::integer, 'y'::text))"));
}

TEST(SqlBuilderTest, RangeOfMixedDirectionsIsNested) {
  EXPECT_EQ(RangePredicate(MixedDirections(), Side::kSource, Range(KeyValue{"1", "x"}, KeyValue{"2", "y"})), Flat(R"(
      ("a" OPERATOR("pg_catalog".>=) '1'::integer AND
      ("a" OPERATOR("pg_catalog".>) '1'::integer OR "b" OPERATOR("pg_catalog".<) 'x'::text)) AND
      ("a" OPERATOR("pg_catalog".<=) '2'::integer AND
      ("a" OPERATOR("pg_catalog".<) '2'::integer OR "b" OPERATOR("pg_catalog".>=) 'y'::text)))"));
}

TEST(SqlBuilderTest, RangeOfThreeColumnsNestsTwice) {
  Transfer transfer = TransferOf({Column("a", "integer"), Column("b", "integer"), Column("c", "integer")});
  transfer.key[2].descending = true;
  EXPECT_EQ(RangePredicate(transfer, Side::kSource, Range(KeyValue{"1", "2", "3"}, std::nullopt)), Flat(R"(
      ("a" OPERATOR("pg_catalog".>=) '1'::integer AND ("a" OPERATOR("pg_catalog".>) '1'::integer OR
      ("b" OPERATOR("pg_catalog".>=) '2'::integer AND ("b" OPERATOR("pg_catalog".>) '2'::integer OR
      "c" OPERATOR("pg_catalog".<) '3'::integer)))))"));
}

TEST(SqlBuilderTest, RangeUsesTheOperatorsOfAnotherSchema) {
  EXPECT_EQ(RangePredicate(Citext(), Side::kSource, Range(KeyValue{"a\"b"}, KeyValue{"c,\\d"})), Flat(R"(
      "name" OPERATOR("public".>) 'a"b'::public.citext AND
      "name" OPERATOR("public".<=)  E'c,\\d'::public.citext)"));
}

TEST(SqlBuilderTest, RangeOfOperatorsOfTwoSchemasIsNested) {
  Transfer transfer = Citext();
  transfer.key.push_back(Column("b", "text"));
  EXPECT_EQ(RangePredicate(transfer, Side::kSource, Range(KeyValue{"n", "x"}, std::nullopt)), Flat(R"(
      ("name" OPERATOR("public".>=) 'n'::public.citext AND
      ("name" OPERATOR("public".>) 'n'::public.citext OR "b" OPERATOR("pg_catalog".>) 'x'::text)))"));
}

TEST(SqlBuilderTest, RangeUsesTheOperatorNamesOfTheKey) {
  Transfer transfer = TransferOf({Column("k", "text")});
  transfer.key[0].greater = "~>~";
  transfer.key[0].less_equal = "~<=~";
  EXPECT_EQ(RangePredicate(transfer, Side::kSource, Range(KeyValue{"a"}, KeyValue{"b"})),
            R"("k" OPERATOR("pg_catalog".~>~) 'a'::text AND "k" OPERATOR("pg_catalog".~<=~) 'b'::text)");
}

TEST(SqlBuilderTest, KeyEquality) {
  EXPECT_EQ(KeyEquality(Composite(), Side::kSource, "s.", Side::kShadow, "n."),
            R"(s."a" OPERATOR("pg_catalog".=) n."a" AND s."b" OPERATOR("pg_catalog".=) n."b")");
  EXPECT_EQ(KeyEquality(QuotedNames(), Side::kLog, "l.", Side::kShadow, ""),
            R"(l."Key Col" OPERATOR("pg_catalog".=) "new""key")");
  EXPECT_EQ(KeyEquality(Citext(), Side::kSource, "s.", Side::kLog, "l."), R"(s."name" OPERATOR("public".=) l."name")");
}

TEST(SqlBuilderTest, KeySetOfAOneColumnKeyIsAnArray) {
  EXPECT_EQ(KeySetPredicate(OneColumn(), Side::kSource, {{"10"}, {"20"}}),
            R"("id" OPERATOR("pg_catalog".=) ANY ('{"10","20"}'::integer[]))");
  EXPECT_EQ(KeySetPredicate(WidenedKey(), Side::kShadow, {{"10"}}),
            R"("id" OPERATOR("pg_catalog".=) ANY ('{"10"}'::integer[]::bigint[]))");
  EXPECT_EQ(KeySetPredicate(OneColumn(), Side::kLog, {}), R"("id" OPERATOR("pg_catalog".=) ANY ('{}'::integer[]))");
}

TEST(SqlBuilderTest, KeySetQuotesForTheArrayAndForTheLiteral) {
  EXPECT_EQ(KeySetPredicate(Citext(), Side::kSource, {{"a\"b"}, {"c,\\d"}, {"it's"}, {""}, {"NULL"}}),
            R"("name" OPERATOR("public".=) ANY ( E'{"a\\"b","c,\\\\d","it''s","","NULL"}'::public.citext[]))");
}

TEST(SqlBuilderTest, KeySetOfACompositeKeyIsADisjunction) {
  EXPECT_EQ(KeySetPredicate(Composite(), Side::kSource, {{"1", "x"}, {"2", "it's"}}), Flat(R"(
      (("a" OPERATOR("pg_catalog".=) '1'::integer AND "b" OPERATOR("pg_catalog".=) 'x'::text) OR
      ("a" OPERATOR("pg_catalog".=) '2'::integer AND "b" OPERATOR("pg_catalog".=) 'it''s'::text)))"));
}

TEST(SqlBuilderTest, LastKey) {
  EXPECT_EQ(
      LastKeySql(OneColumn()),
      R"(/* pgmoult:copy */ SELECT "id" FROM ONLY "public"."orders" ORDER BY "id" USING OPERATOR("pg_catalog".>) LIMIT 1)");
  EXPECT_EQ(
      LastKeySql(MixedDirections()),
      R"(/* pgmoult:copy */ SELECT "a", "b" FROM ONLY "public"."orders" ORDER BY "a" USING OPERATOR("pg_catalog".>), "b" USING OPERATOR("pg_catalog".<) LIMIT 1)");
  EXPECT_EQ(LastKeySql(QuotedNames()), Flat(R"(
      /* pgmoult:copy */ SELECT "Key Col" FROM ONLY "My Schema"."Odd""Name" ORDER BY "Key Col" USING OPERATOR("pg_catalog".>) LIMIT 1)"));
}

TEST(SqlBuilderTest, Boundary) {
  EXPECT_EQ(BoundarySql(OneColumn(), Range(std::nullopt, KeyValue{"20"}), 1), Flat(R"(
      /* pgmoult:copy */ SELECT "id" FROM ONLY "public"."orders"
      WHERE "id" OPERATOR("pg_catalog".<=) '20'::integer ORDER BY "id" USING OPERATOR("pg_catalog".<) OFFSET 0 LIMIT 1)"));
  EXPECT_EQ(BoundarySql(Composite(), Range(KeyValue{"1", "x"}, KeyValue{"2", "y"}), 100), Flat(R"(
      /* pgmoult:copy */ SELECT "a", "b" FROM ONLY "public"."orders"
      WHERE ROW("a", "b") OPERATOR("pg_catalog".>) ROW('1'::integer, 'x'::text) AND
      ROW("a", "b") OPERATOR("pg_catalog".<=) ROW('2'::integer, 'y'::text)
      ORDER BY "a" USING OPERATOR("pg_catalog".<), "b" USING OPERATOR("pg_catalog".<) OFFSET 99 LIMIT 1)"));
}

TEST(SqlBuilderTest, InsertSelect) {
  EXPECT_EQ(InsertSelect(WidenedKey()), Flat(R"(
      INSERT INTO "pgmoult_7_new"."orders" ("id", "note") OVERRIDING SYSTEM VALUE
      SELECT ("id")::bigint, "note" FROM ONLY "public"."orders")"));
  EXPECT_EQ(InsertSelect(QuotedNames()), Flat(R"(
      INSERT INTO "pgmoult_7_new"."Odd""Name" ("new""key") OVERRIDING SYSTEM VALUE
      SELECT "Key Col" FROM ONLY "My Schema"."Odd""Name")"));
}

TEST(SqlBuilderTest, ChunkInsert) {
  EXPECT_EQ(ChunkInsertSql(OneColumn(), Range(KeyValue{"10"}, KeyValue{"20"})), Flat(R"(
      /* pgmoult:copy */ INSERT INTO "pgmoult_7_new"."orders" ("id", "note") OVERRIDING SYSTEM VALUE
      SELECT "id", "note" FROM ONLY "public"."orders"
      WHERE "id" OPERATOR("pg_catalog".>) '10'::integer AND "id" OPERATOR("pg_catalog".<=) '20'::integer)"));
}

TEST(SqlBuilderTest, LogWindowNeverHoldsTheMarker) {
  EXPECT_EQ(LogWindowPredicate(OneColumn(), {}), R"("id" IS NOT NULL)");
  EXPECT_EQ(LogWindowPredicate(OneColumn(), {.first_page = 0, .last_page = 8}),
            R"("id" IS NOT NULL AND ctid < '(8,0)'::pg_catalog.tid)");
  EXPECT_EQ(LogWindowPredicate(QuotedNames(), {.first_page = 8, .last_page = std::nullopt}),
            R"("Key Col" IS NOT NULL AND ctid >= '(8,0)'::pg_catalog.tid)");
  EXPECT_EQ(LogWindowPredicate(OneColumn(), {.first_page = 8, .last_page = 16}),
            R"("id" IS NOT NULL AND ctid >= '(8,0)'::pg_catalog.tid AND ctid < '(16,0)'::pg_catalog.tid)");
}

TEST(SqlBuilderTest, ReplayDeleteOfAOneColumnKey) {
  EXPECT_EQ(ReplayDeleteSql(WidenedKey(), {}), Flat(R"(
      /* pgmoult:replay */ DELETE FROM "pgmoult_7_new"."orders" WHERE "id" OPERATOR("pg_catalog".=)
      ANY (ARRAY(SELECT DISTINCT ("id")::bigint FROM "pgmoult_7_new"."log" WHERE "id" IS NOT NULL)))"));
  EXPECT_EQ(ReplayDeleteSql(QuotedNames(), {}), Flat(R"(
      /* pgmoult:replay */ DELETE FROM "pgmoult_7_new"."Odd""Name" WHERE "new""key" OPERATOR("pg_catalog".=)
      ANY (ARRAY(SELECT DISTINCT "Key Col" FROM "pgmoult_7_new"."log" WHERE "Key Col" IS NOT NULL)))"));
}

TEST(SqlBuilderTest, ReplayDeleteOfACompositeKey) {
  EXPECT_EQ(ReplayDeleteSql(Composite(), {.first_page = 0, .last_page = 4}), Flat(R"(
      /* pgmoult:replay */ DELETE FROM "pgmoult_7_new"."orders" WHERE ctid = ANY (ARRAY(SELECT d.ctid FROM
      (SELECT DISTINCT "a" AS k1, "b" AS k2 FROM "pgmoult_7_new"."log"
      WHERE "a" IS NOT NULL AND ctid < '(4,0)'::pg_catalog.tid ORDER BY k1, k2) AS pgmoult_logged CROSS JOIN LATERAL
      (SELECT ctid FROM "pgmoult_7_new"."orders"
      WHERE "a" OPERATOR("pg_catalog".=) pgmoult_logged.k1 AND "b" OPERATOR("pg_catalog".=) pgmoult_logged.k2 OFFSET 0) AS d)))"));
}

TEST(SqlBuilderTest, ReplayInsertOfAOneColumnKey) {
  EXPECT_EQ(ReplayInsertSql(WidenedKey(), {.first_page = 3, .last_page = 9}), Flat(R"(
      /* pgmoult:replay */ INSERT INTO "pgmoult_7_new"."orders" ("id", "note") OVERRIDING SYSTEM VALUE
      SELECT ("id")::bigint, "note" FROM ONLY "public"."orders" WHERE "id" OPERATOR("pg_catalog".=)
      ANY (ARRAY(SELECT DISTINCT "id" FROM "pgmoult_7_new"."log"
      WHERE "id" IS NOT NULL AND ctid >= '(3,0)'::pg_catalog.tid AND ctid < '(9,0)'::pg_catalog.tid)))"));
}

TEST(SqlBuilderTest, ReplayInsertOfACompositeKey) {
  Transfer transfer = Composite();
  transfer.key[0].target_type = "bigint";
  transfer.key[0].expression = "(\"a\")::bigint";
  transfer.columns[0].expression = "(\"a\")::bigint";
  // The source is looked up by the source's key, whatever the key becomes.
  EXPECT_EQ(ReplayInsertSql(transfer, {}), Flat(R"(
      /* pgmoult:replay */ INSERT INTO "pgmoult_7_new"."orders" ("a", "b") OVERRIDING SYSTEM VALUE SELECT s.c1, s.c2
      FROM (SELECT DISTINCT "a" AS k1, "b" AS k2 FROM "pgmoult_7_new"."log"
      WHERE "a" IS NOT NULL ORDER BY k1, k2) AS pgmoult_logged CROSS JOIN LATERAL
      (SELECT ("a")::bigint AS c1, "b" AS c2 FROM ONLY "public"."orders"
      WHERE "a" OPERATOR("pg_catalog".=) pgmoult_logged.k1 AND "b" OPERATOR("pg_catalog".=) pgmoult_logged.k2 OFFSET 0) AS s)"));
}

TEST(SqlBuilderTest, ReplayTrim) {
  EXPECT_EQ(ReplayTrimSql(OneColumn(), {.first_page = 0, .last_page = 9}), Flat(R"(
      /* pgmoult:replay */ DELETE FROM "pgmoult_7_new"."log"
      WHERE "id" IS NOT NULL AND ctid < '(9,0)'::pg_catalog.tid)"));
}

TEST(SqlBuilderTest, AddressesOfTheRowsOfARange) {
  EXPECT_EQ(RangeRowsSql(OneColumn(), Range(KeyValue{"5"}, std::nullopt)), Flat(R"(
      SELECT ctid FROM ONLY "public"."orders" WHERE "id" OPERATOR("pg_catalog".>) '5'::integer
      ORDER BY "id" USING OPERATOR("pg_catalog".<))"));
}

TEST(SqlBuilderTest, AddressesOfTheRowsWhoseKeysAreLogged) {
  EXPECT_EQ(LoggedRowsSql(Composite()), Flat(R"(
      SELECT s.ctid FROM (SELECT DISTINCT "a" AS k1, "b" AS k2 FROM "pgmoult_7_new"."log"
      WHERE "a" IS NOT NULL ORDER BY k1, k2) AS pgmoult_logged CROSS JOIN LATERAL (SELECT ctid FROM ONLY "public"."orders"
      WHERE "a" OPERATOR("pg_catalog".=) pgmoult_logged.k1 AND "b" OPERATOR("pg_catalog".=) pgmoult_logged.k2 OFFSET 0) AS s)"));
}

TEST(SqlBuilderTest, ASampleIsTakenByKeyFromBothEndsAndByAddressInBetween) {
  EXPECT_EQ(SampleRowsSql(QuotedNames(), {.end_rows = 10, .pages = 4, .rows_per_page = 2}), Flat(R"(
      (SELECT ctid FROM ONLY "My Schema"."Odd""Name" ORDER BY "Key Col" USING OPERATOR("pg_catalog".<) LIMIT 10) UNION
      (SELECT ctid FROM ONLY "My Schema"."Odd""Name" ORDER BY "Key Col" USING OPERATOR("pg_catalog".>) LIMIT 10) UNION
      (SELECT ctid FROM ONLY "My Schema"."Odd""Name" WHERE ctid = ANY (ARRAY(SELECT
      pg_catalog.format('(%s,%s)', page * pages / 4, item)::pg_catalog.tid FROM (SELECT
      pg_catalog.pg_relation_size('"My Schema"."Odd""Name"'::pg_catalog.regclass) /
      pg_catalog.current_setting('block_size')::pg_catalog.int8) AS size (pages),
      pg_catalog.generate_series(0, 4 - 1) AS page, pg_catalog.generate_series(1, 2) AS item))))"));
}

TEST(SqlBuilderTest, AShadowRowIsNotLoggedWhereNoLoggedKeyMapsToItsOwn) {
  EXPECT_EQ(NotLogged(WidenedKey(), "n"), Flat(R"(
      NOT EXISTS (SELECT FROM (SELECT DISTINCT ("id")::bigint AS k1 FROM "pgmoult_7_new"."log"
      WHERE "id" IS NOT NULL ORDER BY k1) AS pgmoult_logged WHERE n."id" OPERATOR("pg_catalog".=) pgmoult_logged.k1))"));
}

TEST(SqlBuilderTest, KeyTexts) {
  EXPECT_EQ(KeyTexts(QuotedNames(), Side::kShadow), R"("new""key"::pg_catalog.text)");
  EXPECT_EQ(KeyTexts(Composite(), Side::kSource), R"("a"::pg_catalog.text, "b"::pg_catalog.text)");
}

TEST(SqlBuilderTest, MarkerIsARowWithANullKey) {
  EXPECT_EQ(MarkerExists(OneColumn()), R"(EXISTS (SELECT FROM "pgmoult_7_new"."log" WHERE "id" IS NULL))");
  EXPECT_EQ(MarkerExists(Composite()), R"(EXISTS (SELECT FROM "pgmoult_7_new"."log" WHERE "a" IS NULL))");
}

TEST(SqlBuilderTest, CompareCopyReadsTheSourceThroughTheMapping) {
  EXPECT_EQ(CompareCopySql(WidenedKey(), Side::kSource, "true", /*with_key_text=*/false), Flat(R"(
      /* pgmoult:verify */ COPY (SELECT ("id")::bigint, (("id")::bigint), ("note")::pg_catalog.text,
      ("id" * 2)::bigint FROM ONLY "public"."orders" WHERE true) TO STDOUT (FORMAT binary))"));
  EXPECT_EQ(CompareCopySql(WidenedKey(), Side::kShadow, "true", /*with_key_text=*/false), Flat(R"(
      /* pgmoult:verify */ COPY (SELECT "id", "id", "note"::pg_catalog.text, "twice"
      FROM ONLY "pgmoult_7_new"."orders" WHERE true) TO STDOUT (FORMAT binary))"));
}

TEST(SqlBuilderTest, CompareCopyPutsKeyTextsFirst) {
  EXPECT_EQ(CompareCopySql(Composite(), Side::kSource, "\"a\" = 1", /*with_key_text=*/true), Flat(R"(
      /* pgmoult:verify */ COPY (SELECT ("a")::pg_catalog.text, ("b")::pg_catalog.text, "a", "b", ("a"), ("b")
      FROM ONLY "public"."orders" WHERE "a" = 1) TO STDOUT (FORMAT binary))"));
  EXPECT_EQ(CompareCopySql(QuotedNames(), Side::kShadow, "true", /*with_key_text=*/true), Flat(R"(
      /* pgmoult:verify */ COPY (SELECT ("new""key")::pg_catalog.text, "new""key", "new""key"
      FROM ONLY "pgmoult_7_new"."Odd""Name" WHERE true) TO STDOUT (FORMAT binary))"));
}

TEST(SqlBuilderTest, LogCopyHasTheSourceKeyAsTextAndTheMappedKey) {
  EXPECT_EQ(LogCopySql(WidenedKey(), "true"), Flat(R"(
      /* pgmoult:verify */ COPY (SELECT "id"::pg_catalog.text, ("id")::bigint FROM "pgmoult_7_new"."log" WHERE true)
      TO STDOUT (FORMAT binary))"));
  EXPECT_EQ(LogCopySql(Composite(), "true"), Flat(R"(
      /* pgmoult:verify */ COPY (SELECT "a"::pg_catalog.text, "b"::pg_catalog.text, "a", "b"
      FROM "pgmoult_7_new"."log" WHERE true) TO STDOUT (FORMAT binary))"));
}

TEST(SqlBuilderTest, ComparedColumnsAreInTheOrderOfTheCopy) {
  EXPECT_THAT(ComparedColumns(WidenedKey()), ElementsAre("id", "note", "twice"));
}

}  // namespace
}  // namespace pgmoult::copier
