//! The model: a list of the entries that were accepted, and questions that are answered by reading through it again.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use twinseal::domain::{Duty, Outcome, Role, Status};

use super::after_finish::After;
use super::calendars::Schedule;
use super::clocks::Moment;
use super::facts::{
    Action, DAY, Entry, Facts, Freeze, FreezeName, Grants, Key, Person, Place, Policy, Proposal, Revision, Time, What,
    permanent,
};
use super::services::Service;
use super::templates::Template;

/// Something that became so by an entry.
#[derive(Debug, Clone)]
pub enum Fact {
    /// Somebody has this grants from now on.
    Stands(Person, Grants),
    /// Somebody was let go.
    Retired(Person),
    /// Somebody's grants ended, until they get others.
    Out(Person),
    /// The key is this person's.
    Enrolled(Key, Person),
    Suspended(Key),
    Lifted(Key),
    Revoked(Key),
    /// This is the policy from now on.
    Rules(Policy),
    /// The text that came with an entry is redacted.
    Redacted(Place, Place),
    /// This freeze is in force; somebody opened it alone.
    Frozen(FreezeName, Freeze, Option<Person>),
    /// This calendar is in force.
    Calendar(usize, Schedule),
    /// These services are in force, and those no longer.
    Services(BTreeMap<usize, Service>, BTreeSet<usize>),
    /// This template is in force, or none of this name.
    Template(usize, Option<Template>),
    /// A freeze ended.
    Thawed(FreezeName),
    /// Somebody opens no freeze alone until then.
    Barred(Person, Time),
    /// From one place, up to another, with these entries in between.
    Restored(Place, Place, Option<usize>),
}

/// Everything that was accepted, in order.
#[derive(Debug, Clone, Default)]
pub struct Model {
    pub entries: Vec<Entry>,
    /// What the entries made so, each with the place of the entry that did.
    pub facts: Vec<(Place, Fact)>,
}

/// The entries about one change, sorted by what they say.
pub struct Story<'a> {
    pub number: usize,
    /// Each revision: where it was filed, by whom, and what it says.
    pub revisions: Vec<(Place, &'a Entry, &'a Facts)>,
    /// Approvals and retractions of the current revision, in order.
    pub said: Vec<(bool, &'a Entry)>,
    pub rejected: bool,
    pub withdrawn: bool,
    /// Where it was first started.
    pub start: Option<Place>,
    /// The run of each start.
    pub runs: Vec<Option<u8>>,
    /// For each target on which it was started, the run that did, and the outcomes.
    pub on: BTreeMap<usize, (Option<u8>, Vec<Outcome>)>,
    pub outcomes: Vec<Outcome>,
    /// Whether the newest outcome is confirmed, and who started or finished it.
    pub confirmed: bool,
    pub carried_out: BTreeSet<Person>,
    /// What happened since its finish.
    pub after: After,
    /// Everybody with a conflict of interest, once computed.
    conflicted: OnceCell<BTreeSet<Person>>,
}

impl Story<'_> {
    /// The revision that counts, as it is named.
    pub fn current(&self) -> Revision {
        let filed = self.revisions.last().map_or(0, |(place, ..)| *place);
        Revision { change: self.number, number: self.revisions.len() as u64, filed }
    }

    /// What the revision that counts says.
    pub fn facts(&self) -> &Facts {
        self.revisions.last().expect("a change has a revision").2
    }

    /// How many targets did not succeed, or were rolled back since.
    pub fn failed(&self) -> usize {
        let latest = self.on.values().filter_map(|(_, outcomes)| outcomes.last());
        latest.filter(|it| **it != Outcome::Succeeded).count()
    }

    /// The outcome that those of its targets give.
    pub fn derived(&self) -> Outcome {
        let latest: Vec<Option<&Outcome>> = self.on.values().map(|(_, outcomes)| outcomes.last()).collect();
        let all = |outcome| latest.iter().all(|it| *it == Some(&outcome));
        if self.on.len() == self.facts().targets.len() && all(Outcome::Succeeded) {
            Outcome::Succeeded
        } else if all(Outcome::RolledBack) {
            Outcome::RolledBack
        } else {
            Outcome::Failed
        }
    }

    /// Whether this person filed or revised it.
    pub fn requested_by(&self, person: Person) -> bool {
        self.revisions.iter().any(|(_, entry, _)| entry.actor == person)
    }
}

