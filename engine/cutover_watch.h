#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/locks.h"
#include "pg/connection.h"
#include "pg/sql_text.h"
#include "pg/task_group.h"

namespace pgmoult::engine {

// Sessions in the way of a lock for longer than a try would wait for them are not waited for by queueing.
inline constexpr std::chrono::milliseconds kLongEnoughToBlock{300};

// Between tries that found their locks taken, or held them too long: 0, 1, 5, 10, 30, 30, … s. `failed` is their number
// in a row, from 1.
std::chrono::milliseconds PauseAfter(int failed);

// A session, or prepared transaction, that has been in the way for some time.
struct InTheWay {
  Blocker blocker;
  std::chrono::milliseconds seen{0};  // since a look saw this transaction for the first time
};

// What the swap would meet if it were tried now.
struct Forecast {
  // Whose transaction is older than kLongEnoughToBlock, as the server says or as long as it was seen; an autovacuum,
  // which yields, is left out.
  std::vector<InTheWay> in_the_way;
  bool undecided = false;  // there is somebody whose age this login cannot see, and whom it has not seen for so long
  std::string oldest_transaction;       // of the database, for people: "pid 12 (alice, psql, active)"; "" for none
  double oldest_seconds = 0;            // its age
  double rows_written_per_second = -1;  // to the table; negative: not known yet

  std::vector<Blocker> blockers() const;
  // "nobody in the way; oldest transaction 0.2 s (pid 12 (…)); 1,200 rows written a second".
  std::string Text() const;
};

// Who waited because of us.
struct Queue {
  std::set<int> sessions;  // pids
  double longest_ms = 0;   // of one wait, as of the last sample of it
  bool complete = true;    // false: the samples of some try broke off
};

// Looks at the tables that the swap locks, from a session of its own: before each try what is in its way, beside each
// try who queues behind it. One thread.
class CutoverWatch {
 public:
  explicit CutoverWatch(std::unique_ptr<pg::Connection> session) : session_(std::move(session)) {}

  // All that the swap locks, by the names of now; the table itself, by oid.
  pg::Awaitable<absl::Status> Watch(std::vector<pg::QualifiedName> relations, int64_t table);

  pg::Awaitable<absl::StatusOr<Forecast>> Look();

  // The looks before have not been: nobody has been seen yet.
  void Forget() { first_seen_.clear(); }

  // Runs a try of the session `asking`, and samples every 20 ms whom it waits for, and who waits for those relations
  // and has not waited for longer than the try takes. `own` are pids of other sessions of ours. The try's status.
  pg::Awaitable<absl::Status> Accompany(pg::Awaitable<absl::Status> attempt, int asking, std::vector<int> own);
  // Of all tries so far.
  const Queue& queue() const { return queue_; }
  // Whom the last try waited for, as of the last sample of it.
  const std::vector<Blocker>& waited_for() const { return waited_for_; }

  // Ends a session that still holds a lock on one of the relations in the transaction that it was looked at with. What
  // became of it, for people.
  pg::Awaitable<absl::StatusOr<std::string>> Terminate(Blocker blocker);

  pg::Connection& session() { return *session_; }
  const std::vector<pg::QualifiedName>& relations() const { return relations_; }

 private:
  using Clock = std::chrono::steady_clock;

  pg::Awaitable<absl::Status> SeeWaitedFor(int asking);
  pg::Awaitable<absl::Status> Sample(pg::Event& end, int asking, std::vector<int> own);

  std::unique_ptr<pg::Connection> session_;
  std::vector<pg::QualifiedName> relations_;
  std::vector<int64_t> oids_;
  int64_t table_ = 0;
  std::map<std::string, Clock::time_point> first_seen_;  // transactions that hold or await a lock
  int64_t written_at_first_ = -1;                        // rows, as of `counted_since_`
  Clock::time_point counted_since_;
  bool trying_ = false;  // samples are taken
  Queue queue_;
  std::vector<Blocker> waited_for_;
};

}  // namespace pgmoult::engine
