#include "engine/dead_man.h"

#include <utility>

#include "fmt/format.h"
#include "pg/macros.h"
#include "pg/sql_text.h"
#include "pg/task_group.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;

pg::QualifiedName SignOfLife(const Design& design) { return {design.schema_new, "pgmoult_sign_of_life"}; }

pg::QualifiedName Flag(const Design& design) { return {design.schema_new, "pgmoult_lapsed"}; }

constexpr char kNow[] = "pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::pg_catalog.int8";

Awaitable<absl::Status> RunAsOwner(pg::Connection& connection, const Design& design, std::vector<std::string> texts,
                                   std::vector<pg::Result>& answers) {
  texts.insert(texts.begin(), fmt::format("SET LOCAL ROLE {}", pg::Ident(design.owner)));
  std::vector<pg::Statement> statements;
  for (const std::string& text : texts) {
    statements.push_back({fmt::format("/* pgmoult:dead_man */ {}", text), {}});
  }
  CO_ASSIGN_OR_RETURN(answers, co_await connection.Pipeline(std::move(statements)));
  co_return absl::OkStatus();
}

// In a transaction of its own; the last statement's answer.
Awaitable<absl::StatusOr<pg::Result>> AsOwner(pg::Connection& connection, const Design& design,
                                              std::vector<std::string> texts) {
  std::vector<pg::Result> answers;
  CO_RETURN_IF_ERROR(co_await pg::InTransaction(connection, "/* pgmoult:dead_man */ BEGIN",
                                                RunAsOwner(connection, design, std::move(texts), answers)));
  co_return std::move(answers.back());
}

}  // namespace

std::vector<std::string> CreateDeadManSql(const Design& design) {
  if (design.dead_man_s == 0) {
    return {};
  }
  std::vector<std::string> statements;
  for (const pg::QualifiedName& sequence : {SignOfLife(design), Flag(design)}) {
    statements.push_back(fmt::format("CREATE SEQUENCE {}", sequence));
    statements.push_back(fmt::format("REVOKE ALL ON SEQUENCE {} FROM PUBLIC", sequence));
    statements.push_back(fmt::format("GRANT ALL ON SEQUENCE {} TO {}", sequence, pg::Ident(design.owner)));
  }
  return statements;
}

std::vector<std::string> SignOfLifeSql(const Design& design) {
  if (design.dead_man_s == 0) {
    return {};
  }
  return {fmt::format("SELECT pg_catalog.setval({}, {})", pg::Literal(SignOfLife(design).Quoted()), kNow)};
}

std::string DeadManCheckSql(const Design& design) {
  if (design.dead_man_s == 0) {
    return "";
  }
  return fmt::format(
      "  IF {0} OR {1} > (SELECT s.last_value FROM {2} AS s) + {3} THEN\n"
      "    IF NOT {0} THEN\n"
      "      PERFORM pg_catalog.nextval({4});\n"
      "    END IF;\n"
      "    RETURN NULL;\n"
      "  END IF;\n",
      HasLapsedSql(design), kNow, SignOfLife(design), design.dead_man_s, pg::Literal(Flag(design).Quoted()));
}

std::string HasLapsedSql(const Design& design) {
  return design.dead_man_s == 0 ? "false" : fmt::format("(SELECT f.is_called FROM {} AS f)", Flag(design));
}

Awaitable<absl::StatusOr<bool>> GiveSignOfLife(pg::Connection& connection, const Design& design) {
  if (design.dead_man_s == 0) {
    co_return false;
  }
  std::vector<std::string> statements = SignOfLifeSql(design);
  statements.push_back("SELECT " + HasLapsedSql(design));
  CO_ASSIGN_OR_RETURN(const pg::Result result, co_await AsOwner(connection, design, std::move(statements)));
  CO_ASSIGN_OR_RETURN(const bool lapsed, result.Scalar<bool>());
  if (lapsed) {
    // The marker is committed before the flag is taken down: a crash in between leaves both.
    const std::string marker =
        fmt::format("INSERT INTO {} ({}) VALUES (NULL)", design.transfer.log, design.transfer.key[0].name);
    const std::string down = fmt::format("SELECT pg_catalog.setval({}, 1, false)", pg::Literal(Flag(design).Quoted()));
    CO_RETURN_IF_ERROR((co_await AsOwner(connection, design, {marker})).status());
    CO_RETURN_IF_ERROR((co_await AsOwner(connection, design, {down})).status());
  }
  co_return lapsed;
}

}  // namespace pgmoult::engine
