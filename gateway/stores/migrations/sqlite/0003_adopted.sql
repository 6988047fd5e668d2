-- What look-ups found at a provider, and the one operation of an account and kind that each was given to.
CREATE TABLE adopted (
  account   TEXT NOT NULL,
  kind      TEXT NOT NULL,
  name      TEXT NOT NULL,
  operation INTEGER NOT NULL REFERENCES operation ON DELETE CASCADE,
  PRIMARY KEY (account, kind, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX adopted_operation ON adopted (operation);
