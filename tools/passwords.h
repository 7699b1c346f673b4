#pragma once

#include <string>
#include <string_view>

namespace pgmoult::tools {

// A conninfo string or URI without its passwords; any other text as it is.
std::string WithoutPassword(std::string_view connection_string);
bool HoldsPassword(std::string_view connection_string);
// The same of a word of the command line, which may have the option before it: "--dsn=…".
bool WordHoldsPassword(std::string_view word);

}  // namespace pgmoult::tools
