#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "copier/copy.h"
#include "engine/engine_lock.h"
#include "pg/connection.h"

namespace pgmoult::engine {

// What people say about where the database is: libpq keywords (host, port, user, dbname, …; missing: libpq's defaults).
struct Target {
  std::vector<std::pair<std::string, std::string>> keywords;
};

// Settings that decide how values read and print. Taken from the login's own defaults once, then the same for every
// session of a migration, so that casts mean what they would mean in a plain ALTER TABLE by this login.
struct ValueSettings {
  std::string time_zone = "UTC";
  std::string date_style = "ISO, MDY";  // the login's order of day and month; always ISO, since keys travel as text
  std::string interval_style = "postgres";
  std::string search_path = "\"$user\", public";  // for the user's own statement only
  std::string default_tablespace;
};

// On in all of our sessions, and where our triggers write: what keeps strangers from a table that was put aside lets
// them through.
inline constexpr char kEngineSetting[] = "pgmoult.engine";

// Opens sessions, with a primary server only. Every one runs with search_path = pg_catalog, row_security = off (an
// error instead of a filter), pinned value settings and time-outs, all in the start-up packet. Copyable; one thread.
class Sessions {
 public:
  Sessions(Target target, int64_t migration) : target_(std::move(target)), migration_(migration) {}

  void set_migration(int64_t migration) { migration_ = migration; }
  void set_values(ValueSettings values) { values_ = std::move(values); }
  void set_role(std::string role) { role_ = std::move(role); }
  // All sessions opened from now on belong to this engine.
  void set_engine(const EngineMembership& engine) { engine_ = engine; }
  const std::optional<EngineMembership>& engine() const { return engine_; }
  const Target& target() const { return target_; }
  const ValueSettings& values() const { return values_; }

  // As the login itself: planning, journal, control. Waits for locks for at most 5 s.
  pg::Awaitable<absl::StatusOr<std::unique_ptr<pg::Connection>>> OpenLogin(std::string purpose) const;
  // As the table's owner: moves and compares rows. Never plans a sequential scan where an index serves.
  pg::Awaitable<absl::StatusOr<std::unique_ptr<pg::Connection>>> OpenWorker(std::string purpose) const;
  // As the owner, for index builds and other statements of unknown length.
  pg::Awaitable<absl::StatusOr<std::unique_ptr<pg::Connection>>> OpenBuilder(std::string purpose) const;

  // OpenWorker as the copier wants it; holds a copy of this object.
  copier::OpenSession WorkerOpener() const;

 private:
  using Settings = std::vector<std::pair<std::string, std::string>>;
  Settings Common(const std::string& purpose) const;
  pg::Awaitable<absl::StatusOr<std::unique_ptr<pg::Connection>>> Open(Settings settings) const;

  Target target_;
  int64_t migration_;
  ValueSettings values_;
  std::string role_;
  std::optional<EngineMembership> engine_;
};

// A session was not to be had since the server is a standby.
bool IsStandby(const absl::Status& status);

// The value settings that a plain session of this login has. A server that we cannot work with (its version, a standby)
// is an error of kind kRefused.
pg::Awaitable<absl::StatusOr<ValueSettings>> ReadValueSettings(const Target& target);

}  // namespace pgmoult::engine
