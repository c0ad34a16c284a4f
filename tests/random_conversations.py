"""Conversations that the second opinion makes, at random and at libsignal's bounds, as vectors for waxwing-vectors.

    random_conversations.py SOURCE_DIRECTORY WAXWING_VECTORS [--cases N] [--seed S]

Sessions are opened by either side, replaced and lost; messages arrive late, twice or never. The second opinion makes
every message and says what becomes of each that arrives; waxwing-vectors must make the same and say the same, and
refuse what is refused for the same reason. Exit status 0 if it does.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

ARGUMENTS = argparse.ArgumentParser()
ARGUMENTS.add_argument("source", type=pathlib.Path)
ARGUMENTS.add_argument("program", type=pathlib.Path)
ARGUMENTS.add_argument("--cases", type=int, default=20)
ARGUMENTS.add_argument("--seed", type=int, default=1)
OPTIONS = ARGUMENTS.parse_args()
VECTORS = OPTIONS.source.resolve() / "tests" / "vectors"
sys.path.insert(0, str(OPTIONS.source.resolve() / "tools"))

from second_opinion import sessions  # noqa: E402
from second_opinion.refusal import Refused  # noqa: E402

NAMES = ("alice", "bob")
UNUSED_SECRET = bytes(31) + b"\x40"


class Conversation:
    """Two devices, what happened between them, and why it ended, as a case of the kind `conversation`."""

    def __init__(self, draw):
        self._draw = draw
        self._parties = [self._party() for _ in NAMES]
        self.devices = {name: self._device(party) for name, party in zip(NAMES, self._parties)}
        self._events, self._sent, self._reason = [], [], None

    def _secret(self):
        secret = bytearray(self._draw.randbytes(32))
        secret[0] &= 0xF8
        secret[31] = secret[31] & 0x7F | 0x40
        return bytes(secret)

    def _party(self):
        numbers = self._draw.sample(range(1, 0xFFFFFF), 9)
        return {"identitySecret": self._secret().hex(), "registrationId": self._draw.randrange(1, 16381),
                "signedPreKeyId": numbers[0], "signedPreKeySecret": self._secret().hex(),
                "oneTimeKeys": [{"id": number, "secret": self._secret().hex()} for number in numbers[1:]]}

    @staticmethod
    def _device(party):
        one_time_keys = {key["id"]: bytes.fromhex(key["secret"]) for key in party["oneTimeKeys"]}
        return sessions.Device(bytes.fromhex(party["identitySecret"]), party["registrationId"],
                               {party["signedPreKeyId"]: bytes.fromhex(party["signedPreKeySecret"])}, one_time_keys)

    def open(self, by, with_one_time_key=False):
        """`by` opens a session, with the next one-time key of the other or without."""
        event = {"type": "open", "by": by, "baseSecret": self._secret().hex(), "ratchetSecret": self._secret().hex()}
        other = NAMES[1 - NAMES.index(by)]
        used = {earlier.get("oneTimeKeyId") for earlier in self._events}
        unused = [number for number in self.devices[other].one_time_keys if number not in used]
        if with_one_time_key and unused:
            event["oneTimeKeyId"] = unused[0]
        self.devices[by].open(self.devices[other].bundle(event.get("oneTimeKeyId")),
                              bytes.fromhex(event["baseSecret"]), bytes.fromhex(event["ratchetSecret"]))
        self._events.append(event)

    def wipe(self, by):
        """`by` loses its session."""
        self.devices[by].wipe()
        self._events.append({"type": "wipe", "by": by})

    def send(self, by):
        """The number of the message that `by` sends."""
        padding, content = self._draw.randbytes(16), self._draw.randbytes(self._draw.randrange(4))
        kind, message = self.devices[by].send(padding, content)
        self._events.append({"type": "send", "by": by, "padding": padding.hex(), "content": content.hex(),
                             "kind": kind, "message": message.hex()})
        self._sent.append((by, kind, message))
        return len(self._sent) - 1

    def receive(self, number):
        """Whether the message is read; if it is not, that is the last that happens."""
        sender, kind, message = self._sent[number]
        by, drawn, secret = NAMES[1 - NAMES.index(sender)], [], self._secret()

        def draw():
            drawn.append(secret)
            return secret

        event = {"type": "receive", "by": by, "of": number}
        self._events.append(event)
        try:
            content = self.devices[by].receive(kind, message, self.devices[sender].identity_key, draw)
        except Refused as refusal:
            self._reason = refusal.reason
            event["ratchetSecret"] = UNUSED_SECRET.hex()
            return False
        event["content"] = content.hex()
        if drawn:
            event["ratchetSecret"] = secret.hex()
        return True

    def deliver(self, by):
        """A message of `by` that arrives at once."""
        self.receive(self.send(by))

    def case(self, number, comment):
        """All of it."""
        used = {event.get("oneTimeKeyId") for event in self._events}
        for party in self._parties:
            party["oneTimeKeys"] = [key for key in party["oneTimeKeys"] if key["id"] in used]
            if not party["oneTimeKeys"]:
                del party["oneTimeKeys"]
        result = {"result": "invalid", "reason": self._reason} if self._reason else {"result": "valid"}
        return {"tcId": number, "comment": comment, "flags": ["Ordinary"], "parties": self._parties,
                "events": self._events, **result}


def at_random(conversation, draw):
    """Up to 70 events, until one is refused."""
    waiting = []
    conversation.open(draw.choice(NAMES), draw.random() < 0.7)
    for _ in range(draw.randrange(5, 70)):
        by, chance = draw.choice(NAMES), draw.random()
        if chance < 0.06:
            conversation.open(by, draw.random() < 0.7)
        elif chance < 0.08:
            conversation.wipe(by)
        elif chance < 0.55 and conversation.devices[by].session:
            waiting.append(conversation.send(by))
        elif chance >= 0.55 and waiting:
            number = draw.choice((waiting[-1], waiting[0], draw.choice(waiting)))
            if draw.random() < 0.97:
                waiting.remove(number)
            if not conversation.receive(number):
                return


def late_by_chains(conversation, chains):
    """A message comes after so many newer chains of its sender's."""
    conversation.open("alice")
    conversation.deliver("alice")
    conversation.deliver("bob")
    late = conversation.send("alice")
    conversation.deliver("alice")
    for _ in range(chains):
        conversation.deliver("bob")
        conversation.deliver("alice")
    conversation.receive(late)


