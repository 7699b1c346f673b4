#!/usr/bin/env bash
# Random faults for a while: kill -9, cut, slow and swallowed connections, terminated sessions, restarted and killed
# servers, and more, under changes, reverts and aborts, while an application writes and keeps a ledger.
#
#   tests/soak.sh MINUTES [SEED]     SEED: of the first round, to repeat it; the seed of each round is printed
#
# Needs the build of the preset dev. Prints every command and fault as it comes, and what they come to at the end. Exits
# with 1 where a row was lost, the application saw an error that was not the server's own end, or a command did not come
# to its end; the last round printed is the one to repeat.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[[ $# -ge 1 && $# -le 2 && "$1" =~ ^[0-9]+([.][0-9]+)?$ && "${2:-0}" =~ ^[0-9]+$ ]] || {
  sed -n '5s/^# *//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}
program=build/dev/tests/pgmoult_fault_tests
[[ -x "${program}" ]] || { echo "soak.sh: ${program} is not built: cmake --preset dev && cmake --build --preset dev" >&2; exit 2; }
export PGMOULT_BINARY="${PWD}/build/dev/pgmoult" PGMOULT_SOURCE_DIR="${PWD}" PGMOULT_SOAK_MINUTES="$1"
[[ $# -lt 2 ]] || export PGMOULT_TEST_SEED="$2"
exec "${program}" --gtest_brief=1 --gtest_filter='SoakTest.*'
