-- Where each mailbox stands. Small rows: a commit that touches a hundred mailboxes writes few pages of this.
CREATE TABLE mailbox (
  id INTEGER PRIMARY KEY, -- device.mailbox
  last INTEGER NOT NULL,
  acknowledged INTEGER NOT NULL,
  envelopes INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  invited INTEGER NOT NULL -- of `envelopes`, those that came by an invite key
) STRICT;

-- The queues. `place` is mailbox × 2^36 + number: one tree, in which each mailbox's items lie together in order.
CREATE TABLE envelope (
  place INTEGER PRIMARY KEY,
  id BLOB NOT NULL CHECK (length(id) = 16),
  class INTEGER NOT NULL, -- relay::KeyClass
  accepted_at INTEGER NOT NULL, -- service time, ms
  payload BLOB NOT NULL
) STRICT;

-- Every EnvelopeId that is queued or left not long ago.
CREATE TABLE known_envelope (
  mailbox INTEGER NOT NULL,
  id BLOB NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (mailbox, id)
) STRICT, WITHOUT ROWID;

-- Items leave from the front: by `at` (service time, ms, rounded up to the hour) a mailbox had lost all numbers up to `up_to`.
CREATE TABLE departure (
  at INTEGER NOT NULL,
  mailbox INTEGER NOT NULL,
  up_to INTEGER NOT NULL,
  PRIMARY KEY (at, mailbox)
) STRICT, WITHOUT ROWID;

-- One row: service time, and the wall clock's reading when it was last advanced.
CREATE TABLE service_clock (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  service INTEGER NOT NULL,
  wall INTEGER NOT NULL
) STRICT;
