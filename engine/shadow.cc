#include "engine/shadow.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "engine/dependents.h"
#include "engine/mapping.h"
#include "engine/materialized.h"
#include "engine/partition.h"
#include "engine/revert.h"
#include "engine/sql.h"
#include "engine/user_expressions.h"
#include "engine/write_through.h"
#include "fmt/format.h"
#include "pg/macros.h"
#include "pg/status.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;
using pg::Ident;

// Builds one shadow; holds what its steps share.
class Builder {
 public:
  Builder(pg::Connection& connection, const TableFacts& table, const Change& change, const ValueSettings& values,
          bool published, const Design* undone)
      : connection_(connection), table_(table), change_(change), undone_(undone) {
    build_.design.values = values;
    build_.design.published = published;
    build_.design.source_oid = table.oid;
    build_.design.owner = table.owner;
  }

  Awaitable<absl::StatusOr<ShadowBuild>> Run(int64_t id, std::string schema_new, std::string schema_old);

 private:
  Awaitable<absl::Status> Execute(std::string sql) { co_return (co_await connection_.Query(std::move(sql))).status(); }
  Awaitable<absl::Status> MakeSchema();
  Awaitable<absl::StatusOr<bool>> Clone();
  Awaitable<absl::StatusOr<bool>> Attach();
  Awaitable<absl::StatusOr<bool>> AttachToParent();
  Awaitable<absl::Status> DetachFromParent();
  Awaitable<absl::StatusOr<bool>> RunScript(const std::vector<std::string>& statements);
  Awaitable<absl::StatusOr<bool>> RunResult(const pg::Result& script);
  std::string UnknownForm() const;
  void RefuseAll(std::string_view how, const std::vector<std::string>& differences);
  Awaitable<absl::Status> CompareClone();
  Awaitable<absl::StatusOr<bool>> CloneDependents();
  Awaitable<absl::StatusOr<bool>> ApplyChange();
  Awaitable<absl::StatusOr<bool>> Refuses(const absl::Status& applied);
  Awaitable<absl::Status> PlanDependents();
  Awaitable<absl::Status> TakeOldTable();
  Awaitable<absl::StatusOr<std::vector<std::string>>> ChangeSql();
  const Column* SourceOf(const Column& target) const;
  Awaitable<absl::Status> Describe();
  Awaitable<absl::Status> ReadOneValue(Column& added);
  Awaitable<absl::Status> Map();
  Awaitable<absl::Status> ReadSequences();
  Awaitable<absl::Status> ReadStatistics();
  Awaitable<absl::Status> Strip();
  void ChooseShadowKeyIndex();

  pg::Connection& connection_;
  const TableFacts& table_;
  const Change& change_;
  const Design* undone_;  // of the swap that is reverted; null in a run forwards
  ShadowBuild build_;
  int64_t shadow_oid_ = 0;
  bool has_attached_ = false;  // triggers, policies or rules
  std::optional<DependentClones> dependents_;
  std::optional<ParentStandIn> parent_;  // where the source is a partition
};

Awaitable<absl::Status> Builder::MakeSchema() {
  const Ident schema(build_.design.schema_new);
  const Ident owner(table_.owner);
  if (undone_ != nullptr) {
    // The schema is that of the old table, which makes room for a clone of the new one.
    CO_RETURN_IF_ERROR(co_await pg::RunAll(connection_, "/* pgmoult:prepare */", MoveAsideSql(*undone_)));
    co_return co_await pg::RunAll(connection_, "/* pgmoult:prepare */", DropOldMaterializedSql(*undone_));
  }
  CO_RETURN_IF_ERROR(pg::Annotate(
      co_await Execute(fmt::format("/* pgmoult:prepare */ CREATE SCHEMA {} AUTHORIZATION {}", schema, owner)),
      fmt::format("making schema {} in database {} (needs CREATE on the database)", schema.name(), table_.database)));
  CO_RETURN_IF_ERROR(co_await Execute(fmt::format("/* pgmoult:prepare */ SET LOCAL ROLE {}", owner)));
  co_return co_await Execute(fmt::format("/* pgmoult:prepare */ REVOKE ALL ON SCHEMA {} FROM PUBLIC", schema));
}

