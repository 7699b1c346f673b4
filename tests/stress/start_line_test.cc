// Transactions that are open while a run passes one of its lines: the creation of the triggers, the switch of capture,
// the swap. Every interleaving is made by hand.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fmt/format.h"
#include "pg/status.h"
#include "tests/stress/client.h"
#include "tests/stress/invariant.h"
#include "tests/stress/shape.h"
#include "tests/stress/swap_witness.h"
#include "tests/support/change.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"

namespace pgmoult::tests {
namespace {

constexpr char kWiderKey[] = "ALTER TABLE t ALTER COLUMN id TYPE bigint";

class StressStartLineTest : public ::testing::Test {
 protected:
  StressStartLineTest() {
    client_.Must(
        "CREATE TABLE t (id int PRIMARY KEY, v text, n int DEFAULT 0, u bigint CONSTRAINT t_u_key UNIQUE);"
        "INSERT INTO t SELECT g, 'first', 0, g FROM generate_series(1, 1000) g; ANALYZE t");
  }
  ~StressStartLineTest() override { Join(); }

  // Starts the run on a thread of its own. `at_stage` is called on that thread when a stage begins, and holds the
  // engine up until it returns.
  void Start(std::map<std::string, std::function<void()>> at_stage,
             const engine::RunOptions& options = SmallOptions()) {
    engine_ = std::thread([this, at_stage = std::move(at_stage), options] {
      engine::Observer observer;
      observer.on_event = [this, &at_stage](std::string_view kind, const std::string& text, const boost::json::value&) {
        story_ += fmt::format("{}: {}\n", kind, text);
        const auto found = at_stage.find(text);
        if (kind == "stage" && found != at_stage.end()) {
          found->second();
        }
      };
      report_ = RunChange(database_, kWiderKey, options, observer);
    });
  }
  void Join() {
    if (engine_.joinable()) {
      engine_.join();
    }
  }
  void Finish() {
    Join();
    ASSERT_TRUE(report_->ok()) << pg::Describe(report_->status()) << story_;
    EXPECT_EQ((*report_)->repaired, 0) << story_;
    EXPECT_EQ(witness_.Verdict((*report_)->migration), "") << story_;
  }
  // True once a session of the engine waits for a lock that this client holds.
  bool EngineWaitsFor(const Client& holder) {
    Client observer(database_);
    return Eventually([&] {
      return observer
                 .Must(fmt::format("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'pgmoult%' "
                                   "AND {} = ANY (pg_blocking_pids(pid)))",
                                   holder.backend_pid()))
                 .Value() == "t";
    });
  }
  // Number of keys that the invariant misses now.
  std::string Broken() {
    Shape shape = IntKey();
    Client observer(database_);
    const Answer answer = observer.Must(InvariantSql(shape, 1));
    return *answer.rows.at(0).at(2) + answer.rows.at(0).at(3).value_or("");
  }

