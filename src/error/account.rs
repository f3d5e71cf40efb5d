//! Errors of commands about this account: its drafts, its shell, its help.

use super::words::{did_you_mean, short};
use crate::domain::{ChangeId, Fingerprint, PersonId, RegisterId, Time};
use crate::{tr, trf};

/// Why a command about this account failed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// No draft with this number.
    #[error("{}", trf!("no draft {}", "没有草稿 {}", .0))]
    NoDraft(String),
    /// A draft of a revision, after another revision was filed.
    #[error("{}", trf!(
        "draft {number} was made from revision {from} of {change}, whose current revision is {current}",
        "草稿 {number} 基于 {change} 的修订 {from}，而当前修订是 {current}"
    ))]
    OldDraft {
        /// The number of the draft.
        number: String,
        /// Its file.
        path: String,
        /// The change that it revises.
        change: ChangeId,
        /// The revision that it was made from.
        from: u64,
        /// The current revision.
        current: u64,
    },
    /// `--dry-run` with a register that this account does not trust: a dry run changes nothing about trust.
    #[error("{}", trf!(
        "--dry-run: this account does not trust the register {} yet",
        "--dry-run：本账号尚未信任变更台账 {}", .0
    ))]
    DryFirstContact(RegisterId),
    /// `--dry-run` with a command that records no entry.
    #[error("{}", trf!(
        "--dry-run: `{}` records no entry",
        "--dry-run：`{}` 不记录日志条目", format!("twinseal {}", .0).trim_end()
    ))]
    RecordsNothing(String),
    /// `--replica` with a command that records or decides.
    #[error("{}", trf!(
        "--replica: `{}` needs the newest entries, which only the primary has",
        "--replica：`{}` 需要最新的日志条目，只有主库才有", format!("twinseal {}", .0).trim_end()
    ))]
    NeedsPrimary(String),
    /// Nothing to file, and no terminal for an editor.
    #[error("{}", tr!("no draft given, and no terminal for an editor", "未给出草稿，也没有终端可打开编辑器"))]
    NoDraftGiven,
    /// Nothing to review a change with, and no terminal for an editor.
    #[error("{}", trf!(
        "no review of {} given, and no terminal for an editor",
        "未给出 {} 的评估，也没有终端可打开编辑器", .0
    ))]
    NoReviewGiven(ChangeId),
    /// A register that this account does not trust.
    #[error("{}", trf!(
        "this account trusts no register {}{}",
        "本账号没有信任名为 {} 的变更台账{}", short(.given), did_you_mean(.near.as_deref())
    ))]
    NotTrusted {
        /// The name that was given.
        given: String,
        /// The most similar name of a trusted register.
        near: Option<String>,
    },
    /// Nobody to be enrolled, and no terminal to ask on.
    #[error("{}", tr!(
        "no id to be enrolled as, and no terminal to ask for it",
        "未给出登记用的标识，也没有终端可询问"
    ))]
    NoIdGiven,
    /// Questions, and no terminal to ask them on.
    #[error("{}", tr!(
        "`twinseal found` asks on a terminal, and there is none",
        "`twinseal found` 需要在终端上提问，但没有终端"
    ))]
    FoundNeedsTerminal,
    /// A file that is not the request that this account would write.
    #[error("{}", trf!(
        "{path} is another request: of {person}, for register {register}, with key {key}",
        "{path} 是另一份申请：申请人 {person}，变更台账 {register}，密钥 {key}"
    ))]
    OtherRequest {
        /// The file, as it was named.
        path: String,
        /// Who asks in it.
        person: PersonId,
        /// For which register.
        register: String,
        /// With which key.
        key: Fingerprint,
    },
    /// A request that asks for something else than the options.
    #[error("{}", trf!(
        "the request in {path} asks for other roles or another name: {asked}",
        "{path} 中的申请要求不同的角色或姓名：{asked}"
    ))]
    OtherWish {
        /// The file, as it was named.
        path: String,
        /// What it asks for.
        asked: String,
    },
    /// A request of this account that can no longer be used.
    #[error("{}", trf!("the request in {path} expired at {expires}", "{path} 中的申请已于 {expires} 过期"))]
    OldRequest {
        /// The file, as it was named.
        path: String,
        /// When it expired.
        expires: Time,
    },
    /// Nobody else to found a register with.
    #[error("{}", tr!("a register needs a second admin beside its founder", "除创建人外，变更台账还需要第二名管理员"))]
    NoSecondAdmin,
    /// Nothing to revise a change with, and no terminal for an editor.
    #[error("{}", trf!(
        "no draft given for {}, and no terminal for an editor",
        "未给出 {} 的草稿，也没有终端可打开编辑器", .0
    ))]
    NoRevisionGiven(ChangeId),
    /// The user left it unfiled.
    #[error("{}", trf!("not filed; kept as draft {}", "未提交；已保存为草稿 {}", .0))]
    NotFiled(String),
    /// The user left it as it was offered.
    #[error("{}", tr!("not filed: nothing was written", "未提交：没有写入任何内容"))]
    NothingWritten,
    /// Neither a command nor a topic.
    #[error("{}", trf!(
        "no command or topic {}{}",
        "没有命令或主题 {}{}", short(.given), did_you_mean(.near.as_deref())
    ))]
    NoHelp {
        /// What was given.
        given: String,
        /// The most similar command or topic.
        near: Option<String>,
    },
    /// An auditor with another role.
    #[error("{}", tr!("an auditor has no other role", "审计员不能兼任其他角色"))]
    AuditorAlone,
    /// No shell was named, and `SHELL` names none that is known.
    #[error("{}", tr!("which shell?", "哪种 shell？"))]
    WhichShell,
}

