// What a key can be made of. The same writes go to a table that is being changed and to one that nobody touches; in the
// end both must be the same, to the byte. Keys that cannot serve are refused, with the reason.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

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

using ::testing::HasSubstr;

// In all texts @t stands for the table.
struct KeyShape {
  std::string_view name;
  std::string_view columns;          // beside n and v, and constraints
  std::string_view written = "id";   // the columns that writes set: the key, or what makes it
  std::string_view value = "g";      // their values in row g; distinct, whatever the order
  std::string_view change = "@t";    // a rebuild
  std::string_view setup = "";       // types and the like
  std::string_view index = "";       // statements after CREATE TABLE
  std::string_view odd = "";         // values at the edges of the type, as a list of rows
  std::string_view twin = "";        // changes the bytes of keys, which stay equal by operator
  std::string_view overriding = "";  // of an INSERT
  std::string_view refusal = "";     // why the table cannot be changed
  bool rekeys = true;                // keys can be changed
  bool dual_write = true;            // writes go through before the swap
};

void PrintTo(const KeyShape& shape, std::ostream* out) { *out << shape.name; }

// Rows have an even number n, from 100 to 2098; odd ones lie between them.
constexpr std::string_view kRows = "generate_series(100, 2098, 2) g";

class KeyShapeTest : public ::testing::TestWithParam<KeyShape> {
 protected:
  static void SetUpTestSuite() {
    database = std::make_unique<TestDatabase>();
    Session session(*database);
    UseHostileSettings(session, *database);
  }
  static void TearDownTestSuite() { database.reset(); }
  // A database of one's own would cost a shape a third of its time.
  void TearDown() override {
    session_.Exec(
        "DO $$ BEGIN EXECUTE (SELECT string_agg(format('DROP SCHEMA %I CASCADE', nspname), ';') FROM pg_namespace "
        "WHERE "
        "nspname = 'public' OR nspname LIKE 'pgmoult%'); END $$; CREATE SCHEMA public");
  }

  static std::string Insert(std::string_view rows, std::string_view word) {
    const KeyShape& shape = GetParam();
    return fmt::format("INSERT INTO @t ({}, n, v) {} SELECT {}, g, '{} ' || g FROM {}", shape.written, shape.overriding,
                       shape.value, word, rows);
  }
  // The key of one row becomes that of row `g` (an expression over n).
  static std::string Rekey(std::string_view where, std::string_view g) {
    const KeyShape& shape = GetParam();
    return fmt::format("UPDATE @t SET ({}) = (SELECT {} FROM (SELECT {} AS g) AS pg), v = v || ' rekeyed' WHERE {}",
                       shape.written, shape.value, g, where);
  }

  void MakeTables() {
    const KeyShape& shape = GetParam();
    session_.Exec(std::string(shape.setup));
    ExecTwins(session_, fmt::format("CREATE TABLE @t ({}, n int, v text); {}", shape.columns, shape.index));
    ExecTwins(session_, Insert(kRows, "old"));
    if (!shape.odd.empty()) {
      ExecTwins(
          session_,
          fmt::format(
              "INSERT INTO @t ({0}, n, v) {1} SELECT x.*, 9000 + row_number() OVER (), 'odd' FROM (VALUES {2}) AS x",
              shape.written, shape.overriding, shape.odd));
    }
    session_.Exec("ANALYZE t");
  }

