"""Merkle trees (RFC 6962): roots, and proofs that lead to them. For verify.py."""

import hashlib
import itertools

from form import require


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """A tree that grows, and whose leaves change. An odd last node of a level goes up as it is."""

    def __init__(self):
        self.levels = [[]]

    def put(self, at, leaf):
        """Sets leaf `at`, which is there or is the next one."""
        for level in itertools.count():
            if level == len(self.levels):
                self.levels.append([])
            self.levels[level][at:at + 1] = [leaf]
            if len(self.levels[level]) == 1:
                return
            at //= 2
            pair = self.levels[level][2 * at:2 * at + 2]
            leaf = node(*pair) if len(pair) == 2 else pair[0]

    def counted_root(self):
        """The number of leaves, and the root."""
        root = self.levels[-1][0] if self.levels[0] else hashlib.sha256().digest()
        return f"{len(self.levels[0])} {root.hex()}"


def root_of(leaf, index, size, path, rule):
    """The root that an inclusion proof leads to (RFC 9162, 2.1.3.2)."""
    last, root = size - 1, leaf
    require(index <= last, rule, "the tree is smaller")
    for sibling in path:
        require(last > 0, rule, "a proof is too long")
        if index % 2 or index == last:
            root = node(sibling, root)
            while index and not index % 2:
                index, last = index // 2, last // 2
        else:
            root = node(root, sibling)
        index, last = index // 2, last // 2
    require(last == 0, rule, "a proof is too short")
    return root


def check_consistency(first, old, second, new, path):
    """That the tree of `second` leaves begins with that of `first` leaves (RFC 9162, 2.1.4.2)."""
    require(0 < first <= second, "consistency", "the log is shorter than it was")
    if first == second:
        return require(old == new and not path, "consistency", "the log has the same size and another root")
    at, last = first - 1, second - 1
    while at % 2:
        at, last = at // 2, last // 2
    path = ([] if first & (first - 1) else [old]) + path
    require(path, "consistency", "the proof is too short")
    seed = again = path[0]
    for sibling in path[1:]:
        require(last > 0, "consistency", "the proof is too long")
        if at % 2 or at == last:
            seed, again = node(sibling, seed), node(sibling, again)
            while at and not at % 2:
                at, last = at // 2, last // 2
        else:
            again = node(again, sibling)
        at, last = at // 2, last // 2
    require(seed == old and again == new and last == 0, "consistency", "the log does not begin with the earlier one")
