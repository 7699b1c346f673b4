#include "tools/demo.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>

#include "boost/asio/bind_cancellation_slot.hpp"
#include "boost/asio/cancellation_signal.hpp"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/signal_set.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/json/serialize.hpp"
#include "engine/change.h"
#include "engine/run.h"
#include "fmt/format.h"
#include "pg/macros.h"
#include "pg/status.h"
#include "pg/task_group.h"
#include "tools/demo_load.h"
#include "tools/demo_report.h"
#include "tools/private_server.h"
#include "tools/progress_display.h"
#include "tools/units.h"

namespace pgmoult::tools {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr char kStatement[] = "ALTER TABLE shop.orders ALTER COLUMN id TYPE bigint";
constexpr int64_t kFewestRows = 1000;
constexpr int kShortestPhase = 3;      // seconds
constexpr seconds kSwapMargin{1};      // before and after the swap's lock
constexpr seconds kStopPatience{5};    // for the engine to stop in order; the server is thrown away anyway
constexpr int kInterruptedCode = 130;  // as a shell says it of a program that SIGINT ended

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Durability is as PostgreSQL comes: the application waits for the disk at every commit.
PrivateServerOptions ServerOptions(const DemoOptions& options) {
  return {.settings = {{"fsync", "on"},
                       {"synchronous_commit", "on"},
                       {"shared_buffers", "256MB"},
                       {"max_wal_size", "4GB"},
                       {"max_connections", fmt::format("{}", 30 + options.clients + 3 * options.jobs)}}};
}

int64_t PeakMemoryBytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

DisplayOptions DisplayFor(const DemoOptions& options) {
  std::FILE* const out = options.json ? stderr : stdout;
  const bool terminal = ::isatty(::fileno(out)) != 0;
  DisplayOptions display;
  display.mode = terminal ? DisplayMode::kTerminal : DisplayMode::kPlain;
  display.colour = terminal && std::getenv("NO_COLOR") == nullptr;
  display.write = [out](std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), out);
    std::fflush(out);
  };
  display.width = TerminalWidth;
  return display;
}

class Demo {
 public:
  explicit Demo(const DemoOptions& options)
      : options_(options),
        signals_(context_, SIGINT, SIGTERM, SIGHUP),
        patience_(context_),
        display_(DisplayFor(options)) {}

  int Run();

 private:
  pg::Awaitable<absl::Status> Play();
  pg::Awaitable<absl::Status> Fill(pg::Connection& connection);
  pg::Awaitable<absl::Status> Watch(LoadPhase phase);
  pg::Awaitable<void> Change();
  pg::Awaitable<absl::Status> Conclude();
  pg::Awaitable<absl::StatusOr<std::unique_ptr<pg::Connection>>> Connect() const;
  engine::Observer MakeObserver();
  void WaitForSignal();
  void OnSignal();
  void Say(std::string_view text) const;

  DemoOptions options_;
  Clock::time_point started_ = Clock::now();
  asio::io_context context_{1};
  asio::signal_set signals_;
  asio::steady_timer patience_;
  asio::cancellation_signal cancel_;
  ProgressDisplay display_;
  std::unique_ptr<PrivateServer> server_;
  std::unique_ptr<ApplicationLoad> load_;
  engine::Target target_;
  engine::StopRequest stop_;
  bool changing_ = false;
  bool interrupted_ = false;
  DemoReport report_;
};

void Demo::Say(std::string_view text) const {
  std::FILE* const out = options_.json ? stderr : stdout;
  fmt::print(out, "{}\n", text);
  std::fflush(out);
}

void Demo::WaitForSignal() {
  signals_.async_wait([this](const boost::system::error_code& aborted, int) {
    if (!aborted) {
      OnSignal();
      WaitForSignal();
    }
  });
}

