"""Kills at every named commit point (store/database.h) of both programs, in the middle of a whole life.

In each run every command is tried with the kill first; whoever died is run again, as a person would. In the end all that was
sent is there, once, in order, and the states are true.
"""

import json
import subprocess
import unittest

from harness import BIN, CHEAP, LONG, Killed, Profile, World, main

OLDER_SCHEMA = BIN / "waxwing-test-older-schema"

# Which passing of a point kills, counted anew in each process.
ONCE = [1]
OFTEN = [1, 2, 3, 5] if LONG else [1, 2]
CLIENT_POINTS = {"createDatabase": OFTEN, "createProfile": ONCE, "compose": ONCE, "contacts": ONCE, "prepare": OFTEN,
                 "answer": OFTEN, "receive": OFTEN, "anchor": OFTEN, "keys": OFTEN}
DEVICE_POINTS = ["devices", "createDatabase"]
RELAY_POINTS = ["createDatabase", "accept"]


class Life:
    """A world in which every command is killed once where it can be."""

    def __init__(self, client_kill=None, relay_kill=None):
        self.world = World()
        self.client_kill = client_kill
        self.relay_kill = relay_kill
        self.kills = 0
        self._start_relay()

    def close(self):
        self.world.close()

    def try_killed(self, profile, *arguments, stdin=b""):
        """True if the command came through in spite of the kill that was asked for."""
        if not self.client_kill:
            return False
        try:
            done = profile.run(*arguments, stdin=stdin, WAXWING_KILL_AT=self.client_kill)
        except Killed:
            self.kills += 1
            return False
        return done.returncode == 0

    def do(self, profile, *arguments, is_done=lambda: False, stdin=b""):
        """Runs a command to its end, however often it is killed. `is_done`: whether a killed one had its effect."""
        if self.try_killed(profile, *arguments, stdin=stdin) or is_done():
            return None
        return profile.ok(*arguments, stdin=stdin)

    def init(self, name):
        profile = Profile(self.world, name)
        self.do(profile, "init", "--relay", self.world.relay.address, *CHEAP,
                is_done=lambda: profile.run("status").returncode == 0)
        profile.account = profile.ok("status")["account"]
        return profile

    def sync(self, *profiles):
        for profile in profiles:
            self.try_killed(profile, "sync")
            for _ in range(100):
                self._mend_relay()
                done = profile.run("--json", "sync")
                assert done.returncode in (0, 3), done.stderr
                if done.returncode == 0 and self.world.relay.is_running():
                    break  # a relay that died in the middle may have been too early for some queue
            else:
                raise AssertionError("the relay never came to rest")

    def send(self, profile, to, text):
        self.do(profile, "send", to.name, text, is_done=lambda: text in profile.texts(to, mine=True))

    def introduce(self, a, b):
        self.try_killed(a, "invite")
        invite = a.ok("invite")["invite"]
        self.sync(a)
        self.do(b, "contact", "add", a.name, invite, is_done=lambda: bool(b.ok("contact", "list")["contacts"]))
        self.sync(b, a)
        accepted = lambda: a.ok("contact", "list")["contacts"][0]["state"] == "accepted"
        self.do(a, "contact", "accept", b.account, b.name, is_done=accepted)
        self.sync(a, b)

    def talk(self, a, b):
        """Both ways, with answers in between, on line and off."""
        for turn in range(3):
            for number in range(2):
                self.send(a, b, f"a{turn}{number}")
                self.send(b, a, f"b{turn}{number}")
            self.sync(a, b, a)
        for reader, writer in ((b, a), (a, b)):
            self.try_killed(reader, "read", writer.name)
            reader.ok("read", writer.name)
        self.sync(b, a, b, a)

    def _start_relay(self):
        """Each relay is killed one commit later than the one before it, so that in the end it gets through."""
        for _ in range(20):
            kill_at = f"{self.relay_kill}:{self.kills + 1}" if self.relay_kill else None
            if self.world.relay.start(kill_at=kill_at):
                return
            self.kills += 1
        raise AssertionError("the relay never came up")

    def _mend_relay(self):
        if not self.world.relay.is_running():
            self.kills += 1
            self._start_relay()