  // One statement of each kind that dual-write takes, on rows from `base` on; `at` (0, 1, 2) keeps phases apart.
  static std::vector<std::string> PlainWrites(int base, int at) {
    std::vector<std::string> writes = {
        Insert(fmt::format("generate_series({}, {}) g", 10 + 20 * at, 15 + 20 * at), "below"),
        Insert(fmt::format("generate_series({}, {}, 2) g", base + 1, base + 21), "between"),
        Insert(fmt::format("generate_series({}, {}) g", 2200 + 100 * at, 2205 + 100 * at), "above"),
        fmt::format("UPDATE @t SET v = v || ' updated' WHERE n BETWEEN {} AND {}", base + 30, base + 40),
        fmt::format("DELETE FROM @t WHERE n BETWEEN {} AND {}", base + 50, base + 56),
        fmt::format("DELETE FROM @t WHERE n = {}", base + 60),
        Insert(fmt::format("(SELECT {} AS g) AS pg", base + 60), "back"),
    };
    // Not in the last phase: a replay of the same rows would mend what was written through wrongly.
    if (!GetParam().odd.empty() && at < 2) {
      // Half of them are left to the copy, until verify has seen them.
      writes.push_back(fmt::format("UPDATE @t SET v = v || ' updated' WHERE n > 9000 AND n % 2 <= {}", at));
    }
    if (!GetParam().twin.empty() && at < 2) {
      writes.emplace_back(GetParam().twin);
    }
    return writes;
  }
  // Those that touch a key twice, or change it.
  static std::vector<std::string> KeyWrites(int base, int at) {
    std::vector<std::string> writes = {fmt::format("DELETE FROM @t WHERE n = {}", base + 90),
                                       Insert(fmt::format("(SELECT {} AS g) AS pg", base + 90), "again")};
    if (GetParam().rekeys) {
      writes.push_back(Rekey(fmt::format("n BETWEEN {} AND {}", base + 70, base + 80), "n + 1"));
      // Two rows exchange their keys.
      writes.push_back(Rekey(fmt::format("n = {}", base + 110), fmt::format("{}", 2600 + at)));
      writes.push_back(Rekey(fmt::format("n = {}", base + 112), fmt::format("{}", base + 110)));
      writes.push_back(Rekey(fmt::format("n = {}", base + 110), fmt::format("{}", base + 112)));
    }
    return writes;
  }

  void WriteWhileLogging(int base, int at) {
    for (const std::string& write : PlainWrites(base, at)) {
      ExecTwins(writer_, write);
    }
    writer_.Exec("BEGIN");
    for (const std::string& write : KeyWrites(base, at)) {
      ExecTwins(writer_, write);
    }
    writer_.Exec("COMMIT");
    writer_.Exec(fmt::format("BEGIN; DELETE FROM t WHERE n = {}; ROLLBACK", base + 120));
  }

  int64_t LogInserts() {
    return writer_.Scalar<int64_t>(
        "SELECT pg_stat_get_xact_tuples_inserted('pgmoult_1_new.pgmoult_change_log'::regclass)");
  }
  void WriteThrough(int base, int at) {
    for (const std::string& write : PlainWrites(base, at)) {
      writer_.Exec("BEGIN");
      const int64_t before = LogInserts();
      ExecTwins(writer_, write);
      EXPECT_EQ(LogInserts() == before, GetParam().dual_write) << write;
      writer_.Exec("COMMIT");
    }
    for (const std::string& write : KeyWrites(base, at)) {
      ExecTwins(writer_, write);
    }
  }
  void WriteInRepeatableRead(int base, int at) {
    writer_.Exec("BEGIN ISOLATION LEVEL REPEATABLE READ");
    const int64_t before = LogInserts();
    for (const std::string& write : PlainWrites(base, at)) {
      ExecTwins(writer_, write);
    }
    for (const std::string& write : KeyWrites(base, at)) {
      ExecTwins(writer_, write);
    }
    EXPECT_GT(LogInserts(), before);
    writer_.Exec("COMMIT");
  }

  static std::unique_ptr<TestDatabase> database;
  Session session_{*database};
  Session writer_{*database};
};

std::unique_ptr<TestDatabase> KeyShapeTest::database;

