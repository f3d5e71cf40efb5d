# The place of each entry in the log, and the rules about people, keys and approvals. For verify.sh.
# Reads the hashes, what is bad already, the remembered leaf hashes, and the entries that form.awk took apart.
# An awk may take a number that begins with 0 for an octal one.
function decimal(digits) { sub(/^0+/, "", digits); return digits + 0 }
FILENAME == "hashes" { split($2, part, "/"); hash[part[1], decimal(part[2])] = $1; next }
FILENAME == "findings" {
    at = $1; if (!(at in known)) { known[at] = $2; sub(/^[0-9]+ [a-z-]+ /, ""); said[at] = $0 }
    next
}
FILENAME == "noted" { noted[$1, $2] = $1; next }
/^entry / { if (begun++) entry(); seq = $2; lines = 0; split("", value); next }
/^\| / {
    line[++lines] = substr($0, 3); key = $2
    if (key in value) value[key] = value[key] "\n" substr($0, length(key) + 4)
    else value[key] = substr($0, length(key) + 4)
}
END {
    if (begun) entry()
    for (at in known) if (!pack && at + 0 >= count) print at " " known[at] " " said[at]
    for (at in absent) if (!pack && redacted[at] != absent[at])
        print at " text the text part is missing, and no proposal redacted it"
    for (at in redacted) if (("text", at + 0) in hash) print at " redacted a text that was redacted is there"
    for (pair in noted) {
        at = noted[pair]
        # A log ends where something is missing. A pack has gaps.
        if (!pack && at + 0 >= count || !(("leaf", at + 0) in hash))
            print at " truncated there is no entry that you remember"
        else if (pair != at SUBSEP hash["leaf", at + 0])
            print at (at == 0 ? " fingerprint" : " replaced") " this is another entry than the one you remember"
    }
    if (valid && count) print "head " seq ":" newest " of " id (sealed ? "" : ", which is not sealed")
    if (!pack) exit
    # A FIDO token signs no checkpoint.
    for (k in owner) if (length(public[k]) == 68) print "key " live[k] " " owner[k] " " public[k]
    for (at in last) print "newest " at " " last[at]
    if (changes_root != "") print "changes " changes_root
}
BEGIN { newest = governance = sprintf("%064d", 0); valid = 1; count = 0; before = -1 }
function bad(rule, words) {
    # Where an entry is invalid, nothing after it is judged by rules.
    if (valid || rule ~ /^(signature|seq|prev)$/) print seq " " rule " " words
    faulty = 1; valid = 0
}
function must(holds, rule, words) { if (!holds && !faulty) bad(rule, words); return !faulty }
function in_list(word, list) { return index("\n" list "\n", "\n" word "\n") > 0 }
function entry(   part, leaf, subject) {
    faulty = 0; leaf = hash["leaf", seq + 0]
    split(line[1], part, "/"); kind = part[2]
    if (seq in known) bad(known[seq], said[seq])
    else {
        subject = "change" in value ? value["change"] : "breakglass" in value ? value["breakglass"] : \
            "deviation" in value ? value["deviation"] : ""
        place(subject)
        if (!faulty && valid) judge()
        if (!faulty) speaks(value["actor"])
        if (subject != "") last[subject] = leaf
        else if (kind !~ /^log\./) governance = leaf
    }
    newest = leaf; before = seq; count++
}
function place(subject) {
    if (!count && !pack) id = value["register"]
    if (("data", seq + 0) in hash)
        must(hash["data", seq + 0] == value["data"], "data", "the data part is not the signed one")
    else must(!("data" in value), "data", "the data part is missing")
    if (("text", seq + 0) in hash)
        must(hash["text", seq + 0] == value["text"], "text", "the text part is not the signed one")
    else if ("text" in value) absent[seq] = value["text"]
    must((pack || seq == count) && value["seq"] == seq "", "seq", "an entry is missing, or has another number")
    must(value["register"] == id, "register", "the entry is of another register")
    must(pack && seq != before + 1 || value["prev"] == newest, "prev", "prev is not the leaf hash of the entry before")
    if (pack && seq == recorded && kind == "log.checkpoint") changes_root = value["changes"]
    if (pack) must(seq == recorded || seq + 0 < recorded + 0 && (kind !~ /^(change|approval|breakglass|deviation|log)\./ ||
        index(subjects, " " subject " ") && kind ~ /^(change|approval)\./), "entries",
        "the pack is not about this entry")
    must(value["governance"] == governance, "governance", "a governance entry before is missing")
    if (subject != "") must(value["last"] == (subject in last ? last[subject] : sprintf("%064d", 0)), "last",
        "an entry about " subject " is missing")
}
# People: enrolled[p] (at which entry), roles[p] (lines "ROLE FROM UNTIL"), by[p] (the entry that made the grants),
# state[p] (active, retired, suspended). Machines: operators[m, i] (lines) since entry term[m, i], for i up to terms[m].
# Keys: owner[k], since[k] (the entry that enrolled it), live[k] (live, suspended, revoked), ended_by[k].
function has_role(person, role) { return had_role(person, role, value["time"], effective) }
function had_role(person, role, claim, end,   i, n, all, part) {
    # A grant begins by the claim of the entry, and ends by its effective time.
    n = split(roles[person], all, "\n")
    for (i = 1; i <= n; i++) {
        split(all[i] " - -", part, " ")
        if (part[1] == role && (part[2] == "-" || part[2] <= claim) &&
            (part[3] == "-" || end < seconds(part[3]))) return 1
    }
    return 0
}
function effective_time(   i, j, n, who, times, claim) {
    # What more than half of the last fifteen other people have claimed, less 300 seconds, if that is later.
    claim = seconds(value["time"])
    for (i = 1; i <= speakers && n < 15 && !pack; i++) {
        who = speaker[i]
        if (who == value["actor"] || kind == "approval.submit" && who == value["approver"]) continue
        if (terms[who] || operated(value["actor"], who, since[value["key"]])) continue
        for (j = ++n; j > 1 && times[j - 1] < claimed[who]; j--) times[j] = times[j - 1]
        times[j] = claimed[who]
    }
    i = int(n / 2) + 1
    return n >= 2 && times[i] - 300 > claim ? times[i] - 300 : claim
}
function speaks(who,   i) {
    # The newest speaker first.
    for (i = 1; i <= speakers && speaker[i] != who; i++) { }
    if (i > speakers) speakers = i
    for (; i > 1; i--) speaker[i] = speaker[i - 1]
    speaker[1] = who; claimed[who] = seconds(value["time"])
}
function operated(account, person, at,   i) {
    # Whether a person operated a machine at any time since an entry.
    for (i = terms[account]; i > 0; i--) {
        if (in_list(person, operators[account, i])) return 1
        if (term[account, i] <= at) return 0
    }
    return 0
}
function operates(account, person) { return terms[account] && in_list(person, operators[account, terms[account]]) }
function answers(person, account,   k, oldest) {
    # For an owner or an implementer: since the oldest of their keys that is not revoked.
    oldest = -1
    for (k in owner)
        if (owner[k] == account && live[k] != "revoked" && (oldest < 0 || since[k] < oldest)) oldest = since[k]
    return person == account || operated(account, person, oldest < 0 ? enrolled[account] : oldest)
}
function conflict(person, c,   i, j, n, all) {
    for (i = 1; i <= revisions[c]; i++) {
        if (person == filer[c, i] || operated(filer[c, i], person, since[filer_key[c, i]])) return 1
        n = split(parties[c, i], all, "\n")
        for (j = 1; j <= n; j++) if (answers(person, all[j])) return 1
        n = split(authors[c, i], all, "\n")
        for (j = 1; j <= n; j++)
            if (all[j] !~ /^external / && (person == all[j] || operated(all[j], person, -1))) return 1
    }
    return 0
}
function need_role(role) { return must(has_role(value["actor"], role), "role", value["actor"] " has no role " role) }
function may_act(person, k,   i, n, all, active) {
    must(person in enrolled, "enrolled", person " is not enrolled")
    must(owner[k] == person, "own-key", "the key is not enrolled for " person)
    must(live[k] == "live", "key-live", "the key is " live[k])
    must(state[person] != "retired", "retired", person " has retired")
    must(state[person] != "suspended", "suspended", person " is suspended")
    n = terms[person] ? split(operators[person, terms[person]], all, "\n") : 0
    for (i = 1; i <= n; i++) if (state[all[i]] == "active") active = 1
    return must(!n || active, "operator-active", "no operator of the machine is active")
}
# Walks the lines of an entry: each member, or person with new grants, ends in done(), which tests or applies it.
function walk(at, apply,   i, n, all, part, who, now, lifted) {
    n = split(body[at], all, "\n"); split("", new); who = ""
    for (i = 1; i <= n; i++) {
        split(all[i], part, " ")
        if (part[1] == "member" || part[1] == "person") {
            if (who != "") done(who, at, apply)
            split("", new); who = part[2]; new["line"] = part[1]
        }
        if (part[1] ~ /^(role|operator|revoke)$/) {
            if (part[1] in new) new[part[1]] = new[part[1]] "\n" substr(all[i], length(part[1]) + 2)
            else new[part[1]] = substr(all[i], length(part[1]) + 2)
        }
        if (part[1] ~ /^(replaces|vouch-key|fingerprint|expires)$/) new[part[1]] = part[2]
        if (part[1] == "public-key") { new["key"] = fingerprint[part[3]]; new["point"] = point[part[3]] }
    }
    if (who != "") done(who, at, apply)
}
function done(who, at, apply,   opener, machine) {
    opener = opened_as[at]; machine = "operator" in new
    if (!apply && new["line"] == "member") {
        must(!(who in enrolled || seen[who]++), "enrolled-once", who " is enrolled twice")
        must(!(new["point"] in taken || seen[new["point"]]++), "key-once", "a key is enrolled twice")
    } else if (!apply) {
        must(who in enrolled, "enrolled", who " is not enrolled")
        if (opener == "person.key") {
            must(state[who] != "retired", "retired", who " has retired")
            must(state[who] != "suspended", "suspended", who " is suspended")
            must(!(new["point"] in taken), "key-once", "a key is enrolled twice")
            must(!("vouch-key" in new) || owner[new["vouch-key"]] == who && live[new["vouch-key"]] == "live",
                "vouch-own-key", "the key that vouches is no live key of the same person")
        } else must(new["replaces"] == by[who], "proposal-not-stale", "the grants of " who " were replaced since")
        n_revoked = split(new["revoke"], revoked, "\n")
        for (i_revoked = 1; i_revoked <= n_revoked; i_revoked++)
            must(revoked[i_revoked] in owner, "key-known", "a key to be revoked is not enrolled")
        if (opener == "person.roles")
            must(machine == (terms[who] > 0), "account-type-fixed", "a machine stays a machine")
    }
    if (!apply && opener != "register.init" && at == seq && "expires" in new) {
        must(new["fingerprint"] == hash["leaf", 0], "request-fingerprint", "a request is for another register")
        must(effective < seconds(new["expires"]), "request-expired", "a request has expired")
    }
    if (!apply) {
        must(!machine || new["role"] !~ /(admin|approver|auditor)/, "machine-role", "a machine approves nothing")
        return
    }
    if (new["line"] == "member") { enrolled[who] = seq; terms[who] = 0 }
    if ("key" in new) {
        owner[new["key"]] = who; since[new["key"]] = seq; live[new["key"]] = "live"
        # As a plain key, or for one application: taken[p] for its point p.
        taken[new["point"]] = 1
    }
    if (opener == "person.key") return
    roles[who] = opener == "person.retire" ? "" : new["role"]; by[who] = hash["leaf", seq + 0]
    state[who] = opener == "person.retire" ? "retired" : "active"
    if (machine) { operators[who, ++terms[who]] = new["operator"]; term[who, terms[who]] = seq }
    n_revoked = split(new["revoke"], revoked, "\n")
    for (i_revoked = 1; i_revoked <= n_revoked; i_revoked++) live[revoked[i_revoked]] = "revoked"
}
function asked(at,   k, part) {
    # What a proposal asks for: tested when it is opened, and again when it is seconded.
    split("", seen); walk(at, 0); k = wanted[at]
    if (opened_as[at] == "key.lift") {
        must(k in owner, "key-known", "the key is not enrolled")
        must(live[k] == "suspended", "key-suspended", "the key is not suspended")
        must(replaces[at] == ended_by[k], "proposal-not-stale", "another suspension is in force")
    }
    if (opened_as[at] == "policy.set")
        must(replaces[at] == policy_by, "proposal-not-stale", "another policy is in force")
}
function about(person, at,   i, n, all, part) {
    # Whether a proposal is about this person, or about a machine that they operate.
    n = split(body[at], all, "\n")
    for (i = 1; i <= n; i++) {
        split(all[i], part, " ")
        if (part[1] ~ /^(member|person|operator)$/ && (part[2] == person || operates(part[2], person))) return 1
    }
    return opened_as[at] == "key.lift" && (owner[wanted[at]] == person || operates(owner[wanted[at]], person))
}
function keep(at,   i) {
    body[at] = line[1]; for (i = 2; i <= lines; i++) body[at] = body[at] "\n" line[i]
    opened_as[at] = kind; wanted[at] = value["target"]; replaces[at] = value["replaces"]
}
function in_policy(at) {
    policy_by = hash["leaf", seq + 0]; needed = approvals[at]; days = approval_days[at]; separate = separated[at]
}
function set_policy(at) {
    approvals[at] = value["approvals"] + 0; approval_days[at] = value["approval-days"] + 0
    separated[at] = value["separate"]
}
function decide(   part, at, i, n, all) {
    split(value["proposal"], part, " "); at = proposal[part[1]]
    must(at != "" && hash["leaf", at + 0] == part[2], "proposal-known", "there is no such proposal")
    if (kind == "proposal.refused" || !need_role("admin")) return
    must(!(at in ended), "proposal-open", "the proposal was decided before")
    if (kind == "proposal.withdraw")
        must(proposer[at] == value["actor"], "proposal-proposer", "only the proposer withdraws")
    else must(proposer[at] != value["actor"], "proposal-by-two", "the proposer decides their own proposal")
    if (kind == "proposal.second") {
        must(!about(value["actor"], at), "proposal-subject", "the proposal is about its seconder")
        must(pack || claim_of[at] <= effective + 300, "proposal-ahead", "the proposal claims a later time")
        must(pack || effective < opened_at[at] + 604800, "proposal-lapse", "the proposal is seven days old")
        must(live[proposer_key[at]] == "live" && has_role(proposer[at], "admin"), "proposer-admin",
            "the proposer is no admin with a live key any more")
        asked(at); if (faulty) return
        walk(at, 1)
        if (opened_as[at] == "key.lift") live[wanted[at]] = "live"
        if (opened_as[at] == "policy.set") in_policy(at)
        n = split(body[at], all, "\n")
        for (i = 1; i <= n; i++) if (all[i] ~ /^redact /) { split(all[i], part, " "); redacted[part[2]] = part[3] }
    }
    ended[at] = 1
}
function suspend(k) { live[k] = "suspended"; ended_by[k] = hash["leaf", seq + 0] }
function take_away(   k, person) {
    k = value["target"]; person = value["person"]
    if (kind == "key.revoke") {
        must(owner[k] == value["actor"], "revoke-own", "a person revokes only their own key")
        if (must(live[k] != "revoked", "key-live", "the key was revoked before")) live[k] = "revoked"
    } else if (need_role("admin") && kind == "key.suspend") {
        must(k in owner, "key-known", "the key is not enrolled")
        if (must(live[k] == "live", "key-live", "the key is not live")) suspend(k)
    } else if (!faulty && must(person in enrolled, "enrolled", person " is not enrolled")) {
        roles[person] = ""; state[person] = "suspended"; by[person] = hash["leaf", seq + 0]
        for (k in owner) if (owner[k] == person && live[k] == "live") suspend(k)
    }
}
function seconds(moment,   y, m, d) {
    y = decimal(substr(moment, 1, 4)); m = decimal(substr(moment, 6, 2)); d = decimal(substr(moment, 9, 2))
    if (m < 3) { y--; m += 12 }
    # Days by the Gregorian calendar, from a beginning that does not matter here.
    d += 365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * m - 457) / 5)
    return d * 86400 + decimal(substr(moment, 12, 2)) * 3600 + decimal(substr(moment, 15, 2)) * 60 + \
        decimal(substr(moment, 18, 2))
}
function not_as_admin(person) { return separate ~ /admin-approver/ && has_role(person, "admin") }
# The approver of a statement could act now, and was an approver when it was made. The submitter is anybody.
function approver(who,   made) {
    made = seconds(value["approved"])
    must(value["fingerprint"] == hash["leaf", 0], "statement-register", "the statement is for another register")
    if (!faulty && may_act(who, value["approver-key"]))
        must(had_role(who, "approver", value["approved"], made), "role", who " had no role approver when it was made")
}
# A statement counts once, in time, and only if its approver has not acted on the change since. about_it[c, leaf] is the
# number of an entry about a change, and acted[c, p] that of a person's latest act on it.
function statement(c, who,   made, same) {
    made = seconds(value["approved"])
    must(pack || made <= effective + 300, "statement-ahead", "the statement was made at a later time")
    must(seconds(value["time"]) - made < 86400 * days && effective <= seconds(value["not-after"]), "statement-expired",
        "the approval of " who " has expired")
    same = c " " value["revision"] " " who " " value["approver-key"] " " value["seen"] " " value["approved"] " " \
        value["not-after"]
    must(!(same in submitted), "statement-once", "the same statement was submitted before")
    must((c, value["seen"]) in about_it, "statement-seen", "the statement names no entry about the change")
    must(acted[c, who] + 0 <= about_it[c, value["seen"]], "statement-superseded", who " has acted on the change since")
    if (!faulty) submitted[same] = 1
}
function change(   c, verb, n, who, all, i, counted, named, part, detached) {
    c = value["change"]; who = value["actor"]; verb = substr(kind, 8); n = revisions[c]
    detached = kind == "approval.submit"
    # A detached approval is that of its approver, and never that of the person who submitted it.
    if (detached) { verb = "approve"; who = value["approver"] }
    if (verb == "file") {
        must(pack ? !n : c == "CHG-" changes + 1, "change-number", "the change has not the next number")
        if (!faulty && need_role("engineer")) { changes++; file_it(c) }
        return
    }
    if (!must(n, "change-known", "there is no such change")) return
    if (detached) approver(who)
    if (verb ~ /^(approve|reject)$/) must(has_role(who, "approver"), "role", who " has no role approver")
    if (verb == "approve") {
        must(!not_as_admin(who), "separate-duties", "admins do not approve")
        if (!faulty) must(!conflict(who, c), "conflict-of-interest", who " requested, wrote, owns or implements it")
    }
    if (verb == "start") must(in_list(who, implementers[c]), "implementer", who " is no implementer")
    if (verb ~ /^(approve|reject|retract|revise|withdraw|start)$/) {
        must(value["revision"] == n " " hash["leaf", filed[c] + 0], "current-revision",
            "this is not the current revision")
        must(!withdrawn[c], "withdrawn", "the change was withdrawn")
    }
    if (verb ~ /^(approve|reject|retract|revise|withdraw)$/)
        must(!started[c], "undecided", "the change was started before")
    if (verb ~ /^(approve|start)$/) {
        must(!rejected[c], "rejected", "the revision was rejected")
        must(!(filed[c] in redacted), "revision-redacted", "the text of the revision was redacted")
    }
    if (detached) statement(c, who)
    if (verb == "retract") must(vote[c, n, who] == "approve", "own-approval", "there is no approval to retract")
    if (faulty) return
    if (verb == "reject") rejected[c] = 1
    if (verb == "withdraw") withdrawn[c] = 1
    if (verb == "revise") file_it(c)
    if (verb ~ /^(approve|retract)$/) {
        if (vote[c, n, who] == "") voters[c, n] = voters[c, n] (voters[c, n] == "" ? "" : "\n") who
        vote[c, n, who] = verb; vote_at[c, n, who] = seq
        vote_time[c, n, who] = value[detached ? "approved" : "time"]
        vote_key[c, n, who] = value[detached ? "approver-key" : "key"]
        vote_end[c, n, who] = detached ? value["not-after"] : ""
    }
    if (verb != "start") return
    # Four eyes: the approvals of this very revision that count, each by another person.
    n_voters = split(voters[c, n], all, "\n")
    for (i = 1; i <= n_voters; i++) {
        who = all[i]
        if (vote[c, n, who] == "approve" && has_role(who, "approver") && live[vote_key[c, n, who]] == "live" &&
            seconds(value["time"]) - seconds(vote_time[c, n, who]) < 86400 * days &&
            (pack || seconds(vote_time[c, n, who]) <= effective + 300) &&
            (vote_end[c, n, who] == "" || effective <= seconds(vote_end[c, n, who])) &&
            !conflict(who, c) && !not_as_admin(who))
            named = named (counted++ ? ", " : "") who " (entry " vote_at[c, n, who] ")"
    }
    must(counted >= 2 && counted >= needed, "enough-approvals", counted + 0 " approvals count; " needed " are needed")
    split(window[c], part, " ")
    must(part[1] <= value["time"] && value["time"] < part[2], "in-window", "the start lies outside the window")
    if (!faulty && !started[c]++) print "start " c " started by " value["actor"] " (entry " seq "), approved by " named
}
function breakglass(b) {
    if (kind ~ /open|enter/) {
        must(b == "BG-" breakglasses + 1, "breakglass-number", "the break-glass has not the next number")
        if (!faulty && (kind == "breakglass.enter" || need_role("engineer"))) { breakglasses++; opened[b] = 1 }
    } else if (must(b in opened, "breakglass-known", "there is no such break-glass") && kind == "breakglass.ratify")
        need_role("approver")
}
# What a recorded checkpoint says about the entries before it. A pack does not have all of them.
function checkpoint(who) {
    must(terms[who] || has_role(who, "admin") || has_role(who, "auditor"), "checkpoint-role",
        who " is no auditor, no admin and no machine")
    log_root()
    if (pack) return
    must(value["changes"] == changes + 0 " " root_now("changes"), "checkpoint-changes",
        "these are not the number and the root of the changes")
    must(value["breakglasses"] == breakglasses + 0 " " root_now("breakglasses"), "checkpoint-breakglasses",
        "these are not the number and the root of the break-glasses")
}
function log_root() {
    must(value["size"] == seq "", "checkpoint-size", "there are " seq " entries before it")
    if (!pack) must(value["root"] == root_now("log"), "checkpoint-root", "this is not the root of the entries before it")
}
# A sample or a reconciliation: by an auditor, and of this log.
function audit_work(   i, drawn) {
    must(has_role(value["actor"], "auditor"), "audit-role", value["actor"] " is no auditor")
    log_root()
    for (i = 1; i <= lines; i++) if (line[i] ~ /^drawn /) drawn++
    if (kind == "log.sample")
        must(drawn + 0 <= value["of"] + 0, "sample-count", "the sample has more than it was drawn from")
}
function root_now(tree) {
    # The root of no leaves is the hash of nothing; a tree that has not changed since has the root that it had.
    if ((seq + 0, tree) in root) newest_root[tree] = root[seq + 0, tree]
    return tree in newest_root ? newest_root[tree] : \
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
}
function file_it(c,   i) {
    i = ++revisions[c]; filed[c] = seq; rejected[c] = 0; implementers[c] = value["implementer"]
    window[c] = value["window"]
    filer[c, i] = value["actor"]; filer_key[c, i] = value["key"]; authors[c, i] = value["author"]
    parties[c, i] = value["owner"] "\n" value["implementer"]
}
function found(   i, n, admins, mine, who, part) {
    must(seq == 0 && kind == "register.init", "founding", "the log does not begin with one founding")
    for (i = 1; i <= lines; i++) {
        split(line[i], part, " ")
        if (part[1] == "member") who = part[2]
        if (line[i] == "role admin") { admins++; boss = who }
        if (part[1] == "public-key" && who == value["actor"] && boss == who) mine = fingerprint[part[3]] == value["key"]
    }
    keep(seq); split("", seen); walk(seq, 0)
    must(admins >= 2, "two-admins", "fewer than two permanent admins found the register")
    must(mine, "founder-is-admin", "the founder is not an admin who signs with the key named there")
    if (!faulty) { walk(seq, 1); set_policy(seq); in_policy(seq); founder = value["actor"] }
}
function judge() {
    if (seq == 0 || kind == "register.init") { found(); return }
    if (kind == "register.seal") must(!sealed, "sealed-once", "the register is sealed twice")
    else must(sealed, "sealed", "the register is not sealed")
    if (faulty || !may_act(value["actor"], value["key"])) return
    effective = effective_time()
    if (kind == "register.seal") {
        must(value["actor"] != founder && has_role(value["actor"], "admin"), "seal-by-another",
            "the seal is not by another admin than the founder")
        sealed = !faulty
    } else if (kind ~ /^proposal\./) decide()
    else if (kind ~ /^(key\.revoke|key\.suspend|person\.suspend)$/) take_away()
    else if (kind ~ /^(change|approval)\./) {
        change()
        # Whose act an entry about a change is: a detached approval is its approver's.
        acted[value["change"], value[kind == "approval.submit" ? "approver" : "actor"]] = seq + 0
        about_it[value["change"], hash["leaf", seq + 0]] = seq + 0
    }
    else if (kind ~ /^breakglass\./) breakglass(value["breakglass"])
    else if (kind == "log.checkpoint") checkpoint(value["actor"])
    else if (kind ~ /^log\./) audit_work()
    else if ("proposal" in value && need_role("admin")) {
        must(value["proposal"] == proposals + 1, "proposal-number", "a proposal has not the next number")
        keep(seq); if (kind == "policy.set") set_policy(seq)
        asked(seq); if (faulty) return
        claim_of[seq] = seconds(value["time"]); opened_at[seq] = effective
        proposal[++proposals] = seq; proposer[seq] = value["actor"]; proposer_key[seq] = value["key"]
    }
}
BEGIN {
    while ((getline pair < "keys") > 0) {
        split(pair, part, " "); fingerprint[part[2]] = part[1]; public[part[1]] = part[2]
    }
    while ((getline pair < "points") > 0) { split(pair, part, " "); point[part[1]] = part[2] }
    while (!pack && (getline stated < "roots") > 0) {
        split(stated, part, " "); root[part[1], part[2]] = part[4]
    }
}
