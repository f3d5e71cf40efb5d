//! Errors of commands: what failed, why, the next step, and the exit code.

mod account;
mod artifacts;
mod break_glass;
mod denied;
mod detached;
mod evidence;
mod exit;
mod freeze;
mod hint;
mod json;
mod key_choice;
mod loss;
mod notify;
mod register;
mod request;
mod screen;
mod service;
mod several;
mod template;
mod timestamp;
mod usage;
mod words;

use std::path::PathBuf;

pub use account::AccountError;
pub use artifacts::ArtifactError;
pub use break_glass::BreakGlassError;
pub use detached::DetachedError;
pub use evidence::EvidenceError;
pub use exit::Exit;
pub use freeze::FreezeError;
pub use hint::shell_word;
pub use key_choice::KeyChoiceError;
pub use loss::LossError;
pub use notify::NotifyError;
pub use register::RegisterError;
pub use request::RequestError;
pub use service::ServiceError;
pub use several::SeveralError;
pub use template::TemplateError;
pub use timestamp::TimestampFailure;
pub use usage::UsageError;
pub use words::FileAct;
use words::{closed_freezes, did_you_mean, faults, findings, no_text, short};

use crate::config::ConfigError;
use crate::domain::{ChangeId, Digest, Head, Invalid, PersonId, ProposalId, Refusal, Time};
use crate::format::{Defect, Unsigned};
use crate::input::{Fault, NotATime, Problem, list_faults};
use crate::signer::KeyError;
use crate::store::{Finding, StoreError};
use crate::tr;
use crate::trf;

