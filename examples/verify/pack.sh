# An evidence pack: its files, its checkpoint, and the proofs. For verify.sh, which reads this file. $db is the folder.
# openssl hashes bytes to bytes here, and checks the signature of the checkpoint, which ssh-keygen cannot.

refuse() { printf 'pack: [%s] %s\nbroken: 1 finding\n' "$1" "$2"; exit 3; }
at_fault() { echo "$end $1 $2" >> result; }
end=9007199254740991
# Base64 in its one spelling: the last bits, which stand for nothing, are zero. A signature has at least five bytes: the
# id of a key, and what the key made.
digit='[A-Za-z0-9+/]' third='[AEIMQUYcgkosw048]'
hash="$digit{42}$third="
signature="($digit{4})+($digit{4}|$digit{2}$third=|$digit{5}[AQgw]==)"
# In hex: the characters of UTF-8; and those below U+0020 and white space, but for LF and space.
utf8=' [0-7].| (c[2-9a-f]|d.) [89ab].| e0 [ab]. [89ab].| (e[1-9abcef]) [89ab]. [89ab].| ed [89]. [89ab].|'\
' f0 [9ab]. [89ab]. [89ab].| f[123] [89ab]. [89ab]. [89ab].| f4 8. [89ab]. [89ab].'
unfit=' 0[0-9b-f]| 1.| c2 (85|a0)| e1 9a 80| e2 80 (8[0-9a]|a[89f])| e2 81 9f| e3 80 80'
# The points of small order, without and with the sign of x, in all their spellings.
small='^(0[01](00){30}[08]0|(e[cdef]|f.)(ff){30}[7f]f|c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03'\
'[7f]a|26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc[08]5)'
number='0|[1-9][0-9]{0,15}'

# Whether a file of the pack is larger than it can be, or the pack as a whole is.
too_large() {
    [ -n "$(cd "$db" && find . -type f \( -name '*.entry' -size +65535c -o -name '*.text' -size +65536c -o \
        -name '*.data' -size +4194304c -o -name '*.proof' -size +524288c -o -name 'checkpoint*' -size +524288c -o \
        -name manifest -size +134217728c -o -name pack -size +134217728c -o -size +268435456c \))" ] ||
        (cd "$db" && find . -type f -exec ls -dn {} +) |
            awk '{ sum += $5 } END { exit sum <= 1073741824 && NR <= 1000000 }'
}

# The manifest, the list of what is packed, and the text of the checkpoint.
read_pack() {
    [ -z "$(cd "$db" && find . ! -type f ! -type d -o -name "*$newline*")" ] ||
        refuse manifest 'a pack has files and folders, no links, and no name with a line end'
    ! (cd "$db" && find . -type d) | grep -Evxq '\.|\./(entries|changes|evidence)' ||
        refuse manifest 'a folder has a name that packs do not have'
    (cd "$db" && find . -type f) | sed 's,^\./,,' | sort > names
    if grep -Evxq "manifest|pack|checkpoint|checkpoint\.tsr|since\.proof|index\.html|evidence/[0-9a-f]{64}|\
entries/[0-9]{12}\.(entry|text|data|proof)|changes/CHG-[1-9][0-9]{0,15}\.proof" names; then
        refuse manifest 'a file has a name that packs do not have'
    fi
    ! too_large || refuse manifest 'a file is larger than it can be, or the pack is'
    while read -r name; do
        [ "$name" = manifest ] || echo "$(sha256sum < "$db/$name" | cut -c 1-64)  $name"
    done < names | cmp -s - "$db/manifest" || refuse manifest 'the manifest does not list these very files'
    register=$(sed -n 's/^register //p' "$db/pack") size=$(sed -n 's/^size //p' "$db/pack")
    recorded=$(sed -n 's/^recorded //p' "$db/pack")
    sed -n 's/^subject //p' "$db/pack" > subjects
    { fits '[a-z][a-z0-9._-]{0,31}#[0-9a-f]{32}' "$register" && fits "$number" "$size" && fits "$number" "$recorded" &&
        [ -s subjects ] && ! grep -Evxq 'CHG-[1-9][0-9]{0,15}' subjects; } || refuse pack 'the file pack is malformed'
    { printf 'twinseal/pack/v1\nregister %s\n' "$register"
      sort -t - -k 2n -u subjects | sed 's/^/subject /'
      printf 'size %s\nrecorded %s\n' "$size" "$recorded"; } |
        cmp -s - "$db/pack" || refuse pack 'the file pack is malformed, or its subjects are out of order'
    sed '/^$/,$d' "$db/checkpoint" > note
    printf '%s\n%s\n%s\n' "$register" "$size" "$(sed -n 3p note)" | cmp -s - note ||
        refuse checkpoint 'it is of another register, or another size'
    sed -n 3p note | grep -Eqx "$hash" || refuse checkpoint 'the root is malformed'
    sed -n 3p note | openssl base64 -d -A > note.root
    read_signatures || refuse checkpoint 'its signatures are malformed, or more than 100'
}

