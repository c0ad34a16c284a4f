"""A small file system that fills up: the program on it says so, keeps what it has, and goes on when there is space again."""

import json
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "process"))

from harness import BIN, LONG, Profile, World, introduce, sync_all  # noqa: E402

SKIPPED = 77  # CTest knows this status
SIZE = "8m"
LENGTH = 8000  # of a message


def skip(why, done):
    print(f"skipped: {why} ({done.stderr.decode().strip()})")
    sys.exit(SKIPPED)


def enter_own_namespace():
    """Starts this script again where its mounts are seen by nobody else, and end with it."""
    if os.environ.get("WAXWING_OWN_MOUNTS") == "1":
        return
    unshare = ["unshare", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"])]
    done = subprocess.run([*unshare, "mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", "/tmp"], capture_output=True)
    if done.returncode != 0:
        skip("no file system can be mounted here", done)
    os.environ["WAXWING_OWN_MOUNTS"] = "1"
    os.execvp(unshare[0], [*unshare, sys.executable, "-B", *sys.argv])


class SmallDisk:
    def __init__(self, directory):
        directory.mkdir()
        self.directory = directory
        self.filler = directory / "filler"
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", directory], check=True)

    def fill(self, spare):
        """Leaves `spare` bytes."""
        free = os.statvfs(self.directory).f_bavail * os.statvfs(self.directory).f_frsize
        self.filler.write_bytes(bytes(max(0, free - spare)))

    def free(self):
        self.filler.unlink(missing_ok=True)

    def close(self):
        subprocess.run(["umount", "-l", self.directory], check=False)


def on(disk, one):
    """A profile or a relay whose directory lies there."""
    one.directory = disk.directory / "data"
    return one


class FullDisk(unittest.TestCase):
    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)
        self.disk = SmallDisk(self.world.directory / "disk")
        self.addCleanup(self.disk.close)
        self.said = []

    def meet(self, a, b):
        self.a, self.b = a.init(), b.init()
        introduce(a, b)

    def text(self):
        return f"{len(self.said):04} ".ljust(LENGTH, "x")

    def say(self, count):
        texts = []
        for _ in range(count):
            texts.append(self.text())
            self.said.append(texts[-1])
        self.a.ok("send", self.b.name, stdin="\n".join(texts).encode())

    def require_full(self, done):
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertEqual(json.loads(done.stdout.splitlines()[-1])["error"]["code"], "storeFull", done.stderr)

    def require_all(self):
        for _ in range(30):
            sync_all(self.a, self.b, rounds=1)
            if not self.a.ok("outbox")["items"]:
                break
        sync_all(self.a, self.b, rounds=2)
        self.assertEqual(self.a.texts(self.b, mine=True), self.said)
        self.assertEqual(self.b.texts(self.a, mine=False), self.said)
        self.assertEqual([text for text, state in self.a.states(self.b).items() if state != "delivered"], [])

    def test_of_a_sender(self):
        self.assertTrue(self.world.relay.start())
        self.meet(on(self.disk, Profile(self.world, "alice")), Profile(self.world, "bob"))
        for spare in (0, 4096, 20000, 100000, 300000) if LONG else (0, 100000):
            with self.subTest(spare=spare):
                self.disk.fill(spare)
                for _ in range(200):
                    done = self.a.run("--json", "send", self.b.name, "--", self.text())
                    if done.returncode != 0:
                        break
                    self.said.append(self.text())
                self.require_full(done)
                self.disk.free()
                self.require_all()

    def test_of_a_receiver(self):
        self.assertTrue(self.world.relay.start())
        self.meet(Profile(self.world, "alice"), on(self.disk, Profile(self.world, "bob")))
        for spare in (0, 4096, 20000, 100000, 300000) if LONG else (0, 100000):
            with self.subTest(spare=spare):
                self.say(60)
                self.a.sync()
                self.disk.fill(spare)
                done = self.b.run("--json", "sync")
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(b"disk is full", done.stderr)
                self.disk.free()
                self.require_all()

    def test_of_a_relay(self):
        relay = on(self.disk, self.world.new_relay("small"))
        self.world.relay = relay
        self.assertTrue(relay.start())
        self.meet(Profile(self.world, "alice"), Profile(self.world, "bob"))
        for spare in (0, 4096, 20000, 100000, 300000) if LONG else (0, 100000):
            with self.subTest(spare=spare):
                self.say(60)
                self.disk.fill(spare)
                done = self.a.run("--json", "sync")
                self.assertIn(done.returncode, (0, 3), done.stderr)
                self.assertIn("storeFull", relay.log.read_text())
                self.assertTrue(relay.is_running())
                # What it has accepted it keeps, though it is killed now.
                sent = [text for text, state in self.a.states(self.b).items() if state == "sent"]
                relay.kill()
                self.disk.free()
                self.assertTrue(relay.start())
                self.b.sync()
                self.assertTrue(set(sent) <= set(self.b.texts(self.a, mine=False)))
                self.require_all()


def main():
    if not (BIN / "waxwing").exists():
        sys.exit(f"no programs in {BIN}; name their directory with WAXWING_BIN")
    enter_own_namespace()
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
