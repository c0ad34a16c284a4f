#!/usr/bin/env python3
"""Runs the real waxwing-relay: first start, refusals at the door, stopping. Usage: relay_process.py PROGRAM"""

import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

PROGRAM = None


class Relay:
    """One running relay; `lines` is what it printed until it was ready."""

    def __init__(self, directory, *flags):
        self.process = subprocess.Popen(
            [PROGRAM, "--listen", "127.0.0.1:0", "--dir", str(directory), *flags],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = []
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith("relay address: "):
                break

    def value(self, prefix):
        return next(line[len(prefix):] for line in self.lines if line.startswith(prefix))

    @property
    def port(self):
        return int(self.value("listening on ").rsplit(":", 1)[1])

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        output = self.process.communicate(timeout=30)
        return self.process.returncode, output[1]


class RelayProcess(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="waxwing-relay-"))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.directory = self.home / "relay"

    def start(self, *flags):
        relay = Relay(self.directory, *flags)
        self.addCleanup(relay.process.stdout.close)
        self.addCleanup(relay.process.stderr.close)
        self.addCleanup(relay.process.wait)
        self.addCleanup(relay.process.kill)
        return relay

    def refused(self, *flags, directory=None):
        """Standard error of a relay that does not start: one clear line."""
        run = subprocess.run([PROGRAM, "--listen", "127.0.0.1:0", "--dir", str(directory or self.directory), *flags],
                             capture_output=True, text=True, timeout=60)
        self.assertNotEqual(run.returncode, 0)
        self.assertEqual(run.stdout, "")
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        return run.stderr

    def test_first_start_and_stop(self):
        relay = self.start()
        address = relay.value("relay address: ")
        self.assertTrue(address.startswith(f"127.0.0.1:{relay.port}#"), address)
        self.assertEqual(stat.S_IMODE(self.directory.stat().st_mode), 0o700)
        for file in self.directory.iterdir():
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600, file)
        self.assertEqual((self.directory / "store.key").stat().st_size, 32)
        self.assertNotIn((self.directory / "store.key").read_bytes(), (self.directory / "relay.db").read_bytes())
        code, log = relay.stop()
        self.assertEqual(code, 0, log)
        self.assertNotIn("127.0.0.1", log)

    def test_the_certificate_stays(self):
        first = self.start()
        certificate = first.value("relay address: ").split("#")[1]
        self.assertEqual(first.stop(signal.SIGINT)[0], 0)
        self.assertEqual(self.start().value("relay address: ").split("#")[1], certificate)

    def test_stops_with_a_peer_that_never_shakes_hands(self):
        relay = self.start()
        with socket.create_connection(("127.0.0.1", relay.port)):
            self.assertEqual(relay.stop()[0], 0)

    def test_a_token_where_registration_is_not_open(self):
        relay = self.start("--registration", "token")
        token = relay.value("registration token: ")
        self.assertEqual((self.directory / "registration.token").read_text(), token)
        relay.stop()
        self.assertEqual(self.start("--registration", "token").value("registration token: "), token)

    def test_names(self):
        relay = self.start("--name", "localhost:0")
        self.assertTrue(relay.value("relay address: ").startswith(f"localhost:{relay.port}#"))
        self.assertIn("--name", subprocess.run([PROGRAM, "--listen", "0.0.0.0:0"], capture_output=True, text=True).stderr)

    def test_a_second_process_is_refused(self):
        relay = self.start()
        self.assertIn(str(relay.process.pid), self.refused())
        self.assertEqual(relay.stop()[0], 0)

    def test_a_taken_port_is_refused(self):
        relay = self.start()
        other = self.home / "other"
        run = subprocess.run([PROGRAM, "--listen", f"127.0.0.1:{relay.port}", "--dir", str(other)],
                             capture_output=True, text=True, timeout=60)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("cannot listen", run.stderr)

    def test_a_wrong_or_missing_key_is_refused_and_nothing_is_damaged(self):
        self.assertEqual(self.start().stop()[0], 0)
        key = self.directory / "store.key"
        right = key.read_bytes()
        key.write_bytes(bytes(32))
        self.refused()
        key.write_bytes(b"short")
        self.refused()
        key.unlink()
        self.refused()
        self.assertFalse(key.exists())
        key.write_bytes(right)
        self.assertEqual(self.start().stop()[0], 0)

    def test_a_damaged_database_is_refused(self):
        self.assertEqual(self.start().stop()[0], 0)
        database = self.directory / "relay.db"
        content = bytearray(database.read_bytes())
        content[100:140] = bytes(40)
        database.write_bytes(content)
        self.refused()
        self.assertEqual(database.read_bytes(), bytes(content))

    def test_a_place_that_cannot_be_a_directory_is_refused(self):
        file = self.home / "file"
        file.write_text("")
        self.refused(directory=file)
        self.refused(directory=self.home / "absent" / "deeper")
        if os.geteuid() != 0:
            locked = self.home / "locked"
            locked.mkdir(mode=0o500)
            self.refused(directory=locked)

    def test_a_certificate_and_a_key_that_do_not_fit_are_refused(self):
        self.assertEqual(self.start().stop()[0], 0)
        certificate, key = self.directory / "certificate.pem", self.directory / "certificate.key"
        other = self.home / "other.key"
        shutil.move(key, other)
        certificate.rename(self.home / "own.pem")
        self.assertEqual(self.start().stop()[0], 0)  # makes another pair
        own, text = self.home / "own.pem", self.home / "text"
        text.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        broken_chain = self.home / "chain.pem"
        broken_chain.write_text(own.read_text() + text.read_text())
        for certificate_file, key_file, said in (
            (own, key, "the key is not the one of the certificate"),
            (text, other, "the certificate is no PEM certificate"),
            (other, other, "the certificate is no PEM certificate"),
            (own, own, "the key is no PEM private key"),
            (own, self.home / "none", "cannot be read"),
            (broken_chain, other, "certificate or key"),
        ):
            with self.subTest(said):
                self.assertIn(said, self.refused("--tls-cert", str(certificate_file), "--tls-key", str(key_file)))
        self.assertEqual(self.start("--tls-cert", str(own), "--tls-key", str(other)).stop()[0], 0)
        shutil.copy(other, key)
        self.assertIn("the key is not the one of the certificate", self.refused())

    def test_configuration(self):
        config = self.home / "relay.toml"
        config.write_text('listen = "127.0.0.1:9"\nlog-level = "warn"\n')
        printed = subprocess.run([PROGRAM, "--config", str(config), "--log-level", "error", "--print-config"],
                                 capture_output=True, text=True)
        self.assertEqual(printed.returncode, 0)
        self.assertIn("127.0.0.1:9", printed.stdout)
        self.assertIn("error", printed.stdout)
        config.write_text('lisen = "127.0.0.1:9"\n')
        self.assertIn("lisen", self.refused("--config", str(config)))
        self.assertIn("go together", self.refused("--tls-cert", "x"))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