TEST_P(KeyShapeTest, IsFollowedOrRefused) {
  const KeyShape& shape = GetParam();
  ASSERT_NO_FATAL_FAILURE(MakeTables());
  const std::string change = ForTable(shape.change, "t");
  if (!shape.refusal.empty()) {
    const auto report = RunChange(*database, change);
    EXPECT_EQ(engine::EndKindOf(report.status()), engine::EndKind::kRefused) << pg::Describe(report.status());
    EXPECT_THAT(pg::Describe(report.status()), HasSubstr(std::string(shape.refusal)));
    ExpectTwinsEqual(session_);
    return;
  }
  MakeGates(session_);
  Gate copying(*database, "chunk");
  BackgroundRun run(TargetOf(*database), change, engine::RunOptions());
  ASSERT_TRUE(run.WaitForEvent("stage", "copy")) << pg::Describe(run.Finish().status());
  ASSERT_NO_THROW(copying.WaitUntilReached()) << pg::Describe(run.Finish().status());
  WriteWhileLogging(200, 0);
  Gate approached(*database, "stage cutover");
  copying.Open();
  ASSERT_TRUE(run.WaitForEvent("stage", "approach")) << pg::Describe(run.Finish().status());
  ASSERT_NO_THROW(approached.WaitUntilReached()) << pg::Describe(run.Finish().status());
  EXPECT_EQ(run.SawEvent("dual_write"), shape.dual_write);
  WriteThrough(800, 1);
  WriteInRepeatableRead(1400, 2);
  approached.Open();
  const auto report = run.Finish();
  ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
  EXPECT_EQ(report->repaired, 0);
  EXPECT_GE(report->rows_verified, 1000);
  EXPECT_EQ(report->dual_write, shape.dual_write);
  EXPECT_GE(session_.Scalar<int64_t>("SELECT count(*) FROM pgmoult.chunk"), 3) << "too few chunks to prove anything";
  if (shape.change != "@t") {
    session_.Exec(ForTable(shape.change, "control"));
  }
  ExpectTwinsEqual(session_);
}