/// What to do about findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// The log is good: only what is computed from it differs, and is computed again.
    Rebuild,
    /// The checkpoint that was given, or that none was, is to be looked at first.
    Anchor,
    /// Only the timestamp of a checkpoint is in question.
    Timestamp,
    /// The file is evidence.
    Keep,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule refuses it.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// A rule refuses it, and the attempt is in the log.
    #[error("{}", trf!("{refusal} (recorded as entry {seq})", "{refusal}（已记为第 {seq} 条）"))]
    RefusedOnRecord {
        /// The refusal.
        refusal: Refusal,
        /// The entry that records the attempt.
        seq: u64,
    },
    /// What a dry run would record. No failure: it ends the command.
    #[error("{}", trf!("would be recorded as entry {}; nothing was recorded", "将记为第 {} 条；未记录任何内容", .0.seq()))]
    WouldRecord(Box<Unsigned>),
    /// A draft or policy has faults.
    #[error("{}", list_faults(.path, .faults))]
    Faults {
        /// The file, as it was named.
        path: String,
        /// The faults, in file order.
        faults: Vec<Fault>,
    },
    /// An invalid value on the command line.
    #[error("{}", trf!("{}: {invalid}", "{}：{invalid}", short(.given)))]
    Value {
        /// What was given.
        given: String,
        /// The reason.
        invalid: Invalid,
    },
    /// A file named on the command line cannot be read or written.
    #[error("{}", trf!("cannot {} {}: {source}", "无法{} {}：{source}", .doing.phrase(), .path.display()))]
    File {
        /// What failed.
        doing: FileAct,
        /// Which one.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// A file over the size limit.
    #[error("{}", trf!("{path} is larger than the limit of {most} bytes", "{path} 超过大小上限 {most} 字节"))]
    FileTooLarge {
        /// The file, as it was named.
        path: String,
        /// The limit, in bytes.
        most: u64,
    },
    /// A file that is not UTF-8.
    #[error("{}", trf!(
        "{path} is not UTF-8: invalid bytes on line {line}",
        "{path} 不是 UTF-8：第 {line} 行有无效字节"
    ))]
    NotText {
        /// The file, as it was named.
        path: String,
        /// The line, from 1.
        line: usize,
    },
    /// A register was not found, or is not the expected one.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// A request for enrolment cannot be used.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// No key can be chosen, or the chosen one cannot sign.
    #[error(transparent)]
    KeyChoice(#[from] KeyChoiceError),
    /// Lost entries cannot be recovered or listed.
    #[error(transparent)]
    Loss(#[from] LossError),
    /// No folder for the verified cache and the pin.
    #[error("{}", tr!(
        "HOME is not an absolute path: no directory for the verified cache and the pin",
        "HOME 不是绝对路径：没有目录存放已验证缓存和已验证位置"
    ))]
    NoHome,
    /// An option without a value.
    #[error("{}", trf!("{} is empty", "{} 为空", .0))]
    EmptyOption(&'static str),
    /// A draft that was filed before.
    #[error("{}", trf!("{change} was filed by {by} with the same content", "{by} 已提交过内容相同的 {change}"))]
    FiledBefore {
        /// The change.
        change: ChangeId,
        /// Who filed its current revision.
        by: PersonId,
    },
    /// The command line cannot be understood.
    #[error("{}", .0.message)]
    Usage(Box<UsageError>),
    /// A command about this account.
    #[error("{0}")]
    Account(#[from] AccountError),
    /// An artifact was not found by its name.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// An argument, a variable or a path that is not UTF-8 where it must be.
    #[error("{}", trf!("{} is not UTF-8", "{} 不是 UTF-8", .0))]
    NotUtf8(String),
    /// A command about several changes or proposals.
    #[error("{0}")]
    Several(Box<SeveralError>),
    /// The person at the terminal left a change undecided.
    #[error("{}", tr!("skipped; nothing was recorded", "已跳过；未记录任何内容"))]
    Skipped,
    /// The person at the terminal did not confirm.
    #[error("{}", tr!("not confirmed; nothing was recorded", "未确认；未记录任何内容"))]
    NotConfirmed,
    /// Something was recorded that changes what the user was shown.
    #[error("{}", tr!("it changed while it was shown; nothing was recorded", "显示期间内容已变动；未记录任何内容"))]
    OtherSince,
    /// The user does not trust a register.
    #[error("{}", tr!("not trusted; nothing was done", "未信任；未执行任何操作"))]
    NotTrusted,
    /// Something to sign, and no terminal to show it on.
    #[error("{}", trf!(
        "no terminal to show it on: {flag} DIGEST is required",
        "没有终端可供显示：必须给出 {flag} DIGEST"
    ))]
    NeedDigest {
        /// The option that takes the digest.
        flag: &'static str,
        /// The command that shows it, in backticks.
        shows: String,
    },
    /// A digest that does not match.
    #[error("{}", trf!(
        "{flag} {given} does not match the current digest {found}",
        "{flag} {given} 与当前摘要 {found} 不符"
    ))]
    OtherDigest {
        /// The option.
        flag: &'static str,
        /// The digest given.
        given: Digest,
        /// The digest of the current revision or proposal.
        found: Digest,
    },
    /// A command about a break-glass.
    #[error("{0}")]
    BreakGlass(#[from] BreakGlassError),
    /// An approval away from the register.
    #[error("{0}")]
    Detached(#[from] DetachedError),
    /// No such change.
    #[error("{}", trf!("no change {}", "没有变更单 {}", .0))]
    NoChange(ChangeId),
    /// A change that was filed after the entry as of which the register is read.
    #[error("{}", crate::trf!(
        "no change {change} as of entry {at}: it was filed later, in entry {seq} at {time}",
        "截至第 {at} 条没有变更单 {change}：它后来才提交，见第 {seq} 条（{time}）"
    ))]
    FiledLater {
        /// Which change.
        change: ChangeId,
        /// The entry as of which the register is read.
        at: u64,
        /// The entry that filed it.
        seq: u64,
        /// When.
        time: Time,
    },
    /// No such revision.
    #[error("{}", trf!("{change} has no revision {number}", "{change} 没有修订 {number}"))]
    NoRevision {
        /// Of which change.
        change: ChangeId,
        /// Which one.
        number: u64,
    },
    /// No such proposal.
    #[error("{}", trf!("no proposal {}", "没有提案 {}", .0))]
    NoProposal(ProposalId),
    /// No such person.
    #[error("{}", trf!(
        "no person {person} in this register{}",
        "此变更台账中没有人员 {person}{}", did_you_mean(.near.as_deref())
    ))]
    NoPerson {
        /// Who.
        person: PersonId,
        /// Somebody with a similar name.
        near: Option<String>,
    },
    /// No such entry.
    #[error("{}", trf!("no entry {}", "没有第 {} 条日志", .0))]
    NoEntry(u64),
    /// A time before the first entry.
    #[error("{}", trf!("no entry at or before {}", "{} 及之前没有日志条目", .0))]
    NothingBy(Time),
    /// An entry without free text.
    #[error("{}", no_text(*.seq, *.redacted))]
    NoText {
        /// Which one.
        seq: u64,
        /// Whether its text was redacted before.
        redacted: bool,
    },
    /// git cannot be run, or fails.
    #[error("{}", trf!("cannot read the commits: {reason}", "无法读取提交记录：{reason}"))]
    Git {
        /// What git or the system says.
        reason: String,
    },
    /// No grant was named.
    #[error("{}", trf!("nothing to {verb}", "没有要{verb}的内容"))]
    NothingNamed {
        /// `grant` or `revoke`, in the language of the reader.
        verb: &'static str,
    },
    /// A period for operators, who have none.
    #[error("{}", tr!(
        "operators have no period: they answer for the account until they are removed",
        "操作责任人没有期限：在被移除之前一直对该账号负责"
    ))]
    OperatorPeriod,
    /// The person does not have the grant to revoke.
    #[error("{}", trf!("{person} does not have {what}", "{person} 没有{what}"))]
    NotGranted {
        /// Who.
        person: PersonId,
        /// The grant, such as `role approver`.
        what: String,
    },
    /// One change or proposal named twice.
    #[error("{}", trf!("{} is named twice: name each once", "{} 给出了两次：每个只能给出一次", .0))]
    NamedTwice(String),
    /// The number of digests differs from the number of changes or proposals.
    #[error("{}", trf!(
        "{named} {what} but {digests} digests: give one for each, in the same order",
        "给出了 {named} 个{what}，但有 {digests} 个摘要：须按相同顺序各给一个"
    ))]
    DigestCount {
        /// What was named: `changes`.
        what: &'static str,
        /// The number of those named.
        named: usize,
        /// The number of digests.
        digests: usize,
    },
    /// An argument of the wrong form.
    #[error("{}", trf!("{} does not have the form {form}", "{} 的格式不对，应为 {form}", short(.given)))]
    Form {
        /// The argument.
        given: String,
        /// The required form.
        form: &'static str,
    },
    /// An argument with a fault that files can have too.
    #[error("{}", trf!("{}: {problem}", "{}：{problem}", short(.given)))]
    Argument {
        /// The argument.
        given: String,
        /// What is wrong.
        problem: Box<Problem>,
    },
    /// Not a time.
    #[error("{}", trf!("{}: {problem}", "{}：{problem}", short(.given)))]
    Time {
        /// The argument.
        given: String,
        /// The reason.
        problem: NotATime,
    },
    /// Passphrases that differ.
    #[error("{}", tr!("the two passphrases differ", "两次输入的口令不一致"))]
    PassphrasesDiffer,
    /// No passphrase for a new key, and no terminal to ask on.
    #[error("{}", tr!("a new key needs a passphrase, and there is no terminal", "新密钥需要口令，但没有终端"))]
    NoPassphrase,
    /// An entry would exceed its size limit.
    #[error("{0}")]
    Defect(#[from] Defect),
    /// `verify` reported findings.
    #[error("{}", findings(*.count))]
    Findings {
        /// The number of findings.
        count: usize,
        /// What to do about them.
        remedy: Remedy,
    },
    /// A rejection without a reason.
    #[error("{}", tr!("no reason given; nothing was recorded", "未说明原因；未记录任何内容"))]
    NeedReason,
    /// No outcome for a target, or for a change without targets.
    #[error("{}", tr!("no outcome given", "未给出结果"))]
    NeedOutcome,
    /// The same run of a pipeline has done it already. A command that records takes this as success.
    #[error("{}", tr!("already done by this run", "本次运行已完成此操作"))]
    DoneByRun,
    /// Nothing says which change is meant.
    #[error("{}", tr!("the gate needs a change, or a service and an artifact", "门禁需要变更单，或服务和制品"))]
    NeedChange,
    /// The gate is closed.
    #[error("{}", trf!("gate closed: {reason}", "门禁关闭：{reason}"))]
    GateClosed {
        /// The condition that does not hold.
        reason: String,
        /// What makes it hold.
        hint: Option<String>,
    },
    /// The log lacks an entry that it must have.
    #[error("{}", trf!(
        "the log does not have entry {} with the leaf hash {}, which --at-least names",
        "日志中没有 --at-least 指定的条目：第 {} 条，叶哈希 {}", .head.seq, .head.leaf
    ))]
    AtLeast {
        /// The entry.
        head: Head,
    },
    /// `doctor` reported faults.
    #[error("{}", faults(*.count))]
    Unwell {
        /// The number of faults.
        count: usize,
    },
    /// A command about a freeze or a calendar failed.
    #[error(transparent)]
    Freeze(#[from] FreezeError),
    /// A command about a service failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// A command about a template failed.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A command about evidence packs failed.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// A checkpoint was not timestamped.
    #[error(transparent)]
    Timestamp(#[from] TimestampFailure),
    /// A command about notices failed.
    #[error(transparent)]
    Notify(#[from] NotifyError),
    /// `freeze check` found this many closed freezes.
    #[error("{}", closed_freezes(*.0))]
    Closed(usize),
    /// No trading sessions.
    #[error(transparent)]
    Venue(#[from] crate::venue::VenueError),
    /// The register fails verification, outside `verify`.
    #[error("{}", trf!("register is broken, recording is refused: {}", "变更台账已损坏，拒绝记录：{}", .0))]
    Broken(Finding),
    /// The register's file, the verified cache or the pin.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A key file or the ssh-agent.
    #[error("{0}")]
    Key(#[from] KeyError),
    /// A configuration file.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// Other writers appended first at each attempt.
    #[error("{}", trf!(
        "gave up after {attempts} attempts: other writers appended first; nothing was recorded",
        "尝试 {attempts} 次后放弃：每次都有其他进程先写入；未记录任何内容"
    ))]
    Contended {
        /// The number of attempts.
        attempts: usize,
    },
    /// Standard output or the random source failed.
    #[error("{}", trf!("standard input or output failed: {}", "标准输入或输出出错：{}", .0))]
    Io(#[from] std::io::Error),
}

impl Error {
    /// Whether something was recorded before this error occurred.
    pub fn is_after_recording(&self) -> bool {
        matches!(self, Self::Store(StoreError::RecordedButNotPinned { .. }))
    }

    /// Marks an error that occurred after entry `seq` was recorded, so that nobody records it twice. A closed pipe
    /// stays a closed pipe.
    pub fn after(self, seq: u64) -> Self {
        match self {
            Self::Io(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Self::Io(error),
            error => StoreError::RecordedButNotPinned { seq, source: Box::new(error) }.into(),
        }
    }
}
