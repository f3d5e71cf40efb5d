//! Confirming the outcome of a change: a duty after the finish, for somebody who took no part in the change.

use crate::domain::records::{Denied, Unloaded};
use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{Act, Author, Change, Governance, Header, Outcome, PersonId, Refusal, RevisionRef, Role};
use crate::tr;

/// A confirmation, as an entry records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// The revision that was carried out.
    pub revision: RevisionRef,
    /// The outcome that is confirmed.
    pub outcome: Outcome,
}

closed_enum!(
    /// How far a change is with its confirmation.
    ConfirmationState, ["a state of confirmation", "确认状态"], {
        /// The policy at the start asked for none, or it is not started.
        NotAsked => "not-asked", "无需确认";
        /// It is asked for, and the change is not finished.
        AfterFinish => "after-finish", "完成后确认";
        /// The newest outcome is not confirmed yet.
        Awaiting => "awaiting", "待确认";
        /// The newest outcome is confirmed.
        Confirmed => "confirmed", "已确认";
    }
);

/// The part that somebody took in a change, for which they cannot confirm it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartInChange {
    /// They filed or revised it.
    Requested,
    /// They are an author of what it deploys.
    Authored,
    /// They implement it.
    Implements,
    /// They started it, or recorded an outcome of it.
    CarriedOut,
    /// They answer for a machine account that did one of these.
    Operates,
}

impl PartInChange {
    /// What the person did, behind "you" or "您".
    pub(in crate::domain) fn verb(self) -> &'static str {
        match self {
            Self::Requested => tr!("filed or revised it", "提交或修订过该变更单"),
            Self::Authored => tr!("are an author of it", "是该变更的作者"),
            Self::Implements => tr!("implement it", "是其实施人"),
            Self::CarriedOut => tr!("started or finished it", "开始或完成过该变更"),
            Self::Operates => {
                tr!("answer for a machine account that took part in it", "是参与该变更的机器账号的操作责任人")
            }
        }
    }
}

impl Change {
    /// How far it is with its confirmation. Whether one is asked for was settled by the policy at the start.
    pub fn confirmation(&self) -> ConfirmationState {
        let confirmed = self.confirmations().last().map(|(_, act)| act.seq);
        match self.outcomes() {
            _ if !self.settled().is_some_and(|it| it.duties.confirm) => ConfirmationState::NotAsked,
            [] => ConfirmationState::AfterFinish,
            _ if confirmed > self.executed().map(|act| act.seq).max() => ConfirmationState::Confirmed,
            _ => ConfirmationState::Awaiting,
        }
    }

    /// The outcome that can be confirmed: that of its targets, of which one may have been rolled back since the finish,
    /// or else the newest one; `None` before the finish.
    pub fn outcome_to_confirm(&self) -> Option<Outcome> {
        let (newest, _) = self.outcomes().last()?;
        Some(if self.on_targets().is_empty() { *newest } else { self.derived_outcome() })
    }

    /// Every start and outcome, of the change and of its targets.
    fn executed(&self) -> impl Iterator<Item = &Act> {
        let targets = self.on_targets().values();
        let targets = targets.flat_map(|it| std::iter::once(&it.started).chain(it.outcomes.iter().map(|(_, act)| act)));
        self.started().into_iter().chain(self.outcomes().iter().map(|(_, act)| act)).chain(targets)
    }

    /// The part that this person took in it, if any.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn part_of(&self, person: &PersonId, governance: &Governance) -> Result<Option<PartInChange>, Unloaded> {
        for (requester, key) in self.requesters() {
            if requester == person {
                return Ok(Some(PartInChange::Requested));
            }
            if governance.answer_for_act(requester, key)?.contains(person) {
                return Ok(Some(PartInChange::Operates));
            }
        }
        for facts in self.revisions().map(|it| &it.facts) {
            if facts.authors.contains(&Author::Person(person.clone())) {
                return Ok(Some(PartInChange::Authored));
            }
            for author in facts.enrolled_authors() {
                if governance.answer_for_author(author)?.contains(person) {
                    return Ok(Some(PartInChange::Operates));
                }
            }
        }
        let implementers = self.revisions().flat_map(|it| &it.facts.implementers);
        let carried_out = self.executed().map(|act| (&act.person, PartInChange::CarriedOut));
        for (account, part) in implementers.map(|it| (it, PartInChange::Implements)).chain(carried_out) {
            if account == person {
                return Ok(Some(part));
            }
            // As for authors: no key that is revoked later changes anything about work that is done.
            if governance.answer_for_author(account)?.contains(person) {
                return Ok(Some(PartInChange::Operates));
            }
        }
        Ok(None)
    }

    /// Who could confirm its outcome now. All people and keys must be loaded.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn who_could_confirm(&self, governance: &Governance) -> Result<Vec<PersonId>, Unloaded> {
        let mut able = Vec::new();
        for (person, _) in governance.loaded_people() {
            if self.can_confirm(person, governance)? {
                able.push(person.clone());
            }
        }
        Ok(able)
    }

    /// Whether this person could confirm its outcome now.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn can_confirm(&self, person: &PersonId, governance: &Governance) -> Result<bool, Unloaded> {
        let signs =
            !governance.has_left(person)? && governance.has_live_key(person)? && is_confirmer(governance, person)?;
        let awaited = self.confirmation() == ConfirmationState::Awaiting;
        Ok(awaited && signs && self.part_of(person, governance)?.is_none())
    }

    /// Somebody who took no part confirms the newest outcome, once, if the policy at the start asked for it.
    pub(super) fn judge_confirm(
        &self,
        governance: &Governance,
        header: &Header,
        it: &Confirmation,
    ) -> Result<(), Denied> {
        let (change, person) = (self.id(), &header.actor);
        if !is_confirmer(governance, person)? {
            return Err(Refusal::NoConfirmer { person: person.clone() }.into());
        }
        self.judge_current(it.revision)?;
        let Some(outcome) = self.outcome_to_confirm() else { return Err(Refusal::NotFinished { change }.into()) };
        match self.confirmation() {
            ConfirmationState::Awaiting => {}
            ConfirmationState::Confirmed => return Err(Refusal::ConfirmedBefore { change }.into()),
            _ => return Err(Refusal::ConfirmationNotAsked { change }.into()),
        }
        if it.outcome != outcome {
            return Err(Refusal::ConfirmsOther { change, outcome }.into());
        }
        match self.part_of(person, governance)? {
            Some(part) => Err(Refusal::ConfirmsOwn { change, part }.into()),
            None => Ok(()),
        }
    }
}

/// Whether an account is that of a person who is no auditor.
fn is_confirmer(governance: &Governance, person: &PersonId) -> Result<bool, Unloaded> {
    let grants = governance.person(person)?.map(|it| &it.grants);
    Ok(grants.is_some_and(|it| !it.is_machine() && !it.roles.contains_key(&Role::Auditor)))
}
