"""Bytes of files flipped, one after the other: noticed in clear words, or harmless.

`client` and `relay`: a sample of a small database and of the files beside it, the program looking. With `--each 0` every byte
of the files beside it in this way, and every byte of the database by waxwing-test-flips, which opens it as the program does and
reads all that is in it. `log`: a sample of what a killed program left behind in its write-ahead log.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "process"))

from fault_run import Broken, require  # noqa: E402
from harness import BIN, LONG, Profile, World, introduce, sync_all  # noqa: E402

PROGRAM_SAMPLE = 2000  # bytes of a file that is too large to start a program for each

# In which words damage may be told. `notFound` and the like would be lies.
CODES = {"damaged", "wrongKey", "unsupportedVersion", "newerSchema", "invalidArgument", "weakSettings", "storeFailed",
         "mustReopen"}
LOOKS = [("messages", "bob", "--most", "1000"), ("contact", "list"), ("outbox",), ("status",), ("device", "list")]


def offsets(size, options, dice):
    """Every byte of a small file, or as many at random."""
    each = options.each or (size if size <= 4096 else PROGRAM_SAMPLE)
    return sorted(dice.sample(range(size), min(size, each)))


def flip_all(database, options, dice, passphrase=()):
    """Every byte, or a few hundred."""
    stride = 1 if options.each == 0 else max(1, database.stat().st_size // (20 * options.each))
    done = subprocess.run([BIN / "waxwing-test-flips", database, str(stride), str(dice.randrange(stride)), *passphrase],
                          capture_output=True)
    require(done.returncode == 0, f"{database}: {done.stderr.decode()}")
    print(f"{database.name}, read as a whole: {done.stdout.decode().strip()}", flush=True)


def flip(path, offset, dice):
    with open(path, "r+b") as file:
        file.seek(offset)
        old = file.read(1)[0]
        new = old ^ dice.randint(1, 255)
        file.seek(offset)
        file.write(bytes([new]))
    return f"{path.name} byte {offset}: {old:02x} → {new:02x}"


class Tally:
    def __init__(self):
        self.noticed = 0
        self.harmless = 0

    def show(self, what):
        print(f"{what}: {self.noticed + self.harmless} bytes flipped; {self.noticed} noticed, {self.harmless} harmless",
              flush=True)


def require_told(done, codes):
    lines = done.stderr.decode().splitlines()
    require(done.returncode == 1, f"status {done.returncode}: {lines}")
    require(len(lines) == 1 and lines[0].startswith("waxwing: "), f"standard error has {lines}")
    told = [json.loads(line)["error"]["code"] for line in done.stdout.splitlines() if b'"error"' in line]
    require(len(told) == 1 and told[0] in codes, f"{told}: {lines}")


class ClientDamage:
    """Alice's profile after a clean end. Each command either shows what it showed before, or tells of damage."""

    def __init__(self, world):
        self.a, self.b = Profile(world, "alice").init(), Profile(world, "bob").init()
        introduce(self.a, self.b)
        for number in range(3):
            self.a.send(self.b, f"a{number}")
            self.b.send(self.a, f"b{number}")
        sync_all(self.a, self.b, rounds=2)
        self.a.send(self.b, "waiting")
        self.good = self.a.copy_aside("good")
        self.shown = [self.a.ok(*look) for look in LOOKS]

    def files(self):
        return ["waxwing.db", "waxwing.db.check", "profile.toml", "waxwing.db.lock"]

    def put_back(self):
        self.a.put_back(self.good)

    def flip_all(self, options, dice):
        flip_all(self.a.directory / "waxwing.db", options, dice, [self.a.passphrase])

    def try_one(self, name, offset, dice, tally):
        what = flip(self.a.directory / name, offset, dice)
        look = dice.randrange(len(LOOKS))
        done = self.a.run("--json", *LOOKS[look])
        try:
            if done.returncode == 0:
                require(json.loads(done.stdout) == self.shown[look], f"{LOOKS[look]} shows something else: {done.stdout}")
                tally.harmless += 1
            else:
                require_told(done, CODES)
                tally.noticed += 1
        except Exception as failure:
            raise Broken(f"{what}: {failure}") from failure

    def check_good(self):
        """The copy that was put back works, and nothing was lost."""
        sync_all(self.a, self.b, rounds=2)
        require(self.b.texts(self.a, mine=False) == ["a0", "a1", "a2", "waiting"], "the good copy has lost something")


