"""Two processes on one profile, two relays on one directory: one works, the other one says who is in its way."""

import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "process"))

from harness import BIN, CHEAP, LONG, Profile, WorldTest, main, sync_all  # noqa: E402

RIVALS = 6
TURNS = 40 if LONG else 3


class TwoProcesses(WorldTest):
    def ended(self, processes):
        """Status, answers and errors of each."""
        for process in processes:
            out, errors = process.communicate(timeout=60)
            yield process.returncode, [json.loads(line) for line in out.splitlines()], errors.decode()

    def require_locked(self, status, answers, errors):
        self.assertEqual(status, 1, errors)
        self.assertEqual(len(errors.splitlines()), 1, errors)
        self.assertEqual(answers[-1]["error"]["code"], "storeLocked", errors)

    def test_rivals_for_one_profile(self):
        a, b = self.meet()
        said = []
        for turn in range(TURNS):
            texts = [f"{turn} {rival}" for rival in range(RIVALS)]
            rivals = [a.start("send", b.name, "--", text) for text in texts]
            for text, (status, answers, errors) in zip(texts, self.ended(rivals)):
                if status == 0:
                    said.append(text)
                else:
                    self.require_locked(status, answers, errors)
        self.assertTrue(said)
        self.assertEqual(sorted(a.texts(b, mine=True)), sorted(said))
        sync_all(a, b, rounds=2)
        self.assertEqual(b.texts(a), a.texts(b))

    def test_the_lock_ends_with_its_holder(self):
        a, b = self.meet()
        following = a.start("sync", "--follow")
        following.stdout.readline()
        self.assertRegex(a.refused("send", b.name, "text"), rf"\b{following.pid}\b")
        following.kill()
        following.communicate()
        a.send(b, "text")

    def test_rivals_for_a_new_profile(self):
        for turn in range(TURNS):
            profile = Profile(self.world, f"new{turn}")
            rivals = [profile.start("init", "--relay", self.world.relay.address, *CHEAP) for _ in range(RIVALS)]
            made = []
            for status, answers, errors in self.ended(rivals):
                if status == 0:
                    made.append(answers[0]["account"])
                else:
                    self.assertIn(answers[-1]["error"]["code"], ("storeLocked", "profileExists"), errors)
            self.assertEqual(len(made), 1)
            self.assertEqual(profile.ok("status")["account"], made[0])

    def test_two_relays_on_one_directory(self):
        a, b = self.meet()
        a.send(b, "one")
        a.sync()
        relay = self.world.relay
        done = subprocess.run([BIN / "waxwing-relay", "--dir", relay.directory, "--listen", "127.0.0.1:0"],
                              capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr.decode(), rf"\A(waxwing-relay: .*\b{relay.process.pid}\b.*\n)\Z")
        self.assertTrue(relay.is_running())
        b.sync()
        relay.kill()
        self.assertTrue(relay.start())
        sync_all(b, a, rounds=1)
        self.assertEqual((b.texts(a), a.states(b)), (["one"], {"one": "delivered"}))


if __name__ == "__main__":
    main()
