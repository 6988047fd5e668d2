-- Permits of requests to providers: `slot` of the budget `key` is taken or rests until `free_at`; a row whose time has
-- come is a free slot like one without a row. `held`: its request has not ended, as far as is known.
-- `durable`: its window is a long one. The others are written at once and forgotten by a crash of the server.
CREATE TABLE gw.permit (
  durable boolean NOT NULL,
  key     text COLLATE "C" NOT NULL,
  slot    integer NOT NULL,
  permit  uuid NOT NULL,
  held    boolean NOT NULL,
  free_at timestamptz NOT NULL,
  PRIMARY KEY (durable, key, slot)
) PARTITION BY LIST (durable);
CREATE TABLE gw.permit_long PARTITION OF gw.permit FOR VALUES IN (true);
-- Room beside each row, so that a change needs no new entry in the index and leaves nothing for a vacuum.
CREATE UNLOGGED TABLE gw.permit_short PARTITION OF gw.permit FOR VALUES IN (false) WITH (fillfactor = 40);

-- Since when a table of permits forgets nothing: the row is forgotten together with the permits.
INSERT INTO gw.permit (durable, key, slot, permit, held, free_at)
  SELECT durable, '', 0, gen_random_uuid(), false, '-infinity' FROM unnest(ARRAY[true, false]) AS durable;

-- What outlives forgotten permits: until when any may count, and the longest that one was to be held.
-- `requests` and `seconds` are what the last taker took for the budget.
CREATE TABLE gw.permit_key (
  key      text COLLATE "C" PRIMARY KEY,
  requests integer NOT NULL,
  seconds  double precision NOT NULL,
  durable  boolean NOT NULL,
  hold     double precision NOT NULL,
  until    timestamptz NOT NULL
);

-- Nothing is let through that needs more than `beyond` slots.
CREATE TABLE gw.permit_block (
  key    text COLLATE "C" NOT NULL,
  beyond integer NOT NULL,
  until  timestamptz NOT NULL,
  PRIMARY KEY (key, beyond)
);

-- Whoever takes or gives back has a key for itself until the end of the transaction. Always in one order: no two wait
-- for each other. What follows sees all that those before have committed.
CREATE FUNCTION gw.lock_permits(keys text[]) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
  lock bigint;
BEGIN
  FOR lock IN SELECT DISTINCT hashtextextended(one, 0) AS hash FROM unnest(keys) AS one ORDER BY hash LOOP
    PERFORM pg_advisory_xact_lock(lock);
  END LOOP;
  RETURN clock_timestamp();
END
$$;

-- Seconds until a key lets through again what a forgotten permit may still count for; 0 where nothing was forgotten.
CREATE FUNCTION gw.permits_cold(budget text, seconds double precision, long boolean, present timestamptz)
RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
  since   timestamptz;
  longest double precision;
BEGIN
  SELECT p.free_at INTO since FROM gw.permit p WHERE p.durable = long AND p.key = '' AND p.slot = 0;
  IF NOT FOUND THEN
    since := present;
    INSERT INTO gw.permit (durable, key, slot, permit, held, free_at)
      VALUES (long, '', 0, gen_random_uuid(), false, present) ON CONFLICT DO NOTHING;
  END IF;
  IF since = '-infinity' THEN
    RETURN 0;
  END IF;
  SELECT k.hold INTO longest FROM gw.permit_key k WHERE k.key = budget AND k.until > since;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  -- A request that was under way when its permit was forgotten ends within its hold, and counts for a window then.
  RETURN greatest(0, extract(epoch FROM since - present) + longest + seconds);
END
$$;

-- How many slots a key has in force, 0 while it is stopped.
CREATE FUNCTION gw.permits_in_force(budget text, requests integer, present timestamptz)
RETURNS integer LANGUAGE sql STABLE AS $$
  SELECT least(requests, min(b.beyond)) FROM gw.permit_block b WHERE b.key = budget AND b.until > present
$$;