// The first signal lets the engine stop in order and ends everything else; the second one waits for nothing.
void Demo::OnSignal() {
  if (interrupted_) {
    server_.reset();
    std::fflush(nullptr);
    ::_exit(kInterruptedCode);
  }
  interrupted_ = true;
  display_.Finish();
  Say("Stopping; once more to force it.");
  stop_.Stop();
  if (!changing_) {
    cancel_.emit(asio::cancellation_type::terminal);
    return;
  }
  patience_.expires_after(kStopPatience);
  patience_.async_wait([this](const boost::system::error_code& aborted) {
    if (!aborted) {
      cancel_.emit(asio::cancellation_type::terminal);
    }
  });
}

pg::Awaitable<absl::StatusOr<std::unique_ptr<pg::Connection>>> Demo::Connect() const {
  co_return co_await pg::Connection::Connect(
      {.keywords = target_.keywords, .settings = {{"application_name", "pgmoult demo"}, {"work_mem", "64MB"}}});
}

pg::Awaitable<absl::Status> Demo::Fill(pg::Connection& connection) {
  Say(fmt::format("Filling shop.orders with {} rows ...", ExactCount(options_.rows)));
  const Clock::time_point start = Clock::now();
  CO_RETURN_IF_ERROR(co_await CreateShop(connection, options_.rows));
  report_.setup_seconds = SecondsSince(start);
  CO_ASSIGN_OR_RETURN(
      const pg::Result facts,
      co_await connection.Query("SELECT pg_total_relation_size('shop.orders'), "
                                "'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1)"));
  CO_RETURN_IF_ERROR(facts.Read(0, report_.table_bytes, report_.server));
  CO_ASSIGN_OR_RETURN(
      const pg::Result settings,
      co_await connection.Query("SELECT name, current_setting(name) FROM unnest(ARRAY['fsync', 'synchronous_commit', "
                                "'shared_buffers', 'max_wal_size', 'wal_level', 'checkpoint_timeout']) name"));
  for (int row = 0; row < settings.rows(); ++row) {
    report_.settings.emplace_back(settings.Text(row, 0), settings.Text(row, 1));
  }
  co_return absl::OkStatus();
}

// Lets the application work alone.
pg::Awaitable<absl::Status> Demo::Watch(LoadPhase phase) {
  const int length = std::max(kShortestPhase, options_.seconds / 4);
  Say(fmt::format("The application works alone for {} s, {} the change ...", length,
                  phase == LoadPhase::kBefore ? "before" : "after"));
  load_->Enter(phase);
  co_return co_await pg::SleepFor(seconds(length));
}

engine::Observer Demo::MakeObserver() {
  engine::Observer observer;
  observer.on_progress = [this](const engine::Progress& progress) { display_.OnProgress(progress); };
  observer.on_event = [this](std::string_view kind, const std::string& text, const boost::json::value& facts) {
    if (kind == "swapped") {
      const Clock::time_point now = Clock::now();
      const auto hold = std::chrono::duration<double, std::milli>(facts.at("hold_ms").to_number<double>());
      load_->MarkSwap(now - std::chrono::duration_cast<Clock::duration>(hold) - kSwapMargin, now + kSwapMargin);
    }
    display_.OnEvent(kind, text, facts);
  };
  return observer;
}

pg::Awaitable<void> Demo::Change() {
  Say(fmt::format("{} ...", kStatement));
  auto change = engine::ParseChange(kStatement);
  if (!change.ok()) {
    report_.change = change.status();
    co_return;
  }
  engine::RunOptions run_options;
  run_options.jobs = options_.jobs;
  load_->Enter(LoadPhase::kDuring);
  changing_ = true;
  auto run = co_await engine::RunMigration(target_, *std::move(change), run_options, MakeObserver(), stop_);
  changing_ = false;
  display_.Finish();
  report_.change = run.status();
  if (run.ok()) {
    report_.run = *std::move(run);
  }
}

