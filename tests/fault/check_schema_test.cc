// tools/check_schema.sh: it calls a rebuild identical, refused or different, and each of these can happen.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>

#include "fmt/format.h"
#include "tests/fault/folder.h"
#include "tests/fault/program.h"
#include "tests/support/database.h"
#include "tests/support/roles.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// Of the schema that the tests ship; more may become so.
constexpr int kIdenticalAtLeast = 30;

std::string Variable(const char* name, const std::string& absent) {
  const char* value = std::getenv(name);
  return value == nullptr ? absent : value;
}

std::string Quoted(const std::string& word) {
  return fmt::format("'{}'", std::regex_replace(word, std::regex("'"), R"('\'')"));
}

class CheckSchemaTest : public ::testing::Test {
 protected:
  static std::filesystem::path Source() { return Variable("PGMOULT_SOURCE_DIR", "."); }
  static std::string Binary() {
    return std::filesystem::absolute(Variable("PGMOULT_BINARY", "build/dev/pgmoult")).string();
  }

  // Runs the script to its end, with `program` as pgmoult. Other servers than Debian's have no pg_dump of their
  // version, so that is the one it uses. Whatever comes of it, neither file nor server is left.
  Ended Check(const std::string& arguments, const std::string& program = Binary()) const {
    const Folder temporary;
    const std::string command =
        fmt::format("unset PGMOULT_PG_BIN; TMPDIR={} PGMOULT={} timeout 500 {} {} 2>&1 </dev/null",
                    Quoted(temporary.path()), Quoted(program), Quoted(Source() / "tools/check_schema.sh"), arguments);
    FILE* const pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) {
      throw std::runtime_error("no shell");
    }
    Ended ended;
    std::array<char, 4096> buffer{};
    for (size_t got = 0; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
      ended.output.append(buffer.data(), got);
    }
    const int status = pclose(pipe);
    ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    EXPECT_TRUE(std::filesystem::is_empty(temporary.path())) << "its folder is left:\n" << ended.output;
    return ended;
  }

  std::string Write(const std::string& name, std::string_view text) const {
    const std::filesystem::path path = folder_.path() / name;
    std::ofstream(path) << text;
    std::filesystem::permissions(path, std::filesystem::perms::all);
    return path.string();
  }
  Ended CheckScript(std::string_view sql, const std::string& program = Binary()) const {
    return Check("--from " + Quoted(Write("schema.sql", sql)), program);
  }

  Folder folder_;
};

TEST_F(CheckSchemaTest, NothingDiffersInTheRegressionSchema) {
  const Ended checked = Check("--from " + Quoted(Source() / "tests/support/regression_schema.sql"));
  EXPECT_EQ(checked.code, 0) << checked.output;
  const std::regex summary(R"((\d+) tables: (\d+) identical, (\d+) refused( \(.*\))?, 0 different\n$)");
  std::smatch parts;
  ASSERT_TRUE(std::regex_search(checked.output, parts, summary)) << checked.output;
  EXPECT_GE(std::stoi(parts[2]), kIdenticalAtLeast) << checked.output;
  EXPECT_EQ(std::stoi(parts[1]), std::stoi(parts[2]) + std::stoi(parts[3])) << checked.output;
}

TEST_F(CheckSchemaTest, TablesAreNamedWithTheReasonsOfARefusal) {
  const Ended checked = CheckScript(R"sql(
CREATE TABLE good (id int PRIMARY KEY, v text);
CREATE TABLE "no ""key" (v text);
CREATE TABLE seen (v text) INHERITS (good);
)sql");
  EXPECT_EQ(checked.code, 0) << checked.output;
  EXPECT_THAT(checked.output, HasSubstr("refused public.\"no \"\"key\": no_key\n"));
  EXPECT_THAT(checked.output, HasSubstr("refused public.seen: "));
  EXPECT_THAT(checked.output, HasSubstr("3 tables: "));
  EXPECT_THAT(checked.output, HasSubstr("no_key: 1"));
  EXPECT_THAT(checked.output, EndsWith(", 0 different\n"));
}

TEST_F(CheckSchemaTest, ADefinitionThatIsLostIsADifference) {
  const Ended checked = CheckScript(R"sql(
CREATE TABLE t (id int PRIMARY KEY, v text);
CREATE TABLE u (id int PRIMARY KEY);
COMMENT ON COLUMN t.v IS 'not for long';
CREATE FUNCTION forget() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN COMMENT ON COLUMN public.t.v IS NULL; END $$;
CREATE EVENT TRIGGER forgetful ON ddl_command_end WHEN TAG IN ('DROP SCHEMA', 'DROP TABLE') EXECUTE FUNCTION forget();
)sql");
  EXPECT_EQ(checked.code, 1) << checked.output;
  EXPECT_THAT(checked.output, HasSubstr("DIFFERENT public.t\n"));
  EXPECT_THAT(checked.output, HasSubstr("\n    -COMMENT ON COLUMN public.t.v IS 'not for long';\n"));
  EXPECT_THAT(checked.output, HasSubstr("identical public.u\n")) << "the loss is counted once";
  EXPECT_THAT(checked.output, EndsWith("2 tables: 1 identical, 0 refused, 1 different\n"));
}

