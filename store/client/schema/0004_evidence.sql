-- There is a row in a test profile, from the transaction that made it: its keys and messages are disclosed to whoever opens it
-- (docs/vectors.md). No other profile can become one, and a test profile stays one.
CREATE TABLE test_profile (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  made_at INTEGER NOT NULL
) STRICT;

CREATE TRIGGER test_profile_from_the_beginning BEFORE INSERT ON test_profile
WHEN EXISTS (SELECT 1 FROM identity) OR EXISTS (SELECT 1 FROM device_request)
BEGIN
  SELECT RAISE(ABORT, 'a profile that has keys cannot become a test profile');
END;

CREATE TRIGGER test_profile_for_good BEFORE DELETE ON test_profile
BEGIN
  SELECT RAISE(ABORT, 'a test profile stays one');
END;

CREATE TRIGGER test_profile_unchanged BEFORE UPDATE ON test_profile
BEGIN
  SELECT RAISE(ABORT, 'a test profile stays one');
END;

-- Every pre-key and seal key that a test profile ever made, also those that were destroyed since.
CREATE TABLE disclosed_key (
  kind INTEGER NOT NULL, -- 1 signed pre-key, 2 one-time pre-key, 3 seal key
  id INTEGER NOT NULL,
  secret BLOB NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER disclosed_key_in_tests_alone BEFORE INSERT ON disclosed_key
WHEN NOT EXISTS (SELECT 1 FROM test_profile)
BEGIN
  SELECT RAISE(ABORT, 'only a test profile discloses anything');
END;

CREATE TRIGGER signed_pre_key_disclosed AFTER INSERT ON signed_pre_key
WHEN EXISTS (SELECT 1 FROM test_profile)
BEGIN
  INSERT INTO disclosed_key (kind, id, secret) VALUES (1, new.id, new.secret);
END;

CREATE TRIGGER one_time_pre_key_disclosed AFTER INSERT ON one_time_pre_key
WHEN EXISTS (SELECT 1 FROM test_profile)
BEGIN
  INSERT INTO disclosed_key (kind, id, secret) VALUES (2, new.id, new.secret);
END;

CREATE TRIGGER seal_key_disclosed AFTER INSERT ON seal_key
WHEN EXISTS (SELECT 1 FROM test_profile)
BEGIN
  INSERT INTO disclosed_key (kind, id, secret) VALUES (3, new.id, new.secret);
END;

-- What the sessions of a test profile did, in that order, with what was drawn at random for it.
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

CREATE TRIGGER disclosed_event_in_tests_alone BEFORE INSERT ON disclosed_event
WHEN NOT EXISTS (SELECT 1 FROM test_profile)
BEGIN
  SELECT RAISE(ABORT, 'only a test profile discloses anything');
END;
