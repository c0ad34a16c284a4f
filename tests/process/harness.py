"""Real programs for the tests in this folder: a relay, profiles, and everything that they ever said.

Each test gets a World: a temporary directory with one relay and any number of profiles. Programs come from WAXWING_BIN.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

BIN = pathlib.Path(os.environ.get("WAXWING_BIN", "build/dev/bin")).resolve()
LONG = os.environ.get("WAXWING_LONG") == "1"
SANITIZED = bool(os.environ.get("WAXWING_SANITIZE"))  # sanitizers keep memory that was freed: its use says nothing
PATIENCE = 60  # seconds for one command: only a hang takes so long
CHEAP = ["--kdf-memory", "1", "--kdf-operations", "1"]  # tests open profiles hundreds of times
ADDRESS = re.compile(r"\S+:\d+#[A-Za-z0-9_-]+")


class Killed(Exception):
    """The command was ended by SIGKILL, as WAXWING_KILL_AT asked."""


class Relay:
    def __init__(self, world, name="relay", under=(), listen="127.0.0.1"):
        """`under`: what the program is run by (`nsenter …`); `listen`: on which address."""
        self.world = world
        self.under = list(under)
        self.listen = listen
        self.directory = world.directory / name
        self.log = world.directory / f"{name}.log"
        self.port = 0
        self.address = None
        self.process = None

    def start(self, port=None, kill_at=None, more=(), **environment):
        """False if it ended before it said its address."""
        env = {**os.environ, **environment}
        env.pop("WAXWING_KILL_AT", None)
        if kill_at:
            env["WAXWING_KILL_AT"] = kill_at
        log = open(self.log, "ab")
        self.process = subprocess.Popen(
            [*self.under, BIN / "waxwing-relay", "--dir", self.directory,
             "--listen", f"{self.listen}:{port or self.port}", *more],
            stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, env=env)
        log.close()
        while True:
            line = self.process.stdout.readline()
            self._note(line)
            found = ADDRESS.search(line.decode())
            if found or not line:
                break
        threading.Thread(target=self._drain, args=(self.process.stdout,), daemon=True).start()
        if not found:
            self.process.wait(PATIENCE)
            return False
        self.address = found.group()
        self.port = int(self.address.split("#")[0].rsplit(":", 1)[1])
        return True

    def _note(self, line):
        with open(self.log, "ab") as log:
            log.write(line)

    def _drain(self, pipe):
        with pipe:
            for line in pipe:
                self._note(line)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)


class Profile:
    def __init__(self, world, name, under=()):
        self.world = world
        self.under = list(under)
        self.name = name
        self.directory = world.directory / name
        self.passphrase = f"the passphrase of {name}"
        self.account = None

    # Running

    def command(self, *arguments):
        return [*self.under, BIN / "waxwing", "--profile", self.directory, *map(str, arguments)]

    def environment(self, **more):
        env = dict(os.environ, WAXWING_PASSPHRASE=self.passphrase)
        env.pop("WAXWING_KILL_AT", None)
        return {**env, **more}

    def run(self, *arguments, stdin=b"", **environment):
        """Any outcome; raises Killed if SIGKILL ended it."""
        done = subprocess.run(self.command(*arguments), input=stdin, capture_output=True,
                              env=self.environment(**environment), timeout=PATIENCE)
        self.world.remember(arguments, done)
        if done.returncode == -signal.SIGKILL:
            raise Killed()
        return done

    def ok(self, *arguments, **more):
        """Runs a command that must succeed; returns its JSON (the only line's object, or a list of them)."""
        done = self.run("--json", *arguments, **more)
        if done.returncode != 0:
            raise AssertionError(f"{self.name}: {arguments} gave {done.returncode}: {done.stderr.decode()}")
        objects = [json.loads(line) for line in done.stdout.splitlines()]
        return objects[0] if len(objects) == 1 else objects

    def refused(self, *arguments, status=1, **more):
        """Runs a command that must fail in one clear line; returns that line."""
        done = self.run(*arguments, **more)
        lines = done.stderr.decode().splitlines()
        if done.returncode != status or len(lines) != 1 or not lines[0].startswith("waxwing: "):
            raise AssertionError(f"{self.name}: {arguments} gave {done.returncode}, not {status}: {lines}")
        return lines[0]

    def start(self, *arguments, stdin=subprocess.DEVNULL, **environment):
        """A command that stays; the caller ends it."""
        return subprocess.Popen(self.command("--json", *arguments), stdin=stdin, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=self.environment(**environment))

    # What tests do all the time

    def init(self, relay=None, **environment):
        address = (relay or self.world.relay).address
        self.account = self.ok("init", "--relay", address, *CHEAP, **environment)["account"]
        return self

    def send(self, to, text):
        return self.ok("send", to.name, "--", text)["queued"]["id"]

    def sync(self):
        return self.ok("sync")

    def items(self, other):
        return self.ok("messages", other.name, "--most", 100000)["messages"]

    def texts(self, other, mine=None):
        """Texts of a conversation, oldest first; of one side if `mine` says so."""
        return [item["text"] for item in self.items(other)
                if item["kind"] == "text" and mine in (None, item["mine"])]

    def states(self, other):
        return {item["text"]: item["state"] for item in self.items(other) if item["mine"] and item["kind"] == "text"}

    def kinds(self, other):
        return [item["kind"] for item in self.items(other)]

    # Copies of the database, as a backup makes them

    def copy_aside(self, label="copy"):
        copy = self.world.directory / f"{self.name}.{label}"
        shutil.copytree(self.directory, copy)
        return copy

    def put_back(self, copy):
        shutil.rmtree(self.directory)
        shutil.copytree(copy, self.directory)


class World:
    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="waxwing-test."))
        self.relay = Relay(self)
        self.relays = [self.relay]
        self.said = []  # (arguments, standard output, standard error) of every command

    def remember(self, arguments, done):
        self.said.append((arguments, done.stdout, done.stderr))

    def new_relay(self, name):
        self.relays.append(Relay(self, name))
        return self.relays[-1]

    def close(self):
        for relay in self.relays:
            if relay.is_running():
                relay.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


