#pragma once

#include <vector>

#include "engine/design.h"
#include "engine/mapping.h"

namespace pgmoult::engine {

// Whether triggers may write through to the shadow before the swap, in design.dual_write_*: not where such a write
// could fail, or give another value than replay. Rows that a new constraint could stop the run on are added to
// design.lossy. Pure; `columns`: the target columns, where they come from.
void DecideDualWrite(Design& design, const std::vector<ColumnSource>& columns, bool mapping_is_safe);

}  // namespace pgmoult::engine
