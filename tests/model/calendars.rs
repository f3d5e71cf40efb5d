//! Calendars in the model: which are in force, what people try, and the periods of freezes that refer to them.

use std::collections::BTreeSet;

use twinseal::domain;

use super::draw::{Draw, TICK};
use super::facts::{Action, Facts, Freeze, Place, Time};
use super::model::{Fact, Model, Story};
use super::real::{Real, calendar_name, environment, group, tag, time};
use super::rules::Broken;
use super::services::service;

/// When something is closed: its periods, until when they are known, and the one that is reserved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule {
    pub known: Option<Time>,
    pub periods: Vec<(Time, Time)>,
    /// Which period, for which tag, and when what was tested must be restored.
    pub reserved: Option<(usize, usize, Time)>,
}

impl Schedule {
    /// Whether it is closed at some time from one moment up to another.
    pub fn is_closed(&self, from: Time, until: Time) -> bool {
        let met = |(begin, end): &(Time, Time)| *begin < until && *end > from;
        self.periods.iter().any(met) || self.known.is_some_and(|known| known < until)
    }

    /// The rule by which it stops a change from one moment up to another: that of the first period that does.
    pub fn stops(&self, facts: &Facts, from: Time, until: Time) -> Option<&'static str> {
        let rule = |(n, (begin, end)): (usize, &(Time, Time))| {
            let met = *begin < until && *end > from;
            match self.reserved.filter(|(at, ..)| *at == n) {
                _ if !met => None,
                None => Some("frozen"),
                Some((_, tag, _)) if !facts.tags.contains(&tag) => Some("reserved"),
                Some((_, _, by)) => (facts.window.1 > by).then_some("restored-by"),
            }
        };
        let first = self.periods.iter().enumerate().find_map(rule);
        first.or_else(|| self.known.is_some_and(|known| known < until).then_some("frozen"))
    }
}

impl Model {
    /// The calendar of this name that is in force, and where it was put in force.
    pub fn calendar(&self, name: usize) -> Option<(Place, &Schedule)> {
        self.facts.iter().rev().find_map(|(place, fact)| match fact {
            Fact::Calendar(it, schedule) if *it == name => Some((*place, schedule)),
            _ => None,
        })
    }

    /// What a freeze says, with the periods of its calendar, if that is in force.
    pub fn resolved(&self, freeze: &Freeze) -> Option<Freeze> {
        let Some((name, since)) = freeze.calendar else { return Some(freeze.clone()) };
        let (_, schedule) = self.calendar(name).filter(|(place, _)| *place == since)?;
        Some(Freeze { hours: schedule.clone(), ..freeze.clone() })
    }

    /// What a proposal about a calendar may ask for.
    pub fn break_calendar(&self, no: &mut Broken, action: &Action) {
        let Action::Calendar { name, replaces, schedule } = action else { return };
        let present = self.calendar(*name);
        no.when(present.map(|it| it.0) != *replaces, "proposal-not-stale");
        no.when(present.is_some_and(|it| it.1 == schedule), "proposal-has-effect");
    }
}

