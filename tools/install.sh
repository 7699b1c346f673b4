#!/usr/bin/env bash
# Installs what pgmoult needs on Debian 12, without a question, as root or through sudo.
#
#   tools/install.sh          everything: build, tests, lint, benchmarks
#   tools/install.sh --demo   only what the release build and `pgmoult demo` need
#   tools/install.sh --npm    npm alone, which tools/servers.sh needs once
#
# Does nothing, and needs no rights, where all packages are there already.
set -euo pipefail

release_packages=(
  ca-certificates clang-19 cmake ninja-build ccache mold
  libpq-dev libboost1.81-dev libboost-json1.81-dev libabsl-dev libxxhash-dev libpg-query-dev libprotobuf-c-dev
  libfmt-dev libspdlog-dev libcli11-dev libbenchmark-dev
  postgresql-15
)
development_packages=(
  clang-format-19 clang-tidy-19 libclang-rt-19-dev git
  libgtest-dev libgmock-dev postgresql-contrib procps util-linux
)

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

case "${1:-}" in
  "") packages=("${release_packages[@]}" "${development_packages[@]}") ;;
  --demo) packages=("${release_packages[@]}") ;;
  --npm) packages=(ca-certificates npm) ;;
  *) fail "unknown argument '$1' (there are --demo and --npm)" ;;
esac

is_installed() {
  [[ "$(dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | head -n 1)" == installed ]]
}

command -v dpkg-query >/dev/null || fail "needs Debian 12 (bookworm): dpkg-query is not there"
missing=()
for package in "${packages[@]}"; do
  is_installed "${package}" || missing+=("${package}")
done
if ((${#missing[@]} == 0)); then
  exit 0
fi

release="$(. /etc/os-release && echo "${ID:-unknown} ${VERSION_ID:-unknown}")"
if [[ "${release}" != "debian 12" ]]; then
  fail "made for Debian 12 (bookworm), this is '${release}'; install by other means: ${missing[*]}"
fi

if ((EUID == 0)); then
  as_root=(env)
else
  command -v sudo >/dev/null || fail "neither root nor sudo; run as root: apt-get install ${missing[*]}"
  as_root=(sudo env)
fi

# Debian's package creates and starts a cluster "main" unless told otherwise; nothing here uses it.
cluster_settings=/etc/postgresql-common/createcluster.conf
if ! is_installed postgresql-15 && [[ ! -e "${cluster_settings}" ]]; then
  "${as_root[@]}" mkdir -p "${cluster_settings%/*}"
  echo 'create_main_cluster = false' | "${as_root[@]}" tee "${cluster_settings}" >/dev/null
fi

# The configuration file above is kept when its own package arrives (dpkg would ask).
apt=("${as_root[@]}" DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 apt-get -y -q
  -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3
  -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold)

echo "install.sh: installing ${missing[*]}"
"${apt[@]}" update </dev/null || "${apt[@]}" update </dev/null || fail "apt-get update failed twice: is the network there?"
"${apt[@]}" install --no-install-recommends "${missing[@]}" </dev/null ||
  fail "apt-get install failed; the packages come from Debian 12's own main and security archives"
