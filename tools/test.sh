#!/usr/bin/env bash
# Sets everything up, builds, and runs the tests. Quick the second time.
#   ./tools/test.sh            the everyday build and all its tests
#   ./tools/test.sh asan       the same under AddressSanitizer and UndefinedBehaviorSanitizer
#   ./tools/test.sh tsan       where threads meet, under ThreadSanitizer
#   ./tools/test.sh all        the three in turn
#   WAXWING_LONG=1 …           long runs as well (more seeds, more kills)
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }

build() {
  say "building ($1)"
  cmake --preset "$1" >/dev/null
  cmake --build --preset "$1" --parallel "$(nproc)"
}

run() {
  local preset=$1
  shift
  build "$preset"
  say "testing ($preset)"
  ctest --preset "$preset" --parallel "$(nproc)" "$@"
}

./tools/setup.sh
case "${1:-dev}" in
  dev) run dev ;;
  asan) run asan ;;
  tsan) run tsan --tests-regex 'Client|CommitQueue|Relay' ;;
  all)
    run dev
    run asan
    run tsan --tests-regex 'Client|CommitQueue|Relay'
    ;;
  *)
    echo "usage: $0 [dev|asan|tsan|all]" >&2
    exit 2
    ;;
esac
