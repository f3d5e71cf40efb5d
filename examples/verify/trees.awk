# A level of the trees whose roots the entries on the log itself state. For trees.sh.
# From the hashes and the entries that form.awk took apart it prints the leaves; from a level and its hashes, the level
# above. Each line is a node that differs from the one that an earlier checkpoint had in its place: the entry with the
# checkpoint, the tree, the place from 0, and the hash, or "=" and the number of the line in `nodes` that is hashed.
function decimal(digits) { sub(/^0+/, "", digits); return digits + 0 }
FILENAME == "hashes" { if (sub(/^leaf\//, "", $2)) leaf[decimal($2)] = $1; next }
FILENAME == "made" { sub(/^node\//, "", $2); made["=" $2] = $1; next }
FILENAME == "below" {
    if ($1 "" != checkpoint) { level(); checkpoint = $1 }
    node[$2, $3] = $4 in made ? made[$4] : $4
    above = $2 " " int($3 / 2)
    if (!(above in changed)) { changed[above] = 1; order[++changes] = above }
    next
}
/^entry / { add(); seq = $2 + 0; kind = subject = ""; next }
/^\| twinseal\// && kind == "" { kind = $2 }
/^\| (change|breakglass) / && subject == "" { subject = $3 }
END { if (changes) level(); if (FILENAME == "apart") add() }
function octal(hex,   out, i) {
    for (i = 1; i <= length(hex); i += 2) out = out spelled[substr(hex, i, 2)]
    return out
}
function made_of(bytes) { print ++nodes " " bytes > "nodes"; return "=" nodes }
# Adds an entry to the leaves. Its subject has the next number, or an earlier one: whatever else it is, rules.awk finds.
function add(   tree, number, i) {
    if (kind == "") return
    if (kind ~ /^twinseal\/log\./)
        for (; printed < size; printed++) print seq " log " printed + 0 " " leaf[printed + 0]
    if (kind == "twinseal/log.checkpoint/v1") {
        for (i = 1; i <= waiting; i++) {
            split(queue[i], part, " "); tree = part[1]; number = part[2]
            print seq " " tree " " number - 1 " " \
                made_of("\\000" (tree == "changes" ? "CHG-" : "BG-") number " " newest[tree, number] "\\012")
            delete queued[queue[i]]
        }
        waiting = 0
    }
    size = seq + 1
    tree = subject ~ /^CHG-/ ? "changes" : "breakglasses"; number = subject; sub(/^[A-Z]+-/, "", number); number += 0
    if (number < 1 || number > count[tree] + 1) return
    if (number > count[tree]) count[tree] = number
    newest[tree, number] = leaf[seq]
    if (!((tree " " number) in queued)) { queued[tree " " number] = 1; queue[++waiting] = tree " " number }
}
# The nodes above those that changed for a checkpoint. An odd last one goes up as it is.
function level(   i, left, right) {
    for (i = 1; i <= changes; i++) {
        split(order[i], part, " "); left = node[part[1], 2 * part[2]]
        if ((part[1], 2 * part[2] + 1) in node) {
            right = node[part[1], 2 * part[2] + 1]
            left = made_of("\\001" octal(left) octal(right))
        }
        print checkpoint " " order[i] " " left
    }
    changes = 0; split("", changed)
}
BEGIN {
    for (byte = 0; byte < 256; byte++) spelled[sprintf("%02x", byte)] = sprintf("\\%03o", byte)
}
