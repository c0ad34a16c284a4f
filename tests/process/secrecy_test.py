"""A known plaintext is nowhere that it should not be."""

import base64
import subprocess
import unittest

from harness import WorldTest, main, sync_all

MARKER = "MARKER-quick-brown-wax-wing-7f3a9c"
SHOWS_TEXT = {"messages"}  # commands whose output is the plaintext


def forms(text):
    raw = text.encode()
    yield raw
    yield raw.hex().encode()
    yield text.encode("utf-16-le")
    for shift in range(3):  # wherever it stands in base64
        encoded = base64.b64encode(b"x" * shift + raw)
        yield encoded[4:-4]


class Secrecy(WorldTest):
    def test_marker_and_passphrases_are_in_no_file_and_no_log(self):
        a, b = self.meet()
        following = b.start("sync", "--follow")  # open files, with their journals
        self.addCleanup(following.kill)
        secrets = [MARKER, a.passphrase, b.passphrase]
        self.world.relay.stop()
        for number in range(20):
            a.send(b, f"{MARKER} {number}")
        self._search(secrets)
        self.assertTrue(self.world.relay.start())
        a.sync()
        self._search(secrets)
        following.terminate()
        following.communicate(timeout=30)
        sync_all(a, b)
        b.ok("read", a.name)
        sync_all(a, b)
        self.assertEqual(len(b.texts(a)), 20)
        self.assertEqual(len(a.ok("contact", "list")["contacts"]), 1)
        a.run("send", b.name, stdin=f"{MARKER}\xff\n{MARKER * 2000}\n".encode("latin-1"))
        a.run("status", WAXWING_PASSPHRASE=MARKER)
        self.world.relay.stop()
        self.assertGreater(self._search(secrets), 8)

    def test_files_are_for_their_owner_alone(self):
        a, b = self.meet()
        for directory in (a.directory, b.directory, self.world.relay.directory):
            self.assertEqual(directory.stat().st_mode & 0o777, 0o700, directory)
            for path in directory.rglob("*"):
                self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_a_process_hides_its_passphrase_and_dumps_no_core(self):
        a, b = self.meet()
        following = a.start("sync", "--follow")
        self.addCleanup(following.communicate)
        self.addCleanup(following.kill)
        following.stdout.readline()
        with open(f"/proc/{following.pid}/limits") as limits:
            core = next(line for line in limits if line.startswith("Max core file size"))
        self.assertEqual(core.split()[4:6], ["0", "0"])
        try:
            with open(f"/proc/{following.pid}/environ", "rb") as environ:
                self.assertNotIn(a.passphrase.encode(), environ.read())
        except PermissionError:
            pass  # hidden altogether

    def _search(self, secrets):
        files = [path for path in self.world.directory.rglob("*") if path.is_file()]
        for path in files:
            content = path.read_bytes()
            for secret in secrets:
                for form in forms(secret):
                    self.assertNotIn(form, content, path)
        for arguments, out, err in self.world.said:
            for secret in secrets:
                self.assertNotIn(secret.encode(), err, arguments)
                if not SHOWS_TEXT & set(map(str, arguments)):
                    self.assertNotIn(secret.encode(), out, arguments)
        return len(files)


if __name__ == "__main__":
    main()
