#include "engine/dependents.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/str_replace.h"
#include "boost/json/array.hpp"
#include "boost/json/serialize.hpp"
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

std::string Definition(const Dependent& dependent, bool with_state) {
  std::string text = dependent.text;
  for (const std::string* part : {&dependent.attributes, &dependent.state}) {
    if (!part->empty() && (with_state || part != &dependent.state)) {
      text += fmt::format("; {}", *part);
    }
  }
  return text;
}

}  // namespace

Awaitable<absl::StatusOr<std::vector<Dependent>>> ReadDependents(pg::Connection& connection, int64_t oid,
                                                                 int64_t clone_of, std::string stand_ins) {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await connection.Query(sql::kDependentsOf, {oid, clone_of, std::move(stand_ins)}));
  std::vector<Dependent> dependents(static_cast<size_t>(result.rows()));
  for (int row = 0; row < result.rows(); ++row) {
    Dependent& one = dependents[static_cast<size_t>(row)];
    CO_RETURN_IF_ERROR(result.Read(row, one.kind, one.oid, one.name, one.text, one.attributes, one.state));
  }
  co_return dependents;
}

std::vector<std::string> DiffDependents(const std::vector<Dependent>& was, const std::vector<Dependent>& is,
                                        bool with_state) {
  std::map<std::string, std::pair<std::string, std::string>> definitions;
  for (const Dependent& one : was) {
    definitions[one.name].first = Definition(one, with_state);
  }
  for (const Dependent& one : is) {
    definitions[one.name].second = Definition(one, with_state);
  }
  return DiffDefinitions(definitions);
}

std::vector<Dependent> DependentsInSwap(const Design& design) {
  std::vector<Dependent> dependents;
  for (const Dependent& last : design.final_dependents) {
    const auto carried = std::ranges::find(design.carried, last.name, &CarriedDependent::name);
    if (carried == design.carried.end() || carried->stand_ins.empty()) {
      dependents.push_back(last);
      continue;
    }
    for (const std::string& name : carried->stand_ins) {
      Dependent stand_in = last;
      stand_in.name = name;
      stand_in.attributes.clear();
      dependents.push_back(std::move(stand_in));
    }
  }
  return dependents;
}

std::vector<std::string> CarryDependentsSql(const Design& design) {
  const Ident owner(design.owner);
  const Ident schema(design.schema_new);
  std::set<std::string> others;
  for (const CarriedDependent& one : design.carried) {
    if (one.owner != design.owner) {
      others.insert(one.owner);
    }
  }
  std::vector<std::string> statements;
  // Old materialized views go where the old table goes.
  const bool moves = std::ranges::any_of(design.carried, &CarriedDependent::IsMaterialized);
  const std::string with_old = moves ? fmt::format(", {}", Ident(design.schema_old)) : "";
  const std::string_view rights = moves ? "USAGE, CREATE" : "USAGE";
  for (const std::string& other : others) {
    statements.push_back(fmt::format("GRANT {} ON SCHEMA {}{} TO {}", rights, schema, with_old, Ident(other)));
  }
  std::string role = design.owner;
  const auto run_as = [&](const std::string& who, const std::vector<std::string>& more) {
    if (!more.empty() && who != role) {
      statements.push_back(fmt::format("SET LOCAL ROLE {}", Ident(who)));
      role = who;
    }
    statements.insert(statements.end(), more.begin(), more.end());
  };
  for (const CarriedDependent& one : design.carried) {
    run_as(one.owner, one.detach);
    run_as(one.owner, one.attach);
  }
  if (role != design.owner) {
    statements.push_back(fmt::format("SET LOCAL ROLE {}", owner));
  }
  for (const std::string& other : others) {
    statements.push_back(fmt::format("REVOKE {} ON SCHEMA {}{} FROM {}", rights, schema, with_old, Ident(other)));
  }
  return statements;
}

Awaitable<absl::Status> DropOwnForeignKeys(pg::Connection& connection, int64_t oid) {
  CO_ASSIGN_OR_RETURN(
      const pg::Result keys,
      co_await connection.Query("/* pgmoult:prepare */ SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', "
                                "conrelid::regclass, conname) FROM pg_constraint WHERE conrelid = $1::oid AND contype "
                                "= 'f' AND conparentid = 0",
                                {oid}));
  std::vector<std::string> statements;
  for (int row = 0; row < keys.rows(); ++row) {
    statements.emplace_back(keys.Text(row, 0));
  }
  co_return co_await pg::RunAll(connection, "/* pgmoult:prepare */", std::move(statements));
}

Awaitable<absl::Status> DependentClones::Execute(std::string sql) {
  co_return (co_await connection_.Query(fmt::format("/* pgmoult:prepare */ {}", sql))).status();
}

