"""A device that was away while one sender wrote and wrote: all of it, in order, in no more memory than for little."""

import pathlib
import re
import time

from harness import LONG, SANITIZED, WorldTest, introduce, main

FEW, MANY = (1_000, 10_000) if LONG else (200, 2_000)
TEXT = "x" * 4_000
MORE_AT_MOST = 6 * 1024  # KiB, for ten times as much; the texts alone are more
PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


def peak_until_end(process):
    """The most memory that it had resident, in KiB, as far as can be seen from outside."""
    most = 0
    while process.poll() is None:
        found = PEAK.search(pathlib.Path(f"/proc/{process.pid}/status").read_text())
        most = max(most, int(found[1]) if found else 0)
        time.sleep(0.005)
    return most


class Away(WorldTest):
    def sync(self, profile):
        with profile.start("sync") as syncing:
            most = peak_until_end(syncing)
            self.assertEqual(syncing.returncode, 0, syncing.stderr.read())
        return most

    def backlog(self, count):
        """Peaks of sender and receiver when so many messages wait. Each in a world of its own."""
        a, b = self.profile(f"alice{count}"), self.profile(f"bob{count}")
        introduce(a, b)
        texts = [f"{number} {TEXT}" for number in range(count)]
        a.ok("send", b.name, stdin="\n".join(texts).encode())
        sender = receiver = 0
        for _ in range(3):  # a mailbox takes 10,000 envelopes, and a receipt is one too
            sender = max(sender, self.sync(a))
            receiver = max(receiver, self.sync(b))
        self.assertEqual(b.texts(a), texts)
        self.assertEqual(set(a.states(b).values()), {"delivered"})
        return {"sender": sender, "receiver": receiver}

    def test_a_backlog_in_order_and_in_bounded_memory(self):
        few, many = self.backlog(FEW), self.backlog(MANY)
        print(f"peaks in KiB: {few} for {FEW} messages, {many} for {MANY}")
        for who in few if not SANITIZED else ():
            self.assertLess(many[who], few[who] + MORE_AT_MOST, who)


if __name__ == "__main__":
    main()
