//! The rules about governance events other than proposals.

use crate::domain::governance::state::Phase;
use crate::domain::records::Denied;
use crate::domain::{
    Event, FORMAT, Fingerprint, Governance, Header, KeyState, Member, Person, PersonId, Refusal, RefusedAttempt, Role,
    Rule, Timed,
};

impl Governance {
    /// Checks that the account is active and that the key is one of its live keys.
    pub(in crate::domain) fn judge_actor(&self, header: &Header) -> Result<(), Denied> {
        let person = header.actor.clone();
        let actor = self.enrolled(&person)?;
        match self.key(header.key)? {
            Some(key) if key.person == person => judge_live(header.key, key.state)?,
            _ => return Err(Refusal::NotTheirKey { person, key: header.key }.into()),
        }
        judge_active(&person, actor)?;
        self.judge_operated(&person, actor)
    }

    /// Fails unless the account may act now, and by this key.
    ///
    /// # Errors
    /// The rule that refuses every act of the account or by the key, or [`Unloaded`].
    ///
    /// [`Unloaded`]: crate::domain::records::Unloaded
    pub fn judge_signer(&self, person: &PersonId, key: Fingerprint) -> Result<(), Denied> {
        self.judge_account(person)?;
        match self.key(key)? {
            Some(known) => Ok(judge_live(key, known.state)?),
            None => Err(Refusal::NotTheirKey { person: person.clone(), key }.into()),
        }
    }

    /// Fails for a machine account without an active operator.
    fn judge_operated(&self, id: &PersonId, account: &Person) -> Result<(), Denied> {
        if !account.grants.is_machine() {
            return Ok(());
        }
        for operator in &account.grants.operators {
            if self.can_operate(operator)? {
                return Ok(());
            }
        }
        Err(Refusal::NotOperated { machine: id.clone() }.into())
    }

    /// Checks whether an account could act now, with one of its keys.
    pub(in crate::domain) fn judge_account(&self, id: &PersonId) -> Result<(), Denied> {
        let account = self.enrolled(id)?;
        judge_active(id, account)?;
        self.judge_operated(id, account)?;
        if self.has_live_key(id)? {
            return Ok(());
        }
        // Revoked keys are not listed: without any other key the account is as good as gone.
        match account.keys().next() {
            Some(key) => Ok(judge_live(key, self.known_key(key)?.state)?),
            None => Err(Refusal::PartyUnknown { person: id.clone() }.into()),
        }
    }

    /// Checks whether the actor has a role.
    pub(in crate::domain) fn judge_role(&self, header: &Timed<'_>, role: Role) -> Result<(), Denied> {
        let person = &header.actor;
        let granted = self.has_role(person, role, header.moment)?;
        if granted { Ok(()) } else { Err(Refusal::NoRole { person: person.clone(), role }.into()) }
    }

    /// Checks a governance event against every rule.
    pub(in crate::domain) fn judge(&self, header: &Timed<'_>, event: &Event) -> Result<(), Denied> {
        match event {
            Event::Init { format, members, .. } => self.judge_init(header, *format, members),
            _ if self.summary.phase == Phase::Nothing => Err(Refusal::NotFounding.into()),
            Event::Seal => self.judge_seal(header),
            _ if self.summary.phase == Phase::Founded => Err(Refusal::NotSealed.into()),
            Event::KeyRevoke(key) => {
                self.judge_actor(header)?;
                self.judge_revoke(header, *key)
            }
            Event::KeySuspend(key) => {
                self.judge_actor(header)?;
                self.judge_role(header, Role::Admin)?;
                Ok(judge_live(*key, self.known_key(*key)?.state)?)
            }
            Event::PersonSuspend(person) => {
                self.judge_actor(header)?;
                self.judge_role(header, Role::Admin)?;
                self.judge_suspend(person)
            }
            Event::FreezeNow { until, services } => {
                self.judge_actor(header)?;
                self.judge_freeze_now(header, (*until, services))
            }
            Event::FreezeEnd(freeze) => {
                self.judge_actor(header)?;
                self.judge_freeze_end(header, freeze)
            }
            Event::Refused { attempt, rule } => self.judge_refused(header, attempt, *rule),
            Event::Propose { .. } | Event::Second(_) | Event::Decline(_) | Event::ProposalWithdraw(_) => {
                self.judge_proposal(header, event)
            }
            // Events about other subjects: `Register::judge` passes only governance events. Listing them all makes a new kind
            // fail to compile until it has its rules.
            Event::File { .. }
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
            | Event::Reconciliation(_) => Err(Refusal::NotFounding.into()),
        }
    }

