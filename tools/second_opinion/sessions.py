"""docs/protocol.md §5: X3DH and the Double Ratchet as libsignal-protocol-c does them, Waxwing's guards in front."""

import copy
from dataclasses import dataclass, field

from . import curve
from .conventions import hash_of, labelled_hash, u32
from .primitives import hkdf_sha256, hmac_sha256
from .ratchet_messages import (MessageKeys, pad, read_message, read_pre_key_message, unpad, write_message,
                               write_pre_key_message)
from .refusal import Refused, require

ARCHIVED_STATES = 5
RECEIVING_CHAINS = 5
KEPT_MESSAGE_KEYS = 2000
FURTHEST_AHEAD = 2000
PRE_KEY_MESSAGE, MESSAGE = 1, 2


# Steps


def chain_step(chain_key):
    """The keys of this message, and the next chain key."""
    seed = hmac_sha256(chain_key, b"\x01")
    keys = hkdf_sha256(seed, bytes(32), b"WhisperMessageKeys", 80)
    return MessageKeys(keys[:32], keys[32:64], keys[64:]), hmac_sha256(chain_key, b"\x02")


def root_step(root_key, our_secret, their_key):
    """The next root key, and the chain key of the pair of ratchet keys."""
    keys = hkdf_sha256(curve.x25519(our_secret, their_key), root_key, b"WhisperRatchet", 64)
    return keys[:32], keys[32:]


def x3dh(products):
    """The root key and the first chain key, of three or four Diffie-Hellman products."""
    keys = hkdf_sha256(b"\xff" * 32 + b"".join(products), bytes(32), b"WhisperText", 64)
    return keys[:32], keys[32:]


# Sessions


@dataclass
class Chain:
    """A receiving chain: where it stands, and the keys of messages that were passed over, by counter."""

    ratchet_key: bytes
    chain_key: bytes
    index: int = 0
    skipped: dict = field(default_factory=dict)

    def keys_for(self, counter):
        """The keys of a message; the chain moves past it."""
        if counter < self.index:
            require(counter in self.skipped, "keyReuse", "a message key that was used before")
            return self.skipped.pop(counter)
        require(counter - self.index <= FURTHEST_AHEAD, "undecryptable", "too far ahead in its chain")
        while self.index < counter:
            self.skipped[self.index], self.chain_key = chain_step(self.chain_key)
            self.index += 1
            if len(self.skipped) > KEPT_MESSAGE_KEYS:
                del self.skipped[min(self.skipped)]
        keys, self.chain_key = chain_step(self.chain_key)
        self.index += 1
        return keys


@dataclass
class Unanswered:
    """What pre-key messages repeat until the first answer was decrypted."""

    one_time_key_id: int
    base_key: bytes
    signed_pre_key_id: int


@dataclass
class State:
    """One state of a session with a remote device."""

    remote_identity: bytes
    base_key: bytes
    root_key: bytes
    ratchet_secret: bytes
    sending_key: bytes
    sending_index: int = 0
    previous_counter: int = 0
    receiving: list = field(default_factory=list)
    unanswered: Unanswered = None

    def chain_of(self, ratchet_key):
        """The receiving chain of a ratchet key, or None."""
        return next((chain for chain in self.receiving if chain.ratchet_key == ratchet_key), None)

    def add_chain(self, ratchet_key, chain_key):
        """A new receiving chain; the oldest goes when there are too many."""
        self.receiving.append(Chain(ratchet_key, chain_key))
        del self.receiving[:-RECEIVING_CHAINS]
        return self.receiving[-1]

    def begin_sending(self, ratchet_secret, their_key):
        """A fresh ratchet key, a root step with it: our sending chain."""
        self.root_key, self.sending_key = root_step(self.root_key, ratchet_secret, their_key)
        self.ratchet_secret = ratchet_secret
        self.previous_counter = max(self.sending_index - 1, 0)
        self.sending_index = 0

    def decrypt(self, message, our_identity, draw):
        """The padded content of a message; `draw` gives the next ratchet secret if it begins a chain here."""
        chain = self.chain_of(message.ratchet_key)
        if chain is None:
            self.root_key, chain_key = root_step(self.root_key, self.ratchet_secret, message.ratchet_key)
            chain = self.add_chain(message.ratchet_key, chain_key)
            self.begin_sending(draw(), message.ratchet_key)
        keys = chain.keys_for(message.counter)
        padded = message.open(keys, self.remote_identity, our_identity)
        self.unanswered = None
        return padded


