"""SIGKILL at random, while two people write to each other.

Both write numbered messages in all the ways that there are: lines typed into `sync --follow`, and `send` followed by `sync`;
now and then they read. Meanwhile the programs are killed at moments that the dice choose. What was answered `queued` counts as
said; of a line whose answer died with the process the profile is asked, as a person would look. In the end everything that was
said is there on both sides, once, in order, and read.
"""

import argparse
import collections
import json
import os
import pathlib
import queue
import random
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "process"))

from harness import BIN, LONG, PATIENCE, Profile, World, introduce  # noqa: E402

RANK = {"pending": 0, "sent": 1, "delivered": 2, "read": 3}
ROUNDS_TO_REST = 100
BEHIND = 20  # messages that the slower one may owe


class Broken(Exception):
    """A promise that was not kept."""


class Progress:
    """How far the kills are, and with them the messages: both shall last equally long."""

    def __init__(self, kills, messages):
        self.wanted = kills
        self.messages = messages
        self.kills = 0
        self.given_up = False
        self.where = collections.Counter()

    def allowed(self):
        return self.messages if self.is_over() else self.messages * (self.kills + 1) // (self.wanted + 1)

    def is_over(self):
        return self.kills >= self.wanted

    def count(self, what):
        self.kills += 1
        self.where[what] += 1