/// Which entries lie between the last one that is kept and the last one that is lost, if any.
pub fn between(from: Place, lost: Place, branch: usize) -> Option<usize> {
    (lost > from + 1).then_some(branch)
}

impl Model {
    /// Takes in an entry that was accepted.
    pub fn accept(&mut self, entry: &Entry) {
        let place = self.entries.len();
        let facts = match &entry.what {
            What::Init { policy, members, .. } => {
                let mut facts = self.facts_of(&Action::Enrol(members.clone()));
                facts.push(Fact::Rules(policy.clone()));
                facts
            }
            What::Second(proposal) => {
                let action = self.proposed(*proposal);
                let frozen = action.map_or(Vec::new(), |action| self.seconded_freeze(entry, action));
                action.map_or(Vec::new(), |action| self.facts_of(action)).into_iter().chain(frozen).collect()
            }
            What::FreezeNow { .. } | What::FreezeEnd { .. } => self.freeze_facts(entry, place),
            What::Revoke(key) => vec![Fact::Revoked(*key)],
            What::Suspend(key) => vec![Fact::Suspended(*key)],
            What::SuspendPerson(person) => {
                let live = self.keys_of(*person).into_iter().filter(|key| self.is_live(*key, *person));
                live.map(Fact::Suspended).chain([Fact::Out(*person)]).collect()
            }
            _ => Vec::new(),
        };
        self.facts.extend(facts.into_iter().map(|fact| (place, fact)));
        self.entries.push(entry.clone());
    }

    /// What the proposal opened at that place asks for.
    fn proposed(&self, proposal: Proposal) -> Option<&Action> {
        match &self.entries.get(proposal.opened)?.what {
            What::Propose { number, action } if *number == proposal.number => Some(action),
            _ => None,
        }
    }

    /// The latest word on somebody's grants: where it was said, and the grants, or nothing where they were let go or
    /// suspended.
    pub fn stands(&self, person: Person) -> Option<(Place, Option<&Grants>)> {
        self.facts.iter().rev().find_map(|(place, fact)| match fact {
            Fact::Stands(who, grants) if *who == person => Some((*place, Some(grants))),
            Fact::Retired(who) | Fact::Out(who) if *who == person => Some((*place, None)),
            _ => None,
        })
    }

    /// Whether they were let go, and got no grants since.
    pub fn is_retired(&self, person: Person) -> bool {
        let last = self.facts.iter().rev().find_map(|(_, fact)| match fact {
            Fact::Stands(who, _) if *who == person => Some(false),
            Fact::Retired(who) if *who == person => Some(true),
            _ => None,
        });
        last == Some(true)
    }

    /// Whether they were suspended, and neither got grants nor were let go since.
    pub fn is_out(&self, person: Person) -> bool {
        let last = self.facts.iter().rev().find_map(|(_, fact)| match fact {
            Fact::Stands(who, _) | Fact::Retired(who) if *who == person => Some(false),
            Fact::Out(who) if *who == person => Some(true),
            _ => None,
        });
        last == Some(true)
    }

    /// Whether they are enrolled, and were neither let go nor suspended since.
    pub fn is_here(&self, person: Person) -> bool {
        matches!(self.stands(person), Some((_, Some(_))))
    }

    /// Whether they have a role at a moment: in one of its periods, which begin as it is claimed and end as it is.
    pub fn has_role(&self, person: Person, role: Role, now: Moment) -> bool {
        let periods = self.stands(person).and_then(|(_, grants)| grants).and_then(|it| it.roles.get(&role));
        let within = |(from, until): &(Option<Time>, Option<Time>)| {
            from.is_none_or(|from| from <= now.claimed) && until.is_none_or(|until| now.effective < until)
        };
        periods.is_some_and(|periods| periods.iter().any(within))
    }

