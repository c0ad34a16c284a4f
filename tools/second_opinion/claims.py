"""docs/vectors.md, Kinds: what a valid case of each kind claims.

A check returns if the claim holds for all fields together, and raises `Refused` if it does not. Outputs are computed
from inputs and compared; what a field states is never taken for granted.
"""

from . import adding_devices, content, curve, manifests, primitives, published_keys, safety_number, seal, sender_keys
from . import sessions, signatures, texts
from .conventions import hash_of, labelled_hash, to_base64url, u16
from .database_key import database_key
from .ratchet_messages import pad, unpad
from .refusal import CannotDecide, Refused, require, require_equal
from .vector_file import BadFile

SOME_SECRET = bytes(31) + b"\x40"  # drawn where a case gives none; whoever opens the message is refused for that
HIGHEST_KEY_ID = 0xFFFFFE
SLOW_MEMORY = 1024 * 1024  # from here on Argon2id takes long in Python


def _public_key(case, name, secret):
    """A stated public key of a secret."""
    require_equal(curve.public_key_of(secret), case.data(name, 32), name)


def _secrets(case, name):
    """A list of keys, each id once: secrets by id."""
    secrets = {}
    for key in case.items(name):
        number = key.number("id", 32)
        require(0 < number <= HIGHEST_KEY_ID and number not in secrets, "malformed", "a key id: 1 to 0xFFFFFE, once")
        secrets[number] = key.secret("secret")
    return secrets


# Conventions, §1


def labelled_hash_claim(case):
    """Hash and labelled hash of a body."""
    body = case.data("body")
    require_equal(hash_of(body), case.data("hash"), "hash")
    require_equal(labelled_hash(case.text("use"), body), case.data("labelledHash"), "labelledHash")


def account_id_claim(case):
    """A key is an account id, and is written like this."""
    account = case.data("account")
    curve.account_point(account)
    require_equal(to_base64url(account), case.text("text"), "text")
    require_equal(account.hex(), case.text("hex"), "hex")


def relay_address_claim(case):
    """An address reads and is written like this."""
    address = texts.read_relay_address(case.text("text"))
    require_equal(address.host, case.text("host"), "host")
    require_equal(address.port, case.number("port"), "port")
    require_equal(address.certificate, case.data("certificate"), "certificate")
    require_equal(address.name(), case.text("name"), "name")
    require_equal(address.text(), case.text("text"), "text")


# §2


def key_gate_claim(case):
    """A received key passes; X25519 with it gives `shared`."""
    public_key = curve.gate(case.data("publicKey"))
    require_equal(curve.x25519(case.secret("secret"), public_key), case.data("shared", 32), "shared")


def key_pair_claim(case):
    """Of 32 drawn bytes comes this secret, clamped, and this public key."""
    secret = curve.clamped(case.data("drawn", 32))
    require_equal(secret, case.data("secret"), "secret")
    require_equal(curve.public_key_of(secret), case.data("publicKey"), "publicKey")


def signature_claim(case):
    """A labelled Ed25519 signature verifies, and the seed makes it."""
    use, body = case.text("use"), case.data("body")
    public_key, signature = case.data("publicKey"), case.data("signature")
    signatures.verify(public_key, use, body, signature)
    seed = case.data("seed", 32)
    require_equal(signatures.ed25519_public_key(seed), public_key, "publicKey")
    require_equal(signatures.sign(seed, use, body), signature, "signature")


def xeddsa_claim(case):
    """A labelled XEdDSA signature verifies, and the secret makes it."""
    use, body = case.text("use"), case.data("body")
    public_key, signature = case.data("publicKey"), case.data("signature")
    signatures.verify_identity(public_key, use, body, signature)
    secret = case.secret("secret")
    _public_key(case, "publicKey", secret)
    require_equal(signatures.sign_as_identity(secret, use, body, case.data("random", 64)), signature, "signature")


def _signed_by_seed(case, use, body, public_key):
    """The signature verifies over the computed body, the body is as stated, and the seed makes the signature."""
    signature = case.data("signature")
    signatures.verify(public_key, use, body, signature)
    require_equal(body, case.data("body"), "body")
    seed = case.data("seed", 32)
    require_equal(signatures.ed25519_public_key(seed), public_key, "key")
    require_equal(signatures.sign(seed, use, body), signature, "signature")


