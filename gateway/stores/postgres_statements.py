"""The statements that change operations: each is a transaction of its own, in one round trip.

So nothing is ever half done, whoever is cancelled or cut off. What the parts of one statement read, they read as it was
before it. Leases are on the database's clock, which `now()` would stop at the start of a transaction.

Facts come as arrays of the columns of rows.EVIDENCE, steps as arrays of those of rows.STEP and their two bodies.
"""

# $1 to $23 are the columns of rows.OPERATION, then: $24 ended_at, $25 change, $26 answer_status, $27 its fields,
# $28 its body, $29 content, $30 to $35 facts. No target for the conflict: with one, the other constraint would raise.
INSERT = """
WITH given AS (
  INSERT INTO gw.operation (id, caller, key, fingerprint, kind, account, created_at, reference, twin, updated_at, state,
    subject, attempts, doubt, probes, first_sent_at, last_sent_at, valid_until, due, owner, lease_until, cause, version,
    ended_at, change, answer_status)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
    $24, $25, $26)
  ON CONFLICT DO NOTHING RETURNING number
), answer AS (
  INSERT INTO gw.answer (operation, fields, body)
  SELECT number, $27::text, $28::bytea FROM given WHERE $27::text IS NOT NULL
), content AS (
  INSERT INTO gw.content (operation, body) SELECT number, $29::bytea FROM given
), facts AS (
  INSERT INTO gw.evidence (operation, at, kind, verdict, phase, status, detail)
  SELECT g.number, f.at, f.kind, f.verdict, f.phase, f.status, f.detail
  FROM given AS g, unnest($30::timestamptz[], $31::text[], $32::text[], $33::text[], $34::integer[], $35::text[])
    WITH ORDINALITY AS f (at, kind, verdict, phase, status, detail, place) ORDER BY f.place
)
SELECT count(*) FROM given
"""
# The same, and $36 the id of the cancelled operation that gives way, $37 its version.
REPLACE = """
WITH given AS (
  UPDATE gw.operation SET id = $1, fingerprint = $4, kind = $5, account = $6, created_at = $7, reference = $8,
    twin = $9, updated_at = $10, state = $11, subject = $12, attempts = $13, doubt = $14, probes = $15,
    first_sent_at = $16, last_sent_at = $17, valid_until = $18, due = $19, owner = $20, lease_until = $21, cause = $22,
    version = $23, ended_at = $24, change = $25, answer_status = $26, purged = 0
  WHERE caller = $2 AND key = $3 AND state = 'cancelled' AND id = $36 AND version = $37 RETURNING number
), former AS (
  INSERT INTO gw.replaced (id, operation) SELECT $36, number FROM given
), steps AS (
  DELETE FROM gw.step USING given WHERE operation = given.number
), no_answer AS (
  DELETE FROM gw.answer USING given WHERE operation = given.number AND $27::text IS NULL
), answer AS (
  INSERT INTO gw.answer (operation, fields, body)
  SELECT number, $27::text, $28::bytea FROM given WHERE $27::text IS NOT NULL
  ON CONFLICT (operation) DO UPDATE SET fields = excluded.fields, body = excluded.body
), content AS (
  INSERT INTO gw.content (operation, body) SELECT number, $29::bytea FROM given
  ON CONFLICT (operation) DO UPDATE SET body = excluded.body
), facts AS (
  INSERT INTO gw.evidence (operation, at, kind, verdict, phase, status, detail)
  SELECT g.number, f.at, f.kind, f.verdict, f.phase, f.status, f.detail
  FROM given AS g, unnest($30::timestamptz[], $31::text[], $32::text[], $33::text[], $34::integer[], $35::text[])
    WITH ORDINALITY AS f (at, kind, verdict, phase, status, detail, place) ORDER BY f.place
)
SELECT count(*) FROM given
"""

