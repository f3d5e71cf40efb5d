#!/usr/bin/env bash
# Measures whole processes against named baselines in the same run and prints the table of docs/speed.md:
#
#     benches/run.sh                     100,000 entries of 20 people, in a temporary folder
#     ENTRIES=1000000 benches/run.sh
#     PROGRAM=PATH benches/run.sh        another program, such as an earlier release
#
# Needs git, ssh-keygen, sqlite3, taskset and GNU time. benches/postgres.sh measures registers on a server.
set -euo pipefail
cd "$(dirname "$0")/.."
ENTRIES=${ENTRIES:-100000} PEOPLE=${PEOPLE:-20} RUNS=${RUNS:-9}

cargo build --release --locked --bin twinseal --example bench
program=${PROGRAM:-$PWD/target/release/twinseal} bench=$PWD/target/release/examples/bench
. benches/pairs.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export LC_ALL=C GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null

long=made/$ENTRIES.db longer=made/$((ENTRIES + 1000)).db
"$bench" generate made "$PEOPLE" 1000 2000 "$ENTRIES" $((ENTRIES + 1000))
"$bench" change > change.toml
fingerprint=$(grep -o '[0-9a-f]\{64\}' made/people/p0001/.config/twinseal/registers.toml)

peak() { env time -f %M -o peak "$@" > out 2> err && cat peak; }

table_begins

# Verification by an account that knows the register, and by one that opens it for the first time.
meet known p0004 "$long"
known() { as known p0004 "$long" verify; }
stranger() { rm -rf stranger && as stranger p0004 "$long" --fingerprint "$fingerprint" verify; }
on_one_core() { before='taskset -c 0' known; }
runs=$((ENTRIES > 200000 ? 3 : RUNS))
pair $runs "\`verify\` of $ENTRIES known entries; \`verify_strict\`, same threads" 1.2 'wall known' '$bench verify $long'
pair $runs "\`verify\` of $ENTRIES entries never seen; \`verify_strict\`, same threads" 1.2 'wall stranger' '$bench verify $long'
pair $runs "\`verify\` of $ENTRIES known entries on one core; on all" 2.0 'wall on_one_core' 'wall known'

before='env time -f %M -o verified' quiet known
verified=$(cat verified)
echo "| peak memory of \`verify\` | $((verified / 1024)) MiB | | | 150 MiB |" | tee -a table

# Catching up: the account has verified all but the newest 1,000 entries.
cp "$long" behind.db
meet behind p0004 behind.db
cp "$longer" behind.db
cp -r behind behind.kept
catch_up() { as behind p0004 behind.db list --limit 1; }
back() { rm -rf behind && cp -r behind.kept behind; }
pair "$RUNS" "catching up 1,000 entries; \`verify_strict\`, same threads" 1.5 'back; wall catch_up' '$bench tail $longer 1000'

# Alternatives: signed git commits, and ssh-keygen once per entry.
meet two p0004 made/2000.db
two() { as two p0004 made/2000.db verify; }
"$bench" export made/2000.db files 2000
keygen() {
    local n actor namespace
    while read -r n actor namespace; do
        ssh-keygen -q -Y verify -f files/allowed -I "$actor" -n "$namespace" -s "files/$n.sig" < "files/$n.body"
    done < files/list
}
git init -q repository
(
    cd repository
    echo "p0004 $(cut -d ' ' -f 1,2 ../made/people/p0004/key.pub)" > ../signers
    git config user.name p0004
    git config user.email p0004
    git config gpg.format ssh
    git config user.signingkey "$work/made/people/p0004/key"
    git config gpg.ssh.allowedSignersFile "$work/signers"
    for n in $(seq 2000); do git commit -q -S --allow-empty -m "entry $n"; done
)
commits() { git -C repository log --format=%G?; }
pair 3 '`git log --format=%G?` of 2,000 signed commits; `verify` of 2,000 entries' '500 or more' 'wall commits' 'wall two'
pair 3 '`ssh-keygen -Y verify` 2,000 times; `verify` of 2,000 entries' '100 or more' 'wall keygen' 'wall two'

# Decisions in a short register and in a long one. Each run decides a newly filed change.
for register in 1000 "$ENTRIES"; do
    cp "made/$register.db" "w$register.db"
    for person in p0004 p0005 p0006 p0007; do meet "$person.$register" $person "w$register.db"; done
    for run in $(seq "$RUNS"); do
        as "p0004.$register" p0004 "w$register.db" file change.toml --again >> "filed.$register" 2> err
    done