// False where the clone could not be built; a refusal says why.
Awaitable<absl::StatusOr<bool>> Builder::Clone() {
  CO_RETURN_IF_ERROR(
      co_await Execute(fmt::format("/* pgmoult:prepare */ LOCK TABLE ONLY {} IN ACCESS SHARE MODE", table_.name)));
  CO_ASSIGN_OR_RETURN(build_.design.source_shape, co_await ReadSourceShape(connection_, table_.oid));
  CO_ASSIGN_OR_RETURN(const pg::Result script,
                      co_await connection_.Query(sql::kClone, {table_.oid, build_.design.schema_new, std::string()}));
  CO_RETURN_IF_ERROR(co_await Execute("SAVEPOINT clone"));
  CO_ASSIGN_OR_RETURN(const bool cloned, co_await RunResult(script));
  if (!cloned) {
    co_return false;
  }
  CO_ASSIGN_OR_RETURN(const std::optional<int64_t> oid, co_await ReadOid(connection_, build_.design.transfer.shadow));
  if (!oid) {
    co_return absl::InternalError("the clone was not made");
  }
  shadow_oid_ = *oid;
  // The old table has its own, and the change back is not to stumble over them.
  co_return undone_ != nullptr ? absl::StatusOr<bool>(true) : co_await Attach();
}

// False where a trigger, policy or rule cannot be made for the clone; a refusal says why.
Awaitable<absl::StatusOr<bool>> Builder::Attach() {
  // With bare names for what lives beside the table, which then mean the clone in the clone's schema.
  const Ident& schema = table_.name.schema;
  CO_RETURN_IF_ERROR(co_await Execute(fmt::format("SET LOCAL search_path = {}", schema)));
  absl::StatusOr<std::vector<AttachedItem>> items =
      co_await ReadAttached(connection_, table_.oid, build_.design.schema_new);
  CO_RETURN_IF_ERROR(pg::Annotate(items.status(), UnknownForm()));
  CO_RETURN_IF_ERROR(
      co_await Execute(fmt::format("SET LOCAL search_path = {}, {}", Ident(build_.design.schema_new), schema)));
  for (const AttachedItem& item : *items) {
    CO_ASSIGN_OR_RETURN(const bool made, co_await RunScript(item.statements));
    if (!made) {
      co_return false;
    }
  }
  has_attached_ = !items->empty();
  CO_RETURN_IF_ERROR(co_await Execute("SET LOCAL search_path = pg_catalog"));
  co_return true;
}

std::string Builder::UnknownForm() const {
  return fmt::format("a definition of {} has a form that is not known to this version", table_.name.Plain());
}

// False where a statement fails; a refusal says which and why, and all since the savepoint `clone` is undone.
Awaitable<absl::StatusOr<bool>> Builder::RunScript(const std::vector<std::string>& statements) {
  for (const std::string& statement : statements) {
    const absl::Status made = co_await Execute("/* pgmoult:prepare */ " + statement);
    if (made.ok()) {
      continue;
    }
    if (!connection_.usable()) {
      co_return made;
    }
    CO_RETURN_IF_ERROR(co_await Execute("ROLLBACK TO SAVEPOINT clone"));
    CO_RETURN_IF_ERROR(co_await Execute("SET LOCAL search_path = pg_catalog"));
    build_.refusals.push_back(fmt::format("cannot be carried over: \"{}\" fails: {}", statement, pg::Describe(made)));
    co_return false;
  }
  co_return true;
}

// The same of the rows (ord, sql) that one of our queries has written.
Awaitable<absl::StatusOr<bool>> Builder::RunResult(const pg::Result& script) {
  std::vector<std::string> statements(static_cast<size_t>(script.rows()));
  for (int row = 0; row < script.rows(); ++row) {
    int32_t ordinal = 0;
    CO_RETURN_IF_ERROR(pg::Annotate(script.Read(row, ordinal, statements[static_cast<size_t>(row)]), UnknownForm()));
  }
  co_return co_await RunScript(statements);
}