def _relay_name(case):
    name = case.text("relayName").encode()
    return u16(len(name)) + name


def login_claim(case):
    """A device proves to its relay who it is."""
    account, device = case.data("account"), case.number("device", 8)
    curve.account_point(account)
    require(1 <= device <= 127, "invalidArgument", "a device id is 1 to 127")
    body = case.data("nonce", 32) + _relay_name(case) + account + bytes([device]) + case.data("anchor", 32)
    _signed_by_seed(case, "login", body, case.data("signingKey", 32))


def registration_claim(case):
    """An account registers its manifest with a relay."""
    account = case.data("account")
    curve.account_point(account)
    body = case.data("nonce", 32) + _relay_name(case) + case.data("manifestHash", 32)
    _signed_by_seed(case, "register", body, account)


# §3


def _made_device(case, account):
    """A device as its secrets make it."""
    identity_secret, seed = case.secret("identitySecret"), case.data("signingSeed", 32)
    device = {
        "id": case.number("id", 8),
        "identityKey": curve.public_key_of(identity_secret),
        "signingKey": signatures.ed25519_public_key(seed),
        "registrationId": case.number("registrationId", 32),
    }
    manifests.bind(account, device, identity_secret, seed, case.data("random", 64))
    require_equal(device["identityKey"], case.data("identityKey"), "identityKey")
    require_equal(device["signingKey"], case.data("signingKey"), "signingKey")
    return device


def manifest_claim(case):
    """The secrets make this signed manifest; it is accepted and says this."""
    signed = case.data("manifest")
    accepted = manifests.read_manifest(signed)
    account_seed = case.data("accountSeed", 32)
    account = signatures.ed25519_public_key(account_seed)
    require_equal(account, case.data("account"), "account")
    made = {
        "account": account,
        "version": case.number("version"),
        "issuedAt": case.number("issuedAt"),
        "primary": case.number("primary", 8),
        "relay": case.text("relay"),
        "devices": [_made_device(device, account) for device in case.items("devices")],
        "retired": case.data("retired", 16),
        "previousHash": case.data("previousHash", 32),
    }
    require_equal(accepted, made, "what the manifest says")
    require_equal(manifests.sign_manifest(account_seed, made), signed, "manifest")
    require_equal(hash_of(signed), case.data("hash"), "hash")


def manifest_chain_claim(case):
    """Manifests that arrive in this order are judged like this."""
    held = manifests.HeldManifest(case.data("account", 32))
    for arriving in case.items("manifests"):
        require_equal(held.judge(arriving.data("manifest")), arriving.text("is"), "judgement")
    require_equal(held.hash(), case.data("held"), "held")
    require_equal("yes" if held.equivocates else "no", case.text("equivocates"), "equivocates")


def _requesting_device(case):
    """The device of a request as its secrets make it, without its bindings."""
    return {
        "id": case.number("device", 8),
        "identityKey": curve.public_key_of(case.secret("identitySecret")),
        "signingKey": signatures.ed25519_public_key(case.data("signingSeed", 32)),
        "registrationId": case.number("registrationId", 32),
    }


def device_request_claim(case):
    """A device's request reads like this and has this code; the secrets make it."""
    request = adding_devices.read_request(case.text("request"))
    account, answer_secret = case.data("account", 32), case.secret("answerSecret")
    device = _requesting_device(case)
    manifests.bind(account, device, case.secret("identitySecret"), case.data("signingSeed", 32),
                   case.data("random", 64))
    made = adding_devices.Request(account, device, curve.public_key_of(answer_secret))
    require_equal(made, request, "what the request says")
    require_equal(made.text(), case.text("request"), "request")
    for name, computed in (("identityKey", device["identityKey"]), ("signingKey", device["signingKey"]),
                           ("answerKey", made.answer_key)):
        require_equal(computed, case.data(name), name)
    if not case.slow:
        raise CannotDecide("the code takes a minute: Argon2id with 64 MiB")
    require_equal(made.code(), case.text("code"), "code")


