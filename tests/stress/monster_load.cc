#include "tests/stress/monster_load.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>

#include "absl/strings/match.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "tests/support/eventually.h"

namespace pgmoult::tests {
namespace {

constexpr std::chrono::seconds kPatience{40};
// The rate of each session. Transactions of many tables that follow one another without a gap leave a swap, which needs
// all of them at once, next to no chance.
constexpr std::chrono::milliseconds kPause{20};
constexpr size_t kMaxFailures = 5;  // kept; the rest are more of the same

// What everything that reads the table says of it in one snapshot; "t", or it is wrong.
constexpr const char* kReads[] = {
    ("SELECT count(*) = (SELECT count(*) FROM lair.\"Monster\") AND count(*) = lair.how_many() AND "
     "count(*) = (SELECT many FROM lair.of_team) AND count(*) = (SELECT count(*) FROM lair.door) FROM lair.plain"),
    "SELECT sum(lines) = (SELECT count(*) FROM cave.lines WHERE monster IS NOT NULL) FROM cave.by_key",
    "SELECT count(*) > 0 FROM cave.on_top",
    "SELECT count(*) = (SELECT count(*) FROM lair.\"Monster\") FROM lair.tree",
    "SELECT count(*) FILTER (WHERE amount >= 1000 OR amount IS NULL) = 0 FROM cave.mine",
    "SELECT count(*) = 31 AND (SELECT sum(many) FROM cave.kept_kept) = 31 FROM cave.kept",
    "SELECT count(*) > 0 FROM cave.on_kept",
    "SELECT lair.by_string(150) = 'Label 150'",
};
// The same under policies: what they hide is never seen.
constexpr const char* kReadsOfClerk[] = {
    "SELECT count(*) > 0 AND bool_and(owner = 'scn_clerk') FROM lair.\"Monster\"",
    "SELECT lair.how_many() > 0",
    ("SELECT count(*) > 0 AND count(*) = (SELECT count(*) FROM cave.lines l JOIN lair.\"Monster\" m ON m.id = "
     "l.monster) "
     "FROM cave.lines"),
};

// All that an application sees of an answer.
std::string Given(const Answer& answer) {
  std::vector<std::string> values;
  for (const auto& row : answer.rows) {
    for (const auto& value : row) {
      values.push_back(value.value_or("NULL"));
    }
  }
  return fmt::format("{} affected, {}", answer.affected, values);
}

}  // namespace

MonsterLoad::MonsterLoad(const TestDatabase& database, uint64_t seed) : database_(database) {
  for (int number = 0; number < MonsterProgram::kWriters; ++number) {
    writers_.push_back(std::make_unique<Writer>(number, seed));
  }
}

void MonsterLoad::Start() {
  const auto guarded = [this](const auto& function) {
    try {
      function();
    } catch (const std::exception& error) {
      Fail(error.what());
    }
  };
  for (const auto& writer : writers_) {
    writer->thread = std::thread([this, guarded, one = writer.get()] { guarded([&] { Work(*one); }); });
  }
  reader_ = std::thread([this, guarded] { guarded([&] { Read(); }); });
}

void MonsterLoad::Stop() {
  stop_ = true;
  for (const auto& writer : writers_) {
    if (writer->thread.joinable()) {
      writer->thread.join();
    }
  }
  if (reader_.joinable()) {
    reader_.join();
  }
}

void MonsterLoad::Work(Writer& writer) {
  Client client(database_);
  client.Must(fmt::format("SET ROLE {}", writer.program.role()));
  for (; !stop_ && !failed_; std::this_thread::sleep_for(kPause)) {
    Committed done{.transaction = writer.program.Next(), .given = {}};
    std::string sql;
    const Answer answer = CarryOut(client, done.transaction, done.given, sql);
    if (answer.ok) {
      const std::lock_guard lock(mutex_);
      for (const std::string& kind : done.transaction.kinds) {
        ++kinds_[kind];
      }
      writer.committed.push_back(std::move(done));
      ++writer.commits;
      continue;
    }
    if (!IsOwnError(done.transaction, answer)) {
      Fail(fmt::format("{}: {} {}", sql, answer.sqlstate, answer.message));
    }
    client.Must("ROLLBACK");
    writer.program.Undo();
  }
}

Answer MonsterLoad::CarryOut(Client& client, const MonsterTransaction& transaction, std::vector<std::string>& given,
                             std::string& sql) {
  client.Must(transaction.repeatable_read ? "BEGIN ISOLATION LEVEL REPEATABLE READ" : "BEGIN");
  for (const std::string& statement : transaction.statements) {
    sql = statement;
    Answer answer = client.Run(statement);
    if (!answer.ok) {
      return answer;
    }
    given.push_back(Given(answer));
  }
  sql = "COMMIT";
  return client.Run(sql);
}

bool MonsterLoad::IsOwnError(const MonsterTransaction& transaction, const Answer& answer) {
  if (answer.sqlstate != "40001") {
    return false;
  }
  if (answer.OfTheFence()) {
    ++fence_errors_;
    return transaction.repeatable_read || transaction.kinds.contains("procedures");
  }
  ++hot_errors_;
  return transaction.repeatable_read && transaction.kinds.contains("hot") &&
         !absl::StrContains(answer.message, "pgmoult");
}

void MonsterLoad::Read() {
  Client client(database_);
  // Each by itself: who reads everything in one transaction keeps a swap away as long.
  const auto read = [&](const std::string& role, const auto& queries) {
    client.Must(fmt::format("SET ROLE {}", role));
    for (const char* query : queries) {
      client.Must(rounds_ % 2 == 0 ? "BEGIN ISOLATION LEVEL REPEATABLE READ" : "BEGIN");
      const Answer answer = client.Run(query);
      if (!answer.ok || answer.Value() != "t") {
        Fail(fmt::format("{} reads by {}: {} {}", role, query, answer.sqlstate,
                         answer.ok ? answer.Value() : answer.message));
      }
      client.Must(answer.ok ? "COMMIT" : "ROLLBACK");
      std::this_thread::sleep_for(kPause);
    }
    client.Must("RESET ROLE");
  };
  while (!stop_ && !failed_) {
    read("scn_owner", kReads);
    read("scn_clerk", kReadsOfClerk);
    ++rounds_;
  }
}

bool MonsterLoad::Await(const std::function<bool()>& condition) const {
  return Eventually([&] { return failed_ || condition(); }, kPatience) && !failed_;
}

bool MonsterLoad::AwaitCommits(int more) {
  std::map<const Writer*, int64_t> before;
  for (const auto& writer : writers_) {
    before[writer.get()] = writer->commits;
  }
  // The round under way has begun before.
  const int64_t rounds = rounds_;
  return Await([&] {
    return rounds_ >= rounds + 2 &&
           std::ranges::all_of(before, [more](const auto& one) { return one.first->commits >= one.second + more; });
  });
}

bool MonsterLoad::AwaitEveryKind() {
  const auto kinds = [this] {
    const std::lock_guard lock(mutex_);
    return kinds_;
  };
  std::map<std::string, int64_t> before = kinds();
  return Await([&] {
    std::map<std::string, int64_t> now = kinds();
    return std::ranges::all_of(MonsterProgram::Kinds(),
                               [&](const std::string& kind) { return now[kind] > before[kind]; });
  });
}

std::vector<std::string> MonsterLoad::Repeat(const TestDatabase& twin) const {
  std::mutex mutex;
  std::vector<std::string> differences;
  const auto repeat = [&](const Writer& writer) {
    const auto tell = [&](std::string what) {
      const std::lock_guard lock(mutex);
      differences.push_back(std::move(what));
    };
    Client client(twin);
    client.Must(fmt::format("SET ROLE {}", writer.program.role()));
    for (const Committed& done : writer.committed) {
      std::vector<std::string> given;
      std::string sql;
      Answer answer;
      // The others of its own kind may be in its way here, too.
      do {
        given.clear();
        if (client.in_transaction()) {
          client.Must("ROLLBACK");
        }
        answer = CarryOut(client, done.transaction, given, sql);
      } while (answer.sqlstate == "40001");
      if (!answer.ok) {
        return tell(fmt::format("{}: {} {}", sql, answer.sqlstate, answer.message));
      }
      for (size_t i = 0; i < given.size(); ++i) {
        if (given[i] != done.given[i]) {
          tell(fmt::format("{}: online {}, natively {}", done.transaction.statements[i], done.given[i], given[i]));
        }
      }
    }
  };
  std::vector<std::thread> threads;
  for (const auto& writer : writers_) {
    threads.emplace_back([&repeat, &one = *writer] { repeat(one); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  differences.resize(std::min(differences.size(), kMaxFailures));
  return differences;
}

void MonsterLoad::Fail(const std::string& what) {
  const std::lock_guard lock(mutex_);
  if (failures_.size() < kMaxFailures) {
    failures_.push_back(what);
  }
  failed_ = true;
}

std::vector<std::string> MonsterLoad::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

std::string MonsterLoad::Summary() const {
  int64_t commits = 0;
  for (const auto& writer : writers_) {
    commits += writer->commits;
  }
  const std::lock_guard lock(mutex_);
  return fmt::format("  {} transactions, {} rounds of reading, {} errors of hot rows, {} of the fence\n  {}\n", commits,
                     rounds_.load(), hot_errors_.load(), fence_errors_.load(), kinds_);
}

}  // namespace pgmoult::tests
