#include "tools/demo_report.h"

#include <chrono>

#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "engine/stage.h"
#include "fmt/format.h"
#include "pg/status.h"
#include "tools/units.h"

namespace pgmoult::tools {
namespace {

namespace json = boost::json;
using engine::Stage;

constexpr int kWidth = 80;
constexpr Stage kStages[] = {Stage::kPrepare, Stage::kCopy,     Stage::kIndex,  Stage::kReplay,
                             Stage::kVerify,  Stage::kApproach, Stage::kCutover};
constexpr std::pair<LoadPhase, const char*> kPhases[] = {
    {LoadPhase::kBefore, "before"}, {LoadPhase::kDuring, "during"}, {LoadPhase::kAfter, "after"}};

double Millis(std::chrono::nanoseconds duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

std::string MillisText(std::chrono::nanoseconds duration) {
  const double ms = Millis(duration);
  return ms < 10       ? fmt::format("{:.2f} ms", ms)
         : ms < 10'000 ? fmt::format("{:.0f} ms", ms)
                       : fmt::format("{:.1f} s", ms / 1000);
}

double StageSeconds(const DemoReport& report, Stage stage) {
  const auto found = report.run.stage_seconds.find(std::string(engine::StageName(stage)));
  return found == report.run.stage_seconds.end() ? 0 : found->second;
}

double Rate(int64_t rows, double seconds) { return seconds > 0 ? static_cast<double>(rows) / seconds : 0; }

std::string RateText(int64_t rows, double seconds) {
  return ExactCount(static_cast<int64_t>(Rate(rows, seconds))) + " rows/s";
}

std::string SettingsText(const DemoReport& report) {
  std::string text;
  for (const auto& [name, value] : report.settings) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name, value);
  }
  return text;
}

// What went wrong, one sentence each.
std::vector<std::string> Failures(const DemoReport& report) {
  std::vector<std::string> failures;
  if (!report.change.ok()) {
    failures.push_back("The change failed: " + pg::Describe(report.change));
  }
  if (!report.ledger.Equal()) {
    failures.emplace_back("The table is not what the application made of it.");
  }
  if (report.load.errors > 0) {
    failures.push_back(fmt::format("The application saw {} errors.", ExactCount(report.load.errors)));
  }
  return failures;
}

std::string ChangeText(const DemoReport& report) {
  const engine::RunReport& run = report.run;
  std::string text = fmt::format("\nThe change: {} rows, {} with indexes; id is now {}\n",
                                 ExactCount(report.options.rows), HumanBytes(report.table_bytes), report.id_type);
  const auto line = [&text](std::string_view name, double seconds, std::string_view rest) {
    text += fmt::format("  {:<12}{:>9.2f} s{}{}\n", name, seconds, rest.empty() ? "" : "   ", rest);
  };
  line("whole run", run.total_seconds, RateText(run.rows_copied, run.total_seconds));
  for (const Stage stage : kStages) {
    const double seconds = StageSeconds(report, stage);
    std::string rest;
    if (stage == Stage::kCopy) {
      rest = fmt::format("{}, {} workers", RateText(run.rows_copied, seconds), report.options.jobs);
    } else if (stage == Stage::kReplay) {
      rest = fmt::format("{} rows replayed in the whole run", ExactCount(run.rows_replayed));
    } else if (stage == Stage::kVerify) {
      rest = fmt::format("{}, {} rows, {} repaired", RateText(run.rows_verified, seconds),
                         ExactCount(run.rows_verified), ExactCount(run.repaired));
    } else if (stage == Stage::kCutover) {
      rest = fmt::format("lock held for {:.1f} ms; tries: {}", run.swap_hold_ms, run.swap_tries);
    }
    line(engine::StageName(stage), seconds, rest);
  }
  return text;
}

std::string PhaseLine(std::string_view name, const LoadFigures& figures) {
  return fmt::format("  {:<12}{:>7.1f}{:>8.0f}{:>10}{:>10}{:>10}{:>10}{:>9}\n", name, figures.seconds,
                     figures.PerSecond(), MillisText(figures.latency.Percentile(50)),
                     MillisText(figures.latency.Percentile(99)), MillisText(figures.latency.max()),
                     MillisText(figures.longest_stall), figures.retries);
}

std::string LoadText(const DemoReport& report) {
  std::string text = fmt::format("\nThe application: {} clients, each meant to start {:.0f} transactions a second\n",
                                 report.options.clients, report.rate_per_client);
  text += fmt::format("  {:<12}{:>7}{:>8}{:>10}{:>10}{:>10}{:>10}{:>9}\n", "", "seconds", "tx/s", "p50", "p99", "max",
                      "stall", "retries");
  for (const auto& [phase, name] : kPhases) {
    if (phase == LoadPhase::kAfter && report.load.swap) {
      text += PhaseLine("swap +-1 s", *report.load.swap);
    }
    text += PhaseLine(name, report.load.phases[static_cast<size_t>(phase)]);
  }
  text += fmt::format("  Errors: {}. Transactions: {}; not started because a client was late: {}.\n",
                      ExactCount(report.load.errors), ExactCount(report.load.Transactions()),
                      ExactCount(report.load.skipped));
  text += Wrap(
      "  Latency counts from the planned start. Stall: longest time in which no client finished a transaction. "
      "Retries: "
      "REPEATABLE READ transactions repeated after SQLSTATE 40001.",
      kWidth, 2);
  text += "\n";
  constexpr int64_t kNoticeableShare = 100;
  if (report.load.skipped > report.load.Transactions() / kNoticeableShare) {
    text +=
        Wrap("  This machine could not keep up with the planned load: latencies are those of an overloaded machine.",
             kWidth, 2) +
        "\n";
  }
  for (const std::string& error : report.load.first_errors) {
    text += "  " + CutTo(OneLine(error), kWidth - 2) + "\n";
  }
  return text;
}

std::string ProofText(const DemoReport& report) {
  const LedgerCheck& ledger = report.ledger;
  std::string text = "\nThe proof: the ledger of the application against the table, row by row\n";
  if (ledger.Equal()) {
    return text + fmt::format("  equal: {} rows, {} entries in the ledger\n", ExactCount(ledger.rows),
                              ExactCount(ledger.entries));
  }
  text += fmt::format("  NOT EQUAL: {} missing, {} extra, {} diverged, {} with gaps in their history\n",
                      ExactCount(ledger.missing), ExactCount(ledger.extra), ExactCount(ledger.diverged),
                      ExactCount(ledger.forked));
  return text + fmt::format("  {} rows, off by {}; sum of amounts off by {}\n", ExactCount(ledger.rows),
                            ledger.rows_off, ledger.amount_off);
}

json::object PhaseJson(const LoadFigures& figures) {
  return {{"seconds", figures.seconds},
          {"transactions", figures.transactions},
          {"transactions_per_second", figures.PerSecond()},
          {"p50_ms", Millis(figures.latency.Percentile(50))},
          {"p99_ms", Millis(figures.latency.Percentile(99))},
          {"max_ms", Millis(figures.latency.max())},
          {"longest_stall_ms", Millis(figures.longest_stall)},
          {"retries", figures.retries}};
}

json::object LoadJson(const DemoReport& report) {
  json::object phases;
  for (const auto& [phase, name] : kPhases) {
    phases[name] = PhaseJson(report.load.phases[static_cast<size_t>(phase)]);
  }
  phases["swap"] = report.load.swap ? json::value(PhaseJson(*report.load.swap)) : json::value(nullptr);
  json::array errors;
  for (const std::string& error : report.load.first_errors) {
    errors.emplace_back(error);
  }
  return {{"clients", report.options.clients}, {"planned_per_second", report.rate_per_client * report.options.clients},
          {"errors", report.load.errors},      {"first_errors", std::move(errors)},
          {"skipped", report.load.skipped},    {"phases", std::move(phases)}};
}

}  // namespace

