-- OPS-8731: session limit of the gateway's role, 400 -> 680 (4 nodes x 160, plus 40 for tools)
\set ON_ERROR_STOP on
BEGIN;

DO $$
DECLARE
  old_limit int;
BEGIN
  SELECT rolconnlimit INTO STRICT old_limit FROM pg_roles WHERE rolname = 'order_gw';
  IF old_limit <> 400 THEN
    RAISE EXCEPTION 'limit of order_gw is %, expected 400', old_limit;
  END IF;
  IF current_setting('max_connections')::int < 800 THEN
    RAISE EXCEPTION 'max_connections is %, expected at least 800', current_setting('max_connections');
  END IF;
END
$$;

ALTER ROLE order_gw CONNECTION LIMIT 680;

COMMIT;
SELECT rolname, rolconnlimit FROM pg_roles WHERE rolname = 'order_gw';