def device_grant_claim(case):
    """A grant is accepted for its request and holds this; the secrets make it."""
    request = adding_devices.read_request(case.text("request"))
    answer_secret = case.secret("answerSecret")
    for name, value in _requesting_device(case).items():
        require_equal(value, request.device[name], name)
    grant = adding_devices.read_grant(request, answer_secret, case.text("grant"))
    require_equal(curve.public_key_of(answer_secret), request.answer_key, "answerSecret")
    contacts = [adding_devices.GrantContact(contact.data("account"), contact.text("name"), contact.number("state", 8),
                                            contact.data("manifest"), contact.data("accessKey"), contact.text("relay"))
                for contact in case.items("contacts")]
    made = adding_devices.Grant(case.data("manifest"), contacts, case.data("contactKey", 32),
                                [key.data("key", 32) for key in case.items("inviteKeys")])
    require_equal(made, grant, "what the grant says")
    account_seed = case.data("accountSeed", 32)
    require_equal(signatures.ed25519_public_key(account_seed), request.account, "accountSeed")
    require_equal(made.text(request, account_seed, case.secret("ephemeralSecret")), case.text("grant"), "grant")


# §4


def published_keys_claim(case):
    """The secrets make these keys; they are accepted of this device."""
    account, device, signed = case.data("account", 32), case.number("device", 8), case.data("publishedKeys")
    identity_key, signing_key = case.data("identityKey", 32), case.data("signingKey", 32)
    keys, _ = published_keys.read_published_keys(account, device, identity_key, signing_key, signed)
    identity_secret, signing_seed = case.secret("identitySecret"), case.data("signingSeed", 32)
    _public_key(case, "identityKey", identity_secret)
    require_equal(signatures.ed25519_public_key(signing_seed), signing_key, "signingKey")
    signed_pre_key = case.data("signedPreKey", 32)
    made = {
        "account": account,
        "device": device,
        "counter": case.number("counter"),
        "createdAt": case.number("createdAt"),
        "signedPreKeyId": case.number("signedPreKeyId", 32),
        "signedPreKey": signed_pre_key,
        "signedPreKeySignature": signatures.xeddsa_sign(identity_secret, b"\x05" + signed_pre_key,
                                                        case.data("random", 64)),
        "sealKeys": [{"suite": 1, "id": case.number("sealKeyId", 32), "key": case.data("sealKey", 32)}],
    }
    require_equal(keys, made, "what the keys say")
    require_equal(published_keys.sign_published_keys(signing_seed, made), signed, "publishedKeys")


# §5


def _products(case):
    """The Diffie-Hellman products of both sides, and the received keys past the gate."""
    alice, base = case.secret("aliceIdentitySecret"), case.secret("aliceBaseSecret")
    bob, signed = case.secret("bobIdentitySecret"), case.secret("bobSignedPreKeySecret")
    names = ["aliceIdentityKey", "aliceBaseKey", "bobIdentityKey", "bobSignedPreKey"]
    received = {name: curve.gate(case.data(name)) for name in names}
    by_alice = [curve.x25519(alice, received["bobSignedPreKey"]), curve.x25519(base, received["bobIdentityKey"]),
                curve.x25519(base, received["bobSignedPreKey"])]
    by_bob = [curve.x25519(signed, received["aliceIdentityKey"]), curve.x25519(bob, received["aliceBaseKey"]),
              curve.x25519(signed, received["aliceBaseKey"])]
    if case.has("bobOneTimeKey"):
        by_alice.append(curve.x25519(base, curve.gate(case.data("bobOneTimeKey"))))
    if case.has("bobOneTimeSecret"):
        by_bob.append(curve.x25519(case.secret("bobOneTimeSecret"), received["aliceBaseKey"]))
    return by_alice, by_bob


def _x3dh_public_keys(case):
    """Each received key is the one that the other side's secret has."""
    for key, secret in (("aliceIdentityKey", "aliceIdentitySecret"), ("aliceBaseKey", "aliceBaseSecret"),
                        ("bobIdentityKey", "bobIdentitySecret"), ("bobSignedPreKey", "bobSignedPreKeySecret"),
                        ("aliceRatchetKey", "aliceRatchetSecret")):
        _public_key(case, key, case.secret(secret))
    if case.has("bobOneTimeSecret") or case.has("bobOneTimeKey"):
        _public_key(case, "bobOneTimeKey", case.secret("bobOneTimeSecret"))