impl Draw<'_> {
    /// The schedule of a freeze that would stop an open change: one period in its window, mostly reserved.
    fn aimed(&mut self) -> Option<Schedule> {
        let (model, now) = (self.model, self.now);
        let open = (1..=model.changes()).filter_map(|it| model.story(it));
        let open = open.filter(|it| it.start.is_none() && !it.withdrawn && !it.facts().is_too_late(now));
        let counted = |it: &Story<'_>| model.counted(it, model.reading(now)).len() >= 2;
        let approved: Vec<Facts> = open.filter(counted).map(|it| it.facts().clone()).collect();
        let facts = self.rng.maybe(&approved)?;
        let (begin, end) = (facts.window.0.max(now - 2 * TICK), facts.window.1);
        let tag = self.rng.one_or(&facts.tags.iter().copied().collect::<Vec<_>>(), 1);
        let tag = if self.rng.percent(50) { tag } else { 1 - tag };
        let by = (end + self.rng.one(&[-TICK, -TICK, 0])).max(begin + 1);
        let reserved = self.rng.percent(85).then_some((0, tag, by));
        Some(Schedule { known: None, periods: vec![(begin, end.max(begin + TICK))], reserved })
    }

    pub fn schedule(&mut self) -> Schedule {
        if let Some(aimed) = self.aimed().filter(|_| self.rng.percent(70)) {
            return aimed;
        }
        let mut periods = Vec::new();
        let mut begin = self.now + (self.rng.below(10) as Time - 4) * TICK;
        for _ in 0..1 + self.rng.below(3) {
            let end = begin + self.rng.one(&[1, 2, 3, 4, 12, 40]) * TICK;
            periods.push((begin, end));
            begin = end + self.rng.below(4) as Time * TICK;
        }
        let last = periods.last().map_or(self.now, |it| it.1);
        let reserved = self.rng.percent(85).then(|| {
            let at = if self.rng.percent(75) { 0 } else { self.rng.below(periods.len()) };
            let tag = usize::from(self.rng.percent(75));
            (at, tag, periods[at].0 + self.rng.one(&[1, 4, 4, 12, 40, 80]) * TICK)
        });
        Schedule { known: self.rng.percent(25).then(|| last + self.rng.below(8) as Time * TICK), periods, reserved }
    }

    /// Moves a change into a reserved period of a freeze in force, mostly with its tag, and without an exception.
    pub fn aim_at_reserved(&mut self, facts: &mut Facts) {
        let hours = self.model.freezes().into_values().map(|it| it.freeze.hours.clone());
        let reserved = |it: Schedule| it.reserved.map(|(at, tag, by)| (it.periods[at], tag, by));
        let there: Vec<_> = hours.filter_map(reserved).filter(|((_, end), ..)| *end > self.now).collect();
        let Some(((begin, end), tag, by)) = self.rng.maybe(&there) else { return };
        let begin = begin.max(self.now - TICK).min(end - 1);
        let end = by.max(self.now + facts.rollback) + self.rng.one(&[0, TICK, 8 * TICK]);
        if end > begin + facts.rollback {
            (facts.window, facts.excepted) = ((begin, end), Default::default());
            if self.rng.percent(70) {
                facts.tags.insert(tag);
            }
        }
    }

    /// A proposal to set or replace a calendar; sometimes as it is.
    pub fn calendar_action(&mut self) -> Action {
        let (model, name) = (self.model, self.rng.below(2));
        let present = model.calendar(name);
        let replaces = match self.rng.below(12) {
            0 => Some(self.rng.below(model.entries.len().max(1))),
            _ => present.map(|it| it.0),
        };
        let same = present.map(|it| it.1.clone()).filter(|_| self.rng.percent(12));
        Action::Calendar { name, replaces, schedule: same.unwrap_or_else(|| self.schedule()) }
    }

    /// The calendar to which a freeze refers: mostly one in force.
    pub fn reference(&mut self) -> (usize, Place) {
        let (model, name) = (self.model, self.rng.below(2));
        let any = self.rng.below(model.entries.len().max(1));
        let there = model.calendar(name).map(|it| it.0).filter(|_| !self.rng.percent(8));
        (name, there.unwrap_or(any))
    }
}

impl Real {
    /// What a freeze says, as its entry does: one that refers to a calendar has no periods.
    pub fn terms(&self, it: &Freeze) -> domain::Terms {
        let calendar =
            it.calendar.map(|(name, since)| domain::CalendarRef { name: calendar_name(name), since: self.leaf(since) });
        let (known, periods) = match calendar {
            Some(_) => (domain::Known::Complete, domain::ClosedPeriods::default()),
            None => hours(&it.hours),
        };
        domain::Terms {
            scope: domain::Scope {
                kinds: it.kinds.clone(),
                risks: BTreeSet::new(),
                services: it.service.map(service).into_iter().collect(),
                environments: it.environment.map(environment).into_iter().collect(),
                tags: it.tagged.then(|| tag(0)).into_iter().collect(),
            },
            except_kinds: it.except_kinds.clone(),
            except_tags: it.except_tagged.then(|| tag(0)).into_iter().collect(),
            group: group(it.group),
            calendar,
            known,
            periods,
        }
    }

    /// A calendar as a proposal would set it.
    pub fn set_calendar(&self, name: usize, replaces: Option<Place>, schedule: &Schedule) -> domain::SetCalendar {
        let (known, periods) = hours(schedule);
        let replaces = replaces.map(|it| self.leaf(it));
        domain::SetCalendar { name: calendar_name(name), replaces, known, periods }
    }
}

fn hours(it: &Schedule) -> (domain::Known, domain::ClosedPeriods) {
    let period = |(n, (from, until)): (usize, &(Time, Time))| {
        let period = domain::ClosedPeriod::new(time(*from), time(*until), "closed".parse().unwrap()).unwrap();
        match it.reserved.filter(|(at, ..)| *at == n) {
            Some((_, it, by)) => period.for_only(domain::Reserved { tag: tag(it), restored_by: time(by) }).unwrap(),
            None => period,
        }
    };
    let known = it.known.map_or(domain::Known::Complete, |known| domain::Known::Until(time(known)));
    (known, domain::ClosedPeriods::new(it.periods.iter().enumerate().map(period).collect()).unwrap())
}
