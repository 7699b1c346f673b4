#include "engine/journal.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "boost/json/parse.hpp"
#include "boost/json/serialize.hpp"
#include "engine/sql.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/macros.h"
#include "pg/status.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;

constexpr char kForm[] = "pgmoult journal, form 5";
// What the owner of a table that is changed needs: {0} is the role. pgmoult.check_writer() reads the two columns.
constexpr char kGrantSql[] =
    "GRANT USAGE ON SCHEMA pgmoult TO {0}; GRANT SELECT (id, owner) ON pgmoult.migration TO {0}; GRANT INSERT, SELECT "
    "(server_ms) ON pgmoult.chunk TO {0}; GRANT INSERT ON pgmoult.verified TO {0}";
constexpr char kRevokeSql[] =
    "REVOKE ALL ON pgmoult.chunk, pgmoult.verified, pgmoult.migration FROM {0}; REVOKE ALL ON SCHEMA pgmoult FROM {0}";
constexpr std::array<const char*, 6> kStates = {"running", "stopped", "failed", "swapped", "done", "lapsed"};

absl::StatusOr<State> StateOf(std::string_view name) {
  const auto* found = std::ranges::find(kStates, name);
  if (found == kStates.end()) {
    return absl::DataLossError(fmt::format("the journal holds a state \"{}\" that this version does not know", name));
  }
  return static_cast<State>(found - kStates.begin());
}

absl::StatusOr<boost::json::value> ParseJson(const std::string& text) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  if (error) {
    return absl::DataLossError(fmt::format("the journal holds JSON that cannot be read: {}", error.message()));
  }
  return value;
}

// Nobody is there to write it down.
bool HasLapsed(const Migration& migration) {
  if (migration.engine_alive || !migration.design.is_object() || !IsCaptured(migration.stage)) {
    return false;
  }
  const boost::json::value* const dead_man = migration.design.get_object().if_contains("dead_man_s");
  const double after = dead_man != nullptr && dead_man->is_number() ? dead_man->to_number<double>() : 0;
  return after > 0 && migration.silent_seconds > after;
}

absl::StatusOr<Migration> MigrationOf(const pg::Result& result, int row) {
  Migration m;
  std::string schema;
  std::string name;
  std::string stage;
  std::string state;
  std::string options;
  std::string design;
  std::string progress;
  std::string undo;
  RETURN_IF_ERROR(result.Read(row, m.id, m.statement, schema, name, m.source_oid, m.owner, stage, state, m.message,
                              options, design, progress, m.engine_alive, m.age_seconds, m.silent_seconds, m.engine,
                              undo, m.reverted));
  m.source = pg::QualifiedName(schema, name);
  const auto known_stage = StageOf(stage);
  if (!known_stage) {
    return absl::DataLossError(fmt::format("the journal holds a stage \"{}\" that this version does not know", stage));
  }
  m.stage = *known_stage;
  ASSIGN_OR_RETURN(m.state, StateOf(state));
  ASSIGN_OR_RETURN(m.options, ParseJson(options));
  ASSIGN_OR_RETURN(m.design, ParseJson(design));
  ASSIGN_OR_RETURN(m.progress, ParseJson(progress));
  ASSIGN_OR_RETURN(m.undo, ParseJson(undo));
  if (HasLapsed(m)) {
    m.state = State::kLapsed;
  }
  return m;
}

std::string EngineName() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) {
    host[0] = '?';
  }
  return fmt::format("{} pid {}", host.data(), getpid());
}

Awaitable<absl::Status> Update(pg::Connection& connection, std::string sql, pg::Params params) {
  CO_ASSIGN_OR_RETURN(const pg::Result result, co_await connection.Query(std::move(sql), std::move(params)));
  co_return result.affected() == 1 ? absl::OkStatus()
                                   : absl::NotFoundError("the migration is no longer in the journal (cleaned up?)");
}

// The journal belongs to the login that made it.
absl::Status ExplainRights(const absl::Status& status) {
  return pg::SqlState(status) == "42501"
             ? pg::Annotate(status,
                            "the journal (schema pgmoult) was made by another login: use that one, or have its owner "
                            "grant this one its role")
             : status;
}

