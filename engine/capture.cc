#include "engine/capture.h"

#include "copier/sql_builder.h"
#include "engine/dead_man.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/macros.h"
#include "pg/status.h"

namespace pgmoult::engine {
namespace {

using copier::ColumnPair;
using copier::KeyColumn;
using copier::Side;
using copier::Transfer;
using pg::Ident;

// Above this many keys a statement is logged even in dual-write: writing a bulk UPDATE through more than doubles it.
constexpr int kMaxKeysWrittenThrough = 10'000;

struct Function {
  const char* name;
  // SELECT list source of the keys: FROM clause of a transition table, or none for row triggers.
  const char* rows;        // transition table, or nullptr for row triggers
  const char* row_prefix;  // "OLD." or "NEW." for row triggers
};

constexpr Function kNewRows = {"capture_new", "pgmoult_new_rows", nullptr};
constexpr Function kOldRows = {"capture_old", "pgmoult_old_rows", nullptr};
constexpr Function kOldKey = {"capture_old_key", nullptr, "OLD."};

template <typename Format>
std::string EachKey(const Transfer& transfer, std::string_view separator, Format format) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < transfer.key.size(); ++i) {
    parts.push_back(format(transfer.key[i], i + 1));
  }
  return fmt::format("{}", fmt::join(parts, separator));
}

// pgmoult_k1, pgmoult_k2: one array variable a key column.
std::string Variables(const Transfer& transfer) {
  return EachKey(transfer, ", ", [](const KeyColumn&, size_t i) { return fmt::format("pgmoult_k{}", i); });
}

// The keys at hand as a row source with the source's key column names.
std::string Unnested(const Transfer& transfer) {
  return fmt::format(
      "ROWS FROM ({}) AS pgmoult_u ({})",
      EachKey(transfer, ", ", [](const KeyColumn&, size_t i) { return fmt::format("unnest(pgmoult_k{})", i); }),
      copier::KeyList(transfer, Side::kSource));
}

std::string EqualsTarget(const Transfer& transfer) {
  return EachKey(transfer, " AND ", [](const KeyColumn& column, size_t i) {
    return fmt::format("pgmoult_d.{} OPERATOR({}.{}) pgmoult_g.m{}", column.target_name, Ident(column.op_schema),
                       column.equal, i);
  });
}

std::string LogTheKeys(const Transfer& transfer) {
  return fmt::format("INSERT INTO {} ({}) SELECT {} FROM {}", transfer.log, copier::KeyList(transfer, Side::kLog),
                     copier::KeyList(transfer, Side::kSource, "pgmoult_u."), Unnested(transfer));
}

// The keys of all rows of a transition table.
std::string LogTheRows(const Transfer& transfer, const Function& function) {
  return fmt::format("INSERT INTO {0} ({1}) SELECT {1} FROM {2}", transfer.log, copier::KeyList(transfer, Side::kLog),
                     function.rows);
}

// One index probe a key, whatever the planner thinks of the arrays: LATERAL with OFFSET 0 is never turned round.
std::string SomeKeyIsLogged(const Transfer& transfer) {
  return fmt::format(
      "EXISTS (SELECT FROM {} CROSS JOIN LATERAL (SELECT FROM {} AS pgmoult_l WHERE {} LIMIT 1) AS pgmoult_x)",
      Unnested(transfer), transfer.log,
      copier::KeyEquality(transfer, Side::kLog, "pgmoult_l.", Side::kSource, "pgmoult_u."));
}

std::string DeleteGone(const Transfer& transfer) {
  const std::string mapped = EachKey(
      transfer, ", ", [](const KeyColumn& column, size_t i) { return fmt::format("{} AS m{}", column.expression, i); });
  return fmt::format(
      "DELETE FROM {0} WHERE ctid = ANY (ARRAY(SELECT pgmoult_x.ctid FROM (SELECT {1} FROM {2} WHERE NOT EXISTS "
      "(SELECT FROM ONLY {3} AS pgmoult_s WHERE {4})) AS pgmoult_g CROSS JOIN LATERAL (SELECT pgmoult_d.ctid FROM {0} "
      "AS "
      "pgmoult_d WHERE {5} OFFSET 0) AS pgmoult_x))",
      transfer.shadow, mapped, Unnested(transfer), transfer.source,
      copier::KeyEquality(transfer, Side::kSource, "pgmoult_s.", Side::kSource, "pgmoult_u."), EqualsTarget(transfer));
}

