CREATE TABLE access_key (
  account INTEGER NOT NULL REFERENCES account (id),
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  class INTEGER NOT NULL CHECK (class IN (0, 1)),
  PRIMARY KEY (account, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account BLOB NOT NULL UNIQUE CHECK (length(account) = 32),
  version INTEGER NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  retired BLOB NOT NULL CHECK (length(retired) = 16), -- one bit per DeviceId, least significant first
  manifest BLOB NOT NULL
) STRICT;

CREATE TABLE canary (word TEXT NOT NULL) STRICT;

CREATE TABLE delivery_attempt (
  mailbox INTEGER PRIMARY KEY,
  number INTEGER NOT NULL, -- of the item; of no meaning for any other
  attempts INTEGER NOT NULL,
  first_at INTEGER NOT NULL -- service time, ms
) STRICT;

CREATE TABLE departure (
  at INTEGER NOT NULL,
  mailbox INTEGER NOT NULL,
  up_to INTEGER NOT NULL,
  PRIMARY KEY (at, mailbox)
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
  mailbox INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: rows elsewhere are keyed by it
  account INTEGER NOT NULL REFERENCES account (id),
  device INTEGER NOT NULL CHECK (device BETWEEN 1 AND 127),
  listed INTEGER NOT NULL CHECK (listed IN (0, 1)),
  signing_key BLOB NOT NULL CHECK (length(signing_key) = 32),
  login INTEGER NOT NULL,
  anchor BLOB NOT NULL CHECK (length(anchor) = 32),
  UNIQUE (account, device)
) STRICT;

CREATE TABLE envelope (
  place INTEGER PRIMARY KEY,
  mailbox INTEGER NOT NULL,
  number INTEGER NOT NULL,
  class INTEGER NOT NULL, -- relay::KeyClass
  accepted_at INTEGER NOT NULL, -- service time, ms
  id BLOB NOT NULL CHECK (length(id) = 16),
  payload BLOB NOT NULL
) STRICT;

CREATE TABLE folding (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  up_to INTEGER NOT NULL
) STRICT;

CREATE TABLE gap (
  mailbox INTEGER NOT NULL,
  number INTEGER NOT NULL,
  last INTEGER NOT NULL,
  count INTEGER NOT NULL,
  reason INTEGER NOT NULL, -- relay::Gap::Reason
  first_at INTEGER NOT NULL, -- when the first and the last of them were accepted; service time, ms
  last_at INTEGER NOT NULL,
  PRIMARY KEY (mailbox, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE known_envelope (
  mailbox INTEGER NOT NULL,
  id BLOB NOT NULL,
  number INTEGER NOT NULL,
  place INTEGER NOT NULL, -- of no meaning once the mailbox has acknowledged `number`
  PRIMARY KEY (mailbox, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE mailbox (
  id INTEGER PRIMARY KEY, -- device.mailbox
  last INTEGER NOT NULL,
  acknowledged INTEGER NOT NULL,
  envelopes INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  invited INTEGER NOT NULL -- of `envelopes`, those that came by an invite key
) STRICT;

CREATE TABLE one_time_key (
  mailbox INTEGER NOT NULL,
  id INTEGER NOT NULL,
  key BLOB NOT NULL CHECK (length(key) = 32),
  PRIMARY KEY (mailbox, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE published_keys (
  mailbox INTEGER PRIMARY KEY,
  counter INTEGER NOT NULL,
  one_time INTEGER NOT NULL, -- rows of one_time_key
  signed_keys BLOB NOT NULL
) STRICT;

CREATE TABLE service_clock (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  service INTEGER NOT NULL,
  wall INTEGER NOT NULL
) STRICT;

CREATE TABLE set_aside (
  mailbox INTEGER NOT NULL,
  number INTEGER NOT NULL,
  class INTEGER NOT NULL, -- relay::KeyClass
  at INTEGER NOT NULL, -- when it was set aside; service time, ms
  id BLOB NOT NULL CHECK (length(id) = 16),
  payload BLOB NOT NULL,
  PRIMARY KEY (mailbox, number)
) STRICT;

CREATE INDEX set_aside_at ON set_aside (at);

CREATE TABLE sqlite_sequence(name,seq);

