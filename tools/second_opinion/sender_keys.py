"""docs/protocol.md §5, In bytes: sender keys, their distribution and their messages."""

from . import curve, signatures
from .primitives import aes_cbc_decrypt, aes_cbc_encrypt, hkdf_sha256, hmac_sha256
from .ratchet_messages import VERSION, pad, read_fields, typed, unpad, untyped, without_version, write_fields
from .refusal import Refused, require

FURTHEST_AHEAD = 2000
SIGNATURE_BYTES = 64


def sender_chain_step(chain_key):
    """IV and cipher key of this message, and the next chain key."""
    keys = hkdf_sha256(hmac_sha256(chain_key, b"\x01"), bytes(32), b"WhisperGroup", 48)
    return (keys[:16], keys[16:]), hmac_sha256(chain_key, b"\x02")


def write_distribution(key_id, iteration, chain_key, signing_key):
    """What the members of a group are told."""
    return VERSION + write_fields(key_id, iteration, chain_key, typed(signing_key))


class Sender:
    """The side that made a sender key."""

    def __init__(self, key_id, chain_key, signing_secret):
        self.key_id, self._chain_key, self._signing_secret = key_id, chain_key, signing_secret
        self._iteration = 0

    def distribution(self):
        """Its key as it stands."""
        return write_distribution(self.key_id, self._iteration, self._chain_key,
                                  curve.public_key_of(self._signing_secret))

    def send(self, padding, content, random):
        """The next message."""
        (iv, cipher_key), self._chain_key = sender_chain_step(self._chain_key)
        ciphertext = aes_cbc_encrypt(cipher_key, iv, pad(padding, content))
        body = VERSION + write_fields(self.key_id, self._iteration, ciphertext)
        self._iteration += 1
        return body + signatures.xeddsa_sign(self._signing_secret, body, random)


class Receiver:
    """A member who was told a sender's key."""

    def __init__(self, distribution):
        values = read_fields(without_version(distribution), {1: int, 2: int, 3: bytes, 4: bytes})
        require(set(values) == {1, 2, 3, 4}, "malformed", "a field is missing")
        require(len(values[3]) == 32, "malformed", "a chain key has 32 bytes")
        self._key_id, self._iteration, self._chain_key = values[1], values[2], values[3]
        self._signing_key = untyped(values[4])
        self._skipped = {}

    def _keys_for(self, iteration):
        """The keys of a message, and what remains if it is opened: chain key, iteration, skipped keys."""
        if iteration < self._iteration:
            require(iteration in self._skipped, "duplicate", "a message key that was used before")
            return self._skipped[iteration], (self._chain_key, self._iteration, self._skipped)
        require(iteration - self._iteration <= FURTHEST_AHEAD, "undecryptable", "too far ahead in its chain")
        chain_key, skipped = self._chain_key, dict(self._skipped)
        for number in range(self._iteration, iteration):
            skipped[number], chain_key = sender_chain_step(chain_key)
        keys, chain_key = sender_chain_step(chain_key)
        return keys, (chain_key, iteration + 1, skipped)

    def receive(self, data):
        """The content of a message."""
        require(len(data) > SIGNATURE_BYTES, "malformed", "no message")
        body, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
        values = read_fields(without_version(body), {1: int, 2: int, 3: bytes})
        require(set(values) == {1, 2, 3}, "malformed", "a field is missing")
        require(values[1] == self._key_id, "undecryptable", "of another sender key")
        try:
            signatures.xeddsa_verify(self._signing_key, body, signature)
        except Refused as error:
            raise Refused("undecryptable", str(error)) from error
        return self._open(values[2], values[3])

    def _open(self, iteration, ciphertext):
        (iv, cipher_key), remaining = self._keys_for(iteration)
        content = unpad(aes_cbc_decrypt(cipher_key, iv, ciphertext))[1]
        self._chain_key, self._iteration, self._skipped = remaining
        self._skipped.pop(iteration, None)
        return content