# A note as C2SP specifies it, in 256 KiB: below the text and an empty line, up to 100 lines with a name and base64.
read_signatures() {
    [ "$(wc -c < "$db/checkpoint")" -le 262144 ] && [ -z "$(tail -c 1 "$db/checkpoint")" ] || return 1
    sed '1,4d' "$db/checkpoint" > below
    { cat note; echo; cat below; } | cmp -s - "$db/checkpoint" && [ "$(wc -l < below)" -le 100 ] && [ -s below ] &&
        ! grep -Evxq "— [^ +]+ $signature" below || return 1
    od -A n -v -t x1 below | tr -d '\n' > below.hex
    grep -Eqx "($utf8)+" below.hex && ! grep -Eq "$unfit" below.hex
}

# The entries, as step 1 of verify.sh takes them out of a register.
unpack() {
    sed -n 's,^entries/\([0-9]*\)\..*,\1,p' names | sort -u > numbers
    while read -r digits; do
        file=$db/entries/$digits.entry seq=$(echo "$digits" | sed 's/^0*\(.\)/\1/')
        [ -f "$file" ] || refuse entries "entry $seq is not packed, but something of it is"
        [ -z "$(tail -c 1 "$file")" ] || echo "$seq signature the entry does not end with a line end" >> bad
        tr -d '\000' < "$file" | cmp -s - "$file" || echo "$seq grammar the entry has a zero byte" >> bad
        cp "$file" "blob/$digits"
        { printf '\000'; cat "$file"; } > "leaf/$digits"
        for part in text data; do
            [ ! -f "$db/entries/$digits.$part" ] || cp "$db/entries/$digits.$part" "$part/$digits"
        done
    done < numbers
}

# Follows the hashes in the file `proof` from the one in the file `root` upwards (RFC 9162, 2.1.3.2): INDEX SIZE.
climb() {
    index=$1 last=$(($2 - 1))
    [ "$index" -le "$last" ] || return 1
    while read -r sibling; do
        [ "$last" -gt 0 ] || return 1
        printf '%s' "$sibling" | openssl base64 -d -A > sibling
        if [ $((index % 2)) = 1 ] || [ "$index" = "$last" ]; then
            { printf '\001'; cat sibling root; } | openssl dgst -sha256 -binary > above
            while [ "$index" -gt 0 ] && [ $((index % 2)) = 0 ]; do index=$((index / 2)) last=$((last / 2)); done
        else
            { printf '\001'; cat root sibling; } | openssl dgst -sha256 -binary > above
        fi
        mv above root
        index=$((index / 2)) last=$((last / 2))
    done < proof
    [ "$last" = 0 ]
}

# That each entry is in the log of the checkpoint.
check_inclusion() {
    while read -r digits; do
        seq=$(echo "$digits" | sed 's/^0*\(.\)/\1/') file=$db/entries/$digits.proof
        [ -f "$file" ] || { echo "$seq inclusion there is no proof" >> bad; continue; }
        sed '1,2d; /^$/,$d' "$file" > proof
        { printf 'c2sp.org/tlog-proof@v1\nindex %s\n' "$seq"
          cat proof
          echo
          cat "$db/checkpoint"; } | cmp -s - "$file" ||
            { echo "$seq inclusion the proof is of another entry, or under another checkpoint" >> bad; continue; }
        openssl dgst -sha256 -binary "leaf/$digits" > root
        { ! grep -Evxq "$hash" proof && climb "$seq" "$size" && cmp -s root note.root; } ||
            echo "$seq inclusion the entry is not in the log of the checkpoint" >> bad
    done < numbers
}

