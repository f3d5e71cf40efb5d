#!/bin/sh
# Checks a twinseal register, or an evidence pack, without twinseal: with sqlite3, sha256sum, ssh-keygen, awk and sed,
# and for a pack with openssl.
#
#     verify.sh prod.db [SEQ:LEAF ...]
#     verify.sh FOLDER [SEQ:LEAF ...]
#
# SEQ:LEAF is the number of an entry and its leaf hash, as you noted them before: 0 and the fingerprint of the register,
# or the head that an earlier run printed. The first line says whether a register or a pack was checked. A finding is one
# line: the entry, the rule in brackets, and what is wrong.
# docs/verify-without-twinseal.md says which rules are judged. Exit codes: 0 proven, 3 broken, 2 usage.
# ssh-keygen runs once for each signature: allow fifteen minutes for 100,000 entries.
set -u
LC_ALL=C; export LC_ALL
newline='
'
# A name can have characters that a terminal takes for commands, or that begin another line.
printable() { printf '%s' "$1" | tr '\000-\037\177' '?'; }
usage() { printf '%s\nusage: verify.sh REGISTER|FOLDER [SEQ:LEAF ...]\n' "$(printable "$1")" >&2; exit 2; }
# Whether a value is one line of this form. A value from the file passes here, through grep or through form.awk before it
# becomes a part of a program, a pattern, a path or a sum.
fits() {
    case $2 in *"$newline"*) return 1 ;; esac
    printf '%s\n' "$2" | grep -Eqx -e "$1"
}
counted() { if [ "$1" -eq 1 ]; then echo "1 $2"; else echo "$(($1)) $3"; fi; }
[ $# -ge 1 ] || usage 'name a register, or the folder of a pack'
[ -f "$1" ] || [ -d "$1" ] || usage "there is no file or folder $1"
given=$1
case $1 in /*) db=$1 ;; *) db=$PWD/$1 ;; esac
shift
for noted; do
    fits '(0|[1-9][0-9]{0,15}):[0-9a-f]{64}' "$noted" || usage "$noted is not a number, a colon and a leaf hash"
done
here=$(unset CDPATH && cd -- "$(dirname -- "$0")" && pwd) || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM
cd "$work" || exit 2
[ -d "$db" ] && pack=1 || pack=0
mkdir blob leaf text data sign
: > bad
for noted; do echo "$noted"; done | tr : ' ' > noted
# Some functions of sqlite3 run commands and write files. A schema that is not trusted cannot call them.
# (sqlite3 -safe would forbid writefile too, which takes the bytes out.)
sql() { sqlite3 -init /dev/null -batch -readonly "$db" "PRAGMA trusted_schema = OFF; $1"; }

# 1. Take the bytes out of the file. After this the database is not needed any more.
# What awk could not read as it is signed is found here: a zero byte, no LF at the end.
. "$here/pack.sh"
. "$here/trees.sh"
if [ $pack = 1 ]; then
    printf 'checking the pack %s\n' "$(printable "$given")"
    read_pack
    unpack
else
[ "$(head -c 2 "$db")" != PK ] || usage "$given is a zip: unpack it, and name the folder"
# A view, a virtual table or an index called so could show other rows than twinseal reads.
table='CREATE TABLE entry (
    seq  INTEGER PRIMARY KEY CHECK (seq >= 0),
    blob BLOB NOT NULL,  -- body, blank line, signature line: SHA-256 of 0x00 and these bytes is the leaf hash
    text BLOB,           -- the free text; the body holds its SHA-256
    data BLOB            -- bulk content that rules need, permanent; the body holds its SHA-256
) STRICT'
{ [ "$(sql "SELECT count(*) = 1 AND total(type = 'table' AND name = 'entry' AND rootpage > 0 AND sql = '$table') = 1
            FROM sqlite_schema WHERE lower(name) = 'entry' OR lower(tbl_name) = 'entry' AND type <> 'trigger'")" = 1 ] &&
    [ "$(sql "SELECT count(*) FROM pragma_index_list('entry')")" = 0 ]; } 2> /dev/null ||
    usage "$given is no register: it does not have the table entry that twinseal creates"
printf 'checking the register %s\n' "$(printable "$given")"
sql "SELECT writefile(printf('blob/%012d', seq), CAST(blob AS BLOB)),
            writefile(printf('leaf/%012d', seq), CAST(x'00' || CAST(blob AS BLOB) AS BLOB)) FROM entry;
     SELECT writefile(printf('text/%012d', seq), CAST(text AS BLOB)) FROM entry WHERE text IS NOT NULL;
     SELECT writefile(printf('data/%012d', seq), CAST(data AS BLOB)) FROM entry WHERE data IS NOT NULL;
    " > written 2>&1 || echo "$(find blob -type f | wc -l | tr -d ' ') file the file cannot be read to its end" >> bad
sql "WITH row(seq, blob) AS (SELECT seq, CAST(blob AS BLOB) FROM entry)
     SELECT seq || CASE WHEN length(blob) > 65535 THEN ' size the entry has more than 65535 bytes'
                        WHEN substr(blob, -1) IS NOT x'0a' THEN ' signature the entry does not end with a line end'
                        ELSE ' grammar the entry has a zero byte' END
     FROM row WHERE length(blob) > 65535 OR substr(blob, -1) IS NOT x'0a' OR instr(blob, x'00')" >> bad 2> /dev/null
fi
# awk sees no file without a line.
find blob -type f -size 0 | while read -r empty; do echo > "$empty"; done
find blob -type f | sort > rows
[ -s rows ] || { printf 'entry 0: [founding] the log is empty\nbroken: 1 finding in 0 entries\n'; exit 3; }
# What comes after a gap is not looked at.
awk -v pack="$pack" '
    !pack && substr($0, 6) != sprintf("%012d", NR - 1) {
        print NR - 1 " seq no entry has this number, but later ones do" >> "bad"
        exit
    }
    { print }' rows > entries
find leaf text data -type f -exec sha256sum {} + > hashes
# The fingerprint of every public key that any entry mentions.
xargs sed -n 's/^public-key //p' < entries |
    grep -Ex '(ssh-ed25519|sk-ssh-ed25519@openssh\.com) [A-Za-z0-9+/]{68,144}={0,2}' | sort -u > publics
: > keys
while read -r public; do
    echo "$public" > one.pub
    printf '%s %s\n' "$(ssh-keygen -lf one.pub 2> /dev/null | cut -d ' ' -f 2)" "${public#* }" >> keys
done < publics

# 2. Take each entry apart: the form of the body, and the encoding of each signature, which has exactly one.
xargs awk -v pack="$pack" -f "$here/form.awk" < entries > apart
sed -n 's/^bad //p' apart >> bad
sed -n 's/^stranger //p' apart > strangers
while read -r seq key public; do
    echo "$public" > one.pub
    [ "$(ssh-keygen -lf one.pub 2> /dev/null | cut -d ' ' -f 2)" = "$key" ] ||
        echo "$seq signature another key signed than the key line names" >> bad
done < strangers
sed -n 's/^check //p' apart > checks
while read -r seq rule name namespace; do
    ssh-keygen -Y check-novalidate -n "$namespace" -s "$name.sig" < "$name" > said 2>&1 ||
        echo "$seq $rule the signature does not verify" >> bad
done < checks
sed -n 's/^untouched //p' apart >> bad
sed -n 's/^point //p' apart | sort -u > points

if [ $pack = 1 ]; then check_inclusion; else find_roots; fi

# 3. The place of each entry in the log, and the rules about people, keys and approvals.
sort -n -k 1,1 -s bad > findings
if [ $pack = 1 ]; then
    awk -v pack=1 -v id="$register" -v subjects=" $(tr '\n' ' ' < subjects)" -v recorded="$recorded" \
        -f "$here/rules.awk" hashes findings noted apart > result
    if grep -q '^head ' result; then
        check_changes
        check_checkpoint
        check_evidence
    fi
else
    awk -f "$here/rules.awk" hashes findings noted apart > result
fi
sed -n 's/^start //p' result
sed '/^[a-z]/d' result | sort -n -k 1,1 -s |
    sed "s/^$end \\([a-z-]*\\) /pack: [\\1] /; s/^\\([0-9]*\\) \\([a-z-]*\\) /entry \\1: [\\2] /" > said
cat said
if [ -s said ]; then
    echo "broken: $(counted "$(wc -l < said)" finding findings) in $(counted "$(wc -l < entries)" entry entries)"
    exit 3
fi
grep -q '^head ' result || { echo 'broken: a tool failed'; exit 3; }
sed -n "s/^head /proven: $(counted "$(wc -l < entries)" entry entries); head /p" result
[ $pack = 0 ] ||
    echo "complete about $(paste -s -d , subjects | sed 's/,/, /g') up to entry $recorded, under a checkpoint of $size"
[ -s noted ] || [ $pack = 1 ] ||
    echo 'nothing outside the file shows that its end was not cut off: compare the head with one noted elsewhere'
exit 0
