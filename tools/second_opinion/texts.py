"""docs/protocol.md §1 and §7: relay addresses and invites."""

import re
from dataclasses import dataclass

from . import curve
from .conventions import Layout, from_base64url, labelled_hash, to_base64url, u16
from .refusal import Refused, require

MAX_ADDRESS = 2048
MAX_INVITE = 4096
MAX_HOST = 253
HOST_NAME = re.compile(r"[A-Za-z0-9._-]+")
IPV6 = re.compile(r"\[([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)\]")
PORT = re.compile(r"[1-9][0-9]{0,4}")
INVITE_PREFIX = "waxwing1:"


@dataclass
class RelayAddress:
    """host without brackets, port, and the certificate's DER or nothing."""

    host: str
    port: int
    certificate: bytes

    def name(self):
        """`host:port`, an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def text(self):
        """The address as it is written."""
        return self.name() + ("#" + to_base64url(self.certificate) if self.certificate else "")


def _read_host(host):
    """A host as it stands in an address: a name, or an IPv6 address in brackets."""
    in_brackets = IPV6.fullmatch(host)
    require(in_brackets or HOST_NAME.fullmatch(host), "badAddress", "no host")
    host = in_brackets.group(1) if in_brackets else host
    require(len(host) <= MAX_HOST, "badAddress", "a host of more than 253 bytes")
    return host


def read_relay_address(text):
    """`host:port`, or `host:port#` and the base64url of a certificate's DER."""
    require(len(text.encode()) <= MAX_ADDRESS, "badAddress", "over 2048 bytes")
    name, mark, certificate = text.partition("#")
    host, colon, port = name.rpartition(":")
    require(colon and PORT.fullmatch(port) and int(port) <= 65535, "badAddress", "no port")
    require(not mark or certificate, "badAddress", "an empty certificate")
    return RelayAddress(_read_host(host), int(port), from_base64url(certificate, "badAddress"))


@dataclass
class Invite:
    """An account, the key that admits to it, and where it lives."""

    account: bytes
    invite_key: bytes
    relay: str

    def text(self):
        """The text that a person shares."""
        relay = self.relay.encode()
        body = b"\x01" + self.account + self.invite_key + u16(len(relay)) + relay
        return INVITE_PREFIX + to_base64url(body + labelled_hash("invite", body)[:8])


def read_invite(text):
    """An invite; whatever is wrong with it is `badInvite`."""
    require(len(text.encode()) <= MAX_INVITE, "badInvite", "over 4096 bytes")
    require(text.startswith(INVITE_PREFIX), "badInvite", "another prefix")
    data = from_base64url(text[len(INVITE_PREFIX):], "badInvite")
    try:
        return _read_invite_body(data)
    except Refused as error:
        raise Refused("badInvite", str(error)) from error


def _read_invite_body(data):
    require(len(data) > 8 and labelled_hash("invite", data[:-8])[:8] == data[-8:], "badInvite", "checksum")
    layout = Layout(data[:-8])
    require(layout.take(1) == b"\x01", "badInvite", "another version")
    account, invite_key = layout.take(32), layout.take(32)
    curve.account_point(account)
    relay = layout.take(layout.number(2)).decode("ascii", "replace")
    layout.end()
    read_relay_address(relay)
    return Invite(account, invite_key, relay)
