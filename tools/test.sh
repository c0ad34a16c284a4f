#!/usr/bin/env bash
# Sets everything up, builds, and runs the tests. Quick the second time.
#   ./tools/test.sh            the everyday build and all its tests
#   ./tools/test.sh asan       the same under AddressSanitizer and UndefinedBehaviorSanitizer
#   ./tools/test.sh tsan       client and relay, where threads meet, under ThreadSanitizer
#   ./tools/test.sh all        the three in turn
#   ./tools/test.sh mutations  that the vectors alone catch each deliberate fault: some twenty minutes
#   ./tools/test.sh reproducible   that two release builds of one commit, in two folders, are the same bytes
#   ./tools/test.sh fuzz [N]   every fuzzer for N seconds (3), as many at once as there are processors; with clang
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

# One target for some seconds, from what it was taught before. What it finds anew stays in the build's directory.
fuzz_one() {
  local target=$1 seconds=$2 name=build/fuzz/corpus/$1 log=build/fuzz/log/$1
  local options=(-max_total_time="$seconds" -timeout=25 -print_final_stats=1 -verbosity=1 -use_value_profile=1
    -artifact_prefix="build/fuzz/findings/$target-")
  mkdir -p "$name"
  [ -f "tests/fuzz/dictionaries/$target.dict" ] && options+=(-dict="tests/fuzz/dictionaries/$target.dict")
  if ! "build/fuzz/tests/fuzz/$target" "${options[@]}" "$name" "tests/fuzz/corpus/$target" >"$log" 2>&1; then
    tail -n 60 "$log"
    say "$target found something: build/fuzz/findings; tests/fuzz/README.md says what to do with it"
    return 1
  fi
  printf '%-16s %s\n' "$target" "$(awk '/^#.*DONE/ { print $4, "edges" } /number_of_executed_units/ { print $2, "runs" }
    /average_exec_per_sec/ { print $2, "a second" }' "$log" | paste -sd' ')"
}

fuzz() {
  ./tools/setup.sh fuzz
  build fuzz
  mkdir -p build/fuzz/findings build/fuzz/log
  say "fuzzing each target for $1 seconds"
  export -f fuzz_one say
  find tests/fuzz/corpus -mindepth 1 -maxdepth 1 -printf '%f\n' | sort |
    xargs -P "$(nproc)" -I '{}' bash -c 'fuzz_one "$1" "$2"' - '{}' "$1"
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
  fuzz) fuzz "${2:-3}" ;;
  mutations) tests/mutations/mutations.py . --jobs "$(nproc)" ;;
  reproducible) ./tools/reproducible.sh ;;
  *)
    echo "usage: $0 [dev|asan|tsan|all|mutations|reproducible|fuzz [SECONDS]]" >&2
    exit 2
    ;;
esac
