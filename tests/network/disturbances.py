"""Real programs on two hosts and a network that fails them: how long they take to notice, and to come back.

Each scenario says what it measured and what bound is stated for it (docs/reliability.md has the table; the bounds follow
from crypto/limits.h). Without arguments all of them run side by side, each in a lab of its own; with WAXWING_LONG=1 more
and longer ones. With the name of a scenario that one runs alone. Exit status 77: no lab can be had here, and why.
"""

import concurrent.futures
import json
import os
import pathlib
import queue
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "process"))

import harness
import lab

# crypto/limits.h, in seconds
PING_EVERY, PING_ANSWER = 25, 10
CONNECT_TIMEOUT = 10
BACKOFF_FIRST, BACKOFF_MOST = 0.5, 60
CALL_TIMEOUT = 30
TAKEN_WITHIN, KEEP_ALIVE = 30, 80
BUSY_MACHINE = 5  # granted on top of each bound: start of programs, key derivation, a machine that does other things

CLIENTS, RELAY, ELSEWHERE, PHONE = "10.77.0.1", "10.77.0.2", "10.77.0.3", "10.77.0.4"
NAME = "relay.lab"


def back_off_after(attempts):
    """The longest wait that can follow so many failed attempts."""
    return min(BACKOFF_MOST, BACKOFF_FIRST * 2 ** attempts)


