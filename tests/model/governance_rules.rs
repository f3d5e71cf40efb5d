//! Which rules of governance an entry would break.

use std::collections::BTreeSet;

use twinseal::domain::Role;

use super::clocks::Moment;
use super::facts::{Action, Asked, DAY, Entry, Grants, Key, Newcomer, Person, Place, Proposal, Time, What, permanent};
use super::model::{Fact, Model, between};
use super::rules::Broken;

/// For how long a proposal stays open.
const WEEK: Time = 7 * DAY;

impl Model {
    /// What a proposal changes when it is seconded.
    pub fn facts_of(&self, action: &Action) -> Vec<Fact> {
        match action {
            Action::Enrol(members) => members
                .iter()
                .flat_map(|it| [Fact::Stands(it.person, it.grants.clone()), Fact::Enrolled(it.key, it.person)])
                .collect(),
            Action::Roles(changes) => {
                let one = |(person, (_, grants, keys)): (&Person, &(Place, Grants, BTreeSet<Key>))| {
                    let mut facts = vec![Fact::Stands(*person, grants.clone())];
                    facts.extend(keys.iter().map(|key| Fact::Revoked(*key)));
                    facts
                };
                changes.iter().flat_map(one).collect()
            }
            Action::Retire { person, .. } => vec![Fact::Retired(*person)],
            Action::AddKey { person, key, .. } => vec![Fact::Enrolled(*key, *person)],
            Action::Lift { key, .. } => vec![Fact::Lifted(*key)],
            Action::Policy { policy, .. } => vec![Fact::Rules(policy.clone())],
            Action::Redact(texts) => texts.iter().map(|(place, text)| Fact::Redacted(*place, *text)).collect(),
            Action::Freeze { .. }
            | Action::Thaw { .. }
            | Action::Calendar { .. }
            | Action::Services { .. }
            | Action::Template { .. }
            | Action::EndTemplate { .. } => Vec::new(),
            Action::Restored { from, lost, branch } => {
                vec![Fact::Restored(*from, *lost, between(*from, *lost, *branch))]
            }
        }
    }

    pub fn break_init(&self, no: &mut Broken, entry: &Entry, format: u64, members: &[Newcomer]) {
        no.when(!self.entries.is_empty(), "founding");
        no.when(format != 1, "format");
        self.break_newcomers(no, members, self.moment(entry));
        members.iter().for_each(|it| break_asked(no, it.asked, self.moment(entry)));
        let admin = |it: &&Newcomer| it.grants.roles.get(&Role::Admin) == Some(&permanent());
        let admins: Vec<&Newcomer> = members.iter().filter(admin).collect();
        no.when(admins.len() < 2, "two-admins");
        no.when(!admins.iter().any(|it| (it.person, it.key) == (entry.actor, entry.key)), "founder-is-admin");
    }

    pub fn break_governance(&self, no: &mut Broken, entry: &Entry) {
        let (actor, now) = (&entry.actor, self.moment(entry));
        let alone = matches!(entry.what, What::FreezeNow { .. } | What::FreezeEnd { .. });
        if !matches!(entry.what, What::Seal | What::Revoke(_)) && !alone {
            no.when(!self.has_role(*actor, Role::Admin, now), "role");
        }
        match &entry.what {
            What::Revoke(key) => {
                no.when(self.owner_of(*key) != Some(*actor), "revoke-own");
                no.when(self.is_revoked(*key), "key-live");
            }
            What::Suspend(key) => {
                no.when(self.owner_of(*key).is_none(), "key-known");
                no.when(self.is_revoked(*key) || self.suspension(*key).is_some(), "key-live");
            }
            What::SuspendPerson(person) => {
                no.when(self.stands(*person).is_none(), "enrolled");
                let grants = self.stands(*person).and_then(|(_, grants)| grants);
                let has = grants.is_some_and(|it| !it.roles.is_empty() || !it.groups.is_empty());
                let live = self.keys_of(*person).iter().any(|key| self.is_live(*key, *person));
                no.when(!has && !live, "suspend-has-effect");
            }
            What::Propose { number, action } => {
                no.when(*number != self.proposals().len() + 1, "proposal-number");
                self.break_proposal(no, action, (self.entries.len(), now));
                // Requests are judged here and never again.
                match action {
                    Action::Enrol(members) => members.iter().for_each(|it| break_asked(no, it.asked, now)),
                    Action::AddKey { asked, .. } => break_asked(no, *asked, now),
                    _ => {}
                }
            }
            What::FreezeNow { .. } | What::FreezeEnd { .. } => self.break_freeze_alone(no, entry),
            What::Second(proposal) => self.break_second(no, entry, *proposal),
            What::Decline(proposal) => {
                let proposer = self.break_open_proposal(no, *proposal);
                no.when(proposer == Some(*actor), "proposal-by-two");
                no.when(self.keeper(*proposal) == Some(*actor), "proposal-own-freeze");
            }
            What::TakeBack(proposal) => {
                let proposer = self.break_open_proposal(no, *proposal);
                no.when(proposer != Some(*actor), "proposal-proposer");
            }
            _ => {}
        }
    }

