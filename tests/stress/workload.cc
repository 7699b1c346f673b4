#include "tests/stress/workload.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>
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

// The message holds the context, too.
bool NamesUs(const Answer& answer) { return answer.message.find("pgmoult") != std::string::npos; }

bool IsFence(const Answer& answer) { return answer.message.find("changed its shape") != std::string::npos; }

std::map<Step, int> SmallSteps() {
  return {{Step::kInsert, 4},     {Step::kReinsert, 4},          {Step::kUpsert, 3},
          {Step::kUpdate, 8},     {Step::kUpdateMany, 3},        {Step::kDelete, 5},
          {Step::kMoveNear, 3},   {Step::kMoveFar, 3},           {Step::kSwapKeys, 1},
          {Step::kMerge, 1},      {Step::kUniqueThroughNull, 2}, {Step::kUniqueThroughThird, 2},
          {Step::kWritableCte, 2}};
}

}  // namespace

std::string_view StepName(Step step) {
  constexpr std::array<std::string_view, kSteps> kNames = {
      "insert",    "reinsert", "upsert",       "update",         "update many",       "delete",
      "move near", "move far", "swap keys",    "unique by NULL", "unique by a third", "unique at once",
      "merge",     "copy",     "writable CTE", "bulk update",    "bulk delete",       "edge"};
  return kNames[static_cast<size_t>(step)];
}

struct Workload::Writer {
  WriterSpec spec;
  uint64_t seed = 0;
  std::thread thread;
  std::atomic<int64_t> commits = 0;
  std::atomic<int64_t> rollbacks = 0;
  std::atomic<int64_t> serialization = 0;
  std::atomic<int64_t> deadlocks = 0;
  std::atomic<int64_t> duplicates = 0;
};