absl::Status MadeByAnother(const std::string& owners) {
  return absl::PermissionDeniedError(
      fmt::format("the journal (schema pgmoult) was made by another login ({0}), whose triggers would run in our "
                  "sessions: use that "
                  "login, or one that is a member of it; or, if it is no journal of ours, drop the schema",
                  owners));
}

// By the catalog: a login without rights on the schema shall be told whose it is.
struct JournalOwners {
  bool exists = false;
  std::string strangers;  // roles that own something in the schema and that this login is no member of
  std::string lesser;     // for a superuser: owners who are none
};

Awaitable<absl::StatusOr<JournalOwners>> ReadJournalOwners(pg::Connection& connection) {
  CO_ASSIGN_OR_RETURN(
      const pg::Result result,
      co_await connection.Query(
          "/* pgmoult:journal */ WITH journal AS (SELECT oid, nspowner FROM pg_namespace WHERE nspname = 'pgmoult'), "
          "owner AS (SELECT r.* FROM pg_roles r WHERE r.oid IN (SELECT nspowner FROM journal UNION SELECT c.relowner "
          "FROM pg_class c JOIN journal j ON c.relnamespace = j.oid UNION SELECT p.proowner FROM pg_proc p JOIN "
          "journal "
          "j ON p.pronamespace = j.oid)) SELECT EXISTS (SELECT FROM pg_class c JOIN journal j ON c.relnamespace = "
          "j.oid "
          "AND c.relname = 'migration'), (SELECT coalesce(string_agg(o.rolname, ', '), '') FROM owner o WHERE NOT "
          "pg_has_role(session_user, o.oid, 'MEMBER')), (SELECT coalesce(string_agg(o.rolname, ', '), '') FROM owner o "
          "JOIN pg_roles l ON l.rolname = session_user WHERE l.rolsuper AND NOT o.rolsuper)"));
  JournalOwners owners;
  CO_RETURN_IF_ERROR(result.Read(0, owners.exists, owners.strangers, owners.lesser));
  co_return owners;
}

// A superuser is a member of everybody, and would run the code of a lesser owner's triggers and views all the same.
absl::Status CheckOwners(const JournalOwners& owners) {
  const std::string& others = owners.strangers.empty() ? owners.lesser : owners.strangers;
  return others.empty() ? absl::OkStatus() : MadeByAnother(others);
}

}  // namespace

std::string_view StateName(State state) { return kStates[static_cast<size_t>(state)]; }

Awaitable<absl::StatusOr<bool>> JournalExists(pg::Connection& connection) {
  CO_ASSIGN_OR_RETURN(const JournalOwners owners, co_await ReadJournalOwners(connection));
  CO_RETURN_IF_ERROR(CheckOwners(owners));
  co_return owners.exists;
}

Awaitable<absl::Status> EnsureJournal(pg::Connection& connection) {
  CO_ASSIGN_OR_RETURN(const JournalOwners owners, co_await ReadJournalOwners(connection));
  CO_RETURN_IF_ERROR(CheckOwners(owners));
  if (!owners.exists) {
    absl::Status made = (co_await connection.Script(sql::kJournal)).status();
    const std::string sqlstate = pg::SqlState(made);
    const bool lost_race = sqlstate == "42P06" || sqlstate == "23505";  // another engine made it meanwhile
    if (!made.ok() && !lost_race) {
      co_return pg::Annotate(made, "making the journal (schema pgmoult)");
    }
  }
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await connection.Query("/* pgmoult:journal */ SELECT pg_catalog.obj_description("
                                                "pg_catalog.to_regnamespace('pgmoult'), 'pg_namespace')"));
  CO_ASSIGN_OR_RETURN(const std::optional<std::string> form, result.Scalar<std::optional<std::string>>());
  if (form != kForm) {
    co_return absl::FailedPreconditionError(fmt::format(
        "schema pgmoult holds \"{}\", this version needs \"{}\": finish with the version that made it, or remove its "
        "runs with that version's `pgmoult cleanup`",
        form.value_or("something that is not ours"), kForm));
  }
  co_return absl::OkStatus();
}