// A partition's clone is one, too, of a stand-in for its parent. False where that cannot be; a refusal says why.
Awaitable<absl::StatusOr<bool>> Builder::AttachToParent() {
  ParentStandIn parent(connection_, table_, build_.design.transfer.shadow, build_.design.transfer.migration);
  CO_ASSIGN_OR_RETURN(std::optional<PartitionPlace> place, co_await parent.ReadPlace());
  if (!place) {
    co_return true;
  }
  build_.design.partition = *std::move(place);
  parent_.emplace(std::move(parent));
  CO_ASSIGN_OR_RETURN(const pg::Result script, co_await parent_->MakeSchema());
  CO_ASSIGN_OR_RETURN(const bool made, co_await RunResult(script));
  CO_RETURN_IF_ERROR(made ? co_await parent_->Attach() : absl::OkStatus());
  co_return made;
}

Awaitable<absl::Status> Builder::DetachFromParent() {
  if (!parent_) {
    co_return absl::OkStatus();
  }
  CO_ASSIGN_OR_RETURN(std::optional<ParentStandIn::Refusal> refusal,
                      co_await parent_->Leave(shadow_oid_, build_.design.source_shape, build_.design.partition));
  if (refusal) {
    build_.refusal_code = std::move(refusal->code);
    build_.remedy = std::move(refusal->remedy);
    build_.refusals.push_back(std::move(refusal->text));
  }
  co_return absl::OkStatus();
}

void Builder::RefuseAll(std::string_view how, const std::vector<std::string>& differences) {
  for (const std::string& difference : differences) {
    build_.refusals.push_back(fmt::format("cannot be carried over yet ({}): {}", how, difference));
  }
}

Awaitable<absl::Status> Builder::CompareClone() {
  CO_ASSIGN_OR_RETURN(Shape clone, co_await ReadShape(connection_, shadow_oid_, table_.oid));
  Shape source = build_.design.source_shape;
  const auto leave_out = [this](const ShapeItem& item) {
    // A clone that goes again is not given all.
    const std::set<std::string_view> without = {"trigger", "policy", "rule", "table"};
    return item.kind == kSequence || IsOfPlace(item) || (undone_ != nullptr && without.contains(item.kind));
  };
  std::erase_if(source, leave_out);
  clone = parent_ ? parent_->RealShape(clone) : std::move(clone);
  std::erase_if(clone, leave_out);
  RefuseAll("source against a clone of it", DiffShapes(source, clone));
  co_return absl::OkStatus();
}

// False where one of them cannot be made for the clone; a refusal says why.
Awaitable<absl::StatusOr<bool>> Builder::CloneDependents() {
  dependents_.emplace(connection_, table_, build_.design.schema_new);
  CO_ASSIGN_OR_RETURN(const std::optional<std::string> refusal, co_await dependents_->Make());
  build_.design.dependents = dependents_->found();
  if (refusal) {
    build_.refusals.push_back(*refusal);
    co_return false;
  }
  CO_ASSIGN_OR_RETURN(const std::vector<Dependent> cloned, co_await dependents_->Read(shadow_oid_));
  RefuseAll("as it is against a clone of it", DiffDependents(dependents_->found(), cloned, /*with_state=*/true));
  // A name that something hides from view (a WITH query that is called like the table) still means the source.
  CO_ASSIGN_OR_RETURN(const std::vector<Dependent> now, co_await ReadDependents(connection_, table_.oid));
  RefuseAll("a clone of it still refers to the table", DiffDependents(dependents_->found(), now, /*with_state=*/true));
  co_return build_.refusals.empty();
}