    /// Whether they are an admin without beginning and end.
    pub fn is_admin_for_good(&self, person: Person) -> bool {
        let grants = self.stands(person).and_then(|(_, grants)| grants);
        grants.is_some_and(|it| it.roles.get(&Role::Admin) == Some(&permanent()))
    }

    /// The latest operators of a machine, which outlast its retirement; none of a person.
    pub fn operators(&self, person: Person) -> BTreeSet<Person> {
        let grants = self.facts.iter().rev().find_map(|(_, fact)| match fact {
            Fact::Stands(who, grants) if *who == person => Some(grants),
            _ => None,
        });
        grants.map_or(BTreeSet::new(), |it| it.operators.clone())
    }

    /// Everybody who answered for somebody at any time from an entry on: they themselves, and a machine's operators.
    pub fn behind(&self, actor: Person, since: Place) -> BTreeSet<Person> {
        let mut then = None;
        let mut people = BTreeSet::from([actor]);
        for (place, fact) in &self.facts {
            match fact {
                Fact::Stands(who, grants) if *who == actor && *place <= since => then = Some(grants),
                Fact::Stands(who, grants) if *who == actor => people.extend(&grants.operators),
                _ => {}
            }
        }
        people.extend(then.iter().flat_map(|grants| &grants.operators));
        people
    }

    /// Whether they are a person, enrolled, and neither let go nor suspended.
    pub fn can_operate(&self, person: Person) -> bool {
        self.is_here(person) && self.operators(person).is_empty()
    }

    /// Whether somebody was let go, or everybody who operates a machine.
    pub fn has_left(&self, account: Person) -> bool {
        let operators = self.operators(account);
        self.is_retired(account) || !operators.is_empty() && operators.iter().all(|it| self.is_retired(*it))
    }

    /// Where a key was enrolled.
    pub fn enrolled(&self, key: Key) -> Option<Place> {
        self.facts
            .iter()
            .find_map(|(place, fact)| matches!(fact, Fact::Enrolled(it, _) if *it == key).then_some(*place))
    }

    /// Where an account was enrolled.
    pub fn first_stood(&self, person: Person) -> Option<Place> {
        self.facts
            .iter()
            .find_map(|(place, fact)| matches!(fact, Fact::Stands(it, _) if *it == person).then_some(*place))
    }

    /// Whose key it is, if it was ever enrolled.
    pub fn owner_of(&self, key: Key) -> Option<Person> {
        self.facts.iter().find_map(|(_, fact)| match fact {
            Fact::Enrolled(it, person) if *it == key => Some(*person),
            _ => None,
        })
    }

    /// Every key that was ever enrolled for somebody.
    pub fn keys_of(&self, person: Person) -> Vec<Key> {
        let theirs = |(_, fact): &(Place, Fact)| match fact {
            Fact::Enrolled(key, owner) if *owner == person => Some(*key),
            _ => None,
        };
        self.facts.iter().filter_map(theirs).collect()
    }

    /// Whether it was revoked.
    pub fn is_revoked(&self, key: Key) -> bool {
        self.facts.iter().any(|(_, fact)| matches!(fact, Fact::Revoked(it) if *it == key))
    }

    /// The suspension that stops a key.
    pub fn suspension(&self, key: Key) -> Option<Place> {
        let last = self.facts.iter().rev().find_map(|(place, fact)| match fact {
            Fact::Suspended(it) if *it == key => Some(Some(*place)),
            Fact::Lifted(it) if *it == key => Some(None),
            _ => None,
        });
        last.flatten().filter(|_| !self.is_revoked(key))
    }

