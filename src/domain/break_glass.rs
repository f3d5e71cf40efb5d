//! Break-glass: one engineer's signed statement before acting without approval. It never counts as an executed change, and
//! gives no right to anything: it says who acts, why, and until when.
//!
//! It ends by itself, after four hours or sooner, as the policy says. Its close says what was done, and two approvers
//! who had no part in it may ratify that within a day of its end. Otherwise it is unauthorised for good.
//!
//! A clock that runs ahead prolongs nothing for long: once three other people have acted, they are believed.

pub(in crate::domain) mod limits;
pub(in crate::domain) mod rules;
pub(in crate::domain) mod word;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{
    BreakGlassId, BreakGlassLimits, ChangeId, ConflictOfInterest, Digest, Event, Fingerprint, Moment, PersonId,
    Reference, ServiceId, TOLERANCE, TextRef, Time, Timed, Word,
};
use crate::{tr, trf};

closed_enum!(
    /// The status of a break-glass. Always derived, never recorded.
    BreakGlassStatus, ["a status of a break-glass", "紧急处置状态"], {
        /// It has not ended, and nobody has said what was done.
        Open => "open", "进行中";
        /// It ended by itself, and nobody has said what was done.
        Ended => "ended", "已到期";
        /// Somebody has said what was done; it is not ratified yet.
        Closed => "closed", "已关闭";
        /// Two approvers ratified it.
        Ratified => "ratified", "已追认";
        /// It was not ratified in time.
        Unauthorised => "unauthorised", "未获授权";
    }
);

/// What its opener says before acting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The incident that it answers.
    pub incident: Reference,
    /// The services that it touches, as far as they are known.
    pub services: BTreeSet<ServiceId>,
    /// A change that it acts on, which lacks its approvals. It need not exist.
    pub affects: Option<ChangeId>,
}

/// A signed act on a break-glass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedAct {
    /// The actor.
    pub person: PersonId,
    /// The key that signed.
    pub key: Fingerprint,
    /// The claimed and the effective time.
    pub moment: Moment,
    /// The sequence number of its entry.
    pub seq: u64,
    /// The leaf hash of its entry.
    pub leaf: Digest,
    /// The fields that its text fills, and the digest of that text.
    pub text: Option<TextRef>,
}

impl SignedAct {
    pub(in crate::domain) fn of(header: &Timed<'_>, leaf: Digest) -> Self {
        let (person, text) = (header.actor.clone(), header.text.clone());
        Self { person, key: header.key, moment: header.moment, seq: header.seq, leaf, text }
    }
}

/// Why a person may not ratify a break-glass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartInBreakGlass {
    /// The person opened it.
    Opened,
    /// The person closed it.
    Closed,
    /// The person answers for a machine account that opened or closed it.
    Operates,
    /// The person has a conflict of interest in the change that it acts on.
    Change(ConflictOfInterest),
}

/// Why a ratification does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoidRatification {
    /// A later report or a later ratification by the same person took its place.
    Replaced,
    /// The key that signed it is suspended or revoked.
    DeadKey,
    /// The signer no longer has the role approver.
    NoApprover,
    /// The policy bars the signer, an admin, from approving.
    Separate,
    /// The signer had a part in the break-glass.
    TookPart,
}

impl VoidRatification {
    /// The reason, after the name of the signer.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Replaced => tr!("replaced by a later report or ratification", "已被其后的报告或追认取代"),
            Self::DeadKey => tr!("key suspended or revoked", "密钥已停用或吊销"),
            Self::NoApprover => tr!("no longer an approver", "已不是审批人"),
            Self::Separate => tr!("the policy bars admins from approving", "策略不允许管理员审批"),
            Self::TookPart => tr!("took part in it", "参与过该紧急处置"),
        }
    }
}

impl PartInBreakGlass {
    /// The part, behind "because you" or "因为您".
    pub(in crate::domain) fn phrase(self) -> String {
        match self {
            Self::Opened => trf!("opened it", "开启了它"),
            Self::Closed => trf!("closed it", "关闭了它"),
            Self::Operates => {
                trf!("answer for a machine account that opened or closed it", "是开启或关闭它的机器账号的操作责任人")
            }
            Self::Change(conflict) => trf!(
                "may not approve the change that it acts on: you {}",
                "不能审批它所涉及的变更：您{}",
                conflict.verb()
            ),
        }
    }
}

/// A break-glass and every act on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlass {
    id: BreakGlassId,
    last: Digest,
    opening: Opening,
    opened: SignedAct,
    /// When it ends or ended, by effective time, as far as it is known.
    ends: Time,
    /// How long it is open, in seconds.
    lasts: i64,
    /// Whether the policy in force when it was opened provided for it.
    provided: bool,
    /// Who entered it, if it was signed without the register.
    entered: Option<SignedAct>,
    /// Every report of what was done. The newest is the one to ratify.
    reports: Vec<SignedAct>,
    ratifications: Vec<SignedAct>,
    /// The entries of the ratifications that counted, once they were enough.
    ratified: Option<Vec<u64>>,
}

impl BreakGlass {
    /// The time after its end within which it can be ratified, in seconds: 24 hours.
    pub const TO_RATIFY: i64 = 24 * 3600;
    /// How many people must ratify it.
    pub const RATIFIERS: usize = 2;

