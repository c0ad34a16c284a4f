-- What the device owes and is owed (outbox/). Accounts are 32 bytes, message ids 16, times milliseconds since 1970 unless a comment says
-- otherwise. Message rows are never renumbered: their order is the order of each recipient device's queue.

CREATE TABLE contact (
  account BLOB PRIMARY KEY,
  name TEXT UNIQUE,            -- NULL: not named yet
  stated_name TEXT NOT NULL,
  note TEXT NOT NULL,
  state INTEGER NOT NULL,      -- outbox/outbox.h: ContactState
  unconfirmed INTEGER NOT NULL,
  access_key BLOB,             -- secret; NULL: none yet
  relay TEXT NOT NULL          -- routes until a manifest is held
) STRICT, WITHOUT ROWID;

-- An account's own invite keys. Secret.
CREATE TABLE invite (
  key BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- How delivery to an account stands, for people to look at: what drives the lanes is in memory.
CREATE TABLE lane (
  account BLOB PRIMARY KEY,
  reason INTEGER NOT NULL,     -- outbox/outbox.h: PendingReason
  attempts INTEGER NOT NULL,
  retry_at INTEGER,
  last_answer TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What is known of a device that content goes to or comes from.
CREATE TABLE peer_device (
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  out_sequence INTEGER NOT NULL DEFAULT 0,  -- the last number given out in our stream
  out_digest BLOB NOT NULL DEFAULT x'0000000000000000000000000000000000000000000000000000000000000000',
  in_stream BLOB,                           -- the newest of its streams
  holds_manifest INTEGER NOT NULL DEFAULT 0,  -- the version of ours that its heads name
  told_manifest INTEGER NOT NULL DEFAULT 0,   -- the version that was attached for it last
  obstacle INTEGER NOT NULL DEFAULT 0,      -- PeerDeviceTable::Obstacle
  seal_suite INTEGER,
  seal_id INTEGER,
  seal_key BLOB,
  seal_at INTEGER,                          -- when it was fetched
  PRIMARY KEY (account, device)
) STRICT, WITHOUT ROWID;

-- A conversation's timeline, and service content that is still owed (kind 0, not shown).
CREATE TABLE message (
  position INTEGER PRIMARY KEY,
  conversation BLOB NOT NULL,
  author BLOB NOT NULL,
  author_device INTEGER NOT NULL,
  message_id BLOB NOT NULL,
  kind INTEGER NOT NULL,       -- outbox/outbox.h: TimelineItem::Kind, or 0
  text TEXT NOT NULL,
  body BLOB,                   -- an encoded body, where `text` alone does not say it
  sent_at INTEGER NOT NULL,    -- hybrid logical clock
  arrived_at INTEGER NOT NULL,
  mine INTEGER NOT NULL,
  read_here INTEGER NOT NULL,
  state INTEGER NOT NULL,      -- DeliveryState
  failed INTEGER NOT NULL      -- FailedReason
) STRICT;
CREATE INDEX message_timeline ON message (conversation) WHERE kind > 0;
CREATE INDEX message_by_id ON message (message_id) WHERE kind > 0;
CREATE INDEX message_unread ON message (conversation) WHERE read_here = 0 AND mine = 0;

-- What is owed to one device of an account. Device 0: the account's devices are not known yet.
CREATE TABLE delivery (
  account BLOB NOT NULL,
  message INTEGER NOT NULL,
  device INTEGER NOT NULL,
  status INTEGER NOT NULL,     -- DeliveryTable::Status
  head BLOB,                   -- what the first encryption fixed: stream, sequence, previous digest, mark, manifests
  envelope_id BLOB,
  cipher_kind INTEGER,
  ciphertext BLOB,
  anchor INTEGER,
  encrypted_at INTEGER,
  PRIMARY KEY (account, message, device)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_waiting ON delivery (account, device) WHERE status = 1;

-- Numbers of each sender's streams that were applied: all up to `mark`, and those in stream_above.
CREATE TABLE stream_in (
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  stream BLOB NOT NULL,
  mark INTEGER NOT NULL,
  digest BLOB NOT NULL,        -- of the content numbered `mark`
  PRIMARY KEY (account, device, stream)
) STRICT, WITHOUT ROWID;

CREATE TABLE stream_above (
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  stream BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  digest BLOB NOT NULL,
  previous BLOB NOT NULL,
  PRIMARY KEY (account, device, stream, sequence)
) STRICT, WITHOUT ROWID;

-- Numbers that are missing, each range shown as a line of the timeline.
CREATE TABLE hole (
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  stream BLOB NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  message INTEGER NOT NULL,
  PRIMARY KEY (account, device, stream, first)
) STRICT, WITHOUT ROWID;

-- Receipts that wait for the next batch.
CREATE TABLE receipt_due (
  account BLOB NOT NULL,
  kind INTEGER NOT NULL,
  message_id BLOB NOT NULL,
  PRIMARY KEY (account, kind, message_id)
) STRICT, WITHOUT ROWID;

-- Receipts for messages of this account that are not known here yet (a sibling's).
CREATE TABLE receipt_early (
  id INTEGER PRIMARY KEY,
  account BLOB NOT NULL,
  message_id BLOB NOT NULL,
  kind INTEGER NOT NULL
) STRICT;
CREATE INDEX receipt_early_by_message ON receipt_early (message_id);

-- Envelopes from devices that the newest held manifest does not list yet, as they came.
CREATE TABLE parked (
  id INTEGER PRIMARY KEY,
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  payload BLOB NOT NULL
) STRICT;
CREATE INDEX parked_by_device ON parked (account, device);

-- Why an envelope was not applied; the newest are kept.
CREATE TABLE refusal (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  envelope_id BLOB,
  code INTEGER NOT NULL,       -- crypto/error.h: Errc
  reason TEXT NOT NULL,
  payload BLOB                 -- as it came, where it may be of use again
) STRICT;