    /// Whether the key is this person's and may be used.
    pub fn is_live(&self, key: Key, person: Person) -> bool {
        self.owner_of(key) == Some(person) && !self.is_revoked(key) && self.suspension(key).is_none()
    }

    /// The policy in force, and the entry that put it there.
    pub fn policy(&self) -> Option<(Place, &Policy)> {
        self.facts.iter().rev().find_map(|(place, fact)| match fact {
            Fact::Rules(policy) => Some((*place, policy)),
            _ => None,
        })
    }

    /// Whether the policy in force keeps two duties apart.
    pub fn separates(&self, duty: Duty) -> bool {
        self.policy().is_some_and(|(_, policy)| policy.separate.contains(&duty))
    }

    /// Whether the text of the entry at a place was redacted.
    pub fn is_redacted(&self, place: Place) -> bool {
        let words = self.entries.get(place).is_some_and(|entry| !entry.words.is_empty());
        words && self.facts.iter().any(|(_, fact)| matches!(fact, Fact::Redacted(p, t) if *p == place && *t == place))
    }

    /// How many changes were filed.
    pub fn changes(&self) -> usize {
        self.entries.iter().filter(|entry| matches!(entry.what, What::File { .. })).count()
    }

    /// The proposals that were opened, in order.
    pub fn proposals(&self) -> Vec<Proposal> {
        let opened = |(place, entry): (Place, &Entry)| match entry.what {
            What::Propose { number, .. } => Some(Proposal { number, opened: place }),
            _ => None,
        };
        self.entries.iter().enumerate().filter_map(opened).collect()
    }

    /// Whether a proposal was seconded, declined or withdrawn.
    pub fn is_over(&self, proposal: Proposal) -> bool {
        let ends = |it: &Entry| match it.what {
            What::Second(it) | What::Decline(it) | What::TakeBack(it) => it == proposal,
            _ => false,
        };
        self.entries.iter().any(ends)
    }

