"""docs/protocol.md §7: Content, its limits, what its head must say, and who may send which body."""

from . import capnp, curve
from .conventions import hash_of
from .refusal import Refused, require
from .schemas import CONTENT
from .texts import read_relay_address

MAX_BYTES = 64 * 1024
MAX_TEXT = 32 * 1024
MAX_ITEMS = 512
MAX_ATTACHMENTS = 32
MAX_FORMER_STREAMS = 16
MAX_ATTACHMENT_FIELD = 2048
MAX_EMOJI = 64
MAX_NAME = 128
MAX_NOTE = 1024
MAX_INVITE_KEYS = 32
MAX_PAST_CONTACT_KEYS = 4
MAX_NUMBER = 2**62


# Limits of a field


def _size(data, *sizes):
    require(len(data) in sizes, "malformed", "bytes of another size")


def _most(text, limit):
    require(len(text.encode()) <= limit, "tooLong", "a text over its limit")


def _items(items, limit=MAX_ITEMS):
    require(len(items) <= limit, "overLimit", "too many items")
    return items


def _number(number, least=0):
    require(least <= number <= MAX_NUMBER, "malformed", "a number outside its bounds")


def _account(account):
    try:
        curve.account_point(account)
    except Refused as error:
        raise Refused("malformed", str(error)) from error


def _address(address):
    _account(address["account"])
    require(1 <= address["device"] <= 127, "malformed", "a device id is 1 to 127")


def _reference(reference):
    _address(reference["author"])
    _size(reference["messageId"], 16)


def _relay(relay):
    if relay:
        try:
            read_relay_address(relay)
        except Refused as error:
            raise Refused("malformed", str(error)) from error


# Limits of a head and of each body


def _mark(mark):
    _number(mark["sequence"])
    _size(mark["stream"], *((8,) if mark["sequence"] else (0, 8)))
    if mark["stream"] == bytes(8):
        mark["stream"] = b""  # the zero stream: nothing is held


def _manifest_reference(reference):
    _number(reference["version"])
    _size(reference["hash"], 32 if reference["version"] else 0)


def _range(item):
    _size(item["stream"], 8)
    _number(item["from"], 1)
    _number(item["to"], 1)
    require(item["from"] <= item["to"], "malformed", "a range that ends before it begins")


def _head(head):
    _address(head["from"])
    _address(head["to"])
    require(not head["toGroup"], "headMismatch", "addressed to a group")
    _size(head["messageId"], 16)
    _account(head["conversation"])
    _size(head["stream"], 8)
    _number(head["sequence"], 1)
    _size(head["previousDigest"], 32)
    require(head["sequence"] > 1 or head["previousDigest"] == bytes(32), "malformed", "something before the first")
    _mark(head["mark"])
    _manifest_reference(head["myManifest"])
    _manifest_reference(head["yourManifest"])


def _attachments(attachments):
    for attachment in _items(attachments, MAX_ATTACHMENTS):
        for name in ("location", "contentType", "name"):
            _most(attachment[name], MAX_ATTACHMENT_FIELD)
        _size(attachment["digest"], 32)


def _edit(edit):
    _reference(edit["target"])
    _most(edit["text"], MAX_TEXT)


def _reaction(reaction):
    _reference(reaction["target"])
    _most(reaction["emoji"], MAX_EMOJI)


def _receipt(receipt):
    for message in _items(receipt["messages"]):
        _size(message, 16)


def _profile(profile):
    _most(profile["name"], MAX_NAME)
    _size(profile["contactKey"], 0, 32)
    _relay(profile["relay"])
    _number(profile["contactKeyMade"])


def _contact_request(request):
    _profile(request["profile"])
    _most(request["note"], MAX_NOTE)
    _size(request["inviteKey"], 32)


def _contact(contact):
    _account(contact["account"])
    _most(contact["name"], MAX_NAME)
    _size(contact["contactKey"], 0, 32)
    _relay(contact["relay"])
    _size(contact["trustedManifest"], 0, 32)
    _number(contact["contactKeyMade"])


def _access_keys(keys):
    _size(keys["contactKey"], 32)
    for key in _items(keys["inviteKeys"], MAX_INVITE_KEYS):
        _size(key, 32)
    _size(keys["formerContactKey"], 0, 32)
    _size(keys["replacedContactKey"], 0, 32)
    _number(keys["contactKeyMade"])
    _number(keys["inviteKeysMade"])
    for key in _items(keys["pastContactKeys"], MAX_PAST_CONTACT_KEYS):
        _size(key, 32)


def _references(references):
    for reference in _items(references):
        _reference(reference)


def _resend_request(request):
    for envelope in _items(request["envelopes"]):
        _size(envelope, 16)
    for item in _items(request["ranges"]):
        _range(item)


