-- How known keys stand, as before; a key is also stopped while permits that a crash has forgotten may still count.
CREATE OR REPLACE FUNCTION gw.permits_usage(keys text[])
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
    -- Without the row nobody has taken a permit since: they are forgotten as from now.
    LATERAL (SELECT coalesce((SELECT p.free_at FROM gw.permit p
      WHERE p.durable = k.durable AND p.key = '' AND p.slot = 0), present) AS since) AS f,
    LATERAL (SELECT greatest(
      (SELECT coalesce(extract(epoch FROM max(b.until) - present), 0)::double precision
        FROM gw.permit_block b WHERE b.key = k.key AND b.beyond = 0 AND b.until > present),
      CASE WHEN f.since > '-infinity' AND k.until > f.since
        THEN extract(epoch FROM f.since - present)::double precision + k.hold + k.seconds ELSE 0 END) AS stopped) AS s
  WHERE k.key = ANY(keys)
$$;