namespace {

// No migration comes or goes between a look for others and what follows from it; nor do two sessions give or take
// rights at once, which PostgreSQL answers with an error.
Awaitable<absl::Status> LockJournal(pg::Connection& connection) {
  co_return (
      co_await connection.Query("/* pgmoult:journal */ LOCK TABLE pgmoult.migration IN SHARE ROW EXCLUSIVE MODE"))
      .status();
}

Awaitable<absl::StatusOr<std::string>> ReadOwner(pg::Connection& connection, int64_t id) {
  CO_ASSIGN_OR_RETURN(
      const pg::Result owner,
      co_await connection.Query("/* pgmoult:journal */ SELECT owner::text FROM pgmoult.migration WHERE id = $1", {id}));
  co_return owner.rows() == 1 ? owner.Scalar<std::string>() : std::string();
}

// Owner and journal row come in one transaction: whoever forgets a migration meanwhile sees both or neither.
Awaitable<absl::Status> InsertMigration(pg::Connection& connection, const Migration& migration, int64_t& id) {
  CO_RETURN_IF_ERROR(co_await LockJournal(connection));
  CO_ASSIGN_OR_RETURN(
      const pg::Result added,
      co_await connection.Query(
          "/* pgmoult:journal */ INSERT INTO pgmoult.migration (statement, source_oid, source_schema, source_name, "
          "owner, options, engine) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
          {migration.statement, migration.source_oid, migration.source.schema.name(), migration.source.name.name(),
           migration.owner, boost::json::serialize(migration.options), EngineName()}));
  CO_ASSIGN_OR_RETURN(id, added.Scalar<int64_t>());
  co_return (co_await connection.Script(fmt::format(kGrantSql, pg::Ident(migration.owner)))).status();
}

// The owner's rights on the journal end with its last unfinished migration.
Awaitable<absl::Status> ReleaseOwner(pg::Connection& connection, const std::string& owner) {
  CO_ASSIGN_OR_RETURN(
      const pg::Result result,
      co_await connection.Query(
          "/* pgmoult:journal */ SELECT NOT EXISTS (SELECT FROM pgmoult.migration WHERE owner = $1 AND state <> "
          "'done') "
          "AND EXISTS (SELECT FROM pg_catalog.pg_roles r, pg_catalog.pg_class c WHERE r.rolname = $1 AND c.oid = "
          "'pgmoult.migration'::pg_catalog.regclass AND c.relowner <> r.oid)",
          {owner}));
  CO_ASSIGN_OR_RETURN(const bool last, result.Scalar<bool>());
  co_return last ? (co_await connection.Script(fmt::format(kRevokeSql, pg::Ident(owner)))).status() : absl::OkStatus();
}

// Under LockJournal().
Awaitable<absl::StatusOr<bool>> DropIfEmpty(pg::Connection& connection) {
  CO_ASSIGN_OR_RETURN(
      const pg::Result left,
      co_await connection.Query("/* pgmoult:journal */ SELECT NOT EXISTS (SELECT FROM pgmoult.migration)"));
  CO_ASSIGN_OR_RETURN(const bool empty, left.Scalar<bool>());
  if (empty) {
    CO_RETURN_IF_ERROR((co_await connection.Query("/* pgmoult:journal */ DROP SCHEMA pgmoult CASCADE")).status());
  }
  co_return empty;
}

Awaitable<absl::Status> Forget(pg::Connection& connection, int64_t id) {
  CO_RETURN_IF_ERROR(co_await LockJournal(connection));
  CO_ASSIGN_OR_RETURN(const std::string owner, co_await ReadOwner(connection, id));
  CO_RETURN_IF_ERROR(
      (co_await connection.Query("/* pgmoult:journal */ DELETE FROM pgmoult.migration WHERE id = $1", {id})).status());
  CO_ASSIGN_OR_RETURN(const bool dropped, co_await DropIfEmpty(connection));
  co_return dropped ? absl::OkStatus() : co_await ReleaseOwner(connection, owner);
}

Awaitable<absl::Status> LockAndDropIfEmpty(pg::Connection& connection, bool& dropped) {
  CO_RETURN_IF_ERROR(co_await LockJournal(connection));
  CO_ASSIGN_OR_RETURN(dropped, co_await DropIfEmpty(connection));
  co_return absl::OkStatus();
}

Awaitable<absl::Status> Finish(pg::Connection& connection, int64_t id) {
  CO_RETURN_IF_ERROR(co_await LockJournal(connection));
  CO_ASSIGN_OR_RETURN(const std::string owner, co_await ReadOwner(connection, id));
  CO_RETURN_IF_ERROR(co_await SetState(connection, id, State::kDone, ""));
  co_return co_await ReleaseOwner(connection, owner);
}

}  // namespace