// SET names every column, the key's included: keys that are equal but not identical (citext) must take the new bytes.
std::string UpsertRest(const Transfer& transfer) {
  std::vector<std::string> expressions;
  std::vector<std::string> names;
  std::vector<std::string> targets;
  std::vector<std::string> sets;
  for (size_t i = 0; i < transfer.columns.size(); ++i) {
    const ColumnPair& pair = transfer.columns[i];
    expressions.push_back(fmt::format("{} AS c{}", pair.expression, i + 1));
    names.push_back(fmt::format("pgmoult_x.c{}", i + 1));
    targets.push_back(pair.target.Quoted());
    sets.push_back(fmt::format("{0} = excluded.{0}", pair.target));
  }
  return fmt::format(
      "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM (SELECT DISTINCT {} FROM {} ORDER BY {}) AS "
      "pgmoult_u "
      "CROSS JOIN LATERAL (SELECT {} FROM ONLY {} AS pgmoult_s WHERE {} OFFSET 0) AS pgmoult_x ON CONFLICT ({}) DO "
      "UPDATE SET {}",
      transfer.shadow, fmt::join(targets, ", "), fmt::join(names, ", "),
      copier::KeyList(transfer, Side::kSource, "pgmoult_u."), Unnested(transfer),
      copier::KeyList(transfer, Side::kSource, "pgmoult_u."), fmt::join(expressions, ", "), transfer.source,
      copier::KeyEquality(transfer, Side::kSource, "pgmoult_s.", Side::kSource, "pgmoult_u."),
      copier::KeyList(transfer, Side::kShadow), fmt::join(sets, ", "));
}

// The table that a swap has put aside lets nobody write it but us.
std::string AsEngine(const Design& design, std::string_view value) {
  return design.reverts ? fmt::format("    PERFORM pg_catalog.set_config('{}', '{}', true);\n", kEngineSetting, value)
                        : "";
}

std::string DualWriteStatements(const Design& design) {
  const Transfer& transfer = design.transfer;
  // The isolation test stands alone, before any read of the log: a SERIALIZABLE writer that reads the log it inserts
  // into would conflict with every other writer.
  return fmt::format(
      "  IF pg_catalog.current_setting('transaction_isolation') <> 'read committed' THEN\n"
      "    {0};\n"
      "    RETURN NULL;\n"
      "  END IF;\n"
      "  IF {1} THEN\n"
      "    {0};\n"
      "    RETURN NULL;\n"
      "  END IF;\n"
      "  BEGIN\n"
      // Without a limit a writer could wait for a whole replay round. It holds here only, where it can be caught.
      "    PERFORM pg_catalog.set_config('lock_timeout', '30ms', true);\n"
      "{4}"
      "    {2};\n"
      "    {3};\n"
      "{5}"
      "  EXCEPTION WHEN OTHERS THEN\n"
      "    {0};\n"
      "  END;\n",
      LogTheKeys(transfer), SomeKeyIsLogged(transfer), DeleteGone(transfer), UpsertRest(transfer),
      AsEngine(design, "on"), AsEngine(design, ""));
}

// Fills the array variables from the transition table; a statement that touched no row, or very many, ends here.
std::string GatherKeys(const Transfer& transfer, const Function& function) {
  // Counted before they are gathered: an array of all the keys of a bulk statement could outgrow memory.
  return fmt::format(
      "  IF (SELECT pg_catalog.count(*) FROM (SELECT FROM {2} LIMIT {3} + 1) AS pgmoult_first) > {3} THEN\n"
      "    {4};\n    RETURN NULL;\n  END IF;\n"
      "  SELECT {0} INTO {1} FROM {2};\n  IF pgmoult_k1 IS NULL THEN\n    RETURN NULL;\n  END IF;\n",
      EachKey(transfer, ", ",
              [](const KeyColumn& column, size_t) { return fmt::format("pg_catalog.array_agg({})", column.name); }),
      Variables(transfer), function.rows, kMaxKeysWrittenThrough, LogTheRows(transfer, function));
}

std::string CreateFunction(const Design& design, const std::string& name, std::string_view declarations,
                           std::string_view statements) {
  // A stranger may attach a function he can execute to a table of his own; ours does nothing there. No lock_timeout,
  // the application's neither: we hold the log for a moment now and then, and who waits for it must not fail.
  const std::string body = fmt::format(
      "\n#variable_conflict use_column\n"
      "{}BEGIN\n"
      "  IF TG_RELID <> {} THEN\n"
      "    RAISE EXCEPTION 'pgmoult: % is a trigger function of another table', TG_NAME;\n"
      "  END IF;\n"
      "{}{}"
      "  RETURN NULL;\n"
      "END\n",
      declarations, design.source_oid, DeadManCheckSql(design), statements);
  // A literal, not a dollar quote: columns and the user's own expressions may hold any tag.
  return fmt::format(
      "CREATE OR REPLACE FUNCTION {}.{}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER\n"
      "SET search_path = pg_catalog, pg_temp SET row_security = off SET lock_timeout = 0 AS {}",
      Ident(design.schema_new), Ident(name), pg::Literal(body));
}