std::string DependentClones::ItemsJson() const {
  boost::json::array items;
  if (clones_.empty()) {
    for (const Dependent& one : found_) {
      items.push_back({{"kind", one.kind}, {"oid", one.oid}});
    }
  }
  for (const Clone& one : clones_) {
    items.push_back({{"kind", one.kind}, {"oid", one.oid}, {"real", one.real}, {"clone", one.clone}});
  }
  return boost::json::serialize(items);
}

// Where bare names are looked for: beside the table, and beside each materialized view that has to be made anew.
Awaitable<absl::Status> DependentClones::ReadSchemas() {
  schemas_ = {source_.name.schema};
  std::vector<std::string> views;
  for (const Dependent& one : found_) {
    if (one.kind == kMaterializedView) {
      views.push_back(std::to_string(one.oid));
    }
  }
  CO_ASSIGN_OR_RETURN(
      const pg::Result result,
      co_await connection_.Query(
          "/* pgmoult:catalog */ SELECT DISTINCT n.nspname::text FROM pg_class c JOIN pg_namespace n ON "
          "n.oid = c.relnamespace WHERE c.oid = ANY ($1::oid[]) AND n.nspname <> $2 ORDER BY 1",
          {pg::ArrayText(views), source_.name.schema.name()}));
  for (int row = 0; row < result.rows(); ++row) {
    schemas_.emplace_back(std::string(result.Text(row, 0)));
  }
  co_return absl::OkStatus();
}

Awaitable<absl::StatusOr<std::optional<std::string>>> DependentClones::Make() {
  CO_ASSIGN_OR_RETURN(found_, co_await ReadDependents(connection_, source_.oid));
  if (found_.empty()) {
    co_return std::nullopt;
  }
  CO_RETURN_IF_ERROR(co_await ReadSchemas());
  CO_RETURN_IF_ERROR(co_await Execute(fmt::format("SET LOCAL search_path = {}", fmt::join(schemas_, ", "))));
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await connection_.Query(sql::kCloneDependents, {source_.oid, schema_, ItemsJson()}));
  for (int row = 0; row < result.rows(); ++row) {
    Clone& one = clones_.emplace_back();
    CO_RETURN_IF_ERROR(
        pg::Annotate(result.Read(row, one.kind, one.oid, one.owner, one.scratch, one.real, one.clone, one.statements),
                     fmt::format("a definition that hangs on {} has a form that is not known to this version",
                                 source_.name.Plain())));
  }
  CO_RETURN_IF_ERROR(co_await Execute("SAVEPOINT dependents"));
  const absl::Status made = co_await MakeAll();
  if (!made.ok()) {
    if (!connection_.usable()) {
      co_return made;
    }
    CO_RETURN_IF_ERROR(co_await Execute("ROLLBACK TO SAVEPOINT dependents"));
  }
  CO_RETURN_IF_ERROR(co_await Execute("SET LOCAL search_path = pg_catalog"));
  CO_RETURN_IF_ERROR(co_await Execute(fmt::format("SET LOCAL ROLE {}", Ident(source_.owner))));
  co_return made.ok() ? std::optional<std::string>()
                      : fmt::format("cannot be carried over: {}", RealNames(pg::Describe(made)));
}

// What the clones have there, each once, without those that have none.
std::set<std::string> DependentClones::Distinct(std::string Clone::* member) const {
  std::set<std::string> values;
  for (const Clone& one : clones_) {
    values.insert(one.*member);
  }
  values.erase("");
  return values;
}

Awaitable<absl::Status> DependentClones::MakeAll() {
  const std::set<std::string> scratches = Distinct(&Clone::scratch);
  std::set<std::string> owners = Distinct(&Clone::owner);
  owners.erase(source_.owner);
  for (const std::string& other : owners) {
    CO_RETURN_IF_ERROR(
        co_await Execute(fmt::format("GRANT USAGE, CREATE ON SCHEMA {} TO {}", Ident(schema_), Ident(other))));
  }
  owners.insert(source_.owner);
  CO_RETURN_IF_ERROR(co_await Execute("RESET ROLE"));
  for (const std::string& scratch : scratches) {
    CO_RETURN_IF_ERROR(co_await Execute(fmt::format("CREATE SCHEMA {}", Ident(scratch))));
    for (const std::string& other : owners) {
      CO_RETURN_IF_ERROR(
          co_await Execute(fmt::format("GRANT USAGE, CREATE ON SCHEMA {} TO {}", Ident(scratch), Ident(other))));
    }
  }
  CO_RETURN_IF_ERROR(
      co_await Execute(fmt::format("SET LOCAL search_path = {}, {}", Ident(schema_), fmt::join(schemas_, ", "))));
  for (const Clone& one : clones_) {
    if (one.statements.empty()) {
      continue;
    }
    CO_RETURN_IF_ERROR(
        co_await Execute(one.owner.empty() ? "RESET ROLE" : fmt::format("SET LOCAL ROLE {}", Ident(one.owner))));
    for (const std::string& statement : one.statements) {
      CO_RETURN_IF_ERROR(pg::Annotate(co_await Execute(statement), one.real));
    }
  }
  co_return absl::OkStatus();
}