uint64_t NewSeed() {
  const char* given = std::getenv("PGMOULT_STRESS_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "[   seed   ] PGMOULT_STRESS_SEED=" << seed << "\n" << std::flush;
  return seed;
}

std::vector<WriterSpec> AllKinds() {
  const std::map<Step, int> bulk = {{Step::kBulkUpdate, 1}, {Step::kBulkDelete, 1}, {Step::kCopy, 6},
                                    {Step::kMerge, 6},      {Step::kUpsert, 6},     {Step::kUpdateMany, 6}};
  return {{.name = "rc 1", .steps = SmallSteps()},
          {.name = "rc 2", .steps = SmallSteps()},
          {.name = "rr", .isolation = Isolation::kRepeatableRead, .steps = SmallSteps()},
          {.name = "serializable", .isolation = Isolation::kSerializable, .steps = SmallSteps()},
          {.name = "replica", .steps = SmallSteps(), .replica_role = true},
          {.name = "bulk", .steps = bulk, .two_phase = true},
          {.name = "long", .steps = SmallSteps(), .long_transactions = true}};
}

std::vector<WriterSpec> EachIsolation(const std::map<Step, int>& steps) {
  return {{.name = "rc 1", .steps = steps},
          {.name = "rc 2", .steps = steps},
          {.name = "rr", .isolation = Isolation::kRepeatableRead, .steps = steps},
          {.name = "serializable", .isolation = Isolation::kSerializable, .steps = steps}};
}

Workload::Workload(const TestDatabase& database, const Shape& shape, std::vector<WriterSpec> writers, uint64_t seed)
    : database_(database), shape_(shape), seed_(seed), next_high_(4 * shape.rows + 2), next_low_(-shape.rows - 1) {
  std::mt19937_64 seeds(seed);
  for (WriterSpec& spec : writers) {
    auto writer = std::make_unique<Writer>();
    writer->spec = std::move(spec);
    writer->seed = seeds();
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
  Program program(shape_, client, {.high = next_high_, .low = next_low_, .unique = next_unique_, .edge = edge_},
                  writer.seed);
  std::vector<Step> wheel;
  for (const auto& [step, share] : writer.spec.steps) {
    wheel.insert(wheel.end(), static_cast<size_t>(share), step);
  }
  int64_t number = 0;
  std::string sql;
  std::vector<Step> taken;  // in this transaction, with an effect
  int64_t at_edge = 0;      // of these, how many changed a row at a chunk's edge
  const auto step = [&](bool lasting = true) {
    const auto at = program.Uniform(0, static_cast<int64_t>(wheel.size()) - 1);
    const Step chosen = wheel[static_cast<size_t>(at)];
    Answer answer = program.Take(chosen, sql);
    if (lasting && answer.ok && answer.affected > 0) {
      taken.push_back(chosen);
      at_edge += chosen == Step::kEdge && program.at_chunk_edge() ? 1 : 0;
    }
    return answer;
  };
  while (!stop_) {
    taken.clear();
    at_edge = 0;
    const auto run = [&client, &sql](const std::string& statement) {
      sql = statement;
      return client.Run(statement);
    };
    Answer answer = run(BeginOf(writer.spec.isolation));
    const int64_t steps = program.Uniform(1, 3);
    for (int64_t i = 0; i < steps && answer.ok; ++i) {
      if (program.Uniform(0, 5) == 0) {  // this one is taken back
        answer = run("SAVEPOINT s");
        answer = answer.ok ? step(/*lasting=*/false) : answer;
        answer = answer.ok ? run("ROLLBACK TO SAVEPOINT s") : answer;
      } else {
        const bool nested = program.Uniform(0, 5) == 0;
        answer = nested ? run("SAVEPOINT s") : answer;
        answer = answer.ok ? step() : answer;
        answer = answer.ok && nested ? run("RELEASE SAVEPOINT s") : answer;
      }
    }
    if (answer.ok && writer.spec.long_transactions) {
      Stay(writer, *observer);
      answer = step();
    }
    const bool given_up = program.Uniform(0, 9) == 0;
    if (answer.ok && given_up) {
      answer = run("ROLLBACK");
    } else if (answer.ok && writer.spec.two_phase && program.Uniform(0, 1) == 0) {
      const std::string name = fmt::format("'{} {} {}'", database_.name(), writer.spec.name, ++number);
      answer = run("PREPARE TRANSACTION " + name);
      answer = answer.ok ? run("COMMIT PREPARED " + name) : answer;
    } else if (answer.ok) {
      answer = run("COMMIT");
    }
    if (!answer.ok) {
      Judge(writer, answer, sql);
      client.Run("ROLLBACK");
    } else if (given_up) {
      ++writer.rollbacks;
    } else {
      for (const Step committed : taken) {
        ++done_[static_cast<size_t>(committed)];
      }
      edge_changes_ += at_edge;
      ++writer.commits;
    }
    if (writer.spec.long_transactions) {
      Stay(writer, *observer);  // room for those who need the table to themselves
    }
  }
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
  if (answer.sqlstate == "40001" && writer.spec.isolation != Isolation::kReadCommitted && !NamesUs(answer)) {
    ++writer.serialization;
  } else if (answer.sqlstate == "40001" && writer.spec.isolation != Isolation::kReadCommitted && IsFence(answer)) {
    ++writer.serialization;
    ++fence_errors_;
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

std::string Workload::DiffWithLedger(const std::string& name, bool old_only) const {
  Client client(database_);
  return client
      .Must(fmt::format(
          "WITH mine AS (SELECT * FROM ledger WHERE NOT {2} OR rel = '{0}'::regclass), "
          "fold AS (SELECT DISTINCT ON (k) k, r FROM mine WHERE k <> '*' AND seq > coalesce((SELECT max(seq) FROM mine "
          "WHERE k = '*'), 0) ORDER BY k, seq DESC), "
          "has AS (SELECT ({1}) COLLATE \"C\" AS k, {3} AS r FROM {0}), "
          "differing AS (SELECT coalesce(f.k, h.k) AS k, f.r AS expected, h.r AS found FROM (SELECT * FROM fold WHERE "
          "r IS "
          "NOT NULL) f FULL JOIN has h ON f.k = h.k WHERE f.r IS DISTINCT FROM h.r) "
          "SELECT coalesce((SELECT count(*) || ' keys differ: ' || string_agg(format('%s: %s instead of %s', k, "
          "coalesce(found, 'absent'), coalesce(expected, 'absent')), '; ' ORDER BY k) FILTER (WHERE n <= 5) FROM "
          "(SELECT *, "
          "row_number() OVER (ORDER BY k) AS n FROM differing) x HAVING count(*) > 0), '')",
          name, shape_.key_text, old_only, shape_.row_text))
      .Value();
}

}  // namespace pgmoult::tests