def x3dh_claim(case):
    """Both sides of X3DH agree on these keys."""
    by_alice, by_bob = _products(case)
    require_equal(by_alice, by_bob, "products")
    stated = [case.data(f"dh{number}") for number in range(1, 5) if case.has(f"dh{number}")]
    require_equal(by_alice, stated, "dh1 to dh4")
    _x3dh_public_keys(case)
    root_key, chain_key = sessions.x3dh(by_alice)
    require_equal(root_key, case.data("rootKey"), "rootKey")
    require_equal(chain_key, case.data("chainKey"), "chainKey")
    next_root_key, alice_chain_key = sessions.root_step(root_key, case.secret("aliceRatchetSecret"),
                                                        case.data("bobSignedPreKey"))
    require_equal(next_root_key, case.data("nextRootKey"), "nextRootKey")
    require_equal(alice_chain_key, case.data("aliceChainKey"), "aliceChainKey")


def root_step_claim(case):
    """One step of the root key."""
    their_key = curve.gate(case.data("theirRatchetKey"))
    next_root_key, chain_key = sessions.root_step(case.data("rootKey", 32), case.secret("ourRatchetSecret"), their_key)
    require_equal(next_root_key, case.data("nextRootKey"), "nextRootKey")
    require_equal(chain_key, case.data("chainKey"), "chainKey")


def chain_step_claim(case):
    """One step of a chain key, with its message keys."""
    keys, next_chain_key = sessions.chain_step(case.data("chainKey", 32))
    require_equal(keys.cipher_key, case.data("cipherKey"), "cipherKey")
    require_equal(keys.mac_key, case.data("macKey"), "macKey")
    require_equal(keys.iv, case.data("iv"), "iv")
    require_equal(next_chain_key, case.data("nextChainKey"), "nextChainKey")


def padding_claim(case):
    """What the ciphers are given holds exactly this content."""
    padded = case.data("padded")
    random, held = unpad(padded)
    require_equal(random, case.data("random", 16), "random")
    require_equal(held, case.data("content"), "content")
    require_equal(pad(random, held), padded, "padded")


def safety_number_claim(case):
    """Of two accounts, from both sides."""
    mine, theirs = case.data("mine"), case.data("theirs")
    require_equal(safety_number.safety_number(mine, theirs), case.text("number"), "number")
    require_equal(safety_number.safety_number(theirs, mine), case.text("number"), "number of the other side")


def sender_key_claim(case):
    """A sender key is distributed like this, encrypts like this, and is read in this order."""
    receiver = sender_keys.Receiver(case.data("distribution"))
    sender = sender_keys.Sender(case.number("keyId", 32), case.data("chainKey", 32), case.secret("signingSecret"))
    require_equal(sender.distribution(), case.data("distribution"), "distribution")
    sent = []
    for message in case.items("messages"):
        made = sender.send(message.data("padding", 16), message.data("content"), message.data("random", 64))
        require_equal(made, message.data("message"), "message")
        sent.append(made)
    for event in case.items("receives"):
        received = receiver.receive(event.data("bytes") if event.has("bytes") else sent[event.index("of", sent)])
        require(not event.has("bytes"), "mismatch", "nobody sent these bytes")
        require_equal(received, event.data("content"), "content")