done
# approve PERSON REGISTER RUN
approve() {
    local change digest
    read -r change _ _ digest < <(sed -n "$3p" "filed.$2")
    as "$1.$2" "$1" "w$2.db" approve "$change" --revision "$digest"
}
start() { as "p0005.$1" p0005 "w$1.db" start "$(sed -n "$2p" "filed.$1" | cut -d ' ' -f 1)"; }
for run in $(seq "$RUNS"); do
    for register in 1000 "$ENTRIES"; do quiet approve p0006 "$register" "$run"; done
done
for person in p0005 p0007; do
    for register in 1000 "$ENTRIES"; do meet "$person.$register" $person "w$register.db"; done
done
pair "$RUNS" "\`approve\` in a register of $ENTRIES, head known; of 1,000" 1.2 \
    'wall approve p0007 $ENTRIES $run' 'wall approve p0007 1000 $run'
pair "$RUNS" "\`start\` in a register of $ENTRIES, head known; of 1,000" 1.2 \
    'meet p0005.$ENTRIES p0005 w$ENTRIES.db; wall start $ENTRIES $run' 'meet p0005.1000 p0005 w1000.db; wall start 1000 $run'

# The gate, among 300 open changes: those of the generator, and 260 more. The account met the register before.
for register in 1000 "$ENTRIES"; do
    for run in $(seq 260); do
        as "p0004.$register" p0004 "w$register.db" file change.toml --again >> "filed.$register" 2> err
    done
    for person in p0006 p0007; do quiet approve "$person" "$register" $((RUNS + 1)); done
    meet "p0005.$register" p0005 "w$register.db"
done
gate() { as "p0005.$1" p0005 "w$1.db" gate "$(sed -n "$((RUNS + 1))p" "filed.$1" | cut -d ' ' -f 1)"; }
pair $((3 * RUNS)) "\`gate\` among 300 open changes or more in a register of $ENTRIES, head known; of 1,000" 1.2 \
    'wall gate $ENTRIES' 'wall gate 1000'

# A checkpoint, beside a command that reads as little. p0001 is an admin.
meet "p0001.$ENTRIES" p0001 "w$ENTRIES.db"
checkpoint() { as "p0001.$ENTRIES" p0001 "w$ENTRIES.db" checkpoint; }
bare() { as "p0001.$ENTRIES" p0001 "w$ENTRIES.db" list --limit 1; }
pair "$RUNS" "\`checkpoint\` in a register of $ENTRIES, head known; \`list --limit 1\`" '50 ms more' 'wall checkpoint' 'wall bare'

# An evidence pack of one change, and its verification without the register.
quiet as "p0001.$ENTRIES" p0001 "w$ENTRIES.db" checkpoint --record
pack() { rm -rf pack && as "p0001.$ENTRIES" p0001 "w$ENTRIES.db" evidence pack CHG-1 --out pack; }
judge() { as nobody p0001 "w$ENTRIES.db" evidence verify pack --fingerprint "$fingerprint"; }
pair "$RUNS" "\`evidence pack\` of a change in a register of $ENTRIES; \`evidence verify\`" '' 'wall pack' 'wall judge'

# Services: a hundred, and ten thousand that depend on fifty thousand others. p0001 and p0002 are admins.
services() {
    awk -v n="$1" 'BEGIN {
        srand(7)
        print "id,owner,team,tier,environment,depends_on"
        for (i = 0; i < n; i++) {
            needs = ""
            split("", seen)
            for (k = 0; k < 5 && k < i; k++) {
                one = int(rand() * i)
                if (!(one in seen)) needs = needs (needs == "" ? "" : " ") "service-" one
                seen[one]
            }
            print "service-" i ",p0004,team," 1 + i % 4 ",prod," needs
        }
    }'
}
sed 's/^services = .*/services = ["service-99"]\nenvironments = ["prod"]/' change.toml > serviced.toml
for count in 100 10000; do
    cp "$long" "s$count.db"
    services "$count" > "services$count.csv"
    for person in p0001 p0002 p0004; do meet "$person.s$count" "$person" "s$count.db"; done
    opened=$(as "p0001.s$count" p0001 "s$count.db" service import "services$count.csv" 2> err)
    read -r _ proposal digest <<< "$opened"
    quiet as "p0002.s$count" p0002 "s$count.db" proposal second "$proposal" --digest "$digest"
    meet "p0004.s$count" p0004 "s$count.db"