class Talker(threading.Thread):
    """One person. Every process that it starts stands in `process`, for the killer to find."""

    def __init__(self, profile, peer, progress, seed):
        super().__init__(name=profile.name)
        self.profile = profile
        self.peer = peer
        self.progress = progress
        self.dice = random.Random(seed)
        self.said = 0  # messages that are durable
        self.states = {}  # id → the furthest state that was told
        self.process = None
        self.doing = ""
        self.started = 0.0
        self.failure = None

    def text(self, number):
        return f"{self.profile.name} {number:06}"

    def run(self):
        try:
            while not (self.progress.given_up or self.progress.is_over() and self.said == self.progress.messages):
                if self.dice.random() < 0.5:
                    self.follow()
                else:
                    self.command_by_command()
        except BaseException as failure:  # told by the main thread
            self.failure = failure

    # One command after the other

    def command_by_command(self):
        if self.said < self.progress.allowed():
            text = self.text(self.said)
            status, answers = self.one("send", self.peer.name, "--", text)
            if status == 0 or self.was_said(text):
                self.said += 1
            elif status != -signal.SIGKILL:
                raise Broken(f"send gave {status}: {answers}")
        self.one("sync")
        if self.dice.random() < 0.1:
            self.one("read", self.peer.name)

    def one(self, *arguments):
        """Status and answers of a command that may be killed, and must not end badly in any other way."""
        process = self.begin(*arguments)
        out, errors = process.communicate(timeout=PATIENCE)
        if process.returncode not in (0, 3, -signal.SIGKILL):
            raise Broken(f"{self.name}: {arguments} gave {process.returncode}: {errors.decode()}")
        # A killed process may have left half a line.
        answers = [json.loads(line) for line in out.splitlines()] if process.returncode in (0, 3) else []
        return process.returncode, answers

    def was_said(self, text):
        """Whether a message whose answer was lost is in the database; looked for until nobody kills the looking."""
        while True:
            status, answers = self.one("messages", self.peer.name, "--most", 10000)
            if status == 0:
                break
        mine = [item["text"] for item in answers[0]["messages"] if item["mine"] and item["kind"] == "text"]
        if mine[:self.said] != [self.text(number) for number in range(self.said)]:
            raise Broken(f"{self.name} had {self.said} answers 'queued', and has {mine}")
        return text in mine

    # Staying on line

    def follow(self):
        process = self.begin("sync", "--follow", "--to", self.peer.name, stdin=subprocess.PIPE)
        lines = queue.Queue()
        threading.Thread(target=self.read_lines, args=(process.stdout, lines), daemon=True).start()
        ends = time.monotonic() + self.dice.choice([0.05, 0.3, 1, 3])
        try:
            while process.poll() is None and time.monotonic() < ends:
                if self.said < self.progress.allowed() and not self.say(process, lines):
                    break
                time.sleep(self.dice.uniform(0, 0.02))
            self.end(process)
        finally:
            process.stdout.close()
            process.stderr.close()

    def say(self, process, lines):
        """Types a line and waits for the answer; False if the process ended first."""
        text = self.text(self.said)
        try:
            process.stdin.write(text.encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # an earlier line than this one was its last
        if self.is_answered(lines):
            self.said += 1
            return True
        process.wait(PATIENCE)
        if self.was_said(text):
            self.said += 1
        return False

    def is_answered(self, lines):
        while True:
            line = lines.get(timeout=PATIENCE)
            if line is None:
                return False
            if "queued" in line:
                return True
            if "refused" in line:
                raise Broken(f"{self.name}: {line}")

    def read_lines(self, pipe, lines):
        try:
            for line in pipe:
                if not line.endswith(b"\n"):
                    break
                line = json.loads(line)
                if line.get("event") == "state":
                    self.see_state(line)
                lines.put(line)
        except ValueError:
            pass  # closed behind our back
        lines.put(None)

    def see_state(self, event):
        """States only move forward, through all processes."""
        rank = RANK.get(event["state"], -1)
        if rank < self.states.get(event["id"], 0):
            self.failure = Broken(f"{self.name}: a state moved back: {event}")
        self.states[event["id"]] = rank

    def end(self, process):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass
        errors = process.stderr.read()
        status = process.wait(PATIENCE)
        # SIGTERM may come before the program has told what it wants to do with it.
        if status not in (0, -signal.SIGKILL, -signal.SIGTERM):
            raise Broken(f"{self.name}: sync --follow gave {status}: {errors.decode()}")

    def begin(self, *arguments, **more):
        process = self.profile.start(*arguments, **more)
        self.doing = arguments[0] if "--follow" not in arguments else "sync --follow"
        self.started = time.monotonic()
        self.process = process
        return process


class RelayKeeper(threading.Thread):
    """Starts the relay again whenever it died."""

    def __init__(self, relay):
        super().__init__(daemon=True)
        self.relay = relay
        self.stopping = False
        self.started = 0.0
        self.listening = threading.Event()
        self.listening.set()
        self.failure = None

    def run(self):
        try:
            while not self.stopping:
                status = self.relay.process.wait()
                if self.stopping:
                    return
                if status != -signal.SIGKILL:
                    raise Broken(f"the relay ended with {status}")
                self.listening.clear()
                self.started = time.monotonic()
                if self.relay.start():
                    self.listening.set()
        except BaseException as failure:
            self.failure = failure

    def wait_until_up(self):
        patience = time.monotonic() + PATIENCE
        while not (self.relay.is_running() and self.listening.wait(0.01)):
            if self.failure or time.monotonic() > patience:
                raise self.failure or Broken("the relay does not start any more")
            time.sleep(0.01)
        self.stopping = True


class Run:
    def __init__(self, options):
        self.options = options
        self.dice = random.Random(options.seed)
        self.world = World()
        self.progress = Progress(options.kills, options.messages)
        self.keeper = RelayKeeper(self.world.relay)
        self.talkers = []
        self.begun = time.monotonic()

    def run(self):
        if not self.world.relay.start():
            raise Broken("the relay did not start")
        a, b = Profile(self.world, "alice").init(), Profile(self.world, "bob").init()
        introduce(a, b)
        self.talkers = [Talker(a, b, self.progress, self.dice.random()), Talker(b, a, self.progress, self.dice.random())]
        for thread in (self.keeper, *self.talkers):
            thread.start()
        try:
            self.kill_all_along()
        except BaseException:
            self.progress.given_up = True
            raise
        finally:
            for talker in self.talkers:
                talker.join()
        self.raise_failures()
        self.keeper.wait_until_up()
        self.come_to_rest(a, b)

    def kill_all_along(self):
        while not self.progress.is_over():
            victim = self.options.program if self.options.program != "both" else self.dice.choice(["client", "relay"])
            self.wait_for_messages()
            time.sleep(self.dice.choice([0.02, 0.1, 0.1, 0.4]) * self.dice.random())
            what = self.kill_relay() if victim == "relay" else self.kill_client()
            self.raise_failures()
            if what:
                self.progress.count(what)
                self.tell()

    def wait_for_messages(self):
        """On a busy machine programs would be killed faster than they can speak, and the kills be over before anything is said."""
        while min(talker.said for talker in self.talkers) + BEHIND < self.progress.allowed():
            time.sleep(0.01)
            self.raise_failures()

    def kill_client(self):
        talker = self.dice.choice(self.talkers)
        process, doing, started = talker.process, talker.doing, talker.started
        if process is None or process.poll() is not None:
            return None
        process.kill()
        return f"{doing}, {self.span(started)}"

    def kill_relay(self):
        process = self.world.relay.process
        if process.poll() is not None:
            return None
        process.kill()
        return f"relay, {self.span(self.keeper.started)}"

    @staticmethod
    def span(started):
        age = (time.monotonic() - started) * 1000
        return next((f"first {bound} ms" for bound in (5, 10, 20, 40, 80, 160, 640) if age < bound), "later")

    def tell(self):
        if self.progress.kills % max(1, self.options.kills // 20) == 0:
            said = ", ".join(f"{talker.name} said {talker.said}" for talker in self.talkers)
            print(f"{self.progress.kills} kills of {self.options.kills}; {said}; "
                  f"{time.monotonic() - self.begun:.0f} s", flush=True)

    def raise_failures(self):
        for thread in (self.keeper, *self.talkers):
            if thread.failure:
                raise thread.failure

    # Afterwards

    def come_to_rest(self, a, b):
        for _ in range(ROUNDS_TO_REST):
            for profile in (a, b):
                profile.ok("sync")
            if all(not one.ok("outbox")["items"] for one in (a, b)):
                break
        else:
            raise Broken("the outboxes never became empty")
        for profile in (a, b):
            profile.ok("sync")  # the last that the other one sent
        for one, other in ((a, b), (b, a)):
            one.ok("read", other.name)
        for profile in (a, b, a, b):
            profile.ok("sync")
        for one, other in ((a, b), (b, a)):
            self.check(one, other)

    def check(self, one, other):
        said = [f"{one.name} {number:06}" for number in range(self.options.messages)]
        for what, is_so in {
            "has its own messages once, in order": one.texts(other, mine=True) == said,
            "was understood once, in order": other.texts(one, mine=False) == said,
            "sees all of them read": one.states(other) == {text: "read" for text in said},
            "has no hole": "hole" not in one.kinds(other) and "gap" not in one.kinds(other),
        }.items():
            if not is_so:
                raise Broken(f"not so: {one.name} {what}")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", choices=["client", "relay", "both"], default="both")
    parser.add_argument("--kills", type=int, default=1000 if LONG else 15)
    parser.add_argument("--messages", type=int, default=None, help="each way; as many as kills if not said")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("WAXWING_SEED", random.SystemRandom().getrandbits(32))))
    options = parser.parse_args(arguments)
    options.messages = options.kills if options.messages is None else options.messages
    return options


def main():
    if not (BIN / "waxwing").exists():
        sys.exit(f"no programs in {BIN}; name their directory with WAXWING_BIN")
    options = parse(sys.argv[1:])
    print(f"seed {options.seed}: {options.kills} kills ({options.program}), {options.messages} messages each way", flush=True)
    run = Run(options)
    try:
        run.run()
    except BaseException:
        run.keeper.stopping = True
        for relay in run.world.relays:
            if relay.is_running():
                relay.kill()
        print(f"FAILED with seed {options.seed} after {run.progress.kills} kills; everything is kept in {run.world.directory} "
              f"(passphrases: 'the passphrase of NAME', log: relay.log)", flush=True)
        raise
    run.world.close()
    print(f"clean after {run.progress.kills} kills, {time.monotonic() - run.begun:.0f} s; killed:")
    for where, times in sorted(run.progress.where.items()):
        print(f"  {times:5}  {where}")


if __name__ == "__main__":
    main()