class _Conversation:
    """docs/vectors.md, Conversations: two devices and what happened so far."""

    NAMES = ("alice", "bob")

    def __init__(self, parties):
        require(len(parties) == len(self.NAMES), "malformed", "two parties")
        self._devices = {name: self._device(party) for name, party in zip(self.NAMES, parties)}
        self._sent = []

    @staticmethod
    def _device(party):
        signed, one_time = {}, {}
        if party.has("signedPreKeyId"):
            signed[party.number("signedPreKeyId", 32)] = party.secret("signedPreKeySecret")
        if party.has("oneTimeKeys"):
            one_time = _secrets(party, "oneTimeKeys")
        registration_id = party.number("registrationId", 32) if party.has("registrationId") else None
        return sessions.Device(party.secret("identitySecret"), registration_id, signed, one_time)

    def happen(self, event):
        """One event; whatever it states is compared."""
        by = event.choice("by", self.NAMES)
        device, other = self._devices[by], self._devices[self.NAMES[1 - self.NAMES.index(by)]]
        happenings = {"open": self._open, "send": self._send, "receive": self._receive, "wipe": self._wipe}
        happenings[event.choice("type", happenings)](device, other, event)

    @staticmethod
    def _open(device, other, event):
        one_time_key_id = event.number("oneTimeKeyId") if event.has("oneTimeKeyId") else None
        device.open(other.bundle(one_time_key_id), event.secret("baseSecret"), event.secret("ratchetSecret"))

    def _send(self, device, _other, event):
        kind, message = device.send(event.data("padding", 16), event.data("content"))
        require_equal(kind, event.number("kind"), "kind")
        require_equal(message, event.data("message"), "message")
        self._sent.append((kind, message))

    def _receive(self, device, other, event):
        if event.has("bytes"):
            kind, message = event.number("kind"), event.data("bytes")
        else:
            kind, message = self._sent[event.index("of", self._sent)]
        secret = event.secret("ratchetSecret") if event.has("ratchetSecret") else None
        drawn = []

        def draw():
            drawn.append(secret)
            return secret or SOME_SECRET

        received = device.receive(kind, message, other.identity_key, draw)
        require(not event.has("bytes"), "mismatch", "nobody sent these bytes")
        require_equal(received, event.data("content"), "content")
        require(bool(drawn) == (secret is not None), "randomness", "more or less was drawn than is given")

    @staticmethod
    def _wipe(device, _other, _event):
        device.wipe()


def conversation_claim(case):
    """Each event happens, each message has these bytes, each received content is the one sent.

    Of an invalid case only the last event may be refused.
    """
    conversation = _Conversation(case.items("parties"))
    *first, last = case.items("events")
    for place, event in enumerate(first):
        try:
            conversation.happen(event)
        except Refused as error:
            raise BadFile(f"event {place} did not happen: {error}") from error
    conversation.happen(last)


class _Transcript(_Conversation):
    """docs/vectors.md, Transcripts: a conversation with the envelopes that its messages went in."""

    def __init__(self, parties):
        super().__init__(parties)
        self._parties = dict(zip(self.NAMES, parties))
        self._addresses = {name: self._address(party) for name, party in self._parties.items()}
        self._seal_secrets = {name: _secrets(party, "sealKeys") for name, party in self._parties.items()}
        self._sealed = []

    @staticmethod
    def _device(party):
        keys = [_secrets(party, name) for name in ("signedPreKeys", "oneTimeKeys")]
        registration_id = party.number("registrationId", 32) if party.has("registrationId") else None
        return sessions.Device(party.secret("identitySecret"), registration_id, *keys)

    @staticmethod
    def _address(party):
        device = party.number("device", 8)
        require(1 <= device <= 127, "invalidArgument", "a device id is 1 to 127")
        return signatures.ed25519_public_key(party.data("accountSeed", 32)), device

    def happen(self, event):
        """One event; whatever it states is compared."""
        by = event.choice("by", self.NAMES)
        other = self.NAMES[1 - self.NAMES.index(by)]
        kind = event.choice("type", ("open", "send", "receive", "wipe", "seal", "unseal"))
        if kind == "seal":
            self._seal(by, other, event)
        elif kind == "unseal":
            self._unseal(by, other, event)
        else:
            super().happen(event)

    @staticmethod
    def _open(device, other, event):
        one_time_key_id = event.number("oneTimeKeyId") if event.has("oneTimeKeyId") else None
        bundle = other.bundle(one_time_key_id, event.number("signedPreKeyId", 32))
        device.open(bundle, event.secret("baseSecret"), event.secret("ratchetSecret"))

    def _seal_secret(self, name, number):
        require(number in self._seal_secrets[name], "unknownSealKey", "no such seal key")
        return self._seal_secrets[name][number]

    def _seal(self, by, other, event):
        kind, message = self._sent[event.index("of", self._sent)]
        inside = seal.Inside(event.data("envelopeId", 16), *self._addresses[other], *self._addresses[by], kind,
                             event.data("manifest"), message)
        number = event.number("sealKeyId", 32)
        recipient_key = curve.public_key_of(self._seal_secret(other, number))
        made = seal.make_envelope(recipient_key, number, event.secret("sealSecret"), inside)
        require_equal(made, event.data("envelope"), "envelope")
        self._sealed.append(made)

    def _unseal(self, by, other, event):
        envelope = self._sealed[event.index("of", self._sealed)]
        secret = self._seal_secret(by, int.from_bytes(envelope[1:5], "little"))
        _, inside = seal.open_envelope(secret, envelope)
        require_equal((inside.to_account, inside.to_device), self._addresses[by], "the receiver")
        require_equal((inside.from_account, inside.from_device), self._addresses[other], "the sender")
        require_equal(inside.envelope_id, event.data("envelopeId", 16), "envelopeId")

    def check_sessions(self):
        """Where both sessions stand behind the last event."""
        for name, party in self._parties.items():
            session = self._devices[name].session
            require((session is not None) == party.has("rootKey"), "mismatch", "a session, or none")
            if session is None:
                continue
            state = session.states[0]
            require_equal(state.root_key, party.data("rootKey"), "rootKey")
            require_equal(state.ratchet_secret, party.secret("ratchetSecret"), "ratchetSecret")
            require_equal(state.sending_key, party.data("chainKey"), "chainKey")
            require_equal(state.sending_index, party.number("chainIndex", 32), "chainIndex")
            require_equal(len(session.states) - 1, party.number("archived"), "archived")


