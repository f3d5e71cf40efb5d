#!/bin/sh
# Makes a database on a PostgreSQL server ready for registers, and gives people their roles. Run it as a superuser of
# the server: on the server itself as the account postgres, or from elsewhere with PGHOST, PGPORT and PGUSER. It needs
# psql and twinseal. A second run changes nothing, but a person who is named with another role gets that one instead. It
# gives up after ten seconds if a writer holds a table that it must alter: run it again.
#
#   sh prepare.sh DATABASE [ROLE:NAME]...
#   sh prepare.sh changes admin:alice admin:bob writer:erin reader:audrey standby:replicator
#
# reader reads and verifies, writer records, admin also redacts and moves registers, projector fills the tables for SQL
# and BI tools, standby copies the server (see standby.sh). Each NAME becomes a login role of the whole server, without a
# password. Set one, or use client certificates. While no synchronous standby is there, this does not wait for it:
#
#   PGOPTIONS='-c synchronous_commit=local' psql -c '\password alice'

set -eu

usage() {
    echo "$1; usage: sh prepare.sh DATABASE [reader|writer|admin|projector|standby:NAME]..." >&2
    exit 2
}

is_name() {
    case $1 in
    '' | [!a-z_]* | *[!a-z0-9_-]* | postgres | pg_* | twinseal_*) return 1 ;;
    esac
    [ ${#1} -le 63 ]
}

[ $# -ge 1 ] || usage "no database given"
database=$1
shift
is_name "$database" || usage "not the name of a database: $database"
for grant in "$@"; do
    case $grant in
    reader:* | writer:* | admin:* | projector:* | standby:*) is_name "${grant#*:}" || usage "not the name of a person: $grant" ;;
    *) usage "not ROLE:NAME: $grant" ;;
    esac
done

# A primary that waits for a standby would wait for ever for one that is not there yet.
export PGOPTIONS='-c synchronous_commit=local -c client_min_messages=error'
unset PGDATABASE

# Runs the SQL of standard input in a database.
run() {
    in=$1
    shift
    psql --no-psqlrc --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 --dbname "$in" "$@"
}

run postgres --set name="$database" <<'SQL'
SELECT format('CREATE DATABASE %I ENCODING ''UTF8'' LOCALE ''C'' TEMPLATE template0', :'name')
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name')
\gexec
SQL

statements=$(twinseal register grant-sql)
printf '%s\n' "$statements" | run "$database"

# Only those with a role for registers can connect, so that nobody else can hold up the queue.
run "$database" --set name="$database" <<'SQL'
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO twinseal_reader, twinseal_writer;
SQL

for grant in "$@"; do
    case $grant in
    standby:*)
        run "$database" --set name="${grant#*:}" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN', :'name') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name')
\gexec
ALTER ROLE :"name" REPLICATION;
SQL
        ;;
    *)
        run "$database" --set name="${grant#*:}" --set role="twinseal_${grant%%:*}" <<'SQL'
BEGIN;
SELECT format('CREATE ROLE %I LOGIN', :'name') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name')
\gexec
REVOKE twinseal_reader, twinseal_writer, twinseal_admin, twinseal_projector FROM :"name";
GRANT :"role" TO :"name";
COMMIT;
SQL
        ;;
    esac
    echo "$grant"
done
