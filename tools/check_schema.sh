#!/usr/bin/env bash
# Shows what pgmoult makes of a schema: copies it, without rows, into a private server, rebuilds every ordinary table
# there without a change, and compares the definitions before and after.
#
#   tools/check_schema.sh [--keep] [CONNINFO]         the schema of a database, as psql takes it (default: PGHOST, ...)
#   tools/check_schema.sh [--keep] --from FILE.sql    the schema that a script makes, run by psql as superuser
#
# --keep leaves the private server running and tells how to get there. The source is only read, by pg_dump. Every
# function, default and event trigger of the schema may run in the private server with a superuser's rights: this is for
# schemas whose owners one trusts with this machine.
#
# A line a table: identical, refused with the codes of the plan's findings, DIFFERENT or FAILED with what differs or what
# was said; then a summary. Exit codes: 0 nothing differs, 1 something does or the copy cannot be made, 2 wrong usage.
#
# PGMOULT is the program (default: the release build, else the dev build), PGMOULT_PG_BIN the folder of `postgres` and
# `initdb` (default: Debian's of the source's major version, else of 15, else the newest).
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
readonly root oracle="${root}/tests/support/catalog_oracle.sql"
readonly database=schema_copy script_database=schema_source port=5432 patience_s=60 max_passes=20

fail() {
  echo "check_schema.sh: $*" >&2
  exit 1
}

usage() {
  echo "check_schema.sh: $*" >&2
  echo "usage: tools/check_schema.sh [--keep] [CONNINFO | --from FILE.sql]" >&2
  exit 2
}

keep=false
script=""
source_given=false
source_database=""
while (($# > 0)); do
  case "$1" in
    --keep) keep=true ;;
    --from)
      (($# > 1)) || usage "--from needs a file"
      script="$2"
      shift
      ;;
    --from=*) script="${1#--from=}" ;;
    -*) usage "unknown option '$1'" ;;
    *)
      ! "${source_given}" || usage "one database at most"
      source_given=true
      source_database="$1"
      ;;
  esac
  shift
