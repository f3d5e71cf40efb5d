-- OPS-8917: takes the twelve partitions of 2019 out of archive.trades and keeps them, unchanged, in hold_2019.
-- Nothing is deleted. The way back is archive-2019-attach.sql, also from any point in the middle of this file.
\set ON_ERROR_STOP on
SET ROLE archive_owner;
SET lock_timeout = '10s';

DO $$
BEGIN
  IF 12 <> (SELECT count(*) FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
            WHERE inhparent = 'archive.trades'::regclass AND NOT inhdetachpending
              AND c.relname ~ '^trades_2019_(0[1-9]|1[0-2])$') THEN
    RAISE EXCEPTION 'not all twelve partitions of 2019 are attached';
  END IF;
  IF 0 <> (SELECT partdefid FROM pg_partitioned_table WHERE partrelid = 'archive.trades'::regclass) THEN
    RAISE EXCEPTION 'there is a default partition: DETACH ... CONCURRENTLY is not possible';
  END IF;
  IF EXISTS (SELECT FROM archive.legal_hold
             WHERE lifted_on IS NULL AND held && daterange('2019-01-01', '2020-01-01')) THEN
    RAISE EXCEPTION 'a legal hold covers 2019';
  END IF;
END
$$;

-- Each waits for older queries on archive.trades; CONCURRENTLY does not stop new ones.
ALTER TABLE archive.trades DETACH PARTITION archive.trades_2019_01 CONCURRENTLY;
ALTER TABLE archive.trades DETACH PARTITION archive.trades_2019_02 CONCURRENTLY;
ALTER TABLE archive.trades DETACH PARTITION archive.trades_2019_03 CONCURRENTLY;
ALTER TABLE archive.trades DETACH PARTITION archive.trades_2019_04 CONCURRENTLY;
ALTER TABLE archive.trades DETACH PARTITION archive.trades_2019_05 CONCURRENTLY;
ALTER TABLE archive.trades DETACH PARTITION archive.trades_2019_06 CONCURRENTLY;
ALTER TABLE archive.trades DETACH PARTITION archive.trades_2019_07 CONCURRENTLY;
ALTER TABLE archive.trades DETACH PARTITION archive.trades_2019_08 CONCURRENTLY;
ALTER TABLE archive.trades DETACH PARTITION archive.trades_2019_09 CONCURRENTLY;
ALTER TABLE archive.trades DETACH PARTITION archive.trades_2019_10 CONCURRENTLY;
ALTER TABLE archive.trades DETACH PARTITION archive.trades_2019_11 CONCURRENTLY;
ALTER TABLE archive.trades DETACH PARTITION archive.trades_2019_12 CONCURRENTLY;

-- Nobody but the owner may use this schema. Who names a table of 2019 gets an error from now on; who asks
-- archive.trades for 2019 gets no rows, which is why the report server refuses such dates (step 4).
BEGIN;
CREATE SCHEMA hold_2019;
DO $$
DECLARE
  part text;
BEGIN
  FOR month IN 1..12 LOOP
    part := format('trades_2019_%s', to_char(month, 'FM00'));
    EXECUTE format('ALTER TABLE archive.%I SET SCHEMA hold_2019', part);
    EXECUTE format('COMMENT ON TABLE hold_2019.%I IS %L', part, current_date);
  END LOOP;
END
$$;
COMMIT;

SELECT count(*) AS held FROM pg_tables WHERE schemaname = 'hold_2019';