// What the change has made of the dependents, and how they get to the new table.
Awaitable<absl::Status> Builder::PlanDependents() {
  Design& design = build_.design;
  CO_ASSIGN_OR_RETURN(design.final_dependents, co_await dependents_->Read(shadow_oid_));
  CO_ASSIGN_OR_RETURN(design.carried, co_await dependents_->Carry(shadow_oid_, design.schema_old));
  CO_RETURN_IF_ERROR(co_await dependents_->Drop(shadow_oid_));
  CO_ASSIGN_OR_RETURN(const std::vector<std::string> differences, co_await TryMaterializedViews(connection_, design));
  RefuseAll("as it is against a clone of it", differences);
  CO_ASSIGN_OR_RETURN(design.attached, co_await ReadAttached(connection_, shadow_oid_, design.schema_new));
  co_return absl::OkStatus();
}

Awaitable<absl::StatusOr<std::vector<std::string>>> Builder::ChangeSql() {
  if (undone_ == nullptr) {
    co_return change_.RetargetEach(build_.design.transfer.shadow);
  }
  CO_ASSIGN_OR_RETURN(const std::vector<Column> was, co_await ReadColumns(connection_, undone_->source_oid));
  CO_ASSIGN_OR_RETURN(const Shape was_shape, co_await ReadShape(connection_, undone_->source_oid));
  co_return UndoColumnsSql(*undone_, build_.source_columns, was, build_.design.source_shape, was_shape);
}

// What hangs on the clone is known by now, and the old table takes its place.
Awaitable<absl::Status> Builder::TakeOldTable() {
  CO_RETURN_IF_ERROR(co_await pg::RunAll(connection_, "/* pgmoult:prepare */", MoveBackSql(*undone_)));
  shadow_oid_ = undone_->source_oid;
  if (parent_) {
    // It has been that partition before.
    Shape& shape = build_.design.partition.final_shape;
    shape = undone_->source_shape;
    std::erase_if(shape, [](const ShapeItem& item) { return item.kind == kSequence; });
  }
  CO_RETURN_IF_ERROR(co_await DropOwnForeignKeys(connection_, shadow_oid_));  // those to itself
  CO_ASSIGN_OR_RETURN(build_.design.attached,
                      co_await ReadAttached(connection_, shadow_oid_, build_.design.schema_new));
  co_return absl::OkStatus();
}

// Null where the source has no such column.
const Column* Builder::SourceOf(const Column& target) const {
  const std::vector<Column>& sources = build_.source_columns;
  if (undone_ == nullptr) {
    // The clone has no dropped columns, so its numbers count the source's live ones; ALTER keeps numbers.
    const auto number = static_cast<size_t>(target.number);
    return number <= sources.size() ? &sources[number - 1] : nullptr;
  }
  const auto link = std::ranges::find(undone_->revert.columns, target.name, &ColumnLink::source);
  const auto found =
      link == undone_->revert.columns.end() ? sources.end() : std::ranges::find(sources, link->target, &Column::name);
  return found == sources.end() ? nullptr : &*found;
}

// PostgreSQL itself says what the change does: it is applied to the clone, under the search_path and default_tablespace
// that a plain session of this login would have. False where it does not let the owner; a refusal says why.
Awaitable<absl::StatusOr<bool>> Builder::ApplyChange() {
  CO_ASSIGN_OR_RETURN(std::vector<std::string> change, co_await ChangeSql());
  const ValueSettings& values = build_.design.values;
  std::vector<pg::Statement> settings;
  settings.push_back({"SELECT pg_catalog.set_config('search_path', $1, true)", {values.search_path}});
  settings.push_back({"SELECT pg_catalog.set_config('default_tablespace', $1, true)", {values.default_tablespace}});
  CO_RETURN_IF_ERROR((co_await connection_.Pipeline(std::move(settings))).status());
  CO_RETURN_IF_ERROR(co_await Execute("SAVEPOINT change"));
  for (std::string& statement : change) {
    const absl::Status applied = co_await Execute(std::move(statement));
    CO_ASSIGN_OR_RETURN(const bool refuses, co_await Refuses(applied));
    if (refuses) {
      co_return false;
    }
    CO_RETURN_IF_ERROR(pg::Annotate(applied, "PostgreSQL does not accept the change"));
  }
  std::vector<pg::Statement> restore;
  restore.push_back({"SET LOCAL search_path = pg_catalog", {}});
  restore.push_back({"SET LOCAL default_tablespace = ''", {}});
  CO_RETURN_IF_ERROR((co_await connection_.Pipeline(std::move(restore))).status());
  co_return true;
}

