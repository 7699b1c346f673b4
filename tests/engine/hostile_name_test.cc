// Names and expressions that try to become statements: they change nothing but their own text.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "boost/json/parse.hpp"
#include "engine/control.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/sql_text.h"
#include "pg/status.h"
#include "tests/fault/program.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/roles.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

using pg::Ident;
using pg::Literal;

constexpr size_t kLongest = 63;  // bytes, NAMEDATALEN - 1
constexpr size_t kNamesPerTable = 17;
constexpr size_t kTables = 12;

constexpr std::string_view kNastiest[] = {"\"",
                                          "\"\"",
                                          "'",
                                          "''",
                                          "\\",
                                          "\\'",
                                          "\\\"",
                                          "%",
                                          "%s%n",
                                          "%1$s",
                                          "{}",
                                          "{0}",
                                          "{",
                                          "$$",
                                          "$pgmoult$",
                                          "$1",
                                          "$",
                                          "--",
                                          "-- x\n",
                                          "/*",
                                          "*/",
                                          "/* */",
                                          ";",
                                          "; DROP TABLE public.canary; --",
                                          "'; DROP TABLE public.canary; --",
                                          "\"; DROP TABLE public.canary; --",
                                          "$$; DROP TABLE public.canary; --",
                                          "$pgmoult$; DROP TABLE public.canary; --",
                                          "*/ DROP TABLE public.canary; /*",
                                          "E'\\'",
                                          "U&\"\\0041\"",
                                          "\n",
                                          "\t",
                                          "\r\n",
                                          " ",
                                          "  x  ",
                                          "a.b",
                                          "a\".\"b",
                                          "public.canary",
                                          "::text",
                                          ":name",
                                          "?",
                                          "NULL",
                                          "select",
                                          "TABLE",
                                          "User",
                                          "ÄÖÜ",
                                          "語",
                                          "😀",
                                          "e\xcc\x81",
                                          "\xc3\xa9",
                                          "a\x01z",
                                          "\x7f",
                                          "new",
                                          "old",
                                          "excluded",
                                          "tg_relid",
                                          "pgmoult_k1",
                                          "c1",
                                          "m1",
                                          "\xe2\x80\xae",
                                          "a=b",
                                          "a b=c d",
                                          "\x1b[31m"};

// 204 different names, the same in every run.
std::vector<std::string> Names() {
  std::vector<std::string> names(std::begin(kNastiest), std::end(kNastiest));
  std::set<std::string> seen(names.begin(), names.end());
  std::mt19937 random(4711);
  const auto below = [&random](size_t end) { return static_cast<size_t>(random()) % end; };
  while (names.size() < kNamesPerTable * kTables) {
    std::string name;
    // Every third one is as long as a name can be.
    const size_t parts = names.size() % 3 == 0 ? 100 : 2 + below(4);
    for (size_t i = 0; i < parts; ++i) {
      const std::string_view part = kNastiest[below(std::size(kNastiest))];
      if (name.size() + part.size() <= kLongest) {
        name += part;
      }
    }
    if (!name.starts_with("pg_") && !name.starts_with("pgmoult_") && seen.insert(name).second) {
      names.push_back(name);
    }
  }
  // Spread, so that each table has some of the fixed ones.
  std::shuffle(names.begin(), names.end(), random);
  return names;
}

