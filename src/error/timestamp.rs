//! Errors of `checkpoint --timestamp`.

use std::path::PathBuf;

use super::shell_word;
use crate::format::timestamp::TimestampError;
use crate::notify::Reason;
use crate::{tr, trf};

/// Why a checkpoint was not timestamped.
#[derive(Debug, thiserror::Error)]
pub enum TimestampFailure {
    /// The authority did not answer.
    #[error("{}", trf!("no timestamp from the authority: {reason}", "未能从时间戳机构取得时间戳：{reason}"))]
    NotSent {
        /// Why.
        reason: Reason,
        /// The checkpoint.
        file: PathBuf,
    },
    /// The authority's answer is no good timestamp.
    #[error("{}", trf!("no good timestamp from the authority: {why}", "时间戳机构的应答无效：{why}"))]
    BadAnswer {
        /// What is wrong.
        why: TimestampError,
        /// The checkpoint.
        file: PathBuf,
    },
    /// A file is no timestamp of the checkpoint.
    #[error("{}", trf!("{reply} is not a timestamp of {file}: {why}", "{reply} 不是 {file} 的时间戳：{why}"))]
    BadFile {
        /// The file, as it was named.
        reply: String,
        /// What is wrong.
        why: TimestampError,
        /// The checkpoint, as it was named.
        file: String,
    },
}

impl TimestampFailure {
    /// The next step.
    pub(super) fn hint(&self) -> String {
        match self {
            Self::NotSent { file, .. } | Self::BadAnswer { file, .. } => {
                let file = shell_word(&file.display().to_string());
                trf!(
                    "the checkpoint is in {file}; to try again: `twinseal checkpoint --timestamp URL {file}`",
                    "检查点已在 {file} 中；重试：`twinseal checkpoint --timestamp URL {file}`"
                )
            }
            Self::BadFile { why: TimestampError::Untrusted(_), .. } => tr!(
                "give the certificate of the authority's root, in PEM: --timestamp-ca FILE",
                "请用 --timestamp-ca FILE 给出该机构的根证书（PEM）"
            )
            .to_owned(),
            Self::BadFile { file, .. } => trf!(
                "make the request from {file} with `openssl ts -query -data`, and give the authority's whole answer",
                "请用 `openssl ts -query -data` 由 {file} 生成请求，并给出时间戳机构的完整应答"
            ),
        }
    }
}