// Whether PostgreSQL's answer to the change is a refusal of ours, with a way out, rather than an error in the
// statement.
Awaitable<absl::StatusOr<bool>> Builder::Refuses(const absl::Status& applied) {
  const std::string state = pg::SqlState(applied);
  const bool denied = state == "42501";
  // 42P16 and 42809: it is the partitioned table's own, as its columns are.
  const bool inherited = IsPartition(build_.design) && (state == "42P16" || state == "42809");
  // 2BP01: something depends on what would be dropped. 0A000: the type of what something depends on would change.
  const bool in_the_way =
      state == "2BP01" || (state == "0A000" && (has_attached_ || !build_.design.dependents.empty()));
  if (!connection_.usable() || !(denied || in_the_way || inherited)) {
    co_return false;
  }
  CO_RETURN_IF_ERROR(co_await Execute("ROLLBACK TO SAVEPOINT change"));
  CO_RETURN_IF_ERROR(co_await Execute("SET LOCAL search_path = pg_catalog"));
  if (denied) {
    CO_ASSIGN_OR_RETURN(const pg::Result grant,
                        co_await connection_.Query(sql::kMissingGrant, {std::string(applied.message())}));
    CO_ASSIGN_OR_RETURN(build_.remedy, grant.Scalar<std::string>());
    build_.refusal_code = "missing_right";
    build_.refusals.push_back(
        fmt::format("PostgreSQL does not let the owner {} make the change: {}", table_.owner, pg::Describe(applied)));
  } else if (inherited) {
    build_.refusal_code = "partition_inherits_it";
    build_.remedy = "what a partition has from its partitioned table is changed there, for all of its partitions";
    build_.refusals.push_back(
        parent_->RealNames(fmt::format("PostgreSQL does not accept the change: {}", pg::Describe(applied))));
  } else {
    build_.refusal_code = "dependent_in_the_way";
    build_.remedy = "drop what depends on it and make it again after the swap, or leave that column as it is";
    // The detail of these two names what depends, and holds no values.
    const std::string detail = pg::ErrorFields(applied).detail;
    build_.refusals.push_back(fmt::format(
        "PostgreSQL does not accept the change: {}",
        dependents_->RealNames(fmt::format("{}{}{}", pg::Describe(applied), detail.empty() ? "" : ": ", detail))));
  }
  co_return true;
}

Awaitable<absl::Status> Builder::Describe() {
  CO_ASSIGN_OR_RETURN(build_.target_columns, co_await ReadColumns(connection_, shadow_oid_));
  CO_ASSIGN_OR_RETURN(build_.design.expected_shape, co_await ReadShape(connection_, shadow_oid_, table_.oid));
  CO_ASSIGN_OR_RETURN(build_.design.deferred, co_await ReadDeferred(connection_, shadow_oid_));
  CO_ASSIGN_OR_RETURN(const pg::Result identity,
                      co_await connection_.Query("/* pgmoult:catalog */ SELECT relreplident::text FROM "
                                                 "pg_catalog.pg_class WHERE oid = $1::pg_catalog.oid",
                                                 {shadow_oid_}));
  CO_ASSIGN_OR_RETURN(build_.design.replica_identity, identity.Scalar<std::string>());
  for (Column& column : build_.target_columns) {
    const bool added = SourceOf(column) == nullptr && undone_ == nullptr;
    if (added && column.default_expression && !column.missing_value && column.generated.empty()) {
      CO_RETURN_IF_ERROR(co_await ReadOneValue(column));
    }
  }
  co_return absl::OkStatus();
}

