//! Applying a judged governance event to the state.

use crate::domain::governance::state::{GovernanceSummary, Phase};
use crate::domain::records::Denied;
use crate::domain::{
    AcceptedLoss, Action, Digest, Event, Fingerprint, FreezeOrigin, Governance, Grants, Key, KeyState, LostEntries,
    Member, Person, PersonId, Policy, Proposal, ProposalId, ProposalRef, ProposalState, PublicKey, RefusedAttempt,
    Role, Rule, TextState, Timed,
};

impl Governance {
    /// Fails unless every record that this event changes is loaded.
    fn check_loaded(&self, event: &Event) -> Result<(), Denied> {
        match event {
            Event::KeyRevoke(key) => self.enrolled(&self.known_key(*key)?.person).map(|_| ()),
            Event::KeySuspend(key) => self.known_key(*key).map(|_| ()),
            Event::PersonSuspend(person) => {
                self.enrolled(person)?.keys().try_for_each(|key| self.known_key(key).map(|_| ()))
            }
            Event::Decline(at) | Event::ProposalWithdraw(at) => self.judge_known(*at).map(|_| ()),
            Event::Refused { attempt: RefusedAttempt::Second(at), .. } => self.judge_known(*at).map(|_| ()),
            Event::Second(at) => match self.open(*at)?.1 {
                Action::Roles(changes) => changes.iter().try_for_each(|(person, new)| {
                    self.enrolled(person)?;
                    new.revokes.iter().try_for_each(|key| self.known_key(*key).map(|_| ()))
                }),
                Action::Retire { person, .. } | Action::AddKey { person, .. } => self.enrolled(person).map(|_| ()),
                Action::Lift { key, .. } => self.known_key(*key).map(|_| ()),
                Action::Redact(texts) => Ok(texts.keys().try_for_each(|seq| self.text(*seq).map(|_| ()))?),
                Action::Enrol(_)
                | Action::Policy { .. }
                | Action::Restored(_)
                | Action::LiftFreeze(_)
                | Action::SetCalendar(_)
                | Action::SetTemplate(_)
                | Action::EndTemplate(_) => Ok(()),
                Action::SetFreeze(it) => self.with_periods(&it.terms).map(|_| ()),
                Action::SetServices(it) => Ok(self.check_services_loaded(it)?),
            },
            _ => Ok(()),
        }
    }

    /// Applies a judged governance event, and returns the action of the proposal that it seconded; `leaf` is the
    /// leaf hash of its entry. On failure the state is unchanged.
    pub(in crate::domain) fn apply(
        &mut self,
        header: &Timed<'_>,
        leaf: Digest,
        event: &Event,
    ) -> Result<Option<Action>, Denied> {
        self.check_loaded(event)?;
        match event {
            Event::Init { policy, members, .. } => {
                self.found(&header.actor, policy, leaf);
                self.enrol(members, header.seq, leaf);
            }
            Event::Seal => self.summary_mut().phase = Phase::Sealed,
            Event::Propose { proposal, action } => {
                self.summary_mut().proposals = proposal.number();
                self.proposals.insert(*proposal, Proposal::opened(header, leaf, action));
            }
            Event::Second(at) => {
                let action = self.end_proposal(at.proposal, ProposalState::Seconded(header.actor.clone()));
                action.iter().for_each(|action| self.carry_out(at.proposal, action, header, leaf));
                return Ok(action);
            }
            Event::KeyRevoke(key) => self.revoke(*key, leaf),
            Event::KeySuspend(key) => self.set_key(*key, KeyState::Suspended, leaf),
            Event::PersonSuspend(person) => self.suspend(person, header.seq, leaf),
            Event::FreezeNow { until, services } => self.freeze_now(header, leaf, (*until, services)),
            Event::FreezeEnd(freeze) => self.freeze_end(freeze, header.seq),
            Event::Decline(at) => _ = self.end_proposal(at.proposal, ProposalState::Declined(header.actor.clone())),
            Event::ProposalWithdraw(at) => _ = self.end_proposal(at.proposal, ProposalState::Withdrawn),
            Event::Refused { attempt: RefusedAttempt::Second(at), rule } => self.note_refused(header, at, *rule),
            // Events about changes: `Register::apply` passes only governance events.
            Event::Refused { .. }
            | Event::File { .. }
            | Event::Revise { .. }
            | Event::ChangeWithdraw(_)
            | Event::Approve(_)
            | Event::Submit(_)
            | Event::Reject(_)
            | Event::Retract(_)
            | Event::Confirm(_)
            | Event::Review(_)
            | Event::ActionDone(_)
            | Event::Close(_)
            | Event::Start(_)
            | Event::Finish(_)
            | Event::Note(_)
            | Event::BreakGlassOpen { .. }
            | Event::BreakGlassEnter { .. }
            | Event::BreakGlassClose(_)
            | Event::BreakGlassRatify { .. }
            | Event::DeviationRecord { .. }
            | Event::DeviationReview { .. }
            | Event::Checkpoint(_)
            | Event::Sample(_)
            | Event::Reconciliation(_) => {}
        }
        Ok(None)
    }