impl AccountError {
    /// The next step.
    pub(super) fn hint(&self) -> String {
        let hint = match self {
            Self::OldDraft { path, change, .. } => {
                return trf!(
                    "`twinseal diff {change}` shows what changed; begin again with `twinseal revise {change}`, and copy \
                     from {path}",
                    "`twinseal diff {change}` 显示变动；用 `twinseal revise {change}` 重新开始，并从 {path} 复制内容"
                );
            }
            Self::DryFirstContact(_) => tr!(
                "compare the fingerprint first: `twinseal join`, or run it without --dry-run",
                "请先核对指纹：`twinseal join`，或去掉 --dry-run 再运行"
            ),
            Self::RecordsNothing(_) => tr!("leave --dry-run out", "请去掉 --dry-run"),
            Self::NeedsPrimary(_) => tr!("leave --replica out", "请去掉 --replica"),
            Self::NotFiled(n) => return format!("`twinseal drafts resume {n}`"),
            Self::NothingWritten => tr!(
                "change it, and save it before you close the editor; no draft was kept. To revise as it is: --again",
                "请修改并在关闭编辑器之前保存；未保留草稿。原样修订：--again"
            ),
            Self::NoReviewGiven(of) => {
                return trf!(
                    "name a file: `twinseal review {of} --template > review.toml`, then `twinseal review {of} review.toml`",
                    "请给出文件：先 `twinseal review {of} --template > review.toml`，再 `twinseal review {of} review.toml`"
                );
            }
            Self::NoRevisionGiven(of) => {
                return trf!(
                    "name a file, or say what changes: `twinseal revise {of} --window 'sat 20:00 for 2h'`",
                    "请给出文件，或说明修改内容：`twinseal revise {of} --window 'sat 20:00 for 2h'`"
                );
            }
            Self::NoDraft(_) => tr!(
                "`twinseal drafts list` shows the drafts of this account",
                "`twinseal drafts list` 显示本账号的草稿"
            ),
            Self::NoDraftGiven => tr!(
                "name a file: `twinseal draft > change.toml`, then `twinseal file change.toml`",
                "请给出文件：先 `twinseal draft > change.toml`，再 `twinseal file change.toml`"
            ),
            Self::NoHelp { .. } => tr!(
                "`twinseal help` lists the commands; topics: exit-codes, format, keys, policy, terminal, times",
                "`twinseal help` 列出命令；主题：exit-codes、format、keys、policy、terminal、times"
            ),
            Self::WhichShell => tr!(
                "name it: `twinseal setup-shell bash`, zsh or fish",
                "请指定：`twinseal setup-shell bash`，或 zsh、fish"
            ),

            Self::OtherRequest { .. }
            | Self::OtherWish { .. }
            | Self::OldRequest { .. }
            | Self::NotTrusted { .. }
            | Self::NoIdGiven
            | Self::FoundNeedsTerminal
            | Self::NoSecondAdmin
            | Self::AuditorAlone => self.about_joining(),
        };
        hint.to_owned()
    }

    /// Hints about founding and joining a register.
    fn about_joining(&self) -> &'static str {
        match self {
            Self::OtherRequest { .. } | Self::OtherWish { .. } | Self::OldRequest { .. } => tr!(
                "write the new one to another file: `twinseal join --out FILE`",
                "把新的申请写到另一个文件：`twinseal join --out FILE`"
            ),
            Self::NotTrusted { .. } => tr!(
                "`twinseal registers` lists the registers that this account trusts",
                "`twinseal registers` 列出本账号信任的变更台账"
            ),
            Self::NoIdGiven => tr!(
                "give it: `twinseal join alice --role engineer`",
                "请给出标识：`twinseal join alice --role engineer`"
            ),
            Self::FoundNeedsTerminal => tr!(
                "`twinseal init` takes the same answers as options: `twinseal help init`",
                "`twinseal init` 可用选项给出同样的信息：`twinseal help init`"
            ),
            Self::NoSecondAdmin => tr!(
                "the other person makes one: `twinseal join --register NAME`",
                "请另一名管理员生成申请：`twinseal join --register NAME`"
            ),
            _ => {
                tr!("give auditor alone, or roles without it", "请只给出 auditor，或给出其他角色而不含 auditor")
            }
        }
    }
}
