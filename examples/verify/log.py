"""The entries of a log, one after another: their parts, their place, and the rules. For verify.py."""

import rules
from form import GOVERNANCE, ZERO, Entry, Fault, check_requests, check_sshsig, readable, require, sha256


class Log:
    """Checks entries one after another: signature, place, rules. `whole` says whether all of the log comes."""

    def __init__(self, whole):
        self.rules, self.id, self.findings, self.starts, self.missing = rules.Register(whole), None, [], [], {}
        self.newest, self.governance, self.last, self.texts, self.leaves = ZERO, ZERO, {}, {}, {}
        self.whole, self.count, self.valid, self.seq = whole, 0, True, -1

    def find(self, seq, fault):
        """A finding about an entry, or about the whole, for which `seq` is None."""
        subject = "pack" if seq is None else f"entry {seq}"
        self.findings.append((2**53 if seq is None else seq, f"{subject}: [{fault.args[0]}] {fault.args[1]}"))

    def check_parts(self, entry, seq, text, data):
        digest, signed = entry["data"], entry["text"]
        require((data is None) == (digest is None), "data", "the data part is missing, or was never signed")
        require(data is None or sha256(data) == digest, "data", "the data part is not the signed one")
        require(text is None or signed, "text", "there is a text part that was never signed")
        require(text is None or sha256(text) == signed, "text", "the text part is not the signed one")
        for part, most, rule in [(data, 4 << 20, "data"), (text, 65536, "text")]:
            require(part is None or len(part) <= most, "size", f"the {rule} part is too large")
            require(part is None or readable(part), rule, f"the {rule} part is not UTF-8, or has a forbidden character")
        if signed and text is None:
            self.missing[seq] = signed
        self.texts[seq] = (signed, text is not None)

    def check_place(self, entry, seq):
        if entry.seq == 0 and self.id is None:
            self.id = entry["register"]
        require(entry.seq == seq, "seq", f"the entry says that it is entry {entry.seq}")
        require(entry["register"] == self.id, "register", "the entry is of another register")
        neighbours = self.whole or seq == self.seq + 1
        require(not neighbours or entry["prev"] == self.newest, "prev", "prev is not the leaf hash of the entry before")
        require(entry["governance"] == self.governance, "governance", "a governance entry before is missing")
        last = self.last.get(entry.subject, ZERO)
        require(entry.subject is None or entry["last"] == last, "last", f"an entry about {entry.subject} is missing")

    def check(self, seq, blob, text, data):
        try:
            leaf = sha256(b"\0" + blob)
            entry = Entry(blob)
            self.check_parts(entry, seq, text, data)
            signer = check_sshsig(entry.signature, entry.namespace, entry.body, "signature")
            require(signer == entry.key, "signature", "another key signed than the key line names")
            check_requests(entry)
            self.check_place(entry, seq)
            if self.valid:
                start = self.rules.judge(entry)
                self.starts += [start] if start else []
                self.rules.recorded(entry)
            if entry.kind in GOVERNANCE:
                self.governance = leaf
            elif entry.subject:
                self.last[entry.subject] = leaf
        except Fault as fault:
            # Where an entry is invalid, nothing after it is judged by rules; its signature and its links still are.
            if self.valid or fault.args[0] in ("signature", "seq", "prev"):
                self.find(seq, fault)
            self.valid = False
        self.leaves[seq] = leaf
        self.newest, self.seq, self.count = leaf, seq, self.count + 1

    def check_texts(self):
        """A text may be missing from a log if a proposal to redact it was seconded; then it must be missing."""
        for seq, digest in self.missing.items():
            if self.rules.redacted.get(seq) != digest:
                self.find(seq, Fault("text", "the text part is missing, and no proposal redacted it"))
        self.check_redacted()

    def check_redacted(self):
        for seq in self.rules.redacted:
            if self.texts.get(seq, (None, False))[1]:
                self.find(seq, Fault("redacted", "a text that was redacted is there"))
