//! Conditions that a session reports without failing.

use std::fmt;

use crate::domain::{Head, ProposalId, Time};

/// A note or warning, printed to standard error and included in JSON output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The verified cache was missing or damaged: the whole log was verified again.
    CacheRebuilt,
    /// There was neither a pin nor a cache: this account has not used the register before, or both were deleted.
    FirstVerification,
    /// The cache was behind the pin: an older cache was put back, or power failed before it was written to disk.
    CacheBehind,
    /// There was a cache but no pin.
    PinMissing,
    /// Texts were redacted while other processes were reading. The WAL file may hold the texts until somebody writes.
    RedactedLater,
    /// The entry that was just recorded claims an earlier time than others had claimed before.
    ClockBehind {
        /// The claimed time.
        claimed: Time,
    },
    /// This account accepted another register in place of this one.
    Superseded,
    /// The pin and the cache cannot be written: the whole log was verified, and nothing is remembered of it.
    NoRoom,
    /// The file is a copy: the register is at another path. The pin and the cache stay unchanged.
    Copy,
    /// The log lacks an entry that this account verified; the pin stays unchanged.
    PinLost {
        /// The newest entry that this account verified.
        remembered: Head,
    },
    /// The file is a backup that ends before the newest entry that this account verified.
    EarlierBackup {
        /// The newest entry of the backup.
        ends: u64,
        /// The newest entry that this account verified.
        known: u64,
    },
    /// A seconded proposal names the entries that a restoration lost: the pin moved to the head of the restored log.
    PinMoved {
        /// The newest entry that this account verified before.
        from: u64,
        /// The newest entry of the backup that the register was restored from.
        restored: u64,
        /// The proposal that names the lost entries.
        proposal: ProposalId,
    },
}

impl Notice {
    /// The name of the notice in JSON.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::CacheRebuilt => "cache-rebuilt",
            Self::FirstVerification => "pin-and-cache-missing",
            Self::CacheBehind => "cache-behind",
            Self::PinMissing => "pin-missing",
            Self::RedactedLater => "redacted-later",
            Self::ClockBehind { .. } => "clock-behind",
            Self::Superseded => "superseded",
            Self::NoRoom => "no-room",
            Self::Copy => "copy",
            Self::PinLost { .. } => "pin-lost",
            Self::EarlierBackup { .. } => "earlier-backup",
            Self::PinMoved { .. } => "pin-moved",
        }
    }

    /// Whether the notice may mean that the register, the cache or the pin was tampered with.
    pub fn is_warning(&self) -> bool {
        match self {
            Self::FirstVerification
            | Self::PinMissing
            | Self::NoRoom
            | Self::ClockBehind { .. }
            | Self::Superseded
            | Self::PinLost { .. }
            | Self::PinMoved { .. } => true,
            Self::CacheRebuilt | Self::CacheBehind | Self::RedactedLater | Self::Copy | Self::EarlierBackup { .. } => {
                false
            }
        }
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
                "others were reading, so the WAL file may still hold the redacted text; when they have finished, remove it \
                 with `twinseal rebuild`"
            }
            Self::ClockBehind { claimed } => {
                return write!(
                    f,
                    "the entry claims {claimed}, and others had already claimed later times: set the clock of this host"
                );
            }
            Self::Superseded => "this register is superseded: this account accepted another register in its place",
            Self::NoRoom => {
                "no room for the verified cache: the log was compared with the pin, and nothing new is remembered"
            }
            Self::Copy => {
                "this file is not the register itself: nothing is recorded in it, and the pin does not advance"
            }
            Self::PinLost { remembered: Head { seq, leaf } } => {
                return write!(
                    f,
                    "this account verified entry {seq} {leaf}, which the log no longer has; the pin stays unchanged"
                );
            }
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
                     verified, is lost, and the pin moved to the end of the restored log"
                );
            }
        })
    }
}
