"""The primitives of docs/protocol.md §5 and §6: HMAC (RFC 4231), HKDF (RFC 5869), AES (SP 800-38A), XChaCha20."""

import hashlib
import hmac
import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.poly1305 import Poly1305

from .refusal import Refused, require


MAX_BLOCKS = 254  # of HKDF: docs/protocol.md §5; RFC 5869 itself allows 255


def hmac_sha256(key, message):
    """HMAC-SHA256, the whole tag."""
    return hmac.new(key, message, hashlib.sha256).digest()


def hkdf_sha256(input_key, salt, info, size):
    """RFC 5869, extract and expand; an empty salt is 32 zero bytes."""
    require(size <= MAX_BLOCKS * 32, "invalidArgument", "more blocks than anything asks for")
    key = hmac_sha256(salt or bytes(32), input_key)
    output, block = b"", b""
    for number in range(1, (size + 31) // 32 + 1):
        block = hmac_sha256(key, block + info + bytes([number]))
        output += block
    return output[:size]


def _aes(key, mode, iv):
    require(len(key) == 32 and len(iv) == 16, "invalidArgument", "AES-256 has a key of 32 and an IV of 16 bytes")
    return Cipher(algorithms.AES(key), mode(iv))


def aes_ctr(key, iv, data):
    """AES-256-CTR, in either direction; `iv` is the first counter block."""
    coder = _aes(key, modes.CTR, iv).encryptor()
    return coder.update(data) + coder.finalize()


def aes_cbc_encrypt(key, iv, plaintext):
    """AES-256-CBC with PKCS #5 padding."""
    padder, coder = padding.PKCS7(128).padder(), _aes(key, modes.CBC, iv).encryptor()
    return coder.update(padder.update(plaintext) + padder.finalize()) + coder.finalize()


def aes_cbc_decrypt(key, iv, ciphertext):
    """The reverse; a size or a padding that encryption does not make is refused."""
    coder, unpadder = _aes(key, modes.CBC, iv).decryptor(), padding.PKCS7(128).unpadder()
    require(ciphertext and len(ciphertext) % 16 == 0, "undecryptable", "not a whole number of blocks")
    try:
        padded = coder.update(ciphertext) + coder.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError as error:
        raise Refused("undecryptable", "not PKCS #5 padding") from error


def _rotated(number, bits):
    return (number << bits | number >> 32 - bits) & 0xFFFFFFFF


def _quarter_round(state, a, b, c, d):
    """RFC 8439 §2.1."""
    for x, y, z, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        state[x] = state[x] + state[y] & 0xFFFFFFFF
        state[z] = _rotated(state[z] ^ state[x], bits)


def hchacha20(key, nonce):
    """draft-irtf-cfrg-xchacha §2.2: 32 bytes of key from 32 bytes of key and 16 of nonce."""
    state = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))
    for _ in range(10):
        for column in range(4):
            _quarter_round(state, column, column + 4, column + 8, column + 12)
        for column in range(4):
            _quarter_round(state, column, (column + 1) % 4 + 4, (column + 2) % 4 + 8, (column + 3) % 4 + 12)
    return struct.pack("<8I", *state[:4], *state[12:])


def _xchacha20(key, nonce, data):
    """XChaCha20 from block 0, with a nonce of 24 bytes and the 64-bit block counter of the original ChaCha20."""
    coder = Cipher(algorithms.ChaCha20(hchacha20(key, nonce[:16]), bytes(8) + nonce[16:]), None).encryptor()
    return coder.update(data)


def secretbox_seal(key, nonce, plaintext):
    """§6: Poly1305 tag (16) ‖ text; the first 32 bytes of the stream are the tag's key, the others hide the text."""
    stream = _xchacha20(key, nonce, bytes(32) + plaintext)
    return Poly1305.generate_tag(stream[:32], stream[32:]) + stream[32:]


def secretbox_open(key, nonce, box):
    """The reverse, or None."""
    try:
        Poly1305.verify_tag(_xchacha20(key, nonce, bytes(32)), box[16:], box[:16])
    except InvalidSignature:
        return None
    return _xchacha20(key, nonce, bytes(32) + box[16:])[32:]
