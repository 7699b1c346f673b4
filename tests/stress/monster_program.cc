#include "tests/stress/monster_program.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"

namespace pgmoult::tests {
namespace {

constexpr int64_t kNumbers = 1'000'000;  // of new things, that each writer has
constexpr int64_t kCodes = 1'000;
constexpr int64_t kFirstRow = 50'001;
constexpr int64_t kLastRow = 53'000;
constexpr int64_t kFirstOfReader = 54'001;
constexpr int64_t kLastOfReader = 54'050;
constexpr int64_t kFirstHot = 281;
constexpr int64_t kLastHot = 300;
// Old rows with a span. Some before them hold what may stay, but may not be written again (some_day, to_old_region).
constexpr int64_t kFirstSpan = 110;
constexpr int64_t kLastSpan = 280;

// Everything but id, ticket and label that shall not depend on a default: the change gives region another one.
constexpr char kColumns[] =
    "id, ticket, label, parent, region, code, code_nr, amount, owner, span, tags, doc, words, big";

}  // namespace

MonsterProgram::MonsterProgram(int writer, uint64_t seed)
    : writer_(writer), random_(seed + static_cast<uint64_t>(writer)) {
  for (int64_t id = kFirstRow; id <= kLastRow; ++id) {
    if (id % kWriters == writer) {
      state_.rows[id] = {};
    }
  }
  state_.next = kNumbers * (writer + 1);
  state_.region = state_.next;
  state_.code = kCodes * (writer + 1);
}

std::string MonsterProgram::Setup() {
  return fmt::format(
      "SET ROLE scn_owner;"
      "INSERT INTO cave.regions SELECT {0} * g, 'region 1 of ' || g FROM generate_series(1, {1}) g;"
      "INSERT INTO cave.codes SELECT 'own', {2} * g FROM generate_series(1, {1}) g;"
      "INSERT INTO lair.\"Monster\" (id, label, region, code, code_nr, amount, owner) SELECT g, 'Row ' || g, "
      "CASE WHEN g % 3 = 0 THEN {0} * (g % {1} + 1) ELSE g % 7 + 1 END, "
      "CASE WHEN g % 4 = 0 THEN 'own' END, CASE WHEN g % 4 = 0 THEN {2} * (g % {1} + 1) END, 5 + g % 900, "
      "CASE WHEN g > {3} THEN 'scn_reader' WHEN g % {1} = {1} - 1 THEN 'scn_clerk' ELSE 'scn_owner' END "
      "FROM generate_series({4}, {5}) g WHERE g <= {3} OR g >= {6};"
      "RESET ROLE",
      kNumbers, kWriters, kCodes, kLastRow, kFirstRow, kLastOfReader, kFirstOfReader);
}

const std::vector<MonsterProgram::Kind>& MonsterProgram::AllKinds() {
  static const std::vector<Kind> kKinds = {
      {"insert", &MonsterProgram::Insert, true},
      {"insert by defaults", &MonsterProgram::InsertByDefaults, false},
      {"insert many", &MonsterProgram::InsertMany, true},
      {"insert as replica", &MonsterProgram::InsertAsReplica, false},
      {"upsert", &MonsterProgram::Upsert, true},
      {"update", &MonsterProgram::Update, true},
      {"update many", &MonsterProgram::UpdateMany, true},
      {"update through WITH", &MonsterProgram::UpdateThroughCte, false},
      {"update nothing", &MonsterProgram::UpdateNothing, true},
      {"delete", &MonsterProgram::Delete, true},
      {"delete many", &MonsterProgram::DeleteMany, true},
      {"delete kept", &MonsterProgram::DeleteKept, true},
      {"new key", &MonsterProgram::Rekey, true},
      {"new key that a mark follows", &MonsterProgram::MoveMark, false},
      {"exchange tickets", &MonsterProgram::ExchangeTickets, true},
      {"exchange spans", &MonsterProgram::ExchangeSpans, false},
      {"hot", &MonsterProgram::Hot, false},
      {"take back", &MonsterProgram::TakeBack, true},
      {"as reader", &MonsterProgram::AsReader, false},
      {"rows of others", &MonsterProgram::UpdateStrangers, true},
      {"checked view", &MonsterProgram::ThroughCheckedView, false},
      {"door", &MonsterProgram::ThroughDoor, false},
      {"rule", &MonsterProgram::ThroughRule, false},
      {"procedures", &MonsterProgram::CallProcedures, false},
      {"renumber region", &MonsterProgram::RenumberRegion, false},
      {"replace region", &MonsterProgram::ReplaceRegion, false},
      {"renumber code", &MonsterProgram::RenumberCode, false},
      {"line", &MonsterProgram::AddLine, false},
      {"day", &MonsterProgram::AddDay, false},
  };
  return kKinds;
}

std::vector<std::string> MonsterProgram::Kinds() {
  std::vector<std::string> names;
  for (const Kind& kind : AllKinds()) {
    names.emplace_back(kind.name);
  }
  return names;
}

MonsterTransaction MonsterProgram::Next() {
  before_ = state_;
  statements_.clear();
  MonsterTransaction transaction;
  transaction.repeatable_read = ++number_ % 2 == 0;
  for (int64_t steps = Uniform(1, 2); steps > 0;) {
    const Kind& kind = AllKinds()[static_cast<size_t>(Uniform(0, std::ssize(AllKinds()) - 1))];
    // Two hot rows in one transaction could make a deadlock.
    if ((is_clerk() && !kind.by_clerk) || (kind.name == "hot" && transaction.kinds.contains("hot"))) {
      continue;
    }
    (this->*kind.take)();
    transaction.kinds.emplace(kind.name);
    --steps;
  }
  transaction.statements = std::move(statements_);
  return transaction;
}

int64_t MonsterProgram::SomeRow(bool free) {
  const auto fits = [&](int64_t id, const Row& row) { return !free || (!row.pinned && !HasKids(id)); };
  auto at = state_.rows.lower_bound(Uniform(state_.rows.begin()->first, state_.rows.rbegin()->first));
  // New ids lie far from the old ones: both shall be met.
  if (Uniform(0, 1) == 0) {
    at = state_.rows.lower_bound(Uniform(kFirstRow, kLastRow));
  }
  for (size_t looked = 0; looked <= state_.rows.size(); ++looked, ++at) {
    if (at == state_.rows.end()) {
      at = state_.rows.begin();
    }
    if (fits(at->first, at->second)) {
      return at->first;
    }
  }
  Insert();
  return state_.next;
}

bool MonsterProgram::HasKids(int64_t id) const {
  return std::ranges::any_of(state_.rows, [id](const auto& row) { return row.second.parent == id; });
}

void MonsterProgram::Forget(int64_t id) {
  state_.rows.erase(id);
  std::vector<int64_t> kids;
  for (const auto& [kid, row] : state_.rows) {
    if (row.parent == id) {
      kids.push_back(kid);
    }
  }
  for (const int64_t kid : kids) {
    Forget(kid);
  }
}

std::string MonsterProgram::Values(int64_t id, int64_t parent) {
  state_.rows[id] = {.parent = parent};
  const bool coded = Uniform(0, 2) == 0;
  return fmt::format(
      "({0}, {0}, 'New {0}', {1}, {2}, {3}, {4}, {5}, '{6}', int4range({0}, {0} + 5), ARRAY['t{0}', NULL], "
      "'{{\"g\": {0}}}', to_tsvector('simple', 'word{0}'), {7})",
      id, parent == 0 ? "NULL" : fmt::to_string(parent), Uniform(0, 2) == 0 ? state_.region : Uniform(1, 7),
      coded ? "'own'" : "NULL", coded ? fmt::to_string(state_.code) : "NULL", Uniform(5, 900), role(),
      Uniform(0, 9) == 0 ? fmt::format("repeat(md5('{}'), 300)", id) : "NULL");
}

void MonsterProgram::Insert() {
  const int64_t parent =
      Uniform(0, 1) == 0 ? 0 : state_.rows.lower_bound(Uniform(0, state_.rows.rbegin()->first))->first;
  Say(fmt::format("INSERT INTO lair.\"Monster\" ({}) VALUES {}", kColumns, Values(NewNumber(), parent)));
}

// The numbers that sequences give depend on how writers interleave: they do not stay.
void MonsterProgram::InsertByDefaults() {
  const int64_t id = NewNumber();
  Say(fmt::format("INSERT INTO lair.\"Monster\" (label, region) VALUES ('Default {}', 2)", id));
  Say(fmt::format("UPDATE lair.\"Monster\" SET id = {0}, ticket = {0} WHERE label = 'Default {0}'", id));
  state_.rows[id] = {};
}

void MonsterProgram::InsertMany() {
  std::vector<std::string> rows;
  for (int64_t left = Uniform(2, 6); left > 0; --left) {
    rows.push_back(Values(NewNumber(), 0));
  }
  Say(fmt::format("INSERT INTO lair.\"Monster\" ({}) VALUES {}", kColumns, fmt::join(rows, ", ")));
}

// As an apply worker writes: only triggers that fire on a replica, no foreign keys.
void MonsterProgram::InsertAsReplica() {
  const auto with_role = [this](std::string_view role) {
    Say("SET LOCAL ROLE NONE");
    Say(fmt::format("SET LOCAL session_replication_role = {}", role));
    Say("SET LOCAL ROLE scn_owner");
  };
  const int64_t id = SomeRow();
  with_role("replica");
  Say(fmt::format("INSERT INTO lair.\"Monster\" ({}) VALUES {}", kColumns, Values(NewNumber(), 0)));
  Say(fmt::format("UPDATE lair.\"Monster\" SET big = 'replica {0}' WHERE id = {0}", id));
  with_role("origin");
}

void MonsterProgram::Upsert() {
  const int64_t old = SomeRow();
  const int64_t parent = state_.rows[old].parent;
  const bool pinned = state_.rows[old].pinned;
  std::string rows = Values(old, parent);
  state_.rows[old].pinned = pinned;
  Say(
      fmt::format("INSERT INTO lair.\"Monster\" AS m ({}) VALUES {}, {} ON CONFLICT (id) DO UPDATE SET "
                  "amount = excluded.amount, doc = excluded.doc",
                  kColumns, rows, Values(NewNumber(), 0)));
}

void MonsterProgram::Update() {
  const int64_t id = SomeRow();
  const std::string assignment = [&] {
    switch (Uniform(0, 3)) {
      case 0:
        return fmt::format("label = 'Set {}', region = {}", NewNumber(), Uniform(1, 7));
      case 1:
        return fmt::format("amount = {}", Uniform(5, 900));
      case 2:
        return fmt::format("region = {}, qty = {}", state_.region, Uniform(20, 9999));
      default:
        return fmt::format("big = repeat('{}', {}), doc = NULL", Uniform(0, 9), Uniform(1, 5000));
    }
  }();
  Say(fmt::format("UPDATE lair.\"Monster\" SET {} WHERE id = {}", assignment, id));
}

void MonsterProgram::UpdateMany() {
  std::set<int64_t> ids;
  for (int64_t left = Uniform(5, 30); left > 0; --left) {
    ids.insert(SomeRow());
  }
  Say(fmt::format("UPDATE lair.\"Monster\" SET amount = amount + 1, tags = array_append(tags, 'many') WHERE id IN ({})",
                  fmt::join(ids, ", ")));
}

void MonsterProgram::UpdateThroughCte() {
  const int64_t id = SomeRow();
  int64_t other = SomeRow();
  while (other == id) {
    other = SomeRow();
  }
  Say(
      fmt::format("WITH one AS (UPDATE lair.\"Monster\" SET amount = amount + 1 WHERE id = {} RETURNING amount) "
                  "UPDATE lair.\"Monster\" SET amount = one.amount + 1 FROM one WHERE id = {}",
                  id, other));
}

// The trigger a_touch returns NULL for it.
void MonsterProgram::UpdateNothing() {
  Say(fmt::format("UPDATE lair.\"Monster\" SET qty = 13 WHERE id = {}", SomeRow()));
}

void MonsterProgram::Delete() {
  const int64_t id = SomeRow();
  Say(fmt::format("DELETE FROM lair.\"Monster\" WHERE id = {}", id));
  Forget(id);
  Insert();  // the writer always has rows
}

void MonsterProgram::DeleteMany() {
  std::set<int64_t> ids;
  for (int64_t left = Uniform(2, 4); left > 0; --left) {
    ids.insert(SomeRow());
  }
  Say(fmt::format("DELETE FROM lair.\"Monster\" WHERE id IN ({})", fmt::join(ids, ", ")));
  for (const int64_t id : ids) {
    Forget(id);
  }
  InsertMany();
}

// The rule kept_ones makes nothing of it.
void MonsterProgram::DeleteKept() { Say("DELETE FROM lair.\"Monster\" WHERE id BETWEEN 150 AND 160"); }

void MonsterProgram::Rekey() {
  const int64_t old = SomeRow(true);
  auto row = state_.rows.extract(old);
  row.key() = NewNumber();
  Say(fmt::format("UPDATE lair.\"Monster\" SET id = {} WHERE id = {}", row.key(), old));
  state_.rows.insert(std::move(row));
}

// A mark references label and id together and follows both.
void MonsterProgram::MoveMark() {
  const int64_t old = SomeRow(true);
  auto row = state_.rows.extract(old);
  row.key() = NewNumber();
  Say(fmt::format("INSERT INTO cave.marks SELECT {}, label, id FROM lair.\"Monster\" WHERE id = {}", row.key(), old));
  Say(fmt::format("UPDATE lair.\"Monster\" SET id = {0}, label = 'Mark {0}' WHERE id = {1}", row.key(), old));
  state_.rows.insert(std::move(row));
}

// At once, as the constraint is deferrable.
void MonsterProgram::ExchangeTickets() {
  const int64_t a = SomeRow();
  const int64_t b = SomeRow();
  Say(
      fmt::format("UPDATE lair.\"Monster\" a SET ticket = b.ticket FROM lair.\"Monster\" b "
                  "WHERE (a.id, b.id) IN (({0}, {1}), ({1}, {0}))",
                  a, b));
}

void MonsterProgram::ExchangeSpans() {
  const auto own = [this] { return Uniform(kFirstSpan / kWriters, kLastSpan / kWriters - 1) * kWriters + writer_; };
  Say("SET CONSTRAINTS lair.spans_apart DEFERRED");
  Say(
      fmt::format("UPDATE lair.\"Monster\" a SET span = b.span FROM lair.\"Monster\" b "
                  "WHERE (a.id, b.id) IN (({0}, {1}), ({1}, {0}))",
                  own(), own()));
  Say("SET CONSTRAINTS lair.spans_apart IMMEDIATE");
}

void MonsterProgram::Hot() {
  Say(fmt::format("UPDATE lair.\"Monster\" SET amount = amount + 1 WHERE id = {}", Uniform(kFirstHot, kLastHot)));
}

void MonsterProgram::TakeBack() {
  const State before = state_;
  Say("SAVEPOINT before");
  Insert();
  Delete();
  Say("ROLLBACK TO before");
  const int64_t used = state_.next;
  state_ = before;
  state_.next = used;
}

void MonsterProgram::AsReader() {
  Say("SET LOCAL ROLE scn_reader");
  Say(fmt::format("UPDATE lair.\"Monster\" SET amount = amount + 1 WHERE id = {}",
                  Uniform(kFirstOfReader / kWriters, kLastOfReader / kWriters - 1) * kWriters + writer_));
  Say("SET LOCAL ROLE scn_owner");
}

// For the owner, rows that are not there; for the clerk, rows that policies hide.
void MonsterProgram::UpdateStrangers() {
  Say(is_clerk() ? "UPDATE lair.\"Monster\" SET amount = 6 WHERE owner <> 'scn_clerk'"
                 : "UPDATE lair.\"Monster\" SET amount = 6 WHERE id < 0");
}

void MonsterProgram::ThroughCheckedView() {
  const int64_t id = NewNumber();
  Say(fmt::format("INSERT INTO cave.mine (id, amount) VALUES ({}, {})", id, Uniform(5, 900)));
  Say(fmt::format("UPDATE lair.\"Monster\" SET ticket = {0}, region = 3, label = label || ' {0}' WHERE id = {0}", id));
  state_.rows[id] = {};
  Say(fmt::format("UPDATE cave.mine SET amount = amount / 2 + 3 WHERE id = {}", SomeRow()));
  const int64_t gone = SomeRow();
  // What the view does not show stays.
  Say(fmt::format("UPDATE lair.\"Monster\" SET amount = 9 WHERE id = {}", gone));
  Say(fmt::format("DELETE FROM cave.mine WHERE id = {}", gone));
  Forget(gone);
  Insert();
}

void MonsterProgram::ThroughDoor() {
  Say(fmt::format("UPDATE lair.door SET label = 'x' WHERE id = {}", SomeRow()));
  Say(fmt::format("DELETE FROM lair.door WHERE id = {}", SomeRow()));
}

void MonsterProgram::ThroughRule() {
  Say(fmt::format("INSERT INTO cave.inbox VALUES ({}, {}, {})", NewNumber(), SomeRow(), Uniform(1, 20)));
}

void MonsterProgram::CallProcedures() {
  Say(fmt::format("CALL lair.calm({})", SomeRow()));
  Say(fmt::format("SELECT lair.tried('UPDATE lair.\"Monster\" SET amount = -1 WHERE id = {}')", SomeRow()));
  Say(fmt::format("SELECT lair.tried('UPDATE lair.\"Monster\" SET amount = 77 WHERE id = {}')", SomeRow()));
  Say(fmt::format("SELECT lair.by_string({})", SomeRow()));
}

// ON UPDATE CASCADE.
void MonsterProgram::RenumberRegion() {
  const int64_t region = NewNumber();
  Say(fmt::format("UPDATE cave.regions SET id = {} WHERE id = {}", region, state_.region));
  state_.region = region;
}

// ON DELETE SET NULL.
void MonsterProgram::ReplaceRegion() {
  const int64_t region = NewNumber();
  Say(fmt::format("INSERT INTO cave.regions VALUES ({}, 'region 1 of {}')", region, writer_));
  Say(fmt::format("DELETE FROM cave.regions WHERE id = {}", state_.region));
  state_.region = region;
}

// The key's check waits for COMMIT.
void MonsterProgram::RenumberCode() {
  const int64_t code = NewNumber();
  Say(fmt::format("UPDATE cave.codes SET nr = {} WHERE nr = {}", code, state_.code));
  Say(fmt::format("UPDATE lair.\"Monster\" SET code_nr = {} WHERE code_nr = {}", code, state_.code));
  state_.code = code;
}

// It goes with its row.
void MonsterProgram::AddLine() {
  const int64_t id = SomeRow();
  Say(fmt::format("INSERT INTO cave.lines (id, monster) VALUES ({}, {})", NewNumber(), id));
  state_.rows[id].pinned = true;
}

// It stays when its row goes, without it.
void MonsterProgram::AddDay() {
  const int64_t id = SomeRow();
  Say(fmt::format("INSERT INTO cave.days VALUES (date '2024-12-01' + {}, {})", Uniform(0, 60), id));
  state_.rows[id].pinned = true;
}

}  // namespace pgmoult::tests
