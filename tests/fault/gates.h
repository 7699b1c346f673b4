#pragma once

#include <stdexcept>
#include <string>

#include "engine/journal.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tests/support/database.h"
#include "tests/support/eventually.h"
#include "tests/support/run.h"

namespace pgmoult::tests {

// Makes places in the database where an engine can be held for as long as a test wants, in the middle of what it is
// doing. All are open until a Gate closes one:
//
//   "stage copy", …  its event is written: a stage begins
//   "chunk"          a copy chunk from the second on is about to commit
//   "verified"       a verified chunk is about to be recorded
//   "swapped"        the swap stands right before its COMMIT; the journal row is locked, so for less than 5 seconds
//   "index", "replay", "analyze", …  a session of ours with this purpose evaluates gate_pass(int): in an index over it,
//                    while that is built, filled or looked at
//
// The functions are the superuser's.
inline void MakeJournalGates(Session& session);

inline void MakeGates(Session& session) {
  session.Exec(R"sql(
    CREATE FUNCTION public.gate_wait(what text) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
      WHILE NOT pg_catalog.pg_try_advisory_xact_lock_shared(77, pg_catalog.hashtext(what)) LOOP
        PERFORM pg_catalog.pg_sleep(0.005);
      END LOOP;
    END $$;
    CREATE FUNCTION public.gate_pass(value int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN
      IF current_setting('application_name') LIKE 'pgmoult %' THEN
        PERFORM public.gate_wait(split_part(current_setting('application_name'), ' ', 3));
      END IF;
      RETURN value;
    END $$;
    CREATE FUNCTION public.gate_row() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM public.gate_wait(TG_ARGV[0]);
      RETURN NEW;
    END $$;
    CREATE FUNCTION public.gate_stage() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM public.gate_wait('stage ' || (NEW.detail ->> 'text'));
      RETURN NEW;
    END $$)sql");
  MakeJournalGates(session);
}

// Those in the journal alone, which goes with the last migration. MakeGates() has made the others.
inline void MakeJournalGates(Session& session) {
  const absl::Status made = session.Run(engine::EnsureJournal(session.connection()));
  if (!made.ok()) {
    throw std::runtime_error(pg::Describe(made));
  }
  session.Exec(R"sql(
    CREATE OR REPLACE TRIGGER gate BEFORE INSERT ON pgmoult.event FOR EACH ROW WHEN (NEW.kind = 'stage')
      EXECUTE FUNCTION public.gate_stage();
    CREATE OR REPLACE TRIGGER gate BEFORE INSERT ON pgmoult.chunk FOR EACH ROW WHEN (NEW.number >= 2)
      EXECUTE FUNCTION public.gate_row('chunk');
    CREATE OR REPLACE TRIGGER gate BEFORE INSERT ON pgmoult.verified FOR EACH ROW EXECUTE FUNCTION public.gate_row('verified');
    CREATE OR REPLACE TRIGGER gate BEFORE UPDATE ON pgmoult.migration FOR EACH ROW
      WHEN (NEW.state = 'swapped' AND OLD.state <> 'swapped') EXECUTE FUNCTION public.gate_row('swapped'))sql");
}

// Keeps one place of MakeGates() closed, until Open() or its end. One at a time.
class Gate {
 public:
  Gate(const TestDatabase& database, const std::string& what) : session_(database), what_(what) {
    session_.Exec("SELECT pg_advisory_lock(77, hashtext($1))", {what_});
  }

  // Until a session of ours stands at the closed gate; throws where none comes.
  void WaitUntilReached() {
    const bool reached = Eventually(
        [this] {
          return session_.Scalar<bool>(
              "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = "
              "'PgSleep' AND application_name LIKE 'pgmoult %')");
        },
        std::chrono::seconds(40));
    if (!reached) {
      throw std::runtime_error(fmt::format("no session of ours came to the gate \"{}\"", what_));
    }
  }
  void Open() { session_.Exec("SELECT pg_advisory_unlock_all()"); }

 private:
  Session session_;
  std::string what_;
};

}  // namespace pgmoult::tests
