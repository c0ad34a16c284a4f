"""The shim itself, on a process that does what a careless program would do: believes in a sync that succeeds after one that failed."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "process"))

from shim import ERRORS, LIBRARY, Kind, Shim  # noqa: E402

# Each line of the program is a step; syncs tell what they gave.
PRELUDE = """
import os, sys
def open_again(): return os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
def put(fd, text, at): os.pwrite(fd, text, at)
def sync(fd):
    try: os.fsync(fd)
    except OSError as failure: print("failed", failure.errno)
    else: print("synced")
one = open_again()
"""


class LossOnFailedSync(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="waxwing-shim."))
        self.addCleanup(shutil.rmtree, self.directory)
        (self.directory / "data").mkdir()
        self.file = self.directory / "data" / "file"
        self.shim = Shim(self.directory / "page", self.directory / "data")

    def run_failing_sync(self, first, program):
        """Which syncs failed, by what the program says, and what the file has then."""
        self.shim.fail(Kind.SYNC, ERRORS["EIO"], first, lossy=True)
        done = subprocess.run([sys.executable, "-c", PRELUDE + program, self.file], capture_output=True, check=True,
                              env={**os.environ, **self.shim.environment})
        return [line == b"synced" for line in done.stdout.splitlines()], self.file.read_bytes()

    def test_what_was_not_synced_is_gone_although_the_next_sync_succeeds(self):
        synced, data = self.run_failing_sync(2, """
put(one, b"first", 0)
sync(one)
put(one, b"FIRST, second", 0)
sync(one)
sync(one)
""")
        self.assertEqual((synced, data.rstrip(b"\0")), ([True, False, True], b"first"))

    def test_what_is_written_again_after_the_failure_is_kept(self):
        synced, data = self.run_failing_sync(1, """
put(one, b"first", 0)
sync(one)
put(one, b"again", 0)
sync(one)
""")
        self.assertEqual((synced, data), ([False, True], b"again"))

    def test_a_sync_through_another_descriptor_counts(self):
        synced, data = self.run_failing_sync(2, """
put(one, b"first", 0)
two = open_again()
sync(two)
put(two, b"SE", 0)
put(one, b"CO", 2)
sync(one)
""")
        self.assertEqual((synced, data), ([True, False], b"first"))

    def test_a_plan_without_loss_only_fails(self):
        self.shim.fail(Kind.SYNC, ERRORS["EIO"], 1)
        subprocess.run([sys.executable, "-c", PRELUDE + "put(one, b'first', 0)\nsync(one)\n", self.file], check=True,
                       capture_output=True, env={**os.environ, **self.shim.environment})
        self.assertEqual(self.file.read_bytes(), b"first")


if __name__ == "__main__":
    if not LIBRARY.exists():
        sys.exit(f"no {LIBRARY}; name its directory with WAXWING_BIN")
    unittest.main(verbosity=2)
