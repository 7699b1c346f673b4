#include "tests/stress/workload.h"

#include <algorithm>
#include <optional>
#include <regex>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "tests/stress/program.h"
#include "tests/support/eventually.h"

namespace pgmoult::tests {
namespace {

constexpr size_t kMaxFailures = 5;  // kept; the rest are more of the same
constexpr int64_t kStay = 60;       // commits of others that a long transaction waits for
constexpr std::chrono::seconds kPatience{120};
// For the table, or for long.
constexpr char kSomebodyWaits[] =
    "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND (relation = 't'::regclass OR waitstart < "
    "clock_timestamp() - "
    "interval '30 ms'))";

const char* BeginOf(Isolation isolation) {
  switch (isolation) {
    case Isolation::kReadCommitted:
      return "BEGIN ISOLATION LEVEL READ COMMITTED";
    case Isolation::kRepeatableRead:
      return "BEGIN ISOLATION LEVEL REPEATABLE READ";
    case Isolation::kSerializable:
      return "BEGIN ISOLATION LEVEL SERIALIZABLE";
  }
  return "BEGIN";
}

constexpr char kNoBase[] = "SELECT 0, NULL, NULL WHERE false";

std::string MadeAgainst(const std::string& name) { return fmt::format("rel = '{}'::regclass", name); }

}  // namespace

struct Workload::Writer {
  WriterSpec spec;
  WriterPlace place;
  std::thread thread;
  std::atomic<int64_t> commits = 0;
  std::atomic<int64_t> rollbacks = 0;
  std::atomic<int64_t> serialization = 0;
  std::atomic<int64_t> deadlocks = 0;
  std::atomic<int64_t> duplicates = 0;
};

Workload::Workload(const TestDatabase& database, const Shape& shape, std::vector<WriterSpec> writers, uint64_t seed)
    : database_(database), shape_(shape), seed_(seed) {
  SpellFrom(0);
  for (WriterSpec& spec : writers) {
    auto writer = std::make_unique<Writer>();
    writer->spec = std::move(spec);
    writer->place = {.writer = writers_.size(), .writers = writers.size()};
    writers_.push_back(std::move(writer));
  }
  Client client(database_);
  for (const auto& writer : writers_) {
    for (const auto& [step, share] : writer->spec.steps) {
      if (step != Step::kMerge || client.server_version() >= 150000) {
        steps_.insert(step);
      }
    }
  }
  client.Must(shape_.create);
  client.Must("CREATE TABLE ledger (seq bigserial PRIMARY KEY, k text COLLATE \"C\" NOT NULL, r text, rel oid)");
  std::vector<std::string> rows;
  for (int64_t i = 0; i < shape_.rows; ++i) {
    rows.push_back(fmt::format("({}, 'first {}', {}, {})", shape_.Values(3 * i), i, i % 100, i));
  }
  client.Must(fmt::format("INSERT INTO t ({}, v, n, u) VALUES {}", shape_.KeyList(), fmt::join(rows, ", ")));
  client.Must(
      fmt::format("INSERT INTO ledger (k, r, rel) SELECT {}, {}, tableoid FROM t", shape_.key_text, shape_.row_text));
  client.Must("ANALYZE t");
}

Workload::~Workload() { Stop(); }

void Workload::Start() {
  for (const auto& writer : writers_) {
    writer->thread = std::thread([this, &writer = *writer] {
      try {
        Work(writer);
      } catch (const std::exception& error) {
        Fail(fmt::format("{}: {}", writer.spec.name, error.what()));
      }
    });
  }
}

void Workload::Stop() {
  stop_ = true;
  for (const auto& writer : writers_) {
    if (writer->thread.joinable()) {
      writer->thread.join();
    }
  }
}

void Workload::Work(Writer& writer) {
  Client client(database_, writer.spec.name);
  std::optional<Client> observer;
  if (writer.spec.long_transactions) {
    observer.emplace(database_, "observer");
  }
  {
    const std::lock_guard lock(mutex_);
    pids_.insert(client.backend_pid());
  }
  if (writer.spec.replica_role) {
    client.Must("SET session_replication_role = replica");
  }
  Program program(shape_, WireTo(client), edge_);
  const auto stay = [&] {
    if (observer) {
      Stay(writer, *observer);
    }
  };
  for (int64_t number = 0; !stop_; ++number) {
    const PlannedTransaction planned = PlanTransaction(writer.spec, writer.place, seed_, number);
    const Attempt attempt = CarryOut(writer, client, program, planned, number, stay);
    if (!attempt.answer.ok) {
      Judge(writer, attempt.answer, attempt.sql);
      client.Run("ROLLBACK");
    } else if (planned.gives_up) {
      ++writer.rollbacks;
    } else {
      for (const Step committed : attempt.taken) {
        ++done_[static_cast<size_t>(committed)];
      }
      edge_changes_ += attempt.at_edge;
      ++writer.commits;
    }
    stay();  // room for those who need the table to themselves
  }
}

Workload::Attempt Workload::CarryOut(const Writer& writer, Client& client, Program& program,
                                     const PlannedTransaction& planned, int64_t number,
                                     const std::function<void()>& stay) const {
  Attempt attempt;
  Answer& answer = attempt.answer;
  const auto run = [&](const std::string& statement) {
    attempt.sql = statement;
    answer = client.Run(statement);
    return answer.ok;
  };
  const auto take = [&](const PlannedStep& step) {
    answer = program.Take(step, attempt.sql);
    if (!step.taken_back && answer.ok && answer.affected > 0) {
      attempt.taken.push_back(step.step);
      attempt.at_edge += step.step == Step::kEdge && program.at_chunk_edge() ? 1 : 0;
    }
    return answer.ok;
  };
  bool ok = run(BeginOf(writer.spec.isolation));
  for (const PlannedStep& step : planned.steps) {
    const bool bracketed = step.taken_back || step.nested;
    ok = ok && (!bracketed || run("SAVEPOINT s")) && take(step) &&
         (!bracketed || run(step.taken_back ? "ROLLBACK TO SAVEPOINT s" : "RELEASE SAVEPOINT s"));
  }
  if (ok && planned.late) {
    stay();
    ok = take(*planned.late);
  }
  if (!ok) {
    return attempt;
  }
  if (planned.gives_up) {
    run("ROLLBACK");
  } else if (planned.two_phase) {
    const std::string name = fmt::format("'{} {} {}'", database_.name(), writer.spec.name, number);
    if (run(fmt::format("PREPARE TRANSACTION {}", name))) {
      run(fmt::format("COMMIT PREPARED {}", name));
    }
  } else {
    run("COMMIT");
  }
  return attempt;
}

void Workload::Stay(const Writer& writer, Client& observer) {
  const int stage = stage_changes_;
  const int64_t enough = commits() - writer.commits + kStay;
  const bool happened = Eventually(
      [&] {
        return stop_ || failed_ || stage_changes_ != stage || commits() - writer.commits >= enough ||
               observer.Must(kSomebodyWaits).Value() == "t";
      },
      kPatience);
  if (!happened) {
    Fail(writer.spec.name + ": nobody but this writer commits any more");
  }
}

bool Workload::AllOurs(const std::string& deadlock_detail) const {
  static const std::regex kProcess("[Pp]rocess ([0-9]+)");
  const std::lock_guard lock(mutex_);
  for (std::sregex_iterator at(deadlock_detail.begin(), deadlock_detail.end(), kProcess), end; at != end; ++at) {
    if (!pids_.contains(std::stoi((*at)[1]))) {
      return false;
    }
  }
  return true;
}

void Workload::Judge(Writer& writer, const Answer& answer, const std::string& sql) {
  if (answer.sqlstate == "40001" && writer.spec.isolation != Isolation::kReadCommitted && !answer.OfOurs()) {
    ++writer.serialization;
    fence_errors_ += answer.OfTheFence() ? 1 : 0;
  } else if (answer.sqlstate == "40P01" && AllOurs(answer.detail)) {
    ++writer.deadlocks;
  } else if (answer.sqlstate == "23505" && answer.schema == "public" && answer.constraint == "t_pkey") {
    ++writer.duplicates;
  } else {
    Fail(fmt::format("{}: {} {}{}{} in: {}", writer.spec.name, answer.sqlstate, answer.message, answer.detail,
                     answer.schema, sql.substr(0, 500)));
  }
}

void Workload::Fail(const std::string& what) {
  failed_ = true;
  const std::lock_guard lock(mutex_);
  if (failures_.size() < kMaxFailures) {
    failures_.push_back(what);
  }
}

std::vector<std::string> Workload::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

int64_t Workload::commits() const {
  int64_t sum = 0;
  for (const auto& writer : writers_) {
    sum += writer->commits;
  }
  return sum;
}

void Workload::SetEdge(int64_t number) {
  edge_ = number;
  const std::lock_guard lock(mutex_);
  edges_seen_.insert(number);
}

size_t Workload::edges() const {
  const std::lock_guard lock(mutex_);
  return edges_seen_.size();
}

void Workload::CountStepsAnew() {
  for (auto& count : done_) {
    count = 0;
  }
}

std::vector<std::string_view> Workload::MissingSteps() const {
  std::vector<std::string_view> missing;
  for (const Step step : steps_) {
    if (done_[static_cast<size_t>(step)] == 0) {
      missing.push_back(StepName(step));
    }
  }
  return missing;
}

bool Workload::AwaitEveryStep() {
  return Eventually([this] { return failed_ || MissingSteps().empty(); }, kPatience) && !failed_;
}

bool Workload::AwaitCommits(int more) {
  std::vector<int64_t> goals;
  for (const auto& writer : writers_) {
    goals.push_back(writer->commits + (writer->spec.long_transactions ? 1 : more));
  }
  const auto reached = [&] {
    bool all = true;
    for (size_t i = 0; i < goals.size(); ++i) {
      all = all && writers_[i]->commits >= goals[i];
    }
    return all || failed_;
  };
  const bool in_time = Eventually(reached, kPatience);
  return in_time && !failed_;
}

void Workload::SetStage(const std::string&) { ++stage_changes_; }

std::string Workload::Summary() const {
  std::string text;
  for (const auto& writer : writers_) {
    text += fmt::format("  {}: {} commits, {} rollbacks, {} times 40001, {} deadlocks, {} duplicates\n",
                        writer->spec.name, writer->commits.load(), writer->rollbacks.load(),
                        writer->serialization.load(), writer->deadlocks.load(), writer->duplicates.load());
  }
  return text;
}

void Workload::Truncate() {
  Client client(database_, "truncate");
  {
    const std::lock_guard lock(mutex_);
    pids_.insert(client.backend_pid());
  }
  SpellFrom(0);
  std::vector<std::string> rows;
  for (int64_t i = 0; i < shape_.rows / 2; ++i) {
    rows.push_back(fmt::format("({}, 'after truncate', {}, {})", shape_.Values(3 * i), i % 100, next_unique_++));
  }
  const Answer answer =
      client.Run(fmt::format("BEGIN; TRUNCATE t; INSERT INTO ledger (k, rel) VALUES ('*', 't'::regclass); INSERT INTO "
                             "t ({}, v, n, u) VALUES {}; "
                             "INSERT INTO ledger (k, r, rel) SELECT {}, {}, tableoid FROM t; COMMIT",
                             shape_.KeyList(), fmt::join(rows, ", "), shape_.key_text, shape_.row_text));
  if (!answer.ok) {
    Fail(fmt::format("TRUNCATE: {} {}{}", answer.sqlstate, answer.message, answer.detail));
  }
}

std::string Workload::Diff(const std::string& name, const std::string& base, const std::string& which) const {
  Client client(database_);
  return client
      .Must(fmt::format(
          "WITH mine AS (SELECT seq, k, r FROM ledger WHERE {2} UNION ALL {4}), "
          "fold AS (SELECT DISTINCT ON (k) k, r FROM mine WHERE k <> '*' AND seq > coalesce((SELECT max(seq) FROM mine "
          "WHERE k = '*'), -1) ORDER BY k, seq DESC), "
          "has AS (SELECT ({1}) COLLATE \"C\" AS k, {3} AS r FROM {0}), "
          "differing AS (SELECT coalesce(f.k, h.k) AS k, f.r AS expected, h.r AS found FROM (SELECT * FROM fold WHERE "
          "r IS NOT NULL) f FULL JOIN has h ON f.k = h.k WHERE f.r IS DISTINCT FROM h.r) "
          "SELECT coalesce((SELECT count(*) || ' keys differ: ' || string_agg(format('%s: %s instead of %s', k, "
          "coalesce(found, 'absent'), coalesce(expected, 'absent')), '; ' ORDER BY k) FILTER (WHERE n <= 5) FROM "
          "(SELECT *, row_number() OVER (ORDER BY k) AS n FROM differing) x HAVING count(*) > 0), '')",
          name, shape_.key_text, which, shape_.row_text, base))
      .Value();
}

std::string Workload::DiffWithLedger(const std::string& name) const { return Diff(name, kNoBase, "true"); }

std::string Workload::DiffWithItsEntries(const std::string& name) const {
  return Diff(name, kNoBase, MadeAgainst(name));
}

std::string Workload::DiffSinceSwap(const std::string& name, const std::string& old_name) const {
  return Diff(name, fmt::format("SELECT 0, ({}) COLLATE \"C\", {} FROM {}", shape_.key_text, shape_.row_text, old_name),
              MadeAgainst(name));
}

}  // namespace pgmoult::tests
