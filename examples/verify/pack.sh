# An evidence pack: its files, its checkpoint, and the proofs. For verify.sh, which reads this file. $db is the folder.
# openssl hashes bytes to bytes here, and checks the signature of the checkpoint, which ssh-keygen cannot.

refuse() { printf 'pack: [%s] %s\nbroken: 1 finding\n' "$1" "$2"; exit 3; }
at_fault() { echo "$end $1 $2" >> result; }
end=9007199254740991
hash='[A-Za-z0-9+/]{43}='
number='0|[1-9][0-9]{0,15}'

# The manifest, the list of what is packed, and the text of the checkpoint.
read_pack() {
    [ -z "$(cd "$db" && find . ! -type f ! -type d -o -name "*$newline*")" ] ||
        refuse manifest 'a pack has files and folders, no links, and no name with a line end'
    (cd "$db" && find . -type f) | sed 's,^\./,,' | sort > names
    if grep -Evxq "manifest|pack|checkpoint|checkpoint\.tsr|since\.proof|index\.html|evidence/[0-9a-f]{64}|\
entries/[0-9]{12}\.(entry|text|data|proof)|changes/CHG-[1-9][0-9]{0,15}\.proof" names; then
        refuse manifest 'a file has a name that packs do not have'
    fi
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
}

# The entries, as step 1 of verify.sh takes them out of a register.
unpack() {
    sed -n 's,^entries/\([0-9]*\)\..*,\1,p' names | sort -u > numbers
    while read -r digits; do
        file=$db/entries/$digits.entry seq=$(echo "$digits" | sed 's/^0*\(.\)/\1/')
        [ -f "$file" ] || refuse entries "entry $seq is not packed, but something of it is"
        [ "$(wc -c < "$file")" -le 65535 ] || echo "$seq size the entry has more than 65535 bytes" >> bad
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

# At least one live key of the register signed the checkpoint, and no signature by one of its keys is wrong.
check_checkpoint() {
    sed '1,/^$/d' "$db/checkpoint" |
        awk -v begin="— $register " 'index($0, begin) == 1 { print substr($0, length(begin) + 1) }' > signatures
    sed -n 's/^key //p' result > enrolled
    signed=no
    while read -r state person public; do
        printf '%s' "$public" | openssl base64 -d -A | tail -c 32 > point
        id=$({ printf '%s\n\001' "$register"; cat point; } | sha256sum | cut -c 1-8)
        { printf '\060\052\060\005\006\003\053\145\160\003\041\000'; cat point; } > key.der
        while read -r signature; do
            printf '%s' "$signature" | openssl base64 -d -A > signature
            [ "$(head -c 4 signature | od -A n -t x1 | tr -d ' \n')" = "$id" ] || continue
            tail -c 64 signature > signature.64
            { [ "$(wc -c < signature | tr -d ' ')" = 68 ] &&
                openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in note -sigfile signature.64 \
                    > said 2>&1; } ||
                { at_fault checkpoint "the signature by a key of $person does not verify"; return; }
            [ "$state" != live ] || signed=yes
        done < signatures
    done < enrolled
    [ "$signed" = yes ] || at_fault checkpoint 'no live key of the register signed the checkpoint'
}

check_evidence() {
    grep '^evidence/' names | while read -r name; do
        digest=$(sha256sum < "$db/$name" | cut -c 1-64)
        [ "$name" = "evidence/$digest" ] || at_fault evidence "the file $name has another digest"
        grep -Eq "^\| (artifact|evidence) [^ ]+ $digest\$" apart || at_fault evidence "no packed entry names $name"
    done
}
