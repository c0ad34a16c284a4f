#!/usr/bin/env bash
# Builds the programs of one commit twice, in folders of different names and depths, and compares them byte for byte.
# The second build happens in another time zone and locale, as another machine's would.
#   tools/reproducible.sh [COMMIT]     (HEAD); JOBS=N for fewer compilers at once than processors
set -euo pipefail
cd "$(dirname "$0")/.."

commit=$(git rev-parse --verify "${1:-HEAD}^{commit}")
programs=(waxwing waxwing-relay waxwing-vectors)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
one=$scratch/a
two=$scratch/another-folder/with-a-much-longer-path/than-the-first-one

say() { printf '\n== %s\n' "$*"; }

# build FOLDER [VARIABLE=VALUE …]
build() {
  local folder=$1
  shift
  say "building $commit in $folder"
  mkdir -p "$folder"
  git archive "$commit" | tar -x -C "$folder"
  (
    cd "$folder"
    # No cache: the second build must not be the first one's.
    export CCACHE_DISABLE=1
    unset CMAKE_C_COMPILER_LAUNCHER CMAKE_CXX_COMPILER_LAUNCHER
    env "$@" cmake --preset release -DWAXWING_TESTS=OFF >/dev/null
    if ! env "$@" cmake --build --preset release --parallel "${JOBS:-$(nproc)}" --target "${programs[@]}" >build.log 2>&1; then
      grep -A 20 -m 1 -E '^FAILED' build.log >&2 || tail -n 20 build.log >&2
      exit 1
    fi
    tail -n 1 build.log
  )
}

build "$one"
build "$two" TZ=Asia/Kathmandu LC_ALL=C

say "comparing"
wrong=0
for program in "${programs[@]}"; do
  path=build/release/bin/$program
  if cmp "$one/$path" "$two/$path"; then
    printf '%s  %s\n' "$(sha256sum "$one/$path" | cut -d' ' -f1)" "$program"
  else
    wrong=1
  fi
  if grep -qaF "$scratch" "$one/$path"; then
    echo "$program tells where it was built" >&2
    wrong=1
  fi
done
exit "$wrong"