-- Take up to as many permits as `permits` names, each with slots of every key; none says for how long, and which key
-- holds it up most.
CREATE FUNCTION gw.take_permits(
  keys text[], requests integer[], seconds double precision[], longs boolean[], reserves integer[],
  costs integer[], hold double precision, permits uuid[],
  OUT granted integer, OUT in_force integer[], OUT wait double precision, OUT held_up_by text
) LANGUAGE plpgsql AS $$
DECLARE
  present   timestamptz := gw.lock_permits(keys);
  available integer;
  used      integer;
  missing   integer;
  delay     double precision;
BEGIN
  granted := cardinality(permits);
  in_force := requests;
  wait := -1;
  FOR i IN 1 .. cardinality(keys) LOOP
    in_force[i] := gw.permits_in_force(keys[i], requests[i], present);
    available := greatest(in_force[i] - reserves[i], least(in_force[i], costs[i]));
    SELECT count(*) INTO used FROM gw.permit p
      WHERE p.durable = longs[i] AND p.key = keys[i] AND p.free_at > present;
    missing := used + costs[i] - available;
    delay := gw.permits_cold(keys[i], seconds[i], longs[i], present);
    IF missing > 0 THEN
      delay := greatest(delay, gw.permits_delay(keys[i], seconds[i], longs[i], missing, used, present));
    END IF;
    IF missing > 0 OR delay > 0 THEN
      granted := 0;
    ELSE
      granted := least(granted, (available - used) / costs[i]);
    END IF;
    IF (missing > 0 OR delay > 0) AND delay > wait THEN
      wait := delay;
      held_up_by := keys[i];
    END IF;
  END LOOP;
  IF granted = 0 THEN
    RETURN;
  END IF;
  FOR i IN 1 .. cardinality(keys) LOOP
    PERFORM gw.hold_permits(keys[i], seconds[i], longs[i], costs[i], hold, permits[1:granted], present);
    PERFORM gw.remember_permits(keys[i], requests[i], seconds[i], longs[i], hold, present);
  END LOOP;
END
$$;

-- Seconds before which `missing` of the `used` slots of a key cannot be free. One in use rests a window after its
-- answer; one whose time to hold is over will not be given back any more.
CREATE FUNCTION gw.permits_delay(
  budget text, seconds double precision, long boolean, missing integer, used integer, present timestamptz
) RETURNS double precision LANGUAGE sql STABLE AS $$
  SELECT coalesce(greatest(0, extract(epoch FROM least(
    (SELECT CASE WHEN p.held THEN least(p.free_at, present + make_interval(secs => seconds)) ELSE p.free_at END AS free
       FROM gw.permit p
       WHERE p.durable = long AND p.key = budget AND p.free_at > present AND missing <= used
       ORDER BY free OFFSET missing - 1 LIMIT 1),
    (SELECT min(b.until) FROM gw.permit_block b WHERE b.key = budget AND b.until > present)
  ) - present)), seconds)
$$;

CREATE FUNCTION gw.hold_permits(
  budget text, seconds double precision, long boolean, cost integer, hold double precision, permits uuid[],
  present timestamptz
) RETURNS void LANGUAGE sql AS $$
  INSERT INTO gw.permit (durable, key, slot, permit, held, free_at)
    SELECT long, budget, free.slot, permits[1 + (row_number() OVER (ORDER BY free.slot) - 1) / cost], true,
      present + make_interval(secs => hold + seconds)
    FROM (
      SELECT slot FROM generate_series(1, cost * cardinality(permits) + (
        SELECT count(*)::integer FROM gw.permit p
          WHERE p.durable = long AND p.key = budget AND p.free_at > present)) AS slot
      WHERE NOT EXISTS (SELECT FROM gw.permit p
        WHERE p.durable = long AND p.key = budget AND p.slot = slot.slot AND p.free_at > present)
      ORDER BY slot LIMIT cost * cardinality(permits)
    ) AS free
  ON CONFLICT (durable, key, slot) DO UPDATE SET permit = excluded.permit, held = true, free_at = excluded.free_at
$$;

