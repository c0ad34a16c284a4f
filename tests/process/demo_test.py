"""tools/demo.sh, as a newcomer sees it."""

import os
import pathlib
import subprocess
import unittest

from harness import BIN, main

DEMO = pathlib.Path(__file__).resolve().parents[2] / "tools/demo.sh"


class Demo(unittest.TestCase):
    def test_it_tells_its_story_on_one_screen_and_cleans_up(self):
        env = dict(os.environ, WAXWING_BIN=str(BIN))
        for name in ("HOME", "WAXWING_PASSPHRASE", "WAXWING_KILL_AT"):
            env.pop(name, None)
        done = subprocess.run([DEMO], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
                              start_new_session=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stderr, "")
        lines = done.stdout.splitlines()
        self.assertLessEqual(len(lines), 40)
        self.assertLessEqual(max(map(len, lines)), 132)
        for word in ("Pending (no network)", "Sent", "Delivered", "Read", "found in 0"):
            self.assertIn(word, done.stdout)
        directory = done.stdout.split()[-4]
        self.assertTrue(directory.startswith("/"), directory)
        self.assertFalse(os.path.exists(directory))


if __name__ == "__main__":
    main()