# That the newest packed entry about each change is the newest there was. rules.awk wrote what the entries say.
check_changes() {
    count=$(sed -n 's/^changes \(.*\) .*/\1/p' result) root_of_changes=$(sed -n 's/^changes .* //p' result)
    fits "$number" "$count" || { at_fault entries 'no recorded checkpoint is packed'; return; }
    sed 's,.*,changes/&.proof,' subjects | sort > wanted
    grep '^changes/' names | cmp -s - wanted ||
        { at_fault change-proof 'the proofs are not those of the subjects'; return; }
    while read -r subject; do
        latest=$(awk -v subject="$subject" '$1 == "newest" && $2 == subject { print $3 }' result)
        file=$db/changes/$subject.proof shown=$(sed -n 's/^latest //p' "$db/changes/$subject.proof")
        sed -n 's/^hash //p' "$file" > proof
        { printf 'twinseal/change-proof/v1\nchange %s\nlatest %s\ncount %s\n' "$subject" "$shown" "$count"
          sed 's/^/hash /' proof; } | cmp -s - "$file" ||
            { at_fault change-proof 'the proof is of another change or tree'; continue; }
        printf '\000%s %s\n' "$subject" "$shown" | openssl dgst -sha256 -binary > root
        { ! grep -Evxq "$hash" proof && climb $((${subject#CHG-} - 1)) "$count" &&
            [ "$(od -A n -t x1 root | tr -d ' \n')" = "$root_of_changes" ]; } ||
            { at_fault change-proof "the proof about $subject does not lead to the root"; continue; }
        [ "$shown" = "$latest" ] || at_fault later-entry "a later entry about $subject is not packed"
    done < subjects
}

# Whether this key made the signature in the file `signature.64`. openssl itself accepts points of small order.
signed_by() {
    { printf '\060\052\060\005\006\003\053\145\160\003\041\000'
      printf '%s' "$1" | openssl base64 -d -A | tail -c 32; } > key.der
    ! od -A n -v -t x1 signature.64 | tr -d ' \n' | grep -Eq "$small" &&
        openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in note -sigfile signature.64 > said 2>&1
}

# At least one live key of the register signed the checkpoint, and no signature by one of its keys is wrong.
check_checkpoint() {
    awk -v begin="— $register " 'index($0, begin) == 1 { print substr($0, length(begin) + 1) }' below > signatures
    sed -n 's/^key //p' result | while read -r state person public; do
        printf '%s' "$public" | openssl base64 -d -A | tail -c 32 > point
        echo "$({ printf '%s\n\001' "$register"; cat point; } | sha256sum | cut -c 1-8) $state $public"
    done > enrolled
    signed=no
    while read -r encoded; do
        printf '%s' "$encoded" | openssl base64 -d -A > signature
        id=$(head -c 4 signature | od -A n -t x1 | tr -d ' \n') by=nobody
        tail -c 64 signature > signature.64
        # Two keys may have one id, if somebody made a key for that. Either may have signed.
        grep "^$id " enrolled > candidates || continue
        while read -r id state public; do
            { [ "$(wc -c < signature | tr -d ' ')" = 68 ] && signed_by "$public"; } || continue
            by=$state
            [ "$state" != live ] || signed=yes
        done < candidates
        [ "$by" != nobody ] || { at_fault checkpoint 'a signature by a key of the register does not verify'; return; }
    done < signatures
    [ "$signed" = yes ] || at_fault checkpoint 'no live key of the register signed the checkpoint'
}

# An attached file is what a packed revision names. What somebody found at a start is not what was approved.
check_evidence() {
    awk '/^entry / { kind = "" }
        /^\| / && kind == "" { kind = $2 }
        kind ~ /^twinseal\/change\.(file|revise)\/v1$/ && /^\| (artifact|evidence) / { print $NF }' apart > attached
    grep '^evidence/' names | while read -r name; do
        digest=$(sha256sum < "$db/$name" | cut -c 1-64)
        [ "$name" = "evidence/$digest" ] || at_fault evidence "the file $name has another digest"
        grep -Fqx "$digest" attached || at_fault evidence "no packed revision names $name"
    done
}
