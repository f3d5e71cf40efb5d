//! Checkpoints: a log's size and root at some moment, as C2SP specifies them (<https://c2sp.org/tlog-checkpoint>).
//!
//! ```text
//! prod#3f9c…                  (the origin: the register's id)
//! 20852163                    (the number of entries, at least 1)
//! CsUYapGGPo4d…               (base64 of the root of the Merkle tree over their leaf hashes)
//! ```
//!
//! This text is signed as a [`Note`](super::note::Note) by keys of the register, each under the register's id as key
//! name. It has no further lines: what they say could not be checked against the log.
//!
//! # What the signature can be taken for
//!
//! Enrolled keys are SSH keys. They sign this text as it is, not an SSHSIG of it, so that stock tools for notes accept
//! it. It MUST NOT be possible to take it for anything else that such a key signs, nor the other way round:
//!
//! - The text has no byte below 0x20 but LF. What SSHSIG signs (entries, requests, `git` commits) has 0x00 after its
//!   first six bytes. What a login, a certificate or a host key's proof signs begins with a length in four bytes, of
//!   which the first is 0x00.
//! - The text begins with a lower-case letter: neither with `SSHSIG`, nor with the 64 spaces of TLS 1.3.
//! - The text is at least 82 bytes long. A host key signs a hash of at most 64 bytes in a key exchange.
//! - Its first line is the register's id, with 128 random bits: it is a checkpoint of no other log.

use std::fmt;

use data_encoding::BASE64;

use crate::domain::{Digest, RegisterId, number};
use crate::tr;

/// Why a note's text is not a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Other than three lines.
    #[error("{}", tr!("a checkpoint has three lines: register, size, root", "检查点应为三行：变更台账、大小、根哈希"))]
    Lines,
    /// A first line that is not the id of a register.
    #[error("{}", tr!("the first line is not the id of a register", "第一行不是变更台账标识"))]
    Origin,
    /// A second line that is not a number of entries.
    #[error("{}", tr!("the second line is not a number of entries", "第二行不是日志条目数"))]
    Size,
    /// A third line that is not a root hash.
    #[error("{}", tr!("the third line is not a root hash in base64", "第三行不是 base64 编码的根哈希"))]
    Root,
}

/// A log's size and root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The register.
    pub origin: RegisterId,
    /// The number of entries.
    pub size: u64,
    /// The root of the Merkle tree over their leaf hashes.
    pub root: Digest,
}

impl Checkpoint {
    /// Decodes the text of a note. It proves nothing before the note's signatures are verified.
    ///
    /// # Errors
    /// [`CheckpointError`] unless encoding the result gives the same text.
    pub fn read(text: &str) -> Result<Self, CheckpointError> {
        let lines: Vec<&str> = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?.split('\n').collect();
        let [origin, size, root] = lines[..] else { return Err(CheckpointError::Lines) };
        let size = number(size).ok().filter(|size| *size > 0).ok_or(CheckpointError::Size)?;
        let root = BASE64.decode(root.as_bytes()).ok().and_then(|root| root.try_into().ok());
        Ok(Self {
            origin: origin.parse().map_err(|_| CheckpointError::Origin)?,
            size,
            root: Digest::new(root.ok_or(CheckpointError::Root)?),
        })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, BASE64.encode(self.root.as_bytes()))
    }
}
