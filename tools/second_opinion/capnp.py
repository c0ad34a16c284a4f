"""Cap'n Proto's encoding (capnproto.org/encoding.html), as far as one unpacked segment without a table needs it.

A struct is described by its name, the words of its data section, its pointers, and its fields in the order of the
schema. A decoded struct is a dict in that order; a union is a field that holds `(member, value)`. An `optional` field
that is empty is a null pointer; any other is written even if it is empty.
"""

import struct
from dataclasses import dataclass, field

from .conventions import utf8
from .refusal import require

WORD = 8
NESTING = 16


@dataclass
class Struct:
    """Layout of a struct: sizes in words and pointers; `fields` in the order of the schema."""

    name: str
    data: int
    pointers: int
    fields: list = field(default_factory=list)


@dataclass
class Number:
    """An unsigned integer of `bits` at `bit` of the data section."""

    bits: int
    bit: int


@dataclass
class Enum:
    """A 16-bit enumeration; a number without a name is kept as it is."""

    bit: int
    names: tuple


@dataclass
class Flag:
    """A Bool."""

    bit: int


@dataclass
class Nothing:
    """A Void."""


@dataclass
class Blob:
    """Data behind a pointer."""

    pointer: int
    optional: bool = False


@dataclass
class Text:
    """UTF-8 behind a pointer, with a zero byte behind it."""

    pointer: int
    optional: bool = False


@dataclass
class Nested:
    """A struct behind a pointer."""

    pointer: int
    struct: Struct


@dataclass
class List:
    """A list of structs, or of Data where `struct` is None."""

    pointer: int
    struct: Struct


@dataclass
class Union:
    """Members by number, with a 16-bit discriminant at `bit`; a number without a member is kept as it is."""

    bit: int
    members: list


def _signed(number, bits):
    return number - (1 << bits) if number >> bits - 1 else number


