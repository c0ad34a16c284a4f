"""A second opinion on Waxwing's test vectors, written from docs/protocol.md and public specifications alone.

Each module is one idea of docs/protocol.md. What a module cannot accept it refuses with `Refused`, whose reason is
one of the names of docs/vectors.md. Nothing here guards secrets: numbers are compared and multiplied in variable time.

    conventions        Conventions: integers, hashes, labels, base64url
    curve, signatures  §2: Curve25519 in both forms, the gates, Ed25519, XEdDSA
    primitives         §5, §6: HMAC, HKDF, AES, XChaCha20 with Poly1305
    capnp, schemas     Cap'n Proto's encoding, and the layouts of session/*.capnp
    texts              §1, §7: relay addresses and invites
    manifests          §3: signed manifests, and which one is newer
    adding_devices     §3: requests, codes and grants
    published_keys     §4
    ratchet_messages   §5: padding, libsignal's messages
    sessions           §5: X3DH, the Double Ratchet, session states
    sender_keys        §5
    safety_number      §5
    seal               §6: Padmé sizes, the seal, envelopes
    content            §7: limits, heads, permissions
    argon2             RFC 9106, for codes (§3) and database keys
    database_key       docs/storage.md
    claims             what a case of each kind claims (docs/vectors.md)
    vector_file        how a file of cases is read
    refusal            how a claim fails
"""
