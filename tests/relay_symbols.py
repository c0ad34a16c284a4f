#!/usr/bin/env python3
"""The relay links nothing of libsignal, of outbox/, or of session/ beyond the manifest target.

Usage: relay_symbols.py RELAY CONTROL – CONTROL is a program that does link them, so that the check is known to see."""

import re
import subprocess
import sys

SIGNAL = re.compile(r"\b(signal_|session_cipher|session_builder|curve_calculate|libsignal)")
ROOMS = re.compile(r"waxwing::(Outbox|Ratchet|OwnDevice|ManifestBook|PreKeys|Anchors|Link)\b")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def offences(program):
    found = [line for line in output("nm", "-C", program).splitlines() if SIGNAL.search(line) or ROOMS.search(line)]
    found += [line for line in output("readelf", "-d", program).splitlines() if "NEEDED" in line and "signal" in line]
    return found


def main():
    relay, control = sys.argv[1:3]
    if not offences(control):
        sys.exit("relay_symbols: nothing found in the control program either; the patterns are out of date")
    for line in offences(relay):
        print(f"relay_symbols: {line.strip()}")
    sys.exit(1 if offences(relay) else 0)


if __name__ == "__main__":
    main()
