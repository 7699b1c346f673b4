#include "engine/partition.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_replace.h"
#include "engine/context.h"
#include "engine/sql.h"
#include "fmt/format.h"
#include "pg/macros.h"
#include "pg/sql_text.h"
#include "pg/status.h"
#include "pg/task_group.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;
using pg::Ident;
using pg::QualifiedName;

constexpr int64_t kSmallDefault = 8 << 20;  // bytes of a default partition that may be read under the swap's lock

std::string CheckName(int64_t migration) { return fmt::format("pgmoult_{}_bound", migration); }

Awaitable<absl::StatusOr<std::vector<Ancestor>>> ReadAncestors(pg::Connection& connection, int64_t oid) {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await connection.Query(
                          "/* pgmoult:catalog */ SELECT n.nspname::text, c.relname::text, "
                          "pg_get_userbyid(c.relowner)::text FROM pg_partition_ancestors($1::oid::regclass) WITH "
                          "ORDINALITY a(relid, pos) JOIN pg_class c ON c.oid = a.relid JOIN pg_namespace n ON n.oid = "
                          "c.relnamespace WHERE a.relid <> $1::oid ORDER BY a.pos DESC",
                          {oid}));
  std::vector<Ancestor> ancestors;
  for (int row = 0; row < result.rows(); ++row) {
    std::string schema;
    std::string name;
    Ancestor ancestor;
    CO_RETURN_IF_ERROR(result.Read(row, schema, name, ancestor.owner));
    ancestor.table = QualifiedName(schema, name);
    ancestors.push_back(std::move(ancestor));
  }
  co_return ancestors;
}

QualifiedName DefaultStandIn(const QualifiedName& clone) {
  return {fmt::format("{}_parent", clone.schema.name()), "pgmoult_default"};
}

std::string LargeDefaultText(const PartitionPlace& place, int64_t bytes) {
  return fmt::format(
      "the default partition {} holds {} MB, which would be read under the lock of the swap to see that none of its "
      "rows belongs to the new partition",
      place.default_beside.Plain(), bytes >> 20);
}

std::string LargeDefaultRemedy(const PartitionPlace& place) {
  return fmt::format(
      "prove it by a constraint, without a long lock, and drop that after the run: ALTER TABLE {0} ADD CONSTRAINT "
      "not_there CHECK (NOT ({1})) NOT VALID; ALTER TABLE {0} VALIDATE CONSTRAINT not_there;",
      place.default_beside, place.constraint);
}

}  // namespace

Awaitable<absl::StatusOr<ParentStandIn::Default>> ParentStandIn::ReadDefault(pg::Connection& connection, int64_t source,
                                                                             const QualifiedName& stand_in) {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await connection.Query(sql::kDefaultPartition, {source, stand_in.Quoted()}));
  Default found;
  if (result.rows() > 0) {
    std::string schema;
    std::string name;
    CO_RETURN_IF_ERROR(result.Read(0, schema, name, found.role, found.is_tree, found.bytes, found.facts));
    found.name = QualifiedName(schema, name);
  }
  co_return found;
}

ParentStandIn::ParentStandIn(pg::Connection& connection, const TableFacts& source, QualifiedName clone,
                             int64_t migration)
    : connection_(connection), source_(source), clone_(std::move(clone)), check_(CheckName(migration)) {}

Awaitable<absl::Status> ParentStandIn::Execute(std::string sql) {
  co_return (co_await connection_.Query(fmt::format("/* pgmoult:prepare */ {}", sql))).status();
}

Awaitable<absl::StatusOr<std::optional<PartitionPlace>>> ParentStandIn::ReadPlace() {
  const std::string schema = fmt::format("{}_parent", clone_.schema.name());
  default_stand_in_ = DefaultStandIn(clone_);
  CO_ASSIGN_OR_RETURN(const pg::Result result, co_await connection_.Query(sql::kPartition, {source_.oid}));
  if (result.rows() == 0) {
    co_return std::nullopt;
  }
  PartitionPlace place;
  std::string parent_schema;
  std::string parent_name;
  std::string strategy;
  CO_RETURN_IF_ERROR(result.Read(0, parent_oid_, quoted_schema_, parent_schema, parent_name, place.bound,
                                 place.constraint, strategy, is_default_, place.attach_role, place.after_attach,
                                 own_not_null_));
  std::ranges::move(OwnNotNull(source_.name), std::back_inserter(place.after_attach));
  stand_in_ = QualifiedName(schema, parent_name);
  CO_ASSIGN_OR_RETURN(default_, co_await ReadDefault(connection_, source_.oid, default_stand_in_));
  place.default_beside = default_.name;
  place.default_role = default_.role;
  place.default_is_tree = default_.is_tree;
  bound_ = place.bound;
  by_hash_ = strategy == "h";
  CO_ASSIGN_OR_RETURN(place.ancestors, co_await ReadAncestors(connection_, source_.oid));
  co_return place;
}

