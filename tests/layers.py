#!/usr/bin/env python3
"""Checks every #include against the table of docs/architecture.md: which part of the house may see which other part,
and which foreign library lives where; and every source for calls that the house does not make. Exits with 1 and one
line per offence.

Usage: layers.py SOURCE_ROOT | layers.py --self-test
"""

import pathlib
import re
import sys

# The parts, lowest first, and the parts that each may include beside itself. A file belongs to the longest prefix.
PARTS = {
    "crypto": [],
    "store": ["crypto"],
    "store/client": ["crypto", "store"],
    "store/relay": ["crypto", "store"],
    "manifest": ["crypto"],
    "session": ["crypto", "store", "store/client", "manifest"],
    "outbox": ["crypto", "store", "store/client", "manifest", "session"],
    "rpc/wire": ["crypto"],
    "rpc/link": ["crypto", "manifest", "outbox", "rpc/wire"],
    "rpc/relay": ["crypto", "manifest", "store", "store/relay", "rpc/wire"],
    "client": ["crypto", "store", "store/client", "manifest", "session", "outbox", "rpc/wire", "rpc/link"],
    "tools": ["*"],
    "tests": ["*"],
}

# The part "manifest" is the target waxwing_manifest: the files of session/ that its CMake call names.
MANIFEST_CALL = re.compile(r"waxwing_room\(manifest\b(.*?)\)", re.DOTALL)

# Foreign headers and the rooms where they live. The first matching pattern decides; tests/<room> may what <room> may.
# Cap'n Proto's messages go where signed or encrypted layouts are made; its RPC and KJ's event loop stay in rpc and client.
FOREIGN = [
    (r"sodium", ["crypto", "constant_time"]),
    (r"openssl/", ["crypto"]),
    (r"sqlcipher/|sqlite3", ["store", "sim"]),
    (r"signal/", ["session", "fuzz", "vectors", "interop", "mutations", "constant_time"]),
    (r"capnp/(rpc|ez-rpc|capability|serialize-async|membrane)|kj/(async|timer|compat/)", ["rpc", "client", "tests", "bench"]),
    (r"capnp/|kj/", ["session", "rpc", "client", "tests", "bench"]),
    (r"nlohmann/", ["tools", "tests"]),
    (r"CLI/|spdlog/|fmt/|toml\+\+/|prometheus/|qrencode|benchmark/", ["tools"]),
    (r"gtest/|gmock/", ["tests"]),
]

# Linked PRIVATE: no header that another room can reach may bring these in.
PRIVATE = re.compile(r"sodium|openssl/|sqlcipher/|sqlite3|signal/")

# Calls that nobody makes, and why.
FORBIDDEN_CALLS = [
    (re.compile(r"\bsignal_buffer_free\b"), "leaves what the buffer held in memory; signal_buffer_bzero_free wipes it"),
]

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
SUFFIXES = {".h", ".hpp", ".cc", ".c"}
HEADERS = (".h", ".hpp")


def part_of(path, manifest_stems):
    """The part that owns `path`, or None."""
    folder, _, name = path.rpartition("/")
    if folder == "session" and name.split(".")[0] in manifest_stems:
        return "manifest"
    owners = [part for part in PARTS if path.startswith(part + "/")]
    return max(owners, key=len, default=None)


def room_of(path):
    """Where a file's foreign libraries are judged: tests/crypto/x.cc counts as crypto and as tests; tools/bench/x.cc as
    bench and as tools."""
    pieces = path.split("/")
    return {pieces[0], pieces[1]} if pieces[0] in ("tests", "tools") and len(pieces) > 2 else {pieces[0]}


def foreign_homes(header):
    for pattern, homes in FOREIGN:
        if re.match(pattern, header):
            return homes
    return None


def may_include(owner, target):
    return target == owner or "*" in PARTS[owner] or target in PARTS[owner]


def offences(sources, manifest_stems):
    """`sources` maps paths from the root to texts."""
    includes = {path: INCLUDE.findall(text) for path, text in sources.items()}
    found = []
    for path, lines in sorted(includes.items()):
        owner = part_of(path, manifest_stems)
        if owner is None:
            found.append(f"{path}: lies in no part of the house; name its part in tests/layers.py")
            continue
        for own, foreign in lines:
            if own:
                target = part_of(own, manifest_stems)
                if target is None:
                    found.append(f'{path}: "{own}" is not a path from the root')
                elif not may_include(owner, target):
                    found.append(f'{path}: {owner} may not include {target} ("{own}")')
            else:
                homes = foreign_homes(foreign)
                if homes is not None and not room_of(path) & set(homes):
                    found.append(f"{path}: <{foreign}> lives in {', '.join(homes)} only")
        found += leaks(path, includes)
    return found + forbidden_calls(sources)


