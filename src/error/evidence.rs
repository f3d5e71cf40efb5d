//! Errors of `evidence`.

use std::io;
use std::path::PathBuf;

use crate::domain::{ChangeId, Field};
use crate::error::words::unproven;
use crate::store::Finding;
use crate::{tr, trf};

/// Why an evidence pack was not made, or does not prove what it should.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// No entry records the tree of changes.
    #[error("{}", tr!(
        "no log entry records the tree of changes, by which a pack is shown to be complete",
        "没有日志条目记录变更树，因而无法证明证据包完整"
    ))]
    NothingRecorded,
    /// A change has an entry after the newest record of the tree of changes.
    #[error("{}", trf!(
        "entry {newest} about {change} is newer than the recorded tree of changes (entry {recorded})",
        "{change} 的第 {newest} 条晚于所记录的变更树（第 {recorded} 条）"
    ))]
    NotRecorded {
        /// The change.
        change: ChangeId,
        /// The newest entry about it.
        newest: u64,
        /// The newest entry that records the tree of changes.
        recorded: u64,
    },
    /// A field to be left out whose commands would be packed.
    #[error("{}", trf!(
        "the commands of the {field} of {change} are in its data part, which rules read and which is never left out",
        "{change} 的 {field} 含有命令，存于其数据部分；规则要读取该部分，不能略去"
    ))]
    NotHidden {
        /// The change.
        change: ChangeId,
        /// The field.
        field: Field,
    },
    /// A pack that `evidence verify` would refuse.
    #[error("{}", trf!("the pack would prove nothing: {}", "该证据包无法证明：{}", .0))]
    ProvesNothing(
        /// The first finding.
        Finding,
    ),
    /// A file whose hash no revision names.
    #[error("{}", trf!(
        "{}: no revision of these changes names a file with its SHA-256",
        "{}：这些变更单的修订均未列出与其 SHA-256 相同的文件", .0.display()
    ))]
    NotNamed(
        /// The file.
        PathBuf,
    ),
    /// A file or folder that cannot be read or written as a pack.
    #[error("{}", trf!("{} is not an evidence pack: {source}", "{} 不是证据包：{source}", .path.display()))]
    NotAPack {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A checkpoint that does not belong to this log.
    #[error("{}", trf!("{} is not a checkpoint of this log", "{} 不是本日志的检查点", .0))]
    OtherCheckpoint(
        /// The file, as it was named.
        String,
    ),
    /// A checkpoint that does not cover the entry that records the tree of changes.
    #[error("{}", trf!(
        "the checkpoint is of {size} entries, and entry {recorded} records the tree of changes",
        "检查点只有 {size} 条，而记录变更树的是第 {recorded} 条"
    ))]
    NotCovered {
        /// Its number of entries.
        size: u64,
        /// The newest entry that records the tree of changes.
        recorded: u64,
    },
    /// A requirement of the reader that no pack can answer.
    #[error("{}", trf!(
        "{path}: a pack cannot be asked for `{key}`",
        "{path}：无法向证据包要求 `{key}`"
    ))]
    NotAsked {
        /// The file, as it was named.
        path: String,
        /// The key of the policy.
        key: &'static str,
    },
    /// `evidence verify` reported findings.
    #[error("{}", unproven(*.0))]
    NotProven(
        /// Their number.
        usize,
    ),
}

impl EvidenceError {
    /// The next step.
    pub(super) fn hint(&self) -> String {
        let hint = match self {
            Self::NothingRecorded | Self::NotRecorded { .. } => tr!(
                "an auditor, an admin or a machine records it: `twinseal checkpoint --record`",
                "请由审计员、管理员或机器账号记录：`twinseal checkpoint --record`"
            ),
            Self::NotNamed(_) => tr!(
                "`sha256sum FILE` prints its hash; `twinseal show CHANGE` lists artifacts and evidence",
                "`sha256sum FILE` 显示其哈希；`twinseal show CHANGE` 列出制品和证据"
            ),
            Self::NotAPack { .. } => tr!(
                "name the folder or the zip that `twinseal evidence pack` made",
                "请指定由 `twinseal evidence pack` 生成的文件夹或 zip"
            ),
            Self::NotHidden { .. } => tr!(
                "leave out other fields only, and give the pack to nobody who may not see the commands",
                "请只略去其他字段，且不要把证据包交给不应看到这些命令的人"
            ),
            Self::ProvesNothing(_) => tr!(
                "a live key of the register must have signed the checkpoint; `twinseal verify` checks the rest",
                "检查点须由该变更台账的有效密钥签署；其余用 `twinseal verify` 检查"
            ),
            Self::OtherCheckpoint(_) | Self::NotCovered { .. } => {
                tr!("`twinseal checkpoint --out FILE` makes one", "用 `twinseal checkpoint --out FILE` 生成")
            }
            Self::NotAsked { .. } => tr!(
                "leave it out of the file; the register's own policy asks for it",
                "请从文件中去掉；变更台账自身的策略会要求它"
            ),
            Self::NotProven(_) => tr!(
                "keep the pack as it is; if what you gave is right, ask whoever has the register for another one",
                "请原样保留该证据包；若您给出的内容无误，请向持有变更台账者另行索取"
            ),
        };
        hint.to_owned()
    }
}
