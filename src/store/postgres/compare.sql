-- What stands in the schema twinseal and on its tables, one thing a row: its name, how it is, and who else has access to
-- it. Everybody may read these catalogs. Each command asks this in a new connection, where a catalog costs more to open
-- than to read: whatever belongs to the schema or to a table is found by its dependency, and only what is there is opened.
WITH ours AS (
    SELECT oid, relname, relowner FROM pg_class
    WHERE relnamespace = to_regnamespace('twinseal') AND relname IN ('entry', 'moved')
), thing AS (
    SELECT classid, objid FROM pg_depend, pg_identify_object(classid, objid, 0)
    WHERE refclassid = 'pg_namespace'::regclass AND refobjid = to_regnamespace('twinseal') AND deptype = 'n'
        -- An expression elsewhere that names the schema depends on it too.
        AND (schema = 'twinseal' OR type = 'extension')
    UNION
    -- Whatever depends on a table without being a part of it only names or reads it, but for heirs and foreign keys.
    SELECT classid, objid FROM pg_depend
    WHERE refclassid = 'pg_class'::regclass AND refobjid = ANY (ARRAY(SELECT oid FROM ours))
        AND CASE deptype
            WHEN 'a' THEN classid IN ('pg_class'::regclass, 'pg_constraint'::regclass, 'pg_trigger'::regclass,
                'pg_rewrite'::regclass, 'pg_policy'::regclass)
            WHEN 'n' THEN CASE classid
                WHEN 'pg_class'::regclass THEN (SELECT relkind IN ('r', 'f') FROM pg_class WHERE oid = objid)
                WHEN 'pg_constraint'::regclass THEN (SELECT confrelid = refobjid FROM pg_constraint WHERE oid = objid)
            END
        END
        -- REINDEX CONCURRENTLY makes the index of the primary key anew, and takes neither into use while it does.
        AND NOT (classid = 'pg_class'::regclass AND EXISTS (
            SELECT FROM pg_index AS it JOIN pg_index AS own USING (indrelid)
            WHERE it.indexrelid = objid AND NOT it.indisvalid AND it.indexprs IS NULL AND it.indpred IS NULL
                AND own.indisprimary AND (it.indkey, it.indclass, it.indcollation)
                    = (own.indkey, own.indclass, own.indcollation)))
), fact AS (
    SELECT 'schema twinseal' AS name, 'owner ' || pg_get_userbyid(nspowner) AS how, nspowner AS owner,
        coalesce(nspacl, acldefault('n', nspowner)) AS rights
    FROM pg_namespace WHERE nspname = 'twinseal'
    UNION ALL
    SELECT 'column ' || relname || '.' || attname, concat_ws(', ', format_type(atttypid, atttypmod),
            CASE WHEN attnotnull THEN 'not null' END, 'collation ' || nullif(attcollation, 0)::regcollation::text,
            CASE WHEN atthasdef THEN 'default' END, CASE WHEN attidentity <> '' THEN 'identity' END,
            CASE WHEN attgenerated <> '' THEN 'generated' END, CASE WHEN attinhcount > 0 THEN 'inherited' END),
        relowner, attacl
    FROM pg_attribute JOIN ours ON attrelid = ours.oid
    WHERE NOT attisdropped AND (attnum > 0 OR attacl IS NOT NULL)
    UNION ALL
    SELECT type || ' ' || identity, CASE classid
            WHEN 'pg_class'::regclass THEN (
                SELECT concat_ws(', ', 'owner ' || pg_get_userbyid(relowner), CASE WHEN relkind = 'p' THEN 'partitioned' END,
                    CASE WHEN relkind = 'r' AND relam <> 2 THEN 'access method ' || relam END,
                    CASE WHEN relpersistence <> 'p' THEN 'unlogged' END,
                    CASE WHEN relrowsecurity OR relforcerowsecurity THEN 'row security' END,
                    CASE WHEN relkind = 'r' AND EXISTS (
                        SELECT FROM pg_depend AS parent WHERE parent.classid = 'pg_class'::regclass
                            AND parent.objid = pg_class.oid AND parent.refclassid = 'pg_class'::regclass
                    ) THEN 'inherits' END)
                FROM pg_class WHERE oid = objid)
            WHEN 'pg_proc'::regclass THEN (
                SELECT concat_ws(', ', 'owner ' || pg_get_userbyid(proowner),
                    CASE WHEN prokind <> 'a' THEN pg_get_functiondef(oid) END)
                FROM pg_proc WHERE oid = objid)
            WHEN 'pg_trigger'::regclass THEN (
                SELECT concat_ws(', ', pg_get_triggerdef(oid), CASE tgenabled WHEN 'O' THEN NULL
                    WHEN 'D' THEN 'disabled' ELSE 'replica' END)
                FROM pg_trigger WHERE oid = objid)
            WHEN 'pg_constraint'::regclass THEN pg_get_constraintdef(objid) END,
        CASE classid WHEN 'pg_class'::regclass THEN (SELECT relowner FROM pg_class WHERE oid = objid)
            WHEN 'pg_proc'::regclass THEN (SELECT proowner FROM pg_proc WHERE oid = objid) END,
        CASE classid WHEN 'pg_class'::regclass THEN (
                SELECT coalesce(relacl, acldefault('r', relowner)) FROM pg_class WHERE oid = objid AND relkind <> 'i')
            WHEN 'pg_proc'::regclass THEN (
                SELECT coalesce(proacl, acldefault('f', proowner)) FROM pg_proc WHERE oid = objid) END
    FROM thing, pg_identify_object(classid, objid, 0)
)
SELECT name, how, array_to_string(ARRAY(
    SELECT concat_ws(' ', CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee)::text END, privilege_type,
        CASE WHEN is_grantable THEN 'with grant option' END) COLLATE "C"
    FROM aclexplode(rights) WHERE grantee <> owner ORDER BY 1), ', ')
-- Since PostgreSQL 18 NOT NULL is a constraint too; the columns tell it.
FROM fact WHERE how IS NULL OR how NOT LIKE 'NOT NULL %'
UNION ALL
SELECT 'role ' || rolname, concat_ws(', ', 'group', CASE WHEN rolcanlogin THEN 'login' END,
    CASE WHEN rolsuper THEN 'superuser' END, CASE WHEN rolbypassrls THEN 'bypassrls' END,
    CASE WHEN rolcreaterole THEN 'createrole' END, CASE WHEN rolcreatedb THEN 'createdb' END,
    CASE WHEN rolreplication THEN 'replication' END), ''
FROM pg_roles
WHERE rolname IN ('twinseal_owner', 'twinseal_writer', 'twinseal_reader', 'twinseal_admin', 'twinseal_projector')
UNION ALL
-- Whoever is a member of the owner can change everything. Since PostgreSQL 16 who made a role is one without effect, and
-- two people can make the same membership.
SELECT DISTINCT 'membership of ' || pg_get_userbyid(member) || ' in ' || pg_get_userbyid(roleid), '', ''
FROM pg_auth_members AS m
WHERE (pg_get_userbyid(roleid) = 'twinseal_owner'
        OR pg_get_userbyid(member) IN ('twinseal_owner', 'twinseal_writer', 'twinseal_reader', 'twinseal_admin',
            'twinseal_projector'))
    AND (coalesce(to_jsonb(m) ->> 'set_option', 'true') = 'true'
        OR coalesce(to_jsonb(m) ->> 'inherit_option', 'true') = 'true')