class RelayDamage:
    """A relay with messages for bob. Either it does not serve and says why, or he gets them all."""

    TEXTS = ["a0", "a1", "a2"]

    def __init__(self, world):
        self.world = world
        self.relay = world.relay
        self.a, self.b = Profile(world, "alice").init(), Profile(world, "bob").init()
        introduce(self.a, self.b)
        for text in self.TEXTS:
            self.a.send(self.b, text)
        self.a.sync()
        self.relay.stop()
        self.good = world.directory / "relay.good"
        shutil.copytree(self.relay.directory, self.good)
        self.bob_before = self.b.copy_aside("before")

    def files(self):
        return ["relay.db", "relay.db.check", "store.key", "certificate.pem", "certificate.key"]

    def put_back(self):
        if self.relay.is_running():
            self.relay.kill()
        shutil.rmtree(self.relay.directory)
        shutil.copytree(self.good, self.relay.directory)
        self.b.put_back(self.bob_before)

    def flip_all(self, options, dice):
        flip_all(self.relay.directory / "relay.db", options, dice)

    def try_one(self, name, offset, dice, tally):
        what = flip(self.relay.directory / name, offset, dice)
        log = self.relay.log.stat().st_size
        try:
            if self.relay.start():
                self.see_bob(tally, log)
            else:
                self.require_clear_end(log)
                tally.noticed += 1
        except Exception as failure:
            raise Broken(f"{what}: {failure}") from failure

    def require_clear_end(self, log):
        require(self.relay.process.returncode == 1, f"the relay ended with {self.relay.process.returncode}")
        words = self.said_since(log).splitlines()
        require(words and words[-1].startswith("waxwing-relay: "), f"its last words were {words}")
        require("internal" not in words[-1], words[-1])

    def see_bob(self, tally, log):
        done = self.b.run("--json", "sync")
        require(self.relay.is_running(), "the relay is gone")
        if done.returncode == 0 and self.b.texts(self.a, mine=False) == self.TEXTS:
            tally.harmless += 1
            return
        said = self.said_since(log)
        require("damaged" in said or b"certificate" in done.stderr,
                f"{self.b.texts(self.a, mine=False)} arrived, sync said {done.stderr}, and the relay: {said}")
        tally.noticed += 1

    def said_since(self, log):
        with open(self.relay.log) as file:
            file.seek(log)
            return file.read()

    def check_good(self):
        require(self.relay.start(), "the good copy does not start")
        sync_all(self.b, self.a, rounds=2)
        require(self.b.texts(self.a, mine=False) == self.TEXTS, "the good copy has lost something")


class LogDamage:
    """Alice was killed, and her newest messages stand in the write-ahead log alone. SQLite takes a log up to the first frame
    that is damaged and cannot tell it from one that was never written: what she has is a beginning of what she said, the rest
    works, and what is missing can be said again."""

    def __init__(self, world):
        self.a, self.b = Profile(world, "alice").init(), Profile(world, "bob").init()
        introduce(self.a, self.b)
        self.said = [f"a{number}" for number in range(5)]
        sending = self.a.start("send", self.b.name, stdin=-1)
        for text in self.said:
            sending.stdin.write(text.encode() + b"\n")
            sending.stdin.flush()
            sending.stdout.readline()
        sending.kill()
        sending.communicate()
        self.good = self.a.copy_aside("good")

    def files(self):
        return ["waxwing.db-wal"]

    def put_back(self):
        self.a.put_back(self.good)

    def flip_all(self, options, dice):
        pass  # that of a log is done above

    def try_one(self, name, offset, dice, tally):
        what = flip(self.a.directory / name, offset, dice)
        try:
            kept = self.a.texts(self.b, mine=True)
            require(kept == self.said[:len(kept)], f"she has {kept}")
            tally.harmless += kept == self.said
            tally.noticed += kept != self.said
        except Exception as failure:
            raise Broken(f"{what}: {failure}") from failure

    def check_good(self):
        sync_all(self.a, self.b, rounds=2)
        require(self.b.texts(self.a, mine=False) == self.said, "the good copy has lost something")


def run(case, options, dice):
    begun = time.monotonic()
    for name in case.files():
        tally = Tally()
        case.put_back()
        directory = case.a.directory if not isinstance(case, RelayDamage) else case.relay.directory
        size = (directory / name).stat().st_size
        for offset in offsets(size, options, dice):
            case.put_back()
            case.try_one(name, offset, dice, tally)
            if (tally.noticed + tally.harmless) % 5000 == 0:
                tally.show(f"{name}, so far ({time.monotonic() - begun:.0f} s)")
        tally.show(f"{name} ({size} bytes)")
    case.put_back()
    case.flip_all(options, dice)
    case.check_good()


def main():
    if not (BIN / "waxwing").exists():
        sys.exit(f"no programs in {BIN}; name their directory with WAXWING_BIN")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["client", "relay", "log"])
    parser.add_argument("--each", type=int, default=0 if LONG else 12, help="bytes per file, at random; 0: every byte")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("WAXWING_SEED", random.SystemRandom().getrandbits(32))))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    world = World()
    try:
        require(world.relay.start(), "the relay did not start")
        case = {"client": ClientDamage, "relay": RelayDamage, "log": LogDamage}[options.what](world)
        run(case, options, random.Random(options.seed))
    except BaseException:
        if world.relay.is_running():
            world.relay.kill()
        print(f"FAILED with seed {options.seed}; everything is kept in {world.directory}", flush=True)
        raise
    world.close()


if __name__ == "__main__":
    main()
