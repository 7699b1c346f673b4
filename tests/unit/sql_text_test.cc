#include "pg/sql_text.h"

#include <gtest/gtest.h>

#include "fmt/format.h"

namespace pgmoult::pg {
namespace {

TEST(LiteralTest, DoublesQuotes) {
  EXPECT_EQ(Literal(""), "''");
  EXPECT_EQ(Literal("plain"), "'plain'");
  EXPECT_EQ(Literal("it's"), "'it''s'");
  EXPECT_EQ(Literal("'"), "''''");
  EXPECT_EQ(Literal("\"$1 %s\n"), "'\"$1 %s\n'");
}

TEST(LiteralTest, BackslashesNeedTheEscapeForm) {
  EXPECT_EQ(Literal("a\\b"), " E'a\\\\b'");
  EXPECT_EQ(Literal("\\"), " E'\\\\'");
  EXPECT_EQ(Literal("\\'"), " E'\\\\'''");
}

TEST(ArrayTextTest, QuotesEveryElement) {
  EXPECT_EQ(ArrayText({}), "{}");
  EXPECT_EQ(ArrayText({"1", "2"}), R"({"1","2"})");
  EXPECT_EQ(ArrayText({""}), R"({""})");
  EXPECT_EQ(ArrayText({"NULL", "", "a,b", "{}", " "}), R"({"NULL","","a,b","{}"," "})");
}

TEST(ArrayTextTest, EscapesQuotesAndBackslashes) {
  EXPECT_EQ(ArrayText({"a \"b\"", "c\\d", "it's"}), R"({"a \"b\"","c\\d","it's"})");
}

TEST(IdentTest, AlwaysQuotes) {
  EXPECT_EQ(Ident("orders").Quoted(), "\"orders\"");
  EXPECT_EQ(Ident("Odd Name").Quoted(), "\"Odd Name\"");
  EXPECT_EQ(Ident("a\"b").Quoted(), "\"a\"\"b\"");
  EXPECT_EQ(Ident("back\\slash'").Quoted(), "\"back\\slash'\"");
  EXPECT_EQ(fmt::format("{}", Ident("select")), "\"select\"");
}

TEST(IdentTest, ComparesByName) {
  EXPECT_EQ(Ident("a"), Ident("a"));
  EXPECT_NE(Ident("a"), Ident("A"));
  EXPECT_LT(Ident("a"), Ident("b"));
}

TEST(QualifiedNameTest, QuotesBothParts) {
  const QualifiedName name("My Schema", "a\"b.c");
  EXPECT_EQ(name.Quoted(), R"("My Schema"."a""b.c")");
  EXPECT_EQ(fmt::format("{}", name), name.Quoted());
  EXPECT_EQ(name.Plain(), "My Schema.a\"b.c");
}

TEST(QualifiedNameTest, OrdersBySchemaThenName) {
  EXPECT_LT(QualifiedName("a", "z"), QualifiedName("b", "a"));
  EXPECT_LT(QualifiedName("a", "a"), QualifiedName("a", "b"));
}

}  // namespace
}  // namespace pgmoult::pg
