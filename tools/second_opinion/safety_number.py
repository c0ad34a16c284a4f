"""docs/protocol.md §5, Safety number: libsignal's numeric fingerprint, version 0, of the account keys."""

import hashlib

from . import curve

ROUNDS = 5200


def _half(account):
    key = b"\x05" + curve.montgomery_from_edwards(curve.account_point(account))
    digest = bytes(2) + key + account.hex().encode()
    for _ in range(ROUNDS):
        digest = hashlib.sha512(digest + key).digest()
    chunks = (digest[place:place + 5] for place in range(0, 30, 5))
    return "".join(f"{int.from_bytes(chunk, 'big') % 100000:05}" for chunk in chunks)


def safety_number(mine, theirs):
    """60 digits, the same on both sides."""
    return "".join(sorted((_half(mine), _half(theirs))))