class Session:
    """All states with one remote device, the current one first."""

    def __init__(self):
        self.states = []

    def begin(self, state):
        """A new current state; the former ones are archived."""
        self.states.insert(0, state)
        del self.states[1 + ARCHIVED_STATES:]

    def state_of(self, base_key):
        """Whether a state was begun with this base key."""
        return any(state.base_key == base_key for state in self.states)

    def decrypt(self, message, our_identity, draw):
        """Tries the states in order; the one that decrypts becomes the current one. Nothing changes on failure."""
        for place, state in enumerate(self.states):
            candidate = copy.deepcopy(state)
            try:
                padded = candidate.decrypt(message, our_identity, draw)
            except Refused as error:
                if error.reason != "undecryptable":
                    raise
                continue
            del self.states[place]
            self.states.insert(0, candidate)
            return padded
        raise Refused("undecryptable", "of no state of this session")


@dataclass
class Bundle:
    """What a device publishes for others to open a session with."""

    identity_key: bytes
    signed_pre_key_id: int
    signed_pre_key: bytes
    one_time_key_id: int
    one_time_key: bytes


def open_as_alice(identity_secret, base_secret, ratchet_secret, bundle):
    """The state of the side that begins."""
    products = [curve.x25519(identity_secret, bundle.signed_pre_key), curve.x25519(base_secret, bundle.identity_key),
                curve.x25519(base_secret, bundle.signed_pre_key)]
    if bundle.one_time_key is not None:
        products.append(curve.x25519(base_secret, bundle.one_time_key))
    root_key, chain_key = x3dh(products)
    base_key = curve.public_key_of(base_secret)
    state = State(bundle.identity_key, base_key, root_key, b"", b"")
    state.add_chain(bundle.signed_pre_key, chain_key)
    state.begin_sending(ratchet_secret, bundle.signed_pre_key)
    state.unanswered = Unanswered(bundle.one_time_key_id, base_key, bundle.signed_pre_key_id)
    return state


def open_as_bob(identity_secret, signed_pre_secret, one_time_secret, their_identity, their_base):
    """The state of the side that answers; his signed pre-key is his first ratchet key."""
    products = [curve.x25519(signed_pre_secret, their_identity), curve.x25519(identity_secret, their_base),
                curve.x25519(signed_pre_secret, their_base)]
    if one_time_secret is not None:
        products.append(curve.x25519(one_time_secret, their_base))
    root_key, chain_key = x3dh(products)
    return State(their_identity, their_base, root_key, signed_pre_secret, chain_key)