-- Written once an hour and when something is new: a logged row waits for the disk.
CREATE FUNCTION gw.remember_permits(
  budget text, taken_for integer, taken_in double precision, long boolean, held_for double precision,
  present timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  least_until timestamptz := present + make_interval(secs => held_for + taken_in);
BEGIN
  IF EXISTS (SELECT FROM gw.permit_key k WHERE k.key = budget AND k.requests = taken_for AND k.seconds = taken_in
      AND k.durable = long AND k.hold >= held_for AND k.until >= least_until) THEN
    RETURN;
  END IF;
  INSERT INTO gw.permit_key AS k (key, requests, seconds, durable, hold, until)
    VALUES (budget, taken_for, taken_in, long, held_for, least_until + interval '1 hour')
    ON CONFLICT (key) DO UPDATE SET requests = excluded.requests, seconds = excluded.seconds,
      durable = excluded.durable, hold = greatest(k.hold, excluded.hold), until = greatest(k.until, excluded.until);
END
$$;

-- Let slots rest from now on, or free them. Each element is one key of one permit. One that is not known here any more
-- was forgotten: that it was sent still counts.
CREATE FUNCTION gw.give_back_permits(
  keys text[], seconds double precision[], longs boolean[], costs integer[], permits uuid[], sent boolean[],
  lingers double precision[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  present timestamptz := gw.lock_permits(keys);
BEGIN
  FOR i IN 1 .. cardinality(keys) LOOP
    UPDATE gw.permit p SET held = false, free_at =
        CASE WHEN sent[i] THEN present + make_interval(secs => seconds[i] + lingers[i]) ELSE present END
      WHERE p.durable = longs[i] AND p.key = keys[i] AND p.permit = permits[i] AND p.held;
    CONTINUE WHEN FOUND OR NOT sent[i] OR EXISTS (SELECT FROM gw.permit p
      WHERE p.durable = longs[i] AND p.key = keys[i] AND p.permit = permits[i]);
    PERFORM gw.hold_permits(keys[i], seconds[i], longs[i], costs[i], lingers[i], ARRAY[permits[i]], present);
    UPDATE gw.permit p SET held = false
      WHERE p.durable = longs[i] AND p.key = keys[i] AND p.permit = permits[i];
  END LOOP;
END
$$;

-- How known keys stand: slots used, slots in force, seconds until one may be free and for how long the key is stopped.
CREATE FUNCTION gw.permits_usage(keys text[])
RETURNS TABLE (key text, used integer, in_force integer, free_in double precision, blocked_for double precision)
LANGUAGE sql STABLE AS $$
  SELECT k.key, n.used, n.in_force,
    greatest(s.stopped, CASE WHEN n.used >= n.in_force
      THEN gw.permits_delay(k.key, k.seconds, k.durable, n.used + 1 - n.in_force, n.used, present) ELSE 0 END),
    s.stopped
  FROM clock_timestamp() AS present, gw.permit_key k,
    LATERAL (SELECT gw.permits_in_force(k.key, k.requests, present) AS in_force,
      (SELECT count(*)::integer FROM gw.permit p
        WHERE p.durable = k.durable AND p.key = k.key AND p.free_at > present) AS used) AS n,
    LATERAL (SELECT coalesce(extract(epoch FROM max(b.until) - present), 0)::double precision AS stopped
      FROM gw.permit_block b WHERE b.key = k.key AND b.beyond = 0 AND b.until > present) AS s
  WHERE k.key = ANY(keys)
$$;

-- Delete what has not counted for a while. Rows that somebody works on are left for another time.
CREATE FUNCTION gw.purge_permits() RETURNS void LANGUAGE sql AS $$
  DELETE FROM gw.permit WHERE (durable, key, slot) IN (
    SELECT p.durable, p.key, p.slot FROM gw.permit p
    WHERE p.key <> '' AND p.free_at < clock_timestamp() - interval '10 minutes' LIMIT 10000 FOR UPDATE SKIP LOCKED);
  DELETE FROM gw.permit_key WHERE key IN (
    SELECT k.key FROM gw.permit_key k
    WHERE k.until < clock_timestamp() - interval '10 minutes' LIMIT 10000 FOR UPDATE SKIP LOCKED);
  DELETE FROM gw.permit_block WHERE (key, beyond) IN (
    SELECT b.key, b.beyond FROM gw.permit_block b
    WHERE b.until < clock_timestamp() - interval '10 minutes' LIMIT 10000 FOR UPDATE SKIP LOCKED);
$$;
