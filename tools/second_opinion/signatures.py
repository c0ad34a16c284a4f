"""docs/protocol.md §2, Signatures: Ed25519 (RFC 8032), XEdDSA as libsignal makes it, and our labels."""

import hashlib

from . import capnp, curve
from .conventions import labelled
from .refusal import Refused, require


def _scalar_of(*parts):
    """SHA-512 of the parts, little endian, modulo the group's order."""
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % curve.L


def _expand(seed):
    """RFC 8032 §5.1.5: the clamped scalar and the prefix of a seed."""
    digest = bytearray(hashlib.sha512(seed).digest())
    digest[0] &= 0xF8
    digest[31] = digest[31] & 0x7F | 0x40
    return int.from_bytes(digest[:32], "little"), bytes(digest[32:])


def ed25519_public_key(seed):
    """The public key of a 32-byte seed."""
    return curve.encode(curve.multiply(_expand(seed)[0], curve.BASE))


def ed25519_sign(seed, message):
    """RFC 8032 §5.1.6."""
    scalar, prefix = _expand(seed)
    public_key = ed25519_public_key(seed)
    r = _scalar_of(prefix, message)
    first = curve.encode(curve.multiply(r, curve.BASE))
    s = (r + _scalar_of(first, public_key, message) * scalar) % curve.L
    return first + s.to_bytes(32, "little")


def ed25519_verify(public_key, message, signature):
    """§2: S below L, key canonical, key and R not of small order, and SB = R + hA without a cofactor."""
    require(len(signature) == 64, "malformed", "a signature has 64 bytes")
    first, s = signature[:32], int.from_bytes(signature[32:], "little")
    key, point = curve.decode(public_key), curve.decode(first)
    require(s < curve.L, "badSignature", "S is not reduced")
    require(key is not None and not curve.has_small_order(key), "badSignature", "a key of no or of small order")
    require(point is not None and not curve.has_small_order(point), "badSignature", "R of no or of small order")
    h = _scalar_of(first, public_key, message)
    right = curve.add(point, curve.multiply(h, key))
    require(curve.encode(curve.multiply(s, curve.BASE)) == curve.encode(right), "badSignature", "does not verify")


def xeddsa_sign(secret, message, random):
    """§2: libsignal's XEdDSA with a clamped secret and the 64 random bytes of its nonce."""
    a = int.from_bytes(secret, "little")
    key = curve.encode(curve.multiply(a, curve.BASE))
    r = _scalar_of(b"\xfe" + b"\xff" * 31, secret, message, random)
    first = curve.encode(curve.multiply(r, curve.BASE))
    s = (r + _scalar_of(first, key, message) * a) % curve.L
    second = bytearray(s.to_bytes(32, "little"))
    second[31] |= key[31] & 0x80
    return first + bytes(second)


def xeddsa_verify(public_key, message, signature):
    """§2: the key's gate, then Ed25519 under the mapped key, the sign bit taken from the signature's top."""
    curve.gate(public_key)
    require(len(signature) == 64, "malformed", "a signature has 64 bytes")
    key = curve.edwards_from_montgomery(public_key, signature[63] >> 7)
    ed25519_verify(key, message, signature[:63] + bytes([signature[63] & 0x7F]))


def sign(seed, use, body):
    """A labelled Ed25519 signature."""
    return ed25519_sign(seed, labelled(use, body))


def verify(public_key, use, body, signature):
    """Refuse unless this is a labelled Ed25519 signature."""
    ed25519_verify(public_key, labelled(use, body), signature)


def sign_as_identity(secret, use, body, random):
    """A labelled XEdDSA signature."""
    return xeddsa_sign(secret, labelled(use, body), random)


def verify_identity(public_key, use, body, signature):
    """Refuse unless this is a labelled XEdDSA signature."""
    xeddsa_verify(public_key, labelled(use, body), signature)


def unsigned(signed, description, most):
    """The message behind a signature (64 bytes) that is yet to be verified, of `most` bytes with it."""
    require(len(signed) <= most, "overLimit", f"over {most // 1024} KiB")
    require(len(signed) > 64, "malformed", "no message")
    try:
        return capnp.decode(signed[64:], description)
    except Refused as error:
        raise Refused("malformed", str(error)) from error
