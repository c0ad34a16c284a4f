"""session/manifest.capnp and session/content.capnp as layouts.

Slots follow Cap'n Proto's rule: fields take, in the order of their numbers, the first free place that fits; a union's
members share one. `capnp compile -ocapnp` prints the same places.
"""

from .capnp import Blob, Enum, Flag, List, Nested, Nothing, Number, Struct, Text, Union

DEVICE = Struct("Device", 1, 4, [
    ("id", Number(8, 0)),
    ("identityKey", Blob(0)),
    ("signingKey", Blob(1)),
    ("registrationId", Number(32, 32)),
    ("identityBinding", Blob(2)),
    ("signingBinding", Blob(3)),
])
MANIFEST = Struct("Manifest", 3, 5, [
    ("account", Blob(0)),
    ("version", Number(64, 0)),
    ("issuedAt", Number(64, 64)),
    ("primary", Number(8, 128)),
    ("relay", Text(1)),
    ("devices", List(2, DEVICE)),
    ("retired", Blob(3)),
    ("previousHash", Blob(4)),
])
SEAL_KEY = Struct("SealKey", 1, 1, [
    ("suite", Number(8, 0)),
    ("id", Number(32, 32)),
    ("key", Blob(0)),
])
PUBLISHED_KEYS = Struct("PublishedKeys", 3, 4, [
    ("account", Blob(0)),
    ("device", Number(8, 0)),
    ("counter", Number(64, 64)),
    ("createdAt", Number(64, 128)),
    ("signedPreKeyId", Number(32, 32)),
    ("signedPreKey", Blob(1)),
    ("signedPreKeySignature", Blob(2)),
    ("sealKeys", List(3, SEAL_KEY)),
])

ADDRESS = Struct("Address", 1, 1, [("account", Blob(0)), ("device", Number(8, 0))])
MANIFEST_REF = Struct("ManifestRef", 1, 1, [("version", Number(64, 0)), ("hash", Blob(0, optional=True))])
MARK = Struct("Mark", 1, 1, [("stream", Blob(0, optional=True)), ("sequence", Number(64, 0))])
HEAD = Struct("Head", 2, 10, [
    ("from", Nested(0, ADDRESS)),
    ("to", Nested(1, ADDRESS)),
    ("toGroup", Blob(2, optional=True)),
    ("messageId", Blob(3)),
    ("conversation", Blob(4)),
    ("sentAt", Number(64, 0)),
    ("stream", Blob(5)),
    ("sequence", Number(64, 64)),
    ("previousDigest", Blob(6)),
    ("mark", Nested(7, MARK)),
    ("myManifest", Nested(8, MANIFEST_REF)),
    ("yourManifest", Nested(9, MANIFEST_REF)),
])
REFERENCE = Struct("Reference", 0, 2, [("author", Nested(0, ADDRESS)), ("messageId", Blob(1))])
ATTACHMENT = Struct("Attachment", 1, 5, [
    ("location", Text(0)),
    ("key", Blob(1)),
    ("digest", Blob(2)),
    ("size", Number(64, 0)),
    ("contentType", Text(3)),
    ("name", Text(4)),
])
EDIT = Struct("Edit", 0, 2, [("target", Nested(0, REFERENCE)), ("text", Text(1))])
REACTION = Struct("Reaction", 0, 2, [("target", Nested(0, REFERENCE)), ("emoji", Text(1))])
RECEIPT = Struct("Receipt", 1, 1, [("kind", Enum(0, ("delivered", "read"))), ("messages", List(0, None))])
PROFILE = Struct("Profile", 1, 3, [
    ("name", Text(0, optional=True)),
    ("contactKey", Blob(1, optional=True)),
    ("relay", Text(2, optional=True)),
    ("contactKeyMade", Number(64, 0)),
])
CONTACT_REQUEST = Struct("ContactRequest", 0, 3, [
    ("profile", Nested(0, PROFILE)),
    ("note", Text(1)),
    ("inviteKey", Blob(2)),
])
CONTACT = Struct("Contact", 2, 5, [
    ("account", Blob(0)),
    ("name", Text(1, optional=True)),
    ("state", Number(8, 0)),
    ("contactKey", Blob(2, optional=True)),
    ("relay", Text(3, optional=True)),
    ("trustedManifest", Blob(4, optional=True)),
    ("contactKeyMade", Number(64, 64)),
])
ACCESS_KEYS = Struct("AccessKeys", 2, 5, [
    ("contactKey", Blob(0)),
    ("inviteKeys", List(1, None)),
    ("formerContactKey", Blob(2, optional=True)),
    ("replacedContactKey", Blob(3, optional=True)),
    ("contactKeyMade", Number(64, 0)),
    ("inviteKeysMade", Number(64, 64)),
    ("pastContactKeys", List(4, None)),
])
RANGE = Struct("Range", 2, 1, [("stream", Blob(0)), ("from", Number(64, 0)), ("to", Number(64, 64))])
RESEND_REQUEST = Struct("ResendRequest", 0, 2, [("envelopes", List(0, None)), ("ranges", List(1, RANGE))])
STREAM = Struct("Stream", 0, 2, [("mark", Nested(0, MARK)), ("holes", List(1, RANGE))])
MARKS = Struct("Marks", 0, 3, [("streams", List(0, STREAM)), ("gone", List(1, RANGE)), ("ended", List(2, MARK))])

BODY = Struct("Body", 1, 1)
OWN_SYNC = Struct("OwnSync", 1, 1, [("is", Union(0, [
    ("sent", Nested(0, BODY)),
    ("read", List(0, REFERENCE)),
    ("contact", Nested(0, CONTACT)),
    ("accessKeys", Nested(0, ACCESS_KEYS)),
]))])
BODY.fields.append(("is", Union(0, [
    ("empty", Nothing()),
    ("text", Text(0)),
    ("attachments", List(0, ATTACHMENT)),
    ("edit", Nested(0, EDIT)),
    ("delete", Nested(0, REFERENCE)),
    ("reaction", Nested(0, REACTION)),
    ("receipt", Nested(0, RECEIPT)),
    ("typing", Flag(16)),
    ("profile", Nested(0, PROFILE)),
    ("groupChange", Blob(0)),
    ("senderKeyDistribution", Blob(0)),
    ("sync", Nested(0, OWN_SYNC)),
    ("resendRequest", Nested(0, RESEND_REQUEST)),
    ("marks", Nested(0, MARKS)),
    ("contactRequest", Nested(0, CONTACT_REQUEST)),
])))
CONTENT = Struct("Content", 0, 2, [("head", Nested(0, HEAD)), ("body", Nested(1, BODY))])