// A table with everything that bears a name, and the change that is made of it.
struct HostileTable {
  HostileTable(const std::vector<std::string>& names, size_t number) {
    const auto name = [&names, number](size_t i) { return names[number * kNamesPerTable + i]; };
    owner = name(0);
    while (owner.starts_with("pgmoult")) {  // of tables these are reserved, of roles not
      owner += "x";
    }
    schema = name(1);
    table = pg::QualifiedName(name(1), name(2).starts_with("pgmoult_") ? "_" + name(2) : name(2));
    key = Ident(name(3));
    half = Ident(name(4));
    value = Ident(name(5));
    setup = {
        fmt::format("CREATE SCHEMA {}", Ident(schema)),
        fmt::format("CREATE SEQUENCE {}.{}", Ident(schema), Ident(name(6))),
        fmt::format("CREATE TABLE {} ({} int, {} text, {} text DEFAULT {}, {} int DEFAULT nextval({}), {} text, "
                    "CONSTRAINT {} PRIMARY KEY ({}, {}), CONSTRAINT {} UNIQUE ({}), CONSTRAINT {} CHECK ({} <> {}))",
                    table, key, half, value, Literal(name(5)), Ident(name(7)),
                    Literal(pg::QualifiedName(schema, name(6)).Quoted()), Ident(name(8)), Ident(name(9)), key, half,
                    Ident(name(10)), Ident(name(7)), Ident(name(11)), value, Literal(name(11))),
        fmt::format("ALTER SEQUENCE {}.{} OWNED BY {}.{}", Ident(schema), Ident(name(6)), table, Ident(name(7))),
        fmt::format("CREATE INDEX {} ON {} (({} || {}))", Ident(name(12)), table, value, Literal(name(12))),
        fmt::format("CREATE STATISTICS {}.{} ON {}, {} FROM {}", Ident(schema), Ident(name(13)), key, value, table),
        fmt::format("COMMENT ON COLUMN {}.{} IS {}", table, value, Literal(name(13))),
        fmt::format("INSERT INTO {} ({}, {}, {}) SELECT g, {} || g, {} FROM generate_series(1, 300) g", table, key,
                    half, value, Literal(name(4)), Literal(name(3))),
    };
    change = fmt::format(
        "ALTER TABLE {0} ALTER COLUMN {1} TYPE bigint, ADD COLUMN {2} text DEFAULT {3}, ALTER COLUMN "
        "{4} TYPE varchar USING {4} || {5}",
        table, key, Ident(name(14)), Literal(name(14)), value, Literal(name(15)));
    // A new constraint keeps writes from going through.
    change += number % 3 == 0 ? fmt::format(", ADD CONSTRAINT {} CHECK ({} IS NULL OR {} <> {})", Ident(name(15)),
                                            Ident(name(8)), Ident(name(8)), Literal(name(8)))
                              : "";
    change += fmt::format("; ALTER TABLE {} RENAME COLUMN {} TO {}", table, Ident(name(8)), Ident(name(16)));
    write = fmt::format(
        "UPDATE {0} SET {1} = 'written' WHERE {2} % 7 = 0; UPDATE {0} SET {2} = {2} + 1000 WHERE {2} % "
        "11 = 0; DELETE FROM {0} WHERE {2} % 13 = 0; INSERT INTO {0} ({2}, {3}) VALUES (5000, {4})",
        table, value, key, half, Literal(name(2)));
  }

  std::string owner;
  std::string schema;
  pg::QualifiedName table;
  Ident key;
  Ident half;
  Ident value;
  std::vector<std::string> setup;
  std::string change;
  std::string write;  // while the change is under way
};

class HostileNameTest : public ::testing::Test {
 protected:
  HostileNameTest() {
    for (Session* session : {&online_, &native_}) {
      session->Exec("CREATE TABLE public.canary (sings bool); INSERT INTO public.canary VALUES (true)");
    }
  }
  static void Make(const TestDatabase& database, Session& superuser, const HostileTable& hostile) {
    MakeOwner(superuser, database, hostile.owner);
    Session owner(database, hostile.owner);
    for (const std::string& statement : hostile.setup) {
      owner.Exec(statement);
    }
  }
  // Definitions and rows of the whole database, by PostgreSQL's own program. Newer ones put a random word into lines of
  // psql's, which are left out.
  static std::string Dump(const TestDatabase& database) {
    const std::string command = fmt::format("{}/pg_dump --dbname='{}' 2>&1 | sed '/^.\\(un\\)\\?restrict /d'",
                                            database.server().bin_dir(), database.Dsn());
    FILE* const pipe = popen(command.c_str(), "r");
    std::string text;
    std::array<char, 4096> buffer{};
    for (size_t got = 0; pipe != nullptr && (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
      text.append(buffer.data(), got);
    }
    if (pipe == nullptr || pclose(pipe) != 0 || text.find("PostgreSQL database dump complete") == std::string::npos) {
      throw std::runtime_error("pg_dump: " + text);
    }
    return text;
  }
  bool Sings(Session& session) {
    return session.Scalar<bool>("SELECT count(*) = 1 AND bool_and(sings) FROM public.canary");
  }

  TestDatabase online_database_;
  TestDatabase native_database_;
  Session online_{online_database_};
  Session native_{native_database_};
};

TEST_F(HostileNameTest, TwoHundredNamesEndAsAPlainAlterTableLeavesThem) {
  const std::vector<std::string> names = Names();
  ASSERT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 204U);
  for (size_t number = 0; number < kTables; ++number) {
    const HostileTable hostile(names, number);
    SCOPED_TRACE(fmt::format("{}: {}", number, hostile.change));
    Make(native_database_, native_, hostile);
    Session owner(native_database_, hostile.owner);
    owner.Exec(hostile.write);
    owner.Exec(hostile.change);

    Make(online_database_, online_, hostile);
    const engine::Target target = TargetOf(online_database_, hostile.owner);
    engine::Observer observer;
    observer.on_event = [this, &hostile](std::string_view kind, const std::string& text, const boost::json::value&) {
      if (kind == "stage" && text == "verify") {
        Session(online_database_, hostile.owner).Exec(hostile.write);
      }
    };
    const auto report = RunChange(target, hostile.change, SmallOptions(), observer);
    ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
    EXPECT_EQ(report->repaired, 0);
    EXPECT_GT(report->rows_replayed, 0);
    const auto finalized = RunSync(engine::Finalize(target, 1));
    ASSERT_TRUE(finalized.ok()) << pg::Describe(finalized.status());
    const auto cleaned = RunSync(engine::Cleanup(target));
    ASSERT_TRUE(cleaned.ok()) << pg::Describe(cleaned.status());
  }
  EXPECT_EQ(Leftovers(online_), "");
  EXPECT_TRUE(Sings(online_));
  // Rows lie where each way of changing has put them; their order says nothing.
  const auto lines = [](const std::string& dump) {
    std::vector<std::string> sorted;
    std::string_view rest = dump;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find('\n'), rest.size() - 1);
      sorted.emplace_back(rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
    std::ranges::sort(sorted);
    return sorted;
  };
  std::vector<std::string> only_native;
  std::vector<std::string> only_online;
  const std::vector<std::string> native = lines(Dump(native_database_));
  const std::vector<std::string> online = lines(Dump(online_database_));
  std::ranges::set_difference(native, online, std::back_inserter(only_native));
  std::ranges::set_difference(online, native, std::back_inserter(only_online));
  EXPECT_THAT(only_native, ::testing::IsEmpty());
  EXPECT_THAT(only_online, ::testing::IsEmpty());
}

