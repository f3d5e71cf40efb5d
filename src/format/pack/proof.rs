//! The proofs in a pack. Each is a text with one spelling.

use std::fmt;

use crate::domain::{ChangeId, Digest, Invalid, number, subject_leaf};
use crate::format::Defect;
use crate::format::lines::{Reader, Writer};
use crate::format::tree::{extends, includes};
use data_encoding::BASE64;

/// The first line of the proof of an entry.
const TLOG: &str = "c2sp.org/tlog-proof@v1";

/// The first line of the proof of a change.
const CHANGE: &str = "twinseal/change-proof/v1";

/// The first line of the proof that a checkpoint extends another.
const SINCE: &str = "twinseal/since/v1";

fn base64(text: &str) -> Result<Digest, Invalid> {
    let bytes = BASE64.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(Digest::new).ok_or(Invalid::Digest)
}

fn in_base64(hash: &Digest) -> String {
    BASE64.encode(hash.as_bytes())
}

/// Accepts what was read if it is written as the same bytes.
fn canonical<T: fmt::Display>(read: T, bytes: &[u8]) -> Result<T, Defect> {
    if read.to_string().as_bytes() == bytes { Ok(read) } else { Err(Defect::NotCanonical) }
}

fn first_line(lines: &mut Reader<'_>, expected: &str) -> Result<(), Defect> {
    if lines.take_line() == expected { Ok(()) } else { Err(Defect::Kind) }
}

/// That an entry is in the log of a checkpoint: a C2SP tlog-proof (<https://c2sp.org/tlog-proof>) without extra data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryProof {
    /// The number of the entry.
    pub index: u64,
    /// The inclusion proof, from the leaf's sibling upwards.
    pub hashes: Vec<Digest>,
    /// The checkpoint with its signatures, exactly.
    pub checkpoint: String,
}

impl EntryProof {
    /// Decodes a proof.
    ///
    /// # Errors
    /// A defect of the grammar, or [`Defect::NotCanonical`].
    pub fn read(bytes: &[u8]) -> Result<Self, Defect> {
        let text = str::from_utf8(bytes).map_err(|_| Defect::Utf8)?;
        let (proof, checkpoint) = text.split_once("\n\n").ok_or(Defect::Unended)?;
        let mut lines = proof.split('\n');
        if lines.next() != Some(TLOG) {
            return Err(Defect::Kind);
        }
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(|index| number(index).ok()).ok_or(Defect::Expected { line: 2, key: "index" })?;
        let hash = |(line, text)| base64(text).map_err(|invalid| Defect::Value { line, key: "hash", invalid });
        let hashes = (3..).zip(lines).map(hash).collect::<Result<_, _>>()?;
        canonical(Self { index, hashes, checkpoint: checkpoint.to_owned() }, bytes)
    }

    /// Whether it proves that a leaf hash is at its place among the `size` leaves under a root.
    pub fn proves(&self, leaf: Digest, root: Digest, size: u64) -> bool {
        includes(root, size, self.index, leaf, &self.hashes)
    }
}

impl fmt::Display for EntryProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{TLOG}\nindex {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", in_base64(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// That an entry is the latest about a change, by the tree of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeProof {
    /// The change.
    pub change: ChangeId,
    /// The leaf hash of the latest entry about it.
    pub latest: Digest,
    /// The number of changes in the tree.
    pub count: u64,
    /// The inclusion proof.
    pub hashes: Vec<Digest>,
}

impl ChangeProof {
    /// Decodes a proof.
    ///
    /// # Errors
    /// A defect of the grammar, or [`Defect::NotCanonical`].
    pub fn read(bytes: &[u8]) -> Result<Self, Defect> {
        let mut lines = Reader::new(bytes)?;
        first_line(&mut lines, CHANGE)?;
        let (change, latest) = (lines.parse("change")?, lines.parse("latest")?);
        let (count, hashes) = (lines.parse_with("count", number)?, lines.parse_all("hash", base64)?);
        canonical(Self { change, latest, count, hashes }, bytes)
    }

    /// Whether it proves what it says, under the root of the tree of changes.
    pub fn proves(&self, root: Digest) -> bool {
        includes(root, self.count, self.change.number() - 1, subject_leaf(self.change, self.latest), &self.hashes)
    }
}

impl fmt::Display for ChangeProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Writer::with_first_line(CHANGE);
        lines.put("change", self.change);
        lines.put("latest", self.latest);
        lines.put("count", self.count);
        lines.put_all("hash", self.hashes.iter().map(in_base64));
        f.write_str(&lines.finish())
    }
}

/// That a checkpoint extends an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinceProof {
    /// The number of entries of the earlier checkpoint.
    pub size: u64,
    /// Its root.
    pub root: Digest,
    /// The consistency proof.
    pub hashes: Vec<Digest>,
}

impl SinceProof {
    /// Decodes a proof.
    ///
    /// # Errors
    /// A defect of the grammar, or [`Defect::NotCanonical`].
    pub fn read(bytes: &[u8]) -> Result<Self, Defect> {
        let mut lines = Reader::new(bytes)?;
        first_line(&mut lines, SINCE)?;
        let (size, root) = (lines.parse_with("size", number)?, lines.parse_with("root", base64)?);
        canonical(Self { size, root, hashes: lines.parse_all("hash", base64)? }, bytes)
    }

    /// Whether it proves that a tree extends the earlier one.
    pub fn proves(&self, root: Digest, size: u64) -> bool {
        extends(root, size, self.root, self.size, &self.hashes)
    }
}

impl fmt::Display for SinceProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Writer::with_first_line(SINCE);
        lines.put("size", self.size);
        lines.put("root", in_base64(&self.root));
        lines.put_all("hash", self.hashes.iter().map(in_base64));
        f.write_str(&lines.finish())
    }
}
