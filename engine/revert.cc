#include "engine/revert.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <regex>
#include <string_view>
#include <utility>

#include "engine/capture.h"
#include "engine/context.h"
#include "engine/locks.h"
#include "engine/mapping.h"
#include "engine/swap.h"
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
using std::chrono::milliseconds;

constexpr char kLogName[] = "pgmoult_change_log";
constexpr milliseconds kLockBudget{120'000};

QualifiedName OldTable(const Design& design) { return {Ident(design.schema_old), design.transfer.source.name}; }

Ident AsideSchema(const Design& undone) { return Ident(undone.schema_old + "_aside"); }

bool SameType(const Column& a, const Column& b) { return a.type == b.type && a.collation == b.collation; }

bool HasOwnDefault(const Column& column) {
  return column.default_expression.has_value() || !column.identity.empty() || column.is_domain;
}

// Whether PostgreSQL knows how to make the one type of the other.
Awaitable<absl::StatusOr<bool>> CanCast(pg::Connection& connection, const std::string& from, const std::string& to) {
  CO_RETURN_IF_ERROR((co_await connection.Query("SAVEPOINT pgmoult_cast")).status());
  const absl::Status tried =
      (co_await connection.Query(fmt::format("/* pgmoult:prepare */ SELECT (NULL::{})::{}", from, to))).status();
  if (!connection.usable()) {
    co_return tried;
  }
  CO_RETURN_IF_ERROR((co_await connection.Query("ROLLBACK TO SAVEPOINT pgmoult_cast")).status());
  co_return tried.ok();
}

// A sequence that came with a column has moved with its table.
Shape WithoutSequenceSchemas(Shape shape) {
  static const std::regex kSchema(R"re(nextval\('("([^"]|"")+"|[^"'.]+)\.)re");
  for (ShapeItem& item : shape) {
    item.definition = std::regex_replace(item.definition, kSchema, "nextval('");
  }
  return shape;
}

// Of what the new table has and the old one has not, and the other way round.
void NoteColumns(const std::vector<Column>& source_columns, const std::vector<ColumnSource>& columns,
                 RevertPlan& plan) {
  for (const Column& was : source_columns) {
    const bool stays = std::ranges::find(plan.columns, was.name, &ColumnLink::source) != plan.columns.end();
    if (!stays && was.generated.empty()) {
      plan.notes.push_back(
          fmt::format("column {}{}", was.name,
                      was.not_null && !HasOwnDefault(was)
                          ? " is NOT NULL and has no default: a row that is written after the swap stops a revert"
                          : ": rows that are there keep their value, rows written after the swap get its default"));
    }
  }
  for (const ColumnSource& column : columns) {
    if (!column.source && column.target.generated.empty()) {
      plan.notes.push_back(fmt::format("column {}: what is in it is lost", column.target.name));
    }
  }
}

// Of what the new shape allows and the old one does not.
void NoteConstraints(const Design& design, std::vector<std::string>& notes) {
  for (const ShapeItem& item : design.source_shape) {
    const bool constraint = item.kind == "constraint" && !item.definition.starts_with("NOT NULL") &&
                            item.definition.find("NOT VALID") == std::string::npos;
    const bool unique = item.kind == "index" && item.definition.find("UNIQUE") != std::string::npos;
    const bool stays = std::ranges::any_of(
        design.expected_shape, [&item](const ShapeItem& is) { return is.kind == item.kind && is.name == item.name; });
    if ((constraint || unique) && !stays) {
      notes.push_back(fmt::format("{} {}: a row that breaks it stops a revert", item.kind, item.name));
    }
  }
}

}  // namespace

Awaitable<absl::StatusOr<RevertPlan>> PlanRevert(pg::Connection& connection, const Design& design,
                                                 const std::vector<Column>& source_columns,
                                                 const std::vector<ColumnSource>& columns) {
  RevertPlan plan;
  std::vector<ColumnSource> backwards;
  for (const ColumnSource& column : columns) {
    if (!column.source) {
      continue;
    }
    const Column& is = column.target;
    const Column& was = *column.source;
    const auto pair = std::ranges::find(design.transfer.columns, Ident(is.name), &copier::ColumnPair::target);
    const bool made = pair != design.transfer.columns.end() && !IsExact(column);
    plan.columns.push_back({.source = was.name, .target = is.name, .forward = made ? pair->expression : ""});
    ColumnSource back{.target = was, .source = is, .user_expression = std::nullopt, .cast = {}};
    CO_ASSIGN_OR_RETURN(
        back.cast, co_await ReadCastFacts(connection, design.shadow_oid, is.number, design.source_oid, was.number));
    if (is.type != was.type) {
      CO_ASSIGN_OR_RETURN(const bool can_cast, co_await CanCast(connection, is.type, was.type));
      if (!can_cast) {
        plan.problem =
            fmt::format("PostgreSQL has no cast from {} back to {}, for column {}", is.type, was.type, was.name);
      }
    }
    if (made) {
      plan.notes.push_back(
          fmt::format("column {}: rows that are there keep their value as long as nobody changes the "
                      "new one, which goes back by a cast from {} to {}; it is not verified",
                      was.name, is.type, was.type));
    }
    if (was.not_null && !is.not_null) {
      plan.notes.push_back(fmt::format("column {}: a row without a value in it stops a revert", was.name));
    }
    backwards.push_back(std::move(back));
  }
  Mapping mapping = BuildMapping(backwards);
  std::ranges::move(mapping.lossy, std::back_inserter(plan.notes));
  CO_ASSIGN_OR_RETURN(const std::vector<KeyCandidate> candidates,
                      co_await ReadKeyCandidates(connection, design.shadow_oid));
  KeyChoice choice = ChooseKey(candidates, backwards);
  plan.key = std::move(choice.columns);
  if (!mapping.refusals.empty()) {
    plan.problem = mapping.refusals.front();
  } else if (choice.candidate == nullptr) {
    plan.problem = fmt::format("the new table: {}", choice.reason);
  }
  NoteColumns(source_columns, columns, plan);
  for (const CarriedDependent& one : design.carried) {
    if (one.kind == "foreign key" && one.attach.empty()) {
      plan.notes.push_back(fmt::format("{}: the change drops it, and a revert does not make it again", one.name));
    }
  }
  NoteConstraints(design, plan.notes);
  co_return plan;
}

std::vector<std::string> UndoColumnsSql(const Design& undone, const std::vector<Column>& is,
                                        const std::vector<Column>& was, const Shape& is_shape, const Shape& was_shape) {
  const QualifiedName clone = OldTable(undone);
  std::vector<std::string> statements;
  const auto alter = [&](std::string action) { statements.push_back(fmt::format("ALTER TABLE {} {}", clone, action)); };
  const auto source_of = [&](const Column& column) -> const Column* {
    const auto link = std::ranges::find(undone.revert.columns, column.name, &ColumnLink::target);
    const auto found =
        link == undone.revert.columns.end() ? was.end() : std::ranges::find(was, link->source, &Column::name);
    return found == was.end() ? nullptr : &*found;
  };
  const bool retyped = std::ranges::any_of(is, [&](const Column& column) {
    const Column* const before = source_of(column);
    return before != nullptr && !SameType(column, *before);
  });
  for (const ShapeItem& item : is_shape) {
    const bool is_new = std::ranges::none_of(
        was_shape, [&item](const ShapeItem& before) { return before.kind == item.kind && before.name == item.name; });
    // A CHECK is of no use to what hangs on the table, and might not take another type.
    const bool check = retyped && item.definition.starts_with("CHECK");
    if (item.kind == "constraint" && !item.definition.starts_with("NOT NULL") && (is_new || check)) {
      alter(fmt::format("DROP CONSTRAINT {}", Ident(item.name)));
    }
  }
  std::vector<std::string> last_names;
  for (const Column& column : is) {
    const Column* const before = source_of(column);
    if (before == nullptr) {
      alter(fmt::format("DROP COLUMN {}", Ident(column.name)));
      continue;
    }
    if (!SameType(column, *before)) {
      const Ident name(column.name);
      if (!column.generated.empty()) {
        alter(fmt::format("ALTER COLUMN {} DROP EXPRESSION", name));
      } else if (column.default_expression) {
        alter(fmt::format("ALTER COLUMN {} DROP DEFAULT", name));
      }
      alter(fmt::format("ALTER COLUMN {} TYPE {}{} USING NULL::{}", name, before->type,
                        before->collation.empty() ? "" : " COLLATE " + before->collation, before->type));
    }
    if (column.name != before->name) {
      // By a name between, since two columns may have changed theirs.
      const Ident between(fmt::format("pgmoult_undo_{}", column.number));
      alter(fmt::format("RENAME COLUMN {} TO {}", Ident(column.name), between));
      last_names.push_back(fmt::format("RENAME COLUMN {} TO {}", between, Ident(before->name)));
    }
  }
  for (std::string& rename : last_names) {
    alter(std::move(rename));
  }
  return statements;
}

void KeepFormerValues(const Design& undone, const std::vector<ColumnSource>& columns, copier::Transfer& transfer) {
  for (copier::ColumnPair& pair : transfer.columns) {
    const auto link = std::ranges::find(undone.revert.columns, pair.target.name(), &ColumnLink::source);
    if (link != undone.revert.columns.end() && !link->forward.empty()) {
      pair.forward = link->forward;
      pair.made = Ident(link->target);
    }
  }
  std::erase_if(transfer.computed, [&columns](const copier::ComputedColumn& computed) {
    const auto column = std::ranges::find_if(
        columns, [&computed](const ColumnSource& one) { return one.target.name == computed.target.name(); });
    return column->source->generated.empty();
  });
}

Awaitable<absl::Status> CheckIsAsSwapped(pg::Connection& connection, const Design& undone, int64_t oid) {
  const std::string table = undone.transfer.source.Plain();
  const auto refuse = [](const std::string& why) {
    return WithEndKind(EndKind::kRefused, absl::FailedPreconditionError(why));
  };
  if (oid != undone.shadow_oid) {
    co_return refuse(fmt::format("{} is another table than the one that the swap put in place", table));
  }
  const Shape& was = IsPartition(undone) ? undone.partition.final_shape : undone.expected_shape;
  CO_ASSIGN_OR_RETURN(const Shape is, co_await ReadShape(connection, oid, undone.source_oid));
  const std::vector<std::string> changes = DiffShapes(WithoutSequenceSchemas(was), WithoutSequenceSchemas(is));
  co_return changes.empty()
      ? absl::OkStatus()
      : refuse(fmt::format("the definition of {} has changed since the swap, which a revert would "
                           "undo, too: {}. Take that back first",
                           table, fmt::join(changes, "; ")));
}

std::vector<std::string> MoveAsideSql(const Design& undone) {
  const Ident aside = AsideSchema(undone);
  std::vector<std::string> statements = {fmt::format("CREATE SCHEMA {} AUTHORIZATION {}", aside, Ident(undone.owner)),
                                         fmt::format("SET LOCAL ROLE {}", Ident(undone.owner)),
                                         fmt::format("ALTER TABLE {} SET SCHEMA {}", OldTable(undone), aside)};
  for (const ExtendedStatistics& statistics : undone.statistics) {
    statements.push_back(fmt::format("ALTER STATISTICS {} SET SCHEMA {}",
                                     QualifiedName(Ident(undone.schema_old), statistics.name.name), aside));
  }
  return statements;
}

std::vector<std::string> MoveBackSql(const Design& undone) {
  const Ident aside = AsideSchema(undone);
  const Ident old(undone.schema_old);
  std::vector<std::string> statements = {
      fmt::format("DROP TABLE {}", OldTable(undone)),
      fmt::format("ALTER TABLE {} SET SCHEMA {}", QualifiedName(aside, undone.transfer.source.name), old)};
  for (const ExtendedStatistics& statistics : undone.statistics) {
    statements.push_back(
        fmt::format("ALTER STATISTICS {} SET SCHEMA {}", QualifiedName(aside, statistics.name.name), old));
  }
  statements.push_back(fmt::format("DROP SCHEMA {}", aside));
  return statements;
}

Design ReverseCapture(const Design& design) {
  Design reverse;
  reverse.transfer.migration = design.transfer.migration;
  reverse.transfer.source = design.transfer.source;
  reverse.transfer.shadow = OldTable(design);
  reverse.transfer.log = QualifiedName(design.schema_old, kLogName);
  reverse.transfer.key = design.revert.key;
  reverse.source_oid = design.shadow_oid;
  reverse.owner = design.owner;
  reverse.schema_new = design.schema_old;
  reverse.schema_old = design.schema_new;
  return reverse;
}

std::vector<std::string> MakeReverseLogSql(const Design& design, bool exists) {
  Design reverse = ReverseCapture(design);
  std::vector<std::string> statements;
  if (exists) {
    statements.push_back(fmt::format("DROP TABLE {}", reverse.transfer.log));
  }
  if (!design.revert.problem.empty()) {
    return statements;
  }
  std::ranges::move(CaptureFunctionsSql(reverse, CaptureBody::kLog), std::back_inserter(statements));
  reverse.transfer.source = design.transfer.shadow;  // the log's columns are those of the key, which is there by now
  std::ranges::move(CreateLogSql(reverse), std::back_inserter(statements));
  return statements;
}

std::vector<std::string> StartReverseCaptureSql(const Design& design, CaptureMode mode) {
  return design.revert.problem.empty() ? CaptureTriggersSql(ReverseCapture(design), mode) : std::vector<std::string>();
}

namespace {

Awaitable<absl::Status> GiveBack(pg::Connection& connection, const Migration& migration, Design design) {
  std::vector<std::string> statements = CaptureFunctionsSql(design, CaptureBody::kLog);
  statements.push_back(fmt::format("DROP INDEX IF EXISTS {}", QualifiedName(design.schema_new, kLogIndex)));
  if (migration.stage == Stage::kCopy) {
    // The old table was emptied, and what was copied since is no longer what the next revert would begin with.
    statements.push_back(
        fmt::format("INSERT INTO {} ({}) VALUES (NULL)", design.transfer.log, design.transfer.key[0].name));
  }
  if (std::exchange(design.shadow_key_is_ours, false)) {
    statements.push_back(
        fmt::format("DROP INDEX IF EXISTS {}", QualifiedName(design.schema_new, design.shadow_key_index)));
  }
  std::ranges::move(FinishShapeSql(design), std::back_inserter(statements));
  statements.emplace_back("RESET ROLE");
  CO_RETURN_IF_ERROR(co_await pg::RunAll(connection, "/* pgmoult:revert */", std::move(statements)));
  co_return co_await EndUndo(connection, migration.id);
}

}  // namespace

Awaitable<absl::Status> CallOffRevert(pg::Connection& connection, pg::Connection& observer,
                                      const Migration& migration) {
  if (migration.design.is_null()) {
    co_return co_await pg::InTransaction(connection, "/* pgmoult:revert */ BEGIN", EndUndo(connection, migration.id));
  }
  CO_ASSIGN_OR_RETURN(const Design design, DesignFromJson(migration.design));
  PoliteLock lock{.role = Ident(design.owner), .tables = {design.transfer.log, design.transfer.shadow}};
  lock.budget = kLockBudget;
  lock.evict_autovacuum = false;
  const absl::Status status =
      co_await WithPoliteLock(connection, observer, lock, [&] { return GiveBack(connection, migration, design); });
  co_return pg::Annotate(status, fmt::format("calling the revert off; repeat `pgmoult abort {}`", migration.id));
}

}  // namespace pgmoult::engine
