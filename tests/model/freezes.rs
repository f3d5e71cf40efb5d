//! Freezes in the model: what stands at a place, what it stops, and what people try.

use std::collections::{BTreeMap, BTreeSet};

use twinseal::domain::{ChangeKind, Field, Role};

use super::calendars::Schedule;
use super::clocks::Moment;
use super::draw::{Draw, TICK};
use super::facts::{Action, DAY, Entry, Facts, Freeze, FreezeName, Person, Place, Proposal, Time, What};
use super::model::{Fact, Model, Story};
use super::rules::Broken;
use super::templates;

/// The group whose members open freezes, by its number.
pub const DUTY: usize = 0;

/// What a freeze that was opened by one person is closed for before its claim.
const BEFORE: Time = 300;

/// What a freeze that was opened by one person counts for at least.
const LEAST: Time = 4 * 3600;

/// A freeze in force: where it was put in force, what it says, and who opened it alone.
#[derive(Clone, Copy)]
pub struct InForce<'m> {
    pub since: Place,
    pub freeze: &'m Freeze,
    pub alone: Option<Person>,
}

impl Freeze {
    /// Whether it is closed at some time of the window of a change that it concerns.
    pub fn touches(&self, facts: &Facts) -> bool {
        self.concerns(facts) && self.hours.is_closed(facts.window.0, facts.window.1)
    }

    fn concerns(&self, facts: &Facts) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.contains(&facts.kind);
        // Whoever names no environment may touch any.
        let environment = self.environment.is_none_or(|it| it == 0 || !facts.production);
        let service = self.service.is_none_or(|it| facts.services.contains(&it));
        let has_tag = facts.tags.contains(&0);
        let tagged = if has_tag { !self.except_tagged } else { !self.tagged };
        kind && environment && service && tagged && !self.except_kinds.contains(&facts.kind)
    }

    fn is_waived(&self, facts: &Facts) -> bool {
        facts.kind == ChangeKind::Emergency && !self.kinds.contains(&ChangeKind::Emergency)
    }
}

