"""Makes evidence packs without twinseal: a good one, and others of which each has one fault.

    packs.py FOLDER

Prints for each its name, its file, and the finding with which it must be refused, or "nothing".
"""

import base64
import hashlib
import pathlib
import re
import sys
import zipfile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ZERO, REGISTER = "0" * 64, "prod#" + "ab" * 16
# Two people of whose keys the ids in notes are the same. They were searched for.
TWINS = ("k83658", "k201631")


def sha256(data):
    return hashlib.sha256(data).digest()


def b64(data):
    return base64.b64encode(data).decode()


def wire(*parts):
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


class Key:
    def __init__(self, name):
        self.secret = Ed25519PrivateKey.from_private_bytes(sha256(name.encode()))
        self.public = self.secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.wire = wire(b"ssh-ed25519", self.public)
        self.fingerprint = "SHA256:" + b64(sha256(self.wire)).rstrip("=")

    def sign(self, namespace, message):
        name = namespace.encode()
        signature = self.secret.sign(b"SSHSIG" + wire(name, b"", b"sha512", hashlib.sha512(message).digest()))
        return b64(b"SSHSIG\0\0\0\1" + wire(self.wire, name, b"", b"sha512", wire(b"ssh-ed25519", signature)))


class Log:
    """Entries as docs/format.md says. No rule is judged here."""

    def __init__(self, register):
        self.register, self.rows, self.leaves, self.governance, self.last = register, [], [], ZERO, {}

    def member(self, person, roles):
        key, register = Key(person), self.register if self.leaves else self.register.split("#")[0]
        asked = [f"fingerprint {self.leaves[0]}"] if self.leaves else []
        asked += ["asked 2026-12-01T08:00:00Z", "expires 2026-12-31T08:00:00Z"]
        asked += [*(f"asked-role {role}" for role in roles), f"public-key ssh-ed25519 {b64(key.wire)}"]
        request = ["twinseal/person.request/v1", f"register {register}", f"person {person}", *asked]
        proof = key.sign(request[0], "".join(f"{line}\n" for line in request).encode())
        return [f"member {person}", *(f"role {role}" for role in roles), *asked, f"proof {proof}"]

    def add(self, kind, actor, *lines, text=None):
        key, seq = Key(actor), len(self.rows)
        subject = lines[0] if kind.startswith(("change.", "approval.")) else None
        head = [f"twinseal/{kind}/v1", f"register {self.register}", f"seq {seq}",
                f"prev {self.leaves[-1] if self.leaves else ZERO}", f"governance {self.governance}"]
        head += [f"last {self.last.get(subject, ZERO)}"] if subject else []
        head += [f"time 2026-12-01T10:00:{seq:02}Z", f"actor {actor}", f"key {key.fingerprint}"]
        part = f"salt {'cd' * 16}\n{text}\n".encode() if text else None
        named = [f"filled {text.split(' ')[0]}", f"text {sha256(part).hex()}"] if text else []
        body = "".join(f"{line}\n" for line in [*head, *lines, *named]).encode()
        blob = body + f"\nsig {key.sign(head[0], body)}\n".encode()
        leaf = sha256(b"\0" + blob).hex()
        self.rows.append((kind, subject, blob, part))
        self.leaves.append(leaf)
        if subject:
            self.last[subject] = leaf
        elif not kind.startswith("log."):
            self.governance = leaf
        return leaf


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    middle = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\1" + root(leaves[:middle]) + root(leaves[middle:]))


def path(index, leaves):
    if len(leaves) == 1:
        return []
    middle = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < middle:
        return path(index, leaves[:middle]) + [root(leaves[middle:])]
    return path(index - middle, leaves[middle:]) + [root(leaves[:middle])]


FACTS = ["service gateway", "window 2026-12-01T10:00:00Z 2026-12-01T12:00:00Z UTC", "outage-minutes 0",
         "rollback-minutes 5", "plan-steps 1", "rollback-steps 1", "targets 0"]


