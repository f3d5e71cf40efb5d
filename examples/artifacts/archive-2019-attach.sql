-- OPS-8917, the way back until the purge: puts the partitions of 2019 into archive.trades again.
-- Deals with every state in which archive-2019-detach.sql can stop. No row is read: DETACH ... CONCURRENTLY left a
-- check constraint on each table that proves its range.
\set ON_ERROR_STOP on
SET ROLE archive_owner;
SET lock_timeout = '10s';

BEGIN;
DO $$
DECLARE
  part text;
  first date;
BEGIN
  FOR month IN 1..12 LOOP
    part := format('trades_2019_%s', to_char(month, 'FM00'));
    first := make_date(2019, month, 1);
    IF to_regclass('hold_2019.' || part) IS NOT NULL THEN
      EXECUTE format('ALTER TABLE hold_2019.%I SET SCHEMA archive', part);
      EXECUTE format('COMMENT ON TABLE archive.%I IS NULL', part);
    END IF;
    IF EXISTS (SELECT FROM pg_inherits WHERE inhrelid = ('archive.' || part)::regclass AND inhdetachpending) THEN
      EXECUTE format('ALTER TABLE archive.trades DETACH PARTITION archive.%I FINALIZE', part);
    END IF;
    IF NOT (SELECT relispartition FROM pg_class WHERE oid = ('archive.' || part)::regclass) THEN
      EXECUTE format('ALTER TABLE archive.trades ATTACH PARTITION archive.%I FOR VALUES FROM (%L) TO (%L)',
                     part, first, (first + interval '1 month')::date);
    END IF;
  END LOOP;
END
$$;
DROP SCHEMA IF EXISTS hold_2019;
COMMIT;

SELECT count(*) AS attached FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
WHERE inhparent = 'archive.trades'::regclass AND NOT inhdetachpending AND c.relname LIKE 'trades\_2019\_%';
