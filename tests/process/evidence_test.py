"""Test profiles: marked for good, and captured; every other profile discloses nothing."""

import copy
import json
import pathlib
import subprocess
import sys
import unittest

from harness import BIN, CHEAP, Profile, WorldTest, introduce, main, sync_all

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
TEXTS = ["the first text", "an answer", "a second text", "and a last word"]


class TestProfile(Profile):
    """Made by `init --test`; all have one passphrase."""

    def __init__(self, world, name):
        super().__init__(world, name)
        self.passphrase = "the passphrase of all"

    def init(self, **environment):
        made = self.ok("init", "--test", "--relay", self.world.relay.address, *CHEAP, **environment)
        assert made["test"] is True
        self.account = made["account"]
        return self


def capture(*profiles):
    return subprocess.run([BIN / "waxwing-vectors", "capture", *(profile.directory for profile in profiles)],
                          env=profiles[0].environment(), capture_output=True, stdin=subprocess.DEVNULL, timeout=120)


def verify(text):
    done = subprocess.run([BIN / "waxwing-vectors", "--json", "verify", "-"], input=text, capture_output=True,
                          timeout=120)
    return done.returncode


def leaves(value, path=()):
    """The paths of all values below this one."""
    if isinstance(value, (dict, list)):
        members = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for name, member in members for leaf in leaves(member, path + (name,))]
    return [path]


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


class Captured(WorldTest):
    """Two test profiles at a real relay, in all that sessions do."""

    def setUp(self):
        super().setUp()
        self.a, self.b = TestProfile(self.world, "alice").init(), TestProfile(self.world, "bob").init()
        introduce(self.a, self.b)
        for number, text in enumerate(TEXTS):
            one, other = (self.a, self.b) if number % 2 == 0 else (self.b, self.a)
            one.send(other, text)
            sync_all(one, other)

    def captured(self):
        before = contents(self.a.directory), contents(self.b.directory)
        done = capture(self.a, self.b)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual((contents(self.a.directory), contents(self.b.directory)), before)
        return done.stdout

    @staticmethod
    def case(text):
        return json.loads(text)["testGroups"][0]["tests"][0]

    def test_the_transcript_is_made_again(self):
        self.a.send(self.b, "on its way")
        text = self.captured()
        self.assertEqual(verify(text), 0)
        case = self.case(text)
        events = case["events"]
        kinds = [event["type"] for event in events]
        for kind in ("open", "send", "seal", "unseal", "receive"):
            self.assertIn(kind, kinds)
        said = b"".join(bytes.fromhex(event["content"]) for event in events if event["type"] == "send")
        for written in [*TEXTS, "on its way"]:
            self.assertIn(written.encode(), said)
        self.assertEqual(kinds.count("receive"), kinds.count("unseal"))
        self.assertGreater(kinds.count("send"), kinds.count("receive"))  # one waits
        explained = subprocess.run([BIN / "waxwing-vectors", "explain", "-"], input=text, capture_output=True)
        self.assertEqual(explained.returncode, 0)
        self.assertIn(b"as it should be", explained.stdout)

    def test_a_second_opinion(self):
        path = self.world.directory / "transcript.json"
        path.write_bytes(self.captured())
        done = subprocess.run([sys.executable, "-B", SOURCE / "tools/verify_vectors.py", path], capture_output=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_an_altered_transcript_does_not_hold(self):
        """One value of each field of each sort of event, and of the parties."""
        text = self.captured()
        document = json.loads(text)
        seen = set()
        for path in leaves(self.case(text)["events"], ("events",)) + leaves(self.case(text)["parties"], ("parties",)):
            event = self.case(text)["events"][path[1]] if path[0] == "events" else {"type": str(path[1])}
            sort = (event["type"], *(step for step in path[2:] if isinstance(step, str)))
            if sort in seen:
                continue
            changed = copy.deepcopy(document)
            holder = changed["testGroups"][0]["tests"][0]
            for step in path[:-1]:
                holder = holder[step]
            value = holder[path[-1]]
            if isinstance(value, int):
                holder[path[-1]] = value + 1
            elif len(value) < 2 or path[-1] in ("type", "by"):
                holder[path[-1]] = "5a" if not value else "wipe" if path[-1] == "type" else "nobody"
            else:
                place = len(value) // 4 * 2
                holder[path[-1]] = value[:place] + f"{int(value[place:place + 2], 16) ^ 0x10:02x}" + value[place + 2:]
            with self.subTest(path):
                self.assertNotEqual(verify(json.dumps(changed).encode()), 0)
            seen.add(sort)
        self.assertGreater(len(seen), 30)

    def test_after_a_restored_copy(self):
        """What the lost copy did is in no profile: said plainly where it matters, or left out where it does not."""
        kept = self.a.copy_aside()
        self.a.send(self.b, "sent by the copy that was lost")
        sync_all(self.a, self.b)
        self.a.put_back(kept)
        sync_all(self.a, self.b)
        done = capture(self.a, self.b)
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"restored copy", done.stderr)

    def test_the_mark_stays(self):
        for command in (("status",), ("sync",), ("invite",), ("outbox",)):
            self.a.ok(*command)
        self.assertIs(self.a.ok("status")["test"], True)
        self.assertIn(b"Test profile", self.a.run("status").stdout)
        self.a.refused("init", "--relay", self.world.relay.address, *CHEAP)
        self.a.refused("init", "--test", "--relay", self.world.relay.address, *CHEAP)
        self.assertIs(self.a.ok("status")["test"], True)


