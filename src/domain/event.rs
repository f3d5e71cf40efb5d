//! The events that can be recorded.

use std::collections::BTreeSet;
use std::ops::Deref;

use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{
    Action, ActionDone, BreakGlassId, ChangeId, Confirmation, Conflicts, DeviationId, Digest, Execution, Facts,
    Fingerprint, Finish, FreezeRef, LogRoots, Member, Moment, Opening, PersonId, Policy, Predecessor, ProposalId,
    ProposalRef, Reconciliation, RefusedAttempt, RegisterId, Review, RevisionRef, Rule, Sample, ServiceId, Start,
    Submission, TextRef, Time, Told, Touch, Word,
};

/// The fields that every entry has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The register that the entry belongs to.
    pub register: RegisterId,
    /// The sequence number, from 0.
    pub seq: u64,
    /// The leaf hash of the previous entry.
    pub prev: Digest,
    /// The leaf hash of the latest earlier governance entry.
    pub governance: Digest,
    /// The leaf hash of the latest earlier entry about the same subject; `None` for a governance entry and
    /// for one about the log itself.
    pub last: Option<Digest>,
    /// The time that the actor claims.
    pub time: Time,
    /// The account that acted.
    pub actor: PersonId,
    /// The key that signed the entry.
    pub key: Fingerprint,
    /// What the FIDO token says that signed the entry; `None` for other keys, and before it is signed. It stands in the
    /// signature and not in the body.
    pub touch: Option<Touch>,
    /// The digest of the data part, if there is one.
    pub data: Option<Digest>,
    /// The reference to the text part, if there is one.
    pub text: Option<TextRef>,
}

impl Header {
    /// Whether the text part has this field.
    pub fn fills(&self, field: crate::domain::Field) -> bool {
        self.text.as_ref().is_some_and(|text| text.filled.contains(&field))
    }
}

/// The fields of an entry, and the moment at which it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Timed<'h> {
    /// The fields.
    pub header: &'h Header,
    /// The claimed and the effective time.
    pub moment: Moment,
    /// The time that others have reached, if there are enough: no claim of those who answer for the entry moves it.
    pub witnessed: Option<Time>,
}

impl Deref for Timed<'_> {
    type Target = Header;

    fn deref(&self) -> &Header {
        self.header
    }
}

