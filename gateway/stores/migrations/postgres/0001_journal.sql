-- One row for each (caller, key): narrow, because every change writes it. Names compare by their bytes.
-- `number` stays when a cancelled operation is replaced by another with its key: facts hang on it.
-- `change` names the last change: whose it was can be told after a connection was cut in the middle of it.
-- `purged`: 0 nothing, 1 requests, 2 answers too.
CREATE TABLE gw.operation (
  number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id            text COLLATE "C" NOT NULL UNIQUE,
  caller        text COLLATE "C" NOT NULL,
  key           text COLLATE "C" NOT NULL,
  fingerprint   text COLLATE "C" NOT NULL,
  kind          text COLLATE "C" NOT NULL,
  account       text COLLATE "C" NOT NULL,
  created_at    timestamptz NOT NULL,
  reference     text COLLATE "C",
  twin          text COLLATE "C",
  updated_at    timestamptz NOT NULL,
  state         text COLLATE "C" NOT NULL CHECK (state IN
    ('accepted', 'held', 'sending', 'pending', 'succeeded', 'partial', 'failed', 'unknown', 'parked', 'cancelled')),
  subject       text COLLATE "C",
  attempts      integer NOT NULL,
  doubt         boolean NOT NULL,
  probes        integer NOT NULL,
  first_sent_at timestamptz,
  last_sent_at  timestamptz,
  valid_until   timestamptz,
  due           timestamptz,
  owner         text COLLATE "C",
  lease_until   timestamptz,
  cause         text,
  version       bigint NOT NULL,
  answer_status integer,
  ended_at      timestamptz,
  purged        smallint NOT NULL DEFAULT 0,
  change        uuid NOT NULL,
  CONSTRAINT operation_key UNIQUE (key, caller)
) WITH (fillfactor = 70);

-- A reference belongs to one live or placed operation; after one that failed it is free again.
CREATE UNIQUE INDEX operation_reference ON gw.operation (account, kind, reference)
  WHERE reference IS NOT NULL AND state NOT IN ('failed', 'cancelled');
CREATE INDEX operation_due ON gw.operation (due, number) WHERE due IS NOT NULL;
CREATE INDEX operation_caller ON gw.operation (caller, id);
CREATE INDEX operation_twin ON gw.operation (account, twin, created_at) WHERE twin IS NOT NULL;
CREATE INDEX operation_subject ON gw.operation (subject, id) WHERE subject IS NOT NULL;
CREATE INDEX operation_searched ON gw.operation (reference, id) WHERE reference IS NOT NULL;
CREATE INDEX operation_state ON gw.operation (state, id);
CREATE INDEX operation_ended ON gw.operation (purged, ended_at) WHERE ended_at IS NOT NULL;

CREATE FUNCTION gw.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', TG_ARGV[0];
END
$$;

CREATE TRIGGER operation_final BEFORE UPDATE OF state ON gw.operation FOR EACH ROW
  WHEN (OLD.state IN ('succeeded', 'partial', 'failed') AND NEW.state <> OLD.state)
  EXECUTE FUNCTION gw.refuse('a final state is never left');

-- The ids of operations that were replaced.
CREATE TABLE gw.replaced (
  id        text COLLATE "C" PRIMARY KEY,
  operation bigint NOT NULL REFERENCES gw.operation ON DELETE CASCADE
);
CREATE INDEX replaced_operation ON gw.replaced (operation);

CREATE TABLE gw.content (
  operation bigint PRIMARY KEY REFERENCES gw.operation ON DELETE CASCADE,
  body      bytea NOT NULL
);

CREATE TABLE gw.answer (
  operation bigint PRIMARY KEY REFERENCES gw.operation ON DELETE CASCADE,
  fields    text NOT NULL,
  body      bytea NOT NULL
);

-- Bodies are NULL once they are purged; an answer also while there is none.
CREATE TABLE gw.step (
  operation bigint NOT NULL REFERENCES gw.operation ON DELETE CASCADE,
  index     integer NOT NULL,
  part      integer NOT NULL,
  name      text NOT NULL,
  effect    text NOT NULL,
  digest    text NOT NULL,
  phase     text,
  request   bytea,
  answer    bytea,
  PRIMARY KEY (operation, index, part)
);

CREATE TABLE gw.evidence (
  sequence  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  operation bigint NOT NULL REFERENCES gw.operation ON DELETE CASCADE,
  at        timestamptz NOT NULL,
  kind      text NOT NULL,
  verdict   text NOT NULL,
  phase     text,
  status    integer,
  detail    text
);
CREATE INDEX evidence_operation ON gw.evidence (operation, sequence);

CREATE TRIGGER evidence_stays BEFORE UPDATE ON gw.evidence FOR EACH ROW
  EXECUTE FUNCTION gw.refuse('a fact is never changed');

-- `sequence` is `base` and the number of the transaction, which adds one event at most. A reader stops before the oldest
-- transaction that is still open, so none that commits later comes before one it has read; a sequence of the database's
-- own could not tell that. Two events of one subject are in the order of their versions: the second of two at once fails
-- on the constraint and is tried again in a later transaction.
CREATE TABLE gw.event (
  sequence  bigint PRIMARY KEY,
  subject   text COLLATE "C" NOT NULL,
  version   bigint NOT NULL,
  operation text COLLATE "C" NOT NULL,
  state     text NOT NULL,
  at        timestamptz NOT NULL,
  CONSTRAINT event_version UNIQUE (subject, version)
);
CREATE INDEX event_operation ON gw.event (operation);

-- Another server, restored from a dump, counts its transactions anew: then `base` is raised above the last event.
CREATE TABLE gw.numbering (
  one  boolean PRIMARY KEY DEFAULT true CHECK (one),
  base bigint NOT NULL
);
INSERT INTO gw.numbering (base) VALUES (0);

-- The keys that sealed bodies here, by their ids.
CREATE TABLE gw.sealing_key (id bytea PRIMARY KEY);