def filed(log, change, person, *artifacts):
    facts = ["kind normal", "risk high", f"owner {person}", f"implementer {person}", *FACTS[:4], *artifacts, *FACTS[4:]]
    return log.add("change.file", person, f"change {change}", *facts, text="title Raise the pool")


def approve(person):
    return lambda log, revision, other: log.add("change.approve", person, "change CHG-1", revision, text="note Fine.")


def submit(approver, signer=None, seen=None, approved="00", end="30", register=0, claimed=None):
    """A detached approval of CHG-1 that its requester submits. Times are seconds after 10:00, `seen` and `register` are
    numbers of entries, and `claimed` is the end in the entry where the statement has another."""
    def act(log, revision, *_):
        about = log.last["change CHG-1"] if seen is None else log.leaves[seen]
        lines = ["change CHG-1", revision, f"fingerprint {log.leaves[register]}", f"approver {approver}",
                 f"approver-key {Key(approver).fingerprint}", f"seen {about}", f"approved 2026-12-01T10:00:{approved}Z",
                 f"not-after 2026-12-01T10:00:{end}Z"]
        statement = ["twinseal/statement.approve/v1", f"register {log.register}", *lines]
        proof = Key(signer or approver).sign(statement[0], "".join(f"{line}\n" for line in statement).encode())
        last = f"not-after 2026-12-01T10:00:{claimed or end}Z"
        return log.add("approval.submit", "erin", *lines[:-1], last, f"proof {proof}")
    return act


def story(second=approve("dave"), before_start=lambda log, revision: None, after=lambda log: None, register=REGISTER,
          recorder="alice", stated=("", ""), artifacts=(), more=()):
    """CHG-1, filed by erin, approved by carol and dave, started and finished by erin; and CHG-2 beside it. `stated` is
    what the recorded checkpoint has in place of something that is true, and `more` are further founders."""
    log = Log(register)
    people = [("alice", ["admin"]), ("bob", ["admin"]), ("erin", ["engineer", "approver"]), ("carol", ["approver"]),
              ("dave", ["approver"]), ("audrey", ["auditor"]), *((person, ["auditor"]) for person in more)]
    members = [line for person, roles in people for line in log.member(person, roles)]
    policy = ["approvals 2", "approval-days 14", "emergency-review-days 5"]
    log.add("register.init", "alice", "format 1", *policy, *members)
    log.add("register.seal", "bob")
    opened = log.add("person.enrol", "alice", "proposal 1", *log.member("frank", ["engineer", "approver"]))
    log.add("proposal.second", "bob", f"proposal 1 {opened}")
    revision = f"revision 1 {filed(log, 'CHG-1', 'erin', *artifacts)}"
    log.add("change.approve", "carol", "change CHG-1", revision)
    other = filed(log, "CHG-2", "frank")
    second(log, revision, other)
    before_start(log, revision)
    log.add("change.start", "erin", "change CHG-1", revision)
    log.add("change.finish", "erin", "change CHG-1", revision, "outcome succeeded")
    after(log)
    log.changes = [sha256(f"\0CHG-{n} {log.last[f'change CHG-{n}']}\n".encode()) for n in (1, 2)]
    log.recorded = len(log.rows)
    whole = root([bytes.fromhex(leaf) for leaf in log.leaves]).hex()
    roots = [f"size {log.recorded}", f"root {whole}", f"changes 2 {root(log.changes).hex()}",
             f"breakglasses 0 {sha256(b'').hex()}"]
    log.add("log.checkpoint", recorder, *(line.replace(*stated) for line in roots))
    log.add("change.note", "frank", "change CHG-2", text="note Later.")
    return log


def manifest(files):
    listed = sorted((name.encode(), content) for name, content in files.items() if name != "manifest")
    files["manifest"] = b"".join(sha256(content).hex().encode() + b"  " + name + b"\n" for name, content in listed)
    return files


