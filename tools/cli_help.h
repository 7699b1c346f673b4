#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "CLI/CLI.hpp"
#include "tools/cli.h"

namespace pgmoult::tools {

// Texts of `--help`, as long and as exact as a manual page, and their layout for 80 columns.

// One line for the list of commands.
std::string SummaryOf(Verb verb);
// What the command does, in paragraphs.
std::string DescriptionOf(Verb verb);
// Exit codes, environment and examples.
std::string FooterOf(Verb verb);
std::string ProgramDescription();
std::string ProgramFooter();

std::shared_ptr<CLI::FormatterBase> MakeHelpFormatter();

}  // namespace pgmoult::tools
