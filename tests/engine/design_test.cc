// What the journal keeps as JSON comes back whole: every member is given a value that is not its default, so one that was
// forgotten in a description does not come back.

#include "engine/design.h"

#include <gtest/gtest.h>

#include <boost/pfr.hpp>

namespace {
}
