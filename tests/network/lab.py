"""Hosts in network namespaces, and the network between them.

Each host is a namespace with one TUN interface; a router in this process passes every packet on, or does to it what the
test asks: delays, loses, reorders, throttles, swallows. (The kernel's own `tc netem` does the same where it is built in;
this one needs no module, and a test can change it between one packet and the next.) Nothing outside the namespaces is
touched, and they go with the processes in them.
"""

import collections
import heapq
import os
import pathlib
import queue
import random
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).parent


class NoLab(Exception):
    """This machine does not let us have one; says why."""


class Host:
    """A namespace with an address; `under` is what a program is started by to run in it."""

    def __init__(self, address, hosts_file):
        self.address = address
        ours, theirs = socket.socketpair()
        unshare = ["unshare", "--net", "--mount"] + ([] if os.geteuid() == 0 else ["--user", "--map-root-user"])
        self.holder = subprocess.Popen(
            [*unshare, sys.executable, "-B", HERE / "host.py", str(theirs.fileno()), address, hosts_file],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        theirs.close()
        self.control = ours
        said, files, _, _ = socket.recv_fds(ours, 2, 1)
        if said != b"up":
            why = self.holder.stderr.read().decode().strip().splitlines()
            self.close()
            raise NoLab(why[-1] if why else "a host did not start")
        self.tun = files[0]
        os.set_blocking(self.tun, False)
        self.under = ["nsenter", f"--target={self.holder.pid}", "--net", "--mount"]
        if os.geteuid() != 0:
            self.under += ["--user", "--preserve-credentials"]

    def close(self):
        self.control.close()
        self.holder.wait(10)
        self.holder.stderr.close()
        if hasattr(self, "tun"):
            os.close(self.tun)


class Weather:
    """What the network does to packets; change it at any time. Shares are 0 to 1, times seconds, rates bytes a second."""

    def __init__(self):
        self.delay = 0.0
        self.jitter = 0.0  # uniform, plus or minus: packets overtake each other
        self.loss = 0.0
        self.rate = None  # in each direction
        self.swallowed = set()  # addresses to and from which nothing comes through

    def swallows(self, source, target):
        return source in self.swallowed or target in self.swallowed


class Lab:
    def __init__(self, seed=1):
        why = why_not()
        if why:
            raise NoLab(why)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="waxwing-lab."))
        self.hosts_file = self.directory / "hosts"
        self.name({})
        self.weather = Weather()
        self.random = random.Random(seed)
        self.hosts = {}
        self.passed = 0
        self.lost = 0
        self.watchers = []  # called with (source, target, bytes) of every packet that arrives at the router
        self._due = []  # (time, order, target, packet)
        self._order = 0
        self._last_heard = time.monotonic()
        self._free_at = collections.defaultdict(float)  # when a throttled direction can take the next packet
        self._wake_out, self._wake_in = os.pipe()
        self._leaving = queue.Queue()  # the router lets go of them itself
        self._running = True
        self._router = threading.Thread(target=self._route, daemon=True)
        self._router.start()

    def host(self, address):
        """A host with this address, of 10.77.0.0/24."""
        host = Host(address, self.hosts_file)
        self.hosts[address] = host
        os.write(self._wake_in, b"w")
        return host

    def vanish(self, host):
        """A host loses its power: its end of every connection is gone, and nobody is told."""
        del self.hosts[host.address]
        self._leaving.put(host)
        os.write(self._wake_in, b"w")
        self._leaving.join()

    def name(self, names):
        """What names mean from now on, on every host: {name: [addresses]}."""
        lines = ["127.0.0.1 localhost"] + [f"{a} {name}" for name, all_of in names.items() for a in all_of]
        self.hosts_file.write_text("\n".join(lines) + "\n")

    def until_quiet(self, seconds=2):
        """Until for so long nobody has sent anything."""
        while time.monotonic() - self._last_heard < seconds:
            time.sleep(0.1)

    def close(self):
        self._running = False
        os.write(self._wake_in, b"w")
        self._router.join()
        for host in self.hosts.values():
            host.close()
        os.close(self._wake_in)
        os.close(self._wake_out)
        shutil.rmtree(self.directory, ignore_errors=True)

    # The router

    def _route(self):
        while self._running:
            while not self._leaving.empty():
                self._leaving.get().close()
                self._leaving.task_done()
            wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else 1.0
            tuns = {host.tun: host for host in list(self.hosts.values())}
            ready, _, _ = select.select([self._wake_out, *tuns], [], [], wait)
            for one in ready:
                if one == self._wake_out:
                    os.read(one, 64)
                else:
                    self._take_all(one)
            self._deliver_due()

    def _take_all(self, tun):
        for _ in range(256):
            try:
                packet = os.read(tun, 2048)
            except (BlockingIOError, OSError):
                return
            if packet[0] >> 4 == 4:
                self._consider(packet)

    def _consider(self, packet):
        self._last_heard = time.monotonic()
        source, target = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
        for watch in self.watchers:
            watch(source, target, len(packet))
        weather = self.weather
        if target not in self.hosts or weather.swallows(source, target) or self.random.random() < weather.loss:
            self.lost += 1
            return
        at = time.monotonic() + weather.delay
        if weather.jitter:
            at += self.random.uniform(-weather.jitter, weather.jitter)
        if weather.rate:
            at = max(at, self._free_at[source, target]) + len(packet) / weather.rate
            self._free_at[source, target] = at
        self._order += 1
        heapq.heappush(self._due, (at, self._order, target, packet))

    def _deliver_due(self):
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            _, _, target, packet = heapq.heappop(self._due)
            try:
                os.write(self.hosts[target].tun, packet)
                self.passed += 1
            except (KeyError, OSError):
                self.lost += 1


def why_not():
    """Why this machine can have no lab; None if it seems that it can."""
    for program in ("ip", "unshare", "nsenter", "mount"):
        if shutil.which(program) is None:
            return f"there is no program `{program}`"
    if not os.path.exists("/dev/net/tun"):
        return "there is no /dev/net/tun"
    probe = ["unshare", "--net", "--mount"] + ([] if os.geteuid() == 0 else ["--user", "--map-root-user"])
    tried = subprocess.run([*probe, "sh", "-c", "ip tuntap add dev lab0 mode tun"], capture_output=True, text=True)
    if tried.returncode != 0:
        return "no network namespace can be made here: " + (tried.stderr.strip().splitlines() or ["?"])[-1]
    return None