impl Model {
    /// The freeze of this name that is in force.
    pub fn freeze(&self, name: FreezeName) -> Option<InForce<'_>> {
        let last = self.facts.iter().rev().find_map(|(since, fact)| match fact {
            Fact::Frozen(it, freeze, alone) if *it == name => {
                Some(Some(InForce { since: *since, freeze, alone: *alone }))
            }
            Fact::Thawed(it) if *it == name => Some(None),
            _ => None,
        });
        last.flatten()
    }

    /// Every name that a freeze ever had.
    pub fn freeze_names(&self) -> BTreeSet<FreezeName> {
        let named = |(_, fact): &(Place, Fact)| match fact {
            Fact::Frozen(name, ..) => Some(*name),
            _ => None,
        };
        self.facts.iter().filter_map(named).collect()
    }

    /// Every freeze in force.
    pub fn freezes(&self) -> BTreeMap<FreezeName, InForce<'_>> {
        self.freeze_names().into_iter().filter_map(|name| Some((name, self.freeze(name)?))).collect()
    }

    /// Whether somebody may open a freeze alone.
    pub fn on_duty(&self, person: Person, now: Moment) -> bool {
        let may = self.has_role(person, Role::Admin, now) || self.is_in(person, DUTY, now);
        may && self.operators(person).is_empty()
    }

    /// What a freeze says that somebody opens alone.
    fn opened_alone(entry: &Entry, until: Time, service: Option<usize>) -> Freeze {
        Freeze {
            kinds: BTreeSet::new(),
            service,
            environment: None,
            tagged: false,
            except_kinds: BTreeSet::new(),
            except_tagged: false,
            group: DUTY,
            calendar: None,
            hours: Schedule { periods: vec![(entry.time - BEFORE, until)], ..Schedule::default() },
        }
    }

    /// What an entry about a freeze makes so, at its place.
    pub fn freeze_facts(&self, entry: &Entry, place: Place) -> Vec<Fact> {
        match &entry.what {
            What::FreezeNow { until, service } => {
                let freeze = Self::opened_alone(entry, *until, *service);
                vec![Fact::Frozen(FreezeName::Now(place), freeze, Some(entry.actor))]
            }
            What::FreezeEnd { name, .. } => vec![Fact::Thawed(*name)],
            _ => Vec::new(),
        }
    }

    /// What the second of a proposal about a freeze, a calendar, services or a template makes so.
    pub fn seconded_freeze(&self, second: &Entry, action: &Action) -> Vec<Fact> {
        match action {
            Action::Freeze { name, freeze, .. } => {
                let freeze = self.resolved(freeze).expect("its calendar was in force when it was seconded");
                vec![Fact::Frozen(*name, freeze, None)]
            }
            Action::Template { .. } | Action::EndTemplate { .. } => templates::seconded(action).into_iter().collect(),
            Action::Services { put, dropped, .. } => vec![Fact::Services(put.clone(), dropped.clone())],
            Action::Calendar { name, schedule, .. } => vec![Fact::Calendar(*name, schedule.clone())],
            Action::Thaw { name, again, .. } => {
                let opened = |(_, fact): &(Place, Fact)| match fact {
                    Fact::Frozen(it, _, alone) if it == name => *alone,
                    _ => None,
                };
                let alone = self.facts.iter().rev().find_map(opened).filter(|_| !again);
                let until = self.moment(second).effective + 7 * DAY;
                let others = alone.map_or(Vec::new(), |by| self.opened_by(by));
                let others = others.into_iter().map(|(name, _)| Fact::Thawed(name));
                alone.map(|by| Fact::Barred(by, until)).into_iter().chain(others).chain([Fact::Thawed(*name)]).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Who opened the freeze alone that a proposal would end, whether it ended since or not.
    pub fn keeper(&self, proposal: Proposal) -> Option<Person> {
        let Some(What::Propose { action: Action::Thaw { name, replaces, .. }, .. }) =
            self.entries.get(proposal.opened).map(|it| &it.what)
        else {
            return None;
        };
        self.facts.iter().find_map(|(place, fact)| match fact {
            Fact::Frozen(it, _, alone) if it == name && place == replaces => *alone,
            _ => None,
        })
    }

    /// Every freeze that somebody ever opened alone.
    fn opened_by(&self, person: Person) -> Vec<(FreezeName, &Freeze)> {
        let opened = |(_, fact): &'_ (Place, Fact)| matches!(fact, Fact::Frozen(_, _, Some(by)) if *by == person);
        let named = |(_, fact)| match fact {
            &Fact::Frozen(name, ref freeze, _) => Some((name, freeze)),
            _ => None,
        };
        self.facts.iter().filter(|it| opened(it)).map(|(place, fact)| (place, fact)).filter_map(named).collect()
    }

    /// What the freeze said that was put in force at a place, if whoever opened it alone ended it after another place.
    fn ended_since(&self, name: FreezeName, since: Place, opened: Place) -> Option<&Freeze> {
        let freeze = self.facts.iter().find_map(|(place, fact)| match fact {
            Fact::Frozen(it, freeze, Some(_)) if *it == name && *place == since => Some(freeze),
            _ => None,
        });
        let last = self.facts.iter().rev().find(|(_, fact)| matches!(fact, Fact::Thawed(it) if *it == name));
        let (place, _) = last?;
        freeze.filter(|_| *place > opened && matches!(self.entries[*place].what, What::FreezeEnd { .. }))
    }

    /// What a proposal about a freeze may ask for that was opened at a place.
    pub fn break_freeze(&self, no: &mut Broken, action: &Action, (opened, now): (Place, Moment)) {
        match action {
            Action::Freeze { name, replaces, freeze } => {
                let present = self.freeze(*name);
                no.when(present.map(|it| it.since) != *replaces, "proposal-not-stale");
                let says = self.resolved(freeze);
                no.when(says.is_none(), "calendar-known");
                no.when(present.is_some_and(|it| Some(it.freeze) == says.as_ref()), "proposal-has-effect");
            }
            Action::Thaw { name, replaces, .. } => {
                let present = self.freeze(*name).filter(|it| it.since == *replaces);
                let ended = self.ended_since(*name, *replaces, opened);
                no.when(present.is_none() && ended.is_none(), "proposal-not-stale");
                let alone = present.filter(|it| it.alone.is_some()).map(|it| it.freeze).or(ended);
                no.when(alone.is_some_and(|it| it.hours.periods[0].1 <= now.effective), "proposal-has-effect");
            }
            _ => {}
        }
    }

    /// Whether somebody may open or end a freeze alone.
    pub fn break_freeze_alone(&self, no: &mut Broken, entry: &Entry) {
        let now = self.moment(entry);
        match &entry.what {
            What::FreezeNow { until, .. } => {
                no.when(!self.on_duty(entry.actor, now), "freeze-now-by");
                no.when(!entry.words.contains(&Field::Reason), "reason-required");
                no.when(*until <= entry.time || *until > entry.time - BEFORE + DAY, "freeze-now-limit");
                let barred = self.facts.iter().rev().find_map(|(_, fact)| match fact {
                    Fact::Barred(who, until) if *who == entry.actor => Some(*until),
                    _ => None,
                });
                let others = self.witnessed(self.entries.len(), &self.behind_act(entry.actor, entry.key));
                let early = |until| others.is_none_or(|others| others < until);
                no.when(barred.is_some_and(early), "freeze-now-again");
                self.break_chain(no, entry, now);
            }
            What::FreezeEnd { name, since } => {
                let present = self.freeze(*name);
                no.when(present.map(|it| it.since) != Some(*since), "freeze-known");
                no.when(present.is_none_or(|it| it.alone != Some(entry.actor)), "freeze-end-own");
            }
            _ => {}
        }
    }

    /// Nobody freezes what their own freeze closes, or for more than a day in a week.
    fn break_chain(&self, no: &mut Broken, entry: &Entry, now: Moment) {
        let What::FreezeNow { until, service } = &entry.what else { return };
        let mine = self.opened_by(entry.actor);
        let shares = |it: &Freeze| it.service.is_none() || service.is_none() || it.service == *service;
        let lasts = |it: &Freeze| it.hours.periods[0].1 > now.effective;
        let again = |(name, it): &(FreezeName, &Freeze)| self.freeze(*name).is_some() && shares(it) && lasts(it);
        no.when(mine.iter().any(again), "freeze-now-once");
        let begin = entry.time - BEFORE;
        let near = mine.iter().map(|(_, it)| it.hours.periods[0]).filter(|(from, _)| (*from - begin).abs() < 7 * DAY);
        let counted: Time = near.chain([(begin, *until)]).map(|(from, until)| LEAST.max(until - from)).sum();
        no.when(counted > DAY, "freeze-now-total");
    }

    /// A revision names freezes in force, and says why.
    pub fn break_excepted(&self, no: &mut Broken, entry: &Entry, facts: &Facts) {
        let there = |(name, since): (&FreezeName, &Place)| self.freeze(*name).is_some_and(|it| it.since == *since);
        no.when(!facts.excepted.iter().all(there), "freeze-known");
        no.when(!facts.excepted.is_empty() && !entry.words.contains(&Field::Exception), "field-required");
    }

    /// No freeze stops a start up to the end of the window, and everybody excepts who must.
    pub fn break_frozen(&self, no: &mut Broken, entry: &Entry, story: &Story<'_>) {
        let (facts, now) = (story.facts(), self.moment(entry));
        let (mut groups, mut openers) = (BTreeSet::new(), BTreeSet::new());
        for (name, it) in self.freezes() {
            let Some(rule) = it.freeze.hours.stops(facts, entry.time, facts.window.1) else { continue };
            if !it.freeze.concerns(facts) || it.freeze.is_waived(facts) {
                continue;
            }
            match (facts.excepted.get(&name) == Some(&it.since), it.alone) {
                (false, _) => no.when(true, rule),
                (true, Some(by)) => _ = openers.insert(by),
                (true, None) => _ = groups.insert(it.freeze.group),
            }
        }
        let counted: Vec<Person> = self.counted(story, now).into_iter().collect();
        // Nobody stands for a group of the policy and for one of a freeze.
        let mut asked = self.of_groups(facts);
        groups.iter().for_each(|group| _ = asked.entry(*group).or_insert(1));
        let excepts = !groups.is_empty() || !openers.is_empty();
        let slots = asked.iter().flat_map(|(group, count)| vec![*group; *count as usize]);
        let mut slots: Vec<BTreeSet<Person>> =
            slots.map(|group| counted.iter().copied().filter(|it| self.is_in(*it, group, now)).collect()).collect();
        if !openers.is_empty() {
            let may = |it: &Person| self.on_duty(*it, now) && !openers.contains(it);
            slots.push(counted.iter().copied().filter(may).collect());
        }
        no.when(excepts && !can_fill(&slots, &mut BTreeSet::new()), "freeze-exception");
    }
}

/// Whether each slot can have a person of its own: every way is tried.
fn can_fill(slots: &[BTreeSet<Person>], taken: &mut BTreeSet<Person>) -> bool {
    let Some((first, rest)) = slots.split_first() else { return true };
    first.iter().any(|person| {
        let free = taken.insert(*person);
        let filled = free && can_fill(rest, taken);
        if free {
            taken.remove(person);
        }
        filled
    })
}

impl Draw<'_> {
    fn new_freeze(&mut self) -> Freeze {
        let calendar = self.rng.percent(25).then(|| self.reference());
        Freeze {
            kinds: self.rng.some(ChangeKind::ALL, 12).into_iter().collect(),
            service: self.rng.percent(20).then(|| self.rng.below(2)),
            environment: self.rng.percent(20).then(|| self.rng.below(2)),
            tagged: self.rng.percent(8),
            except_kinds: self.rng.some(ChangeKind::ALL, 6).into_iter().collect(),
            except_tagged: self.rng.percent(20),
            group: self.rng.below(2),
            hours: if calendar.is_none() { self.schedule() } else { Schedule::default() },
            calendar,
        }
    }

    /// A freeze in force, mostly: its name, and where it was put in force.
    fn a_freeze(&mut self) -> (FreezeName, Place) {
        let model = self.model;
        let there: Vec<(FreezeName, Place)> = model.freezes().into_iter().map(|(name, it)| (name, it.since)).collect();
        let any = (FreezeName::Named(self.rng.below(3)), self.rng.below(model.entries.len().max(1)));
        let ever: Vec<FreezeName> = model.freeze_names().into_iter().collect();
        let gone = (self.rng.one_or(&ever, any.0), any.1);
        match self.rng.below(20) {
            0 => any,
            1 => gone,
            _ => self.rng.one_or(&there, any),
        }
    }

    /// The freezes that open changes name as exceptions.
    fn relied_on(&self) -> Vec<FreezeName> {
        let model = self.model;
        let stories = (1..=model.changes()).filter_map(|it| model.story(it)).filter(|it| it.start.is_none());
        let excepted = stories.flat_map(|it| it.facts().excepted.clone());
        let there = |(name, since): &(FreezeName, Place)| {
            matches!(name, FreezeName::Named(_)) && model.freeze(*name).is_some_and(|it| it.since == *since)
        };
        excepted.filter(there).map(|(name, _)| name).collect()
    }

    /// A proposal to set, replace or end a freeze; often one from which an open change is excepted.
    pub fn freeze_action(&mut self) -> Action {
        let model = self.model;
        let drawn = self.rng.weighed(&[56, 12, 32]);
        if drawn == 1 {
            return self.calendar_action();
        }
        if drawn == 0 {
            let (mut name, mut replaces) = self.a_freeze();
            let alone: Vec<(FreezeName, Place)> = model
                .freezes()
                .into_iter()
                .filter(|(_, it)| it.alone.is_some())
                .map(|(name, it)| (name, it.since))
                .collect();
            if self.rng.percent(85) {
                (name, replaces) = self.rng.one_or(&alone, (name, replaces));
            }
            return Action::Thaw { name, replaces, again: self.rng.percent(15) };
        }
        let any = FreezeName::Named(self.rng.below(3));
        let relied = self.relied_on();
        let name = if self.rng.percent(50) { self.rng.one_or(&relied, any) } else { any };
        let present = model.freeze(name);
        let replaces = match self.rng.below(20) {
            0 => Some(self.rng.below(model.entries.len().max(1))),
            _ => present.map(|it| it.since),
        };
        // As its entry says it: one that refers to a calendar lists no periods.
        let said = |it: InForce<'_>| match it.freeze.calendar {
            Some(_) => Freeze { hours: Schedule::default(), ..it.freeze.clone() },
            None => it.freeze.clone(),
        };
        let same = present.map(said).filter(|_| self.rng.percent(15));
        Action::Freeze { name, replaces, freeze: same.unwrap_or_else(|| self.new_freeze()) }
    }

    /// Everybody who may open no freeze alone for a while.
    pub fn barred(&self) -> Vec<Person> {
        let until = |(_, fact): &(Place, Fact)| match fact {
            Fact::Barred(who, until) if *until > self.now => Some(*who),
            _ => None,
        };
        self.model.facts.iter().filter_map(until).collect()
    }

    /// Somebody opens or ends a freeze alone.
    pub fn freeze_alone(&mut self) -> Entry {
        let (model, now) = (self.model, self.model.reading(self.now));
        let alone: Vec<(FreezeName, Place, Person)> =
            model.freezes().into_iter().filter_map(|(name, it)| Some((name, it.since, it.alone?))).collect();
        if !alone.is_empty() && self.rng.percent(40) {
            let (name, since, by) = self.rng.one(&alone);
            let (name, since) = if self.rng.percent(90) { (name, since) } else { self.a_freeze() };
            let actor = if self.rng.percent(80) { by } else { self.anybody() };
            return self.by(actor, What::FreezeEnd { name, since });
        }
        let barred = self.barred();
        let duty = self.somebody(|it| model.on_duty(it, now));
        let actor = if self.rng.percent(75) { self.rng.one_or(&barred, duty) } else { duty };
        let actor = if self.rng.percent(10) { self.anybody() } else { actor };
        let until =
            self.now + self.rng.one(&[0, TICK, 3 * TICK, DAY - BEFORE, DAY - BEFORE, DAY - BEFORE, DAY - BEFORE + 1]);
        let service = self.rng.percent(30).then(|| self.rng.below(2));
        self.by(actor, What::FreezeNow { until, service })
    }

    /// The freezes from which a revision asks to be excepted: mostly those that it meets.
    pub fn exceptions(&mut self, facts: &Facts) -> BTreeMap<FreezeName, Place> {
        let model = self.model;
        let from = facts.window.0.max(self.now);
        let met = |it: &InForce<'_>| it.freeze.hours.is_closed(from, facts.window.1) && it.freeze.concerns(facts);
        let met: Vec<(FreezeName, Place)> =
            model.freezes().into_iter().filter(|(_, it)| met(it)).map(|(name, it)| (name, it.since)).collect();
        let mut excepted: BTreeMap<FreezeName, Place> = self.rng.some(&met, 90).into_iter().collect();
        if self.rng.percent(2) {
            excepted.extend([self.a_freeze()]);
        }
        excepted
    }
}
