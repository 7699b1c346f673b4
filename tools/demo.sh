#!/usr/bin/env bash
# Installs, builds the release binary and runs `pgmoult demo` with the arguments given. Needs no database.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools/install.sh --demo
cmake --preset release >/dev/null
cmake --build --preset release --target pgmoult
exec build/release/pgmoult demo "$@"