def pack(log, *subjects, signer="bob"):
    subjects = subjects or ("CHG-1",)
    leaves, size, key = [bytes.fromhex(leaf) for leaf in log.leaves], len(log.rows), Key(signer)
    note = f"{log.register}\n{size}\n{b64(root(leaves))}\n"
    key_id = sha256(f"{log.register}\n".encode() + b"\1" + key.public)[:4]
    note += f"\n— {log.register} {b64(key_id + key.secret.sign(note.encode()))}\n"
    named = f"register {log.register}\n" + "".join(f"subject {subject}\n" for subject in subjects)
    files = {"checkpoint": note.encode(), "index.html": b"<p>For people.</p>\n",
             "pack": f"twinseal/pack/v1\n{named}size {size}\nrecorded {log.recorded}\n".encode()}
    for seq, (kind, subject, blob, text) in enumerate(log.rows[:log.recorded + 1]):
        if subject and subject[7:].split(" ")[0] not in subjects:
            continue
        files[f"entries/{seq:012d}.entry"] = blob
        files.update({f"entries/{seq:012d}.text": text} if text else {})
        proof = "".join(f"{b64(node)}\n" for node in path(seq, leaves))
        files[f"entries/{seq:012d}.proof"] = f"c2sp.org/tlog-proof@v1\nindex {seq}\n{proof}\n{note}".encode()
    for subject in subjects:
        proof = "".join(f"hash {b64(node)}\n" for node in path(int(subject[4:]) - 1, log.changes))
        about = [leaf for leaf, row in zip(log.leaves[:log.recorded], log.rows) if row[1] == f"change {subject}"]
        head = f"twinseal/change-proof/v1\nchange {subject}\nlatest {about[-1]}\ncount 2\n"
        files[f"changes/{subject}.proof"] = f"{head}{proof}".encode()
    return manifest(files)


def without(files, *seqs):
    """A pack that leaves entries out."""
    left_out = tuple(f"entries/{seq:012d}." for seq in seqs)
    return manifest({name: content for name, content in files.items() if not name.startswith(left_out)})


def edited(files, name, old, new):
    content = files[name]
    assert re.search(old, content), (name, old)
    return manifest({**files, name: re.sub(old, new, content, count=1)})


def noted(files, old, new):
    """A pack with another checkpoint, in each proof too."""
    edit = re.compile(old.encode() + rb"\Z", re.DOTALL)
    proofs = [name for name in files if name == "checkpoint" or name.startswith("entries/") and name.endswith(".proof")]
    return manifest({**files, **{name: edit.sub(new.encode(), files[name], count=1) for name in proofs}})