Awaitable<absl::StatusOr<int64_t>> AddMigration(pg::Connection& connection, const Migration& migration) {
  int64_t id = 0;
  CO_RETURN_IF_ERROR(co_await pg::InTransaction(connection, "/* pgmoult:journal */ BEGIN",
                                                InsertMigration(connection, migration, id)));
  co_return id;
}

Awaitable<absl::StatusOr<Migration>> ReadMigration(pg::Connection& connection, int64_t id) {
  CO_ASSIGN_OR_RETURN(const bool exists, co_await JournalExists(connection));
  if (exists) {
    const absl::StatusOr<pg::Result> read = co_await connection.Query(sql::kMigrations, {id});
    const bool just_gone = pg::SqlState(read.status()) == "42P01";  // the last migration's end took the journal with it
    if (!just_gone) {
      CO_RETURN_IF_ERROR(ExplainRights(read.status()));
      const pg::Result& result = *read;
      if (result.rows() == 1) {
        co_return MigrationOf(result, 0);
      }
    }
  }
  co_return absl::NotFoundError(
      fmt::format("there is no migration {} in this database; `pgmoult status` lists those there are", id));
}

Awaitable<absl::StatusOr<Migration>> ReadSettledMigration(pg::Connection& connection, int64_t id) {
  const absl::Status settled =
      (co_await connection.Query("/* pgmoult:journal */ SELECT FROM pgmoult.migration WHERE id = $1 FOR UPDATE", {id}))
          .status();
  const bool journal_gone = pg::SqlState(settled) == "42P01";  // which ReadMigration knows how to say
  CO_RETURN_IF_ERROR(journal_gone ? absl::OkStatus() : settled);
  co_return co_await ReadMigration(connection, id);
}

Awaitable<absl::StatusOr<std::vector<Migration>>> ReadMigrations(pg::Connection& connection) {
  std::vector<Migration> migrations;
  CO_ASSIGN_OR_RETURN(const bool exists, co_await JournalExists(connection));
  if (exists) {
    const absl::StatusOr<pg::Result> read = co_await connection.Query(sql::kMigrations, {std::nullopt});
    CO_RETURN_IF_ERROR(ExplainRights(read.status()));
    const pg::Result& result = *read;
    for (int row = 0; row < result.rows(); ++row) {
      CO_ASSIGN_OR_RETURN(Migration migration, MigrationOf(result, row));
      migrations.push_back(std::move(migration));
    }
  }
  co_return migrations;
}

Awaitable<absl::Status> SetStage(pg::Connection& connection, int64_t id, Stage stage) {
  co_return co_await Update(connection,
                            "/* pgmoult:journal */ UPDATE pgmoult.migration SET stage = $2, updated_at = "
                            "pg_catalog.clock_timestamp(), heartbeat_at = pg_catalog.clock_timestamp() WHERE id = $1",
                            {id, StageName(stage)});
}