    /// Asks whether the proposal is there and open, and tells who proposed it.
    fn break_open_proposal(&self, no: &mut Broken, proposal: Proposal) -> Option<Person> {
        no.when(!self.proposals().contains(&proposal), "proposal-known");
        no.when(self.is_over(proposal), "proposal-open");
        self.entries.get(proposal.opened).map(|entry| entry.actor)
    }

    fn break_second(&self, no: &mut Broken, entry: &Entry, proposal: Proposal) {
        let proposer = self.break_open_proposal(no, proposal);
        let Some(Entry { key, time, what: What::Propose { action, .. }, .. }) = self.entries.get(proposal.opened)
        else {
            return;
        };
        let proposer = proposer.expect("a proposal has a proposer");
        let now = self.moment(entry);
        no.when(proposer == entry.actor, "proposal-by-two");
        no.when(self.subjects(action).contains(&entry.actor), "proposal-subject");
        no.when(now.effective + 300 < *time || self.is_ahead(proposal), "proposal-ahead");
        no.when(now.effective >= self.opened(proposal) + WEEK, "proposal-lapse");
        let backed = self.has_role(proposer, Role::Admin, now) && self.is_live(*key, proposer);
        no.when(!backed, "proposer-admin");
        no.when(self.is_redacted(proposal.opened), "proposal-redacted");
        self.break_proposal(no, action, (proposal.opened, now));
    }

    /// The people whom a proposal is about; for a machine, those who operate it, and those who would.
    pub fn subjects(&self, action: &Action) -> BTreeSet<Person> {
        let mut subjects = BTreeSet::new();
        let mut standings: Vec<&Grants> = Vec::new();
        match action {
            Action::Enrol(members) => {
                subjects.extend(members.iter().map(|it| it.person));
                standings.extend(members.iter().map(|it| &it.grants));
            }
            Action::Roles(changes) => {
                subjects.extend(changes.keys());
                standings.extend(changes.values().map(|(_, grants, _)| grants));
            }
            Action::Retire { person, .. } | Action::AddKey { person, .. } => {
                subjects.insert(*person);
            }
            Action::Lift { key, .. } => subjects.extend(self.owner_of(*key)),
            Action::Policy { .. }
            | Action::Redact(_)
            | Action::Freeze { .. }
            | Action::Thaw { .. }
            | Action::Calendar { .. }
            | Action::Services { .. }
            | Action::Template { .. }
            | Action::EndTemplate { .. }
            | Action::Restored { .. } => {}
        }
        let operators: Vec<Person> = subjects.iter().flat_map(|it| self.operators(*it)).collect();
        subjects.extend(operators);
        subjects.extend(standings.iter().flat_map(|it| &it.operators));
        subjects
    }

    /// What a proposal that was opened at a place may ask for at a moment.
    fn break_proposal(&self, no: &mut Broken, action: &Action, (opened, now): (Place, Moment)) {
        match action {
            Action::Enrol(members) => self.break_newcomers(no, members, now),
            Action::Roles(changes) => {
                for (person, (replaces, grants, keys)) in changes {
                    self.break_replaces(no, *person, *replaces);
                    let machine = !self.operators(*person).is_empty();
                    no.when(machine == grants.operators.is_empty(), "account-type-fixed");
                    self.break_grants(no, *person, grants, now, &[]);
                    let present = self.stands(*person).and_then(|(_, grants)| grants);
                    no.when(present == Some(grants) && keys.is_empty(), "proposal-has-effect");
                    let its = |key: &Key| machine && self.owner_of(*key) == Some(*person) && !self.is_revoked(*key);
                    no.when(!keys.iter().all(|key| self.owner_of(*key).is_some()), "key-known");
                    no.when(!keys.iter().all(its), "revoke-machine-key");
                }
                self.break_admins_after(no, |person| {
                    let (_, grants, _) = changes.get(&person)?;
                    Some(grants.roles.get(&Role::Admin) == Some(&permanent()))
                });
            }
            Action::Retire { person, replaces } => {
                self.break_replaces(no, *person, *replaces);
                no.when(self.is_retired(*person), "proposal-has-effect");
                self.break_admins_after(no, |it| if it == *person { Some(false) } else { None });
            }
            Action::AddKey { person, key, vouch, .. } => {
                no.when(self.stands(*person).is_none(), "enrolled");
                no.when(self.is_retired(*person), "retired");
                no.when(self.is_out(*person), "suspended");
                no.when(self.owner_of(*key).is_some(), "key-once");
                no.when(vouch.is_some_and(|it| !self.is_live(it, *person)), "vouch-own-key");
            }
            Action::Lift { key, replaces } => {
                no.when(self.owner_of(*key).is_none(), "key-known");
                no.when(self.suspension(*key).is_none(), "key-suspended");
                no.when(self.suspension(*key) != Some(*replaces), "proposal-not-stale");
            }
            Action::Policy { replaces, policy } => {
                let (since, present) = self.policy().expect("a register has a policy");
                no.when(since != *replaces, "proposal-not-stale");
                no.when(present == policy, "proposal-has-effect");
            }
            Action::Redact(texts) => {
                no.when(texts.keys().any(|place| *place >= self.entries.len()), "redact-earlier");
                let named = |(place, text): (&Place, &Place)| {
                    place == text && self.entries.get(*place).is_some_and(|entry| !entry.words.is_empty())
                };
                no.when(!texts.iter().all(named), "redact-text");
                let gone = texts.keys().any(|place| self.is_redacted(*place));
                no.when(gone || texts.is_empty(), "proposal-has-effect");
            }
            Action::Freeze { .. } | Action::Thaw { .. } => self.break_freeze(no, action, (opened, now)),
            Action::Calendar { .. } => self.break_calendar(no, action),
            Action::Services { .. } => self.break_set(no, action),
            Action::Template { .. } | Action::EndTemplate { .. } => self.break_set_template(no, action, now),
            Action::Restored { from, lost, branch } => {
                let listed = between(*from, *lost, *branch);
                no.when(*from >= self.entries.len(), "restored-before");
                let same = |fact: &Fact| matches!(fact, Fact::Restored(f, l, b) if (f, l, b) == (from, lost, &listed));
                no.when(self.facts.iter().any(|(_, fact)| same(fact)), "proposal-has-effect");
            }
        }
    }

