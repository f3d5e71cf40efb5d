#!/bin/sh
# Makes a standby: copies the primary into an empty data directory, from which a server then follows it. Run it as the
# account postgres on the host of the standby, with PostgreSQL of the same major version, while no server uses the
# directory. The password of the role replicator is read from ~/.pgpass.
#
#   sh standby.sh PRIMARY STANDBY DIRECTORY AUTHORITIES
#   sh standby.sh db1.example.com standby1 /var/lib/postgresql/17/main /etc/postgresql/ca.pem
#
# PRIMARY is HOST or HOST:PORT, by a name in its certificate. STANDBY is the name that synchronous_standby_names of the
# primary has, and the name of its slot. AUTHORITIES is the file that vouches for the certificate of the primary.
#
# A slot outlives its standby. Before a standby of that name is made again, drop the slot on the primary:
# psql -c "SELECT pg_drop_replication_slot('standby1')"

set -eu

if [ $# -ne 4 ]; then
    echo "usage: sh standby.sh PRIMARY STANDBY DIRECTORY AUTHORITIES" >&2
    exit 2
fi
host=${1%:*} port=5432 standby=$2 directory=$3
# The server of the standby reads it from its data directory.
authorities=$(realpath -- "$4")
case $1 in *:*) port=${1##*:} ;; esac
case $standby in
'' | *[!a-z0-9_]*)
    echo "a name of a standby has lower-case letters, digits and _: $standby" >&2
    exit 2
    ;;
esac
if [ -n "$(ls -A "$directory" 2>/dev/null)" ]; then
    echo "$directory is not empty: stop its server, and move it away" >&2
    exit 1
fi

primary="host=$host port=$port user=replicator sslmode=verify-full sslrootcert=$authorities"
pg_basebackup --no-password --dbname "$primary" --pgdata "$directory" --checkpoint fast --wal-method stream \
    --create-slot --slot "$standby" --write-recovery-conf

# The copy goes by another name, because it must not confirm what the primary commits meanwhile.
echo "cluster_name = '$standby'" >> "$directory/postgresql.auto.conf"

echo "copied; start the server of $directory, then look on the primary: psql -c 'TABLE pg_stat_replication'"
