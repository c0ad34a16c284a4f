"""docs/protocol.md, Conventions: integers, hashes, labels, text forms; and the reading of fixed layouts."""

import base64
import hashlib

from .refusal import Refused, require


def u16(number):
    """Two bytes, little endian."""
    return number.to_bytes(2, "little")


def u32(number):
    """Four bytes, little endian."""
    return number.to_bytes(4, "little")


def hash_of(body):
    """Hash: BLAKE2b with 32 bytes of output (RFC 7693)."""
    return hashlib.blake2b(body, digest_size=32).digest()


def labelled(use, body):
    """What labelled hashes and all our signatures cover."""
    return b"waxwing " + use.encode() + b" v1\0" + body


def labelled_hash(use, body):
    """The labelled hash of `body` for `use`."""
    return hash_of(labelled(use, body))


def to_base64url(data):
    """RFC 4648 §5 without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text, reason):
    """The bytes of a canonical spelling; any other spelling is refused."""
    try:
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise Refused(reason, "not base64url") from error
    require(to_base64url(data) == text, reason, "another spelling of base64url")
    return data


class Layout:
    """Reads a fixed layout from its beginning; what does not fit is refused as `malformed`."""

    def __init__(self, data):
        self._data = data
        self._place = 0

    def rest(self):
        """How many bytes are left."""
        return len(self._data) - self._place

    def take(self, size):
        """The next `size` bytes."""
        require(size <= self.rest(), "malformed", "reaches beyond the end")
        taken = self._data[self._place:self._place + size]
        self._place += size
        return taken

    def number(self, size):
        """The next `size` bytes as an integer, little endian."""
        return int.from_bytes(self.take(size), "little")

    def counted(self):
        """`u32 length ‖ bytes`."""
        return self.take(self.number(4))

    def end(self):
        """Nothing may follow."""
        require(self.rest() == 0, "malformed", "bytes behind the end")


def utf8(data, reason="notUtf8"):
    """Text from strict UTF-8 (no surrogates, shortest forms, at most U+10FFFF)."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(reason, "not UTF-8") from error
