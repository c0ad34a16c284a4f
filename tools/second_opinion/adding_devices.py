"""docs/protocol.md §3, Adding a device: the request, the code that is compared, and the grant."""

from dataclasses import dataclass

from . import curve, manifests, signatures
from .argon2 import argon2id
from .conventions import Layout, from_base64url, labelled_hash, to_base64url, u32, utf8
from .refusal import Refused, require
from .seal import seal, unseal
from .texts import read_relay_address

REQUEST_PREFIX = "waxwing-request1:"
GRANT_PREFIX = "waxwing-grant1:"
MAX_REQUEST_TEXT = 1024
MAX_GRANT_TEXT = 16 * 1024 * 1024
MAX_NAME = 128
SLOW_SALT = b"waxwing slow v1\0"


def _from_text(text, prefix, most):
    require(len(text.encode()) <= most, "malformed", "too long")
    require(text.startswith(prefix), "malformed", "another prefix")
    return from_base64url(text[len(prefix):], "malformed")


@dataclass
class Request:
    """What a new installation shows: a device as a manifest lists it, its account, and the key to answer to."""

    account: bytes
    device: dict
    answer_key: bytes

    def encoded(self):
        """The request's bytes."""
        device = self.device
        return (manifests.binding_body(self.account, device) + u32(device["registrationId"]) +
                device["identityBinding"] + device["signingBinding"] + self.answer_key)

    def text(self):
        """The text that the user carries."""
        return REQUEST_PREFIX + to_base64url(self.encoded())

    def hash(self):
        """What the code and the grant are bound to."""
        return labelled_hash("device-request", self.encoded())

    def code(self):
        """Twelve digits in three groups. Takes a minute or more: Argon2id with 64 MiB and 2 passes."""
        slow = argon2id(self.hash(), SLOW_SALT, 2, 64 * 1024, 32)
        digits = f"{int.from_bytes(slow[:8], 'little') % 10**12:012}"
        return " ".join((digits[:4], digits[4:8], digits[8:]))


def read_request(text):
    """A request whose keys are sound and whose bindings verify."""
    layout = Layout(_from_text(text, REQUEST_PREFIX, MAX_REQUEST_TEXT))
    account = layout.take(32)
    device = {"id": layout.number(1), "identityKey": layout.take(32), "signingKey": layout.take(32),
              "registrationId": layout.number(4), "identityBinding": layout.take(64),
              "signingBinding": layout.take(64)}
    request = Request(account, device, layout.take(32))
    layout.end()
    manifests.check_device_fields(device)
    curve.account_point(account)
    manifests.check_device_keys(device)
    curve.gate(request.answer_key)
    manifests.verify_bindings(account, device)
    return request


@dataclass
class GrantContact:
    """A contact as a grant carries it."""

    account: bytes
    name: str
    state: int
    manifest: bytes
    access_key: bytes
    relay: str

    def encoded(self):
        """Its bytes."""
        name, relay = self.name.encode(), self.relay.encode()
        return (self.account + u32(len(name)) + name + bytes([self.state]) + u32(len(self.manifest)) + self.manifest +
                u32(len(self.access_key)) + self.access_key + u32(len(relay)) + relay)


def _read_contact(layout):
    contact = GrantContact(layout.take(32), utf8(layout.counted(), "malformed"), layout.number(1), layout.counted(),
                           layout.counted(), utf8(layout.counted(), "malformed"))
    try:
        curve.account_point(contact.account)
        if contact.relay:
            read_relay_address(contact.relay)
    except Refused as error:
        raise Refused("malformed", str(error)) from error
    require(len(contact.name.encode()) <= MAX_NAME, "malformed", "a name over 128 bytes")
    require(len(contact.access_key) in (0, 32), "malformed", "an access key of another size")
    require(len(contact.manifest) <= manifests.MAX_BYTES, "malformed", "a manifest over 8 KiB")
    return contact


@dataclass
class Grant:
    """What the primary answers."""

    manifest: bytes
    contacts: list
    contact_key: bytes
    invite_keys: list

    def body(self):
        """The bytes behind the signature."""
        return (u32(len(self.manifest)) + self.manifest + u32(len(self.contacts)) +
                b"".join(contact.encoded() for contact in self.contacts) + self.contact_key +
                u32(len(self.invite_keys)) + b"".join(self.invite_keys))

    def text(self, request, account_seed, ephemeral_secret):
        """The text that the user carries back."""
        body = self.body()
        signature = signatures.sign(account_seed, "device-grant", request.hash() + body)
        return GRANT_PREFIX + to_base64url(seal(request.answer_key, ephemeral_secret, signature + body))


def _read_body(body):
    layout = Layout(body)
    manifest = layout.counted()
    contacts = [_read_contact(layout) for _ in range(layout.number(4))]
    grant = Grant(manifest, contacts, layout.take(32), [layout.take(32) for _ in range(layout.number(4))])
    layout.end()
    return grant


def _check_manifest(request, signed):
    """The manifest is the account's, and lists the device as the request has it."""
    manifest = manifests.read_manifest(signed)
    require(manifest["account"] == request.account, "badBinding", "a manifest of another account")
    names = ("id", "identityKey", "signingKey", "registrationId")
    listed = [[device[name] for name in names] for device in manifest["devices"]]
    require([request.device[name] for name in names] in listed, "badBinding", "the device is not listed")


def read_grant(request, answer_secret, text):
    """The grant that answers this request."""
    data = unseal(answer_secret, _from_text(text, GRANT_PREFIX, MAX_GRANT_TEXT))
    require(len(data) >= 64, "malformed", "no signature")
    signatures.verify(request.account, "device-grant", request.hash() + data[64:], data[:64])
    grant = _read_body(data[64:])
    _check_manifest(request, grant.manifest)
    return grant
