#include "tests/support/mutants.h"

#include <iterator>
#include <map>
#include <memory>
#include <regex>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "fmt/format.h"

namespace pgmoult::tests {
namespace {

// In statements that contain `where`: `to` in place of each `from`.
Mutant Edit(std::string where, std::string from, std::string to) {
  return [where = std::move(where), from = std::move(from), to = std::move(to)](std::string& sql) {
    if (sql.find(where) == std::string::npos) {
      return;
    }
    for (size_t at = sql.find(from); at != std::string::npos; at = sql.find(from, at + to.size())) {
      sql.replace(at, from.size(), to);
    }
  };
}

Mutant EditRegex(std::string where, const std::string& from, std::string to) {
  return [where = std::move(where), pattern = std::regex(from), to = std::move(to)](std::string& sql) {
    if (sql.find(where) != std::string::npos) {
      sql = std::regex_replace(sql, pattern, to);
    }
  };
}

// A trigger that is there and never fires.
Mutant NoTrigger(std::string_view which) {
  return Edit(fmt::format("_{}\" AFTER", which), " EXECUTE FUNCTION", " WHEN (false) EXECUTE FUNCTION");
}

// A statement of the swap, by how it begins, that is not said.
Mutant Forget(const std::string& beginning) {
  return [pattern = std::regex(fmt::format(R"(^/\* pgmoult:cutover \*/ {})", beginning))](std::string& sql) {
    if (std::regex_search(sql, pattern, std::regex_constants::match_continuous)) {
      sql = "SELECT 1";
    }
  };
}

// No fault: where ATTACH PARTITION reads the rows of the new partition, or of a large default partition `rest`, it
// fails.
void WatchAttach(std::string& sql) {
  static const std::regex kAttach(R"(^/\* pgmoult:cutover \*/ (ALTER TABLE .+ ATTACH PARTITION (\S+) .*)$)");
  std::smatch match;
  if (std::regex_match(sql, match, kAttach)) {
    sql = fmt::format(
        "DO $watch$ DECLARE rest oid := (SELECT oid FROM pg_class WHERE oid = to_regclass('public.rest') AND "
        "pg_table_size(oid) > 8000000); of_it bigint := pg_stat_get_xact_numscans({0}); of_rest bigint := "
        "pg_stat_get_xact_numscans(rest); BEGIN {1}; IF pg_stat_get_xact_numscans({0}) <> of_it OR "
        "pg_stat_get_xact_numscans(rest) <> of_rest THEN RAISE EXCEPTION 'ATTACH has read the table'; END IF; END "
        "$watch$",
        fmt::format("'{}'::regclass", match[2].str()), match[1].str());
  }
}

// The first two IFs of the dual-write body, the other way round.
void AskForTheLogFirst(std::string& sql) {
  constexpr std::string_view kIsolation = "  IF pg_catalog.current_setting(''transaction_isolation'')";
  constexpr std::string_view kLogged = "  IF EXISTS (SELECT FROM ROWS FROM";
  constexpr std::string_view kEnd = "  END IF;\n";
  const size_t isolation = sql.find(kIsolation);
  const size_t logged = sql.find(kLogged);
  if (isolation == std::string::npos || logged == std::string::npos) {
    return;
  }
  const size_t end = sql.find(kEnd, logged) + kEnd.size();
  sql = fmt::format("{}{}{}{}", sql.substr(0, isolation), sql.substr(logged, end - logged),
                    sql.substr(isolation, logged - isolation), sql.substr(end));
}

// SET of the upsert without the columns that it conflicts on.
void KeepTheKey(std::string& sql) {
  static const std::regex kUpsert(R"(ON CONFLICT \(([^)]*)\) DO UPDATE SET )");
  std::smatch match;
  if (!std::regex_search(sql, match, kUpsert)) {
    return;
  }
  const std::string assignment = fmt::format("{0} = excluded.{0}, ", match[1].str());
  if (const size_t at = sql.find(assignment); at != std::string::npos) {
    sql.erase(at, assignment.size());
  }
}

// Triggers are withheld from the transaction that should make them, and made one with each chunk of the copy.
Mutant LateTriggers() {
  auto withheld = std::make_shared<std::vector<std::string>>();
  return [withheld](std::string& sql) {
    const bool creates = sql.find(" CREATE TRIGGER ") != std::string::npos;
    const bool enables = sql.find(" ALWAYS TRIGGER ") != std::string::npos;
    if (sql.starts_with("/* pgmoult:prepare */") && creates) {
      withheld->push_back(std::exchange(sql, "SELECT 1"));
    } else if (sql.starts_with("/* pgmoult:prepare */") &&
               (enables || sql.find(" REPLICA TRIGGER ") != std::string::npos)) {
      withheld->back() += "; " + std::exchange(sql, "SELECT 1");
    } else if (sql.starts_with("/* pgmoult:copy */ LOCK TABLE") && !withheld->empty()) {
      sql = fmt::format("DO $mutant$ BEGIN {}; {}; END $mutant$", withheld->front(), sql);
      withheld->erase(withheld->begin());
    }
  };
}

// The replay's third step in a session of its own, whose snapshot is younger than the one that the source was read
// with.
void TrimByALaterSnapshot(std::string& sql) {
  if (!sql.starts_with("/* pgmoult:replay */ DELETE FROM ") || sql.find("IS NOT NULL") == std::string::npos ||
      sql.find("ANY (") != std::string::npos) {
    return;
  }
  sql = fmt::format(
      "DO $mutant$ BEGIN CREATE EXTENSION IF NOT EXISTS dblink SCHEMA public; PERFORM public.dblink_exec(pg_catalog."
      "format('host=%s port=%s dbname=%s user=%s', current_setting('unix_socket_directories'), "
      "current_setting('port'), current_database(), session_user), $sql${}$sql$); END $mutant$",
      sql);
}

// A DO takes a snapshot before it runs, LOCK TABLE does not.
void SnapshotBeforeLock(std::string& sql) {
  static const std::regex kLock(R"(^(/\* pgmoult:(replay|verify) \*/) (LOCK TABLE ONLY .*)$)");
  std::smatch match;
  if (std::regex_match(sql, match, kLock)) {
    sql = fmt::format("{} DO $mutant$ BEGIN SET LOCAL lock_timeout = '20s'; {}; END $mutant$", match[1].str(),
                      match[3].str());
  }
}

// The last range of verify is the one without an upper end.
void SkipTheLastChunk(std::string& sql) {
  constexpr std::string_view kEnd = ") TO STDOUT";
  if (!sql.starts_with("/* pgmoult:verify */ COPY") || sql.find(".<=)") != std::string::npos ||
      sql.find("ANY (") != std::string::npos) {
    return;
  }
  sql.insert(sql.rfind(kEnd), " AND false");
}

const std::map<std::string, Mutant>& Mutants() {
  static const std::map<std::string, Mutant> kMutants = {
      // Capture.
      {"no_insert_trigger", NoTrigger("insert")},
      {"no_update_trigger", NoTrigger("update")},
      {"no_delete_trigger", NoTrigger("delete")},
      {"no_rekey_trigger", Edit("_rekey", "FOR EACH ROW WHEN (", "FOR EACH ROW WHEN (false AND ")},
      {"no_replica_trigger", NoTrigger("apply")},
      {"triggers_not_always", Edit("/* pgmoult:prepare */ ALTER TABLE", " ENABLE ALWAYS ", " ENABLE ")},
      {"triggers_late_one_by_one", LateTriggers()},
      {"functions_for_everybody", Edit("REVOKE EXECUTE ON FUNCTION", "REVOKE EXECUTE", "GRANT EXECUTE")},
      {"functions_for_any_table", Edit("CREATE OR REPLACE FUNCTION", "IF TG_RELID <> ", "IF false AND TG_RELID <> ")},
      {"functions_in_any_search_path",
       Edit("CREATE OR REPLACE FUNCTION", "SET search_path = pg_catalog, pg_temp ", "")},
      {"functions_under_row_security", Edit("CREATE OR REPLACE FUNCTION", "SET row_security = off ", "")},
      {"log_without_grants", EditRegex("GRANT ALL ON TABLE", "GRANT ALL ON TABLE.*", "SELECT 1")},
      // Copy.
      {"chunk_without_its_end", Edit("/* pgmoult:copy */ INSERT INTO", ".<=)", ".<)")},
      // Replay.
      {"replay_read_committed", Edit("/* pgmoult:replay */ BEGIN", " ISOLATION LEVEL REPEATABLE READ", "")},
      {"log_trimmed_by_later_snapshot", TrimByALaterSnapshot},
      {"snapshot_before_lock", SnapshotBeforeLock},
      {"truncate_marker_ignored", EditRegex("IS NULL)", R"(EXISTS \(SELECT FROM \S+ WHERE \S+ IS NULL\))", "false")},
      // Replay of a revert.
      {"revert_forgets_kept_values", Edit("WITH gone AS", "JOIN gone AS g ON ", "JOIN gone AS g ON false AND ")},
      {"revert_inserts_before_it_deletes", Edit("WITH gone AS", "FROM gone) >= 0", "FROM gone) >= 0 OR true")},
      // Dual-write.
      {"dual_write_no_key_check", Edit("CREATE OR REPLACE FUNCTION", "IF EXISTS (", "IF false AND EXISTS (")},
      {"dual_write_log_empty_check",
       EditRegex("CREATE OR REPLACE FUNCTION",
                 R"(IF EXISTS \(SELECT FROM ROWS FROM[^;]* FROM (\S+) AS pgmoult_l[^;]* THEN)",
                 "IF EXISTS (SELECT FROM $1) THEN")},
      {"dual_write_no_log_index", EditRegex("CREATE INDEX pgmoult_change_log_key", "CREATE INDEX.*", "SELECT 1")},
      {"dual_write_no_exception_block",
       Edit("CREATE OR REPLACE FUNCTION", "WHEN OTHERS THEN", "WHEN SQLSTATE 'ZZZZZ' THEN")},
      {"dual_write_isolation_second", AskForTheLogFirst},
      {"dual_write_repeatable_read", Edit("CREATE OR REPLACE FUNCTION", "<> ''read committed''", "= ''serializable''")},
      {"dual_write_key_not_set", KeepTheKey},
      {"dual_write_no_lock_timeout", Edit("CREATE OR REPLACE FUNCTION", "'30ms'", "'0'")},
      // Verify.
      {"verify_skips_last_chunk", SkipTheLastChunk},
      {"repair_without_for_share", Edit("/* pgmoult:verify */ SELECT", " FOR SHARE", "")},
      {"hash_without_null_markers", Mutant([](std::string&) {})},  // checksum/row_hash.cc
      // Swap.
      {"swap_with_a_full_log",
       EditRegex("/* pgmoult:cutover */ SELECT EXISTS", R"(EXISTS \(SELECT FROM \S+\))", "false")},
      {"swap_ignores_old_snapshots", Edit("/* pgmoult:cutover */\n", "WHERE a.datname", "WHERE false AND a.datname")},
      // Each kind of what hangs on a table.
      {"forget_trigger", Forget(R"(CREATE TRIGGER (?!"?pgmoult))")},
      {"forget_policy", Forget("CREATE POLICY ")},
      {"forget_rule", Forget("CREATE RULE ")},
      {"forget_own_foreign_key", Forget(R"(ALTER TABLE pgmoult_\S+ ADD CONSTRAINT \S+ FOREIGN KEY )")},
      {"forget_foreign_key", Forget(R"(ALTER TABLE \S+ DROP CONSTRAINT \S+, ADD CONSTRAINT )")},
      {"forget_partitioned_foreign_key", Forget(R"(ALTER TABLE (?!pgmoult_)\S+ ADD CONSTRAINT \S+ FOREIGN KEY )")},
      {"forget_view", Forget("CREATE OR REPLACE VIEW ")},
      {"forget_rule_elsewhere", Forget("CREATE OR REPLACE RULE ")},
      {"forget_policy_elsewhere", Forget("ALTER POLICY ")},
      {"forget_function", Forget(R"(CREATE OR REPLACE FUNCTION (?!"?pgmoult))")},
      {"forget_publication", Forget(R"(ALTER PUBLICATION \S+ ADD TABLE )")},
      {"forget_attach", Forget(R"(ALTER TABLE .+ ATTACH PARTITION )")},
      {"forget_fence_on_ancestors",
       Forget(R"sql(CREATE OR REPLACE TRIGGER \S+_fence" BEFORE \D+ ON \S+\.("?)(t|middle)\1 )sql")},
      {"no_row_trigger", NoTrigger("row")},
      {"no_bound_check", EditRegex("_bound\"", R"(CHECK \(.*\)$)", "CHECK (true)")},
      {"watch_attach", WatchAttach},
      {"forget_materialized_view", Forget(R"(ALTER MATERIALIZED VIEW pgmoult_\S+ SET SCHEMA )")},
      {"tripwire_without_xmin", Edit("/* pgmoult:tripwire */", "xmin::text", "'1'")},
      {"lock_without_eviction", Edit("/* pgmoult:locks */", "SHARE UPDATE EXCLUSIVE", "ACCESS SHARE")},
  };
  return kMutants;
}

}  // namespace

Mutant MakeMutant(const std::string& name) {
  const auto found = Mutants().find(name);
  if (found == Mutants().end()) {
    throw std::invalid_argument(fmt::format("PGMOULT_MUTANT: there is no mutant \"{}\"", name));
  }
  return found->second;
}

}  // namespace pgmoult::tests
