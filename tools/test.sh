#!/usr/bin/env bash
# Everything that must hold before a commit: formats, lint, include rules, fuzzing, all tests under the sanitizers, and
# that the tests notice faults.
#
#   tools/test.sh                 all of it with PostgreSQL 15, and the core with 14 and 18
#   tools/test.sh --all-servers   the core with 16 and 17, too
#   tools/test.sh --quick         without clang-tidy, fuzzing, mutants and other servers than 15
#
# Runs as root (the servers then run as the user postgres) or as a plain user, who needs sudo only while packages miss.
# ctest comes last, so that its summary ends the output.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fuzz_seconds=30
cores="$(nproc)"
project_root="$(pwd)"
tidy_cache="${project_root}/build/tidy-cache"

quick=false
servers=(14 18)
case "${1:-}" in
  "") ;;
  --all-servers) servers=(14 16 17 18) ;;
  --quick) quick=true; servers=() ;;
  *) echo "test.sh: unknown argument '$1' (there are --all-servers and --quick)" >&2; exit 2 ;;
esac
(($# <= 1)) || { echo "test.sh: one argument at most" >&2; exit 2; }

phase() { printf '== %s (after %d s)\n' "$1" "${SECONDS}"; }

# The project's sources with the given suffixes, NUL-separated; those not yet committed too. The checkout may belong to
# somebody else than root, which git refuses unless told.
sources() {
  git -c safe.directory='*' ls-files -z --cached --others --exclude-standard -- "$@" |
    while IFS= read -r -d '' file; do
      [[ ! -e "${file}" ]] || printf '%s\0' "${file}"
    done
}

# Prints "source<TAB>file" for every project file that each object of a build was made from, as the compiler noted it.
dependencies() {
  ninja -C "$1" -t deps | awk -v root="${project_root}/" -v OFS='\t' '
    /^[^ ]/ { source = ""; next }
    NF == 1 {
      file = $1
      # As a ccache with a base_dir writes them, relative to build/<preset>.
      if (index(file, "../../") == 1) file = root substr(file, 7)
      if (source == "" && file ~ /\.cc$/) source = file
      if (index(file, root) == 1 && index(source, root) == 1) print source, file
    }' | sort -u
}

# Prints "source<TAB>hash" for every source of a build; the hash covers the source, the project's headers it includes and
# whatever else decides what clang-tidy says.
tidy_keys() {
  local common
  common="$({ clang-tidy-19 --version; cat .clang-tidy CMakeLists.txt CMakePresets.json; } | sha256sum)"
  dependencies "$1" >"${tidy_cache}/dependencies"
  cut -f 2 "${tidy_cache}/dependencies" | sort -u | xargs -d '\n' -r sha256sum |
    awk -v OFS='\t' -v common="${common%% *}" -v list="${tidy_cache}/dependencies" '
      { hash[$2] = $1 }
      END {
        while ((getline line < list) > 0) {
          split(line, pair, "\t")
          text[pair[1]] = text[pair[1]] hash[pair[2]]
        }
        for (source in text) print source, common text[source]
      }' |
    while IFS=$'\t' read -r source text; do
      key="$(sha256sum <<<"${text}")"
      printf '%s\t%s\n' "${source}" "${key%% *}"
    done
}

# Checks one file and remembers that it is clean.
tidy_one() {
  local database="$1" source="$2" key="$3" output
  if output="$(clang-tidy-19 --quiet -p "${database}" "${source}" 2>&1)"; then
    touch "${tidy_cache}/${key}"
  else
    printf '%s\n' "${output}"
    return 1
  fi
}

# Checks the sources below the given paths by a compile database; what each is made of tells a build that is up to date.
tidy() {
  local build="$1" database="$2" key source
  shift 2
  mkdir -p "${tidy_cache}"
  tidy_keys "${build}" >"${tidy_cache}/keys"
  declare -A keys=()
  while IFS=$'\t' read -r source key; do
    keys["${source}"]="${key}"
  done <"${tidy_cache}/keys"
  local todo=() total=0
  while IFS= read -r -d '' source; do
    key="${keys["${project_root}/${source}"]:-}"
    if [[ -z "${key}" ]]; then
      echo "test.sh: ${source} belongs to no target of ${build}" >&2
      return 1
    fi
    total=$((total + 1))
    [[ -e "${tidy_cache}/${key}" ]] || todo+=("${database}" "${source}" "${key}")
  done < <(sources "$@")
  echo "${total} files, $((${#todo[@]} / 3)) to check"
  if ((${#todo[@]} > 0)); then
    printf '%s\0' "${todo[@]}" | xargs -0 -n 3 -P "${cores}" bash -c 'tidy_one "$@"' tidy_one
  fi
}
export -f tidy_one
export tidy_cache

fuzz_targets() {
  ninja -C build/fuzz -t targets all | sed -n 's/^\(fuzz_[a-z0-9_]*\): .*/\1/p' | sort -u
}

# Runs one target on a copy of its corpus, which stays in the build folder and grows from run to run; what is worth keeping
# for all is merged into the sources by hand (tests/README.md).
fuzz_one() {
  local target="$1" name="${1#fuzz_}" binary log
  binary="$(find build/fuzz -type f -name "${target}" -perm -u+x | head -n 1)"
  [[ -n "${binary}" ]] || { echo "test.sh: target ${target} made no program" >&2; return 1; }
  local directory="build/fuzz-runs/${name}"
  mkdir -p "${directory}/corpus"
  [[ ! -d "tests/fuzz/corpus/${name}" ]] || cp -r "tests/fuzz/corpus/${name}/." "${directory}/corpus/"
  local arguments=(-max_total_time="${fuzz_seconds}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
    -artifact_prefix="${directory}/")
  [[ ! -f "tests/fuzz/${name}.dict" ]] || arguments+=(-dict="tests/fuzz/${name}.dict")
  log="${directory}/log"
  if "${binary}" "${arguments[@]}" "${directory}/corpus" >"${log}" 2>&1; then
    echo "${target}: $(sed -n 's/^stat::number_of_executed_units: *//p' "${log}") inputs, nothing found"
  else
    tail -n 60 "${log}"
    echo "${target}: failed; the input lies in ${directory}/"
    return 1
  fi
}
export -f fuzz_one
export fuzz_seconds

phase "packages"
tools/install.sh

if ((${#servers[@]} > 0)); then
  phase "servers"
  tools/servers.sh "${servers[@]}"
fi

phase "configure"
cmake --preset dev >/dev/null

phase "build"
mapfile -t lone_headers < <(ninja -C build/dev -t targets all | sed -n 's/^\([a-z_]*_lone_headers\): .*/\1/p' | sort -u)
cmake --build --preset dev --target all "${lone_headers[@]}"

phase "format"
sources '*.h' '*.cc' | xargs -0 -r clang-format-19 --dry-run -Werror

phase "include rules"
tests/include_check.sh

if ! "${quick}"; then
  phase "clang-tidy"
  cmake --preset tidy >/dev/null
  tidy build/dev build/tidy '*.cc' ':!tests/fuzz'

  if [[ -n "$(sources 'tests/fuzz/*.cc' | tr '\0' ' ')" ]]; then
    phase "build fuzz targets"
    cmake --preset fuzz >/dev/null
    mapfile -t targets < <(fuzz_targets)
    ((${#targets[@]} > 0)) || { echo "test.sh: tests/fuzz has sources, but the build has no target fuzz_*" >&2; exit 1; }
    cmake --build --preset fuzz --target "${targets[@]}"

    phase "clang-tidy, fuzz targets"
    tidy build/fuzz build/fuzz 'tests/fuzz/*.cc'

    phase "fuzz ${#targets[@]} targets, ${fuzz_seconds} s each"
    printf '%s\0' "${targets[@]}" | xargs -0 -n 1 -P "${cores}" bash -c 'fuzz_one "$@"' fuzz_one
  fi
fi

# The tests' servers make hundreds of databases, all small: in memory that takes a third less time, where there is room.
memory_kb=4194304
if [[ -z "${TMPDIR:-}" && -w /dev/shm ]] && (("$(df --output=avail -k /dev/shm | tail -n 1)" >= memory_kb)); then
  export TMPDIR=/dev/shm
fi

if ! "${quick}"; then
  phase "mutants"
  tests/mutants.sh build/dev
fi

phase "tests"
# Servers that an earlier run brought are left out.
unwanted=()
for major in 14 16 17 18; do
  [[ " ${servers[*]} " == *" ${major} "* ]] || unwanted+=("${major}")
done
ctest --preset dev -E "^server($(IFS='|' && echo "${unwanted[*]}"))\."
