-- When the contact made the key by which it is known here (ms, its clock; session/content.capnp): the newer stands,
-- whichever of its devices tells it, and in whatever order. 0: not known, or an invite's.
ALTER TABLE contact ADD COLUMN access_key_made INTEGER NOT NULL DEFAULT 0;
