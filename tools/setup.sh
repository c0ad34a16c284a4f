#!/usr/bin/env bash
# Installs what building Waxwing needs, all of it from Debian. Safe to run again: it does nothing when everything is there.
#   ./tools/setup.sh          for everything but the fuzzers
#   ./tools/setup.sh fuzz     for the fuzzers as well: clang, libFuzzer, and what names the lines in their reports
set -euo pipefail

packages=(
  build-essential cmake ninja-build pkg-config git python3 python3-cryptography
  libsodium-dev libssl-dev libsignal-protocol-c-dev
  capnproto libcapnp-dev
  libexpected-dev libgtest-dev libgmock-dev libbenchmark-dev
  libcli11-dev libspdlog-dev libfmt-dev libtomlplusplus-dev nlohmann-json3-dev
  openssl iproute2 valgrind
)
case "${1:-}" in
  '') ;;
  fuzz) packages+=(clang libclang-rt-dev llvm) ;;
  *)
    echo "usage: $0 [fuzz]" >&2
    exit 2
    ;;
esac
sqlcipher_minimum=4.5

say() { printf 'setup: %s\n' "$*"; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$'; }

sqlcipher_is_new_enough() {
  installed libsqlcipher-dev &&
    dpkg --compare-versions "$(dpkg-query -W -f='${Version}' libsqlcipher-dev)" ge "$sqlcipher_minimum"
}

missing=()
for package in "${packages[@]}"; do
  installed "$package" || missing+=("$package")
done
if [ "${#missing[@]}" -eq 0 ] && sqlcipher_is_new_enough; then
  exit 0
fi

# The codename's own mirror, as this machine's apt knows it, in either of apt's two source forms.
mirror_of() {
  local suite=$1 file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -f "$file" ] || continue
    awk -v suite="$suite" '$1 == "deb" {
      i = 2; if ($i ~ /^\[/) { while ($i !~ /\]$/) i++; i++ }
      if ($(i + 1) == suite) { print $i; exit } }' "$file"
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -f "$file" ] || continue
    awk -v suite="$suite" 'BEGIN { RS = ""; FS = "\n" } {
      uri = ""; hit = 0; off = 0
      for (i = 1; i <= NF; i++) {
        n = split($i, word, /[ \t]+/); field = tolower(word[1])
        if (field == "uris:") uri = word[2]
        if (field == "suites:") for (j = 2; j <= n; j++) if (word[j] == suite) hit = 1
        if (field == "enabled:" && tolower(word[2]) == "no") off = 1
      }
      if (hit && uri != "" && !off) { print uri; exit } }' "$file"
  done
}

# SQLCipher older than 4.5 cannot keep temporary tables out of files safely: Debian 12 has the newer one in its backports suite.
add_backports() {
  local codename mirror file=/etc/apt/sources.list.d/waxwing-backports.sources
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  mirror=$(mirror_of "$codename" | head -n 1)
  if [ -z "$mirror" ]; then
    say "no apt source for '$codename' found; add the suite ${codename}-backports yourself, then run this again" >&2
    exit 1
  fi
  say "adding ${codename}-backports (for SQLCipher) in $file"
  printf 'Types: deb\nURIs: %s\nSuites: %s-backports\nComponents: main\n' "$mirror" "$codename" |
    as_root tee "$file" >/dev/null
  if [ -f /usr/share/keyrings/debian-archive-keyring.gpg ]; then
    printf 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' | as_root tee -a "$file" >/dev/null
  fi
}

candidate_is_new_enough() {
  local version
  version=$(apt-cache policy libsqlcipher-dev | awk '$1 == "Candidate:" { print $2 }')
  [ -n "$version" ] && [ "$version" != "(none)" ] && dpkg --compare-versions "$version" ge "$sqlcipher_minimum"
}

# apt's own chatter matters only when something goes wrong.
quietly() {
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    say "failed: $*" >&2
    exit 1
  fi
  rm -f "$log"
}

say "installing: ${missing[*]:-}$(sqlcipher_is_new_enough || printf ' libsqlcipher-dev')"
say "reading package lists"
quietly as_root apt-get update
install=(quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends)
if [ "${#missing[@]}" -gt 0 ]; then
  "${install[@]}" "${missing[@]}"
fi
if ! sqlcipher_is_new_enough; then
  if candidate_is_new_enough; then
    "${install[@]}" libsqlcipher-dev
  else
    codename=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
    add_backports
    quietly as_root apt-get update
    "${install[@]}" -t "${codename}-backports" libsqlcipher-dev
  fi
fi
say "done"
