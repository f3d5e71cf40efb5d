"""The form of an entry of twinseal: the grammar of its body, and its signatures. For verify.py."""

import base64
import datetime
import hashlib
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ZERO = "0" * 64


class Fault(Exception):
    """What is wrong with an entry: the name of the rule, and a sentence."""


def require(holds, rule, words):
    if not holds:
        raise Fault(rule, words)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


ASKED = "asked expires asked-role* asked-operator*"
KEY = "public-key proof"
GRANTS = "role* group* operator*"
POLICY = """approvals approval-days separate? break-glass-minutes? break-glass-groups? teams? emergency-waives?
    emergency-review-days review-days? checkpoint-hours? (require when-kind? when-risk? when-tag? when-service?
    when-tier? when-environment? when-freeze? when-targets? sensitive* need-approvals? from* need? lead-minutes?
    longest-minutes? independent? keys? confirm? exception-group?)*"""
FACTS = """kind risk owner author* implementer* service* environment* tag* window outage-minutes rollback-minutes
    artifact* evidence* link* follows* conflicts? freeze-exception* plan-steps rollback-steps targets stop-after? exception*
    sensitive* (template value*)?"""
DECIDED = "proposal"
BREAKGLASS = "incident service* affects?"
STATEMENT = "change revision fingerprint approver approver-key seen approved not-after"
FIELDS = {
    "register.init": f"format after? {POLICY} (member {GRANTS} {ASKED} {KEY})*",
    "register.seal": "",
    "person.enrol": f"proposal (member {GRANTS} fingerprint {ASKED} {KEY})*",
    "person.roles": f"proposal (person replaces {GRANTS} revoke*)+",
    "person.retire": "proposal person replaces",
    "person.key": f"proposal person fingerprint {ASKED} {KEY} (vouch-key vouch)?",
    "key.lift": "proposal target replaces",
    "policy.set": f"proposal replaces {POLICY}",
    "text.redact": "proposal redact*",
    "register.restored": "proposal restored lost",
    "freeze.set": """proposal freeze replaces? when-kind? when-risk? service* environment* tag* except-kind? except-tag*
        exception-group (calendar | known-until)""",
    "freeze.lift": "proposal freeze replaces again?",
    "calendar.set": "proposal calendar replaces? known-until",
    "service.set": "proposal replaces? services",
    "template.set": "proposal template replaces? until",
    "template.end": "proposal template replaces",
    "freeze.now": "service* until",
    "freeze.end": "freeze",
    "proposal.second": DECIDED,
    "proposal.decline": DECIDED,
    "proposal.withdraw": DECIDED,
    "proposal.refused": "proposal verb rule",
    "key.revoke": "target",
    "key.suspend": "target",
    "person.suspend": "person",
    "change.file": f"change {FACTS}",
    "change.revise": f"change revision {FACTS}",
    "change.withdraw": "change revision",
    "change.approve": "change revision",
    "approval.submit": f"{STATEMENT} proof",
    "change.reject": "change revision",
    "change.retract": "change revision",
    "change.start": "change revision target? run? artifact*",
    "change.finish": "change revision target? run? outcome",
    "change.confirm": "change revision outcome",
    "change.review": "change revision action*",
    "change.action": "change revision action",
    "change.close": "change revision",
    "change.note": "change",
    "change.refused": "change revision verb target? artifact* rule",
    "breakglass.open": f"breakglass {BREAKGLASS}",
    "breakglass.enter": f"breakglass fingerprint opened opener opener-key {BREAKGLASS} proof",
    "breakglass.close": "breakglass",
    "breakglass.ratify": "breakglass closed",
    "deviation.record": "deviation done by* service* incident?",
    "deviation.review": "deviation recorded",
    "log.checkpoint": "size root changes breakglasses",
    "log.sample": "size root period input? seed of drawn*",
    "log.reconciliation": "size root period input outside matched differs break-glass unauthorised not-deployed",
}
OTHERS = ("change.", "approval.", "breakglass.", "deviation.", "log.")
GOVERNANCE = {kind for kind in FIELDS if not kind.startswith(OTHERS)}
OPENING = {kind for kind in GOVERNANCE if FIELDS[kind].startswith("proposal ")} - {"proposal.refused"}