Awaitable<absl::Status> DependentClones::Drop(int64_t clone) {
  if (clones_.empty()) {
    co_return absl::OkStatus();
  }
  std::set<std::string> others = Distinct(&Clone::owner);
  others.erase(source_.owner);
  CO_RETURN_IF_ERROR(co_await Execute("RESET ROLE"));
  for (const Clone& one : clones_) {
    if (one.kind == "publication") {
      CO_RETURN_IF_ERROR(co_await Execute(fmt::format("DROP PUBLICATION {}", one.clone)));
    }
  }
  for (const std::string& scratch : Distinct(&Clone::scratch)) {
    CO_RETURN_IF_ERROR(co_await Execute(fmt::format("DROP SCHEMA {} CASCADE", Ident(scratch))));
  }
  CO_RETURN_IF_ERROR(co_await Execute(fmt::format("SET LOCAL ROLE {}", Ident(source_.owner))));
  for (const Clone& one : clones_) {
    if (one.kind == kMaterializedView) {
      CO_RETURN_IF_ERROR(co_await Execute(fmt::format("DROP VIEW IF EXISTS {} CASCADE", one.clone)));
    }
  }
  for (const std::string& other : others) {
    CO_RETURN_IF_ERROR(
        co_await Execute(fmt::format("REVOKE USAGE, CREATE ON SCHEMA {} FROM {}", Ident(schema_), Ident(other))));
  }
  co_return co_await DropOwnForeignKeys(connection_, clone);
}

std::string DependentClones::RealNames(const std::string& text) const {
  std::vector<std::pair<std::string, std::string>> names;
  for (const Clone& one : clones_) {
    names.emplace_back(one.clone, one.real);
  }
  // absl takes the longest of several names that begin at one place.
  return absl::StrReplaceAll(text, names);
}

Awaitable<absl::StatusOr<std::vector<Dependent>>> DependentClones::Read(int64_t clone) {
  std::vector<std::string> stand_ins;
  for (const Clone& one : clones_) {
    if (one.kind == kMaterializedView) {
      CO_ASSIGN_OR_RETURN(
          const pg::Result found,
          co_await connection_.Query("/* pgmoult:catalog */ SELECT $1::regclass::oid::text", {one.clone}));
      CO_ASSIGN_OR_RETURN(std::string oid, found.Scalar<std::string>());
      stand_ins.push_back(std::move(oid));
    }
  }
  CO_ASSIGN_OR_RETURN(std::vector<Dependent> dependents,
                      co_await ReadDependents(connection_, clone, source_.oid, pg::ArrayText(stand_ins)));
  for (Dependent& one : dependents) {
    one.name = RealNames(one.name);
    one.text = RealNames(one.text);
    const std::string materialized = fmt::format("materialized {}", one.name);
    if (one.kind == "view" && std::ranges::find(found_, materialized, &Dependent::name) != found_.end()) {
      one.kind = kMaterializedView;
      one.name = materialized;
    }
    // What does not come from the table stays as it is with the dependent itself.
    const auto real = std::ranges::find(found_, one.name, &Dependent::name);
    if (real != found_.end()) {
      one.oid = real->oid;
      one.attributes = real->attributes;
      one.state = real->state;
    }
  }
  co_return dependents;
}

Awaitable<absl::StatusOr<std::vector<CarriedDependent>>> DependentClones::Carry(int64_t clone, std::string old_schema) {
  std::vector<CarriedDependent> carried;
  if (clones_.empty()) {
    co_return carried;
  }
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await connection_.Query(sql::kCarryDependents, {source_.oid, clone, ItemsJson(), old_schema}));
  for (int row = 0; row < result.rows(); ++row) {
    CarriedDependent one;
    CO_RETURN_IF_ERROR(result.Read(row, one.kind, one.oid, one.owner, one.detach, one.attach, one.finish,
                                   one.lock_schema, one.lock_name, one.lock_role, one.lock_form, one.lock_place,
                                   one.stand_ins, one.between, one.note, one.query, one.populated));
    const auto real = std::ranges::find_if(
        found_, [&one](const Dependent& found) { return found.kind == one.kind && found.oid == one.oid; });
    if (real != found_.end()) {
      one.name = real->name;
    }
    carried.push_back(std::move(one));
  }
  // Materialized views leave our schema last: what reads them names them there. Foreign keys are checked in the order
  // in which they were made.
  std::ranges::sort(carried, {},
                    [](const CarriedDependent& one) { return std::tuple(one.IsMaterialized(), one.kind, one.oid); });
  co_return carried;
}

}  // namespace pgmoult::engine
