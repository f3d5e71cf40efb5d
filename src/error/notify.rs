//! Errors of `notify`.

use super::hint::private_hint;
use super::words::{did_you_mean, short};
use crate::notify::{RulesError, SecretsError, StateError};
use crate::{tr, trf};

/// Why a command about notices failed.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The rules or the file of secrets.
    #[error("{0}")]
    Rules(Box<RulesError>),
    /// The queue.
    #[error("{0}")]
    State(Box<StateError>),
    /// Another process sends the notices of this register.
    #[error("{}", tr!(
        "notices of this register are being sent by another process of this account",
        "本账号的另一个进程正在发送此变更台账的通知"
    ))]
    Running,
    /// A place to begin was given, and notices were sent before.
    #[error("{}", trf!("notices were sent up to entry {} already", "通知已发送到第 {} 条", .0))]
    Begun(u64),
    /// The log lacks the entry up to which notices were sent.
    #[error("{}", trf!(
        "the log lacks entry {}, up to which notices were sent",
        "日志中缺少第 {} 条，而通知已发送到该条", .0
    ))]
    Lost(u64),
    /// No such target.
    #[error("{}", trf!("no target {}{}", "没有通知渠道 {}{}", short(.given), did_you_mean(.near.as_deref())))]
    NoTarget {
        /// What was given.
        given: String,
        /// A target with a similar name.
        near: Option<String>,
    },
    /// A target that writes to people, and nobody was named.
    #[error("{}", trf!(
        "target {} writes to people: who gets the test?",
        "通知渠道 {} 发送给个人：测试消息发给谁？", .0
    ))]
    NeedPerson(String),
    /// The person has no address.
    #[error("{}", trf!("{} has no address in the rules", "规则中没有 {} 的地址", .0))]
    NoAddress(String),
    /// A test message was not sent.
    #[error("{}", trf!("not sent to {target}: {reason}", "未发送到 {target}：{reason}"))]
    NotSent {
        /// The target.
        target: String,
        /// The reason.
        reason: String,
    },
    /// Messages could not be delivered to these targets.
    #[error("{}", trf!("not everything was delivered: {}", "未全部送达：{}", .0.join(tr!(", ", "、"))))]
    Undelivered(Vec<String>),
}

impl From<RulesError> for NotifyError {
    fn from(error: RulesError) -> Self {
        Self::Rules(Box::new(error))
    }
}

impl From<StateError> for NotifyError {
    fn from(error: StateError) -> Self {
        Self::State(Box::new(error))
    }
}

impl NotifyError {
    /// The next step.
    pub(super) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Rules(error) => match error.as_ref() {
                RulesError::Private(error) | RulesError::Secrets(SecretsError::Private(error)) => {
                    return Some(private_hint(error));
                }
                RulesError::Missing(_) => tr!(
                    "write one, or name it with --config FILE; docs/notices.md shows how",
                    "请编写规则文件，或用 --config FILE 指定；写法见 docs/notices.md"
                ),
                RulesError::Secrets(_) => tr!(
                    "write each secret on a line of its own, such as: slack = \"https://…\"",
                    "请每行写一个凭据，例如：slack = \"https://…\""
                ),
                RulesError::Content { .. } => tr!(
                    "fix the file, then run `twinseal notify check`",
                    "请修正文件，然后运行 `twinseal notify check`"
                ),
            },
            Self::State(error) => match error.as_ref() {
                StateError::Private(error) => return Some(private_hint(error)),
                StateError::Layout { .. } => {
                    tr!("use the twinseal that wrote it, or a newer one", "请使用写出它的 twinseal 版本，或更新的版本")
                }
                StateError::Sqlite { .. } | StateError::Damaged { .. } => tr!(
                    "if it is damaged, remove it: the next run begins anew, and says from where",
                    "如果已损坏，请删除：下次运行会重新开始，并说明从哪里开始"
                ),
            },
            Self::Running => tr!("nothing is lost: the other process sends them", "没有丢失：由另一个进程发送"),
            Self::Begun(_) => tr!(
                "leave out --since: each run goes on where the last one ended",
                "请去掉 --since：每次运行都从上次结束处继续"
            ),
            Self::Lost(_) => tr!(
                "a backup or a restored register; to go on in it, say from where: --since N|TIME",
                "这是备份或恢复的变更台账；要在其中继续，请说明起点：--since N|TIME"
            ),
            Self::NoTarget { .. } => {
                tr!("`twinseal notify check` lists the targets", "`twinseal notify check` 列出通知渠道")
            }
            Self::NeedPerson(_) => tr!("name somebody with --person PERSON", "请用 --person PERSON 指定收件人"),
            Self::NoAddress(_) => tr!("add the address under [people]", "请在 [people] 下添加地址"),
            Self::NotSent { .. } => tr!("nothing was queued; fix it and try again", "未放入队列；请修正后重试"),
            Self::Undelivered(_) => tr!(
                "the next run tries again what waits; `twinseal notify status` shows what was refused",
                "下次运行会重试队列中的消息；`twinseal notify status` 显示被拒绝的消息"
            ),
        };
        Some(hint.to_owned())
    }
}
