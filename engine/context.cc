#include "engine/context.h"

#include <utility>

#include "absl/strings/cord.h"
#include "fmt/format.h"
#include "pg/macros.h"

namespace pgmoult::engine {
namespace {

constexpr char kJumpUrl[] = "pgmoult/jump";
constexpr char kEndKindUrl[] = "pgmoult/end-kind";

}  // namespace

pg::Awaitable<absl::Status> Record(Context& context, std::string kind, std::string text,
                                   const boost::json::value& facts) {
  context.observer.on_event(kind, text, facts);
  co_return co_await AddEvent(*context.journal, context.id(), std::move(kind), {{"text", text}, {"facts", facts}});
}

void Show(Context& context, std::string doing, double done, double total) {
  context.progress.doing = std::move(doing);
  context.progress.done = done;
  context.progress.total = total;
}

CaptureMode CaptureModeOf(const Context& context) {
  return IsPartition(context.design) ? CaptureMode::kRow : context.options.capture;
}

pg::Awaitable<absl::StatusOr<copier::Replayer*>> GetReplayer(Context& context) {
  if (context.replayer == nullptr || !context.replayer->connection().usable()) {
    CO_ASSIGN_OR_RETURN(auto connection, co_await context.sessions.OpenWorker("replay"));
    // A full round over a long log takes as long as it takes.
    CO_RETURN_IF_ERROR((co_await connection->Query("SET statement_timeout = 0")).status());
    copier::ReplayOptions options;
    if (!context.design.dual_write_possible) {
      // Nobody else writes the shadow: a duplicate is one of the source's, be it for a moment only.
      options.max_duplicates = 5;
    }
    context.replayer =
        std::make_unique<copier::Replayer>(std::move(connection), context.design.transfer, options, context.lock_wait);
  }
  co_return context.replayer.get();
}

absl::Status JumpTo(Stage stage, std::string_view why) {
  absl::Status status = absl::AbortedError(std::string(why));
  const std::string name(StageName(stage));
  status.SetPayload(kJumpUrl, absl::Cord(name));
  return status;
}

std::optional<Stage> JumpTarget(const absl::Status& status) {
  const auto payload = status.GetPayload(kJumpUrl);
  return payload ? StageOf(std::string(*payload)) : std::nullopt;
}

absl::Status WithEndKind(EndKind kind, absl::Status status) {
  const std::string text(1, static_cast<char>('0' + static_cast<int>(kind)));
  status.SetPayload(kEndKindUrl, absl::Cord(text));
  return status;
}

EndKind EndKindOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kEndKindUrl);
  return payload ? static_cast<EndKind>(std::string(*payload)[0] - '0') : EndKind::kNone;
}

}  // namespace pgmoult::engine