Awaitable<absl::Status> SetState(pg::Connection& connection, int64_t id, State state, std::string message) {
  co_return co_await Update(connection,
                            "/* pgmoult:journal */ UPDATE pgmoult.migration SET state = $2, message = $3, updated_at = "
                            "pg_catalog.clock_timestamp() WHERE id = $1",
                            {id, StateName(state), std::move(message)});
}

Awaitable<absl::StatusOr<double>> ReadSecondsSinceSwap(pg::Connection& connection, int64_t id) {
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await connection.Query("/* pgmoult:journal */ SELECT extract(epoch FROM "
                                                "pg_catalog.clock_timestamp() - swapped_at)::pg_catalog.float8 FROM "
                                                "pgmoult.migration WHERE id = $1",
                                                {id}));
  co_return result.Scalar<double>();
}

Awaitable<absl::Status> SetSwapped(pg::Connection& connection, int64_t id, std::string message) {
  co_return co_await Update(connection,
                            "/* pgmoult:journal */ UPDATE pgmoult.migration SET stage = $2, state = $3, message = $4, "
                            "reverted = (reverted <> "
                            "(undo IS NOT NULL)), undo = NULL, swapped_at = pg_catalog.clock_timestamp(), updated_at = "
                            "pg_catalog.clock_timestamp(), heartbeat_at = pg_catalog.clock_timestamp() WHERE id = $1",
                            {id, StageName(Stage::kObserve), StateName(State::kSwapped), std::move(message)});
}

Awaitable<absl::Status> BeginUndo(pg::Connection& connection, int64_t id, const RunOptions& options) {
  CO_RETURN_IF_ERROR(co_await ForgetCopy(connection, id));
  CO_RETURN_IF_ERROR(
      (co_await connection.Query("/* pgmoult:journal */ DELETE FROM pgmoult.command WHERE migration = $1", {id}))
          .status());
  co_return co_await Update(
      connection,
      "/* pgmoult:journal */ UPDATE pgmoult.migration SET undo = design, design = NULL, stage = $2, state = $3, "
      "message "
      "= '', options = $4, progress = '{}', updated_at = pg_catalog.clock_timestamp() WHERE id = $1 AND undo IS NULL",
      {id, StageName(Stage::kPrepare), StateName(State::kRunning), boost::json::serialize(ToJson(options))});
}

Awaitable<absl::Status> EndUndo(pg::Connection& connection, int64_t id) {
  CO_RETURN_IF_ERROR(co_await ForgetCopy(connection, id));
  co_return co_await Update(connection,
                            "/* pgmoult:journal */ UPDATE pgmoult.migration SET design = undo, undo = NULL, stage = "
                            "$2, state = $3, message = "
                            "'', updated_at = pg_catalog.clock_timestamp() WHERE id = $1 AND undo IS NOT NULL",
                            {id, StageName(Stage::kObserve), StateName(State::kSwapped)});
}

Awaitable<absl::Status> TakeUp(pg::Connection& connection, int64_t id) {
  co_return co_await Update(
      connection,
      "/* pgmoult:journal */ UPDATE pgmoult.migration SET state = CASE stage WHEN "
      "'observe' THEN state ELSE $2 END, message = CASE stage WHEN 'observe' THEN message ELSE '' "
      "END, engine = $3, updated_at = pg_catalog.clock_timestamp(), heartbeat_at = pg_catalog.clock_timestamp() "
      "WHERE id = $1",
      {id, StateName(State::kRunning), EngineName()});
}

Awaitable<absl::Status> SetDesign(pg::Connection& connection, int64_t id, const boost::json::value& design) {
  co_return co_await Update(connection, "/* pgmoult:journal */ UPDATE pgmoult.migration SET design = $2 WHERE id = $1",
                            {id, boost::json::serialize(design)});
}

