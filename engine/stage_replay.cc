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
constexpr int kUniqueTries = 5;

// After a full round the shadow is the source as of one snapshot. A duplicate can still come from a partial round's
// leftovers or from two rows of different moments; one that comes back after every full round is in the source itself.
Awaitable<absl::Status> BuildUnique(Context& context, copier::Replayer& replayer, DeferredItem item) {
  for (int tries = 1;; ++tries) {
    CO_RETURN_IF_ERROR((co_await replayer.FullRound()).status());
    const absl::Status built = co_await BuildItems(context, {item}, 1);
    if (!pg::IsDuplicate(built)) {
      co_return built;
    }
    if (tries == kUniqueTries) {
      co_return pg::Annotate(built, fmt::format("{} cannot hold: {} has rows that break it; the change is impossible "
                                                "while they are there",
                                                item.constraint.empty() ? item.name : "constraint " + item.constraint,
                                                context.design.transfer.source.Plain()));
    }
  }
}

}  // namespace

Awaitable<absl::Status> ReplayStage(Context& context) {
  CO_ASSIGN_OR_RETURN(copier::Replayer* const replayer, co_await GetReplayer(context));
  Show(context, "catching up", 0, 0);
  CO_RETURN_IF_ERROR(co_await replayer->CatchUp(kShortLog, kMaxLaps));
  for (const DeferredItem& item : UniqueItems(context.design)) {
    CO_RETURN_IF_ERROR(co_await BuildUnique(context, *replayer, item));
  }
  Show(context, "ANALYZE", 0, 0);
  CO_ASSIGN_OR_RETURN(const auto builder, co_await context.sessions.OpenBuilder("analyze"));
  CO_RETURN_IF_ERROR(
      (co_await builder->Query(fmt::format("/* pgmoult:replay */ ANALYZE {}", context.design.transfer.shadow), {},
                               pg::Deadline::Never()))
          .status());
  Show(context, "catching up", 0, 0);
  CO_RETURN_IF_ERROR(co_await replayer->CatchUp(kShortLog, kMaxLaps));
  if (context.options.dual_write == DualWriteMode::kEarly) {
    CO_RETURN_IF_ERROR(co_await StartDualWrite(context));
  }
  co_return absl::OkStatus();
}

}  // namespace pgmoult::engine
