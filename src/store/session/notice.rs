//! What was noticed on opening a register and does not stop the command.

use std::fmt;

use crate::domain::ProposalId;

/// Something that the user is told, on standard error and in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// There was a pin and no usable cache: the whole log was verified again.
    CacheRebuilt,
    /// There was neither pin nor cache: a first contact, or everything that was remembered is gone.
    FirstVerification,
    /// The cache was behind the pin: an older one, or power failed before it was written to disk.
    CacheBehind,
    /// There was a cache and no pin.
    PinMissing,
    /// Texts were redacted while others were reading. Until those have finished, the WAL file may still hold the texts.
    RedactedLater,
    /// Another register was accepted in place of this one.
    Superseded,
    /// It is a backup elsewhere, made before the newest entry that this account verified.
    EarlierBackup {
        /// The newest entry of the backup.
        ends: u64,
        /// The newest entry that this account verified.
        known: u64,
    },
    /// Entries were lost in a restoration, as two admins agreed: the pin moved to the log as it is.
    PinMoved {
        /// The newest entry that this account verified before.
        from: u64,
        /// The newest entry of the backup that the register was restored from.
        restored: u64,
        /// The proposal that they agreed to.
        proposal: ProposalId,
    },
}

impl Notice {
    /// Its name in JSON.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::CacheRebuilt => "cache-rebuilt",
            Self::FirstVerification => "memory-missing",
            Self::CacheBehind => "cache-behind",
            Self::PinMissing => "pin-missing",
            Self::RedactedLater => "redacted-later",
            Self::Superseded => "superseded",
            Self::EarlierBackup { .. } => "earlier-backup",
            Self::PinMoved { .. } => "pin-moved",
        }
    }

    /// Whether somebody may have tampered with the register or with what this account remembers.
    pub fn is_warning(&self) -> bool {
        matches!(self, Self::FirstVerification | Self::PinMissing | Self::Superseded | Self::PinMoved { .. })
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CacheRebuilt => "the verified cache was missing or damaged; the whole log was verified again",
            Self::FirstVerification => {
                "this account trusted this register before, but its pin and verified cache are gone"
            }
            Self::CacheBehind => "the verified cache was behind the pin; the missing entries were verified again",
            Self::PinMissing => "the pin of this register is gone; this account remembers only its verified cache",
            Self::RedactedLater => {
                "others were reading; until they have finished, the WAL file may still hold the redacted text"
            }
            Self::Superseded => "this register is superseded: this account accepted another register in its place",
            Self::EarlierBackup { ends, known } => {
                return write!(
                    f,
                    "this backup ends at entry {ends}, and this account verified the register up to entry {known}"
                );
            }
            Self::PinMoved { from, restored, proposal } => {
                return write!(
                    f,
                    "proposal {proposal} restored the register from entry {restored}; entry {from}, which this account \
                     verified, is lost, and the pin moved to the log as it is"
                );
            }
        })
    }
}