def transcript_claim(case):
    """Each message, each envelope and where both sessions stand is made again from the disclosed secrets."""
    transcript = _Transcript(case.items("parties"))
    for event in case.items("events"):
        transcript.happen(event)
    transcript.check_sessions()


# §6


def padme_claim(case):
    """The Padmé size of a size."""
    size = case.number("size")
    padded = seal.padme(size)
    require_equal(padded, case.number("padded"), "padded")
    require_equal(padded - size, case.number("zeros"), "zeros")


def seal_claim(case):
    """Suite 1 seals this plaintext, and opens it."""
    recipient_secret, sealed = case.secret("recipientSecret"), case.data("sealed")
    plaintext = seal.unseal(recipient_secret, sealed)
    require_equal(plaintext, case.data("plaintext"), "plaintext")
    _public_key(case, "recipientKey", recipient_secret)
    require_equal(seal.seal(case.data("recipientKey"), case.secret("ephemeralSecret"), plaintext), sealed, "sealed")


def envelope_claim(case):
    """An envelope opens to these fields, and is sealed from them."""
    recipient_secret, envelope = case.secret("recipientSecret"), case.data("envelope")
    seal_key_id, inside = seal.open_envelope(recipient_secret, envelope)
    require_equal(seal_key_id, case.number("sealKeyId", 32), "sealKeyId")
    made = seal.Inside(case.data("envelopeId", 16), case.data("toAccount", 32), case.number("toDevice", 8),
                       case.data("fromAccount", 32), case.number("fromDevice", 8), case.number("kind"),
                       case.data("manifest"), case.data("ciphertext"))
    require_equal(inside, made, "what is inside")
    recipient_key = curve.public_key_of(recipient_secret)
    require_equal(seal.make_envelope(recipient_key, seal_key_id, case.secret("ephemeralSecret"), made), envelope,
                  "envelope")


# §7


def content_claim(case):
    """Through this session and from such a sender this content is accepted and says this."""
    data = case.data("content")
    read = content.read_content(data)
    content.check_head(read, (case.data("fromAccount", 32), case.number("fromDevice", 8)),
                       (case.data("toAccount", 32), case.number("toDevice", 8)))
    content.check_permission(read, case.choice("sender", content.SENDERS))
    said = [(part.text("name"), part.text("value")) for part in case.items("says")]
    require_equal(content.say(read), said, "says")
    require_equal(content.digest_of(data), case.data("digest"), "digest")
    if content.is_known(read["body"]):
        require_equal(content.encoded(read), data, "content, encoded again")


