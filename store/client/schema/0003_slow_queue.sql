-- Envelopes that may cost much to open, and wait until there is nothing better to do (outbox/slow_queue). What they say of their sender is
-- a claim.
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