Awaitable<absl::StatusOr<pg::Result>> ParentStandIn::MakeSchema() {
  CO_RETURN_IF_ERROR(co_await Execute("RESET ROLE"));
  CO_RETURN_IF_ERROR(
      co_await Execute(fmt::format("CREATE SCHEMA {} AUTHORIZATION {}", stand_in_.schema, Ident(source_.owner))));
  CO_RETURN_IF_ERROR(co_await Execute(fmt::format("SET LOCAL ROLE {}", Ident(source_.owner))));
  co_return co_await connection_.Query(sql::kCloneParent, {parent_oid_, stand_in_.schema.name()});
}

Awaitable<absl::Status> ParentStandIn::Attach() {
  std::vector<std::string> statements = OwnNotNull(clone_);
  statements.insert(statements.begin(),
                    fmt::format("ALTER TABLE {} ATTACH PARTITION {} {}", stand_in_, clone_, bound_));
  return pg::RunAll(connection_, "/* pgmoult:prepare */", std::move(statements));
}

std::vector<std::string> ParentStandIn::OwnNotNull(const QualifiedName& table) const {
  std::vector<std::string> statements;
  for (const std::string& column : own_not_null_) {
    statements.push_back(fmt::format("ALTER TABLE {} ALTER COLUMN {} SET NOT NULL", table, column));
  }
  return statements;
}

Awaitable<absl::StatusOr<int64_t>> ParentStandIn::ScansOf(const QualifiedName& table) {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await connection_.Query("/* pgmoult:prepare */ SELECT "
                                                 "coalesce(pg_stat_get_xact_numscans(to_regclass($1)), 0)::int8",
                                                 {table.Quoted()}));
  co_return result.Scalar<int64_t>();
}

// Whether PostgreSQL, with the partition constraint as a CHECK of the clone, would have to read rows when the new table
// is attached, and too many of them. The clone is not attached before and after.
Awaitable<absl::StatusOr<std::optional<ParentStandIn::Refusal>>> ParentStandIn::TryAttach(PartitionPlace& place) {
  const bool beside = !place.default_beside.name.name().empty();
  std::vector<std::string> statements = {
      "SAVEPOINT try_attach",
      fmt::format("ALTER TABLE {} ADD CONSTRAINT {} CHECK ({})", clone_, Ident(check_), place.constraint)};
  if (beside) {
    statements.push_back(fmt::format("CREATE TABLE {} PARTITION OF {} DEFAULT", default_stand_in_, stand_in_));
    statements.insert(statements.end(), default_.facts.begin(), default_.facts.end());
  }
  CO_RETURN_IF_ERROR(co_await pg::RunAll(connection_, "/* pgmoult:prepare */", std::move(statements)));
  CO_ASSIGN_OR_RETURN(const int64_t before, co_await ScansOf(clone_));
  CO_ASSIGN_OR_RETURN(const int64_t default_before, co_await ScansOf(default_stand_in_));
  CO_RETURN_IF_ERROR(co_await Attach());
  CO_ASSIGN_OR_RETURN(const int64_t after, co_await ScansOf(clone_));
  CO_ASSIGN_OR_RETURN(const int64_t default_after, co_await ScansOf(default_stand_in_));
  CO_RETURN_IF_ERROR(co_await Execute("ROLLBACK TO SAVEPOINT try_attach"));
  // A hash partition's constraint names its parent, so it says nothing about the stand-in, but the same about itself.
  if (after != before && !by_hash_ && !is_default_) {
    co_return Refusal{"partition_constraint",
                      fmt::format("a CHECK ({}) does not prove to PostgreSQL that all rows belong there, so it would "
                                  "read them all under the lock of the swap",
                                  place.constraint),
                      "detach the partition for the time of the run"};
  }
  if (default_after == default_before) {
    place.default_proof = default_.facts;
  } else if (default_.bytes > kSmallDefault) {
    co_return Refusal{"partition_default", LargeDefaultText(place, default_.bytes), LargeDefaultRemedy(place)};
  }
  co_return std::nullopt;
}

Awaitable<absl::StatusOr<std::optional<ParentStandIn::Refusal>>> ParentStandIn::Leave(int64_t clone,
                                                                                      const Shape& source,
                                                                                      PartitionPlace& place) {
  CO_ASSIGN_OR_RETURN(const Shape shape, co_await ReadShape(connection_, clone, source_.oid));
  place.final_shape = RealShape(shape);
  std::ranges::copy_if(source, std::back_inserter(place.final_shape), IsOfPlace);
  CO_RETURN_IF_ERROR(co_await Execute(fmt::format("ALTER TABLE {} DETACH PARTITION {}", stand_in_, clone_)));
  CO_ASSIGN_OR_RETURN(std::optional<Refusal> refusal, co_await TryAttach(place));
  CO_RETURN_IF_ERROR(co_await Execute(fmt::format("DROP SCHEMA {} CASCADE", stand_in_.schema)));
  co_return refusal;
}

