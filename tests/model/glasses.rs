//! Break-glasses in the model: what was recorded about one, what that means, and which are drawn.

use std::collections::BTreeSet;

use twinseal::domain::{BreakGlassStatus, Duty, Field, Role};

use super::clocks::Moment;
use super::draw::Draw;
use super::facts::{Action, DAY, Entry, Key, Person, Place, Proposal, Time, What};
use super::model::Model;
use super::real::KEYS;
use super::rules::Broken;

impl<'a> Glass<'a> {
    /// The newest report.
    pub fn close(&self) -> Option<(Place, &'a Entry)> {
        self.reports.last().copied()
    }
}

/// All that was recorded about one break-glass.
pub struct Glass<'a> {
    opened: Place,
    /// Who opened it, with which key.
    opener: (Person, Key),
    /// When it was opened: effective, unless it was signed without the register.
    began: Moment,
    affects: Option<usize>,
    /// The reports of what was done, the newest last.
    reports: Vec<(Place, &'a Entry)>,
    ratified: Vec<(Place, &'a Entry)>,
}

impl Model {
    /// How many were opened.
    pub fn glasses(&self) -> usize {
        self.entries
            .iter()
            .filter(|entry| matches!(entry.what, What::OpenGlass { .. } | What::EnterGlass { .. }))
            .count()
    }

    pub fn glass(&self, number: usize) -> Option<Glass<'_>> {
        let mut about = self.entries.iter().enumerate().filter(|(_, entry)| entry.what.glass() == Some(number));
        let (opened, first) = about.next()?;
        let (opener, began, affects) = match first.what {
            What::OpenGlass { affects, .. } => ((first.actor, first.key), self.before(opened).moment(first), affects),
            What::EnterGlass { signer: (signer, key, time), affects, .. } => {
                ((signer, key), Moment { claimed: time, effective: time }, affects)
            }
            ref other => panic!("it begins with {other:?}"),
        };
        let (reports, ratified) = about.partition::<Vec<_>, _>(|(_, entry)| matches!(entry.what, What::CloseGlass(_)));
        Some(Glass { opened, opener, began, affects, reports, ratified })
    }

    /// How many seconds it is open.
    fn lasts(&self, glass: &Glass<'_>) -> Time {
        60 * self.before(glass.opened).policy().map_or(0, |(_, policy)| policy.break_glass.0) as Time
    }

    /// Whether somebody opened it, or answers for the machine that did.
    fn is_opener(&self, glass: &Glass<'_>, person: Person) -> bool {
        self.behind_act(glass.opener.0, glass.opener.1).contains(&person)
    }

    /// When it ended, or will: by itself, with a report of its opener, or when others are known to be behind its
    /// opener's clock.
    fn end(&self, glass: &Glass<'_>) -> Time {
        let effective = |(place, entry): &(Place, &Entry)| self.before(*place).moment(entry).effective;
        let own = |(place, entry): &&(Place, &Entry)| self.before(*place).is_opener(glass, entry.actor);
        let reported = glass.reports.iter().filter(own).map(effective).min().map(|it| it.max(glass.began.effective));
        let ends = [Some(glass.began.effective + self.lasts(glass)), reported, self.others_behind(glass)];
        ends.into_iter().flatten().min().expect("it ends by itself")
    }

    /// Whether its end is later than it can be if its opener's clock was right.
    fn ends_too_late(&self, glass: &Glass<'_>, now: Moment) -> bool {
        self.end(glass) > now.effective + self.lasts(glass) + 300
    }

    /// If two of the first three other people to act after it was opened were behind its opener's clock: what others had
    /// reached then.
    fn others_behind(&self, glass: &Glass<'_>) -> Option<Time> {
        let then = self.before(glass.opened);
        let opening = &self.entries[glass.opened];
        let mut actors = then.behind_act(glass.opener.0, glass.opener.1);
        actors.extend(then.behind_act(opening.actor, opening.key));
        let (place, mut claims) = self.three_others(glass.opened, &actors)?;
        claims.sort_unstable();
        let behind = glass.began.claimed > claims[1] + 300;
        behind.then(|| self.effective(place + 1, claims[1], &actors))
    }

    /// Whether somebody opened or closed it, answers for a machine that did, or touched the change that it acts on.
    fn had_part(&self, glass: &Glass<'_>, person: Person) -> bool {
        let closed = glass.reports.iter().map(|(_, act)| (act.actor, act.key));
        let acts = [glass.opener].into_iter().chain(closed);
        let answers = acts.flat_map(|(actor, key)| self.behind_act(actor, key)).any(|it| it == person);
        let story = glass.affects.and_then(|change| self.story(change));
        answers || story.is_some_and(|story| self.touched(&story, person))
    }

    /// Whether its opener was in a group of the policy then in force, if that names any.
    fn is_provided_for(&self, glass: &Glass<'_>) -> bool {
        let then = self.before(glass.opened);
        let Some((_, policy)) = then.policy() else { return false };
        let groups = &policy.break_glass.1;
        groups.is_empty() || groups.iter().any(|group| then.is_in(glass.opener.0, *group, glass.began))
    }

    /// Who ratified it so that it counts at a moment.
    fn ratifiers(&self, glass: &Glass<'_>, now: Moment) -> BTreeSet<Person> {
        let apart = self.separates(Duty::AdminApprover);
        let since = glass.close().map_or(0, |(place, _)| place);
        let newest: Vec<_> = glass.ratified.iter().filter(|(place, _)| *place > since).collect();
        let counts = |person: &Person| {
            let (_, last) = newest.iter().rfind(|(_, entry)| entry.actor == *person).expect("they ratified it");
            self.has_role(*person, Role::Approver, now)
                && !(apart && self.has_role(*person, Role::Admin, now))
                && self.is_live(last.key, *person)
                && !self.had_part(glass, *person)
        };
        let people: BTreeSet<Person> = newest.iter().map(|(_, entry)| entry.actor).collect();
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
        match glass.close() {
            _ if self.is_ratified(number) => BreakGlassStatus::Ratified,
            _ if now.effective >= end + DAY => BreakGlassStatus::Unauthorised,
            Some(_) => BreakGlassStatus::Closed,
            None if now.effective >= end || self.ends_too_late(&glass, now) => BreakGlassStatus::Ended,
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
            What::EnterGlass { number, signer, here, again, .. } => {
                no.when(number != self.glasses() + 1, "breakglass-number");
                no.when(!words.contains(&Field::Reason), "reason-required");
                return self.break_enter(no, self.moment(entry), signer, (here, again));
            }
            What::CloseGlass(number) | What::Ratify { number, .. } => self.glass(number),
            ref other => panic!("{other:?} is about no break-glass"),
        };
        let Some(glass) = about else { return no.when(true, "breakglass-known") };
        match entry.what {
            What::Ratify { number, closed } => self.break_ratify(no, entry, (number, &glass), closed),
            What::CloseGlass(number) => {
                let (opener, closed) = (self.is_opener(&glass, *actor), glass.close().is_some());
                let open = self.glass_status(number, self.moment(entry)) == BreakGlassStatus::Open;
                no.when(!opener && !engineer, "role");
                no.when(!opener && closed, "breakglass-close-once");
                no.when(!opener && open, "breakglass-close-open");
                no.when(opener && self.is_ratified(number), "breakglass-undecided");
                no.when(!words.contains(&Field::Note), "breakglass-report");
            }
            ref other => panic!("{other:?} is about no break-glass"),
        }
    }

    fn break_ratify(&self, no: &mut Broken, entry: &Entry, (number, glass): (usize, &Glass<'_>), closed: Place) {
        let (actor, now, end) = (entry.actor, self.moment(entry), self.end(glass));
        no.when(!self.has_role(actor, Role::Approver, now), "role");
        let admin = self.has_role(actor, Role::Admin, now);
        no.when(admin && self.separates(Duty::AdminApprover), "separate-duties");
        no.when(self.had_part(glass, actor), "breakglass-part");
        no.when(!self.is_provided_for(glass), "breakglass-group");
        no.when(glass.close().is_none(), "breakglass-closed");
        no.when(glass.close().is_some_and(|(place, _)| place != closed), "breakglass-close-known");
        no.when(self.is_ratified(number), "breakglass-undecided");
        no.when(self.ratifiers(glass, now).contains(&actor), "breakglass-ratify-once");
        no.when(end > now.effective + 300, "breakglass-ahead");
        no.when(now.effective >= end + DAY, "breakglass-deadline");
        let signed = [glass.opened].into_iter().chain(glass.close().map(|(place, _)| place));
        no.when(signed.into_iter().any(|place| self.is_redacted(place)), "breakglass-redacted");
    }

    fn break_enter(
        &self,
        no: &mut Broken,
        now: Moment,
        (signer, key, time): (Person, Key, Time),
        (here, again): (bool, Option<Place>),
    ) {
        no.when(!here, "breakglass-register");
        self.break_signer(no, signer, key);
        let then = Moment { claimed: time, effective: time };
        no.when(!self.has_role(signer, Role::Engineer, then), "role");
        no.when(time > now.effective + 300, "breakglass-word-ahead");
        no.when(again.is_some(), "breakglass-entered-once");
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
        let redacted = glass.close().is_some_and(|(place, _)| model.is_redacted(place));
        if redacted && !settled && self.rng.percent(70) {
            return self.ratify(number);
        }
        if let Some(proposal) = self.redaction_of(glass.close()).filter(|_| !settled && self.rng.percent(60)) {
            return self.second_of(proposal);
        }
        match (self.rng.below(20), glass.close()) {
            (0, _) => self.open_glass(count),
            (1, _) => self.close(number),
            (2..9, Some((place, _))) => self.redact(place),
            (6..12, _) if settled => self.open_glass(count),
            (2..16, None) => self.close(number),
            _ => self.ratify(number),
        }
    }

    /// The open proposal to redact what was said.
    fn redaction_of(&self, report: Option<(Place, &Entry)>) -> Option<Proposal> {
        let (place, _) = report?;
        let redacts = |it: &&Proposal| {
            let action = &self.model.entries[it.opened].what;
            matches!(action, What::Propose { action: Action::Redact(texts), .. } if texts.contains_key(&place))
        };
        self.model.proposals().iter().filter(|it| !self.model.is_over(**it)).find(redacts).copied()
    }

    fn close(&mut self, number: usize) -> Entry {
        let opener = self.model.glass(number).map(|glass| glass.opener.0);
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
        let (odd, twice) = (self.rng.percent(10), self.rng.percent(25));
        let actor = self.somebody(|it| {
            model.has_role(it, Role::Approver, now) && part(it) == odd && counted.contains(&it) == twice
        });
        let read = glass.as_ref().and_then(Glass::close).map_or(0, |(place, _)| place);
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
        if self.rng.percent(30) {
            return self.enter_glass(number, affects, actor);
        }
        self.by(actor, What::OpenGlass { number, affects })
    }

    /// What an engineer signed without the register; sometimes for another register, or what was entered before.
    fn enter_glass(&mut self, number: usize, affects: Option<usize>, signer: Person) -> Entry {
        let entered = self.model.entries.iter().enumerate();
        let entered = entered.filter(|(_, it)| matches!(it.what, What::EnterGlass { .. }) && !it.words.is_empty());
        let before: Vec<Place> = entered.map(|(place, _)| place).collect();
        let again = if self.rng.percent(15) { before.last().copied() } else { None };
        let key = if self.rng.percent(95) { self.key_of(signer) } else { self.rng.below(KEYS) };
        let time = self.now + self.rng.one(&[-900, -900, -900, -7200, 0, 300, 301]);
        let (signer, here) = ((signer, key, time), self.rng.percent(96));
        let actor = self.somebody(|_| true);
        self.by(actor, What::EnterGlass { number, affects, signer, here, again })
    }
}