def notes(good):
    """Checkpoints that are no notes as C2SP specifies them, though a key of the register signed each."""
    end, own = "(— [^\n]*\n)", r"\g<1>"
    lines = {"a sentence": "Audited and approved.\n", "an empty line": "\n", "no name": "—  AAAAAAA=\n",
             "a name with a plus": "— oth+er AAAAAAA=\n", "a name with an escape": "— oth\x1b[2Jer AAAAAAA=\n",
             "a name with a tab": "— oth\ter AAAAAAA=\n", "a name with a wide space": "— oth\u3000er AAAAAAA=\n",
             "a name with a next line": "— oth\x85er AAAAAAA=\n", "base64 that is cut off": "— other AAAAAAA\n",
             "base64 with spare bits": "— other AAAAAAB=\n", "base64 filled up twice": "— other AA==AAAAAAA=\n",
             "an id without a signature": "— other AAAAAA==\n", "a CR": "— other AAAAAAA=\r\n",
             "no line end": "— other AAAAAAA="}
    for name, line in lines.items():
        yield f"hostile: a note with {name}", "pack: [checkpoint]", noted(good, end, own + line)
    yield "hostile: a sentence above the signature", "pack: [checkpoint]", noted(good, end, f"Approved.\n{own}")
    yield "hostile: a short signature by an unknown id", "nothing", noted(good, end, own + f"— {REGISTER} AAAAAAA=\n")
    others = "— 审计 AAAAAAA=\n" * 49 + "— a\ufeffb AAAAAAAA\n" * 50
    yield "hostile: 99 other signatures", "nothing", noted(good, end, own + others)
    yield "hostile: 101 signatures", "pack: [checkpoint]", noted(good, end, own + "— other AAAAAAA=\n" * 100)
    long = f"— other {'A' * 262144}\n"
    yield "hostile: a note over 256 KiB", "pack: [checkpoint]", noted(good, end, own + long)
    latin = {**good, "checkpoint": good["checkpoint"] + "— ".encode() + b"\xe9 AAAAAAA=\n"}
    yield "hostile: a note that is not UTF-8", "pack: [checkpoint]", manifest(latin)
    # Whoever of two with one id signed, the signature is good.
    twins = story(more=TWINS)
    for signer in TWINS:
        yield f"hostile: two keys with one id, signed by {signer}", "nothing", pack(twins, signer=signer)
    forged = noted(pack(twins, signer=TWINS[0]), "[A-Za-z0-9+/]{8}(...=)\n", r"AAAAAAAA\g<1>\n")
    yield "hostile: two keys with one id, signed by neither", "pack: [checkpoint]", forged


def redacted():
    """A log in which two admins redacted the note with which dave approved."""
    def redact(log, _):
        opened = log.add("text.redact", "alice", "proposal 2", f"redact 7 {sha256(log.rows[7][3]).hex()}")
        log.add("proposal.second", "bob", f"proposal 2 {opened}")
    log = story(before_start=redact)
    files = pack(log)
    yield "hostile: a text that was redacted", "entry 7: [redacted]", files
    left_out = {name: content for name, content in files.items() if name != "entries/000000000007.text"}
    yield "a text that was redacted and left out", "nothing", manifest(left_out)


def attached():
    """Files beside CHG-1, which a revision or something else names."""
    content = b"The program.\n"
    name, artifact = f"evidence/{sha256(content).hex()}", f"artifact program {sha256(content).hex()}"
    good = pack(story(artifacts=[artifact]))
    yield "evidence", "nothing", manifest({**good, name: content})
    yield "evidence with other content", "pack: [evidence]", manifest({**good, name: b"Another.\n"})
    refused = story(before_start=lambda log, revision: log.add(
        "change.refused", "erin", "change CHG-1", revision, "verb start", artifact, "rule in-window"))
    yield "hostile: evidence of a refused start", "pack: [evidence]", manifest({**pack(refused), name: content})
    yield "evidence of nothing", "pack: [evidence]", manifest({**pack(story()), name: content})


def zips(good):
    """Zips that hold something else than plain files with the names that packs have."""
    deflated, link = zipfile.ZipInfo("index.html"), zipfile.ZipInfo("checkpoint.tsr")
    deflated.compress_type, link.external_attr = zipfile.ZIP_DEFLATED, 0o120777 << 16
    for name, item in [("a deflated file", deflated), ("a link", link)]:
        yield f"zip: {name}", "pack: [manifest]", manifest_of({**good, item: b"checkpoint"})
    for name in ["../../outside/", "/", "entries/../", "../checkpoint.tsr", "/checkpoint.tsr", "entries\\x.entry"]:
        yield f"zip: the name {name}", "pack: [manifest]", {**good, name: b""}


def manifest_of(files):
    """The manifest of a zip of which some names are given with how they are stored."""
    plain = {getattr(name, "filename", name): content for name, content in files.items()}
    given = {getattr(name, "filename", name): name for name in files}
    return {given.get(name, name): content for name, content in manifest(plain).items()}