def _marks(marks):
    for stream in _items(marks["streams"]):
        _mark(stream["mark"])
        for hole in _items(stream["holes"]):
            _range(hole)
    for item in _items(marks["gone"]):
        _range(item)
    for item in _items(marks["ended"], MAX_FORMER_STREAMS):
        _mark(item)


def _sync(sync):
    member, value = sync["is"]
    if member == "sent":
        require(value["is"][0] != "sync", "malformed", "a sync inside a sync")
        _body(value)
    else:
        {"read": _references, "contact": _contact, "accessKeys": _access_keys}[member](value)


BODIES = {
    "text": lambda text: _most(text, MAX_TEXT),
    "attachments": _attachments,
    "edit": _edit,
    "delete": _reference,
    "reaction": _reaction,
    "receipt": _receipt,
    "profile": _profile,
    "sync": _sync,
    "resendRequest": _resend_request,
    "marks": _marks,
    "contactRequest": _contact_request,
}
WITHOUT_LIMITS = ("empty", "typing", "groupChange", "senderKeyDistribution", "unsupported")
RECEIPT, SYNC = 6, 11  # their numbers in the union


def _set_newer_apart(body):
    """A receipt or a sync of a newer version is as little supported as a body of one."""
    member, value = body["is"]
    if member == "receipt" and isinstance(value["kind"], int):
        body["is"] = ("unsupported", RECEIPT)
    if member == "sync" and value["is"][0] == "unsupported":
        body["is"] = ("unsupported", SYNC)


def _body(body):
    _set_newer_apart(body)
    member, value = body["is"]
    if member not in WITHOUT_LIMITS:
        BODIES[member](value)


def read_content(data):
    """The fields of a content that keeps all limits."""
    require(len(data) <= MAX_BYTES, "tooLong", "over 64 KiB")
    content = capnp.decode(data, CONTENT)
    _head(content["head"])
    _body(content["body"])
    return content


# What a receiver makes of it


SENDERS = {
    "ownDevice": ("empty", "profile", "sync", "resendRequest", "marks", "unsupported"),
    "accepted": ("empty", "text", "attachments", "edit", "delete", "reaction", "receipt", "typing", "profile",
                 "groupChange", "senderKeyDistribution", "resendRequest", "marks", "contactRequest", "unsupported"),
    "requested": ("profile", "contactRequest"),
    "unknown": ("contactRequest",),
}


def check_head(content, session_address, own_address):
    """Refuse as `headMismatch` unless the head says what the session says."""
    head = content["head"]
    require((head["from"]["account"], head["from"]["device"]) == session_address, "headMismatch", "from another")
    require((head["to"]["account"], head["to"]["device"]) == own_address, "headMismatch", "to another")
    about_a_peer = session_address[0] == own_address[0] and content["body"]["is"][0] == "sync"
    require(about_a_peer or head["conversation"] == session_address[0], "headMismatch", "another conversation")


def check_permission(content, sender):
    """Refuse as `notPermitted` unless such a sender may send this body."""
    require(content["body"]["is"][0] in SENDERS[sender], "notPermitted", "a body that this sender may not send")


def digest_of(data):
    """What the next content's previousDigest is."""
    return hash_of(data)


# In words: docs/vectors.md, Content


def _value_in_words(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _say(path, value):
    if isinstance(value, dict):
        return [said for name, member in value.items() for said in _say(f"{path}.{name}", member)]
    if isinstance(value, list):
        return [said for place, item in enumerate(value) for said in _say(f"{path}[{place}]", item)]
    return [(path, _value_in_words(value))]


def _say_member(path, prefix, body):
    """A union: which member it is, then the member's fields, or the member by its name if it has none."""
    member, value = body["is"]
    if member == "unsupported":
        return [(f"{path}.is", prefix + member), (f"{path}.number", str(value))]
    if member == "sync":
        return _say_member(path, "sync.", value)
    said = [(f"{path}.is", prefix + member)]
    if member == "sent":
        return said + _say_member(f"{path}.sent", "", value)
    if isinstance(value, dict):
        return said + _say(path, value)
    return said if value is None else said + _say(f"{path}.{member}", value)


def say(content):
    """Every field by its path, in the order of the schema."""
    head = {name: value for name, value in content["head"].items() if name != "toGroup"}
    return _say("head", head) + _say_member("body", "", content["body"])


# Encoded again: docs/vectors.md, Content


def is_known(body):
    """Whether this version knows all of a body."""
    member, value = body["is"]
    if member == "sync" and value["is"][0] == "sent":
        return is_known(value["is"][1])
    return member != "unsupported"


def encoded(content):
    """The message, its fields set in the order of the schema."""
    return capnp.encode(content, CONTENT)