# $1 id, then rows.CHANGING: $2 updated_at, $3 state, $4 subject, $5 attempts, $6 doubt, $7 probes, $8 first_sent_at,
# $9 last_sent_at, $10 valid_until, $11 due, $12 owner, $13 lease_until, $14 cause, $15 version; $16 change,
# $17 answer_status, $18 its fields, $19 its body, $20 to $25 facts, $26 to $33 steps and their bodies.
UPDATE = """
WITH stored AS MATERIALIZED (
  SELECT number, state, ended_at FROM gw.operation
  WHERE id = $1 AND version = $15::bigint - 1 AND (state NOT IN ('succeeded', 'partial', 'failed') OR state = $3)
  FOR NO KEY UPDATE
), changed AS (
  UPDATE gw.operation AS o SET updated_at = $2, state = $3, subject = $4, attempts = $5, doubt = $6, probes = $7,
    first_sent_at = $8, last_sent_at = $9, valid_until = $10, due = $11, owner = $12, lease_until = $13, cause = $14,
    version = $15::bigint, change = $16, answer_status = $17, purged = 0,
    ended_at = CASE WHEN $3 NOT IN ('succeeded', 'partial', 'failed', 'cancelled') THEN NULL
      ELSE coalesce(stored.ended_at, $2) END
  FROM stored WHERE o.number = stored.number
  RETURNING o.number, stored.state AS before
), event AS (
  INSERT INTO gw.event (sequence, subject, version, operation, state, at)
  SELECT (SELECT base FROM gw.numbering) + pg_current_xact_id()::text::bigint, coalesce($4, $1),
    (SELECT coalesce(max(version), 0) + 1 FROM gw.event WHERE subject = coalesce($4, $1)), $1, $3, $2
  FROM changed WHERE before <> $3
), no_answer AS (
  DELETE FROM gw.answer USING changed WHERE operation = changed.number AND $18::text IS NULL
), answer AS (
  INSERT INTO gw.answer (operation, fields, body)
  SELECT number, $18::text, $19::bytea FROM changed WHERE $18::text IS NOT NULL
  ON CONFLICT (operation) DO UPDATE SET fields = excluded.fields, body = excluded.body
), facts AS (
  INSERT INTO gw.evidence (operation, at, kind, verdict, phase, status, detail)
  SELECT c.number, f.at, f.kind, f.verdict, f.phase, f.status, f.detail
  FROM changed AS c, unnest($20::timestamptz[], $21::text[], $22::text[], $23::text[], $24::integer[], $25::text[])
    WITH ORDINALITY AS f (at, kind, verdict, phase, status, detail, place) ORDER BY f.place
), steps AS (
  INSERT INTO gw.step AS s (operation, index, part, name, effect, digest, phase, request, answer)
  SELECT c.number, n.* FROM changed AS c, unnest($26::integer[], $27::integer[], $28::text[], $29::text[],
    $30::text[], $31::text[], $32::bytea[], $33::bytea[]) AS n
  ON CONFLICT (operation, index, part) DO UPDATE SET name = excluded.name, effect = excluded.effect,
    digest = excluded.digest, phase = excluded.phase, request = excluded.request,
    answer = coalesce(excluded.answer, s.answer)
)
SELECT count(*) FROM changed
"""
STORED = "SELECT version, change FROM gw.operation WHERE id = $1"

# $1 id, $2 to $7 facts.
APPEND = """
INSERT INTO gw.evidence (operation, at, kind, verdict, phase, status, detail)
SELECT o.number, f.at, f.kind, f.verdict, f.phase, f.status, f.detail
FROM (SELECT number FROM gw.operation WHERE id = $1 UNION ALL
    SELECT operation FROM gw.replaced WHERE id = $1 LIMIT 1) AS o,
  unnest($2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::text[])
    WITH ORDINALITY AS f (at, kind, verdict, phase, status, detail, place)
ORDER BY f.place
"""
APPEND_MISSING = """
INSERT INTO gw.evidence (operation, at, kind, verdict, phase, status, detail)
SELECT o.number, f.at, f.kind, f.verdict, f.phase, f.status, f.detail
FROM (SELECT number FROM gw.operation WHERE id = $1 UNION ALL
    SELECT operation FROM gw.replaced WHERE id = $1 LIMIT 1) AS o,
  unnest($2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::text[])
    WITH ORDINALITY AS f (at, kind, verdict, phase, status, detail, place)
WHERE NOT EXISTS (SELECT 1 FROM gw.evidence AS e
  WHERE e.operation = o.number AND (e.at, e.kind, e.verdict) = (f.at, f.kind, f.verdict)
    AND (e.phase, e.status, e.detail) IS NOT DISTINCT FROM (f.phase, f.status, f.detail))
ORDER BY f.place
"""
ALL_THERE = """
SELECT count(*) > 0 AND bool_and(EXISTS (SELECT 1 FROM gw.evidence AS e
  WHERE e.operation = o.number AND (e.at, e.kind, e.verdict) = (f.at, f.kind, f.verdict)
    AND (e.phase, e.status, e.detail) IS NOT DISTINCT FROM (f.phase, f.status, f.detail)))
FROM (SELECT number FROM gw.operation WHERE id = $1 UNION ALL
    SELECT operation FROM gw.replaced WHERE id = $1 LIMIT 1) AS o,
  unnest($2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::text[])
    WITH ORDINALITY AS f (at, kind, verdict, phase, status, detail, place)
"""

# $1 id, $2 name.
ADOPT = """
INSERT INTO gw.adopted (account, kind, name, operation)
SELECT account, kind, $2, number FROM gw.operation WHERE id = $1 ON CONFLICT DO NOTHING
"""
ADOPTED_BY = """
SELECT o.id FROM gw.operation AS asking
JOIN gw.adopted AS a ON (a.account, a.kind, a.name) = (asking.account, asking.kind, $2)
JOIN gw.operation AS o ON o.number = a.operation
WHERE asking.id = $1
"""

# $1 accounts, $2 limit, $3 owner, $4 seconds, $5 change.
TAKE = """
WITH clock AS MATERIALIZED (
  SELECT clock_timestamp() AS now
), due AS MATERIALIZED (
  SELECT o.number FROM gw.operation AS o
  WHERE o.due <= (SELECT now FROM clock) AND (o.lease_until IS NULL OR o.lease_until <= (SELECT now FROM clock))
    AND o.account = ANY($1::text[])
  ORDER BY o.due, o.number LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
), taken AS (
  UPDATE gw.operation AS o SET owner = $3, lease_until = (SELECT now FROM clock) + make_interval(secs => $4),
    version = version + 1, change = $5
  FROM due WHERE o.number = due.number RETURNING o.number
)
SELECT count(*) FROM taken
"""
