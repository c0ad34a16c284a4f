-- Another key that one of the contact's devices named, which the times of their making put behind the one above: tried
-- where that opens nothing, as a retired device may have named one from a clock that runs ahead. Secret.
ALTER TABLE contact ADD COLUMN other_access_key BLOB;