closed_enum!(
    /// A kind of entry.
    EventKind, ["a kind of entry", "日志条目类型"], {
        /// Entry 0.
        Init => "register.init", "创建变更台账";
        /// The second founding signature.
        Seal => "register.seal", "封印变更台账";
        /// Opens a proposal to enrol people.
        Enrol => "person.enrol", "登记人员提案";
        /// Opens a proposal to replace a person's grants.
        Roles => "person.roles", "授权提案";
        /// Opens a proposal to retire a person.
        Retire => "person.retire", "离任提案";
        /// Opens a proposal to enrol another key for a person.
        AddKey => "person.key", "登记密钥提案";
        /// Opens a proposal to lift the suspension of a key.
        Lift => "key.lift", "恢复密钥提案";
        /// Opens a proposal to replace the policy.
        Policy => "policy.set", "策略提案";
        /// Opens a proposal to redact texts.
        Redact => "text.redact", "隐去文本提案";
        /// Opens a proposal to accept a loss after a restore.
        Restored => "register.restored", "接受条目丢失提案";
        /// Opens a proposal to set or replace a freeze.
        SetFreeze => "freeze.set", "设置封网提案";
        /// Opens a proposal to end a freeze.
        LiftFreeze => "freeze.lift", "解除封网提案";
        /// Opens a proposal to set or replace a calendar.
        SetCalendar => "calendar.set", "设置日历提案";
        /// Opens a proposal to add, change or drop services.
        SetServices => "service.set", "设置服务提案";
        /// Opens a proposal to set or replace a template.
        SetTemplate => "template.set", "设置模板提案";
        /// Opens a proposal to end a template.
        EndTemplate => "template.end", "停用模板提案";
        /// Opens a freeze at once.
        FreezeNow => "freeze.now", "立即封网";
        /// Ends a freeze that the same person began at once.
        FreezeEnd => "freeze.end", "结束本人封网";
        /// Seconds a proposal, which puts it into effect.
        Second => "proposal.second", "附议";
        /// Declines another admin's proposal.
        Decline => "proposal.decline", "否决提案";
        /// Withdraws one's own proposal.
        ProposalWithdraw => "proposal.withdraw", "撤回提案";
        /// Records a refused attempt to second a proposal.
        ProposalRefused => "proposal.refused", "被拒绝的提案操作";
        /// Revokes one's own key.
        KeyRevoke => "key.revoke", "吊销密钥";
        /// Suspends a key.
        KeySuspend => "key.suspend", "停用密钥";
        /// Suspends a person: all their grants and keys.
        PersonSuspend => "person.suspend", "停用人员";
        /// Files a change.
        File => "change.file", "提交变更单";
        /// Files another revision of a change.
        Revise => "change.revise", "修订变更单";
        /// Withdraws a change.
        ChangeWithdraw => "change.withdraw", "撤回变更单";
        /// Approves a revision.
        Approve => "change.approve", "批准";
        /// Rejects a revision.
        Reject => "change.reject", "驳回";
        /// Retracts one's own approval.
        Retract => "change.retract", "收回批准";
        /// Starts a change.
        Start => "change.start", "开始变更";
        /// Finishes a change with an outcome.
        Finish => "change.finish", "完成变更";
        /// Confirms the outcome of a change.
        Confirm => "change.confirm", "确认结果";
        /// Reviews a finished change.
        Review => "change.review", "变更后评估";
        /// Says that an action of a review is done.
        ActionDone => "change.action", "完成改进事项";
        /// Closes a finished change.
        Close => "change.close", "关闭变更单";
        /// Carries an approval into the log that was signed away from the register.
        Submit => "approval.submit", "提交离线批准";
        /// Adds a note to a change.
        Note => "change.note", "备注";
        /// Records a refused attempt to approve, reject or start a change.
        ChangeRefused => "change.refused", "被拒绝的变更操作";
        /// Opens a break-glass.
        BreakGlassOpen => "breakglass.open", "开启紧急处置";
        /// Enters a break-glass that was signed without the register.
        BreakGlassEnter => "breakglass.enter", "补录紧急处置";
        /// Closes a break-glass: says what was done.
        BreakGlassClose => "breakglass.close", "关闭紧急处置";
        /// Ratifies a break-glass.
        BreakGlassRatify => "breakglass.ratify", "追认紧急处置";
        /// Tells what was done outside the register.
        DeviationRecord => "deviation.record", "报告偏差";
        /// Reviews a deviation.
        DeviationReview => "deviation.review", "审阅偏差";
        /// Records the roots of the log and of its subjects.
        Checkpoint => "log.checkpoint", "记录检查点";
        /// Records a sample that an auditor drew.
        Sample => "log.sample", "记录抽样";
        /// Records the result of comparing the log with what was really deployed.
        Reconciliation => "log.reconciliation", "记录核对结果";
    }
);

/// A stream of entries in which each names the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// People, keys, proposals and policy: every later entry names the latest in its `governance` field.
    Governance,
    /// The acts on one change: the next entry of the stream names the latest in its `last` field.
    Change(ChangeId),
    /// The acts on one break-glass, linked in the same way.
    BreakGlass(BreakGlassId),
    /// The acts on one deviation, linked in the same way.
    Deviation(DeviationId),
    /// The acts about the log itself: no later entry names them but by `prev`.
    Log,
}

impl Stream {
    /// Whether its entries have a `last` field.
    pub fn has_subject(self) -> bool {
        matches!(self, Self::Change(_) | Self::BreakGlass(_) | Self::Deviation(_))
    }
}

