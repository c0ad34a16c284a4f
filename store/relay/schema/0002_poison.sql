-- How often the first waiting item of a mailbox was handed over and not acknowledged before its link ended. No row: never.
CREATE TABLE delivery_attempt (
  mailbox INTEGER PRIMARY KEY,
  number INTEGER NOT NULL, -- of the item; of no meaning for any other
  attempts INTEGER NOT NULL,
  first_at INTEGER NOT NULL -- service time, ms
) STRICT;

-- What a queue holds no longer, at its place in it: an item that is acknowledged like an envelope.
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

-- Envelopes that their device never got past. A gap stands in the queue for each.
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