const KeyShape kShapes[] = {
    {.name = "Int", .columns = "id int PRIMARY KEY", .odd = "(-2147483648), (2147483647), (0)"},
    {.name = "Bigint",
     .columns = "id bigint PRIMARY KEY",
     .value = "g * 1000000007::bigint - 1000000000000",
     .odd = "((-9223372036854775808)::bigint), (9223372036854775807)"},
    {.name = "Smallint", .columns = "id smallint PRIMARY KEY", .value = "g * 7 - 12000", .odd = "(-32768), (32767)"},
    {.name = "Oid",
     .columns = "id oid PRIMARY KEY",
     .value = "(g + 3000000000)::oid",
     .odd = "(0::oid), (4294967295::oid)"},
    {.name = "Uuid", .columns = "id uuid PRIMARY KEY", .value = "md5(g::text)::uuid"},
    {.name = "Text",
     .columns = "id text PRIMARY KEY",
     .value = R"(E'it\'s "quoted" \\ {,} \n' || chr(128512) || g)",
     .odd = R"((''), ('NULL'), (' '), (E'\\'), ('"'), (repeat('long ', 400)))"},
    {.name = "TextOfAnotherCollation",
     .columns = "id text COLLATE \"sv-x-icu\" PRIMARY KEY",
     .value = "(ARRAY['ä', 'Z', 'ö', 'a-', 'å'])[1 + g % 5] || g",
     .odd = "(''), ('Z'), ('z'), ('ä'), ('a-b'), ('ab')"},
    {.name = "TextOfANondeterministicCollation",
     .columns = "id text COLLATE ci PRIMARY KEY",
     .value = "'Key ' || g",
     .setup = "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
     .odd = "('Ärger'), ('straße'), ('')",
     .twin = "UPDATE @t SET id = translate(id, 'Kk', 'kK') WHERE n % 100 = 0"},
    {.name = "TextPatternOps",
     .columns = "id text COLLATE \"sv-x-icu\" NOT NULL",
     .value = "(ARRAY['ä', 'Z', 'ö', 'a-', 'å'])[1 + g % 5] || g",
     .index = "CREATE UNIQUE INDEX ON @t (id text_pattern_ops)"},
    {.name = "Varchar", .columns = "id varchar(20) PRIMARY KEY", .value = "'é' || g", .odd = "(''), ('null ')"},
    {.name = "Char", .columns = "id char(12) PRIMARY KEY", .value = "'c ' || g", .odd = "(''), (E'\\t')"},
    {.name = "BlankPaddedWithoutLength",
     .columns = "id bpchar PRIMARY KEY",
     .value = "('c' || g)::bpchar",
     .odd = "(''::bpchar)",
     .twin =
         "UPDATE @t SET id = CASE octet_length(id) WHEN length(id) THEN id::text || '  ' ELSE id::text END WHERE n % "
         "100 = 0"},
    {.name = "Name", .columns = "id name PRIMARY KEY", .value = "'name ' || g"},
    {.name = "Citext",
     .columns = "id citext PRIMARY KEY",
     .value = "'Mail ' || g",
     .setup = "CREATE EXTENSION citext",
     .twin = "UPDATE @t SET id = translate(id::text, 'Mm', 'mM') WHERE n % 100 = 0"},
    {.name = "Numeric",
     .columns = "id numeric PRIMARY KEY",
     .value = "g / 7.0",
     .odd = "('NaN'::numeric), ('Infinity'), ('-Infinity'), (1.0), (-1e-30), (1e100)",
     .twin =
         "UPDATE @t SET id = CASE WHEN scale(id) = 1 THEN id::numeric(9, 3) ELSE id::numeric(9, 1) END WHERE id = 1"},
    {.name = "Double",
     .columns = "id float8 PRIMARY KEY",
     .value = "g / 7.0::float8",
     // The last one is the end of the copy: it must not be rounded.
     .odd = "('-0'::float8), ('-Infinity'), (5e-324), (0.1::float8 + 0.2), (1234.5678)",
     .twin = "UPDATE @t SET id = -id WHERE id = 0"},
    {.name = "TimestampWithTimeZone",
     .columns = "id timestamptz PRIMARY KEY",
     .value = "'2021-10-30 00:00:00.123456+00'::timestamptz + g * interval '2 minutes'",
     .odd = "('infinity'::timestamptz), ('-infinity'), ('0044-03-15 12:00:00+00 BC'), ('1850-01-01 00:00:00+00'), "
            "('2021-10-31 00:30:00+00'), ('2021-10-31 01:30:00+00')"},
    {.name = "Timestamp",
     .columns = "id timestamp PRIMARY KEY",
     .value = "'1999-12-31'::timestamp + g * interval '1.000001 days'",
     .odd = "('infinity'::timestamp), ('-infinity'), ('0001-01-01 BC')"},
    {.name = "Date",
     .columns = "id date PRIMARY KEY",
     .value = "'1999-12-31'::date + g",
     .odd = "('infinity'::date), ('-infinity'), ('4713-01-01 BC')"},
    {.name = "Time",
     .columns = "id time PRIMARY KEY",
     .value = "'00:00'::time + g * interval '17.000001 seconds'",
     .odd = "('24:00'::time)"},
    {.name = "Interval",
     .columns = "id interval PRIMARY KEY",
     .value = "make_interval(days => g, secs => 0.5)",
     .odd = "('1 mon'::interval), ('-1 year -2 mons +3 days -04:05:06.000007'), ('0'), ('-0.000001 s')",
     .twin =
         "UPDATE @t SET id = CASE extract(month FROM id) WHEN 1 THEN '30 days' ELSE '1 mon' END::interval WHERE id = "
         "'1 mon'"},
};

const KeyShape kMoreShapes[] = {
    {.name = "ThreeColumnsInAnotherOrder",
     .columns = "a timestamptz, b uuid, c smallint, PRIMARY KEY (c, a, b)",
     .written = "a, b, c",
     .value = "'2021-10-30+00'::timestamptz + g * interval '1 minute', md5(g::text)::uuid, g % 7"},
    {.name = "FourColumns",
     .columns = "a bool, b numeric, c text COLLATE \"sv-x-icu\", d date, PRIMARY KEY (a, b, c, d)",
     .written = "a, b, c, d",
     .value = "g % 2 = 0, g / 100 + 0.0, 'ä' || g % 10, '2000-01-01'::date + g",
     .odd = "(true, 'NaN'::numeric, '', 'infinity'::date)"},
    {.name = "AscendingAndDescending",
     .columns = "a int NOT NULL, b text NOT NULL, c float8 NOT NULL",
     .written = "a, b, c",
     .value = "g / 100, 'b' || g / 10, g",
     .index = "CREATE UNIQUE INDEX ON @t (a DESC, b, c DESC)",
     .odd = "(1, '', 'NaN'::float8), (1, '', '-0')"},
    {.name = "IncludedColumns",
     .columns = "id int, i text, PRIMARY KEY (id) INCLUDE (i)",
     .written = "id, i",
     .value = "g, 'included ' || g"},
    {.name = "UniqueIndexWithoutPrimaryKey",
     .columns = "z int UNIQUE, id int NOT NULL",
     .index = "CREATE UNIQUE INDEX ON @t (id)"},
    {.name = "MadeFromAGeneratedColumn",
     .columns = "base int, id text GENERATED ALWAYS AS (base::text || '!') STORED PRIMARY KEY",
     .written = "base",
     .change = "ALTER TABLE @t ALTER COLUMN id DROP EXPRESSION"},
    {.name = "IdentityAlways",
     .columns = "id int GENERATED ALWAYS AS IDENTITY (START 100000) PRIMARY KEY",
     .change = "ALTER TABLE @t ALTER COLUMN id TYPE bigint",
     .twin = "INSERT INTO @t (v) VALUES ('numbered')",
     .overriding = "OVERRIDING SYSTEM VALUE",
     .rekeys = false},
    {.name = "IdentityByDefault",
     .columns = "id bigint GENERATED BY DEFAULT AS IDENTITY (START 100000) PRIMARY KEY",
     .twin = "INSERT INTO @t (v) VALUES ('numbered')"},
    {.name = "Serial",
     .columns = "id serial PRIMARY KEY",
     .index = "SELECT setval(pg_get_serial_sequence('@t', 'id'), 100000)",
     .twin = "INSERT INTO @t (v) VALUES ('numbered')"},
    {.name = "Enum",
     .columns = "id label PRIMARY KEY",
     .value = "('e' || g)::label",
     .setup =
         "DO $$ BEGIN EXECUTE (SELECT format('CREATE TYPE label AS ENUM (%s)', string_agg(quote_literal('e' || g), "
         "', ' ORDER BY md5(g::text))) FROM generate_series(0, 2700) g); END $$"},
    {.name = "Bytea",
     .columns = "id bytea PRIMARY KEY",
     .value = "decode('005c27' || lpad(to_hex(g), 4, '0') || '00', 'hex')",
     .odd = "(''::bytea), (decode('00', 'hex')), (decode('0000', 'hex')), (decode('ff', 'hex'))"},
    {.name = "Inet",
     .columns = "id inet PRIMARY KEY",
     .value = "'10.0.0.0'::inet + g * 3",
     .odd = "('10.0.0.0/8'::inet), ('::1'), ('10.1.2.3/8')"},
    {.name = "Macaddr", .columns = "id macaddr PRIMARY KEY", .value = "('08002b' || lpad(to_hex(g), 6, '0'))::macaddr"},
    {.name = "DomainOverInt", .columns = "id d PRIMARY KEY", .setup = "CREATE DOMAIN d AS int CHECK (VALUE > 0)"},
    {.name = "DomainOverText",
     .columns = "id d PRIMARY KEY",
     .value = "'d' || g",
     .setup = "CREATE DOMAIN d AS text COLLATE \"sv-x-icu\""},
    {.name = "BoolAndInt", .columns = "a bool, b int, PRIMARY KEY (a, b)", .written = "a, b", .value = "g % 2 = 0, g"},
    {.name = "Bits",
     .columns = "a varbit, b bit(16), PRIMARY KEY (a, b)",
     .written = "a, b",
     .value = "substring((g / 10)::bit(14) FOR 14 - g % 2), g::bit(16)",
     .odd = "(''::varbit, B'0000000000000000'), (B'0', B'0000000000000000')"},
    {.name = "Range",
     .columns = "id int4range PRIMARY KEY",
     .value = "int4range(g * 3, g * 3 + 2)",
     .odd = "('empty'::int4range), ('(,)'), ('(,5]'), ('[5,)')"},
    {.name = "HostileNames",
     .columns = R"("excluded" int, "Id ""x"" 'ö'" text, "k1" int, "m1" int, PRIMARY KEY ("k1", "Id ""x"" 'ö'", )"
                R"("excluded", "m1"))",
     .written = R"("excluded", "Id ""x"" 'ö'", "k1", "m1")",
     .value = "g, 'x' || g, g / 10, g % 10"},
    {.name = "OneHostileName", .columns = R"("SELECT; ""--" int PRIMARY KEY)", .written = R"("SELECT; ""--")"},
    {.name = "PrimaryKeyReplaced",
     .columns = "id int PRIMARY KEY, u bigint NOT NULL UNIQUE",
     .written = "id, u",
     .value = "g, 5000 - g",
     .change = "ALTER TABLE @t DROP CONSTRAINT @t_pkey, ADD PRIMARY KEY (u)",
     .dual_write = false},
    {.name = "PrimaryKeyDropped", .columns = "id int PRIMARY KEY", .change = "ALTER TABLE @t DROP CONSTRAINT @t_pkey"},
    {.name = "PrimaryKeyInAnotherOrder",
     .columns = "a int, b text, PRIMARY KEY (a, b)",
     .written = "a, b",
     .value = "g / 10, 'b' || g",
     .change = "ALTER TABLE @t DROP CONSTRAINT @t_pkey, ADD PRIMARY KEY (b, a)",
     .dual_write = false},
    {.name = "KeyRenamedAndWidened",
     .columns = "id int PRIMARY KEY",
     .change = "ALTER TABLE @t ALTER COLUMN id TYPE bigint; ALTER TABLE @t RENAME id TO n2",
     .dual_write = false},
    {.name = "BigintToInt",
     .columns = "id bigint PRIMARY KEY",
     .change = "ALTER TABLE @t ALTER COLUMN id TYPE int",
     .dual_write = false},
    {.name = "IntToNumeric", .columns = "id int PRIMARY KEY", .change = "ALTER TABLE @t ALTER COLUMN id TYPE numeric"},
    {.name = "NumericToWiderNumeric",
     .columns = "id numeric(9, 2) PRIMARY KEY",
     .value = "g / 4.0",
     .change = "ALTER TABLE @t ALTER COLUMN id TYPE numeric(12, 2)",
     .odd = "('NaN'::numeric)"},
    {.name = "VarcharToText",
     .columns = "id varchar(20) PRIMARY KEY",
     .value = "'é' || g",
     .change = "ALTER TABLE @t ALTER COLUMN id TYPE text"},
    {.name = "RealToDouble",
     .columns = "id real PRIMARY KEY",
     .value = "(g / 7.0)::real",
     .change = "ALTER TABLE @t ALTER COLUMN id TYPE float8",
     .odd = "('-0'::real), ('NaN'), ('Infinity')",
     .twin = "UPDATE @t SET id = -id WHERE id = 0"},
    {.name = "OneOfTwoWidened",
     .columns = "a int, b smallint, PRIMARY KEY (a, b)",
     .written = "a, b",
     .value = "g / 10, g % 10",
     .change = "ALTER TABLE @t ALTER COLUMN b TYPE bigint"},
};

const KeyShape kRefusedShapes[] = {
    {.name = "NoKey", .columns = "id int", .refusal = "the table has no unique index"},
    {.name = "NullableUnique", .columns = "id int UNIQUE", .refusal = "t_id_key: a column of it is not NOT NULL"},
    {.name = "PartialUnique",
     .columns = "id int NOT NULL",
     .index = "CREATE UNIQUE INDEX ON @t (id) WHERE id > 0",
     .refusal = "t_id_idx: it is partial"},
    {.name = "DeferrableUnique", .columns = "id int PRIMARY KEY DEFERRABLE", .refusal = "t_pkey: it is deferrable"},
    {.name = "ExpressionOnly",
     .columns = "id int NOT NULL",
     .index = "CREATE UNIQUE INDEX ON @t ((id + 1))",
     .refusal = "t_expr_idx: it has an expression"},
    {.name = "InvalidIndex",
     .columns = "id int PRIMARY KEY",
     .index = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = '@t_pkey'::regclass",
     .refusal = "index public.t_pkey: It is not valid"},
    {.name = "HashExclusionOnly",
     .columns = "id int NOT NULL, EXCLUDE USING hash (id WITH =)",
     .refusal = "the table has no unique index"},
    {.name = "GistExclusionOnly",
     .columns = "id int4range NOT NULL, EXCLUDE USING gist (id WITH &&)",
     .value = "int4range(g, g + 1)",
     .refusal = "the table has no unique index"},
    {.name = "NullsFirst",
     .columns = "id int NOT NULL",
     .index = "CREATE UNIQUE INDEX ON @t (id NULLS FIRST)",
     .refusal = "t_id_idx: its NULLS order is not the default"},
    {.name = "IndexOfAnotherCollation",
     .columns = "id text NOT NULL",
     .value = "'k' || g",
     .index = "CREATE UNIQUE INDEX ON @t (id COLLATE \"sv-x-icu\")",
     .refusal = "t_id_idx: its collation is not the column's"},
    {.name = "Array",
     .columns = "id int[] PRIMARY KEY",
     .value = "ARRAY[g]",
     .refusal = "t_pkey: a column of it is an array"},
    {.name = "RowType",
     .columns = "id pair PRIMARY KEY",
     .value = "ROW(g, 'x')::pair",
     .setup = "CREATE TYPE pair AS (a int, b text)",
     .refusal = "t_pkey: a column of it is an array, a composite"},
    {.name = "DomainOverRowType",
     .columns = "id d PRIMARY KEY",
     .value = "ROW(g, NULL)::pair",
     .setup = "CREATE TYPE pair AS (a int, b text); CREATE DOMAIN d AS pair",
     .refusal = "t_pkey: a column of it is an array, a composite"},
    {.name = "DomainOverArray",
     .columns = "id d PRIMARY KEY",
     .value = "ARRAY[g]",
     .setup = "CREATE DOMAIN d AS int[]",
     .refusal = "t_pkey: a column of it is an array"},
    {.name = "NotNullDomain",
     .columns = "id d PRIMARY KEY",
     .setup = "CREATE DOMAIN d AS int NOT NULL",
     .refusal = "a NOT NULL domain"},
    {.name = "DomainOverNotNullDomain",
     .columns = "id e PRIMARY KEY",
     .setup = "CREATE DOMAIN d AS int NOT NULL; CREATE DOMAIN e AS d",
     .refusal = "a NOT NULL domain"},
    {.name = "DomainOfAnotherCollation",
     .columns = "id d COLLATE \"sv-x-icu\" PRIMARY KEY",
     .value = "'k' || g",
     .setup = "CREATE DOMAIN d AS text COLLATE \"C\"",
     .refusal = "t_pkey: a column's collation is not that of its type"},
    {.name = "NameOfAnotherCollation",
     .columns = "id name COLLATE \"sv-x-icu\" PRIMARY KEY",
     .value = "'k' || g",
     .refusal = "t_pkey: a column's collation is not that of its type"},
    {.name = "Generated",
     .columns = "base int, id int GENERATED ALWAYS AS (base * 2) STORED PRIMARY KEY",
     .written = "base",
     .refusal = "t_pkey: the new shape generates a column of it"},
    {.name = "ColumnDropped",
     .columns = "a int, b int, PRIMARY KEY (a, b)",
     .written = "a, b",
     .value = "g, g",
     .change = "ALTER TABLE @t DROP COLUMN b",
     .refusal = "t_pkey: the change drops a column of it"},
    {.name = "Computed",
     .columns = "id int PRIMARY KEY",
     .change = "ALTER TABLE @t ALTER COLUMN id TYPE bigint USING id * 2",
     .refusal = "t_pkey: the change computes a column of it with USING"},
    {.name = "SortsDifferently",
     .columns = "id int PRIMARY KEY",
     .change = "ALTER TABLE @t ALTER COLUMN id TYPE text",
     .refusal = "t_pkey: the new type of a column of it"},
    {.name = "CollationChanged",
     .columns = "id text PRIMARY KEY",
     .value = "'k' || g",
     .change = "ALTER TABLE @t ALTER COLUMN id TYPE text COLLATE \"sv-x-icu\"",
     .refusal = "t_pkey: the new type of a column of it sorts differently"},
    {.name = "Rounds",
     .columns = "id numeric(9, 4) PRIMARY KEY",
     .value = "g / 8.0",
     .change = "ALTER TABLE @t ALTER COLUMN id TYPE numeric(9, 1)",
     .refusal = "t_pkey: the new type of a column of it can round or cut a key"},
};

std::string NameOf(const ::testing::TestParamInfo<KeyShape>& info) { return std::string(info.param.name); }

INSTANTIATE_TEST_SUITE_P(OneColumn, KeyShapeTest, ::testing::ValuesIn(kShapes), NameOf);
INSTANTIATE_TEST_SUITE_P(More, KeyShapeTest, ::testing::ValuesIn(kMoreShapes), NameOf);
INSTANTIATE_TEST_SUITE_P(Refused, KeyShapeTest, ::testing::ValuesIn(kRefusedShapes), NameOf);

}  // namespace
}  // namespace pgmoult::tests
