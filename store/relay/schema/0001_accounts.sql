-- Who is registered here. The manifest's bytes are kept as they were signed.
CREATE TABLE account (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account BLOB NOT NULL UNIQUE CHECK (length(account) = 32),
  version INTEGER NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  retired BLOB NOT NULL CHECK (length(retired) = 16), -- one bit per DeviceId, least significant first
  manifest BLOB NOT NULL
) STRICT;

-- Devices that were listed once and are not retired. A retired device has no row: its bit in `account.retired` remains.
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

-- Hashes of the keys that admit to an account; `class` is relay::KeyClass.
CREATE TABLE access_key (
  account INTEGER NOT NULL REFERENCES account (id),
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  class INTEGER NOT NULL CHECK (class IN (0, 1)),
  PRIMARY KEY (account, hash)
) STRICT, WITHOUT ROWID;
