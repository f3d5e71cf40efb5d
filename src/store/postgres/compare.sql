-- What stands in the schema twinseal, one fact a row: its name, and how it is. Everybody may read these catalogs. Names
-- are joined and not cast to regclass, which fails for somebody without USAGE.
WITH ns AS (
    SELECT * FROM pg_namespace WHERE nspname = 'twinseal'
), rel AS (
    SELECT c.* FROM pg_class AS c JOIN ns ON c.relnamespace = ns.oid
), entry AS (
    SELECT * FROM rel WHERE relname IN ('entry', 'moved')
), fn AS (
    SELECT p.*, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS called
    FROM pg_proc AS p JOIN ns ON p.pronamespace = ns.oid
), ours AS (
    SELECT * FROM pg_roles
    WHERE rolname IN ('twinseal_owner', 'twinseal_writer', 'twinseal_reader', 'twinseal_admin', 'twinseal_projector')
), acl AS (
    SELECT 'schema twinseal' AS thing, nspowner AS owner, coalesce(nspacl, acldefault('n', nspowner)) AS items FROM ns
    UNION ALL
    SELECT 'table ' || relname, relowner, coalesce(relacl, acldefault('r', relowner)) FROM rel WHERE relkind <> 'i'
    UNION ALL
    SELECT 'column ' || attname, relowner, attacl FROM pg_attribute JOIN rel ON attrelid = rel.oid
    UNION ALL
    SELECT 'function ' || called, proowner, coalesce(proacl, acldefault('f', proowner)) FROM fn
)
SELECT 'schema twinseal', 'owner ' || pg_get_userbyid(nspowner) FROM ns
UNION ALL
SELECT 'role ' || rolname, concat_ws(', ', 'group', CASE WHEN rolcanlogin THEN 'login' END,
    CASE WHEN rolsuper THEN 'superuser' END, CASE WHEN rolbypassrls THEN 'bypassrls' END,
    CASE WHEN rolcreaterole THEN 'createrole' END, CASE WHEN rolcreatedb THEN 'createdb' END,
    CASE WHEN rolreplication THEN 'replication' END)
FROM ours
UNION ALL
-- Whoever is a member of the owner can change everything. Since PostgreSQL 16 who made a role is one without effect, and
-- two people can make the same membership.
SELECT DISTINCT 'membership of ' || pg_get_userbyid(member) || ' in ' || pg_get_userbyid(roleid), ''
FROM pg_auth_members AS m
WHERE (member IN (SELECT oid FROM ours) OR roleid IN (SELECT oid FROM ours WHERE rolname = 'twinseal_owner'))
    AND (coalesce(to_jsonb(m) ->> 'set_option', 'true') = 'true'
        OR coalesce(to_jsonb(m) ->> 'inherit_option', 'true') = 'true')
UNION ALL
SELECT coalesce(CASE relkind WHEN 'r' THEN 'table ' WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view '
    WHEN 'p' THEN 'partitioned table ' WHEN 'f' THEN 'foreign table ' WHEN 'i' THEN 'index '
    WHEN 'S' THEN 'sequence ' END, 'relation ') || relname,
    concat_ws(', ', 'owner ' || pg_get_userbyid(relowner), amname, CASE WHEN relpersistence <> 'p' THEN 'unlogged' END,
        CASE WHEN relrowsecurity OR relforcerowsecurity THEN 'row security' END,
        CASE WHEN relispartition THEN 'partition' END,
        CASE WHEN relkind = 'i' THEN pg_get_indexdef(rel.oid) END,
        CASE WHEN NOT (indisvalid AND indisready AND indislive) THEN 'invalid' END)
FROM rel LEFT JOIN pg_am ON pg_am.oid = relam LEFT JOIN pg_index ON indexrelid = rel.oid
-- REINDEX CONCURRENTLY makes the index of a primary key anew beside it, and uses one of them.
WHERE indisvalid IS NOT FALSE OR pg_get_indexdef(rel.oid) NOT IN (
    'CREATE UNIQUE INDEX ' || quote_ident(relname) || ' ON twinseal.entry USING btree (register, seq)',
    'CREATE UNIQUE INDEX ' || quote_ident(relname) || ' ON twinseal.moved USING btree (register)')
UNION ALL
SELECT 'column ' || CASE entry.relname WHEN 'entry' THEN '' ELSE entry.relname || '.' END || attname,
    concat_ws(', ', format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'not null' END,
    'collation ' || collname, 'default ' || pg_get_expr(adbin, adrelid), CASE WHEN attidentity <> '' THEN 'identity' END,
    CASE WHEN attgenerated <> '' THEN 'generated' END)
FROM pg_attribute JOIN entry ON attrelid = entry.oid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    LEFT JOIN pg_collation ON pg_collation.oid = attcollation
WHERE attnum > 0 AND NOT attisdropped
UNION ALL
-- Since PostgreSQL 18 NOT NULL is a constraint too; the columns tell it.
SELECT 'constraint ' || conname, pg_get_constraintdef(con.oid)
    || CASE WHEN conrelid <> entry.oid THEN ' of ' || conrelid::regclass::text ELSE '' END
FROM pg_constraint AS con JOIN entry ON entry.oid IN (conrelid, confrelid) WHERE contype <> 'n'
UNION ALL
SELECT 'trigger ' || tgname, concat_ws(', ', pg_get_triggerdef(t.oid), CASE tgenabled WHEN 'O' THEN NULL
    WHEN 'D' THEN 'disabled' ELSE 'replica' END)
FROM pg_trigger AS t JOIN entry ON tgrelid = entry.oid WHERE NOT tgisinternal OR tgconstraint = 0
UNION ALL
SELECT 'rule ' || rulename, pg_get_ruledef(r.oid) FROM pg_rewrite AS r JOIN entry ON ev_class = entry.oid
UNION ALL
SELECT 'policy ' || polname, '' FROM pg_policy JOIN entry ON polrelid = entry.oid
UNION ALL
SELECT 'inheritance of ' || inhrelid::regclass::text || ' from ' || inhparent::regclass::text, ''
FROM pg_inherits JOIN entry ON entry.oid IN (inhrelid, inhparent)
UNION ALL
SELECT 'function ' || called, concat_ws(', ', 'owner ' || pg_get_userbyid(proowner), lanname,
    'returns ' || pg_get_function_result(fn.oid), CASE WHEN prosecdef THEN 'security definer' END,
    CASE WHEN proisstrict THEN 'strict' END,
    array_to_string(proconfig, ', '), prosrc)
FROM fn JOIN pg_language ON pg_language.oid = prolang
UNION ALL
SELECT concat_ws(' ', 'right of', CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END, 'to',
    privilege_type, 'on', thing), CASE WHEN is_grantable THEN 'with grant option' ELSE '' END
FROM acl, aclexplode(items) WHERE grantee <> owner
