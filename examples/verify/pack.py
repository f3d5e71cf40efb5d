"""An evidence pack: its files, its checkpoint, and the proofs that its entries are those of the log. For verify.py."""

import base64
import hashlib
import os
import re
import stat
import zipfile
import zlib

from form import DIGEST, GOVERNANCE, NAME, NUMBER, Fault, require, strict
from log import Log
from trees import check_consistency, root_of

CHANGE = "CHG-[1-9][0-9]{0,15}"
BASE64 = "[A-Za-z0-9+/]{43}="
FILE = re.compile(r"manifest|pack|checkpoint|checkpoint\.tsr|since\.proof|index\.html|evidence/" + DIGEST +
                  r"|entries/[0-9]{12}\.(entry|text|data|proof)|changes/" + CHANGE + r"\.proof")
PACK = re.compile(rf"twinseal/pack/v1\nregister ({NAME}#[0-9a-f]{{32}})\n((?:subject {CHANGE}\n)+)size ({NUMBER})\n"
                  rf"recorded ({NUMBER})\n")
NOTE = re.compile(rf"(({NAME}#[0-9a-f]{{32}})\n({NUMBER})\n({BASE64})\n)\n((?:— [^ \n]+ [A-Za-z0-9+/=]+\n)+)")
INCLUSION = re.compile(rf"c2sp\.org/tlog-proof@v1\nindex ({NUMBER})\n((?:{BASE64}\n)*)\n(.*)", re.DOTALL)
LATEST = re.compile(rf"twinseal/change-proof/v1\nchange ({CHANGE})\nlatest ({DIGEST})\ncount ({NUMBER})\n"
                    rf"((?:hash {BASE64}\n)*)")
SINCE = re.compile(rf"twinseal/since/v1\nsize ({NUMBER})\nroot ({BASE64})\n((?:hash {BASE64}\n)*)")
MOST = 1 << 30


def read(path):
    """The files of a pack by their names, from a folder or from a zip."""
    if not os.path.isdir(path):
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            names = [info.filename for info in infos]
            require(len(set(names)) == len(names), "manifest", "the zip has a file twice")
            require(sum(info.file_size for info in infos) <= MOST, "size", "the pack is larger than 1 GiB")
            return {info.filename: archive.read(info) for info in infos}
    found = {}
    for folder, folders, files in os.walk(path):
        for name in folders + files:
            full = os.path.join(folder, name)
            inside = os.path.relpath(full, path).replace(os.sep, "/")
            kind = os.lstat(full).st_mode
            require(stat.S_ISDIR(kind) or stat.S_ISREG(kind), "manifest", f"{inside} is neither a file nor a folder")
            if name in files:
                with open(full, "rb") as file:
                    found[inside] = file.read()
    return found


def check_manifest(files):
    listed = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n"
                     for name, content in sorted(files.items(), key=lambda it: it[0].encode()) if name != "manifest")
    for name in files:
        require(FILE.fullmatch(name), "manifest", f"a pack has no file {name}")
    require(files.get("manifest") == listed.encode(), "manifest", "the manifest does not list these very files")


def text(files, name, shape, rule):
    """A file that has exactly this shape."""
    require(name in files, rule, f"there is no file {name}")
    try:
        match = shape.fullmatch(files[name].decode())
    except UnicodeDecodeError:
        match = None
    require(match, rule, f"the file {name} is malformed")
    return match


def decoded(encoded, rule):
    """Base64 in its one spelling."""
    try:
        raw = base64.b64decode(encoded, validate=True)
    except ValueError:
        raw = b""
    require(base64.b64encode(raw).decode() == encoded, rule, "it has base64 of another spelling")
    return raw


def hashes(lines, rule):
    return [decoded(line.split(" ")[-1], rule) for line in lines.splitlines()]