def forbidden_calls(sources):
    return [
        f"{path}: {call.group()} {why}"
        for path, text in sorted(sources.items())
        for pattern, why in FORBIDDEN_CALLS
        if (call := pattern.search(text))
    ]


def leaks(path, includes):
    """Private foreign headers that reach `path` from outside through other rooms' headers."""
    seen, waiting, found = {path}, [path], []
    while waiting:
        current = waiting.pop()
        for own, foreign in includes.get(current, []):
            if own and own not in seen and own.endswith(HEADERS):
                seen.add(own)
                waiting.append(own)
            if foreign and PRIVATE.match(foreign) and not room_of(path) & set(foreign_homes(foreign)):
                if current != path:
                    found.append(f"{path}: gets <{foreign}> through {current}")
    return found


def read_house(root):
    rooms = sorted({part.split("/")[0] for part in PARTS if part != "manifest"})
    files = [file for room in rooms for file in (root / room).rglob("*") if file.suffix in SUFFIXES]
    return {file.relative_to(root).as_posix(): file.read_text(encoding="utf-8") for file in files}


def manifest_stems_in(cmake_text):
    call = MANIFEST_CALL.search(cmake_text)
    if call is None:
        sys.exit("layers: session/CMakeLists.txt has no waxwing_room(manifest …)")
    return {name.split(".")[0] for name in re.findall(r"[\w.]+\.(?:cc|h|capnp)\b", call.group(1))}


def self_test():
    """A check that never complains is worth nothing: each of these must be found, and the good house must pass."""
    good = {
        "crypto/a.h": "#pragma once\n#include <vector>\n",
        "crypto/a.cc": '#include "crypto/a.h"\n#include <sodium.h>\n',
        "session/manifest.h": '#include "crypto/a.h"\n',
        "rpc/relay/r.cc": '#include "session/manifest.h"\n#include "store/relay/m.h"\n#include <kj/async.h>\n',
        "store/relay/m.h": '#include "store/s.h"\n',
        "store/s.h": "",
        "session/s.cc": "signal_buffer_bzero_free(buffer);\n",
        "tests/crypto/a_test.cc": '#include "crypto/a.h"\n#include <gtest/gtest.h>\n#include <sodium.h>\n',
    }
    bad = [
        {"crypto/b.cc": '#include "store/s.h"\n'},
        {"store/b.cc": "#  include <openssl/evp.h>\n"},
        {"store/b.cc": '#include "store/relay/m.h"\n'},
        {"rpc/relay/b.cc": '#include "session/ratchet.h"\n'},
        {"rpc/relay/b.cc": '#include "outbox/link.h"\n'},
        {"rpc/link/b.cc": '#include "store/s.h"\n'},
        {"session/manifest.h": '#include "store/s.h"\n'},
        {"session/b.cc": "#include <capnp/rpc-twoparty.h>\n"},
        {"outbox/b.cc": "#include <kj/async.h>\n"},
        {"client/b.cc": '#include "rpc/relay/r.h"\n'},
        {"client/b.cc": "#include <gtest/gtest.h>\n"},
        {"crypto/a.h": "#include <sodium.h>\n"},
        {"crypto/b.cc": '#include "a.h"\n'},
        {"session/b.cc": "using Buffer = SignalOwned<signal_buffer, signal_buffer_free>;\n"},
    ]
    assert offences(good, {"manifest"}) == [], offences(good, {"manifest"})
    for change in bad:
        assert offences(good | change, {"manifest"}), f"not found: {change}"
    assert manifest_stems_in("waxwing_room(manifest\n SOURCES a.cc b.cc\n CAPNP c.capnp)") == {"a", "b", "c"}


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = pathlib.Path(sys.argv[1])
    stems = manifest_stems_in((root / "session/CMakeLists.txt").read_text(encoding="utf-8"))
    found = offences(read_house(root), stems)
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
