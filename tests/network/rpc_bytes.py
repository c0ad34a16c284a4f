"""Cap'n Proto RPC messages as bytes, for peers that say what no honest one would.

Layouts: https://capnproto.org/encoding.html and capnproto's rpc.capnp (level 1).
"""

import struct

RELAY = 0x801AF1B1256176EB  # rpc/wire/relay.capnp: interface Relay
DESCRIBE, RECIPIENT = 0, 3
CALL, FINISH, BOOTSTRAP = 2, 4, 8  # of the union in Message
PROMISED_ANSWER = 1  # of the union in MessageTarget


class Struct:
    def __init__(self, data=b"", pointers=()):
        assert len(data) % 8 == 0
        self.data, self.pointers = data, pointers


def framed(root):
    """One message of one segment."""
    words = [0]
    _place(words, 0, root)
    return struct.pack("<II", 0, len(words)) + struct.pack(f"<{len(words)}Q", *words)


def _place(words, at, value):
    if value is None:
        return
    begin = len(words)
    offset = (begin - at - 1) << 2
    if isinstance(value, bytes):
        words[at] = offset | 1 | 2 << 32 | len(value) << 35
        padded = value + bytes(-len(value) % 8)
        words.extend(struct.unpack(f"<{len(padded) // 8}Q", padded))
        return
    words[at] = offset | (len(value.data) // 8) << 32 | len(value.pointers) << 48
    words.extend(struct.unpack(f"<{len(value.data) // 8}Q", value.data))
    words.extend([0] * len(value.pointers))
    for i, pointer in enumerate(value.pointers):
        _place(words, begin + len(value.data) // 8 + i, pointer)


def _message(kind, body):
    return framed(Struct(struct.pack("<H6x", kind), [body]))


def bootstrap(question):
    return _message(BOOTSTRAP, Struct(struct.pack("<I4x", question), [None]))


def call(question, method, params=None, interface=RELAY, of=0):
    """A call on what the question `of` will give: the bootstrap capability."""
    answer = Struct(struct.pack("<I4x", of), [None])
    target = Struct(struct.pack("<IH2x", 0, PROMISED_ANSWER), [answer])
    payload = Struct(b"", [params or Struct(), None])
    return _message(CALL, Struct(struct.pack("<IHHQ8x", question, method, 0, interface), [target, payload, None]))


def recipient(question, account=bytes(32), key=bytes(32)):
    return call(question, RECIPIENT, Struct(b"", [account, key]))


def finish(question):
    return _message(FINISH, Struct(struct.pack("<II", question, 0)))


def header(claimed_bytes):
    """Announces a message of one segment, of which nothing follows."""
    return struct.pack("<II", 0, claimed_bytes // 8)


FOUR_BILLION_SEGMENTS = b"\xff\xff\xff\xff\x00\x00\x00\x00"
