-- This installation, once an account was created or a device grant accepted. Every column named secret or seed is secret.
CREATE TABLE identity (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  registration_id INTEGER NOT NULL,
  identity_secret BLOB NOT NULL,
  signing_seed BLOB NOT NULL,
  account_seed BLOB -- on the primary alone
) STRICT;

-- A request to become a device that waits for its grant; at most one.
CREATE TABLE device_request (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  registration_id INTEGER NOT NULL,
  identity_secret BLOB NOT NULL,
  signing_seed BLOB NOT NULL,
  answer_secret BLOB NOT NULL,
  hash BLOB NOT NULL
) STRICT;

-- The newest manifest held of each account, verified before it came here.
CREATE TABLE manifest (
  account BLOB PRIMARY KEY,
  signed BLOB NOT NULL,
  other BLOB, -- set: the account equivocates, and this is the other manifest
  rejected BLOB -- the hash of what the user decided against
) STRICT;

-- Own pre-keys. destroy_at is NULL while a relay may hand the key out.
CREATE TABLE signed_pre_key (
  id INTEGER PRIMARY KEY,
  secret BLOB NOT NULL,
  public BLOB NOT NULL,
  signature BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  destroy_at INTEGER
) STRICT;

CREATE TABLE one_time_pre_key (
  id INTEGER PRIMARY KEY,
  secret BLOB NOT NULL,
  public BLOB NOT NULL,
  destroy_at INTEGER
) STRICT;

CREATE TABLE seal_key (
  id INTEGER PRIMARY KEY,
  secret BLOB NOT NULL,
  public BLOB NOT NULL,
  destroy_at INTEGER
) STRICT;

-- One row once keys were first made.
CREATE TABLE publication (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  counter INTEGER NOT NULL,
  stock_since INTEGER NOT NULL, -- when all one-time keys were last replaced
  next_signed INTEGER NOT NULL,
  next_one_time INTEGER NOT NULL,
  next_seal INTEGER NOT NULL
) STRICT;

-- Pairwise sessions: libsignal's records, secret.
CREATE TABLE session (
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  generation INTEGER NOT NULL, -- of this row's last change, never used twice
  record BLOB NOT NULL,
  UNIQUE (account, device)
) STRICT;

-- When each session state came to be, by the initiator's base key.
CREATE TABLE session_birth (
  base_key BLOB PRIMARY KEY,
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  born_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Sender ratchet keys of states that were in this database when it turned out to be a restored copy: they never encrypt again.
CREATE TABLE spent_ratchet_key (key BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;

-- Initial messages that were accepted, until their signed pre-key is destroyed.
CREATE TABLE initial_message (
  hash BLOB PRIMARY KEY,
  signed_pre_key INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Ciphertexts that were decrypted. In the order of their chains, so that a backlog writes neighbouring rows.
CREATE TABLE decrypted (
  chain INTEGER NOT NULL, -- the first 8 bytes of the sender's ratchet key
  counter INTEGER NOT NULL,
  digest BLOB NOT NULL,
  decrypted_at INTEGER NOT NULL,
  PRIMARY KEY (chain, counter, digest)
) STRICT, WITHOUT ROWID;

-- The highest counter of published keys that was accepted of each device.
CREATE TABLE keys_seen (
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  PRIMARY KEY (account, device)
) STRICT, WITHOUT ROWID;

-- Written by every encrypting transaction: the newest anchor, and beside it the keyed digest over all (address, generation) of
-- `session`.
CREATE TABLE anchor_head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  number INTEGER NOT NULL,
  anchor BLOB NOT NULL,
  confirmed INTEGER NOT NULL, -- ciphertext up to this number may leave
  base BLOB NOT NULL, -- what the own relay holds, as far as is known
  restored_at INTEGER, -- when this database was last found to be a restored copy
  generation INTEGER NOT NULL, -- the last one given out
  generation_digest BLOB NOT NULL
) STRICT;
INSERT INTO anchor_head VALUES (1, 0, zeroblob(32), 0, zeroblob(32), NULL, 0, zeroblob(32));

-- Anchors that went to the relay: asked for, or confirmed (the newest of those are kept).
CREATE TABLE anchor (
  number INTEGER PRIMARY KEY,
  anchor BLOB NOT NULL,
  confirmed INTEGER NOT NULL -- 0 in flight, 1 confirmed
) STRICT;
