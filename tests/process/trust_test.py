"""Two device lists of one contact: nothing leaves for him until the user has said which one is his."""

import subprocess
import unittest

from harness import BIN, WorldTest, add_device, main, sync_all


class Trust(WorldTest):
    def setUp(self):
        super().setUp()
        self.a, self.b = self.meet()
        self.a.send(self.b, "before")
        sync_all(self.a, self.b)
        subprocess.run([BIN / "waxwing-test-equivocation", self.b.directory, self.b.passphrase,
                        self.a.directory, self.a.passphrase], check=True)
        self.a.send(self.b, "held back")
        sync_all(self.a, self.b)

    def contact(self):
        [contact] = self.a.ok("contact", "list")["contacts"]
        return contact

    def test_nothing_leaves_before_the_decision(self):
        contact = self.contact()
        self.assertTrue(contact["equivocates"])
        self.assertEqual(len(set(contact["manifests"])), 2)
        for manifest in contact["manifests"]:
            self.assertIn(manifest, self.a.run("contact", "list").stdout.decode())
        [held] = [item for item in self.a.items(self.b) if item["text"] == "held back"]
        self.assertEqual((held["state"], held["reason"]), ("pending", "equivocation"))
        self.assertEqual(self.b.texts(self.a), ["before"])
        self.a.refused("contact", "trust", self.b.name, "A" * 43)
        self.assertTrue(self.contact()["equivocates"])

    def test_the_decision_lets_everything_go(self):
        manifests = self.contact()["manifests"]
        trusted = self.a.ok("contact", "trust", self.b.name, manifests[0])
        self.assertEqual(trusted, {"account": self.b.account, "trusted": manifests[0]})
        self.assertFalse(self.contact()["equivocates"])
        self.assertNotIn("manifests", self.contact())
        self.a.refused("contact", "trust", self.b.name, manifests[1])
        self.a.send(self.b, "after")
        sync_all(self.a, self.b)
        self.assertEqual(self.b.texts(self.a), ["before", "held back", "after"])
        self.assertEqual(set(self.a.states(self.b).values()), {"delivered"})

    def test_two_lists_of_the_own_devices(self):
        tablet = add_device(self.b, "b-tablet")
        subprocess.run([BIN / "waxwing-test-equivocation", self.b.directory, self.b.passphrase,
                        tablet.directory, tablet.passphrase], check=True)
        tablet.send(self.a, "from the tablet")
        sync_all(tablet, self.a, self.b)
        self.assertIn("from the tablet", self.a.texts(self.b))
        self.assertNotIn("from the tablet", self.b.texts(self.a))
        manifests = tablet.ok("device", "list")["manifests"]
        self.assertEqual(len(set(manifests)), 2)
        tablet.refused("device", "trust", "A" * 43)
        self.assertEqual(tablet.ok("device", "trust", manifests[0]), {"trusted": manifests[0]})
        self.assertNotIn("manifests", tablet.ok("device", "list"))
        sync_all(tablet, self.b)
        self.assertIn("from the tablet", self.b.texts(self.a))


if __name__ == "__main__":
    main()