def sync_all(*profiles, rounds=3):
    """Enough rounds for messages, receipts and answers to have gone both ways."""
    for _ in range(rounds):
        for profile in profiles:
            profile.sync()


class WorldTest(unittest.TestCase):
    """A test with a World, whose relay runs."""

    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)
        self.assertTrue(self.world.relay.start())

    def profile(self, name):
        return Profile(self.world, name).init()

    def meet(self, one="alice", other="bob"):
        """Two profiles that are contacts of each other, on both sides."""
        a, b = self.profile(one), self.profile(other)
        introduce(a, b)
        return a, b


def add_device(primary, name):
    """A new installation joins the primary's account."""
    new = Profile(primary.world, name)
    asked = new.ok("device", "request", primary.account, *CHEAP)
    answer = primary.ok("device", "grant", "--code", asked["shortCode"], asked["request"])
    assert answer["shortCode"] == asked["shortCode"]
    joined = new.ok("device", "join", "-", stdin=answer["grant"].encode())
    new.account = joined["account"]
    new.device = joined["device"]
    assert new.account == primary.account
    sync_all(primary, new, rounds=2)
    return new


def introduce(a, b):
    invite = a.ok("invite")["invite"]
    a.sync()
    b.ok("contact", "add", a.name, invite)
    b.sync()
    a.sync()
    a.ok("contact", "accept", b.account, b.name)
    sync_all(a, b, rounds=1)
    states = [contact["state"] for profile in (a, b) for contact in profile.ok("contact", "list")["contacts"]]
    assert states == ["accepted", "accepted"], states


def main():
    if not (BIN / "waxwing").exists():
        sys.exit(f"no programs in {BIN}; name their directory with WAXWING_BIN")
    unittest.main(verbosity=2)
