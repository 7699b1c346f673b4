#include "tests/stress/invariant.h"

#include <exception>

#include "fmt/format.h"
#include "tests/stress/client.h"
#include "tests/support/eventually.h"

namespace pgmoult::tests {

std::string InvariantSql(const Shape& shape, int64_t migration) {
  const std::string covered =
      shape.covered.empty() ? "false"
                            : fmt::format("({}) OR EXISTS (SELECT FROM pgmoult.chunk c WHERE c.migration = {} AND {})",
                                          shape.beyond, migration, shape.covered);
  return fmt::format(
      "WITH m AS MATERIALIZED (SELECT stage, copy_end FROM pgmoult.migration WHERE id = {0}), "
      "s AS (SELECT ({1}) COLLATE \"C\" AS k, {2} AS r FROM ONLY public.t), "
      "d AS (SELECT ({1}) COLLATE \"C\" AS k, {2} AS r FROM ONLY pgmoult_{0}_new.t), "
      "l AS (SELECT DISTINCT ({1}) COLLATE \"C\" AS k FROM pgmoult_{0}_new.pgmoult_change_log), "
      "x AS (SELECT coalesce(s.k, d.k) AS k, s.r AS sr, d.r AS dr FROM s FULL JOIN d ON s.k = d.k "
      "WHERE s.r IS DISTINCT FROM d.r), "
      "b AS (SELECT x.* FROM x, m WHERE NOT EXISTS (SELECT FROM l WHERE l.k = x.k) "
      "AND NOT EXISTS (SELECT FROM pgmoult_{0}_new.pgmoult_change_log WHERE {3} IS NULL) "
      "AND m.stage <> 'prepare' AND (m.stage <> 'copy' OR {4})) "
      "SELECT (SELECT stage FROM m), (SELECT count(*) FROM s), (SELECT count(*) FROM b), (SELECT string_agg(format("
      "'%s: source %s, shadow %s', k, coalesce(sr, 'absent'), coalesce(dr, 'absent')), '; ') FROM (SELECT * FROM b "
      "ORDER "
      "BY k LIMIT 5) f)",
      migration, shape.key_text, shape.row_text, shape.key[0], covered);
}

InvariantWatch::InvariantWatch(const TestDatabase& database, const Shape& shape,
                               std::function<void(const std::string&)> on_broken)
    : on_broken_(std::move(on_broken)), thread_([this, &database, shape] {
        try {
          Watch(database, shape);
        } catch (const std::exception& error) {
          on_broken_(error.what());
        }
      }) {}

void InvariantWatch::Stop() {
  stop_ = true;
  if (thread_.joinable()) {
    thread_.join();
  }
}

std::map<std::string, int64_t> InvariantWatch::looks() const {
  const std::lock_guard lock(mutex_);
  return looks_;
}

bool InvariantWatch::AwaitLook(const std::string& stage) const {
  const int64_t before = looks()[stage];
  return Eventually([&] { return looks()[stage] > before; });
}

void InvariantWatch::Watch(const TestDatabase& database, const Shape& shape) {
  Client client(database, "invariant");
  const bool there = Eventually(
      [&] { return stop_ || !client.Must("SELECT to_regclass('pgmoult_1_new.pgmoult_change_log')").Value().empty(); },
      std::chrono::minutes(2));
  // The log's statistics are those of an empty table now and then; a look must not take seconds for that, since it
  // holds a lock on the shadow.
  client.Must("SET enable_nestloop = off");
  const std::string sql = InvariantSql(shape, 1);
  while (there && !stop_) {
    const Answer answer = client.Run(sql);
    if (answer.sqlstate == "42P01" || answer.sqlstate == "3F000") {
      break;  // the shadow has taken the source's name
    }
    if (!answer.ok) {
      on_broken_(answer.message);
      break;
    }
    const std::string stage = answer.rows[0][0].value_or("");
    {
      const std::lock_guard lock(mutex_);
      looks_[stage] += 1;
    }
    if (answer.rows[0][2] != "0") {
      on_broken_(fmt::format("stage {}: {} keys differ and are not in the log: {}", stage, *answer.rows[0][2],
                             answer.rows[0][3].value_or("")));
    }
  }
}

}  // namespace pgmoult::tests