// A statement that rewrites the table gives all rows one value of a default that is not volatile, but does not keep it
// as ADD COLUMN by itself does: so that is done beside it. A volatile default leaves no value here either. Of a domain,
// the type below it is added: with a domain that has constraints PostgreSQL rewrites once more.
Awaitable<absl::Status> Builder::ReadOneValue(Column& added) {
  const pg::QualifiedName probe(build_.design.schema_new, "pgmoult_default");
  CO_ASSIGN_OR_RETURN(
      const pg::Result type,
      co_await connection_.Query(
          "/* pgmoult:prepare */ WITH RECURSIVE below AS (SELECT atttypid AS type, atttypmod AS modifier FROM "
          "pg_attribute WHERE attrelid = $1::oid AND attnum = $2::int2 UNION ALL SELECT t.typbasetype, t.typtypmod "
          "FROM "
          "below b JOIN pg_type t ON t.oid = b.type WHERE t.typtype = 'd') SELECT format_type(b.type, b.modifier) FROM "
          "below b JOIN pg_type t ON t.oid = b.type WHERE t.typtype <> 'd'",
          {shadow_oid_, added.number}));
  CO_ASSIGN_OR_RETURN(const std::string plain_type, type.Scalar<std::string>());
  std::vector<pg::Statement> statements;
  statements.push_back({fmt::format("/* pgmoult:prepare */ CREATE TABLE {} ()", probe), {}});
  statements.push_back({fmt::format("/* pgmoult:prepare */ ALTER TABLE {} ADD COLUMN value {} DEFAULT {}", probe,
                                    plain_type, *added.default_expression),
                        {}});
  statements.push_back(
      {"/* pgmoult:prepare */ SELECT CASE WHEN atthasmissing THEN attmissingval::text END FROM "
       "pg_attribute WHERE attrelid = $1::regclass AND attnum = 1",
       {probe.Quoted()}});
  statements.push_back({fmt::format("/* pgmoult:prepare */ DROP TABLE {}", probe), {}});
  CO_ASSIGN_OR_RETURN(const std::vector<pg::Result> results, co_await connection_.Pipeline(std::move(statements)));
  CO_ASSIGN_OR_RETURN(added.missing_value, results[2].Scalar<std::optional<std::string>>());
  added.value_of_last_default = added.missing_value.has_value();
  co_return absl::OkStatus();
}

Awaitable<absl::Status> Builder::Map() {
  Design& design = build_.design;
  UserExpressions user(connection_, table_, design);
  std::map<int32_t, std::string> expressions;
  if (undone_ == nullptr) {
    CO_ASSIGN_OR_RETURN(expressions, co_await user.Read(change_, build_.source_columns));
  }
  std::ranges::copy(user.refusals(), std::back_inserter(build_.refusals));
  std::vector<ColumnSource> columns;
  for (const Column& target : build_.target_columns) {
    ColumnSource column{.target = target, .source = std::nullopt, .user_expression = std::nullopt, .cast = {}};
    const Column* const source = SourceOf(target);
    if (source == nullptr && undone_ != nullptr && target.generated.empty()) {
      design.transfer.kept.emplace_back(target.name);
      continue;
    }
    if (source != nullptr) {
      column.source = *source;
      CO_ASSIGN_OR_RETURN(column.cast, co_await ReadCastFacts(connection_, table_.oid, column.source->number,
                                                              shadow_oid_, target.number));
      const auto found = expressions.find(target.number);
      if (found != expressions.end()) {
        column.user_expression = found->second;
      }
    }
    columns.push_back(std::move(column));
  }
  Mapping mapping = BuildMapping(columns);
  CO_ASSIGN_OR_RETURN(const std::vector<KeyCandidate> candidates, co_await ReadKeyCandidates(connection_, table_.oid));
  KeyChoice key = ChooseKey(candidates, columns);
  design.key_reason = key.reason;
  if (key.candidate != nullptr) {
    design.key_name = key.candidate->index;
    // What the swap's capture has logged since says by which key a revert goes.
    design.transfer.key = undone_ != nullptr ? undone_->revert.key : key.columns;
  }
  build_.refusals.insert(build_.refusals.end(), mapping.refusals.begin(), mapping.refusals.end());
  design.transfer.columns = std::move(mapping.columns);
  design.transfer.computed = std::move(mapping.computed);
  if (undone_ != nullptr) {
    KeepFormerValues(*undone_, columns, design.transfer);
  }
  design.lossy = std::move(mapping.lossy);
  design.type_changes = std::move(mapping.type_changes);
  for (const ColumnSource& column : columns) {
    if (!column.target.identity.empty()) {
      design.identities.push_back(
          {.source_column = column.source && !column.source->identity.empty() ? column.source->name : "",
           .column = column.target.name,
           .always = column.target.identity == "a"});
    }
  }
  DecideDualWrite(design, columns, mapping.safe_to_write_through);
  CO_ASSIGN_OR_RETURN(design.revert, co_await PlanRevert(connection_, design, build_.source_columns, columns));
  co_return absl::OkStatus();
}

