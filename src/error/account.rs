//! Errors of commands about this account: its drafts, its shell, its help.

use super::words::{did_you_mean, short};
use crate::domain::{ChangeId, Fingerprint, PersonId, RegisterId, Time};

/// Why a command about this account failed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// No draft with this number.
    #[error("no draft {0}")]
    NoDraft(String),
    /// A draft of a revision, after another revision was filed.
    #[error("draft {number} was made from revision {from} of {change}, whose current revision is {current}")]
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
    #[error("--dry-run: this account does not trust the register {0} yet")]
    DryFirstContact(RegisterId),
    /// `--dry-run` with a command that records no entry.
    #[error("--dry-run: `{}` records no entry", format!("twinseal {}", .0).trim_end())]
    RecordsNothing(String),
    /// Nothing to file, and no terminal for an editor.
    #[error("no draft given, and no terminal for an editor")]
    NoDraftGiven,
    /// A register that this account does not trust.
    #[error("this account trusts no register {}{}", short(.given), did_you_mean(.near.as_deref()))]
    NotTrusted {
        /// The name that was given.
        given: String,
        /// The most similar name of a trusted register.
        near: Option<String>,
    },
    /// Nobody to be enrolled, and no terminal to ask on.
    #[error("no id to be enrolled as, and no terminal to ask for it")]
    NoIdGiven,
    /// Questions, and no terminal to ask them on.
    #[error("`twinseal found` asks on a terminal, and there is none")]
    FoundNeedsTerminal,
    /// A file that is not the request that this account would write.
    #[error("{path} is another request: of {person}, for register {register}, with key {key}")]
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
    #[error("the request in {path} asks for other roles or another name: {asked}")]
    OtherWish {
        /// The file, as it was named.
        path: String,
        /// What it asks for.
        asked: String,
    },
    /// A request of this account that can no longer be used.
    #[error("the request in {path} expired at {expires}")]
    OldRequest {
        /// The file, as it was named.
        path: String,
        /// When it expired.
        expires: Time,
    },
    /// Nobody else to found a register with.
    #[error("a register needs a second admin beside its founder")]
    NoSecondAdmin,
    /// Nothing to revise a change with, and no terminal for an editor.
    #[error("no draft given for {0}, and no terminal for an editor")]
    NoRevisionGiven(ChangeId),
    /// The user left it unfiled.
    #[error("not filed; kept as draft {0}")]
    NotFiled(String),
    /// The user left it as it was offered.
    #[error("not filed: nothing was written")]
    NothingWritten,
    /// Neither a command nor a topic.
    #[error("no command or topic {}{}", short(.given), did_you_mean(.near.as_deref()))]
    NoHelp {
        /// What was given.
        given: String,
        /// The most similar command or topic.
        near: Option<String>,
    },
    /// An auditor with another role.
    #[error("an auditor has no other role")]
    AuditorAlone,
    /// No shell was named, and `SHELL` names none that is known.
    #[error("which shell?")]
    WhichShell,
}

impl AccountError {
    /// The next step.
    pub(super) fn hint(&self) -> String {
        let hint = match self {
            Self::OtherRequest { .. } | Self::OtherWish { .. } | Self::OldRequest { .. } => {
                "write the new one to another file: `twinseal join --out FILE`"
            }
            Self::OldDraft { path, change, .. } => {
                return format!(
                    "`twinseal diff {change}` shows what changed; begin again with `twinseal revise {change}`, and copy \
                     from {path}"
                );
            }
            Self::DryFirstContact(_) => "compare the fingerprint first: `twinseal join`, or run it without --dry-run",
            Self::NotTrusted { .. } => "`twinseal registers` lists the registers that this account trusts",
            Self::NoIdGiven => "give it: `twinseal join alice --role engineer`",
            Self::FoundNeedsTerminal => "`twinseal init` takes the same answers as options: `twinseal help init`",
            Self::NoSecondAdmin => "the other person makes one: `twinseal join --register NAME`",
            Self::RecordsNothing(_) => "leave --dry-run out",
            Self::NotFiled(n) => return format!("`twinseal drafts resume {n}`"),
            Self::NothingWritten => "save it in the editor before you close it; no draft was kept",
            Self::NoRevisionGiven(of) => {
                return format!("name a file, or say what changes: `twinseal revise {of} --window 'sat 20:00 for 2h'`");
            }
            Self::NoDraft(_) => "`twinseal drafts list` shows the drafts of this account",
            Self::NoDraftGiven => "name a file: `twinseal draft > change.toml`, then `twinseal file change.toml`",
            Self::NoHelp { .. } => {
                "`twinseal help` lists the commands; topics: exit-codes, format, keys, policy, terminal, times"
            }
            Self::AuditorAlone => "give auditor alone, or roles without it",
            Self::WhichShell => "name it: `twinseal setup-shell bash`, zsh or fish",
        };
        hint.to_owned()
    }
}