def invite_claim(case):
    """The text, and what it holds."""
    invite = texts.read_invite(case.text("text"))
    made = texts.Invite(case.data("account"), case.data("inviteKey", 32), case.text("relay"))
    require_equal(invite, made, "what the invite says")
    require_equal(labelled_hash("access-key", made.invite_key), case.data("inviteKeyHash"), "inviteKeyHash")
    require_equal(made.text(), case.text("text"), "text")


# docs/storage.md


def database_key_claim(case):
    """A passphrase gives this database key by Argon2id."""
    memory = case.number("memoryBytes")
    if not case.slow and SLOW_MEMORY < memory <= 256 * SLOW_MEMORY:
        raise CannotDecide("the key takes half a minute: Argon2id with 16 MiB")
    key = database_key(case.data("passphrase"), case.data("salt"), case.number("operations"), memory)
    require_equal(key, case.data("key"), "key")


# The primitives


def x25519_claim(case):
    """X25519 of a clamped secret and a canonical coordinate."""
    secret, public_key = case.secret("secret"), case.data("publicKey", 32)
    require(int.from_bytes(public_key, "little") < curve.P, "notCanonical", "publicKey is not below p")
    shared = curve.x25519(secret, public_key)
    require(shared != bytes(32), "badKey", "a point of low order")
    require_equal(shared, case.data("shared"), "shared")


def ed25519_claim(case):
    """An Ed25519 signature verifies, and the seed makes it."""
    public_key, message, signature = case.data("publicKey"), case.data("message"), case.data("signature")
    signatures.ed25519_verify(public_key, message, signature)
    if case.has("seed"):
        seed = case.data("seed", 32)
        require_equal(signatures.ed25519_public_key(seed), public_key, "publicKey")
        require_equal(signatures.ed25519_sign(seed, message), signature, "signature")


def hmac_sha256_claim(case):
    """HMAC-SHA256, whole tags only."""
    require_equal(primitives.hmac_sha256(case.data("key"), case.data("message")), case.data("tag"), "tag")


def hkdf_sha256_claim(case):
    """HKDF with SHA-256."""
    output = primitives.hkdf_sha256(case.data("inputKey"), case.data("salt"), case.data("info"), case.number("size"))
    require_equal(output, case.data("output"), "output")


def aes_256_claim(case):
    """AES-256 in the two modes that libsignal uses."""
    mode, key, iv, ciphertext = case.text("mode"), case.data("key"), case.data("iv"), case.data("ciphertext")
    if mode == "CBC-PKCS5":
        require_equal(primitives.aes_cbc_decrypt(key, iv, ciphertext), case.data("plaintext"), "plaintext")
        require_equal(primitives.aes_cbc_encrypt(key, iv, case.data("plaintext")), ciphertext, "ciphertext")
    else:
        require(mode == "CTR", "invalidArgument", "no such mode")
        require_equal(primitives.aes_ctr(key, iv, ciphertext), case.data("plaintext"), "plaintext")
        require_equal(primitives.aes_ctr(key, iv, case.data("plaintext")), ciphertext, "ciphertext")


KINDS = {
    "labelled_hash": labelled_hash_claim,
    "account_id": account_id_claim,
    "relay_address": relay_address_claim,
    "key_gate": key_gate_claim,
    "key_pair": key_pair_claim,
    "signature": signature_claim,
    "xeddsa": xeddsa_claim,
    "login": login_claim,
    "registration": registration_claim,
    "manifest": manifest_claim,
    "manifest_chain": manifest_chain_claim,
    "device_request": device_request_claim,
    "device_grant": device_grant_claim,
    "published_keys": published_keys_claim,
    "x3dh": x3dh_claim,
    "root_step": root_step_claim,
    "chain_step": chain_step_claim,
    "padding": padding_claim,
    "safety_number": safety_number_claim,
    "sender_key": sender_key_claim,
    "conversation": conversation_claim,
    "transcript": transcript_claim,
    "padme": padme_claim,
    "seal": seal_claim,
    "envelope": envelope_claim,
    "content": content_claim,
    "invite": invite_claim,
    "database_key": database_key_claim,
    "x25519": x25519_claim,
    "ed25519": ed25519_claim,
    "hmac_sha256": hmac_sha256_claim,
    "hkdf_sha256": hkdf_sha256_claim,
    "aes_256": aes_256_claim,
}
