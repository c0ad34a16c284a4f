"""docs/protocol.md §3: signed manifests, and what becomes of one that arrives."""

from . import capnp, curve, signatures
from .conventions import hash_of
from .refusal import Refused, require
from .schemas import MANIFEST
from .texts import read_relay_address

MAX_BYTES = 8 * 1024
MAX_DEVICES = 16
MAX_VERSION = 2**62
MAX_REGISTRATION_ID = 16380


def binding_body(account, device):
    """What both bindings of a device sign: account ‖ id ‖ identity key ‖ signing key."""
    return account + bytes([device["id"]]) + device["identityKey"] + device["signingKey"]


def bind(account, device, identity_secret, signing_seed, random):
    """Adds both bindings to a device."""
    body = binding_body(account, device)
    device["identityBinding"] = signatures.sign_as_identity(identity_secret, "bind-identity", body, random)
    device["signingBinding"] = signatures.sign(signing_seed, "bind-signing", body)


def verify_bindings(account, device):
    """Refuse as `badBinding` unless both keys of a device consent to it."""
    body = binding_body(account, device)
    try:
        signatures.verify_identity(device["identityKey"], "bind-identity", body, device["identityBinding"])
        signatures.verify(device["signingKey"], "bind-signing", body, device["signingBinding"])
    except Refused as error:
        raise Refused("badBinding", str(error)) from error


def check_device_keys(device):
    """Refuse as `badKey` unless both keys of a device pass their checks."""
    curve.gate(device["identityKey"])
    curve.account_point(device["signingKey"])


def check_device_fields(device):
    """The limits of one listed device."""
    require(1 <= device["id"] <= 127, "malformed", "a device id is 1 to 127")
    require(1 <= device["registrationId"] <= MAX_REGISTRATION_ID, "malformed", "registration id")
    for name, size in (("identityKey", 32), ("signingKey", 32), ("identityBinding", 64), ("signingBinding", 64)):
        require(len(device[name]) == size, "malformed", f"{name} of another size")


def retired_devices(manifest):
    """The numbers whose bit is set in `retired`."""
    return {number for number in range(128) if manifest["retired"][number // 8] >> number % 8 & 1}


def _check_limits(manifest):
    for name, size in (("account", 32), ("retired", 16), ("previousHash", 32)):
        require(len(manifest[name]) == size, "malformed", f"{name} of another size")
    require(1 <= manifest["version"] <= MAX_VERSION, "malformed", "version outside its bounds")
    require(manifest["version"] >= manifest["issuedAt"], "malformed", "a version below its time of issue")
    try:
        read_relay_address(manifest["relay"])
    except Refused as error:
        raise Refused("malformed", str(error)) from error
    _check_devices(manifest)


def _check_devices(manifest):
    devices, retired = manifest["devices"], retired_devices(manifest)
    require(1 <= len(devices) <= MAX_DEVICES, "overLimit", "number of devices")
    for device in devices:
        check_device_fields(device)
    numbers = [device["id"] for device in devices]
    require(numbers == sorted(set(numbers)), "malformed", "devices out of order")
    require(manifest["primary"] in numbers, "malformed", "a primary that is not listed")
    require(0 not in retired, "malformed", "device 0 is retired")
    require(not retired & set(numbers), "malformed", "a listed device is retired")
    for name in ("identityKey", "signingKey"):
        require(len({device[name] for device in devices}) == len(devices), "malformed", f"two devices with one {name}")


def read_manifest(signed):
    """The fields of a signed manifest that is accepted."""
    manifest = signatures.unsigned(signed, MANIFEST, MAX_BYTES)
    _check_limits(manifest)
    curve.account_point(manifest["account"])
    signatures.verify(manifest["account"], "manifest", signed[64:], signed[:64])
    for device in manifest["devices"]:
        check_device_keys(device)
        verify_bindings(manifest["account"], device)
    return manifest


def sign_manifest(account_seed, manifest):
    """signature (64) ‖ Manifest message."""
    message = capnp.encode(manifest, MANIFEST)
    return signatures.sign(account_seed, "manifest", message) + message


class HeldManifest:
    """What is held of one account, and the judgement of a candidate."""

    def __init__(self, account):
        self.account = account
        self.signed = None
        self.equivocates = False
        self._fields = None

    def judge(self, signed):
        """Reads a candidate, says what it is to what is held, and keeps it if it is adopted."""
        fields = read_manifest(signed)
        require(fields["account"] == self.account, "badSignature", "of another account")
        verdict = self._compare(signed, fields)
        if verdict in ("first", "newer"):
            self.signed, self._fields = signed, fields
        if verdict == "equivocation":
            self.equivocates = True
        return verdict

    def _compare(self, signed, fields):
        if self.signed is None:
            return "first"
        if fields["version"] < self._fields["version"]:
            return "stale"
        if fields["version"] == self._fields["version"]:
            return "same" if signed == self.signed else "equivocation"
        return "newer" if retired_devices(self._fields) <= retired_devices(fields) else "unretires"

    def hash(self):
        """The Hash of what is held."""
        return hash_of(self.signed)