    /// A person revokes their own keys, each once.
    fn judge_revoke(&self, header: &Timed<'_>, key: Fingerprint) -> Result<(), Denied> {
        match self.key(key)? {
            Some(it) if it.person == header.actor && it.state != KeyState::Revoked => Ok(()),
            Some(it) if it.person == header.actor => Ok(judge_live(key, it.state)?),
            _ => Err(Refusal::RevokeOther { key }.into()),
        }
    }

    /// Fails unless the person has a grant or a live key to take away.
    fn judge_suspend(&self, person: &PersonId) -> Result<(), Denied> {
        let it = self.enrolled(person)?;
        let has = !it.grants.roles.is_empty() || !it.grants.groups.is_empty();
        if has || self.has_live_key(person)? {
            Ok(())
        } else {
            Err(Refusal::NothingToSuspend { person: person.clone() }.into())
        }
    }

    fn judge_init(&self, header: &Timed<'_>, format: u64, members: &[Member]) -> Result<(), Denied> {
        if self.summary.phase != Phase::Nothing {
            return Err(Refusal::NotFounding.into());
        }
        if format != FORMAT {
            return Err(Refusal::Format { found: format }.into());
        }
        self.judge_members(members, header.moment)?;
        self.judge_members_asked(header, members)?;
        let admins = || members.iter().filter(|member| member.grants.has_permanently(Role::Admin));
        if admins().count() < 2 {
            return Err(Refusal::TooFewAdmins { have: admins().count() }.into());
        }
        let signed = |member: &Member| member.person == header.actor && member.key.fingerprint() == header.key;
        if admins().any(signed) { Ok(()) } else { Err(Refusal::FounderNotAdmin.into()) }
    }

    fn judge_seal(&self, header: &Timed<'_>) -> Result<(), Denied> {
        if self.summary.phase == Phase::Sealed {
            return Err(Refusal::AlreadySealed.into());
        }
        self.judge_actor(header)?;
        let other = self.summary.founder.as_ref() != Some(&header.actor);
        let admin = self.has_role(&header.actor, Role::Admin, header.moment)?;
        if other && admin { Ok(()) } else { Err(Refusal::SealNotByOtherAdmin.into()) }
    }

    fn judge_refused(&self, header: &Timed<'_>, attempt: &RefusedAttempt, rule: Rule) -> Result<(), Denied> {
        self.judge_actor(header)?;
        let RefusedAttempt::Second(at) = attempt else { return Err(Refusal::NotRefused { rule }.into()) };
        let proposal = self.judge_known(*at)?;
        match self.judge_proposal(header, &attempt.event()) {
            Err(Denied::Refused(refusal)) if refusal.rule() == rule => {}
            Err(Denied::Unloaded(unloaded)) => return Err(unloaded.into()),
            Err(Denied::Refused(_)) | Ok(()) => return Err(Refusal::NotRefused { rule }.into()),
        }
        let before = proposal.refused.contains(&(header.actor.clone(), rule));
        if before { Err(Refusal::RefusedBefore.into()) } else { Ok(()) }
    }
}

/// Fails for a retired and for a suspended account.
pub(super) fn judge_active(id: &PersonId, person: &Person) -> Result<(), Refusal> {
    let id = id.clone();
    match (person.retired, person.suspended) {
        (true, _) => Err(Refusal::Retired { person: id }),
        (_, true) => Err(Refusal::Suspended { person: id }),
        (false, false) => Ok(()),
    }
}

fn judge_live(key: Fingerprint, state: KeyState) -> Result<(), Refusal> {
    if state == KeyState::Live { Ok(()) } else { Err(Refusal::KeyNotLive { key, state }) }
}
