"""Messages on their way: offline, through killed programs, by commands that people type."""

import signal
import subprocess
import unittest

from harness import Profile, WorldTest, introduce, main, sync_all


class Delivery(WorldTest):
    def test_a_message_goes_from_pending_to_read(self):
        a, b = self.meet()
        self.world.relay.stop()
        a.send(b, "hello")
        self.assertEqual(a.states(b), {"hello": "pending"})
        unreachable = a.run("--json", "sync")
        self.assertEqual(unreachable.returncode, 3)
        self.assertEqual(len(unreachable.stderr.splitlines()), 1)
        self.assertEqual(a.items(b)[-1]["reason"], "noNetwork")
        self.world.relay.start()
        self.assertEqual(a.sync()["result"], "settled")
        self.assertEqual(a.states(b), {"hello": "sent"})
        self.assertEqual(b.sync()["received"], [{"account": a.account, "count": 1}])
        a.sync()
        self.assertEqual(a.states(b), {"hello": "delivered"})
        self.assertEqual(b.ok("read", a.name)["marked"], 1)
        self.assertEqual(b.ok("read", a.name)["marked"], 0)
        b.sync()
        a.sync()
        self.assertEqual(a.states(b), {"hello": "read"})

    def test_what_waits_for_a_relay_that_is_away_is_told_and_can_be_cancelled(self):
        far = self.world.new_relay("far")
        self.assertTrue(far.start())
        a, b = self.profile("alice"), Profile(self.world, "bob").init(far)
        introduce(a, b)
        far.stop()
        a.send(b, "regret")
        a.send(b, "better")
        self.assertEqual(a.sync()["waiting"], 2)
        self.assertIn(b"2 messages still wait; 'waxwing outbox' says why.", a.run("sync").stdout)
        waiting = a.ok("outbox")["items"]
        self.assertEqual({item["reason"] for item in waiting}, {"noNetwork"})
        a.ok("outbox", "cancel", min(item["id"] for item in waiting))
        far.start()
        self.assertEqual(a.sync()["waiting"], 0)
        b.sync()
        self.assertEqual(b.kinds(a), ["text"])
        self.assertEqual(b.texts(a), ["better"])
        self.assertEqual(a.states(b)["regret"], "failed")

    def test_lines_of_standard_input_are_messages(self):
        a, b = self.meet()
        lines = [b"one", b"", b"x" * 32768, b"y" * 32769, b"two", b"\xff\xfe", "drei äöü".encode(), b"no line end"]
        done = a.run("send", b.name, stdin=b"\n".join(lines))
        self.assertEqual(done.returncode, 1)
        refusals = done.stderr.decode().splitlines()
        self.assertEqual(len(refusals), 2)
        self.assertTrue(refusals[0].startswith("waxwing: line 4 was not sent: "), refusals)
        self.assertTrue(refusals[1].startswith("waxwing: line 6 was not sent: "), refusals)
        self.assertIn(b"Queued 5 messages", done.stdout)
        sync_all(a, b, rounds=1)
        self.assertEqual(b.texts(a), ["one", "x" * 32768, "two", "drei äöü", "no line end"])

    def test_what_send_has_answered_survives_kill_9(self):
        a, b = self.meet()
        self.world.relay.stop()
        sending = a.start("send", b.name, stdin=subprocess.PIPE)
        for number in range(3):
            sending.stdin.write(f"message {number}\n".encode())
            sending.stdin.flush()
            self.assertIn(b"queued", sending.stdout.readline())
        sending.kill()
        sending.communicate()
        self.world.relay.start()
        a.sync()
        a.sync()
        b.sync()
        self.assertEqual(b.texts(a), [f"message {number}" for number in range(3)])
        b.sync()
        self.assertEqual(len(b.texts(a)), 3)

    def test_what_the_relay_has_accepted_survives_kill_9(self):
        a, b = self.meet()
        for number in range(3):
            a.send(b, f"message {number}")
            a.sync()
            self.world.relay.kill()
            self.assertEqual(a.states(b)[f"message {number}"], "sent")
            self.assertTrue(self.world.relay.start())
        b.sync()
        self.assertEqual(b.texts(a), [f"message {number}" for number in range(3)])

    def test_what_lies_before_many_messages_of_mine_is_read_too(self):
        a, b = self.meet()
        a.send(b, "question")
        sync_all(a, b, rounds=1)
        b.ok("send", a.name, stdin="\n".join(f"answer {number}" for number in range(60)).encode())
        self.assertEqual(b.ok("read", a.name)["marked"], 1)
        sync_all(b, a, rounds=1)
        self.assertEqual(a.states(b), {"question": "read"})

    def test_following_prints_arrivals_sends_typed_lines_and_marks_nothing_read(self):
        a, b = self.meet()
        following = b.start("sync", "--follow", "--to", a.name, stdin=subprocess.PIPE)
        self.addCleanup(following.kill)
        self._until(following, b'"caughtUp"')
        a.send(b, "are you there")
        a.sync()
        self.assertIn(b"are you there", self._until(following, b'"event":"message"'))
        following.stdin.write(b"yes\n")
        following.stdin.flush()
        self._until(following, b'"state":"sent"')
        a.sync()
        self.assertEqual(a.texts(b, mine=False), ["yes"])
        self.assertNotIn("read", a.states(b).values())
        following.send_signal(signal.SIGTERM)
        following.communicate(timeout=30)
        self.assertEqual(following.returncode, 0)
        self.assertEqual([item["read"] for item in b.items(a) if not item["mine"] and item["kind"] == "text"], [False])

    def test_following_ends_with_its_input_when_all_is_sent(self):
        a, b = self.meet()
        a.run("sync", "--follow", "--to", b.name, stdin=b"first\nsecond\n")
        self.assertEqual(set(a.states(b).values()), {"sent"})
        b.sync()
        self.assertEqual(b.texts(a), ["first", "second"])

    def test_a_queued_message_can_be_taken_back_until_a_relay_has_it(self):
        a, b = self.meet()
        a.send(b, "keep")
        a.send(b, "take back")
        waiting = [item for item in a.ok("outbox")["items"] if item["kind"] == "text"]
        self.assertEqual(len(waiting), 2)
        a.ok("outbox", "cancel", waiting[1]["id"])
        a.sync()
        b.sync()
        self.assertEqual(b.texts(a), ["keep"])
        self.assertEqual(a.states(b), {"keep": "sent", "take back": "failed"})
        a.refused("outbox", "cancel", waiting[0]["id"])

    def test_nobody_writes_to_the_terminal(self):
        a, b = self.meet()
        a.send(b, "\x1b[2Jgone\u202e\nwaxwing: line")
        a.sync()
        b.sync()
        shown = b.run("messages", a.name).stdout.decode()
        self.assertEqual(len(shown.splitlines()), 1)
        self.assertIn("\\x1b[2Jgone\\u202e\\nwaxwing: line", shown)
        self.assertEqual(b.texts(a), ["\x1b[2Jgone\u202e\nwaxwing: line"])

    def test_safety_numbers_agree(self):
        a, b = self.meet()
        one = a.ok("contact", "safety", b.name)["safetyNumber"]
        self.assertRegex(one, r"^[0-9]{60}$")
        self.assertEqual(one, b.ok("contact", "safety", a.name)["safetyNumber"])

    def _until(self, process, wanted):
        """The first line of output with `wanted` in it; the test's own time limit catches a missing one."""
        for line in process.stdout:
            if wanted in line:
                return line
        self.fail(f"the program ended before it said {wanted}: {process.stderr.read()}")


if __name__ == "__main__":
    main()
