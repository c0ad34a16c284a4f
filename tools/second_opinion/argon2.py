"""Argon2id, version 0x13, one lane, without secret and associated data: RFC 9106, in plain integers.

A block is 128 integers of 64 bits. One block takes about a millisecond here, so that 64 MiB take minutes.
"""

import hashlib
import struct

VERSION = 0x13
ARGON2ID = 2
WORDS = 128
SLICES = 4
MASK = 2**64 - 1
LOW = 2**32 - 1


def _le32(number):
    return struct.pack("<I", number)


def _long_hash(data, size):
    """H' of RFC 9106 §3.3."""
    data = _le32(size) + data
    if size <= 64:
        return hashlib.blake2b(data, digest_size=size).digest()
    block = hashlib.blake2b(data).digest()
    output = block[:32]
    while size - len(output) > 64:
        block = hashlib.blake2b(block).digest()
        output += block[:32]
    return output + hashlib.blake2b(block, digest_size=size - len(output)).digest()


def _mix(v, a, b, c, d):
    """GB of RFC 9106 §3.6 on four words of `v`."""
    va, vb, vc, vd = v[a], v[b], v[c], v[d]
    va = va + vb + 2 * (va & LOW) * (vb & LOW) & MASK
    vd ^= va
    vd = (vd >> 32 | vd << 32) & MASK
    vc = vc + vd + 2 * (vc & LOW) * (vd & LOW) & MASK
    vb ^= vc
    vb = (vb >> 24 | vb << 40) & MASK
    va = va + vb + 2 * (va & LOW) * (vb & LOW) & MASK
    vd ^= va
    vd = (vd >> 16 | vd << 48) & MASK
    vc = vc + vd + 2 * (vc & LOW) * (vd & LOW) & MASK
    vb ^= vc
    vb = (vb >> 63 | vb << 1) & MASK
    v[a], v[b], v[c], v[d] = va, vb, vc, vd


def _permute(v, place):
    """P of RFC 9106 §3.6 on the sixteen words of `v` whose places are given."""
    for column in range(4):
        _mix(v, place[column], place[column + 4], place[column + 8], place[column + 12])
    for column in range(4):
        _mix(v, place[column], place[(column + 1) % 4 + 4], place[(column + 2) % 4 + 8], place[(column + 3) % 4 + 12])


ROWS = [tuple(range(16 * row, 16 * row + 16)) for row in range(8)]
COLUMNS = [tuple(16 * row + 2 * column + half for row in range(8) for half in range(2)) for column in range(8)]


def _compress(x, y):
    """G of RFC 9106 §3.5."""
    r = [a ^ b for a, b in zip(x, y)]
    z = list(r)
    for place in ROWS + COLUMNS:
        _permute(z, place)
    return [a ^ b for a, b in zip(z, r)]


class _Addresses:
    """The pseudo-random words of Argon2i (RFC 9106 §3.4.1.2), 128 to a block."""

    def __init__(self, turn, slice_number, blocks, passes):
        self._input = [turn, 0, slice_number, blocks, passes, ARGON2ID, 0] + [0] * (WORDS - 7)
        self._words = []

    def word(self, index):
        """The word for the block at `index` of the segment."""
        number = index // WORDS + 1
        if self._input[6] != number:
            self._input[6] = number
            zero = [0] * WORDS
            self._words = _compress(zero, _compress(zero, self._input))
        return self._words[index % WORDS]


def _reference(word, turn, slice_number, index, segment, blocks):
    """The block to mix in (RFC 9106 §3.4.2), with one lane."""
    if turn == 0:
        area, start = slice_number * segment + index - 1, 0
    else:
        area, start = blocks - segment + index - 1, (slice_number + 1) * segment % blocks
    x = (word & LOW) ** 2 >> 32
    return (start + area - 1 - (area * x >> 32)) % blocks


def _fill_segment(memory, turn, slice_number, segment, passes):
    blocks = len(memory)
    addresses = _Addresses(turn, slice_number, blocks, passes) if turn == 0 and slice_number < SLICES // 2 else None
    for index in range(2 if turn == 0 and slice_number == 0 else 0, segment):
        place = slice_number * segment + index
        previous = memory[place - 1]
        word = addresses.word(index) if addresses else previous[0]
        mixed = _compress(previous, memory[_reference(word, turn, slice_number, index, segment, blocks)])
        memory[place] = mixed if turn == 0 else [a ^ b for a, b in zip(mixed, memory[place])]


def argon2id(password, salt, passes, kibibytes, size):
    """RFC 9106 §3.2 with parallelism 1."""
    first = hashlib.blake2b(
        _le32(1) + _le32(size) + _le32(kibibytes) + _le32(passes) + _le32(VERSION) + _le32(ARGON2ID) +
        _le32(len(password)) + password + _le32(len(salt)) + salt + _le32(0) + _le32(0)).digest()
    segment = kibibytes // SLICES
    memory = [None] * (segment * SLICES)
    for number in range(2):
        memory[number] = list(struct.unpack("<128Q", _long_hash(first + _le32(number) + _le32(0), 1024)))
    for turn in range(passes):
        for slice_number in range(SLICES):
            _fill_segment(memory, turn, slice_number, segment, passes)
    return _long_hash(struct.pack("<128Q", *memory[-1]), size)
