CREATE TABLE anchor (
  number INTEGER PRIMARY KEY,
  anchor BLOB NOT NULL,
  confirmed INTEGER NOT NULL -- 0 in flight, 1 confirmed
) STRICT;

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

CREATE TABLE canary (word TEXT NOT NULL) STRICT;

CREATE TABLE contact (
  account BLOB PRIMARY KEY,
  name TEXT UNIQUE,            -- NULL: not named yet
  stated_name TEXT NOT NULL,
  note TEXT NOT NULL,
  state INTEGER NOT NULL,      -- outbox/outbox.h: ContactState
  unconfirmed INTEGER NOT NULL,
  access_key BLOB,             -- secret; NULL: none yet
  relay TEXT NOT NULL          -- routes until a manifest is held
, access_key_made INTEGER NOT NULL DEFAULT 0, other_access_key BLOB) STRICT, WITHOUT ROWID;

CREATE TABLE decrypted (
  chain INTEGER NOT NULL, -- the first 8 bytes of the sender's ratchet key
  counter INTEGER NOT NULL,
  digest BLOB NOT NULL,
  decrypted_at INTEGER NOT NULL,
  PRIMARY KEY (chain, counter, digest)
) STRICT, WITHOUT ROWID;

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
  encrypted_at INTEGER, sent INTEGER,
  PRIMARY KEY (account, message, device)
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_waiting ON delivery (account, device) WHERE status = 1;

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

CREATE TRIGGER disclosed_event_in_tests_alone BEFORE INSERT ON disclosed_event
WHEN NOT EXISTS (SELECT 1 FROM test_profile)
BEGIN
  SELECT RAISE(ABORT, 'only a test profile discloses anything');
END;

CREATE TABLE disclosed_event (
  number INTEGER PRIMARY KEY,
  type INTEGER NOT NULL, -- DisclosureTable::Type
  account BLOB NOT NULL, -- the peer
  device INTEGER NOT NULL,
  drawn BLOB NOT NULL,
  signed_pre_key INTEGER, -- open: the bundle's keys
  one_time_key INTEGER,
  kind INTEGER, -- send, receive, seal: of the message
  content BLOB, -- send, receive: unpadded
  message BLOB, -- send, receive, seal: the ciphertext
  envelope BLOB -- seal, unseal: as it goes through relays
) STRICT;

CREATE TRIGGER disclosed_key_in_tests_alone BEFORE INSERT ON disclosed_key
WHEN NOT EXISTS (SELECT 1 FROM test_profile)
BEGIN
  SELECT RAISE(ABORT, 'only a test profile discloses anything');
END;