    fn note_refused(&mut self, header: &Timed<'_>, at: &ProposalRef, rule: Rule) {
        if let Some(proposal) = self.proposals.change(&at.proposal) {
            proposal.refused.insert((header.actor.clone(), rule));
        }
    }

    fn found(&mut self, founder: &PersonId, policy: &Policy, leaf: Digest) {
        let summary = self.summary_mut();
        summary.phase = Phase::Founded;
        summary.founder = Some(founder.clone());
        summary.fingerprint = Some(leaf);
        summary.policy = Some((policy.clone(), leaf));
    }

    pub(in crate::domain) fn summary_mut(&mut self) -> &mut GovernanceSummary {
        self.summary_changed = true;
        &mut self.summary
    }

    /// The same state with the grants of this action already in force, to preview who could approve then. Everybody must
    /// be loaded.
    #[must_use]
    pub fn after(&self, action: &Action) -> Self {
        let (mut other, seq, leaf) = (self.clone(), 0, Digest::NONE);
        match action {
            Action::Enrol(members) => other.enrol(members, seq, leaf),
            Action::Roles(changes) => {
                changes.iter().for_each(|(person, new)| other.set_grants(person, Some(&new.grants), seq, leaf));
            }
            Action::Retire { person, .. } => other.set_grants(person, None, seq, leaf),
            _ => {}
        }
        other
    }

    fn carry_out(&mut self, proposal: ProposalId, action: &Action, header: &Timed<'_>, leaf: Digest) {
        let seq = header.seq;
        match action {
            Action::Enrol(members) => self.enrol(members, seq, leaf),
            Action::Roles(changes) => {
                for (person, new) in changes {
                    self.set_grants(person, Some(&new.grants), seq, leaf);
                    new.revokes.iter().for_each(|key| self.revoke(*key, leaf));
                }
            }
            Action::Retire { person, .. } => self.set_grants(person, None, seq, leaf),
            Action::AddKey { person, key, .. } => {
                self.people.change(person).into_iter().for_each(|it| it.add_key(key.fingerprint(), seq));
                self.add_key(key, person, seq, leaf);
            }
            Action::Lift { key, .. } => self.set_key(*key, KeyState::Live, leaf),
            Action::Policy { policy, .. } => self.summary_mut().policy = Some((policy.clone(), leaf)),
            Action::Redact(texts) => texts.iter().for_each(|(seq, text)| self.redact(*seq, *text, proposal)),
            Action::Restored(lost) => self.accept_loss(proposal, lost),
            Action::SetFreeze(it) => self.set_freeze(FreezeOrigin::Proposal(proposal), it, seq, leaf),
            Action::LiftFreeze(it) => self.lift_freeze(it, header.moment.effective),
            Action::SetCalendar(it) => self.set_calendar(proposal, it, seq, leaf),
            Action::SetServices(it) => self.set_services(proposal, it, seq, leaf),
            Action::SetTemplate(it) => self.set_template(proposal, it, seq, leaf),
            Action::EndTemplate(it) => self.drop_template(&it.name),
        }
    }

