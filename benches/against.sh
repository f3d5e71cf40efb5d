#!/usr/bin/env bash
# Compares two programs that were built alike, such as an earlier commit and this one, on the same register in a file:
#
#     benches/against.sh OLD NEW [ENTRIES]
#
# OLD and NEW are paths of programs. BENCH is target/release/examples/bench unless it is given.
set -euo pipefail
cd "$(dirname "$0")/.."
old=$(realpath "$1") new=$(realpath "$2") ENTRIES=${3:-100000} RUNS=${RUNS:-21}
bench=${BENCH:-$PWD/target/release/examples/bench} program=$new
. benches/pairs.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export LC_ALL=C
"$bench" generate made 20 "$ENTRIES"
fingerprint=$(grep -o '[0-9a-f]\{64\}' made/people/p0001/.config/twinseal/registers.toml)
for name in old new; do
    cp "made/$ENTRIES.db" "$name.db"
    program=${!name}
    meet "home.$name" p0004 "$name.db"
done
# by NAME WORDS...: runs one of the two programs on its register.
by() { local program=${!1}; as "home.$1" p0004 "$1.db" "${@:2}"; }
asked() { by "$@" || [[ $? = 1 ]]; } # the gate is closed
note() { by "$1" note "CHG-$((10 + run))" 'Done as planned; latency and fills are as before.'; }
table_begins
for words in list 'show CHG-77' inbox 'gate CHG-77'; do
    pair "$RUNS" "\`${words% *}\` now; before" 1.05 "wall asked new $words" "wall asked old $words"
done
pair $((2 * RUNS)) '`note` now; before' 1.05 'wall note new' 'wall note old'
pair $((RUNS / 3)) "\`verify\` of $ENTRIES entries now; before" 1.05 'wall by new verify' 'wall by old verify'
echo
cat table
