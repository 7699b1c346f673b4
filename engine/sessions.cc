#include "engine/sessions.h"

#include "absl/strings/cord.h"
#include "engine/context.h"
#include "fmt/format.h"
#include "pg/macros.h"
#include "pg/sql_text.h"
#include "pg/status.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;

// Longer than any bounded statement of ours should run; a guard against a plan gone wrong, not a schedule.
constexpr char kStatementTimeout[] = "120s";
// Of a chunk; one that takes longer is cut smaller. Well under the 60 s that the client waits for an answer.
constexpr char kChunkTimeout[] = "30s";

constexpr char kStandbyUrl[] = "pgmoult/standby";

std::string ApplicationName(int64_t migration, const std::string& purpose) {
  return migration == 0 ? fmt::format("pgmoult {}", purpose) : fmt::format("pgmoult {} {}", migration, purpose);
}

// A session with a server that can do our work; FailedPrecondition where it cannot, and the session could be had.
Awaitable<absl::StatusOr<std::unique_ptr<pg::Connection>>> OpenChecked(pg::ConnectOptions options) {
  CO_ASSIGN_OR_RETURN(auto connection, co_await pg::Connection::Connect(std::move(options)));
  if (connection->parameter("in_hot_standby") == "on") {
    absl::Status standby = absl::FailedPreconditionError(
        "the server is a standby, which can only be read; connect to its primary (libpq's target_session_attrs=primary "
        "finds it among several hosts)");
    standby.SetPayload(kStandbyUrl, absl::Cord("1"));
    co_return standby;
  }
  co_return connection;
}

}  // namespace

Sessions::Settings Sessions::Common(const std::string& purpose) const {
  return {
      {"application_name", ApplicationName(migration_, purpose)},
      {kEngineSetting, "on"},
      {"search_path", "pg_catalog"},
      {"row_security", "off"},
      {"jit", "off"},
      {"TimeZone", values_.time_zone},
      {"DateStyle", values_.date_style},
      {"IntervalStyle", values_.interval_style},
      {"extra_float_digits", "1"},
      // Our own SQL, and what the server writes as SQL, must read the same whatever the database or the login set.
      {"standard_conforming_strings", "on"},
      {"quote_all_identifiers", "off"},
      {"array_nulls", "on"},
      {"default_transaction_isolation", "read committed"},
      {"default_transaction_read_only", "off"},
      {"idle_in_transaction_session_timeout", "60s"},
      {"idle_session_timeout", "0"},  // the engine lock's session is always idle
  };
}

Awaitable<absl::StatusOr<std::unique_ptr<pg::Connection>>> Sessions::Open(Settings settings) const {
  std::erase_if(settings, [](const auto& setting) { return setting.second.empty(); });
  pg::ConnectOptions options;
  options.keywords = target_.keywords;
  options.settings = std::move(settings);
  CO_ASSIGN_OR_RETURN(auto connection, co_await OpenChecked(std::move(options)));
  if (engine_) {
    CO_RETURN_IF_ERROR(co_await JoinEngine(*connection, *engine_));
  }
  co_return connection;
}

Awaitable<absl::StatusOr<std::unique_ptr<pg::Connection>>> Sessions::OpenLogin(std::string purpose) const {
  Settings settings = Common(purpose);
  settings.emplace_back("lock_timeout", "5s");
  settings.emplace_back("statement_timeout", kStatementTimeout);
  co_return co_await Open(std::move(settings));
}

Awaitable<absl::StatusOr<std::unique_ptr<pg::Connection>>> Sessions::OpenWorker(std::string purpose) const {
  Settings settings = Common(purpose);
  settings.emplace_back("role", role_);
  settings.emplace_back("statement_timeout", kChunkTimeout);
  // Rows and journal row of a chunk are lost together in a crash, and any later synchronous commit flushes ours first.
  settings.emplace_back("synchronous_commit", "off");
  settings.emplace_back("enable_seqscan", "off");
  CO_ASSIGN_OR_RETURN(auto connection, co_await Open(std::move(settings)));
  // Whoever waits for a lock of ours looks for a deadlock after deadlock_timeout: we must have given way by then.
  CO_RETURN_IF_ERROR(
      (co_await connection->Query("/* pgmoult:session */ SELECT pg_catalog.set_config('lock_timeout', "
                                  "greatest(1, least(300, setting::pg_catalog.int8 / 2)) || 'ms', false) "
                                  "FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'"))
          .status());
  co_return connection;
}

Awaitable<absl::StatusOr<std::unique_ptr<pg::Connection>>> Sessions::OpenBuilder(std::string purpose) const {
  Settings settings = Common(purpose);
  settings.emplace_back("role", role_);
  settings.emplace_back("lock_timeout", "5s");
  settings.emplace_back("statement_timeout", "0");
  co_return co_await Open(std::move(settings));
}

copier::OpenSession Sessions::WorkerOpener() const {
  return [sessions = *this](std::string purpose) { return sessions.OpenWorker(std::move(purpose)); };
}

bool IsStandby(const absl::Status& status) { return status.GetPayload(kStandbyUrl).has_value(); }

Awaitable<absl::StatusOr<ValueSettings>> ReadValueSettings(const Target& target) {
  pg::ConnectOptions options;
  options.keywords = target.keywords;
  options.settings = {{"application_name", "pgmoult settings"}};
  const auto opened = co_await OpenChecked(std::move(options));
  if (absl::IsFailedPrecondition(opened.status())) {
    co_return WithEndKind(EndKind::kRefused, opened.status());
  }
  CO_RETURN_IF_ERROR(opened.status());
  const std::unique_ptr<pg::Connection>& connection = *opened;
  CO_ASSIGN_OR_RETURN(const pg::Result result,
                      co_await connection->Query(
                          "SELECT pg_catalog.current_setting('TimeZone'), 'ISO, ' || pg_catalog.split_part("
                          "pg_catalog.current_setting('DateStyle'), ', ', 2), "
                          "pg_catalog.current_setting('IntervalStyle'), pg_catalog.current_setting('search_path'), "
                          "pg_catalog.current_setting('default_tablespace')"));
  ValueSettings values;
  CO_RETURN_IF_ERROR(result.Read(0, values.time_zone, values.date_style, values.interval_style, values.search_path,
                                 values.default_tablespace));
  co_return values;
}

}  // namespace pgmoult::engine
