#!/usr/bin/env bash
# Shows Waxwing at work: two people, one relay, real processes, TLS on loopback. Sets up and builds what it needs; quick the second time.
# WAXWING_BIN=DIR uses the programs in DIR instead of building them.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly source=$PWD line_count=40

build() {
  ./tools/setup.sh
  local preset=release
  echo "Building waxwing and waxwing-relay in build/$preset (some minutes the first time)"
  cmake --preset "$preset" -DWAXWING_TESTS=OFF >/dev/null
  if [ -t 1 ]; then
    cmake --build --preset "$preset" --target waxwing waxwing-relay
  else
    cmake --build --preset "$preset" --target waxwing waxwing-relay |
      awk -F'[][/]' '/^\[[0-9]+\// && int($2 * 5 / $3) > last { last = int($2 * 5 / $3); print "  " $2 " of " $3 " steps"; fflush() }
                     /error|FAILED/ { print; fflush() }'
  fi
  bin=$source/build/$preset/bin
}

bin=${WAXWING_BIN:-}
[ -n "$bin" ] || build

dir=$(mktemp -d "${TMPDIR:-/tmp}/waxwing-demo.XXXXXX")
relay_pid=
stop_relay() {
  [ -n "$relay_pid" ] || return 0
  kill -TERM "$relay_pid" 2>/dev/null || true
  wait "$relay_pid" 2>/dev/null || true
  relay_pid=
}
clean_up() {
  local status=$?
  stop_relay
  [ "$status" -eq 0 ] || { echo "The demo failed; the relay said:"; tail -n 5 "$dir/relay.log" | cut -c -200; } >&2
  rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say() { printf '\n%s\n' "$*"; }
show() { printf '   %s\n' "$*"; }
indented() { fold -s -w 110 | sed 's/^/   /'; }

# Leaves the relay's address in $address.
start_relay() {
  : >"$dir/relay.log"  # here, not by the relay's process, which may be later than the first look
  "$bin/waxwing-relay" --dir "$dir/relay" --listen "127.0.0.1:$1" >>"$dir/relay.log" 2>&1 &
  relay_pid=$!
  for _ in $(seq 100); do
    address=$(grep -oE '127\.0\.0\.1:[0-9]+#[A-Za-z0-9_-]+' "$dir/relay.log") && return
    kill -0 "$relay_pid" 2>/dev/null || break
    sleep 0.1
  done
  echo "the relay did not start" >&2
  return 1
}
alice() { WAXWING_PASSPHRASE="alice's passphrase" "$bin/waxwing" --profile "$dir/alice" "$@"; }
bob() { WAXWING_PASSPHRASE="bob's passphrase" "$bin/waxwing" --profile "$dir/bob" "$@"; }
expect() { [ "$1" = "$2" ] || { echo "expected '$2' but got '$1'" >&2; exit 1; }; }
count() { alice messages bob --most 1000 | grep -c "you  $1" || true; }

echo "Waxwing: what happens to messages that are sent while the relay is down"

start_relay 0
port=${address%%#*} port=${port##*:}
say "1. A relay runs on 127.0.0.1:$port (TLS 1.3, its own certificate). Alice and Bob make profiles and meet by invite."
alice init --relay "$address" >/dev/null
bob init --relay "$address" >/dev/null
invite=$(alice invite)
alice sync >/dev/null
show "alice\$ waxwing invite            ${invite:0:40}…"
show "bob\$   waxwing contact add alice ${invite:0:40}…"
bob contact add alice "$invite" >/dev/null
bob sync >/dev/null
request=$(alice sync | grep -oE 'contact accept [A-Za-z0-9_-]+' | cut -d ' ' -f 3)
show "alice\$ waxwing contact accept ${request:0:12}… bob"
alice contact accept "$request" bob >/dev/null
alice sync >/dev/null
bob sync >/dev/null

stop_relay
awk -v most="$line_count" 'NF && ++count <= most { sub(/^[ \t]+/, ""); print }' LICENSE >"$dir/text"
say "2. The relay is stopped. Alice sends Bob $line_count lines of a text file (LICENSE) all the same."
show "alice\$ waxwing send bob < text"
alice send bob <"$dir/text" | indented
show "alice\$ waxwing sync"
status=0
alice sync >/dev/null 2>"$dir/said" || status=$?
indented <"$dir/said"
expect "$status" 3
show "alice\$ waxwing messages bob"
alice messages bob --most 2 | indented
show "… all in all $(count Pending) Pending"
expect "$(count Pending)" "$line_count"

start_relay "$port"
say "3. The relay runs again, and Alice syncs. The relay keeps the messages for Bob, who is away."
show "alice\$ waxwing sync"
alice sync | indented
expect "$(count Sent)" "$line_count"
searched=$(find "$dir/relay" -type f | wc -l)
bytes=$(find "$dir/relay" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
# One search through what Alice sent and what the relay keeps: it has to find the one and not the other, and grep has to
# come to an end without an error.
found=$(grep -rlaFf "$dir/text" "$dir/text" "$dir/relay") || { echo "the search for the text failed" >&2; exit 1; }
say "4. What does the relay know? The $searched files of its directory ($bytes bytes) are searched for each of the $line_count lines."
expect "$found" "$dir/text"
show "found in the file that Alice sent, and in 0 of the relay's files"

say "5. Bob syncs, then Alice; Bob reads, then both sync again."
bob sync | indented
bob messages alice --most "$line_count" | sed -E 's/^.{12}  alice  new  //' >"$dir/received"
sed 's/[[:space:]]*$//' "$dir/text" | cmp -s - "$dir/received" || { echo "what Bob has is not what Alice sent" >&2; exit 1; }
show "(Bob has all $line_count lines, once each, in order)"
alice sync | indented
expect "$(count Delivered)" "$line_count"
bob read alice >/dev/null
bob sync >/dev/null
alice sync | indented
show "alice\$ waxwing messages bob"
alice messages bob --most 2 | indented
expect "$(count Read)" "$line_count"

say "Pending, Sent, Delivered, Read. Everything that this made in $dir is removed again."
