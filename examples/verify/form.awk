# Takes entries apart: the form of the body, and the encoding of each signature, which has exactly one. For verify.sh.
# Prints each entry with its lines, what is bad about it, and the signatures that ssh-keygen is to check.
BEGIN {
    while ((getline pair < "keys") > 0) { split(pair, part, " "); public[part[1]] = part[2] }
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for (power[0] = i = 1; i <= 18; i++) power[i] = 2 * power[i - 1]
    for (i = 0; i < 64; i++) digit[substr(alphabet, i + 1, 1)] = i
    split("0 1 2 3 4 5 6 7 8 9 a b c d e f", hexdigit, " ")
    split("register.init register.seal person.enrol person.roles person.retire person.key key.lift policy.set" \
        " text.redact register.restored freeze.set freeze.lift calendar.set service.set template.set template.end" \
        " freeze.now freeze.end proposal.second" \
        " proposal.decline proposal.withdraw proposal.refused key.revoke key.suspend person.suspend change.file" \
        " change.revise change.withdraw change.approve approval.submit change.reject change.retract change.start" \
        " change.finish change.confirm change.review change.action change.close change.note change.refused" \
        " breakglass.open breakglass.enter breakglass.close breakglass.ratify deviation.record deviation.review" \
        " log.checkpoint log.sample log.reconciliation", list, " ")
    for (i in list) kinds[list[i]] = 1
    # How values are spelled on which the rules depend.
    for (i = 1; i <= 64; i++) digest = digest "[0-9a-f]"
    for (i = 1; i <= 15; i++) number = number "[0-9]?"
    number = "(0|[1-9]" number ")"
    spelled["register"] = "^register [a-z][a-z0-9._-]*#" substr(digest, 1, 32 * 8) "$"
    spelled["change"] = "^change CHG-" number "$"; spelled["breakglass"] = "^breakglass BG-" number "$"
    spelled["deviation"] = "^deviation DEV-" number "$"
    spelled["size"] = "^size " number "$"; spelled["root"] = "^root " digest "$"
    spelled["of"] = "^of " number "$"; spelled["input"] = "^input " digest "$"
    spelled["changes"] = "^changes " number " " digest "$"
    spelled["breakglasses"] = "^breakglasses " number " " digest "$"
    split("owner implementer member person operator approver", names, " ")
    for (i in names) spelled[names[i]] = "^[a-z]+ [a-z][a-z0-9._-]*$"
    spelled["author"] = "^author (external )?[a-z][a-z0-9._-]*$"
    spelled["role"] = "^role (admin|engineer|approver|auditor)( [^ ]+ [^ ]+)?$"
    spelled["approvals"] = "^approvals [2-9]$"
    spelled["approval-days"] = "^approval-days [1-9][0-9]*$"
    spelled["public-key"] = "^public-key (ssh-ed25519|sk-ssh-ed25519@openssh\\.com) [A-Za-z0-9+/]*=?=?$"
    # The algorithms with their lengths: of a plain key, and of a key in a FIDO token.
    plain = "0000000b7373682d65643235353139"
    fido = "0000001a736b2d7373682d65643235353139406f70656e7373682e636f6d"
    spelled["proposal"] = "^proposal [1-9][0-9]*( [0-9a-f]*)?$"
    spelled["template"] = "^template [a-z][a-z0-9._-]*( " digest ")?$"
    spelled["value"] = "^value [a-z][a-z0-9._-]* [A-Za-z0-9._:/][A-Za-z0-9._:/-]*$"
    spelled["window"] = "^window [^ ]*Z [^ ]*Z [^ ]+$"
    spelled["redact"] = "^redact (0|[1-9][0-9]*) [0-9a-f]*$"
    moment = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]Z$"
    spelled["approved"] = "^approved " moment
    spelled["not-after"] = "^not-after " moment
    zeros = sprintf("%064d", 0)
    # 2^255 - 19, and the order of the group.
    field = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed"
    order = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed"
    # The y coordinates of the points of small order.
    small = " " zeros " " substr(zeros, 2) "1 " substr(field, 1, 62) "ec" \
        " 7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd83d3d706a17c7" \
        " 05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826 "
}
FNR == 1 { finish(); file = FILENAME; lines = gap = 0 }
{ line[++lines] = $0; if ($0 == "" && lines > 1 && !gap) gap = lines }
END { finish() }
function hex(base64,   out, i, bits, held, value) {
    # Six bits a character; eight bits a byte, written as two digits.
    for (i = 1; i <= length(base64) && substr(base64, i, 1) != "="; i++) {
        value = value * 64 + digit[substr(base64, i, 1)]; bits += 6
        if (bits >= 8) {
            bits -= 8; held = int(value / power[bits]); value -= held * power[bits]
            out = out hexdigit[int(held / 16) + 1] hexdigit[held % 16 + 1]
        }
    }
    # The last bits stand for nothing, and are zero; "=" fills up to four characters.
    return value == 0 && length(base64) % 4 == 0 && base64 !~ /===|=[^=]/ ? out : "malformed"
}
function base64_of(digits,   out, i, j, bits) {
    # Three bytes at a time; "=" stands for those that are missing at the end.
    for (i = 1; i <= length(digits); i += 6) {
        bits = 0
        for (j = i; j < i + 6; j++) bits = bits * 16 + value_of(substr(digits, j, 1))
        for (j = 18; j >= 0; j -= 6) out = out substr(alphabet, int(bits / power[j]) % 64 + 1, 1)
    }
    i = (6 - length(digits) % 6) % 6 / 2
    return substr(out, 1, length(out) - i) substr("==", 1, i)
}
function of_text(text,   out, i) {
    for (i = 1; i <= length(text); i++) out = out code(substr(text, i, 1))
    return out
}
function code(c,   at) {
    at = index("-./0123456789", c) ? index("-./0123456789", c) + 44 : index("abcdefghijklmnopqrstuvwxyz", c) + 96
    return hexdigit[int(at / 16) + 1] hexdigit[at % 16 + 1]
}
function value_of(hexdigits,   i, out) {
    for (i = 1; i <= length(hexdigits); i++) out = out * 16 + index("0123456789abcdef", substr(hexdigits, i, 1)) - 1
    return out
}
function point_of(wire,   at, rest) {
    # The point of a public key; empty unless that is in the one wire format of its parts.
    at = length(index(wire, fido) == 1 ? fido : plain); rest = substr(wire, at + 73)
    if (substr(wire, at + 1, 8) != "00000020" || length(wire) < at + 72) return ""
    if (index(wire, plain) == 1) return rest == "" ? substr(wire, at + 9, 64) : ""
    if (index(wire, fido) != 1 || rest !~ /^000000[0-2][0-9a-f]7373683a([2-7][0-9a-f])*$/ || rest ~ /^........(..)*(20|7f)/)
        return ""
    return value_of(substr(rest, 1, 8)) <= 32 && length(rest) == 8 + 2 * value_of(substr(rest, 1, 8)) ? \
        substr(wire, at + 9, 64) : ""
}
function reversed(digits,   out, i) {
    for (i = length(digits) - 1; i > 0; i -= 2) out = out substr(digits, i, 2)
    return out
}
function unsafe(point,   y, top) {
    # The top bit is the sign of x.
    y = reversed(point); top = index("89abcdef", substr(y, 1, 1))
    if (top) y = (top - 1) substr(y, 2)
    return y >= field || index(small, " " y " ")
}
function bad(rule, words) { if (!faulty) print "bad " seq " " rule " " words; faulty = 1 }
function check(base64, namespace, public, message, rule,   blob, begin, name, wire, token) {
    # SSHSIG, version 1, the key, the namespace, nothing reserved, sha512, and an Ed25519 signature: docs/format.md.
    # A FIDO token adds its flags and its counter.
    blob = hex(base64)
    if (blob == "malformed") { bad("signature", "the signature is not base64 in its one spelling"); return }
    if (public == "" && rule == "signature") {
        # No entry enrols this key. Whether it is the one that the key line names, ssh-keygen says.
        wire = substr(blob, 29, substr(blob, 21, 6) == "000000" ? 2 * value_of(substr(blob, 27, 2)) : 0)
        if (point_of(wire) != "") public = base64_of(wire)
        if (public != "") print "stranger " seq " " key " " algorithm(wire) " " public
    }
    wire = hex(public); token = index(wire, fido) == 1
    begin = "535348534947" "00000001" sprintf("%08x", length(wire) / 2) wire sprintf("%08x", length(namespace)) \
        of_text(namespace) "00000000" "00000006" "736861353132" (token ? "00000067" fido : "00000053" plain) "00000040"
    if (public == "" || substr(blob, 1, length(begin)) != begin || length(blob) != length(begin) + (token ? 138 : 128))
        bad(rule, "the signature is not by that key, or not in the one encoding of an SSHSIG blob")
    else if (reversed(substr(blob, length(begin) + 65, 64)) >= order || unsafe(substr(blob, length(begin) + 1, 64)))
        bad(rule, "the signature is not strictly valid")
    else {
        name = sprintf("sign/%012d.%d", seq, ++checks)
        printf "%s", message > name; close(name)
        printf "-----BEGIN SSH SIGNATURE-----\n%s\n-----END SSH SIGNATURE-----\n", base64 > (name ".sig")
        close(name ".sig")
        print "check " seq " " rule " " name " " namespace
        # UP is the lowest of the flags. A signature that does not verify is found before.
        if (token && value_of(substr(blob, length(begin) + 129, 2)) % 2 == 0)
            print "untouched " seq " " rule " the FIDO token was not touched"
    }
}
function algorithm(wire) { return index(wire, fido) == 1 ? "sk-ssh-ed25519@openssh.com" : "ssh-ed25519" }
function joined(from, to, skip,   out, i) {
    for (i = from; i <= to; i++) if (!skip || line[i] !~ skip) out = out line[i] "\n"
    return out
}
function header(   want, i, part, n, named, stream, wire, point) {
    n = split(line[1], part, "/"); kind = part[2]
    if (n != 3 || part[1] != "twinseal" || part[3] != "v1" || !(kind in kinds)) {
        bad("kind", "the first line names no kind of entry of format 1"); return
    }
    stream = kind ~ /^(change|approval|breakglass|deviation)\./
    n = split("register seq prev governance " (stream ? "last " : "") "time actor key", want, " ")
    for (i = 1; i <= n; i++) {
        split(line[i + 1], part, " "); named[want[i]] = part[2]
        if (line[i + 1] != want[i] " " part[2]) { bad("grammar", "there is no line " want[i] " in its place"); return }
        if (want[i] ~ /^(prev|governance|last)$/ && (length(part[2]) != 64 || part[2] ~ /[^0-9a-f]/))
            bad("grammar", want[i] " is no digest")
    }
    first = n + 2; key = named["key"]
    if (named["time"] !~ /^[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+Z$/ || length(named["time"]) != 20)
        bad("grammar", "time is malformed")
    if (line[2] !~ spelled["register"] || length(line[2]) > 74) bad("grammar", "register is malformed")
    if (key !~ /^SHA256:[A-Za-z0-9+\/]+$/ || length(key) != 50) bad("grammar", "key is no fingerprint")
    if (named["seq"] !~ /^(0|[1-9][0-9]*)$/) bad("grammar", "seq is no number")
    if (named["actor"] !~ /^[a-z][a-z0-9._-]*$/) bad("grammar", "actor is no person")
    for (i = first; i < gap; i++) {
        split(line[i], part, " ")
        if (line[i] !~ /^[a-z-]+ ./ || part[1] == "last")
            bad("grammar", "a line has no key, no value, or no place here")
        if (index(" change breakglass deviation revision proposal owner target window approvals data text ", " " part[1] " ") &&
            seen[part[1]]++)
            bad("grammar", "there are two " part[1] " lines")
        if (part[1] == "format" && line[i] != "format 1") bad("newer", "the register needs newer scripts")
        if (part[1] in spelled && line[i] !~ spelled[part[1]]) bad("grammar", "the line " part[1] " is malformed")
        if (part[1] == "public-key") {
            wire = hex(part[3]); point = point_of(wire)
            if (point == "" || unsafe(point) || part[2] != algorithm(wire))
                bad("grammar", "a public key is malformed or weak")
            else print "point " part[3] " " point
        }
    }
    if (kind == "log.checkpoint" && keys_of_lines() != "size root changes breakglasses " ||
        kind == "log.sample" && keys_of_lines() !~ /^size root period (input )?seed of (drawn )*$/ ||
        kind == "log.reconciliation" && keys_of_lines() !~ ("^size root period input outside matched differs " \
            "break-glass unauthorised not-deployed (filled text )?$"))
        bad("grammar", "these are not the lines of " kind)
}
function keys_of_lines(   i, part, keys) {
    for (i = first; i < gap; i++) { split(line[i], part, " "); keys = keys part[1] " "; of[part[1]] = part[2] }
    return keys
}
# A detached approval: every line of the statement is there once, in the order in which the approver signed them.
function statement(   keys) {
    keys = keys_of_lines()
    sub(/(data )?(filled text )?$/, "", keys)
    if (keys != "change revision fingerprint approver approver-key seen approved not-after proof ")
        bad("grammar", "these are not the lines of a statement and its proof")
    else if (of["not-after"] < of["approved"]) bad("grammar", "the statement ends before it was made")
    # A key that no entry enrols signs for nobody: see the rule own-key.
    else if (public[of["approver-key"]] != "")
        check(of["proof"], "twinseal/statement.approve/v1", public[of["approver-key"]],
            "twinseal/statement.approve/v1\n" line[2] "\n" joined(first, first + 7, ""), "proof")
}
function requests(   i, from, who, head, request, part, proven) {
    if (kind == "approval.submit") { statement(); return }
    head = line[2]; if (kind == "register.init") sub(/#.*/, "", head)
    for (i = first; i < gap; i++) {
        split(line[i], part, " ")
        if (part[1] == "member" || part[1] == "person") { who = part[2]; from = 0 }
        if (part[1] == (kind == "register.init" ? "asked" : "fingerprint")) from = i
        if (part[1] == "public-key") {
            proven = part[3]
            request = "twinseal/person.request/v1\n" head "\nperson " who "\n" joined(from, i, "")
        }
        if (part[1] == "proof" && kind != "breakglass.enter")
            check(part[2], "twinseal/person.request/v1", proven, request, "proof")
        if (part[1] == "vouch-key") proven = public[part[2]]
        # A key that no entry enrols vouches for nothing: see the rule vouch-own-key.
        if (part[1] == "vouch" && proven != "") check(part[2], "twinseal/person.vouch/v1", proven, request, "proof")
        if (part[1] == "opener-key") proven = public[part[2]]
        if (part[1] == "proof" && kind == "breakglass.enter")
            check(part[2], "twinseal/breakglass.word/v1", proven,
                "twinseal/breakglass.word/v1\n" joined(first + 1, gap - 1, "^(proof|filled) "), "proof")
    }
}
function finish(   i) {
    if (!lines) return
    # An awk may take a number that begins with 0 for an octal one.
    seq = substr(file, 6); sub(/^0+/, "", seq); seq += 0; faulty = checks = 0; split("", seen)
    if (gap != lines - 1 || line[lines] !~ /^sig [A-Za-z0-9+\/]+=*$/)
        bad("signature", "there is no empty line with one signature line after it")
    for (i = 1; i < gap; i++) if (line[i] ~ /[[:cntrl:]]/) bad("grammar", "the body has a control character")
    if (!faulty) header()
    if (!faulty) check(substr(line[lines], 5), line[1], public[key], joined(1, gap - 1, ""), "signature")
    if (!faulty) requests()
    print "entry " seq
    for (i = 1; i < (gap ? gap : lines); i++) print "| " line[i]
}
