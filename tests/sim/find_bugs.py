#!/usr/bin/env python3
"""Puts each deliberate bug (crypto/mutation.h) into the product in turn and counts the seeds until the simulator finds it.

Usage: find_bugs.py WAXWING_SIMULATE [--seeds 500] [--steps 1000] [BUG…]

Exits with 1 if a bug is not found within that many seeds. A simulator that finds nothing is suspect.
"""

import argparse
import re
import subprocess
import sys
import time

# What a bug needs to show, beside what excuses nothing.
FAULTS = {
    "forgetAnchor": "strict,restore",
    "encryptWithSpentKey": "strict,restore",
    "hideHoles": "strict,drop",
}
# Bugs that only show where something else is left alone.
EXACTLY = {
    "acknowledgeBeforeCommit": "disk,full,crash,power",
    "answerBeforeSync": "power,relayPower,cut",
    "dropReceiptOnCrash": "crash,power",
    "knownBeforeStored": "mailboxFull,silence,cut",
    "overtakeFull": "mailboxFull,silence,cut",
    "seenUnproven": "forge,cut",
    "skipSavepoint": "forge,cut",
    "trustStaleManifest": "oldManifest,silence,cut",
    "oneTimeKeyTwice": "cut,silence",
}


def bugs_of(program):
    text = subprocess.run([program, "--list"], check=True, capture_output=True, text=True).stdout
    return text.split("bugs:\n")[1].split()


def command_for(program, bug, first, seeds, steps):
    faults = EXACTLY.get(bug) or FAULTS.get(bug, "strict")
    command = [program, "--faults", faults, "--steps", str(steps), "--seed", str(first), "--seeds", str(seeds)]
    return command + ["--first", "--quiet"]


def run(command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)} ended with {result.returncode}: {result.stderr}")
    found = re.search(r"^seed (\d+) FAILED: (.*)$", result.stdout, re.MULTILINE)
    return (int(found.group(1)), found.group(2)) if found else None


def find(program, bug, seeds, steps):
    """The first seed that fails with the bug. It must be clean without it, or it says nothing of the bug."""
    found = run(command_for(program, bug, 1, seeds, steps) + ["--bug", bug])
    if found and run(command_for(program, bug, found[0], 1, steps)):
        sys.exit(f"seed {found[0]} fails without {bug} as well: {found[1]}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("bugs", nargs="*")
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--steps", type=int, default=1000)
    arguments = parser.parse_args()
    missed = 0
    for bug in arguments.bugs or bugs_of(arguments.program):
        begin = time.monotonic()
        found = find(arguments.program, bug, arguments.seeds, arguments.steps)
        took = time.monotonic() - begin
        if found:
            print(f"{bug:25} seed {found[0]:4} {took:6.1f} s  {found[1][:110]}", flush=True)
        else:
            missed += 1
            print(f"{bug:25} NOT FOUND in {arguments.seeds} seeds, {took:.1f} s", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
