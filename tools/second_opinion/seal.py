"""docs/protocol.md §6: the Padmé size, the seal (suite 1) and the envelope."""

import hashlib
from dataclasses import dataclass

from . import curve
from .conventions import Layout, u32
from .primitives import hchacha20, secretbox_open, secretbox_seal
from .refusal import Refused, require

SMALLEST = 256
MAX_ENVELOPE = 128 * 1024
MAX_MANIFEST = 8 * 1024
SEAL_BYTES = 32 + 16  # what sealing adds: ephemeral key and tag
KINDS = (1, 2, 3)  # pre-key message, message, sender-key message


def padme(size):
    """The Padmé size of `size`, at least 256."""
    size = max(size, SMALLEST)
    exponent = size.bit_length() - 1
    step = 1 << exponent - exponent.bit_length()
    return (size + step - 1) // step * step


def _box_key_and_nonce(secret, public_key, ephemeral_key, recipient_key):
    """HChaCha20 of the X25519 product, and BLAKE2b-192 of both public keys; None where the product is zero."""
    shared = curve.x25519(secret, public_key)
    if shared == bytes(32):
        return None
    nonce = hashlib.blake2b(ephemeral_key + recipient_key, digest_size=24).digest()
    return hchacha20(shared, bytes(16)), nonce


def seal(recipient_key, ephemeral_secret, plaintext):
    """Ephemeral public key (32) ‖ box."""
    ephemeral_key = curve.public_key_of(ephemeral_secret)
    key, nonce = _box_key_and_nonce(ephemeral_secret, recipient_key, ephemeral_key, recipient_key)
    return ephemeral_key + secretbox_seal(key, nonce, plaintext)


def unseal(recipient_secret, sealed):
    """The plaintext; anything that was not sealed to this key is refused as `sealBroken`."""
    require(len(sealed) >= SEAL_BYTES, "sealBroken", "shorter than a seal")
    ephemeral_key, recipient_key = sealed[:32], curve.public_key_of(recipient_secret)
    keys = _box_key_and_nonce(recipient_secret, ephemeral_key, ephemeral_key, recipient_key)
    plaintext = secretbox_open(*keys, sealed[32:]) if keys else None
    if plaintext is None:
        raise Refused("sealBroken", "does not open")
    return plaintext


@dataclass
class Inside:
    """What an envelope holds under its seal."""

    envelope_id: bytes
    to_account: bytes
    to_device: int
    from_account: bytes
    from_device: int
    kind: int
    manifest: bytes
    ciphertext: bytes

    def encoded(self):
        """Its bytes, padded."""
        body = (self.envelope_id + self.to_account + bytes([self.to_device]) + self.from_account +
                bytes([self.from_device, self.kind]) + u32(len(self.manifest)) + self.manifest +
                u32(len(self.ciphertext)) + self.ciphertext)
        return body + bytes(padme(len(body)) - len(body))


def read_inside(data):
    """The fields, if this is the one encoding of them."""
    layout = Layout(data)
    inside = Inside(layout.take(16), layout.take(32), layout.number(1), layout.take(32), layout.number(1),
                    layout.number(1), layout.counted(), layout.counted())
    require(inside.kind in KINDS, "malformed", "no such kind")
    for device in (inside.to_device, inside.from_device):
        require(1 <= device <= 127, "malformed", "a device id is 1 to 127")
    for account in (inside.to_account, inside.from_account):
        try:
            curve.account_point(account)
        except Refused as error:
            raise Refused("malformed", "an account that is no key") from error
    require(len(inside.manifest) <= MAX_MANIFEST, "malformed", "a manifest over 8 KiB")
    require(inside.ciphertext, "malformed", "no ciphertext")
    require(data == inside.encoded(), "malformed", "padded otherwise")
    return inside


def make_envelope(recipient_key, seal_key_id, ephemeral_secret, inside):
    """suite (u8) ‖ sealKeyId (u32) ‖ sealed."""
    return b"\x01" + u32(seal_key_id) + seal(recipient_key, ephemeral_secret, inside.encoded())


def open_envelope(recipient_secret, envelope):
    """The seal key's id and the fields inside."""
    require(5 + SEAL_BYTES <= len(envelope) <= MAX_ENVELOPE, "malformed", "no envelope has this size")
    require(envelope[0] == 1, "unsupportedSuite", "a suite that this version does not know")
    inside = read_inside(unseal(recipient_secret, envelope[5:]))
    return int.from_bytes(envelope[1:5], "little"), inside
