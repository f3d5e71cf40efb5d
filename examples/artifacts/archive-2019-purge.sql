-- OPS-8917: THE POINT OF NO RETURN. Drops the twelve tables that archive-2019-detach.sql put into hold_2019.
-- Everything is checked before the first drop; the counts take about 25 minutes. All twelve are dropped in one
-- transaction or none is. There is no CASCADE: if anything depends on a table, nothing is dropped.
\set ON_ERROR_STOP on
SET ROLE archive_owner;
SET lock_timeout = '10s';

DO $$
DECLARE
  it record;
  found bigint;
BEGIN
  IF EXISTS (SELECT FROM archive.legal_hold
             WHERE lifted_on IS NULL AND held && daterange('2019-01-01', '2020-01-01')) THEN
    RAISE EXCEPTION 'a legal hold covers 2019';
  END IF;
  FOR it IN
    SELECT part, expected, to_regclass('hold_2019.' || part) AS held
    FROM (VALUES
        ('trades_2019_01', 101574835),
        ('trades_2019_02', 88229719),
        ('trades_2019_03', 99900076),
        ('trades_2019_04', 97629508),
        ('trades_2019_05', 104922360),
        ('trades_2019_06', 95279374),
        ('trades_2019_07', 107465784),
        ('trades_2019_08', 112217014),
        ('trades_2019_09', 98981805),
        ('trades_2019_10', 106460071),
        ('trades_2019_11', 103496750),
        ('trades_2019_12', 98649237)
    ) AS manifest (part, expected)
  LOOP
    IF it.held IS NULL OR (SELECT relispartition FROM pg_class WHERE oid = it.held) THEN
      RAISE EXCEPTION '% is not held in hold_2019', it.part;
    END IF;
    IF current_date - coalesce(obj_description(it.held, 'pg_class')::date, current_date) < 14 THEN
      RAISE EXCEPTION '% was not held for 14 days', it.part;
    END IF;
    EXECUTE format('SELECT count(*) FROM %s', it.held) INTO found;
    IF found <> it.expected THEN
      RAISE EXCEPTION '% has % rows, the manifest says %', it.part, found, it.expected;
    END IF;
    RAISE NOTICE '% has % rows, as the manifest says', it.part, found;
  END LOOP;
END
$$;

BEGIN;
DROP TABLE hold_2019.trades_2019_01;
DROP TABLE hold_2019.trades_2019_02;
DROP TABLE hold_2019.trades_2019_03;
DROP TABLE hold_2019.trades_2019_04;
DROP TABLE hold_2019.trades_2019_05;
DROP TABLE hold_2019.trades_2019_06;
DROP TABLE hold_2019.trades_2019_07;
DROP TABLE hold_2019.trades_2019_08;
DROP TABLE hold_2019.trades_2019_09;
DROP TABLE hold_2019.trades_2019_10;
DROP TABLE hold_2019.trades_2019_11;
DROP TABLE hold_2019.trades_2019_12;
DROP SCHEMA hold_2019;
COMMIT;

SELECT count(*) AS left_over FROM pg_class WHERE relname LIKE 'trades\_2019\_%' AND relkind = 'r';
