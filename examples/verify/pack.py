"""An evidence pack: its files, its checkpoint, and the proofs that its entries are those of the log. For verify.py."""

import base64
import hashlib
import os
import re
import stat
import struct
import zipfile

from form import DIGEST, GOVERNANCE, NAME, NUMBER, Fault, require, strict
from log import Log
from trees import check_consistency, root_of

CHANGE = "CHG-[1-9][0-9]{0,15}"
# Base64 in its one spelling: the last bits, which stand for nothing, are zero.
DIGIT, THIRD = "[A-Za-z0-9+/]", "[AEIMQUYcgkosw048]"
BASE64 = f"{DIGIT}{{42}}{THIRD}="
# At least five bytes: the id of a key, and a signature.
SIGNATURE = f"(?:{DIGIT}{{4}})+(?:{DIGIT}{{4}}|{DIGIT}{{2}}{THIRD}=|{DIGIT}{{5}}[AQgw]==)"
FILE = re.compile(r"manifest|pack|checkpoint|checkpoint\.tsr|since\.proof|index\.html|evidence/" + DIGEST +
                  r"|entries/[0-9]{12}\.(entry|text|data|proof)|changes/" + CHANGE + r"\.proof")
PACK = re.compile(rf"twinseal/pack/v1\nregister ({NAME}#[0-9a-f]{{32}})\n((?:subject {CHANGE}\n)+)size ({NUMBER})\n"
                  rf"recorded ({NUMBER})\n")
NOTE = re.compile(rf"(({NAME}#[0-9a-f]{{32}})\n({NUMBER})\n({BASE64})\n)\n"
                  rf"((?:— [^\0-\x1f\s+]+ {SIGNATURE}\n){{1,100}})")
INCLUSION = re.compile(rf"c2sp\.org/tlog-proof@v1\nindex ({NUMBER})\n((?:{BASE64}\n)*)\n(.*)", re.DOTALL)
LATEST = re.compile(rf"twinseal/change-proof/v1\nchange ({CHANGE})\nlatest ({DIGEST})\ncount ({NUMBER})\n"
                    rf"((?:hash {BASE64}\n)*)")
SINCE = re.compile(rf"twinseal/since/v1\nsize ({NUMBER})\nroot ({BASE64})\n((?:hash {BASE64}\n)*)")
FOLDERS = ("entries", "changes", "evidence")
NOTE_BYTES = 256 << 10
# The most bytes of a file, by how its name ends and how it begins; and of all of them.
ENDINGS = {".entry": 65535, ".text": 65536, ".data": 4 << 20, ".proof": 2 * NOTE_BYTES}
BEGINNINGS = {"checkpoint": 2 * NOTE_BYTES, "manifest": 128 << 20, "pack": 128 << 20}
MOST_BYTES, MOST_FILES = 1 << 30, 1_000_000


class Files:
    """The files of a pack by their names. Nothing is read that no pack has, and no more than a pack can have."""

    def __init__(self):
        self.found, self.bytes = {}, 0

    def put(self, name, size, opened):
        require(FILE.fullmatch(name), "manifest", f"a pack has no file {name[:200]}")
        require(name not in self.found, "manifest", f"the file {name} is there twice")
        most = ENDINGS.get(os.path.splitext(name)[1]) or BEGINNINGS.get(name.split(".")[0]) or 256 << 20
        self.bytes += size
        require(size <= most, "manifest", f"the file {name} has more than {most} bytes")
        small = self.bytes <= MOST_BYTES and len(self.found) < MOST_FILES
        require(small, "manifest", "the pack is larger than packs are")
        with opened() as file:
            self.found[name] = file.read(size + 1)
        require(len(self.found[name]) == size, "manifest", f"the file {name} has another length")


def read(path):
    """The files of a pack, from a folder or from a zip."""
    files = Files()
    (read_folder if os.path.isdir(path) else read_zip)(path, files)
    return files.found


def read_zip(path, files):
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = info.orig_filename
            if name not in [f"{folder}/" for folder in FOLDERS]:
                plain = info.compress_type == zipfile.ZIP_STORED and not stat.S_ISLNK(info.external_attr >> 16)
                require(plain and name == info.filename, "manifest", f"{name[:200]} is not stored as a plain file")
                files.put(name, info.file_size, lambda info=info: archive.open(info))


