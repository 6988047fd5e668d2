-- One row for each (caller, key): narrow, because every change writes it. Times are microseconds since 1970, UTC.
-- `number` stays when a cancelled operation is replaced by another with its key: facts hang on it.
-- `purged`: 0 nothing, 1 requests, 2 answers too.
CREATE TABLE operation (
  number        INTEGER PRIMARY KEY,
  id            TEXT NOT NULL UNIQUE,
  caller        TEXT NOT NULL,
  key           TEXT NOT NULL,
  fingerprint   TEXT NOT NULL,
  kind          TEXT NOT NULL,
  account       TEXT NOT NULL,
  created_at    INTEGER NOT NULL,
  reference     TEXT,
  twin          TEXT,
  updated_at    INTEGER NOT NULL,
  state         TEXT NOT NULL CHECK (state IN
    ('accepted', 'held', 'sending', 'pending', 'succeeded', 'partial', 'failed', 'unknown', 'parked', 'cancelled')),
  subject       TEXT,
  attempts      INTEGER NOT NULL,
  doubt         INTEGER NOT NULL,
  probes        INTEGER NOT NULL,
  first_sent_at INTEGER,
  last_sent_at  INTEGER,
  valid_until   INTEGER,
  due           INTEGER,
  owner         TEXT,
  lease_until   INTEGER,
  cause         TEXT,
  version       INTEGER NOT NULL,
  answer_status INTEGER,
  ended_at      INTEGER,
  purged        INTEGER NOT NULL DEFAULT 0,
  UNIQUE (key, caller)
) STRICT;

-- A reference belongs to one live or placed operation; after one that failed it is free again.
CREATE UNIQUE INDEX operation_reference ON operation (account, kind, reference)
  WHERE reference IS NOT NULL AND state NOT IN ('failed', 'cancelled');
CREATE INDEX operation_due ON operation (due) WHERE due IS NOT NULL;
CREATE INDEX operation_caller ON operation (caller, id);
CREATE INDEX operation_twin ON operation (account, twin, created_at) WHERE twin IS NOT NULL;
CREATE INDEX operation_subject ON operation (subject, id) WHERE subject IS NOT NULL;
CREATE INDEX operation_searched ON operation (reference, id) WHERE reference IS NOT NULL;
CREATE INDEX operation_state ON operation (state, id);
CREATE INDEX operation_ended ON operation (purged, ended_at) WHERE ended_at IS NOT NULL;

CREATE TRIGGER operation_final BEFORE UPDATE OF state ON operation
  WHEN OLD.state IN ('succeeded', 'partial', 'failed') AND NEW.state <> OLD.state
  BEGIN SELECT RAISE(ABORT, 'a final state is never left'); END;

-- The ids of operations that were replaced.
CREATE TABLE replaced (
  id        TEXT PRIMARY KEY,
  operation INTEGER NOT NULL REFERENCES operation ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX replaced_operation ON replaced (operation);

CREATE TABLE content (
  operation INTEGER PRIMARY KEY REFERENCES operation ON DELETE CASCADE,
  body      BLOB NOT NULL
) STRICT;

CREATE TABLE answer (
  operation INTEGER PRIMARY KEY REFERENCES operation ON DELETE CASCADE,
  fields    TEXT NOT NULL,
  body      BLOB NOT NULL
) STRICT;

-- Bodies are NULL once they are purged; an answer also while there is none.
CREATE TABLE step (
  operation INTEGER NOT NULL REFERENCES operation ON DELETE CASCADE,
  "index"   INTEGER NOT NULL,
  part      INTEGER NOT NULL,
  name      TEXT NOT NULL,
  effect    TEXT NOT NULL,
  digest    TEXT NOT NULL,
  phase     TEXT,
  request   BLOB,
  answer    BLOB,
  PRIMARY KEY (operation, "index", part)
) STRICT;

CREATE TABLE evidence (
  sequence  INTEGER PRIMARY KEY,
  operation INTEGER NOT NULL REFERENCES operation ON DELETE CASCADE,
  at        INTEGER NOT NULL,
  kind      TEXT NOT NULL,
  verdict   TEXT NOT NULL,
  phase     TEXT,
  status    INTEGER,
  detail    TEXT
) STRICT;
CREATE INDEX evidence_operation ON evidence (operation);

CREATE TRIGGER evidence_stays BEFORE UPDATE ON evidence
  BEGIN SELECT RAISE(ABORT, 'a fact is never changed'); END;

-- One writer commits one after the other, so sequence is the order of commits; AUTOINCREMENT never gives one twice.
CREATE TABLE event (
  sequence  INTEGER PRIMARY KEY AUTOINCREMENT,
  subject   TEXT NOT NULL,
  version   INTEGER NOT NULL,
  operation TEXT NOT NULL,
  state     TEXT NOT NULL,
  at        INTEGER NOT NULL,
  UNIQUE (subject, version)
) STRICT;
CREATE INDEX event_operation ON event (operation);

-- The keys that sealed bodies here, by their ids.
CREATE TABLE sealing_key (id BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