done
file() { as "p0004.s$1" p0004 "s$1.db" file serviced.toml --again; }
# Nobody depends on the last one, so both show about as much.
impact() { as "p0004.s$1" p0004 "s$1.db" service impact "service-$(($1 - 1))" --depth 2; }
whole() { as "p0004.s$1" p0004 "s$1.db" verify; }
pair "$RUNS" '`file` among 10,000 services; among 100' 2 'wall file 10000' 'wall file 100'
pair "$RUNS" '`service impact --depth 2` among 10,000 services; among 100' 2 'wall impact 10000' 'wall impact 100'
pair 3 "\`verify\` of $ENTRIES entries with 10,000 services; with 100" 2 'wall whole 10000' 'wall whole 100'

# Recording, against a process that inserts the same bytes durably with the same settings.
sqlite3 plain.db 'PRAGMA journal_mode = WAL; CREATE TABLE entry (seq INTEGER PRIMARY KEY, blob BLOB NOT NULL, text BLOB) STRICT' > out
note() { as "p0004.$ENTRIES" p0004 "w$ENTRIES.db" note "CHG-$((10 + run))" "Done as planned; latency and fills are as before."; }
meet "p0004.$ENTRIES" p0004 "w$ENTRIES.db"
pair $((3 * RUNS)) '`note`; a process that inserts the same bytes durably' 1.5 'wall note' 'wall plain $bench insert plain.db w$ENTRIES.db'

# Many accounts recording at once, against one account. Each run starts with the same register, known to all accounts.
cp made/1000.db crowd.db
meet crowd.kept p0004 crowd.db
crowd() {
    local n
    rm -rf crowd.db* crowd.[0-9]*
    cp made/1000.db crowd.db
    for n in $(seq 0 $(($1 - 1))); do cp -r crowd.kept "crowd.$n"; done
    "$bench" crowd "$program" "$work/crowd.db" made "$work/crowd" "$1" 10 > crowd.seconds
}
# of_crowd N: prints the Nth of the seconds that the crowd printed.
of_crowd() { cut -d ' ' -f "$1" crowd.seconds; }
pair 3 'seconds for each entry: one person alone; 32 people at once' '0.7 or more' 'crowd 1; of_crowd 1' 'crowd 32; of_crowd 1'
pair 3 'the longest wait of 32 people at once; the median' 5 'crowd 32; of_crowd 3' 'of_crowd 2'

# Reading, against the sqlite3 shell with the same query on the same file.
changes=$(sqlite3 "$long" 'SELECT count(*) FROM changes')
newest='SELECT changes.id, state, risk, kind, owner, window_start, title FROM changes JOIN revisions
    ON revisions.change = changes.id AND revisions.number = changes.revision ORDER BY id DESC LIMIT 50'
one='SELECT * FROM revisions WHERE change = 77; SELECT * FROM revision_items WHERE change = 77;
    SELECT * FROM log_entries WHERE change = 77'
waiting="SELECT changes.id, state, risk, owner, window_start, window_end, title FROM changes JOIN revisions
    ON revisions.change = changes.id AND revisions.number = changes.revision
    WHERE state IN ('submitted', 'rejected', 'executing')"
shell() { plain sqlite3 -readonly "$long" "$1"; }
for words in 'list|the newest 50' 'show CHG-77|one' 'inbox|waiting'; do
    read -r -a verb <<< "${words%|*}"
    case ${verb[0]} in list) query=$newest ;; show) query=$one ;; *) query=$waiting ;; esac
    pair $((3 * RUNS)) "\`${verb[0]}\` among $changes changes; \`sqlite3\`" 1.2 'wall as known p0004 "$long" "${verb[@]}"' 'wall shell "$query"'
done

# Checkpoints, beyond a bare command. The account has verified all entries.
bare() { as known p0004 "$long" show CHG-1; }
pair $((3 * RUNS)) "\`checkpoint\` of $ENTRIES entries, head known; \`show\`" 'at most 50 ms more' \
    'wall as known p0004 "$long" checkpoint' 'wall bare'

# File size.
pages=$(sqlite3 "$long" "SELECT sum(pgsize) FROM dbstat WHERE name = 'entry'") bytes=$("$bench" bytes "$long")
row "the log in the file; the entries themselves" "$((pages / 1024)) KiB" "$((bytes / 1024)) KiB" \
    "$(awk -v a="$pages" -v b="$bytes" 'BEGIN { printf "%.2f", a / b }')" 1.5

echo
cat table
