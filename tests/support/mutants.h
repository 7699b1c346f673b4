#pragma once

#include <functional>
#include <string>
#include <vector>

namespace pgmoult::tests {

// A fault that a test must notice, made by changing what the engine says to the server: gets each of its statements.
using Mutant = std::function<void(std::string& sql)>;

// The mutant of that name; throws std::invalid_argument where there is none. Each stands for a form of the protocol
// that was tried and found wrong; tests/mutants.sh switches them on one by one.
Mutant MakeMutant(const std::string& name);

}  // namespace pgmoult::tests