std::string LogFunction(const Design& design, const Function& function) {
  const Transfer& transfer = design.transfer;
  const std::string keys = copier::KeyList(transfer, Side::kLog);
  const std::string statement = function.rows != nullptr
                                    ? fmt::format("  {};\n", LogTheRows(transfer, function))
                                    : fmt::format("  INSERT INTO {} ({}) VALUES ({});\n", transfer.log, keys,
                                                  copier::KeyList(transfer, Side::kSource, function.row_prefix));
  return CreateFunction(design, function.name, "", statement);
}

std::string DualWriteFunction(const Design& design, const Function& function) {
  const std::string declarations = "DECLARE\n" + EachKey(design.transfer, "", [](const KeyColumn& column, size_t i) {
                                     return fmt::format("  pgmoult_k{} {}[];\n", i, column.type);
                                   });
  return CreateFunction(design, function.name, declarations,
                        GatherKeys(design.transfer, function) + DualWriteStatements(design));
}

std::string TriggerName(const Design& design, std::string_view what) {
  return fmt::format("pgmoult_{}_{}", design.transfer.migration, what);
}

}  // namespace

std::vector<std::string> CaptureFunctionsSql(const Design& design, CaptureBody body) {
  const Transfer& transfer = design.transfer;
  std::vector<std::string> statements;
  for (const Function& function : {kNewRows, kOldRows}) {
    statements.push_back(body == CaptureBody::kLog ? LogFunction(design, function)
                                                   : DualWriteFunction(design, function));
  }
  // Fires once a row: a bulk change of keys must not become a subtransaction for each of them.
  statements.push_back(LogFunction(design, kOldKey));
  // Row capture logs in either body: what it serves (replication apply, partitions) never writes through.
  statements.push_back(CreateFunction(
      design, "capture_row", "",
      fmt::format("  IF TG_OP <> 'INSERT' THEN\n    INSERT INTO {0} ({1}) VALUES ({2});\n  END IF;\n"
                  "  IF TG_OP <> 'DELETE' THEN\n    INSERT INTO {0} ({1}) VALUES ({3});\n  END IF;\n",
                  transfer.log, copier::KeyList(transfer, Side::kLog), copier::KeyList(transfer, Side::kSource, "OLD."),
                  copier::KeyList(transfer, Side::kSource, "NEW."))));
  statements.push_back(
      CreateFunction(design, "capture_truncate", "",
                     fmt::format("  INSERT INTO {} ({}) VALUES (NULL);\n", transfer.log, transfer.key[0].name)));
  for (const char* name : {"capture_new", "capture_old", "capture_old_key", "capture_row", "capture_truncate"}) {
    statements.push_back(fmt::format("REVOKE EXECUTE ON FUNCTION {}.{}() FROM PUBLIC", Ident(design.schema_new), name));
  }
  return statements;
}

std::vector<std::string> CaptureTriggersSql(const Design& design, CaptureMode mode) {
  const Transfer& transfer = design.transfer;
  std::vector<std::string> statements;
  const auto add = [&](std::string_view what, std::string_view event, std::string_view form, std::string_view function,
                       std::string_view enable) {
    const Ident name(TriggerName(design, what));
    statements.push_back(fmt::format("CREATE TRIGGER {} AFTER {} ON {} {} EXECUTE FUNCTION {}.{}()", name, event,
                                     transfer.source, form, Ident(design.schema_new), function));
    statements.push_back(fmt::format("ALTER TABLE {} ENABLE {} TRIGGER {}", transfer.source, enable, name));
  };
  if (mode == CaptureMode::kRow) {
    add("row", "INSERT OR UPDATE OR DELETE", "FOR EACH ROW", "capture_row", "ALWAYS");
  } else {
    constexpr std::string_view kNewTable = "REFERENCING NEW TABLE AS pgmoult_new_rows FOR EACH STATEMENT";
    constexpr std::string_view kOldTable = "REFERENCING OLD TABLE AS pgmoult_old_rows FOR EACH STATEMENT";
    add("insert", "INSERT", kNewTable, "capture_new", "ALWAYS");
    add("update", "UPDATE", kNewTable, "capture_new", "ALWAYS");
    add("delete", "DELETE", kOldTable, "capture_old", "ALWAYS");
    std::vector<std::string> changed;
    for (const KeyColumn& column : transfer.key) {
      changed.push_back(
          fmt::format("NOT (OLD.{0} OPERATOR({1}.{2}) NEW.{0})", column.name, Ident(column.op_schema), column.equal));
    }
    add("rekey", "UPDATE", fmt::format("FOR EACH ROW WHEN ({})", fmt::join(changed, " OR ")), "capture_old_key",
        "ALWAYS");
    // Logical replication's apply worker fires no statement triggers.
    add("apply", "INSERT OR UPDATE OR DELETE", "FOR EACH ROW", "capture_row", "REPLICA");
  }
  add("truncate", "TRUNCATE", "FOR EACH STATEMENT", "capture_truncate", "ALWAYS");
  return statements;
}