class Follower:
    """`waxwing sync --follow`: its events with the time of each."""

    def __init__(self, profile, to):
        self.process = profile.start("sync", "--follow", "--to", to.name, stdin=subprocess.PIPE)
        self.events = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.events.put((time.monotonic(), json.loads(line)))

    def say(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def until(self, is_it, patience, since=0.0):
        """The time of the first event not seen yet, and no older than `since`, that is it."""
        end = time.monotonic() + patience
        while True:
            left = end - time.monotonic()
            try:
                at, event = self.events.get(timeout=max(0.0, left))
            except queue.Empty:
                raise AssertionError("that did not happen in time") from None
            if at >= since and "event" in event and is_it(event):
                return at

    def until_link(self, state, patience, since):
        return self.until(lambda e: e["event"] == "link" and e["link"]["state"] == state, patience, since)

    def until_caught_up(self, patience=60):
        return self.until(lambda e: e["event"] == "caughtUp", patience)

    def until_told(self, text, patience):
        return self.until(lambda e: e["event"] == "message" and e["message"].get("text") == text, patience)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()


class Scenario(harness.unittest.TestCase):
    def setUp(self):
        self.lab = lab.Lab()
        self.addCleanup(self.lab.close)
        self.weather = self.lab.weather
        self.clients, self.relay_host = self.lab.host(CLIENTS), self.lab.host(RELAY)
        self.lab.name({NAME: [RELAY]})
        self.world = harness.World()
        self.addCleanup(self.world.close)
        self.relay = self.start_relay("relay", self.relay_host)

    def start_relay(self, name, host, directory=None):
        relay = harness.Relay(self.world, name, host.under, host.address)
        self.world.relays.append(relay)
        self.world.relay = relay
        if directory:
            relay.directory = directory
        self.assertTrue(relay.start(port=7443, more=("--name", f"{NAME}:7443", "--registration", "open")),
                        relay.log.read_text())
        return relay

    def meet(self):
        alice, bob = (harness.Profile(self.world, name, self.clients.under).init() for name in ("alice", "bob"))
        harness.introduce(alice, bob)
        return alice, bob

    def follow(self, profile, to):
        follower = Follower(profile, to)
        self.addCleanup(follower.end)
        follower.until_caught_up()
        self.lab.until_quiet()
        return follower

    def measured(self, what, took, bound):
        print(f"measured: {what} | {bound:g} s | {took:.1f} s", file=sys.stderr)
        self.assertLess(took, bound + BUSY_MACHINE, what)

    def exchange(self, one, other, count, patience):
        """`count` messages each way between two followers; each arrives once and in order. Returns how long it took."""
        begin = time.monotonic()
        for i in range(count):
            one.say(f"{i}")
            other.say(f"{i}")
        for follower in (one, other):
            follower.until_told(f"{count - 1}", patience)
        return time.monotonic() - begin

    def assert_in_order(self, one, other, texts):
        for profile, contact in ((one, other), (other, one)):
            self.assertEqual(profile.texts(contact, mine=False), texts)


class Default(Scenario):
    def test_delay_loss_and_reordering(self):
        alice, bob = self.meet()
        self.weather.delay, self.weather.jitter, self.weather.loss = 0.08, 0.06, 0.05
        one, two = self.follow(alice, bob), self.follow(bob, alice)
        took = self.exchange(one, two, 50, 60)
        self.measured("50 messages each way, 80±60 ms and 5 % loss each way", took, 30)
        self.assertGreater(self.lab.lost, 10)
        one.end()
        two.end()
        self.assert_in_order(alice, bob, [f"{i}" for i in range(50)])

    def test_blackholes_in_the_middle_of_an_exchange(self):
        """Every 40th packet the path swallows all for a while: short ones TCP mends, at once or by its own back-off.

        It waits twice as long before each try, so that a connection stands still for up to twice as long as the path
        did; and a hole may open, by what others send, while one still waits for the end of the last: twice that.
        """
        hole, most = 1.5, 8
        alice, bob = self.meet()
        one, two = self.follow(alice, bob), self.follow(bob, alice)
        count = 0
        holes = 0

        def watch(*_):
            nonlocal count, holes
            count += 1
            if count % 40 == 0 and holes < most and not self.weather.swallowed:
                holes += 1
                self.weather.swallowed.add(RELAY)
                threading.Timer(hole, self.weather.swallowed.clear).start()

        self.lab.watchers.append(watch)
        took = self.exchange(one, two, 60, 90)
        self.assertGreaterEqual(holes, 3)
        self.measured(f"60 messages each way through {holes} blackholes of {hole} s", took, 2 * 2 * most * hole)
        one.end()
        two.end()
        self.assert_in_order(alice, bob, [f"{i}" for i in range(60)])

    def test_a_blackhole_is_noticed_and_recovered_from(self):
        alice, bob = self.meet()
        one = self.follow(alice, bob)
        begin = time.monotonic()
        self.weather.swallowed.add(RELAY)
        one.say("into the hole")
        noticed = one.until_link("waitingForNetwork", 60, begin)
        self.measured("a blackhole is noticed by the device", noticed - begin, PING_EVERY + PING_ANSWER)
        self.weather.swallowed.clear()
        healed = time.monotonic()
        online = one.until_link("online", 90, healed)
        self.measured("  and its end, after some 35 s", online - healed, CONNECT_TIMEOUT + back_off_after(2))
        one.until(lambda e: e["event"] == "state" and e["state"] == "sent", 60)
        one.end()
        bob.sync()
        self.assertEqual(bob.texts(alice), ["into the hole"])

    def test_a_relay_that_lost_its_power(self):
        """No FIN: the host goes with all that it knew. The next ping meets one that knows nothing."""
        alice, bob = self.meet()
        one = self.follow(alice, bob)
        self.weather.swallowed.add(RELAY)
        self.relay.kill()
        self.lab.vanish(self.relay_host)
        self.start_relay("again", self.lab.host(RELAY), self.relay.directory)
        self.weather.swallowed.clear()
        back = time.monotonic()
        online = one.until_link("online", 60, back)
        self.measured("a relay that lost its power is back, and has forgotten the connection", online - back,
                      PING_EVERY + back_off_after(1))

    def test_a_device_that_vanished_and_came_back_elsewhere(self):
        """Its old connection stays half-open at the relay; the new one takes over at once."""
        alice, bob = self.meet()
        two = self.follow(bob, alice)
        self.weather.swallowed.add(CLIENTS)
        two.process.kill()
        two.process.wait()
        phone = self.lab.host(PHONE)
        bob.under, alice.under = phone.under, phone.under
        alice.send(bob, "are you there")
        begin = time.monotonic()
        alice.sync()
        bob.sync()
        self.measured("a device that vanished has its mail at a new address", time.monotonic() - begin, 5)
        self.assertEqual(bob.texts(alice), ["are you there"])

    def test_a_relay_that_moved_in_good_order(self):
        alice, bob = self.meet()
        one = self.follow(alice, bob)
        begin = time.monotonic()
        self.assertEqual(self.relay.stop(), 0)
        self.lab.name({NAME: [ELSEWHERE]})
        self.start_relay("moved", self.lab.host(ELSEWHERE), self.relay.directory)
        started = time.monotonic()
        online = one.until_link("online", 90, begin)
        away = started - begin
        self.measured(f"a relay that drained is back at another address after {away:.1f} s", max(0.0, online - started),
                      back_off_after(4))
        one.say("found you")
        one.until(lambda e: e["event"] == "state" and e["state"] == "sent", 30)

    def test_a_relay_that_moved_without_a_word(self):
        alice, bob = self.meet()
        one = self.follow(alice, bob)
        begin = time.monotonic()
        self.weather.swallowed.add(RELAY)
        self.relay.kill()
        self.lab.name({NAME: [ELSEWHERE]})
        self.start_relay("moved", self.lab.host(ELSEWHERE), self.relay.directory)
        online = one.until_link("online", 90, begin)
        self.measured("a relay that vanished is found at another address", online - begin,
                      PING_EVERY + PING_ANSWER + back_off_after(1))

    def test_a_name_with_two_addresses_of_which_one_is_dead(self):
        self.lab.name({NAME: [ELSEWHERE, RELAY]})
        alice = harness.Profile(self.world, "alice", self.clients.under).init()
        begin = time.monotonic()
        self.assertEqual(alice.sync()["result"], "settled")
        self.measured("a name with two addresses of which the first is dead", time.monotonic() - begin, 3)


class Long(Scenario):
    def setUp(self):
        if not harness.LONG:
            self.skipTest("only with WAXWING_LONG=1")
        super().setUp()

    def established(self, host):
        """TCP connections that the kernel of a host takes for alive."""
        tcp = pathlib.Path(f"/proc/{host.holder.pid}/net/tcp").read_text().splitlines()[1:]
        return sum(line.split()[3] == "01" for line in tcp)

    def until_gone(self, patience):
        begin = time.monotonic()
        while self.established(self.relay_host) and time.monotonic() - begin < patience:
            time.sleep(0.5)
        return time.monotonic() - begin

    def test_the_relay_notices_a_device_that_vanished(self):
        alice, bob = self.meet()
        two = self.follow(bob, alice)
        self.assertEqual(self.established(self.relay_host), 1)
        self.weather.swallowed.add(CLIENTS)
        two.process.kill()
        self.measured("the relay notices that a silent device vanished", self.until_gone(150), KEEP_ALIVE)

    def test_the_relay_notices_a_device_that_vanished_with_mail_on_its_way(self):
        alice, bob = self.meet()
        two = self.follow(bob, alice)
        phone = self.lab.host(PHONE)
        self.weather.swallowed.add(CLIENTS)
        two.process.kill()
        alice.under = phone.under
        alice.send(bob, "into the void")
        alice.sync()
        self.measured("the relay notices it with mail on its way", self.until_gone(150), TAKEN_WITHIN)

    def test_a_long_outage(self):
        alice, bob = self.meet()
        one = self.follow(alice, bob)
        self.weather.swallowed.add(RELAY)
        time.sleep(300)
        one.say("at last")
        self.weather.swallowed.clear()
        healed = time.monotonic()
        one.until(lambda e: e["event"] == "state" and e["state"] == "sent", 120)
        self.measured("the end of an outage of 5 min", time.monotonic() - healed, CONNECT_TIMEOUT + BACKOFF_MOST)

    def test_heavy_weather(self):
        alice, bob = self.meet()
        self.weather.delay, self.weather.jitter, self.weather.loss = 0.3, 0.2, 0.2
        one, two = self.follow(alice, bob), self.follow(bob, alice)
        took = self.exchange(one, two, 100, 400)
        self.measured("100 messages each way, 300±200 ms and 20 % loss each way", took, 300)
        one.end()
        two.end()
        self.weather.__init__()
        harness.sync_all(alice, bob)
        self.assert_in_order(alice, bob, [f"{i}" for i in range(100)])

    def test_a_slow_link(self):
        """64 kbit/s: what was written in a day away leaves."""
        alice, bob = self.meet()
        for i in range(100):
            alice.send(bob, f"{i} " + "x" * 3000)
        self.weather.delay, self.weather.rate = 0.2, 8_000
        begin = time.monotonic()
        self.sync_slowly(alice)
        self.measured("100 messages of 3 KB leave over 64 kbit/s", time.monotonic() - begin, 150)
        self.weather.rate = None
        self.sync_slowly(bob)
        self.assertEqual(len(bob.texts(alice)), 100)

    def test_a_backlog_over_a_slow_link(self):
        """64 kbit/s: what came in a day away arrives, in pages that take longer than a call may."""
        alice, bob = self.meet()
        texts = [f"{i} " + "x" * 30_000 for i in range(30)]
        for text in texts:
            alice.send(bob, text)
        self.sync_slowly(alice)
        self.weather.delay, self.weather.rate = 0.2, 8_000
        begin = time.monotonic()
        self.sync_slowly(bob)
        self.measured("30 messages of 30 KB arrive over 64 kbit/s", time.monotonic() - begin, 200)
        self.assertEqual(bob.texts(alice), texts)

    def sync_slowly(self, profile):
        with profile.start("sync") as syncing:
            self.addCleanup(syncing.kill)
            said, _ = syncing.communicate(timeout=400)
        self.assertEqual(syncing.returncode, 0, said)


def names():
    kinds = (Default, Long) if harness.LONG else (Default,)
    return [f"{kind.__name__}.{name}" for kind in kinds for name in dir(kind) if name.startswith("test_")]


def run_alone(name):
    return subprocess.run([sys.executable, "-B", __file__, name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)


def main():
    why = lab.why_not()
    if why:
        print(f"skipped: {why}", file=sys.stderr)
        return 77
    if len(sys.argv) > 1:
        harness.main()
    with concurrent.futures.ThreadPoolExecutor(len(names())) as pool:
        runs = dict(zip(names(), pool.map(run_alone, names())))
    failed = {name: run for name, run in runs.items() if run.returncode != 0}
    print("disturbance | bound | measured")
    for run in runs.values():
        for line in run.stdout.splitlines():
            if "measured: " in line:
                print(line.split("measured: ")[1])
    for name, run in failed.items():
        print(f"\n{name}\n{run.stdout}")
    print(f"{len(runs)} scenarios, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