def late_by_sessions(conversation, opened):
    """A message comes after so many newer sessions."""
    conversation.open("alice")
    conversation.deliver("alice")
    conversation.deliver("bob")
    late = conversation.send("alice")
    for _ in range(opened):
        conversation.open("alice")
        conversation.deliver("alice")
    conversation.receive(late)


def far_ahead(conversation, messages):
    """Of so many messages in a known chain only the last comes."""
    conversation.open("alice")
    conversation.deliver("alice")
    last = [conversation.send("alice") for _ in range(messages)][-1]
    conversation.receive(last)


def skipped(conversation, messages):
    """Of so many messages one in the middle and the last come, then the first."""
    conversation.open("alice")
    conversation.deliver("alice")
    numbers = [conversation.send("alice") for _ in range(messages)]
    conversation.receive(numbers[messages // 2])
    conversation.receive(numbers[-1])
    conversation.receive(numbers[0])


BOUNDS = [(late_by_chains, 4), (late_by_chains, 5), (late_by_sessions, 5), (late_by_sessions, 6), (far_ahead, 2001),
          (far_ahead, 2002), (skipped, 2002), (skipped, 2003)]


def conversations():
    """All cases: those at the bounds, then those at random."""
    draw, cases = random.Random(OPTIONS.seed), []
    for happen, number in BOUNDS + [(at_random, draw)] * OPTIONS.cases:
        conversation = Conversation(draw)
        happen(conversation, number)
        cases.append(conversation.case(len(cases) + 1, happen.__name__))
    return cases


def main():
    """Makes them, and asks."""
    cases = conversations()
    file = json.loads((VECTORS / "conversation.json").read_text(encoding="utf-8"))
    file.update(numberOfTests=len(cases), testGroups=[{"type": "Random", "tests": cases}])
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "conversation.json"
        path.write_text(json.dumps(file, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        answer = subprocess.run([OPTIONS.program, "verify", path], capture_output=True, text=True, check=False)
    print(f"{len(cases)} conversations, {sum(case['result'] == 'valid' for case in cases)} to their end")
    print(answer.stdout + answer.stderr)
    return answer.returncode


if __name__ == "__main__":
    sys.exit(main())