done
[[ -z "${script}" ]] || ! "${source_given}" || usage "either a database or --from"
[[ -z "${script}" || -r "${script}" ]] || usage "${script} cannot be read"
# Every user of the machine can read a command line; so it is not repeated either.
shopt -s nocasematch
if [[ "${source_database}" =~ password[[:space:]]*= || "${source_database}" =~ ://[^/?]*:[^/?]*@ ]]; then
  usage "a password does not belong on the command line; use ~/.pgpass or PGPASSWORD"
fi
shopt -u nocasematch
[[ -r "${oracle}" ]] || fail "${oracle} is missing"

program="${PGMOULT:-}"
for candidate in "${root}/build/release/pgmoult" "${root}/build/dev/pgmoult"; do
  [[ -n "${program}" || ! -x "${candidate}" ]] || program="${candidate}"
done
[[ -n "${program}" ]] || fail "pgmoult is not built; \$PGMOULT may name it"
[[ -x "${program}" ]] || fail "${program} is no program"

# What the caller's variables say is about the source, not about the private server.
privately=(env)
for name in "${!PG@}"; do
  [[ "${name}" == PGMOULT* ]] || privately+=(-u "${name}")
done

# Runs a query in the source database.
ask_source() {
  psql -X -A -t -q -w -v ON_ERROR_STOP=1 -d "${source_database}" -c "$1"
}

find_server_programs() {
  local folder major
  if [[ -n "${PGMOULT_PG_BIN:-}" ]]; then
    bin="${PGMOULT_PG_BIN}"
    [[ -x "${bin}/postgres" && -x "${bin}/initdb" ]] || fail "there is no postgres and initdb in ${bin}"
  else
    bin=""
    for major in ${source_major} 15 18 17 16 14; do
      folder="/usr/lib/postgresql/${major}/bin"
      [[ -n "${bin}" || ! -x "${folder}/postgres" ]] || bin="${folder}"
    done
    [[ -n "${bin}" ]] || fail "no PostgreSQL server is installed; PGMOULT_PG_BIN may name its folder"
  fi
  major="$("${bin}/postgres" --version | sed -E 's/^.*\) ([0-9]+).*$/\1/')"
  if [[ -n "${source_major}" ]] && ((major < source_major)); then
    fail "the database is of PostgreSQL ${source_major}, the newest server here of ${major}: install that version's" \
      "server, or name its folder in PGMOULT_PG_BIN"
  fi
  for name in psql pg_dump; do
    [[ -x "${bin}/${name}" ]] || command -v "${name}" >/dev/null || fail "there is no ${name} here"
  done
  PATH="${bin}:${PATH}"
}

# Of the private server only; the folder may be gone already.
finish() {
  local code=$?
  trap - EXIT
  if "${keep}" && [[ -n "${server}" ]]; then
    {
      echo "kept: psql -h ${folder} -p ${port} -U '${superuser}' ${database}"
      echo "to remove it: kill -INT ${server}; rm -rf ${folder}"
    } >&2
    exit "${code}"
  fi
  if [[ -n "${server}" ]]; then
    kill -QUIT "${server}" 2>/dev/null || true
    wait "${server}" 2>/dev/null || true
  fi
  rm -rf "${folder:?}"
  exit "${code}"
}

# The server runs in a session of its own, so that Ctrl-C reaches it through finish() only, and ends with this script
# even where that is killed. It is reached by a socket in a folder that nobody else may enter.
start_server() {
  local as_server_user=() die_with_us=()
  folder="$(mktemp -d "${TMPDIR:-/tmp}/pgmoult-check-XXXXXX")"
  server=""
  trap finish EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  if ((EUID == 0)); then
    id -u postgres >/dev/null 2>&1 || fail "PostgreSQL does not run as root, and there is no user postgres"
    chown postgres: "${folder}"
    as_server_user=(--reuid=postgres --regid=postgres --init-groups)
  fi
  "${keep}" || die_with_us=(--pdeathsig=INT)
  # The working folder of the caller may be closed to the server's user.
  (
    cd "${folder}"
    exec "${privately[@]}" LC_ALL=C.UTF-8 setpriv "${as_server_user[@]}" -- "${bin}/initdb" --pgdata=data \
      --username="${superuser}" --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync
  ) >"${folder}/initdb.log" 2>&1 || fail "initdb failed: $(tail -n 5 "${folder}/initdb.log")"
  cat >>"${folder}/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '.'
wal_level = logical
fsync = off
full_page_writes = off
max_prepared_transactions = 10
autovacuum = off
lc_messages = 'C'
logging_collector = off
CONF
  local socket_name=".s.PGSQL.${port}"
  ((${#folder} + ${#socket_name} < 106)) || fail "the name of ${folder} is too long for a socket; choose a shorter TMPDIR"
  (
    cd "${folder}"
    exec "${privately[@]}" LC_ALL=C.UTF-8 TZ=UTC setsid setpriv "${as_server_user[@]}" "${die_with_us[@]}" -- \
      "${bin}/postgres" -D data -p "${port}" -k "${folder}"
  ) >"${folder}/server.log" 2>&1 </dev/null &
  server=$!
  local deadline=$((SECONDS + patience_s))
  until [[ "$(sed -n 8p "${folder}/data/postmaster.pid" 2>/dev/null)" == ready* ]]; do
    kill -0 "${server}" 2>/dev/null || fail "the private server did not start: $(tail -n 5 "${folder}/server.log")"
    ((SECONDS < deadline)) || fail "the private server was not ready within ${patience_s} s"
    sleep 0.05
  done
}

# psql in the private server, at the database $1; the script or options follow.
ask() {
  local name="$1"
  shift
  "${privately[@]}" PGCLIENTENCODING=UTF8 PGOPTIONS="-c client_min_messages=warning" psql -X -A -t -q -v ON_ERROR_STOP=1 \
    -h "${folder}" -p "${port}" -U "${superuser}" -d "${name}" "$@"
}

pgmoult() {
  local verb="$1"
  shift
  "${privately[@]}" "${program}" "${verb}" "$@" -h "${folder}" -p "${port}" -U "${superuser}" -d "${database}" -w
}

# Statements that make the roles which own something in the source or may do something there, the roles they are members
# of, and these memberships. No passwords, no logins. Membership options exist since PostgreSQL 16.
readonly role_statements="
  WITH RECURSIVE named(oid) AS (
    SELECT d.refobjid FROM pg_shdepend d
    WHERE d.refclassid = 'pg_authid'::regclass
      AND (SELECT b.oid FROM pg_database b WHERE b.datname = current_database())
          = CASE WHEN d.classid = 'pg_database'::regclass THEN d.objid ELSE d.dbid END
    UNION
    SELECT m.roleid FROM pg_auth_members m JOIN named ON named.oid = m.member
  ), own AS (
    SELECT r.* FROM pg_roles r WHERE r.oid IN (SELECT named.oid FROM named) AND r.oid <> 10 AND r.rolname !~ '^pg_'
  )
  SELECT statement FROM (
    SELECT 1 AS step, format('CREATE ROLE %I NOLOGIN %s %s %s;', rolname,
             CASE WHEN rolsuper THEN 'SUPERUSER' ELSE 'NOSUPERUSER' END,
             CASE WHEN rolinherit THEN 'INHERIT' ELSE 'NOINHERIT' END,
             CASE WHEN rolbypassrls THEN 'BYPASSRLS' ELSE 'NOBYPASSRLS' END) AS statement
    FROM own
    UNION
    SELECT 2, format('GRANT %I TO %I%s;', g.rolname, own.rolname,
             CASE WHEN m.admin_option THEN ' WITH ADMIN OPTION' END)
    FROM pg_auth_members m JOIN own ON own.oid = m.member JOIN pg_roles g ON g.oid = m.roleid
    UNION
    SELECT 3, format('GRANT %I TO %I WITH INHERIT %s, SET %s;', g.rolname, own.rolname,
             to_jsonb(m) ->> 'inherit_option', to_jsonb(m) ->> 'set_option')
    FROM pg_auth_members m JOIN own ON own.oid = m.member JOIN pg_roles g ON g.oid = m.roleid
    WHERE to_jsonb(m) ? 'inherit_option'
  ) s ORDER BY step, statement COLLATE \"C\""

# Subscriptions would name the passwords of others' servers, and providers of security labels are modules of a server.
readonly left_out=(--no-subscriptions --no-security-labels --encoding=UTF8)
read_source() {
  ask_source "${role_statements}" >"${folder}/roles.sql"
  pg_dump --schema-only "${left_out[@]}" --lock-wait-timeout=60s -w -d "${source_database}" >"${folder}/source.sql" ||
    fail "pg_dump could not read the database"
  ask postgres -f "${folder}/roles.sql"
}

# Prints the quoted names in those lines of psql's errors that match; the name is what \(…\) stands for.
names_in_errors() {
  sed -n "s/^.*$1\$/\\1/p" "${folder}/errors" | sort -u
}

# Makes the roles and tablespaces that the script asked for in vain. Fails where there were none.
make_what_is_missing() {
  local name made=false number
  while IFS= read -r name; do
    # shellcheck disable=SC2016 # psql's own variables
    ask postgres -v name="${name}" <<<'CREATE ROLE :"name" NOLOGIN;'
    made=true
  done < <(names_in_errors 'ERROR:  role "\(.*\)" does not exist')
  while IFS= read -r name; do
    number="$(find "${folder}" -maxdepth 1 -name 'space*' | wc -l)"
    mkdir "${folder}/space${number}"
    chown --reference="${folder}" "${folder}/space${number}"
    # Who may use a tablespace is no part of a database's schema.
    ask postgres -v name="${name}" -v place="${folder}/space${number}" <<'SQL'
CREATE TABLESPACE :"name" LOCATION :'place';
GRANT CREATE ON TABLESPACE :"name" TO PUBLIC;
SQL
    made=true
  done < <(names_in_errors '[Tt]ablespace "\(.*\)" does not exist\.\{0,1\}')
  "${made}"
}

# Makes database $1 by script $2, again and again with what it lacks of things that belong to no database. Roles that it
# makes itself are there the second time.
make_database() {
  local name="$1" from="$2" pass unexpected
  for ((pass = 1; pass <= max_passes; ++pass)); do
    ask postgres -c "DROP DATABASE IF EXISTS ${name}" -c "CREATE DATABASE ${name} TEMPLATE template0"
    ask "${name}" -v ON_ERROR_STOP=0 -f "${from}" >/dev/null 2>"${folder}/errors" || true
    make_what_is_missing || break
  done
  unexpected="$(grep -E '(ERROR|FATAL):|^psql: ' "${folder}/errors" | grep -Ev 'ERROR:  role ".*" already exists$' || true)"
  [[ -z "${unexpected}" ]] ||
    fail $'the schema cannot be made in the private server:\n'"$(head -n 10 <<<"${unexpected}")"
}

dump() {
  "${privately[@]}" pg_dump --schema-only "${left_out[@]}" -h "${folder}" -p "${port}" -U "${superuser}" -d "$1"
}

# Also what a script makes is copied by a dump: PostgreSQL shows some expressions in another way once they were read from
# its own text, and a rebuild reads that text.
make_copy() {
  if [[ -n "${script}" ]]; then
    make_database "${script_database}" "${script}"
    dump "${script_database}" >"${folder}/source.sql"
  else
    read_source
  fi
  make_database "${database}" "${folder}/source.sql"
  # So that a sequence that begins anew is seen. One that has only one value may stay.
  ask "${database}" -v ON_ERROR_STOP=0 >/dev/null 2>&1 <<'SQL'
SELECT format('SELECT nextval(%L::regclass), nextval(%L::regclass)', oid::regclass, oid::regclass)
FROM pg_class WHERE relkind = 'S' ORDER BY oid \gexec
SQL
}

# A dump's blocks, sorted: objects of equal rank may stand in the order of their OIDs. Settings that stand before the block
# which they are first needed for become lines of every block that they mean. Privileges stand in the order in which they were
# granted; the lines of such a block are sorted, for the catalog oracle says who granted what to whom.
sorted_blocks() {
  awk '
    function sorted(text,    lines, count, i, j, line) {
      count = split(text, lines, "\001")
      for (i = 2; i <= count; ++i) {
        line = lines[i]
        for (j = i - 1; j >= 1 && lines[j] > line; --j) lines[j + 1] = lines[j]
        lines[j + 1] = line
      }
      text = lines[1]
      for (i = 2; i <= count; ++i) text = text "\001" lines[i]
      return text
    }
    function flush() {
      while (sub(/\001(--)?$/, "", block)) {}
      if (block ~ /^-- Name: [^\001]*; Type: (DEFAULT )?ACL; /) block = sorted(block)
      if (block != "") print block
      block = ""
    }
    /^\\(un)?restrict / { next }
    /^SET default_tablespace = / { space = $0; next }
    /^SET default_table_access_method = / { method = $0; next }
    /^-- Name: .*; Type: .*; Schema: / {
      flush()
      block = $0
      if ($0 ~ /; Type: (TABLE|MATERIALIZED VIEW|INDEX|CONSTRAINT); /) block = block "\001" space
      if ($0 ~ /; Type: (TABLE|MATERIALIZED VIEW); /) block = block "\001" method
      next
    }
    { block = block == "" ? $0 : block "\001" $0 }
    END { flush() }' | LC_ALL=C sort | tr '\001' '\n'
}

# Everything that must be the same after a rebuild, into a file.
take_picture() {
  dump "${database}" >"${folder}/dump"
  {
    sorted_blocks <"${folder}/dump"
    ask "${database}" -f "${oracle}"
  } >"$1"
}

# The tables as SQL writes them, each but the last with a NUL after it. Partitions that hold rows are tables like others.
tables() {
  ask "${database}" -0 <<'SQL'
SELECT format('%I.%I', n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
SQL
}

# From the lines that a run has printed: the codes of what it refused, a line each.
refusal_codes() {
  # psql reads the file, for it may be longer than an argument.
  ask postgres <<SQL
\\set said \`cat '${folder}/said'\`
SELECT DISTINCT f ->> 'code'
FROM regexp_split_to_table(:'said', E'\\n') line, jsonb_path_query(nullif(line, '')::jsonb, '\$.plan.findings[*]') f
WHERE f ->> 'severity' = 'refuse'
ORDER BY 1
SQL
}

# Rebuilds one table, and leaves in `outcome` what came of it: rebuilt, refused or failed.
rebuild() {
  local code=0 id
  pgmoult run --table "$1" --trust-owner --jobs 1 --json >"${folder}/said" 2>"${folder}/complaint" || code=$?
  outcome=failed
  if ((code == 5)); then
    outcome=refused
  elif ((code == 0)); then
    id="$(ask "${database}" -c 'SELECT max(id) FROM pgmoult.migration' 2>>"${folder}/complaint")" &&
      pgmoult finalize "${id}" >/dev/null 2>>"${folder}/complaint" && outcome=rebuilt
  fi
  # A failed run is taken back by this, too.
  pgmoult cleanup >/dev/null 2>>"${folder}/complaint" || outcome=failed
}

identical=0 refused=0 different=0 failed=0
declare -A refusals=()

# Rebuilds a table and says what came of it. The picture before is the one after the table before.
check() {
  local table="$1" outcome code codes=()
  rebuild "${table}"
  table="${table//[[:cntrl:]]/?}"  # nobody's name makes a line of its own
  take_picture "${folder}/after"
  if ! diff -U 3 --label before --label after "${folder}/before" "${folder}/after" >"${folder}/difference"; then
    different=$((different + 1))
    echo "DIFFERENT ${table}$([[ "${outcome}" == rebuilt ]] || echo " (${outcome})")"
    sed 's/^/    /' "${folder}/difference"
  elif [[ "${outcome}" == refused ]]; then
    refused=$((refused + 1))
    mapfile -t codes < <(refusal_codes)
    ((${#codes[@]} > 0)) || codes=(unknown)
    for code in "${codes[@]}"; do
      refusals["${code}"]=$((${refusals["${code}"]:-0} + 1))
    done
    echo "refused ${table}: $(joined "${codes[@]}")"
  elif [[ "${outcome}" == rebuilt ]]; then
    identical=$((identical + 1))
    echo "identical ${table}"
  else
    failed=$((failed + 1))
    echo "FAILED ${table}"
    sed 's/^/    /' "${folder}/complaint"
  fi
  mv "${folder}/after" "${folder}/before"
}

# The words with commas in between.
joined() {
  local text
  text="$(printf ', %s' "$@")"
  echo "${text#, }"
}

summarize() {
  local code reasons=() text
  while IFS= read -r code; do
    [[ -z "${code}" ]] || reasons+=("${code}: ${refusals["${code}"]}")
  done < <(printf '%s\n' "${!refusals[@]}" | LC_ALL=C sort)
  text="$((identical + refused + different + failed)) tables: ${identical} identical, ${refused} refused"
  ((${#reasons[@]} == 0)) || text+=" ($(joined "${reasons[@]}"))"
  text+=", ${different} different"
  ((failed == 0)) || text+=", ${failed} failed"
  echo "${text}"
}

source_major="" superuser=postgres
if [[ -z "${script}" ]]; then
  source_major="$(ask_source "SELECT current_setting('server_version_num')::int / 10000")" ||
    fail "the database cannot be reached"
  superuser="$(ask_source 'SELECT rolname FROM pg_roles WHERE oid = 10')"
fi
find_server_programs
start_server
make_copy
take_picture "${folder}/before"
mapfile -t -d '' names < <(tables)
for table in "${names[@]}"; do
  check "${table}"
done
summarize
((different + failed == 0))
