#include "engine/materialized.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "engine/catalog.h"
#include "engine/sql.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/macros.h"
#include "pg/sql_text.h"
#include "pg/status.h"
#include "pg/task_group.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;
using pg::Ident;
using pg::QualifiedName;

constexpr char kComment[] = "/* pgmoult:materialized */";

std::vector<CarriedDependent> MaterializedViews(const Design& design) {
  std::vector<CarriedDependent> views;
  // In the order in which they were found: what reads another one comes after it.
  for (const Dependent& found : design.dependents) {
    const auto carried = std::ranges::find_if(design.carried, [&found](const CarriedDependent& one) {
      return one.kind == "materialized view" && one.oid == found.oid;
    });
    if (found.kind == "materialized view" && carried != design.carried.end()) {
      views.push_back(*carried);
    }
  }
  return views;
}

QualifiedName NewName(const Design& design, const CarriedDependent& view) {
  return {Ident(design.schema_new), Ident(view.lock_name)};
}

// As the table's owner, which it is again at the end. The sentences say what differs from the old one.
Awaitable<absl::StatusOr<std::vector<std::string>>> MakeOne(pg::Connection& connection, const Design& design,
                                                            const CarriedDependent& view) {
  const Ident schema(design.schema_new);
  const Ident role(view.owner);
  CO_ASSIGN_OR_RETURN(const pg::Result script,
                      co_await connection.Query(sql::kClone, {view.oid, design.schema_new, view.query}));
  std::vector<std::string> statements;
  if (view.owner != design.owner) {
    statements.push_back(fmt::format("GRANT USAGE, CREATE ON SCHEMA {} TO {}", schema, role));
    statements.push_back(fmt::format("SET LOCAL ROLE {}", role));
  }
  for (int row = 0; row < script.rows(); ++row) {
    int32_t ordinal = 0;
    std::string statement;
    CO_RETURN_IF_ERROR(pg::Annotate(script.Read(row, ordinal, statement),
                                    fmt::format("a definition of {} has a form that is not known", view.name)));
    statements.push_back(std::move(statement));
  }
  statements.push_back(fmt::format("SET LOCAL ROLE {}", Ident(design.owner)));
  CO_RETURN_IF_ERROR(pg::Annotate(co_await pg::RunAll(connection, kComment, std::move(statements)), view.name));
  CO_ASSIGN_OR_RETURN(const std::optional<int64_t> oid, co_await ReadOid(connection, NewName(design, view)));
  CO_ASSIGN_OR_RETURN(Shape was, co_await ReadShape(connection, view.oid));
  CO_ASSIGN_OR_RETURN(Shape is, co_await ReadShape(connection, oid.value_or(0), view.oid));
  for (Shape* shape : {&was, &is}) {
    std::erase_if(*shape, [](const ShapeItem& item) { return item.kind == "rule"; });  // the query, which may change
  }
  std::vector<std::string> differences = DiffShapes(was, is);
  std::ranges::for_each(
      differences, [&view](std::string& text) { text = fmt::format("{}: {}", view.name, std::exchange(text, "")); });
  co_return differences;
}

Awaitable<absl::Status> DropNew(pg::Connection& connection, const Design& design,
                                const std::vector<CarriedDependent>& views) {
  std::vector<std::string> statements;
  for (const CarriedDependent& view : std::views::reverse(views)) {
    statements.push_back(fmt::format("DROP MATERIALIZED VIEW IF EXISTS {}", NewName(design, view)));
  }
  co_return co_await pg::RunAll(connection, kComment, std::move(statements));
}

Awaitable<absl::Status> MakeAll(pg::Connection& connection, const Design& design,
                                const std::vector<CarriedDependent>& views) {
  CO_RETURN_IF_ERROR(
      co_await pg::RunAll(connection, kComment, {fmt::format("SET LOCAL ROLE {}", Ident(design.owner))}));
  CO_RETURN_IF_ERROR(co_await DropNew(connection, design, views));
  for (const CarriedDependent& view : views) {
    CO_ASSIGN_OR_RETURN(const std::vector<std::string> differences, co_await MakeOne(connection, design, view));
    if (!differences.empty()) {
      co_return WithEndKind(EndKind::kStopped, absl::FailedPreconditionError(fmt::format(
                                                   "cannot be made anew as it is: {}", fmt::join(differences, "; "))));
    }
  }
  co_return absl::OkStatus();
}

Awaitable<absl::Status> Populate(pg::Connection& connection, const Design& design, const CarriedDependent& view) {
  CO_RETURN_IF_ERROR(co_await pg::RunAll(
      connection, kComment, {fmt::format("SET LOCAL ROLE {}", Ident(view.owner)), "SET LOCAL statement_timeout = 0"}));
  co_return (co_await connection.Query(fmt::format("{} REFRESH MATERIALIZED VIEW {}", kComment, NewName(design, view)),
                                       {}, pg::Deadline::Never()))
      .status();
}

}  // namespace

Awaitable<absl::StatusOr<std::vector<std::string>>> TryMaterializedViews(pg::Connection& connection,
                                                                         const Design& design) {
  const std::vector<CarriedDependent> views = MaterializedViews(design);
  std::vector<std::string> sentences;
  if (views.empty()) {
    co_return sentences;
  }
  CO_RETURN_IF_ERROR(co_await pg::RunAll(connection, kComment, {"SAVEPOINT materialized"}));
  for (const CarriedDependent& view : views) {
    absl::StatusOr<std::vector<std::string>> differences = co_await MakeOne(connection, design, view);
    if (!differences.ok()) {
      if (!connection.usable()) {
        co_return differences.status();
      }
      sentences.push_back(pg::Describe(differences.status()));
      break;
    }
    std::ranges::move(*differences, std::back_inserter(sentences));
  }
  CO_RETURN_IF_ERROR(co_await pg::RunAll(connection, kComment, {"ROLLBACK TO SAVEPOINT materialized"}));
  co_return sentences;
}

Awaitable<absl::Status> MakeMaterializedViews(Context& context) {
  const std::vector<CarriedDependent> views = MaterializedViews(context.design);
  if (views.empty()) {
    co_return absl::OkStatus();
  }
  CO_ASSIGN_OR_RETURN(const auto connection, co_await context.sessions.OpenLogin("materialized"));
  CO_RETURN_IF_ERROR(co_await pg::InTransaction(*connection, fmt::format("{} BEGIN", kComment),
                                                MakeAll(*connection, context.design, views)));
  for (const CarriedDependent& view : views) {
    if (!view.populated) {
      continue;
    }
    CO_RETURN_IF_ERROR(co_await context.gate.Pass());
    Show(context, fmt::format("populating {}", view.name), 0, 0);
    CO_RETURN_IF_ERROR(pg::Annotate(co_await pg::InTransaction(*connection, fmt::format("{} BEGIN", kComment),
                                                               Populate(*connection, context.design, view)),
                                    fmt::format("populating {}", view.name)));
  }
  co_return co_await Record(
      context, "materialized",
      fmt::format("{} materialized {} populated anew", views.size(), views.size() == 1 ? "view is" : "views are"),
      nullptr);
}

std::vector<std::string> DropOldMaterializedSql(const Design& design) {
  std::vector<std::string> statements;
  const std::vector<CarriedDependent> views = MaterializedViews(design);
  for (const CarriedDependent& view : std::views::reverse(views)) {
    statements.push_back(
        fmt::format("DROP MATERIALIZED VIEW IF EXISTS {}", QualifiedName(design.schema_old, view.lock_name)));
  }
  return statements;
}

}  // namespace pgmoult::engine
