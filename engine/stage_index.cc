#include "copier/points.h"
#include "engine/builds.h"
#include "engine/context.h"
#include "pg/macros.h"

namespace pgmoult::engine {

pg::Awaitable<absl::Status> IndexStage(Context& context) {
  // The key's index first and alone: replay needs it.
  CO_RETURN_IF_ERROR(co_await BuildItems(context, {KeyIndexItem(context.design)}, 1));
  copier::Pass("index: key index built");
  CO_RETURN_IF_ERROR(co_await BuildItems(context, PlainIndexItems(context.design), context.options.jobs));
  copier::Pass("index: all built");
  co_return absl::OkStatus();
}

}  // namespace pgmoult::engine
