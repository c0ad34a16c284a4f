#!/usr/bin/env python3
"""Waxwing's session layer against one other implementation (README.md). Installs the npm packages of package.json into
a directory of the build, once, and runs interop.mjs on them.

Usage: interop.py LIBRARY --peer PROGRAM --modules DIR [--messages N] [--seed N] [--as-published]
                  [--itself]
Exits with 77, saying why, where Node or the packages are not to be had.
"""

import argparse
import fcntl
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
SKIPPED = 77
OLDEST_NODE = 18
INSTALL_SECONDS = 240


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def require_node():
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            skip(f"{program} is not installed")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < OLDEST_NODE:
        skip(f"node {version} is older than {OLDEST_NODE}")


def install(modules):
    wanted = (HERE / "package.json").read_text()
    done = modules / "installed.json"  # a copy of what was asked for, written last
    modules.mkdir(parents=True, exist_ok=True)
    with open(modules / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists() and done.read_text() == wanted:
            return
        (modules / "package.json").write_text(wanted)
        run_npm(modules)
        done.write_text(wanted)


def run_npm(modules):
    # No package may run a program of its own while it is installed: the one that is binary brings its binary along.
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock", "--fetch-retries=1"]
    try:
        result = subprocess.run(
            ["npm", "install", *options], cwd=modules, capture_output=True, text=True, timeout=INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired:
        skip(f"the packages did not arrive within {INSTALL_SECONDS} s")
    if result.returncode != 0:
        skip(f"npm could not install the packages:\n{result.stdout}{result.stderr}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("library", choices=["libsignal", "privacyresearch", "signalapp"])
    parser.add_argument("--peer", required=True)
    parser.add_argument("--modules", required=True, type=pathlib.Path)
    arguments, rest = parser.parse_known_args()
    require_node()
    install(arguments.modules.resolve())
    driver = ["node", HERE / "interop.mjs", arguments.library, "--peer", arguments.peer, "--modules", arguments.modules]
    sys.exit(subprocess.run([*driver, *rest]).returncode)


if __name__ == "__main__":
    main()