DIGEST, NUMBER, COUNT = "[0-9a-f]{64}", "(?:0|[1-9][0-9]{0,15})", "[1-9][0-9]{0,15}"
TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
NAME, KEY_ID = "[a-z][a-z0-9._-]{0,31}", "SHA256:[A-Za-z0-9+/]{43}"
PERIOD = f"(?: (?:- {TIME}|{TIME} -|{TIME} {TIME}))?"
# How values are spelled on which something depends here; any other value need only be there. "KIND KEY" precedes "KEY".
VALUES = {
    "register": f"{NAME}#[0-9a-f]{{32}}", "seq": NUMBER, "author": f"(?:external )?{NAME}",
    "role": f"(?:admin|engineer|approver|auditor){PERIOD}", "keys": "(?:touch|pin)",
    "public-key": r"(?:ssh-ed25519|sk-ssh-ed25519@openssh\.com) [A-Za-z0-9+/]{68,144}={0,2}",
    "approvals": "[2-9]", "approval-days": "[1-9][0-9]{0,2}", "separate": "[a-z -]+", "change": f"CHG-{COUNT}",
    "deviation": f"DEV-{COUNT}", "by": f"(?:external )?{NAME}",
    "breakglass": f"BG-{COUNT}", "revision": f"{COUNT} {DIGEST}", "redact": f"{NUMBER} {DIGEST}",
    "proposal": COUNT, "service": "[a-z][a-z0-9._-]{0,63}", "kind": "(?:normal|emergency|standard)",
    "outcome": "(?:succeeded|failed|rolled-back)", "window": f"{TIME} {TIME} [A-Za-z0-9_+/-]{{1,64}}",
    "template": f"{NAME} {DIGEST}", "template.set template": NAME, "template.end template": NAME,
    "value": f"{NAME} [A-Za-z0-9._:/][A-Za-z0-9._:/-]{{0,63}}",
    "artifact": f"[!-<>-~]{{1,128}} {DIGEST}", "change.action action": COUNT,
    "change.review action": f"{COUNT} {NAME} {TIME}",
}
for keys, spelling in [
    ("actor member person operator asked-operator owner implementer opener approver tag environment", NAME),
    ("key opener-key approver-key vouch-key revoke", KEY_ID),
    ("time asked expires until opened approved not-after done", TIME),
    ("prev governance last data text replaces fingerprint closed seen recorded", DIGEST),
    ("outage-minutes rollback-minutes plan-steps rollback-steps targets", NUMBER),
]:
    VALUES.update(dict.fromkeys(keys.split(), spelling))
for verb in ("second", "decline", "withdraw", "refused"):
    VALUES[f"proposal.{verb} proposal"] = f"{COUNT} {DIGEST}"
for kind in ("key.lift", "key.revoke", "key.suspend"):
    VALUES[f"{kind} target"] = KEY_ID
for key in "outside matched differs break-glass unauthorised not-deployed of".split():
    VALUES[key] = NUMBER
VALUES.update({"log.sample period": f"{TIME} {TIME}", "log.reconciliation period": f"{TIME} {TIME}", "input": DIGEST})
VALUES.update({"size": COUNT, "root": DIGEST, "changes": f"{NUMBER} {DIGEST}", "breakglasses": f"{NUMBER} {DIGEST}"})
VALUES["conflicts"] = f"{COUNT} {DIGEST}"
ASCENDING = {"operator", "asked-operator", "implementer", "service", "environment", "tag", "revoke", "value"}

# Control, format and invisible characters: the list of docs/format.md.
FORBIDDEN = re.compile(
    "[\0-\x09\x0b-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc"
    "\U000110bd\U000110cd\U00013430-\U00013442\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]")


def pattern(fields):
    """Turns "change revision? artifact*" into an expression for keys, each followed by a semicolon."""
    return re.sub("[a-z-]+", r"(?:\g<0>;)", fields).replace(" ", "").replace("\n", "")


SHAPE = {kind: re.compile(pattern(f"register seq prev governance last? time actor key {fields} data? (filled text)?"))
         for kind, fields in FIELDS.items()}


def seconds(moment):
    return int(datetime.datetime.strptime(moment + "+0000", "%Y-%m-%dT%H:%M:%SZ%z").timestamp())


def readable(data):
    try:
        return not FORBIDDEN.search(data.decode()) and data.endswith(b"\n")
    except UnicodeDecodeError:
        return False