Awaitable<absl::Status> Heartbeat(pg::Connection& connection, int64_t id, const boost::json::value& progress) {
  // By a statement of its own, so that no row is locked while somebody has locked the log.
  CO_ASSIGN_OR_RETURN(
      const pg::Result log,
      co_await connection.Query(
          "/* pgmoult:journal */ SELECT coalesce(pg_catalog.sum(pg_catalog.pg_total_relation_size(c.oid)), 0)::int8 "
          "FROM "
          "pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN "
          "(pg_catalog.format('pgmoult_%s_new', $1::pg_catalog.int8), pg_catalog.format('pgmoult_%s_old', "
          "$1::pg_catalog.int8)) AND c.relname = 'pgmoult_change_log'",
          {id}));
  CO_ASSIGN_OR_RETURN(const int64_t log_bytes, log.Scalar<int64_t>());
  boost::json::value told = progress;
  told.as_object()["log_bytes"] = log_bytes;
  co_return co_await Update(connection,
                            "/* pgmoult:journal */ UPDATE pgmoult.migration SET progress = $2, heartbeat_at = "
                            "pg_catalog.clock_timestamp() WHERE id = $1",
                            {id, boost::json::serialize(told)});
}

Awaitable<absl::Status> AddEvent(pg::Connection& connection, int64_t id, std::string kind,
                                 const boost::json::value& detail) {
  co_return co_await Update(connection,
                            "/* pgmoult:journal */ INSERT INTO pgmoult.event (migration, kind, detail) "
                            "VALUES ($1, $2, $3)",
                            {id, std::move(kind), boost::json::serialize(detail)});
}

Awaitable<absl::Status> SetCopyEnd(pg::Connection& connection, int64_t id, const std::optional<copier::KeyValue>& end) {
  co_return co_await Update(connection,
                            "/* pgmoult:journal */ UPDATE pgmoult.migration SET copy_end = $2, copy_end_set = true "
                            "WHERE id = $1",
                            {id, copier::BoundParam(end)});
}

Awaitable<absl::StatusOr<std::optional<copier::CopyState>>> ReadCopyState(pg::Connection& connection,
                                                                          const copier::Transfer& transfer) {
  CO_ASSIGN_OR_RETURN(const pg::Result end,
                      co_await connection.Query("/* pgmoult:journal */ SELECT copy_end_set, copy_end FROM "
                                                "pgmoult.migration WHERE id = $1",
                                                {transfer.migration}));
  copier::CopyState state;
  bool end_set = false;
  CO_RETURN_IF_ERROR(end.Read(0, end_set, state.end));
  if (!end_set) {
    co_return std::nullopt;
  }
  std::vector<std::string> order;
  for (size_t i = 0; i < transfer.key.size(); ++i) {
    const copier::KeyColumn& column = transfer.key[i];
    order.push_back(fmt::format("(key.k[{}])::{}{} USING OPERATOR({}.{})", i + 1, column.type,
                                column.collation.empty() ? "" : " COLLATE " + column.collation,
                                pg::Ident(column.op_schema), column.descending ? column.greater : column.less));
  }
  CO_ASSIGN_OR_RETURN(
      const pg::Result chunks,
      co_await connection.Query(fmt::format(fmt::runtime(sql::kCopyGaps), fmt::join(order, ", "), transfer.migration)));
  // Finished chunks do not overlap: where one does not begin at the end of the last, a claimed chunk never finished.
  for (int row = 0; row < chunks.rows(); ++row) {
    std::optional<copier::KeyValue> lower;
    std::optional<copier::KeyValue> upper;
    int64_t rows = 0;
    int64_t number = 0;
    CO_RETURN_IF_ERROR(chunks.Read(row, lower, upper, rows, number));
    if (lower != state.frontier) {
      state.missing.push_back({.lower = state.frontier, .upper = lower});
    }
    state.frontier = upper;
    state.next_chunk = std::max(state.next_chunk, number + 1);
  }
  co_return state;
}

Awaitable<absl::Status> ForgetCopy(pg::Connection& connection, int64_t id) {
  CO_RETURN_IF_ERROR(
      (co_await connection.Query("/* pgmoult:journal */ DELETE FROM pgmoult.chunk WHERE migration = $1", {id}))
          .status());
  CO_RETURN_IF_ERROR(
      (co_await connection.Query("/* pgmoult:journal */ DELETE FROM pgmoult.verified WHERE migration = $1", {id}))
          .status());
  co_return co_await Update(connection,
                            "/* pgmoult:journal */ UPDATE pgmoult.migration SET copy_end = NULL, copy_end_set = false "
                            "WHERE id = $1",
                            {id});
}

