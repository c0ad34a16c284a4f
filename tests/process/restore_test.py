"""A profile copied aside and put back, as careless backups do it. One restore per profile: a second within a day stops it."""

import shutil
import unittest

from harness import WorldTest, main, sync_all


class Restore(WorldTest):
    def setUp(self):
        super().setUp()
        self.a, self.b = self.meet()
        self.a.send(self.b, "first")
        self.b.send(self.a, "first back")
        sync_all(self.a, self.b)

    def tearDown(self):
        """Both talk on, and nobody sees anything twice."""
        a, b = self.a, self.b
        a.send(b, "last")
        b.send(a, "last back")
        sync_all(a, b)
        self.assertEqual(b.texts(a, mine=False)[-1], "last")
        self.assertEqual(a.texts(b, mine=False)[-1], "last back")
        for one, other in ((a, b), (b, a)):
            shown = one.texts(other, mine=False)
            self.assertEqual(len(shown), len(set(shown)), shown)
        self.assertIn(a.states(b)["last"], ("delivered", "read"))
        self.assertIn(b.states(a)["last back"], ("delivered", "read"))

    def test_sender_online(self):
        copy = self.a.copy_aside()
        self.a.send(self.b, "sent after the copy")
        self.a.sync()
        self.a.put_back(copy)
        self.a.send(self.b, "sent by the copy")
        notes = self.a.sync()["notes"]
        self.assertIn({"event": "restored", "what": "profile"}, notes)
        sync_all(self.a, self.b)
        self.assertEqual(self.b.texts(self.a, mine=False), ["first", "sent after the copy", "sent by the copy"])

    def test_sender_with_a_queued_message_that_left_after_the_copy(self):
        self.a.send(self.b, "queued")
        copy = self.a.copy_aside()
        self.a.sync()
        self.b.sync()
        self.a.put_back(copy)
        sync_all(self.a, self.b)
        self.assertEqual(self.b.texts(self.a, mine=False), ["first", "queued"])
        self.assertIn(self.a.states(self.b)["queued"], ("delivered", "read"))

    def test_sender_offline_before_and_after(self):
        self.world.relay.stop()
        self.a.send(self.b, "queued in the copy")
        copy = self.a.copy_aside()
        self.a.send(self.b, "only in the lost one")
        self.a.put_back(copy)
        self.a.send(self.b, "queued after")
        self.assertTrue(self.world.relay.start())
        sync_all(self.a, self.b)
        self.assertEqual(self.b.texts(self.a, mine=False), ["first", "queued in the copy", "queued after"])

    def test_sender_offline_with_everything_sent_in_between(self):
        copy = self.a.copy_aside()
        for number in range(5):
            self.a.send(self.b, f"in between {number}")
        sync_all(self.a, self.b)
        self.world.relay.stop()
        self.a.put_back(copy)
        self.a.send(self.b, "offline, by the copy")
        self.a.run("sync")
        self.assertTrue(self.world.relay.start())
        sync_all(self.a, self.b)
        self.assertEqual(self.b.texts(self.a, mine=False),
                         ["first", *(f"in between {number}" for number in range(5)), "offline, by the copy"])

    def test_recipient(self):
        copy = self.b.copy_aside()
        self.a.send(self.b, "received, then lost")
        sync_all(self.a, self.b)
        self.assertEqual(self.b.texts(self.a, mine=False)[-1], "received, then lost")
        self.b.put_back(copy)
        self.a.send(self.b, "received by the copy")
        sync_all(self.a, self.b)
        self.assertEqual(self.b.texts(self.a, mine=False), ["first", "received, then lost", "received by the copy"])
        self.assertNotIn("hole", self.b.kinds(self.a))

    def test_both(self):
        copies = self.a.copy_aside(), self.b.copy_aside()
        self.a.send(self.b, "lost here")
        self.b.send(self.a, "lost there")
        sync_all(self.a, self.b)
        self.a.put_back(copies[0])
        self.b.put_back(copies[1])
        self.a.send(self.b, "again here")
        self.b.send(self.a, "again there")
        sync_all(self.a, self.b, rounds=4)
        self.assertEqual(self.b.texts(self.a, mine=False), ["first", "again here"])
        self.assertEqual(self.a.texts(self.b, mine=False), ["first back", "again there"])

    def test_relay(self):
        copy = self.world.directory / "relay.copy"
        self.world.relay.stop()
        shutil.copytree(self.world.relay.directory, copy)
        self.assertTrue(self.world.relay.start())
        self.a.send(self.b, "the relay forgets this after delivery")
        sync_all(self.a, self.b)
        self.world.relay.stop()
        shutil.rmtree(self.world.relay.directory)
        shutil.copytree(copy, self.world.relay.directory)
        self.assertTrue(self.world.relay.start())
        self.a.send(self.b, "and this it has")
        sync_all(self.a, self.b)
        self.assertEqual(self.b.texts(self.a, mine=False),
                         ["first", "the relay forgets this after delivery", "and this it has"])


if __name__ == "__main__":
    main()