def oversized(good):
    """Packs with a file that is larger than it can be, or with names that would do something on a terminal."""
    for name, most in [("checkpoint.tsr", 524288), ("since.proof", 524288), ("entries/000000000005.entry", 65535)]:
        large = manifest({**good, name: b"x" * (most + 1)})
        yield f"hostile: {most + 1} bytes of {name}", "pack: [manifest]", large
    for name in ["\x1b]0;proven\x07\x1b[2J", "\x1b[32mproven: 11 entries", "a\u202eb", "\x9b2J"]:
        yield f"hostile: a name on the terminal, {name!a}", "pack: [manifest]", manifest({**good, name: b"x"})
    for name in ["more/", "entries/more/", "evidence/entries/"]:
        yield f"hostile: the empty folder {name}", "pack: [manifest]", {**good, name: b""}
    # The last bits of this base64 stand for nothing.
    proofs = {"entries/000000000005.proof": "entry 5: [inclusion]", "changes/CHG-1.proof": "pack: [change-proof]"}
    for name, finding in proofs.items():
        hashed = re.search(rb"(.{42})=\n", good[name])
        digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        last = digits[digits.index(hashed[1][-1]) + 1:][:1]
        spare = hashed[1][:-1] + last + b"=\n"
        yield f"hostile: spare bits in {name}", finding, edited(good, name, re.escape(hashed[0]), spare)


def stories():
    """Logs in which four eyes were not on CHG-1."""
    change = "change CHG-1"
    yield "its requester approves", "entry 7: [conflict-of-interest]", story(approve("erin"))
    yield "one approval", "entry 7: [enough-approvals]", story(lambda *_: None)
    yield "one person twice", "entry 8: [enough-approvals]", story(approve("carol"))
    yield "no approver", "entry 7: [role]", story(approve("alice"))
    yield "nobody enrolled", "entry 7: [enrolled]", story(approve("mallory"))
    yield "another revision approved", "entry 7: [current-revision]", story(
        lambda log, revision, other: log.add("change.approve", "dave", change, f"revision 1 {other}"))
    yield "rejected", "entry 9: [rejected]", story(
        before_start=lambda log, revision: log.add("change.reject", "frank", change, revision, text="reason No."))
    yield "retracted", "entry 9: [enough-approvals]", story(
        before_start=lambda log, revision: log.add("change.retract", "dave", change, revision, text="reason No."))
    yield "a suspended key", "entry 9: [enough-approvals]", story(
        before_start=lambda log, revision: log.add("key.suspend", "alice", f"target {Key('dave').fingerprint}"))


def detached():
    """Logs in which an approval of CHG-1 was signed elsewhere, and erin submitted it."""
    yield "a detached approval", "nothing", story(submit("dave"))
    yield "both detached", "nothing", story(submit("dave"), before_start=submit("frank"))
    yield "detached, of the requester", "entry 7: [conflict-of-interest]", story(submit("erin"))
    yield "detached, of no approver", "entry 7: [role]", story(submit("alice"))
    yield "detached, of nobody enrolled", "entry 7: [enrolled]", story(submit("mallory"))
    yield "detached, by the key of another", "entry 7: [proof]", story(submit("dave", signer="carol"))
    yield "detached, by the key of the submitter", "entry 7: [proof]", story(submit("dave", signer="erin"))
    yield "detached, with another end", "entry 7: [proof]", story(submit("dave", claimed="40"))
    yield "detached, that ends before it was made", "entry 7: [grammar]", story(submit("dave", approved="31"))
    yield "detached, for another register", "entry 7: [statement-register]", story(submit("dave", register=1))
    yield "detached, too late", "entry 7: [statement-expired]", story(submit("dave", end="06"))
    yield "detached, that saw another change", "entry 7: [statement-seen]", story(submit("dave", seen=6))
    yield "detached, made before a later act", "entry 7: [statement-superseded]", story(submit("carol", seen=4))
    yield "detached, twice", "entry 8: [statement-once]", story(
        submit("dave", seen=5), before_start=submit("dave", seen=5))
    yield "detached, of who approved before", "entry 8: [enough-approvals]", story(submit("carol"))
    yield "detached, over at the start", "entry 8: [enough-approvals]", story(submit("dave", end="07"))
    yield "detached, and retracted", "entry 9: [enough-approvals]", story(
        submit("dave"), before_start=lambda log, revision: log.add(
            "change.retract", "dave", "change CHG-1", revision, text="reason No."))
    yield "detached, by a suspended key", "entry 9: [enough-approvals]", story(
        submit("dave"), before_start=lambda log, *_: log.add(
            "key.suspend", "alice", f"target {Key('dave').fingerprint}"))