pg::Awaitable<absl::Status> Demo::Conclude() {
  Say("Comparing the ledger with the table ...");
  CO_ASSIGN_OR_RETURN(const auto connection, co_await Connect());
  CO_ASSIGN_OR_RETURN(report_.ledger, co_await CheckLedger(*connection, options_.rows));
  CO_ASSIGN_OR_RETURN(const pg::Result type,
                      co_await connection->Query("SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
                                                 "WHERE attrelid = 'shop.orders'::regclass AND attname = 'id'"));
  CO_ASSIGN_OR_RETURN(report_.id_type, type.Scalar<std::string>());
  co_return absl::OkStatus();
}

pg::Awaitable<absl::Status> Demo::Play() {
  {
    CO_ASSIGN_OR_RETURN(const auto connection, co_await Connect());
    CO_RETURN_IF_ERROR(co_await Fill(*connection));
  }
  LoadOptions load_options;
  load_options.keywords = target_.keywords;
  load_options.rows = options_.rows;
  load_options.clients = options_.clients;
  report_.rate_per_client = load_options.rate_per_client;
  load_ = std::make_unique<ApplicationLoad>(std::move(load_options));
  CO_RETURN_IF_ERROR(load_->Start());
  CO_RETURN_IF_ERROR(co_await Watch(LoadPhase::kBefore));
  co_await Change();
  if (interrupted_) {
    co_return absl::CancelledError("stopped on request");
  }
  if (report_.change.ok()) {
    CO_RETURN_IF_ERROR(co_await Watch(LoadPhase::kAfter));
  }
  report_.load = load_->Stop();
  co_return co_await Conclude();
}

int Demo::Run() {
  WaitForSignal();
  Say("Starting a private PostgreSQL server ...");
  auto server = PrivateServer::Start(ServerOptions(options_));
  if (!server.ok()) {
    fmt::print(stderr, "pgmoult demo: {}\n", pg::Describe(server.status()));
    return 1;
  }
  server_ = *std::move(server);
  target_.keywords = {{"host", server_->socket_dir()},
                      {"port", fmt::format("{}", server_->port())},
                      {"user", server_->user()},
                      {"dbname", "postgres"}};
  absl::Status played = absl::InternalError("not played");
  asio::co_spawn(context_, Play(),
                 asio::bind_cancellation_slot(
                     cancel_.slot(), [this, &played](const std::exception_ptr& thrown, absl::Status status) {
                       played = thrown ? absl::InternalError("unexpected exception") : std::move(status);
                       patience_.cancel();
                       signals_.cancel();
                     }));
  context_.run();
  load_.reset();
  report_.peak_memory_bytes = PeakMemoryBytes();
  server_.reset();
  if (interrupted_) {
    Say("Stopped; the server and its files are gone.");
    return kInterruptedCode;
  }
  if (!played.ok()) {
    fmt::print(stderr, "pgmoult demo: {}\n", pg::Describe(played));
    return 1;
  }
  report_.options = options_;
  report_.statement = kStatement;
  report_.total_seconds = SecondsSince(started_);
  report_.cpus = static_cast<int>(std::thread::hardware_concurrency());
  if (options_.json) {
    fmt::print("{}\n", boost::json::serialize(ToJson(report_)));
  } else {
    fmt::print("{}", DemoText(report_));
  }
  return report_.Passed() ? 0 : 1;
}

}  // namespace

int RunDemo(const DemoOptions& options) {
  if (options.rows < kFewestRows || options.clients < 1 || options.jobs < 1 || options.jobs > 64 ||
      options.seconds < 0) {
    fmt::print(stderr, "pgmoult demo: at least {} rows, 1 client and 1 to 64 jobs\n", kFewestRows);
    return 1;
  }
  // A reader that goes away (a pipe to head) must not leave the server's files behind.
  std::signal(SIGPIPE, SIG_IGN);
  return Demo(options).Run();
}

}  // namespace pgmoult::tools
