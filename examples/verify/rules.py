"""The rules of twinseal about people, keys, proposals and approvals, as verify.py judges them.

An entry is judged by what the entries before it say. docs/format.md has every rule; the names are the same.
"""

import hashlib

from form import OPENING, STATEMENT, public_key, require, seconds, values
from trees import Tree


class Vote:
    """An approval, or its retraction. A detached approval is that of the approver, at the time and by the key of the
    statement, and never that of the person who submitted it."""

    def __init__(self, entry):
        self.approves, self.seq = entry.kind != "change.retract", entry.seq
        self.person, self.key, self.time = entry.actor, entry.key, seconds(entry.time)
        self.end, self.statement = None, None
        if entry.kind == "approval.submit":
            self.person, self.key = entry["approver"], entry["approver-key"]
            self.time, self.end = seconds(entry["approved"]), seconds(entry["not-after"])
            self.statement = [entry[key] for key in STATEMENT.split(" ")]


class Register:
    """What the entries so far say: who may act, and what was decided about each change."""

    def __init__(self, whole):
        """`whole` says whether the entries are all of the log, so that the claims of others are known."""
        self.people, self.keys, self.proposals, self.changes, self.redacted = {}, {}, {}, {}, {}
        self.policy, self.policy_by, self.sealed = None, None, False
        self.whole, self.claims, self.effective, self.fingerprint = whole, {}, 0, None
        self.log, self.trees = Tree(), {"CHG": Tree(), "BG": Tree()}

    # People and keys

    def has_role(self, person, role, claim, effective=None):
        """A grant begins by the claim of the entry, and ends by its effective time."""
        effective = self.effective if effective is None else effective
        for granted, start, end in self.people[person]["roles"]:
            if granted == role and (start == "-" or start <= claim) and (end == "-" or effective < seconds(end)):
                return True
        return False

    def effective_time(self, entry):
        """What more than half of the last fifteen other people have claimed, less 300 seconds, if that is later."""
        left_out = {entry.actor, entry["approver"]} | self.operators(entry.actor, self.keys[entry.key]["enrolled"])
        others = [claim for person, claim in reversed(self.claims.items())
                  if person not in left_out and not self.people[person]["machine"]]
        newest = sorted(others[:15], reverse=True)
        claim = seconds(entry.time)
        return max(claim, newest[len(newest) // 2] - 300) if self.whole and len(newest) >= 2 else claim

    def recorded(self, entry):
        """What an entry adds for those after it: the claim of its actor, and leaves of the trees."""
        self.claims.pop(entry.actor, None)
        self.claims[entry.actor] = seconds(entry.time)
        if self.whole:
            self.log.put(entry.seq, bytes.fromhex(entry.leaf))
        # Deviations are in no tree.
        if self.whole and entry.subject and not entry.subject.startswith("DEV-"):
            kind, number = entry.subject.split("-")
            leaf = hashlib.sha256(f"\0{entry.subject} {entry.leaf}\n".encode()).digest()
            self.trees[kind].put(int(number) - 1, leaf)

    def enrol(self, entry, lines, leaf, seq):
        person = lines[0][1]
        self.people[person] = {"enrolled": seq, "operators": [], "machine": bool(values(lines, "operator"))}
        self.grant(person, lines, leaf, seq)
        self.enrol_key(person, values(lines, "public-key")[0], leaf, seq)

    def enrol_key(self, person, line, leaf, seq):
        key = public_key(line)
        self.keys[key.fingerprint] = {"person": person, "key": key, "enrolled": seq, "state": "live", "by": leaf}

    def grant(self, person, lines, leaf, seq):
        account = self.people[person]
        roles = [(role.split(" ") + ["-", "-"])[:3] for role in values(lines, "role")]
        account.update(roles=roles, by=leaf, retired=False, suspended=False)
        if account["machine"]:
            account["operators"].append((seq, values(lines, "operator")))

    def operators(self, account, since):
        """Everybody who operated a machine at any time since an entry."""
        periods = self.people[account]["operators"] if account in self.people else []
        first = max((at for at, _ in periods if at <= since), default=0)
        return {operator for at, operators in periods if at >= first for operator in operators}

    def operators_now(self, person):
        periods = self.people[person]["operators"]
        return set(periods[-1][1]) if periods else set()

    def answer_for(self, account):
        """Who answers for an owner or an implementer."""
        live = [key["enrolled"] for key in self.keys.values() if key["person"] == account and key["state"] != "revoked"]
        return {account} | self.operators(account, min(live, default=self.people[account]["enrolled"]))

    def has_conflict(self, person, change):
        for revision in change["revisions"]:
            filer = {revision.actor} | self.operators(revision.actor, self.keys[revision.key]["enrolled"])
            taking_part = set().union(*(self.answer_for(account) for account in
                                        [revision["owner"]] + revision.all("implementer") if account in self.people))
            authors = {author for author in revision.all("author") if " " not in author}
            authors |= set().union(*(self.operators(author, 0) for author in authors))
            if person in filer | taking_part | authors:
                return True
        return False

    def check_actor(self, name, signer):
        require(name in self.people, "enrolled", f"{name} is not enrolled")
        person, key = self.people[name], self.keys.get(signer)
        require(key and key["person"] == name, "own-key", f"the key is not enrolled for {name}")
        require(key["state"] == "live", "key-live", f"the key is {key['state']}")
        require(not person["retired"], "retired", f"{name} has retired")
        require(not person["suspended"], "suspended", f"{name} is suspended")
        operators = [self.people.get(operator) for operator in self.operators_now(name)]
        gone = [not operator or operator["retired"] or operator["suspended"] for operator in operators]
        require(not person["machine"] or not all(gone), "operator-active", "no operator of the machine is active")

    def check_role(self, entry, role):
        require(self.has_role(entry.actor, role, entry.time), "role", f"{entry.actor} has no role {role}")

    # Governance

    def founded(self, entry):
        require(entry.seq == 0, "founding", "a register is founded once")
        members = entry.blocks("member")
        self.check_members(members)
        admins = [lines for lines in members if "admin" in values(lines, "role")]
        require(len(admins) >= 2, "two-admins", "fewer than two permanent admins found the register")
        mine = [lines for lines in admins if lines[0][1] == entry.actor]
        require(mine and public_key(values(mine[0], "public-key")[0]).fingerprint == entry.key, "founder-is-admin",
                "the founder is not an admin who signs with the key named there")
        for lines in members:
            self.enrol(entry, lines, entry.leaf, 0)
        self.policy, self.policy_by, self.founder, self.fingerprint = entry, entry.leaf, entry.actor, entry.leaf

    def check_members(self, members):
        people, points = set(self.people), self.points()
        for lines in members:
            point = public_key(values(lines, "public-key")[0]).point
            require(lines[0][1] not in people, "enrolled-once", f"{lines[0][1]} is enrolled twice")
            require(point not in points, "key-once", "a key is enrolled twice")
            people.add(lines[0][1])
            points.add(point)
            roles = {role.split(" ")[0] for role in values(lines, "role")}
            require(not values(lines, "operator") or roles <= {"engineer"}, "machine-role",
                    "a machine has another role than engineer")

    def points(self):
        """A point of the curve is enrolled once, as a plain key or for one application."""
        return {key["key"].point for key in self.keys.values()}

    def check_requests(self, entry):
        for request in entry.all("fingerprint"):
            require(request == self.fingerprint, "request-fingerprint", "a request is for another register")
        for expires in entry.all("expires"):
            require(self.effective < seconds(expires), "request-expired", "a request has expired")

    def check_asked(self, asked):
        """What a proposal asks for, when it is opened and when it is seconded."""
        named = asked["person"]
        if asked.kind == "person.enrol":
            self.check_members(asked.blocks("member"))
        if asked.kind in ("person.roles", "person.retire"):
            for lines in asked.blocks("person"):
                require(lines[0][1] in self.people, "enrolled", f"{lines[0][1]} is not enrolled")
                stale = values(lines, "replaces")[0] != self.people[lines[0][1]]["by"]
                require(not stale, "proposal-not-stale", f"the grants of {lines[0][1]} were replaced since")
                for key in values(lines, "revoke"):
                    require(key in self.keys, "key-known", "a key to be revoked is not enrolled")
                machine = self.people[lines[0][1]]["machine"]
                same = asked.kind == "person.retire" or bool(values(lines, "operator")) == machine
                require(same, "account-type-fixed", "a machine stays a machine, and a person a person")
                roles = {role.split(" ")[0] for role in values(lines, "role")}
                require(not machine or roles <= {"engineer"}, "machine-role", "a machine approves nothing")
        if asked.kind == "person.key":
            require(named in self.people, "enrolled", f"{named} is not enrolled")
            require(not self.people[named]["retired"], "retired", f"{named} has retired")
            require(not self.people[named]["suspended"], "suspended", f"{named} is suspended")
            require(public_key(asked["public-key"]).point not in self.points(), "key-once", "a key is enrolled twice")
            vouch = self.keys.get(asked["vouch-key"], {"person": None, "state": None})
            require(not asked["vouch-key"] or vouch["person"] == named and vouch["state"] == "live", "vouch-own-key",
                    "the key that vouches is no live key of the same person")
        if asked.kind == "key.lift":
            key = self.keys.get(asked["target"])
            require(key, "key-known", "the key is not enrolled")
            require(key["state"] == "suspended", "key-suspended", "the key is not suspended")
            require(key["by"] == asked["replaces"], "proposal-not-stale", "another suspension is in force")
        if asked.kind == "policy.set":
            require(asked["replaces"] == self.policy_by, "proposal-not-stale", "another policy is in force")

    def subjects(self, asked):
        """Whom a proposal is about: they do not second it."""
        named = set(asked.all("member") + asked.all("person") + asked.all("operator"))
        if asked.kind == "key.lift":
            named.add(self.keys[asked["target"]]["person"])
        return named.union(*(self.operators_now(person) for person in named if person in self.people))

    def decided(self, entry):
        number, leaf = entry["proposal"].split(" ")
        proposal = self.proposals.get(int(number))
        require(proposal and proposal["entry"].leaf == leaf, "proposal-known", "there is no such proposal")
        if entry.kind == "proposal.refused":
            return
        self.check_role(entry, "admin")
        require(proposal["open"], "proposal-open", "the proposal was decided before")
        asked = proposal["entry"]
        if entry.kind == "proposal.withdraw":
            require(asked.actor == entry.actor, "proposal-proposer", "only the proposer withdraws")
        else:
            require(asked.actor != entry.actor, "proposal-by-two", "the proposer decides their own proposal")
        if entry.kind == "proposal.second":
            require(entry.actor not in self.subjects(asked), "proposal-subject", "the proposal is about its seconder")
            ahead = self.whole and seconds(asked.time) > self.effective + 300
            require(not ahead, "proposal-ahead", "the proposal claims a later time")
            young = self.effective < proposal["opened"] + 604800
            require(young or not self.whole, "proposal-lapse", "the proposal is seven days old")
            live = self.keys[asked.key]["state"] == "live" and self.has_role(asked.actor, "admin", entry.time)
            require(live, "proposer-admin", "the proposer is no admin with a live key any more")
            self.check_asked(asked)
            self.put_in_force(asked, entry)
        proposal["open"] = False

    def put_in_force(self, asked, second):
        person, leaf, seq = asked["person"], second.leaf, second.seq
        for lines in asked.blocks("member"):
            self.enrol(asked, lines, leaf, seq)
        if asked.kind == "person.roles":
            for lines in asked.blocks("person"):
                self.grant(lines[0][1], lines, leaf, seq)
            for key in asked.all("revoke"):
                self.keys[key]["state"] = "revoked"
        if asked.kind == "person.retire":
            self.people[person].update(roles=[], by=leaf, retired=True, suspended=False)
        if asked.kind == "person.key":
            self.enrol_key(person, asked["public-key"], leaf, seq)
        if asked.kind == "key.lift":
            self.keys[asked["target"]].update(state="live", by=leaf)
        if asked.kind == "policy.set":
            self.policy, self.policy_by = asked, leaf
        self.redacted.update((int(line.split(" ")[0]), line.split(" ")[1]) for line in asked.all("redact"))

    def taken_away(self, entry):
        """What one signature suffices for."""
        if entry.kind == "person.suspend":
            self.check_role(entry, "admin")
            person = self.people.get(entry["person"])
            require(person, "enrolled", f"{entry['person']} is not enrolled")
            person.update(roles=[], by=entry.leaf, suspended=True)
            for key in self.keys.values():
                if key["person"] == entry["person"] and key["state"] == "live":
                    key.update(state="suspended", by=entry.leaf)
            return
        key = self.keys.get(entry["target"])
        if entry.kind == "key.revoke":
            require(key and key["person"] == entry.actor, "revoke-own", "a person revokes only their own key")
            require(key["state"] != "revoked", "key-live", "the key was revoked before")
            key["state"] = "revoked"
        else:
            self.check_role(entry, "admin")
            require(key, "key-known", "the key is not enrolled")
            require(key["state"] == "live", "key-live", "the key is not live")
            key.update(state="suspended", by=entry.leaf)

    # Changes

    def filed(self, entry):
        if entry.kind == "change.file":
            self.check_role(entry, "engineer")
            self.changes[entry.subject] = {"revisions": [], "started": False, "withdrawn": False, "statements": [],
                                           "about": {}, "acted": {}}
        self.changes[entry.subject]["revisions"].append(entry)
        self.changes[entry.subject].update(votes={}, rejected=False)

    def check_current(self, entry, change):
        current = f"{len(change['revisions'])} {change['revisions'][-1].leaf}"
        require(entry["revision"] == current, "current-revision", "this is not the current revision")
        require(not change["withdrawn"], "withdrawn", "the change was withdrawn")

    def changed(self, entry):
        detached = entry.kind == "approval.submit"
        verb = "approve" if detached else entry.kind.split(".")[1]
        if verb == "file":
            next_one = f"CHG-{len(self.changes) + 1}" == entry.subject
            new = next_one if self.whole else entry.subject not in self.changes
            require(new, "change-number", "the change has not the next number")
            return self.filed(entry)
        change = self.changes.get(entry.subject)
        require(change, "change-known", "there is no such change")
        vote = Vote(entry)
        if detached:
            self.check_approver(entry, vote)
        if verb in ("approve", "reject"):
            require(self.has_role(vote.person, "approver", entry.time), "role", f"{vote.person} has no role approver")
        if verb == "approve":
            require(not self.separated(vote.person, entry.time), "separate-duties", "admins do not approve")
            conflict = self.has_conflict(vote.person, change)
            require(not conflict, "conflict-of-interest", f"{vote.person} requested, wrote, owns or implements it")
        if verb in ("approve", "reject", "retract", "revise", "withdraw"):
            self.check_current(entry, change)
            require(not change["started"], "undecided", "the change was started before")
        if verb == "approve":
            require(not change["rejected"], "rejected", "the revision was rejected")
            self.check_readable(change)
        if detached:
            self.check_statement(entry, vote, change)
            change["statements"].append(vote.statement)
        if verb == "retract":
            mine = change["votes"].get(entry.actor)
            require(mine and mine.approves, "own-approval", "there is no approval to retract")
        if verb in ("approve", "retract"):
            change["votes"][vote.person] = vote
        change["rejected"] |= verb == "reject"
        change["withdrawn"] |= verb == "withdraw"
        if verb == "revise":
            self.filed(entry)
        if verb == "start":
            return self.started(entry, change)

    def check_approver(self, entry, vote):
        """The approver of a statement could act now, and was an approver when it was made. The submitter is anybody."""
        here = entry["fingerprint"] == self.fingerprint
        require(here, "statement-register", "the statement does not name the fingerprint of this register")
        self.check_actor(vote.person, vote.key)
        then = self.has_role(vote.person, "approver", entry["approved"], vote.time)
        require(then, "role", f"{vote.person} had no role approver when the statement was made")

    def check_statement(self, entry, vote, change):
        """A statement counts once, in time, and only if its approver has not acted on the change since."""
        ahead = self.whole and vote.time > self.effective + 300
        require(not ahead, "statement-ahead", "the statement was made at a later time")
        aged = seconds(entry.time) >= vote.time + 86400 * int(self.policy["approval-days"])
        ended = self.effective > vote.end
        require(not aged and not ended, "statement-expired", f"the approval of {vote.person} has expired")
        once = vote.statement not in change["statements"]
        require(once, "statement-once", "the same statement was submitted before")
        seen = change["about"].get(entry["seen"])
        require(seen is not None, "statement-seen", "the statement names no entry about the change")
        since = change["acted"].get(vote.person, 0) > seen
        require(not since, "statement-superseded", f"{vote.person} has acted on the change since")

    def check_readable(self, change):
        readable = change["revisions"][-1].seq not in self.redacted
        require(readable, "revision-redacted", "the text of the revision was redacted")

    def separated(self, person, moment):
        separate = (self.policy["separate"] or "").split(" ")
        return "admin-approver" in separate and self.has_role(person, "admin", moment)

    def started(self, entry, change):
        """Four eyes: the approvals of this very revision that count, each by another person."""
        revision = change["revisions"][-1]
        require(entry.actor in revision.all("implementer"), "implementer", f"{entry.actor} is no implementer")
        self.check_current(entry, change)
        require(not change["rejected"], "rejected", "the revision was rejected")
        self.check_readable(change)
        oldest = seconds(entry.time) - 86400 * int(self.policy["approval-days"])
        counted = [vote for person, vote in change["votes"].items()
                   if vote.approves and self.has_role(person, "approver", entry.time)
                   and self.keys[vote.key]["state"] == "live" and oldest < vote.time
                   and (vote.time <= self.effective + 300 or not self.whole)
                   and (vote.end is None or self.effective <= vote.end)
                   and not self.has_conflict(person, change) and not self.separated(person, entry.time)]
        needed = max(2, int(self.policy["approvals"]))
        require(len(counted) >= needed, "enough-approvals", f"{len(counted)} approvals count; {needed} are needed")
        begin, end, _ = revision["window"].split(" ")
        require(begin <= entry.time < end, "in-window", "the start lies outside the window")
        again, change["started"] = change["started"], True
        approvals = ", ".join(f"{vote.person} (entry {vote.seq})" for vote in counted)
        who = f"{entry.subject} started by {entry.actor} (entry {entry.seq}), approved by {approvals}"
        return None if again else who

    def broke_glass(self, entry):
        verb, number = entry.kind.split(".")[1], int(entry.subject[3:])
        count = len(self.trees["BG"].levels[0])
        if verb in ("open", "enter"):
            require(number == count + 1, "breakglass-number", "the break-glass has not the next number")
        else:
            require(number <= count, "breakglass-known", "there is no such break-glass")
        if verb in ("open", "ratify"):
            self.check_role(entry, "engineer" if verb == "open" else "approver")

    def check_checkpoint(self, entry):
        """Who recorded it, and what it says about the entries before it. A pack does not have all of them."""
        roles = any(self.has_role(entry.actor, role, entry.time) for role in ("auditor", "admin"))
        may = roles or self.people[entry.actor]["machine"]
        require(may, "checkpoint-role", f"{entry.actor} is no auditor, no admin and no machine")
        self.check_log_root(entry)
        if not self.whole:
            return
        require(entry["changes"] == self.trees["CHG"].counted_root(), "checkpoint-changes",
                "these are not the number and the root of the changes")
        require(entry["breakglasses"] == self.trees["BG"].counted_root(), "checkpoint-breakglasses",
                "these are not the number and the root of the break-glasses")

    def check_log_root(self, entry):
        require(int(entry["size"]) == entry.seq, "checkpoint-size", f"there are {entry.seq} entries before it")
        right = not self.whole or f"{entry['size']} {entry['root']}" == self.log.counted_root()
        require(right, "checkpoint-root", "this is not the root of the entries before it")

    def check_audit_work(self, entry):
        """A sample or a reconciliation: by an auditor, and of this log."""
        require(self.has_role(entry.actor, "auditor", entry.time), "audit-role", f"{entry.actor} is no auditor")
        self.check_log_root(entry)
        counted = entry.kind != "log.sample" or len(entry.all("drawn")) <= int(entry["of"])
        require(counted, "sample-count", "the sample has more than it was drawn from")

    def judge(self, entry):
        """Checks the rules for an entry, and applies it. Returns a sentence about a start."""
        if entry.seq == 0 or entry.kind == "register.init":
            require(entry.kind == "register.init", "founding", "the log does not begin with a founding")
            return self.founded(entry)
        if entry.kind == "register.seal":
            require(not self.sealed, "sealed-once", "the register is sealed twice")
        else:
            require(self.sealed, "sealed", "the register is not sealed")
        self.check_actor(entry.actor, entry.key)
        self.effective = self.effective_time(entry)
        if entry.kind == "register.seal":
            another = self.has_role(entry.actor, "admin", entry.time) and entry.actor != self.founder
            require(another, "seal-by-another", "the seal is not by another admin than the founder")
            self.sealed = True
        elif entry.kind in OPENING:
            self.check_role(entry, "admin")
            number = int(entry["proposal"])
            require(number == len(self.proposals) + 1, "proposal-number", "a proposal has not the next number")
            self.check_asked(entry)
            self.check_requests(entry)
            self.proposals[number] = {"entry": entry, "open": True, "opened": self.effective}
        elif entry.kind.startswith("proposal."):
            self.decided(entry)
        elif entry.kind in ("key.revoke", "key.suspend", "person.suspend"):
            self.taken_away(entry)
        elif entry.kind.startswith("breakglass."):
            self.broke_glass(entry)
        elif entry.kind == "log.checkpoint":
            self.check_checkpoint(entry)
        elif entry.kind.startswith("log."):
            self.check_audit_work(entry)
        elif entry.kind.startswith(("change.", "approval.")):
            start = self.changed(entry)
            # Whose act an entry about a change is: a detached approval is its approver's.
            change = self.changes[entry.subject]
            change["about"][entry.leaf] = change["acted"][entry["approver"] or entry.actor] = entry.seq
            return start
        return None


