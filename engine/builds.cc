#include "engine/builds.h"

#include <deque>
#include <optional>
#include <utility>

#include "boost/asio/this_coro.hpp"
#include "copier/sql_builder.h"
#include "engine/catalog.h"
#include "fmt/format.h"
#include "pg/backoff.h"
#include "pg/macros.h"
#include "pg/sql_text.h"
#include "pg/status.h"
#include "pg/task_group.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;

Awaitable<absl::Status> BuildOne(pg::Connection& connection, const DeferredItem& item) {
  if (!item.tablespace.empty()) {
    CO_RETURN_IF_ERROR((co_await connection.Query(fmt::format(
                            "/* pgmoult:index */ SELECT pg_catalog.set_config('default_tablespace', {}, true)",
                            pg::Literal(item.tablespace))))
                           .status());
  }
  CO_RETURN_IF_ERROR(
      (co_await connection.Query("/* pgmoult:index */ " + item.create_sql, {}, pg::Deadline::Never())).status());
  for (const std::string& statement : item.after_sql) {
    CO_RETURN_IF_ERROR(
        (co_await connection.Query("/* pgmoult:index */ " + statement, {}, pg::Deadline::Never())).status());
  }
  co_return absl::OkStatus();
}

// Making an index a constraint takes ACCESS EXCLUSIVE on the shadow, and anybody's read of it (pg_dump of the whole
// database) is in the way: that is waited for, as with any other lock.
Awaitable<absl::Status> BuildPatiently(Context& context, pg::Connection& connection, const DeferredItem& item) {
  std::optional<pg::Deadline> deadline;  // from the first lock that was not got: the build itself may take hours
  pg::Backoff backoff(std::chrono::milliseconds(100), std::chrono::milliseconds(10'000));
  for (;;) {
    const absl::Status built =
        co_await pg::InTransaction(connection, "/* pgmoult:index */ BEGIN", BuildOne(connection, item));
    if (!pg::IsLockNotAvailable(built)) {
      context.progress.waiting.clear();
      co_return built;
    }
    if (!deadline) {
      deadline = pg::Deadline::After(context.options.lock_budget);
    }
    if (deadline->Expired()) {
      co_return WithEndKind(EndKind::kLockNotGot, built);
    }
    context.progress.waiting = fmt::format("somebody holds a lock on the shadow, which {} needs for itself", item.name);
    CO_RETURN_IF_ERROR(co_await context.gate.Pass());
    CO_RETURN_IF_ERROR(co_await pg::SleepFor(backoff.Next()));
  }
}

// One worker: takes items until none is left.
Awaitable<absl::Status> Work(Context& context, std::deque<DeferredItem>& items, double total) {
  CO_ASSIGN_OR_RETURN(const auto connection, co_await context.sessions.OpenBuilder("index"));
  while (!items.empty()) {
    CO_RETURN_IF_ERROR(co_await context.gate.Pass());
    if (items.empty()) {
      break;  // another worker took the last one while this one waited
    }
    const DeferredItem item = std::move(items.front());
    items.pop_front();
    CO_ASSIGN_OR_RETURN(const std::optional<int64_t> exists,
                        co_await ReadOid(*connection, {context.design.schema_new, item.name}));
    if (!exists) {
      context.progress.doing = item.name;
      ++context.progress.workers;
      const absl::Status built = co_await BuildPatiently(context, *connection, item);
      --context.progress.workers;
      CO_RETURN_IF_ERROR(pg::Annotate(built, fmt::format("building {} on the shadow", item.name)));
    }
    Show(context, context.progress.doing, context.progress.done + 1, total);
  }
  co_return absl::OkStatus();
}

}  // namespace

Awaitable<absl::Status> BuildItems(Context& context, std::vector<DeferredItem> items, int jobs) {
  std::deque<DeferredItem> queue(items.begin(), items.end());
  const auto total = static_cast<double>(queue.size());
  Show(context, "", 0, total);
  pg::TaskGroup group(co_await boost::asio::this_coro::executor);
  for (int i = 0; i < jobs && i < static_cast<int>(items.size()); ++i) {
    group.Spawn(Work(context, queue, total));
  }
  co_return co_await group.Join();
}

DeferredItem KeyIndexItem(const Design& design) {
  for (const DeferredItem& item : design.deferred) {
    if (item.name == design.shadow_key_index) {
      return item;
    }
  }
  DeferredItem item;
  item.kind = "index";
  item.name = design.shadow_key_index;
  item.unique = true;
  item.create_sql = fmt::format("CREATE UNIQUE INDEX {} ON {} ({})", pg::Ident(item.name), design.transfer.shadow,
                                copier::KeyList(design.transfer, copier::Side::kShadow));
  item.drop_sql = fmt::format("DROP INDEX {}", pg::QualifiedName(design.schema_new, item.name));
  return item;
}

std::vector<DeferredItem> PlainIndexItems(const Design& design) {
  std::vector<DeferredItem> items;
  for (const DeferredItem& item : design.deferred) {
    if (item.kind == "index" && !item.unique && item.name != design.shadow_key_index) {
      items.push_back(item);
    }
  }
  return items;
}

std::vector<DeferredItem> UniqueItems(const Design& design) {
  std::vector<DeferredItem> items;
  for (const DeferredItem& item : design.deferred) {
    if ((item.kind == "exclusion" || (item.kind == "index" && item.unique)) && item.name != design.shadow_key_index) {
      items.push_back(item);
    }
  }
  return items;
}

std::vector<DeferredItem> NotValidItems(const Design& design) {
  std::vector<DeferredItem> items;
  for (const DeferredItem& item : design.deferred) {
    if (item.kind == "not_valid_check") {
      items.push_back(item);
    }
  }
  return items;
}

}  // namespace pgmoult::engine