std::string ParentStandIn::RealNames(const std::string& text) const {
  return absl::StrReplaceAll(text, {{fmt::format("{}.", stand_in_.schema.name()), fmt::format("{}.", quoted_schema_)}});
}

Shape ParentStandIn::RealShape(const Shape& shape) const {
  Shape real;
  for (const ShapeItem& item : shape) {
    if (!IsOfPlace(item)) {
      real.push_back({item.kind, RealNames(item.name), RealNames(item.definition)});
    }
  }
  return real;
}

bool IsOfPlace(const ShapeItem& item) {
  return item.kind == "inherited trigger" ||
         (item.kind == "table" && (item.name == "partition constraint" || item.name == "ancestors" ||
                                   item.name == "default partition beside it"));
}

Awaitable<absl::Status> AddBoundCheck(pg::Connection& connection, int64_t shadow, Design& design) {
  if (!IsPartition(design)) {
    co_return absl::OkStatus();
  }
  const std::string name = CheckName(design.transfer.migration);
  CO_RETURN_IF_ERROR(
      (co_await connection.Query(fmt::format("/* pgmoult:prepare */ ALTER TABLE {} ADD CONSTRAINT {} CHECK ({})",
                                             design.transfer.shadow, Ident(name), design.partition.constraint)))
          .status());
  CO_ASSIGN_OR_RETURN(const Shape shape, co_await ReadShape(connection, shadow, design.source_oid));
  std::ranges::copy_if(shape, std::back_inserter(design.expected_shape),
                       [&name](const ShapeItem& item) { return item.kind == "constraint" && item.name == name; });
  co_return absl::OkStatus();
}

std::vector<std::string> DetachPartitionSql(const Design& design) {
  if (!IsPartition(design)) {
    return {};
  }
  return {fmt::format("SET LOCAL ROLE {}", Ident(design.partition.attach_role)),
          fmt::format("ALTER TABLE {} DETACH PARTITION {}", design.partition.ancestors.back().table,
                      design.transfer.source),
          fmt::format("SET LOCAL ROLE {}", Ident(design.owner))};
}

std::vector<std::string> AttachPartitionSql(const Design& design) {
  if (!IsPartition(design)) {
    return {};
  }
  const PartitionPlace& place = design.partition;
  std::vector<std::string> statements = {fmt::format("SET LOCAL ROLE {}", Ident(place.attach_role)),
                                         fmt::format("ALTER TABLE {} ATTACH PARTITION {} {}",
                                                     place.ancestors.back().table, design.transfer.source, place.bound),
                                         fmt::format("SET LOCAL ROLE {}", Ident(design.owner)),
                                         fmt::format("ALTER TABLE {} DROP CONSTRAINT {}", design.transfer.source,
                                                     Ident(CheckName(design.transfer.migration)))};
  statements.insert(statements.end(), place.after_attach.begin(), place.after_attach.end());
  return statements;
}

Awaitable<absl::Status> CheckDefaultPartition(pg::Connection& connection, const Design& design) {
  const PartitionPlace& place = design.partition;
  if (place.default_beside.name.name().empty()) {
    co_return absl::OkStatus();
  }
  CO_ASSIGN_OR_RETURN(
      const ParentStandIn::Default now,
      co_await ParentStandIn::ReadDefault(connection, design.source_oid, DefaultStandIn(design.transfer.shadow)));
  // As PostgreSQL writes the CHECK that the remedy adds.
  const std::string added = fmt::format(" CHECK ((NOT {}))", place.constraint);
  const bool proven =
      (!place.default_proof.empty() && now.facts == place.default_proof) ||
      std::ranges::any_of(now.facts, [&added](const std::string& fact) { return fact.ends_with(added); });
  co_return proven || now.bytes <= kSmallDefault
      ? absl::OkStatus()
      : WithEndKind(EndKind::kStopped, absl::FailedPreconditionError(fmt::format(
                                           "{}: {}", LargeDefaultText(place, now.bytes), LargeDefaultRemedy(place))));
}

std::vector<PartnerLock> DefaultPartitionLock(const Design& design) {
  const PartitionPlace& place = design.partition;
  if (place.default_role.empty()) {
    return {};
  }
  return {{.relation = place.default_beside,
           .role = Ident(place.default_role),
           .form = place.default_is_tree ? PartnerLock::Form::kTree : PartnerLock::Form::kTable}};
}

std::vector<PartnerLock> AncestorLocks(const Design& design) {
  std::vector<PartnerLock> locks;
  for (const Ancestor& ancestor : design.partition.ancestors) {
    locks.push_back({.relation = ancestor.table, .role = Ident(ancestor.owner)});
  }
  return locks;
}

}  // namespace pgmoult::engine
