//! Errors in naming a register, and in making sure which it is.

use std::path::PathBuf;

use super::words::{further, knows};
use crate::config::Known;
use crate::domain::{Digest, Predecessor};

/// Why a register was not found, or is not the expected one.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// No register is configured or named.
    #[error("no register given{}", knows(.0))]
    NotNamed(Vec<String>),
    /// A trusted register's name that is also a file of another register here.
    #[error("{name} is the name of the register at {}, and also a file here", .known.display())]
    Ambiguous {
        /// The name.
        name: String,
        /// The path of the trusted register.
        known: PathBuf,
    },
    /// A name that is neither a known register nor a file.
    #[error("unknown register {name}: neither a known name nor a file")]
    Unknown {
        /// The name.
        name: String,
    },
    /// `restore` was given `--register`, although it restores the file that it names.
    #[error("restore does not take --register: it turns FILE itself into the register")]
    NamedForRestore,
    /// First contact without a terminal to confirm the fingerprint on.
    #[error("first contact with register {name} needs a terminal or --fingerprint; the file's fingerprint is {found}")]
    NeedFingerprint {
        /// Its name.
        name: String,
        /// Its fingerprint.
        found: Digest,
    },
    /// The fingerprint differs from the expected one.
    #[error("wrong register: its fingerprint is {found}, expected {expected}")]
    WrongFingerprint {
        /// The fingerprint of the file.
        found: Digest,
        /// The fingerprint given, or known to this account.
        expected: String,
    },
    /// A successor of a known register that this account has not accepted yet.
    #[error(
        "this register claims to succeed {}, which this account trusts, after entry {} ({}){}; the successor's \
         fingerprint is {found}", .old.register, .old.head.seq, .old.head.leaf.short(), further(.verified)
    )]
    Successor {
        /// The register that it names as its predecessor.
        old: Box<Predecessor>,
        /// Its fingerprint.
        found: Digest,
        /// The newest entry of the predecessor that this account verified.
        verified: Option<u64>,
    },
    /// The name or the path of a new register is taken on this account.
    #[error("this account already trusts register {} at {}, with fingerprint {}", .0.name, .0.path.display(), .0.fingerprint)]
    Taken(Box<Known>),
}

impl RegisterError {
    /// The next step.
    pub(super) fn hint(&self) -> String {
        let hint = match self {
            Self::NotNamed(_) => "use --register NAME|FILE, set TWINSEAL_REGISTER, or set `register` in config.toml",
            Self::Unknown { .. } | Self::Ambiguous { .. } => {
                "give the path of the file, with a slash: --register ./prod.db"
            }
            Self::NeedFingerprint { .. } => {
                "get the fingerprint from an admin out of band (by phone, or in person), then use --fingerprint"
            }
            Self::WrongFingerprint { .. } => {
                "do not use this file; ask the admins out of band (by phone, or in person) whether it was replaced"
            }
            Self::Successor { found, .. } => {
                return format!(
                    "ask two admins out of band (by phone, or in person); if both confirm it: --fingerprint {found}"
                );
            }
            Self::Taken(_) => "choose another --name, and another file with --register FILE",
            Self::NamedForRestore => "copy the backup to the register's path, then run `twinseal restore` on that copy",
        };
        hint.to_owned()
    }
}
