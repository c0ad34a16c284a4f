"""docs/vectors.md, What a file is: reads a file of test vectors strictly, and hands out its cases."""

import json
import pathlib
import re

from .curve import is_clamped
from .refusal import require

BUNDLED = pathlib.Path(__file__).resolve().parents[2] / "tests" / "vectors" / "schemas"
FRAME = ("tcId", "comment", "flags", "result", "reason")  # of a case, whatever its kind
HEXADECIMAL = re.compile(r"([0-9a-f]{2})*")


class BadFile(Exception):
    """A file that is not one of test vectors, or a case that lacks what its check needs."""


def _unique(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise BadFile("a key twice")
    return dict(pairs)


def _load(path):
    try:
        return json.loads(path.read_bytes().decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"not JSON in UTF-8: {error}") from error


def _values(value, path):
    """The paths of all values below one, itself included."""
    if isinstance(value, dict):
        return [path] + [found for name, member in value.items() for found in _values(member, f"{path}.{name}")]
    if isinstance(value, list):
        return [path] + [found for place, item in enumerate(value) for found in _values(item, f"{path}[{place}]")]
    return [path]


class Case:
    """One case, or one part of it; every access says what it must be, and is remembered."""

    def __init__(self, fields, slow, path="case", used=None):
        self._fields = fields
        self._path = path
        self._used = {path} if used is None else used
        self.slow = slow  # whether to compute what takes minutes

    def unused(self):
        """The values that no check has asked for."""
        own = {name: value for name, value in self._fields.items() if name not in FRAME}
        return [path for path in _values(own, self._path) if path not in self._used]

    def _field(self, name, kind):
        value = self._fields.get(name)
        self._used.add(f"{self._path}.{name}")
        if type(value) is not kind:  # a Boolean is no number here
            raise BadFile(f"no {kind.__name__} {name!r} in this case")
        return value

    def has(self, name):
        """Whether a field is there."""
        return name in self._fields

    def text(self, name):
        """A text that can be written in UTF-8."""
        text = self._field(name, str)
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise BadFile(f"{name!r} holds half a letter")
        return text

    def choice(self, name, names):
        """One of these words."""
        word = self.text(name)
        if word not in names:
            raise BadFile(f"{name!r} is {word!r}")
        return word

    def number(self, name, bits=64):
        """An unsigned integer of so many bits."""
        number = self._field(name, int)
        if not 0 <= number < 1 << bits:
            raise BadFile(f"{name!r} does not fit into {bits} bits")
        return number

    def index(self, name, items):
        """A place in a list."""
        place = self.number(name)
        if place >= len(items):
            raise BadFile(f"{name!r} is beyond the end")
        return place

    def data(self, name, size=None):
        """Bytes; another size than `size` is refused as `malformed`."""
        text = self.text(name)
        if not HEXADECIMAL.fullmatch(text):
            raise BadFile(f"{name!r} is not lower-case hexadecimal")
        require(size is None or len(text) == 2 * size, "malformed", f"{name} of another size")
        return bytes.fromhex(text)

    def secret(self, name):
        """A Curve25519 secret: 32 bytes that stand clamped."""
        secret = self.data(name, 32)
        require(is_clamped(secret), "notCanonical", f"{name} does not stand clamped")
        return secret

    def items(self, name):
        """The parts of a list."""
        items, path = self._field(name, list), f"{self._path}.{name}"
        self._used.update(f"{path}[{place}]" for place in range(len(items)))
        return [Case(item, self.slow, f"{path}[{place}]", self._used) for place, item in enumerate(items)]


def _check_against_schema(value, schema, where):
    """The part of JSON Schema (draft-07) that the schemas of the vectors use."""
    kinds = {"object": dict, "array": list, "string": str, "integer": int}
    known = {"$schema", "title", "description", "type", "additionalProperties", "required", "properties", "items",
             "minItems", "minimum", "enum", "const", "pattern", "if", "then", "else", "not"}
    if set(schema) - known:
        raise BadFile(f"a schema with {sorted(set(schema) - known)}")
    if "type" in schema and type(value) is not kinds[schema["type"]]:
        raise BadFile(f"{where} is no {schema['type']}")
    if ("const" in schema and value != schema["const"]) or ("enum" in schema and value not in schema["enum"]):
        raise BadFile(f"{where} is {value!r}")
    if _is_too_small(value, schema) or ("pattern" in schema and not re.search(schema["pattern"], value)):
        raise BadFile(f"{where} is outside its bounds")
    if isinstance(value, dict):
        _check_object(value, schema, where)
    if isinstance(value, list):
        for place, item in enumerate(value):
            _check_against_schema(item, schema.get("items", {}), f"{where}[{place}]")


def _is_too_small(value, schema):
    """Whether `minimum` or `minItems` is not reached."""
    if isinstance(value, list):
        return len(value) < schema.get("minItems", 0)
    return isinstance(value, int) and value < schema.get("minimum", value)


def _holds(value, schema, where):
    try:
        _check_against_schema(value, schema, where)
    except BadFile:
        return False
    return True


def _check_object(value, schema, where):
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name in schema.get("required", []):
        if name not in value:
            raise BadFile(f"{where} has no {name!r}")
    for name, member in value.items():
        if name not in properties and others is False:
            raise BadFile(f"{where} has {name!r}, which the schema does not know")
        _check_against_schema(member, properties.get(name, others if isinstance(others, dict) else {}),
                              f"{where}.{name}")
    if "not" in schema and _holds(value, schema["not"], where):
        raise BadFile(f"{where} has what it must not have")
    if "if" in schema:
        branch = "then" if _holds(value, schema["if"], where) else "else"
        _check_against_schema(value, schema.get(branch, {}), where)


def read_vector_file(path):
    """The kind and the cases (as dicts) of a file, checked against the schema beside it, or the bundled one."""
    file = _load(path)
    if not isinstance(file, dict) or type(file.get("schema")) is not str or "/" in file["schema"]:
        raise BadFile("no file of test vectors")
    # Ours, whatever lies beside the file: a schema decides what is checked at all.
    schema = BUNDLED / file["schema"]
    if file["schema"] != f"{file.get('algorithm')}_schema.json" or not schema.is_file():
        raise BadFile(f"an unknown kind, {file.get('algorithm')!r}")
    _check_against_schema(file, _load(schema), "file")
    cases = [case for group in file["testGroups"] for case in group["tests"]]
    if [case["tcId"] for case in cases] != list(range(1, len(cases) + 1)):
        raise BadFile("cases that are not numbered 1, 2, 3, …")
    if not cases or file["numberOfTests"] != len(cases):
        raise BadFile("numberOfTests is another")
    for case in cases:
        if not set(case["flags"]) <= set(file["notes"]):
            raise BadFile(f"case {case['tcId']} has a flag without a note")
    return file["algorithm"], cases


