"""tools/demo.sh, as a newcomer sees it."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from harness import BIN, main

DEMO = pathlib.Path(__file__).resolve().parents[2] / "tools/demo.sh"


class Demo(unittest.TestCase):
    def run_demo(self, **more):
        env = dict(os.environ, WAXWING_BIN=str(BIN), **more)
        for name in ("HOME", "WAXWING_PASSPHRASE", "WAXWING_KILL_AT"):
            env.pop(name, None)
        return subprocess.run([DEMO], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
                              start_new_session=True)

    def test_it_tells_its_story_on_one_screen_and_cleans_up(self):
        done = self.run_demo()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stderr, "")
        lines = done.stdout.splitlines()
        self.assertLessEqual(len(lines), 40)
        self.assertLessEqual(max(map(len, lines)), 132)
        for word in ("Pending (no network)", "Sent", "Delivered", "Read", "in 0 of the relay's files"):
            self.assertIn(word, done.stdout)
        directory = done.stdout.split()[-4]
        self.assertTrue(directory.startswith("/"), directory)
        self.assertFalse(os.path.exists(directory))

    def test_a_search_that_does_not_work_proves_nothing(self):
        """grep as it is, but for the search through the relay's directory."""
        real = shutil.which("grep")
        searches = {
            "fails half way": f'{real} "$@"; exit 2',
            "finds nothing": "exit 1",
        }
        for name, search in searches.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as directory:
                grep = pathlib.Path(directory, "grep")
                grep.write_text(f'#!/bin/sh\ncase $1 in -r*) {search} ;; *) exec {real} "$@" ;; esac\n')
                grep.chmod(0o755)
                done = self.run_demo(PATH=f"{directory}:{os.environ['PATH']}")
                self.assertNotEqual(done.returncode, 0)
                self.assertNotIn("in 0 of the relay's files", done.stdout)


if __name__ == "__main__":
    main()
