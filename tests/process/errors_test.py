"""What can go wrong at the command line: each a clear line, a status that scripts can trust, and nothing damaged."""

import os
import re
import shutil
import signal
import subprocess
import unittest

from harness import BIN, CHEAP, Profile, WorldTest, introduce, main


class Errors(WorldTest):
    def setUp(self):
        super().setUp()
        self.a, self.b = self.meet()
        self.a.send(self.b, "before")

    def tearDown(self):
        """Whatever was refused: the profile works, and has lost nothing."""
        self.a.send(self.b, "after")
        self.assertEqual(self.a.sync()["result"], "settled")
        self.b.sync()
        self.assertEqual(self.b.texts(self.a), ["before", "after"])

    def test_wrong_passphrase(self):
        self.assertIn("passphrase", self.a.refused("status", WAXWING_PASSPHRASE="another").lower())
        self.a.refused("status", WAXWING_PASSPHRASE="")
        self.a.refused("--passphrase-file", self.world.directory / "none", "status")

    def test_passphrase_from_a_file(self):
        path = self.world.directory / "passphrase"
        path.write_text(self.a.passphrase + "\n")
        env = self.a.environment()
        del env["WAXWING_PASSPHRASE"]
        done = subprocess.run(self.a.command("--passphrase-file", path, "status"), env=env, capture_output=True)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        without = subprocess.run(self.a.command("status"), env=env, capture_output=True, start_new_session=True)
        self.assertEqual(without.returncode, 1)
        self.assertIn(b"no terminal to ask for the passphrase", without.stderr)

    def test_second_process(self):
        following = self.a.start("sync", "--follow")
        following.stdout.readline()
        self.assertRegex(self.a.refused("send", self.b.name, "lost?"), rf"\b{following.pid}\b")
        following.send_signal(signal.SIGTERM)
        following.communicate(timeout=30)

    def test_unwritable_directory(self):
        copy = self.world.directory / "unwritable"
        shutil.copytree(self.a.directory, copy)
        self._as_nobody_with(copy, writable=False)
        line = self._run_as_nobody("--profile", copy, "send", self.b.name, "text")
        self.assertRegex(line, "cannot be (written|opened|made)|not writable|unwritable|Permission denied")
        self._as_nobody_with(copy, writable=True)
        self.assertEqual(self._run_as_nobody("--profile", copy, "status"), "")

    def test_directory_that_cannot_be_made(self):
        file = self.world.directory / "file"
        file.write_text("")
        new = Profile(self.world, "file/profile")
        self.assertIn("cannot be made", new.refused("init", "--relay", self.world.relay.address, *CHEAP))

    def test_damaged_database(self):
        copy = self.a.copy_aside()
        database = self.a.directory / "waxwing.db"
        size = database.stat().st_size
        for name, damage in {
            "a page": lambda: self._overwrite(database, size // 2 // 4096 * 4096 + 100, os.urandom(64)),
            "the head": lambda: self._overwrite(database, 0, bytes(64)),
            "cut short": lambda: os.truncate(database, size - 4096),
            "cut off": lambda: os.truncate(database, 100),
            "empty": lambda: os.truncate(database, 0),
        }.items():
            with self.subTest(name):
                for beside in ("waxwing.db-wal", "waxwing.db-shm"):
                    (self.a.directory / beside).unlink(missing_ok=True)
                damage()
                broken = database.read_bytes()
                done = self.a.run("messages", self.b.name)
                if name == "a page" and done.returncode == 0:
                    continue  # a page that this command did not read
                self.assertEqual(done.returncode, 1)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertEqual(database.read_bytes(), broken)
            self.a.put_back(copy)

    def test_missing_and_damaged_profile_file(self):
        path = self.a.directory / "profile.toml"
        good = path.read_bytes()
        path.unlink()
        self.assertIn("profile.toml", self.a.refused("status"))
        self.assertIn("profile.toml", self.a.refused("init", "--relay", self.world.relay.address, *CHEAP))
        self.assertFalse(path.exists())
        path.write_bytes(b"format = [")
        self.assertIn("damaged", self.a.refused("status"))
        path.write_bytes(good.replace(b"format = 1", b"format = 2"))
        self.assertIn("newer", self.a.refused("status"))
        path.write_bytes(re.sub(rb"operations = \d+", b"operations = 1000000", good))
        self.a.refused("status")
        path.write_bytes(good)

    def test_newer_schema(self):
        copy = self.a.copy_aside()
        subprocess.run([BIN / "waxwing-test-newer-schema", self.a.directory, self.a.passphrase], check=True)
        before = (self.a.directory / "waxwing.db").read_bytes()
        self.assertIn("newer", self.a.refused("status"))
        self.assertEqual((self.a.directory / "waxwing.db").read_bytes(), before)
        self.a.put_back(copy)

    def test_unknown_relay_certificate(self):
        self.world.relay.stop()
        other = self.world.new_relay("other")
        self.assertTrue(other.start(port=self.world.relay.port))
        self.assertIn("certificate", self.a.refused("sync"))
        self.assertEqual(self.a.states(self.b), {"before": "pending"})
        other.stop()
        self.assertTrue(self.world.relay.start())

    def test_relay_of_another_version(self):
        self.world.relay.stop()
        directory = self.world.relay.directory
        other = subprocess.Popen([BIN / "waxwing-test-other-version-relay", directory / "certificate.pem",
                                  directory / "certificate.key",
                                  str(self.world.relay.port)], stdout=subprocess.PIPE)
        self.addCleanup(other.stdout.close)
        other.stdout.readline()
        self.assertIn("version", self.a.refused("sync"))
        self.assertEqual(self.a.states(self.b), {"before": "pending"})
        other.kill()
        other.wait()
        self.assertTrue(self.world.relay.start())

    def test_unreachable_relay(self):
        self.world.relay.stop()
        self.assertIn("try again later", self.a.refused("sync", status=3))
        self.assertTrue(self.world.relay.start())

    def test_bad_invites(self):
        good = self.b.ok("invite")["invite"]
        middle = len(good) // 2
        wrong = "A" if good[middle] != "A" else "B"
        for invite in ("", "hello", "waxwing1:", good[:-1], good + "A", good[:middle] + wrong + good[middle + 1:],
                       "waxwing9:" + good.split(":")[1], self.a.ok("invite")["invite"]):
            with self.subTest(invite[:12]):
                self.a.refused("contact", "add", "carol", invite)
        self.assertEqual(len(self.a.ok("contact", "list")["contacts"]), 1)

    def test_bad_addresses(self):
        new = Profile(self.world, "new")
        for address in ("", "localhost", "localhost:", "localhost:70000", "localhost:1#!!", "localhost:1#AAAA"):
            with self.subTest(address):
                new.refused("init", "--relay", address, *CHEAP)
                self.assertFalse(new.directory.exists())

    def test_names(self):
        self.a.refused("send", "nobody", "text")
        self.a.refused("messages", "nobody")
        carol = self.profile("carol")
        self.a.refused("contact", "add", self.b.name, carol.ok("invite")["invite"])
        self.a.refused("contact", "accept", "nobody", "somebody")
        self.a.refused("contact", "trust", self.b.name, "nonsense")
        self.a.refused("device", "retire", 99)
        self.a.refused("device", "grant", "--yes", "nonsense")
        self.a.refused("outbox", "cancel", 999999)

    def test_second_init(self):
        def content():
            # Whoever opens a database leaves his pid and SQLite's index in memory behind.
            return {path: path.read_bytes() for path in self.a.directory.iterdir()
                    if path.name not in ("waxwing.db.lock", "waxwing.db-shm")}
        before = content()
        for passphrase in (self.a.passphrase, "another"):
            with self.subTest(passphrase):
                line = self.a.refused("init", "--relay", self.world.relay.address, *CHEAP, WAXWING_PASSPHRASE=passphrase)
                self.assertIn(f"there is a profile in '{self.a.directory}' already", line)
                self.assertEqual(content(), before)
        done = self.a.run("--json", "init", "--relay", self.world.relay.address, *CHEAP, WAXWING_PASSPHRASE="another")
        self.assertIn(b'{"error":{"code":"profileExists"', done.stdout)

    def test_no_profile(self):
        self.assertIn("waxwing init", Profile(self.world, "none").refused("status"))

    def test_usage(self):
        for arguments in ((), ("fly",), ("send",), ("contact",), ("init",), ("sync", "--to", "bob"), ("status", "--no")):
            with self.subTest(arguments):
                self.a.refused(*arguments, status=2)

    def test_errors_as_json(self):
        done = self.a.run("--json", "send", "nobody", "text")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b'{"error":{"code":"unknownContact"', done.stdout)

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(self.a.command("status"), env=self.a.environment(), stdout=full, capture_output=False,
                                  stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 1)

    # An unprivileged user, where the tests run as root; otherwise this user.

    def _as_nobody_with(self, directory, writable):
        user = 65534 if os.geteuid() == 0 else os.geteuid()
        os.chmod(self.world.directory, 0o755)
        for path in (directory, *directory.iterdir()):
            if os.geteuid() == 0:
                os.chown(path, user, -1)
            os.chmod(path, (0o700 if path == directory else 0o600) if writable else (0o500 if path == directory else 0o400))

    def _run_as_nobody(self, *arguments):
        program = self.world.directory / "waxwing"
        if not program.exists():
            shutil.copy(BIN / "waxwing", program)
            os.chmod(program, 0o755)
        more = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
        done = subprocess.run([program, *map(str, arguments)], env=self.a.environment(), capture_output=True,
                              stdin=subprocess.DEVNULL, **more)
        self.assertIn(len(done.stderr.splitlines()), (0, 1))
        self.assertEqual(done.returncode == 0, done.stderr == b"")
        return done.stderr.decode()

    def _overwrite(self, path, at, content):
        with open(path, "r+b") as file:
            file.seek(at)
            file.write(content)


if __name__ == "__main__":
    main()
