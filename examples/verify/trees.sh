# The roots that the entries on the log itself state (RFC 6962). For verify.sh, which reads this file.
# All trees of all checkpoints are hashed together, level by level: one sha256sum reads many nodes.

# Writes each node, whose bytes the file `nodes` spells as octal digits, and its hash to `made`.
make_nodes() {
    rm -rf node
    mkdir node
    while read -r number bytes; do printf "$bytes" > "node/$number"; done < nodes
    find node -type f -exec sha256sum {} + > made
}

# Leaves the roots in the file `roots`: the entry with the checkpoint, the tree, the place 0, and the hash.
find_roots() {
    : > nodes
    awk -f "$here/trees.awk" hashes apart > roots
    make_nodes
    levels=0
    while grep -Evq '^[0-9]+ [a-z]+ 0 [0-9a-f]{64}$' roots; do
        [ $((levels += 1)) -le 64 ] || { echo 'broken: a tool failed'; exit 3; }
        mv roots below
        : > nodes
        awk -f "$here/trees.awk" made below > roots
        make_nodes
    done
}