def read_folder(path, files):
    def failed(error):
        raise error

    for folder, folders, names in os.walk(path, onerror=failed):
        for name in folders + names:
            full = os.path.join(folder, name)
            inside, there = os.path.relpath(full, path).replace(os.sep, "/"), os.lstat(full)
            known = stat.S_ISREG(there.st_mode) or stat.S_ISDIR(there.st_mode) and inside in FOLDERS
            require(known, "manifest", f"a pack has no such file or folder: {inside[:200]}")
            if name in names:
                files.put(inside, there.st_size, lambda full=full: open(full, "rb"))


def check_manifest(files):
    listed = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n"
                     for name, content in sorted(files.items()) if name != "manifest")
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


def hashes(lines):
    return [base64.b64decode(line.split(" ")[-1]) for line in lines.splitlines()]


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
        require(len(files["checkpoint"]) <= NOTE_BYTES, "checkpoint", "the file checkpoint is too large")
        _, origin, size, root, _ = self.note.groups()
        require((origin, size) == (self.id, str(self.size)), "checkpoint", "it is of another register, or another size")
        self.root = base64.b64decode(root)

    def check_place(self, entry, seq):
        super().check_place(entry, seq)
        proof = text(self.files, f"entries/{seq:012d}.proof", INCLUSION, "inclusion")
        require(int(proof[1]) == seq and proof[3].encode() == self.files["checkpoint"], "inclusion",
                "the proof is of another entry, or under another checkpoint")
        root = root_of(bytes.fromhex(entry.leaf), seq, self.size, hashes(proof[2]), "inclusion")
        require(root == self.root, "inclusion", "the entry is not in the log of the checkpoint")
        belongs = entry.kind in GOVERNANCE or entry.subject in self.subjects
        require(belongs and seq < self.recorded or seq == self.recorded, "entries", "the pack is not about this entry")
        self.entries[seq] = entry

    def check_entries(self):
        seqs = sorted({int(name[8:20]) for name in self.files if name.startswith("entries/")})
        for seq in seqs:
            parts = [self.files.get(f"entries/{seq:012d}.{part}") for part in ("entry", "text", "data")]
            self.check(seq, parts[0] or b"", *parts[1:])
        self.check_redacted()

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
            root = root_of(leaf, int(change[4:]) - 1, int(count), hashes(path), "change-proof")
            require(root.hex() == expected, "change-proof", f"the proof about {subject} does not lead to the root")
            require(latest == self.last.get(subject), "later-entry", f"a later entry about {subject} is not packed")

    def check_checkpoint(self):
        """At least one live key of the register signed the checkpoint, and no signature by one of its keys is wrong."""
        message, live, known = self.note[1].encode(), False, {}
        # A FIDO token signs no checkpoint.
        for key in [key for key in self.rules.keys.values() if not key["key"].application]:
            key_id = hashlib.sha256(f"{self.id}\n".encode() + b"\1" + key["key"].point).digest()[:4]
            known.setdefault(key_id, []).append(key)
        for line in self.note[5].split("\n")[:-1]:
            _, name, encoded = line.split(" ")
            signature = base64.b64decode(encoded)
            # Two keys may have one id, if somebody made a key for that. Either may have signed.
            candidates = known.get(signature[:4], []) if name == self.id else []
            signers = [key for key in candidates
                       if len(signature) == 68 and strict(key["key"].point, signature[4:], message)]
            require(signers or not candidates, "checkpoint", "a signature by a key of the register does not verify")
            live = live or any(key["state"] == "live" for key in signers)
        require(live, "checkpoint", "no live key of the register signed the checkpoint")

    def check_evidence(self):
        """An attached file is what a packed revision names. What somebody found at a start is not what was approved."""
        revisions = [entry for entry in self.entries.values() if entry.kind in ("change.file", "change.revise")]
        named = {line.split(" ")[-1] for entry in revisions for line in entry.all("artifact") + entry.all("evidence")}
        for name, content in self.files.items():
            if name.startswith("evidence/"):
                digest = hashlib.sha256(content).hexdigest()
                require(name == f"evidence/{digest}", "evidence", f"the file {name} has another digest")
                require(digest in named, "evidence", f"no packed revision names {name}")

    def check_since(self):
        if "since.proof" in self.files:
            rule = "consistency"
            size, root, path = text(self.files, "since.proof", SINCE, rule).groups()
            check_consistency(int(size), base64.b64decode(root), self.size, self.root, hashes(path))


def refused(fault):
    log = Log(whole=False)
    log.find(None, fault)
    return log


def check_pack(path):
    """Everything about a pack. What is wrong with the pack as a whole comes after its entries."""
    try:
        pack = Pack(read(path))
    except (OSError, RuntimeError, ValueError, EOFError, MemoryError, struct.error, zipfile.BadZipFile) as error:
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
