//! What people try: drawn so that most of it is plausible, and much of it wrong.

use std::collections::{BTreeMap, BTreeSet};

use twinseal::domain::{ChangeKind, Duty, Field, LinkKind, Outcome, Refusal, Risk, Role};

use super::facts::{Action, Artifact, DAY, Entry, Facts, Key, Person, Revision, Time, What};
use super::model::{Model, Story};
use super::real::{KEYS, PEOPLE, Real};
pub use super::rng::Rng;

/// All times are multiples of this, so that ends are met exactly.
pub const TICK: Time = DAY / 4;
/// When every history begins: 2026-12-01.
pub const BEGIN: Time = 1_796_083_200;

/// Draws the next entry of a history.
pub struct Draw<'a> {
    pub rng: &'a mut Rng,
    pub model: &'a Model,
    pub now: Time,
    /// Whether the history is one of those in which machines do much and change hands often.
    pub machines: bool,
    /// Whether the history is one of those that are about freezes; in the others they are rare, so that changes start.
    pub freezes: bool,
    /// Whether the history is about templates.
    pub templates: bool,
}

impl Draw<'_> {
    /// What somebody tries next.
    pub fn entry(&mut self, real: &Real) -> Entry {
        let alone = if self.freezes { 20 } else { 1 };
        let mut entry = match self.rng.weighed(&[54, 7, 7, 5, 2, 3, 1, 5, 3, 1, 13, 15, 5, 6, 1, alone]) {
            _ if self.model.changes() == 0 && self.rng.percent(60) => self.file(),
            // One that is open is on its way for a day only.
            _ if self.model.glasses() > 0 && self.rng.percent(12) => self.glass(),
            _ if self.finished(false) && self.rng.percent(25) => self.confirm(),
            _ if self.finished(true) && self.rng.percent(3) => self.confirm(),
            _ if self.finished_unasked() && self.rng.percent(2) => self.confirm(),
            _ if self.any_finished() && self.rng.percent(9) => self.after_finish(),
            _ if self.freezes && !self.barred().is_empty() && self.rng.percent(12) => self.freeze_alone(),
            0 => self.advance(),
            1 => self.file(),
            2 => self.approve(),
            3 => self.start(),
            4 => self.decide(What::Reject),
            5 => self.retract(),
            6 => self.decide(What::Withdraw),
            7 => self.revise(),
            8 => self.finish(),
            9 => self.note(),
            10 => self.propose(),
            11 => self.second(),
            12 => self.act_alone(),
            13 => self.glass(),
            14 => self.founding(),
            _ => self.freeze_alone(),
        };
        if self.rng.percent(10) {
            self.spoil(&mut entry);
        }
        if self.rng.percent(6) {
            return self.refused(real);
        }
        entry
    }

    /// An entry of somebody at the present moment, with one of their keys and some text.
    pub fn by(&mut self, actor: Person, what: What) -> Entry {
        let key = self.key_of(actor);
        let words = self.words(&what);
        Entry { actor, key, time: self.now, words, what }
    }

    fn words(&mut self, what: &What) -> BTreeSet<Field> {
        let usual = match what {
            What::File { facts, .. } | What::Revise { facts, .. } => {
                let always = [Field::Title, Field::Reason, Field::Impact, Field::Plan, Field::Rollback];
                let more = [Field::Security, Field::AbortIf, Field::Tests, Field::Success];
                let mut words: BTreeSet<Field> = self.rng.some(&more, 65).into_iter().chain(always).collect();
                if facts.template.is_some() && self.rng.percent(96) {
                    words.retain(|it| [Field::Title, Field::Reason].contains(it));
                }
                if self.rng.percent(3) {
                    words.remove(&self.rng.one(&always));
                }
                if self.rng.percent(if facts.exceptions.is_empty() && facts.excepted.is_empty() { 3 } else { 95 }) {
                    words.insert(Field::Exception);
                }
                return words;
            }
            What::Init { .. } | What::Propose { action: Action::Enrol(_), .. } => Field::Name,
            What::Propose { action: Action::Policy { .. }, .. } => Field::Source,
            What::Seal | What::Second(_) | What::TakeBack(_) | What::Start { .. } | What::Refused { .. } => {
                return BTreeSet::new();
            }
            What::CloseGlass(_) | What::Ratify { .. } => Field::Note,
            What::Approve(_) | What::Finish { .. } | What::Confirm { .. } | What::Note(_) => Field::Note,
            What::ActionDone { .. } | What::Close(_) => Field::Note,
            What::Review { actions, .. } => return self.review_words(!actions.is_empty()),
            _ => Field::Reason,
        };
        if self.rng.percent(90) { BTreeSet::from([usual]) } else { BTreeSet::new() }
    }

    /// One of somebody's keys, mostly one that is live.
    pub fn key_of(&mut self, person: Person) -> Key {
        let theirs = self.model.keys_of(person);
        let live: Vec<Key> = theirs.iter().copied().filter(|it| self.model.is_live(*it, person)).collect();
        let of = if self.rng.percent(92) { &live } else { &theirs };
        self.rng.one_or(of, person)
    }

    pub fn anybody(&mut self) -> Person {
        let all = self.rng.below(PEOPLE.len());
        if self.rng.percent(70) { self.rng.one_or(&self.those(|_| true), all) } else { all }
    }

    /// Everybody who can act and of whom something holds.
    pub fn those(&self, holds: impl Fn(Person) -> bool) -> Vec<Person> {
        let acts = |it: &Person| {
            self.model.is_here(*it) && self.model.keys_of(*it).iter().any(|key| self.model.is_live(*key, *it))
        };
        (0..PEOPLE.len()).filter(|it| acts(it) && holds(*it)).collect()
    }

    /// Mostly somebody of whom something holds.
    pub fn somebody(&mut self, holds: impl Fn(Person) -> bool) -> Person {
        let those = self.those(holds);
        let anybody = self.anybody();
        if self.rng.percent(94) { self.rng.one_or(&those, anybody) } else { anybody }
    }

    /// Somebody with a role, mostly.
    pub fn with_role(&mut self, role: Role) -> Person {
        let (model, now) = (self.model, self.model.reading(self.now));
        if self.machines && role == Role::Engineer && self.rng.percent(50) {
            return self.somebody(|it| !model.operators(it).is_empty());
        }
        self.somebody(|it| model.has_role(it, role, now))
    }

    /// Changes something about an entry that may well matter.
    fn spoil(&mut self, entry: &mut Entry) {
        match self.rng.below(5) {
            0 => entry.actor = self.anybody(),
            1 => entry.key = self.rng.below(KEYS),
            2 => {
                entry.actor = self.anybody();
                entry.key = self.key_of(entry.actor);
            }
            3 if self.rng.percent(30) => entry.time += self.rng.one(&[-301, -300, 300, 301]),
            3 => entry.time += (self.rng.below(81) as Time - 40) * TICK,
            _ => entry.words.clear(),
        }
        if let What::File { facts, .. } | What::Revise { facts, .. } = &mut entry.what {
            facts.evidence &= entry.words.contains(&Field::Tests);
        }
    }

    /// A change, mostly one of which something holds.
    pub fn change(&mut self, holds: impl Fn(&Story<'_>) -> bool) -> usize {
        let model = self.model;
        let count = model.changes();
        let those: Vec<usize> = (1..=count).filter(|it| model.story(*it).is_some_and(|it| holds(&it))).collect();
        let any = 1 + self.rng.below(count + 1);
        if self.rng.percent(88) { self.rng.one_or(&those, any) } else { any }
    }

    /// A revision of a change: mostly the current one.
    pub fn revision(&mut self, change: usize) -> Revision {
        let model = self.model;
        let Some(story) = model.story(change) else { return Revision { change, number: 1, filed: 1000 } };
        let mut of = story.current();
        match self.rng.below(40) {
            0 => of.number += 1,
            1 => of.filed = self.rng.below(model.entries.len()),
            2 if of.number > 1 => (of.number, of.filed) = (1, story.revisions[0].0),
            3 if of.number > 1 => of.filed = story.revisions[0].0,
            _ => {}
        }
        of
    }

    /// The next step of a change on its way.
    fn advance(&mut self) -> Entry {
        let (model, now) = (self.model, self.now);
        let waits = |it: &Story<'_>| it.start.is_some() || !it.facts().is_too_late(now);
        let change = self.change(|it| !it.withdrawn && it.outcomes.is_empty() && waits(it));
        let Some(story) = model.story(change) else { return self.file() };
        let stopped = story.facts().stop_after.is_some_and(|most| story.failed() as u64 >= most);
        let more = story.on.len() < story.facts().targets.len() && !story.facts().is_too_late(now);
        let more = more && (!stopped || self.rng.percent(50));
        if story.start.is_some() && more && self.rng.percent(60) {
            self.start_this(&story)
        } else if story.start.is_some() {
            self.finish()
        } else if story.rejected || !waits(&story) || model.is_redacted(story.current().filed) {
            self.revise()
        } else if model.counted(&story, model.reading(now)).len() < model.needed(story.facts()) {
            self.approve_this(&story)
        } else {
            self.start_this(&story)
        }
    }

    fn file(&mut self) -> Entry {
        let actor = self.with_role(Role::Engineer);
        let change = self.model.changes() + if self.rng.percent(98) { 1 } else { 1 + self.rng.below(3) };
        let facts = self.facts(actor);
        self.filing(actor, What::File { change, facts })
    }

    /// A revision as it is filed: evidence needs a test that it shows.
    fn filing(&mut self, actor: Person, what: What) -> Entry {
        let mut entry = self.by(actor, what);
        if let What::File { facts, .. } | What::Revise { facts, .. } = &mut entry.what {
            facts.evidence = entry.words.contains(&Field::Tests) && self.rng.percent(70);
        }
        self.list_conflicts(&mut entry.what);
        entry
    }

    fn facts(&mut self, actor: Person) -> Facts {
        let (model, now) = (self.model, self.model.reading(self.now));
        let engineer = |it: Person| model.has_role(it, Role::Engineer, now);
        let mut implementers = BTreeSet::from([self.somebody(engineer)]);
        if self.machines || self.rng.percent(40) {
            let operator = 3 + self.rng.below(3);
            implementers.insert(if self.machines { operator } else { self.somebody(engineer) });
        }
        if self.rng.percent(2) {
            implementers.clear();
        }
        let start = self.now + (self.rng.below(14) as Time - 4) * TICK;
        let start = if self.rng.percent(2) { start + 3661 * DAY } else { start };
        let length = self.rng.one(&[2, 4, 8, 16, 40, 120]) * TICK;
        let mut artifacts: Vec<Artifact> = (0..self.rng.weighed(&[50, 30, 20]) as u8).map(|name| (name, 0)).collect();
        if self.rng.percent(3) {
            artifacts.extend(artifacts.first().copied());
        }
        let kind = self.rng.weighed(&[3, 55, 42]);
        let mut authors = BTreeSet::new();
        if self.rng.percent(15) {
            authors.insert(if self.rng.percent(90) { self.somebody(|_| true) } else { self.anybody() });
        }
        let mut follows = BTreeSet::new();
        if self.rng.percent(8) {
            follows.insert(1 + self.rng.below(model.changes() + 2));
        }
        let mut targets: Vec<usize> = (0..self.rng.weighed(&[70, 10, 10, 10])).collect();
        match self.rng.below(200) {
            0..3 => targets.extend(targets.first().copied()),
            3 => targets = (0..1001).collect(),
            _ => {}
        }
        let stop_after = match targets.len() {
            2..=3 if self.rng.percent(40) => Some(1 + self.rng.below(2) as u64),
            _ => self.rng.percent(4).then(|| self.rng.below(4) as u64),
        };
        let mut facts = Facts {
            kind: ChangeKind::ALL[kind],
            risk: self.rng.one(Risk::ALL),
            authors,
            follows,
            targets,
            stop_after,
            owner: if self.rng.percent(50) { actor } else { self.somebody(|_| true) },
            implementers,
            services: if self.rng.percent(98) { [self.rng.weighed(&[75, 15, 10])].into() } else { BTreeSet::new() },
            conflicts: Default::default(),
            tags: self.rng.some(&[0, 1], if self.freezes { 50 } else { 25 }).into_iter().collect(),
            production: self.rng.percent(50),
            window: (start, start + length),
            rollback: self.rng.one(&[0, 60, TICK, TICK, 2 * TICK, 4 * TICK]),
            artifacts,
            evidence: false,
            links: self.rng.some(LinkKind::ALL, 60).into_iter().collect(),
            exceptions: self.excuses(),
            dangerous: (self.rng.percent(15), self.rng.percent(8)),
            excepted: BTreeMap::new(),
            template: None,
        };
        facts.excepted = self.exceptions(&facts);
        if self.freezes && self.rng.percent(35) {
            self.aim_at_reserved(&mut facts);
        }
        if self.rng.percent(if self.templates { 75 } else { 20 }) {
            self.follow_template(&mut facts);
        }
        facts
    }

    /// Mostly to requirements that allow them.
    fn excuses(&mut self) -> BTreeSet<usize> {
        let all = self.model.policy().map_or(&[][..], |(_, policy)| policy.requirements.as_slice());
        let allow = (0..all.len()).filter(|n| all[*n].exception.is_some()).collect::<Vec<_>>();
        let mut exceptions: BTreeSet<usize> = self.rng.some(&allow, 40).into_iter().collect();
        if self.rng.percent(2) {
            exceptions.insert(self.rng.below(3));
        }
        exceptions
    }

    fn approve(&mut self) -> Entry {
        let now = self.now;
        let change =
            self.change(|it| !it.withdrawn && it.start.is_none() && !it.rejected && !it.facts().is_too_late(now));
        let model = self.model;
        match model.story(change) {
            Some(story) => self.approve_this(&story),
            None => self.decide(What::Approve),
        }
    }

    fn approve_this(&mut self, story: &Story<'_>) -> Entry {
        let (model, now) = (self.model, self.model.reading(self.now));
        let counted = model.counted(story, now);
        let apart = model.separates(Duty::AdminApprover);
        let may =
            |it: Person| model.has_role(it, Role::Approver, now) && !(apart && model.has_role(it, Role::Admin, now));
        let free = |it: Person| may(it) && !model.touched(story, it);
        let actor = self.somebody(|it| free(it) && !counted.contains(&it));
        let of = self.revision(story.number);
        self.by(actor, What::Approve(of))
    }

    fn start(&mut self) -> Entry {
        let change = self.change(|it| !it.withdrawn && it.outcomes.is_empty());
        let model = self.model;
        match model.story(change) {
            Some(story) => self.start_this(&story),
            None => {
                let (actor, of) = (self.anybody(), self.revision(change));
                self.by(actor, What::Start { of, target: None, run: None, artifacts: Vec::new() })
            }
        }
    }

    fn start_this(&mut self, story: &Story<'_>) -> Entry {
        let facts = story.facts();
        let implementers: Vec<Person> = facts.implementers.iter().copied().collect();
        let anybody = self.anybody();
        let actor = if self.rng.percent(94) { self.rng.one_or(&implementers, anybody) } else { anybody };
        let of = self.revision(story.number);
        let mut artifacts = facts.artifacts.clone();
        match self.rng.below(24) {
            0 => drop(artifacts.pop()),
            1 => artifacts.push((7, 0)),
            2 => artifacts.iter_mut().for_each(|it| it.1 = 1),
            3 => artifacts.extend(facts.artifacts.first().copied()),
            _ => {}
        }
        let next: Vec<usize> = facts.targets.iter().copied().filter(|it| !story.on.contains_key(it)).collect();
        let target = match self.rng.below(30) {
            0 => None,
            1 => Some(self.rng.below(4)),
            _ => self.rng.maybe(&next),
        };
        let run = self.run();
        let mut entry = self.by(actor, What::Start { of, target, run, artifacts });
        if facts.window.0 > self.now && self.rng.percent(70) {
            entry.time = facts.window.0;
        }
        entry
    }

    /// Something about the current revision by an approver, or whoever may take it back.
    fn decide(&mut self, what: fn(Revision) -> What) -> Entry {
        let change = self.change(|it| !it.withdrawn && it.start.is_none());
        let of = self.revision(change);
        let model = self.model;
        let withdraws = matches!(what(of), What::Withdraw(_));
        let actor = match model.story(change) {
            Some(story) if withdraws => self.somebody(|it| story.requested_by(it) || story.facts().owner == it),
            _ => self.with_role(Role::Approver),
        };
        self.by(actor, what(of))
    }

    fn retract(&mut self) -> Entry {
        let change = self.change(|it| !it.said.is_empty());
        let of = self.revision(change);
        let model = self.model;
        let said: Vec<Person> =
            model.story(change).map_or(Vec::new(), |it| it.said.iter().map(|(_, entry)| entry.actor).collect());
        let anybody = self.anybody();
        let actor = if self.rng.percent(90) { self.rng.one_or(&said, anybody) } else { anybody };
        self.by(actor, What::Retract(of))
    }

    fn revise(&mut self) -> Entry {
        let change = self.change(|it| !it.withdrawn && it.start.is_none());
        let of = self.revision(change);
        let model = self.model;
        let Some(story) = model.story(change) else { return self.file() };
        let actor = self.somebody(|it| story.requested_by(it) || story.facts().owner == it);
        let fresh = self.facts(actor);
        let mut facts = story.facts().clone();
        match self.rng.below(5) {
            0 => facts.owner = fresh.owner,
            1 => facts.implementers = fresh.implementers,
            2 => (facts.window, facts.excepted) = (fresh.window, fresh.excepted),
            3 => {}
            _ => facts = fresh,
        }
        self.filing(actor, What::Revise { of, facts })
    }

    fn finish(&mut self) -> Entry {
        let again = self.rng.percent(40);
        let change = self.change(|it| it.start.is_some() && it.outcomes.is_empty() != again);
        let of = self.revision(change);
        let model = self.model;
        let named = |it: Person| {
            model.story(change).is_some_and(|story| {
                let facts = story.facts();
                facts.owner == it || facts.implementers.contains(&it)
            })
        };
        let actor = self.somebody(named);
        let started: Vec<usize> = model.story(change).map_or(Vec::new(), |it| it.on.keys().copied().collect());
        let open = model.story(change).is_some_and(|it| it.on.values().any(|(_, outcomes)| outcomes.is_empty()));
        let target = match self.rng.below(20) {
            0 => Some(self.rng.below(4)),
            1..4 => None,
            _ if open || again => self.rng.maybe(&started),
            _ => None,
        };
        let derived = model.story(change).map(|it| it.derived()).filter(|_| target.is_none() && !started.is_empty());
        let any = self.rng.one(Outcome::ALL);
        let outcome = derived.filter(|_| self.rng.percent(70)).unwrap_or(any);
        let run = self.run();
        self.by(actor, What::Finish { of, target, run, outcome })
    }

    /// Mostly no run of a pipeline, sometimes one of two.
    fn run(&mut self) -> Option<u8> {
        if self.rng.percent(30) { Some(self.rng.below(2) as u8) } else { None }
    }

    fn note(&mut self) -> Entry {
        let change = self.change(|_| true);
        let actor = self.somebody(|_| true);
        self.by(actor, What::Note(change))
    }

    /// That somebody was refused, mostly truly; now and then what was recorded before.
    fn refused(&mut self, real: &Real) -> Entry {
        let model = self.model;
        let before: Vec<&Entry> = model.entries.iter().filter(|it| matches!(it.what, What::Refused { .. })).collect();
        if !before.is_empty() && self.rng.percent(30) {
            let entry = self.rng.one(&before);
            return Entry { time: self.now, ..entry.clone() };
        }
        let mut attempt = match self.rng.below(4) {
            0 => self.approve(),
            1 => self.start(),
            2 => self.decide(What::Reject),
            _ => self.second(),
        };
        if !matches!(attempt.what, What::Approve(_) | What::Reject(_) | What::Start { .. } | What::Second(_)) {
            return attempt;
        }
        attempt.words.clear();
        if self.rng.percent(40) {
            attempt.actor = self.anybody();
            attempt.key = self.key_of(attempt.actor);
        }
        let any = self.rng.one(Refusal::RULES).to_owned();
        let rule = match real.judge(&attempt) {
            Err(refusal) if self.rng.percent(85) => refusal.rule().to_string(),
            _ => any,
        };
        Entry { what: What::Refused { attempt: Box::new(attempt.what), rule }, ..attempt }
    }
}
