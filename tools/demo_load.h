#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/steady_timer.hpp"
#include "pg/connection.h"
#include "pg/task_group.h"
#include "tools/latency.h"

namespace pgmoult::tools {

// The demo's application: a shop that reads and writes its table shop.orders without pause, and keeps a ledger by which
// every row of that table can be proved afterwards.
//
// Each transaction that writes appends to shop.ledger what it did to which order: the order's version after it (1, 2,
// 3, … for each order; 0 is the state at the start), the change of the number of orders and of the sum of amounts, and
// a hash of the whole row. The ledger over the known state at the start must therefore give the table, whatever
// happened to the table in between. The ledger holds no foreign key and is touched by nobody else.

// Makes the schema `shop` with `rows` orders, its three secondary indexes (one of them unique) and the empty ledger.
pg::Awaitable<absl::Status> CreateShop(pg::Connection& connection, int64_t rows);

// The outcome of folding the ledger over the state at the start and comparing it with the table, row by row.
struct LedgerCheck {
  int64_t rows = 0;              // in the table
  int64_t entries = 0;           // in the ledger
  int64_t missing = 0;           // orders that the ledger knows and the table does not
  int64_t extra = 0;             // orders that the table has and the ledger does not know
  int64_t diverged = 0;          // orders in both, but not as the application left them
  int64_t forked = 0;            // orders whose versions are not 1, 2, 3, …: an update was lost or came twice
  int64_t rows_off = 0;          // rows in the table minus rows by the ledger's sums
  std::string amount_off = "0";  // the same for the sum of all amounts

  bool Equal() const;
};

// While no client writes. `rows` as given to CreateShop().
pg::Awaitable<absl::StatusOr<LedgerCheck>> CheckLedger(pg::Connection& connection, int64_t rows);

struct LoadOptions {
  std::vector<std::pair<std::string, std::string>> keywords;  // of libpq
  int64_t rows = 0;                                           // as given to CreateShop()
  int clients = 4;
  // Transactions a second that each client starts. Chosen so that four clients leave a machine with two cores at least
  // half idle: an application that leaves no room to a schema change leaves none to anything else either.
  double rate_per_client = 200;
  uint64_t seed = 1;
};

struct LoadReport {
  std::array<LoadFigures, 3> phases;  // by LoadPhase
  std::optional<LoadFigures> swap;    // the window given to MarkSwap()
  int64_t errors = 0;
  std::vector<std::string> first_errors;  // at most ten
  // Moments at which a client should have started a transaction but was more than a second behind its plan.
  int64_t skipped = 0;

  int64_t Transactions() const;
};

// The clients: each a session that starts a transaction at planned moments, on one thread and io_context of their own.
// Latency counts from the planned moment, so that waiting behind somebody counts as well. About a tenth of all
// transactions are REPEATABLE READ and are repeated when PostgreSQL asks for it (SQLSTATE 40001): these retries are
// counted, and are no errors. Everything else that a client is told is an error.
//
// Start(), Stop() and the destructor belong to one thread; Enter() and MarkSwap() may be called by any.
class ApplicationLoad {
 public:
  explicit ApplicationLoad(LoadOptions options);
  ApplicationLoad(const ApplicationLoad&) = delete;
  ApplicationLoad& operator=(const ApplicationLoad&) = delete;
  // Cancels what runs.
  ~ApplicationLoad();

  // Connects all clients and sets them to work in phase kBefore. Blocks until they are connected.
  absl::Status Start();
  void Enter(LoadPhase phase);
  // What clients saw from `from` to `to` is reported separately. Not later than nine seconds after `from`.
  void MarkSwap(LoadRecorder::TimePoint from, LoadRecorder::TimePoint to);
  // Finished transactions up to now.
  int64_t finished() const { return finished_; }
  // Lets every client finish its transaction (15 s, then it is cancelled, which is an error).
  LoadReport Stop();

 private:
  using Random = std::mt19937_64;

  // One session and what belongs to it.
  struct Client {
    int number = 0;
    Random random;
    std::unique_ptr<pg::Connection> connection;
  };
  enum class Kind { kRead, kUpdate, kUpdateSeveral, kInsert, kDelete, kMoveReference };
  // One transaction, decided before it starts, so that a retry does the same again.
  struct Work {
    Kind kind = Kind::kUpdate;
    bool repeatable_read = false;
    std::vector<int64_t> orders;  // ascending
    int customer = 0;
    std::string amount;  // of a new order; else what is added
  };

  pg::Awaitable<absl::Status> Connect(Client& client);
  pg::Awaitable<absl::Status> ConnectAll();
  pg::Awaitable<absl::Status> Supervise();
  pg::Awaitable<absl::Status> RunClient(Client& client);
  // Tries until the transaction has committed or failed for good. Only a cancellation is an error of this function.
  pg::Awaitable<absl::Status> Transact(Client& client, LoadRecorder::TimePoint due);
  pg::Awaitable<absl::Status> Try(Client& client, const Work& work);
  pg::Awaitable<absl::Status> MoveReference(Client& client, const Work& work);
  Work Draw(Random& random);
  int64_t DrawOrder(Random& random);
  void CountError(std::string message);
  void Cancel();

  LoadOptions options_;
  boost::asio::io_context context_{1};
  std::thread thread_;
  std::atomic<int64_t> finished_ = 0;
  // Touched by the thread alone while it runs.
  std::vector<std::unique_ptr<Client>> clients_;
  std::unique_ptr<pg::TaskGroup> group_;
  boost::asio::steady_timer force_;
  std::optional<LoadRecorder> recorder_;
  bool stopping_ = false;
  int64_t newest_order_ = 0;
  LoadReport report_;
};

}  // namespace pgmoult::tools
