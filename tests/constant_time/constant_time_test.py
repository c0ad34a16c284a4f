#!/usr/bin/env python3
"""Runs each scenario of constant_time.cc under memcheck: no branch and no index may depend on a secret, and where one
does, memcheck must say so.

    constant_time_test.py PROGRAM
"""

import shutil
import subprocess
import sys

SKIPPED = 77
REPORTED = 99
MEMCHECK = ("valgrind", "--quiet", "--tool=memcheck", f"--error-exitcode={REPORTED}", "--leak-check=no")


def scenarios(program):
    """Names, and whether memcheck must report something."""
    listed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    return [(name, kind == "leaks") for kind, name in (line.split() for line in listed.splitlines())]


def main():
    """Exit status: 0, 1 if a secret shows or a leak does not, 77 where there is no valgrind."""
    program = sys.argv[1] if len(sys.argv) > 1 else ""
    if not program:
        print("skipped: this build has a sanitizer, or valgrind's header was not there when it was configured")
        return SKIPPED
    if shutil.which("valgrind") is None:
        print("skipped: valgrind is not installed (tools/setup.sh)")
        return SKIPPED
    wrong = 0
    for name, leaks in scenarios(program):
        done = subprocess.run([*MEMCHECK, program, name], capture_output=True, text=True, check=False)
        good = done.returncode == (REPORTED if leaks else 0)
        wrong += not good
        print(f"{'ok   ' if good else 'WRONG'} {name}: {'reported' if done.returncode == REPORTED else 'nothing reported'}"
              f" (exit status {done.returncode})")
        if not good:
            print(done.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