// A value of a conninfo string.
std::string Conninfo(const std::string& value) {
  std::string text = "'";
  for (const char c : value) {
    text += c == '\'' || c == '\\' ? fmt::format("\\{}", c) : std::string(1, c);
  }
  return text + "'";
}

// Every line as JSON; what does not parse fails the test.
void ExpectJson(const std::string& output) {
  std::string_view rest = output;
  EXPECT_FALSE(rest.empty());
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    boost::system::error_code error;
    boost::json::parse(line, error);
    EXPECT_FALSE(error) << line;
  }
}

TEST_F(HostileNameTest, TheProgramTakesThemInEveryCommandAndItsJsonParses) {
  const std::string name = "'; DROP TABLE public.canary; -- \"\\ %s \n語 a=b";
  online_.Exec(fmt::format("DROP DATABASE IF EXISTS {} WITH (FORCE)", Ident(name)));
  online_.Exec(fmt::format("CREATE DATABASE {} TEMPLATE template0", Ident(name)));
  const HostileTable hostile(Names(), 3);
  EnsureRole(online_, hostile.owner);
  online_.Exec(fmt::format("GRANT CREATE ON DATABASE {} TO {}", Ident(name), Ident(hostile.owner)));
  const std::string dsn = fmt::format("host={} port={} dbname={} user={}", online_database_.server().socket_dir(),
                                      online_database_.server().port(), Conninfo(name), Conninfo(hostile.owner));
  {
    Session owner(pg::ConnectOptions{.keywords = {{"dbname", dsn}}});
    for (const std::string& statement : hostile.setup) {
      owner.Exec(statement);
    }
    const auto command = [&dsn](const std::string& verb, std::vector<std::string> more = {}) {
      more.insert(more.begin(), {verb, "--dsn", dsn});
      Ended ended = RunProgram(more);
      EXPECT_EQ(ended.code, 0) << verb << ": " << ended.output;
      EXPECT_EQ(std::ranges::count(ended.output, '\x1b'), 0) << "a name reaches the terminal as it is";
      return ended.output;
    };
    command("plan", {"--alter", hostile.change});
    ExpectJson(command("plan", {"--alter", hostile.change, "--json"}));
    Program run({"run", "--dsn", dsn, "--alter", hostile.change, "--json", "--postpone-cutover"});
    EXPECT_TRUE(Eventually([&run] { return run.output().find("postponed") != std::string::npos; })) << run.output();
    ExpectJson(command("status", {"--json"}));
    ExpectJson(command("status", {"1", "--json"}));
    for (const char* verb : {"status", "pause", "continue", "cutover"}) {
      command(verb, {"1"});
    }
    EXPECT_EQ(run.Wait(), 0) << run.output();
    ExpectJson(run.output());
    command("finalize", {"1"});
    Program rebuild({"run", "--dsn", dsn, "--table", hostile.table.Quoted(), "--postpone-cutover"});
    EXPECT_TRUE(Eventually([&rebuild] { return rebuild.output().find("postponed") != std::string::npos; }));
    command("abort", {"2"});
    EXPECT_EQ(rebuild.Wait(), 1);
    command("cleanup");
    EXPECT_EQ(Leftovers(owner), "");
  }
  online_.Exec(fmt::format("DROP DATABASE {} WITH (FORCE)", Ident(name)));
  EXPECT_TRUE(Sings(online_));
}

