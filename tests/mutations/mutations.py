#!/usr/bin/env python3
"""Deliberate faults, each of which the vectors alone must catch (README.md here).

    mutations.py SOURCE               builds waxwing-vectors with each fault of faults.toml in turn, and lets it verify
                                      tests/vectors; 0 only if every fault is caught by the kind that must catch it
    mutations.py SOURCE --only ID …   some of them
    mutations.py SOURCE --list        the table of docs/vectors.md
    mutations.py SOURCE --check       builds nothing: every text is where it should be, and the table is up to date

Works on a copy of SOURCE in a temporary directory, or in --scratch DIR, which is made and stays.
"""

import argparse
import collections
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = "waxwing-vectors"
LEAST_FAULTS = 30
VERIFY_SECONDS = 600
TABLE_HEAD = "| fault | is | in | caught by |\n|---|---|---|---|\n"


class Broken(Exception):
    """A list, a source or a build that says nothing about vectors."""


def read_faults():
    """The faults of faults.toml, in its order."""
    with open(HERE / "faults.toml", "rb") as file:
        return tomllib.load(file)["fault"]


def edited(text, edit, where):
    """A file's text with one edit made."""
    if "append" in edit:
        return text + edit["append"]
    found = text.count(edit["find"])
    if found != 1:
        raise Broken(f"{where}: found {found} times in {edit['file']}: {edit['find'].strip()}")
    changed = text.replace(edit["find"], edit["replace"])
    if changed == text:
        raise Broken(f"{where}: changes nothing")
    return changed


def edited_files(source, fault):
    """The changed text of each file that a fault touches."""
    texts = {}
    for edit in fault["edit"]:
        text = texts.get(edit["file"]) or (source / edit["file"]).read_text(encoding="utf-8")
        texts[edit["file"]] = edited(text, edit, fault["id"])
    return texts


def table(faults):
    """The faults as docs/vectors.md lists them."""
    return TABLE_HEAD + "".join(
        f"| `{fault['id']}` | {fault['fault']} | {', '.join(edit['file'] for edit in fault['edit'])} | "
        f"`{fault['kind']}` |\n" for fault in faults)


def check(source, faults):
    """Raises unless every fault still fits the sources and the documentation."""
    names = [fault["id"] for fault in faults]
    if len(set(names)) != len(names) or len(names) < LEAST_FAULTS:
        raise Broken(f"faults.toml: {len(set(names))} faults by {len(names)} names, at least {LEAST_FAULTS} are wanted")
    changes = collections.Counter()
    for fault in faults:
        if not (source / "tests" / "vectors" / f"{fault['kind']}.json").exists():
            raise Broken(f"{fault['id']}: there is no kind {fault['kind']}")
        changes[json.dumps(edited_files(source, fault), sort_keys=True)] += 1
    if len(changes) != len(faults):
        raise Broken("faults.toml: two faults are the same")
    if table(faults) not in (source / "docs" / "vectors.md").read_text(encoding="utf-8"):
        raise Broken("docs/vectors.md: its table of faults is another than mutations.py --list prints")


class Copy:
    """A copy of the sources with a build of its own."""

    def __init__(self, source, directory):
        self.source = directory / "source"
        self.build_directory = directory / "build"
        shutil.copytree(source, self.source, symlinks=True, ignore=shutil.ignore_patterns(".git", "build"))

    def configure(self):
        """A build that is quick to make: no optimisation, no warnings, no tests."""
        options = ["-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O0 -w", "-DWAXWING_TESTS=OFF",
                   "-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON"]
        if shutil.which("ccache"):
            options += ["-DCMAKE_C_COMPILER_LAUNCHER=ccache", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"]
        self._run("cmake", "-G", "Ninja", "-S", self.source, "-B", self.build_directory, *options)

    def build(self, jobs):
        """The program, as the sources now are."""
        self._run("ninja", f"-j{jobs}", "-C", self.build_directory, PROGRAM)

    def write(self, texts):
        """Gives files another text."""
        for name, text in texts.items():
            (self.source / name).write_text(text, encoding="utf-8")

    def verify(self):
        """The highest exit status, and the number of failing cases of each kind. Each file has a process of its own: where
        a fault ends one early, the others still say what they see."""
        statuses, failures = [], {}
        for path in sorted((self.source / "tests" / "vectors").glob("*.json")):
            command = [self.build_directory / "bin" / PROGRAM, "verify", "--json", path]
            done = subprocess.run(command, capture_output=True, text=True, timeout=VERIFY_SECONDS, check=False)
            statuses.append(abs(done.returncode))
            reports = [json.loads(line) for line in done.stdout.split("\n") if line]
            if any(report.get("bad") for report in reports):
                raise Broken(f"{path}: {reports[0]['bad']}")
            if reports and reports[0]["failures"]:
                failures[reports[0]["algorithm"]] = len(reports[0]["failures"])
        return max(statuses), failures

    @staticmethod
    def _run(*command):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Broken("\n".join((done.stdout + done.stderr).splitlines()[-30:]))


def try_fault(copy, fault, jobs):
    """What one fault does to the vectors, as a line, and whether it is caught."""
    changed = edited_files(copy.source, fault)
    originals = {name: (copy.source / name).read_text(encoding="utf-8") for name in changed}
    try:
        copy.write(changed)
        copy.build(jobs)
        status, failures = copy.verify()
    except (Broken, subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        return f"BROKEN  {fault['id']}: {error}", False
    finally:
        copy.write(originals)
    caught = status == 1 and failures.get(fault["kind"], 0) > 0
    cases = ", ".join(f"{kind} {count}" for kind, count in sorted(failures.items()))
    return f"{'caught ' if caught else 'MISSED '} {fault['id']}: {cases or 'nothing'} (exit status {status})", caught


def run(source, faults, directory, jobs):
    """Tries all faults; True if all are caught."""
    copy = Copy(source, directory)
    copy.configure()
    copy.build(jobs)
    status, failures = copy.verify()
    if status != 0:
        raise Broken(f"without any fault: exit status {status}, {failures}")
    print("without any fault every case holds", flush=True)
    missed = 0
    for fault in faults:
        line, caught = try_fault(copy, fault, jobs)
        print(line, flush=True)
        missed += not caught
    print(f"{len(faults)} faults, {len(faults) - missed} caught, {missed} not")
    return missed == 0


def main():
    """Exit status: 0 if all is as it should be, 1 if not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("--only", nargs="+", metavar="ID")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--scratch", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    source = options.source.resolve()
    faults = [fault for fault in read_faults() if not options.only or fault["id"] in options.only]
    try:
        if options.list:
            print(table(faults), end="")
            return 0
        if options.check:
            check(source, faults)
            return 0
        if options.scratch:
            options.scratch.mkdir(parents=True)  # an old build would not be of these sources
            return 0 if run(source, faults, options.scratch.resolve(), options.jobs) else 1
        with tempfile.TemporaryDirectory(prefix="waxwing-mutations-") as directory:
            return 0 if run(source, faults, pathlib.Path(directory), options.jobs) else 1
    except Broken as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
