-- twinseal on PostgreSQL 14 or newer: the log of registers, tables for SQL and BI tools, and who may do what with them.
--
--     psql -v ON_ERROR_STOP=1 -f schema.sql "dbname=…"
--
-- Run it as a superuser, or as the owner of the database with CREATEROLE. It is one transaction. A second run changes
-- nothing. Then give each person one role, in which they connect by their own login role:
--
--     GRANT twinseal_writer TO alice;
--
-- Integrity does not rest on these rights: every account verifies signatures and the chain itself.

BEGIN;
SET LOCAL search_path = pg_catalog;
SET LOCAL client_min_messages = warning;
-- A commit that waits for a standby keeps its locks. These statements would wait for it, and everybody else for them.
SET LOCAL lock_timeout = '10s';

-- Nobody can log in as these. twinseal_owner owns what is made here, so that nobody who connects does.
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['twinseal_owner', 'twinseal_writer', 'twinseal_reader', 'twinseal_admin',
        'twinseal_projector'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role);
        END IF;
    END LOOP;
    -- Somebody who is no superuser makes objects for a role only as its member; that ends below.
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT twinseal_owner TO %I', current_user);
    END IF;
    -- Roles are shared by the databases of a cluster, so a second database finds this done.
    IF NOT pg_has_role('twinseal_admin', 'twinseal_writer', 'MEMBER') THEN
        GRANT twinseal_writer TO twinseal_admin;
    END IF;
    IF NOT pg_has_role('twinseal_projector', 'twinseal_reader', 'MEMBER') THEN
        GRANT twinseal_reader TO twinseal_projector;
    END IF;
END
$$;

-- A schema that somebody else made would stay theirs. Titles and names need an encoding that has every character.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_namespace WHERE nspname IN ('twinseal', 'twinseal_tables')
            AND pg_get_userbyid(nspowner) <> 'twinseal_owner') THEN
        RAISE EXCEPTION 'the schema twinseal or twinseal_tables belongs to another role than twinseal_owner';
    END IF;
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'the encoding of the database is %, and UTF8 is needed', current_setting('server_encoding')
            USING HINT = 'make another: CREATE DATABASE name ENCODING ''UTF8'' LOCALE ''C'' TEMPLATE template0';
    END IF;
END
$$;

CREATE SCHEMA IF NOT EXISTS twinseal AUTHORIZATION twinseal_owner;
CREATE SCHEMA IF NOT EXISTS twinseal_tables AUTHORIZATION twinseal_owner;
SET LOCAL ROLE twinseal_owner;

-- The log. A register is its id. No part of an entry is as long as 5 MiB; each account reads what stands here. The
-- collation C is the same on every host, so that an upgrade breaks no index.
CREATE TABLE IF NOT EXISTS twinseal.entry (
    register text COLLATE "C" NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 0),
    blob bytea NOT NULL CHECK (octet_length(blob) <= 5242880),
    text bytea CHECK (octet_length(text) <= 5242880),
    data bytea CHECK (octet_length(data) <= 5242880),
    PRIMARY KEY (register, seq)
);
-- Digests and signatures do not get smaller, so PostgreSQL need not try. Texts and data, which are words, do.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_attribute
            WHERE attrelid = 'twinseal.entry'::regclass AND attname = 'blob' AND attstorage <> 'e') THEN
        ALTER TABLE twinseal.entry ALTER COLUMN blob SET STORAGE EXTERNAL;
    END IF;
END
$$;

-- Registers that have moved to another place, and where to. Nothing is appended to them.
CREATE TABLE IF NOT EXISTS twinseal.moved (
    register text COLLATE "C" PRIMARY KEY,
    place text NOT NULL
);

-- Removes the texts of redacted entries, and can do nothing else. Returns how many there were. The bytes leave the disk
-- by VACUUM, and old WAL and backups when they are thrown away.
CREATE OR REPLACE FUNCTION twinseal.redact(register text, seqs bigint[]) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    WITH redacted AS (
        UPDATE twinseal.entry SET text = NULL
        WHERE entry.register = $1 AND entry.seq = ANY ($2) AND entry.text IS NOT NULL
        RETURNING entry.seq
    )
    SELECT count(*) FROM redacted
$$;
REVOKE ALL ON FUNCTION twinseal.redact(text, bigint[]) FROM PUBLIC;

REVOKE ALL ON SCHEMA twinseal FROM PUBLIC;
REVOKE ALL ON twinseal.entry, twinseal.moved FROM PUBLIC;
GRANT USAGE ON SCHEMA twinseal TO twinseal_writer, twinseal_reader;
GRANT SELECT, INSERT ON twinseal.entry TO twinseal_writer;
GRANT SELECT ON twinseal.moved TO twinseal_writer;
GRANT SELECT ON twinseal.entry, twinseal.moved TO twinseal_reader;
GRANT INSERT ON twinseal.moved TO twinseal_admin;
GRANT EXECUTE ON FUNCTION twinseal.redact(text, bigint[]) TO twinseal_admin;

-- Tables for SQL and BI tools, derived from the log: `twinseal register project` fills them. twinseal decides nothing by
-- them, and `twinseal verify` compares them with the log. `projected` says up to which entry they are filled.
CREATE TABLE IF NOT EXISTS twinseal_tables.projected (
    register text COLLATE "C" PRIMARY KEY,
    seq bigint NOT NULL,
    leaf text COLLATE "C" NOT NULL CHECK (octet_length(leaf) <= 64),
    time timestamptz NOT NULL
);
-- [the tables]
REVOKE ALL ON SCHEMA twinseal_tables FROM PUBLIC;
GRANT USAGE ON SCHEMA twinseal_tables TO twinseal_writer, twinseal_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA twinseal_tables TO twinseal_writer, twinseal_reader;
GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA twinseal_tables TO twinseal_projector;

RESET ROLE;
DO $$
BEGIN
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('REVOKE twinseal_owner FROM %I', current_user);
    END IF;
END
$$;
COMMIT;
