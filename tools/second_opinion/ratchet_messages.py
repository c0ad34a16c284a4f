"""docs/protocol.md §5, In bytes: libsignal's messages, version 3, in the wire format of Protocol Buffers (proto2)."""

from dataclasses import dataclass

from . import curve
from .conventions import u32
from .primitives import aes_cbc_encrypt, aes_cbc_decrypt, hmac_sha256
from .refusal import require
from .seal import SMALLEST, padme

VERSION = b"\x33"
MAC_BYTES = 8
SKIPPED_BYTES = {1: 8, 5: 4}  # kinds of fields that nobody writes, by their sizes


# Padding


def pad(random, content):
    """What the ciphers are given: 16 random bytes ‖ u32 length ‖ content ‖ zeros."""
    body = random + u32(len(content)) + content
    return body + bytes(padme(len(body)) - len(body))


def unpad(padded):
    """The random bytes and the content, if this is how they are padded."""
    require(len(padded) >= SMALLEST, "malformed", "shorter than the smallest")
    size = int.from_bytes(padded[16:20], "little")
    require(20 + size <= len(padded), "malformed", "a length that reaches beyond the end")
    random, content = padded[:16], padded[20:20 + size]
    require(pad(random, content) == padded, "malformed", "padded otherwise")
    return random, content


# Protocol Buffers


def without_version(data):
    """The fields of a message: the upper four bits of the byte before them are the version, 3."""
    require(data and data[0] >> 4 == VERSION[0] >> 4, "malformed", "no message of version 3")
    return data[1:]


def _varint(number):
    encoded = b""
    while number > 0x7F:
        encoded += bytes([number & 0x7F | 0x80])
        number >>= 7
    return encoded + bytes([number])


def _field(number, value):
    """A number or bytes; nothing for None."""
    if value is None:
        return b""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def write_fields(*values):
    """Fields 1, 2, 3, …, in ascending order."""
    return b"".join(_field(number, value) for number, value in enumerate(values, 1))


def _read_varint(data, place):
    number, shift = 0, 0
    while True:
        require(place < len(data) and shift < 64, "malformed", "a number without an end")
        number |= (data[place] & 0x7F) << shift
        shift, place = shift + 7, place + 1
        if data[place - 1] < 0x80:
            return number, place


def _read_value(data, place, wire_type):
    """An int, bytes, or None for a kind that is only passed over; and where it ends."""
    if wire_type == 0:
        number, place = _read_varint(data, place)
        return number % 2**32, place
    require(wire_type == 2 or wire_type in SKIPPED_BYTES, "malformed", "no such kind of field")
    size, place = _read_varint(data, place) if wire_type == 2 else (SKIPPED_BYTES[wire_type], place)
    require(place + size <= len(data), "malformed", "a field that reaches beyond the end")
    return data[place:place + size] if wire_type == 2 else None, place + size


def read_fields(data, kinds):
    """Values by number, the last if one is there twice; `kinds` has int or bytes for each, others are passed over."""
    values, place = {}, 0
    while place < len(data):
        tag, place = _read_varint(data, place)
        value, place = _read_value(data, place, tag & 7)
        if tag >> 3 in kinds:
            require(isinstance(value, kinds[tag >> 3]), "malformed", "a field of another kind")
            values[tag >> 3] = value
    return values


def _required(values, number):
    require(number in values, "malformed", "a field is missing")
    return values[number]


def typed(key):
    """A public key as libsignal writes it: 0x05 ‖ u."""
    return b"\x05" + key


def untyped(data):
    """u of such a key, past the gate."""
    require(len(data) == 33 and data[0] == 5, "malformed", "not a Curve25519 key with its type")
    return curve.gate(data[1:])


# Messages


@dataclass
class MessageKeys:
    """The keys of one message."""

    cipher_key: bytes
    mac_key: bytes
    iv: bytes


@dataclass
class Message:
    """A message of a session; `body` is all of it but its MAC."""

    ratchet_key: bytes
    counter: int
    ciphertext: bytes
    body: bytes
    mac: bytes

    def open(self, keys, sender_identity, receiver_identity):
        """What is inside, still padded."""
        expected = message_mac(keys, sender_identity, receiver_identity, self.body)
        require(expected == self.mac, "undecryptable", "the MAC is another")
        return aes_cbc_decrypt(keys.cipher_key, keys.iv, self.ciphertext)


def message_mac(keys, sender_identity, receiver_identity, body):
    """First 8 bytes of HMAC-SHA256 over both identities and the message."""
    return hmac_sha256(keys.mac_key, typed(sender_identity) + typed(receiver_identity) + body)[:MAC_BYTES]


def write_message(keys, identities, ratchet_key, counters, padded):
    """A message; `identities` are the sender's and the receiver's, `counters` the message's and the previous one."""
    ciphertext = aes_cbc_encrypt(keys.cipher_key, keys.iv, padded)
    body = VERSION + write_fields(typed(ratchet_key), counters[0], counters[1], ciphertext)
    return body + message_mac(keys, identities[0], identities[1], body)


def read_message(data):
    """A message, its ratchet key past the gate."""
    require(len(data) > MAC_BYTES, "malformed", "no message")
    body, mac = data[:-MAC_BYTES], data[-MAC_BYTES:]
    values = read_fields(without_version(body), {1: bytes, 2: int, 3: int, 4: bytes})
    counter, ciphertext = _required(values, 2), _required(values, 4)
    return Message(untyped(_required(values, 1)), counter, ciphertext, body, mac)


@dataclass
class PreKeyMessage:
    """A message that begins a session."""

    one_time_key_id: int
    base_key: bytes
    identity_key: bytes
    message: Message
    registration_id: int
    signed_pre_key_id: int


def write_pre_key_message(one_time_key_id, base_key, identity_key, message, registration_id, signed_pre_key_id):
    """The message, wrapped in what opens its session; `one_time_key_id` may be None."""
    return VERSION + write_fields(one_time_key_id, typed(base_key), typed(identity_key), message, registration_id,
                                  signed_pre_key_id)


def read_pre_key_message(data):
    """A pre-key message, its keys past the gate."""
    values = read_fields(without_version(data), {1: int, 2: bytes, 3: bytes, 4: bytes, 5: int, 6: int})
    inner = _required(values, 4)
    return PreKeyMessage(values.get(1), untyped(_required(values, 2)), untyped(_required(values, 3)),
                         read_message(inner), _required(values, 5), _required(values, 6))
