-- The newest signed keys of a mailbox's device.
CREATE TABLE published_keys (
  mailbox INTEGER PRIMARY KEY,
  counter INTEGER NOT NULL,
  one_time INTEGER NOT NULL, -- rows of one_time_key
  signed_keys BLOB NOT NULL
) STRICT;

-- One-time keys that were not handed out.
CREATE TABLE one_time_key (
  mailbox INTEGER NOT NULL,
  id INTEGER NOT NULL,
  key BLOB NOT NULL CHECK (length(key) = 32),
  PRIMARY KEY (mailbox, id)
) STRICT, WITHOUT ROWID;