    fn accept_loss(&mut self, id: ProposalId, lost: &LostEntries) {
        if let Some(proposal) = self.proposals.change(&id) {
            let (opened, data) = (proposal.seq, proposal.data);
            let accepted = AcceptedLoss { proposal: id, opened, data, ends: lost.ends };
            self.summary_mut().restored.push(accepted);
        }
    }

    fn redact(&mut self, seq: u64, text: Digest, proposal: ProposalId) {
        self.summary_mut().redacted = true;
        let texts = self.texts.change(&seq).into_iter().filter(|it| it.digest == text && it.redacted.is_none());
        texts.for_each(|it| it.redacted = Some(proposal));
    }

    /// Takes in that an entry has a text part. Storage has this from the entry itself.
    pub(in crate::domain) fn add_text(&mut self, seq: u64, digest: Digest) {
        self.texts.load(seq, Some(TextState { digest, redacted: None }));
    }

    fn set_grants(&mut self, id: &PersonId, grants: Option<&Grants>, seq: u64, leaf: Digest) {
        if let Some(person) = self.people.change(id) {
            person.set_grants(grants, seq, leaf);
            let admin = person.grants.has_permanently(Role::Admin);
            self.set_admin(id, admin);
        }
    }

    /// Ends all grants of a person, and suspends the keys that are live.
    fn suspend(&mut self, id: &PersonId, seq: u64, leaf: Digest) {
        let Some(person) = self.people.change(id) else { return };
        person.suspend(seq, leaf);
        for key in person.keys().collect::<Vec<_>>() {
            if let Ok(Some(Key { state: KeyState::Live, .. })) = self.key(key) {
                self.set_key(key, KeyState::Suspended, leaf);
            }
        }
        self.set_admin(id, false);
    }

    fn set_admin(&mut self, id: &PersonId, admin: bool) {
        let changes = admin != self.summary.admins.contains(id);
        match changes {
            true if admin => self.summary_mut().admins.insert(id.clone()),
            true => self.summary_mut().admins.remove(id),
            false => false,
        };
    }

    fn set_key(&mut self, key: Fingerprint, state: KeyState, leaf: Digest) {
        if let Some(key) = self.keys.change(&key) {
            (key.state, key.since) = (state, leaf);
        }
    }

    fn revoke(&mut self, key: Fingerprint, leaf: Digest) {
        self.set_key(key, KeyState::Revoked, leaf);
        let person = self.keys.change(&key).map(|it| it.person.clone());
        person.and_then(|person| self.people.change(&person)).into_iter().for_each(|it| it.remove_key(key));
    }

    /// Marks a proposal whose claimed time is ahead of what others claimed afterwards.
    pub(in crate::domain) fn set_ahead(&mut self, proposal: ProposalId) {
        self.proposals.change(&proposal).into_iter().for_each(|it| it.ahead = true);
    }

    /// Ends a proposal and returns its action, which the state then drops.
    fn end_proposal(&mut self, proposal: ProposalId, state: ProposalState) -> Option<Action> {
        match std::mem::replace(&mut self.proposals.change(&proposal)?.state, state) {
            ProposalState::Open(action) => Some(*action),
            ProposalState::Seconded(_) | ProposalState::Declined(_) | ProposalState::Withdrawn => None,
        }
    }

    fn enrol(&mut self, members: &[Member], seq: u64, leaf: Digest) {
        for Member { person, grants, key, .. } in members {
            self.add_key(key, person, seq, leaf);
            self.people.insert(person.clone(), Person::enrolled(grants, key.fingerprint(), seq, leaf));
            self.set_admin(person, grants.has_permanently(Role::Admin));
        }
    }

    fn add_key(&mut self, key: &PublicKey, person: &PersonId, seq: u64, leaf: Digest) {
        let (fingerprint, person) = (key.fingerprint(), person.clone());
        let enrolled = Key { public: *key, person, enrolled: seq, state: KeyState::Live, since: leaf };
        self.keys.insert(fingerprint, enrolled);
        if key.application().is_some() {
            self.points.insert(key.point(), fingerprint);
        }
    }
}