bool DemoReport::Passed() const { return Failures(*this).empty(); }

std::string DemoText(const DemoReport& report) {
  std::string text = fmt::format("\n{}\n", report.statement);
  const std::vector<std::string> failures = Failures(report);
  if (failures.empty()) {
    text += "PASSED: table changed, ledger equal, no error seen by the application.\n";
  }
  for (const std::string& failure : failures) {
    text += Wrap("FAILED: " + OneLine(failure), kWidth, 2) + "\n";
  }
  text += ChangeText(report) + LoadText(report) + ProofText(report);
  text += "\nThis machine\n";
  text += fmt::format("  {} CPUs, {}; {:.0f} s in all, {:.0f} s of them to fill the table\n", report.cpus,
                      report.server, report.total_seconds, report.setup_seconds);
  text +=
      fmt::format("  peak memory of this process (engine, application): {}\n", HumanBytes(report.peak_memory_bytes));
  text += Wrap("  " + SettingsText(report), kWidth, 4) + "\n";
  text += Wrap(
      "  Server, application and pgmoult share this machine: the figures are those of this machine and this run, and "
      "say little about any other.",
      kWidth, 2);
  return text + "\n";
}

json::value ToJson(const DemoReport& report) {
  json::object settings;
  for (const auto& [name, value] : report.settings) {
    settings[name] = value;
  }
  const double copy_seconds = StageSeconds(report, Stage::kCopy);
  const double verify_seconds = StageSeconds(report, Stage::kVerify);
  json::object rates = {{"copy_rows_per_second", Rate(report.run.rows_copied, copy_seconds)},
                        {"verify_rows_per_second", Rate(report.run.rows_verified, verify_seconds)},
                        {"run_rows_per_second", Rate(report.run.rows_copied, report.run.total_seconds)}};
  return json::object{
      {"passed", report.Passed()},
      {"statement", report.statement},
      {"change", {{"ok", report.change.ok()}, {"message", report.change.ok() ? "" : pg::Describe(report.change)}}},
      {"rows", report.options.rows},
      {"jobs", report.options.jobs},
      {"table_bytes", report.table_bytes},
      {"id_type", report.id_type},
      {"run", engine::ToJson(report.run)},
      {"rates", std::move(rates)},
      {"application", LoadJson(report)},
      {"ledger",
       {{"equal", report.ledger.Equal()},
        {"rows", report.ledger.rows},
        {"entries", report.ledger.entries},
        {"missing", report.ledger.missing},
        {"extra", report.ledger.extra},
        {"diverged", report.ledger.diverged},
        {"forked", report.ledger.forked},
        {"rows_off", report.ledger.rows_off},
        {"amount_off", report.ledger.amount_off}}},
      {"setup_seconds", report.setup_seconds},
      {"total_seconds", report.total_seconds},
      {"peak_memory_bytes", report.peak_memory_bytes},
      {"cpus", report.cpus},
      {"server", report.server},
      {"settings", std::move(settings)}};
}

}  // namespace pgmoult::tools