std::vector<std::string> DropCaptureSql(const Design& design) {
  std::vector<std::string> statements;
  for (const char* what : {"row", "insert", "update", "delete", "rekey", "apply", "truncate"}) {
    statements.push_back(
        fmt::format("DROP TRIGGER IF EXISTS {} ON {}", Ident(TriggerName(design, what)), design.transfer.source));
  }
  return statements;
}

std::vector<std::string> CreateLogSql(const Design& design) {
  const Transfer& transfer = design.transfer;
  const Ident owner(design.owner);
  return {
      fmt::format("CREATE TABLE {} WITH (autovacuum_enabled = off, toast.autovacuum_enabled = off) AS SELECT {} FROM "
                  "ONLY {} WHERE false",
                  transfer.log, copier::KeyList(transfer, Side::kSource), transfer.source),
      // Finds the "everything" marker at once however long the log is; ordinary rows are never in it.
      fmt::format("CREATE INDEX {} ON {} (({} IS NULL)) WHERE {} IS NULL", Ident("pgmoult_change_log_marker"),
                  transfer.log, transfer.key[0].name, transfer.key[0].name),
      fmt::format("REVOKE ALL ON TABLE {} FROM PUBLIC", transfer.log),
      fmt::format("GRANT ALL ON TABLE {} TO {}", transfer.log, owner),
      // A FOR ALL TABLES publication publishes the log, too, and replay deletes from it.
      fmt::format("ALTER TABLE {} REPLICA IDENTITY FULL", transfer.log),
  };
}

std::string CreateLogIndexSql(const Design& design) {
  const Transfer& transfer = design.transfer;
  return fmt::format("CREATE INDEX {} ON {} ({})", kLogIndex, transfer.log, copier::KeyList(transfer, Side::kLog));
}

pg::Awaitable<absl::StatusOr<std::vector<CaptureTrigger>>> ReadCaptureTriggers(pg::Connection& connection,
                                                                               const Design& design) {
  CO_ASSIGN_OR_RETURN(
      const pg::Result result,
      co_await connection.Query("/* pgmoult:tripwire */ SELECT tgname::text, tgenabled::text, xmin::text FROM "
                                "pg_catalog.pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal AND "
                                "pg_catalog.starts_with(tgname::text, $2) ORDER BY 1",
                                {design.source_oid, TriggerName(design, "")}));
  std::vector<CaptureTrigger> triggers(static_cast<size_t>(result.rows()));
  for (int row = 0; row < result.rows(); ++row) {
    CaptureTrigger& trigger = triggers[static_cast<size_t>(row)];
    CO_RETURN_IF_ERROR(result.Read(row, trigger.name, trigger.enabled, trigger.xmin));
  }
  co_return triggers;
}

pg::Awaitable<absl::Status> TryLogInsert(pg::Connection& connection, const Design& design) {
  const copier::Transfer& transfer = design.transfer;
  std::vector<pg::Statement> statements;
  statements.push_back({"SAVEPOINT try_log", {}});
  statements.push_back({fmt::format("INSERT INTO {} ({}) VALUES (NULL)", transfer.log, transfer.key[0].name), {}});
  statements.push_back({"ROLLBACK TO SAVEPOINT try_log", {}});
  co_return pg::Annotate((co_await connection.Pipeline(std::move(statements))).status(),
                         fmt::format("the owner of {} cannot write to the change log", transfer.source.Plain()));
}

}  // namespace pgmoult::engine