/// An event that can be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Entry 0: the founding members and the first policy.
    Init {
        /// The format level.
        format: u64,
        /// The register that it succeeds, if any.
        after: Option<Predecessor>,
        /// The first policy.
        policy: Policy,
        /// The founding members.
        members: Vec<Member>,
    },
    /// A second founding admin agrees to entry 0.
    Seal,
    /// A proposal is opened.
    Propose {
        /// The number of the proposal.
        proposal: ProposalId,
        /// The change that it would make.
        action: Action,
    },
    /// A second admin puts a proposal into effect.
    Second(ProposalRef),
    /// Another admin declines a proposal.
    Decline(ProposalRef),
    /// The proposer withdraws a proposal.
    ProposalWithdraw(ProposalRef),
    /// A person revokes one of their keys, permanently.
    KeyRevoke(Fingerprint),
    /// An admin suspends a key, immediately.
    KeySuspend(Fingerprint),
    /// An admin suspends a person, immediately: all grants end, and all live keys are suspended.
    PersonSuspend(PersonId),
    /// An admin or somebody on duty begins a freeze, immediately.
    FreezeNow {
        /// The first moment after it.
        until: Time,
        /// The services that it concerns; empty for all.
        services: BTreeSet<ServiceId>,
    },
    /// The person who opened a freeze alone ends it.
    FreezeEnd(FreezeRef),
    /// A change is filed with its first revision.
    File {
        /// The number of the change.
        change: ChangeId,
        /// The facts of the revision.
        facts: Box<Facts>,
        /// Its data part.
        execution: Box<Execution>,
    },
    /// A new revision replaces the current one.
    Revise {
        /// The current revision, which it replaces.
        replaces: RevisionRef,
        /// The facts of the new revision.
        facts: Box<Facts>,
        /// Its data part.
        execution: Box<Execution>,
    },
    /// The requester or owner withdraws a change.
    ChangeWithdraw(RevisionRef),
    /// An approver approves a revision.
    Approve(RevisionRef),
    /// Somebody submits an approval that an approver signed away from the register.
    Submit(Box<Submission>),
    /// An approver rejects a revision.
    Reject(RevisionRef),
    /// An approver retracts an approval.
    Retract(RevisionRef),
    /// An implementer starts a change.
    Start(Start),
    /// An implementer or the owner finishes a change.
    Finish(Finish),
    /// Somebody who took no part in a change confirms its outcome.
    Confirm(Confirmation),
    /// Somebody says what happened and what was learned.
    Review(Review),
    /// An action that a review asked for is done.
    ActionDone(ActionDone),
    /// A finished change is closed.
    Close(RevisionRef),
    /// A note on a change.
    Note(ChangeId),
    /// An engineer says that they act without approval, before they do.
    BreakGlassOpen {
        /// The number of the break-glass.
        id: BreakGlassId,
        /// What they say.
        opening: Opening,
    },
    /// Somebody enters what an engineer signed without the register.
    BreakGlassEnter {
        /// The number of the break-glass.
        id: BreakGlassId,
        /// What the engineer says.
        opening: Opening,
        /// The engineer's signature.
        word: Box<Word>,
    },
    /// Its opener or another engineer says what was done.
    BreakGlassClose(BreakGlassId),
    /// An approver agrees with what was done.
    BreakGlassRatify {
        /// The break-glass.
        id: BreakGlassId,
        /// The leaf hash of the entry that closed it.
        closed: Digest,
    },
    /// Somebody tells what was done outside the register.
    DeviationRecord {
        /// The number of the deviation.
        id: DeviationId,
        /// What they tell.
        told: Box<Told>,
    },
    /// An approver reviews a deviation.
    DeviationReview {
        /// The deviation.
        id: DeviationId,
        /// The leaf hash of the entry that told it.
        recorded: Digest,
    },
    /// Somebody states the roots of the log and of its subjects.
    Checkpoint(LogRoots),
    /// An auditor draws a sample.
    Sample(Box<Sample>),
    /// An auditor compares the log with what was really deployed.
    Reconciliation(Box<Reconciliation>),
    /// A refused attempt. It changes no state.
    Refused {
        /// The attempt.
        attempt: RefusedAttempt,
        /// The rule that refuses it.
        rule: Rule,
    },
}