def recorded():
    """Logs whose checkpoint was recorded by somebody who may not, or has lines that are not true or well formed."""
    yield "a checkpoint by an auditor", "nothing", story(recorder="audrey")
    yield "a checkpoint by an engineer", "entry 10: [checkpoint-role]", story(recorder="erin")
    yield "a checkpoint by nobody enrolled", "entry 10: [enrolled]", story(recorder="mallory")
    yield "a checkpoint of more entries", "entry 10: [checkpoint-size]", story(stated=("size 10", "size 11"))
    yield "a checkpoint of no changes", "entry 10: [grammar]", story(stated=("changes 2 ", "changes "))
    yield "a checkpoint with two roots", "entry 10: [grammar]", story(stated=("changes", f"root {ZERO}\nchanges"))


def hostile(marker):
    """Packs with values that would create a file called as `marker`, or do something else, as a part of a program."""
    end, run = "#" + "ab" * 16, "touch${IFS}" + marker
    names = {"a sed program": f"a//;e{run};#", "a file of sed": f"a//w{marker};#",
             "a shell program": f"$({run})`{run}`", "an option": "-n", "33 letters": "a" * 33, "capitals": "Prod"}
    for name, register in names.items():
        yield f"hostile: {name} as a register", "pack: [pack]", pack(story(register=register + end))
    good = pack(story())
    yield "hostile: two registers", "pack: [pack]", edited(good, "pack", b"(register .*\n)", rb"\1\1")
    subjects = {"a sed program": f"CHG-1 //p;e{run};#", "a pattern": "CHG-.", "all files": "*", "an option": "-exec",
                "a sum": f"CHG-PPID[$({run})]"}
    for name, subject in subjects.items():
        yield f"hostile: {name} as a subject", "pack: [pack]", edited(good, "pack", b"CHG-1", subject.encode())
    for key in ("size", "recorded"):
        sum_of = edited(good, "pack", rf"{key} \d+".encode(), f"{key} PPID[$({run})]".encode())
        yield f"hostile: a sum as {key}", "pack: [pack]", sum_of
    count = (b"count 2", f"count PPID[$({run})]".encode())
    yield "hostile: a sum as count", "pack: [change-proof]", edited(good, "changes/CHG-1.proof", *count)
    for key in ("size 10", "changes 2", "breakglasses 0"):
        log = story(stated=(key, f"{key.split(' ')[0]} PPID[$({run})]"))
        yield f"hostile: a sum as {key}", "entry 10: [grammar]", edited(pack(log), "changes/CHG-1.proof", *count)
    two = story(before_start=lambda log, revision: log.add("register.seal person.enrol", "bob"))
    yield "hostile: two kinds in one", "entry 8: [kind]", pack(two)
    two = story(before_start=lambda log, *_: log.add("change.note", "frank", "change CHG-1 CHG-2", text="note No."))
    yield "hostile: two changes in one", "entry 8: [grammar]", pack(two, "CHG-1", "CHG-2")
    # Listed line by line, this name is two that packs have.
    twice = re.sub(rb"(.*  index.html\n)", rb"\1\1", good["manifest"])
    hidden = {**good, "manifest": twice, "manifest\nindex.html": b"More.\n"}
    yield "hostile: a name of two lines", "pack: [manifest]", hidden


