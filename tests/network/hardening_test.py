"""Peers that mean no good, against a real relay process: what they cost it, and that others keep their service.

The rows are those of docs/reliability.md ("A relay's peers"). The same on virtual time: tests/rpc/relay_hardening_test.cc.
"""

import pathlib
import resource
import shutil
import socket
import ssl
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "process"))

import harness
import rpc_bytes as rpc

MIB = 1024 * 1024
PAGE = resource.getpagesize()


class Hostile(socket.socket):
    """A TLS connection to the relay that then says what it likes."""

    TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    TLS.check_hostname = False
    TLS.verify_mode = ssl.CERT_NONE

    @classmethod
    def to(cls, port, receive_buffer=None):
        plain = socket.socket()
        if receive_buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        plain.settimeout(harness.PATIENCE)
        plain.connect(("127.0.0.1", port))
        return cls.TLS.wrap_socket(plain)


def is_over(connection):
    """Reads to the end of the connection; a relay that goes on talking for long does not count as one that ends it."""
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except (ConnectionError, ssl.SSLError):
        pass
    return True


def admitted(port):
    """A connection for which the larger limits hold: it named an account and an access key."""
    connection = Hostile.to(port)
    connection.sendall(rpc.bootstrap(0) + rpc.recipient(1))
    received = b""
    while len(received) < 200:  # both answers
        received += connection.recv(65536)
    return connection


class Hardening(harness.WorldTest):
    def setUp(self):
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192) if hard >= 0 else 8192, hard))
        self.relay = self.world.relay

    def connect(self, count, how=None):
        connections = [(how or Hostile.to)(self.relay.port) for _ in range(count)]
        for connection in connections:
            self.addCleanup(connection.close)
        return connections

    def resident(self):
        """Bytes of memory that the relay occupies now."""
        return int(pathlib.Path(f"/proc/{self.relay.process.pid}/statm").read_text().split()[1]) * PAGE

    def moved(self, connections, message):
        """By how much that memory moves, at most, while each connection sends `message`."""
        before = most = self.resident()
        for i, connection in enumerate(connections):
            connection.sendall(message)
            if i % 20 == 0:
                most = max(most, self.resident())
        for _ in range(20):
            time.sleep(0.05)
            most = max(most, self.resident())
        return most - before

    def assertMoved(self, moved, most):
        if not harness.SANITIZED:
            self.assertLess(moved, most)

    def report(self, what, moved):
        print(f"{what}: {moved / MIB:.1f} MiB", file=sys.stderr)

    def served(self):
        """An honest client that comes now gets everything it came for."""
        name = f"honest{len(self.world.said)}"
        start = time.monotonic()
        profile = harness.Profile(self.world, name).init()
        self.assertEqual(profile.sync()["result"], "settled")
        return time.monotonic() - start

    # Rows

    def test_segment_count_of_ffffffff(self):
        for how in (Hostile.to, admitted):
            connection, = self.connect(1, how)
            connection.sendall(rpc.FOUR_BILLION_SEGMENTS)
            self.assertTrue(is_over(connection), how)
        self.served()

    def test_header_that_claims_64_mib_on_1000_connections(self):
        for how in (Hostile.to, admitted):
            with self.subTest(how.__name__):
                connections = self.connect(1000, how)
                moved = self.moved(connections, rpc.header(64 * MIB))
                self.report(f"1,000 claims of 64 MiB ({how.__name__})", moved)
                self.assertMoved(moved, 16 * MIB)
                for connection in connections:
                    self.assertTrue(is_over(connection))
        self.served()

    def test_header_that_claims_what_is_allowed_on_1000_connections(self):
        for how, claimed in ((Hostile.to, 64 * 1024), (admitted, 2 * MIB)):
            with self.subTest(how.__name__):
                connections = self.connect(1000, how)
                moved = self.moved(connections, rpc.header(claimed))
                self.report(f"1,000 claims of {claimed // 1024} KiB, the most that is allowed", moved)
                self.assertMoved(moved, 16 * MIB)
                self.served()
                for connection in connections:
                    connection.close()

    def test_100000_pipelined_calls(self):
        connection, = self.connect(1)
        before = most = self.resident()
        sent = 0
        try:
            connection.sendall(rpc.bootstrap(0))
            for first in range(1, 100_001, 1000):
                connection.sendall(b"".join(rpc.call(i, rpc.DESCRIBE) for i in range(first, first + 1000)))
                sent += 1000
                most = max(most, self.resident())
        except (ConnectionError, ssl.SSLError):
            pass
        self.assertLess(sent, 100_000)
        self.assertTrue(is_over(connection))
        most = max(most, self.resident())
        self.report("100,000 pipelined calls", most - before)
        self.assertMoved(most - before, 16 * MIB)
        self.served()

    def test_reader_that_stops_reading(self):
        """It asks and asks, finishes each question and takes no answer: the relay stops to listen."""
        before = most = self.resident()
        for _ in range(10):
            connection, = self.connect(1, lambda port: Hostile.to(port, receive_buffer=4096))
            connection.settimeout(0.5)
            try:
                connection.sendall(rpc.bootstrap(0))
                for first in range(1, 200_000, 500):
                    connection.sendall(b"".join(rpc.call(i, rpc.DESCRIBE) + rpc.finish(i)
                                                for i in range(first, first + 500)))
                self.fail("the relay took 200,000 questions from a peer that takes no answer")
            except TimeoutError:
                pass
            most = max(most, self.resident())
        self.report("10 readers that stop reading", most - before)
        self.assertMoved(most - before, 10 * 3 * MIB)
        self.served()

    def test_500_stalled_connections(self):
        half_shaken = [socket.create_connection(("127.0.0.1", self.relay.port)) for _ in range(300)]
        for connection in half_shaken:
            self.addCleanup(connection.close)
        self.connect(200)
        self.assertLess(self.served(), 10, "the handshakes that stall would have had to run out of time first")
        alice, bob = self.meet()
        alice.send(bob, "through the crowd")
        harness.sync_all(alice, bob, rounds=2)
        self.assertEqual(bob.texts(alice), ["through the crowd"])

    def test_timeouts_of_handshake_and_login(self):
        """10 s for the handshake, 30 s for the login, one byte per second or none."""
        begin = time.monotonic()
        stalled = socket.create_connection(("127.0.0.1", self.relay.port))
        silent, dribbling = self.connect(2)
        bytes_left = list(rpc.header(1024) + bytes(1024))
        open_ones = {"handshake": stalled, "login, silent": silent, "login, one byte per second": dribbling}
        self.addCleanup(stalled.close)
        ended = {}
        while open_ones and time.monotonic() - begin < 60:
            time.sleep(1)
            for name, connection in list(open_ones.items()):
                connection.settimeout(0.001)
                try:
                    is_ended = connection.recv(65536) == b""
                except TimeoutError:
                    is_ended = False
                except OSError:
                    is_ended = True
                if is_ended:
                    ended[name] = time.monotonic() - begin
                    del open_ones[name]
            if "login, one byte per second" in open_ones:
                try:
                    dribbling.sendall(bytes([bytes_left.pop(0)]))
                except OSError:
                    pass  # the next read tells
        for name, took in ended.items():
            print(f"{name}: ended after {took:.1f} s", file=sys.stderr)
        for name, bound in (("handshake", 10), ("login, silent", 30), ("login, one byte per second", 30)):
            self.assertIn(name, ended)
            self.assertGreater(ended[name], bound - 1)
            self.assertLess(ended[name], bound + 5)

    def test_connection_cap(self):
        """All places taken by silent peers: who comes next takes one of theirs."""
        self.relay.stop()
        self.relay.under = ["prlimit", "--nofile=360:360"]
        self.assertTrue(self.relay.start())
        self.assertIn("at most 40 connections", self.relay.log.read_text())
        alice, bob = self.meet()
        follower = bob.start("sync", "--follow")
        self.addCleanup(follower.communicate)
        self.addCleanup(follower.terminate)
        for line in follower.stdout:
            if b"caughtUp" in line:
                break
        crowd = self.connect(100)
        self.served()
        alice.send(bob, "all places were taken")
        alice.sync()
        for line in follower.stdout:
            if b"all places were taken" in line:
                break
        else:
            self.fail("a device that was logged in lost its connection")
        crowd[-1].settimeout(0.1)
        with self.assertRaises(TimeoutError):
            crowd[-1].recv(1)


