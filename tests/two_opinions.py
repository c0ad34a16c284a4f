"""Alters test vectors and asks waxwing-vectors and the second opinion: both must accept, or both refuse.

    two_opinions.py SOURCE_DIRECTORY WAXWING_VECTORS [--cases N] [--seed S] [KIND …]

A value is altered somewhere in a case, or, where a signature or a seal would hide what is behind it, behind it: the
message is altered and signed, or sealed, anew, and what it says is left out of the case, so that whoever reads it finds
nothing to compare it with and says so. Of reasons only that is compared: where two things are wrong, either may be seen
first. Exit status 0 if the two agree on every case.
"""

import argparse
import copy
import json
import pathlib
import random
import subprocess
import sys
import tempfile

NOT_PART_OF_A_CLAIM = ("tcId", "comment", "flags", "result", "reason")
REFUSED = ("refused, but as ", "cannot be judged: refused before its last event")
ANYTHING, INSIDE = "altered anywhere", "altered inside"
READ = ("refused, but as \"mismatch\"", "cannot be judged: the value ")


def parse_arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description="Compares waxwing-vectors and the second opinion on altered cases.")
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--cases", type=int, default=40, help="for each kind and way of altering")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("kinds", nargs="*", metavar="KIND")
    return parser.parse_intermixed_args()


OPTIONS = parse_arguments()
VECTORS = OPTIONS.source.resolve() / "tests" / "vectors"
sys.path.insert(0, str(OPTIONS.source.resolve() / "tools"))

import verify_vectors  # noqa: E402
from second_opinion import adding_devices, content, curve, seal, signatures, texts  # noqa: E402
from second_opinion.claims import KINDS  # noqa: E402
from second_opinion.conventions import from_base64url, hash_of, labelled_hash, to_base64url, u32  # noqa: E402
from second_opinion.refusal import CannotDecide, Refused  # noqa: E402
from second_opinion.vector_file import BadFile, read_vector_file  # noqa: E402


# What is altered