Awaitable<absl::Status> ForgetMigration(pg::Connection& connection, int64_t id) {
  co_return co_await pg::InTransaction(connection, "/* pgmoult:journal */ BEGIN", Forget(connection, id));
}

Awaitable<absl::Status> FinishMigration(pg::Connection& connection, int64_t id) {
  co_return co_await pg::InTransaction(connection, "/* pgmoult:journal */ BEGIN", Finish(connection, id));
}

Awaitable<absl::StatusOr<bool>> DropEmptyJournal(pg::Connection& connection) {
  bool dropped = false;
  CO_RETURN_IF_ERROR(
      co_await pg::InTransaction(connection, "/* pgmoult:journal */ BEGIN", LockAndDropIfEmpty(connection, dropped)));
  co_return dropped;
}

Awaitable<absl::Status> SendCommand(pg::Connection& connection, int64_t id, std::string verb) {
  std::vector<pg::Statement> statements;
  statements.push_back(
      {"/* pgmoult:control */ INSERT INTO pgmoult.command (migration, verb, author) VALUES ($1, $2, "
       "pg_catalog.concat_ws(' from ', session_user, pg_catalog.host(pg_catalog.inet_client_addr())))",
       {id, verb}});
  statements.push_back({"/* pgmoult:control */ SELECT pg_catalog.pg_notify('pgmoult', $1)", {id}});
  co_return (co_await connection.Pipeline(std::move(statements))).status();
}

Awaitable<absl::StatusOr<std::vector<Command>>> TakeCommands(pg::Connection& connection, int64_t id) {
  CO_ASSIGN_OR_RETURN(
      const pg::Result result,
      co_await connection.Query(
          "/* pgmoult:control */ WITH taken AS (UPDATE pgmoult.command SET taken_at = pg_catalog.clock_timestamp() "
          "WHERE migration = $1 AND taken_at IS NULL RETURNING id, verb, author) SELECT id, verb, author FROM taken "
          "ORDER BY id",
          {id}));
  std::vector<Command> commands(static_cast<size_t>(result.rows()));
  for (int row = 0; row < result.rows(); ++row) {
    Command& command = commands[static_cast<size_t>(row)];
    CO_RETURN_IF_ERROR(result.Read(row, command.id, command.verb, command.author));
  }
  co_return commands;
}

Awaitable<absl::StatusOr<StandingOrders>> ReadStandingOrders(pg::Connection& connection, int64_t id) {
  // One statement, so one snapshot: what it does not count, it does not mark.
  CO_ASSIGN_OR_RETURN(
      const pg::Result result,
      co_await connection.Query(
          "/* pgmoult:control */ WITH taken AS (UPDATE pgmoult.command SET taken_at = pg_catalog.clock_timestamp() "
          "WHERE "
          "migration = $1 AND taken_at IS NULL RETURNING verb, at) SELECT (SELECT CASE WHEN verb = 'pause' THEN author "
          "END FROM pgmoult.command WHERE migration = $1 AND verb IN ('pause', 'continue') ORDER BY id DESC LIMIT 1), "
          "EXISTS (SELECT FROM pgmoult.command WHERE migration = $1 AND verb = 'cutover'), EXISTS (SELECT FROM "
          "pgmoult.command WHERE migration = $1 AND verb = 'no-force'), EXISTS (SELECT FROM taken "
          "WHERE verb = 'abort' AND at > pg_catalog.clock_timestamp() - $2::pg_catalog.float8 * interval '1 second')",
          {id, kAbortPatience.count()}));
  StandingOrders orders;
  CO_RETURN_IF_ERROR(
      result.Read(0, orders.paused_by, orders.cutover_allowed, orders.force_called_off, orders.abort_asked));
  co_return orders;
}

}  // namespace pgmoult::engine
