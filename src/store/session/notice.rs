//! Conditions that a session reports without failing.

use std::fmt;
use std::path::PathBuf;

use crate::domain::{Head, ProposalId, Time};
use crate::store::shared::Following;
use crate::{tr, trf};

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
    /// The register has moved to another place, as its mark says: what is read here ends there.
    Moved {
        /// The new place, which whoever may write the register may have written.
        to: PathBuf,
    },
    /// What is read comes from a standby, which may lack the newest entries.
    Standby(Following),
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
            Self::Moved { .. } => "moved",
            Self::Standby(_) => "standby",
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
            | Self::Moved { .. }
            | Self::PinLost { .. }
            | Self::PinMoved { .. } => true,
            Self::CacheRebuilt
            | Self::CacheBehind
            | Self::RedactedLater
            | Self::Standby(_)
            | Self::Copy
            | Self::EarlierBackup { .. } => false,
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::CacheRebuilt => tr!(
                "the verified cache was missing or damaged; the whole log was verified again",
                "已验证缓存缺失或损坏；已重新核验整个日志"
            ),
            Self::FirstVerification => tr!(
                "this account trusted this register before, but its pin and verified cache are gone",
                "本账号此前已信任该变更台账，但其已验证位置和已验证缓存都不见了"
            ),
            Self::CacheBehind => tr!(
                "the verified cache was behind the pin; the missing entries were verified again",
                "已验证缓存落后于已验证位置；已重新核验缺少的日志条目"
            ),
            Self::PinMissing => tr!(
                "the pin of this register is gone; this account remembers only its verified cache",
                "该变更台账的已验证位置不见了；本账号只剩其已验证缓存"
            ),
            Self::RedactedLater => tr!(
                "others were reading, so the WAL file may still hold the redacted text; when they have finished, remove \
                 it with `twinseal rebuild`",
                "有其他进程在读取，WAL 文件中可能仍有已隐去的文本；待其结束后，用 `twinseal rebuild` 清除"
            ),
            Self::Superseded => tr!(
                "this register is superseded: this account accepted another register in its place",
                "该变更台账已被接替：本账号已接受另一变更台账代替它"
            ),
            Self::NoRoom => tr!(
                "no room for the verified cache: the log was compared with the pin, and nothing new is remembered",
                "没有空间存放已验证缓存：日志已与已验证位置比对，新内容不会保存"
            ),
            Self::Copy => tr!(
                "this is not the register itself: nothing is recorded in it, and the pin does not advance",
                "这不是变更台账本身：不会在其中记录，已验证位置也不会前移"
            ),
            Self::Moved { .. }
            | Self::Standby(_)
            | Self::ClockBehind { .. }
            | Self::PinLost { .. }
            | Self::EarlierBackup { .. }
            | Self::PinMoved { .. } => {
                return f.write_str(&self.with_values());
            }
        };
        f.write_str(text)
    }
}

impl Notice {
    /// The text of a notice that has values; empty for the others.
    fn with_values(&self) -> String {
        match self {
            Self::ClockBehind { claimed } => trf!(
                "the entry claims {claimed}, and others had already claimed later times: set the clock of this host",
                "该条声称的时间为 {claimed}，而其他人此前已声称更晚的时间：请校准本机时钟"
            ),
            Self::Moved { to } => trf!(
                "this register has moved to {}, and nothing is recorded here; ask the admins whether that is so, then name \
                 the new place once, with the fingerprint",
                "该变更台账已迁移到 {}，不会在此记录任何内容；请向管理员核实，然后用指纹指定一次新位置",
                to.display()
            ),
            Self::Standby(Following { until: Some(until), age }) => trf!(
                "read from a standby, whose newest transaction is of {until}, {age} s ago: newer entries may be missing",
                "读自备库，其最新事务提交于 {until}（{age} 秒前）：可能缺少更新的日志条目"
            ),
            Self::Standby(Following { until: None, .. }) => {
                tr!("read from a standby: newer entries may be missing", "读自备库：可能缺少更新的日志条目").to_owned()
            }
            Self::PinLost { remembered: Head { seq, leaf } } => trf!(
                "this account verified entry {seq} {leaf}, which the log no longer has; the pin stays unchanged",
                "本账号已核验第 {seq} 条 {leaf}，日志中已不再有该条；已验证位置保持不变"
            ),
            Self::EarlierBackup { ends, known } => trf!(
                "this backup ends at entry {ends}, and this account verified the register up to entry {known}",
                "该备份止于第 {ends} 条，而本账号已将该变更台账核验到第 {known} 条"
            ),
            Self::PinMoved { from, restored, proposal } => trf!(
                "proposal {proposal} restored the register from entry {restored}; entry {from}, which this account \
                 verified, is lost, and the pin moved to the end of the restored log",
                "提案 {proposal} 从第 {restored} 条恢复了变更台账；本账号已核验的第 {from} 条丢失，\
                 已验证位置已移至恢复后的日志末尾"
            ),
            _ => String::new(),
        }
    }
}