@harness.unittest.skipIf(shutil.which("openssl") is None, "no openssl program")
class Tls(harness.WorldTest):
    def client(self, *arguments, stdin=b""):
        return subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.world.relay.port}", *arguments],
            input=stdin, capture_output=True, timeout=harness.PATIENCE)

    def test_s_client_tls1_2_is_refused(self):
        for version in ("-tls1", "-tls1_1", "-tls1_2"):
            self.assertNotEqual(self.client(version).returncode, 0, version)
        self.assertIn(b"TLSv1.3", self.client("-tls1_3").stdout)

    def test_no_early_data(self):
        """The relay's tickets, if it gives any, allow no byte before the handshake is done."""
        session = self.world.directory / "session.pem"
        early = self.world.directory / "early"
        early.write_bytes(rpc.bootstrap(0))
        with subprocess.Popen(
                ["openssl", "s_client", "-connect", f"127.0.0.1:{self.world.relay.port}", "-tls1_3",
                 "-sess_out", session],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as first:
            while not session.exists() and first.poll() is None:  # the tickets come after the handshake
                time.sleep(0.01)
            said = first.communicate()[0]
        limits = [line.split(b":")[1].strip() for line in said.splitlines() if b"Max Early Data" in line]
        self.assertEqual(set(limits), {b"0"})
        said = self.client("-tls1_3", "-sess_in", session, "-early_data", early).stdout
        self.assertIn(b"Reused, TLSv1.3", said)
        self.assertIn(b"Early data was not sent", said)


if __name__ == "__main__":
    harness.main()