class Pack(Log):
    """Checks the entries of a pack. The numbers between them are not packed, so `prev` is replaced by proofs."""

    def __init__(self, files):
        super().__init__(whole=False)
        check_manifest(files)
        self.files, self.entries = files, {}
        self.id, subjects, size, recorded = text(files, "pack", PACK, "pack").groups()
        self.subjects = [line.split(" ")[1] for line in subjects.splitlines()]
        self.size, self.recorded = int(size), int(recorded)
        numbers = [int(subject[4:]) for subject in self.subjects]
        require(numbers == sorted(set(numbers)), "pack", "the subjects are out of order")
        self.note = text(files, "checkpoint", NOTE, "checkpoint")
        _, origin, size, root, _ = self.note.groups()
        require((origin, size) == (self.id, str(self.size)), "checkpoint", "it is of another register, or another size")
        self.root = decoded(root, "checkpoint")

    def check_place(self, entry, seq):
        super().check_place(entry, seq)
        proof = text(self.files, f"entries/{seq:012d}.proof", INCLUSION, "inclusion")
        require(int(proof[1]) == seq and proof[3].encode() == self.files["checkpoint"], "inclusion",
                "the proof is of another entry, or under another checkpoint")
        root = root_of(bytes.fromhex(entry.leaf), seq, self.size, hashes(proof[2], "inclusion"), "inclusion")
        require(root == self.root, "inclusion", "the entry is not in the log of the checkpoint")
        belongs = entry.kind in GOVERNANCE or entry.subject in self.subjects
        require(belongs and seq < self.recorded or seq == self.recorded, "entries", "the pack is not about this entry")
        self.entries[seq] = entry

    def check_entries(self):
        seqs = sorted({int(name[8:20]) for name in self.files if name.startswith("entries/")})
        for seq in seqs:
            parts = [self.files.get(f"entries/{seq:012d}.{part}") for part in ("entry", "text", "data")]
            self.check(seq, parts[0] or b"", *parts[1:])

    def check_changes(self):
        """That the newest packed entry about each change is the newest there was."""
        recorded = self.entries.get(self.recorded)
        require(recorded and recorded.kind == "log.checkpoint", "entries", "no recorded checkpoint is packed")
        number, expected = recorded["changes"].split(" ")
        proofs = sorted(name for name in self.files if name.startswith("changes/"))
        wanted = sorted(f"changes/{subject}.proof" for subject in self.subjects)
        require(proofs == wanted, "change-proof", "the proofs are not those of the subjects")
        for subject in self.subjects:
            change, latest, count, path = text(self.files, f"changes/{subject}.proof", LATEST, "change-proof").groups()
            require(change == subject and count == number, "change-proof", "the proof is of another change or tree")
            leaf = hashlib.sha256(f"\0{change} {latest}\n".encode()).digest()
            root = root_of(leaf, int(change[4:]) - 1, int(count), hashes(path, "change-proof"), "change-proof")
            require(root.hex() == expected, "change-proof", f"the proof about {subject} does not lead to the root")
            require(latest == self.last.get(subject), "later-entry", f"a later entry about {subject} is not packed")

    def check_checkpoint(self):
        """At least one live key of the register signed the checkpoint, and no signature by one of its keys is wrong."""
        message, live = self.note[1].encode(), 0
        for line in self.note[5].splitlines():
            _, name, encoded = line.split(" ")
            signature = decoded(encoded, "checkpoint")
            for key in self.rules.keys.values() if name == self.id else []:
                key_id = hashlib.sha256(f"{name}\n".encode() + b"\1" + key["public"]).digest()[:4]
                if signature[:4] == key_id:
                    valid = len(signature) == 68 and strict(key["public"], signature[4:], message)
                    require(valid, "checkpoint", f"the signature by a key of {key['person']} does not verify")
                    live += key["state"] == "live"
        require(live, "checkpoint", "no live key of the register signed the checkpoint")

    def check_evidence(self):
        named = {line.split(" ")[1] for entry in self.entries.values() if entry.subject
                 for line in entry.all("artifact") + entry.all("evidence")}
        for name, content in self.files.items():
            if name.startswith("evidence/"):
                digest = hashlib.sha256(content).hexdigest()
                require(name == f"evidence/{digest}", "evidence", f"the file {name} has another digest")
                require(digest in named, "evidence", f"no packed entry names {name}")

    def check_since(self):
        if "since.proof" in self.files:
            rule = "consistency"
            size, root, path = text(self.files, "since.proof", SINCE, rule).groups()
            check_consistency(int(size), decoded(root, rule), self.size, self.root, hashes(path, rule))


def refused(fault):
    log = Log(whole=False)
    log.find(None, fault)
    return log


def check_pack(path):
    """Everything about a pack. What is wrong with the pack as a whole comes after its entries."""
    try:
        pack = Pack(read(path))
    except (OSError, RuntimeError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        return refused(Fault("manifest", f"the pack cannot be read: {error}"))
    except Fault as fault:
        return refused(fault)
    pack.check_entries()
    last = (pack.check_changes, pack.check_checkpoint, pack.check_evidence, pack.check_since)
    for check in last if pack.valid else ():
        try:
            check()
        except Fault as fault:
            pack.find(None, fault)
    return pack