TEST_F(CheckSchemaTest, WhatADumpDoesNotShowIsADifferenceToo) {
  // The program, and then a fault in what it leaves.
  const std::string faulty = Write("faulty", fmt::format(R"sh(#!/usr/bin/env bash
set -euo pipefail
{} "$@"
[[ "$1" == finalize ]] || exit 0
while [[ "$1" != -h ]]; do shift; done
psql -X -q -h "$2" -p 5432 -U postgres -d schema_copy -c "SELECT setval('public.t_id_seq', 1)"
)sh",
                                                         Quoted(Binary())));
  const Ended checked = CheckScript("CREATE TABLE t (id serial PRIMARY KEY)", faulty);
  EXPECT_EQ(checked.code, 1) << checked.output;
  EXPECT_THAT(checked.output, HasSubstr("DIFFERENT public.t\n"));
  EXPECT_THAT(checked.output, HasSubstr("t_id_seq"));
  EXPECT_THAT(checked.output, EndsWith("1 tables: 0 identical, 0 refused, 1 different\n"));
}

TEST_F(CheckSchemaTest, PrivilegesInAnotherOrderAreNoDifference) {
  const std::string script = R"sql(
CREATE TABLE t (id int PRIMARY KEY);
GRANT SELECT ON t TO one;
GRANT SELECT ON t TO two;
)sql";
  const std::string reordering = Write("reordering", fmt::format(R"sh(#!/usr/bin/env bash
set -euo pipefail
{} "$@"
[[ "$1" == finalize ]] || exit 0
while [[ "$1" != -h ]]; do shift; done
psql -X -q -h "$2" -p 5432 -U postgres -d schema_copy -c "REVOKE SELECT ON t FROM one, two" \
  -c "GRANT SELECT ON t TO two" -c "GRANT SELECT ON t TO one"
)sh",
                                                                 Quoted(Binary())));
  const Ended checked = CheckScript(script, reordering);
  EXPECT_EQ(checked.output, "identical public.t\n1 tables: 1 identical, 0 refused, 0 different\n");
}

TEST_F(CheckSchemaTest, ARunThatFailsIsNotCalledIdentical) {
  const std::string failing = Write("failing", "#!/bin/sh\necho no such luck >&2\nexit 1\n");
  const Ended checked = CheckScript("CREATE TABLE t (id int PRIMARY KEY)", failing);
  EXPECT_EQ(checked.code, 1) << checked.output;
  EXPECT_THAT(checked.output, HasSubstr("FAILED public.t\n    no such luck\n"));
  EXPECT_THAT(checked.output, EndsWith("1 tables: 0 identical, 0 refused, 0 different, 1 failed\n"));
}

TEST_F(CheckSchemaTest, ADatabaseIsReadAndNotTouched) {
  const TestDatabase database;
  Session session(database);
  EnsureRole(session, "check Owner");
  EnsureRole(session, "check_group");
  // Without its group, the owner could not make the new table.
  session.Exec(R"sql(
GRANT check_group TO "check Owner";
CREATE SCHEMA shop;
GRANT USAGE, CREATE ON SCHEMA shop TO check_group;
CREATE TABLE shop.t (id int PRIMARY KEY, v text);
ALTER TABLE shop.t OWNER TO "check Owner";
INSERT INTO shop.t VALUES (1, 'one');
)sql");
  const std::string state =
      "SELECT concat_ws(' ', 'shop.t'::regclass::oid, (SELECT count(*) FROM shop.t), (SELECT count(*) FROM pg_class), "
      "(SELECT count(*) FROM pg_namespace))";
  const std::string before = session.Scalar<std::string>(state);
  const Ended checked = Check(Quoted(database.Dsn()));
  EXPECT_EQ(checked.code, 0) << checked.output;
  EXPECT_EQ(checked.output, "identical shop.t\n1 tables: 1 identical, 0 refused, 0 different\n");
  EXPECT_EQ(session.Scalar<std::string>(state), before);
}

TEST_F(CheckSchemaTest, ASchemaThatCannotBeCopiedIsAnError) {
  const Ended checked = CheckScript("CREATE TABLE t (id no_such_type)");
  EXPECT_EQ(checked.code, 1) << checked.output;
  EXPECT_THAT(checked.output, AllOf(HasSubstr("no_such_type"), Not(HasSubstr("tables:"))));
}

TEST_F(CheckSchemaTest, WrongUsageIsTwoAndRepeatsNoPassword) {
  for (const char* arguments : {"--frob", "a b", "--from", "--from /nonexistent", "--from /dev/null dbname=a",
                                "'host=h password = Sesame'", "postgresql://u:Sesame@h/d"}) {
    const Ended checked = Check(arguments);
    EXPECT_EQ(checked.code, 2) << arguments << "\n" << checked.output;
    EXPECT_THAT(checked.output, AllOf(HasSubstr("usage: "), Not(HasSubstr("Sesame"))));
  }
}

}  // namespace
}  // namespace pgmoult::tests
