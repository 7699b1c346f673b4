#include "tests/stress/program.h"

#include <algorithm>

#include "fmt/format.h"
#include "fmt/ranges.h"

namespace pgmoult::tests {
namespace {

constexpr int64_t kFirstUnique = 1'000'000'000;  // beyond the rows that are there at first, and those of a TRUNCATE
constexpr int64_t kMaxUniques = 1 << 20;         // that one step takes

Answer Done() {
  Answer answer;
  answer.ok = true;
  return answer;
}

}  // namespace

Wire WireTo(Client& client) {
  return {.run = [&client](const std::string& sql) { return client.Run(sql); },
          .copy_in = [&client](const std::string& sql, const std::string& rows) { return client.CopyIn(sql, rows); },
          .merges = client.server_version() >= 150000};
}

int64_t Program::NextUnique() { return kFirstUnique + serial_ * kMaxUniques + uniques_++; }

int64_t Program::SomeKey() {
  // Mostly within the table as it was at first, where two of three keys are free; sometimes beyond its ends.
  return Uniform(0, 9) < 8 ? Uniform(0, 3 * shape_.rows) : Beyond(1)[0];
}

std::vector<int64_t> Program::SomeKeys(int count) {
  std::vector<int64_t> keys;
  for (int i = 0; i < count; ++i) {
    keys.push_back(SomeKey());
  }
  std::ranges::sort(keys);
  keys.erase(std::ranges::unique(keys).begin(), keys.end());
  return keys;
}

std::vector<int64_t> Program::Beyond(int64_t count) {
  // A window of bounded width on each side, so that the table keeps its size however long it is written.
  const bool below = Uniform(0, 3) == 0;
  const int64_t first = Uniform(0, shape_.rows - count);
  std::vector<int64_t> keys;
  for (int64_t i = 0; i < count; ++i) {
    keys.push_back(below ? first + i - shape_.rows : 3 * shape_.rows + 1 + first + i);
  }
  return keys;
}

std::string Program::Ledgered(const std::string& dml) const {
  return fmt::format(
      "WITH w AS ({} RETURNING {} AS k, {} AS r, tableoid AS o) INSERT INTO ledger (k, r, rel) SELECT k, r, o FROM w",
      dml, shape_.key_text, shape_.row_text);
}

std::string Program::LedgeredDelete(const std::string& dml) const {
  return fmt::format(
      "WITH w AS ({} RETURNING {} AS k, tableoid AS o) INSERT INTO ledger (k, r, rel) SELECT k, NULL, o FROM w", dml,
      shape_.key_text);
}

std::string Program::Move(int64_t from, int64_t to) const {
  return fmt::format(
      "WITH w AS (UPDATE t SET {}, n = n + 1 WHERE {} AND NOT EXISTS (SELECT FROM t WHERE {}) RETURNING {} AS k, {} AS "
      "r, "
      "tableoid AS o) INSERT INTO ledger (k, r, rel) SELECT e.k, e.r, w.o FROM w, LATERAL (VALUES ({}, NULL), (w.k, "
      "w.r)) "
      "AS e (k, r)",
      shape_.Set(to), shape_.Is(from), shape_.Is(to), shape_.key_text, shape_.row_text, shape_.TextOf(from));
}

std::string Program::NewRows(const std::vector<int64_t>& keys) {
  std::vector<std::string> rows;
  for (const int64_t key : keys) {
    rows.push_back(fmt::format("({}, 'new {}', {}, {})", shape_.Values(key), key, Uniform(0, 99), NextUnique()));
  }
  return fmt::format("INSERT INTO t ({0}, v, n, u) VALUES {1} ON CONFLICT ({0}) DO NOTHING", shape_.KeyList(),
                     fmt::join(rows, ", "));
}

Answer Program::RunAll(const std::vector<std::string>& statements, std::string& sql) {
  Answer answer = Done();
  for (const std::string& statement : statements) {
    sql = statement;
    answer = wire_.run(statement);
    if (!answer.ok) {
      break;
    }
  }
  return answer;
}

Answer Program::ExchangeUnique(Step step, std::string& sql) {
  const std::vector<int64_t> keys = SomeKeys(2);
  if (keys.size() < 2) {
    return Done();
  }
  sql = fmt::format("SELECT {} = {}, coalesce(u::text, 'NULL') FROM t WHERE {} ORDER BY {} FOR UPDATE", shape_.key_text,
                    shape_.TextOf(keys[0]), shape_.In(keys), shape_.KeyList());
  Answer locked = wire_.run(sql);
  if (!locked.ok || locked.rows.size() < 2) {
    locked.affected = 0;  // rows that were locked, and not changed
    return locked;
  }
  const bool straight = locked.rows[0][0] == "t";
  const std::string a = shape_.Is(straight ? keys[0] : keys[1]);
  const std::string b = shape_.Is(straight ? keys[1] : keys[0]);
  const std::string ua = *locked.rows[0][1];
  const std::string ub = *locked.rows[1][1];
  const auto set = [this](const std::string& row, const std::string& value) {
    return Ledgered(fmt::format("UPDATE t SET u = {}, n = n + 1 WHERE {}", value, row));
  };
  if (step == Step::kUniqueAtOnce) {
    if (Uniform(0, 1) == 0) {
      return RunAll({set(a, ub), set(b, ua)}, sql);
    }
    return RunAll({Ledgered(fmt::format("UPDATE t SET u = CASE WHEN {} THEN {}::bigint ELSE {}::bigint END WHERE {}", a,
                                        ub, ua, shape_.In(keys)))},
                  sql);
  }
  const std::string between = step == Step::kUniqueThroughNull ? "NULL" : fmt::format("{}", NextUnique());
  return RunAll({set(a, between), set(b, ua), set(a, ub)}, sql);
}

Answer Program::Copy(std::string& sql) {
  const std::vector<int64_t> keys = Beyond(Uniform(2, 6));
  std::string data;
  for (const int64_t key : keys) {
    data += fmt::format("{}\tcopied\t{}\n", fmt::join(shape_.raw(key), "\t"), Uniform(0, 99));
  }
  Answer answer = RunAll({LedgeredDelete(fmt::format("DELETE FROM t WHERE {}", shape_.In(keys)))}, sql);
  if (!answer.ok) {
    return answer;
  }
  sql = fmt::format("COPY t ({}, v, n) FROM STDIN", shape_.KeyList());
  answer = wire_.copy_in(sql, data);
  if (!answer.ok) {
    return answer;
  }
  return RunAll({fmt::format("INSERT INTO ledger (k, r, rel) SELECT {}, {}, tableoid FROM t WHERE {}", shape_.key_text,
                             shape_.row_text, shape_.In(keys))},
                sql);
}

Answer Program::Merge(std::string& sql) {
  const int64_t key = SomeKey();
  std::vector<std::string> sources;
  std::vector<std::string> equal;
  for (size_t i = 0; i < shape_.key.size(); ++i) {
    sources.push_back(fmt::format("k{}", i));
    equal.push_back(fmt::format("t.{} = s.k{}", shape_.key[i], i));
  }
  return RunAll(
      {fmt::format(
           "MERGE INTO t USING (VALUES ({}, 'merged')) AS s ({}, v) ON {} WHEN MATCHED THEN UPDATE SET v = s.v, n = "
           "t.n + 1 WHEN NOT MATCHED THEN INSERT ({}, v) VALUES ({}, s.v)",
           shape_.Values(key), fmt::join(sources, ", "), fmt::join(equal, " AND "), shape_.KeyList(),
           fmt::join(sources, ", ")),
       fmt::format("INSERT INTO ledger (k, r, rel) SELECT {}, {}, tableoid FROM t WHERE {}", shape_.key_text,
                   shape_.row_text, shape_.Is(key))},
      sql);
}

std::string Program::WritableCte() {
  const int64_t gone = SomeKey();
  int64_t changed = SomeKey();
  changed += changed == gone ? 1 : 0;
  return fmt::format(
      "WITH d AS (DELETE FROM t WHERE {0} RETURNING {1} AS k, v, n, u, tableoid AS o), "
      "i AS (INSERT INTO t ({2}, v, n, u) SELECT {3}, v, n, u FROM d ON CONFLICT ({2}) DO NOTHING RETURNING {1} AS k, "
      "{4} AS "
      "r, tableoid AS o), "
      "p AS (UPDATE t SET n = n + 1 WHERE {5} RETURNING {1} AS k, {4} AS r, tableoid AS o) "
      "INSERT INTO ledger (k, r, rel) SELECT k, NULL, o FROM d UNION ALL SELECT k, r, o FROM i UNION ALL SELECT k, r, "
      "o "
      "FROM p",
      shape_.Is(gone), shape_.key_text, shape_.KeyList(), shape_.Values(Beyond(1)[0]), shape_.row_text,
      shape_.Is(changed));
}

std::string Program::Edge() {
  const int64_t edge = edge_;
  const int64_t at = edge + Uniform(-1, 1);
  const int64_t choice = Uniform(0, 11);
  at_chunk_edge_ = edge != 0 && choice < 10;
  switch (choice) {
    case 0:
    case 1:
      return LedgeredDelete(fmt::format("DELETE FROM t WHERE {}", shape_.Is(edge)));
    case 2:
    case 3:
      return Ledgered(fmt::format("INSERT INTO t ({}, v) VALUES ({}, 'edge') ON CONFLICT DO NOTHING", shape_.KeyList(),
                                  shape_.Values(at)));
    case 4:
    case 5:
    case 6:
      return Move(at, edge + Uniform(-300, 300));
    case 7:
    case 8:
    case 9:
      return Move(edge + Uniform(-300, 300), at);
    case 10:
      return Ledgered(NewRows({-shape_.rows - 1 - serial_}));
    default:
      return Ledgered(NewRows({4 * shape_.rows + 2 + serial_}));
  }
}

Answer Program::Take(const PlannedStep& step, std::string& sql) {
  random_.seed(step.seed);
  serial_ = step.serial;
  uniques_ = 0;
  SpellFrom(static_cast<unsigned>(step.seed));
  return Carry(step.step, sql);
}

Answer Program::Carry(Step step, std::string& sql) {
  const std::string keys = shape_.KeyList();
  switch (step) {
    case Step::kInsert:
      return RunAll({Ledgered(NewRows(Beyond(Uniform(1, 3))))}, sql);
    case Step::kReinsert:
      return RunAll({Ledgered(fmt::format("INSERT INTO t ({}, v) VALUES ({}, 'again') ON CONFLICT DO NOTHING", keys,
                                          shape_.Values(SomeKey())))},
                    sql);
    case Step::kUpsert:
      return RunAll(
          {Ledgered(fmt::format("INSERT INTO t ({0}, v) VALUES ({1}, 'upserted') ON CONFLICT ({0}) DO UPDATE SET "
                                "v = excluded.v, n = t.n + 1, {2}",
                                keys, shape_.Values(SomeKey()), fmt::format("{0} = excluded.{0}", shape_.key[0])))},
          sql);
    case Step::kUpdate:
      return RunAll({Ledgered(fmt::format("UPDATE t SET v = 'updated {}', n = n + 1 WHERE {}", Uniform(0, 1'000'000),
                                          shape_.Is(SomeKey())))},
                    sql);
    case Step::kUpdateMany:
      return RunAll({Ledgered(fmt::format("UPDATE t SET n = n + 1 WHERE {}", shape_.In(SomeKeys(9))))}, sql);
    case Step::kDelete:
      return RunAll({LedgeredDelete(fmt::format("DELETE FROM t WHERE {}", shape_.Is(SomeKey())))}, sql);
    case Step::kMoveNear: {
      const int64_t from = SomeKey();
      return RunAll({Move(from, from + Uniform(1, 2))}, sql);
    }
    case Step::kMoveFar:
      return RunAll(
          {Uniform(0, 1) == 0 ? Move(SomeKey(), Beyond(1)[0]) : Move(Beyond(1)[0], Uniform(0, 3 * shape_.rows))}, sql);
    case Step::kSwapKeys: {
      const std::vector<int64_t> pair = SomeKeys(2);
      const int64_t third = Beyond(1)[0];
      return RunAll({Move(pair.front(), third), Move(pair.back(), pair.front()), Move(third, pair.back())}, sql);
    }
    case Step::kUniqueThroughNull:
    case Step::kUniqueThroughThird:
    case Step::kUniqueAtOnce:
      return ExchangeUnique(step, sql);
    case Step::kMerge:
      return wire_.merges ? Merge(sql) : Done();
    case Step::kCopy:
      return Copy(sql);
    case Step::kWritableCte:
      return RunAll({WritableCte()}, sql);
    case Step::kBulkUpdate:
      return RunAll({Ledgered(fmt::format("UPDATE t SET n = n + 1 WHERE n % 10 = {}", Uniform(0, 9)))}, sql);
    case Step::kBulkDelete: {
      const std::string lost = LedgeredDelete(fmt::format("DELETE FROM t WHERE n % 10 = {}", Uniform(0, 9)));
      Answer answer = RunAll({lost}, sql);
      const int64_t count = std::min(answer.affected, shape_.rows / 4);
      return answer.ok && count > 0 ? RunAll({Ledgered(NewRows(Beyond(count)))}, sql) : answer;
    }
    case Step::kEdge:
      return RunAll({Edge()}, sql);
  }
  return Done();
}

}  // namespace pgmoult::tests
