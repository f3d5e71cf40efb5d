//! Errors of commands about several changes or proposals.

use super::{Error, Exit};
use crate::domain::ChangeId;
use crate::store::StoreError;
use crate::{tr, trf};

/// Why several changes or proposals were not all decided.
#[derive(Debug, thiserror::Error)]
pub enum SeveralError {
    /// Some were not decided.
    #[error("{}", trf!(
        "{done} {} of {of} {what}; not {done}: {}",
        "{of} 个{what}中已{done} {} 个；未{done}：{}", .of - .open.len(), .open.join(" ")
    ))]
    Partly {
        /// The act: `approved`.
        done: &'static str,
        /// What was named: `changes`.
        what: &'static str,
        /// The command.
        command: &'static str,
        /// Those that were left out.
        open: Vec<String>,
        /// The number of those named.
        of: usize,
    },
    /// Changes that are approved together, some of which cannot be approved.
    #[error("{}", trf!(
        "{0} of {1} changes cannot be approved: {2}; none was signed",
        "{1} 个变更单中有 {0} 个不能批准：{2}；一个也未签名",
        .refused.len(), .refused.len() + .others.len(), ids(.refused, " ")
    ))]
    NoneApproved {
        /// Those that cannot be approved.
        refused: Vec<ChangeId>,
        /// The others.
        others: Vec<ChangeId>,
    },
    /// A change that is approved together with others was revised, rejected or started after it was shown.
    #[error("{}", moved(.0))]
    Moved(Vec<ChangeId>),
    /// The approvals were recorded up to one of the changes.
    #[error("{}", stopped(.source, .recorded, .open))]
    Stopped {
        /// Those whose approvals are recorded.
        recorded: Vec<ChangeId>,
        /// The others.
        open: Vec<ChangeId>,
        /// The reason.
        source: Error,
    },
}

fn ids(ids: &[ChangeId], between: &str) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

fn moved(changes: &[ChangeId]) -> String {
    let listed = ids(changes, " ");
    if changes.len() == 1 {
        trf!("1 change changed while you read: {listed}; none was signed", "阅读期间有变动：{listed}；一个也未签名")
    } else {
        trf!("some changes changed while you read: {listed}; none was signed", "阅读期间有变动：{listed}；一个也未签名")
    }
}

fn stopped(source: &Error, recorded: &[ChangeId], open: &[ChangeId]) -> String {
    let (recorded, open) = (none_or(recorded), none_or(open));
    if SeveralError::is_uncertain(source) {
        trf!(
            "{source}; recorded: {recorded}; unknown, or not recorded: {open}",
            "{source}；已记录：{recorded}；不确定或未记录：{open}"
        )
    } else {
        trf!("{source}; recorded: {recorded}; not recorded: {open}", "{source}；已记录：{recorded}；未记录：{open}")
    }
}

fn none_or(changes: &[ChangeId]) -> String {
    if changes.is_empty() { tr!("none", "无").to_owned() } else { ids(changes, " ") }
}

impl SeveralError {
    /// Whether the first of those that were not recorded may be recorded nevertheless.
    fn is_uncertain(source: &Error) -> bool {
        matches!(source, Error::Store(StoreError::Uncertain { .. }))
    }

    /// The exit code.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Partly { .. } | Self::NoneApproved { .. } | Self::Moved(_) => Exit::Refused,
            Self::Stopped { source, .. } => source.exit(),
        }
    }

    /// The next step.
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::Partly { command, open, .. } => Some(trf!(
                "the reasons are above; to try again: `twinseal {command} {}`",
                "原因见上；重试：`twinseal {command} {}`",
                open.join(" ")
            )),
            Self::NoneApproved { others, .. } if others.is_empty() => {
                Some(tr!("the reasons are above", "原因见上").to_owned())
            }
            Self::NoneApproved { others, .. } => Some(trf!(
                "the reasons are above; to approve the others: `twinseal approve --all-of {}`",
                "原因见上；批准其余变更单：`twinseal approve --all-of {}`",
                ids(others, ",")
            )),
            Self::Moved(_) => {
                Some(tr!("run the command again, and read what changed", "请重新运行命令，并阅读变动的内容").to_owned())
            }
            Self::Stopped { open, .. } if open.is_empty() => None,
            Self::Stopped { open, .. } => Some(trf!(
                "to approve the others: `twinseal approve --all-of {}`",
                "批准其余变更单：`twinseal approve --all-of {}`",
                ids(open, ",")
            )),
        }
    }
}

impl From<SeveralError> for Error {
    fn from(error: SeveralError) -> Self {
        Self::Several(Box::new(error))
    }
}
