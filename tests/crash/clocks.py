"""Clocks that are off by a year, or jump, at each of a sender, a receiver and a relay.

No message is lost, nobody's messages change their order, and nobody publishes keys over and over.
"""

import pathlib
import random
import re
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "process"))

from harness import LONG, Profile, World, introduce, main, sync_all  # noqa: E402
from shim import Shim  # noqa: E402

YEAR = 365 * 24 * 3600
JUMPS = 200 if LONG else 12
COMMIT = re.compile(r"commit of (\d+) operations")


class ClockProfile(Profile):
    """A profile with a clock of its own."""

    def __init__(self, world, name):
        super().__init__(world, name)
        self.clock = Shim(world.directory / f"{name}.page", world.directory / "no-such-directory")

    def environment(self, **more):
        return super().environment(**{**self.clock.environment, **more})


class Clocks(unittest.TestCase):
    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)
        self.relay_clock = Shim(self.world.directory / "relay.page", self.world.directory / "no-such-directory")
        self.relay = self.world.relay
        self.assertTrue(self.start_relay())
        self.a, self.b = ClockProfile(self.world, "alice").init(), ClockProfile(self.world, "bob").init()
        introduce(self.a, self.b)
        self.said = {self.a: [], self.b: []}
        self.calm = self.operations_of(self.exchange)

    def start_relay(self):
        return self.relay.start(more=["--log-level", "debug"], **self.relay_clock.environment)

    def say(self, one):
        text = f"{one.name} {len(self.said[one]):04}"
        one.send(self.b if one is self.a else self.a, text)
        self.said[one].append(text)

    def exchange(self):
        for _ in range(3):
            self.say(self.a)
            self.say(self.b)
        # Two rounds bring a message and its receipt; keys that are too old by a new clock may cost one more.
        sync_all(self.a, self.b, rounds=3)

    def operations_of(self, act):
        """How many operations the relay had to commit for it: keys that are published again and again show here."""
        before = self.operations()
        act()
        return self.operations() - before

    def operations(self):
        return sum(int(count) for count in COMMIT.findall(self.relay.log.read_text()))

    def check(self):
        for one, other in ((self.a, self.b), (self.b, self.a)):
            self.assertEqual(one.texts(other, mine=True), self.said[one])
            self.assertEqual(other.texts(one, mine=False), self.said[one])
            self.assertEqual(set(one.states(other).values()), {"delivered"})
            self.assertFalse({"hole", "gap", "unreadable"} & set(one.kinds(other)), one.kinds(other))

    def exchange_calmly(self):
        # A new clock may bring one more round of whatever is due by the clock: keys, access keys, anchors.
        self.assertLessEqual(self.operations_of(self.exchange), 2 * self.calm + 12)
        self.check()

    def test_a_sender_a_year_off_and_back(self):
        for years in (1, 0, -1, 0):
            with self.subTest(years=years):
                self.a.clock.shift_clock(years * YEAR)
                self.exchange_calmly()

    def test_a_relay_a_year_off_and_back(self):
        for years in (1, 0, -1, 0):
            with self.subTest(years=years):
                self.relay_clock.shift_clock(years * YEAR)
                self.exchange_calmly()
                self.assertEqual(self.relay.stop(), 0)
                self.assertTrue(self.start_relay())
                self.exchange_calmly()

    def test_a_clock_that_jumps_while_the_program_runs(self):
        dice = random.Random(7)
        for jumping in (self.a.clock, self.b.clock, self.relay_clock):
            with self.subTest():
                self.assertLessEqual(self.operations_of(lambda: self.follow_through(jumping, dice)),
                                     self.calm * (2 + JUMPS) + 12)
                jumping.shift_clock(0)
                sync_all(self.a, self.b, rounds=2)
                self.check()

    def follow_through(self, clock, dice):
        """Both stay on line and write while the clock jumps, mostly backwards."""
        following = {one: one.start("sync", "--follow", "--to", other.name, stdin=subprocess.PIPE)
                     for one, other in ((self.a, self.b), (self.b, self.a))}
        for jump in range(JUMPS):
            clock.shift_clock(dice.choice([-YEAR, -3600, -60, 0, 60, YEAR]) - jump)
            for one, process in following.items():
                text = f"{one.name} {len(self.said[one]):04}"
                process.stdin.write(text.encode() + b"\n")
                process.stdin.flush()
                self.until(process, b'"queued"')
                self.said[one].append(text)
            time.sleep(0.05)
        for process in following.values():
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0)

    def until(self, process, wanted):
        for line in process.stdout:
            if wanted in line:
                return
        self.fail(process.stderr.read())


if __name__ == "__main__":
    main()
