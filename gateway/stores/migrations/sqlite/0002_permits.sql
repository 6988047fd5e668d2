-- Permits of windows longer than a minute, for the process that comes next: `slots` of a key are taken or rest until
-- `free_at`. Times are microseconds since 1970, UTC.
CREATE TABLE permit (
  permit  TEXT NOT NULL,
  key     TEXT NOT NULL,
  seconds REAL NOT NULL,
  slots   INTEGER NOT NULL,
  free_at INTEGER NOT NULL,
  PRIMARY KEY (permit, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX permit_free_at ON permit (free_at);

-- Nothing is let through until then that needs more than `beyond` slots of a key, nor for longer than `seconds` after
-- the start of a process: the provider said so, or the process before may have used the rest of them (`used`).
CREATE TABLE permit_block (
  key     TEXT NOT NULL,
  beyond  INTEGER NOT NULL,
  used    INTEGER NOT NULL,
  seconds REAL NOT NULL,
  until   INTEGER NOT NULL,
  PRIMARY KEY (key, beyond, used)
) STRICT, WITHOUT ROWID;
