-- What a device lacks it asks for (outbox/recovery), and what it sent is kept for a while, to be sent again (outbox/resends).

-- What was sent to each device, by its number: the content's unpadded bytes as they were first encrypted. Secret.
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

-- Set: the delivery carries that row of `sent` once more, as it stands there.
ALTER TABLE delivery ADD COLUMN sent INTEGER;

-- Up to where our stream is known to have arrived, what is kept of it, when something authentic came last, and when to look after a tail
-- that seems to have been dropped.
ALTER TABLE peer_device ADD COLUMN out_mark INTEGER NOT NULL DEFAULT 0;
ALTER TABLE peer_device ADD COLUMN sent_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE peer_device ADD COLUMN sent_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE peer_device ADD COLUMN heard_at INTEGER;
ALTER TABLE peer_device ADD COLUMN probe_at INTEGER;
ALTER TABLE peer_device ADD COLUMN probes INTEGER NOT NULL DEFAULT 0;
CREATE INDEX peer_device_probe ON peer_device (probe_at) WHERE probe_at IS NOT NULL;

-- Set: nobody can send these numbers again. They count as applied, and are applied nevertheless should they come.
ALTER TABLE hole ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;

-- What is lacking of each device, and how asking for it goes.
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

-- Envelopes that came from a device and could not be read, until they were asked for.
CREATE TABLE unreadable (
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  envelope_id BLOB NOT NULL,
  PRIMARY KEY (account, device, envelope_id)
) STRICT, WITHOUT ROWID;

-- Numbers of ours that a device was told can no longer be sent.
CREATE TABLE gone (
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  stream BLOB NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (account, device, stream, first)
) STRICT, WITHOUT ROWID;

-- The newest statement of each device about a register (outbox/apply.h: Register) that was applied: an older one that comes late says
-- nothing any more.
CREATE TABLE last_word (
  register INTEGER NOT NULL,
  subject BLOB NOT NULL,       -- the account that it is about
  account BLOB NOT NULL,
  device INTEGER NOT NULL,
  sent_at INTEGER NOT NULL,
  PRIMARY KEY (register, subject, account, device)
) STRICT, WITHOUT ROWID;