class _Message:
    """A segment that is read; whatever does not fit into it is `malformed`."""

    def __init__(self, data):
        require(data and len(data) % WORD == 0, "malformed", "not whole words")
        self._words = struct.unpack(f"<{len(data) // WORD}Q", data)
        self._data = data
        self._left = 8 * len(self._words) + 64

    def word(self, place):
        """The word at `place`."""
        require(0 <= place < len(self._words), "malformed", "a pointer beyond the end")
        return self._words[place]

    def span(self, place, words, counted):
        """Checks that `words` from `place` are there; what is read counts against the limit."""
        require(0 <= place and place + words <= len(self._words), "malformed", "a pointer beyond the end")
        self._left -= counted
        require(self._left >= 0, "malformed", "larger than it looks")

    def bytes_at(self, place, size):
        """`size` bytes from the word at `place`."""
        return self._data[place * WORD:place * WORD + size]

    def target(self, place, kind):
        """What the pointer at `place` says: the word it points to, and its upper half; None for a null pointer."""
        pointer = self.word(place)
        if pointer == 0:
            return None
        require(pointer & 3 == kind, "malformed", "another kind of pointer")
        return place + 1 + _signed(pointer >> 2 & 0x3FFFFFFF, 30), pointer >> 32

    def struct_at(self, place):
        """Where a struct pointer leads: place, words of data, pointers; an empty struct for a null pointer."""
        target = self.target(place, 0)
        if target is None:
            return 0, 0, 0
        start, sizes = target
        data, pointers = sizes & 0xFFFF, sizes >> 16
        self.span(start, data + pointers, data + pointers)
        return start, data, pointers

    def blob_at(self, place):
        """The bytes of a list of bytes; empty for a null pointer."""
        target = self.target(place, 1)
        if target is None:
            return b""
        start, sizes = target
        require(sizes & 7 == 2, "malformed", "not a list of bytes")
        size = sizes >> 3
        self.span(start, (size + WORD - 1) // WORD, (size + WORD - 1) // WORD)
        return self.bytes_at(start, size)

    def pointers_at(self, place):
        """The places of the pointers of a list of pointers."""
        target = self.target(place, 1)
        if target is None:
            return []
        start, sizes = target
        require(sizes & 7 == 6, "malformed", "not a list of pointers")
        self.span(start, sizes >> 3, sizes >> 3)
        return range(start, start + (sizes >> 3))

    def structs_at(self, place):
        """The structs of a composite list, as `struct_at` gives them."""
        target = self.target(place, 1)
        if target is None:
            return []
        start, sizes = target
        require(sizes & 7 == 7, "malformed", "not a list of structs")
        words, tag = sizes >> 3, self.word(start)
        count, data, pointers = tag >> 2 & 0x3FFFFFFF, tag >> 32 & 0xFFFF, tag >> 48
        require(tag & 3 == 0 and count * (data + pointers) <= words, "malformed", "more elements than words")
        self.span(start + 1, words, max(words, count))
        return [(start + 1 + number * (data + pointers), data, pointers) for number in range(count)]


class _Reader:
    """Reads one struct of a message; what lies beyond the encoded sections has its default."""

    def __init__(self, message, where, depth):
        require(depth <= NESTING, "malformed", "nested too deeply")
        self._message, self._depth = message, depth
        self._start, self._data, self._pointers = where

    def _bits(self, bit, bits):
        if bit + bits > self._data * 64:
            return 0
        return self._message.word(self._start + bit // 64) >> bit % 64 & (1 << bits) - 1

    def _pointer(self, number):
        return self._start + self._data + number if number < self._pointers else None

    def _text(self, place):
        data = self._message.blob_at(place)
        if data:
            require(data[-1] == 0, "malformed", "a text without its last zero")
        return utf8(data[:-1])

    def _list(self, slot, place):
        if slot.struct is None:
            return [self._message.blob_at(item) for item in self._message.pointers_at(place)]
        return [read_struct(self._message, slot.struct, item, self._depth + 1)
                for item in self._message.structs_at(place)]

    def _nested(self, slot, place):
        where = (0, 0, 0) if place is None else self._message.struct_at(place)
        return read_struct(self._message, slot.struct, where, self._depth + 1)

    def _union(self, slot):
        number = self._bits(slot.bit, 16)
        if number >= len(slot.members):
            return "unsupported", number
        name, member = slot.members[number]
        return name, self.value(member)

    def value(self, slot):
        """What is in a slot."""
        if isinstance(slot, Number):
            return self._bits(slot.bit, slot.bits)
        if isinstance(slot, Enum):
            number = self._bits(slot.bit, 16)
            return slot.names[number] if number < len(slot.names) else number
        if isinstance(slot, Flag):
            return self._bits(slot.bit, 1) == 1
        if isinstance(slot, Nothing):
            return None
        if isinstance(slot, Union):
            return self._union(slot)
        place = self._pointer(slot.pointer)
        if isinstance(slot, Nested):
            return self._nested(slot, place)
        if place is None:
            return {Blob: b"", Text: "", List: []}[type(slot)]
        if isinstance(slot, Blob):
            return self._message.blob_at(place)
        return self._text(place) if isinstance(slot, Text) else self._list(slot, place)


def read_struct(message, description, where, depth):
    """A struct's fields by name."""
    reader = _Reader(message, where, depth)
    return {name: reader.value(slot) for name, slot in description.fields}


def decode(data, description):
    """The root struct of a message; a message without a root is refused."""
    message = _Message(data)
    require(message.word(0) != 0, "malformed", "no root")
    return read_struct(message, description, message.struct_at(0), 0)


class _Builder:
    """A segment that is written: objects stand in the order in which they are set."""

    def __init__(self):
        self._words = [0]

    def _allocate(self, words):
        start = len(self._words)
        self._words.extend([0] * words)
        return start

    def _point(self, place, start, kind, upper):
        self._words[place] = kind | (start - place - 1 & 0x3FFFFFFF) << 2 | upper << 32

    def _blob(self, place, data):
        start = len(self._words)
        padded = data + bytes(-len(data) % WORD)
        self._words.extend(struct.unpack(f"<{len(padded) // WORD}Q", padded))
        self._point(place, start, 1, 2 | len(data) << 3)

    def _structs(self, place, description, items):
        words = description.data + description.pointers
        start = self._allocate(1 + words * len(items))
        self._point(place, start, 1, 7 | words * len(items) << 3)
        self._words[start] = len(items) << 2 | description.data << 32 | description.pointers << 48
        for number, item in enumerate(items):
            self._fields(start + 1 + number * words, description, item)

    def _blobs(self, place, items):
        start = self._allocate(len(items))
        self._point(place, start, 1, 6 | len(items) << 3)
        for number, item in enumerate(items):
            self._blob(start + number, item)

    def struct(self, place, description, values):
        """Writes a struct, and the pointer at `place` to it."""
        start = self._allocate(description.data + description.pointers)
        self._point(place, start, 0, description.data | description.pointers << 16)
        self._fields(start, description, values)

    def _fields(self, start, description, values):
        for name, slot in description.fields:
            self._value(start, description, slot, values[name])

    def _number(self, start, bit, number):
        self._words[start + bit // 64] |= number << bit % 64

    def _value(self, start, description, slot, value):
        if isinstance(slot, Number):
            self._number(start, slot.bit, value)
        elif isinstance(slot, Enum):
            self._number(start, slot.bit, slot.names.index(value))
        elif isinstance(slot, Flag):
            self._number(start, slot.bit, int(value))
        elif isinstance(slot, Union):
            names = [name for name, _ in slot.members]
            number = names.index(value[0])
            self._number(start, slot.bit, number)
            self._value(start, description, slot.members[number][1], value[1])
        elif not isinstance(slot, Nothing):
            self._behind_pointer(start + description.data + slot.pointer, slot, value)

    def _behind_pointer(self, place, slot, value):
        if isinstance(slot, Nested):
            self.struct(place, slot.struct, value)
        elif isinstance(slot, (Blob, Text)):
            if value or not slot.optional:
                self._blob(place, value if isinstance(slot, Blob) else value.encode() + b"\0")
        elif slot.struct is None:
            self._blobs(place, value)
        else:
            self._structs(place, slot.struct, value)

    def data(self):
        """The segment."""
        return struct.pack(f"<{len(self._words)}Q", *self._words)


def encode(values, description):
    """The message whose fields are set in the schema's order."""
    builder = _Builder()
    builder.struct(0, description, values)
    return builder.data()
