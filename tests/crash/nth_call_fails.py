"""The n-th open, write, fsync, ftruncate or rename fails, for every n until there is no such call any more.

Whatever happens, the program says so with a typed error or does what it was asked for; what it said to be done is done; and with
a good disk again everything works, and is there once.
"""

import json
import signal

from fault_run import Broken, Case, Tally, parse, require, require_disk_error, run_cases
from harness import CHEAP, Profile, World, introduce, sync_all
from shim import Shim


def settle(world, *profiles):
    """Until nobody waits for anything; a relay whose disk was just mended looks again after a second."""
    for _ in range(60):
        done = [profile.run("--json", "sync") for profile in profiles]
        for one in done:
            require(one.returncode in (0, 3), f"sync gave {one.returncode}: {one.stderr.decode()}")
        if all(one.returncode == 0 for one in done) and not any(profile.ok("outbox")["items"] for profile in profiles):
            break
    else:
        raise Broken("it never came to rest")
    sync_all(*profiles, rounds=2)


class Exchange:
    """Two people, and what each of them is known to have said to the other."""

    def __init__(self, world):
        self.world = world
        self.a, self.b = Profile(world, "alice").init(), Profile(world, "bob").init()
        introduce(self.a, self.b)
        self.said = {self.a: [], self.b: []}

    def say(self, one, text):
        one.send(self.b if one is self.a else self.a, text)
        self.said[one].append(text)

    def next_text(self, one):
        return f"{one.name} {len(self.said[one]):06}"

    def check(self):
        settle(self.world, self.a, self.b)
        for one, other in ((self.a, self.b), (self.b, self.a)):
            said = self.said[one]
            require(one.texts(other, mine=True) == said, f"{one.name} sees {one.texts(other, mine=True)[-3:]}, not {said[-3:]}")
            require(other.texts(one, mine=False) == said, f"{other.name} has {other.texts(one, mine=False)[-3:]}, not {said[-3:]}")
            require(set(one.states(other).values()) <= {"delivered", "read"}, f"{one.name}: {one.states(other)}")
            require(not {"hole", "gap", "unreadable"} & set(one.kinds(other)), f"{one.name}: {one.kinds(other)}")


# The client's commands, under a shim on alice's directory.


class ClientCase(Case):
    def __init__(self, exchange, shim):
        self.exchange = exchange
        self.shim = shim

    def do(self, profile, *arguments):
        return profile.run("--json", *arguments, **self.shim.environment)

    def require_told(self, done):
        if done.returncode != 0:
            require_disk_error(done)


class Send(ClientCase):
    name = "send"

    def act(self):
        self.text = self.exchange.next_text(self.exchange.a)
        return self.do(self.exchange.a, "send", self.exchange.b.name, "--", self.text)

    def verify(self, done, struck):
        self.require_told(done)
        a, b = self.exchange.a, self.exchange.b
        is_there = a.texts(b, mine=True)[-1:] == [self.text]
        require(is_there or done.returncode != 0, "queued was answered, and it is not there")
        if is_there:
            self.exchange.said[a].append(self.text)
        else:
            self.exchange.say(a, self.text)
        self.exchange.check()


class Read(ClientCase):
    name = "read"

    def prepare(self):
        self.exchange.say(self.exchange.b, self.exchange.next_text(self.exchange.b))
        sync_all(self.exchange.b, self.exchange.a, rounds=1)

    def act(self):
        return self.do(self.exchange.a, "read", self.exchange.b.name)

    def verify(self, done, struck):
        self.require_told(done)
        a, b = self.exchange.a, self.exchange.b
        last = [item["read"] for item in a.items(b) if not item["mine"] and item["kind"] == "text"][-1]
        require(last or done.returncode != 0, "'marked' was answered, and it is not read")
        a.ok("read", b.name)
        self.exchange.check()
        require(set(b.states(a).values()) == {"read"}, f"a receipt was lost: {b.states(a)}")


class Sync(ClientCase):
    """With a message of each side on its way."""

    name = "sync"

    def prepare(self):
        for one in (self.exchange.b, self.exchange.a):
            self.exchange.say(one, self.exchange.next_text(one))
        self.exchange.b.sync()

    def act(self):
        return self.do(self.exchange.a, "sync")

    def verify(self, done, struck):
        self.require_told(done)
        a, b = self.exchange.a, self.exchange.b
        state = a.states(b)[self.exchange.said[a][-1]]
        require(done.returncode != 0 or state != "pending", "sync was settled, and the message is still pending")
        if state != "pending":
            b.sync()
            require(b.texts(a, mine=False) == self.exchange.said[a], "'sent' was a lie")
        self.exchange.check()


class Look(ClientCase):
    """Commands that only look. They may fail on such a disk, and show nothing false."""

    name = "messages"

    def act(self):
        return self.do(self.exchange.a, "messages", self.exchange.b.name, "--most", 100000)

    def verify(self, done, struck):
        self.require_told(done)
        a, b = self.exchange.a, self.exchange.b
        if done.returncode == 0:
            shown = json.loads(done.stdout)["messages"]
            require(shown == a.items(b), "it showed something else")
        require(a.run("status").returncode == 0, "the next command does not work")


