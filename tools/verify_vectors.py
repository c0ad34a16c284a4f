#!/usr/bin/env python3
"""Checks Waxwing's test vectors with an implementation of its own, written from docs/protocol.md.

    tools/verify_vectors.py [--slow] [--explain] [FILE|DIR …]

Without a path it takes tests/vectors beside this program's directory. It prints a line for each kind, and one for each
case with which it does not agree. Exit status: 0 if it agrees with every case, 1 if not, 2 for a wrong command line.
Needs Python 3.11 and python3-cryptography 38 or newer. See docs/vectors.md, A second opinion.
"""

import argparse
import pathlib
import sys

from second_opinion.claims import KINDS
from second_opinion.refusal import CannotDecide, Refused
from second_opinion.vector_file import BadFile, Case, read_vector_file

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "tests" / "vectors"


def say(text):
    """A line; what a file brought may not move the cursor."""
    print("".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text))


def opinion(check, case, slow):
    """None if the claim of a case holds, otherwise the refusal."""
    instance = Case(case, slow)
    try:
        check(instance)
    except Refused as refusal:
        return refusal
    if unused := instance.unused():
        raise BadFile(f"{unused[0]} has no part in the claim")
    return None


def disagreement(case, refusal):
    """How that differs from what the case says; None if it does not."""
    if case["result"] == "valid":
        return None if refusal is None else f"refused: {refusal}"
    if refusal is None:
        return "accepted"
    return None if refusal.reason == case["reason"] else f"refused for another reason: {refusal}"


def explain(kind, case, refusal):
    """One case in a line."""
    say(f"  {kind} {case['tcId']}: {case['comment'] or case['result']}: {refusal or 'holds'}")


def check_case(kind, case, options):
    """"agree", "not computed", or what is wrong."""
    try:
        refusal = opinion(KINDS[kind], case, options.slow)
    except CannotDecide:
        return "not computed"
    except BadFile as error:
        return f"cannot be judged: {error}"
    except Exception as error:  # pylint: disable=broad-except  # nothing in one case may hide the others
        return f"cannot be judged: {type(error).__name__}: {error}"
    if options.explain:
        explain(kind, case, refusal)
    return disagreement(case, refusal) or "agree"


def check_file(path, options):
    """Prints the line of a file; whether it agrees, how many cases were computed, and how many were not."""
    try:
        kind, cases = read_vector_file(path)
        if kind not in KINDS:
            raise BadFile(f"an unknown kind, {kind!r}")
    except (BadFile, OSError) as error:
        say(f"{path}: {error}")
        return False, 0, 0
    outcomes = [check_case(kind, case, options) for case in cases]
    valid = sum(case["result"] == "valid" for case in cases)
    agree, not_computed = outcomes.count("agree"), outcomes.count("not computed")
    print(f"{kind}: {len(cases)} cases, {valid} valid, {len(cases) - valid} invalid, {agree} agree" +
          (f", {not_computed} not computed (--slow)" if not_computed else ""))
    for case, outcome in zip(cases, outcomes):
        if outcome not in ("agree", "not computed"):
            say(f"  {kind} {case['tcId']} ({case['result']}, {case['comment']!r}): {outcome}")
    return agree + not_computed == len(cases), len(cases) - not_computed, not_computed


def files_of(paths):
    """The files that are meant; a directory stands for its *.json."""
    files = []
    for path in paths:
        files += sorted(path.glob("*.json")) if path.is_dir() else [path]
    return files


def main():
    """Reads the command line and checks."""
    parser = argparse.ArgumentParser(description="Checks Waxwing's test vectors without Waxwing.")
    parser.add_argument("--slow", action="store_true", help="also Argon2id with 16 and 64 MiB: some minutes")
    parser.add_argument("--explain", action="store_true", help="a line for each case, and why it is refused")
    parser.add_argument("paths", nargs="*", type=pathlib.Path, metavar="FILE|DIR", default=[VECTORS])
    options = parser.parse_intermixed_args()
    results = [check_file(path, options) for path in files_of(options.paths)]
    if not results:
        parser.error("no files of test vectors there")
    computed, not_computed = (sum(result[place] for result in results) for place in (1, 2))
    if not_computed:
        print(f"{not_computed} cases were not computed: Argon2id takes minutes here. --slow computes them.")
    agrees = computed > 0 and all(agree for agree, _, _ in results)
    print("agrees with every case" + (" that was computed" if not_computed else "") if agrees else "DISAGREES")
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
