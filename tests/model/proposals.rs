//! What admins try, and how a register is founded.

use std::collections::{BTreeMap, BTreeSet};

use twinseal::domain::{ChangeKind, Duty, Needed, Risk, Role, Waivable};

use super::draw::{Draw, TICK};
use super::facts::{
    Action, Asked, DAY, Entry, Grants, Key, Newcomer, Person, Place, Policy, Proposal, Requirement, Time, What,
};
use super::facts::{Periods, permanent};
use super::model::Fact;
use super::real::{KEYS, PEOPLE};

/// Who is a machine, if they are enrolled as what they are meant to be.
const MACHINES: [Person; 2] = [6, 9];

impl Draw<'_> {
    pub fn propose(&mut self) -> Entry {
        let model = self.model;
        let suspended: Vec<Key> = (0..KEYS).filter(|it| model.suspension(*it).is_some()).collect();
        let lift = if suspended.is_empty() { 2 } else { 8 };
        let freeze = if self.freezes || self.templates { 60 } else { 3 };
        let action = match self.rng.weighed(&[4, if self.machines { 20 } else { 8 }, 3, 6, lift, 5, 7, freeze, 1]) {
            0 => Action::Enrol(self.newcomers()),
            1 => {
                let mut changes = BTreeMap::new();
                for _ in 0..1 + self.rng.weighed(&[75, 20, 5]) {
                    let person = self.subject();
                    let replaces = self.since(model.stands(person).map(|it| it.0));
                    let keys = self.revoked_with(person);
                    changes.insert(person, (replaces, self.grants(person), keys));
                }
                Action::Roles(changes)
            }
            2 => {
                let person = self.subject();
                Action::Retire { person, replaces: self.since(model.stands(person).map(|it| it.0)) }
            }
            3 => {
                let person = self.somebody(|_| true);
                let by = if self.rng.percent(85) { person } else { self.anybody() };
                let vouch = if self.rng.percent(50) { Some(self.key_of(by)) } else { None };
                Action::AddKey { person, asked: self.asked(), key: self.new_key(), vouch }
            }
            4 => self.lift(&suspended),
            5 => {
                let same = model.policy().map(|(_, policy)| policy.clone()).filter(|_| self.rng.percent(8));
                let policy = same.unwrap_or_else(|| self.policy());
                Action::Policy { replaces: self.since(model.policy().map(|it| it.0)), policy }
            }
            6 => self.redaction(),
            7 if self.rng.percent(12) => self.services_action(),
            7 if self.rng.percent(if self.templates { 90 } else { 10 }) => self.template_action(),
            7 => self.freeze_action(),
            _ => {
                let (from, any) = (self.rng.below(4), self.rng.below(model.entries.len() + 3));
                let from = if self.rng.percent(80) { from } else { any };
                Action::Restored { from, lost: from + 1 + self.rng.below(2), branch: self.rng.below(2) }
            }
        };
        let number = model.proposals().len() + if self.rng.percent(98) { 1 } else { 2 };
        let actor = self.with_role(Role::Admin);
        self.by(actor, What::Propose { number, action })
    }

    /// The keys that are revoked with new grants: mostly none, and of a machine at times all or some.
    fn revoked_with(&mut self, person: Person) -> BTreeSet<Key> {
        let theirs = self.model.keys_of(person);
        match self.rng.below(20) {
            0 => self.rng.some(&[0, 1, 2], 30).into_iter().collect(),
            1..6 if MACHINES.contains(&person) => self.rng.some(&theirs, 70).into_iter().collect(),
            _ => BTreeSet::new(),
        }
    }

    /// Everybody who was retired or suspended.
    fn gone(&self) -> Vec<Person> {
        (0..PEOPLE.len()).filter(|it| matches!(self.model.stands(*it), Some((_, None)))).collect()
    }

    /// Somebody to be given another grants: mostly one who can act, at times one who was let go.
    fn subject(&mut self) -> Person {
        let retired = self.gone();
        let machines = self.those(|it| MACHINES.contains(&it));
        let gone: Vec<Person> = retired.iter().copied().filter(|it| MACHINES.contains(it)).collect();
        match self.rng.below(20) {
            0..3 if !retired.is_empty() => self.rng.one(&retired),
            3..9 if !gone.is_empty() => self.rng.one(&gone),
            _ if self.machines && !machines.is_empty() && self.rng.percent(70) => self.rng.one(&machines),
            _ => self.somebody(|_| true),
        }
    }

    /// That a key is suspended no more; now and then one that was revoked.
    fn lift(&mut self, suspended: &[Key]) -> Action {
        let model = self.model;
        let revoked = |(place, fact): &(Place, Fact)| match fact {
            Fact::Revoked(key) => Some((*key, *place)),
            _ => None,
        };
        let revoked: Vec<(Key, Place)> = model.facts.iter().filter_map(revoked).collect();
        if !revoked.is_empty() && (suspended.is_empty() || self.rng.percent(15)) {
            let (key, replaces) = self.rng.one(&revoked);
            return Action::Lift { key, replaces };
        }
        let any = self.rng.below(KEYS);
        let key = if self.rng.percent(90) { self.rng.one_or(suspended, any) } else { any };
        Action::Lift { key, replaces: self.since(model.suspension(key)) }
    }

    /// The entry that put something in force, mostly.
    fn since(&mut self, place: Option<Place>) -> Place {
        let any = self.rng.below(self.model.entries.len().max(1));
        place.filter(|_| self.rng.percent(95)).unwrap_or(any)
    }

    /// A key that nobody has, mostly.
    fn new_key(&mut self) -> Key {
        let free: Vec<Key> = (0..KEYS).filter(|it| self.model.owner_of(*it).is_none()).collect();
        let any = self.rng.below(KEYS);
        if self.rng.percent(92) { self.rng.one_or(&free, any) } else { any }
    }

    fn newcomers(&mut self) -> Vec<Newcomer> {
        let new: Vec<Person> = (0..PEOPLE.len()).filter(|it| self.model.stands(*it).is_none()).collect();
        let mut members = Vec::new();
        for _ in 0..self.rng.weighed(&[3, 67, 30]) {
            let anybody = self.anybody();
            let person = if self.rng.percent(90) { self.rng.one_or(&new, anybody) } else { anybody };
            let (grants, asked) = (self.grants(person), self.asked());
            members.push(Newcomer { person, grants, asked, key: self.new_key() });
        }
        members
    }

    /// A request that can still be used, mostly.
    fn asked(&mut self) -> Asked {
        Asked { here: self.rng.percent(97), expires: self.now + (self.rng.below(40) as Time - 1) * TICK }
    }

    /// A moment ahead, mostly.
    fn until(&mut self) -> Time {
        self.now + (self.rng.below(60) as Time - 2) * TICK
    }

    fn grant(&mut self) -> Periods {
        match self.rng.below(100) {
            0..70 => permanent(),
            70..85 => vec![(None, Some(self.until()))],
            85..90 => vec![(Some(self.until()), None)],
            _ => {
                // One or two periods, each with both ends, often around the present.
                let begin = self.now + (self.rng.below(12) as Time - 8) * TICK;
                let mut ends = [0; 4].map(|_: usize| (1 + self.rng.below(10) as Time) * TICK);
                (1..4).for_each(|at| ends[at] += ends[at - 1]);
                let at = |end: usize| Some(begin + ends[end]);
                if self.rng.percent(50) { vec![(at(0), at(1))] } else { vec![(at(0), at(1)), (at(2), at(3))] }
            }
        }
    }

    /// What somebody may do, mostly something that goes together.
    fn grants(&mut self, person: Person) -> Grants {
        let mut it = Grants::default();
        let as_meant = MACHINES.contains(&person) != self.rng.percent(3);
        if as_meant {
            let people = self.those(|_| true);
            it.operators = (0..1 + self.rng.below(2))
                .map(|_| {
                    let founder = 3 + self.rng.below(3);
                    self.rng.one_or(&people, founder)
                })
                .collect();
            if self.rng.percent(95) {
                it.operators.retain(|it| !MACHINES.contains(it));
            }
            it.operators.extend(if it.operators.is_empty() { Some(3) } else { None });
            it.roles.extend(if self.rng.percent(93) { Some((Role::Engineer, permanent())) } else { None });
            it.roles.extend(if self.rng.percent(4) { Some((Role::Approver, permanent())) } else { None });
            return it;
        }
        let auditor = if person == 7 { 70 } else { 4 };
        if self.rng.percent(auditor) {
            it.roles.insert(Role::Auditor, self.grant());
        }
        if it.roles.is_empty() || self.rng.percent(10) {
            let admin = if person < 3 { 65 } else { 20 };
            for (role, percent) in [(Role::Admin, admin), (Role::Engineer, 60), (Role::Approver, 75)] {
                if self.rng.percent(percent) {
                    it.roles.insert(role, self.grant());
                }
            }
        }
        for group in 0..2 {
            if self.rng.percent(30) {
                it.groups.insert(group, self.grant());
            }
        }
        it
    }

    pub fn policy(&mut self) -> Policy {
        let mut requirements = Vec::new();
        for _ in 0..self.rng.weighed(&[60, 28, 12]) {
            requirements.push(self.requirement());
        }
        let mut teams: BTreeSet<usize> = self.rng.some(&[0, 1], 60).into_iter().collect();
        if requirements.iter().any(|it| it.independent) && (teams.is_empty() || self.rng.percent(60)) {
            teams.extend([0, 1]);
        }
        let mut separate: BTreeSet<Duty> = self.rng.some(Duty::ALL, 18).into_iter().collect();
        if self.machines {
            separate = BTreeSet::from([Duty::RequesterImplementer]);
            requirements.clear();
        }
        // One that stops no start.
        if self.rng.percent(60) {
            requirements.push(Requirement { confirm: true, ..Requirement::default() });
        }
        Policy {
            approvals: 2 + self.rng.weighed(&[84, 14, 2]) as u64,
            days: self.rng.one(&[1, 2, 7, 14]),
            separate,
            teams,
            waives: self.rng.some(Waivable::ALL, 40).into_iter().collect(),
            review_days: self.rng.one(&[1, 5]),
            other_review_days: self.rng.one(&[1, 14]),
            requirements,
            break_glass: (self.rng.one(&[240, 240, 60]), self.rng.some(&[0, 1], 10).into_iter().collect()),
        }
    }

    fn requirement(&mut self) -> Requirement {
        let mut it = Requirement {
            kinds: self.rng.some(ChangeKind::ALL, 30).into_iter().collect(),
            risks: self.rng.some(Risk::ALL, 30).into_iter().collect(),
            tags: self.rng.some(&[0, 1], 15).into_iter().collect(),
            service: self.rng.percent(5),
            elsewhere: self.rng.percent(15),
            tier: self.rng.percent(6).then(|| 1 + self.rng.below(2) as u64),
            targets: if self.rng.percent(15) { Some(1 + self.rng.below(2) as u64) } else { None },
            approvals: if self.rng.percent(50) { Some(2 + self.rng.weighed(&[40, 50, 10]) as u64) } else { None },
            from: BTreeMap::new(),
            needed: self.rng.some(Needed::ALL, 8).into_iter().collect(),
            lead_minutes: if self.rng.percent(12) { Some(self.rng.one(&[1, 60, 600])) } else { None },
            longest_minutes: if self.rng.percent(12) { Some(self.rng.one(&[60, 600, 6000])) } else { None },
            independent: self.rng.percent(70),
            frozen: self.rng.percent(5),
            sensitive: self.rng.percent(8),
            confirm: self.rng.percent(15),
            exception: if self.rng.percent(50) { Some(self.rng.below(2)) } else { None },
        };
        for group in 0..2 {
            if self.rng.percent(15) {
                it.from.insert(group, 1 + self.rng.weighed(&[75, 25]) as u64);
            }
        }
        let asks = it.approvals.is_some()
            || it.lead_minutes.is_some()
            || it.longest_minutes.is_some()
            || it.independent
            || it.confirm;
        if !asks && it.needed.is_empty() && it.from.is_empty() {
            it.needed.insert(self.rng.one(Needed::ALL));
        }
        it
    }

    /// Texts to be redacted: mostly there, often such as somebody waits for.
    fn redaction(&mut self) -> Action {
        let model = self.model;
        let mut waiting: Vec<Place> = (1..=model.changes())
            .filter_map(|it| model.story(it))
            .filter(|it| it.start.is_none())
            .map(|it| it.current().filed)
            .collect();
        waiting.extend(model.proposals().iter().filter(|it| !model.is_over(**it)).map(|it| it.opened));
        let mut texts = BTreeMap::new();
        for _ in 0..self.rng.weighed(&[2, 75, 23]) {
            let any = self.rng.below(model.entries.len() + 2);
            let place = if self.rng.percent(75) { self.rng.one_or(&waiting, any) } else { any };
            let text = if self.rng.percent(92) { place } else { self.rng.below(model.entries.len().max(1)) };
            texts.insert(place, text);
        }
        Action::Redact(texts)
    }

    /// A proposal, mostly one that is open.
    fn proposal(&mut self) -> Proposal {
        let model = self.model;
        let all = model.proposals();
        let open: Vec<Proposal> = all.iter().copied().filter(|it| !model.is_over(*it)).collect();
        let any =
            Proposal { number: 1 + self.rng.below(all.len() + 1), opened: self.rng.below(model.entries.len() + 1) };
        let newest = *open.last().unwrap_or(&any);
        match self.rng.below(20) {
            0 => any,
            1 => self.rng.one_or(&all, any),
            2..10 => newest,
            _ => self.rng.one_or(&open, any),
        }
    }

    /// Somebody carries or ends a proposal.
    pub fn second(&mut self) -> Entry {
        let model = self.model;
        if model.proposals().iter().all(|it| model.is_over(*it)) && self.rng.percent(85) {
            return self.propose();
        }
        let proposal = self.proposal();
        self.second_of(proposal)
    }

    /// Somebody carries or ends this proposal.
    pub fn second_of(&mut self, proposal: Proposal) -> Entry {
        let (model, now) = (self.model, self.model.reading(self.now));
        let proposer = model.entries.get(proposal.opened).map(|it| it.actor);
        let other = self.somebody(|it| model.has_role(it, Role::Admin, now) && Some(it) != proposer);
        let subjects: Vec<Person> = match model.entries.get(proposal.opened).map(|it| &it.what) {
            Some(What::Propose { action, .. }) => model.subjects(action).into_iter().collect(),
            _ => Vec::new(),
        };
        let subjects: Vec<Person> = subjects.into_iter().filter(|it| model.has_role(*it, Role::Admin, now)).collect();
        let actor = match self.rng.below(25) {
            0 => proposer.unwrap_or(other),
            1..6 => self.rng.one_or(&subjects, other),
            _ => other,
        };
        let keeper = model.keeper(proposal).filter(|_| self.rng.percent(10));
        let (what, actor) = match self.rng.below(20) {
            _ if keeper.is_some() => (What::Decline(proposal), keeper.unwrap_or(actor)),
            0 => (What::Decline(proposal), actor),
            1 => (What::TakeBack(proposal), proposer.filter(|_| self.rng.percent(70)).unwrap_or(actor)),
            _ => (What::Second(proposal), actor),
        };
        self.by(actor, what)
    }

    /// Somebody reduces authority on their own.
    pub fn act_alone(&mut self) -> Entry {
        let model = self.model;
        let stories = (1..=model.changes()).filter_map(|it| model.story(it)).filter(|it| it.start.is_none());
        let used: Vec<Key> = stories.flat_map(|it| it.said).map(|(_, entry)| entry.key).collect();
        if !used.is_empty() && self.rng.percent(25) {
            let (actor, key) = (self.with_role(Role::Admin), self.rng.one(&used));
            return self.by(actor, What::Suspend(key));
        }
        let several = self.those(|it| model.keys_of(it).len() > 1);
        if !several.is_empty() && self.rng.percent(40) {
            let actor = self.rng.one(&several);
            let theirs = model.keys_of(actor);
            let dead: Vec<Key> = theirs.iter().copied().filter(|it| !model.is_live(*it, actor)).collect();
            let any = self.rng.one(&theirs);
            let key = if self.rng.percent(70) { self.rng.one_or(&dead, any) } else { any };
            return self.by(actor, What::Revoke(key));
        }
        let target = self.somebody(|_| true);
        if self.rng.percent(25) {
            let any = if self.rng.percent(90) { target } else { self.anybody() };
            let dead = |it: &Person| !model.keys_of(*it).iter().any(|key| model.is_live(*key, *it));
            let nothing_left: Vec<Person> = self.gone().into_iter().filter(dead).collect();
            let whom = if self.rng.percent(40) { self.rng.one_or(&nothing_left, any) } else { any };
            let actor = self.with_role(Role::Admin);
            return self.by(actor, What::SuspendPerson(whom));
        }
        let key = if self.rng.percent(92) { self.key_of(target) } else { self.rng.below(KEYS) };
        if self.rng.percent(75) {
            let actor = self.with_role(Role::Admin);
            return self.by(actor, What::Suspend(key));
        }
        let owner = model.owner_of(key).filter(|_| self.rng.percent(85));
        let actor = owner.unwrap_or(target);
        self.by(actor, What::Revoke(key))
    }

    /// Entry 0 and the seal, in their time or out of it; not always as they must be.
    pub fn founding(&mut self) -> Entry {
        if !self.model.entries.is_empty() && self.rng.percent(80) {
            let founder = self.model.entries[0].actor;
            let other = if self.rng.percent(90) { usize::from(founder == 0) } else { self.anybody() };
            return self.by(other, What::Seal);
        }
        if !self.model.entries.is_empty() && self.rng.percent(60) {
            return self.usurp();
        }
        let mut members: Vec<Newcomer> = Vec::new();
        for person in 0..8 {
            let mut grants = self.grants(person);
            if person < 3 {
                grants.operators.clear();
                grants.roles.remove(&Role::Auditor);
                grants.roles.insert(Role::Admin, if person == 2 { self.grant() } else { permanent() });
            } else if !MACHINES.contains(&person) && grants.roles.is_empty() {
                grants.roles.insert(Role::Approver, permanent());
            }
            if person < 6 || self.rng.percent(80) {
                let expires = self.now + DAY;
                members.push(Newcomer { person, grants, asked: Asked { here: true, expires }, key: person });
            }
        }
        // What is over before it begins is tried now and then, not every time.
        let now = self.now;
        for it in &mut members {
            let grants = &mut it.grants;
            for periods in grants.roles.values_mut().chain(grants.groups.values_mut()) {
                periods.retain(|(_, until)| until.is_none_or(|until| until > now));
                if periods.is_empty() {
                    *periods = permanent();
                }
            }
        }
        let (mut actor, mut format) = (self.rng.below(2), 1);
        match self.rng.below(24) {
            0 => format = 2,
            1 => members.retain(|it| it.person != 0 && it.person != 2),
            2 => actor = 3,
            3 => members[1].key = 0,
            4 => members.clear(),
            6 => members[2].asked.here = false,
            7 => members[2].asked.expires = self.now,
            5 => members[4].grants.roles.clear(),
            _ => {}
        }
        let policy = self.policy();
        self.by(actor, What::Init { format, policy, members })
    }

    /// Strangers found the register once more.
    fn usurp(&mut self) -> Entry {
        let grants = Grants { roles: BTreeMap::from([(Role::Admin, permanent())]), ..Grants::default() };
        let asked = self.asked();
        let member = |person| Newcomer { person, grants: grants.clone(), asked, key: KEYS - person };
        let members = vec![member(8), member(9)];
        let policy = self.policy();
        let mut entry = self.by(8, What::Init { format: 1, policy, members });
        entry.key = KEYS - 8;
        entry
    }
}