    /// A break-glass as opened by an entry with this header and leaf hash, under these limits.
    pub(in crate::domain) fn opened(
        id: BreakGlassId,
        opening: &Opening,
        header: &Timed<'_>,
        leaf: Digest,
        (limits, provided): (&BreakGlassLimits, bool),
    ) -> Self {
        let opened = SignedAct::of(header, leaf);
        let ends = header.moment.effective.plus(limits.seconds());
        let (lasts, opening) = (limits.seconds(), opening.clone());
        let (entered, reports, ratifications, ratified) = (None, Vec::new(), Vec::new(), None);
        Self { id, last: leaf, opening, opened, ends, lasts, provided, entered, reports, ratifications, ratified }
    }

    /// A break-glass that an entry with this header enters: the act is that of who signed the word.
    pub(in crate::domain) fn entered(
        id: BreakGlassId,
        (opening, word): (&Opening, &Word),
        header: &Timed<'_>,
        leaf: Digest,
        (limits, provided): (&BreakGlassLimits, bool),
    ) -> Self {
        let mut it = Self::opened(id, opening, header, leaf, (limits, provided));
        it.entered = Some(it.opened.clone());
        it.opened.person = word.person.clone();
        it.opened.key = word.key;
        it.opened.moment = Moment::unwitnessed(word.time);
        it.ends = word.time.plus(limits.seconds());
        it
    }

    /// Who entered it late, if it was signed without the register.
    pub fn late(&self) -> Option<&SignedAct> {
        self.entered.as_ref()
    }

    /// Its number.
    pub fn id(&self) -> BreakGlassId {
        self.id
    }

    /// The leaf hash of the latest entry about it.
    pub fn last(&self) -> Digest {
        self.last
    }

    /// What its opener said.
    pub fn opening(&self) -> &Opening {
        &self.opening
    }

    /// Whether its opener was in a group of which the policy demands one. Otherwise it can never be ratified.
    pub fn is_provided_for(&self) -> bool {
        self.provided
    }

    /// Who opened it, and when.
    pub fn opener(&self) -> &SignedAct {
        &self.opened
    }

    /// The newest report: who said what was done, and when.
    pub fn close(&self) -> Option<&SignedAct> {
        self.reports.last()
    }

    /// Every report of what was done, the newest last.
    pub fn reports(&self) -> &[SignedAct] {
        &self.reports
    }

    /// Every ratification, whether it counts or not.
    pub fn ratifications(&self) -> &[SignedAct] {
        &self.ratifications
    }

    /// The ratifications that made it ratified.
    pub fn ratified(&self) -> Option<impl Iterator<Item = &SignedAct>> {
        let counted = self.ratified.as_ref()?;
        Some(self.ratifications.iter().filter(|it| counted.contains(&it.seq)))
    }

    /// When it ends or ended, by effective time: when its opener says what was done, but not before it began, and by
    /// itself at the latest.
    pub fn end(&self) -> Time {
        self.ends
    }

    /// Whether it ends later than it can if the clock of its opener was right. It is then never taken for open.
    pub fn is_ahead(&self, now: Moment) -> bool {
        self.ends > now.effective.plus(self.lasts + TOLERANCE)
    }

    /// From when on it can no longer be ratified.
    pub fn deadline(&self) -> Time {
        self.end().plus(Self::TO_RATIFY)
    }

    /// The status at the moment `now`.
    pub fn status(&self, now: Moment) -> BreakGlassStatus {
        if self.ratified.is_some() {
            BreakGlassStatus::Ratified
        } else if now.effective >= self.deadline() {
            BreakGlassStatus::Unauthorised
        } else if self.close().is_some() {
            BreakGlassStatus::Closed
        } else if now.effective >= self.end() || self.is_ahead(now) {
            BreakGlassStatus::Ended
        } else {
            BreakGlassStatus::Open
        }
    }

    /// Each person's latest ratification of the newest report.
    fn latest_ratifications(&self) -> impl Iterator<Item = &SignedAct> {
        let since = self.close().map_or(0, |report| report.seq);
        let of_newest = self.ratifications.iter().filter(|it| it.seq > since);
        let latest: BTreeMap<&PersonId, &SignedAct> = of_newest.map(|it| (&it.person, it)).collect();
        latest.into_values()
    }

    /// The same after a judged act. Only a report by its opener ends it before its time.
    pub(in crate::domain) fn after(&self, header: &Timed<'_>, leaf: Digest, event: &Event, by_opener: bool) -> Self {
        let mut after = Self { last: leaf, ..self.clone() };
        let act = SignedAct::of(header, leaf);
        match event {
            Event::BreakGlassClose(_) => {
                if by_opener {
                    // A clock that is behind does not end it before it began.
                    after.end_by(act.moment.effective.max(self.opened.moment.effective));
                }
                after.reports.push(act);
            }
            Event::BreakGlassRatify { .. } => after.ratifications.push(act),
            _ => {}
        }
        after
    }

    /// Corrects its end: it had ended by then.
    pub(in crate::domain) fn end_by(&mut self, time: Time) {
        self.ends = self.ends.min(time);
    }

    /// Settles that it is ratified, by these ratifications.
    pub(in crate::domain) fn settle(&mut self, counted: Vec<u64>) {
        self.ratified = Some(counted);
    }
}
