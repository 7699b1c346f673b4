#!/usr/bin/env bash
# Measures how much memory the engine takes at its peak for a small and for a large table, and fails where that grows
# with the table: more than 10 % apart, or 64 MiB and more.
#
#   bench/memory.sh [SMALL_ROWS [LARGE_ROWS]]   default: 500000 5000000
#
# Environment: PGMOULT_BINARY (default: build/release/pgmoult), PGMOULT_PG_BIN (folder of initdb and postgres).
# The server is a private one in a temporary folder, which is removed at the end. About 1.5 GB of disk for the default.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

small="${1:-500000}"
large="${2:-5000000}"
binary="${PGMOULT_BINARY:-build/release/pgmoult}"
pg_bin="${PGMOULT_PG_BIN:-/usr/lib/postgresql/15/bin}"
most_kib=$((64 * 1024))
most_apart_percent=10

[[ -x "${binary}" ]] || { echo "memory.sh: no ${binary}: cmake --preset release && ninja -C build/release pgmoult" >&2; exit 2; }
[[ -x "${pg_bin}/initdb" ]] || { echo "memory.sh: no initdb in ${pg_bin}: set PGMOULT_PG_BIN" >&2; exit 2; }

# PostgreSQL refuses to run as root.
as_user=()
directory="$(mktemp -d "${TMPDIR:-/tmp}/pgmoult-memory-XXXXXX")"
if ((EUID == 0)); then
  as_user=(runuser -u postgres --)
  chown postgres "${directory}"
fi
# A port that is free now; the server listens on a Unix socket alone, so it is only part of a file name.
port=$((20000 + RANDOM % 20000))

stop() {
  "${as_user[@]}" "${pg_bin}/pg_ctl" -D "${directory}/data" -m immediate -w stop >/dev/null 2>&1 || true
  rm -rf "${directory}"
}
trap stop EXIT

cd_run() { (cd "${directory}" && "${as_user[@]}" "$@"); }
cd_run "${pg_bin}/initdb" -D "${directory}/data" -U postgres -A trust -N >/dev/null
cd_run "${pg_bin}/pg_ctl" -D "${directory}/data" -l "${directory}/log" -w \
  -o "-k ${directory} -p ${port} -c listen_addresses= -c fsync=off -c shared_buffers=256MB -c max_wal_size=4GB" \
  start >/dev/null

query() { cd_run "${pg_bin}/psql" -X -q -v ON_ERROR_STOP=1 -h "${directory}" -p "${port}" -U postgres -d "$1" -c "$2"; }

# Prints the peak, in KiB, of one run on a table of $1 rows. The kernel's own figure, read as long as the run lives.
peak_kib() {
  local rows="$1" database="bench_$1" pid peak=0 now code=0
  query postgres "CREATE DATABASE ${database}" >&2
  query "${database}" "CREATE TABLE t (id int PRIMARY KEY, n bigint NOT NULL, note text);
    INSERT INTO t SELECT g, g, 'row number ' || g FROM generate_series(1, ${rows}) g; CREATE INDEX ON t (n); ANALYZE t" >&2
  "${binary}" run -h "${directory}" -p "${port}" -U postgres -d "${database}" --quiet \
    --alter "ALTER TABLE t ALTER COLUMN id TYPE bigint" >"${directory}/run.log" 2>&1 &
  pid=$!
  while now="$(awk '/^VmHWM:/ { print $2 }' "/proc/${pid}/status" 2>/dev/null)" && [[ -n "${now}" ]]; do
    ((now > peak)) && peak="${now}"
    sleep 0.02
  done
  wait "${pid}" || code=$?
  if ((code != 0)); then
    echo "memory.sh: the run on ${rows} rows ended with code ${code}:" >&2
    cat "${directory}/run.log" >&2
    return 1
  fi
  query postgres "DROP DATABASE ${database}" >&2
  echo "${peak}"
}

small_kib="$(peak_kib "${small}")"
large_kib="$(peak_kib "${large}")"
awk -v small="${small}" -v large="${large}" -v a="${small_kib}" -v b="${large_kib}" -v most="${most_kib}" \
  -v percent="${most_apart_percent}" '
  BEGIN {
    printf "%12d rows: %6.1f MiB at the peak\n", small, a / 1024
    printf "%12d rows: %6.1f MiB at the peak\n", large, b / 1024
    apart = (b > a ? b - a : a - b) / (a < b ? a : b) * 100
    bad = 0
    if (a >= most || b >= most) { printf "FAILED: %d MiB or more\n", most / 1024; bad = 1 }
    if (apart > percent) { printf "FAILED: %.1f %% apart, more than %d %%\n", apart, percent; bad = 1 }
    if (!bad) printf "ok: %.1f %% apart, both under %d MiB\n", apart, most / 1024
    exit bad
  }'