impl Event {
    /// Whose act it is in an entry with this header, and by which key. A detached approval is its approver's, whoever
    /// submitted it.
    pub fn whose<'e>(&'e self, header: &'e Header) -> (&'e PersonId, Fingerprint) {
        match self {
            Self::Submit(it) => (&it.statement.approver, it.statement.key),
            _ => (&header.actor, header.key),
        }
    }

    /// The kind of entry that records the event.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Init { .. } => EventKind::Init,
            Self::Seal => EventKind::Seal,
            Self::Propose { action, .. } => action.kind(),
            Self::KeyRevoke(_) => EventKind::KeyRevoke,
            Self::KeySuspend(_) => EventKind::KeySuspend,
            Self::PersonSuspend(_) => EventKind::PersonSuspend,
            Self::FreezeNow { .. } => EventKind::FreezeNow,
            Self::FreezeEnd(_) => EventKind::FreezeEnd,
            Self::Second(_) => EventKind::Second,
            Self::Decline(_) => EventKind::Decline,
            Self::ProposalWithdraw(_) => EventKind::ProposalWithdraw,
            Self::File { .. } => EventKind::File,
            Self::Revise { .. } => EventKind::Revise,
            Self::ChangeWithdraw(_) => EventKind::ChangeWithdraw,
            Self::Approve(_) => EventKind::Approve,
            Self::Submit(_) => EventKind::Submit,
            Self::Reject(_) => EventKind::Reject,
            Self::Retract(_) => EventKind::Retract,
            Self::Start(_) => EventKind::Start,
            Self::Finish(_) => EventKind::Finish,
            Self::Confirm(_) => EventKind::Confirm,
            Self::Review(_) => EventKind::Review,
            Self::ActionDone(_) => EventKind::ActionDone,
            Self::Close(_) => EventKind::Close,
            Self::Note(_) => EventKind::Note,
            Self::BreakGlassOpen { .. } => EventKind::BreakGlassOpen,
            Self::BreakGlassEnter { .. } => EventKind::BreakGlassEnter,
            Self::BreakGlassClose(_) => EventKind::BreakGlassClose,
            Self::BreakGlassRatify { .. } => EventKind::BreakGlassRatify,
            Self::DeviationRecord { .. } => EventKind::DeviationRecord,
            Self::DeviationReview { .. } => EventKind::DeviationReview,
            Self::Checkpoint(_) => EventKind::Checkpoint,
            Self::Sample(_) => EventKind::Sample,
            Self::Reconciliation(_) => EventKind::Reconciliation,
            Self::Refused { attempt: RefusedAttempt::Second(_), .. } => EventKind::ProposalRefused,
            Self::Refused { .. } => EventKind::ChangeRefused,
        }
    }

    /// The stream that the event belongs to. The list is closed: a new kind of event must choose.
    pub fn stream(&self) -> Stream {
        match self {
            Self::Init { .. }
            | Self::Seal
            | Self::Propose { .. }
            | Self::Second(_)
            | Self::Decline(_)
            | Self::ProposalWithdraw(_)
            | Self::KeyRevoke(_)
            | Self::KeySuspend(_)
            | Self::PersonSuspend(_)
            | Self::FreezeNow { .. }
            | Self::FreezeEnd(_) => Stream::Governance,
            Self::File { change, .. } | Self::Note(change) => Stream::Change(*change),
            Self::Revise { replaces: revision, .. }
            | Self::ChangeWithdraw(revision)
            | Self::Approve(revision)
            | Self::Reject(revision)
            | Self::Retract(revision)
            | Self::Start(Start { revision, .. })
            | Self::Finish(Finish { revision, .. })
            | Self::Confirm(Confirmation { revision, .. })
            | Self::Review(Review { revision, .. })
            | Self::ActionDone(ActionDone { revision, .. })
            | Self::Close(revision) => Stream::Change(revision.change),
            Self::Submit(it) => Stream::Change(it.statement.revision.change),
            Self::BreakGlassOpen { id, .. }
            | Self::BreakGlassEnter { id, .. }
            | Self::BreakGlassClose(id)
            | Self::BreakGlassRatify { id, .. } => Stream::BreakGlass(*id),
            Self::DeviationRecord { id, .. } | Self::DeviationReview { id, .. } => Stream::Deviation(*id),
            Self::Checkpoint(_) | Self::Sample(_) | Self::Reconciliation(_) => Stream::Log,
            Self::Refused { attempt, .. } => match attempt {
                RefusedAttempt::Approve(revision)
                | RefusedAttempt::Reject(revision)
                | RefusedAttempt::Start(Start { revision, .. }) => Stream::Change(revision.change),
                RefusedAttempt::Second(_) => Stream::Governance,
            },
        }
    }

    /// The change that the event is about, if any.
    pub fn change(&self) -> Option<ChangeId> {
        match self.stream() {
            Stream::Change(change) => Some(change),
            _ => None,
        }
    }

    /// The open changes that a revision lists; `None` of any other event.
    pub fn conflicts(&self) -> Option<&Conflicts> {
        match self {
            Self::File { execution, .. } | Self::Revise { execution, .. } => Some(&execution.conflicts),
            _ => None,
        }
    }

    /// The salt of the text part, if somebody has signed its digest already.
    pub fn salt(&self) -> Option<[u8; 16]> {
        match self {
            Self::BreakGlassEnter { word, .. } => word.salt,
            _ => None,
        }
    }

    /// The break-glass that the event is about, if any.
    pub fn break_glass(&self) -> Option<BreakGlassId> {
        match self.stream() {
            Stream::BreakGlass(id) => Some(id),
            _ => None,
        }
    }

    /// The deviation that the event is about, if any.
    pub fn deviation(&self) -> Option<DeviationId> {
        match self.stream() {
            Stream::Deviation(id) => Some(id),
            _ => None,
        }
    }

    /// The proposal that the event is about, if any.
    pub fn proposal(&self) -> Option<ProposalId> {
        match self {
            Self::Propose { proposal, .. } => Some(*proposal),
            Self::Second(proposal)
            | Self::Decline(proposal)
            | Self::ProposalWithdraw(proposal)
            | Self::Refused { attempt: RefusedAttempt::Second(proposal), .. } => Some(proposal.proposal),
            _ => None,
        }
    }
}
