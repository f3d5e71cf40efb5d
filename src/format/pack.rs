//! Evidence packs: files that prove to a reader without the register who approved and carried out a change.
//!
//! A pack is a list of named files, in a folder or in a zip. [`Name`] lists the names; `docs/format.md` specifies each
//! file. This module reads and writes them. What they prove together is judged in `store`.

mod manifest;
mod proof;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

pub use manifest::{check_manifest, manifest};
pub use proof::{ChangeProof, EntryProof, SinceProof};

use super::Defect;
use super::data::MAX_DATA;
use super::entry::{MAX_BLOB, MAX_TEXT};
use super::lines::{Reader, Writer};
use super::note::MAX_NOTE;
use crate::domain::{ChangeId, Digest, Invalid, RegisterId, number};

/// The files of a pack, by name.
pub type Files = BTreeMap<Name, Vec<u8>>;

/// The most files in a pack, and the most bytes of all of them together: what a reader holds in memory.
pub const MOST_FILES: usize = 1_000_000;
/// See [`MOST_FILES`].
pub const MOST_BYTES: u64 = 1 << 30;

/// The most bytes of an attached file, and of the page.
const MOST_ATTACHED: usize = 256 << 20;

/// The most bytes of a list: of the manifest, and of the changes that a pack is about.
const MOST_LIST: usize = 128 << 20;

/// The name of a file in a pack. No other name occurs, so none leads out of the pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// The SHA-256 of every other file.
    Manifest,
    /// What the pack is about: [`Contents`].
    Contents,
    /// The signed checkpoint.
    Checkpoint,
    /// An RFC 3161 token over the checkpoint.
    Token,
    /// That the checkpoint extends an earlier one: [`SinceProof`].
    Since,
    /// A page for people.
    Page,
    /// An entry: body, empty line, signature line.
    Entry(u64),
    /// The text part of an entry.
    Text(u64),
    /// The data part of an entry.
    Data(u64),
    /// That the entry is in the log of the checkpoint: [`EntryProof`].
    Proof(u64),
    /// That there is no later entry about the change: [`ChangeProof`].
    Change(ChangeId),
    /// An attached file with this SHA-256.
    Evidence(Digest),
}

impl Name {
    /// The most bytes that a file of this name can have.
    pub fn most(self) -> usize {
        match self {
            Self::Entry(_) => MAX_BLOB,
            Self::Text(_) => MAX_TEXT,
            Self::Data(_) => MAX_DATA,
            // A checkpoint, and at most 64 hashes.
            Self::Proof(_) | Self::Change(_) | Self::Checkpoint | Self::Token | Self::Since => 2 * MAX_NOTE,
            Self::Manifest | Self::Contents => MOST_LIST,
            Self::Page | Self::Evidence(_) => MOST_ATTACHED,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest => f.write_str("manifest"),
            Self::Contents => f.write_str("pack"),
            Self::Checkpoint => f.write_str("checkpoint"),
            Self::Token => f.write_str("checkpoint.tsr"),
            Self::Since => f.write_str("since.proof"),
            Self::Page => f.write_str("index.html"),
            Self::Entry(seq) => write!(f, "entries/{seq:012}.entry"),
            Self::Text(seq) => write!(f, "entries/{seq:012}.text"),
            Self::Data(seq) => write!(f, "entries/{seq:012}.data"),
            Self::Proof(seq) => write!(f, "entries/{seq:012}.proof"),
            Self::Change(change) => write!(f, "changes/{change}.proof"),
            Self::Evidence(digest) => write!(f, "evidence/{digest}"),
        }
    }
}

impl FromStr for Name {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let read = match text {
            "manifest" => Self::Manifest,
            "pack" => Self::Contents,
            "checkpoint" => Self::Checkpoint,
            "checkpoint.tsr" => Self::Token,
            "since.proof" => Self::Since,
            "index.html" => Self::Page,
            _ => match text.split_once('/').ok_or(Invalid::Number)? {
                ("entries", file) => {
                    let (digits, part) = file.split_once('.').ok_or(Invalid::Number)?;
                    let seq = match digits.trim_start_matches('0') {
                        "" => 0,
                        digits => number(digits)?,
                    };
                    match part {
                        "entry" => Self::Entry(seq),
                        "text" => Self::Text(seq),
                        "data" => Self::Data(seq),
                        "proof" => Self::Proof(seq),
                        _ => return Err(Invalid::Number),
                    }
                }
                ("changes", file) => Self::Change(file.strip_suffix(".proof").ok_or(Invalid::Number)?.parse()?),
                ("evidence", digest) => Self::Evidence(digest.parse()?),
                _ => return Err(Invalid::Number),
            },
        };
        // One name has one spelling.
        if read.to_string() == text { Ok(read) } else { Err(Invalid::Number) }
    }
}

/// The first line of the file `pack`.
const KIND: &str = "twinseal/pack/v1";

/// What a pack is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The register.
    pub register: RegisterId,
    /// The changes about which it is complete, with all that they follow.
    pub subjects: BTreeSet<ChangeId>,
    /// The number of entries of the checkpoint.
    pub size: u64,
    /// The entry that records the tree of changes.
    pub recorded: u64,
}

impl Contents {
    /// Decodes the file.
    ///
    /// # Errors
    /// A defect of the grammar, or [`Defect::NotCanonical`].
    pub fn read(bytes: &[u8]) -> Result<Self, Defect> {
        let mut lines = Reader::new(bytes)?;
        if lines.take_line() != KIND {
            return Err(Defect::Kind);
        }
        let register = lines.parse("register")?;
        let mut subjects = BTreeSet::from([lines.parse("subject")?]);
        subjects.extend(lines.parse_all::<ChangeId, Vec<_>>("subject", str::parse)?);
        let (size, recorded) = (lines.parse_with("size", number)?, lines.parse_with("recorded", number)?);
        let read = Self { register, subjects, size, recorded };
        if read.to_string().as_bytes() == bytes { Ok(read) } else { Err(Defect::NotCanonical) }
    }
}

impl fmt::Display for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Writer::with_first_line(KIND);
        lines.put("register", &self.register);
        lines.put_all("subject", &self.subjects);
        lines.put("size", self.size);
        lines.put("recorded", self.recorded);
        f.write_str(&lines.finish())
    }
}
