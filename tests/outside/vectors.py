"""For each entry in the folder of vectors that breaks a rule: its name, the rule, and what verify.py finds first."""

import copy
import pathlib
import re
import sys

import verify

folder = pathlib.Path(sys.argv[1])


def parts(path):
    """The blob, the text part and the data part."""
    return [part.read_bytes() if part.exists() else None
            for part in (path.parent / (path.name + end) for end in (".entry", ".text", ".data"))]


def states(log):
    """What is known before each entry of a good log, and after the last. The text that is redacted later is there."""
    reader, known = verify.Log(whole=True), []
    for path in sorted((folder / log).glob("*.entry"), key=lambda path: int(path.name.split("-")[0])):
        known.append(copy.deepcopy(reader))
        seq = int(path.name.split("-")[0])
        reader.check(seq, *parts(path.with_suffix("").parent / path.name[:-6]))
    assert not reader.findings, reader.findings
    return known + [reader]


for log, of in [("good", "bad"), ("good", "refused"), ("witnessed", "witnessed-refused")]:
    known = states(log)
    places = {state.newest: seq for seq, state in enumerate(known)}
    for rule in sorted((folder / of).glob("*.rule")):
        name = rule.name[:-5]
        blob, text, data = parts(rule.parent / name)
        prev = re.search(rb"\nprev ([0-9a-f]{64})\n", blob)
        # A vector without a link that could be read stands where most stand.
        seq = places.get(prev[1].decode(), 9) if prev else 9
        reader = copy.deepcopy(known[seq])
        reader.check(seq, blob, text, data)
        found = re.search(r"\[(.*?)\]", reader.findings[0][1])[1] if reader.findings else "nothing"
        print(name, rule.read_text().strip(), found)