CREATE TABLE disclosed_key (
  kind INTEGER NOT NULL, -- 1 signed pre-key, 2 one-time pre-key, 3 seal key
  id INTEGER NOT NULL,
  secret BLOB NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE gone (
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  stream BLOB NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (account, device, stream, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE hole (
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  stream BLOB NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  message INTEGER NOT NULL, lost INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (account, device, stream, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE identity (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  registration_id INTEGER NOT NULL,
  identity_secret BLOB NOT NULL,
  signing_seed BLOB NOT NULL,
  account_seed BLOB -- on the primary alone
) STRICT;

CREATE TABLE initial_message (
  hash BLOB PRIMARY KEY,
  signed_pre_key INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE invite (
  key BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE keys_seen (
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  PRIMARY KEY (account, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE lane (
  account BLOB PRIMARY KEY,
  reason INTEGER NOT NULL,     -- outbox/outbox.h: PendingReason
  attempts INTEGER NOT NULL,
  retry_at INTEGER,
  last_answer TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE last_word (
  register INTEGER NOT NULL,
  subject BLOB NOT NULL,       -- the account that it is about
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  sent_at INTEGER NOT NULL, stream BLOB NOT NULL DEFAULT x'0000000000000000', sequence INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (register, subject, account, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE manifest (
  account BLOB PRIMARY KEY,
  signed BLOB NOT NULL,
  other BLOB, -- set: the account equivocates, and this is the other manifest
  rejected BLOB -- the hash of what the user decided against
) STRICT;

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

CREATE INDEX message_by_id ON message (message_id) WHERE kind > 0;

CREATE INDEX message_timeline ON message (conversation) WHERE kind > 0;

CREATE INDEX message_unread ON message (conversation) WHERE read_here = 0 AND mine = 0;

CREATE TRIGGER one_time_pre_key_disclosed AFTER INSERT ON one_time_pre_key
WHEN EXISTS (SELECT 1 FROM test_profile)
BEGIN
  INSERT INTO disclosed_key (kind, id, secret) VALUES (2, new.id, new.secret);
END;

CREATE TABLE one_time_pre_key (
  id INTEGER PRIMARY KEY,
  secret BLOB NOT NULL,
  public BLOB NOT NULL,
  destroy_at INTEGER
) STRICT;

CREATE TABLE parked (
  id INTEGER PRIMARY KEY,
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  payload BLOB NOT NULL
) STRICT;

CREATE INDEX parked_by_device ON parked (account, device);

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
  seal_at INTEGER, out_mark INTEGER NOT NULL DEFAULT 0, sent_count INTEGER NOT NULL DEFAULT 0, sent_bytes INTEGER NOT NULL DEFAULT 0, heard_at INTEGER, probe_at INTEGER, probes INTEGER NOT NULL DEFAULT 0,                          -- when it was fetched
  PRIMARY KEY (account, device)
) STRICT, WITHOUT ROWID;

CREATE INDEX peer_device_probe ON peer_device (probe_at) WHERE probe_at IS NOT NULL;

CREATE TABLE publication (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  counter INTEGER NOT NULL,
  stock_since INTEGER NOT NULL, -- when all one-time keys were last replaced
  next_signed INTEGER NOT NULL,
  next_one_time INTEGER NOT NULL,
  next_seal INTEGER NOT NULL
) STRICT;

CREATE TABLE receipt_due (
  account BLOB NOT NULL,
  kind INTEGER NOT NULL,
  message_id BLOB NOT NULL,
  PRIMARY KEY (account, kind, message_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipt_early (
  id INTEGER PRIMARY KEY,
  account BLOB NOT NULL,
  message_id BLOB NOT NULL,
  kind INTEGER NOT NULL
) STRICT;

CREATE INDEX receipt_early_by_message ON receipt_early (message_id);

CREATE TABLE recovery (
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  lacks INTEGER NOT NULL,      -- RecoveryTable::Lack, or-ed; 0: nothing now
  due_at INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  asked_at INTEGER,
  fresh_at INTEGER,            -- when a session was last opened in order to ask
  message INTEGER NOT NULL,    -- the row of `message` that carries the last request; 0: none
  PRIMARY KEY (account, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE refusal (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  envelope_id BLOB,
  code INTEGER NOT NULL,       -- crypto/error.h: Errc
  reason TEXT NOT NULL,
  payload BLOB                 -- as it came, where it may be of use again
) STRICT;

CREATE TRIGGER seal_key_disclosed AFTER INSERT ON seal_key
WHEN EXISTS (SELECT 1 FROM test_profile)
BEGIN
  INSERT INTO disclosed_key (kind, id, secret) VALUES (3, new.id, new.secret);
END;

CREATE TABLE seal_key (
  id INTEGER PRIMARY KEY,
  secret BLOB NOT NULL,
  public BLOB NOT NULL,
  destroy_at INTEGER
) STRICT;

CREATE TABLE sent (
  id INTEGER PRIMARY KEY,
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  stream BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  envelope_id BLOB NOT NULL,   -- the last one
  message INTEGER NOT NULL,    -- the row of `message` whose delivery carries it, or did
  made_at INTEGER NOT NULL,
  resent_at INTEGER,
  resends INTEGER NOT NULL,
  content BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX sent_by_number ON sent (account, device, stream, sequence);

CREATE TABLE session (
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  generation INTEGER NOT NULL, -- of this row's last change, never used twice
  record BLOB NOT NULL,
  UNIQUE (account, device)
) STRICT;

CREATE TABLE session_birth (
  base_key BLOB PRIMARY KEY,
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  born_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER signed_pre_key_disclosed AFTER INSERT ON signed_pre_key
WHEN EXISTS (SELECT 1 FROM test_profile)
BEGIN
  INSERT INTO disclosed_key (kind, id, secret) VALUES (1, new.id, new.secret);
END;

CREATE TABLE signed_pre_key (
  id INTEGER PRIMARY KEY,
  secret BLOB NOT NULL,
  public BLOB NOT NULL,
  signature BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  destroy_at INTEGER
) STRICT;

CREATE TABLE slow_queue (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE, -- of the payload: an envelope that comes twice waits once
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  envelope_id BLOB NOT NULL,
  key_class INTEGER NOT NULL,  -- outbox/link.h: IncomingEnvelope::KeyClass
  far INTEGER NOT NULL,        -- SlowQueueTable::Rank
  attempts INTEGER NOT NULL,   -- begun, and not ended
  size INTEGER NOT NULL,       -- of the payload
  payload BLOB NOT NULL        -- as it came
) STRICT;

CREATE INDEX slow_queue_by_device ON slow_queue (account, device);

CREATE INDEX slow_queue_by_rank ON slow_queue (far);

CREATE INDEX slow_queue_size ON slow_queue (size);

CREATE TABLE spent_ratchet_key (key BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TABLE stream_above (
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  stream BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  digest BLOB NOT NULL,
  previous BLOB NOT NULL,
  PRIMARY KEY (account, device, stream, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE stream_in (
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  stream BLOB NOT NULL,
  mark INTEGER NOT NULL,
  digest BLOB NOT NULL,        -- of the content numbered `mark`
  PRIMARY KEY (account, device, stream)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER test_profile_for_good BEFORE DELETE ON test_profile
BEGIN
  SELECT RAISE(ABORT, 'a test profile stays one');
END;

CREATE TRIGGER test_profile_from_the_beginning BEFORE INSERT ON test_profile
WHEN EXISTS (SELECT 1 FROM identity) OR EXISTS (SELECT 1 FROM device_request)
BEGIN
  SELECT RAISE(ABORT, 'a profile that has keys cannot become a test profile');
END;

CREATE TRIGGER test_profile_unchanged BEFORE UPDATE ON test_profile
BEGIN
  SELECT RAISE(ABORT, 'a test profile stays one');
END;

CREATE TABLE test_profile (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  made_at INTEGER NOT NULL
) STRICT;

CREATE TABLE unreadable (
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  envelope_id BLOB NOT NULL,
  PRIMARY KEY (account, device, envelope_id)
) STRICT, WITHOUT ROWID;

