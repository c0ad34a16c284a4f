"""docs/storage.md, How a file is opened: a database key from a passphrase. Argon2id of RFC 9106."""

from .argon2 import argon2id
from .refusal import require

BOUNDS_PASSES = (1, 64)
BOUNDS_MEMORY = (8 * 1024, 4 * 1024**3)


def database_key(passphrase, salt, passes, memory_bytes):
    """32 bytes."""
    require(passphrase, "invalidArgument", "no passphrase")
    require(BOUNDS_PASSES[0] <= passes <= BOUNDS_PASSES[1], "invalidArgument", "passes outside their bounds")
    require(BOUNDS_MEMORY[0] <= memory_bytes <= BOUNDS_MEMORY[1], "invalidArgument", "memory outside its bounds")
    require(len(salt) == 16, "malformed", "a salt has 16 bytes")
    require(memory_bytes % 1024 == 0, "notCanonical", "whole KiB count")
    return argon2id(passphrase, salt, passes, memory_bytes // 1024, 32)
