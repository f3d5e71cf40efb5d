#!/usr/bin/env bash
# Measures a register on PostgreSQL beside the same register in a file, and beside bare clients of the same server, and prints
# the table of docs/speed.md:
#
#     benches/postgres.sh                     100,000 entries of 20 people; the cluster is in a temporary folder
#     ENTRIES=1000000 benches/postgres.sh
#     PROGRAM=PATH BENCH=PATH benches/postgres.sh
#
# Needs the programs of PostgreSQL. The cluster has the defaults of PostgreSQL, so each commit reaches the disk.
set -euo pipefail
cd "$(dirname "$0")/.."
ENTRIES=${ENTRIES:-100000} PEOPLE=${PEOPLE:-20} RUNS=${RUNS:-15}

if [[ -z ${PROGRAM:-} || -z ${BENCH:-} ]]; then cargo build --release --locked --bin twinseal --example bench; fi
program=${PROGRAM:-$PWD/target/release/twinseal} bench=${BENCH:-$PWD/target/release/examples/bench}
. benches/pairs.sh
work=$(mktemp -d)
bin=$(dirname "$(ls /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)")
# A server does not run as root.
if [[ $(id -u) = 0 ]]; then
    unprivileged=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    chmod 755 "$work"
else
    unprivileged=()
fi
pg() { (cd "$work/server" && "${unprivileged[@]}" "$bin/$1" "${@:2}"); }
trap 'pg pg_ctl -D "$work/server/data" -m immediate stop > /dev/null 2>&1; rm -rf "$work"' EXIT
mkdir "$work/server"
[[ $(id -u) != 0 ]] || chown postgres "$work/server"
cd "$work"
export LC_ALL=C
pg initdb -D data -U postgres -A trust -E UTF8 --locale=C > out
pg pg_ctl -D data -w -l log -o "-k '$work/server' -c listen_addresses= -c max_connections=200" start > out
socket=${work//\//%2F}%2Fserver
sql() { psql -qXAt -v ON_ERROR_STOP=1 -h "$work/server" -U postgres "$@"; }
# at NAME [ROLE]: the address of a database of this server.
at() { echo "postgres://${2:-noter}@$socket/$1"; }

generated=(1000)
[[ $ENTRIES = 1000 ]] || generated+=("$ENTRIES")
"$bench" generate made "$PEOPLE" "${generated[@]}"
"$bench" change > change.toml
fingerprint=$(grep -o '[0-9a-f]\{64\}' made/people/p0001/.config/twinseal/registers.toml)
for entries in "${generated[@]}"; do
    sql -c "CREATE DATABASE r$entries"
    "$program" register grant-sql | sql -d "r$entries"
    sql -d "r$entries" -c "DO \$\$ BEGIN IF to_regrole('noter') IS NULL THEN
        CREATE ROLE noter LOGIN IN ROLE twinseal_writer; CREATE ROLE mover LOGIN IN ROLE twinseal_admin; END IF; END \$\$"
    cp "made/$entries.db" "moved$entries.db"
    meet "mover$entries" p0001 "moved$entries.db"
    begun=$EPOCHREALTIME
    as "mover$entries" p0001 "moved$entries.db" register move "moved$entries.db" "$(at "r$entries" mover)" > out 2> err
    awk -v a="$begun" -v b="$EPOCHREALTIME" -v n="$entries" 'BEGIN { printf "moved %d entries in %.1f s\n", n, b - a }'
    sql -d "r$entries" -c 'VACUUM ANALYZE twinseal.entry' -c CHECKPOINT
done
long=$(at "r$ENTRIES") short=$(at r1000) file=$work/made/$ENTRIES.db
table_begins

# One entry: on an open connection, and by a command that connects for it.
sizes=$(sql -d "r$ENTRIES" -c 'SELECT length(blob), coalesce(length(text), 0) FROM twinseal.entry ORDER BY seq DESC LIMIT 1')
sql -d "r$ENTRIES" -c 'CREATE TABLE public.bare (seq bigserial PRIMARY KEY, blob bytea NOT NULL, text bytea);
    ALTER TABLE public.bare ALTER COLUMN blob SET STORAGE EXTERNAL; GRANT ALL ON public.bare, public.bare_seq_seq TO noter'
insert() { plain HOME="$work" "$bench" server insert "$long" ${sizes//|/ } "$1"; }
note() { wall as "noter.$1" p0004 "$(at "r$1")" note "CHG-$((10 + run))" 'Done as planned; latency and fills are as before.'; }
session() { plain HOME="$work/noter.$ENTRIES" TWINSEAL_KEY="$work/made/people/p0004/key" "$bench" server record "$long" "$1"; }
for register in "${generated[@]}"; do meet "noter.$register" p0004 "$(at "r$register")"; done
pair "$RUNS" 'recording a note, on an open connection; a client that inserts as many bytes durably' 1.5 'session 100' 'insert 100'
pair $((3 * RUNS)) '`note`, with connecting; such a client' '' 'note $ENTRIES' 'wall insert 1'

# Many at once.
cp -r "noter.$ENTRIES" crowd.kept
crowd() {
    local n
    rm -rf crowd.[0-9]*
    for n in $(seq 0 $(($1 - 1))); do cp -r crowd.kept "crowd.$n"; done
    "$bench" crowd "$program" "$long" made "$work/crowd" "$1" 10 > crowd.seconds
    cut -d ' ' -f 1 crowd.seconds
}
bare() { plain HOME="$work" "$bench" crowd-bare "$long" "$1" 10 ${sizes//|/ } | cut -d ' ' -f 1; }
pair 3 'seconds for each entry: 32 bare clients at once; 32 people at once' '0.8 or more' 'bare 32' 'crowd 32'
pair 3 'seconds for each entry: one person alone; 32 people at once' '' 'crowd 1' 'crowd 32'

# Verification.
meet known p0004 "$long"
meet in-file p0004 "$file"
runs=$((ENTRIES > 200000 ? 3 : RUNS / 3))
pair $runs "\`verify\` of $ENTRIES entries on the server; in a file" 1.2 \
    'wall as known p0004 "$long" verify' 'wall as in-file p0004 "$file" verify'
stranger() { rm -rf stranger && as stranger p0004 "$1" --fingerprint "$fingerprint" verify; }
pair $runs "the same by an account that never saw it" '' 'wall stranger "$long"' 'wall stranger "$file"'

# Small commands in a long register and in a short one, with answers of the same size: the inbox of an admin is empty.
asked() { as "noter.$1" p0004 "$(at "r$1")" "${@:2}"; }
answered() { asked "$@" || [[ $? = 1 ]]; } # the gate is closed
for words in list 'show CHG-77' 'inbox --as p0002' 'gate CHG-77'; do
    pair "$RUNS" "\`${words%% *}\` at $ENTRIES entries; at 1,000" 1.2 \
        "wall answered $ENTRIES $words" "wall answered 1000 $words"
done
items() { asked "$1" --json inbox | grep -o '"subject"' | wc -l; }
pair "$RUNS" "\`inbox\` with $(items "$ENTRIES") items; with $(items 1000)" '' \
    "wall asked $ENTRIES inbox" 'wall asked 1000 inbox'
pair "$RUNS" "\`note\` at $ENTRIES entries; at 1,000" 1.2 'note $ENTRIES' 'note 1000'

echo
cat table
sql -d "r$ENTRIES" -c "SELECT pg_size_pretty(pg_total_relation_size('twinseal.entry')), pg_size_pretty(sum(length(blob)
    + coalesce(length(text), 0) + coalesce(length(data), 0))) FROM twinseal.entry"
