"""Runs cases at every n of a failing call: what nth_call_fails.py does for client and relay alike."""

import argparse
import json
import os
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "process"))

from harness import BIN, LONG  # noqa: E402
from shim import ALWAYS, ERRORS, Kind  # noqa: E402

# What a failing disk may be called. Anything else would be a false answer.
# mustReopen: it failed while nobody waited, and nothing works any more.
DISK_ERRORS = {"storeFailed", "storeFull", "unwritable", "mustReopen"}


class Broken(Exception):
    """A promise that was not kept."""


def require(is_so, what):
    if not is_so:
        raise Broken(what)


class Plan:
    """Which calls fail, and how. `lasting`: all calls from the n-th on fail, until the disk is mended."""

    def __init__(self, kinds, error, lasting=False, lossy=False):
        self.kinds = kinds
        self.error = error
        self.lasting = lasting
        self.lossy = lossy

    def arm(self, shim, n):
        shim.fail(self.kinds, ERRORS[self.error], n, ALWAYS if self.lasting else 1, self.lossy)

    def __str__(self):
        return (f"{self.kinds.name.lower() if self.kinds.name else 'any call'} {self.error}"
                f"{', lasting' if self.lasting else ''}{', unsynced data lost' if self.lossy else ''}")


ALL = Kind.OPEN | Kind.WRITE | Kind.SYNC | Kind.TRUNCATE | Kind.RENAME | Kind.READ | Kind.STAT
PLANS = [Plan(kind, error, lasting)
         for kind, errors in ((Kind.OPEN, ["EIO", "ENOSPC"]), (Kind.WRITE, ["EIO", "ENOSPC", "short"]),
                              (Kind.SYNC, ["EIO"]), (Kind.TRUNCATE, ["EIO"]), (Kind.RENAME, ["EIO", "ENOSPC"]),
                              (Kind.READ, ["EIO"]), (Kind.STAT, ["EIO"]))
         for error in errors for lasting in (False, True)]
PLANS += [Plan(Kind.SYNC, error, lasting, lossy=True) for error in ("EIO", "ENOSPC") for lasting in (False, True)]
PLANS += [Plan(ALL, "EIO", lasting=True, lossy=True)]


class Case:
    """One thing to do while the disk fails. `act` returns what `verify` wants to know."""

    name = ""
    shim = None

    def prepare(self):
        """With a good disk: what is needed before."""

    def act(self):
        raise NotImplementedError

    def verify(self, outcome, struck):
        """With a good disk again: that nothing false was said, and that all works and is there once."""
        raise NotImplementedError


class Tally:
    def __init__(self):
        self.tries = 0
        self.points = {}  # case → {"write waxwing.db-wal": times}

    def count(self, case, shim):
        points = self.points.setdefault(case.name, {})
        if shim.struck:
            points[shim.where] = points.get(shim.where, 0) + 1

    def show(self):
        for case, points in self.points.items():
            listed = ", ".join(f"{where} {times}" for where, times in sorted(points.items()))
            print(f"  {case}: {sum(points.values())} faults ({listed})")


def once(case, plan, n, tally):
    """True if the n-th call still happened."""
    case.prepare()
    plan.arm(case.shim, n)
    try:
        outcome = case.act()
    finally:
        case.shim.mend()
    struck = case.shim.struck
    tally.tries += 1
    tally.count(case, case.shim)
    where = case.shim.where
    try:
        case.verify(outcome, struck > 0)
    except Exception as failure:
        raise Broken(f"{case.name}, {plan}, call {n} ({where}, {struck} failed): {failure}") from failure
    return struck > 0


def every_call(case, plan, options, tally):
    n = options.first
    while once(case, plan, n, tally):
        n += 1


def some_calls(case, options, tally, dice):
    """Dice choose which call of which plan fails; if there were fewer calls, which of those that there were."""
    for _ in range(options.each):
        plan = dice.choice(PLANS)
        if not once(case, plan, dice.randint(1, 12), tally) and case.shim.seen > 0:
            once(case, plan, dice.randint(1, case.shim.seen), tally)


def run_cases(kinds, new_stage, options, tally):
    """`new_stage` makes a world for a case and a plan: what piles up in one would make each try slower than the last."""
    begun = time.monotonic()
    dice = random.Random(options.seed)
    for kind in kinds:
        if options.case and kind.name not in options.case:
            continue
        if options.each:
            with new_stage() as stage:
                some_calls(stage.case(kind), options, tally, dice)
            print(f"{kind.name}: done after {tally.tries} tries, {time.monotonic() - begun:.0f} s", flush=True)
        for plan in PLANS if not options.each else []:
            if options.plan in str(plan):
                with new_stage() as stage:
                    every_call(stage.case(kind), plan, options, tally)
                print(f"{kind.name}, {plan}: done after {tally.tries} tries, {time.monotonic() - begun:.0f} s", flush=True)
    print(f"clean: {tally.tries} tries, {time.monotonic() - begun:.0f} s; calls that failed:")
    tally.show()


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", choices=["client", "relay"])
    parser.add_argument("--each", type=int, default=0 if LONG else 2, help="faults per case, at random; 0: every call of every plan")
    parser.add_argument("--case", action="append", help="only this one; repeatable")
    parser.add_argument("--plan", default="", help="only plans with this in their name")
    parser.add_argument("--first", type=int, default=1, help="the first n")
    parser.add_argument("--seed", type=int,
                        default=int(os.environ.get("WAXWING_SEED", random.SystemRandom().getrandbits(32))))
    if not (BIN / "waxwing-test-shim.so").exists():
        sys.exit(f"no programs in {BIN}; name their directory with WAXWING_BIN")
    return parser.parse_args()


def require_disk_error(done):
    """A command that failed told why, in one line and as a code."""
    lines = done.stderr.decode().splitlines()
    require(done.returncode == 1, f"status {done.returncode}: {lines}")
    require(len(lines) == 1 and lines[0].startswith("waxwing: "), f"standard error has {lines}")
    codes = [json.loads(line)["error"]["code"] for line in done.stdout.splitlines() if b'"error"' in line]
    require(len(codes) == 1 and codes[0] in DISK_ERRORS, f"{codes}: {lines}")