void Builder::ChooseShadowKeyIndex() {
  Design& design = build_.design;
  std::vector<std::string> wanted;
  for (const copier::KeyColumn& column : design.transfer.key) {
    wanted.push_back(column.target_name.name());
  }
  for (const DeferredItem& item : design.deferred) {
    if (item.kind == "index" && item.unique && !item.deferrable && !item.partial &&
        std::ranges::is_permutation(item.columns, wanted)) {
      design.shadow_key_index = item.name;
      return;
    }
  }
  // The new shape has no unique index on the key: ours serves replay until the swap.
  design.shadow_key_index = fmt::format("pgmoult_{}_key", design.transfer.migration);
  design.shadow_key_is_ours = true;
}

Awaitable<absl::Status> Builder::ReadSequences() {
  CO_ASSIGN_OR_RETURN(const auto sequences, co_await ReadOwnedSequences(connection_, table_.oid));
  for (const auto& [sequence, number] : sequences) {
    const Column* const source = &build_.source_columns[static_cast<size_t>(number) - 1];
    const auto target =
        std::ranges::find_if(build_.target_columns, [&](const Column& column) { return SourceOf(column) == source; });
    build_.design.sequences.push_back({sequence, target == build_.target_columns.end() ? "" : target->name});
  }
  co_return absl::OkStatus();
}

Awaitable<absl::Status> Builder::ReadStatistics() {
  // A statistics object may live in any schema; its clone lives in ours until the swap.
  CO_ASSIGN_OR_RETURN(
      const pg::Result result,
      co_await connection_.Query(
          "/* pgmoult:catalog */ SELECT n.nspname::text, s.stxname::text FROM pg_statistic_ext s JOIN pg_namespace n "
          "ON n.oid = s.stxnamespace WHERE s.stxrelid = $1::oid AND EXISTS (SELECT FROM pg_statistic_ext c WHERE "
          "c.stxrelid = $2::oid AND c.stxname = s.stxname) ORDER BY 2",
          {table_.oid, shadow_oid_}));
  for (int row = 0; row < result.rows(); ++row) {
    std::string schema;
    std::string name;
    CO_RETURN_IF_ERROR(result.Read(row, schema, name));
    build_.design.statistics.push_back({pg::QualifiedName(schema, name)});
  }
  co_return absl::OkStatus();
}