def packs(marker):
    good = pack(story())
    later = story(after=lambda log: log.add("change.note", "frank", "change CHG-1", text="note No."))
    rejected = next(log for name, _, log in stories() if name == "rejected")
    entry, proof = "entries/000000000005.entry", "entries/000000000005.proof"
    yield "good", "nothing", good
    yield "two changes", "nothing", pack(story(), "CHG-1", "CHG-2")
    untold = {name: content for name, content in good.items() if not name.endswith("07.text")}
    yield "a text left out", "nothing", manifest(untold)
    for name, finding, log in stories():
        yield name, finding, pack(log)
    yield "a byte", "entry 5: [signature]", edited(good, entry, b"10:00:05", b"10:00:06")
    yield "a byte and the old manifest", "pack: [manifest]", {**good, entry: good[entry] + b"\n"}
    yield "another text", "entry 7: [text]", edited(good, "entries/000000000007.text", b"Fine", b"Good")
    yield "a file too many", "pack: [manifest]", manifest({**good, "more.txt": b"More.\n"})
    yield "no approval", "entry 8: [last]", without(good, 7)
    yield "no governance", "entry 4: [governance]", without(good, 3)
    yield "no founding", "entry 1: [governance]", without(good, 0)
    yield "no finish", "pack: [later-entry]", without(good, 9)
    yield "a rejection left out", "entry 9: [last]", without(pack(rejected), 8)
    yield "a later entry hidden", "pack: [later-entry]", without(pack(later), 10)
    hidden, shown = later.leaves[10].encode(), later.leaves[9].encode()
    forged = edited(without(pack(later), 10), "changes/CHG-1.proof", hidden, shown)
    yield "a later entry hidden and the proof edited", "pack: [change-proof]", forged
    yield "no recorded checkpoint", "pack: [entries]", without(good, 10)
    yield "a proof of another entry", "entry 5: [inclusion]", edited(good, proof, b"index 5", b"index 6")
    yield "a proof with another hash", "entry 5: [inclusion]", edited(good, proof, rb"5\n.{43}", b"5\n" + b"A" * 43)
    yield "a proof too short", "entry 5: [inclusion]", edited(good, proof, rb"5\n.{44}\n", b"5\n")
    yield "another size", "pack: [checkpoint]", edited(good, "pack", rb"size \d+", b"size 99")
    yield "another register", "pack: [checkpoint]", edited(good, "pack", b"#ab", b"#ac")
    yield "a checkpoint by nobody", "pack: [checkpoint]", pack(story(), signer="mallory")
    nothing = b"\n" + b"A" * 43 + b"=\n\n"
    yield "another root", "entry 0: [inclusion]", edited(good, "checkpoint", rb"\n.{43}=\n\n", nothing)
    more = edited(good, "changes/CHG-1.proof", b"count 2", b"count 3")
    yield "another number of changes", "pack: [change-proof]", more
    for name, finding, log in detached():
        yield name, finding, pack(log)
    yield "a detached approval left out", "entry 8: [last]", without(pack(story(submit("dave"))), 7)
    for name, finding, log in recorded():
        yield name, finding, pack(log)
    yield from hostile(marker)
    yield from oversized(good)
    yield from notes(good)
    yield from redacted()
    yield from attached()
    yield from zips(good)


def write(files, to):
    """A folder, or a zip of stored files, by the ending. A name that ends with a slash is a folder."""
    if to.suffix != ".zip":
        for name, content in files.items():
            (to / name if name.endswith("/") else (to / name).parent).mkdir(parents=True, exist_ok=True)
            if not name.endswith("/"):
                (to / name).write_bytes(content)
        return
    with zipfile.ZipFile(to, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


for number, (name, finding, files) in enumerate(packs(f"{sys.argv[1]}/marker")):
    zipped = name.startswith("zip: ") or number % 2
    to = pathlib.Path(sys.argv[1]) / f"{number}{'.zip' if zipped else ''}"
    write(files, to)
    print(f"{name}\t{to}\t{finding}")
