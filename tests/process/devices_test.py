"""An account with several devices."""

import unittest

from harness import CHEAP, Profile, WorldTest, add_device, introduce, main, sync_all


class Devices(WorldTest):
    def test_both_devices_receive_and_show_what_the_other_sends(self):
        a, b = self.meet()
        a.send(b, "to one device")
        sync_all(a, b, rounds=2)
        b2 = add_device(b, "bob2")
        listed = b.ok("device", "list")
        self.assertEqual(sorted(d["id"] for d in listed["devices"]), sorted([1, b2.device]))
        sync_all(b, b2)
        self.assertEqual(b2.ok("device", "list")["manifest"], listed["manifest"])
        a.send(b, "to both, by one who does not know yet")
        sync_all(a, b, b2)
        a.send(b, "to both")
        sync_all(a, b, b2)
        expected = ["to one device", "to both, by one who does not know yet", "to both"]
        self.assertEqual(b.texts(a), expected)
        self.assertEqual(b2.texts(a)[-2:], expected[1:])
        self.assertIn("deviceAdded", a.kinds(b))

        b.send(a, "from the first")
        b2.send(a, "from the second")
        sync_all(b, b2, a)
        for profile in (a, b, b2):
            self.assertEqual(sorted(profile.texts(a if profile is not a else b)[-2:]),
                             ["from the first", "from the second"], profile.name)
        self.assertEqual({d["account"] for d in (i["from"] for i in a.items(b) if not i["mine"] and i["kind"] == "text")},
                         {b.account})

    def test_states_account_for_both_devices(self):
        a, b = self.meet()
        b2 = add_device(b, "bob2")
        sync_all(a, b, b2)
        a.send(b, "hello")
        a.sync()
        self.assertEqual(a.states(b), {"hello": "sent"})
        b2.sync()
        a.sync()
        self.assertEqual(a.states(b), {"hello": "delivered"})
        b2.ok("read", a.name)
        b2.sync()
        a.sync()
        self.assertEqual(a.states(b), {"hello": "read"})
        b.sync()
        a.sync()
        self.assertEqual(a.states(b), {"hello": "read"})
        self.assertEqual(b.texts(a), ["hello"])

    def test_a_retired_device_receives_nothing_new(self):
        a, b = self.meet()
        b2 = add_device(b, "bob2")
        sync_all(a, b, b2)
        a.send(b, "before")
        sync_all(a, b, b2)
        self.assertEqual(b2.texts(a), ["before"])
        b.ok("device", "retire", b2.device)
        b.sync()
        a.send(b, "after")
        sync_all(a, b)
        self.assertEqual(b.texts(a), ["before", "after"])
        self.assertIn(a.states(b)["after"], ("delivered", "read"))
        stopped = b2.run("sync")
        self.assertEqual(stopped.returncode, 1)
        self.assertIn(b"retired", stopped.stderr)
        self.assertEqual(b2.texts(a), ["before"])
        b2.refused("send", a.name, "text")
        b2.refused("device", "retire", 1)

    def test_a_grant_needs_the_right_code(self):
        a = self.profile("alice")
        new = Profile(self.world, "alice2")
        asked = new.ok("device", "request", a.account, *CHEAP)
        wrong = "000 000" if asked["shortCode"] != "000 000" else "000 001"
        self.assertIn("does not match", a.refused("device", "grant", "--code", wrong, asked["request"]))
        self.assertEqual(len(a.ok("device", "list")["devices"]), 1)
        new.refused("device", "join", "waxwing-grant1:AAAA")
        answer = a.ok("device", "grant", "--yes", "-", stdin=asked["request"].encode())
        Profile(self.world, "other").refused("device", "join", answer["grant"])
        new.ok("device", "join", answer["grant"])


if __name__ == "__main__":
    main()