class Init(ClientCase):
    name = "init"
    count = 0

    def prepare(self):
        Init.count += 1
        world = self.exchange.world
        self.profile = Profile(world, f"new{Init.count}")
        self.shim = Shim(world.directory / "page", self.profile.directory)

    def act(self):
        return self.do(self.profile, "init", "--relay", self.exchange.world.relay.address, *CHEAP)

    def verify(self, done, struck):
        self.require_told(done)
        if done.returncode != 0 and self.profile.run("status").returncode != 0:
            self.profile.ok("init", "--relay", self.exchange.world.relay.address, *CHEAP)
        account = self.profile.ok("status")["account"]
        require(done.returncode != 0 or json.loads(done.stdout)["account"] == account, "another account than was said")
        self.profile.sync()


class AddContact(Init):
    """By an invite of someone new, who then hears of it."""

    name = "contact add"

    def prepare(self):
        super().prepare()
        self.profile.init().sync()
        self.invite = self.profile.ok("invite")["invite"]
        self.profile.sync()
        self.shim = Shim(self.exchange.world.directory / "page", self.exchange.a.directory)

    def act(self):
        return self.do(self.exchange.a, "contact", "add", self.profile.name, self.invite)

    def verify(self, done, struck):
        self.require_told(done)
        a = self.exchange.a
        listed = [contact["name"] for contact in a.ok("contact", "list")["contacts"]].count(self.profile.name)
        require(listed == 1 or (listed == 0 and done.returncode != 0), f"listed {listed} times")
        if listed == 0:
            a.ok("contact", "add", self.profile.name, self.invite)
        settle(self.exchange.world, a)
        self.profile.sync()
        require(self.is_asked(), "the request did not arrive")

    def is_asked(self):
        contacts = self.profile.ok("contact", "list")["contacts"]
        return [(contact["account"], contact["state"]) for contact in contacts] == [(self.exchange.a.account, "requested")]


class AcceptContact(AddContact):
    """Of someone who asked; then both can write."""

    name = "contact accept"
    invite = None  # one for all tries: few may be open

    def prepare(self):
        Init.prepare(self)
        a = self.exchange.a
        self.invite = self.invite or a.ok("invite")["invite"]
        a.sync()
        self.profile.init().ok("contact", "add", a.name, self.invite)
        sync_all(self.profile, a, rounds=1)
        self.shim = Shim(self.exchange.world.directory / "page", a.directory)

    def act(self):
        return self.do(self.exchange.a, "contact", "accept", self.profile.account, self.profile.name)

    def verify(self, done, struck):
        self.require_told(done)
        a = self.exchange.a
        found = [contact for contact in a.ok("contact", "list")["contacts"] if contact["account"] == self.profile.account]
        require(len(found) == 1, f"{len(found)} contacts")
        if found[0]["state"] != "accepted":
            require(done.returncode != 0, "accepted was answered, and it is not so")
            a.ok("contact", "accept", self.profile.account, self.profile.name)
        a.send(self.profile, "welcome")
        settle(self.exchange.world, a, self.profile)
        require(self.profile.texts(a, mine=False) == ["welcome"], "no welcome")


class Invite(Init):
    """Of someone new. An invite that was shown is good."""

    name = "invite"

    def prepare(self):
        super().prepare()
        self.profile.init().sync()

    def act(self):
        return self.do(self.profile, "invite")

    def verify(self, done, struck):
        self.require_told(done)
        a = self.exchange.a
        text = json.loads(done.stdout)["invite"] if done.returncode == 0 else self.profile.ok("invite")["invite"]
        self.profile.sync()
        a.ok("contact", "add", self.profile.name, text)
        settle(self.exchange.world, a, self.profile)
        asked = [c["state"] for c in self.profile.ok("contact", "list")["contacts"] if c["account"] == a.account]
        require(asked == ["requested"], f"the request is {asked}")


# The relay, under a shim on its directory.


class RelayCase(Case):
    def __init__(self, exchange, shim):
        self.exchange = exchange
        self.shim = shim

    def relay(self):
        return self.exchange.world.relay

    def restart(self):
        """As a crash would, with nothing of the process left."""
        self.relay().kill()
        require(self.relay().start(**self.shim.environment), "the relay does not start any more")

    def require_reached(self, done):
        """A client of a relay with a broken disk is told to come again, or notices nothing."""
        require(done.returncode in (0, 3), f"sync gave {done.returncode}: {done.stderr.decode()}")
        require(self.relay().is_running(), "the relay is gone")


