#include "tests/support/oracle.h"

#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "fmt/format.h"
#include "pg/sql_text.h"
#include "tests/support/server.h"

namespace pgmoult::tests {
namespace {

constexpr std::string_view kDebianPrograms = "/usr/lib/postgresql/15/bin";
constexpr int kDebianVersion = 15;
constexpr int kDifferencesShown = 40;
constexpr size_t kLineShown = 600;

// As catalog_oracle.sql does: a varchar IN-list looks different before and after it went through text.
std::string WithPlainLists(const std::string& line) {
  if (!absl::StrContains(line, "::character varying")) {
    return line;
  }
  static const std::string kLiteral = R"(E?'(?:[^']|'')*'::character varying(?:\(\d+\))?)";
  static const std::string kList = fmt::format(R"(ARRAY\[(?:{}(?:, )?)+\])", kLiteral);
  static const std::regex kCastLiteral(fmt::format(R"(\(({0})\)::text(?!\[)|({0})::text(?!\[))", kLiteral));
  static const std::regex kCastList(fmt::format(R"(\(({0})\)::text\[\]|({0})::text\[\])", kList));
  return std::regex_replace(std::regex_replace(line, kCastLiteral, "$1$2"), kCastList, "$1$2");
}

// "-- Name: t; Type: TABLE; Schema: public; Owner: o" is "TABLE public.t"; "" for any other line.
std::string ObjectOfHeader(const std::string& line) {
  static const std::regex kHeader("^-- Name: (.*); Type: (.*); Schema: (.*); Owner: ?(.*)$");
  std::smatch match;
  return std::regex_match(line, match, kHeader) ? fmt::format("{} {}.{}", match.str(2), match.str(3), match.str(1))
                                                : "";
}

}  // namespace

std::string SourcePath(const std::string& path) {
  const char* const root = std::getenv("PGMOULT_SOURCE_DIR");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  if (root == nullptr) {
    throw std::runtime_error("PGMOULT_SOURCE_DIR is not set: it names the project's folder");
  }
  return fmt::format("{}/{}", root, path);
}

std::string ReadWholeFile(const std::string& path) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) {
    throw std::runtime_error("cannot read " + path);
  }
  return text;
}

CommandResult RunCommand(const std::string& command) {
  FILE* const pipe = popen(fmt::format("{{ {}\n}} 2>&1", command).c_str(), "r");
  if (pipe == nullptr) {
    throw std::runtime_error("cannot start: " + command);
  }
  CommandResult result;
  std::array<char, 4096> buffer{};
  for (size_t got = 0; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    result.output.append(buffer.data(), got);
  }
  const int status = pclose(pipe);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

std::string ClientPrograms(const TestDatabase& database) {
  const std::string& beside = database.server().bin_dir();
  return std::filesystem::exists(beside + "/psql") ? beside : std::string(kDebianPrograms);
}

std::vector<std::string> CatalogLines(Session& superuser) {
  static const std::string kOracle = ReadWholeFile(SourcePath("tests/support/catalog_oracle.sql"));
  const pg::Result result = superuser.Exec(kOracle);
  std::vector<std::string> lines;
  for (int row = 0; row < result.rows(); ++row) {
    lines.emplace_back(result.Text(row, 0));
  }
  return lines;
}

// pg_dump reads no server newer than itself, and of the test servers only Debian's has one beside it.
bool HasDump(const TestDatabase& database) {
  static const bool kDebianReads = ServerMajor() <= kDebianVersion;
  return std::filesystem::exists(database.server().bin_dir() + "/pg_dump") ||
         (kDebianReads && std::filesystem::exists(fmt::format("{}/pg_dump", kDebianPrograms)));
}

std::vector<std::string> DumpLines(const TestDatabase& database) {
  if (!HasDump(database)) {
    return {};
  }
  const CommandResult dump =
      RunCommand(fmt::format("'{}/pg_dump' --schema-only --dbname='{}'", ClientPrograms(database), database.Dsn()));
  if (dump.exit_code != 0 || !absl::StrContains(dump.output, "PostgreSQL database dump complete")) {
    throw std::runtime_error("pg_dump: " + dump.output);
  }
  return LinesOfDump(dump.output);
}

std::vector<std::string> LinesOfDump(const std::string& dump) {
  std::map<std::string, std::vector<std::string>> objects;
  std::string object;
  std::istringstream text(dump);
  for (std::string line; std::getline(text, line);) {
    if (std::string next = ObjectOfHeader(line); !next.empty()) {
      object = std::move(next);
    }
    // Newer programs put a random word into two lines of psql's. What a table's place and access method are is set for
    // all that follow, where it changes: catalog_oracle.sql says it for each.
    const bool noise = line.empty() || line == "--" || line.starts_with("-- PostgreSQL database dump") ||
                       line.starts_with("\\restrict") || line.starts_with("\\unrestrict") ||
                       line.starts_with("SET default_table");
    if (!noise) {
      objects[object].push_back(WithPlainLists(line));
    }
  }
  std::vector<std::string> lines;
  for (auto& [name, its_lines] : objects) {
    // Grants come in the order of the ACL, in which nothing lies.
    if (name.starts_with("ACL ") || name.starts_with("DEFAULT ACL ")) {
      std::ranges::sort(its_lines);
    }
    for (const std::string& line : its_lines) {
      lines.push_back(fmt::format("{} | {}", name, line));
    }
  }
  return lines;
}

std::vector<std::string> RowLines(Session& superuser, const std::string& without) {
  const pg::Result relations = superuser.Exec(
      "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c "
      "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE (c.relkind IN ('r', 'p', 'v') OR "
      "(c.relkind = 'm' AND c.relispopulated)) AND n.nspname NOT IN ('pg_catalog', 'information_schema') "
      "AND n.nspname !~ '^(pg_toast|pg_temp_|pgmoult)' ORDER BY 1");
  std::vector<std::string> queries;
  for (int row = 0; row < relations.rows(); ++row) {
    const std::string name(relations.Text(row, 0));
    const std::string values =
        without.empty() ? "t::pg_catalog.text"
                        : fmt::format("(pg_catalog.to_jsonb(t) - {})::pg_catalog.text", pg::Literal(without));
    queries.push_back(fmt::format("SELECT {} || ': ' || {} FROM {} t", pg::Literal(name), values, name));
  }
  std::vector<std::string> lines;
  if (!queries.empty()) {
    const pg::Result rows = superuser.Exec(absl::StrJoin(queries, " UNION ALL "));
    for (int row = 0; row < rows.rows(); ++row) {
      lines.emplace_back(rows.Text(row, 0));
    }
  }
  std::ranges::sort(lines);
  return lines;
}

std::string LineDifference(const std::vector<std::string>& natively, const std::vector<std::string>& online) {
  if (natively == online) {
    return "";
  }
  std::map<std::string, int> counts;
  for (const std::string& line : natively) {
    ++counts[line];
  }
  for (const std::string& line : online) {
    --counts[line];
  }
  std::string difference;
  int shown = 0;
  for (const auto& [line, balance] : counts) {
    if (balance != 0 && ++shown <= kDifferencesShown) {
      difference +=
          fmt::format("{} {}\n", balance > 0 ? "only natively:" : "only online:  ", line.substr(0, kLineShown));
    }
  }
  if (shown > kDifferencesShown) {
    difference += fmt::format("and {} more lines\n", shown - kDifferencesShown);
  }
  return difference.empty() ? "the same lines in another order\n" : difference;
}

}  // namespace pgmoult::tests
