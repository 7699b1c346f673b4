#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "copier/lock_wait.h"
#include "copier/transfer.h"
#include "pg/connection.h"

namespace pgmoult::copier {

struct ReplayOptions {
  std::chrono::milliseconds round_target{500};  // a bounded round aims at this server time
  int64_t first_pages = 8;                      // log pages of the first bounded round
  int max_tries = 30;                           // of one round that met a written-through row
  int max_duplicates = 30;                      // the same, of a round over the whole log that met a duplicate
};

// What one round found and did.
struct ReplayRound {
  int64_t log_rows = 0;  // log rows taken, duplicates included
  int64_t rows_inserted = 0;
  bool whole = false;  // it took every log row of its snapshot
  bool lap = false;    // whole, or the last of the windows that together went through the log once
  bool moved() const { return log_rows > 0; }
};

// Brings the shadow up to the source for logged keys, one REPEATABLE READ transaction a round (the protocol's replay).
// A round takes a window of log pages, sized by time, or the whole log. Owns its session; one operation at a time.
//
// Errors: EverythingChanged where the log holds the marker; else what the server said, a row that the shadow's
// constraints or casts do not take included.
class Replayer {
 public:
  Replayer(std::unique_ptr<pg::Connection> connection, const Transfer& transfer, ReplayOptions options,
           LockWait& locks);

  // A window bounded by time; `whole` says whether the log ended inside it. A window that meets a duplicate is repeated
  // as a full round, which no unique constraint of the source's can break.
  pg::Awaitable<absl::StatusOr<ReplayRound>> Round();
  // Everything that is in the log.
  pg::Awaitable<absl::StatusOr<ReplayRound>> FullRound();
  // The same, tried once: for where somebody waits for the answer.
  pg::Awaitable<absl::StatusOr<ReplayRound>> FullRoundOnce();
  // The same within a transaction of the caller's on `session`, which keeps writers from the source. It is as the
  // owner, with the settings of a login's session.
  pg::Awaitable<absl::Status> FullRoundWithin(pg::Connection& session);
  // Bounded rounds until one takes the whole log and finds at most `enough_rows`, or the log has been gone through
  // `laps` times (a busy application may refill it for ever).
  pg::Awaitable<absl::Status> CatchUp(int64_t enough_rows, int laps);

  // Frees what deleted log rows hold: VACUUM, and where an old snapshot or sheer size defeats that, compaction under a
  // short ACCESS EXCLUSIVE lock on the log alone (never waited for longer than 200 ms). Cheap when nothing is to do.
  // `always`: however few rows have been deleted since the last time.
  pg::Awaitable<absl::Status> TidyLog(bool always = false);

  // xid of the last round that moved rows, in decimal; "" before the first. A snapshot not newer sees the shadow of
  // before.
  const std::string& last_moving_xid() const { return last_moving_xid_; }
  int64_t rows_replayed() const { return rows_replayed_; }
  pg::Connection& connection() { return *connection_; }

 private:
  pg::Awaitable<absl::StatusOr<ReplayRound>> RoundWithRetries(bool full);
  pg::Awaitable<absl::StatusOr<ReplayRound>> TryRound(bool full);
  pg::Awaitable<absl::Status> WorkOff(bool full, ReplayRound& round);
  pg::Awaitable<absl::Status> Compact();

  std::unique_ptr<pg::Connection> connection_;
  const Transfer& transfer_;
  ReplayOptions options_;
  LockWait& locks_;
  int64_t pages_;          // size of the next bounded window
  int64_t next_page_ = 0;  // where it starts
  int64_t rows_replayed_ = 0;
  int64_t rows_since_tidy_ = 0;
  std::string last_moving_xid_;
};

}  // namespace pgmoult::copier
