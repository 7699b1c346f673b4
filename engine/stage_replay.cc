#include <utility>
#include <vector>

#include "copier/points.h"
#include "engine/builds.h"
#include "engine/context.h"
#include "fmt/format.h"
#include "pg/macros.h"
#include "pg/status.h"

namespace pgmoult::engine {
namespace {

using pg::Awaitable;

constexpr int64_t kShortLog = 1'000;  // rows: the log counts as short
constexpr int kMaxLaps = 50;          // through the log, under an application that refills it as fast
constexpr int kUniqueTries = 2;

// Those that are more than an index end in ACCESS EXCLUSIVE on the shadow, which the building of any other would hold
// up: they come one at a time.
Awaitable<absl::Status> BuildAllUnique(Context& context) {
  std::vector<DeferredItem> together;
  std::vector<DeferredItem> one_by_one;
  for (DeferredItem& item : UniqueItems(context.design)) {
    const bool plain = item.kind == "index" && item.constraint.empty();
    (plain ? together : one_by_one).push_back(std::move(item));
  }
  CO_RETURN_IF_ERROR(co_await BuildItems(context, std::move(together), context.options.jobs));
  co_return co_await BuildItems(context, std::move(one_by_one), 1);
}

// In log mode nobody but replay writes the shadow: after a full round it is the source as of one snapshot. What is
// duplicate there is so in the source, at least for a moment; the second time it counts.
Awaitable<absl::Status> BuildUnique(Context& context, copier::Replayer& replayer) {
  for (int tries = 1;; ++tries) {
    CO_RETURN_IF_ERROR((co_await replayer.FullRound()).status());
    const absl::Status built = co_await BuildAllUnique(context);
    if (!pg::IsDuplicate(built)) {
      co_return built;
    }
    if (tries == kUniqueTries) {
      co_return pg::Annotate(built, fmt::format("{} has rows that break a constraint of the new shape; the change is "
                                                "impossible while they are there",
                                                context.design.transfer.source.Plain()));
    }
  }
}

}  // namespace

Awaitable<absl::Status> ReplayStage(Context& context) {
  CO_ASSIGN_OR_RETURN(copier::Replayer* const replayer, co_await GetReplayer(context));
  Show(context, "catching up", 0, 0);
  CO_RETURN_IF_ERROR(co_await replayer->CatchUp(kShortLog, kMaxLaps));
  CO_RETURN_IF_ERROR(co_await BuildUnique(context, *replayer));
  copier::Pass("replay: constraints built");
  Show(context, "ANALYZE", 0, 0);
  CO_ASSIGN_OR_RETURN(const auto builder, co_await context.sessions.OpenBuilder("analyze"));
  CO_RETURN_IF_ERROR(
      (co_await builder->Query(fmt::format("/* pgmoult:replay */ ANALYZE {}", context.design.transfer.shadow), {},
                               pg::Deadline::Never()))
          .status());
  copier::Pass("replay: analyzed");
  Show(context, "catching up", 0, 0);
  CO_RETURN_IF_ERROR(co_await replayer->CatchUp(kShortLog, kMaxLaps));
  if (context.options.dual_write == DualWriteMode::kEarly) {
    CO_RETURN_IF_ERROR(co_await StartDualWrite(context));
  }
  co_return absl::OkStatus();
}

}  // namespace pgmoult::engine
