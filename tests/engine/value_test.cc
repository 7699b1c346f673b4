// Every type of value that a table can hold comes out of a change as it was written: not only equal, but with the same
// bytes. And verify would have seen it, were it not so.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "boost/json/value.hpp"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/engine/twin_tables.h"
#include "tests/fault/background_run.h"
#include "tests/fault/gates.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

using ::testing::UnorderedElementsAreArray;

// One column. The first two values are what verify is asked to tell apart, where it can be done equal by operator.
struct ValueType {
  std::string_view column;
  std::string_view type;
  std::vector<std::string_view> values;
};

const std::vector<ValueType>& Types() {
  static const std::vector<ValueType> kTypes = {
      {"c_bool", "bool", {"true", "false"}},
      {"c_int2", "int2", {"-32768", "32767"}},
      {"c_int8", "int8", {"-9223372036854775808", "9223372036854775807"}},
      {"c_float4",
       "float4",
       {"'0'", "'-0'", "'NaN'", "'Infinity'", "'-Infinity'", "'1e-45'", "'3.4028235e38'", "'0.1'"}},
      {"c_float8", "float8", {"'0'", "'-0'", "'NaN'", "'Infinity'", "'-Infinity'", "'5e-324'", "0.1::float8 + 0.2"}},
      {"c_numeric", "numeric", {"1.0", "1.00", "'NaN'", "'Infinity'", "'-Infinity'", "1e-300", "-1e300", "0.000"}},
      {"c_numeric_scaled", "numeric(12,3)", {"1.5", "1.501", "'NaN'"}},
      {"c_money", "money", {"'-0.01'", "'92233720368547758.07'"}},
      {"c_json",
       "json",
       {R"('{"b":1, "a":2}')", R"('{"b":1,  "a":2}')", R"('{"a":1,"a":2}')", R"(E'[ 1.0,\t1e2 ]')", "'null'"}},
      {"c_jsonb",
       "jsonb",
       {R"('{"a":1.0}')", R"('{"a":1.00}')", R"('{"b":1,"a":{"z":[null,"é"]}}')", "'null'", "'[]'"}},
      {"c_text",
       "text",
       {"''", "NULL", "' '", R"(E'\t\r\n\\ \\N \\. "''$$ \x7f')", "'NULL'", "chr(128512) || U&'e\\0301'"}},
      {"c_varchar", "varchar(5)", {"'a'", "'a '", "''", "'ééééé'"}},
      {"c_char", "char(5)", {"'a'", "'b'", "''", "' a'"}},
      {"c_bpchar", "bpchar", {"'a'", "'a  '"}},
      {"c_byte", "\"char\"", {"'a'", "''"}},
      {"c_name", "name", {"'a'", "'A b'"}},
      {"c_bytea", "bytea", {R"('\x')", R"('\x00')", R"('\x0000')", R"('\x275c00ff')"}},
      {"c_date", "date", {"'infinity'", "'-infinity'", "'0044-03-15 BC'", "'4713-01-01 BC'", "'5874897-12-31'"}},
      {"c_time", "time", {"'24:00'", "'00:00'", "'23:59:59.999999'"}},
      {"c_timetz", "timetz", {"'12:00+00'", "'12:00+01'", "'23:59:59.999999-15:59'"}},
      {"c_timestamp", "timestamp", {"'infinity'", "'-infinity'", "'0001-01-01 00:00:00.000001 BC'"}},
      {"c_timestamptz",
       "timestamptz",
       {"'infinity'", "'-infinity'", "'2021-10-31 02:30'", "'1850-01-01'", "'0044-03-15 BC'"}},
      {"c_interval",
       "interval",
       {"'1 month'", "'30 days'", "'24 hours'", "'1 day'", "'-1 year +2 days -00:00:00.000001'"}},
      {"c_interval_days", "interval day", {"'3 days'", "'72 hours'"}},
      {"c_uuid", "uuid", {"'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"}},
      {"c_inet", "inet", {"'10.0.0.1/8'", "'10.0.0.1'", "'::1/64'"}},
      {"c_cidr", "cidr", {"'10.0.0.0/8'", "'10.0.0.0/9'", "'::/0'"}},
      {"c_macaddr", "macaddr", {"'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'"}},
      {"c_macaddr8", "macaddr8", {"'08:00:2b:01:02:03:04:05'", "'08:00:2b:01:02:03'"}},
      {"c_point", "point", {"'(0,0)'", "'(-0,0)'", "'(NaN,Infinity)'"}},
      {"c_line", "line", {"'{1,2,3}'", "'{2,4,6}'"}},
      {"c_lseg", "lseg", {"'(0,0),(1,1)'", "'(1,1),(0,0)'"}},
      {"c_box", "box", {"'(0,0),(1,1)'", "'(0,0),(1,2)'"}},
      {"c_path", "path", {"'[(0,0),(1,1)]'", "'((0,0),(1,1))'"}},
      {"c_polygon", "polygon", {"'((0,0),(1,1),(2,0))'", "'((1,1),(2,0),(0,0))'"}},
      {"c_circle", "circle", {"'<(0,0),1>'", "'<(1,1),1>'"}},
      {"c_bit", "bit(3)", {"B'101'", "B'100'"}},
      {"c_varbit", "varbit", {"B''", "B'0'", "B'00000000'", "B'000000000'"}},
      {"c_lsn", "pg_lsn", {"'0/0'", "'FFFFFFFF/FFFFFFFF'"}},
      {"c_oid", "oid", {"4294967295", "0"}},
      {"c_regclass", "regclass", {"'pg_class'", "'pg_type'"}},
      {"c_tid", "tid", {"'(0,1)'", "'(0,2)'"}},
      {"c_snapshot", "pg_snapshot", {"'10:20:10,14'", "'10:20:10'"}},
      {"c_xml", "xml", {"'<a b=\"1\"/>'", "'<a  b=\"1\"></a>'", "'text <!-- c -->'"}},
      {"c_tsvector", "tsvector", {"'a:1A b:2'", "'a:1B b:2'", "''"}},
      {"c_tsquery", "tsquery", {"'a & b'", "'b & a'", "'a <3> b:*C | !c'"}},
      {"c_hstore", "hstore", {"'a=>NULL'", "'a=>\"\"'", "''"}},
      {"c_citext", "citext", {"'Ab'", "'aB'"}},
      {"c_enum", "mood", {"'sad'", "'it''s'"}},
      {"c_domain", "positive", {"1.0", "1.00"}},
      {"c_composite",
       "pair",
       {"ROW(0.0, 'x')", "ROW(0.00, 'x')", "ROW(NULL, NULL)", "ROW(NULL, '')", R"(ROW(1, E'"(,)\\'))"}},
      {"c_nested",
       "nest",
       {"ROW(ROW(0.0, 'x'), ARRAY[ROW(1, NULL)::pair])", "ROW(NULL, '{}')", "ROW(ROW(NULL, NULL), NULL)"}},
      {"c_int_array",
       "int[]",
       {"'{1,NULL}'", "'[0:1]={1,NULL}'", "'{}'", "'{{1,2},{3,NULL}}'", "'[-2:-1][5:5]={{1},{2}}'"}},
      {"c_text_array", "text[]", {"ARRAY[NULL, 'NULL', '']", "ARRAY['NULL', NULL, '']", "ARRAY['{,}\"\\', E'\\n']"}},
      {"c_numeric_array", "numeric[]", {"'{1.0}'", "'{1.00}'", "'{NaN,Infinity}'"}},
      {"c_composite_array",
       "pair[]",
       {"ARRAY[ROW(0.0, 'x')]::pair[]", "ARRAY[ROW(0.00, 'x')]::pair[]", "ARRAY[NULL, ROW(NULL, NULL)]::pair[]"}},
      {"c_int4range", "int4range", {"'empty'", "'(,)'", "'[1,2)'", "'(,5]'"}},
      {"c_numrange", "numrange", {"'[1.0,2]'", "'[1.00,2]'", "'[1.0,2)'", "'[NaN,)'"}},
      {"c_tstzrange", "tstzrange", {"'[-infinity,infinity]'", "'(,infinity)'", "'[2021-10-31 02:30,)'"}},
      {"c_multirange", "nummultirange", {"'{}'", "'{(,)}'", "'{[1.0,2],[3,4)}'"}},
      {"c_acl", "aclitem[]", {"ARRAY['=r/postgres'::aclitem]", "ARRAY['=w/postgres'::aclitem]"}},
  };
  return kTypes;
}

constexpr std::string_view kNewTypes =
    "CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('sad', 'it''s');"
    "CREATE DOMAIN positive AS numeric CHECK (VALUE > 0); CREATE TYPE pair AS (a numeric, b text);"
    "CREATE TYPE nest AS (p pair, q pair[])";
constexpr std::string_view kWiden = "ALTER TABLE @t ALTER COLUMN id TYPE bigint";

class ValueTest : public ::testing::Test {
 protected:
  ValueTest() {
    session_.Exec(std::string(kNewTypes));
    UseHostileSettings(session_, database_);
  }

  // What `write` does happens before the change, in the middle of its copy, and twice right before its swap: once
  // written through, once logged. It is given a number, from 0 to 3, to tell them apart.
  template <typename Write>
  void ChangeWhile(std::string_view change, Write write) {
    write(session_, 0);
    MakeGates(session_);
    Gate copying(database_, "chunk");
    BackgroundRun run(TargetOf(database_), ForTable(change, "t"), engine::RunOptions());
    ASSERT_TRUE(run.WaitForEvent("stage", "copy")) << pg::Describe(run.Finish().status());
    ASSERT_NO_THROW(copying.WaitUntilReached()) << pg::Describe(run.Finish().status());
    write(session_, 1);
    Gate approached(database_, "stage cutover");
    copying.Open();
    ASSERT_TRUE(run.WaitForEvent("stage", "approach")) << pg::Describe(run.Finish().status());
    ASSERT_NO_THROW(approached.WaitUntilReached()) << pg::Describe(run.Finish().status());
    // The counters of a transaction begin with what its session has not reported yet.
    session_.Exec("BEGIN");
    int64_t before = LogInserts();
    write(session_, 2);
    EXPECT_EQ(LogInserts(), before) << "not everything was written through";
    session_.Exec("COMMIT; BEGIN ISOLATION LEVEL REPEATABLE READ");
    before = LogInserts();
    write(session_, 3);
    EXPECT_GT(LogInserts(), before);
    session_.Exec("COMMIT");
    approached.Open();
    const auto report = run.Finish();
    ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
    EXPECT_TRUE(report->dual_write);
    EXPECT_EQ(report->repaired, 0);
    EXPECT_GT(report->rows_verified, 0);
    if (change != "@t") {
      session_.Exec(ForTable(change, "control"));
    }
  }
  int64_t LogInserts() {
    return session_.Scalar<int64_t>(
        "SELECT pg_stat_get_xact_tuples_inserted('pgmoult_1_new.pgmoult_change_log'::regclass)");
  }
  // Column by column, so that a failure names the type.
  void ExpectSameBytes() {
    const pg::Result columns = session_.Exec(
        "SELECT attname::text, atttypid = 'aclitem[]'::regtype FROM pg_attribute WHERE attrelid = 't'::regclass AND "
        "attnum > 0 AND NOT attisdropped");
    ASSERT_GT(columns.rows(), 0);
    for (int row = 0; row < columns.rows(); ++row) {
      const std::string column(columns.Text(row, 0));
      const bool has_binary_form = columns.Text(row, 1) == "f";
      const auto bytes = [&](std::string_view table) {
        return session_.Scalar<std::string>(
            fmt::format("SELECT md5(string_agg(coalesce({}::text, 'NULL'), ',' ORDER BY id)) FROM {}",
                        has_binary_form ? fmt::format("record_send(ROW({}))", column) : column, table));
      };
      EXPECT_EQ(bytes("t"), bytes("control")) << column;
    }
    EXPECT_EQ(session_.Scalar<std::string>("SELECT string_agg(id::text, ',' ORDER BY id) FROM t"),
              session_.Scalar<std::string>("SELECT string_agg(id::text, ',' ORDER BY id) FROM control"));
  }

  TestDatabase database_;
  Session session_{database_};
};

class TypeTableTest : public ValueTest {
 protected:
  TypeTableTest() {
    std::string columns;
    for (const ValueType& type : Types()) {
      columns += fmt::format(", {} {}", type.column, type.type);
    }
    ExecTwins(session_, fmt::format("CREATE TABLE @t (id int PRIMARY KEY, note text{})", columns));
    // Enough rows without values for several chunks.
    ExecTwins(session_, "INSERT INTO @t SELECT g FROM generate_series(10001, 10700) g");
  }
  // Row `from` + i has the i-th value of each type, one after the last a NULL.
  void InsertValues(Session& session, int from) {
    constexpr size_t kRows = 9;
    for (size_t row = 0; row < kRows; ++row) {
      std::string values;
      for (const ValueType& type : Types()) {
        const size_t at = row % (type.values.size() + 1);
        values += fmt::format(", {}", at < type.values.size() ? type.values[at] : "NULL");
      }
      ExecTwins(session, fmt::format("INSERT INTO @t VALUES ({}, 'new'{})", from + static_cast<int>(row), values));
    }
  }
  // Every value into a row that had another one.
  void MoveValues(Session& session, int to, int from) {
    std::string sets;
    for (const ValueType& type : Types()) {
      sets += fmt::format(", {0} = o.{0}", type.column);
    }
    ExecTwins(session,
              fmt::format("UPDATE @t s SET note = 'moved'{0} FROM @t o WHERE s.id BETWEEN {1} AND {1} + 7 AND o.id = "
                          "s.id - {1} + {2} + 1",
                          sets, to, from));
  }
};

class EveryTypeTest : public TypeTableTest, public ::testing::WithParamInterface<std::string_view> {};

INSTANTIATE_TEST_SUITE_P(Changes, EveryTypeTest, ::testing::Values("@t", kWiden),
                         [](const auto& info) { return std::string(info.param == "@t" ? "Rebuild" : "IntToBigint"); });

TEST_P(EveryTypeTest, SurvivesBitForBit) {
  ChangeWhile(GetParam(), [this](Session& session, int at) {
    session.Exec(fmt::format("SET TimeZone = '{}'",
                             std::vector<std::string>{"UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"}[at]));
    InsertValues(session, 100 * at + 100);
    if (at == 0) {
      for (const int copy : {500, 600, 700}) {
        InsertValues(session, copy);
      }
    } else {
      MoveValues(session, 400 + 100 * at, 100);
      ExecTwins(session, fmt::format("UPDATE @t SET note = 'touched' WHERE id = {}", 10001 + at));
    }
  });
  ExpectSameBytes();
}

// One row a type: it has the first value, and its row in the shadow the second.
TEST_F(TypeTableTest, VerifySeesEveryType) {
  std::vector<std::string> expected;
  std::string tampering;
  int id = 0;
  for (const ValueType& type : Types()) {
    ExecTwins(session_, fmt::format("INSERT INTO @t (id, {}) VALUES ({}, {})", type.column, ++id, type.values[0]));
    tampering += fmt::format("UPDATE pgmoult_1_new.t SET {} = {} WHERE id = {};", type.column, type.values[1], id);
    expected.push_back(fmt::format("row ({}) is different in {}", id, type.column));
  }
  std::vector<std::string> differences;
  engine::Observer observer;
  observer.on_event = [&](std::string_view kind, const std::string& text, const boost::json::value&) {
    if (kind == "stage" && text == "verify") {
      session_.Exec(tampering);
    } else if (kind == "difference") {
      differences.push_back(text);
    }
  };
  const auto report = RunChange(database_, "t", SmallOptions(), observer);
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_THAT(differences, UnorderedElementsAreArray(expected));
  EXPECT_EQ(report->repaired, id);
  ExpectSameBytes();
}

// Values out of line, compressed and not, which most statements do not touch.
TEST_F(ValueTest, LargeValuesSurvive) {
  ExecTwins(session_,
            "CREATE TABLE @t (id int PRIMARY KEY, note text, plain text, compressed text, external bytea);"
            "ALTER TABLE @t ALTER external SET STORAGE EXTERNAL; ALTER TABLE @t ALTER plain SET STORAGE MAIN;"
            "INSERT INTO @t SELECT g, 'filler' FROM generate_series(10001, 10700) g");
  const std::string incompressible =
      "(SELECT string_agg(sha512((x + g)::text::bytea), '') FROM generate_series(1, 40000) x)";
  ChangeWhile(kWiden, [&](Session& session, int at) {
    ExecTwins(session,
              fmt::format("INSERT INTO @t SELECT g, 'new', repeat('m' || g, 1000), repeat(g || 'é', 700000), {} "
                          "FROM generate_series({}, {}) g",
                          incompressible, 100 + 10 * at, 101 + 10 * at));
    ExecTwins(session, fmt::format("UPDATE @t SET note = 'touched {}' WHERE id = 100", at));
    ExecTwins(session, fmt::format("UPDATE @t SET external = external || '\\x00' WHERE id = {}", 101 + 10 * at));
  });
  EXPECT_GT(session_.Scalar<int64_t>("SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE oid = 't'::regclass"),
            8 * 2'500'000);
  ExpectSameBytes();
}

// Columns that came and went, defaults that no row stores, values that the table computes; and the change brings more.
TEST_F(ValueTest, ColumnsOfALongHistorySurvive) {
  constexpr std::string_view kAdded =
      R"(, ADD {0}_text text DEFAULT E'it''s "fast" \\ {{}}', ADD {0}_array text[] DEFAULT '{{NULL,"NULL","a\"b\\c"}}',)"
      R"( ADD {0}_matrix int[] DEFAULT '[0:1][2:3]={{{{1,NULL}},{{3,4}}}}', ADD {0}_float float8 DEFAULT '-0',)"
      R"( ADD {0}_third float8 DEFAULT 1 / 3.0::float8, ADD {0}_numeric numeric DEFAULT 1.00,)"
      R"( ADD {0}_pair pair DEFAULT ROW(1.00, NULL), ADD {0}_json json DEFAULT '{{"b": 1,  "a":2}}',)"
      R"( ADD {0}_bytea bytea DEFAULT '\x005cff', ADD {0}_char char(5) DEFAULT ' c', ADD {0}_varchar varchar(5) DEFAULT 'v ',)"
      R"( ADD {0}_interval interval DEFAULT '-1 year +2 days -03:04:05.000006', ADD {0}_bit bit(3) DEFAULT B'101',)"
      R"( ADD {0}_at timestamptz DEFAULT '2021-10-31 01:30:00+00', ADD {0}_enum mood DEFAULT 'it''s',)"
      R"( ADD {0}_empty text DEFAULT '', ADD {0}_null text DEFAULT NULL, ADD {0}_hstore hstore DEFAULT 'a=>NULL',)"
      R"( ADD {0}_range numrange DEFAULT '[1.00,)', ADD {0}_money money DEFAULT '-1.50', ADD {0}_byte "char" DEFAULT 'x')";
  ExecTwins(
      session_,
      "CREATE TABLE @t (gone_first int, id int PRIMARY KEY, gone_middle text, v text, f float8, w numeric GENERATED "
      "ALWAYS AS (f::numeric(20,5) * 1.50) STORED, i bigint GENERATED ALWAYS AS IDENTITY, d int GENERATED BY "
      "DEFAULT AS IDENTITY, gone_last numeric DEFAULT 7);"
      "INSERT INTO @t (gone_first, id, gone_middle, v, f) SELECT g, g, 'gone', 'old', g / 7.0 FROM "
      "generate_series(10001, 10700) g; ALTER TABLE @t DROP gone_first, DROP gone_middle, DROP gone_last;"
      "ALTER TABLE @t DROP v, ADD v text DEFAULT 'later'");
  ExecTwins(session_, fmt::format("ALTER TABLE @t ALTER f SET NOT NULL{}", fmt::format(kAdded, "once")));
  const std::string change = fmt::format("ALTER TABLE @t ALTER id TYPE bigint; ALTER TABLE @t ALTER f SET NOT NULL{}",
                                         fmt::format(kAdded, "now"));
  ChangeWhile(change, [&](Session& session, int at) {
    ExecTwins(session,
              fmt::format("INSERT INTO @t (id, f, once_text) VALUES ({0}, {0} / 3.0, NULL), ({0} + 1, '-0', '')",
                          100 + 10 * at));
    ExecTwins(session, fmt::format("UPDATE @t SET f = f + 1 WHERE id = {}", 10101 + at));
    ExecTwins(session,
              fmt::format("UPDATE @t SET once_array = once_array || NULL, v = DEFAULT WHERE id = {}", 10201 + at));
    ExecTwins(session, fmt::format("DELETE FROM @t WHERE id = {}", 10301 + at));
  });
  ExpectSameBytes();
}

// PostgreSQL keeps no such value where the statement rewrites the table, and computes it once all the same.
TEST_F(ValueTest, ADefaultBesideARewriteIsOneValue) {
  session_.Exec(
      "CREATE DOMAIN small AS int CHECK (VALUE < 10); CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t "
      "SELECT g, "
      "'x' FROM generate_series(1, 2000) g");
  const auto report =
      RunChange(database_,
                "ALTER TABLE t ALTER id TYPE bigint, ADD at timestamptz DEFAULT now(), ADD n int DEFAULT "
                "7, ADD d small DEFAULT 3, ADD a int[] DEFAULT '{1,2}', ADD e text DEFAULT E'a''b'");
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(
      session_.Scalar<std::string>("SELECT format('%s %s', count(DISTINCT at), min(format('%s %s %s %s', n, d, a, "
                                   "e))) FROM t"),
      "1 7 3 {1,2} a'b");
  EXPECT_TRUE(report->dual_write);
  EXPECT_EQ(report->repaired, 0);
}

}  // namespace
}  // namespace pgmoult::tests