class NotCaptured(WorldTest):
    def refuses(self, *profiles):
        done = capture(*profiles)
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertEqual(len(done.stderr.splitlines()), 1)
        return done.stderr.decode()

    def ordinary(self, name):
        profile = TestProfile(self.world, name)
        profile.account = profile.ok("init", "--relay", self.world.relay.address, *CHEAP)["account"]
        return profile

    def test_an_ordinary_profile_discloses_nothing(self):
        test, ordinary, other = TestProfile(self.world, "test").init(), self.ordinary("bob"), self.ordinary("carol")
        introduce(test, ordinary)
        test.send(ordinary, "to an ordinary profile")
        sync_all(test, ordinary)
        for pair in ((test, ordinary), (ordinary, test), (ordinary, other)):
            self.assertIn("no test profile", self.refuses(*pair))
        self.assertIs(ordinary.ok("status")["test"], False)
        self.assertNotIn(b"Test profile", ordinary.run("status").stdout)
        tables = {table["name"]: table["rows"] for table in ordinary.ok("inspect")["tables"]}
        self.assertEqual([tables[name] for name in ("test_profile", "disclosed_key", "disclosed_event")], [0, 0, 0])
        # Nor can it become one.
        ordinary.refused("init", "--test", "--relay", self.world.relay.address, *CHEAP)
        self.assertIs(ordinary.ok("status")["test"], False)

    def test_what_else_is_refused(self):
        a, b = TestProfile(self.world, "alice").init(), TestProfile(self.world, "bob").init()
        self.assertIn("exchanged nothing", self.refuses(a, b))
        following = a.start("sync", "--follow")
        following.stdout.readline()
        self.assertIn(f"in use by process {following.pid}", self.refuses(a, b))
        following.terminate()
        following.communicate(timeout=60)
        self.assertIn("no profile", self.refuses(a, TestProfile(self.world, "nobody")))
        b.passphrase = "another"
        self.assertIn("wrong passphrase", self.refuses(b, a))

    def test_not_in_the_place_of_a_request(self):
        primary = self.ordinary("alice")
        asking = TestProfile(self.world, "asking")
        asking.ok("device", "request", primary.account, *CHEAP)
        self.assertIn("request", asking.refused("init", "--test", "--relay", self.world.relay.address, *CHEAP))


if __name__ == "__main__":
    main()
