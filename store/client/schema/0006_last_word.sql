-- Where in its device's streams the statement stood: a clock that goes back makes later ones seem older. Zero: not known.
ALTER TABLE last_word ADD COLUMN stream BLOB NOT NULL DEFAULT x'0000000000000000';
ALTER TABLE last_word ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
