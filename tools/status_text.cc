#include "tools/status_text.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "boost/json/object.hpp"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "pg/status.h"
#include "tools/units.h"

namespace pgmoult::tools {
namespace {

using engine::EndKind;
using engine::Migration;
using engine::Stage;
using engine::State;

constexpr int kWidth = 80;
constexpr int kLabel = 11;

// The engine's progress as it wrote it last; a field that is missing or not a number is `otherwise`.
double Number(const Migration& migration, std::string_view field, double otherwise) {
  if (!migration.progress.is_object()) {
    return otherwise;
  }
  const boost::json::value* value =
      migration.progress.get_object().if_contains(boost::json::string_view(field.data(), field.size()));
  const bool number = value != nullptr && value->is_number();
  const double found = number ? value->to_number<double>() : otherwise;
  return std::isfinite(found) ? found : otherwise;
}

std::string Text(const Migration& migration, std::string_view field) {
  if (!migration.progress.is_object()) {
    return "";
  }
  const boost::json::value* value =
      migration.progress.get_object().if_contains(boost::json::string_view(field.data(), field.size()));
  return value != nullptr && value->is_string() ? OneLine(std::string(value->get_string())) : "";
}

bool BeforeSwap(const Migration& migration) {
  return migration.state != State::kSwapped && migration.state != State::kDone;
}

// 0 where it is unknown, or where the last heartbeat still tells of the stage before.
double StageTotal(const Migration& migration) {
  return Text(migration, "stage") == engine::StageName(migration.stage) ? Number(migration, "total", 0) : 0;
}

std::string ProgressCell(const Migration& migration) {
  if (!BeforeSwap(migration)) {
    return "100%";
  }
  const double total = StageTotal(migration);
  const double done = std::clamp(Number(migration, "done", 0), 0.0, std::max(0.0, total));
  if (total <= 0) {
    return "-";
  }
  return fmt::format("{:.1f}%", done < total ? std::min(done / total * 100, 99.9) : 100.0);
}

std::string EngineCell(const Migration& migration) {
  if (migration.engine_alive) {
    return "at work";
  }
  return migration.state == State::kRunning ? "DEAD" : "none";
}

std::string Line(std::string_view label, std::string_view text) { return Hang(label, text, kWidth, kLabel) + "\n"; }

std::string ProgressLine(const Migration& migration) {
  const double total = StageTotal(migration);
  std::string text = ProgressCell(migration) + " of stage " + std::string(engine::StageName(migration.stage));
  if (total > 0) {
    text += fmt::format(": {} of {}", HumanCount(std::min(Number(migration, "done", 0), total)), HumanCount(total));
  }
  if (const double rate = Number(migration, "rate", 0); migration.engine_alive && rate > 0) {
    text += fmt::format(", {}/s", HumanCount(rate));
  }
  if (const double eta = Number(migration, "eta_seconds", -1); migration.engine_alive && eta >= 0) {
    text += ", ETA " + HumanDuration(eta);
  }
  if (const double replayed = Number(migration, "replayed_rows", 0); replayed > 0) {
    text += fmt::format(", {} rows replayed", HumanCount(replayed));
  }
  return text;
}

std::string StageSeconds(const engine::RunReport& report) {
  std::vector<std::string> parts;
  // In the order they happened, not by name.
  for (const Stage stage : {Stage::kPrepare, Stage::kCopy, Stage::kIndex, Stage::kReplay, Stage::kVerify,
                            Stage::kApproach, Stage::kCutover, Stage::kObserve}) {
    const auto found = report.stage_seconds.find(std::string(engine::StageName(stage)));
    if (found != report.stage_seconds.end()) {
      parts.push_back(fmt::format("{} {}", found->first, HumanDuration(found->second)));
    }
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<std::string> ResumeOrAbort(int64_t id, const ConnectionArguments& connection) {
  return {"Continue: " + NextCommand(Verb::kResume, id, connection),
          "Take back: " + NextCommand(Verb::kAbort, id, connection)};
}

std::string StatusCommand(const ConnectionArguments& connection) {
  return "See: pgmoult status" + ConnectionText(connection);
}

// Before anything was made, or where the engine takes away what it had made: stage prepare is all or nothing.
Ending EndingBeforeCopy(EndKind kind, const ConnectionArguments& connection) {
  switch (kind) {
    case EndKind::kRefused:
      return {ExitCode::kRefused, "Nothing was changed.", {}};
    case EndKind::kLockNotGot:
      return {ExitCode::kLockNotGot, "Nothing was changed; giving the same command again is safe.", {}};
    case EndKind::kBusy:
      return {ExitCode::kFailed, "Nothing was changed.", {StatusCommand(connection)}};
    case EndKind::kStopped:
    case EndKind::kAborted:
    case EndKind::kImpossible:
    case EndKind::kNone:
      break;
  }
  return {ExitCode::kFailed, "Nothing was changed.", {StatusCommand(connection)}};
}

// What the database keeps for it. A log that nobody replays only grows.
std::string CostText(const Migration& migration) {
  std::string text = fmt::format("change log {}", HumanBytes(migration.log_bytes));
  const double grown = static_cast<double>(migration.log_bytes) - Number(migration, "log_bytes", 0);
  if (!migration.engine_alive && grown > 0 && migration.silent_seconds > 0) {
    text += fmt::format(" (grown by {} since the engine was last heard of, {} an hour)",
                        HumanBytes(static_cast<int64_t>(grown)),
                        HumanBytes(static_cast<int64_t>(grown / migration.silent_seconds * 3600)));
  }
  return text + fmt::format(", new table {}", HumanBytes(migration.shadow_bytes));
}

// The table that is not in place. Its schema is that of the shadow or of the old table, by turns.
std::string KeptTable(int64_t id, bool reverted) {
  return reverted ? Line("New table", fmt::format("kept in schema pgmoult_{}_new, under its own name", id))
                  : Line("Old table", fmt::format("kept in schema pgmoult_{}_old, under its own name", id));
}

// As people call it.
std::string StateText(const Migration& migration) {
  if (migration.state == State::kSwapped && migration.reverted) {
    return "reverted";
  }
  return std::string(engine::StateName(migration.state));
}

// What the swap cost others.
std::string WaitsText(const engine::RunReport& report) {
  std::string text = report.swap_queue == 0
                         ? "no session was seen to wait behind it"
                         : fmt::format("{} session{} waited behind it, the longest for {:.0f} ms (sampled)",
                                       report.swap_queue, report.swap_queue == 1 ? "" : "s", report.swap_queue_ms);
  text += report.swap_queue_complete ? "" : " (the samples broke off)";
  text += fmt::format("; it waited {:.0f} ms for locks, and no try kept anybody waiting for more than {:.0f} ms",
                      report.swap_wait_ms, report.swap_longest_try_ms);
  return text;
}

}  // namespace

std::string StatusTable(const std::vector<Migration>& migrations, int width) {
  if (migrations.empty()) {
    return "no migrations in this database\n";
  }
  std::vector<std::vector<std::string>> rows = {{"ID", "TABLE", "STAGE", "STATE", "PROGRESS", "ENGINE", "AGE"}};
  for (const Migration& migration : migrations) {
    rows.push_back({fmt::format("{}", migration.id), CutTo(OneLine(migration.source.Plain()), std::max(12, width - 56)),
                    std::string(engine::StageName(migration.stage)), StateText(migration), ProgressCell(migration),
                    EngineCell(migration), HumanDuration(migration.age_seconds)});
  }
  return TextTable(rows, width, 0);
}

std::string StatusDetails(const Migration& migration, const ConnectionArguments& connection) {
  const std::string statement =
      migration.statement.empty() ? "rebuild of the table as it is" : OneLine(migration.statement);
  std::string text =
      Line("Migration", fmt::format("{} of {}", migration.id, OneLine(migration.source.Plain()))) +
      Line("Change", statement) +
      Line("State", fmt::format("{}, in stage {}{}", StateText(migration), engine::StageName(migration.stage),
                                migration.IsReverting() ? " of a revert" : ""));
  if (BeforeSwap(migration)) {
    text += Line("Progress", ProgressLine(migration));
  }
  const std::string doing = Text(migration, "doing");
  const std::string waiting = Text(migration, "waiting");
  text += waiting.empty() || !migration.engine_alive ? "" : Line("Waiting", waiting);
  text += doing.empty() || !migration.engine_alive ? "" : Line("Doing", doing);
  text += migration.message.empty() ? "" : Line("Message", OneLine(migration.message));
  std::string engine = EngineCell(migration);
  if (!migration.engine.empty() && BeforeSwap(migration)) {
    engine +=
        fmt::format(" ({}; last heard of {} ago)", OneLine(migration.engine), HumanDuration(migration.silent_seconds));
  }
  text += Line("Engine", engine) + Line("Age", HumanDuration(migration.age_seconds)) +
          Line("Owner", OneLine(migration.owner));
  if (migration.log_bytes > 0 && BeforeSwap(migration)) {
    text += Line("Cost", CostText(migration));
  }
  if (migration.state == State::kSwapped) {
    text += KeptTable(migration.id, migration.reverted);
    text += Line("Cost", fmt::format("that table {}, change log for a revert {}", HumanBytes(migration.shadow_bytes),
                                     HumanBytes(migration.log_bytes)));
  }
  const std::string next = NextStep(migration, connection);
  return text + (next.empty() ? "" : "\n" + next + "\n");
}

boost::json::value MigrationJson(const Migration& migration) {
  return boost::json::object{{"id", migration.id},
                             {"table", migration.source.Plain()},
                             {"statement", migration.statement},
                             {"owner", migration.owner},
                             {"stage", std::string(engine::StageName(migration.stage))},
                             {"state", std::string(engine::StateName(migration.state))},
                             {"reverting", migration.IsReverting()},
                             {"reverted", migration.reverted},
                             {"message", migration.message},
                             {"engine_alive", migration.engine_alive},
                             {"engine", migration.engine},
                             {"age_seconds", migration.age_seconds},
                             {"silent_seconds", migration.silent_seconds},
                             {"log_bytes", migration.log_bytes},
                             {"shadow_bytes", migration.shadow_bytes},
                             {"options", migration.options},
                             {"progress", migration.progress}};
}

bool IsMoving(const Migration& migration) { return migration.engine_alive; }

std::string NextStep(const Migration& migration, const ConnectionArguments& connection) {
  const int64_t id = migration.id;
  const std::string resume = NextCommand(Verb::kResume, id, connection);
  const std::string abort = NextCommand(Verb::kAbort, id, connection);
  if (migration.state == State::kDone) {
    return "";
  }
  if (migration.state == State::kSwapped) {
    return fmt::format("when sure: {} (drops the {} table); if not: {}", NextCommand(Verb::kFinalize, id, connection),
                       migration.reverted ? "new" : "old", NextCommand(Verb::kRevert, id, connection));
  }
  if (migration.engine_alive) {
    return "";
  }
  if (migration.state == State::kFailed) {
    return fmt::format("it failed: mend the cause, then {}, or {}", resume, abort);
  }
  const std::string cost =
      migration.log_bytes > 0 ? fmt::format("; meanwhile: {}", CostText(migration)) : std::string();
  if (migration.state == State::kLapsed) {
    return fmt::format("capture has stopped (--dead-man): {} begins the copy again, or {}{}", resume, abort, cost);
  }
  return fmt::format("no engine is at work: {}, or {}{}", resume, abort, cost);
}

std::string OrphanText(const engine::Orphan& orphan, const ConnectionArguments& connection) {
  if (orphan.keeps_table) {
    return fmt::format("schema {} is in no journal and keeps a table ({}): look at it, and drop it yourself",
                       OneLine(orphan.schema), HumanBytes(orphan.other_bytes));
  }
  return fmt::format(
      "schema {} is in no journal{}; change log {}, other tables {}: pgmoult cleanup{}", OneLine(orphan.schema),
      orphan.tables.empty()
          ? ""
          : fmt::format(", and logs all writes of {}", OneLine(fmt::format("{}", fmt::join(orphan.tables, ", ")))),
      HumanBytes(orphan.log_bytes), HumanBytes(orphan.other_bytes), ConnectionText(connection));
}

boost::json::value OrphanJson(const engine::Orphan& orphan) {
  return boost::json::object{
      {"schema", orphan.schema},           {"owner", orphan.owner},
      {"keeps_table", orphan.keeps_table}, {"tables", boost::json::array(orphan.tables.begin(), orphan.tables.end())},
      {"log_bytes", orphan.log_bytes},     {"other_bytes", orphan.other_bytes}};
}

std::string ReportText(const engine::RunReport& report, const ConnectionArguments& connection) {
  std::string text = fmt::format("done: {} {} (migration {}) after {}\n", OneLine(report.table),
                                 report.reverted ? "has its former shape again" : "is changed", report.migration,
                                 HumanDuration(report.total_seconds));
  text += Line("Rows", fmt::format("{} copied, {} verified, {} replayed", ExactCount(report.rows_copied),
                                   ExactCount(report.rows_verified), ExactCount(report.rows_replayed)));
  text += Line("Swap", report.swap_tries == 0
                           ? "made by an earlier engine"
                           : fmt::format("{} tr{}; the lock was held for {:.0f} ms; writes {}", report.swap_tries,
                                         report.swap_tries == 1 ? "y" : "ies", report.swap_hold_ms,
                                         report.dual_write ? "went through to the new table before it"
                                                           : "were logged up to it"));
  if (report.swap_tries > 0) {
    text += Line("Waits", WaitsText(report));
  }
  if (report.interruptions > 0) {
    text +=
        Line("Waited out", fmt::format("{} interruption{} (`pgmoult status {}` has what and when)",
                                       report.interruptions, report.interruptions == 1 ? "" : "s", report.migration));
  }
  if (const std::string stages = StageSeconds(report); !stages.empty()) {
    text += Line("Time", stages);
  }
  if (report.waited_seconds >= 1) {
    text += Line("Waited", HumanDuration(report.waited_seconds));
  }
  if (report.repaired > 0) {
    text += Line("REPAIRED", fmt::format("{} rows differed and were put right before the swap. That must not happen: "
                                         "it means a bug in pgmoult, or somebody else wrote to the new table. Please "
                                         "look into it before you finalize.",
                                         ExactCount(report.repaired)));
  }
  if (report.hot_keys > 0) {
    text += Line("Hot keys",
                 fmt::format("{} rows were written too often to be compared at rest", ExactCount(report.hot_keys)));
  }
  if (report.old_snapshots_overridden) {
    text += Line("Snapshots",
                 "transactions with older snapshots were left when the swap was made "
                 "(--on-old-snapshots go-on)");
  }
  if (report.finalized) {
    return text + Line("Old table", "dropped, since --revert-window is over");
  }
  text += KeptTable(report.migration, report.reverted);
  return text + fmt::format("\nWhen sure: {}   (drops {} table)\nIf not:    {}\n",
                            NextCommand(Verb::kFinalize, report.migration, connection),
                            report.reverted ? "that" : "the old",
                            NextCommand(Verb::kRevert, report.migration, connection));
}

Ending EndingOfRun(const absl::Status& status, EndKind kind, const RunPoint& point,
                   const ConnectionArguments& connection) {
  const int64_t id = point.migration;
  if (pg::IsOutcomeUnknown(status)) {
    return {ExitCode::kOutcomeUnknown,
            "The connection broke while a transaction was being committed: whether it was, is not known here. The "
            "journal in the database knows.",
            {id > 0 ? "Find out: " + NextCommand(Verb::kStatus, id, connection)
                    : "Find out: pgmoult status" + ConnectionText(connection)}};
  }
  const bool lost = kind == EndKind::kNone && pg::IsConnectionLost(status);
  if (id == 0 || !point.begun || (point.stage == Stage::kPrepare && !lost)) {
    return EndingBeforeCopy(kind, connection);
  }
  if (point.stage == Stage::kPrepare) {
    return {ExitCode::kStopped,
            "The connection was lost in stage prepare; the database knows whether anything is left.",
            {"See: " + NextCommand(Verb::kStatus, id, connection)}};
  }
  if (point.stage == Stage::kObserve) {
    return {kind == EndKind::kStopped || lost ? ExitCode::kStopped : ExitCode::kFailed,
            "The new table is in place, and the one that it replaced is kept.",
            {"Go on:     " + NextCommand(Verb::kResume, id, connection),
             "When sure: " + NextCommand(Verb::kFinalize, id, connection),
             "If not:    " + NextCommand(Verb::kRevert, id, connection)}};
  }
  const std::string stage(engine::StageName(point.stage));
  switch (kind) {
    case EndKind::kRefused:
      return {ExitCode::kRefused, "Nothing was changed.", {}};
    case EndKind::kStopped:
      return {ExitCode::kStopped, fmt::format("Stopped in stage {}; nothing is lost.", stage),
              ResumeOrAbort(id, connection)};
    case EndKind::kAborted:
      return {ExitCode::kFailed, "The table is as it was.", {StatusCommand(connection)}};
    case EndKind::kLockNotGot:
      return {ExitCode::kLockNotGot, fmt::format("Stopped in stage {}; nothing is lost, trying again is safe.", stage),
              ResumeOrAbort(id, connection)};
    case EndKind::kBusy:
      return {ExitCode::kFailed,
              "Another engine works on this table; this one has changed nothing.",
              {StatusCommand(connection)}};
    case EndKind::kImpossible:
      return {ExitCode::kFailed,
              fmt::format("Failed in stage {}. The table is as it was; this run cannot be brought to an end: take it "
                          "back, and start again.",
                          stage),
              {"Take back: " + NextCommand(Verb::kAbort, id, connection)}};
    case EndKind::kNone:
      break;
  }
  if (lost) {
    return {ExitCode::kStopped,
            fmt::format("The connection was lost in stage {}; nothing is lost but it: everything needed to go on is in "
                        "the database.",
                        stage),
            ResumeOrAbort(id, connection)};
  }
  return {
      ExitCode::kFailed,
      fmt::format("Failed in stage {}. The table is as it was; the copy is kept, so that you can mend the cause and "
                  "go on, or take it back.",
                  stage),
      ResumeOrAbort(id, connection)};
}

Ending EndingOfControl(const absl::Status& status, EndKind kind, Verb verb, int64_t id,
                       const ConnectionArguments& connection) {
  const std::string see = id > 0 && verb != Verb::kStatus ? "See: " + NextCommand(Verb::kStatus, id, connection)
                                                          : StatusCommand(connection);
  const bool has_begun = verb == Verb::kAbort || verb == Verb::kFinalize || verb == Verb::kCleanup;
  if (pg::IsOutcomeUnknown(status)) {
    return {ExitCode::kOutcomeUnknown,
            "The connection broke while it was being committed: whether it was, is not known here.",
            {see}};
  }
  if (kind == EndKind::kLockNotGot || pg::IsLockNotAvailable(status)) {
    return {ExitCode::kLockNotGot, "A lock was not got in time; giving the same command again is safe.", {see}};
  }
  if (kind == EndKind::kRefused) {
    return {ExitCode::kRefused, "Nothing was changed.", {see}};
  }
  if (has_begun && pg::IsConnectionLost(status)) {
    return {ExitCode::kStopped, "How far it got is in the database; giving the same command again is safe.", {see}};
  }
  if (verb == Verb::kStatus) {
    return {ExitCode::kFailed, "", {}};
  }
  const bool refused = absl::IsFailedPrecondition(status) || absl::IsNotFound(status);
  return {ExitCode::kFailed,
          has_begun && !refused ? "It did not get to its end; giving the same command again is safe."
                                : "Nothing was changed by this command.",
          {see}};
}

std::string ErrorText(std::string_view what, const absl::Status& status, const Ending& ending) {
  std::string text = fmt::format("pgmoult: {}: {}\n", what, pg::Describe(status));
  const pg::ServerErrorFields fields = pg::ErrorFields(status);
  if (fields.sqlstate.starts_with("23") && !fields.detail.empty()) {
    text += fmt::format("DETAIL: {}\n", OneLine(fields.detail));
  }
  text += ending.state.empty() ? "" : ending.state + "\n";
  for (const std::string& next : ending.next) {
    text += next + "\n";
  }
  return text;
}

std::string StoppedText(const RunPoint& point, const Ending& ending) {
  return fmt::format("stopped in stage {}; nothing is lost. {}\n", engine::StageName(point.stage),
                     fmt::join(ending.next, "   "));
}

}  // namespace pgmoult::tools