def altered_bytes(data, draw):
    """Bytes with a bit, a byte, a word or the end altered."""
    data = bytearray(data or b"\0")
    place, way = draw.randrange(len(data)), draw.random()
    if way < 0.5:
        data[place] ^= 1 << draw.randrange(8)
    elif way < 0.65:
        data[place] = draw.choice((0, 1, 2, 16, 127, 128, 255))
    elif way < 0.75:
        data[place // 8 * 8:place // 8 * 8 + 8] = bytes(8)
    elif way < 0.85:
        del data[place:]
    else:
        data[place // 8 * 8:place // 8 * 8] = bytes(draw.choice((1, 8, 16)))
    return bytes(data)


def altered_text(text, draw):
    """A text in which a letter is another, one more, or missing."""
    place = draw.randrange(len(text) + 1)
    return text[:place] + draw.choice(("", *"aZ09._-:[]#/ =é")) + text[place + draw.randrange(2):]


def altered_value(value, draw):
    """Another value of the same kind."""
    if isinstance(value, int):
        return max(0, value + draw.choice((-1, 1, 127, 256)))
    if set(value) <= set("0123456789abcdef") and len(value) % 2 == 0:
        return altered_bytes(bytes.fromhex(value), draw).hex()
    return altered_text(value, draw)


def holders(value):
    """Each place of a text or a number: what holds it, and its name or number there."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for name, member in items:
        found += holders(member) if isinstance(member, (dict, list)) else [(value, name)]
    return found


def alter_anything(case, draw):
    """One value of a case."""
    places = [place for place in holders(case) if place[0] is not case or place[1] not in NOT_PART_OF_A_CLAIM]
    holder, name = draw.choice([place for place in places if place[0] is not case["flags"]])
    holder[name] = altered_value(holder[name], draw)


# What stands behind a signature, a seal, a checksum, or a digest


def keep(case, *names):
    """Leaves out what is not named."""
    for name in [name for name in case if name not in names + NOT_PART_OF_A_CLAIM]:
        del case[name]


def alter_content(case, draw):
    """The message; what it says then is stated anew."""
    data = altered_bytes(bytes.fromhex(case["content"]), draw)
    case.update(content=data.hex(), digest=hash_of(data).hex())
    try:
        said = content.say(content.read_content(data))
        case["says"] = [{"name": name, "value": value} for name, value in said]
    except Refused:
        del case["says"]


def alter_published_keys(case, draw):
    """The message; the device signs it."""
    message = altered_bytes(bytes.fromhex(case["publishedKeys"])[64:], draw)
    signature = signatures.sign(bytes.fromhex(case["signingSeed"]), "keys", message)
    case["publishedKeys"] = (signature + message).hex()
    keep(case, "account", "device", "identityKey", "signingKey", "publishedKeys")


def alter_manifest(case, draw):
    """The message; the account signs it."""
    message = altered_bytes(bytes.fromhex(case["manifest"])[64:], draw)
    case["manifest"] = (signatures.sign(bytes.fromhex(case["accountSeed"]), "manifest", message) + message).hex()
    keep(case, "manifest")


def alter_envelope(case, draw):
    """What is inside; it is sealed again."""
    secret = bytes.fromhex(case["recipientSecret"])
    inside = altered_bytes(seal.unseal(secret, bytes.fromhex(case["envelope"])[5:]), draw)
    sealed = seal.seal(curve.public_key_of(secret), bytes.fromhex(case["ephemeralSecret"]), inside)
    case["envelope"] = (b"\x01" + u32(case["sealKeyId"]) + sealed).hex()
    keep(case, "recipientSecret", "envelope")


def alter_device_grant(case, draw):
    """The body; the account signs it, and it is sealed again."""
    request = adding_devices.read_request(case["request"])
    sealed = from_base64url(case["grant"].removeprefix(adding_devices.GRANT_PREFIX), "malformed")
    body = altered_bytes(seal.unseal(bytes.fromhex(case["answerSecret"]), sealed)[64:], draw)
    signature = signatures.sign(bytes.fromhex(case["accountSeed"]), "device-grant", request.hash() + body)
    sealed = seal.seal(request.answer_key, bytes.fromhex(case["ephemeralSecret"]), signature + body)
    case["grant"] = adding_devices.GRANT_PREFIX + to_base64url(sealed)
    keep(case, "request", "device", "identitySecret", "signingSeed", "registrationId", "answerSecret", "grant")


def alter_padding(case, draw):
    """What the ciphers are given."""
    case["padded"] = altered_bytes(bytes.fromhex(case["padded"]), draw).hex()
    keep(case, "padded")


def alter_invite(case, draw):
    """What is inside; its checksum is right."""
    data = altered_bytes(from_base64url(case["text"].removeprefix(texts.INVITE_PREFIX), "badInvite")[:-8], draw)
    case["text"] = texts.INVITE_PREFIX + to_base64url(data + labelled_hash("invite", data)[:8])
    keep(case, "text")


def alter_relay_address(case, draw):
    """The text."""
    case["text"] = altered_text(case["text"], draw)
    keep(case, "text")


def any_coordinate(draw):
    """32 bytes that are a coordinate or not, often one near an edge."""
    near_p = curve.P - 20 + draw.randrange(40)
    number = draw.choice((draw.randrange(2**255), draw.randrange(2**256), draw.randrange(40), near_p))
    return number.to_bytes(32, "little")


def alter_key_gate(case, draw):
    """The key; the product is right."""
    key = any_coordinate(draw)
    case.update(publicKey=key.hex(), shared=curve.x25519(bytes.fromhex(case["secret"]), key).hex())


def alter_account_id(case, draw):
    """The account; its texts are right."""
    account = any_coordinate(draw)
    case.update(account=account.hex(), text=to_base64url(account), hex=account.hex())


def alter_conversation(case, draw):
    """The message that is received last; nothing happens after it."""
    events = case["events"]
    place = draw.choice([place for place, event in enumerate(events) if event["type"] == "receive"])
    sent = [event for event in events if event["type"] == "send"][events[place].pop("of")]
    events[place].update(kind=sent["kind"], bytes=altered_bytes(bytes.fromhex(sent["message"]), draw).hex())
    del events[place + 1:]


def alter_sender_key(case, draw):
    """A message; its sender signs it."""
    body = altered_bytes(bytes.fromhex(draw.choice(case["messages"])["message"])[:-64], draw)
    signature = signatures.xeddsa_sign(bytes.fromhex(case["signingSecret"]), body, bytes(64))
    case["receives"] = [{"bytes": (body + signature).hex(), "content": ""}]


BEHIND = {name.removeprefix("alter_"): alter for name, alter in list(globals().items())
          if name.startswith("alter_") and name != "alter_anything"}


# The comparison


def second_opinion(kind, case):
    """"holds", why a case is refused, "incomplete" if something is missing in it, None where computing takes long."""
    try:
        refusal = verify_vectors.opinion(KINDS[kind], case, False)
    except CannotDecide:
        return None
    except BadFile:
        return "incomplete"
    return refusal.reason if refusal else "holds"


def altered_cases(kind, valid, draw):
    """Altered cases as the second opinion judges them; an altered file that cannot be read is none."""
    cases = []
    for alter in (alter_anything, BEHIND.get(kind)):
        for _ in range(OPTIONS.cases if alter else 0):
            case = copy.deepcopy(draw.choice(valid))
            alter(case, draw)
            opinion = second_opinion(kind, case)
            if opinion is None or (opinion == "incomplete" and alter is alter_anything):
                continue
            case.update(tcId=len(cases) + 1, result="valid" if opinion == "holds" else "invalid")
            if opinion != "holds":
                case["reason"] = opinion
            case["comment"] = ANYTHING if alter is alter_anything else INSIDE
            cases.append(case)
    return cases


def differs(case, why):
    """Whether what waxwing-vectors has against a case (None: nothing) means that it judges otherwise."""
    if case["result"] == "valid" or why is None:
        return why is not None
    if case["comment"] == ANYTHING:
        return not why.startswith(REFUSED)
    was_read = case["reason"] in ("mismatch", "incomplete")
    return not why.startswith(READ) if was_read else why.startswith(READ) or not why.startswith(REFUSED)


def differences(kind, cases, directory):
    """The cases that waxwing-vectors judges otherwise, and what it says."""
    file = json.loads((VECTORS / f"{kind}.json").read_text(encoding="utf-8"))
    file.update(numberOfTests=len(cases), testGroups=[{"type": "Altered", "tests": cases}])
    path = directory / f"{kind}.json"
    path.write_text(json.dumps(file, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    answer = subprocess.run([OPTIONS.program, "--json", "verify", path], capture_output=True, text=True, check=False)
    verdict = json.loads(answer.stdout.splitlines()[0])
    if verdict["valid"] + verdict["invalid"] != len(cases):
        raise RuntimeError(f"{kind}: waxwing-vectors did not read the altered file: {answer.stdout}{answer.stderr}")
    why = {failure["tcId"]: failure["why"] for failure in verdict["failures"]}
    return [(case, why.get(case["tcId"])) for case in cases if differs(case, why.get(case["tcId"]))]


def compare(kind, directory):
    """Prints the line of a kind; how many cases the two judge otherwise."""
    _, cases = read_vector_file(VECTORS / f"{kind}.json")
    draw = random.Random(f"{OPTIONS.seed} {kind}")
    altered = altered_cases(kind, [case for case in cases if case["result"] == "valid"], draw)
    found = differences(kind, altered, directory)
    accepted = sum(case["result"] == "valid" or case["reason"] == "incomplete" for case in altered)
    print(f"{kind}: {len(altered)} altered cases, {accepted} accepted, {len(found)} differ")
    for case, why in found:
        print(f"  second opinion: {case.get('reason', 'holds')}; waxwing-vectors: {why or 'agrees'}")
        print(f"  {json.dumps(case)}")
    return len(found)


def main():
    """Compares kind by kind."""
    with tempfile.TemporaryDirectory() as directory:
        return 1 if sum(compare(kind, pathlib.Path(directory)) for kind in OPTIONS.kinds or sorted(KINDS)) else 0


if __name__ == "__main__":
    sys.exit(main())