class Start(RelayCase):
    """On a directory in which messages wait."""

    name = "start"

    def prepare(self):
        self.exchange.say(self.exchange.a, self.exchange.next_text(self.exchange.a))
        self.exchange.a.sync()
        self.relay().kill()

    def act(self):
        return self.relay().start(**self.shim.environment)

    def verify(self, started, struck):
        if started:
            require(self.relay().is_running(), "it said that it listens, and ended")
        else:
            self.require_clear_end()
            require(struck, "the relay does not start")
            require(self.relay().start(**self.shim.environment), "the relay does not start any more")
        self.exchange.check()

    def require_clear_end(self):
        require(self.relay().process.returncode == 1, f"the relay ended with {self.relay().process.returncode}")
        last = self.relay().log.read_text().splitlines()[-1]
        require(last.startswith("waxwing-relay: "), f"its last word was: {last}")
        require("damaged" not in last and "internal" not in last, f"a false word about a failing disk: {last}")


class FirstStart(Start):
    """On a directory that is not there yet."""

    name = "first start"
    count = 0

    def prepare(self):
        FirstStart.count += 1
        world = self.exchange.world
        self.new = world.new_relay(f"relay{FirstStart.count}")
        self.shim = Shim(world.directory / "page-of-new", self.new.directory)

    def relay(self):
        return self.new

    def verify(self, started, struck):
        if not started:
            self.require_clear_end()
            require(self.new.start(**self.shim.environment), "the relay does not start any more")
        address = self.new.address
        if struck:
            self.restart()
            require(self.new.address == address, "it has another identity than it said")
        world = self.exchange.world
        person = Profile(world, f"person{FirstStart.count}")
        person.ok("init", "--relay", address, *CHEAP)
        person.sync()
        self.new.kill()


class Register(RelayCase):
    name = "register"
    count = 0

    def prepare(self):
        Register.count += 1
        self.profile = Profile(self.exchange.world, f"newcomer{Register.count}").init()

    def act(self):
        return self.profile.run("--json", "sync")

    def verify(self, done, struck):
        self.require_reached(done)
        if done.returncode == 0 and struck:
            self.restart()
        settle(self.exchange.world, self.profile)
        require(self.profile.run("--json", "sync").returncode == 0, "not registered")


class Accept(RelayCase):
    """Sent means that it survives the relay's death, too."""

    name = "accept"

    def prepare(self):
        self.exchange.say(self.exchange.a, self.exchange.next_text(self.exchange.a))

    def act(self):
        return self.exchange.a.run("--json", "sync")

    def verify(self, done, struck):
        self.require_reached(done)
        a, b = self.exchange.a, self.exchange.b
        if a.states(b)[self.exchange.said[a][-1]] == "sent" and struck:
            self.restart()
            b.sync()
            require(b.texts(a, mine=False) == self.exchange.said[a], "'sent' was a lie")
        self.exchange.check()


class Drain(RelayCase):
    """Bob fetches what waits, and answers."""

    name = "drain"

    def prepare(self):
        for _ in range(3):
            self.exchange.say(self.exchange.a, self.exchange.next_text(self.exchange.a))
        self.exchange.a.sync()

    def act(self):
        return self.exchange.b.run("--json", "sync")

    def verify(self, done, struck):
        self.require_reached(done)
        if struck:
            self.restart()
        self.exchange.check()


class Stop(RelayCase):
    """SIGTERM, with messages in the log."""

    name = "stop"

    def prepare(self):
        self.exchange.say(self.exchange.a, self.exchange.next_text(self.exchange.a))
        self.exchange.a.sync()

    def act(self):
        self.relay().process.send_signal(signal.SIGTERM)
        return self.relay().process.wait(60)

    def verify(self, status, struck):
        require(status == 0, f"the relay ended with {status}")
        require(self.relay().start(**self.shim.environment), "the relay does not start any more")
        self.exchange.check()


class Stage:
    """A world with its two people. What failed is kept."""

    def __init__(self):
        self.world = World()

    def __enter__(self):
        require(self.world.relay.start(), "the relay did not start")
        self.exchange = Exchange(self.world)
        return self

    def __exit__(self, kind, failure, trace):
        if failure is None:
            self.world.close()
            return
        for relay in self.world.relays:
            if relay.is_running():
                relay.kill()
        print(f"everything is kept in {self.world.directory} (passphrases: 'the passphrase of NAME')", flush=True)


class ClientStage(Stage):
    KINDS = (Init, Invite, AddContact, AcceptContact, Send, Sync, Read, Look)

    def case(self, kind):
        return kind(self.exchange, Shim(self.world.directory / "page-of-alice", self.exchange.a.directory))


class RelayStage(Stage):
    KINDS = (FirstStart, Start, Register, Accept, Drain, Stop)

    def case(self, kind):
        relay = self.world.relay
        shim = Shim(self.world.directory / "page-of-relay", relay.directory)
        relay.kill()
        require(relay.start(**shim.environment), "the relay did not start again")
        return kind(self.exchange, shim)


def main():
    options = parse()
    print(f"seed {options.seed}", flush=True)
    stage = ClientStage if options.program == "client" else RelayStage
    tally = Tally()
    try:
        run_cases(stage.KINDS, stage, options, tally)
    except BaseException:
        print(f"FAILED with seed {options.seed} at try {tally.tries}", flush=True)
        raise


if __name__ == "__main__":
    main()
