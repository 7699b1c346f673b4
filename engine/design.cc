#include "engine/design.h"

#include "boost/describe.hpp"
#include "boost/json/value_from.hpp"
#include "boost/json/value_to.hpp"
#include "fmt/format.h"

// JSON forms by description: a member added to a struct must be added here, which a round-trip test checks.
namespace pgmoult::pg {

void tag_invoke(const boost::json::value_from_tag&, boost::json::value& json, const Ident& ident) {
  json = ident.name();
}
Ident tag_invoke(const boost::json::value_to_tag<Ident>&, const boost::json::value& json) {
  return Ident(std::string(json.as_string()));
}
BOOST_DESCRIBE_STRUCT(QualifiedName, (), (schema, name))

}  // namespace pgmoult::pg

namespace pgmoult::copier {

BOOST_DESCRIBE_STRUCT(KeyColumn, (),
                      (name, type, collation, op_schema, less, less_equal, greater, greater_equal, equal, descending,
                       target_name, target_type, expression))
BOOST_DESCRIBE_STRUCT(ColumnPair, (), (target, expression, compare_cast, forward, made))
BOOST_DESCRIBE_STRUCT(ComputedColumn, (), (target, expression))
BOOST_DESCRIBE_STRUCT(Transfer, (), (migration, source, shadow, log, key, columns, computed, kept))

}  // namespace pgmoult::copier

namespace pgmoult::engine {

BOOST_DESCRIBE_STRUCT(ValueSettings, (), (time_zone, date_style, interval_style, search_path, default_tablespace))
BOOST_DESCRIBE_STRUCT(ShapeItem, (), (kind, name, definition))
BOOST_DESCRIBE_STRUCT(DeferredItem, (),
                      (kind, name, unique, constraint, deferrable, columns, partial, create_sql, tablespace, after_sql,
                       drop_sql))
BOOST_DESCRIBE_STRUCT(OwnedSequence, (), (sequence, column))
BOOST_DESCRIBE_STRUCT(IdentityColumn, (), (source_column, column, always))
BOOST_DESCRIBE_STRUCT(ExtendedStatistics, (), (name))
BOOST_DESCRIBE_STRUCT(AttachedItem, (), (kind, name, statements, drop_sql))
BOOST_DESCRIBE_STRUCT(Dependent, (), (kind, oid, name, text, attributes, state))
BOOST_DESCRIBE_STRUCT(CarriedDependent, (),
                      (kind, oid, name, owner, detach, attach, finish, lock_schema, lock_name, lock_role, lock_form,
                       lock_place, stand_ins, between, note, query, populated))
BOOST_DESCRIBE_STRUCT(Ancestor, (), (table, owner))
BOOST_DESCRIBE_STRUCT(PartitionPlace, (),
                      (ancestors, bound, constraint, attach_role, default_beside, default_role, default_is_tree,
                       default_proof, after_attach, final_shape))
BOOST_DESCRIBE_STRUCT(CaptureTrigger, (), (name, enabled, xmin))
BOOST_DESCRIBE_STRUCT(ColumnLink, (), (source, target, forward))
BOOST_DESCRIBE_STRUCT(RevertPlan, (), (problem, key, columns, notes))
BOOST_DESCRIBE_STRUCT(Design, (),
                      (transfer, source_oid, owner, schema_new, schema_old, key_name, key_reason, shadow_key_index,
                       shadow_key_is_ours, dual_write_possible, dual_write_reason, values, lossy, type_changes,
                       source_shape, expected_shape, deferred, sequences, identities, statistics, attached, dependents,
                       final_dependents, carried, partition, triggers, dead_man_s, filenode, must_verify, published,
                       replica_identity, shadow_oid, reverts, revert))

std::vector<std::string> DiffDefinitions(
    const std::map<std::string, std::pair<std::string, std::string>>& definitions) {
  std::vector<std::string> sentences;
  for (const auto& [name, definition] : definitions) {
    const auto& [was, is] = definition;
    if (was != is) {
      sentences.push_back(
          fmt::format("{}: was {}, is {}", name, was.empty() ? "absent" : was, is.empty() ? "absent" : is));
    }
  }
  return sentences;
}

std::vector<std::string> DiffShapes(const Shape& was, const Shape& is) {
  std::map<std::string, std::pair<std::string, std::string>> items;
  for (const ShapeItem& item : was) {
    items[fmt::format("{} {}", item.kind, item.name)].first += item.definition;
  }
  for (const ShapeItem& item : is) {
    items[fmt::format("{} {}", item.kind, item.name)].second += item.definition;
  }
  return DiffDefinitions(items);
}

boost::json::value ToJson(const Design& design) { return boost::json::value_from(design); }

absl::StatusOr<Design> DesignFromJson(const boost::json::value& json) {
  auto design = boost::json::try_value_to<Design>(json);
  if (design.has_error()) {
    return absl::DataLossError(
        fmt::format("the journal's design cannot be read by this version: {}", design.error().message()));
  }
  return *std::move(design);
}

}  // namespace pgmoult::engine
