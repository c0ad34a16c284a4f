"""What a person is asked on a terminal."""

import os
import pty
import select
import unittest

from harness import CHEAP, PATIENCE, Profile, WorldTest, main


class OnTerminal:
    """A command whose controlling terminal is ours."""

    def __init__(self, profile, *arguments):
        env = profile.environment()
        del env["WAXWING_PASSPHRASE"]
        self.said = b""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            command = list(map(str, profile.command(*arguments)))
            os.execve(command[0], command, env)

    def wait_for(self, text):
        while text not in self.said:
            if not select.select([self.terminal], [], [], PATIENCE)[0]:
                raise AssertionError(f"no {text} in {self.said}")
            self.said += os.read(self.terminal, 4096)

    def answer(self, question, line):
        self.wait_for(question)
        self.said = b""
        os.write(self.terminal, line)

    def end(self):
        try:
            while chunk := os.read(self.terminal, 4096):
                self.said += chunk
        except OSError:
            pass  # how a terminal says that its last user has gone
        os.close(self.terminal)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Prompt(WorldTest):
    def init(self, profile, first, second):
        asked = OnTerminal(profile, "init", "--relay", self.world.relay.address, *CHEAP)
        asked.answer(b"New passphrase: ", first)
        asked.answer(b"The same again: ", second)
        status = asked.end()
        self.assertNotIn(first.strip(), asked.said)
        return status, asked.said

    def test_a_new_passphrase_is_asked_for_twice_and_never_shown(self):
        profile = Profile(self.world, "alice")
        status, said = self.init(profile, b"open sesame\n", b"open sesamf\n")
        self.assertEqual(status, 1)
        self.assertIn(b"differ", said)
        self.assertFalse(profile.directory.exists())
        self.assertEqual(self.init(profile, b"open sesame\n", b"open sesame\n")[0], 0)

        asked = OnTerminal(profile, "status")
        asked.answer(b"Passphrase: ", b"open sesame\n")
        self.assertEqual(asked.end(), 0)
        self.assertNotIn(b"sesame", asked.said)
        self.assertEqual(profile.run("status", WAXWING_PASSPHRASE="open sesame").returncode, 0)

    def test_an_interrupt_at_the_prompt_leaves_the_terminal_as_it_was(self):
        asked = OnTerminal(Profile(self.world, "alice"), "init", "--relay", self.world.relay.address)
        asked.answer(b"New passphrase: ", b"half a pass\x03")
        self.assertEqual(asked.end(), 1)
        self.assertIn(b"no passphrase was given", asked.said)

    def test_a_grant_asks_whether_the_codes_agree(self):
        a = self.profile("alice")
        request = Profile(self.world, "alice2").ok("device", "request", a.account, *CHEAP)
        for answer, status in ((b"n\n", 1), (b"y\n", 0)):
            asked = OnTerminal(a, "device", "grant", request["request"])
            asked.wait_for(f"the code {request['shortCode']}?".encode())
            asked.answer(b"[y/N] ", answer)
            if status == 0:
                asked.answer(b"Passphrase: ", a.passphrase.encode() + b"\n")
            self.assertEqual(asked.end(), status)


if __name__ == "__main__":
    main()
