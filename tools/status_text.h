#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "boost/json/value.hpp"
#include "engine/control.h"
#include "engine/journal.h"
#include "engine/run.h"
#include "tools/cli.h"

namespace pgmoult::tools {

// Texts about migrations for people, all pure. `connection` gives the options that are repeated in commands to type.

// One line a migration: ID, table, stage, state, progress, engine, age. Says so where there is none.
std::string StatusTable(const std::vector<engine::Migration>& migrations, int width);
// Everything about one migration, ending with what to type next.
std::string StatusDetails(const engine::Migration& migration, const ConnectionArguments& connection);
boost::json::value MigrationJson(const engine::Migration& migration);
// What nobody needs any more, what it costs, and how to be rid of it.
std::string OrphanText(const engine::Orphan& orphan, const ConnectionArguments& connection);
boost::json::value OrphanJson(const engine::Orphan& orphan);

// True while an engine works on it, so that the next look may show something else.
bool IsMoving(const engine::Migration& migration);
// "no engine is at work: pgmoult resume 7, or pgmoult abort 7"; "" where nothing is to be done.
std::string NextStep(const engine::Migration& migration, const ConnectionArguments& connection);

// What a run did, at its good end.
std::string ReportText(const engine::RunReport& report, const ConnectionArguments& connection);

// How far a run had got when it ended.
struct RunPoint {
  int64_t migration = 0;  // 0: it had not got a row in the journal yet
  std::string table;      // "": not known yet
  engine::Stage stage = engine::Stage::kPrepare;
  bool begun = false;  // the engine has said something
};

// What becomes of a run that ended with an error.
struct Ending {
  ExitCode exit_code = ExitCode::kFailed;
  std::string state;              // one sentence: what state things are in
  std::vector<std::string> next;  // commands to type, each with what it is for: "Continue: pgmoult resume 7"
};

// `kind` is engine::EndKindOf(status).
Ending EndingOfRun(const absl::Status& status, engine::EndKind kind, const RunPoint& point,
                   const ConnectionArguments& connection);
// The same for pause, continue, cutover, abort, finalize and cleanup; id 0: none.
Ending EndingOfControl(const absl::Status& status, engine::EndKind kind, Verb verb, int64_t id,
                       const ConnectionArguments& connection);

// All of it for standard error: "pgmoult: <what>: <error>", DETAIL of an integrity error (the operator needs the key),
// the state, the commands.
std::string ErrorText(std::string_view what, const absl::Status& status, const Ending& ending);
// The short form for a run that was asked to stop: "stopped in stage copy; nothing is lost. Continue: …   Take back: …"
std::string StoppedText(const RunPoint& point, const Ending& ending);

}  // namespace pgmoult::tools