  TestDatabase database_;
  const SwapWitness witness_{database_};
  Client client_{database_};
  std::string story_;
  std::optional<absl::StatusOr<engine::RunReport>> report_;
  std::thread engine_;
};

TEST_F(StressStartLineTest, AWriterFromBeforeTheTriggersIsWaitedFor) {
  Client writer(database_);
  writer.Must(
      "BEGIN; UPDATE t SET v = 'early' WHERE id = 1; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (5000, 'x'); "
      "UPDATE t SET id = -3 WHERE id = 3");
  std::string before;
  Start({{"copy", [&] { before = client_.Must("SELECT count(*) FROM pgmoult_1_new.pgmoult_change_log").Value(); }}});
  EXPECT_TRUE(EngineWaitsFor(writer));
  writer.Must("UPDATE t SET v = 'early, twice' WHERE id = 4; COMMIT");
  Finish();
  EXPECT_EQ(before, "0") << "what came before the triggers is in the first chunk, not in the log";
  EXPECT_EQ(client_.Must("SELECT string_agg(id || ':' || v, ' ' ORDER BY id) FROM t WHERE id IN (-3, 1, 2, 3, 4, 5000)")
                .Value(),
            "-3:first 1:early 4:early, twice 5000:x");
  EXPECT_EQ(client_.Must("SELECT count(*) FROM t").Value(), "1000");
}

TEST_F(StressStartLineTest, APreparedTransactionFromBeforeTheTriggersIsWaitedFor) {
  Client writer(database_);
  writer.Must(
      "BEGIN; UPDATE t SET v = 'prepared' WHERE id = 1; DELETE FROM t WHERE id = 2; PREPARE TRANSACTION 'line'");
  Start({});
  // Its locks have no session: pg_blocking_pids says 0.
  Client observer(database_);
  EXPECT_TRUE(Eventually([&] {
    return observer
               .Must(
                   "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'pgmoult%' AND 0 = ANY "
                   "(pg_blocking_pids(pid)))")
               .Value() == "t";
  }));
  writer.Must("COMMIT PREPARED 'line'");
  Finish();
  EXPECT_EQ(client_.Must("SELECT string_agg(id || ':' || v, ' ' ORDER BY id) FROM t WHERE id < 4").Value(),
            "1:prepared 3:first");
}

// The writer's transaction and snapshot are older than the triggers, its first write is younger; it commits when its
// keys have been copied.
TEST_F(StressStartLineTest, ATransactionThatWritesOnlyAfterTheTriggersIsCaptured) {
  for (const char* isolation : {"READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"}) {
    SCOPED_TRACE(isolation);
    const TestDatabase database;
    const SwapWitness witness(database);
    Client writer(database);
    Client watcher(database);
    writer.Must(
        "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT g, 'first' FROM generate_series(1, 1000) g");
    writer.Must(fmt::format("BEGIN ISOLATION LEVEL {}; SELECT 1", isolation));
    engine::Observer observer;
    std::string log_at_index;
    observer.on_event = [&](std::string_view kind, const std::string& text, const boost::json::value&) {
      if (kind == "stage" && text == "copy") {
        writer.Must(
            "UPDATE t SET v = 'late' WHERE id = 1; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (-5, 'new'); "
            "UPDATE t SET id = 7777 WHERE id = 3; UPDATE t SET id = -4 WHERE id = 999");
      } else if (kind == "stage" && text == "index") {
        writer.Must("SAVEPOINT s; DELETE FROM t WHERE id = 500; ROLLBACK TO s; COMMIT");
        log_at_index = watcher
                           .Must(
                               "SELECT string_agg(DISTINCT id::text, ' ' ORDER BY id::text) FROM "
                               "pgmoult_1_new.pgmoult_change_log")
                           .Value();
      }
    };
    const auto report = RunChange(database, kWiderKey, SmallOptions(), observer);
    ASSERT_TRUE(report.ok()) << pg::Describe(report.status());
    EXPECT_EQ(report->repaired, 0);
    EXPECT_EQ(witness.Verdict(report->migration), "");
    EXPECT_EQ(log_at_index, "-4 -5 1 2 3 7777 999");
    EXPECT_EQ(watcher.Must("SELECT string_agg(id || ':' || v, ' ' ORDER BY id) FROM t WHERE id NOT BETWEEN 4 AND 998")
                  .Value(),
              "-5:new -4:first 1:late 1000:first 7777:first");
    EXPECT_EQ(watcher.Must("SELECT count(*) FROM t").Value(), "1000");
  }
}

// One transaction from before the copy's end until after the switch of capture, one from the switch until the swap.
TEST_F(StressStartLineTest, TransactionsAcrossTheSwitchToDualWriteLoseNothing) {
  Client across(database_);
  Client reader(database_);
  std::string in_verify;
  std::string in_cutover;
  Start({{"index", [&] { across.Must("BEGIN; SAVEPOINT a; UPDATE t SET v = 'across' WHERE id BETWEEN 1 AND 5"); }},
         {"verify",
          [&] {
            across.Must("DELETE FROM t WHERE id = 1; ROLLBACK TO a; UPDATE t SET v = 'again' WHERE id BETWEEN 3 AND 7");
            in_verify = Broken();
            across.Must("COMMIT");
          }},
         {"cutover", [&] {
            // Capture writes through by now.
            across.Must(
                "BEGIN; UPDATE t SET v = 'through' WHERE id = 7; SAVEPOINT b; DELETE FROM t WHERE id = 8; ROLLBACK "
                "TO b; UPDATE t SET id = -id WHERE id = 9; COMMIT");
            across.Must("BEGIN ISOLATION LEVEL REPEATABLE READ; UPDATE t SET v = 'logged' WHERE id = 10; COMMIT");
            across.Must("UPDATE t SET v = 'owed' WHERE id = 10");
            in_cutover = Broken();
          }}});
  Finish();
  EXPECT_EQ(in_verify, "0");
  EXPECT_EQ(in_cutover, "0");
  EXPECT_EQ(client_.Must("SELECT string_agg(id || ':' || v, ' ' ORDER BY id) FROM t WHERE id <= 11").Value(),
            "-9:first 1:first 2:first 3:again 4:again 5:again 6:again 7:through 8:first 10:owed 11:first");
}

// A writer that sees the shadow as it was before the first chunk must not rely on what it sees there: a DELETE would
// find no row, and leave a ghost.
TEST_F(StressStartLineTest, AWriterWhoseSnapshotIsOlderThanTheCopyMakesNoGhost) {
  std::string broken;
  InvariantWatch watch(database_, IntKey(),
                       [&broken](const std::string& what) { broken += broken.empty() ? what : ""; });
  struct Writer {
    std::string isolation;
    int first;  // of the keys that are its own
    std::unique_ptr<Client> client;
  };
  // The first is done before writes go through, the others begin to write after. Two SERIALIZABLE ones would be in each
  // other's way.
  std::vector<Writer> writers;
  for (const char* isolation : {"REPEATABLE READ", "REPEATABLE READ", "SERIALIZABLE"}) {
    writers.push_back({isolation, static_cast<int>(writers.size()) * 100, std::make_unique<Client>(database_)});
  }
  const auto write = [](const Writer& writer, int offset) {
    const int first = writer.first + offset;
    writer.client->Must(fmt::format(
        "DELETE FROM t WHERE id = {}; UPDATE t SET v = 'old snapshot' WHERE id = {}; UPDATE t SET id = -id WHERE id = "
        "{}; INSERT INTO t VALUES ({}, 'again'); UPDATE t SET u = u + 100000 WHERE id = {}",
        first + 1, first + 2, first + 3, first + 1, first + 4));
    writer.client->Must(fmt::format("DELETE FROM t WHERE id IN ({}, {})", first + 5, first + 6));
  };
  std::string seen_by_stage;
  const auto look = [this, &seen_by_stage] { seen_by_stage += Broken() + " "; };
  std::string dual_write;
  Start({{"copy",
          [&] {
            for (const Writer& writer : writers) {
              writer.client->Must(fmt::format("BEGIN ISOLATION LEVEL {}", writer.isolation));
              EXPECT_EQ(writer.client->Must("SELECT count(*) FROM t").Value(), "1000");
            }
            EXPECT_EQ(client_.Must("SELECT count(*) FROM pgmoult_1_new.t").Value(), "0") << "nothing is copied yet";
            look();
          }},
         {"index",
          [&] {
            EXPECT_EQ(client_.Must("SELECT count(*) FROM pgmoult_1_new.t").Value(), "1000");
            write(writers[0], 0);
            look();
          }},
         {"verify",
          [&] {
            write(writers[0], 20);
            look();
            writers[0].client->Must("COMMIT");
            look();
          }},
         {"cutover", [&] {
            dual_write = client_.Must("SELECT count(*) FROM pgmoult.event WHERE kind = 'dual_write'").Value();
            for (const size_t i : {1, 2}) {
              write(writers[i], 0);
              write(writers[i], 40);
              look();
              writers[i].client->Must("COMMIT");
            }
            look();
          }}});
  Finish();
  watch.Stop();
  EXPECT_EQ(broken, "");
  EXPECT_EQ(seen_by_stage, "0 0 0 0 0 0 0 ");
  EXPECT_EQ(dual_write, "1") << "writes go through before the last of them";
  // Six times: three were deleted, of which one came back.
  EXPECT_EQ(client_.Must("SELECT count(*) FROM t").Value(), "988");
  EXPECT_EQ(client_.Must("SELECT count(*) FROM t WHERE v IN ('again', 'old snapshot') OR id < 0 OR u > 100000").Value(),
            "24");
  EXPECT_EQ(client_
                .Must("SELECT count(*) FROM t n FULL JOIN pgmoult_1_old.t o ON o.id = n.id WHERE (n.id, n.v, n.n, n.u) "
                      "IS DISTINCT FROM (o.id::bigint, o.v, o.n, o.u)")
                .Value(),
            "0");
}

// A snapshot from before the copy sees an empty shadow. Nothing is written during the run, so that no replay moves a
// row.
TEST_F(StressStartLineTest, ASnapshotFromBeforeTheCopyNeverSeesAnEmptyTable) {
  Client reader(database_);
  reader.Must("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
  Client observer(database_);
  Start({});
  // Either the run waits for the reader, or it must not matter that it did not.
  EXPECT_TRUE(Eventually([&] {
    return observer.Run("SELECT EXISTS (SELECT FROM pgmoult.migration WHERE stage IN ('cutover', 'observe')) ").rows ==
               std::vector<std::vector<std::optional<std::string>>>{{"t"}} &&
           observer.Must(
                       "SELECT coalesce(max(progress ->> 'waiting'), '') LIKE '%older snapshots%' OR max(stage) = "
                       "'observe' FROM pgmoult.migration")
                   .Value() == "t";
  }));
  EXPECT_EQ(reader.Must("SELECT count(*) FROM t").Value(), "1000");
  reader.Must("COMMIT");
  Finish();
}

// A dump of the whole database reads the shadow, too, when its turn comes.
TEST_F(StressStartLineTest, AReaderOfTheShadowIsWaitedForWhenAConstraintIsMade) {
  Client dump(database_);
  Start({{"replay", [&] { dump.Must("BEGIN; LOCK TABLE pgmoult_1_new.t IN ACCESS SHARE MODE"); }}});
  Client observer(database_);
  const auto tells = [&observer] {
    return observer
               .Must(
                   "SELECT coalesce(max(progress ->> 'waiting') LIKE '%lock on the shadow%', false) FROM "
                   "pgmoult.migration")
               .Value() == "t";
  };
  // The engine gives up once, and says why it waits.
  ASSERT_TRUE(Eventually([&] { return observer.Run("SELECT FROM pgmoult.migration").ok; }));
  EXPECT_TRUE(Eventually(tells));
  dump.Must("COMMIT");
  Finish();
}

// The order of a bulk statement's rows is the heap's on the source and the key's on the shadow: what is legal there
// fails here, and must not fail the application.
TEST_F(StressStartLineTest, AStatementThatOnlyTheSourceTakesNeverFailsTheApplication) {
  client_.Must(
      "DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, v text, n int, u bigint CONSTRAINT t_u_key UNIQUE);"
      "CREATE TABLE twin (LIKE t INCLUDING ALL);"
      "INSERT INTO t SELECT g, 'x', 0, g FROM generate_series(300, 1, -1) g; INSERT INTO twin SELECT * FROM t ORDER BY "
      "id DESC;"
      "ALTER TABLE t SET (autovacuum_enabled = off); ALTER TABLE twin SET (autovacuum_enabled = off)");
  int shifts = 0;
  std::string logged;
  std::string broken;
  const auto shift = [&] {
    for (int i = 0; i < 3; ++i) {
      // The twin shows what the source alone would say.
      if (client_.Run("UPDATE twin SET u = u + 1").ok) {
        const Answer answer = client_.Run("UPDATE t SET u = u + 1");
        EXPECT_TRUE(answer.ok) << answer.message << answer.schema;
        ++shifts;
      }
    }
    logged += client_.Must("SELECT count(DISTINCT id) || ' ' FROM pgmoult_1_new.pgmoult_change_log").Value();
    broken += Broken();
  };
  Start({{"copy", shift}, {"cutover", shift}});
  Finish();
  EXPECT_GE(shifts, 4);
  EXPECT_EQ(broken, "00");
  EXPECT_EQ(logged, "300 300 ") << "in dual-write the keys are logged instead";
  EXPECT_TRUE((*report_)->dual_write);
  EXPECT_EQ(client_.Must("SELECT count(*) FROM t JOIN twin USING (id, v, n, u)").Value(), "300");
}

}  // namespace
}  // namespace pgmoult::tests