constexpr std::string_view kExpressions[] = {
    "v); DROP TABLE public.canary; --",
    "v; DROP TABLE public.canary",
    "v -- ) ; DROP TABLE public.canary",
    "v /* ; DROP TABLE public.canary",
    "v */ ; DROP TABLE public.canary /*",
    "v /* */ || '/*' || '--'",
    "v || '''; DROP TABLE public.canary; --'",
    "v || $$'; DROP TABLE public.canary; --$$",
    "v || $pgmoult$'; DROP TABLE public.canary; --$pgmoult$",
    "v || '$pgmoult$; DROP TABLE public.canary; --'",
    "v || '$pgmoult$ LANGUAGE sql SECURITY INVOKER AS $pgmoult$'",
    R"(v || '\'; DROP TABLE public.canary; --')",
    R"(v || '\' || '); DROP TABLE public.canary; --')",
    R"(v || '\')",
    R"(v || E'\'; DROP TABLE public.canary; --')",
    R"(v || E'\\')",
    R"(v || E'\x27; DROP TABLE public.canary; --')",
    R"(v || U&'\0027; DROP TABLE public.canary; --')",
    "v || '%s %I {} {0} %1$s'",
    "(SELECT v FROM public.canary)",
    "(DELETE FROM public.canary RETURNING sings)",
    "(WITH gone AS (DELETE FROM public.canary RETURNING 1) SELECT v)",
    "v) FROM public.canary; --",
    "public.kills(v)",
    "v AS pgmoult_value FROM public.canary; --",
};

// With strings that are not standard, the server would read some of them in another way than our parser does.
TEST_F(HostileNameTest, AnExpressionDoesNothingBeyondItself) {
  MakeOwner(online_, online_database_, "hostile_owner");
  // It could drop the canary.
  online_.Exec(
      "ALTER TABLE public.canary OWNER TO hostile_owner; ALTER ROLE hostile_owner SET standard_conforming_strings = "
      "off;"
      "ALTER ROLE hostile_owner SET backslash_quote = on; ALTER ROLE hostile_owner SET quote_all_identifiers = on");
  const engine::Target target = TargetOf(online_database_, "hostile_owner");
  Session owner(online_database_, "hostile_owner");
  owner.Exec(
      "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'one'); CREATE FUNCTION kills(text) "
      "RETURNS text LANGUAGE plpgsql AS 'BEGIN DROP TABLE public.canary; RETURN $1; END'");
  int accepted = 0;
  for (const std::string_view expression : kExpressions) {
    for (const char* form : {"ALTER TABLE t ALTER COLUMN v TYPE text USING {}", "ALTER TABLE t ADD w text DEFAULT {}",
                             "ALTER TABLE t ADD CHECK (({}) <> '')"}) {
      const std::string change = fmt::format(fmt::runtime(form), expression);
      SCOPED_TRACE(change);
      const auto parsed = engine::ParseChange(change);
      const auto plan = parsed.ok() ? RunSync(engine::MakePlan(target, *parsed, {})) : parsed.status();
      if (plan.ok() && !plan->refused() && change.find("USING") != std::string::npos) {
        // Every second one is carried out.
        if (++accepted % 2 == 0) {
          continue;
        }
        const std::string was = owner.Scalar<std::string>("SELECT v FROM t");
        const auto report = RunChange(target, change);
        EXPECT_TRUE(report.ok()) << pg::Describe(report.status());
        const auto ended = RunSync(report.ok() ? engine::Finalize(target, 1) : engine::Abort(target, 1));
        EXPECT_TRUE(ended.ok()) << pg::Describe(ended.status());
        EXPECT_TRUE(RunSync(engine::Cleanup(target)).ok());
        // What it says in standard strings, and nothing else.
        EXPECT_EQ(
            owner.Scalar<std::string>("SELECT v FROM t"),
            online_.Scalar<std::string>(fmt::format("SELECT {}\n FROM (SELECT {} AS v) x", expression, Literal(was))));
        owner.Exec("UPDATE t SET v = 'one'");
      }
      EXPECT_EQ(Leftovers(online_), "");
      ASSERT_TRUE(Sings(online_));
    }
  }
  EXPECT_EQ(accepted, 14);
  online_.Exec("ALTER ROLE hostile_owner RESET ALL");
}

}  // namespace
}  // namespace pgmoult::tests
