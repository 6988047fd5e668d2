-- What look-ups found at a provider, and the one operation of an account and kind that each was given to.
CREATE TABLE gw.adopted (
  account   text COLLATE "C" NOT NULL,
  kind      text COLLATE "C" NOT NULL,
  name      text COLLATE "C" NOT NULL,
  operation bigint NOT NULL REFERENCES gw.operation ON DELETE CASCADE,
  PRIMARY KEY (account, kind, name)
);
CREATE INDEX adopted_operation ON gw.adopted (operation);
