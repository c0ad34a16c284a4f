-- Where each mailbox stands. Small rows: a commit that touches a hundred mailboxes writes few pages of this.
CREATE TABLE mailbox (
  id INTEGER PRIMARY KEY, -- device.mailbox
  last INTEGER NOT NULL,
  acknowledged INTEGER NOT NULL,
  envelopes INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  invited INTEGER NOT NULL -- of `envelopes`, those that came by an invite key
) STRICT;

-- What waits, of all mailboxes, in order of acceptance. Only ever appended to, so that neighbours share pages; `place` rises and
-- is never used again.
CREATE TABLE envelope (
  place INTEGER PRIMARY KEY,
  mailbox INTEGER NOT NULL,
  number INTEGER NOT NULL,
  class INTEGER NOT NULL, -- relay::KeyClass
  accepted_at INTEGER NOT NULL, -- service time, ms
  id BLOB NOT NULL CHECK (length(id) = 16),
  payload BLOB NOT NULL
) STRICT;

-- The EnvelopeIds of a mailbox that are remembered: of what left not long ago, and of what waits at a place up to `folding.up_to`.
-- Those beyond are read from `envelope` when the store opens, and folded in here many at a time, sorted by mailbox.
CREATE TABLE known_envelope (
  mailbox INTEGER NOT NULL,
  id BLOB NOT NULL,
  number INTEGER NOT NULL,
  place INTEGER NOT NULL, -- of no meaning once the mailbox has acknowledged `number`
  PRIMARY KEY (mailbox, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE folding (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  up_to INTEGER NOT NULL
) STRICT;
INSERT INTO folding (id, up_to) VALUES (1, 0);

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
