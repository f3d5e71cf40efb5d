#!/usr/bin/env bash
# Compares `verify` by the static program of `.ci/package` with the program of `cargo build --release`, in pairs:
#
#     benches/static.sh                  100,000 entries of 20 people, in a temporary folder
#     STATIC=PATH benches/static.sh      another static program
#
# Prints the medians of the wall time, of the processor time and of the peak memory, and the median of the pairs' ratios.
# Needs GNU time.
set -euo pipefail
cd "$(dirname "$0")/.."
ENTRIES=${ENTRIES:-100000} RUNS=${RUNS:-9}
STATIC=${STATIC:-$PWD/target/package/build/$(uname -m)-unknown-linux-musl/release/twinseal}

[ -n "${DYNAMIC:-}" ] || cargo build --release --locked --bin twinseal --example bench
dynamic=${DYNAMIC:-$PWD/target/release/twinseal} bench=${BENCH:-$PWD/target/release/examples/bench}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$bench" generate made 20 "$ENTRIES"
fingerprint=$(grep -o '[0-9a-f]\{64\}' made/people/p0001/.config/twinseal/registers.toml)

# verify PROGRAM FILE: verifies the known register; adds its wall time, processor time and peak memory to the file.
verify() {
    local name=${1//\//_}
    [ -d "$name" ] || mkdir "$name"
    env -i PATH="$PATH" HOME="$work/$name" TWINSEAL_KEY="$work/made/people/p0004/key" env time -a -o "$2" -f '%e %U %S %M' \
        "$1" --register "made/$ENTRIES.db" --fingerprint "$fingerprint" verify > out 2>&1 || { cat out >&2; exit 1; }
}
verify "$STATIC" first
verify "$dynamic" first
for run in $(seq "$RUNS"); do
    if [ $((run % 2)) = 0 ]; then verify "$STATIC" static; fi
    verify "$dynamic" dynamic
    if [ $((run % 2)) = 1 ]; then verify "$STATIC" static; fi
done

median() { sort -n | awk '{ it[NR] = $1 } END { print (it[int((NR + 1) / 2)] + it[int((NR + 2) / 2)]) / 2 }'; }
echo '| `verify` of '"$ENTRIES"' known entries | static | dynamic | ratio |'
echo '|---|---|---|---|'
row() {
    local ratio
    ratio=$(paste <(awk "{ print $2 }" static) <(awk "{ print $2 }" dynamic) | awk '{ print $1 / $2 }' | median)
    printf '| %s | %.2f | %.2f | **%.2f** |\n' "$1" "$(awk "{ print $2 }" static | median)" \
        "$(awk "{ print $2 }" dynamic | median)" "$ratio"
}
row 'wall time, seconds' '$1'
row 'processor time, seconds' '$2 + $3'
row 'peak memory, MiB' '$4 / 1024'
