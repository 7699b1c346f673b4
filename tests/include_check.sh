#!/usr/bin/env bash
# Checks which room includes what, and prints every line that breaks a rule.
#
#   tests/include_check.sh [ROOT]   ROOT: the project's root (default: the one this script lies in)
#
# pg/ includes no other room; copier/ and checksum/ only pg/; engine/ these three; tools/ all of them. bench/ and tests/
# include anything and are included by nobody. Only pg/ includes libpq, only tools/ the command line, HTTP and log set-up.
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"

rooms=()
for room in pg copier checksum engine tools bench tests; do
  [[ -d "${room}" ]] && rooms+=("${room}")
done
((${#rooms[@]} > 0)) || { echo "include_check.sh: no room in $(pwd)" >&2; exit 1; }

includes="$(grep -rnE --include='*.h' --include='*.cc' '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]' "${rooms[@]}" || true)"
[[ -n "${includes}" ]] || { echo "include_check.sh: no include found in $(pwd)" >&2; exit 1; }

awk '
  function bad(why) { print $0 "    <- " why; failures++ }
  BEGIN {
    count = split("pg copier checksum engine tools bench tests", names, " ")
    for (i = 1; i <= count; i++) is_room[names[i]] = 1
    may["pg"] = " pg "
    may["copier"] = " pg copier "
    may["checksum"] = " pg checksum "
    may["engine"] = " pg copier checksum engine "
    may["tools"] = " pg copier checksum engine tools "
    anything["bench"] = anything["tests"] = 1
  }
  {
    file = substr($0, 1, index($0, ":") - 1)
    room = substr(file, 1, index(file, "/") - 1)
    target = $0
    sub(/^[^:]*:[0-9]+:[^<"]*[<"]/, "", target)
    sub(/[>"].*/, "", target)
    target_room = index(target, "/") ? substr(target, 1, index(target, "/") - 1) : ""

    if (target ~ /^\.\.?\//) bad("name a header by its room, not relative to the file")
    if (target_room == "") {
      directory = file
      sub(/[^\/]*$/, "", directory)
      if ((getline unused < (directory target)) >= 0) {
        close(directory target)
        bad("name a header by its room, not relative to the file")
      }
    }
    if (room in anything) next
    if (is_room[target_room] && index(may[room], " " target_room " ") == 0)
      bad(room "/ must not include " target_room "/")
    if (room != "pg" && target ~ /(^|\/)(libpq-fe|libpq-events|pg_config|pg_config_ext|postgres_ext)\.h$/)
      bad("only pg/ includes libpq")
    if (room != "tools" && target ~ /^(CLI\/|boost\/beast|spdlog\/)/)
      bad("only tools/ includes " target)
  }
  END { exit failures > 0 }
' <<<"${includes}"