class Kills(unittest.TestCase):
    def check(self, a, b):
        for one, other, letter in ((a, b, "a"), (b, a, "b")):
            sent = [f"{letter}{turn}{number}" for turn in range(3) for number in range(2)]
            self.assertEqual(one.texts(other, mine=True), sent)
            self.assertEqual(other.texts(one, mine=False), sent)
            self.assertEqual(one.states(other), {text: "read" for text in sent})
            self.assertEqual(one.ok("outbox")["items"], [])
            self.assertNotIn("hole", one.kinds(other))

    def live(self, **kill):
        life = Life(**kill)
        try:
            a, b = life.init("alice"), life.init("bob")
            life.introduce(a, b)
            life.talk(a, b)
            self.check(a, b)
        finally:
            life.close()
        return life.kills

    def test_client(self):
        for point, times in CLIENT_POINTS.items():
            for edge in ("before", "after"):
                kills = 0
                with self.subTest(point=point, edge=edge):
                    for time in times:
                        kills += self.live(client_kill=f"{point}:{edge}:{time}")
                    self.assertGreater(kills, 0, "never passed")

    def test_relay(self):
        for point in RELAY_POINTS:
            for edge in ("before", "after"):
                with self.subTest(point=point, edge=edge):
                    self.assertGreater(self.live(relay_kill=f"{point}:{edge}"), 0, "never passed")

    @unittest.skipUnless(LONG, "a relay keeps house once a minute")
    def test_relay_upkeep(self):
        for edge in ("before", "after"):
            with self.subTest(edge=edge):
                life = Life(relay_kill=f"relayUpkeep:{edge}")
                self.addCleanup(life.close)
                a, b = life.init("alice"), life.init("bob")
                life.introduce(a, b)
                life.world.relay.process.wait(90)
                life.talk(a, b)
                self.check(a, b)

    def test_migrate(self):
        """Both programs find what the first schema left, and are killed while they take its next step."""
        for edge in ("before", "after"):
            with self.subTest(edge=edge):
                life = Life()
                self.addCleanup(life.close)
                a, b = life.init("alice"), life.init("bob")
                life.introduce(a, b)
                life.world.relay.stop()
                subprocess.run([OLDER_SCHEMA, "client", a.directory, a.passphrase], check=True)
                subprocess.run([OLDER_SCHEMA, "relay", life.world.relay.directory], check=True)
                with self.assertRaises(Killed):
                    a.run("status", WAXWING_KILL_AT=f"migrate:{edge}")
                self.assertFalse(life.world.relay.start(kill_at=f"migrate:{edge}"))
                self.assertTrue(life.world.relay.start())
                life.talk(a, b)
                self.check(a, b)

    def test_devices(self):
        for point in DEVICE_POINTS:
            for edge in ("before", "after"):
                with self.subTest(point=point, edge=edge):
                    self.assertGreater(self.live_with_devices(client_kill=f"{point}:{edge}"), 0)

    def live_with_devices(self, **kill):
        life = Life(**kill)
        try:
            a, b = life.init("alice"), life.init("bob")
            life.introduce(a, b)
            b2 = self.add_device(life, b)
            life.sync(a, b, b2, a, b, b2)
            life.send(a, b, "to both")
            life.sync(a, b, b2, a)
            for device in (b, b2):
                self.assertEqual(device.texts(a), ["to both"])
            self.assertEqual(a.states(b), {"to both": "delivered"})
        finally:
            life.close()
        return life.kills

    def add_device(self, life, primary):
        new = Profile(life.world, "new")
        life.try_killed(new, "device", "request", primary.account, *CHEAP)
        if (new.directory / "waxwing.db").exists():
            new = Profile(life.world, "newer")  # nobody has seen the killed one's request
        asked = new.ok("device", "request", primary.account, *CHEAP)
        life.try_killed(primary, "device", "grant", "--yes", asked["request"])
        granted = primary.run("--json", "device", "grant", "--yes", asked["request"])
        for attempt in range(5):  # a new device draws its number: one may meet that of a grant lost with its process
            if granted.returncode == 0:
                break
            self.assertIn(b"ask again from the new device", granted.stderr)
            new = Profile(life.world, f"newest{attempt}")
            asked = new.ok("device", "request", primary.account, *CHEAP)
            granted = primary.run("--json", "device", "grant", "--yes", asked["request"])
        answer = json.loads(granted.stdout)
        joined = lambda: new.run("status").returncode == 0
        life.do(new, "device", "join", answer["grant"], is_done=joined)
        new.account = primary.account
        return new


if __name__ == "__main__":
    main()