    /// All that was recorded about a change, if it was filed.
    pub fn story(&self, number: usize) -> Option<Story<'_>> {
        let (revisions, said, outcomes) = (Vec::new(), Vec::new(), Vec::new());
        let (rejected, withdrawn, start) = (false, false, None);
        let conflicted = OnceCell::new();
        let (runs, on, after) = (Vec::new(), BTreeMap::new(), After::default());
        let (confirmed, carried_out) = (false, BTreeSet::new());
        let first = Story {
            number,
            revisions,
            said,
            rejected,
            withdrawn,
            start,
            runs,
            on,
            outcomes,
            confirmed,
            carried_out,
            after,
            conflicted,
        };
        let mut story = first;
        for (place, entry) in self.entries.iter().enumerate().filter(|(_, it)| it.what.change() == Some(number)) {
            if let What::Start { .. } | What::Finish { .. } = entry.what {
                story.confirmed = false;
                story.carried_out.insert(entry.actor);
            }
            match &entry.what {
                What::Confirm { .. } => story.confirmed = true,
                What::File { facts, .. } | What::Revise { facts, .. } => {
                    story.revisions.push((place, entry, facts));
                    story.said.clear();
                    story.rejected = false;
                }
                What::Approve(_) => story.said.push((true, entry)),
                What::Retract(_) => story.said.push((false, entry)),
                What::Reject(_) => story.rejected = true,
                What::Withdraw(_) => story.withdrawn = true,
                What::Start { target, run, .. } => {
                    story.start.get_or_insert(place);
                    story.runs.push(*run);
                    target.iter().for_each(|it| drop(story.on.insert(*it, (*run, Vec::new()))));
                }
                What::Finish { target: Some(it), outcome, .. } => {
                    story.on.get_mut(it).expect("it was started").1.push(*outcome);
                }
                What::Finish { target: None, outcome, .. } => {
                    story.outcomes.push(*outcome);
                }
                _ => {}
            }
            After::take(&mut story, (place, &entry.what));
        }
        if story.revisions.is_empty() { None } else { Some(story) }
    }

    /// Whether somebody is named in any revision, or answers for a machine that is named or that filed one.
    pub fn touched(&self, story: &Story<'_>, person: Person) -> bool {
        self.all_touched(story).contains(&person)
    }

    /// Everybody of whom [`Model::touched`] holds.
    pub fn all_touched<'s>(&self, story: &'s Story<'_>) -> &'s BTreeSet<Person> {
        let conflicted = || {
            let named = |(_, entry, facts): &(Place, &Entry, &Facts)| {
                let people = [facts.owner].into_iter().chain(facts.implementers.iter().copied());
                let mut behind = self.behind_act(entry.actor, entry.key);
                behind.extend(people.flat_map(|it| self.behind_account(it)));
                behind.extend(facts.authors.iter().flat_map(|it| self.behind_author(*it)));
                behind
            };
            story.revisions.iter().flat_map(named).collect()
        };
        story.conflicted.get_or_init(conflicted)
    }

    /// The last approval of the current revision by somebody, unless they took it back.
    pub fn approval<'a>(&self, story: &Story<'a>, person: Person) -> Option<&'a Entry> {
        let (approved, entry) = *story.said.iter().rfind(|(_, entry)| entry.actor == person)?;
        approved.then_some(entry)
    }

    /// Who has an approval of the current revision that counts at a moment.
    pub fn counted(&self, story: &Story<'_>, now: Moment) -> BTreeSet<Person> {
        let days = self.policy().map_or(0, |(_, policy)| policy.days) as Time;
        let said: BTreeSet<Person> = story.said.iter().map(|(_, entry)| entry.actor).collect();
        let counts = |person: &Person| {
            let Some(approval) = self.approval(story, *person) else { return false };
            self.has_role(*person, Role::Approver, now)
                && !(self.separates(Duty::AdminApprover) && self.has_role(*person, Role::Admin, now))
                && !self.touched(story, *person)
                && self.is_live(approval.key, *person)
                && now.claimed < approval.time + days * DAY
                && approval.time <= now.effective + 300
        };
        said.into_iter().filter(counts).collect()
    }

    /// The model as it was before an entry.
    pub fn before(&self, place: Place) -> Self {
        let facts = self.facts.iter().filter(|(at, _)| *at < place).cloned().collect();
        Self { entries: self.entries[..place].to_vec(), facts }
    }

    /// Whose approvals count, and how many are needed: now, or for good at the start of a change that was started.
    pub fn tally(&self, number: usize, now: Moment) -> (BTreeSet<Person>, usize) {
        let story = self.story(number).expect("the change was filed");
        match story.start {
            None => (self.counted(&story, now), self.needed(story.facts())),
            Some(place) => {
                let before = self.before(place);
                before.tally(number, before.moment(&self.entries[place]))
            }
        }
    }

    /// Where a change stands at a moment.
    pub fn status(&self, story: &Story<'_>, now: Moment) -> Status {
        let on_targets = || if story.on.is_empty() { None } else { Some(story.derived()) };
        match story.outcomes.last().map(|last| on_targets().unwrap_or(*last)) {
            Some(_) if story.after.closed => Status::Closed,
            Some(_) if story.after.awaited => Status::InReview,
            Some(Outcome::Succeeded) => Status::Succeeded,
            Some(Outcome::Failed) => Status::Failed,
            Some(Outcome::RolledBack) => Status::RolledBack,
            None if story.start.is_some() && now.claimed >= story.facts().window.1 => Status::Overrun,
            None if story.start.is_some() => Status::InProgress,
            None if story.withdrawn => Status::Withdrawn,
            None if story.rejected => Status::Rejected,
            None if story.facts().is_too_late(now.claimed) => Status::Expired,
            None => {
                let counted = self.counted(story, now);
                let enough = counted.len() >= self.needed(story.facts());
                let those = self.has_groups(story, &counted, now) && self.has_independent(story, &counted, now);
                if enough && those { Status::Approved } else { Status::AwaitingApproval }
            }
        }
    }
}
