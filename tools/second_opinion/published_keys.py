"""docs/protocol.md §4: a device's published keys."""

from . import capnp, curve, signatures
from .refusal import require
from .schemas import PUBLISHED_KEYS

MAX_BYTES = 4 * 1024
MAX_COUNTER = 2**62
MAX_PRE_KEY_ID = 0xFFFFFE
MAX_SEAL_KEYS = 4


def _check_limits(keys):
    for name, size in (("account", 32), ("signedPreKey", 32), ("signedPreKeySignature", 64)):
        require(len(keys[name]) == size, "malformed", f"{name} of another size")
    require(1 <= keys["device"] <= 127, "malformed", "a device id is 1 to 127")
    require(1 <= keys["counter"] <= MAX_COUNTER, "malformed", "counter outside its bounds")
    require(keys["counter"] >= keys["createdAt"], "malformed", "a counter below the time of creation")
    require(1 <= keys["signedPreKeyId"] <= MAX_PRE_KEY_ID, "malformed", "signed pre-key id outside its bounds")
    require(1 <= len(keys["sealKeys"]) <= MAX_SEAL_KEYS, "malformed", "number of seal keys")


def _seal_key(keys):
    """The one seal key of suite 1; suites that are not known are passed over."""
    found = [key for key in keys["sealKeys"] if key["suite"] == 1]
    require(len(found) == 1, "malformed", "not one seal key of suite 1")
    require(len(found[0]["key"]) == 32, "malformed", "a seal key of another size")
    return found[0]


def read_published_keys(account, device, identity_key, signing_key, signed):
    """The fields, and the seal key of suite 1, if this device published them."""
    keys = signatures.unsigned(signed, PUBLISHED_KEYS, MAX_BYTES)
    _check_limits(keys)
    seal_key = _seal_key(keys)
    require(keys["account"] == account and keys["device"] == device, "badSignature", "of another device")
    signatures.verify(signing_key, "keys", signed[64:], signed[:64])
    signatures.xeddsa_verify(identity_key, b"\x05" + keys["signedPreKey"], keys["signedPreKeySignature"])
    curve.gate(keys["signedPreKey"])
    curve.gate(seal_key["key"])
    return keys, seal_key


def sign_published_keys(signing_seed, keys):
    """signature (64) ‖ PublishedKeys message."""
    message = capnp.encode(keys, PUBLISHED_KEYS)
    return signatures.sign(signing_seed, "keys", message) + message