    /// A grants is replaced by whoever knows it: the proposal names the entry that gave it.
    fn break_replaces(&self, no: &mut Broken, person: Person, replaces: Place) {
        let stands = self.stands(person);
        no.when(stands.is_none(), "enrolled");
        no.when(stands.is_none_or(|(since, _)| since != replaces), "proposal-not-stale");
    }

    /// Whoever takes a permanent admin away leaves two who have a live key. `then` says who is one afterwards; nothing for those whom the
    /// proposal does not name.
    fn break_admins_after(&self, no: &mut Broken, then: impl Fn(Person) -> Option<bool>) {
        let people: BTreeSet<Person> = self.people();
        let is = |it: &Person| then(*it).unwrap_or_else(|| self.is_admin_for_good(*it));
        let lost = people.iter().any(|it| self.is_admin_for_good(*it) && !is(it));
        let can = |it: &&Person| is(it) && self.keys_of(**it).iter().any(|key| self.is_live(*key, **it));
        no.when(lost && people.iter().filter(can).count() < 2, "two-admins");
    }

    fn break_newcomers(&self, no: &mut Broken, members: &[Newcomer], now: Moment) {
        no.when(members.is_empty(), "proposal-not-empty");
        let people: BTreeSet<Person> = members.iter().map(|it| it.person).collect();
        let keys: BTreeSet<Key> = members.iter().map(|it| it.key).collect();
        let known = people.iter().any(|it| self.stands(*it).is_some());
        no.when(known || people.len() < members.len(), "enrolled-once");
        no.when(keys.iter().any(|it| self.owner_of(*it).is_some()) || keys.len() < members.len(), "key-once");
        members.iter().for_each(|it| self.break_grants(no, it.person, &it.grants, now, members));
    }

    fn break_grants(&self, no: &mut Broken, person: Person, it: &Grants, now: Moment, beside: &[Newcomer]) {
        let new = |person: Person| beside.iter().any(|it| it.person == person && it.grants.operators.is_empty());
        let can = |operator: &Person| *operator != person && (new(*operator) || self.can_operate(*operator));
        let machine = !it.operators.is_empty();
        no.when(machine && it.roles.keys().any(|role| *role != Role::Engineer), "machine-role");
        no.when(!it.operators.iter().all(can), "machine-operator");
        no.when(!machine && it.roles.is_empty(), "role-required");
        no.when(it.roles.contains_key(&Role::Auditor) && it.roles.len() > 1, "auditor-only");
        let over = |(_, until): &(Option<Time>, Option<Time>)| until.is_some_and(|until| until <= now.effective);
        no.when(it.roles.values().chain(it.groups.values()).flatten().any(over), "grant-not-ended");
    }

    /// Everybody who was ever enrolled.
    pub fn people(&self) -> BTreeSet<Person> {
        let enrolled = |(_, fact): &(Place, Fact)| match fact {
            Fact::Stands(person, _) => Some(*person),
            _ => None,
        };
        self.facts.iter().filter_map(enrolled).collect()
    }
}

/// A request names this register and has not expired.
fn break_asked(no: &mut Broken, asked: Asked, now: Moment) {
    no.when(!asked.here, "request-fingerprint");
    no.when(now.effective >= asked.expires, "request-expired");
}