class Entry:
    """A blob that was taken apart. Nothing is known about its signature and its place yet."""

    def __init__(self, blob):
        require(len(blob) <= 65535, "size", "the entry has more than 65535 bytes")
        self.leaf = sha256(b"\0" + blob)
        body, gap, rest = blob.partition(b"\n\n")
        signature = re.fullmatch(rb"sig ([A-Za-z0-9+/=]+)\n", rest)
        require(gap and signature, "signature", "there is no empty line with one signature line after it")
        self.body, self.signature = body + b"\n", signature[1].decode()
        require(readable(self.body), "grammar", "the body is not UTF-8, or has a forbidden character")
        self.namespace, *lines = body.decode().split("\n")
        named = re.fullmatch("twinseal/(.*)/v1", self.namespace)
        require(named and named[1] in FIELDS, "kind", "the first line names no kind of entry of format 1")
        self.kind = named[1]
        self.lines = [tuple(line.split(" ", 1)) if " " in line else (line, "") for line in lines]
        keys = "".join(f"{key};" for key, _ in self.lines)
        require(SHAPE[self.kind].fullmatch(keys), "grammar", f"these are not the lines of {self.kind}")
        require(self.get("format") in (None, "1"), "newer", "the register needs newer scripts")
        self.check_values()
        self.subject = self.get("change") or self.get("breakglass") or self.get("deviation")
        self.seq, self.time, self.actor, self.key = int(self["seq"]), self["time"], self["actor"], self["key"]

    def check_values(self):
        for (before, smaller), (key, value) in zip([("", "")] + self.lines, self.lines):
            spelling = VALUES.get(f"{self.kind} {key}") or VALUES.get(key) or ".+"
            require(re.fullmatch(spelling, value), "grammar", f"the value of {key} is malformed")
            require(spelling != NUMBER or int(value) < 2**53, "grammar", f"the number in {key} is too large")
            for moment in re.findall(f"(?<![^ ]){TIME}(?![^ ])", value):
                try:
                    require(seconds(moment) >= 0, "grammar", f"the time in {key} is before 1970")
                except ValueError:
                    raise Fault("grammar", f"the time in {key} does not exist") from None
            if key == "public-key":
                public_key(value)
            repeated = key == before and key in ASCENDING
            require(not repeated or smaller < value, "canonical", f"the {key} lines are not in order")
        stream = self.kind.startswith(("change.", "approval.", "breakglass.", "deviation."))
        require(bool(self.get("last")) == stream, "canonical", "the last line is missing, or does not belong here")
        ends = self.kind != "approval.submit" or self["approved"] <= self["not-after"]
        require(ends, "grammar", "the statement ends before it was made")

    def get(self, wanted):
        return next((value for key, value in self.lines if key == wanted), None)

    def __getitem__(self, wanted):
        return self.get(wanted)

    def all(self, wanted):
        return [value for key, value in self.lines if key == wanted]

    def blocks(self, first):
        """The lines from each line with this key to the next one: a member, or a person with new grants."""
        found = []
        for key, value in self.lines:
            if key == first:
                found.append([])
            if found and key not in ("data", "filled", "text"):
                found[-1].append((key, value))
        return found


def values(lines, wanted):
    return [value for key, value in lines if key == wanted]


