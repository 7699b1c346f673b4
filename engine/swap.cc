#include "engine/swap.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_replace.h"
#include "engine/builds.h"
#include "engine/partition.h"
#include "engine/sessions.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/sql_text.h"

namespace pgmoult::engine {
namespace {

using pg::Ident;
using pg::Literal;
using pg::QualifiedName;

QualifiedName OldTable(const Design& design) { return {Ident(design.schema_old), design.transfer.source.name}; }

Ident GuardName(const Design& design) { return Ident(fmt::format("pgmoult_{}_guard", design.transfer.migration)); }

Ident FenceName(const Design& design) { return Ident(fmt::format("pgmoult_{}_fence", design.transfer.migration)); }

constexpr std::string_view kEveryWrite = "INSERT OR UPDATE OR DELETE OR TRUNCATE";

// A statement trigger of the table alone, not of its partitions. It fires in every replication role. The argument is a
// literal: the changed table's name.
std::vector<std::string> AlwaysBefore(const Ident& trigger, std::string_view events, std::string_view table,
                                      const QualifiedName& function, std::string_view argument) {
  return {fmt::format("CREATE OR REPLACE TRIGGER {} BEFORE {} ON {} FOR EACH STATEMENT EXECUTE FUNCTION {}({})",
                      trigger, events, table, function, argument),
          fmt::format("ALTER TABLE ONLY {} ENABLE ALWAYS TRIGGER {}", table, trigger)};
}

std::string NameLiteral(const Design& design) { return fmt::format("{}", Literal(design.transfer.source.name.name())); }

// The same of the table and all of its partitions: a statement fires the triggers of the one that it names. Trigger and
// function have names of ours, without a percent sign.
std::string AlwaysBeforeInTree(const Ident& trigger, std::string_view events, const QualifiedName& table,
                               const QualifiedName& function, const std::string& argument) {
  std::string body = "DECLARE part pg_catalog.regclass; BEGIN FOR part IN SELECT relid FROM ";
  body += fmt::format("pg_catalog.pg_partition_tree({}) LOOP", Literal(table.Quoted()));
  for (const std::string& statement :
       AlwaysBefore(trigger, events, "%s", function, absl::StrReplaceAll(argument, {{"%", "%%"}}))) {
    body += fmt::format(" EXECUTE pg_catalog.format({}, part);", Literal(statement));
  }
  return fmt::format("DO {}", Literal(body + " END LOOP; END"));
}

std::string SequenceOf(const QualifiedName& table, const std::string& column) {
  return fmt::format("pg_catalog.pg_get_serial_sequence({}, {})", Literal(table.Quoted()), Literal(column));
}

// One foreign key of each table that references the new one.
std::vector<const CarriedDependent*> ReferencingTables(const Design& design) {
  std::vector<const CarriedDependent*> tables;
  std::set<pg::QualifiedName> seen;
  for (const CarriedDependent& one : design.carried) {
    const QualifiedName table(one.lock_schema, one.lock_name);
    if (one.kind == "foreign key" && one.lock_place == "referencing" && !one.attach.empty() &&
        seen.insert(table).second) {
      tables.push_back(&one);
    }
  }
  return tables;
}

// Relations that dependents live on, in a fixed order.
std::vector<PartnerLock> PartnersAt(const Design& design, std::string_view place) {
  std::map<pg::QualifiedName, PartnerLock> partners;
  for (const CarriedDependent& one : design.carried) {
    const pg::QualifiedName relation(one.lock_schema, one.lock_name);
    if (one.lock_name.empty() || one.lock_place != place || relation == design.transfer.source) {
      continue;
    }
    const auto form = one.lock_form == "table"  ? PartnerLock::Form::kTable
                      : one.lock_form == "tree" ? PartnerLock::Form::kTree
                                                : PartnerLock::Form::kOther;
    partners[relation] = {.relation = relation, .role = Ident(one.lock_role), .form = form};
  }
  std::vector<PartnerLock> locks;
  for (auto& [relation, lock] : partners) {
    locks.push_back(std::move(lock));
  }
  return locks;
}

}  // namespace

LockPartners PartnersOf(const Design& design) {
  LockPartners partners = {.early = PartnersAt(design, "early"),
                           .ancestors = AncestorLocks(design),
                           .referenced = PartnersAt(design, "referenced"),
                           .referencing = PartnersAt(design, "referencing")};
  std::ranges::move(DefaultPartitionLock(design), std::back_inserter(partners.referencing));
  return partners;
}

QualifiedName FenceMarker(const Design& design) { return {design.schema_old, "pgmoult_swapped"}; }

std::vector<std::string> FinishShapeSql(const Design& design) {
  std::vector<std::string> statements;
  for (const IdentityColumn& identity : design.identities) {
    if (identity.always) {
      statements.push_back(fmt::format("ALTER TABLE {} ALTER COLUMN {} SET GENERATED ALWAYS", design.transfer.shadow,
                                       Ident(identity.column)));
    }
  }
  if (design.published && (design.replica_identity == "d" || design.replica_identity == "n")) {
    // 'f' is what it has; 'i' came with its index.
    statements.push_back(fmt::format("ALTER TABLE {} REPLICA IDENTITY {}", design.transfer.shadow,
                                     design.replica_identity == "d" ? "DEFAULT" : "NOTHING"));
  }
  for (const DeferredItem& item : NotValidItems(design)) {
    statements.push_back(item.create_sql);
    statements.insert(statements.end(), item.after_sql.begin(), item.after_sql.end());
  }
  for (const AttachedItem& item : design.attached) {
    statements.insert(statements.end(), item.statements.begin(), item.statements.end());
  }
  if (design.shadow_key_is_ours) {
    statements.push_back(KeyIndexItem(design).drop_sql);
  }
  return statements;
}

std::vector<std::string> ExchangeNamesSql(const Design& design) {
  const QualifiedName& source = design.transfer.source;
  std::vector<std::string> statements;
  for (const OwnedSequence& sequence : design.sequences) {
    if (!sequence.column.empty()) {
      statements.push_back(fmt::format("ALTER SEQUENCE {} OWNED BY NONE", sequence.sequence));
    }
  }
  for (const ExtendedStatistics& statistics : design.statistics) {
    statements.push_back(fmt::format("ALTER STATISTICS {} SET SCHEMA {}", statistics.name, Ident(design.schema_old)));
  }
  if (design.reverts) {
    statements.push_back(fmt::format("DROP TRIGGER IF EXISTS {} ON {}", GuardName(design), design.transfer.shadow));
  }
  statements.push_back(fmt::format("ALTER TABLE {} SET SCHEMA {}", source, Ident(design.schema_old)));
  statements.push_back(fmt::format("ALTER TABLE {} SET SCHEMA {}", design.transfer.shadow, source.schema));
  for (const ExtendedStatistics& statistics : design.statistics) {
    statements.push_back(fmt::format("ALTER STATISTICS {} SET SCHEMA {}",
                                     QualifiedName(Ident(design.schema_new), statistics.name.name),
                                     statistics.name.schema));
  }
  for (const OwnedSequence& sequence : design.sequences) {
    if (!sequence.column.empty()) {
      statements.push_back(
          fmt::format("ALTER SEQUENCE {} OWNED BY {}.{}", sequence.sequence, source, Ident(sequence.column)));
    }
  }
  return statements;
}

std::string CarryIdentitySql(const Design& design, const IdentityColumn& identity) {
  // The old sequence is read by name, which needs the text of its own name: query_to_xml would be one statement, but a
  // DO block says plainly what happens.
  return fmt::format(
      "DO {}",
      Literal(fmt::format(
          "DECLARE last pg_catalog.int8; called pg_catalog.bool; BEGIN EXECUTE 'SELECT last_value, is_called FROM ' || "
          "{} INTO last, called; PERFORM pg_catalog.setval({}::pg_catalog.regclass, last, called); END",
          SequenceOf(OldTable(design), identity.source_column), SequenceOf(design.transfer.source, identity.column))));
}

std::vector<std::string> CreateFenceSql(const Design& design) {
  const QualifiedName marker = FenceMarker(design);
  const QualifiedName function(design.schema_old, "pgmoult_fence");
  const Ident name = FenceName(design);
  std::vector<std::string> statements = {
      fmt::format("CREATE TABLE {} AS SELECT pg_catalog.clock_timestamp() AS at", marker),
      fmt::format(
          "CREATE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, "
          "pg_temp AS $pgmoult$ BEGIN IF pg_catalog.current_setting('transaction_isolation') <> 'read committed' "
          "AND NOT EXISTS (SELECT FROM {}) THEN RAISE EXCEPTION 'could not serialize access: this transaction "
          "began before % changed its shape', TG_ARGV[0] USING ERRCODE = '40001', HINT = 'Retry the "
          "transaction.'; END IF; RETURN NULL; END $pgmoult$",
          function, marker),
      fmt::format("REVOKE EXECUTE ON FUNCTION {}() FROM PUBLIC", function)};
  const auto add = [&](const QualifiedName& table, std::string_view events, bool tree) {
    if (tree) {
      statements.push_back(AlwaysBeforeInTree(name, events, table, function, NameLiteral(design)));
    } else {
      std::ranges::move(AlwaysBefore(name, events, table.Quoted(), function, NameLiteral(design)),
                        std::back_inserter(statements));
    }
  };
  add(design.transfer.source, kEveryWrite, /*tree=*/false);
  const auto add_as = [&](const std::string& owner, const QualifiedName& table, std::string_view events, bool tree) {
    const bool other = owner != design.owner;
    if (other) {
      statements.push_back(fmt::format("GRANT USAGE ON SCHEMA {} TO {}", Ident(design.schema_old), Ident(owner)));
      statements.push_back(fmt::format("GRANT EXECUTE ON FUNCTION {}() TO {}", function, Ident(owner)));
      statements.push_back(fmt::format("SET LOCAL ROLE {}", Ident(owner)));
    }
    add(table, events, tree);
    if (other) {
      statements.push_back(fmt::format("SET LOCAL ROLE {}", Ident(design.owner)));
    }
  };
  // A statement fires the triggers of the table that it names.
  for (const Ancestor& ancestor : design.partition.ancestors) {
    add_as(ancestor.owner, ancestor.table, kEveryWrite, /*tree=*/false);
  }
  // The check of a foreign key reads the new table by the writer's snapshot, and would miss rows.
  for (const CarriedDependent* key : ReferencingTables(design)) {
    add_as(key->owner, {key->lock_schema, key->lock_name}, "INSERT OR UPDATE", key->lock_form == "tree");
  }
  return statements;
}

std::vector<std::string> GuardOldTableSql(const Design& design) {
  const QualifiedName function(design.schema_old, "pgmoult_guard");
  const Ident name = GuardName(design);
  std::vector<std::string> statements = {
      fmt::format("CREATE OR REPLACE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, "
                  "pg_temp AS $pgmoult$ BEGIN IF pg_catalog.current_setting('{}', true) = 'on' THEN RETURN NULL; END "
                  "IF; RAISE EXCEPTION 'could not serialize access: this statement began before % changed its shape', "
                  "TG_ARGV[0] USING ERRCODE = '40001', HINT = 'Retry the transaction.'; END $pgmoult$",
                  function, kEngineSetting),
      fmt::format("REVOKE EXECUTE ON FUNCTION {}() FROM PUBLIC", function)};
  std::ranges::move(AlwaysBefore(name, kEveryWrite, OldTable(design).Quoted(), function, NameLiteral(design)),
                    std::back_inserter(statements));
  return statements;
}

std::string DropFenceTriggerSql(const Design& design, const QualifiedName& table) {
  return fmt::format("DROP TRIGGER IF EXISTS {} ON {}", FenceName(design), table);
}

std::vector<std::string> DropFenceSql(const Design& design) {
  return {fmt::format("DROP FUNCTION IF EXISTS {}()", QualifiedName(design.schema_old, "pgmoult_fence")),
          fmt::format("DROP TABLE IF EXISTS {}", FenceMarker(design))};
}

}  // namespace pgmoult::engine
