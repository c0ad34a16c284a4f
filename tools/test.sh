#!/usr/bin/env bash
# Sets everything up, builds, and runs the tests. Quick the second time.
#   ./tools/test.sh            the everyday build and all its tests
#   ./tools/test.sh asan       the same under AddressSanitizer and UndefinedBehaviorSanitizer
#   ./tools/test.sh tsan       client and relay, where threads meet, under ThreadSanitizer
#   ./tools/test.sh all        the three in turn
#   WAXWING_LONG=1 …           long runs as well (more seeds, more kills)
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }

# build PRESET [TARGET …]
build() {
  local preset=$1
  shift
  say "building ($preset)"
  cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset" --parallel "$(nproc)" ${1:+--target "$@"}
}

run() {
  build "$1"
  say "testing ($1)"
  ctest --preset "$1" --parallel "$(nproc)"
}

# Only the client and the relay have threads.
run_where_threads_meet() {
  local program
  build tsan rpc_test client_test
  for program in rpc_test client_test; do
    say "testing (tsan, $program)"
    TSAN_OPTIONS=halt_on_error=1 "build/tsan/tests/$program" --gtest_brief=1
  done
}

./tools/setup.sh
case "${1:-dev}" in
  dev | asan) run "${1:-dev}" ;;
  tsan) run_where_threads_meet ;;
  all)
    run dev
    run asan
    run_where_threads_meet
    ;;
  *)
    echo "usage: $0 [dev|asan|tsan|all]" >&2
    exit 2
    ;;
esac