P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
# The y coordinates of the points of small order.
SMALL = {0, 1, P - 1} | {int.from_bytes(bytes.fromhex(y), "little") for y in (
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")}


def wire(*parts):
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def y_of(point):
    return int.from_bytes(point, "little") % 2**255


def strict(public, signature, message):
    """Ed25519 as RFC 8032 says it, without the cofactor, S reduced, no point of small order."""
    safe = all(y_of(point) < P and y_of(point) not in SMALL for point in (public, signature[:32]))
    if not safe or int.from_bytes(signature[32:], "little") >= ORDER:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False


class Key:
    """A key in SSH's wire format: Ed25519, or that of a FIDO token (sk-ssh-ed25519@openssh.com) for an application."""

    def __init__(self, wire_format):
        self.wire, parts = wire_format, strings(wire_format)
        self.algorithm, self.point, *rest = parts if len(parts) > 1 else (b"", b"")
        self.application = rest[0] if rest else None
        form = re.fullmatch(b"ssh:[!-~]{0,28}", rest[0]) and self.algorithm == FIDO if rest else self.algorithm == PLAIN
        self.sound = bool(form) and len(self.point) == 32 and wire(*parts) == wire_format and len(rest) < 2
        digest = hashlib.sha256(wire_format).digest()
        self.fingerprint = "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


PLAIN, FIDO = b"ssh-ed25519", b"sk-ssh-ed25519@openssh.com"


def strings(data):
    """The parts of what `wire` joined. Nothing says that the lengths are right."""
    parts = []
    while data:
        end = 4 + int.from_bytes(data[:4], "big")
        parts.append(data[4:end])
        data = data[end:]
    return parts


def check_sshsig(encoded, namespace, message, rule):
    """Checks an SSHSIG blob that must be encoded exactly as ssh-keygen does it. Returns the key that signed."""
    try:
        blob = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise Fault("signature", "the signature is not base64") from None
    require(base64.b64encode(blob).decode() == encoded, "signature", "the base64 has another spelling")
    fields, name = strings(blob[10:]), namespace.encode()
    key, inner = Key(fields[0] if fields else b""), fields[-1] if fields else b""
    # Behind its signature a token has its flags and its counter.
    said = inner[-5:] if key.application else b""
    signature = inner[len(inner) - len(said) - 64:len(inner) - len(said)]
    exact = b"SSHSIG\0\0\0\1" + wire(key.wire, name, b"", b"sha512", wire(key.algorithm, signature) + said)
    require(key.sound and len(signature) == 64 and blob == exact, rule,
            "the signature is not the one encoding of an SSHSIG blob")
    signed = b"SSHSIG" + wire(name, b"", b"sha512", hashlib.sha512(message).digest())
    if key.application:
        signed = hashlib.sha256(key.application).digest() + said + hashlib.sha256(signed).digest()
    require(strict(key.point, signature, signed), rule, "the signature does not verify")
    require(not said or said[0] & 1, rule, "the FIDO token was not touched")
    return key.fingerprint


def public_key(line):
    """A key to be enrolled."""
    algorithm, encoded = line.split(" ")
    try:
        key = Key(base64.b64decode(encoded, validate=True))
    except ValueError:
        raise Fault("grammar", "a public key is not base64") from None
    exact = key.sound and key.algorithm == algorithm.encode() and base64.b64encode(key.wire).decode() == encoded
    require(exact and y_of(key.point) < P and y_of(key.point) not in SMALL, "grammar",
            "a public key is malformed or weak")
    return key


def check_requests(entry):
    """Every key to be enrolled signed its request, and so did a key that vouches for it. A word and a statement too."""
    if entry.kind == "breakglass.enter":
        lines = [line for line in entry.lines[8:] if line[0] not in ("breakglass", "proof", "filled", "data")]
        word = "twinseal/breakglass.word/v1"
        message = "".join(f"{line}\n" for line in [word] + [" ".join(line) for line in lines])
        signer = check_sshsig(entry["proof"], word, message.encode(), "proof")
        require(signer == entry["opener-key"], "proof", "another key signed the word")
    if entry.kind == "approval.submit":
        # What the approver signed elsewhere had the same lines, and the same register above them.
        statement = "twinseal/statement.approve/v1"
        lines = [f"{key} {entry[key]}" for key in ["register"] + STATEMENT.split(" ")]
        message = "".join(f"{line}\n" for line in [statement] + lines)
        signer = check_sshsig(entry["proof"], statement, message.encode(), "proof")
        require(signer == entry["approver-key"], "proof", "another key signed the statement")
    for lines in entry.blocks("person" if entry.kind == "person.key" else "member"):
        if not values(lines, "public-key"):
            continue
        at = [key for key, _ in lines].index("asked" if entry.kind == "register.init" else "fingerprint")
        asked = lines[at:[key for key, _ in lines].index("public-key") + 1]
        register = entry["register"].split("#")[0] if entry.kind == "register.init" else entry["register"]
        head = ["twinseal/person.request/v1", f"register {register}", f"person {lines[0][1]}"]
        request = "".join(f"{line}\n" for line in head + [" ".join(line) for line in asked]).encode()
        signer = check_sshsig(values(lines, "proof")[0], head[0], request, "proof")
        require(signer == public_key(values(lines, "public-key")[0]).fingerprint, "proof", "another key signed the request")
        for vouch in values(lines, "vouch"):
            signer = check_sshsig(vouch, "twinseal/person.vouch/v1", request, "proof")
            require(signer == values(lines, "vouch-key")[0], "proof", "another key vouches")
