//! Errors about entries that a register lost.

use std::path::PathBuf;

use super::hint::store_hint;
use crate::store::StoreError;
use crate::{tr, trf};

/// Why lost entries were not recovered or listed.
#[derive(Debug, thiserror::Error)]
pub enum LossError {
    /// The source of a recovery cannot be used.
    #[error("{}", trf!("cannot recover from {}: {source}", "无法从 {} 找回：{source}", .path.display()))]
    Copy {
        /// Which file.
        path: PathBuf,
        /// The reason.
        source: StoreError,
    },
    /// Nothing that this account verified is lost, so it cannot list lost entries.
    #[error("{}", tr!("no entry that this account verified is missing", "本账号核验过的条目没有缺失"))]
    NothingLost,
    /// The entries that a restoration lists are not consecutive.
    #[error("{}", trf!(
        "entry {seq} does not continue the list of lost entries: entry {expected} is next",
        "第 {seq} 条与丢失条目的列表不连续：下一条应为第 {expected} 条"
    ))]
    Gap {
        /// The entry that was given.
        seq: u64,
        /// The entry that must come next.
        expected: u64,
    },
    /// The pin names a lost entry, but the verified cache does not have the lost entries to list.
    #[error("{}", tr!(
        "this account's verified cache lacks the lost entries, so it cannot list them",
        "本账号的已验证缓存中没有丢失的条目，因此无法列出"
    ))]
    Unlisted,
}

impl LossError {
    /// The next step.
    pub(super) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Copy { source: source @ (StoreError::Io { .. } | StoreError::Broken(_)), .. } => {
                return store_hint(source);
            }
            Self::Copy { .. } => tr!(
                "name a backup, or a file that `twinseal repair` kept; nothing was recorded",
                "请指定备份，或 `twinseal repair` 保留的文件；未记录任何内容"
            ),
            Self::NothingLost => tr!(
                "an admin whose account is stopped by the loss proposes it, or name what another account verified: --lost",
                "请由账号因此丢失而停止工作的管理员提出，或给出另一账号核验过的条目：--lost"
            ),
            Self::Gap { .. } => tr!(
                "name every lost entry in order, one --lost for each",
                "请按顺序给出每个丢失的条目，各用一个 --lost"
            ),
            Self::Unlisted => tr!(
                "another admin whose account is stopped by the loss proposes it",
                "请由另一名账号因此丢失而停止工作的管理员提出"
            ),
        };
        Some(hint.to_owned())
    }
}