class Device:
    """A device in conversation with one other: its keys, its session, and what it remembers."""

    def __init__(self, identity_secret, registration_id, signed_pre_keys, one_time_keys):
        self.identity_secret = identity_secret
        self.identity_key = curve.public_key_of(identity_secret)
        self.registration_id = registration_id
        self.signed_pre_keys = signed_pre_keys  # secrets by id
        self.one_time_keys = one_time_keys  # secrets by id; each is used once
        self.session = None
        self._initial_messages = set()
        self._decrypted = set()

    def bundle(self, one_time_key_id, signed_pre_key_id=None):
        """What the other side opens a session with; without an id, with the only signed pre-key."""
        require(self.signed_pre_keys, "noSession", "a device without a signed pre-key")
        number = next(iter(self.signed_pre_keys)) if signed_pre_key_id is None else signed_pre_key_id
        require(number in self.signed_pre_keys, "unknownPreKey", "no such signed pre-key")
        secret = self.signed_pre_keys[number]
        require(one_time_key_id is None or one_time_key_id in self.one_time_keys, "unknownPreKey", "no such one-time key")
        one_time_key = None if one_time_key_id is None else curve.public_key_of(self.one_time_keys[one_time_key_id])
        return Bundle(self.identity_key, number, curve.public_key_of(secret), one_time_key_id, one_time_key)

    def open(self, bundle, base_secret, ratchet_secret):
        """Opens a session; a former one is archived."""
        self.session = self.session or Session()
        self.session.begin(open_as_alice(self.identity_secret, base_secret, ratchet_secret, bundle))

    def wipe(self):
        """Forgets the session, not the pre-keys and not what is remembered of messages."""
        self.session = None

    def send(self, random, content):
        """The kind and the bytes of the next message."""
        require(self.session is not None, "noSession", "no session to send in")
        state = self.session.states[0]
        keys, state.sending_key = chain_step(state.sending_key)
        message = write_message(keys, (self.identity_key, state.remote_identity),
                                curve.public_key_of(state.ratchet_secret),
                                (state.sending_index, state.previous_counter), pad(random, content))
        state.sending_index += 1
        if state.unanswered is None:
            return MESSAGE, message
        require(self.registration_id is not None, "noSession", "a device without a registration id")
        opening = state.unanswered
        return PRE_KEY_MESSAGE, write_pre_key_message(opening.one_time_key_id, opening.base_key, self.identity_key,
                                                      message, self.registration_id, opening.signed_pre_key_id)

    def receive(self, kind, data, listed_identity, draw):
        """The content of a message; `listed_identity` is what the sender's manifest says."""
        if kind == PRE_KEY_MESSAGE:
            content = self._receive_pre_key_message(read_pre_key_message(data), listed_identity, draw)
        else:
            content = self._receive_message(read_message(data), draw)
        require(self.session.states[0].remote_identity == listed_identity, "untrustedIdentity", "another identity")
        return content

    def _decrypt(self, session, message, draw):
        known = any(state.chain_of(message.ratchet_key) for state in session.states)
        require(known or message.counter <= FURTHEST_AHEAD, "counterTooFar", "a new chain that begins too far ahead")
        digest = hash_of(message.body + message.mac)
        try:
            padded = session.decrypt(message, self.identity_key, draw)
        except Refused as error:
            if error.reason == "keyReuse" and digest in self._decrypted:
                raise Refused("duplicate", "that very message was decrypted before") from error
            raise
        self._decrypted.add(digest)
        return unpad(padded)[1]

    def _receive_message(self, message, draw):
        require(self.session is not None, "noSession", "a message without a session")
        return self._decrypt(self.session, message, draw)

    def _receive_pre_key_message(self, opening, listed_identity, draw):
        require(opening.identity_key == listed_identity, "untrustedIdentity", "another identity key than listed")
        session = copy.deepcopy(self.session) or Session()
        initial = labelled_hash("initial", opening.identity_key + opening.base_key + u32(opening.signed_pre_key_id))
        if session.state_of(opening.base_key):
            content = self._decrypt(session, opening.message, draw)
        else:
            require(initial not in self._initial_messages, "initialReplay", "its session was there before")
            session.begin(self._answer(opening))
            content = self._decrypt(session, opening.message, draw)
            self.one_time_keys.pop(opening.one_time_key_id, None)
        self._initial_messages.add(initial)
        self.session = session
        return content

    def _answer(self, opening):
        require(opening.signed_pre_key_id in self.signed_pre_keys, "unknownPreKey", "a signed pre-key that is not held")
        number = opening.one_time_key_id
        require(number is None or number in self.one_time_keys, "unknownPreKey", "a one-time key that is not held")
        return open_as_bob(self.identity_secret, self.signed_pre_keys[opening.signed_pre_key_id],
                           None if number is None else self.one_time_keys[number], opening.identity_key,
                           opening.base_key)