// Rows go into a bare heap: indexes are built once it is full, CHECKs that old rows may violate come at the end, and so
// do triggers, rules and policies, which must not see how rows get there.
Awaitable<absl::Status> Builder::Strip() {
  for (const AttachedItem& item : build_.design.attached) {
    CO_RETURN_IF_ERROR(co_await Execute("/* pgmoult:prepare */ " + item.drop_sql));
  }
  for (const DeferredItem& item : build_.design.deferred) {
    CO_RETURN_IF_ERROR(co_await Execute("/* pgmoult:prepare */ " + item.drop_sql));
  }
  // An index is a replica identity that stays.
  if (build_.design.published && (undone_ == nullptr || build_.design.replica_identity != "i")) {
    CO_RETURN_IF_ERROR(co_await Execute(
        fmt::format("/* pgmoult:prepare */ ALTER TABLE {} REPLICA IDENTITY FULL", build_.design.transfer.shadow)));
  }
  for (const IdentityColumn& identity : build_.design.identities) {
    if (identity.always) {
      // Write-through updates every column; GENERATED ALWAYS comes back in the swap.
      CO_RETURN_IF_ERROR(
          co_await Execute(fmt::format("/* pgmoult:prepare */ ALTER TABLE {} ALTER COLUMN {} SET GENERATED BY DEFAULT",
                                       build_.design.transfer.shadow, Ident(identity.column))));
    }
  }
  co_return absl::OkStatus();
}

Awaitable<absl::StatusOr<ShadowBuild>> Builder::Run(int64_t id, std::string schema_new, std::string schema_old) {
  Design& design = build_.design;
  design.transfer.migration = id;
  design.transfer.source = table_.name;
  design.transfer.shadow = pg::QualifiedName(schema_new, table_.name.name.name());
  design.transfer.log = pg::QualifiedName(schema_new, "pgmoult_change_log");
  design.schema_new = std::move(schema_new);
  design.schema_old = std::move(schema_old);
  design.reverts = undone_ != nullptr;
  CO_RETURN_IF_ERROR(co_await MakeSchema());
  CO_ASSIGN_OR_RETURN(const bool cloned, co_await Clone());
  if (!cloned) {
    co_return build_;
  }
  CO_ASSIGN_OR_RETURN(const bool attached, co_await AttachToParent());
  if (!attached) {
    co_return build_;
  }
  CO_RETURN_IF_ERROR(co_await CompareClone());
  CO_ASSIGN_OR_RETURN(build_.source_columns, co_await ReadColumns(connection_, table_.oid));
  CO_ASSIGN_OR_RETURN(const bool all_cloned, co_await CloneDependents());
  if (!all_cloned) {
    co_return build_;
  }
  CO_ASSIGN_OR_RETURN(const bool applied, co_await ApplyChange());
  if (!applied) {
    co_return build_;
  }
  CO_RETURN_IF_ERROR(co_await DetachFromParent());
  CO_RETURN_IF_ERROR(co_await PlanDependents());
  CO_RETURN_IF_ERROR(undone_ != nullptr ? co_await TakeOldTable() : absl::OkStatus());
  design.shadow_oid = shadow_oid_;
  CO_RETURN_IF_ERROR(co_await Describe());
  CO_RETURN_IF_ERROR(co_await Map());
  CO_RETURN_IF_ERROR(co_await ReadSequences());
  CO_ASSIGN_OR_RETURN(std::vector<std::string> taken, co_await ReadTakenNames(connection_, shadow_oid_, design));
  std::ranges::move(taken, std::back_inserter(build_.refusals));
  CO_RETURN_IF_ERROR(co_await ReadStatistics());
  ChooseShadowKeyIndex();
  if (undone_ != nullptr) {
    // All others have been there all the time.
    std::erase_if(design.deferred, [](const DeferredItem& item) { return item.kind != "not_valid_check"; });
  }
  CO_RETURN_IF_ERROR(co_await Strip());
  CO_RETURN_IF_ERROR(co_await AddBoundCheck(connection_, shadow_oid_, design));
  co_return build_;
}

}  // namespace

Awaitable<absl::StatusOr<ShadowBuild>> BuildShadow(pg::Connection& connection, const TableFacts& table,
                                                   const Change& change, const ValueSettings& values, int64_t id,
                                                   std::string schema_new, std::string schema_old, bool published,
                                                   const Design* undone) {
  Builder builder(connection, table, change, values, published, undone);
  if (undone != nullptr) {
    co_return co_await builder.Run(id, undone->schema_old, undone->schema_new);
  }
  co_return co_await builder.Run(id, std::move(schema_new), std::move(schema_old));
}

}  // namespace pgmoult::engine
