//! Break-glasses in the model: what was recorded about one, what that means, and which are drawn.

use std::collections::BTreeSet;

use twinseal::domain::{BreakGlassStatus, Duty, Field, Role};

use super::clocks::Moment;
use super::draw::Draw;
use super::facts::{Action, DAY, Entry, Person, Place, Time, What};
use super::model::Model;
use super::rules::Broken;

/// All that was recorded about one break-glass.
pub struct Glass<'a> {
    pub opened: (Place, &'a Entry),
    affects: Option<usize>,
    pub close: Option<(Place, &'a Entry)>,
    ratified: Vec<(Place, &'a Entry)>,
}

impl Model {
    /// How many were opened.
    pub fn glasses(&self) -> usize {
        self.entries.iter().filter(|entry| matches!(entry.what, What::OpenGlass { .. })).count()
    }

    pub fn glass(&self, number: usize) -> Option<Glass<'_>> {
        let mut about = self.entries.iter().enumerate().filter(|(_, entry)| entry.what.glass() == Some(number));
        let opened = about.next()?;
        let What::OpenGlass { affects, .. } = opened.1.what else { panic!("it begins with {:?}", opened.1) };
        let (closes, ratified) = about.partition::<Vec<_>, _>(|(_, entry)| matches!(entry.what, What::CloseGlass(_)));
        Some(Glass { opened, affects, close: closes.first().copied(), ratified })
    }

    /// When it ended, or will.
    fn end(&self, glass: &Glass<'_>) -> Time {
        let effective = |(place, entry): (Place, &Entry)| self.before(place).moment(entry).effective;
        let minutes = self.before(glass.opened.0).policy().map_or(0, |(_, policy)| policy.break_glass.0);
        let at_last = effective(glass.opened) + 60 * minutes as Time;
        glass.close.map_or(at_last, |close| at_last.min(effective(close)))
    }

    /// Whether somebody opened or closed it, answers for a machine that did, or touched the change that it acts on.
    fn had_part(&self, glass: &Glass<'_>, person: Person) -> bool {
        let acts = [glass.opened].into_iter().chain(glass.close);
        let answers = acts.flat_map(|(_, act)| self.behind_act(act.actor, act.key)).any(|it| it == person);
        let story = glass.affects.and_then(|change| self.story(change));
        answers || story.is_some_and(|story| self.touched(&story, person))
    }

    /// Whether its opener was in a group of the policy then in force, if that names any.
    fn is_provided_for(&self, (place, entry): (Place, &Entry)) -> bool {
        let (then, now) = (self.before(place), self.before(place).moment(entry));
        let Some((_, policy)) = then.policy() else { return false };
        let groups = &policy.break_glass.1;
        groups.is_empty() || groups.iter().any(|group| then.is_in(entry.actor, *group, now))
    }

    /// Who ratified it so that it counts at a moment.
    fn ratifiers(&self, glass: &Glass<'_>, now: Moment) -> BTreeSet<Person> {
        let apart = self.separates(Duty::AdminApprover);
        let counts = |person: &Person| {
            let (_, last) = glass.ratified.iter().rfind(|(_, entry)| entry.actor == *person).expect("they ratified it");
            self.has_role(*person, Role::Approver, now)
                && !(apart && self.has_role(*person, Role::Admin, now))
                && self.is_live(last.key, *person)
                && !self.had_part(glass, *person)
        };
        let people: BTreeSet<Person> = glass.ratified.iter().map(|(_, entry)| entry.actor).collect();
        people.into_iter().filter(counts).collect()
    }

    /// Whether two people's ratifications counted when one of them was recorded.
    fn is_ratified(&self, number: usize) -> bool {
        let glass = self.glass(number).expect("it was opened");
        glass.ratified.iter().any(|(place, entry)| {
            let (now, after) = (self.before(*place).moment(entry), self.before(place + 1));
            after.glass(number).is_some_and(|glass| after.ratifiers(&glass, now).len() >= 2)
        })
    }

    /// Where it stands at a moment.
    pub fn glass_status(&self, number: usize, now: Moment) -> BreakGlassStatus {
        let glass = self.glass(number).expect("it was opened");
        let end = self.end(&glass);
        match glass.close {
            _ if self.is_ratified(number) => BreakGlassStatus::Ratified,
            _ if now.effective >= end + DAY => BreakGlassStatus::Unauthorised,
            Some(_) => BreakGlassStatus::Closed,
            None if now.effective >= end => BreakGlassStatus::Ended,
            None => BreakGlassStatus::Open,
        }
    }

    /// The rules about break-glass.
    pub fn break_glass(&self, no: &mut Broken, entry: &Entry) {
        let Entry { actor, words, .. } = entry;
        let engineer = self.has_role(*actor, Role::Engineer, self.moment(entry));
        let about = match entry.what {
            What::OpenGlass { number, .. } => {
                no.when(number != self.glasses() + 1, "breakglass-number");
                no.when(!engineer, "role");
                no.when(!words.contains(&Field::Reason), "reason-required");
                return;
            }
            What::CloseGlass(number) | What::Ratify { number, .. } => self.glass(number),
            ref other => panic!("{other:?} is about no break-glass"),
        };
        let Some(glass) = about else { return no.when(true, "breakglass-known") };
        match entry.what {
            What::Ratify { number, closed } => self.break_ratify(no, entry, (number, &glass), closed),
            _ => {
                no.when(*actor != glass.opened.1.actor && !engineer, "role");
                no.when(glass.close.is_some(), "breakglass-close-once");
                no.when(!words.contains(&Field::Note), "breakglass-report");
            }
        }
    }

    fn break_ratify(&self, no: &mut Broken, entry: &Entry, (number, glass): (usize, &Glass<'_>), closed: Place) {
        let (actor, now, end) = (entry.actor, self.moment(entry), self.end(glass));
        no.when(!self.has_role(actor, Role::Approver, now), "role");
        let admin = self.has_role(actor, Role::Admin, now);
        no.when(admin && self.separates(Duty::AdminApprover), "separate-duties");
        no.when(self.had_part(glass, actor), "breakglass-part");
        no.when(!self.is_provided_for(glass.opened), "breakglass-group");
        no.when(glass.close.is_none(), "breakglass-closed");
        no.when(glass.close.is_some_and(|(place, _)| place != closed), "breakglass-close-known");
        no.when(self.is_ratified(number), "breakglass-undecided");
        no.when(end > now.effective + 300, "breakglass-ahead");
        no.when(now.effective >= end + DAY, "breakglass-deadline");
        let signed = [glass.opened].into_iter().chain(glass.close);
        no.when(signed.map(|(place, _)| place).any(|place| self.is_redacted(place)), "breakglass-redacted");
    }
}

impl Draw<'_> {
    /// Something about a break-glass, mostly the next step of the newest.
    pub fn glass(&mut self) -> Entry {
        let model = self.model;
        let count = model.glasses();
        let number = match self.rng.below(40) {
            0 => count + 1,
            1..6 if count > 1 => 1 + self.rng.below(count),
            _ => count.max(1),
        };
        let Some(glass) = model.glass(number) else {
            return match self.rng.below(12) {
                0 => self.close(number),
                1 => self.ratify(number),
                _ => self.open_glass(count),
            };
        };
        let settled = model.is_ratified(number) || self.now > model.end(&glass) + DAY;
        match (self.rng.below(20), glass.close) {
            (0, _) => self.open_glass(count),
            (1, _) => self.close(number),
            (2..4, Some((place, _))) => self.redact(place),
            (4..12, _) if settled => self.open_glass(count),
            (2..16, None) => self.close(number),
            _ => self.ratify(number),
        }
    }

    fn close(&mut self, number: usize) -> Entry {
        let opener = self.model.glass(number).map(|glass| glass.opened.1.actor);
        let actor = match opener {
            Some(opener) if self.rng.percent(70) => opener,
            _ => self.with_role(Role::Engineer),
        };
        self.by(actor, What::CloseGlass(number))
    }

    /// A ratification, mostly by somebody who may, and sometimes by whoever opened it.
    fn ratify(&mut self, number: usize) -> Entry {
        let (model, now) = (self.model, self.model.reading(self.now));
        let glass = model.glass(number);
        let counted = glass.as_ref().map_or(BTreeSet::new(), |glass| model.ratifiers(glass, now));
        let part = |it: Person| glass.as_ref().is_some_and(|glass| model.had_part(glass, it));
        let odd = self.rng.percent(10);
        let actor =
            self.somebody(|it| model.has_role(it, Role::Approver, now) && part(it) == odd && !counted.contains(&it));
        let read = glass.as_ref().and_then(|glass| glass.close).map_or(0, |(place, _)| place);
        let closed = if self.rng.percent(95) { read } else { self.rng.below(model.entries.len() + 1) };
        self.by(actor, What::Ratify { number, closed })
    }

    /// A proposal to redact what was said of a break-glass.
    fn redact(&mut self, place: Place) -> Entry {
        let actor = self.with_role(Role::Admin);
        let number = self.model.proposals().len() + 1;
        self.by(actor, What::Propose { number, action: Action::Redact([(place, place)].into()) })
    }

    fn open_glass(&mut self, count: usize) -> Entry {
        let number = count + if self.rng.percent(98) { 1 } else { 1 + self.rng.below(3) };
        let affects = self.rng.percent(40).then(|| 1 + self.rng.below(self.model.changes() + 1));
        let actor = self.with_role(Role::Engineer);
        self.by(actor, What::OpenGlass { number, affects })
    }
}
