"""`waxwing inspect`: what an auditor sees of a profile and of a relay's directory, without changing either."""

import json
import os
import shutil
import subprocess
import unittest

from harness import BIN, Killed, WorldTest, main, sync_all

TEXT = "a text that no auditor needs"


def contents(directory):
    """Every byte of every file, and which files there are."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in directory.iterdir()}


class Inspect(WorldTest):
    def setUp(self):
        super().setUp()
        self.a, self.b = self.meet()
        self.a.send(self.b, TEXT)

    def inspect_relay(self, directory=None, *more):
        directory = directory or self.world.relay.directory
        return subprocess.run([BIN / "waxwing", *more, "inspect", "--relay-directory", directory],
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=60)

    def relay_refused(self, directory=None):
        done = self.inspect_relay(directory)
        lines = done.stderr.decode().splitlines()
        self.assertEqual((done.returncode, done.stdout, len(lines)), (1, b"", 1), done)
        return lines[0]

    def test_a_profile(self):
        before = contents(self.a.directory)
        found = self.a.ok("inspect")
        self.assertEqual(contents(self.a.directory), before)
        self.assertEqual(found["kind"], "profile")
        self.assertEqual(found["schema"], found["newestSchema"])
        self.assertEqual(found["brokenPages"], 0)
        self.assertEqual({file["name"]: file["bytes"] for file in found["files"]},
                         {name: len(content) for name, (content, _) in before.items()})
        self.assertEqual({file["mode"] for file in found["files"]}, {"0600"})
        self.assertEqual(found["key"], "passphrase, Argon2id, 1 pass over 1024 KiB, salt of 16 bytes")
        cipher = found["cipher"]
        self.assertGreaterEqual(tuple(map(int, cipher["cipher_version"].split()[0].split("."))), (4, 5))
        self.assertEqual([cipher[name] for name in ("cipher_page_size", "cipher_use_hmac", "cipher_hmac_algorithm",
                                                    "cipher_kdf_algorithm", "cipher_plaintext_header_size")],
                         ["4096", "1", "HMAC_SHA512", "PBKDF2_HMAC_SHA512", "0"])
        self.assertEqual(int(found["file"]["page_count"]) * int(found["file"]["page_size"]),
                         (self.a.directory / "waxwing.db").stat().st_size)
        self.assertEqual(found["required"]["journal_mode"], "wal")
        self.assertEqual(found["required"]["synchronous"], "2")
        tables = {table["name"]: table for table in found["tables"]}
        self.assertEqual(tables["identity"]["rows"], 1)
        self.assertEqual(tables["contact"]["rows"], 1)
        self.assertGreaterEqual(tables["message"]["bytes"], len(TEXT))
        self.assertEqual(self.a.texts(self.b), [TEXT])

    def test_what_a_killed_program_left_in_its_log(self):
        messages = {table["name"]: table["rows"] for table in self.a.ok("inspect")["tables"]}["message"]
        with self.assertRaises(Killed):
            self.a.run("send", self.b.name, "another", WAXWING_KILL_AT="compose:after")
        log = self.a.directory / "waxwing.db-wal"
        self.assertGreater(log.stat().st_size, 0)
        before = contents(self.a.directory)
        tables = {table["name"]: table["rows"] for table in self.a.ok("inspect")["tables"]}
        self.assertEqual(contents(self.a.directory), before)
        self.assertEqual(tables["message"], messages + 1)

    def test_a_relay(self):
        self.a.sync()
        self.assertIn(f"in use by process {self.world.relay.process.pid}", self.relay_refused())
        self.world.relay.stop()
        before = contents(self.world.relay.directory)
        done = self.inspect_relay(None, "--json")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(contents(self.world.relay.directory), before)
        found = json.loads(done.stdout)
        self.assertEqual((found["kind"], found["brokenPages"]), ("relay", 0))
        tables = {table["name"]: table for table in found["tables"]}
        self.assertEqual(tables["account"]["rows"], 2)
        self.assertGreaterEqual(tables["envelope"]["rows"], 1)
        self.assertIn("store.key", {file["name"] for file in found["files"]})
        self.assertTrue(self.world.relay.start())

    def test_a_relay_that_was_killed(self):
        self.world.relay.kill()
        before = contents(self.world.relay.directory)
        self.assertGreater(len(before["relay.db-wal"][0]), 0)
        done = self.inspect_relay(None, "--json")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(contents(self.world.relay.directory), before)
        tables = {table["name"]: table for table in json.loads(done.stdout)["tables"]}
        self.assertEqual(tables["account"]["rows"], 2)

    def test_nothing_that_is_secret_or_tells_of_people(self):
        """No text, id, name or key is in what it prints; that the search sees is shown on another command."""
        sync_all(self.a, self.b)
        self.world.relay.stop()
        hidden = [TEXT, self.a.account, self.b.account, self.a.passphrase, self.b.name + '"',
                  (self.world.relay.directory / "store.key").read_bytes().hex()]
        hidden += [salt.decode() for path in (self.a.directory / "profile.toml",)
                   for salt in [path.read_bytes().split(b'salt = "')[1].split(b'"')[0]]]
        shown = b"".join(done.stdout for done in (self.a.run("inspect"), self.a.run("--json", "inspect"),
                                                  self.inspect_relay(), self.inspect_relay(None, "--json"))).decode()
        self.assertGreater(len(shown), 4000)
        self.assertEqual([item for item in hidden if item in shown], [])
        self.assertIn(self.b.account, self.a.run("contact", "list", "--json").stdout.decode())

    def test_only_for_reading(self):
        """Files that nobody may write are looked at as well, unless a crash left something in their log."""
        done = self.inspect_as_nobody(self.a.copy_aside("clean"))
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        with self.assertRaises(Killed):
            self.a.run("send", self.b.name, "another", WAXWING_KILL_AT="compose:after")
        done = self.inspect_as_nobody(self.a.copy_aside("crashed"))
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"look at a copy", done.stderr)

    def inspect_as_nobody(self, copy):
        for path in copy.iterdir():
            path.chmod(0o400)
        copy.chmod(0o500)
        self.addCleanup(copy.chmod, 0o700)
        more = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
        if more:
            os.chmod(self.world.directory, 0o755)
            for path in (copy, *copy.iterdir()):
                os.chown(path, 65534, -1)
        program = shutil.copy(BIN / "waxwing", self.world.directory / "waxwing")
        return subprocess.run([program, "--profile", copy, "--json", "inspect"], env=self.a.environment(),
                              capture_output=True, stdin=subprocess.DEVNULL, **more)

    def test_refusals(self):
        self.assertIn("passphrase", self.a.refused("inspect", WAXWING_PASSPHRASE="another"))
        self.assertIn("no relay's directory", self.relay_refused(self.a.directory))
        self.assertIn("no relay's directory", self.relay_refused(self.world.directory / "none"))
        following = self.a.start("sync", "--follow")
        following.stdout.readline()
        self.assertIn(f"in use by process {following.pid}", self.a.refused("inspect"))
        following.terminate()
        following.communicate(timeout=60)

        self.world.relay.stop()
        copy = shutil.copytree(self.world.relay.directory, self.world.directory / "damaged")
        with open(copy / "relay.db", "r+b") as file:
            file.seek(5 * 4096 + 1000)
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 1]))
        done = self.inspect_relay(copy, "--json")
        self.assertEqual(done.returncode, 1)
        self.assertEqual([json.loads(line).get("brokenPages") for line in done.stdout.splitlines()], [1, None])
        self.assertIn(b"damaged", done.stderr)
        (copy / "store.key").write_bytes(bytes(32))
        self.assertIn("wrong passphrase or key", self.relay_refused(copy))
        (copy / "store.key").write_bytes(bytes(31))
        self.assertIn("is not a store key", self.relay_refused(copy))

        subprocess.run([BIN / "waxwing-test-newer-schema", self.a.directory, self.a.passphrase], check=True)
        before = contents(self.a.directory)
        self.assertIn("newer", self.a.refused("inspect"))
        self.assertEqual(contents(self.a.directory), before)


if __name__ == "__main__":
    main()
